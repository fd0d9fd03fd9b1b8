"""What torch's DataLoader does beside giving batches, one test a behaviour, with threads and otherwise.

The list follows torch's own tests, which tests/run_torch_tests.py runs; those have no dataset that threads read.
"""

from __future__ import annotations

import copy
import gc
import inspect
import itertools
import os
import pickle
import random
import signal
import threading

import images
import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader as TorchLoader
from torch.utils.data import Dataset, DistributedSampler, RandomSampler, SequentialSampler, random_split

from pixfeed import DataLoader, FastTxtDataset, ImageError
from pixfeed.loading import threads_iter
from pixfeed.loading.threads_iter import ThreadsIter

COUNT = 11
THREADS = dict(num_workers=2)
FORK = dict(num_workers=2, workers="process", multiprocessing_context="fork")
WAYS = {"main": dict(num_workers=0), "threads": THREADS, "fork": FORK}


@pytest.fixture
def dataset(tmp_path, backend) -> FastTxtDataset:
    for i in range(COUNT):
        (tmp_path / f"{i}.jpg").write_bytes(images.jpeg(images.picture(40 + i, 50, seed=i)))
    (tmp_path / "train.txt").write_text("".join(f"{i}.jpg {i}\n" for i in range(COUNT)))
    return FastTxtDataset(tmp_path / "train.txt", tmp_path, 16, 12, backend=backend)


@pytest.fixture(params=WAYS, ids=str)
def way(request) -> dict:
    return WAYS[request.param]


def rows(loader) -> list[list[int]]:
    return [labels[:, 0].tolist() for _, labels in loader]


def seeded(seed: int = 3) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


# -- iterating ------------------------------------------------------------------------------------------------------


def test_iterators_do_not_disturb_each_other(dataset, way):
    loader = DataLoader(dataset, 3, **way)
    expected = rows(loader)
    for a, b in zip(loader, loader, strict=True):
        assert torch.equal(a[0], b[0]) and torch.equal(a[1], b[1])
    first, second = iter(loader), iter(loader)
    ahead = [next(first), next(first)]
    assert rows(second) == expected and rows(ahead) + rows(first) == expected
    loader = DataLoader(dataset, 3, shuffle=True, **way)
    seen = [sorted(itertools.chain(*rows(it))) for it in (iter(loader), iter(loader))]
    assert seen == [list(range(COUNT))] * 2


def test_persistent_iterator_is_one(dataset):
    """With persistent_workers a second iter() begins the one iterator again."""
    for way in (THREADS, FORK):
        loader = DataLoader(dataset, 3, persistent_workers=True, **way)
        first = iter(loader)
        next(first)
        assert iter(loader) is first and rows(first) == rows(loader)


def test_behind_the_end(dataset, way):
    iterator = iter(DataLoader(dataset, 6, **way))
    assert len(list(iterator)) == 2
    for _ in range(2):
        with pytest.raises(StopIteration):
            next(iterator)


