"""What there is on this machine that matters to loading images, and advice about it."""

from __future__ import annotations

import importlib.metadata
import multiprocessing
import os
import platform
import re
import shutil
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

from pixfeed import backends, control_groups
from pixfeed._packages import is_installed, missing
from pixfeed._version import __version__
from pixfeed.context import cores
from pixfeed.errors import BackendError

try:
    import resource
except ImportError:  # Windows has no such limits
    resource = None  # type: ignore[assignment]

# Below that, batches of worker processes soon fill it.
_SHARED_MEMORY = 1 << 30  # bytes
_OPEN_FILES = 4096
_MEMORY = 2 << 30
_OPENCV = ("opencv-python-headless", "opencv-python", "opencv-contrib-python")
_PACKAGES = ("numpy", "torch", "torchvision", *_OPENCV, "pillow", "click", "rich", "jinja2", "xxhash")
# The commands that need a package, where it is not all of them.
_COMMANDS = {
    "xxhash": "`pixfeed check`",
    "PIL": "what draws pictures (`pixfeed show`, `sample-data`)",
    "jinja2": "`pixfeed check --html`",
}
# Variables that change what pixfeed, torch or the allocator does.
_VARIABLES = ("PIXFEED_", "OMP_", "MKL_NUM", "MALLOC_", "LD_PRELOAD", "CUDA_VISIBLE_DEVICES", "PYTORCH_")


@dataclass(frozen=True)
class Report:
    """
    Attributes:
        sections: facts by name, by section.
        advice: what could be better, in sentences; none if all is well.
    """

    sections: dict[str, dict[str, str]]
    advice: list[str]


def examine() -> Report:
    """Look at this machine and this process."""
    torch, why = _torch()
    sections = {
        "versions": _versions(),
        "backend": _backend(),
        "processor": _processor(),
        "memory": _memory(),
        "limits": _limits(),
        "torch": _about_torch(torch) if torch else {"torch": why.removesuffix(".")},
    }
    if variables := {name: value for name, value in sorted(os.environ.items()) if name.startswith(_VARIABLES)}:
        sections["environment"] = variables
    advice = [*_advice(), *_advice_about_packages()]
    return Report(sections, [*advice, *(_advice_about_torch(torch) if torch else [why])])


def _versions() -> dict[str, str]:
    found = {"pixfeed": __version__, "python": f"{platform.python_version()} ({platform.python_implementation()})"}
    for name in _PACKAGES:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    found["system"] = f"{platform.system()} {platform.release()} {platform.machine()}"
    found["libc"] = " ".join(platform.libc_ver()) or "unknown"
    return found


def _backend() -> dict[str, str]:
    why_none = _why_none()
    found = {"in use": f"none: {why_none}" if why_none else f"{backends.chosen()}, {_why()}"}
    for name, reason in backends.available().items():
        if reason:
            found[name] = f"not available: {reason}"
            continue
        backend = backends.load(name)
        simd = f", SIMD {backend.simd_target}" if backend.simd_target else ""
        found[name] = ", ".join(backend.codecs.values()) + simd
    return found


def _why_none() -> str:
    """Why the backend that is chosen cannot be used; empty if it can."""
    try:
        backends.load(backends.chosen())
    except (BackendError, ValueError) as error:
        return str(error)
    return ""


def _why() -> str:
    if os.environ.get("PIXFEED_BACKEND"):
        return "as PIXFEED_BACKEND says"
    return "because the extension is missing" if backends.falls_back() else "because the extension is there"


def _processor() -> dict[str, str]:
    model = re.search(r"model name\s*: (.*)", _text("/proc/cpuinfo"))
    found = {"model": model[1] if model else platform.processor() or "unknown"}
    found["cores of the machine"] = str(os.cpu_count())
    if hasattr(os, "sched_getaffinity"):
        found["cores of this process (affinity)"] = str(len(os.sched_getaffinity(0)))
    quota = control_groups.cpu_quota()
    found["quota (cgroup)"] = "none" if quota is None else f"{quota:g} cores"
    found["threads that decode"] = os.environ.get("PIXFEED_NUM_THREADS") or str(cores())
    return found


def _memory() -> dict[str, str]:
    found = {}
    numbers = dict(re.findall(r"(\w+):\s+(\d+) kB", _text("/proc/meminfo")))
    for name, key in (("machine", "MemTotal"), ("free", "MemAvailable")):
        if key in numbers:
            found[name] = _size(int(numbers[key]) << 10)
    left = control_groups.free_memory()
    most = int(numbers.get("MemTotal", 1 << 40)) << 10
    found["left of the limit (cgroup)"] = "no limit" if left is None or left > most else _size(left)
    shared = _shared_memory()
    if shared is not None:
        found["/dev/shm"] = f"{_size(shared[0])}, {_size(shared[1])} free"
    found["allocator"] = _allocator()
    return found


def _allocator() -> str:
    """The memory allocator that is loaded, as the mapped files say."""
    maps = _text("/proc/self/maps")
    for name in ("tcmalloc", "jemalloc", "mimalloc"):
        if name in maps:
            return name
    return f"the system's ({' '.join(platform.libc_ver()).strip() or 'unknown'})"


def _limits() -> dict[str, str]:
    names = {"open files": "RLIMIT_NOFILE", "processes": "RLIMIT_NPROC", "locked memory": "RLIMIT_MEMLOCK"}
    names["address space"] = "RLIMIT_AS"
    found = {}
    for name, key in names.items() if resource else ():
        soft, hard = resource.getrlimit(getattr(resource, key))
        soft_text, hard_text = ("unlimited" if n == resource.RLIM_INFINITY else f"{n:,}" for n in (soft, hard))
        found[name] = soft_text if soft == hard else f"{soft_text} (up to {hard_text})"
    found["start method"] = (
        multiprocessing.get_start_method(allow_none=True) or multiprocessing.get_all_start_methods()[0]
    )
    return found


