"""Masks: all numbers are kept, Pillow's nearest pixels, batches and bad files."""

from __future__ import annotations

import functools
import pickle
import struct
import zlib

import images
import numpy as np
import pytest
import torch
from marker import HEIGHT, IGNORE, NUMBER, WIDTH, X, Y, extent, make_dataset, palette_png, red, write_pictures
from PIL import Image

import pixfeed
from pixfeed import FastTxtDataset, ImageError, RegionError, plan
from pixfeed import transforms as T


@pytest.fixture
def folder(tmp_path):
    return write_pictures(tmp_path)


@pytest.fixture
def make(folder, backend):
    return functools.partial(make_dataset, folder, backend)


def test_mask_of_a_plain_resize_is_that_of_pillow(make, folder):
    mask = Image.open(folder / "mask.png")
    for size in ((45, 60), (33, 47), (200, 301), (90, 120), (1, 1)):
        expected = np.asarray(mask.resize(size[::-1], Image.Resampling.NEAREST))
        for _, made in make("mask", *size).__getitems__([0, 11, 14]):
            np.testing.assert_array_equal(made.numpy(), expected)
    image, made = make("mask", 45, None)[3]
    assert image.shape[1:] == made.shape == (45, 60)


def test_masks_in_a_region(make):
    rois = np.tile([X - 6, Y - 4, 30, 28], (16, 1))
    for image, mask in make("mask", 56, 60, rois=rois).__getitems__(range(16)):
        np.testing.assert_allclose(extent((mask == NUMBER).numpy()), [12, 8, 48, 36])
        np.testing.assert_allclose(extent(red(image)), [12, 8, 48, 36], atol=1)


@pytest.mark.parametrize("how", [{"reduced": 2}, {"decode": "scaled", "antialias": True, "headroom": 1.0}])
def test_masks_of_pictures_that_are_decoded_small(make, how):
    for image, mask in make("mask", 22, 30, **how).__getitems__(range(16)):
        np.testing.assert_allclose(extent((mask == NUMBER).numpy()), extent(red(image)), atol=1)


def test_masks_of_several_passes_are_those_of_pillow(make, folder):
    rois = np.tile([X - 26, Y - 14, 61, 53], (16, 1))
    steps = [T.ColorJitter(0.1), T.CenterCrop((51, 47)), T.Resize((34, 39)), T.Resize((77, 20))]
    dataset = make("mask", rois=rois, transform=T.Compose(steps))
    mask = Image.open(folder / "mask.png").crop((X - 26 + 7, Y - 14 + 1, X - 26 + 54, Y - 14 + 52))
    for size in ((39, 34), (20, 77)):
        mask = mask.resize(size, Image.Resampling.NEAREST)
    for image, made in dataset.__getitems__(range(16)):
        assert image.shape == (3, 77, 20)
        np.testing.assert_array_equal(made.numpy(), np.asarray(mask))


def packed_png(numbers: np.ndarray, bits: int, palette: bool) -> bytes:
    """Gray or with a palette, ``bits`` a pixel."""
    height, width = numbers.shape
    places = (numbers[..., None] >> np.arange(bits)[::-1] & 1).astype(np.uint8).reshape(height, -1)
    rows = b"".join(b"\0" + row.tobytes() for row in np.packbits(places, 1))
    head = struct.pack(">IIBBBBB", width, height, bits, 3 if palette else 0, 0, 0, 0)
    colors = images.png_chunk(b"PLTE", bytes(range(3 * 2**bits % 256)) or bytes(768)) if palette else b""
    chunks = images.png_chunk(b"IHDR", head), colors, images.png_chunk(b"IDAT", zlib.compress(rows))
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks) + images.png_chunk(b"IEND", b"")


def pgm(numbers: np.ndarray, most: int) -> bytes:
    """Binary, and in letters where ``most`` is odd."""
    head = f"P{5 - 3 * (most % 2)} {numbers.shape[1]} {numbers.shape[0]} {most}\n".encode()
    if most % 2:
        return head + b" ".join(b"%d" % number for number in numbers.ravel())
    return head + numbers.astype(np.uint8 if most < 256 else ">u2").tobytes()


def test_all_numbers_are_kept(tmp_path, backend):
    rng = np.random.default_rng(0)
    (tmp_path / "a.png").write_bytes(images.png(images.picture(20, 30)))
    wide, narrow = rng.integers(0, 65536, (20, 30)).astype(np.uint16), rng.integers(0, 256, (20, 30)).astype(np.uint8)
    Image.fromarray(wide).save(tmp_path / "wide.png")
    Image.fromarray(wide).save(tmp_path / "wide.tif")
    palette_png(narrow, tmp_path / "palette.png")
    Image.fromarray(narrow > 99).save(tmp_path / "bits.png")
    masks = {"wide.png": wide, "wide.tif": wide, "palette.png": narrow, "bits.png": narrow > 99}
    for bits in (1, 2, 4, 8):
        for palette in (False, True):
            masks[f"{bits}.{palette}.png"] = numbers = rng.integers(0, 2**bits, (20, 30))
            (tmp_path / f"{bits}.{palette}.png").write_bytes(packed_png(numbers, bits, palette))
    for most in (2, 20, 21, 254, 255, 256, 999, 1000, 65534, 65535):
        masks[f"{most}.pgm"] = numbers = rng.integers(0, most + 1, (20, 30))
        (tmp_path / f"{most}.pgm").write_bytes(pgm(numbers, most))
    for name, expected in masks.items():
        (tmp_path / "list.txt").write_text(f"a.png {name}\n")
        dataset = FastTxtDataset(tmp_path / "list.txt", tmp_path, None, None, targets="mask", backend=backend)
        np.testing.assert_array_equal(dataset[0][1].numpy(), expected, name)


