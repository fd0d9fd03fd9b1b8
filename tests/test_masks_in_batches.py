"""Masks that the native backend reads on its threads, and those that it leaves to Pillow."""

from __future__ import annotations

import subprocess
import sys

import images
import numpy as np
import png_files
import pytest
from PIL import Image
from png_files import png

from pixfeed import FastTxtDataset, ImageError, RegionError, backends
from pixfeed.errors import Origin, Status
from pixfeed.targets import mask_files

KINDS = [kind for kind in png_files.KINDS if kind[0] in (0, 3)]


def read(folder, files, size, out_size, backend="native", threads=2, places=None):
    """What read_masks makes of files with these contents, and whether it did."""
    for name, data in files.items():
        (folder / name).write_bytes(data)
    width, height = size
    y, x = places or (np.arange(out_size[0]) * height // out_size[0], np.arange(out_size[1]) * width // out_size[1])
    out = np.full((len(files), *out_size), -7)
    paths = [str(folder / name) for name in files]
    sizes = np.array([size] * len(files), np.int32)
    done = backends.load(backend).read_masks(paths, sizes, [(y, x)] * len(files), out, 255, None, threads)
    return done, out, y, x


def by_pillow(path) -> np.ndarray:
    with Image.open(path) as image:
        size = image.size
    return mask_files.read(str(path), Origin(str(path)), size[::-1]).astype(np.int64)


@pytest.mark.parametrize("kind", KINDS, ids="{0[0]}-{0[1]}".format)
def test_numbers_are_those_of_pillow(native, tmp_path, kind):
    files = {f"{side}.png": png(31, 20, *kind, png_files.rows(31, 20, *kind, seed=side)) for side in range(20)}
    done, out, y, x = read(tmp_path, files, (31, 20), (14, 50))
    assert done.all()
    for name, made in zip(files, out, strict=True):
        np.testing.assert_array_equal(made, by_pillow(tmp_path / name)[np.ix_(y, x)])


def test_flips_and_padding(native, tmp_path):
    y, x = np.array([-1, 19, 0, 5, -1]), np.array([30, 29, -1, 0])
    done, out, *_ = read(tmp_path, {"a.png": png(31, 20, 0, 8)}, (31, 20), (5, 4), places=(y, x))
    expected = by_pillow(tmp_path / "a.png")[np.ix_(y, x)]
    expected[y < 0], expected[:, x < 0] = 255, 255
    assert done.all()
    np.testing.assert_array_equal(out[0], expected)


def test_what_is_left_to_pillow(native, tmp_path):
    good = png(31, 20, 3, 8)
    text = images.png_chunk(b"tEXt", b"a\0b")
    files = {
        "good.png": good,
        "text.png": good[:33] + text + good[33:],
        "colors.png": png(31, 20, 2, 8),
        "transparent.png": png(31, 20, 4, 8),
        "size.png": png(30, 20, 3, 8),
        "sum of a text.png": good[:33] + text[:-1] + b"x" + good[33:],
        "animated.png": good[:33] + images.png_chunk(b"acTL", bytes(8)) + good[33:],
        "cut.png": good[:-30],
        "empty.png": b"",
        "jpeg.png": images.jpeg(images.picture(20, 31, gray=True)),
    }
    done, out, *_ = read(tmp_path, files, (31, 20), (20, 31))
    assert done.tolist() == [True, True] + [False] * 8
    assert (out[2:] == -7).all()
    (tmp_path / "good.png").unlink()
    missing = backends.load("native").read_masks(
        [str(tmp_path / "good.png"), "\0"],
        np.ones((2, 2), np.int32),
        [(np.zeros(1, int),) * 2] * 2,
        out[:2, :1, :1].copy(),
        0,
    )
    assert not missing.any()


@pytest.mark.parametrize("depth", [8, 16])
def test_classes_of_numbers(native, tmp_path, depth):
    """A file with a number that is no class is left to the caller, wherever it has it."""
    known, out = {3: 0, 7: -1, 200: 5}, np.full((2, 4, 4), -7)
    table = np.full(256, backends.contract.UNKNOWN)
    table[list(known)] = list(known.values())
    numbers = np.array([3, 7, 200, 7] * 4).reshape(4, 4)
    for name, last in (("good.png", 3), ("odd.png", 8)):
        numbers[3, 3] = last
        rows = b"".join(b"\0" + row.astype(f">u{depth // 8}").tobytes() for row in numbers)
        (tmp_path / name).write_bytes(png(4, 4, 0, depth, rows))
    y = x = np.array([0, 1, 2, -1])
    paths = [str(tmp_path / name) for name in ("good.png", "odd.png")]
    sizes = np.full((2, 2), 4, np.int32)
    done = backends.load("native").read_masks(paths, sizes, [(y, x)] * 2, out, 255, table)
    assert done.tolist() == [True, False]
    assert out[0].tolist() == [[0, -1, 5, 255]] * 3 + [[255] * 4]


def test_places_outside_are_refused(native, tmp_path):
    for places in ((np.array([20]), np.array([0])), (np.array([0]), np.array([31])), (np.array([-2]), np.array([0]))):
        with pytest.raises(ValueError):
            read(tmp_path, {"a.png": png(31, 20, 0, 8)}, (31, 20), (1, 1), places=places)


def dataset(folder, backend, n=12):
    """Pictures whose masks are PNGs, a palette's and others, and one TIFF."""
    for i in range(n):
        (folder / f"{i}.jpg").write_bytes(images.jpeg(images.picture(40, 60, seed=i)))
        (folder / f"{i}.png").write_bytes(png(60, 40, *KINDS[i % len(KINDS)]))
    Image.fromarray(images.picture(40, 60, gray=True)).save(folder / "3.png", "TIFF")
    (folder / "list.txt").write_text("".join(f"{i}.jpg {i}.png\n" for i in range(n)))
    return FastTxtDataset(folder / "list.txt", folder, 33, 47, targets="mask", backend=backend)


def test_a_batch_is_the_same_on_both_backends(native, tmp_path):
    ours, theirs = (dataset(tmp_path, name).__getitems__(range(12)) for name in ("native", "opencv"))
    for (image, mask), (other, same) in zip(ours, theirs, strict=True):
        np.testing.assert_array_equal(image, other)
        np.testing.assert_array_equal(mask, same)


def test_mask_values_are_the_same_on_both_backends(native, tmp_path):
    data = png(60, 40, 3, 2)
    for i in range(4):
        (tmp_path / f"{i}.jpg").write_bytes(images.jpeg(images.picture(40, 60, seed=i)))
        (tmp_path / f"{i}.png").write_bytes(data)
    (tmp_path / "list.txt").write_text("".join(f"{i}.jpg {i}.png\n" for i in range(4)))
    made = {}
    for name in backends.NAMES:
        how = {"targets": "mask", "backend": name}
        values = {0: 0, 1: 9, 2: -1, 3: 255}
        made[name] = FastTxtDataset(tmp_path / "list.txt", tmp_path, 33, 47, mask_values=values, **how)
        few = FastTxtDataset(tmp_path / "list.txt", tmp_path, 33, 47, mask_values=[0, 1, 2], **how)
        with pytest.raises(RegionError, match="the number 3"):
            few.__getitems__(range(4))
    for (_, mask), (_, same) in zip(*(each.__getitems__(range(4)) for each in made.values()), strict=True):
        np.testing.assert_array_equal(mask, same)
        assert set(mask.unique().tolist()) == {0, 9, -1, 255}


def test_a_bad_mask_of_a_batch_is_named(backend, tmp_path):
    made = dataset(tmp_path, backend)
    (tmp_path / "5.png").write_bytes((tmp_path / "5.png").read_bytes()[:60])
    with pytest.raises(ImageError, match=r"5\.png") as caught:
        made.__getitems__(range(12))
    assert caught.value.status in (Status.TRUNCATED, Status.CORRUPT)


@pytest.mark.slow
def test_png_masks_need_no_pillow(native, tmp_path):
    dataset(tmp_path, "native")
    code = (
        "import sys; sys.modules['PIL'] = None; import pixfeed\n"
        f"d = pixfeed.FastTxtDataset({str(tmp_path / 'list.txt')!r}, {str(tmp_path)!r}, 33, 47, targets='mask')\n"
        "assert d.__getitems__([0, 1, 2])[1][1].shape == (33, 47)\n"
        "try: d.__getitems__([3])\n"
        "except pixfeed.BackendError as error: assert 'masks need Pillow' in str(error)\n"
        "else: raise AssertionError\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
