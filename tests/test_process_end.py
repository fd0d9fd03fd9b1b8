"""Processes end well, whatever their loader is doing."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time

import pytest
from loaders import COUNT, write_pictures


@pytest.fixture
def folder(tmp_path):
    return write_pictures(tmp_path, COUNT)


def run(code: str, folder, **options) -> subprocess.CompletedProcess:
    head = f"""
        import os, sys, time, threading, torch, pixfeed
        dataset = pixfeed.FastTxtDataset({str(folder / "train.txt")!r}, {str(folder)!r}, 32, 24, repeat=200)
        loader = pixfeed.DataLoader(dataset, 5, num_workers=2)
    """
    text = textwrap.dedent(head) + textwrap.dedent(code)
    return subprocess.run([sys.executable, "-c", text], text=True, capture_output=True, timeout=60, **options)


@pytest.mark.slow
@pytest.mark.parametrize(
    "code",
    [
        "next(iter(loader))",
        "it = iter(loader); next(it)",
        "it = iter(loader); next(it); sys.exit(3)",
        "it = iter(loader)\nthread = threading.Thread(target=lambda: [next(it) for _ in range(5)]); thread.start()",
        "its = [iter(loader) for _ in range(3)]\nfor it in its: next(it)\ndel its",
        "it = iter(loader); next(it)\nif os.fork() == 0:\n    next(iter(loader)); os._exit(0)\nos.wait(); next(it)",
        "raise SystemExit(3)",
    ],
)
def test_exit_with_batches_in_flight(folder, code):
    result = run(code, folder)
    assert result.returncode == (3 if "3)" in code and "exit" in code.lower() else 0), result.stderr
    assert not result.stderr


@pytest.mark.slow
@pytest.mark.serial  # within a second the process has to be where it is interrupted
@pytest.mark.parametrize("end", ["os._exit(0)", "sys.exit(0)"])
def test_ctrl_c_is_answered(folder, end):
    """While the loader waits for images that do not come: a pipe that nobody writes to. The process can end then."""
    os.mkfifo(folder / "pipe")
    (folder / "stuck.txt").write_text("pipe 0\n")
    code = f"""
        stuck = pixfeed.FastTxtDataset({str(folder / "stuck.txt")!r}, {str(folder)!r}, 8, 8)
        print("ready", flush=True)
        try:
            next(iter(pixfeed.DataLoader(stuck, 1, num_workers=1)))
        except KeyboardInterrupt:
            print("interrupted", flush=True)
            {end}
    """
    head = "import os, sys, torch, pixfeed\n"
    command = [sys.executable, "-c", head + textwrap.dedent(code)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "ready\n"
        time.sleep(1)
        process.send_signal(signal.SIGINT)
        try:
            assert process.communicate(timeout=30)[0] == "interrupted\n"
        finally:
            process.kill()  # or it would be waited for
    assert process.returncode == 0


@pytest.mark.slow
def test_a_forked_child_needs_an_iterator_of_its_own(folder):
    code = """
        it = iter(loader); next(it)
        if os.fork() == 0:
            try:
                next(it)
            except RuntimeError as error:
                os._exit(7 if "call iter(loader) in the child" in str(error) else 1)
            os._exit(1)
        assert os.waitstatus_to_exitcode(os.wait()[1]) == 7
        next(it)
    """
    assert run(code, folder).returncode == 0


@pytest.mark.slow
def test_the_process_ends_well_after_a_loop_that_was_left(folder):
    """Its threads are in the middle of a batch then, and nobody holds the iterator any more."""
    code = f"""
        dataset = pixfeed.FastTxtDataset({str(folder / "train.txt")!r}, {str(folder)!r}, 256, 256, repeat=200)
        loader = pixfeed.DataLoader(dataset, 64, num_workers=2)
        for _ in range(12):  # children: each is a process's end, without its beginning
            if os.fork() == 0:
                for batch in loader:
                    break
                sys.exit()
            assert os.waitstatus_to_exitcode(os.wait()[1]) == 0
    """
    result = run(code, folder)
    assert result.returncode == 0, result.stderr


@pytest.mark.slow
def test_a_daemon_thread_does_not_abort_the_process(folder):
    """Python ends it when it wants the GIL back. (torch's own functions do abort.)"""
    code = f"""
        path = {str(folder / "0.jpg")!r}
        def read():
            while True:
                pixfeed.imread(path)
        for _ in range(4):
            threading.Thread(target=read, daemon=True).start()
        time.sleep(0.2)
    """
    result = run(code, folder)
    assert result.returncode == 0, result.stderr
