"""Stats: whose fault it is, and in what. Nothing here depends on how fast the machine is."""

from __future__ import annotations

import os
import pickle
import threading
import time

import images
import numpy as np
import pytest
import torch
from torch.utils.data import Dataset, IterableDataset

import pixfeed
from pixfeed import DataLoader, FastTxtDataset
from pixfeed.context import Costs, spend, take_costs
from pixfeed.loading import stopwatch
from pixfeed.loading.stats import Stats
from pixfeed.reading import functional

COUNT = 64  # of 32 images in a row one is timed in full
WAYS = {
    "main": dict(num_workers=0),
    "threads": dict(num_workers=2),
    "fork": dict(num_workers=2, workers="process", multiprocessing_context="fork"),
    "persistent": dict(num_workers=1, workers="process", multiprocessing_context="fork", persistent_workers=True),
}


@pytest.fixture(params=WAYS)
def way(request) -> dict:
    return WAYS[request.param]


@pytest.fixture
def folder(tmp_path):
    for i in range(COUNT):
        (tmp_path / f"{i}.jpg").write_bytes(images.jpeg(images.picture(40 + i, 50, seed=i)))
    (tmp_path / "train.txt").write_text("".join(f"{i}.jpg {i}\n" for i in range(COUNT)))
    return tmp_path


@pytest.fixture
def dataset(folder, backend) -> FastTxtDataset:
    return FastTxtDataset(folder / "train.txt", folder, 32, 24, backend=backend)


def size_of(folder, rows=range(COUNT)) -> int:
    return sum((folder / f"{i}.jpg").stat().st_size for i in rows)


# -- what is counted ----------------------------------------------------------------------------------------------


def test_an_epoch(folder, dataset, way):
    loader = DataLoader(dataset, 16, **way)
    for epoch in range(2):
        for batches, _ in enumerate(loader, 1):
            stats = loader.stats()
            assert (stats.epoch, stats.batches) == (epoch, batches)
            assert stats.costs.images == 16 * batches
            assert stats.costs.bytes == size_of(folder, range(stats.costs.images))
        stats = loader.stats()
        assert stats.batches == 4 and stats.costs.images == COUNT and stats.costs.bytes == size_of(folder)
        assert stats.costs.reading > 0 and stats.costs.running > 0
        assert list(stats.work) == ["reading", "decoding", "resizing", "writing"]
        assert sum(stats.work.values()) == pytest.approx(1) and min(stats.work.values()) > 0
        assert stats.start_up > 0 and stats.waiting > 0 and stats.stepping > 0
        assert stats.seconds == stats.start_up + stats.waiting + stats.stepping
        assert stats.images_per_second == COUNT / stats.seconds and stats.workers == way["num_workers"]
        assert stats.threads == (way["num_workers"] > 0 and "workers" not in way)
        assert "4 batches, 64 images" in str(stats) and stats.verdict in str(stats)


@pytest.mark.slow
def test_spawned_workers(folder):
    dataset = FastTxtDataset(folder / "train.txt", folder, 32, 24)  # a process takes seconds to start: one backend
    loader = DataLoader(dataset, 16, num_workers=1, workers="process", multiprocessing_context="spawn")
    assert len(list(loader)) == 4
    assert loader.stats().costs.images == COUNT and loader.stats().costs.bytes == size_of(folder)


def test_before_the_first_batch(dataset, way):
    loader = DataLoader(dataset, 5, **way)
    assert loader.stats().batches == 0 and "No batch" in str(loader.stats())
    iterator = iter(loader)
    assert loader.stats().batches == 0 and "No batch" in loader.stats().verdict
    next(iterator)
    assert loader.stats().waiting_share is None and "One batch" in loader.stats().verdict
    assert loader.stats().start_up > 0


def test_an_epoch_that_is_left_early(dataset, way):
    loader = DataLoader(dataset, 5, **way)
    for _ in range(2):
        for i, _ in enumerate(loader):
            if i == 2:
                break
        assert loader.stats().batches == 3 and loader.stats().costs.images == 15


