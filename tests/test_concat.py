"""ConcatDataset and Subset of pixfeed's datasets: batches are read whole, and are what item by item gives."""

from __future__ import annotations

import images
import pytest
import torch
from torch.utils.data import ConcatDataset, Dataset, StackDataset, Subset, TensorDataset, random_split
from torch.utils.data import DataLoader as TorchLoader

from pixfeed import DataLoader, FastTxtDataset, ImageError, RegionError, pad_collate
from pixfeed.collate.batch import Batch
from pixfeed.datasets.concat import ConcatImages, with_concat_images
from pixfeed.reading.pipeline import Pipeline

WAYS = {
    "main": dict(num_workers=0),
    "threads": dict(num_workers=2),
    "fork": dict(num_workers=1, workers="process", multiprocessing_context="fork"),
}


@pytest.fixture(params=WAYS, ids=str)
def way(request) -> dict:
    return WAYS[request.param]


@pytest.fixture
def make(tmp_path, backend):
    """Makes datasets of ``count`` images with the labels ``first``, ``first + 1``..."""

    def make(count: int, first: int, size: tuple = (32, 24), **options) -> FastTxtDataset:
        for i in range(first, first + count):
            (tmp_path / f"{i}.jpg").write_bytes(images.jpeg(images.picture(40 + i, 50, seed=i)))
        (tmp_path / f"{first}.txt").write_text("".join(f"{i}.jpg {i}\n" for i in range(first, first + count)))
        return FastTxtDataset(tmp_path / f"{first}.txt", tmp_path, *size, backend=backend, **options)

    return make


SHAPES = {
    "two": lambda a, b, c: ConcatDataset([a, b]),
    "the same twice": lambda a, b, c: ConcatDataset([a, a]),
    "subset outside": lambda a, b, c: Subset(ConcatDataset([a, b]), [9, 0, 8, 1, -1, 5]),
    "subsets inside": lambda a, b, c: ConcatDataset([Subset(a, [3, 1]), b, Subset(Subset(c, [4, 2, 0]), [2, 0])]),
    "nested": lambda a, b, c: ConcatDataset([ConcatDataset([a, Subset(ConcatDataset([c, b]), range(2, 7))]), c]),
    "added": lambda a, b, c: a + b + c,
    "random_split": lambda a, b, c: random_split(ConcatDataset([a, b, c]), [5, 9], torch.Generator().manual_seed(2))[1],
    "tensors as indices": lambda a, b, c: Subset(ConcatDataset([a, b]), torch.tensor([6, 2, 0])),
    "repeated": lambda a, b, c: ConcatDataset([FastTxtDataset(a.files.filename, a.image_dir, 32, 24, 2), b]),
}


@pytest.mark.parametrize("shape", SHAPES)
def test_what_item_by_item_gives(make, shape, way):
    dataset = SHAPES[shape](make(5, 0), make(5, 10), make(4, 20) if shape == "random_split" else make(5, 20))
    items = [dataset[i] for i in range(len(dataset))]
    loader = DataLoader(dataset, 4, **way)
    assert loader.dataset is dataset
    seen = [(image, label) for batch in loader for image, label in zip(*batch, strict=True)]
    assert loader.dataset is dataset
    assert len(seen) == len(items)
    for (image, label), (expected, expected_label) in zip(seen, items, strict=True):
        assert torch.equal(image, expected) and label.tolist() == expected_label.tolist()
    shuffled = [
        [labels.tolist() for _, labels in kind(dataset, 4, shuffle=True, generator=torch.Generator().manual_seed(1))]
        for kind in (DataLoader, TorchLoader)
    ]
    assert shuffled[0] == shuffled[1]


