"""Whatever happens to a cache's folder, the run goes on with the same pictures, and report() says what happened."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import random
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from cached import counts, dataset, folder, hashes
from images import jpeg, picture

import pixfeed
import pixfeed.transforms as T
from pixfeed.cache import contents

SIZE = {"resize_height": 24, "resize_width": 32}
_fork = multiprocessing.get_context("fork")


def segments(cache: Path) -> list[Path]:
    return sorted((cache / "v1").glob("segment-*"))


def batches(made: str, cache: object, **options: object) -> tuple[list[str], list[pixfeed.Failure]]:
    data = dataset(made, cache, **{**SIZE, **options})
    return hashes(pixfeed.DataLoader(data, 5)), data.report()


def in_child(work: Callable[[], None]) -> int:
    """The exit code of a forked process."""
    child = _fork.Process(target=work)
    child.start()
    child.join(60)
    return child.exitcode


def flip(path: Path, places: list[int]) -> None:
    with path.open("r+b") as file:
        for place in places:
            file.seek(place)
            byte = file.read(1)
            file.seek(place)
            file.write(bytes([byte[0] ^ 4]))


def test_flipped_bits_are_read_from_the_file_and_said(tmp_path, backend, one_segment):
    made, cache = folder(tmp_path / "set"), tmp_path / "cache"
    want, _ = batches(made, None, backend=backend)
    assert batches(made, cache, backend=backend) == (want, [])
    [segment] = segments(cache)
    flip(segment, [100, 3 * 2368 + 500])  # in two pictures of 24 x 32 pixels
    got, report = batches(made, cache, backend=backend)
    assert got == want
    assert [(failure.recovered, failure.count) for failure in report] == [(True, 1)] * 2
    assert all("what the cache had of the image is damaged" in failure.reason for failure in report)
    assert batches(made, cache, backend=backend) == (want, [])  # forgotten, and kept once more


def test_flipped_bits_in_images_of_different_sizes(tmp_path, backend, one_segment):
    made, cache = folder(tmp_path / "set"), tmp_path / "cache"
    options = {"backend": backend, "transform": T.Compose([T.Resize(20), T.RandomHorizontalFlip()])}
    found = []
    for folder_ in (None, cache, cache):
        if found[1:]:
            [segment] = segments(cache)
            flip(segment, [100, segment.stat().st_size // 2])
        data = dataset(made, folder_, **options)
        found.append(hashes(pixfeed.DataLoader(data, 5, collate_fn=pixfeed.pad_collate)))
    assert found[0] == found[1] == found[2]
    assert len(data.report()) == 2


@pytest.mark.parametrize("left", [0, 30_000])
def test_a_truncated_segment(tmp_path, backend, one_segment, left):
    made, cache = folder(tmp_path / "set"), tmp_path / "cache"
    want, _ = batches(made, None, backend=backend)
    batches(made, cache, backend=backend)
    batches(made, cache, backend=backend)  # also what was checked already
    [segment] = segments(cache)
    os.truncate(segment, left)
    got, report = batches(made, cache, backend=backend)
    assert got == want
    assert len(report) == (24 if left == 0 else 12) and all(failure.recovered for failure in report)


def test_segments_that_are_gone(tmp_path, backend, one_segment):
    made, cache = folder(tmp_path / "set"), tmp_path / "cache"
    want, _ = batches(made, None, backend=backend)
    assert in_child(lambda: batches(made, cache, backend=backend)) == 0
    segments(cache)[0].unlink()
    got, report = batches(made, cache, backend=backend)
    assert got == want and len(report) == 24


def test_a_damaged_index_finds_less(tmp_path, backend):
    made, cache = folder(tmp_path / "set"), tmp_path / "cache"
    want, _ = batches(made, None, backend=backend)
    assert in_child(lambda: batches(made, cache, backend=backend)) == 0
    index = cache / "v1" / "index-0"
    data = bytearray(index.read_bytes())
    slots = [place for place in range(4096, len(data), 64) if any(data[place : place + 64])]
    assert len(slots) == 24
    flip(index, [place + i for i, place in enumerate(slots)])
    assert batches(made, cache, backend=backend) == (want, [])
    os.truncate(index, 4096)
    got, report = batches(made, cache, backend=backend)
    assert got == want and all(failure.path == str(cache) for failure in report)


def test_the_limit_stops_filling_with_one_line(tmp_path, backend):
    made, cache = folder(tmp_path / "set"), tmp_path / "cache"
    options = {"backend": backend, "resize_height": 300, "resize_width": 300}
    want, _ = batches(made, None, **options)
    for _ in range(2):
        got, report = batches(made, pixfeed.Cache(cache, max_bytes="3MiB"), **options)
        assert got == want
        [line] = report
        assert line.path == str(cache) and line.recovered and "it is full (max_bytes or keep_free)" in line.reason
    assert 2 << 20 < sum(path.stat().st_size for path in segments(cache)) <= 3 << 20


def test_nothing_is_kept_below_the_floor_of_free_space(tmp_path, backend):
    made, cache = folder(tmp_path / "set"), tmp_path / "cache"
    got, [line] = batches(made, pixfeed.Cache(cache, keep_free="9000TB"), backend=backend)
    assert got == batches(made, None, backend=backend)[0]
    assert "it is full" in line.reason and not segments(cache)


@pytest.fixture
def small_disk(tmp_path):
    """A file system of 4 MB."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = shutil.which("mount") or "mount"
    command = [mount, "-t", "tmpfs", "-o", "size=4m", "tmpfs", disk]
    if not shutil.which(mount) or subprocess.run(command, capture_output=True).returncode:
        pytest.skip("mounting is not allowed here")
    yield disk
    subprocess.run(["umount", "-l", disk], check=True)


