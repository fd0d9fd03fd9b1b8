"""DataLoader: torch's semantics, whoever does the work."""

from __future__ import annotations

import gc
import os
import pickle
import signal
import subprocess
import sys
import textwrap
import threading
import time
from concurrent.futures import CancelledError

import images
import pytest
import torch
from torch.utils.data import (
    BatchSampler,
    ConcatDataset,
    DistributedSampler,
    IterableDataset,
    RandomSampler,
    Subset,
    TensorDataset,
    WeightedRandomSampler,
)
from torch.utils.data import DataLoader as TorchLoader

import pixfeed
from pixfeed import DataLoader, FastTxtDataset, ImageError, context
from pixfeed import transforms as T
from pixfeed.loading import threads_iter
from pixfeed.loading.fetch_threads import FetchThreads
from pixfeed.loading.threads_iter import ThreadsIter

COUNT = 23


@pytest.fixture
def folder(tmp_path):
    for i in range(COUNT):
        (tmp_path / f"{i}.jpg").write_bytes(images.jpeg(images.picture(40 + i, 50, seed=i)))
    (tmp_path / "train.txt").write_text("".join(f"{i}.jpg {i}\n" for i in range(COUNT)))
    return tmp_path


@pytest.fixture
def dataset(folder, backend) -> FastTxtDataset:
    return FastTxtDataset(folder / "train.txt", folder, 32, 24, backend=backend)


def rows(loader) -> list[list[int]]:
    return [labels[:, 0].tolist() for _, labels in loader]


def seeded(seed: int = 3) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


WAYS = {
    "main": dict(num_workers=0),
    "1 thread": dict(num_workers=1),
    "2 threads": dict(num_workers=2),
    "8 threads": dict(num_workers=8, prefetch_factor=3),
    "fork": dict(num_workers=2, workers="process", multiprocessing_context="fork"),
}
SPAWN = dict(num_workers=2, workers="process", multiprocessing_context="spawn")  # a process takes seconds to start


@pytest.fixture(params=WAYS, ids=str)
def way(request) -> dict:
    return WAYS[request.param]


def test_same_batches_in_every_way(dataset, way):
    expected = list(TorchLoader(dataset, 5, shuffle=True, generator=seeded()))
    got = list(DataLoader(dataset, 5, shuffle=True, generator=seeded(), **way))
    assert len(got) == len(expected)
    for ours, theirs in zip(got, expected, strict=True):
        assert type(ours) is type(theirs) is list
        assert all(torch.equal(a, b) for a, b in zip(ours, theirs, strict=True))


@pytest.mark.slow
def test_spawned_workers(dataset):
    test_same_batches_in_every_way(dataset, SPAWN)


def test_it_is_a_dataloader(dataset):
    loader = DataLoader(dataset, 5, num_workers=2)
    assert isinstance(loader, TorchLoader) and isinstance(iter(loader), ThreadsIter)
    assert len(loader) == 5 and loader.batch_size == 5 and loader.num_workers == 2 and loader.prefetch_factor == 2
    with pytest.raises(ValueError, match="should not be set"):
        loader.batch_size = 7


ORDERS = {
    "sequential": lambda d: dict(batch_size=4),
    "shuffled": lambda d: dict(batch_size=4, shuffle=True),
    "drop_last": lambda d: dict(batch_size=4, shuffle=True, drop_last=True),
    "sequential drop_last": lambda d: dict(batch_size=4, drop_last=True),
    "exact": lambda d: dict(batch_size=COUNT, shuffle=True),
    "larger": lambda d: dict(batch_size=100),
    "larger drop_last": lambda d: dict(batch_size=100, drop_last=True),
    "replacement": lambda d: dict(batch_size=4, sampler=RandomSampler(d, True, 50, generator=seeded())),
    "more samples": lambda d: dict(batch_size=4, sampler=RandomSampler(d, num_samples=60, generator=seeded())),
    "own generator": lambda d: dict(batch_size=4, sampler=RandomSampler(d, generator=seeded(9))),
    "weighted": lambda d: dict(
        batch_size=4, sampler=WeightedRandomSampler(range(1, COUNT + 1), 30, generator=seeded())
    ),
    "list": lambda d: dict(batch_size=4, sampler=[5, 3, 3, 1, 0]),
    "batches": lambda d: dict(batch_sampler=[[1, 2], [3], [], [4, 5, 6]][:2]),
    "batch sampler": lambda d: dict(batch_sampler=BatchSampler(RandomSampler(d, generator=seeded()), 6, False)),
    "distributed": lambda d: dict(batch_size=4, sampler=DistributedSampler(d, 2, 1, shuffle=True, seed=5)),
}