def test_a_resumed_epoch(dataset, way):
    first = DataLoader(dataset, 5, **way)
    iterator = iter(first)
    next(iterator), next(iterator)
    loader = DataLoader(dataset, 5, **way)
    loader.load_state_dict(first.state_dict())
    assert len(list(loader)) == 11
    assert loader.stats().batches == 11 and loader.stats().costs.images == COUNT - 10


def test_skipped_images_do_not_count_but_those_in_their_place(folder, backend, way):
    for i in (0, 7):
        (folder / f"{i}.jpg").write_bytes(b"")
    dataset = FastTxtDataset(folder / "train.txt", folder, 32, 24, backend=backend, on_error="skip")
    loader = DataLoader(dataset, 5, **way)
    assert sum(len(labels) for _, labels in loader) == COUNT
    assert loader.stats().costs.images == COUNT


def test_single_images(folder, backend, way):
    loader = DataLoader(FastTxtDataset(folder / "train.txt", folder, None, None, backend=backend), None, **way)
    assert len(list(loader)) == loader.stats().batches == loader.stats().costs.images == COUNT


class Own(Dataset):
    """Somebody's dataset, that reads with pixfeed."""

    def __init__(self, folder, backend):
        self.folder, self.backend = folder, backend

    def __len__(self):
        return COUNT

    def __getitem__(self, i):
        return torch.from_numpy(pixfeed.imread(self.folder / f"{i}.jpg", size=(8, 8), backend=self.backend))


class Stream(IterableDataset):
    def __iter__(self):
        yield from range(8)


def test_a_dataset_of_ones_own(folder, backend, way):
    pixfeed.imread(folder / "0.jpg", backend=backend)  # not the loader's business
    loader = DataLoader(Own(folder, backend), 8, **way)
    for _ in loader:
        pixfeed.imread(folder / "0.jpg", backend=backend)
    assert loader.stats().batches == 8 and loader.stats().costs.images == COUNT


def test_images_that_are_not_read_by_pixfeed(way):
    loader = DataLoader(Stream(), 4, **way)
    assert len(list(loader)) == loader.stats().batches > 1
    assert loader.stats().costs == Costs() and loader.stats().work == {}
    assert loader.stats().images_per_second is None and "images" not in str(loader.stats()).splitlines()[0]


def test_the_collate_fn_stays_ones_own(folder, backend):
    def collate(samples):
        return len(samples)

    loader = DataLoader(Own(folder, backend), 8, collate_fn=collate, num_workers=1, multiprocessing_context="fork")
    assert list(loader) == [8] * 8 and loader.collate_fn is collate
    assert loader.stats().costs.images == COUNT


def test_costs_add_up():
    take_costs()
    spend(Costs(1, 2, 3, 4, 5, 6))
    spend(Costs(10, 20, 30, 40, 50, 60, 1, 1, 0, 2, 300, 5))
    threading.Thread(target=lambda: spend(Costs(7))).start()
    assert take_costs() == (11, 22, 33, 44, 55, 66, 1, 1, 0, 2, 300, 5) and take_costs() == Costs()


def test_which_images_could_be_scaled(tmp_path, backend):
    data = images.jpeg(images.picture(80, 96))
    (tmp_path / "a.jpg").write_bytes(data)
    (tmp_path / "a.png").write_bytes(images.png(images.picture(80, 96)))
    for name, size, reading, expected in (
        ("a.jpg", 20, {}, 1),
        ("a.jpg", 21, {}, 0),
        ("a.jpg", 21, dict(headroom=1.5), 1),
        ("a.jpg", 20, dict(decode="scaled"), 0),
        ("a.jpg", 20, dict(reduced=2), 0),
        ("a.jpg", 20, dict(rois=[[0, 0, 50, 80]]), 0),
        ("a.png", 20, {}, 0),
    ):
        functional._cached_pipeline.cache_clear()  # a pipeline looks at its first call, and then at one of sixteen
        take_costs()
        for looked_at in (1, 0):
            pixfeed.load_batch([tmp_path / name], (size, size), backend=backend, **reading)
            costs = take_costs()
            assert (costs.looked_at, costs.scalable) == (looked_at, expected * looked_at), (name, size, reading)