@pytest.mark.parametrize("fills", [False, True])
def test_a_full_disk(tmp_path, backend, small_disk, fills):
    made = folder(tmp_path / "set")
    options = {"backend": backend, "resize_height": 300, "resize_width": 300}
    want, _ = batches(made, None, **options)
    cache = pixfeed.Cache(small_disk, keep_free=0)
    data = dataset(made, cache, **options)
    if fills:  # somebody else takes the space that was there a moment ago
        data[0]
        with contextlib.suppress(OSError), (small_disk / "filler").open("wb", 0) as file:
            while True:
                file.write(bytes(4096))
    assert hashes(pixfeed.DataLoader(data, 5)) == want
    [line] = data.report()
    assert ("No space left on device" if fills else "it is full") in line.reason
    assert contents.verify(cache.open(data._pipeline.backend)).damaged == 0


def test_a_full_disk_as_the_system_calls_report_it(tmp_path, backend):
    """Where nothing can be mounted: a limit of file sizes, which writes run into as into a full disk."""
    import resource

    made, cache = folder(tmp_path / "set"), tmp_path / "cache"
    options = {"backend": backend, "resize_height": 900, "resize_width": 900}

    def work() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (17 << 20, 17 << 20))
        got, [line] = batches(made, cache, **options)
        assert got == want
        assert "File too large" in line.reason

    want, _ = batches(made, None, **options)
    assert in_child(work) == 0


@pytest.fixture
def open_folder():
    """A folder that another user can reach."""
    path = Path(tempfile.mkdtemp())
    path.chmod(0o777)
    yield path
    subprocess.run(["chmod", "-R", "u+rwx", path], check=True)
    shutil.rmtree(path)


def as_nobody(work: Callable[[], None]) -> int:
    """In a process without the rights of root."""

    def change() -> None:
        if os.geteuid() == 0:
            os.setgid(65534)
            os.setuid(65534)
        work()

    return in_child(change)


def test_a_read_only_folder_is_read(open_folder, backend):
    made, cache = folder(open_folder / "set"), open_folder / "cache"
    want, _ = batches(made, None, backend=backend)
    others, _ = batches(made, None, backend=backend, resize_width=33)
    batches(made, cache, backend=backend)
    for path in [*(cache / "v1").iterdir(), cache / "v1", cache]:
        path.chmod(0o555 if path.is_dir() else 0o444)

    def work() -> None:
        data = dataset(made, cache, backend=backend, **SIZE)
        assert hashes(pixfeed.DataLoader(data, 5)) == want and data.report() == []
        assert counts(data).hits == 24
        got, [line] = batches(made, cache, backend=backend, resize_width=33)
        assert got == others and "its folder is read-only" in line.reason

    assert as_nobody(work) == 0


def test_chmod_in_the_middle_of_a_run(open_folder, backend):
    made, cache = folder(open_folder / "set"), open_folder / "cache"
    options = {"backend": backend, **SIZE}
    want, _ = batches(made, None, backend=backend)

    def work() -> None:
        data = dataset(made, cache, **options)
        loader = iter(pixfeed.DataLoader(data, 5))
        got = hashes([next(loader)])
        for path in [*(cache / "v1").iterdir(), cache / "v1"]:
            path.chmod(0)
        assert got + hashes(loader) == want  # what is open stays open
        again = dataset(made, cache, **options)
        assert hashes(pixfeed.DataLoader(again, 5)) == want
        assert in_child(afresh) == 0

    def afresh() -> None:
        from pixfeed.cache import settings

        settings._open.clear()  # as a process that was not forked
        got, [line] = batches(made, cache, backend=backend)
        assert got == want and line.path == str(cache) and "Permission denied" in line.reason

    assert as_nobody(work) == 0


