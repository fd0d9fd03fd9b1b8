"""Bad images do not end the run: skipped, replaced, counted and reported, in every way of loading."""

from __future__ import annotations

import gc
import os
import pickle

import images
import numpy as np
import pytest
import torch
from torch.utils.data import Subset

from pixfeed import DataLoader, FastTxtDataset, ImageError, RegionError

COUNT = 12
BAD = [0, 4, 5, 11]
WAYS = {
    "main": dict(num_workers=0),
    "threads": dict(num_workers=2),
    "fork": dict(num_workers=2, workers="process", multiprocessing_context="fork"),
}


@pytest.fixture(params=WAYS)
def way(request) -> dict:
    return WAYS[request.param]


@pytest.fixture
def folder(tmp_path):
    for i in range(COUNT):
        data = images.jpeg(images.picture(40 + i, 50, seed=i))
        (tmp_path / f"{i}.jpg").write_bytes(data if i not in BAD else data[:300])
    (tmp_path / "5.jpg").unlink()
    (tmp_path / "train.txt").write_text("".join(f"{i}.jpg {i}\n" for i in range(COUNT)))
    return tmp_path


@pytest.fixture
def make(folder, backend):
    def make(**options):
        return FastTxtDataset(folder / "train.txt", folder, 24, 32, backend=backend, **options)

    return make


def test_skip(make, way):
    dataset = make(on_error="skip")
    loader = DataLoader(dataset, 5, **way)
    taken = [1, 1, 2, 3, 6, 6, 6, 7, 8, 9, 10, 1]  # the next good one of the list, which starts over
    pictures, labels = (torch.cat(parts) for parts in zip(*loader, strict=True))
    assert labels[:, 0].tolist() == taken
    for image, row in zip(pictures, taken, strict=True):
        expected, _ = make()[row]
        assert torch.equal(image, expected)
    assert [dataset[i][1].item() for i in range(COUNT)] == taken
    check_report(loader.report(), dataset)


def check_report(report, dataset) -> None:
    assert [failure.line for failure in report] == [i + 1 for i in BAD]
    for failure, i in zip(report, BAD, strict=True):
        assert failure.path == f"{dataset.image_dir}/{i}.jpg" and failure.path in failure.reason
        assert ("no such file" if i == 5 else "truncated") in failure.reason
        assert failure.count >= 1


def test_zeros(make, way):
    dataset = make(on_error="zeros")
    loader = DataLoader(Subset(dataset, range(COUNT)), 5, **way)
    pictures, labels = (torch.cat(parts) for parts in zip(*loader, strict=True))
    assert labels[:, 0].tolist() == list(range(COUNT))
    for i, image in enumerate(pictures):
        assert image.any() != (i in BAD)
    assert not dataset[4][0].any() and dataset[4][1].item() == 4
    check_report(loader.report(), dataset)


def test_raise_is_the_default(make):
    dataset = make()
    with pytest.raises(ImageError, match=r"0\.jpg"):
        dataset[0]
    with pytest.raises(ImageError, match=r"4\.jpg"):
        dataset.__getitems__([3, 4, 5])
    assert dataset.report() == []


def test_max_errors(make, way):
    rows = [i for i in range(COUNT) if i not in BAD[2:]]
    assert len(list(DataLoader(Subset(make(on_error="zeros", max_errors=2), rows), 4, **way))) == 3
    with pytest.raises(ImageError, match="more than max_errors=2 images cannot be read, the last one: "):
        list(DataLoader(make(on_error="zeros", max_errors=2), 4, **way))


def test_the_same_image_counts_once(make):
    dataset = make(on_error="zeros", max_errors=1)
    for _ in range(3):
        dataset[4]
    assert [failure.count for failure in dataset.report()] == [3]
    with pytest.raises(ImageError, match="max_errors"):
        dataset[0]


def test_regions(folder, backend):
    rois = np.tile([0, 0, 30, 30], (COUNT, 1))
    rois[2] = [500, 0, 5, 5]
    options = dict(rois=rois, on_error="skip", backend=backend)
    dataset = FastTxtDataset(folder / "train.txt", folder, 8, 8, **options)
    assert [label.item() for _, label in dataset.__getitems__([1, 2, 3])] == [1, 3, 3]
    assert dataset[2][1].item() == 3
    (failure,) = dataset.report()
    assert failure.line == 3 and "outside the picture" in failure.reason and failure.count == 2
    plain = FastTxtDataset(folder / "train.txt", folder, 8, 8, rois=rois, backend=backend)
    with pytest.raises(RegionError, match=r"2\.jpg"):
        plain.__getitems__([1, 2])


def test_nothing_can_be_read(folder, backend):
    (folder / "bad.txt").write_text("0.jpg 0\n4.jpg 1\n5.jpg 2\n")
    for size in ((8, 8), (None, None)):
        dataset = FastTxtDataset(folder / "bad.txt", folder, *size, on_error="skip", backend=backend)
        for read in (lambda dataset=dataset: dataset[1], lambda dataset=dataset: dataset.__getitems__([1])):
            with pytest.raises(ImageError):
                read()


def test_impossible_arguments(make, folder):
    with pytest.raises(ValueError, match="on_error is 'ignore'"):
        make(on_error="ignore")
    with pytest.raises(ValueError, match="how large would the zeros be"):
        FastTxtDataset(folder / "train.txt", folder, None, 8, on_error="zeros")


def test_the_journal_goes_with_its_dataset(make):
    dataset = make(on_error="zeros")
    copy = pickle.loads(pickle.dumps(dataset))
    copy[4]
    path = dataset._journal._path
    assert len(dataset.report()) == 1 and os.path.exists(path)
    del copy
    gc.collect()
    assert os.path.exists(path)
    del dataset
    gc.collect()
    assert not os.path.exists(path)