@pytest.mark.slow
def test_lengths(dataset, way):
    for size in (1, 2, 5, COUNT, COUNT + 1):
        for drop_last in (False, True):
            loader = DataLoader(dataset, size, drop_last=drop_last, **way)
            sizes = [len(labels) for _, labels in loader]
            assert len(loader) == len(sizes) == (COUNT // size if drop_last else -(-COUNT // size))
            assert len(iter(loader)) == len(loader)
            assert sum(sizes) == (COUNT // size * size if drop_last else COUNT)


def test_samplers_without_batches(dataset, way):
    for order in ([4, 1, 9], RandomSampler(dataset, generator=seeded()), iter([3, 2])):
        expected = [4, 1, 9] if isinstance(order, list) else [3, 2]
        if isinstance(order, RandomSampler):
            expected = list(RandomSampler(dataset, generator=seeded()))
        loader = DataLoader(dataset, batch_size=None, sampler=order, **way)
        got = list(loader)
        assert [label.item() for _, label in got] == expected and got[0][0].shape == (3, 16, 12)


def test_a_sampler_of_batches_without_batches(dataset, way):
    """batch_size=None with lists of indices from the sampler: torch asks the dataset for dataset[list]."""
    with pytest.raises(TypeError):
        list(DataLoader(dataset, batch_size=None, sampler=[[1, 2], [3]], **way))


def test_batches_of_tuples_and_tensors(dataset, way):
    for batches in ([(1, 2), (3,)], [torch.tensor([1, 2]), torch.tensor([3])], [np.array([1, 2]), np.array([3])]):
        assert rows(DataLoader(dataset, batch_sampler=batches, **way)) == [[1, 2], [3]]


def test_indices_that_are_no_ints(dataset, way):
    assert rows(DataLoader(dataset, 2, sampler=list(torch.tensor([4, 2])), **way)) == [[4, 2]]
    assert rows(DataLoader(dataset, 2, sampler=list(np.array([4, 2])), **way)) == [[4, 2]]


def test_one_shot_samplers(dataset, way):
    loader = DataLoader(dataset, 2, sampler=iter([5, 4, 3]), **way)
    assert rows(loader) == [[5, 4], [3]]
    assert rows(loader) == []


def test_random_split(dataset, way):
    parts = random_split(dataset, [7, 4], generator=seeded())
    seen = [[*itertools.chain(*rows(DataLoader(part, 3, **way)))] for part in parts]
    assert seen == [list(part.indices) for part in parts]


# -- errors ---------------------------------------------------------------------------------------------------------


def test_going_on_after_errors(dataset, way):
    """Each bad batch is one error; the batches between and behind them are given."""
    for i in (1, 6, 7, 10):
        with open(f"{dataset.image_dir}/{i}.jpg", "wb"):
            pass
    iterator, seen, errors = iter(DataLoader(dataset, 2, **way)), [], 0
    while True:
        try:
            seen.append(next(iterator)[1][:, 0].tolist())
        except ImageError:
            errors += 1
        except StopIteration:
            break
    assert (seen, errors) == ([[2, 3], [4, 5], [8, 9]], 3)


def test_a_sampler_that_fails(dataset, way):
    def failing():
        yield from [1, 2, 3]
        raise KeyError("no more")

    iterator, seen = None, []
    with pytest.raises(KeyError, match="no more"):
        iterator = iter(DataLoader(dataset, 1, sampler=failing(), **way))
        for batch in iterator:
            seen.append(batch)
    assert len(seen) <= 3


def test_interrupted_and_going_on(dataset, monkeypatch):
    """Ctrl-C while the loader waits loses no batch."""
    release = threading.Event()
    getitems = FastTxtDataset.__getitems__

    def slow(self, indices):
        if 0 in indices:
            os.kill(os.getpid(), signal.SIGINT)
            assert release.wait(60)
        return getitems(self, indices)

    monkeypatch.setattr(FastTxtDataset, "__getitems__", slow)
    iterator = None
    with pytest.raises(KeyboardInterrupt):
        iterator = iter(DataLoader(dataset, 2, sampler=range(4), **THREADS))
        next(iterator)
    release.set()
    if iterator is not None:  # else the signal came first
        assert rows(iterator) == [[0, 1], [2, 3]]


def test_the_loader_outlives_dropped_iterators(dataset, way):
    loader = DataLoader(dataset, 2, **way)
    for _ in range(3):
        next(iter(loader))
    assert rows(loader) == [[0, 1], [2, 3], [4, 5], [6, 7], [8, 9], [10]]


def test_processes_are_told_to_end_when_the_garbage_collector_finds_them(dataset, monkeypatch):
    """As after an error, whose traceback is a cycle. torch waits for its processes in vain and terminates them."""
    iterator = iter(DataLoader(dataset, 2, **FORK))
    next(iterator)
    processes, cycle = iterator._workers, [iterator]
    terminated, terminate = [], type(processes[0]).terminate
    monkeypatch.setattr(type(processes[0]), "terminate", lambda self: terminated.append(self) or terminate(self))
    cycle.append(cycle)
    del iterator, cycle
    gc.collect()
    assert not terminated and not any(process.is_alive() for process in processes)


# -- arguments ------------------------------------------------------------------------------------------------------


class Numbers(torch.utils.data.IterableDataset):
    def __iter__(self):
        return iter(range(3))

    def __repr__(self):  # a test's name is the same in all processes
        return "Numbers()"


WRONG = [
    dict(num_workers=-1),
    dict(timeout=-1),
    dict(prefetch_factor=2),
    dict(num_workers=1, prefetch_factor=-1),
    dict(persistent_workers=True),
    dict(sampler=[1], shuffle=True),
    dict(batch_sampler=[[1]], batch_size=2),
    dict(batch_sampler=[[1]], shuffle=True),
    dict(batch_sampler=[[1]], sampler=[1]),
    dict(batch_sampler=[[1]], drop_last=True),
    dict(batch_size=None, drop_last=True),
    dict(batch_size=0),
    dict(batch_size=-1),
    dict(batch_size=1.5),
    dict(batch_size=True),
    dict(drop_last="yes"),
    dict(multiprocessing_context="fork"),
    dict(num_workers=1, multiprocessing_context="cloning"),
    dict(num_workers=1, multiprocessing_context=object),
    dict(shuffle=True, dataset=Numbers()),
    dict(sampler=[1], dataset=Numbers()),
    dict(batch_sampler=[[1]], dataset=Numbers()),
    dict(sampler=[1], nonsense=1),
]


@pytest.mark.parametrize("options", WRONG, ids=str)
def test_wrong_arguments(dataset, options):
    """The same exception with the same words."""
    raised = []
    for kind in (TorchLoader, DataLoader):
        with pytest.raises((ValueError, TypeError)) as caught:
            kind(**{"dataset": dataset, **options})
        raised.append(caught.value)
    assert type(raised[0]) is type(raised[1])
    assert str(raised[0]).split("got")[0].replace("DataLoader.", "") in str(raised[1]).replace("DataLoader.", "")


def test_signature():
    """Everything that torch has is there, in its order and with its defaults; ``workers`` is added at the end."""
    ours, theirs = (list(inspect.signature(kind.__init__).parameters.values()) for kind in (DataLoader, TorchLoader))
    assert [(p.name, p.default, p.kind) for p in ours[:-1]] == [(p.name, p.default, p.kind) for p in theirs]
    assert ours[-1].name == "workers"


def test_annotations():
    """It is generic, as torch's is: for type checkers, and for classes derived from DataLoader[...]."""

    class Own(DataLoader[torch.Tensor]):
        pass

    assert len(Own(range(3), 2)) == 2


def test_attributes(dataset):
    loader, torchs = (kind(dataset, 3, num_workers=1) for kind in (DataLoader, TorchLoader))
    for name, value in vars(torchs).items():
        if not name.startswith("_") and name not in ("sampler", "batch_sampler", "collate_fn"):
            assert getattr(loader, name) == value, name
    for name in ("batch_size", "batch_sampler", "sampler", "drop_last", "dataset", "persistent_workers"):
        with pytest.raises(ValueError, match=f"{name} attribute should not be set after DataLoader is initialized"):
            setattr(loader, name, None)


def test_what_is_changed_afterwards_counts(dataset):
    loader = DataLoader(dataset, 3, num_workers=1)
    assert isinstance(iter(loader), ThreadsIter)
    loader.num_workers = 0
    assert not isinstance(iter(loader), ThreadsIter) and len(rows(loader)) == 4
    loader.num_workers = 2
    loader.timeout = 30
    assert isinstance(iter(loader), ThreadsIter) and iter(loader)._timeout == 30
    loader.multiprocessing_context = "fork"
    assert not isinstance(iter(loader), ThreadsIter) and len(rows(loader)) == 4
    assert loader.multiprocessing_context.get_start_method() == "fork"
    loader.multiprocessing_context = None
    loader.collate_fn = len
    assert list(loader) == [3, 3, 3, 2]


def test_threads_that_became_impossible(dataset):
    loader = DataLoader(dataset, 3, num_workers=1, workers="thread")
    loader.collate_fn = len
    with pytest.raises(ValueError, match="collate_fn is a function of your own"):
        iter(loader)


def test_nothing_ahead(dataset):
    """torch's processes give nothing at all with prefetch_factor=0; threads read each batch when it is its turn."""
    loader = DataLoader(dataset, 4, num_workers=2, prefetch_factor=0)
    assert isinstance(iter(loader), ThreadsIter) and rows(loader) == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9, 10]]


