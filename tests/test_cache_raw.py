"""A cache of kind="raw": files are read once, and every batch is the one without it."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
import torch
from cached import counts, dataset, folder, hashes, write
from images import jpeg, picture, png

import pixfeed
import pixfeed.transforms as T
from pixfeed.backends.kept_picture import Keep
from pixfeed.cache import contents, settings

RANDOM = T.Compose([T.RandomResizedCrop(32), T.RandomHorizontalFlip(), T.ToTensor()])
PLANS = {
    "plain resize": {"resize_height": 24, "resize_width": 32},
    "gray": {"resize_height": 24, "resize_width": 32, "channels": "gray"},
    "reduced": {"resize_height": 16, "resize_width": 16, "reduced": 2},
    "random crop": {"transform": RANDOM},
    "scaled random crop": {"transform": RANDOM, "decode": "scaled"},
    "python": {"transform": T.Compose([lambda image: image.rotate(9), T.Resize((9, 9)), T.ToTensor()])},
    "as it lies": {"resize_height": 24, "resize_width": 32, "ignore_orientation": True},
}


def raw(path: Path) -> pixfeed.Cache:
    return pixfeed.Cache(path, kind="raw")


@pytest.mark.parametrize("name", PLANS)
def test_batches_are_the_same_off_cold_half_and_warm(tmp_path, backend, name):
    made = folder(tmp_path / "set")
    options = {"backend": backend, **PLANS[name]}
    want = hashes(pixfeed.DataLoader(dataset(made, **options), 5))
    half = dataset(made, raw(tmp_path / "half"), **options)
    for i in range(0, 24, 2):
        half[i]
    for cache, hits in ((tmp_path / "full", 0), (tmp_path / "full", 24), (tmp_path / "half", 12)):
        data = dataset(made, raw(cache), **options)
        before = counts(data).hits
        assert hashes(pixfeed.DataLoader(data, 5)) == want and data.report() == []
        assert counts(data).hits - before == hits and counts(data).stored == 24


def test_what_is_kept_are_the_bytes_of_the_files_for_any_plan(tmp_path, backend):
    made, cache = folder(tmp_path / "set"), raw(tmp_path / "cache")
    for name, options in PLANS.items():
        data = dataset(made, cache, backend=backend, **options)
        assert hashes(pixfeed.DataLoader(data, 5)) == hashes(
            pixfeed.DataLoader(dataset(made, backend=backend, **options), 5)
        ), name
    assert counts(data).stored == 24
    sizes = [path.stat().st_size for path in (tmp_path / "set").iterdir() if path.suffix != ".txt"]
    found = contents.info(cache, cache.open(data._pipeline.backend))
    assert (found.pictures, found.bytes, found.encoded) == (24, sum(sizes), sum(sizes))


def test_the_files_are_not_read_any_more(tmp_path, backend):
    """The cache gets the bytes of another file in place of each file's own: batches are those of the other."""
    made, cache = folder(tmp_path / "set"), raw(tmp_path / "cache")
    other = jpeg(picture(50, 70, seed=99))
    write(tmp_path / "other.jpg", other)
    data = dataset(made, cache, backend=backend, dtype=torch.uint8, **PLANS["plain resize"])
    caching = data._pipeline._kept.caching(data._pipeline)
    for name in data.files.names():
        keep = Keep.of(caching, 0, str(tmp_path / "set" / name))
        caching.store.put(keep.key, np.frombuffer(other, np.uint8).reshape(1, -1, 1), (70, 50, 1, 1), len(other))
    want = pixfeed.imread(tmp_path / "other.jpg", size=(24, 32), backend=backend)
    loader = pixfeed.DataLoader(data, 5)
    for images, _ in loader:
        assert all(np.array_equal(image.permute(1, 2, 0).numpy(), want) for image in images)
    assert loader.stats().cached_share == 1 and loader.stats().costs.cached_bytes == 24 * len(other)


def test_flipped_bits_are_read_from_the_file_and_said(tmp_path, backend, one_segment):
    made, cache = folder(tmp_path / "set"), raw(tmp_path / "cache")
    for options in (PLANS["plain resize"], {"transform": T.Compose([T.Resize(20), T.RandomHorizontalFlip()])}):
        padded = {"batch_size": 5, "collate_fn": pixfeed.pad_collate}
        want = hashes(pixfeed.DataLoader(dataset(made, backend=backend, **options), **padded))
        assert hashes(pixfeed.DataLoader(dataset(made, cache, backend=backend, **options), **padded)) == want
        [segment] = (tmp_path / "cache" / "v1").glob("segment-*")
        data = bytearray(segment.read_bytes())
        data[200] ^= 4
        segment.write_bytes(data)
        settings._open.clear()  # as a new process, which has not checked anything yet
        data = dataset(made, cache, backend=backend, **options)
        assert hashes(pixfeed.DataLoader(data, **padded)) == want
        [line] = data.report()
        assert line.recovered and "what the cache had of the image is damaged" in line.reason
        again = dataset(made, cache, backend=backend, **options)
        assert hashes(pixfeed.DataLoader(again, **padded)) == want  # kept anew
        assert again.report() == [] and counts(again).damaged == 1
        contents.clear(cache)