def test_nearest_pixels_are_those_of_pillow():
    rng = np.random.default_rng(1)
    for _ in range(300):
        height, width, h, w = rng.integers(1, 90, 4).tolist()
        picture = np.arange(height * width, dtype=np.int32).reshape(height, width)
        header = np.zeros(1, plan.HEADER)
        header["height"], header["width"] = height, width
        y, x = plan.nearest_pixels(plan.resize_plan(header, (h, w))[0], (h, w), header[0])
        expected = np.asarray(Image.fromarray(picture).resize((w, h), Image.Resampling.NEAREST))
        np.testing.assert_array_equal(picture[np.ix_(y, x)], expected)


def test_masks_of_different_sizes_are_padded(folder, make):
    picture = images.picture(50, 140)
    (folder / "1.png").write_bytes(images.png(picture))
    palette_png(picture[..., 0], folder / "wide.png")
    (folder / "mask.txt").write_text("1.png wide.png\n2.png mask.png\n")
    ((image, mask),) = pixfeed.DataLoader(make("mask", None, None), batch_size=2, collate_fn=pixfeed.pad_collate)
    assert image.shape == (2, 3, 90, 140) and mask.shape == (2, 90, 140) and mask.dtype == torch.int64
    assert torch.equal(mask[0, :50], torch.from_numpy(picture[..., 0]).long()) and (mask[0, 50:] == IGNORE).all()
    assert (mask[1, :, :120] != IGNORE).all() and (mask[1, :, 120:] == IGNORE).all()
    assert (image[0, :, 50:] == 0).all()
    with pytest.raises(pixfeed.RaggedError, match=r"1.png \(.*mask.txt, line 1"):
        next(iter(pixfeed.DataLoader(make("mask", None, None), batch_size=2)))


@pytest.mark.parametrize("workers", [{}, {"num_workers": 2}, {"num_workers": 2, "workers": "process"}])
def test_batches_of_masks(make, workers):
    dataset = make("mask", 32, 48)
    loader = pixfeed.DataLoader(dataset, batch_size=6, **workers)
    batches = list(loader)
    assert [list(mask.shape) for _, mask in batches] == [[6, 32, 48], [6, 32, 48], [4, 32, 48]]
    assert torch.equal(torch.cat([mask for _, mask in batches]), torch.stack([dataset[i][1] for i in range(16)]))
    theirs = list(torch.utils.data.DataLoader(dataset, batch_size=6))
    assert all(
        torch.equal(a, b) for mine, other in zip(batches, theirs, strict=True) for a, b in zip(mine, other, strict=True)
    )


def test_pickle_and_concat(make):
    dataset = make("mask", 32, 48)
    both = torch.utils.data.ConcatDataset([dataset, pickle.loads(pickle.dumps(dataset))])
    ((image, mask),) = pixfeed.DataLoader(both, batch_size=32)
    assert torch.equal(mask[:16], mask[16:]) and torch.equal(image[:16], image[16:])
    assert (mask == NUMBER).any()


# -- what can be wrong ------------------------------------------------------------------------------------------------


def damage(folder, how: str) -> None:
    path = folder / "mask.png"
    if how == "missing":
        path.unlink()
    elif how == "empty":
        path.write_bytes(b"")
    elif how == "text":
        path.write_text("no picture at all")
    elif how == "cut":
        Image.fromarray(images.picture(HEIGHT, WIDTH, gray=True)).save(path)
        path.write_bytes(path.read_bytes()[:3000])
    elif how == "rgb":
        Image.fromarray(images.picture(HEIGHT, WIDTH)).save(path)
    else:
        palette_png(np.zeros((WIDTH, HEIGHT), np.uint8), path)


@pytest.mark.parametrize(
    ("how", "error", "words"),
    [
        ("missing", ImageError, "no such file"),
        ("empty", ImageError, "empty"),
        ("text", ImageError, "no image"),
        ("cut", ImageError, "truncated"),
        ("rgb", ImageError, "mode RGB"),
        ("turned", RegionError, "90 x 120 .* as displayed 120 x 90"),
    ],
)
def test_bad_masks(make, folder, how, error, words):
    damage(folder, how)
    dataset = make("mask", 32, 48)
    for read in (lambda: dataset[2], lambda: dataset.__getitems__([2, 3])):
        with pytest.raises(error, match=rf"mask.png \(.*mask.txt, line 3\).*{words}"):
            read()


def test_bad_masks_and_on_error(make, folder):
    lines = (folder / "mask.txt").read_text().splitlines()
    lines[4] = "3.png other.png"
    lines[9] = "none.jpg mask.png"
    (folder / "mask.txt").write_text("\n".join(lines))
    steps = [T.Resize((32, 48))], [T.CenterCrop(80), T.Resize((32, 48))]
    for options in ({}, *({"transform": T.Compose(each)} for each in steps)):
        size = () if options else (32, 48)
        good = make("mask", *size, on_error="skip", **options)
        for samples in (good.__getitems__(range(16)), [good[i] for i in range(16)]):
            assert torch.equal(samples[4][0], samples[5][0]) and torch.equal(samples[4][1], samples[5][1])
            assert torch.equal(samples[9][0], samples[10][0]) and (samples[9][1] == NUMBER).any()
        assert sorted(failure.line for failure in good.report()) == [5, 10]
        zeros = make("mask", *size, on_error="zeros", **options)
        for samples in (zeros.__getitems__(range(16)), [zeros[i] for i in range(16)]):
            for i in (4, 9):
                assert (samples[i][0] == 0).all() and (samples[i][1] == IGNORE).all()
            assert (samples[3][1] == NUMBER).any()
