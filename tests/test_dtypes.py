"""dtype= and memory_format=: the float32 values, rounded as Tensor.to() rounds them, and laid out as asked."""

from __future__ import annotations

import pickle

import images
import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader

import pixfeed
from pixfeed import backends, memory
from pixfeed.plan import resize_plan

FLOATS = [torch.float32, torch.float16, torch.bfloat16]
FORMATS = [torch.contiguous_format, torch.channels_last]


@pytest.fixture
def folder(tmp_path):
    for i in range(4):
        (tmp_path / f"{i}.jpg").write_bytes(images.jpeg(images.picture(40 + 3 * i, 61 - 2 * i, seed=i)))
    (tmp_path / "train.txt").write_text("".join(f"{i}.jpg {i}\n" for i in range(4)))
    return tmp_path


@pytest.fixture
def paths(folder):
    return [folder / f"{i}.jpg" for i in range(4)]


@pytest.mark.parametrize("channels", ["rgb", "gray"])
@pytest.mark.parametrize("memory_format", FORMATS)
@pytest.mark.parametrize("dtype", [torch.uint8, *FLOATS])
def test_load_batch(paths, backend, dtype, memory_format, channels):
    size = (19, 37)
    how = dict(channels=channels, backend=backend)
    expected = pixfeed.load_batch(paths, size, dtype=torch.uint8, **how)
    if dtype != torch.uint8:
        expected = (expected.float() / 255).to(dtype)
    got = pixfeed.load_batch(paths, size, dtype=dtype, memory_format=memory_format, **how)
    assert got.dtype == dtype and torch.equal(got, expected)
    assert got.is_contiguous(memory_format=memory_format)
    out = torch.zeros(4, got.shape[1], 2 * size[0], size[1] + 3, dtype=dtype)[:, :, 1::2, 2:-1]  # no plain strides
    assert torch.equal(pixfeed.load_batch(paths, size, out=out, **how), expected)


@pytest.mark.parametrize("memory_format", FORMATS)
@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("channels", [3, 1])
def test_mean_and_std(paths, backend, dtype, memory_format, channels):
    """All 256 values, and numbers that leave the range of float16 at both ends."""
    opened = backends.load(backend).open(paths)
    plans = resize_plan(opened.headers, (40, 48), gray=channels == 1)
    plans["mean"] = [(0.485, 0.456, 0.406), (0, 0, 0), (1e-7, 0.5, 2), (0.1, 0.2, 0.3)]
    plans["std"] = [(0.229, 0.224, 0.225), (1, 1, 1), (1e-6, 3e-5, 2e6), (1e5, 3e7, -2)]
    plans["flip_horizontal"] = [0, 1, 0, 1]
    plans["flip_vertical"] = [0, 0, 1, 1]
    plain = torch.empty(4, channels, 40, 48, dtype=torch.uint8)
    opened.decode_into(plans, plain.numpy(), 1)
    mean, std = (torch.from_numpy(plans[name].copy())[:, :channels, None, None] for name in ("mean", "std"))
    expected = ((plain.float() / 255 - mean) / std).to(dtype)
    assert channels == 1 or dtype != torch.float16 or expected.isinf().any()
    got = memory.empty((4, channels, 40, 48), dtype, memory_format)
    opened.decode_into(plans, memory.array(got), 1)
    assert torch.equal(got, expected)


