"""A list file that is touched, rewritten, replaced or unreadable while it is used."""

from __future__ import annotations

import errno
import os
import pickle
import threading
import time
from types import SimpleNamespace

import numpy as np
import pytest

from pixfeed import ListError, _pread
from pixfeed.lists import loaded
from pixfeed.lists.annotations import Annotations
from pixfeed.lists.file_list import FileList

LINES = b"a.jpg 0\n\nb.jpg 1\n"
SAME_SIZE = b"b.jpg 1\n\na.jpg 0\n"


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "list.txt"
    path.write_bytes(LINES)
    return path


@pytest.fixture(params=["open", "opened for each name"])
def files(request, path, backend, monkeypatch):
    """A list; a process keeps only so many open."""
    if request.param != "open":
        monkeypatch.setattr("pixfeed.lists.file_list.KEPT", -1)
    files = FileList(path, backend=backend)
    assert (files._source is None) == (request.param != "open")
    return files


def everything(files) -> list:
    return [list(files.names()), [files.line(i) for i in range(len(files))], files.labels.tolist()]


EXPECTED = [["a.jpg", "b.jpg"], [1, 3], [[0], [1]]]


def replace(path, data: bytes) -> None:
    path.with_suffix(".new").write_bytes(data)
    path.with_suffix(".new").replace(path)


def rewrite_in_secret(path, data: bytes) -> None:
    """In place, with the old time, as rsync --inplace --times does it."""
    before = path.stat()
    path.write_bytes(data)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    after = path.stat()
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


SAME = {
    "touched": lambda path: os.utime(path),
    "an old time": lambda path: os.utime(path, ns=(0, 0)),
    "rewritten": lambda path: path.write_bytes(LINES),
    "rewritten, with its time": lambda path: rewrite_in_secret(path, LINES),
    "replaced": lambda path: replace(path, LINES),
    "linked": lambda path: os.link(path, path.with_name(f"{time.time_ns()}")),
    "mode": lambda path: path.chmod(0o600),
}


@pytest.mark.parametrize("change", SAME)
def test_the_same_bytes_are_the_same_list(path, files, change):
    data = pickle.dumps(files)
    for _ in range(2):
        SAME[change](path)
        assert everything(files) == EXPECTED
        assert everything(pickle.loads(data)) == EXPECTED
    if files._source is not None:
        assert files._stamp == loaded.Stamp.of(files._source)  # so the digest is not computed again


@pytest.mark.parametrize("data", [SAME_SIZE, LINES + b"c 2\n", LINES[:9], b""])
@pytest.mark.parametrize("write", [lambda path, data: path.write_bytes(data), rewrite_in_secret])
def test_other_bytes_are_another_list(path, files, data, write):
    pickled = pickle.dumps(files)
    write(path, data)
    looks = [lambda: files.name(1), lambda: files.paths([0, 1], ""), lambda: files.line(1)]
    copy = pickle.loads(pickled)
    for look in (*looks, *looks, lambda: copy.name(0), lambda: copy.labels, lambda: len(copy)):
        with pytest.raises(ListError, match=r"list\.txt: the list has changed since it was opened"):
            look()
    path.write_bytes(LINES)  # and back
    assert everything(files) == everything(copy) == EXPECTED


def test_a_replaced_list_serves_who_has_it_open(path, backend):
    files = FileList(path, backend=backend)
    data = pickle.dumps(files)
    replace(path, SAME_SIZE)
    assert everything(files) == EXPECTED
    with pytest.raises(ListError, match="the list has changed"):
        pickle.loads(data).name(0)
    path.unlink()
    assert everything(files) == EXPECTED
    path.write_bytes(LINES)
    assert everything(pickle.loads(data)) == EXPECTED


