"""Threads that hang and signals that come: how many threads a loader has at work, and who answers Ctrl-C."""

from __future__ import annotations

import errno
import inspect
import os
import signal
import subprocess
import sys
import textwrap
import threading
import time

import cv2
import images
import numpy as np
import pytest
import torch

import pixfeed
from pixfeed import DataLoader, FastTxtDataset


def opened(pipe) -> int | None:
    """A descriptor to write to a pipe, if somebody reads it; that reader waits as long as it is open."""
    try:
        return os.open(pipe, os.O_WRONLY | os.O_NONBLOCK)
    except OSError as error:
        assert error.errno == errno.ENXIO
        return None


def write_list(folder, names) -> FastTxtDataset:
    (folder / "list.txt").write_text("".join(f"{name} {i}\n" for i, name in enumerate(names)))
    return FastTxtDataset(folder / "list.txt", folder, 8, 8, on_error="zeros")


@pytest.mark.slow
@pytest.mark.parametrize("batch_size", [1, 2, 24])
@pytest.mark.parametrize("workers", [1, 2])
def test_num_workers_is_a_bound(tmp_path, native, batch_size, workers):
    """With any number of batches in flight, and after loaders with more threads. A picture is read by one thread:
    here each is a pipe, whose reader waits."""
    (tmp_path / "a.png").write_bytes(images.png(images.picture(16, 16)))
    many = FastTxtDataset.from_samples(["a.png"] * 32, [0] * 32, 8, 8, image_dir=tmp_path)
    list(DataLoader(many, 32, num_workers=8))
    many[0]
    pipes = [tmp_path / str(i) for i in range(24)]
    for pipe in pipes:
        os.mkfifo(pipe)
    loader = DataLoader(write_list(tmp_path, range(24)), batch_size, num_workers=workers, prefetch_factor=6)
    counts = []

    def release():
        waiting = set(pipes)
        while waiting:
            time.sleep(0.05)  # all that can begin have begun
            read = {pipe: file for pipe in waiting if (file := opened(pipe)) is not None}
            counts.append(len(read))
            for file in read.values():
                os.close(file)  # the picture is empty
            waiting -= set(read)

    thread = threading.Thread(target=release)
    thread.start()
    assert sum(len(labels) for _, labels in loader) == 24
    thread.join()
    assert max(counts) == workers


# Each is run in a process of its own, which says when it is ready, and what has become of it.
HEAD = """
import os, sys, threading, time, torch, pixfeed
def answer(run):
    print("ready", flush=True)
    try:
        run()
    except KeyboardInterrupt:
        print("interrupted", flush=True)
"""


def interrupt(folder, code: str, seconds: float = 1) -> str:
    """What a process prints that gets SIGINT in the middle of ``run()``, and then has to end."""
    script = HEAD + textwrap.dedent(code) + "\nanswer(run)\n"
    command = [sys.executable, "-c", script]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=folder) as process:
        assert process.stdout.readline() == "ready\n"
        time.sleep(seconds)
        process.send_signal(signal.SIGINT)
        try:
            return "".join(process.communicate(timeout=30))
        finally:
            process.kill()


@pytest.mark.slow
@pytest.mark.serial  # within a second the process has to be where it is interrupted
@pytest.mark.parametrize("place", [0, 3, 7])
@pytest.mark.parametrize("threads", [1, 2])
def test_ctrl_c_while_a_read_hangs(tmp_path, backend, place, threads):
    """Whichever thread reads the picture that does not come."""
    for i in range(8):
        (tmp_path / str(i)).write_bytes(images.png(images.picture(16, 16)))
    (tmp_path / str(place)).unlink()
    os.mkfifo(tmp_path / str(place))
    write_list(tmp_path, range(8))
    code = f"""
    os.environ["PIXFEED_NUM_THREADS"] = "{threads}"
    dataset = pixfeed.FastTxtDataset("list.txt", ".", 8, 8, backend="{backend}")
    def run():
        next(iter(pixfeed.DataLoader(dataset, 8)))
    """
    assert interrupt(tmp_path, code) == "interrupted\n"


@pytest.mark.slow
@pytest.mark.serial
def test_ctrl_c_among_large_pictures(tmp_path, backend):
    """Those that are not yet begun are left out: all of them would take minutes."""
    picture = cv2.resize(images.picture(30, 40), (4000, 3000))
    (tmp_path / "large.jpg").write_bytes(images.jpeg(picture))
    code = f"""
    def run():
        pixfeed.load_batch(["large.jpg"] * 20000, (8, 8), backend="{backend}")
    """
    assert interrupt(tmp_path, code) == "interrupted\n"


@pytest.mark.slow
@pytest.mark.serial
def test_after_ctrl_c_the_process_goes_on(tmp_path, native):
    """With the picture that is still waited for, and other threads."""
    (tmp_path / "a.png").write_bytes(images.png(images.picture(16, 16)))
    os.mkfifo(tmp_path / "pipe")
    code = """
    def run():
        try:
            pixfeed.load_batch(["a.png", "pipe"] * 4, (8, 8))
        except KeyboardInterrupt:
            print(pixfeed.load_batch(["a.png"] * 9, (8, 8)).shape[0], flush=True)
            raise
    """
    assert interrupt(tmp_path, code) == "9\ninterrupted\n"


