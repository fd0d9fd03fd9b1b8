"""The control groups (cgroups) of this process, and what they grant it."""

from __future__ import annotations

import os

_PROCESS = "/proc/self"


def folders(controller: str, process: str = _PROCESS) -> list[str]:
    """The folders of this process's group and of those that it is nested in, for which limits hold as well.

    Args:
        controller: ``"memory"`` or ``"cpu"``.
        process: the folder that describes a process.

    Returns:
        The innermost one first; none where there are no groups. With cgroup v1 they are those of the controller; if v2
        has it, those of v2.
    """
    try:
        groups, mounts = _lines(process, "cgroup"), _lines(process, "mountinfo")
    except OSError:
        return []
    found: list[str] = []
    for line in groups:
        number, controllers, group = line.split(":", 2)
        if controller not in controllers.split(",") and number != "0":
            continue
        for mount in mounts:
            before, _, after = mount.partition(" - ")
            kind, _, options = after.split(" ", 2)
            if kind != ("cgroup2" if number == "0" else "cgroup"):
                continue
            if number != "0" and controller not in options.split(" ")[-1].split(","):
                continue
            root, point = (_unescaped(field) for field in before.split(" ")[3:5])
            found += _upwards(point, _inside(group, root))
            break  # the others are the same, mounted elsewhere
    return found


def _lines(folder: str, name: str) -> list[str]:
    with open(os.path.join(folder, name), encoding="utf-8", errors="surrogateescape") as file:
        return file.read().splitlines()


def _unescaped(field: str) -> str:
    """Spaces and the like are written in octal there."""
    return field.replace("\\040", " ").replace("\\011", "\t").replace("\\012", "\n").replace("\\134", "\\")


def _inside(group: str, root: str) -> str:
    """A group's path below the one that is mounted. A container sees its own group mounted, but may be told the path
    that the host knows."""
    inside = os.path.relpath(group, root)
    return "" if inside == "." or inside.startswith("..") else inside


def _upwards(point: str, inside: str) -> list[str]:
    parts = inside.split("/") if inside else []
    return [os.path.join(point, *parts[:n]) for n in range(len(parts), -1, -1)]


def read(folder: str, name: str) -> str:
    """
    Raises:
        OSError: there is no such file.
    """
    with open(os.path.join(folder, name)) as file:
        return file.read().strip()


def free_memory(process: str = _PROCESS) -> int | None:
    """Bytes that this process may still use before a group reaches its limit, the one that has fewest left; ``None``
    if there is no limit. Caches of files, which the system drops first, count as free."""
    free = [left for folder in folders("memory", process) if (left := _left(folder)) is not None]
    return min(free, default=None)


def _left(folder: str) -> int | None:
    # v2, or v1, whose limit is a huge number if there is none. A group's limit holds for those inside it as well; v1
    # has their caches under another name.
    for limit, usage, prefix in (
        ("memory.max", "memory.current", ""),
        ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_"),
    ):
        try:
            most = int(read(folder, limit))
            caches = dict(line.split() for line in read(folder, "memory.stat").splitlines())
            dropped = sum(int(caches[f"{prefix}{name}"]) for name in ("active_file", "inactive_file"))
            return max(0, most - int(read(folder, usage)) + dropped)
        except (OSError, ValueError, KeyError):  # not there, or "max"
            continue
    return None


def cpu_quota(process: str = _PROCESS) -> float | None:
    """CPU time that the groups grant, in cores; ``None`` if they grant all."""
    return min((quota for folder in folders("cpu", process) if (quota := _quota(folder))), default=None)


def _quota(folder: str) -> float | None:
    try:
        quota, period = read(folder, "cpu.max").split()
    except (OSError, ValueError):
        try:
            quota, period = read(folder, "cpu.cfs_quota_us"), read(folder, "cpu.cfs_period_us")
        except OSError:
            return None
    try:
        return float(quota) / float(period) if float(quota) > 0 < float(period) else None
    except ValueError:  # "max"
        return None