def test_pinning_where_nothing_can_be_pinned(dataset, way):
    if torch.accelerator.is_available():
        pytest.skip("there is an accelerator")
    with pytest.warns(UserWarning, match="no accelerator is found"):
        batches = list(DataLoader(dataset, 4, pin_memory=True, **way))
    assert len(batches) == 3 and not batches[0][0].is_pinned()


def test_warning_about_too_many_processes(dataset, recwarn):
    many = 10 + (os.cpu_count() or 1)
    DataLoader(dataset, num_workers=many)
    assert not recwarn.list  # threads are no processes
    with pytest.warns(UserWarning, match="will create"):
        DataLoader(dataset, num_workers=many, workers="process")


# -- random numbers -------------------------------------------------------------------------------------------------


def test_reproducible(dataset, way):
    """The generator decides, else the global seed; it is in the same state after an epoch as with torch's loader."""
    orders, states = [], []
    for kind, options in ((DataLoader, way), (TorchLoader, {})):
        generator = seeded(5)
        loader = kind(dataset, 2, shuffle=True, generator=generator, **options)
        orders.append([rows(loader), rows(loader)])
        torch.manual_seed(8)
        orders[-1].append(rows(kind(dataset, 2, shuffle=True, **options)))
        states.append([generator.get_state().tolist(), torch.get_rng_state().tolist()])
    assert orders[0] == orders[1] and orders[0][0] != orders[0][1]
    assert states[0] == states[1]