def _torch() -> tuple[ModuleType | None, str]:
    """torch, or why it cannot be used."""
    try:
        from pixfeed._stand_in import HAS_TORCH, torch
    except ImportError as error:
        return None, f"{error}."
    return (torch, "") if HAS_TORCH else (None, "torch is not there: datasets cannot be made. pip install torch.")


def _about_torch(torch: ModuleType) -> dict[str, str]:
    found = {"threads": str(torch.get_num_threads()), "built for CUDA": torch.version.cuda or "no"}
    if torch.cuda.is_available():
        for i in range(torch.cuda.device_count()):
            about = torch.cuda.get_device_properties(i)
            found[f"GPU {i}"] = f"{about.name}, {_size(about.total_memory)}"
    else:
        found["GPU"] = "none that torch can use"
    return found


def _advice() -> Iterator[str]:
    reasons = backends.available()
    if all(reasons.values()):
        yield f"Nothing can read images here. native: {reasons['native']}. opencv: {reasons['opencv']}."
    elif why := _why_none():
        yield f"{why}."
    elif backends.falls_back():
        why = backends.why_no_native()
        yield f"OpenCV reads the images, about three times slower than the C++ extension, which is missing: {why}."
    if os.environ.get("PIXFEED_JPEG") == "turbo":
        yield "PIXFEED_JPEG=turbo decodes every JPEG with libjpeg-turbo, which is slower; unset it unless you compare."
    machine, own, quota = os.cpu_count() or 1, cores(), control_groups.cpu_quota()
    if quota is not None and quota < machine:
        yield f"A quota grants this process {quota:g} of {machine} cores: more than num_workers={own} brings nothing."
    elif own < machine:
        yield f"This process may use {own} of {machine} cores (affinity): give it more, or use num_workers={own}."
    threads = os.environ.get("PIXFEED_NUM_THREADS", "")
    if threads.isdecimal() and int(threads) > own:
        yield f"PIXFEED_NUM_THREADS={threads} is more than the {own} cores that there are: unset it."
    shared = _shared_memory()
    if shared is not None and shared[1] < _SHARED_MEMORY:
        yield (
            f"/dev/shm has {_size(shared[1])} free, and worker processes hand batches over there: start the container "
            "with --shm-size=8g, or load with threads (workers='thread' of pixfeed.DataLoader)."
        )
    if resource:
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        if soft != resource.RLIM_INFINITY and soft < min(_OPEN_FILES, hard):
            yield f"Only {soft:,} files may be open, and worker processes need many: ulimit -n {min(hard, 1 << 16)}."
    left = control_groups.free_memory()
    if left is not None and left < _MEMORY:
        yield f"Only {_size(left)} of memory are left of this container's limit: use smaller batches, or fewer workers."


def _advice_about_packages() -> Iterator[str]:
    for package, commands in _COMMANDS.items():
        if not is_installed(package):
            yield f"{missing(commands, package)}."


def _advice_about_torch(torch: ModuleType) -> Iterator[str]:
    own = cores()
    if torch.version.cuda and not torch.cuda.is_available():
        yield "torch was built for CUDA and finds no GPU: nvidia-smi says whether there is a driver."
    if torch.get_num_threads() > own:
        yield f"torch computes on {torch.get_num_threads()} threads, more than the {own} cores: OMP_NUM_THREADS={own}."


def _shared_memory() -> tuple[int, int] | None:
    """The size of /dev/shm and what is free of it, in bytes."""
    try:
        usage = shutil.disk_usage("/dev/shm")
    except OSError:
        return None
    return usage.total, usage.free


def _text(path: str) -> str:
    try:
        return Path(path).read_text(errors="replace")
    except OSError:
        return ""


def _size(count: float) -> str:
    return f"{count / (1 << 30):,.1f} GiB" if count >= 1 << 30 else f"{count / (1 << 20):,.0f} MiB"


_HOMES = re.compile(r"(?:/home/|/Users/|[A-Za-z]:\\Users\\)[^/\\\s:;,'\")]+")
_QUERY = re.compile(r"(\w+://[^\s?#'\"]*)[?#][^\s'\")]*")
_LOGIN = re.compile(r"(\w+://)[^/\s@]+@")


def without_secrets(text: str) -> str:
    """The text without home folders, the name of this machine, and what URLs have besides an address."""
    home = str(Path.home())
    if home not in ("/", ""):
        text = re.sub(re.escape(home) + r"(?![\w.-])", "~", text)
    text = _HOMES.sub("~", text)
    text = _QUERY.sub(r"\1?...", _LOGIN.sub(r"\1...@", text))
    names = {socket.gethostname(), socket.gethostname().split(".")[0], platform.node()}
    for name in sorted(names, key=len, reverse=True):
        if len(name) > 1:
            text = re.sub(rf"(?<![\w-]){re.escape(name)}(?![\w-])", "HOST", text)
    return text


def as_text(report: Report) -> str:
    """For a bug report."""
    lines = []
    for title, facts in report.sections.items():
        lines.append(f"[{title}]")
        lines += [f"{name}: {value}" for name, value in facts.items()]
    lines.append("[advice]")
    lines += report.advice or ["none"]
    return without_secrets("\n".join(lines))