@pytest.mark.slow
@pytest.mark.parametrize("workers", [0, 2])
@pytest.mark.parametrize("order", ORDERS)
def test_order_is_torchs(dataset, order, workers):
    """For three epochs, from the loader's generator, a sampler's own, or the global one."""
    for generator in (lambda: {}, lambda: dict(generator=seeded())):
        results = []
        for make in (TorchLoader, DataLoader):
            torch.manual_seed(7)
            loader = make(
                dataset, **ORDERS[order](dataset), **generator(), num_workers=workers if make is DataLoader else 0
            )
            epochs = []
            for epoch in range(3):
                if order == "distributed" and make is TorchLoader:
                    loader.sampler.set_epoch(epoch)  # ours does so by itself
                epochs.append(rows(loader))
            results.append(epochs)
        assert results[0] == results[1]


def test_who_tells_the_epoch_is_respected(dataset):
    sampler = DistributedSampler(dataset, 2, 0, shuffle=True)
    loader = DataLoader(dataset, 4, sampler=sampler, num_workers=2)
    first, second = rows(loader), rows(loader)
    assert first != second and sampler.epoch == 1
    sampler.set_epoch(0)
    assert rows(loader) == first and sampler.epoch == 0


@pytest.mark.parametrize("wrap", [lambda d: Subset(d, [4, 2, 9, 11]), lambda d: ConcatDataset([d, Subset(d, [1, 2])])])
def test_wrapped_datasets(dataset, wrap, way):
    expected = list(TorchLoader(wrap(dataset), 3))
    got = list(DataLoader(wrap(dataset), 3, **way))
    for ours, theirs in zip(got, expected, strict=True):
        assert all(torch.equal(a, b) for a, b in zip(ours, theirs, strict=True))


def test_without_batches(dataset, way):
    got = list(DataLoader(dataset, batch_size=None, **way))
    assert len(got) == COUNT
    for i, (image, label) in enumerate(got):
        assert torch.equal(image, dataset[i][0]) and isinstance(label, torch.Tensor) and label.tolist() == [i]


def test_pictures_of_their_own_size(folder, backend, way):
    dataset = FastTxtDataset(folder / "train.txt", folder, None, None, backend=backend)
    for i, (image, _) in enumerate(DataLoader(dataset, 1, **way)):
        assert torch.equal(image[0], dataset[i][0])


def test_what_threads_cannot_do_goes_torchs_way(dataset):
    class Own(FastTxtDataset):
        def __getitem__(self, index):
            return super().__getitem__(index)

    own = Own(dataset.files.filename, dataset.image_dir)
    for options in (
        dict(dataset=TensorDataset(torch.arange(5))),
        dict(dataset=own),
        dict(dataset=dataset, collate_fn=list),
        dict(dataset=dataset, worker_init_fn=print),
        dict(dataset=dataset, num_workers=0),
    ):
        options = {"num_workers": 1, **options}
        assert not isinstance(iter(DataLoader(**options)), ThreadsIter)
        with pytest.raises(ValueError, match="workers='thread' is not possible"):
            DataLoader(**options, workers="thread")
    with pytest.raises(ValueError, match="workers is 'fibers'"):
        DataLoader(dataset, workers="fibers")


class Counting(IterableDataset):
    def __iter__(self):
        return iter(range(10))


@pytest.mark.parametrize("workers", [0, 1])
def test_iterable_datasets(workers):
    got = [batch.tolist() for batch in DataLoader(Counting(), 4, num_workers=workers)]
    assert got == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9]]


def test_bad_image(dataset, folder, way):
    (folder / "7.jpg").write_bytes((folder / "7.jpg").read_bytes()[:500])
    loader = iter(DataLoader(dataset, 4, **way))
    next(loader)
    with pytest.raises(ImageError, match=r"7\.jpg.*train\.txt, line 8.*truncated") as caught:
        next(loader)
    if way.get("workers") != "process":
        assert caught.value.status == pixfeed.errors.Status.TRUNCATED and caught.value.line == 8
        assert next(loader)[1][:, 0].tolist() == [8, 9, 10, 11]  # it goes on, if its user does


