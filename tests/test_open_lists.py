"""A list that is open: its file changes, it is pickled, and other processes read it."""

from __future__ import annotations

import functools
import gc
import multiprocessing
import os
import pickle
import threading

import numpy as np
import pytest
from list_files import all_lines, read_list

from pixfeed import ListError
from pixfeed.lists.file_list import FileList


@pytest.fixture
def read(tmp_path, backend):
    return functools.partial(read_list, tmp_path / "list.txt", backend)


CHANGES = {
    "rewritten": lambda path: path.write_bytes(b"x.jpg 0\ny.jpg 1\n"),
    "longer": lambda path: path.write_bytes(path.read_bytes() + b"x.jpg 0\n"),
    "cut off": lambda path: os.truncate(path, 3),
    "emptied": lambda path: path.write_bytes(b""),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_is_noticed(tmp_path, read, change):
    files = read(b"a.jpg 0\nb.jpg 1\n")
    copy = pickle.loads(pickle.dumps(files))
    assert files.name(1) == "b.jpg"
    CHANGES[change](tmp_path / "list.txt")
    for look in (lambda: files.name(1), lambda: files.name(0), lambda: copy.name(0), lambda: len(copy)):
        with pytest.raises(ListError, match=r"list\.txt: the list has changed since it was opened"):
            look()


def test_a_deleted_list_goes_on(tmp_path, read):
    files = read(b"a.jpg 0\nb.jpg 1\n")
    os.unlink(tmp_path / "list.txt")
    assert files.name(1) == "b.jpg"
    with pytest.raises(FileNotFoundError, match=r"list\.txt"):
        len(pickle.loads(pickle.dumps(files)))


def test_a_list_that_is_written_while_it_is_read_never_crashes(tmp_path, backend):
    path = tmp_path / "list.txt"
    whole = b"".join(b"%d.jpg %d\n" % (i, i) for i in range(100_000 if backend == "native" else 5_000))
    path.write_bytes(whole)
    stop = threading.Event()

    def write():
        while not stop.is_set():
            os.truncate(path, len(whole) // 3)
            path.write_bytes(whole)

    thread = threading.Thread(target=write)
    thread.start()
    try:
        for _ in range(20):
            try:
                files = FileList(path, backend=backend)
                assert files.name(1) == "1.jpg" and files.labels[:2].tolist() == [[0], [1]]
            except ListError as error:
                assert "list.txt" in str(error)
    finally:
        stop.set()
        thread.join()


def test_pickle(tmp_path, read, monkeypatch):
    files = read(b"name;label\n\na b.jpg;0.5\n", delimiter=";", label_dtype=np.float32, header=True)
    data = pickle.dumps(files)
    assert len(data) < 600
    copy = pickle.loads(data)
    assert copy.name(0) == "a b.jpg" and copy.labels.tolist() == [[0.5]] and copy.labels.dtype == np.float32
    assert copy.columns == ["name", "label"] and copy.line(0) == 3 and copy.filename == files.filename
    with pytest.raises(AttributeError, match="nonsense"):
        pickle.loads(data).nonsense  # noqa: B018
    monkeypatch.chdir(tmp_path)
    relative = pickle.dumps(FileList("list.txt", backend=files.backend, delimiter=";", header=True, label_dtype="f8"))
    monkeypatch.chdir("/")
    assert pickle.loads(relative).name(0) == "a b.jpg"


def test_a_pipe(tmp_path, backend):
    path = tmp_path / "pipe"
    os.mkfifo(path)
    writer = threading.Thread(target=path.write_bytes, args=(b"a.jpg 0\n\nb.jpg 1\n",))
    writer.start()
    files = FileList(path, backend=backend)
    writer.join()
    for copy in (files, pickle.loads(pickle.dumps(files))):
        assert list(copy.names()) == ["a.jpg", "b.jpg"] and all_lines(copy) == [1, 3]
        assert copy.labels.tolist() == [[0], [1]]


def _names(files, queue):
    queue.put(list(files.names()))


@pytest.mark.slow
@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_other_processes(read, method):
    files = read(b"a.jpg 0\nb.jpg 1\n")
    context = multiprocessing.get_context(method)
    queue = context.SimpleQueue()
    processes = [context.Process(target=_names, args=(files, queue)) for _ in range(2)]
    for process in processes:
        process.start()
    assert [queue.get() for _ in processes] == [["a.jpg", "b.jpg"]] * 2
    for process in processes:
        process.join()
    assert list(files.names()) == ["a.jpg", "b.jpg"]


def test_the_file_is_closed(read):
    gc.collect()
    before = len(os.listdir("/proc/self/fd"))
    files = read(b"a.jpg 0\n")
    assert len(os.listdir("/proc/self/fd")) == before + 1
    del files
    with pytest.raises(ListError):
        read(b"a.jpg\n")
    gc.collect()
    assert len(os.listdir("/proc/self/fd")) == before


def test_more_lists_than_are_kept_open(tmp_path, backend, monkeypatch):
    monkeypatch.setattr("pixfeed.lists.file_list._kept", set())
    monkeypatch.setattr("pixfeed.lists.file_list.KEPT", 3)
    gc.collect()
    before = len(os.listdir("/proc/self/fd"))
    for i in range(10):
        (tmp_path / f"{i}.txt").write_bytes(b"a%d.jpg 0\n\nb%d.jpg 1\n" % (i, i))
    lists = [FileList(tmp_path / f"{i}.txt", backend=backend) for i in range(10)]
    assert len(os.listdir("/proc/self/fd")) == before + 3
    for i, files in enumerate([*lists[:5], *(pickle.loads(pickle.dumps(files)) for files in lists[5:])]):
        assert list(files.names()) == [f"a{i}.jpg", f"b{i}.jpg"] and all_lines(files) == [1, 3]
    assert len(os.listdir("/proc/self/fd")) == before + 3
    CHANGES["rewritten"](tmp_path / "9.txt")
    with pytest.raises(ListError, match=r"9\.txt: the list has changed since it was opened"):
        lists[9].name(0)
    del lists[0]
    kept = FileList(tmp_path / "0.txt", backend=backend)
    assert len(os.listdir("/proc/self/fd")) == before + 3
    for i in (0, 8):
        os.unlink(tmp_path / f"{i}.txt")
    assert kept.name(0) == "a0.jpg"
    with pytest.raises(FileNotFoundError, match=r"8\.txt"):
        lists[7].name(0)
