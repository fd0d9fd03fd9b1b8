"""Accelerate: what prepare() makes of a pixfeed.DataLoader, and what pixfeed.accelerate.prepare() makes of it."""

from __future__ import annotations

import random
from itertools import chain

import pytest
import torch
from loaders import rows, seeded, write_pictures
from torch.utils.data import DataLoader as TorchLoader
from torch.utils.data import RandomSampler

import pixfeed
from pixfeed.loading.threads_iter import ThreadsIter

accelerate = pytest.importorskip("accelerate", reason="Accelerate is not installed")

from pixfeed.accelerate import prepare, skip_first_batches  # noqa: E402

pytestmark = pytest.mark.slow_on_opencv

COUNT = 23


@pytest.fixture
def dataset(tmp_path, backend) -> pixfeed.FastTxtDataset:
    write_pictures(tmp_path, COUNT)
    return pixfeed.FastTxtDataset(tmp_path / "train.txt", tmp_path, 16, 12, backend=backend)


def accelerator(**config) -> accelerate.Accelerator:
    return accelerate.Accelerator(cpu=True, dataloader_config=accelerate.DataLoaderConfiguration(**config))


def loader_of(dataset, **options) -> pixfeed.DataLoader:
    return pixfeed.DataLoader(dataset, **{"batch_size": 4, "shuffle": True, "num_workers": 2, **options})


def test_prepare_of_accelerates_own_says_what_is_lost(dataset):
    with pytest.warns(UserWarning, match=r"pixfeed\.accelerate\.prepare\(accelerator, \.\.\.\)"):
        prepared = accelerator().prepare(loader_of(dataset))
    assert type(prepared.base_dataloader) is TorchLoader and not hasattr(prepared, "stats")


@pytest.mark.parametrize("options", [dict(num_workers=0), dict(workers="process")])
def test_no_warning_where_no_threads_are_lost(dataset, options, recwarn):
    accelerator().prepare(loader_of(dataset, **options))
    assert not [warning for warning in recwarn if "pixfeed" in str(warning.message)]


def test_threads_statistics_and_everything_of_accelerates(dataset, recwarn):
    boss = accelerator()
    model, prepared = prepare(boss, torch.nn.Linear(2, 2), loader_of(dataset, workers="thread"))
    assert isinstance(model, torch.nn.Linear) and type(prepared) is accelerate.data_loader.DataLoaderShard
    assert isinstance(prepared, pixfeed.DataLoader) and prepared.workers == "thread" and prepared.device == boss.device
    assert not [warning for warning in recwarn if "pixfeed" in str(warning.message)]
    assert isinstance(iter(prepared.base_dataloader), ThreadsIter)
    ends = []
    for images, labels in prepared:
        assert images.shape == (len(labels), 3, 16, 12)
        ends.append(boss.gradient_state.end_of_dataloader)
    assert ends == [False] * 5 + [True] and prepared.stats().batches == 6 and prepared.stats().threads
    assert prepared.total_batch_size == 4 and prepared.total_dataset_length == COUNT
    assert boss.prepare(prepared) is prepared and prepare(boss, prepared) is prepared


@pytest.mark.parametrize("config", [{}, dict(use_seedable_sampler=True)], ids=["", "seedable"])
def test_the_batches_are_those_that_accelerate_makes_of_torchs_loader(dataset, config):
    expected = []
    for number, make in enumerate((TorchLoader, pixfeed.DataLoader)):
        torch.manual_seed(5)
        loader = make(dataset, 4, True, sampler=None, generator=None, num_workers=0 if number == 0 else 2)
        prepared = accelerator(**config).prepare(loader) if number == 0 else prepare(accelerator(**config), loader)
        found = [(images.clone(), labels) for _ in range(3) for images, labels in prepared]
        if number == 0:
            expected = found
    assert len(found) == len(expected) == 18
    for (images, labels), (same_images, same_labels) in zip(found, expected, strict=True):
        assert torch.equal(images, same_images) and torch.equal(labels, same_labels)


SAMPLERS = {
    "shuffle": lambda dataset: {},
    "generator": lambda dataset: dict(generator=seeded()),
    "sampler": lambda dataset: dict(shuffle=None, sampler=RandomSampler(dataset, generator=seeded())),
    "in order": lambda dataset: dict(shuffle=False),
}


@pytest.mark.parametrize("after", [2, 6, 8])
@pytest.mark.parametrize("order", SAMPLERS)
@pytest.mark.parametrize("config", [{}, dict(use_seedable_sampler=True)], ids=["", "seedable"])
def test_a_resumed_run_has_the_batches_that_were_to_come(tmp_path, dataset, after, order, config):
    """save_state() and load_state() alone, in the middle of an epoch and between two; no skip_first_batches."""

    def start():
        torch.manual_seed(5)  # a script's own first line
        boss = accelerator(**config)
        return boss, prepare(boss, loader_of(dataset, **SAMPLERS[order](dataset)))

    def epoch_of_transforms(prepared):
        return prepared.base_dataloader.drawn_epoch()

    boss, prepared = start()
    seen = []
    for _ in range(4):
        for _, labels in prepared:
            seen.append((epoch_of_transforms(prepared), labels[:, 0].tolist()))
            if len(seen) == after:
                boss.save_state(str(tmp_path / "state"))
    assert [epoch for epoch, _ in seen] == [i // 6 for i in range(24)]

    torch.manual_seed(77), random.seed(77)
    boss, prepared = start()
    boss.load_state(str(tmp_path / "state"))
    rest = []
    while len(rest) < 24 - after:
        rest += [(epoch_of_transforms(prepared), labels[:, 0].tolist()) for _, labels in prepared]
    assert rest == seen[after:]


def test_without_order_there_is_no_state(tmp_path, dataset):
    boss = accelerator()
    prepared = prepare(boss, loader_of(dataset, in_order=False))
    assert sorted(chain.from_iterable(rows(prepared))) == list(range(COUNT))
    boss.save_state(str(tmp_path / "state"))
    assert not list((tmp_path / "state").glob("dl_state_dict*"))


def test_skipped_batches_are_not_read_and_the_rest_is_by_threads(dataset):
    prepared = prepare(accelerator(), loader_of(dataset, shuffle=False))
    rest = skip_first_batches(prepared, 4)
    assert rows(rest) == [[16, 17, 18, 19], [20, 21, 22]] and rest.stats().threads and len(rest) == 2
    assert rest.stats().costs.images == 7
    assert rows(prepared)[0] == [0, 1, 2, 3]
    torchs = TorchLoader(dataset, 4)
    assert rows(skip_first_batches(torchs, 4)) == rows(rest)


def test_one_process_for_all_is_accelerates_own(dataset):
    prepared = prepare(accelerator(dispatch_batches=True), loader_of(dataset, shuffle=False))
    assert type(prepared.base_dataloader) is TorchLoader
