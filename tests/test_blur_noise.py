"""Gaussian blurs and noise: both backends to the bit, and what they should be."""

from __future__ import annotations

import math

import images
import numpy as np
import pytest
import torch
from color_cases import changed
from images import png
from PIL import Image, ImageFilter

from pixfeed import FastTxtDataset, backends, draws
from pixfeed import transforms as T
from pixfeed.transforms import functional as F

FLAT = np.full((300, 400, 3), 127, np.uint8)


def convolved(picture: np.ndarray, sides: tuple[int, int], sigma: float) -> np.ndarray:
    """float64 ``[H, W, 3]``: what torchvision's gaussian_blur computes, before it rounds."""
    made = picture.astype(np.float64)
    for axis, side in ((1, sides[0]), (0, sides[1])):
        weights = np.exp(-0.5 * ((np.arange(side) - side // 2) / sigma) ** 2)
        around = [(0, 0)] * 3
        around[axis] = (side // 2,) * 2
        padded = np.pad(made, around, "reflect")
        made = np.lib.stride_tricks.sliding_window_view(padded, side, axis) @ (weights / weights.sum())
    return made


@pytest.mark.parametrize("sigma", [0.1, 0.5, 1.3, 2.0, 7.0])
@pytest.mark.parametrize("sides", [(1, 1), (3, 3), (23, 23), (5, 13), (101, 3)])
def test_blur_by_a_kernel(backend, sides, sigma):
    """Within 0.7 of the exact value: half a step by rounding, and a little."""
    for height, width in ((1, 1), (2, 9), (37, 53), (60, 130)):
        picture = images.picture(height, width)
        (made,) = changed(backend, (picture,), "gaussian_blur_kernel", (*sides, sigma, sigma))
        assert np.abs(made - convolved(picture, sides, sigma)).max() < 0.7


@pytest.mark.parametrize("values", [(5, 9, 0.4, 2.5), (23, 23, 1.0, 1.0), (1, 31, 1.0, 9.0)])
def test_both_backends_blur_alike(values):
    pictures = tuple(images.picture(3 * i + 1, 5 * i + 2) for i in range(20))
    made = [changed(name, pictures, "gaussian_blur_kernel", values) for name in backends.NAMES]
    assert all(map(np.array_equal, *made))


def expected_noise(mean: float, sigma: float) -> np.ndarray:
    """float64 ``[256]``: how often 127 becomes each value."""

    def below(x: float) -> float:
        return 0.5 * math.erfc((255 * mean - x) / (255 * sigma) / math.sqrt(2))

    shares = np.zeros(256)
    for added in range(-6000, 6000):
        low, high = (added if added > 0 else added - 1), (added + 1 if added >= 0 else added)
        shares[min(max(127 + added, 0), 255)] += below(high) - below(low)
    return shares


@pytest.mark.parametrize(("mean", "sigma"), [(0, 0.1), (0.1, 0.02), (-0.3, 0.4), (0.0, 0.004), (0.2, 3.0)])
def test_noise_is_normal(backend, mean, sigma):
    """By a chi-square test, of 360,000 values: beyond the limit once in 100,000 times, and the key is fixed."""
    (made,) = changed(backend, (FLAT,), "noise", (mean, sigma, 12, 34))
    counts, expected = np.bincount(made.reshape(-1), minlength=256), FLAT.size * expected_noise(mean, sigma)
    rare = expected < 10
    pooled = [*zip(counts[~rare], expected[~rare], strict=True), (counts[rare].sum(), max(expected[rare].sum(), 1e-9))]
    statistic = sum((count - share) ** 2 / share for count, share in pooled if share > 1)
    freedom = len(pooled) - 1
    assert statistic < freedom + 4.3 * math.sqrt(2 * freedom) + 12


def test_noise_is_that_of_its_key(backend):
    one, again, other = (
        changed(backend, (FLAT,), "noise", (0, 0.1, *key))[0].astype(int) for key in ((1, 2), (1, 2), (2, 1))
    )
    assert (one == again).all()
    for a, b in ((one, other), (one[1:], one[:-1]), (one[:, 1:], one[:, :-1]), (one[..., 0], one[..., 1])):
        assert abs(np.corrcoef(a.reshape(-1), b.reshape(-1))[0, 1]) < 0.015
    assert (changed(backend, (FLAT,), "noise", (0, 0, 1, 2))[0] == 127).all()
    assert (changed(backend, (FLAT,), "noise", (-0.1, 0, 1, 2))[0] == 127 - 25).all()


def test_both_backends_make_the_same_noise():
    pictures = tuple(images.picture(3 * i + 1, 5 * i + 2) for i in range(12))
    for values in ((0, 0.1, 1, 2), (0.3, 0.01, 2**32 - 1, 0), (-0.5, 2.0, 7, 2**31)):
        made = [changed(name, pictures, "noise", values) for name in backends.NAMES]
        assert all(map(np.array_equal, *made))


# -- the transforms ----------------------------------------------------------------------------------------------------


def of_files(tmp_path, backend, transform, count=6, **options) -> list[np.ndarray]:
    (tmp_path / "0.png").write_bytes(png(images.picture(31, 44)))
    data = FastTxtDataset.from_samples(
        ["0.png"], [0], image_dir=tmp_path, transform=transform, repeat=count, backend=backend, seed=3, **options
    )
    return [data[i][0].permute(1, 2, 0).numpy() for i in range(count)]


def test_blurs_in_a_dataset(tmp_path, backend):
    picture = images.picture(31, 44)[..., ::-1]
    for i, each in enumerate(of_files(tmp_path, backend, T.PillowGaussianBlur(p=0.5), dtype=torch.uint8)):
        applied, at = draws.uniform(3, 0, [i], 2)[0]
        blurred = Image.fromarray(picture).filter(ImageFilter.GaussianBlur(float(0.1 + 1.9 * at)))
        np.testing.assert_array_equal(each, np.asarray(blurred) if applied < 0.5 else picture)
    for i, each in enumerate(of_files(tmp_path, backend, T.GaussianBlur((5, 9)), dtype=torch.uint8)):
        sigma = float(np.float32(0.1 + 1.9 * draws.uniform(3, 0, [i], 1)[0, 0]))
        assert np.abs(each - convolved(picture, (5, 9), sigma)).max() < 0.7


def test_noise_in_a_dataset(tmp_path, backend):
    transform = T.Compose([T.GaussianNoise(0.1, 0.05), T.PILToTensor()])
    made = of_files(tmp_path, backend, transform)
    again = of_files(tmp_path, backend, transform)
    assert all(map(np.array_equal, made, again))
    assert len({each.tobytes() for each in made}) == len(made)
    gray = of_files(tmp_path, backend, transform, channels="gray")
    assert gray[0].shape == (31, 44, 1)
    spread = of_files(tmp_path, backend, T.Compose([T.Grayscale(3), T.GaussianNoise(), T.PILToTensor()]))[0]
    assert (spread[..., 0] != spread[..., 1]).any()


def test_arguments():
    assert repr(T.GaussianBlur(3)) == "GaussianBlur((3, 3))"
    assert T.GaussianBlur(3, 1.5).sigma == (1.5, 1.5)
    assert repr(T.PillowGaussianBlur()) == "PillowGaussianBlur()"
    for make, message in (
        (lambda: T.GaussianBlur(4), "it must be odd"),
        (lambda: T.GaussianBlur(3, 0.0), "it must be positive"),
        (lambda: T.GaussianBlur(3, (2.0, 1.0)), "it must be"),
        (lambda: T.PillowGaussianBlur((1, 2e4)), "10000 at most"),
        (lambda: T.PillowGaussianBlur(p=2), "p is 2"),
        (lambda: T.GaussianNoise(sigma=-1), "must not be negative"),
        (lambda: T.GaussianNoise(clip=False), "clip is False"),
        (lambda: T.GaussianNoise(mean=math.inf), "must be finite"),
        (lambda: T.Compose([T.ToTensor(), T.GaussianNoise()])(images.picture(3, 3)), "put it before"),
    ):
        with pytest.raises(ValueError, match=message):
            make()


def test_functions(backend, monkeypatch):
    monkeypatch.setenv("PIXFEED_BACKEND", backend)
    image = Image.fromarray(images.picture(31, 44))
    blurred = np.asarray(F.gaussian_blur(image, [5, 3]))
    exact = convolved(np.asarray(image), (5, 3), 1.0)
    assert np.abs(blurred - exact).max() < 20 and (blurred != np.asarray(image)).any()
    assert np.abs(np.asarray(F.gaussian_blur(image, 5, 1.2)) - convolved(np.asarray(image), (5, 5), 1.2)).max() < 0.7
    torch.manual_seed(1)
    first, second = F.gaussian_noise(image), F.gaussian_noise(image)
    torch.manual_seed(1)
    assert F.gaussian_noise(image).tobytes() == first.tobytes() != second.tobytes()
    with pytest.raises(ValueError, match="one or two positive"):
        F.gaussian_blur(image, 3, [1.0, -1.0])