def test_held_batches_are_never_written_again(dataset):
    expected = [image for image, _ in dataset]
    held = [batch for _ in range(3) for batch in DataLoader(dataset, 4, num_workers=2)]
    for batch, labels in held:
        for image, row in zip(batch, labels[:, 0].tolist(), strict=True):
            assert torch.equal(image, expected[row])


# -- resuming -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("order", [name for name in ORDERS if name not in ("list", "batches")])
@pytest.mark.parametrize("after", [1, 3])
@pytest.mark.parametrize("workers", [0, 2])
def test_resume(dataset, order, after, workers):
    """The remaining batches and the next epoch are the same, from another loader, whatever random numbers are drawn."""
    check_resuming(dataset, order, after, dict(num_workers=workers))


def test_resume_with_processes(dataset):
    check_resuming(dataset, "shuffled", 2, WAYS["fork"])


def check_resuming(dataset, order, after, way) -> None:
    def make():
        return DataLoader(dataset, **ORDERS[order](dataset), generator=seeded(), **way)

    loader = make()
    assert loader.state_dict()["batches"] == 0
    rows(loader)
    iterator = iter(loader)
    for _ in range(after):
        if next(iterator, None) is None:
            break
    state = pickle.loads(pickle.dumps(loader.state_dict()))
    rest, following = rows(iterator), rows(loader)
    torch.randperm(5)
    other = make()
    next(iter(other), None)
    other.load_state_dict(state)
    assert other.state_dict().keys() == state.keys()
    if rest:
        assert rows(other) == rest
    assert rows(other) == following  # behind the last batch the next epoch begins


def test_resume_with_the_global_generator(dataset, way):
    torch.manual_seed(1)
    loader = DataLoader(dataset, 4, shuffle=True, **way)
    iterator = iter(loader)
    next(iterator)
    state = loader.state_dict()
    rest = rows(iterator)
    torch.manual_seed(2)
    other = DataLoader(dataset, 4, shuffle=True, **way)
    other.load_state_dict(state)
    resumed = iter(other)
    torch.rand(5)
    assert rows(resumed) == rest


@pytest.mark.parametrize("generator", [seeded, lambda: None])
def test_the_state_before_the_first_epoch(dataset, way, generator):
    torch.manual_seed(3)
    loader = DataLoader(dataset, 4, shuffle=True, generator=generator(), **way)
    state = loader.state_dict()
    expected = rows(loader)
    torch.manual_seed(4)
    other = DataLoader(dataset, 4, shuffle=True, generator=generator() and seeded(5), **way)
    other.load_state_dict(state)
    assert other.state_dict().keys() == state.keys()
    assert rows(other) == expected


class Endless(torch.utils.data.Sampler):
    """Does not say how many there are."""

    def __iter__(self):
        return iter(range(COUNT))


def test_resume_with_a_sampler_without_length(dataset, way):
    loader = DataLoader(dataset, 4, sampler=Endless(), **way)
    iterator = iter(loader)
    next(iterator)
    state = loader.state_dict()
    other = DataLoader(dataset, 4, sampler=Endless(), **way)
    other.load_state_dict(state)
    assert rows(other) == rows(iterator)


def test_out_of_order_there_is_no_state(dataset):
    loader = DataLoader(dataset, 4, num_workers=2, in_order=False)
    loader.state_dict()
    next(iter(loader))
    with pytest.raises(RuntimeError, match="use in_order=True"):
        loader.state_dict()


def test_the_state_at_the_end_begins_the_next_epoch(dataset, way):
    loader = DataLoader(dataset, 4, shuffle=True, generator=seeded(), **way)
    rows(loader)
    state = loader.state_dict()
    following = rows(loader)
    other = DataLoader(dataset, 4, shuffle=True, generator=seeded(8), **way)
    other.load_state_dict(state)
    assert rows(other) == following


