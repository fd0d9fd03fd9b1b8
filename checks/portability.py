"""Every file of csrc/ compiled for the platforms of wheels: python checks/portability.py BUILD [TARGET...]

BUILD is a folder that CMake has configured for this machine, with the vendored codecs and compile_commands.json: flags
are taken from there, and the clang of the ``ziglang`` wheel, which brings the headers of all platforms, compiles
instead of this machine's compiler. Warnings are errors. The binding is compiled with the headers of this machine's
Python, for Windows with the pyconfig.h in checks/windows. Prints a table; exit status 1 if a file does not compile.
"""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import ziglang

TARGETS = ("aarch64-linux-gnu", "aarch64-macos", "x86_64-windows-gnu")
ZIG = Path(ziglang.__file__).parent / "zig"


def flags(command: str) -> list[str]:
    """What of a compiler's command is not the machine's: language, macros, folders and warnings."""
    words, kept = shlex.split(command), []
    for i, word in enumerate(words):
        if word == "-isystem":
            kept += words[i : i + 2]
        elif word.startswith(("-I", "-D", "-std=", "-W", "-ffp-contract=")):
            kept.append(word)
    return kept


def compile_for(target: str, file: Path, kept: list[str]) -> str:
    """What the compiler said, empty if nothing."""
    with tempfile.TemporaryDirectory() as folder:
        if "windows" in target and file.parent.name == "bind":
            kept = ["-include", str(Path(__file__).parent / "windows" / "pyconfig.h"), *kept]
        if target.startswith("x86_64"):
            kept = [*kept, "-mevex512"]  # a part of AVX-512 for clang, which zig switches off if nobody asks for it
        # -O0: the code is generated, so that what a CPU lacks is found, and not optimized.
        command = [ZIG, "c++", "-target", target, *kept, "-O0", "-c", file, "-o", Path(folder, "object.o")]
        run = subprocess.run(command, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    return run.stdout if run.returncode or run.stdout else ""


def entries(build: Path, target: str) -> list[tuple[Path, list[str]]]:
    found = []
    for entry in json.loads((build / "compile_commands.json").read_text()):
        file = Path(entry["file"])
        if "csrc" not in file.parts or "tests" in file.parts:
            continue
        if file.stem.endswith("_posix") and "windows" in target:
            file = file.with_stem(file.stem.removesuffix("_posix") + "_windows")
        found.append((file, flags(entry["command"])))
    return sorted(found)


def main() -> int:
    build, status = Path(sys.argv[1]), 0
    for target in sys.argv[2:] or TARGETS:
        work = entries(build, target)
        good = 0
        with ThreadPoolExecutor(int(os.environ.get("JOBS", os.cpu_count() or 1))) as pool:
            for (file, _), words in zip(work, pool.map(lambda it: compile_for(target, *it), work), strict=True):  # noqa: B023
                good += not words
                print(f"  {file.name}: does not compile\n{words}" if words else f"  {file.name}", flush=True)
        print(f"{target}: {good} of {len(work)} files compile", flush=True)
        status |= good < len(work)
    return status


if __name__ == "__main__":
    sys.exit(main())
