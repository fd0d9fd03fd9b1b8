"""Slots: worker processes' batches come in shared memory that is used again, never while somebody holds it."""

from __future__ import annotations

import errno
import gc
import os
import resource
import signal
import subprocess
import sys
import threading

import numpy as np
import pytest
import torch
from shared import in_slot
from torch.utils.data import DataLoader, Dataset

import pixfeed
from pixfeed import memory
from pixfeed.memory import shared_batches, shared_memory

SHAPE = (2, 3, 128, 128)  # of a batch; float32
CONTEXTS = ["fork", "spawn", "forkserver"]


class Filled(Dataset):
    """Batch i is full of i."""

    def __init__(self, length: int, shape: tuple[int, ...] = SHAPE):
        self.length, self.shape = length, shape

    def __len__(self):
        return self.length

    def __getitem__(self, i):
        return memory.empty(self.shape, torch.float32).fill_(i), torch.tensor([i, -i])


def load(length: int = 40, dataset=None, **options) -> DataLoader:
    dataset = Filled(length) if dataset is None else dataset
    return DataLoader(dataset, batch_size=None, **{"num_workers": 2, "multiprocessing_context": "fork", **options})


def check(batch, i: int) -> None:
    images, labels = batch
    assert type(images) is type(labels) is torch.Tensor
    assert images.shape == SHAPE and (images == i).all() and labels.tolist() == [i, -i]


def descriptors() -> int:
    return len(os.listdir("/proc/self/fd"))


# Memory comes back, but never too early.


@pytest.mark.slow
@pytest.mark.parametrize("context", CONTEXTS)
@pytest.mark.parametrize("epochs", [1, 3])
def test_memory_is_used_again(context, epochs):
    loader = load(multiprocessing_context=context, persistent_workers=epochs > 1)
    for _ in range(epochs):
        pointers, kept = set(), []
        for i, batch in enumerate(loader):
            check(batch, i)
            assert in_slot(batch[0]) and not in_slot(batch[1]) and not batch[0].is_shared()
            pointers.add(batch[0].data_ptr())
            if i < 5:
                kept.append(batch)
        for i, batch in enumerate(kept):
            check(batch, i)
        # Those that are kept, those in flight (2 a worker), one here, and one in the making a worker: not one a batch.
        assert len(pointers) <= 5 + 4 + 1 + 2 + 2
    del loader
    gc.collect()
    assert not shared_batches._borrowed
    for i, batch in enumerate(kept):
        check(batch, i)


@pytest.mark.slow
@pytest.mark.parametrize(
    "view",
    [
        lambda t: t[1],
        lambda t: t.unbind(0)[1],
        lambda t: t.numpy()[1],
        lambda t: t.permute(0, 2, 3, 1)[1],
        lambda t: torch.from_numpy(t[1].numpy()),
        lambda t: t.detach()[1],
        lambda t: memoryview(t.numpy()),
    ],
)
def test_any_view_keeps_it(view):
    batches = iter(load(60))
    held = view(next(batches)[0])
    for i, batch in enumerate(batches, 1):
        check(batch, i)
    assert (np.asarray(held) == 0).all()


@pytest.mark.slow
def test_who_keeps_everything_gets_fresh_memory():
    before = descriptors()
    batches = list(load(300))
    after = descriptors()
    assert after <= before + 20
    assert len({images.data_ptr() for images, _ in batches}) == 300
    for i, batch in enumerate(batches):
        check(batch, i)


@pytest.mark.slow
def test_a_worker_that_keeps_its_batch():
    """Nor is a slot used again while a tensor in the worker process holds it."""
    for i, (images, first) in enumerate(load(60, dataset=Keeping(60), num_workers=1)):
        assert (images == i).all() and (first == 0).all()


class Keeping(Filled):
    first = None

    def __getitem__(self, i):
        images, _ = super().__getitem__(i)
        if self.first is None:
            self.first = images
        return images, self.first


def test_a_forked_child_keeps_what_it_has():
    """What this process holds when it forks is the child's, too, who cannot say when it lets go."""
    batches = iter(load(100))
    batch = next(batches)
    ready, tell = os.pipe()
    child = os.fork()
    if child == 0:
        os.read(ready, 1)
        os._exit(0 if (batch[0].numpy() == 0).all() else 1)  # torch's threads are not here
    del batch
    for i, other in enumerate(batches, 1):
        check(other, i)
        del other
    os.write(tell, b"!")
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    os.close(ready), os.close(tell)


def test_in_a_thread():
    """As torch's pin_memory thread reads batches."""
    seen = []

    def read():
        for i, batch in enumerate(load()):
            check(batch, i)
            seen.append(i)

    thread = threading.Thread(target=read)
    thread.start()
    thread.join()
    assert len(seen) == 40


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


# Any tensor, any queue.