def test_batches_before_the_start_are_not_looked_at(monkeypatch):
    """Neither drawn one by one nor made into lists: batch 900,000 is as near as batch 10."""
    from pixfeed.loading import order

    class Recording:
        """A permutation that notes which parts of it are taken."""

        def __init__(self):
            self.taken: list[slice] = []

        def __len__(self):
            return 2_000_000

        def __getitem__(self, part):
            self.taken.append(part)
            return range(part.start, part.stop)

    recording = Recording()
    monkeypatch.setattr(order, "_permutation", lambda sampler: recording)
    sampler = BatchSampler(RandomSampler(range(2_000_000), generator=seeded()), 2, False)
    position = order.Position([sampler], None, True)
    position.go_to(900_000, False, position.random(), False)
    assert next(iter(order.Order(sampler, position))) == [1_800_000, 1_800_001]
    assert recording.taken == [slice(1_800_000, 1_800_002)]


def test_resume_an_iterable_dataset():
    loader = DataLoader(Counting(), 4)
    iterator = iter(loader)
    next(iterator)
    state = loader.state_dict()
    other = DataLoader(Counting(), 4)
    other.load_state_dict(state)
    assert [batch.tolist() for batch in other] == [batch.tolist() for batch in iterator]


def test_what_is_no_state(dataset):
    for wrong in ({}, None, {"epoch": 1}):
        with pytest.raises(ValueError, match="no state"):
            DataLoader(dataset).load_state_dict(wrong)


# -- threads that behave --------------------------------------------------------------------------------------------


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


def test_timeout(folder, native):
    os.mkfifo(folder / "pipe")
    (folder / "stuck.txt").write_text("pipe 0\n")
    stuck = FastTxtDataset(folder / "stuck.txt", folder, 8, 8)
    iterator = iter(DataLoader(stuck, 1, num_workers=1, timeout=0.2))
    with pytest.raises(RuntimeError, match=r"timed out after 0\.2 seconds"):
        next(iterator)
    (folder / "pipe").write_bytes((folder / "1.jpg").read_bytes())  # lets its thread go
    assert next(iterator)[0].shape == (1, 3, 8, 8)


def test_out_of_order(folder, native):
    """A batch that hangs does not hold up the others, if order does not matter."""
    os.mkfifo(folder / "pipe")
    (folder / "stuck.txt").write_text("pipe 100\n" + "".join(f"{i}.jpg {i}\n" for i in range(5)))
    dataset = FastTxtDataset(folder / "stuck.txt", folder, 8, 8)
    iterator = iter(DataLoader(dataset, 1, num_workers=2, in_order=False))
    assert [next(iterator)[1].item() for _ in range(5)] == [0, 1, 2, 3, 4]
    (folder / "pipe").write_bytes((folder / "1.jpg").read_bytes())
    assert [labels.item() for _, labels in iterator] == [100]


@pytest.mark.parametrize("keep", [False, True])
def test_abandoned_epochs_leave_nothing(dataset, keep):
    """Whether the loader lives on or not."""
    before = threading.active_count()
    loaders = [DataLoader(dataset, 2, num_workers=2) for _ in range(20)]
    for loader in loaders:
        next(iter(loader))
    states = [loader.state_dict()["batches"] for loader in loaders]
    assert states == [1] * 20
    if not keep:
        del loaders, loader
    gc.collect()
    deadline = time.monotonic() + 10
    while threading.active_count() > before and time.monotonic() < deadline:
        time.sleep(0.01)
    assert threading.active_count() <= before


@pytest.mark.parametrize("name", [name for name in WAYS if WAYS[name]["num_workers"]])
def test_persistent_workers(dataset, name):
    way = WAYS[name]
    loader = DataLoader(dataset, 4, shuffle=True, generator=seeded(), persistent_workers=True, **way)
    options = dict(num_workers=1, multiprocessing_context="fork", persistent_workers=True)
    expected = TorchLoader(dataset, 4, shuffle=True, generator=seeded(), **options)
    for _ in range(2):
        assert rows(loader) == rows(expected)
    iterator = iter(loader)
    next(iterator)
    state = loader.state_dict()
    rest, following = rows(iterator), rows(loader)
    loader.load_state_dict(state)
    assert rows(loader) == rest
    assert rows(loader) == following


