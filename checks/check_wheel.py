"""What a wheel has to be: python checks/check_wheel.py wheelhouse/*.whl

Name, metadata and licenses, the extension's symbols and libraries, size, RECORD. Needs the dependency group
``release``. Exit status 1 if anything is wrong. What is inside the extension, check_codecs.py asks it.
"""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import json
import re
import subprocess
import sys
import tempfile
import tomllib
import zipfile
from email.message import Message
from email.parser import Parser
from pathlib import Path

from check_codecs import archives

ROOT = Path(__file__).parents[1]
MAX_BYTES = 2_500_000
IJG = "This software is based in part on the work of the Independent JPEG Group."
CLASSIFIERS = ("Typing :: Typed", "Programming Language :: Python :: Implementation :: CPython")
URLS = ("Repository", "Documentation", "Changelog", "Issues")
# Libraries that every machine of the platform has: C, C++, the compiler's own, and Python itself on Windows.
ALLOWED = re.compile(
    r"lib(c|m|dl|rt|pthread|gcc_s|stdc\+\+)\.so\.\d+|ld-linux[-\w]*\.so\.\d+"
    r"|/usr/lib/lib(c\+\+|System\.B?)[.\w]*\.dylib"
    r"|(kernel32|python3\d+t?|vcruntime140(_1)?|msvcp140(_1)?|api-ms-win-[-\w]+|ucrtbase)\.dll",
    re.IGNORECASE,
)


def own_version() -> str:
    text = (ROOT / "python" / "pixfeed" / "_version.py").read_text()
    return re.findall(r'__version__ = "(.+)"', text)[0]


def elf(path: Path) -> tuple[set[str], set[str]]:
    """(exported symbols, needed libraries) of an extension for Linux."""
    from elftools.elf.elffile import ELFFile

    with path.open("rb") as file:
        sections = ELFFile(file)
        exported = {
            symbol.name
            for symbol in sections.get_section_by_name(".dynsym").iter_symbols()
            if symbol["st_shndx"] != "SHN_UNDEF" and symbol["st_info"]["bind"] != "STB_LOCAL"
        }
        tags = sections.get_section_by_name(".dynamic").iter_tags("DT_NEEDED")
        return exported, {tag.needed for tag in tags}


def mach_o(path: Path) -> tuple[set[str], set[str]]:
    def lines(*command: str) -> list[str]:
        return subprocess.run([*command, path], text=True, capture_output=True, check=True).stdout.splitlines()

    exported = {line.split()[-1].removeprefix("_") for line in lines("nm", "-gU")}
    return exported, {line.split()[0] for line in lines("otool", "-L")[1:]}


def pe(path: Path) -> tuple[set[str], set[str]]:
    import pefile

    file = pefile.PE(path)
    exported = {symbol.name.decode() for symbol in file.DIRECTORY_ENTRY_EXPORT.symbols}
    return exported, {entry.dll.decode() for entry in file.DIRECTORY_ENTRY_IMPORT}


def check_record(files: zipfile.ZipFile, info: str) -> list[str]:
    rows = {
        name: (digest, size) for name, digest, size in csv.reader(io.StringIO(files.read(f"{info}/RECORD").decode()))
    }
    wrong = [f"RECORD lists {name}, which is not there" for name in rows.keys() - set(files.namelist())]
    for name in files.namelist():
        if name == f"{info}/RECORD" or name.endswith("/"):
            continue
        data = files.read(name)
        digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
        if rows.get(name) != (f"sha256={digest}", str(len(data))):
            wrong.append(f"RECORD is wrong about {name}")
    return wrong


def check_metadata(metadata: Message, files: zipfile.ZipFile, info: str) -> list[str]:
    wrong = []
    if metadata["Version"] != own_version():
        wrong.append(f"version {metadata['Version']}, but _version.py says {own_version()}")
    urls = {line.split(",")[0] for line in metadata.get_all("Project-URL", [])}
    wrong += [f"no project URL {name}" for name in URLS if name not in urls]
    wrong += [f"no classifier {it}" for it in CLASSIFIERS if it not in metadata.get_all("Classifier", [])]
    with (ROOT / "pyproject.toml").open("rb") as file:
        project = tomllib.load(file)["project"]
    for name, key in (("Name", "name"), ("Requires-Python", "requires-python"), ("License-Expression", "license")):
        if metadata[name] != project[key]:
            wrong.append(f"{name} is {metadata[name]}, but pyproject.toml says {project[key]}")
    needs = {line for line in metadata.get_all("Requires-Dist", []) if "extra ==" not in line}
    if needs != {*project["dependencies"]}:
        wrong.append(f"it requires {', '.join(sorted(needs))}")
    entry = f"{info}/entry_points.txt"
    if entry not in files.namelist() or "pixfeed=pixfeed" not in files.read(entry).decode().replace(" ", ""):
        wrong.append("the program `pixfeed` is missing")
    texts = [path.relative_to(ROOT).as_posix() for path in (ROOT / "licenses").glob("*/*")]
    for name in ("LICENSE", "THIRD_PARTY.md", *texts):
        kept = f"{info}/licenses/{name}"
        if name not in metadata.get_all("License-File", []) or kept not in files.namelist():
            wrong.append(f"the license text {name} is missing")
        elif files.read(kept) != (ROOT / name).read_bytes():
            wrong.append(f"the license text {name} is another one")
    folders = {text.split("/")[1] for text in texts}
    wrong += [f"no license text of {name}" for name in archives() if name not in folders]
    if IJG not in (ROOT / "THIRD_PARTY.md").read_text():
        wrong.append("the sentence of the Independent JPEG Group is missing")
    return wrong


