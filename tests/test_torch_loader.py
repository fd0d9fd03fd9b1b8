"""FastTxtDataset in torch's own DataLoader: whole batches, shared memory, no copies, every start method."""

from __future__ import annotations

import threading

import images
import pytest
import torch
from shared import in_slot
from torch.utils.data import DataLoader, Subset, default_collate

from pixfeed import FastTxtDataset, ImageError
from pixfeed.collate import Batch, Sample

pytestmark = pytest.mark.slow_on_opencv


@pytest.fixture
def dataset(tmp_path, backend) -> FastTxtDataset:
    for i in range(12):
        (tmp_path / f"{i}.jpg").write_bytes(images.jpeg(images.picture(40 + i, 50, seed=i)))
    (tmp_path / "train.txt").write_text("".join(f"{i}.jpg {i} {-i}\n" for i in range(12)))
    return FastTxtDataset(tmp_path / "train.txt", tmp_path, 160, 96, backend=backend)


@pytest.fixture
def expected(dataset) -> torch.Tensor:
    return torch.stack([image for image, _ in dataset])


def check_epoch(loader, expected: torch.Tensor) -> None:
    seen = []
    for images_, labels in loader:
        assert isinstance(images_, torch.Tensor) and isinstance(labels, torch.Tensor)
        assert labels.dtype == torch.int64 and labels.shape == (len(images_), 2)
        rows = labels[:, 0].tolist()
        assert labels[:, 1].tolist() == [-i for i in rows]
        assert torch.equal(images_, expected[rows])
        seen += rows
    assert sorted(seen) == list(range(len(expected)))


@pytest.mark.slow
@pytest.mark.parametrize("context", [None, "fork", "spawn", "forkserver"])
def test_every_way_of_loading(dataset, expected, context):
    workers = dict(num_workers=2, multiprocessing_context=context) if context else dict(num_workers=0)
    check_epoch(DataLoader(dataset, batch_size=5, shuffle=True, **workers), expected)


def test_last_batch_and_drop_last(dataset):
    assert [len(x) for x, _ in DataLoader(dataset, batch_size=5)] == [5, 5, 2]
    assert [len(x) for x, _ in DataLoader(dataset, batch_size=5, drop_last=True)] == [5, 5]


def test_endless(dataset):
    dataset.repeat = None
    for step, (_, labels) in enumerate(DataLoader(dataset, batch_size=7)):
        assert labels[:, 0].tolist() == [i % 12 for i in range(7 * step, 7 * step + 7)]
        if step == 4:
            break


def test_default_collate_hands_the_batch_on(dataset):
    batch = dataset.__getitems__([3, 1, 2])
    assert type(batch) is Batch and all(type(sample) is Sample for sample in batch)
    collated, labels = default_collate(batch)
    assert collated.data_ptr() == batch.images.data_ptr() == batch[0][0].data_ptr()
    assert labels.tolist() == [[3, -3], [1, -1], [2, -2]]


class Recorder(torch.utils.data.Dataset):
    """Notes where each batch was decoded to."""

    def __init__(self, dataset):
        self.dataset = dataset

    def __len__(self):
        return len(self.dataset)

    def __getitems__(self, indices):
        samples = self.dataset.__getitems__(indices)
        self.pointer = samples.images.data_ptr()
        return samples


class RecordingCollate:
    """torch's default collate, and whether it left the images where they were decoded."""

    def __init__(self, recorder):
        self.recorder = recorder

    def __call__(self, samples):
        images_, labels = default_collate(samples)
        return images_, labels, images_.data_ptr() == self.recorder.pointer, in_slot(images_)


@pytest.mark.parametrize("workers", [0, 2])
@pytest.mark.parametrize("wrap", [lambda d: d, lambda d: Subset(d, range(12))], ids=["plain", "subset"])
def test_no_copy_on_the_way(dataset, expected, workers, wrap):
    recorder = Recorder(wrap(dataset))
    loader = DataLoader(recorder, batch_size=4, num_workers=workers, collate_fn=RecordingCollate(recorder))
    for i, (images_, _, same_memory, shared_there) in enumerate(loader):
        assert same_memory
        assert shared_there == in_slot(images_) == (workers > 0)
        assert torch.equal(images_, expected[4 * i : 4 * i + 4])


def test_parts_of_a_batch_are_stacked(dataset, expected):
    """Samples that are no whole batch any more: reordered, dropped, or mixed from two batches."""
    first, second = dataset.__getitems__([0, 1, 2]), dataset.__getitems__([3, 4])
    for samples, rows in ((first[::-1], [2, 1, 0]), (first[:2], [0, 1]), ([*first, *second], range(5))):
        collated, labels = default_collate(samples)
        assert torch.equal(collated, expected[list(rows)])
        assert labels[:, 0].tolist() == list(rows)


def test_own_collate_function_sees_ordinary_samples(dataset):
    def collate(samples):
        pictures, labels = zip(*samples, strict=True)
        return torch.stack(pictures), [label.tolist() for label in labels]

    pictures, labels = next(iter(DataLoader(dataset, batch_size=3, collate_fn=collate)))
    assert pictures.shape == (3, 3, 160, 96) and labels == [[0, 0], [1, -1], [2, -2]]


@pytest.mark.parametrize("workers", [0, 2])
def test_bad_image_in_a_batch(dataset, workers):
    with open(f"{dataset.image_dir}/7.jpg", "r+b") as file:
        file.truncate(500)
    batches = iter(DataLoader(dataset, batch_size=4, num_workers=workers))
    with pytest.raises(ImageError, match=r"7\.jpg.*train\.txt, line 8.*truncated"):
        list(batches)
    if workers:  # the garbage collector would find the iterator, and wait for torch's processes
        batches._shutdown_workers()


def test_fork_after_threads(dataset, expected):
    """A child of a process whose pool runs makes its own."""
    check_epoch(DataLoader(dataset, batch_size=6), expected)
    check_epoch(DataLoader(dataset, batch_size=6, num_workers=2, multiprocessing_context="fork"), expected)
    check_epoch(DataLoader(dataset, batch_size=6), expected)


@pytest.mark.slow
def test_fork_while_other_threads_decode(dataset, expected):
    """No lock that a thread of the parent holds at that moment is waited for in the child."""
    stop = threading.Event()

    def decode():
        while not stop.is_set():
            dataset.__getitems__(range(12))

    threads = [threading.Thread(target=decode) for _ in range(2)]
    for thread in threads:
        thread.start()
    try:
        for _ in range(10):
            check_epoch(
                DataLoader(dataset, batch_size=6, num_workers=2, multiprocessing_context="fork", timeout=60), expected
            )
    finally:
        stop.set()
        for thread in threads:
            thread.join()


def test_a_held_batch_is_never_written_again(dataset, expected):
    held = [batch for _ in range(3) for batch in DataLoader(dataset, batch_size=4)]
    for i, (images_, _) in enumerate(held):
        start = 4 * i % 12
        assert torch.equal(images_, expected[start : start + 4])
