"""What MIX rows do to a batch, and which rows MixUp, CutMix and timm's Mixup write."""

from __future__ import annotations

import itertools
import json
from pathlib import Path

import mixing_cases
import numpy as np
import pytest
import torch

from pixfeed import backends
from pixfeed import transforms as T
from pixfeed.mix import MIX

GOLDEN = json.loads((Path(__file__).parent / "golden" / "mixing.json").read_text())


@pytest.mark.parametrize("name", mixing_cases.CASES)
def test_pixels_and_labels_are_torchvisions_and_timms(name):
    assert mixing_cases.ours(name) == GOLDEN[name]


def table(n: int, seed: int, height: int, width: int, kind: str):
    rng = np.random.default_rng(seed)
    rows = np.zeros(n, MIX)
    rows["partner"] = rng.permutation(n)
    rows["cut"] = {"mix": 0, "cut": 1, "both": rng.integers(0, 2, n)}[kind]
    rows["own"] = rng.choice([1, 0.3, 0.77], n)
    rows["other"] = np.where(rows["own"] == 1, 0, 1 - rows["own"])
    x, y = (np.sort(rng.integers(0, side + 1, (n, 2)), 1) for side in (width, height))
    rows["box"] = np.stack([x[:, 0], y[:, 0], x[:, 1], y[:, 1]], 1)
    return rows


def mixed(images, rows):
    """Image by image, of a copy."""
    before = images.copy()
    for i, row in enumerate(rows):
        partner, (left, upper, right, lower) = before[row["partner"]], row["box"]
        if row["cut"]:
            images[i, :, upper:lower, left:right] = partner[:, upper:lower, left:right]
        elif row["own"] != 1:
            images[i] = before[i] * row["own"] + partner * row["other"]
    return images


@pytest.mark.parametrize("layout", ["planar", "channels_last", "rows of more"])
@pytest.mark.parametrize("kind", ["mix", "cut", "both"])
def test_any_partners_and_boxes(backend, kind, layout):
    shapes = [(1, 3, 7, 5), (2, 1, 70, 90), (9, 3, 41, 67), (5, 3, 64, 64), (4, 3, 1, 9), (4, 1, 9, 1)]
    for shape, threads in itertools.product(shapes, (1, 3)):
        images = np.random.default_rng(1).standard_normal(shape, np.float32)
        rows = table(len(images), 2, *shape[2:], kind)
        wanted = mixed(images.copy(), rows)
        given = images
        if layout == "channels_last":
            given = np.moveaxis(np.ascontiguousarray(np.moveaxis(images, 1, -1)), -1, 1)
        elif layout == "rows of more":  # a part of a larger batch
            given = np.concatenate([images, images])[: len(images)]
        backends.load(backend).mix(rows, given, threads)
        np.testing.assert_array_equal(given, wanted)


def test_what_does_not_fit_is_refused(backend):
    images = np.zeros((3, 3, 8, 8), np.float32)
    mix = backends.load(backend).mix
    with pytest.raises(ValueError):
        mix(np.zeros(2, MIX), images)
    with pytest.raises(ValueError):
        mix(np.zeros(3, MIX), images)  # all have the same partner
    rows = np.zeros(3, MIX)
    rows["partner"] = range(3)
    with pytest.raises(ValueError):
        mix(rows, images.astype(np.float16))
    rows["cut"], rows["box"] = 1, (0, 0, 9, 8)
    with pytest.raises(ValueError):
        mix(rows, images)


def test_single_calls_leave_their_batch_alone():
    torch.manual_seed(1)
    images, labels = torch.rand(4, 3, 8, 8), torch.tensor([[0], [1], [2], [1]])
    before = images.clone()
    for step in (T.MixUp(num_classes=3), T.RandomChoice([T.MixUp(num_classes=3), T.CutMix(num_classes=3)])):
        made, soft = step(images, labels)
        assert torch.equal(images, before) and made.shape == images.shape and soft.shape == (4, 3)
    other, _ = T.CutMix(num_classes=3)(torch.rand(4, 5, 8, 8), labels[:, 0])  # any number of channels
    assert other.shape == (4, 5, 8, 8)
    with pytest.raises(TypeError, match="ToTensor"):
        T.MixUp(num_classes=3)((images * 255).byte(), labels)
    with pytest.raises(TypeError, match=r"\[B, C, H, W\]"):
        T.MixUp(num_classes=3)(images[0], labels)


def test_what_is_drawn():
    """lam is Beta(alpha, alpha); the rectangle's middle lies anywhere."""
    stream = np.random.RandomState(0)
    own = np.array([T.MixUp(alpha=0.5, num_classes=3).table(stream, 2, 4, 4)["own"][0] for _ in range(4000)])
    ends = np.sort(own)
    arcsine = 2 / np.pi * np.arcsin(np.sqrt(ends))  # the distribution function of Beta(1/2, 1/2)
    assert np.abs(arcsine - (np.arange(4000) + 0.5) / 4000).max() < 1.63 / 4000**0.5  # KS, 1 %
    boxes = np.array([T.CutMix(num_classes=3).table(stream, 2, 50, 40)["box"][0] for _ in range(4000)])
    assert boxes.min() == 0 and boxes[:, 2].max() == 40 and boxes[:, 3].max() == 50
    shares = (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1]) / 2000
    assert 0.2 < shares.mean() < 0.5


def test_an_odd_batch_has_its_own_partner_in_the_middle():
    for mode in ("batch", "pair", "elem"):
        rows = T.TimmMixup(mode=mode, num_classes=3).table(np.random.RandomState(0), 5, 8, 8)
        assert rows["partner"].tolist() == [4, 3, 2, 1, 0]
        torch.testing.assert_close(torch.from_numpy(rows["own"] + rows["other"]), torch.ones(5))