def check_components(files: zipfile.ZipFile, info: str) -> list[str]:
    """The list of what is in the wheel (PEP 770) is that of cmake/archives.cmake."""
    name = f"{info}/sboms/pixfeed.cdx.json"
    if name not in files.namelist():
        return ["the list of its components (pixfeed.cdx.json) is missing"]
    try:
        listed = json.loads(files.read(name))
        components = [
            (it["name"], it["version"], it["hashes"][0]["content"], it["purl"]) for it in listed["components"]
        ]
        version = listed["metadata"]["component"]["version"]
    except (ValueError, LookupError, TypeError) as error:
        return [f"its list of components cannot be read: {error!r}"]
    text = (ROOT / "cmake" / "archives.cmake").read_text()
    pinned = re.findall(r"set\(pixfeed_archive_(\S+) (\S+)\s+(\S+)\s+(\w+)", text)
    purl = "pkg:generic/{0}@{1}?download_url={2}&checksum=sha256:{3}"
    expected = [
        (name, version, digest, purl.format(name, version, url, digest)) for name, version, url, digest in pinned
    ]
    wrong = [] if sorted(components) == sorted(expected) else [f"its list of components says {components}"]
    return wrong if version == own_version() else [*wrong, f"its list of components is that of version {version}"]


def check_package(files: zipfile.ZipFile) -> list[str]:
    """pixfeed/ has what python/pixfeed/ has, the extension, and what the build writes."""
    source = ROOT / "python" / "pixfeed"
    listed = subprocess.run(["git", "ls-files"], cwd=source, text=True, capture_output=True, check=True).stdout.split()
    packed = {
        name.removeprefix("pixfeed/") for name in files.namelist() if name.startswith("pixfeed/") and name[-1] != "/"
    }
    packed = {name for name in packed if not name.startswith("_native.") or name == "_native.pyi"}
    wrong = [f"{name} is missing" for name in sorted({*listed, "_build.py"} - packed)]
    wrong += [f"{name} does not belong into it" for name in sorted(packed - {*listed, "_build.py"})]
    same = (name for name in listed if name in packed)
    wrong += [f"{name} is another" for name in same if files.read(f"pixfeed/{name}") != (source / name).read_bytes()]
    if "_build.py" in packed and 'WHY_NO_NATIVE = ""' not in files.read("pixfeed/_build.py").decode():
        wrong.append("_build.py says that it was built without the extension")
    return wrong


def check(wheel: Path) -> list[str]:
    """What is wrong with it, one sentence each."""
    _, version, python, abi, platform = wheel.stem.split("-")
    wrong = [] if version == own_version() else [f"its file says version {version}"]
    if not python.startswith("cp3"):
        wrong.append(f"it is for {python}: built without the extension")
    if platform.startswith("linux"):
        wrong.append("it is not repaired by auditwheel")
    if wheel.stat().st_size > MAX_BYTES:
        wrong.append(f"it has {wheel.stat().st_size:,} bytes; {MAX_BYTES:,} are the limit")
    with zipfile.ZipFile(wheel) as files, tempfile.TemporaryDirectory() as folder:
        info = f"pixfeed-{own_version()}.dist-info"
        absent = [name for name in ("METADATA", "RECORD", "WHEEL") if f"{info}/{name}" not in files.namelist()]
        if absent:
            return [*wrong, f"{info}/ lacks {', '.join(absent)}"]
        about = Parser().parsestr(files.read(f"{info}/WHEEL").decode())
        if {*about.get_all("Tag", [])} != {f"{python}-{abi}-{each}" for each in platform.split(".")}:
            wrong.append(f"WHEEL is for {', '.join(about.get_all('Tag', []))}")
        if about["Root-Is-Purelib"] != "false":
            wrong.append("WHEEL says that it is pure Python")
        wrong += check_record(files, info)
        wrong += check_metadata(Parser().parsestr(files.read(f"{info}/METADATA").decode()), files, info)
        wrong += check_components(files, info)
        wrong += check_package(files)
        outside = [name for name in files.namelist() if not name.startswith(("pixfeed/", f"{info}/"))]
        if outside:
            wrong.append(f"files outside of pixfeed/: {', '.join(outside)}")
        binaries = [name for name in files.namelist() if re.search(r"\.(so(\.\d+)*|pyd|dylib|dll)$", name)]
        if len(binaries) != 1:
            return [*wrong, f"one extension is expected, not {binaries}"]
        extension = Path(files.extract(binaries[0], folder))
        read = elf if "linux" in platform else mach_o if platform.startswith("macos") else pe
        exported, needed = read(extension)
        if exported != {"PyInit__native"}:
            wrong.append(f"it exports {', '.join(sorted(exported))}")
        wrong += [f"it needs {name}" for name in sorted(needed) if not ALLOWED.fullmatch(name)]
    twine = subprocess.run([sys.executable, "-m", "twine", "check", "--strict", wheel], text=True, capture_output=True)
    return wrong if twine.returncode == 0 else [*wrong, f"twine check: {twine.stdout.strip()} {twine.stderr.strip()}"]


def main() -> int:
    if len(sys.argv) < 2:
        print("which wheel? make wheel builds one")
        return 2
    status = 0
    for wheel in map(Path, sys.argv[1:]):
        wrong = check(wheel)
        status |= bool(wrong)
        print(f"{wheel.name}: {wheel.stat().st_size:,} bytes")
        print("\n".join(f"  {it}" for it in wrong) or "  ok")
    return status


if __name__ == "__main__":
    sys.exit(main())
