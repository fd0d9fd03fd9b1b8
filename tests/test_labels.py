"""Labels in memory: they are read-only, and with_labels() makes a dataset that carries others."""

from __future__ import annotations

import copy
import io
import pickle

import images
import numpy as np
import pytest
import torch
from torch.utils.data import ConcatDataset, Subset, default_collate

import pixfeed
from pixfeed import Annotations, DataLoader, FastTxtDataset
from pixfeed import transforms as T
from pixfeed.datasets import ImageFolder
from pixfeed.lists.samples import Samples

COUNT = 6


@pytest.fixture
def folder(tmp_path):
    for i in range(COUNT):
        path = tmp_path / "photos" / f"{'ab'[i % 2]}" / f"{i}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(images.jpeg(images.picture(20 + i, 30, seed=i)))
    (tmp_path / "train.txt").write_text("".join(f"photos/{'ab'[i % 2]}/{i}.jpg {i} {-i}\n" for i in range(COUNT)))
    (tmp_path / "rois.txt").write_text(
        "".join(f"photos/{'ab'[i % 2]}/{i}.jpg 1 2 10 {8 + i} {i}\n" for i in range(COUNT))
    )
    (tmp_path / "mask.txt").write_text("photos/a/0.jpg a.png\n")
    (tmp_path / "boxes.txt").write_text("photos/a/0.jpg 1 2 3 4 5\n")
    (tmp_path / "keypoints.txt").write_text("photos/a/0.jpg 1 2 1\n")
    return tmp_path


MAKERS = {
    "list": lambda folder, **options: FastTxtDataset(folder / "train.txt", folder, 16, 12, **options),
    "regions": lambda folder, **options: FastTxtDataset(folder / "rois.txt", folder, 16, 12, roi_columns=4, **options),
    "samples": lambda folder, **options: FastTxtDataset.from_samples(
        sorted((folder / "photos").rglob("*.jpg")), range(COUNT), 16, 12, **options
    ),
    "folder": lambda folder, **options: FastTxtDataset.from_folder(folder / "photos", 16, 12, **options),
    "ImageFolder": lambda folder, **options: ImageFolder(
        folder / "photos", resize_height=16, resize_width=12, **options
    ),
}


@pytest.fixture(params=MAKERS)
def make(request, folder, backend):
    return lambda **options: MAKERS[request.param](folder, backend=backend, **options)


def labels_of(batches) -> list:
    return [row for _, labels in batches for row in labels.reshape(len(labels), -1).tolist()]


NEW = np.arange(COUNT) + 100


def relabelled_copies(dataset) -> dict:
    return {
        "itself": dataset,
        "copy": copy.copy(dataset),
        "deepcopy": copy.deepcopy(dataset),
        "pickle": pickle.loads(pickle.dumps(dataset)),
        "twice": pickle.loads(pickle.dumps(pickle.loads(pickle.dumps(dataset)))),
    }


def test_with_labels(make):
    dataset = make()
    before = dataset.files.labels.copy()
    given = NEW.copy()
    other = dataset.with_labels(given)
    given[:] = 7  # it is a copy
    assert type(other) is type(dataset) and len(other) == len(dataset)
    for each in relabelled_copies(other).values():
        assert each.files.labels.tolist() == NEW[:, None].tolist()
        assert labels_of(DataLoader(each, 4)) == NEW[:, None].tolist()
        assert np.ravel(each[2][1]).tolist() == [102] and type(each[2][1]) is type(dataset[2][1])
        for (image, _), (expected, _) in zip(each, dataset, strict=True):
            assert torch.equal(image, expected)
        for i in range(COUNT):
            assert each.origin(i) == dataset.origin(i)
    assert dataset.files.labels.tolist() == before.tolist()
    assert (
        labels_of(DataLoader(dataset, 4)) == (before[:, :1] if "Image" in type(dataset).__name__ else before).tolist()
    )


@pytest.mark.parametrize("way", [dict(num_workers=2), dict(num_workers=1, workers="process")])
def test_in_workers(make, way):
    dataset = make().with_labels(NEW)
    both = ConcatDataset([Subset(dataset, [3, 1]), dataset])
    expected = [[103], [101], *NEW[:, None].tolist()]
    assert labels_of(DataLoader(both, 3, **way)) == expected


@pytest.mark.slow
def test_in_spawned_workers(folder, backend):
    dataset = MAKERS["list"](folder, backend=backend).with_labels(NEW)
    way = dict(num_workers=1, workers="process", multiprocessing_context="spawn")
    assert labels_of(DataLoader(dataset, 4, **way)) == NEW[:, None].tolist()


def test_other_types_and_numbers(folder, backend):
    dataset = MAKERS["list"](folder, backend=backend)
    soft = np.random.default_rng(0).random((COUNT, 10), np.float32)
    batch = default_collate([dataset.with_labels(soft)[i] for i in range(COUNT)])[1]
    assert batch.dtype == torch.float32 and np.array_equal(batch.numpy(), soft)
    again = dataset.with_labels(soft).with_labels(list(range(COUNT)))
    assert again.files.labels.dtype == np.int64 and labels_of(DataLoader(again, 2)) == [[i] for i in range(COUNT)]
    assert len(pickle.dumps(again)) < len(pickle.dumps(dataset)) + 1500  # without the first ones


