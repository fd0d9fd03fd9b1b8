"""File descriptor 2: codecs print nothing, and nobody else's lines are lost."""

from __future__ import annotations

import contextlib
import gc
import os
import subprocess
import sys
import threading
import time
from collections import deque

import cv2
import images
import numpy as np
import pytest

import pixfeed
from pixfeed.backends import quietly
from pixfeed.backends.quiet_thread import QuietThread

GOOD = images.jpeg(images.picture(200, 300))
WARNS = GOOD[: 2 * len(GOOD) // 3] + b"\xff\xd9"  # libjpeg warns of it, though its markers are sound
IRREGULAR = GOOD[: 2 * len(GOOD) // 3]


@pytest.fixture
def no_quiet_threads(monkeypatch):
    """As on a system that does not allow them."""
    monkeypatch.setattr(quietly, "_are_allowed", False)
    monkeypatch.setattr(quietly, "_idle", {"imdecode": deque(), "imread": deque()})


@pytest.fixture
def quiet_threads():
    if not QuietThread(cv2.imdecode).is_quiet:
        pytest.skip("the system does not allow quiet threads")


@pytest.mark.parametrize("data", [GOOD, WARNS, IRREGULAR], ids=["sound", "warns", "irregular"])
def test_lines_of_other_threads_arrive(data, backend, quiet_threads, capfd):
    """All of them, at once, while pictures are decoded. The process's descriptor is never touched."""
    end, written = threading.Event(), 0
    before = os.stat("/proc/self/fd/2").st_ino
    changed = []

    def read() -> None:
        while not end.is_set():
            with contextlib.suppress(pixfeed.ImageError):
                pixfeed.imread(data, backend=backend)

    def watch() -> None:
        while not end.is_set():
            changed.append(os.stat("/proc/self/fd/2").st_ino != before)

    threads = [threading.Thread(target=read) for _ in range(2)] + [threading.Thread(target=watch)]
    for thread in threads:
        thread.start()
    while written < 300:
        os.write(2, b"somebody else\n")
        written += 1
        if written % 30 == 0:
            subprocess.run([sys.executable, "-c", "import os; os.write(2, b'a child\\n')"], check=True)
    end.set()
    for thread in threads:
        thread.join()
    lines = capfd.readouterr().err.splitlines()
    assert lines.count("somebody else") == 300 and lines.count("a child") == 10 and len(lines) == 310
    assert not any(changed)


def test_a_sound_file_redirects_nothing(no_quiet_threads, monkeypatch, capfd):
    def refuse(*_):
        raise AssertionError("descriptor 2 is redirected")

    monkeypatch.setattr(quietly, "_redirected", refuse)
    for data in (GOOD, images.png(images.picture(9, 9)), images.pillow(images.picture(9, 9), "BMP")):
        pixfeed.imread(data, backend="opencv")
    with pytest.raises(AssertionError, match="redirected"):
        pixfeed.imread(IRREGULAR, backend="opencv")


def test_a_file_with_a_sound_header_is_checked(no_quiet_threads, monkeypatch, capfd):
    """The checksums of a PNG tell that libpng will print something; OpenCV's log is off, and as it was afterwards."""
    level = quietly.log_of(cv2).getLogLevel()
    data = bytearray(images.png(images.picture(30, 40)))
    data[200] ^= 1
    gif = images.pillow(images.picture(30, 40), "GIF")
    for bad in (bytes(data), gif[:200] + bytes(50) + gif[250:-100] + b";"):
        with contextlib.suppress(pixfeed.ImageError):
            pixfeed.imread(bad, backend="opencv")
    assert capfd.readouterr() == ("", "")
    assert quietly.log_of(cv2).getLogLevel() == level


def test_an_irregular_file_prints_nothing(no_quiet_threads, capfd):
    for data in (IRREGULAR, b"BM" + bytes(60), b"GIF89a" + bytes(20), b"\xff\x4f\xff\x51" + bytes(60)):
        with pytest.raises(pixfeed.ImageError):
            pixfeed.imread(data, backend="opencv")
    with pytest.raises(pixfeed.ImageError, match="Corrupt JPEG data"):
        pixfeed.imread(WARNS, strict=True, backend="opencv")
    assert capfd.readouterr() == ("", "")


def test_what_is_not_certainly_a_codecs_is_passed_on(capfd):
    """Where the descriptor that is redirected is everybody's."""
    others = "somebody else\n> a quotation\n\n[ERROR:0] of a service\nlibpng is fine\nCorrupt JPEG data in a.jpg\n"
    said = []
    with quietly._redirected(said):
        os.write(2, b"Corrupt JPEG data: 3 extraneous bytes before marker 0xd9\n" + others.encode())
        os.write(2, b"[ WARN:0@0.2] global grfmt_gif.cpp:1 readData\nlibpng warning: sBIT: invalid\n")
    assert [line.split(":")[0] for line in said] == ["Corrupt JPEG data", "[ WARN", "libpng warning"]
    assert capfd.readouterr().err == others


def test_a_quiet_thread_says_what_its_codec_says(quiet_threads, capfd):
    thread = QuietThread(cv2.imdecode)
    for data, said in ((WARNS, ("Corrupt JPEG data: premature end of data segment",)), (GOOD, ())):
        image, lines = thread.call(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
        assert image.shape == (200, 300, 3) and lines == said
    with pytest.raises(cv2.error):
        thread.call(np.empty(0, np.uint8), cv2.IMREAD_COLOR)
    assert thread.call(np.frombuffer(GOOD, np.uint8), cv2.IMREAD_COLOR)[0] is not None  # it goes on working
    assert capfd.readouterr() == ("", "")


def wait_for_threads(count: int) -> None:
    until = time.monotonic() + 2
    while threading.active_count() > count and time.monotonic() < until:
        time.sleep(0.01)


def test_a_quiet_thread_keeps_no_descriptor_and_ends(quiet_threads):
    """A copy of a pipe would keep its reader waiting."""
    quietly._idle["imdecode"].clear()
    quietly._idle["imread"].clear()
    wait_for_threads(1)
    files, others = set(os.listdir("/proc/self/fd")), set(threading.enumerate())
    reader, writer = os.pipe()
    thread = QuietThread(cv2.imdecode)
    os.close(writer)
    assert os.read(reader, 1) == b""
    os.close(reader)
    own = set(threading.enumerate()) - others
    assert own
    del thread
    for each in own:
        each.join(10)
    assert not any(each.is_alive() for each in own) and set(os.listdir("/proc/self/fd")) <= files


def test_no_garbage_is_collected_in_a_quiet_thread(quiet_threads):
    """A finalizer could close a file in there, which would stay open everywhere else."""
    others = set(threading.enumerate())  # one of another test may be about to end, which allocates
    where: set[threading.Thread] = set()
    before, callback = gc.get_threshold(), lambda *_: where.add(threading.current_thread())
    gc.callbacks.append(callback)
    gc.set_threshold(1)
    try:
        for decode, found in ((cv2.imdecode, False), (lambda *_: [[] for _ in range(9)], True)):
            thread = QuietThread(decode)
            for _ in range(100):
                thread.call(np.frombuffer(GOOD, np.uint8), cv2.IMREAD_COLOR)
            assert ("pixfeed-imdecode" in {each.name for each in where - others}) == found
    finally:
        gc.set_threshold(*before)
        gc.callbacks.remove(callback)


def test_pictures_are_right_and_silent_on_many_threads(backend, capfd):
    expected = pixfeed.imread(WARNS, backend=backend)
    wrong = []

    def read() -> None:
        for _ in range(20):
            wrong.append(not np.array_equal(pixfeed.imread(WARNS, backend=backend), expected))

    threads = [threading.Thread(target=read) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(wrong) == 80 and not any(wrong)
    assert capfd.readouterr() == ("", "")
