"""What `stats()` says of an epoch out of a cache: nothing is decoded, and no transform is blamed that is not there."""

from __future__ import annotations

import time

import numpy as np
import pytest
import torch
from images import jpeg, picture

import pixfeed

COUNT = 64


def turned(image):
    return torch.from_numpy(np.array(image.rotate(9)))


def epochs(folder, cache, backend, **options) -> list[pixfeed.Stats]:
    """The stats of two epochs, the second one out of the cache."""
    names = [folder / f"{i}.jpg" for i in range(COUNT)]
    for name in names:
        name.write_bytes(jpeg(picture(60, 80)))
    time.sleep(0.07)  # files as young as the clock's tick are not kept
    options = options or {"resize_height": 48, "resize_width": 64}
    dataset = pixfeed.FastTxtDataset.from_samples(names, range(COUNT), cache=cache, backend=backend, **options)
    loader = pixfeed.DataLoader(dataset, 8, num_workers=2)
    found = []
    for _ in range(2):
        assert len(list(loader)) == COUNT // 8
        found.append(loader.stats())
    return found


@pytest.mark.parametrize("kind", ["pixels", "raw"])
def test_reading_the_cache_is_no_decoding(tmp_path, backend, kind):
    cache = pixfeed.Cache(tmp_path / "kept", kind=kind)
    cold, warm = epochs(tmp_path, cache, backend)
    assert "cache" not in cold.work and cold.work["decoding"] > 0
    assert warm.cached_share == 1 and sum(warm.work.values()) == pytest.approx(1)
    if kind == "raw":  # the files are kept, and decoded every time
        assert "cache" not in warm.work and warm.work["decoding"] > 0
    else:
        assert warm.work["cache"] > 0 and warm.work["decoding"] == 0
        assert "decoding 0.0 %" in str(warm)


def test_who_makes_the_batches(tmp_path, backend):
    native = [stats.native for stats in epochs(tmp_path, None, backend)]
    python = [stats.native for stats in epochs(tmp_path, None, backend, transform=turned)]
    assert native == [True, True] and python == [False, False]  # of these, a transform may be blamed
