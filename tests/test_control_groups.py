"""Limits of memory and CPU time: cgroup v1 and v2, nested groups, containers."""

from __future__ import annotations

import os

import pytest

from pixfeed import context, control_groups
from pixfeed.control_groups import cpu_quota, folders, free_memory
from pixfeed.memory import shared_memory

NO_LIMIT_V1 = 9223372036854771712
V2 = "31 23 0:28 {root} {mount} rw,nosuid - cgroup2 cgroup2 rw,nsdelegate"
V1 = "35 31 0:32 {root} {mount} rw,nosuid shared:9 - cgroup cgroup rw,{controllers}"


@pytest.fixture
def machine(tmp_path):
    """Makes /proc/self and mounted groups: the lines of ``cgroup``, and of ``mountinfo``."""

    def make(groups: list[str], mounts: list[str]) -> str:
        process = tmp_path / "self"
        process.mkdir()
        (process / "cgroup").write_text("".join(f"{line}\n" for line in groups))
        root = "23 1 8:1 / / rw,relatime - ext4 /dev/root rw"
        (process / "mountinfo").write_text("".join(f"{line}\n" for line in [root, *mounts]))
        return str(process)

    return make


def limit_v2(folder, most, used, active=0, inactive=0) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "memory.max").write_text(f"{most}\n")
    (folder / "memory.current").write_text(f"{used}\n")
    (folder / "memory.stat").write_text(f"anon 7\nactive_file {active}\ninactive_file {inactive}\n")


def limit_v1(folder, most, used, active=0, inactive=0) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "memory.limit_in_bytes").write_text(f"{most}\n")
    (folder / "memory.usage_in_bytes").write_text(f"{used}\n")
    own = "cache 5\nactive_file 1\ninactive_file 1\n"
    (folder / "memory.stat").write_text(f"{own}total_active_file {active}\ntotal_inactive_file {inactive}\n")


def test_v2_in_a_container(machine, tmp_path):
    """Which sees its own group as the root."""
    mount = tmp_path / "cgroup"
    process = machine(["0::/"], [V2.format(root="/", mount=mount)])
    limit_v2(mount, 500_000, 400_000, 2000, 1000)
    assert folders("memory", process) == [str(mount)]
    assert free_memory(process) == 103_000
    limit_v2(mount, "max", 400_000)
    assert free_memory(process) is None
    limit_v2(mount, 500_000, 600_000)
    assert free_memory(process) == 0


@pytest.mark.parametrize("limited", ["step", "job", "system.slice"])
def test_nested_v2(machine, tmp_path, limited):
    """As SLURM and systemd do it: whichever of the groups has the limit. The root has no such files."""
    mount = tmp_path / "my groups"
    process = machine(["0::/system.slice/job/step"], [V2.format(root="/", mount=str(mount).replace(" ", "\\040"))])
    inner = [mount / "system.slice/job/step", mount / "system.slice/job", mount / "system.slice"]
    for folder in inner:
        limit_v2(folder, 10_000 if folder.name == limited else "max", 4000)
    assert folders("memory", process) == [*map(str, inner), str(mount)]
    assert free_memory(process) == 6000
    limit_v2(inner[0], 4500, 4000)
    assert free_memory(process) == 500


@pytest.mark.parametrize("limited", ["step", "job"])
def test_nested_v1(machine, tmp_path, limited):
    """Next to a v2 that has no controllers, and with several controllers in one folder."""
    mount = tmp_path / "memory"
    process = machine(
        ["9:name=systemd:/", "4:memory:/job/step", "2:cpu,cpuacct:/job", "0::/"],
        [
            V1.format(root="/", mount=tmp_path / "cpu", controllers="cpu,cpuacct"),
            V1.format(root="/", mount=mount, controllers="memory"),
            V2.format(root="/", mount=tmp_path / "unified"),
        ],
    )
    (tmp_path / "unified").mkdir()
    for folder in (mount / "job/step", mount / "job", mount):
        limit_v1(folder, 9000 if folder.name == limited else NO_LIMIT_V1, 4000, 200, 100)
    assert free_memory(process) == 5300
    for folder, quota in ((tmp_path / "cpu/job", 250_000), (tmp_path / "cpu", -1)):
        folder.mkdir(exist_ok=True, parents=True)
        (folder / "cpu.cfs_quota_us").write_text(f"{quota}\n")
        (folder / "cpu.cfs_period_us").write_text("100000\n")
    assert cpu_quota(process) == 2.5


@pytest.mark.parametrize("mounted", ["/docker/abc", "/docker/abc/inner"])
def test_v1_in_a_container(machine, tmp_path, mounted):
    """Which is told the path that the host knows, and has its own group mounted at the root, or one inside it."""
    mount = tmp_path / "memory"
    process = machine(["4:memory:/docker/abc"], [V1.format(root=mounted, mount=mount, controllers="memory")])
    limit_v1(mount, 9000, 4000)
    assert folders("memory", process) == [str(mount)]
    assert free_memory(process) == 5000


def test_no_groups(machine, tmp_path):
    assert folders("memory", str(tmp_path / "nowhere")) == [] and free_memory(str(tmp_path / "nowhere")) is None
    assert cpu_quota(str(tmp_path / "nowhere")) is None
    process = machine(["0::/gone"], [V2.format(root="/", mount=tmp_path / "gone")])
    assert free_memory(process) is None and cpu_quota(process) is None


def test_cores_of_a_container(machine, tmp_path):
    process = machine(["0::/a"], [V2.format(root="/", mount=tmp_path)])
    (tmp_path / "a").mkdir()
    (tmp_path / "cpu.max").write_text("150000 100000\n")
    for inner, expected in (("max 100000", 1.5), ("300000 100000", 1.5), ("50000 100000", 0.5)):
        (tmp_path / "a" / "cpu.max").write_text(f"{inner}\n")
        assert cpu_quota(process) == expected
    assert 1 <= context.cores() <= len(os.sched_getaffinity(0))


@pytest.mark.skipif(not os.path.exists("/proc/self/cgroup"), reason="the kernel has no control groups")
@pytest.mark.parametrize("controller", ["memory", "cpu"])
def test_the_group_of_this_process(controller):
    """As this machine has it."""
    found = folders(controller)
    if not found or not os.path.exists(os.path.join(found[0], "cgroup.procs")):
        pytest.skip("no group is mounted")
    assert str(os.getpid()) in control_groups.read(found[0], "cgroup.procs").split()
    left = free_memory()
    assert left is None or left >= 0


def test_what_is_free(tmp_path, monkeypatch):
    (tmp_path / "meminfo").write_text("MemTotal: 9000 kB\nMemAvailable: 1000 kB\nSwapFree: 24 kB\nHugePages_Total: 0\n")
    for left, expected in ((None, 1024 << 10), (1 << 40, 1024 << 10), (1000, 1000)):
        monkeypatch.setattr(control_groups, "free_memory", lambda left=left: left)
        assert shared_memory._free(str(tmp_path / "meminfo")) == expected