def test_threads_leave_other_generators_alone(dataset):
    random.seed(1)
    np.random.seed(1)  # noqa: NPY002
    before = random.getstate(), np.random.get_state()[1].tolist()  # noqa: NPY002
    rows(DataLoader(dataset, 2, shuffle=True, **THREADS))
    assert (random.getstate(), np.random.get_state()[1].tolist()) == before  # noqa: NPY002


class Seeds(Dataset):
    """What torch, random and NumPy would draw in the worker."""

    def __len__(self):
        return 4

    def __getitem__(self, index):
        info = torch.utils.data.get_worker_info()
        assert info.dataset is self and info.num_workers == 2
        drawn = np.random.rand()  # noqa: NPY002
        return torch.tensor([info.seed - info.id, torch.randint(1 << 30, ()), random.getrandbits(30)]), drawn


def test_seeds_of_workers():
    """Every worker has its own of all three, the same for the same generator, others in the next epoch."""

    def epochs(kind):
        loader = kind(Seeds(), 1, num_workers=2, generator=seeded(), multiprocessing_context="fork")
        return [[(*seeds[0].tolist(), number.item()) for seeds, number in loader] for _ in range(2)]

    ours = epochs(DataLoader)
    assert ours == epochs(DataLoader) == epochs(TorchLoader)
    assert len({seeds[0] for seeds in ours[0]}) == 1 and ours[0][0][0] != ours[1][0][0]
    assert len({seeds[1:] for epoch in ours for seeds in epoch}) == 8


# -- what other libraries do with a loader ----------------------------------------------------------------------------


class Unsendable(Dataset):
    """Sample 2 cannot be pickled, and nothing of it can be read in another process."""

    def __len__(self):
        return 4

    def __getitem__(self, i):
        return [lambda: i] if i == 2 else i