def test_one_call_and_no_copy(make, monkeypatch):
    both = with_concat_images(ConcatDataset([make(3, 0), make(3, 10)]))
    calls = []
    monkeypatch.setattr(FastTxtDataset, "__getitem__", None)
    read = Pipeline.read
    monkeypatch.setattr(Pipeline, "read", lambda *a, **k: calls.append(1) or read(*a, **k))
    batch = both.__getitems__([5, 0, 4, 1])
    assert calls == [1] and type(batch) is Batch
    collated, labels = torch.utils.data.default_collate(batch)
    assert collated.data_ptr() == batch.images.data_ptr() and labels[:, 0].tolist() == [12, 0, 11, 1]


@pytest.mark.parametrize(
    "options",
    [
        dict(interpolation="area"),
        dict(antialias=True),
        dict(strict=True),
        dict(rois=[[1, 2, 20, 30]] * 4),
        dict(rois=[[1, 2, 20, 30]] * 4, resize_boxes=[[0.5, 1, 19, 20]] * 4, antialias=True),
    ],
    ids=lambda options: " ".join(options),
)
def test_read_in_different_ways(make, options, way):
    """Each dataset's own way of reading is kept."""
    dataset = ConcatDataset([make(4, 0), make(4, 10, **options)])
    order = [5, 0, 7, 1, 4, 2]
    batch, labels = next(iter(DataLoader(dataset, 6, sampler=order, **way)))
    assert torch.equal(batch, torch.stack([dataset[i][0] for i in order]))
    assert labels[:, 0].tolist() == [dataset[i][1][0] for i in order]


def test_regions_of_each(make):
    dataset = ConcatDataset([make(3, 0, rois=[[i, 0, 20, 20] for i in range(3)]), make(2, 10, rois=[[5, 6, 9, 9]] * 2)])
    samples = with_concat_images(dataset).__getitems__([4, 2, 0])
    assert isinstance(samples.images, torch.Tensor)
    assert all(torch.equal(s[0], dataset[i][0]) for s, i in zip(samples, [4, 2, 0], strict=True))


def test_what_makes_no_batch_is_said_as_ever(make, way):
    for other in (dict(size=(32, 30)), dict(size=(None, 24)), dict(channels="gray")):
        dataset = ConcatDataset([make(2, 0), make(2, 10, **other)])
        results = []
        for kind, options in ((TorchLoader, {}), (DataLoader, way)):
            with pytest.raises(RuntimeError) as caught:
                next(iter(kind(dataset, 4, **options)))
            results.append(str(caught.value))
        assert "different shapes" in results[0] and results[0].split(";")[0] in results[1]


def test_dtypes_mixed(make, way):
    """torch.stack takes the larger one."""
    dataset = ConcatDataset([make(2, 0), make(2, 10, dtype=torch.uint8)])
    expected, got = (next(iter(kind(dataset, 4, **how))) for kind, how in ((TorchLoader, {}), (DataLoader, way)))
    assert all(torch.equal(a, b) and a.dtype == b.dtype for a, b in zip(got, expected, strict=True))


def test_bad_images(make, tmp_path, way):
    bad = [make(5, 0), make(5, 10)]
    for i in (3, 12):
        (tmp_path / f"{i}.jpg").write_bytes(b"")
    with pytest.raises(ImageError, match=r"12\.jpg.*10\.txt, line 3.*empty"):
        next(iter(DataLoader(ConcatDataset(bad), 4, sampler=[7, 3, 1], **way)))
    for policy, expected in (("skip", [13, 4, 1]), ("zeros", [12, 3, 1])):
        for dataset in bad:
            dataset.on_error = policy
        loader = DataLoader(ConcatDataset(bad), 4, sampler=[7, 3, 1], **way)
        batch, labels = next(iter(loader))
        assert labels[:, 0].tolist() == expected
        for image, label in zip(batch[:2], expected, strict=False):
            assert torch.equal(image, bad[label >= 10][label % 10][0])
        assert [failure.line for failure in loader.report()] == [4, 3]
    bad[1].on_error, bad[1].max_errors = "skip", 0
    with pytest.raises(ImageError, match="max_errors=0"):
        next(iter(DataLoader(ConcatDataset(bad), 4, sampler=[7, 3, 1], **way)))


