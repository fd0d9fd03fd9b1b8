"""Masks are kept as well: their numbers, or with kind="raw" their files; batches are the same with it and without."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from cached import counts, hashes, write
from images import jpeg, picture, png
from PIL import Image

import pixfeed
import pixfeed.transforms as T

COUNT = 10
RANDOM = T.Compose([T.RandomResizedCrop(24), T.RandomHorizontalFlip(), T.ToTensor()])
OPTIONS = {
    "plain resize": {"resize_height": 24, "resize_width": 32},
    "random crop": {"transform": RANDOM, "seed": 3},
    "uint8": {"resize_height": 24, "resize_width": 32, "mask_values": {i: i % 7 for i in range(70_000)}},
    "turned": {"transform": T.Compose([T.Resize((30, 30)), T.RandomRotation(30), T.ToTensor()]), "seed": 3},
}


def files(path, count=COUNT):
    """Images with masks: gray PNGs of 8 and 16 bits and of 1, palettes, TIFFs; the name of their list."""
    path.mkdir()
    lines = []
    for i in range(count):
        numbers = np.random.default_rng(i).integers(0, 9, (40 + i, 50), np.uint8)
        (path / f"{i}.jpg").write_bytes(jpeg(picture(40 + i, 50, seed=i)))
        name = f"{i}.png"
        if i % 5 == 1:
            (path / name).write_bytes(png(numbers.astype(np.uint16) * 7000))
        elif i % 5 == 2:
            name = f"{i}.tif"
            Image.fromarray(numbers).save(path / name)
        elif i % 5 == 3:
            Image.fromarray(numbers % 2 == 1).save(path / name)
        elif i % 5 == 4:
            name = f"{i}.tif"
            Image.fromarray(numbers.astype(np.int32) * 7000).save(path / name)
        else:
            (path / name).write_bytes(png(numbers))
        lines.append(f"{i}.jpg {name}\n")
    write(path / "list.txt", "".join(lines).encode())
    return str(path / "list.txt")


def masks(made, cache, backend, **options):
    folder = made.rpartition("/")[0]
    return pixfeed.FastTxtDataset(made, folder, targets="mask", cache=cache, backend=backend, **options)


@pytest.mark.parametrize("kind", ["pixels", "raw"])
@pytest.mark.parametrize("name", OPTIONS)
def test_batches_are_the_same_off_cold_half_and_warm(tmp_path, backend, name, kind):
    made, options = files(tmp_path / "set"), OPTIONS[name]
    want = hashes(pixfeed.DataLoader(masks(made, None, backend, **options), 4))
    half = masks(made, pixfeed.Cache(tmp_path / "half", kind=kind), backend, **options)
    for i in range(0, COUNT, 2):
        half[i]
    for place, hits in (("full", 0), ("full", 2 * COUNT), ("half", COUNT)):
        data = masks(made, pixfeed.Cache(tmp_path / place, kind=kind), backend, **options)
        before = counts(data).hits
        assert hashes(pixfeed.DataLoader(data, 4)) == want and data.report() == []
        assert counts(data).hits - before >= hits and counts(data).stored == 2 * COUNT


def test_colors(tmp_path, backend):
    made = files(tmp_path / "set", 1)
    colors = np.zeros((40, 50, 3), np.uint8)
    colors[:20, :, 1], colors[20:, :, 2] = 200, 90
    write(tmp_path / "set" / "0.png", png(colors[..., ::-1]))
    options = {"mask_values": {(0, 200, 0): 1, (0, 0, 90): 2}}
    want = masks(made, None, backend, **options)[0][1]
    assert sorted(want.unique().tolist()) == [1, 2]
    for kind in ("pixels", "raw"):
        for hits in (0, 2):
            data = masks(made, pixfeed.Cache(tmp_path / kind, kind=kind), backend, **options)
            before = counts(data).hits
            assert torch.equal(data[0][1], want) and counts(data).hits - before == hits


@pytest.mark.parametrize("kind", ["pixels", "raw"])
def test_a_changed_mask_is_read_again(tmp_path, backend, kind):
    made, cache = files(tmp_path / "set", 1), pixfeed.Cache(tmp_path / "cache", kind=kind)
    first = masks(made, cache, backend)[0][1]
    write(tmp_path / "set" / "0.png", png(np.full((40, 50), 3, np.uint8)))
    assert masks(made, cache, backend)[0][1].eq(3).all() and not first.eq(3).all()


@pytest.mark.parametrize("kind", ["pixels", "raw"])
def test_masks_that_are_wrong_are_the_same_errors_cold_and_warm(tmp_path, backend, kind):
    made = files(tmp_path / "set", 5)
    (tmp_path / "set" / "0.png").write_bytes(b"nothing")
    (tmp_path / "set" / "1.png").unlink()
    write(tmp_path / "set" / "3.png", png(np.zeros((9, 9), np.uint8)))
    options = {"on_error": "zeros", "resize_height": 20, "resize_width": 20, "classes": 60_000}
    found = []
    for cache in (None, *[pixfeed.Cache(tmp_path / "cache", kind=kind)] * 2):
        data = masks(made, cache, backend, **options)
        found.append((hashes(pixfeed.DataLoader(data, 2)), data.report()))
    assert found[0] == found[1] == found[2] and len(found[0][1]) == 3


@pytest.mark.parametrize("kind", ["pixels", "raw"])
def test_flipped_bits_are_read_from_the_file(tmp_path, backend, one_segment, kind):
    from pixfeed.cache import settings

    made, cache = files(tmp_path / "set"), pixfeed.Cache(tmp_path / "cache", kind=kind)
    options = OPTIONS["plain resize"]
    want = hashes(pixfeed.DataLoader(masks(made, cache, backend, **options), 4))
    [segment] = (tmp_path / "cache" / "v1").glob("segment-*")
    segment.write_bytes(bytes(byte ^ 4 for byte in segment.read_bytes()))
    settings._open.clear()  # as a new process, which has not checked anything yet
    data = masks(made, cache, backend, **options)
    assert hashes(pixfeed.DataLoader(data, 4)) == want and counts(data).damaged == 2 * COUNT