def test_signals_do_not_fail_a_read(tmp_path, backend):
    """Of a pipe whose writer comes late, while a handler is called all the time."""
    data = images.png(images.picture(16, 16))
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)

    def write():
        time.sleep(0.3)
        with open(pipe, "wb") as file:
            for begin in range(0, len(data), 100):
                file.write(data[begin : begin + 100])
                file.flush()
                time.sleep(0.02)

    calls = []
    before = signal.signal(signal.SIGALRM, lambda *_: calls.append(1))
    thread = threading.Thread(target=write)
    thread.start()
    signal.setitimer(signal.ITIMER_REAL, 0.005, 0.005)
    try:
        image = pixfeed.imread(pipe, backend=backend)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
        thread.join()
    assert np.array_equal(image, images.picture(16, 16)[..., ::-1]) and calls


def test_a_handler_may_decode(tmp_path, native):
    """In the middle of the call that it interrupts, and in the same thread."""
    picture = images.picture(900, 1200)
    (tmp_path / "a.jpg").write_bytes(images.jpeg(picture))
    names = [tmp_path / "a.jpg"] * 60
    expected, seen, ended = pixfeed.load_batch(names, (64, 64)), [], False

    def handler(*_):
        seen.append(pixfeed.load_batch(names[:2], (64, 64)))
        if not ended:  # one after the other: on a busy machine they would interrupt themselves without end
            signal.setitimer(signal.ITIMER_REAL, 0.02)

    before = signal.signal(signal.SIGALRM, handler)
    signal.setitimer(signal.ITIMER_REAL, 0.02)
    try:
        result = pixfeed.load_batch(names, (64, 64))
    finally:
        ended = True
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert torch.equal(result, expected) and seen
    assert all(torch.equal(each, expected[:2]) for each in seen)


@pytest.mark.slow
@pytest.mark.parametrize("workers", [1, 2])
def test_a_loop_in_a_daemon_thread_ends_quietly(tmp_path, native, workers):
    """In the middle of a batch, or between two epochs. (OpenCV aborts a process that ends while a daemon is in it.)"""
    (tmp_path / "a.jpg").write_bytes(images.jpeg(images.picture(200, 300)))
    code = f"""
import threading, time, pixfeed
dataset = pixfeed.FastTxtDataset.from_samples(["a.jpg"] * 64, [0] * 64, 64, 64, backend="native")
loader = pixfeed.DataLoader(dataset, 32, num_workers={workers})
def loop():
    while True:
        for batch in loader:
            begun.set()
begun = threading.Event()
threads = [threading.Thread(target=loop, daemon=True) for _ in range(3)]
for thread in threads:
    thread.start()
begun.wait()
time.sleep(0.2)
"""
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, cwd=tmp_path)
    assert (result.returncode, result.stderr) == (0, "")


@pytest.mark.slow
def test_an_exit_handler_gets_an_error(tmp_path, native):
    """It does not wait without end."""
    os.mkfifo(tmp_path / "pipe")
    code = """
import atexit
def handler():
    try:
        next(batches)
    except BaseException as error:
        print(type(error).__name__)
atexit.register(handler)  # runs after the ones that are registered later
import pixfeed
dataset = pixfeed.FastTxtDataset.from_samples(["pipe"], [0], 8, 8)
batches = iter(pixfeed.DataLoader(dataset, 1, num_workers=1))
"""
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, cwd=tmp_path)
    assert result.stdout == "CancelledError\n"


def python_calls(action) -> list[str]:
    """The Python functions that run inside ``action()``: a signal handler could be called in each of them, but not in a
    generator, which is ended where it stands."""
    names = []

    def note(frame, event, _):
        if event == "call" and not frame.f_code.co_flags & inspect.CO_GENERATOR:
            names.append(frame.f_code.co_name)

    sys.setprofile(note)
    try:
        action()
    finally:
        sys.setprofile(None)
    return names


@pytest.mark.parametrize("batches", [1, 3])
def test_no_python_runs_when_an_iterator_goes(tmp_path, native, batches):
    """In the middle of an epoch: a signal's exception would be printed and lost. Its threads end all the same."""
    (tmp_path / "a.jpg").write_bytes(images.jpeg(images.picture(200, 300)))
    dataset = FastTxtDataset.from_samples(["a.jpg"] * 64, [0] * 64, 64, 64, image_dir=tmp_path)
    before = threading.active_count()
    held = [iter(DataLoader(dataset, 4, num_workers=2, prefetch_factor=3))]
    for _ in range(batches):
        next(held[0])
    assert python_calls(held.clear) == []
    until = time.monotonic() + 30
    while threading.active_count() > before and time.monotonic() < until:
        time.sleep(0.01)
    assert threading.active_count() <= before