def test_who_opens_it_for_each_name_sees_another(path, backend, monkeypatch):
    monkeypatch.setattr("pixfeed.lists.file_list.KEPT", -1)
    files = FileList(path, backend=backend)
    replace(path, SAME_SIZE)
    with pytest.raises(ListError, match="the list has changed"):
        files.name(0)


def test_a_stamp_that_differs_costs_one_digest(path, backend, monkeypatch):
    files = FileList(path, backend=backend)
    sizes: list[int] = []
    digest_of = loaded.digest_of
    monkeypatch.setattr(loaded, "digest_of", lambda file, size: sizes.append(size) or digest_of(file, size))
    for _ in range(3):
        assert everything(files) == EXPECTED
    assert sizes == []
    os.utime(path)
    threads = [threading.Thread(target=everything, args=(files,)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert everything(files) == EXPECTED and len(sizes) == 1


@pytest.mark.parametrize("size", [0, 1, 999, 1000, 1001, 7000])
def test_digest(tmp_path, size, monkeypatch):
    """Of all bytes and their order, on any number of threads."""
    monkeypatch.setattr(loaded, "_PIECE", 1000)
    data = np.random.default_rng(size).integers(0, 256, size, np.uint8).tobytes()

    def digest(data: bytes) -> bytes:
        (tmp_path / "file").write_bytes(data)
        file = os.open(tmp_path / "file", os.O_RDONLY)
        try:
            return loaded.digest_of(file, len(data))
        finally:
            os.close(file)

    found = set()
    for threads in (1, 3):
        monkeypatch.setattr(loaded, "num_threads", lambda threads=threads: threads)
        found.add(digest(data))
    assert len(found) == 1
    others = {data + b"\0", data[1000:] + data[:1000], data[:-1]} | {
        data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :] for at in range(0, size, 333)
    }
    for other in others - {data}:
        found.add(digest(other))
    assert len(found) == 1 + len(others - {data})


@pytest.mark.slow
@pytest.mark.parametrize("pause", [0.05, 0])
def test_touched_all_the_time(path, backend, pause):
    """The names are right, or an error says that it is."""
    files = FileList(path, backend=backend)
    stop = threading.Event()

    def touch():
        while not stop.wait(pause):
            os.utime(path)

    thread = threading.Thread(target=touch)
    thread.start()
    try:
        until = time.monotonic() + 1
        while time.monotonic() < until:
            try:
                assert everything(files) == EXPECTED
            except ListError as error:
                assert pause == 0 and "list.txt: the list is written to again and again" in str(error)
    finally:
        stop.set()
        thread.join()
    assert everything(files) == EXPECTED


ANNOTATIONS = {
    "mask": b"a.jpg a.png\nb.jpg b.png\n",
    "boxes": b"a.jpg 1 2 3 4 5\nb.jpg 6 7 8 9 1\n",
    "keypoints": b"a.jpg 1 2 1\nb.jpg 3 4 1\n",
}


@pytest.mark.parametrize("kind", ANNOTATIONS)
def test_annotations(path, kind):
    path.write_bytes(ANNOTATIONS[kind])
    files = Annotations(path, kind)
    data = pickle.dumps(files)
    for change in (os.utime, lambda path: path.write_bytes(ANNOTATIONS[kind])):
        change(path)
        assert list(pickle.loads(data).names()) == ["a.jpg", "b.jpg"]
    rewrite_in_secret(path, ANNOTATIONS[kind].replace(b"b.jpg", b"c.jpg"))
    assert list(files.names()) == ["a.jpg", "b.jpg"]
    with pytest.raises(ListError, match="the list has changed"):
        pickle.loads(data).name(0)


# -- a list that cannot be read ---------------------------------------------------------------------------------------


@pytest.fixture
def failing():
    """A descriptor of which every read fails: there is nothing at address 0."""
    file = os.open("/proc/self/mem", os.O_RDONLY)
    with pytest.raises(OSError) as caught:
        os.pread(file, 1, 0)
    assert caught.value.errno == errno.EIO
    yield file
    os.close(file)


WORDS = r"list\.txt: the list cannot be read \(Input/output error\); check the disk or the network"


def test_a_read_error_names_the_list(path, backend, failing, monkeypatch):
    files = FileList(path, backend=backend)
    before = os.dup(files._source)
    os.dup2(failing, files._source)
    # Nothing but the reading tells.
    monkeypatch.setattr(loaded.Stamp, "of", classmethod(lambda cls, file, stamp=files._stamp: stamp))
    for look in (lambda: files.name(1), lambda: files.paths([0, 1], ""), lambda: files.line(1)):
        with pytest.raises(ListError, match=WORDS) as caught:
            look()
        assert caught.value.path == str(path) and isinstance(caught.value.__cause__, OSError)
    os.dup2(before, files._source)
    os.close(before)
    assert everything(files) == EXPECTED  # as soon as it can be read again


def failing_list(failing: int):
    """What stands in for ``os.open``."""
    return lambda path, *args: os.dup(failing)


@pytest.mark.parametrize("how", ["opened", "copy", "named"])
def test_a_read_error_while_it_is_opened(path, backend, failing, how, monkeypatch):
    files = FileList(path, backend=backend)
    copy = pickle.loads(pickle.dumps(files))
    monkeypatch.setattr(loaded, "open_list", failing_list(failing))
    monkeypatch.setattr(loaded.Stamp, "of", classmethod(lambda cls, file: cls(0, len(LINES), 0, 0)))
    if how == "named":
        files._source = None
    look = {
        "opened": lambda: FileList(path, backend=backend),
        "copy": lambda: copy.name(0),
        "named": lambda: files.name(0),
    }[how]
    with pytest.raises(ListError, match=WORDS):
        look()
    with pytest.raises(ListError, match=WORDS):
        Annotations(path, "boxes")


@pytest.mark.parametrize("number", [errno.EIO, errno.ESTALE, errno.ENXIO, errno.ETIMEDOUT])
@pytest.mark.parametrize("call", ["open", "fstat", "pread"])
def test_any_error_of_the_system(path, number, call, monkeypatch):
    """Of the parser in Python, in which every call may fail."""
    files = FileList(path, backend="opencv")
    copy = pickle.loads(pickle.dumps(files))

    def fail(*args, **options):
        raise OSError(number, os.strerror(number))

    for module in (loaded, _pread):  # pytest needs the real ones
        monkeypatch.setattr(module, "os", SimpleNamespace(**{**vars(os), call: fail}))
    looks = [lambda: copy.name(0), lambda: FileList(path, backend="opencv"), lambda: Annotations(path, "mask")]
    for look in looks if call == "open" else [*looks, lambda: files.name(0)]:
        with pytest.raises(ListError) as caught:
            look()
        assert f"list.txt: the list cannot be read ({os.strerror(number)})" in str(caught.value)


def test_a_read_error_that_passes(path, monkeypatch):
    """The digest is the judge: if the list can be read, nothing happened."""
    files = FileList(path, backend="opencv")
    read_names, left = files._tables.read_names, [1]

    def once(*args):
        return None if left and left.pop() else read_names(*args)

    monkeypatch.setattr(files._tables, "read_names", once)
    assert files.name(1) == "b.jpg" and not left


def test_a_read_error_in_a_loader(path, backend, failing):
    """It ends the epoch, also with "skip": no image is to blame."""
    from pixfeed import DataLoader, FastTxtDataset

    dataset = FastTxtDataset(path, path.parent, 8, 8, on_error="skip", backend=backend)
    before = os.dup(dataset.files._source)
    os.dup2(failing, dataset.files._source)
    for workers in (0, 2):
        with pytest.raises(ListError, match=r"list\.txt: the list"):
            next(iter(DataLoader(dataset, 2, num_workers=workers)))
    os.dup2(before, dataset.files._source)
    os.close(before)