def test_bad_region(make):
    dataset = ConcatDataset([make(2, 0, rois=[[0, 0, 9, 9]] * 2), make(2, 10, rois=[[0, 0, 9, 9], [900, 0, 9, 9]])])
    with pytest.raises(RegionError, match=r"11\.jpg.*line 2.*outside"):
        next(iter(DataLoader(dataset, 4, num_workers=1)))


@pytest.mark.parametrize("index", [6, -7, 100, 1.5])
def test_indices_that_there_are_not(make, index):
    dataset = ConcatDataset([make(3, 0), make(3, 10)])
    with pytest.raises((IndexError, ValueError, TypeError)) as ours:
        with_concat_images(dataset).__getitems__([0, index])
    if index != 1.5:
        with pytest.raises(type(ours.value)):
            dataset[index]


def test_others_are_left_alone(make):
    a = make(3, 0)

    class Own(ConcatDataset):
        pass

    class Changed(FastTxtDataset):
        def __getitem__(self, index):
            return super().__getitem__(index)

    numbers = TensorDataset(torch.arange(3))
    changed = Changed(a.files.filename, a.image_dir)
    for dataset in (a, numbers, Subset(numbers, [1]), Own([a, a]), ConcatDataset([numbers])):
        assert with_concat_images(dataset) is dataset
    for dataset in (ConcatDataset([a, numbers]), ConcatDataset([a, changed])):
        made = with_concat_images(dataset)
        assert isinstance(made, ConcatDataset) and not isinstance(made, ConcatImages)
        assert made.datasets == dataset.datasets
    assert isinstance(with_concat_images(ConcatDataset([a, a])), ConcatImages)
    mixed = StackDataset(ConcatDataset([a, a]), torch.arange(6))
    assert isinstance(mixed, Dataset) and with_concat_images(mixed) is mixed


def test_a_worker_sees_a_concat_dataset(make):
    dataset = ConcatDataset([make(2, 0), make(2, 10)])
    loader = DataLoader(dataset, 2, num_workers=1, worker_init_fn=_look, multiprocessing_context="fork")
    assert [labels.tolist() for _, labels in loader] == [[[0], [1]], [[10], [11]]]


def _look(_: int) -> None:
    dataset = torch.utils.data.get_worker_info().dataset
    assert isinstance(dataset, ConcatDataset) and len(dataset.datasets) == 2


@pytest.mark.slow
def test_spawned(make):
    dataset = ConcatDataset([make(2, 0), make(2, 10)])
    loader = DataLoader(dataset, 4, num_workers=1, workers="process", multiprocessing_context="spawn")
    assert next(iter(loader))[1][:, 0].tolist() == [0, 1, 10, 11]


def test_masks_are_padded_with_their_own_number(tmp_path, backend):
    """Also if the datasets are read in different ways."""
    for i, size in enumerate(((8, 9), (5, 12))):
        (tmp_path / f"{i}.png").write_bytes(images.png(images.picture(*size)))
        (tmp_path / f"m{i}.png").write_bytes(images.png(images.picture(*size, gray=True) % 5))
        (tmp_path / f"{i}.txt").write_text(f"{i}.png m{i}.png\n")
    options = dict(targets="mask", ignore_index=77, backend=backend)
    both = ConcatDataset([FastTxtDataset(tmp_path / f"{i}.txt", tmp_path, None, None, **options) for i in range(2)])
    for workers in (0, 2):
        _, masks = next(iter(DataLoader(both, 2, num_workers=workers, collate_fn=pad_collate)))
        assert masks.shape == (2, 8, 12) and (masks[0, :, 9:] == 77).all() and (masks[1, 5:] == 77).all()
    sized = ConcatDataset([FastTxtDataset(tmp_path / f"{i}.txt", tmp_path, 6, 6, **options) for i in range(2)])
    assert with_concat_images(sized).__getitems__([0, 1])[1].fill == 77