def test_the_regions_stay(folder, backend):
    dataset = MAKERS["regions"](folder, backend=backend).with_labels(NEW)
    assert dataset.rois.tolist() == [[1, 2, 10, 8 + i] for i in range(COUNT)]
    assert dataset.files.columns is None and dataset.files.roi_columns == 4


def test_random_transforms_stay(folder, backend):
    transform = T.Compose([T.RandomResizedCrop((8, 9)), T.RandomHorizontalFlip(), T.ToTensor()])
    dataset = FastTxtDataset(folder / "train.txt", folder, transform=transform, seed=5, backend=backend)
    for (image, _), (expected, _) in zip(dataset.with_labels(NEW), dataset, strict=True):
        assert torch.equal(image, expected)


def test_a_report_of_its_own(folder, backend):
    (folder / "photos" / "a" / "0.jpg").write_bytes(b"")
    dataset = MAKERS["list"](folder, backend=backend, on_error="zeros", max_errors=3)
    dataset[0]
    other = dataset.with_labels(NEW)
    assert other.report() == [] and len(dataset.report()) == 1
    assert labels_of(DataLoader(other, COUNT)) == NEW[:, None].tolist() and len(other.report()) == 1
    other.max_errors = None
    assert dataset.max_errors == 3 and dataset.on_error == other.on_error == "zeros"


@pytest.mark.parametrize(
    ("labels", "error", "words"),
    [
        (range(COUNT - 1), ValueError, "shape"),
        (np.zeros((COUNT, 1, 1)), ValueError, "shape"),
        (np.zeros((COUNT, 0)), ValueError, "shape"),
        (["a"] * COUNT, TypeError, "labels are words"),
        ([2**63] * COUNT, ValueError, "int64"),
    ],
)
def test_no_labels(make, labels, error, words):
    with pytest.raises(error, match=words):
        make().with_labels(labels)


def test_class_numbers_are_integers(folder):
    dataset = MAKERS["ImageFolder"](folder)
    for wrong in (np.zeros(COUNT, np.float32), np.zeros((COUNT, 2), np.int64)):
        with pytest.raises(ValueError, match="integers"):
            dataset.with_labels(wrong)
    assert dataset.samples[0][1] == 0 and dataset.targets[-1] == 1
    other = dataset.with_labels(NEW)
    assert other.targets == NEW.tolist() and [label for _, label in other.samples] == NEW.tolist()
    assert dataset.targets == [0, 0, 0, 1, 1, 1]


@pytest.mark.parametrize("kind", ["mask", "boxes", "keypoints"])
def test_other_targets_are_no_labels(folder, kind):
    dataset = FastTxtDataset(folder / f"{kind}.txt", folder, 16, 12, targets=kind)
    with pytest.raises(ValueError, match=rf"targets='{kind}': only labels can be replaced"):
        dataset.with_labels([1])


def arrays(files) -> dict:
    names = ("labels", "rois", "values", "classes", "offsets")
    return {name: getattr(files, name) for name in names if hasattr(files, name)}


def check_read_only(files) -> None:
    for name, array in arrays(files).items():
        with pytest.raises(ValueError, match="read-only"):
            array[...] = 0
        if name in ("labels", "rois"):
            with pytest.raises(AttributeError):
                setattr(files, name, array.copy())


def test_labels_are_read_only(make):
    for dataset in (make(), make().with_labels(NEW)):
        for each in relabelled_copies(dataset).values():
            check_read_only(each.files)
        _, label = dataset[0]  # what is read is the reader's own
        if isinstance(label, np.ndarray):
            label[...] = 5
        (_, labels) = next(iter(DataLoader(dataset, 2)))
        labels[...] = 5
        assert 5 not in dataset.files.labels[:2]


def test_labels_of_zeros_are_the_readers_own(folder, backend):
    (folder / "photos" / "a" / "0.jpg").write_bytes(b"")
    dataset = MAKERS["list"](folder, backend=backend, on_error="zeros")
    _, label = dataset[0]
    label[...] = 5
    assert dataset.files.labels[0].tolist() == [0, 0]


@pytest.mark.parametrize("kind", ["mask", "boxes", "keypoints"])
def test_annotations_are_read_only(folder, kind):
    files = Annotations(folder / f"{kind}.txt", kind)
    for each in (files, copy.deepcopy(files), pickle.loads(pickle.dumps(files))):
        check_read_only(each)


def test_samples_are_read_only():
    files = Samples(["a", "b"], [1, 2])
    for each in (files, copy.deepcopy(files), pickle.loads(pickle.dumps(files, 2))):
        check_read_only(each)


def saved(value):
    """By ``torch.save``, and read again."""
    file = io.BytesIO()
    torch.save(value, file)
    file.seek(0)
    return torch.load(file, weights_only=False)


def test_saved_by_torch(make):
    dataset = make().with_labels(NEW)
    assert labels_of(DataLoader(saved(dataset), 4)) == NEW[:, None].tolist()
    assert isinstance(saved(pixfeed.DataLoader(dataset)).dataset.files.labels, np.ndarray)