def test_a_full_cache_says_so_and_the_run_goes_on(tmp_path, backend):
    made = folder(tmp_path / "set")
    want = hashes(pixfeed.DataLoader(dataset(made, backend=backend, **PLANS["gray"]), 5))
    data = dataset(made, pixfeed.Cache(tmp_path / "c", max_bytes=10, kind="raw"), backend=backend, **PLANS["gray"])
    assert hashes(pixfeed.DataLoader(data, 5)) == want
    [line] = data.report()
    assert "it is full" in line.reason


def test_a_changed_file_is_read_again(tmp_path, backend):
    made, cache = folder(tmp_path / "set", 4), raw(tmp_path / "cache")
    path = tmp_path / "set" / "0.jpg"
    first = dataset(made, cache, backend=backend, **PLANS["plain resize"])[0][0]
    old = path.stat()
    data = jpeg(picture(40, 50, seed=99), quality=20)
    write(path, data + bytes(old.st_size - len(data)))
    os.utime(path, ns=(old.st_atime_ns, old.st_mtime_ns))
    want = dataset(made, backend=backend, **PLANS["plain resize"])[0][0]
    got = dataset(made, cache, backend=backend, **PLANS["plain resize"])[0][0]
    assert torch.equal(got, want) and not torch.equal(got, first)


def test_bad_files_are_reported_alike_cold_and_warm(tmp_path, backend):
    made = folder(tmp_path / "set", 8)
    whole = (tmp_path / "set" / "0.jpg").read_bytes()
    (tmp_path / "set" / "0.jpg").write_bytes(whole[: len(whole) * 2 // 3])
    (tmp_path / "set" / "1.png").write_bytes(b"nothing")
    (tmp_path / "set" / "2.jpg").write_bytes(b"")
    write(tmp_path / "set" / "3.webp", b"RIFFnothing")
    (tmp_path / "set" / "5.jpg").unlink()
    options = {"on_error": "zeros", "min_recovered": 0.1, "backend": backend, **PLANS["plain resize"]}
    reports, found = [], []
    for cache in (None, raw(tmp_path / "cache"), raw(tmp_path / "cache")):
        data = dataset(made, cache, **options)
        found.append(hashes(pixfeed.DataLoader(data, 3)))
        reports.append(data.report())
    assert found[0] == found[1] == found[2]
    assert reports[0] == reports[1] == reports[2] and len(reports[0]) == 5


def test_sixteen_bits(tmp_path, backend):
    (tmp_path / "set").mkdir()
    deep = np.arange(40 * 30, dtype=np.uint16).reshape(40, 30) * 50
    write(tmp_path / "set" / "0.png", png(deep))
    (tmp_path / "set" / "list.txt").write_text("0.png 0\n")
    made, options = str(tmp_path / "set" / "list.txt"), {"depth": 16, "channels": "gray", "backend": backend}
    want = dataset(made, **options)[0][0]
    for hits in (0, 1):
        data = dataset(made, raw(tmp_path / "cache"), **options)
        before = counts(data).hits
        assert torch.equal(data[0][0], want) and counts(data).hits - before == hits
    with pytest.raises(ValueError, match=r"depth=16 goes with cache=Cache\(\.\.\., kind='raw'\) alone"):
        dataset(made, tmp_path / "cache", **options)


def test_both_backends_use_the_same_bytes(tmp_path):
    made, cache = folder(tmp_path / "set"), raw(tmp_path / "cache")
    options = PLANS["plain resize"]
    want = hashes(pixfeed.DataLoader(dataset(made, cache, backend="native", **options), 5))
    data = dataset(made, cache, backend="opencv", **options)
    assert hashes(pixfeed.DataLoader(data, 5)) == want
    assert counts(data).hits == 24 and counts(data).stored == 0


def test_arguments(tmp_path):
    made = folder(tmp_path / "set", 1)
    with pytest.raises(ValueError, match=r"kind is 'jpeg'; it may be 'pixels' or 'raw'"):
        pixfeed.Cache(tmp_path, kind="jpeg")
    with pytest.raises(ValueError, match=r"cache_size=9 goes with cached pixels; kind='raw' keeps whole files"):
        dataset(made, raw(tmp_path), cache_size=9, transform=RANDOM)
    assert repr(raw(tmp_path)).endswith(", kind='raw')")
    assert f"cache={str(tmp_path)!r} (raw)" in str(dataset(made, raw(tmp_path), transform=RANDOM))