# -- the four staged cases, with a clock that is moved by hand or margins of a hundred -----------------------------


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.mark.parametrize(("step", "limit"), [(5.0, "training step"), (0.5, "loader")])
def test_slow_and_fast_steps(dataset, monkeypatch, step, limit):
    clock = Clock()
    monkeypatch.setattr(stopwatch, "perf_counter", clock)
    monkeypatch.setattr(type(dataset), "__getitems__", timed(type(dataset).__getitems__, clock, 0.25))
    loader = DataLoader(dataset, 16)
    for _ in loader:
        clock.now += step
    stats = loader.stats()
    assert (stats.start_up, stats.waiting, stats.stepping) == (0.25, 3 * 0.25, 4 * step)
    assert stats.verdict.startswith(f"The {limit} is the limit: the loop waited ")


def timed(function, clock, seconds):
    def run(*args):
        clock.now += seconds
        return function(*args)

    return run


@pytest.mark.serial  # it compares times
def test_a_slow_disk(tmp_path, backend, monkeypatch):
    """A pipe whose other end takes its time."""
    monkeypatch.setenv("PIXFEED_NUM_THREADS", "1")
    data = images.jpeg(images.picture(16, 16))
    paths = [tmp_path / f"{i}.jpg" for i in range(32)]
    for path in paths:
        os.mkfifo(path)

    def write():
        for path in paths:
            with open(path, "wb") as file:
                time.sleep(0.02)
                file.write(data)

    writer = threading.Thread(target=write)
    writer.start()
    loader = DataLoader(FastTxtDataset.from_samples(paths, range(32), 8, 8, backend=backend), 16)
    assert len(list(loader)) == 2
    writer.join()
    work = loader.stats().work
    assert max(work, key=work.get) == "reading"
    assert "of the work is reading files: the disk is slow" in loader.stats().verdict


@pytest.mark.slow
@pytest.mark.serial  # it compares times
def test_slow_decoding(tmp_path, backend, monkeypatch):
    """Large pictures that become tiny, by the interpolation that looks at the fewest pixels."""
    monkeypatch.setenv("PIXFEED_NUM_THREADS", "1")
    (tmp_path / "large.jpg").write_bytes(images.jpeg(images.picture(800, 800), quality=95, progressive=True))
    options = dict(interpolation="nearest", backend=backend)
    dataset = FastTxtDataset.from_samples([tmp_path / "large.jpg"] * 32, range(32), 8, 8, **options)
    loader = DataLoader(dataset, 16)
    assert len(list(loader)) == 2
    work = loader.stats().work
    assert max(work, key=work.get) == "decoding"
    assert "of the work is decoding; decode='scaled'" in loader.stats().verdict


# -- the verdict --------------------------------------------------------------------------------------------------


