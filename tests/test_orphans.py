"""Worker processes end with the main process, whatever becomes of it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import images
import pytest

CODE = """
import multiprocessing, os, signal, sys, time, pixfeed
method, hangs = sys.argv[1:]
def main():
    multiprocessing.set_forkserver_preload(["pixfeed"])
    dataset = pixfeed.FastTxtDataset.from_samples(["a.png"] * 4000, [0] * 4000, 8, 8)
    loader = pixfeed.DataLoader(dataset, 4, num_workers=3, multiprocessing_context=method, workers="process")
    batches = iter(loader)
    for _ in range(3):  # one from each: all have started
        next(batches)
    workers = [worker.pid for worker in batches._workers]
    if hangs == "stopped":
        os.kill(workers[1], signal.SIGSTOP)
    print(*workers, flush=True)
    time.sleep(600)
if __name__ == "__main__":
    main()
"""


def state(process: int) -> str:
    """``""`` if there is no such process, or nobody but its parent cares."""
    try:
        with open(f"/proc/{process}/stat") as file:
            letter = file.read().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return ""
    return "" if letter in "ZX" else letter


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="it is the kernel of Linux that does it")
@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGTERM])
@pytest.mark.parametrize("hangs", ["none", "stopped"])
@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_workers_end_when_the_main_process_is_killed(tmp_path, method, hangs, end):
    (tmp_path / "a.png").write_bytes(images.png(images.picture(8, 8)))
    (tmp_path / "main.py").write_text(CODE)
    command = [sys.executable, "main.py", method, hangs]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=tmp_path) as process:
        workers = [int(number) for number in process.stdout.readline().split()]
        try:
            assert len(workers) == 3 and all(map(state, workers))
            process.send_signal(end)
            process.wait()
            until = time.monotonic() + 20
            while any(map(state, workers)) and time.monotonic() < until:
                time.sleep(0.1)
            assert [state(worker) for worker in workers] == ["", "", ""]
        finally:
            process.kill()
            for worker in workers:
                if state(worker):
                    os.kill(worker, signal.SIGKILL)