@pytest.mark.parametrize("name", [name for name in WAYS if name != "spawn"])
def test_a_loader_in_many_threads(dataset, name):
    both = ConcatDataset([dataset, dataset])
    loader = DataLoader(both, 4, **WAYS[name])
    given = loader.dataset, loader.collate_fn
    found = []
    threads = [threading.Thread(target=lambda: found.append(next(iter(loader)))) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [len(batch) for batch in found] == [2] * 6
    assert all(isinstance(batch[0], torch.Tensor) and len(batch[0]) == 4 for batch in found)
    assert (loader.dataset, loader.collate_fn) == given


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


def test_abandoned_images_are_left_out(dataset):
    """Of a batch that nobody wants only what has begun is decoded."""
    threads = FetchThreads(1)
    begun, go_on = threading.Event(), threading.Event()

    def make(priority, wanted):
        begun.set()
        go_on.wait(60)
        with context.for_loader(1, priority, False, 0):
            return [dataset.__getitems__(indices) for indices in wanted]

    (first,), (second,) = threads.submit(make, [[0, 1]]), threads.submit(make, [[2, 3]])
    begun.wait(60)
    first.abandon()
    second.abandon()
    go_on.set()
    with pytest.raises(CancelledError):
        first.result(60)
    assert second.cancelled() and not first.cancelled()
    assert len(threads.submit(make, [[0, 1]])[0].result(60)) == 2
    threads.close()


def test_what_comes_after_another_fetch_waits_for_it():
    threads = FetchThreads(2)
    go_on, begun = threading.Event(), []

    def wait(priority, wanted):
        return [go_on.wait(60) for _ in wanted]

    def note(priority, wanted):
        begun.append(priority)
        return list(wanted)

    (first,) = threads.submit(wait, [0])
    second, third = threads.submit(note, [1, 2], after=first)
    time.sleep(0.1)
    assert not begun
    go_on.set()
    assert (second.result(60), third.result(60)) == (1, 2)
    assert begun == [second.priority] and second.priority is third.priority
    go_on.clear()
    (abandoned,) = threads.submit(note, [3], after=threads.submit(wait, [0])[0])
    abandoned.abandon()
    go_on.set()
    with pytest.raises(CancelledError):
        abandoned.result(60)
    threads.close()


def test_of_several_that_are_made_together_each_has_its_own_end():
    threads = FetchThreads(1)

    def make(priority, wanted):
        return [ValueError("two") if number == 2 else number for number in wanted]

    one, two, three = threads.submit(make, [1, 2, 3])
    assert one.result(60) == 1 and three.result(60) == 3
    with pytest.raises(ValueError, match="two"):
        two.result(60)
    threads.close()


@pytest.mark.parametrize("in_order", [True, False])
def test_the_first_batch_of_an_epoch_comes_alone(dataset, monkeypatch, in_order):
    """The second one is not begun with before the first one is there, unless any batch may come first."""
    events = []
    make = threads_iter._make

    def noted(how, priority, wanted):
        events.append(("begins", wanted[0][0]))
        time.sleep(0.1 if wanted[0][0] == 0 else 0)
        result = make(how, priority, wanted)
        events.append(("ends", wanted[0][0]))
        return result

    monkeypatch.setattr(threads_iter, "_make", noted)
    loader = DataLoader(dataset, 2, num_workers=2, prefetch_factor=2, persistent_workers=True, in_order=in_order)
    for _ in range(2):
        events.clear()
        assert len(list(loader)) == len(loader)
        assert (events.index(("ends", 0)) < events.index(("begins", 2))) == in_order


@pytest.mark.parametrize("size", [1, 4])
def test_small_batches_are_read_together(dataset, monkeypatch, size):
    """Their epoch is the same, each has its own error, and what was read is divided among them."""
    expected = [dataset[i][0] for i in range(len(dataset))]
    calls = []
    read = type(dataset).__getitems__
    monkeypatch.setattr(
        type(dataset), "__getitems__", lambda self, indices: calls.append(len(indices)) or read(self, indices)
    )
    loader = DataLoader(dataset, size, num_workers=2)
    images = [images for images, _ in loader]
    assert [len(batch) for batch in images[:-1]] == [size] * (len(images) - 1)
    assert torch.equal(torch.cat(images), torch.stack(expected))
    assert calls[0] == size and max(calls) > 2 * size and sum(calls) == len(dataset)
    assert loader.stats().costs.images == len(dataset)


def test_an_error_is_that_of_its_own_small_batch(folder, backend):
    (folder / "bad.jpg").write_bytes(b"nothing")
    names = [f"{i}.jpg" for i in range(9)]
    dataset = FastTxtDataset.from_samples(
        [*names[:6], "bad.jpg", *names[6:]], range(10), 16, 16, image_dir=folder, backend=backend
    )
    batches = iter(DataLoader(dataset, 1, num_workers=2))
    seen = [next(batches)[1].item() for _ in range(6)]
    with pytest.raises(ImageError, match=r"bad\.jpg"):
        next(batches)
    assert [*seen, *(labels.item() for _, labels in batches)] == [0, 1, 2, 3, 4, 5, 7, 8, 9]


def test_small_batches_are_tensors_of_their_own(dataset):
    """Autograd, torch.save and changes in place see one batch, not its group."""
    batches = iter(DataLoader(dataset, 2, num_workers=1))
    next(batches)  # alone
    first, second = next(batches)[0], next(batches)[0]
    assert first._version == second._version == 0
    second.sub_(1)
    assert first._version == 0 and second._version == 1
    assert first.untyped_storage().nbytes() == first.nbytes


def test_failures_of_small_batches_are_counted_once(folder, backend):
    for i in (5, 9, 20):
        (folder / f"{i}.jpg").write_bytes(b"")
    dataset = FastTxtDataset(folder / "train.txt", folder, 8, 8, on_error="skip", max_errors=2, backend=backend)
    batches = iter(DataLoader(dataset, 1, num_workers=2))
    assert len([next(batches) for _ in range(20)]) == 20
    with pytest.raises(ImageError, match="max_errors=2"):
        next(batches)
    assert [(failure.line, failure.count) for failure in dataset.report()] == [(6, 1), (10, 1), (21, 1)]


def test_large_images_are_not_read_ahead(folder, backend, monkeypatch):
    """A call that takes long enough needs no company, and an image of its own size has its own call."""
    calls = []
    read = FastTxtDataset.__getitems__
    monkeypatch.setattr(FastTxtDataset, "__getitems__", lambda self, rows: calls.append(len(rows)) or read(self, rows))
    monkeypatch.setattr(threads_iter, "ENOUGH", 1)
    list(DataLoader(FastTxtDataset(folder / "train.txt", folder, 8, 8, backend=backend), 1, num_workers=2))
    assert calls[-3:] == [1, 1, 1]
    calls.clear()
    list(DataLoader(FastTxtDataset(folder / "train.txt", folder, None, None, backend=backend), 1, num_workers=2))
    assert set(calls) == {1}


@pytest.mark.parametrize("persistent", [True, False])
def test_a_transform_that_becomes_python_goes_to_processes(folder, backend, persistent):
    """Between epochs; in the middle of one that is an error, as threads would disturb each other's random numbers."""
    dataset = FastTxtDataset(folder / "train.txt", folder, transform=T.Resize((8, 8)), backend=backend)
    loader = DataLoader(dataset, 2, num_workers=1, persistent_workers=persistent)
    assert len(rows(loader)) == 12
    batches = iter(loader)
    next(batches)
    dataset.transform = T.Compose([T.Resize((8, 8)), torch.neg])
    with pytest.raises(RuntimeError, match="begin a new one"):
        list(batches)
    assert len(rows(loader)) == 12 and not isinstance(iter(loader), ThreadsIter)


def test_a_sampler_that_fails_late(dataset):
    def failing():
        yield from range(5)
        raise KeyError("no more")

    batches = iter(DataLoader(dataset, 1, sampler=failing(), num_workers=2))
    assert [next(batches)[1].item() for _ in range(5)] == [0, 1, 2, 3, 4]
    with pytest.raises(KeyError, match="no more"):
        next(batches)


@pytest.mark.parametrize("kind", [set, tuple, lambda rows: (row for row in rows), dict.fromkeys])
def test_batches_of_indices_of_any_kind(dataset, way, kind):
    sampler = [[0, 1], [5], [7, 8, 9]]
    if "workers" in way and not hasattr(kind([]), "__len__"):
        pytest.skip("a generator cannot be pickled, which torch's worker processes need")
    expected = [list(kind(batch)) for batch in sampler]
    assert rows(DataLoader(dataset, batch_sampler=[kind(batch) for batch in sampler], **way)) == expected


def test_many_loaders_at_once(dataset):
    loaders = [DataLoader(dataset, 3, num_workers=n) for n in (1, 2, 5)]
    for batches in zip(*loaders, strict=True):
        assert all(torch.equal(images_, batches[0][0]) for images_, _ in batches)