def made(waiting=0.8, work=(10, 70, 15, 5), busy=None, workers=2, cores=8, scalable=0, **more) -> Stats:
    """10 s behind the first batch, of which the loop waited for ``waiting``; ``work`` in percent."""
    time = 10 * waiting if workers == 0 else 10
    total = int(1e9 * time * (max(workers, 1) if busy is None else busy))
    reading, *sample = (share * total // 100 for share in work)
    running = total - reading
    parts = (part // 8 for part in sample)
    costs = Costs(10**9, reading, running, *parts, 1000, 10, scalable)
    more = dict(start_up=0.5, workers=workers, cores=cores, **more)
    return Stats(0, 10, waiting=10 * waiting, stepping=10 - 10 * waiting, costs=costs, **more)


VERDICTS = {
    "slow step": (
        made(0.004),
        "The training step is the limit: the loop waited 0.4 % of the time for data.",
    ),
    "fast step": (
        made(),
        "The loader is the limit: the loop waited 80 % of the time for data, and 70 % of the work is decoding; more "
        "workers than 2 would help (2 of 8 cores are used).",
    ),
    "slow disk": (
        made(work=(80, 10, 5, 5), cores=2),
        "The loader is the limit: the loop waited 80 % of the time for data, and 80 % of the work is reading files: "
        "the disk is slow; more workers than 2 would help.",
    ),
    "slow decode": (
        made(cores=2, scalable=10),
        "The loader is the limit: the loop waited 80 % of the time for data, and 70 % of the work is decoding; "
        "decode='scaled' (other pixels, nearly the same) would help (all 2 cores are in use).",
    ),
    "nothing to be done": (
        made(workers=1, cores=1),
        "The loader is the limit: the loop waited 80 % of the time for data, and 70 % of the work is decoding (the "
        "only core is in use).",
    ),
    "no workers": (
        made(0.5, workers=0),
        "The loader is the limit: the loop waited 50 % of the time for data, and 70 % of the work is decoding; "
        "num_workers=8, to load during the step, would help.",
    ),
    "no workers, no step, one core of many": (
        made(1.0, workers=0),
        "The loader is the limit: the loop waited 100 % of the time for data, and 70 % of the work is decoding; "
        "num_workers=8, to use all cores, would help.",
    ),
    "no workers, no step, all cores": (
        made(1.0, workers=0, busy=7.5),
        "The loader is the limit: the loop waited 100 % of the time for data, and 70 % of the work is decoding (all 8 "
        "cores are in use).",
    ),
    "writing floats": (
        made(work=(10, 20, 10, 60), cores=2, floats=True),
        "The loader is the limit: the loop waited 80 % of the time for data, and 60 % of the work is writing; "
        "dtype=torch.uint8 would help (all 2 cores are in use).",
    ),
    "other code": (
        made(busy=0.1),
        "The loader is the limit: the loop waited 80 % of the time for data, but only 0.1 of 2 workers read images: "
        "the rest of their time went to other code, such as transforms, or they had to wait, as with a small "
        "prefetch_factor.",
    ),
    "other code, no workers": (
        made(workers=0, busy=0.25),
        "The loader is the limit: the loop waited 80 % of the time for data, and 75 % of that was other code than "
        "reading images, such as transforms.",
    ),
    "nothing but pixfeed": (
        made(busy=0.1, native=True),
        "The loader is the limit: the loop waited 80 % of the time for data, but only 0.1 of 2 workers read images: "
        "the rest of their time went to planning batches and handing them over, or they had to wait, as with a small "
        "prefetch_factor.",
    ),
    "nothing but pixfeed, no workers": (
        made(workers=0, busy=0.25, native=True),
        "The loader is the limit: the loop waited 80 % of the time for data, and 75 % of that was planning batches "
        "and handing them over.",
    ),
    "not read by pixfeed": (
        Stats(0, 10, 0.1, 5.0, 5.0),
        "The loader is the limit: the loop waited 50 % of the time for data, and pixfeed read none of it.",
    ),
    "too few": (
        made(work=(10, 0, 0, 0)),
        "The loader is the limit: the loop waited 80 % of the time for data.",
    ),
}


@pytest.mark.parametrize("case", VERDICTS)
def test_verdict(case):
    stats, words = VERDICTS[case]
    assert stats.verdict == words


def test_what_is_printed():
    assert str(made(threads=True)) == (
        "epoch 0: 10 batches, 1,000 images in 10.50 s, num_workers=2 (threads)\n"
        "  speed    95 images/s, 95.2 MB/s\n"
        "  waiting  0.50 s for the first batch, then 80 % of the time\n"
        "  work     reading 10 %, decoding 70 %, resizing 15 %, writing 5.0 %\n"
        f"  verdict  {made().verdict}"
    )
    assert pickle.loads(pickle.dumps(made())) == made()


def test_shares_are_those_of_the_sample_scaled_up():
    stats = Stats(costs=Costs(bytes=1, reading=200, running=800, decoding=30, resizing=10, writing=0, images=8))
    assert stats.work == pytest.approx(dict(reading=0.2, decoding=0.6, resizing=0.2, writing=0.0))
    assert np.isclose(sum(stats.work.values()), 1)
