"""The loader's arguments and attributes: torch's, with its errors and warnings."""

from __future__ import annotations

import inspect
import os
from contextlib import nullcontext

import pytest
import torch
from loaders import THREE_WAYS, rows, write_pictures
from torch.utils.data import DataLoader as TorchLoader
from versions import TORCH

from pixfeed import DataLoader, FastTxtDataset
from pixfeed.loading import loader as loader_module
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
    """Everything that torch has is there, in its order and with its defaults; two are added at the end."""
    ours, theirs = (list(inspect.signature(kind.__init__).parameters.values()) for kind in (DataLoader, TorchLoader))
    known = [p for p in ours[:-2] if TORCH >= (2, 6) or p.name != "in_order"]
    assert [(p.name, p.default, p.kind) for p in known] == [(p.name, p.default, p.kind) for p in theirs]
    assert [p.name for p in ours[-2:]] == ["workers", "batch_transform"]


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
    loader.worker_init_fn = print
    with pytest.raises(ValueError, match="worker_init_fn and multiprocessing_context are for processes"):
        iter(loader)


def test_nothing_ahead(dataset):
    """torch's processes give nothing at all with prefetch_factor=0; threads read each batch when it is its turn."""
    loader = DataLoader(dataset, 4, num_workers=2, prefetch_factor=0)
    assert isinstance(iter(loader), ThreadsIter) and rows(loader) == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9, 10]]


def test_pinning_where_nothing_can_be_pinned(dataset, way):
    if torch.cuda.is_available() or torch.backends.mps.is_available():
        pytest.skip("there is an accelerator")
    old = tuple(map(int, torch.__version__.split(".")[:2])) < (2, 8)  # it says nothing
    with nullcontext() if old else pytest.warns(UserWarning, match="no accelerator is found"):
        batches = list(DataLoader(dataset, 4, pin_memory=True, **way))
    assert len(batches) == 3 and not batches[0][0].is_pinned()


def test_processes_in_any_order_need_a_torch_that_has_it(dataset, monkeypatch):
    """torch 2.3 to 2.5 have no ``in_order``; threads have it with any."""
    monkeypatch.setattr(loader_module, "PROCESSES_KNOW_IN_ORDER", False)
    assert len(rows(DataLoader(dataset, 4, num_workers=1, in_order=False))) == 3
    with pytest.raises(ValueError, match=r"needs torch 2\.6"):
        DataLoader(dataset, 4, num_workers=1, in_order=False, workers="process")


def test_warning_about_too_many_processes(dataset, recwarn):
    many = 10 + (os.cpu_count() or 1)
    DataLoader(dataset, num_workers=many)
    assert not recwarn.list  # threads are no processes
    with pytest.warns(UserWarning, match="will create"):
        DataLoader(dataset, num_workers=many, workers="process")