@pytest.mark.slow
@pytest.mark.parametrize("context", ["fork", "spawn"])
def test_what_cannot_be_sent_is_an_error(context):
    """torch's loader waits for ever."""
    loader = DataLoader(Unsendable(), None, num_workers=1, multiprocessing_context=context, timeout=60)
    batches = iter(loader)
    assert [next(batches), next(batches)] == [0, 1]
    with pytest.raises(Exception, match=r"(?s)DataLoader worker process, where the batch could not be sent.*pickle"):
        next(batches)
    assert next(batches) == 3


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy, lambda loader: pickle.loads(pickle.dumps(loader))])
def test_copies(dataset, way, copied, monkeypatch):
    """A copy begins an epoch of its own, and disturbs nothing."""
    monkeypatch.setattr(threads_iter, "GROUP", 1)  # else the epoch is drawn to its end, and the generator is behind it
    way = {name: value for name, value in way.items() if name != "multiprocessing_context"}
    loader = DataLoader(dataset, 2, shuffle=True, generator=seeded(), **way)
    iterator = iter(loader)
    ahead = rows([next(iterator)])
    other = copied(loader)
    assert isinstance(other, DataLoader) and other.workers == loader.workers
    assert other.state_dict()["batches"] == 0 and loader.state_dict()["batches"] == 1
    if copied is not copy.copy:  # a shallow copy has the same generator
        torchs = TorchLoader(dataset, 2, shuffle=True, generator=seeded())
        next(iter(torchs))
        assert rows(other) == rows(copied(torchs))
    expected = rows(DataLoader(dataset, 2, shuffle=True, generator=seeded()))
    assert ahead + rows(iterator) == expected


def test_a_copy_goes_on_telling_the_epoch(dataset):
    loader = DataLoader(dataset, 2, sampler=DistributedSampler(dataset, 2, 0, seed=4))
    rows(loader), rows(loader)
    other = pickle.loads(pickle.dumps(loader))
    assert rows(other) == rows(loader) and other.sampler.epoch == loader.sampler.epoch == 2


@pytest.mark.parametrize("workers", [None, "thread", "process"])
def test_made_again_from_its_attributes(dataset, workers):
    """As Lightning does it to put in a DistributedSampler: arguments from the attributes of their names."""
    loader = DataLoader(dataset, 3, shuffle=True, num_workers=2, prefetch_factor=3, generator=seeded(), workers=workers)
    rows(loader)
    given = {name: value for name, value in vars(loader).items() if not name.startswith("_")}
    given["multiprocessing_context"] = loader.multiprocessing_context
    names = list(inspect.signature(type(loader).__init__).parameters)[1:]
    assert set(names) - set(given) == {"shuffle"}
    arguments = {name: given[name] for name in names if name in given}
    sampler = DistributedSampler(dataset, 2, 1, shuffle=False)
    arguments.update(shuffle=False, sampler=sampler, batch_sampler=None)
    again = type(loader)(**arguments)
    assert again.workers == workers and isinstance(iter(again), ThreadsIter) == (workers != "process")
    assert [*itertools.chain(*rows(again))] == list(sampler)
    arguments.update(batch_sampler=type(loader.batch_sampler)(sampler, 4, False), sampler=None, batch_size=1)
    assert [len(batch) for batch in rows(type(loader)(**arguments))] == [4, 2]


class Shard(DataLoader):
    """A loader that does something to every batch, as Accelerate's do: one batch ahead, and others skipped."""

    def __init__(self, dataset, device=None, skip=0, **options):
        super().__init__(dataset, **options)
        self.device, self.skip, self.at_end = device, skip, False

    def __iter__(self):
        self.at_end = False
        iterator = super().__iter__()
        current, i = next(iterator, None), 0
        while current is not None:
            following = next(iterator, None)
            self.at_end = following is None
            if i >= self.skip:
                yield [part.to(self.device) for part in current]
            current, i = following, i + 1


def test_subclasses(dataset, way):
    shard = Shard(dataset, "cpu", skip=1, batch_size=4, **way)
    for _ in range(2):
        assert rows(shard) == [[4, 5, 6, 7], [8, 9, 10]] and shard.at_end
    assert isinstance(shard.sampler, SequentialSampler) and len(shard) == 3


def test_wrapped_loaders(dataset, way):
    """A class made of two at run time, and attributes that are looked up in the loader inside."""
    inner = DataLoader(dataset, 4, **way)

    class Adapter:
        def __init__(self, base):
            self.base = base
            self.__class__ = type("Adapter", (Adapter, type(base)), {})

        def __getattr__(self, name):
            if name == "base":
                raise AttributeError
            return getattr(self.base, name)

        def __iter__(self):
            return iter(self.base)

        def __len__(self):
            return len(self.base)

        def __setattr__(self, name, value):
            object.__setattr__(self, name, value)

    adapter = Adapter(inner)
    assert isinstance(adapter, TorchLoader) and rows(adapter) == rows(inner) and adapter.batch_size == 4
