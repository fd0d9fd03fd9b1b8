"""Slots where there is not enough: descriptors, memory, and processes that end."""

from __future__ import annotations

import errno
import gc
import os
import resource
import signal
import subprocess
import sys

import numpy as np
import pytest
import torch
from filled_batches import check, descriptors, load
from shared import in_slot
from torch.utils.data import DataLoader, Dataset

import pixfeed
from pixfeed import memory
from pixfeed.memory import shared_batches, shared_memory

# A constant number of descriptors.

MANY = """
import os, resource, sys, torch, pixfeed
resource.setrlimit(resource.RLIMIT_NOFILE, (256, 256))
folder, keep = sys.argv[1], int(sys.argv[2])
dataset = pixfeed.FastTxtDataset(folder + "/train.txt", folder, 160, 160, repeat=150, dtype=torch.uint8)
expected = torch.stack([dataset[i][0] for i in range(8)])
kept, counts = [], set()
for step, (images, labels) in enumerate(torch.utils.data.DataLoader(dataset, 1, num_workers=2)):
    assert labels.tolist() == [[step % 8, 7]] and torch.equal(images[0], expected[step % 8])
    if step % 10 == 5 and len(kept) < keep:
        kept.append((step, images, labels))
    if step % 50 == 49 and step > 300:
        counts.add(len(os.listdir("/proc/self/fd")))
assert step == 1199 and len(kept) == keep
for step, images, labels in kept:
    assert labels.tolist() == [[step % 8, 7]] and torch.equal(images[0], expected[step % 8])
assert max(counts) <= min(counts) + 1, counts  # one while os.listdir looks, or a slot is on its way
"""


@pytest.mark.slow
@pytest.mark.parametrize("keep", [0, 100])
def test_many_batches_and_few_descriptors(tmp_path, keep):
    import images

    for i in range(8):
        (tmp_path / f"{i}.png").write_bytes(images.png(images.picture(16, 20 + i, seed=i)))
    (tmp_path / "train.txt").write_text("".join(f"{i}.png {i} 7\n" for i in range(8)))
    subprocess.run([sys.executable, "-c", MANY, tmp_path, str(keep)], check=True, timeout=600)


class Mixed(Dataset):
    """A sample of everything that default_collate stacks."""

    def __len__(self):
        return 1200

    def __getitem__(self, i):
        few = np.full(3, i)
        return np.full((3, 96, 96), i), torch.from_numpy(few), few, torch.tensor(i), np.float32(i), i, float(i), i > 5


@pytest.mark.slow
@pytest.mark.parametrize("backend_", ["native", "opencv"])
def test_nothing_that_default_collate_makes_takes_a_descriptor(monkeypatch, backend_):
    monkeypatch.setenv("PIXFEED_BACKEND", backend_)
    loader = DataLoader(Mixed(), 4, num_workers=2, multiprocessing_context="spawn", collate_fn=pixfeed.default_collate)
    before, kept = descriptors(), []
    for batch in loader:
        for part in batch:
            assert part.shape[0] == 4 and not part.is_shared()
        kept.append(batch[1:])
    assert descriptors() <= before + 20
    for step, batch in enumerate(kept):
        rows = list(range(4 * step, 4 * step + 4))
        assert batch[0].tolist() == batch[1].tolist() == [[i] * 3 for i in rows]
        assert [part.tolist() for part in batch[2:]] == [rows, rows, rows, rows, [i > 5 for i in rows]]


# There is not enough.


def full(*_):
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def no_file_may_grow(_):
    resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 16, 1 << 16))


def fail(loader: DataLoader, match: str) -> None:
    batches = iter(loader)
    with pytest.raises(MemoryError, match=match):
        next(batches)
    batches._shutdown_workers()  # rather than whenever the traceback's cycle is collected


NEEDS = r"a batch of a worker process needs 0\.4 MB of shared memory, and \d+\.\d MB of (memory|/dev/shm) are free"


def test_full_memory_is_an_error(monkeypatch):
    monkeypatch.setattr(os, "posix_fallocate", full)
    monkeypatch.setattr(shared_batches, "_BYTES", 0)
    fail(load(), r"needs 0\.0 MB.*free \(No space left on device\); .*fewer workers")


def test_a_limit_of_the_system(monkeypatch):
    fail(load(worker_init_fn=no_file_may_grow), NEEDS + r" \(File too large\); .*prefetch_factor")


class Huge(Dataset):
    def __len__(self):
        return 1

    def __getitem__(self, i):
        return memory.empty((1 << 50,), torch.uint8)


@pytest.mark.parametrize("memfd", [True, False])
def test_more_than_there_is(monkeypatch, memfd):
    if not memfd:
        monkeypatch.delattr(os, "memfd_create")
    where, remedy = ("memory", "give .* more memory") if memfd else ("/dev/shm", "make .*docker run --shm-size")
    fail(load(dataset=Huge()), rf"needs 1125899906\.8 MB of .* MB of {where} are free .*; {remedy}")


@pytest.mark.serial  # it looks who has left something in /dev/shm
def test_without_memfd(monkeypatch):
    monkeypatch.delattr(os, "memfd_create")
    names = set(os.listdir(shared_memory.FOLDER))
    for i, batch in enumerate(load()):
        check(batch, i)
        assert in_slot(batch[0])
        assert not [name for name in set(os.listdir(shared_memory.FOLDER)) - names if not name.startswith("sem.")]


# Processes end.


@pytest.mark.slow
@pytest.mark.serial  # it looks who has left something in /dev/shm
def test_a_loader_that_is_dropped():
    names = set(os.listdir("/dev/shm"))
    for _ in range(3):
        batches = iter(load())
        batch = next(batches)
        check(batch, 0)
        del batches
        gc.collect()
        assert not shared_batches._borrowed
        check(batch, 0)
    assert set(os.listdir("/dev/shm")) <= names


@pytest.mark.serial  # it looks who has left something in /dev/shm
def test_a_worker_that_is_killed():
    names = set(os.listdir("/dev/shm"))
    batches = iter(load(1000))
    kept = [next(batches) for _ in range(5)]
    os.kill(batches._workers[0].pid, signal.SIGKILL)
    with pytest.raises(RuntimeError, match=r"DataLoader worker .*(killed by signal|exited unexpectedly)"):
        for _ in batches:
            pass
    del batches
    gc.collect()
    assert not shared_batches._borrowed
    for i, batch in enumerate(kept):
        check(batch, i)
    assert set(os.listdir("/dev/shm")) <= names


@pytest.mark.slow
def test_idle_memory_has_a_limit():
    """Slots that a worker process gives up are given up here, too."""
    known = []
    for i, batch in enumerate(load(60, worker_init_fn=keep_nothing)):
        check(batch, i)
        known.append(sum(len(borrowed._slots) for borrowed in shared_batches._borrowed.values()))
    assert max(known) <= 12


def keep_nothing(_):
    memory.set_limit(0)