@pytest.mark.parametrize("memory_format", FORMATS)
@pytest.mark.parametrize("dtype", [torch.uint8, *FLOATS])
def test_dataset(folder, backend, dtype, memory_format):
    def dataset(*sides, **options):
        return pixfeed.FastTxtDataset(folder / "train.txt", folder, *sides, backend=backend, **options)

    how = dict(dtype=dtype, memory_format=memory_format)
    expected = torch.stack([dataset(32, 48, dtype=torch.uint8)[i][0] for i in range(4)])
    if dtype != torch.uint8:
        expected = (expected.float() / 255).to(dtype)
    ours = dataset(32, 48, **how)
    for loader in (DataLoader(ours, 4), pixfeed.DataLoader(ours, 4, num_workers=2), DataLoader(ours, 4, num_workers=1)):
        pictures, _ = next(iter(loader))
        assert pictures.dtype == dtype and torch.equal(pictures, expected)
        assert pictures.is_contiguous(memory_format=memory_format)
    image, _ = ours[2]
    assert image.dtype == dtype and torch.equal(image, expected[2])
    assert image[None].is_contiguous(memory_format=memory_format)
    natural, _ = dataset(None, None, **how)[1]
    assert natural.shape == (3, 43, 59) and natural[None].is_contiguous(memory_format=memory_format)
    again = pickle.loads(pickle.dumps(ours))
    assert torch.equal(again[3][0], expected[3]) and again.memory_format == memory_format


@pytest.mark.parametrize("dtype", FLOATS)
def test_zeros_in_place_of_bad_images(folder, backend, dtype):
    (folder / "2.jpg").write_bytes(b"")
    how = dict(dtype=dtype, memory_format=torch.channels_last, on_error="zeros", backend=backend)
    dataset = pixfeed.FastTxtDataset(folder / "train.txt", folder, 8, 9, **how)
    pictures, _ = next(iter(DataLoader(dataset, 4)))
    assert not pictures[2].any() and all(pictures[i].any() for i in (0, 1, 3))
    assert not dataset[2][0].any() and dataset[2][0].dtype == dtype


def test_array_is_the_tensors_memory():
    for dtype in (torch.uint8, *FLOATS):
        tensor = torch.zeros(2, 3, 4, dtype=dtype).movedim(0, 2)
        array = memory.array(tensor)
        assert array.shape == tensor.shape and array.dtype.itemsize == dtype.itemsize
        array[1, 2, 0] = np.ones(1, array.dtype)[0]
        assert tensor[1, 2, 0] != 0 and tensor.count_nonzero() == 1


def test_what_is_refused(paths, folder):
    for wrong in (torch.float64, torch.int32):
        with pytest.raises(ValueError, match=r"torch\.float32, torch\.float16, torch\.bfloat16 or torch\.uint8"):
            pixfeed.load_batch(paths, (8, 8), dtype=wrong)
        with pytest.raises(ValueError, match="dtype is"):
            pixfeed.load_batch(paths, (8, 8), out=torch.empty(4, 3, 8, 8, dtype=wrong))
    for wrong in (torch.preserve_format, torch.channels_last_3d):
        with pytest.raises(ValueError, match=r"torch\.contiguous_format or torch\.channels_last"):
            pixfeed.load_batch(paths, (8, 8), memory_format=wrong)
        with pytest.raises(ValueError, match="memory_format is"):
            pixfeed.FastTxtDataset(folder / "train.txt", folder, 8, 8, memory_format=wrong)


def test_take_refuses_what_does_not_fit(backend):
    take = backends.load(backend).write_pictures
    pictures, out = np.zeros((5, 3, 8, 8), np.uint8), np.zeros((2, 3, 8, 8), np.float32)
    rows, zero, one = np.array([0, 4]), (0, 0, 0), (1, 1, 1)
    take(pictures, rows, out, zero, one, 1)
    for wrong in (
        (pictures, np.array([0, 5]), out, zero, one),
        (pictures, np.array([-1, 0]), out, zero, one),
        (pictures, rows[:1], out, zero, one),
        (pictures[:, :1], rows, out, zero, one),
        (pictures.astype(np.int16), rows, out, zero, one),
        (pictures, rows, out.astype(np.float64), zero, one),
        (pictures, rows, out[:, :2], zero, one),
        (pictures, rows, out, (0, 0, np.nan), one),
        (pictures, rows, out, zero, (1, 0, 1)),
    ):
        with pytest.raises(ValueError):
            take(*wrong, 1)
    take(pictures, rows[:0], out[:0], zero, one, 1)