KINDS = {
    "part": lambda i: memory.empty(SHAPE, torch.float32).fill_(i)[:, 1],
    "flipped": lambda i: memory.empty(SHAPE, torch.float32).fill_(i).permute(3, 0, 1, 2),
    "parts": lambda i: list(memory.empty(SHAPE, torch.float32).fill_(i)),
    "large": lambda i: torch.full(SHAPE, i, dtype=torch.int16),
    "channels last": lambda i: torch.full(SHAPE, i).to(memory_format=torch.channels_last),
    "small channels last": lambda i: torch.full((1, 2, 3, 3), i).to(memory_format=torch.channels_last),
    "bfloat16": lambda i: torch.full((3, 5), i, dtype=torch.bfloat16),
    "bool": lambda i: torch.full((3, 5), i % 2 == 1),
    "complex": lambda i: torch.full((3,), i * 1j),
    "number": lambda i: torch.tensor(i),
    "empty": lambda i: torch.empty(0, i),
    "empty of numpy": lambda i: torch.from_numpy(np.zeros((3, 4))[np.zeros(3, bool)]),  # all strides are 0
    "one of many": lambda i: torch.tensor(i).expand(1),
    "a column of one": lambda i: torch.full((9, 5), i)[::9, 2],
    "expanded": lambda i: torch.full((1, 3), i).expand(4, 3),
    "gradient": lambda i: memory.empty(SHAPE, torch.float32).fill_(i).requires_grad_(),
    "parameter": lambda i: torch.nn.Parameter(torch.full((3,), float(i))),
    "twice": lambda i: [memory.empty(SHAPE, torch.float32).fill_(i)] * 2,
}


class Kind(Dataset):
    def __init__(self, make):
        self.make = make

    def __len__(self):
        return 20

    def __getitem__(self, i):
        shared_batches.lend()
        return self.make(i)


@pytest.mark.parametrize("kind", KINDS)
def test_tensors_of_all_kinds(kind):
    for i, result in enumerate(load(dataset=Kind(KINDS[kind]), num_workers=1)):
        expected = KINDS[kind](i)
        pairs = zip(result, expected, strict=True) if isinstance(expected, list) else [(result, expected)]
        for got, wanted in pairs:
            assert type(got) is type(wanted) and got.dtype == wanted.dtype and got.requires_grad == wanted.requires_grad
            assert got.shape == wanted.shape and torch.equal(got, wanted)
            assert got.stride() == wanted.stride() or got.numel() < 2


def test_parts_of_one_tensor_stay_parts_of_one():
    for first, second in load(dataset=Kind(KINDS["parts"]), num_workers=1):
        assert second.data_ptr() == first.data_ptr() + first.nbytes
    for first, second in load(dataset=Kind(KINDS["twice"]), num_workers=1):
        assert first is second


def test_what_is_shared_stays_shared():
    counter = torch.zeros(1).share_memory_()
    for i, (images, same) in enumerate(load(dataset=Counting(counter), num_workers=1)):
        assert (images == i).all() and same.is_shared()
    assert counter.item() == 40


class Counting(Filled):
    def __init__(self, counter):
        super().__init__(40)
        self.counter = counter

    def __getitem__(self, i):
        self.counter += 1
        return super().__getitem__(i)[0], self.counter


class Telling(Filled):
    """Puts its batches into a queue of the user's as well."""

    def __init__(self, queue):
        super().__init__(40)
        self.queue = queue

    def __getitem__(self, i):
        batch = super().__getitem__(i)
        self.queue.put(batch)
        return batch


@pytest.mark.slow
@pytest.mark.parametrize("context", CONTEXTS)
def test_a_queue_of_the_users(context):
    queue = torch.multiprocessing.get_context(context).Queue()
    told = []
    loader = load(dataset=Telling(queue), num_workers=1, multiprocessing_context=context)
    for i, batch in enumerate(loader):
        check(batch, i)
        told.append(queue.get(timeout=60))
        assert not in_slot(told[-1][0])
    for i, batch in enumerate(told):
        check(batch, i)


def test_a_batch_that_is_sent_on():
    context = torch.multiprocessing.get_context("fork")
    there, back = context.Queue(), context.Queue()
    process = context.Process(target=echo, args=(there, back))
    process.start()
    for i, batch in enumerate(load()):
        there.put(batch)
        del batch
        check(back.get(timeout=60), i)
    there.put(None)
    process.join()


def echo(there, back):
    torch.set_num_threads(1)  # this process's parent had more, which are not here
    for batch in iter(there.get, None):
        back.put([part.clone() for part in batch])
    back.close()
    back.join_thread()


# The worker's side, in this process.


@pytest.fixture
def lender():
    return shared_batches._Lender()


def cross(lender, tensor):
    shared_batches._collect()  # as whenever something is received
    function, arguments = lender.reduce(tensor)
    return function(*arguments)


def test_sizes_share_slots(lender):
    """Batches that pad_collate makes are never quite of one size."""
    pointers = set()
    for size in range(1_000_000, 1_030_000, 1000):
        tensor = lender.empty(size)
        assert tensor.nbytes == size
        pointers.add(tensor.data_ptr())
        del tensor
    assert len(pointers) <= 2


def test_no_ticket_is_left(lender, monkeypatch):
    monkeypatch.setattr(shared_batches, "_BYTES", shared_batches._FIRST + 3)
    tensor = lender.empty(100_000)
    here = [cross(lender, tensor) for _ in range(3)]
    assert lender.reduce(tensor) is None
    here.pop()
    here.append(cross(lender, tensor))
    assert lender.reduce(tensor) is None
    assert all(other.data_ptr() == here[0].data_ptr() for other in here)


def test_the_last_holder_counts(lender):
    tensor = lender.empty(100_000)
    address = tensor.data_ptr()
    one, other = cross(lender, tensor), cross(lender, tensor)
    for last in (1, 2, 3):
        assert lender.empty(100_000).data_ptr() != address
        if last == 1:
            del tensor
        elif last == 2:
            del one
        else:
            del other
        shared_batches._collect()
    again = [lender.empty(100_000) for _ in range(2)]
    assert address in [t.data_ptr() for t in again]