def test_another_version_is_left_alone(tmp_path, backend):
    made, cache = folder(tmp_path / "set"), tmp_path / "cache"
    want, _ = batches(made, None, backend=backend)
    (cache / "v0").mkdir(parents=True)
    (cache / "v0" / "index-0").write_bytes(b"older")
    assert batches(made, cache, backend=backend) == (want, [])  # beside it
    other = tmp_path / "other"
    (other / "v1").mkdir(parents=True)
    (other / "v1" / "index-0").write_bytes(b"of somebody else, and longer than a title of this version would be")
    got, [line] = batches(made, other, backend=backend)
    assert got == want and "it is no index of this version" in line.reason


def test_a_folder_that_cannot_be_made(tmp_path, backend):
    made = folder(tmp_path / "set")
    (tmp_path / "file").write_text("no folder")
    got, [line] = batches(made, tmp_path / "file" / "cache", backend=backend)
    assert got == batches(made, None, backend=backend)[0] and "Not a directory" in line.reason


def test_a_file_replaced_by_another_of_the_same_size_within_one_tick(tmp_path, backend):
    made, path = folder(tmp_path / "set", 1), tmp_path / "set" / "0.jpg"
    encoded = [jpeg(picture(60, 60, seed=i)) for i in range(6)]
    size = max(map(len, encoded))
    wants = []
    for data in encoded:
        path.write_bytes(data + bytes(size - len(data)))
        wants.append(batches(made, None, backend=backend)[0])
    assert len({str(want) for want in wants}) == 6
    for _ in range(5):
        for data, want in zip(encoded, wants, strict=True):
            path.write_bytes(data + bytes(size - len(data)))
            assert batches(made, tmp_path / "cache", backend=backend)[0] == want


def test_two_jobs_with_different_plans_at_once(tmp_path, backend):
    made, cache = folder(tmp_path / "set"), tmp_path / "cache"
    wants = {width: batches(made, None, backend=backend, resize_width=width)[0] for width in (20, 30)}

    def work(width: int) -> None:
        for _ in range(3):
            assert batches(made, cache, backend=backend, resize_width=width) == (wants[width], [])

    children = [_fork.Process(target=work, args=(width,)) for width in (20, 30, 20, 30)]
    for child in children:
        child.start()
    for child in children:
        child.join(60)
    assert [child.exitcode for child in children] == [0] * 4


def test_kill_while_three_processes_fill(tmp_path, backend):
    """Twenty times, or as often as COUNT says.

    What is there afterwards is right, nothing has to be repaired, and the space is accounted for.
    """
    count = int(os.environ.get("COUNT", "20"))
    made, cache = folder(tmp_path / "set"), pixfeed.Cache(tmp_path / "cache", max_bytes=f"{200 * count}MB")
    draws = random.Random(19)

    def written() -> int:
        return sum(path.stat().st_size for path in segments(tmp_path / "cache"))

    def fill(first: int) -> None:
        for width in range(first, 100_000):  # ever new keys
            data = dataset(made, cache, backend=backend, resize_height=40, resize_width=width % 900 + 20)
            for i in range(24):
                data[i]

    for number in range(count):
        before, limit = written(), time.monotonic() + 20
        children = [_fork.Process(target=fill, args=(draws.randrange(900),)) for _ in range(3)]
        for child in children:
            child.start()
        while number % 2 and written() == before and time.monotonic() < limit:
            time.sleep(0.002)
        time.sleep(draws.uniform(0, 0.1))
        for child in children:
            os.kill(child.pid, signal.SIGKILL)
        for child in children:
            child.join()
    data = dataset(made, cache, backend=backend, **SIZE)
    store = cache.open(data._pipeline.backend)
    checked = contents.verify(store)
    assert checked.damaged == 0 and checked.pictures > 50
    assert batches(made, cache, backend=backend) == (batches(made, None, backend=backend)[0], [])
    assert written() <= (tmp_path / "cache" / "v1" / "granted").stat().st_size << 20
    with contextlib.suppress(FileNotFoundError):
        contents.clear(cache)
    assert not (tmp_path / "cache").exists()


def test_a_folder_that_is_cleared_in_the_middle_of_a_run(tmp_path, backend):
    made, cache = folder(tmp_path / "set"), tmp_path / "cache"
    want, _ = batches(made, None, backend=backend)
    loader = iter(pixfeed.DataLoader(dataset(made, cache, backend=backend, **SIZE), 5))
    got = hashes([next(loader)])
    contents.clear(pixfeed.Cache(cache))
    assert got + hashes(loader) == want
    for hits in (0, 24):  # afresh
        data = dataset(made, cache, backend=backend, **SIZE)
        assert hashes(pixfeed.DataLoader(data, 5)) == want
        assert counts(data).hits == hits
    assert segments(cache)
