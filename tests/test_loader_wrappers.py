"""What other libraries do with a loader: it is copied, made again, derived from and wrapped."""

from __future__ import annotations

import copy
import inspect
import itertools
import pickle

import pytest
from loaders import THREE_WAYS, rows, seeded, write_pictures
from torch.utils.data import DataLoader as TorchLoader
from torch.utils.data import Dataset, DistributedSampler, SequentialSampler
from versions import marked, pickles_generators

from pixfeed import DataLoader, FastTxtDataset
from pixfeed.loading import threads_iter
from pixfeed.loading.threads_iter import ThreadsIter

pytestmark = pytest.mark.slow_on_opencv

COUNT = 11


@pytest.fixture
def dataset(tmp_path, backend) -> FastTxtDataset:
    write_pictures(tmp_path, COUNT)
    return FastTxtDataset(tmp_path / "train.txt", tmp_path, 16, 12, backend=backend)


@pytest.fixture(params=THREE_WAYS, ids=str)
def way(request) -> dict:
    return THREE_WAYS[request.param]


class Unsendable(Dataset):
    """Sample 2 cannot be pickled, and nothing of it can be read in another process."""

    def __len__(self):
        return 4

    def __getitem__(self, i):
        return [lambda: i] if i == 2 else i


@pytest.mark.slow
@pytest.mark.parametrize("context", ["fork", "spawn"])
def test_what_cannot_be_sent_is_an_error(context):
    """torch's loader waits without end."""
    loader = DataLoader(Unsendable(), None, num_workers=1, multiprocessing_context=context, timeout=60)
    batches = iter(loader)
    assert [next(batches), next(batches)] == [0, 1]
    with pytest.raises(Exception, match=r"(?s)DataLoader worker process, where the batch could not be sent.*pickle"):
        next(batches)
    assert next(batches) == 3


def by_pickle(loader):
    return pickle.loads(pickle.dumps(loader))


@pytest.mark.parametrize(
    "copied", marked([copy.copy, copy.deepcopy, by_pickle], pickles_generators, [copy.deepcopy, by_pickle])
)
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
