"""FastTxtDataset: the drop-in for the usual list-file Dataset."""

from __future__ import annotations

import pickle

import images
import numpy as np
import pytest
import torch
from torch.utils.data import ConcatDataset, Subset

from pixfeed import FastTxtDataset


@pytest.fixture
def folder(tmp_path):
    """Ten pictures of different sizes, two labels each."""
    for i in range(10):
        make = images.png if i % 3 == 2 else images.jpeg
        (tmp_path / f"{i}.jpg").write_bytes(make(images.picture(40 + 3 * i, 60 - 2 * i, seed=i)))
    (tmp_path / "train.txt").write_text("".join(f"{i}.jpg {i} {i + 10}\n" for i in range(10)))
    return tmp_path


@pytest.fixture
def make(folder, backend):
    def make(*args, **options) -> FastTxtDataset:
        return FastTxtDataset(folder / "train.txt", folder, *args, backend=backend, **options)

    return make


def test_item(make, folder):
    image, label = make()[3]
    assert image.dtype == torch.float32 and image.shape == (3, 256, 256) and image.is_contiguous()
    assert torch.equal(image, images.reference(folder / "3.jpg", (256, 256)))
    assert isinstance(label, np.ndarray) and label.dtype == np.int64 and label.tolist() == [3, 13]


def test_uint8(make, folder):
    image, _ = make(32, 48, dtype=torch.uint8)[2]
    assert image.dtype == torch.uint8
    expected = images.reference_resize(images.reference_read(folder / "2.jpg"), (32, 48))
    np.testing.assert_array_equal(image.permute(1, 2, 0).numpy(), expected)


@pytest.mark.parametrize(
    ("given", "expected"),
    [((None, 50), (int(46 * 50 / 56), 50)), ((50, None), (50, int(56 * 50 / 46))), ((None, None), (46, 56))],
)
def test_sizes_that_depend_on_the_picture(make, folder, given, expected):
    dataset = make(*given)
    assert torch.equal(dataset[2][0], images.reference(folder / "2.jpg", expected))
    samples = dataset.__getitems__([2, 3])
    assert torch.equal(samples[0][0], images.reference(folder / "2.jpg", expected))
    assert samples[1][1].tolist() == [3, 13]


def test_length_and_repeat(make):
    assert len(make()) == 10
    assert len(make(repeat=3)) == 30
    assert len(make(repeat=None)) == 10_000_000


@pytest.mark.parametrize("repeat", [1, 3, None])
def test_indices(make, repeat):
    dataset = make(8, 8, repeat=repeat)

    def label(i):
        return int(dataset[i][1][0])

    assert label(0) == 0 and label(9) == 9
    assert label(10) == 0 and label(25) == 5  # wraps
    assert label(-1) == label(len(dataset) - 1) == 9
    assert label(-10) == label(len(dataset) - 10) == 0
    assert label(np.int64(4)) == label(torch.tensor(4)) == 4
    assert [label(i) for i in range(len(dataset))[-3:]] == [7, 8, 9]
    for wrong in (1.0, "1", None):
        with pytest.raises(TypeError):
            dataset[wrong]


def test_slices(make):
    dataset = make(8, 8, repeat=2)
    part = dataset[8:14:2]
    assert isinstance(part, Subset) and len(part) == 3
    assert [int(label[0]) for _, label in part] == [8, 0, 2]


def test_iteration_ends(make):
    assert [int(label[0]) for _, label in make(8, 8, repeat=2)] == [*range(10), *range(10)]


def test_items_do_not_share_memory(make):
    dataset = make(128, 128)  # large enough for pooled memory
    first, label = dataset[0]
    kept, kept_label = first.clone(), label.copy()
    second, _ = dataset[1]
    second.fill_(5)
    label += 100
    assert torch.equal(first, kept)
    assert dataset[0][1].tolist() == kept_label.tolist()


def test_batch(make, folder):
    samples = make(32, 32).__getitems__([4, 0, 4, -1])
    assert len(samples) == 4
    for (image, label), i in zip(samples, [4, 0, 4, 9], strict=True):
        assert torch.equal(image, images.reference(folder / f"{i}.jpg", (32, 32)))
        assert label.tolist() == [i, i + 10]


def test_pickle(make):
    dataset = pickle.loads(pickle.dumps(make(16, 16, dtype=torch.uint8, strict=True)))
    assert torch.equal(dataset[1][0], make(16, 16, dtype=torch.uint8)[1][0])


def test_wrappers(make):
    dataset = make(16, 16)
    both = ConcatDataset([Subset(dataset, [5, 6]), dataset])
    assert len(both) == 12 and both[1][1].tolist() == [6, 16] and both[2][1].tolist() == [0, 10]


def test_absolute_names(tmp_path, folder, backend):
    other = tmp_path / "other.txt"
    other.write_text(f"{folder / '1.jpg'} 1\n")
    image, _ = FastTxtDataset(other, "/nowhere", 16, 16, backend=backend)[0]
    assert torch.equal(image, images.reference(folder / "1.jpg", (16, 16)))


def test_repr(make):
    assert "train.txt" in repr(make()) and "10 images" in repr(make())


@pytest.mark.parametrize(
    ("options", "error"),
    [
        (dict(resize_height=0), ValueError),
        (dict(resize_width=-3), ValueError),
        (dict(resize_width=2.5), TypeError),
        (dict(repeat=0), ValueError),
        (dict(repeat="3"), TypeError),
        (dict(dtype=torch.float64), ValueError),
        (dict(backend="fast"), ValueError),
    ],
)
def test_impossible_arguments(folder, options, error):
    with pytest.raises(error):
        FastTxtDataset(folder / "train.txt", folder, **options)
