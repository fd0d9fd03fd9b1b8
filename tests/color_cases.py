"""The cases that operations on colors are compared by: pictures, numbers of STEP rows, calls of random transforms.

`judge_colors.py` compares them with torchvision, timm and Pillow, and writes `golden/colors.json`;
`test_colors_golden.py` compares pixfeed with that file, without torchvision.
"""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path

import numpy as np
from transform_cases import FEW, Case, picture
from transform_draws import Distribution

from pixfeed import backends
from pixfeed.plan import HEADER, resize_plan
from pixfeed.plan_steps import STEP, STEPS

GOLDEN = Path(__file__).parent / "golden" / "colors.json"
COUNT = 200  # pictures


def _steps(low: float, high: float, count: int = 20) -> list[tuple[float, ...]]:
    return [(low + (high - low) * i / (count - 1),) for i in range(count)]


#: Numbers of each operation, by its name in STEPS.
OPERATIONS: dict[str, list[tuple[float, ...]]] = {
    **{name: [*_steps(0, 1.9), (3.7,)] for name in ("brightness", "contrast", "saturation", "sharpness")},
    "hue": _steps(-0.5, 0.5),
    "posterize": [(bits,) for bits in range(1, 9)],
    "solarize": [*_steps(0, 256), (100.5,), (300.0,)],
    "solarize_add": [(add, threshold) for add in (0, 11, 40, 77, 110) for threshold in (0, 99.5, 128, 256)],
    **{name: [()] for name in ("autocontrast", "equalize", "invert", "gray")},
    "permute": [(0, 1, 2), (0, 2, 1), (1, 0, 2), (1, 2, 0), (2, 0, 1), (2, 1, 0)],
    "gaussian_blur": [*_steps(0, 2), (3.3,), (9.0,), (30.0,), (80.0,)],
    "gaussian_blur_kernel": [
        (*sides, sigma, sigma) for sides in ((3, 3), (5, 9), (23, 23)) for sigma in (0.1, 0.3, 0.5, 0.7, 1.0, 1.5, 2.0)
    ],
}

#: torchvision's transforms that are compared here, and ours.
COMPARED = (
    "GaussianBlur",
    "GaussianNoise",
    "PillowGaussianBlur",
    "RandomAdjustSharpness",
    "RandomAutocontrast",
    "RandomChannelPermutation",
    "RandomEqualize",
    "RandomInvert",
    "RandomPhotometricDistort",
    "RandomPosterize",
    "RandomSolarize",
)


@cache
def pictures() -> tuple[np.ndarray, ...]:
    """uint8 ``[H, W, 3]``: gradients with edges, noise, few values, and one value; from 1 x 1 to 60 x 67 pixels."""
    made = []
    for i in range(COUNT):
        height, width = 1 + i * 7 % 60, 1 + i * 13 % 67
        if i % 4 == 0:
            made.append(picture("RGB", f"{height}x{width}"))
            continue
        noise = np.random.PCG64([i]).random_raw(height * width * 3).reshape(height, width, 3)
        span = (256, 7, 1)[i % 4 - 1]
        made.append((noise % np.uint64(span) + np.uint64(i % (257 - span))).astype(np.uint8))
    return tuple(made)


def step(name: str, values: tuple[float, ...], width: int, height: int) -> np.ndarray:
    """One STEP row."""
    row = np.zeros(1, STEP)
    row["code"], row["width"], row["height"] = STEPS[name], width, height
    row["values"][0, : len(values)] = values
    return row


def changed(backend: str, given: tuple[np.ndarray, ...], name: str, values: tuple[float, ...]) -> list[np.ndarray]:
    """What a backend makes of pictures, in one call."""
    headers, steps = np.zeros(len(given), HEADER), []
    for i, each in enumerate(given):
        headers["height"][i], headers["width"][i] = each.shape[:2]
        steps.append(step(name, values, each.shape[1], each.shape[0]))
        steps[-1]["plan"] = i
    plans = np.concatenate([resize_plan(headers[i : i + 1], each.shape[:2]) for i, each in enumerate(given)])
    plans["source"] = np.arange(len(given))
    out = np.empty((len(given), max(headers["height"]), max(headers["width"]), 3), np.uint8)
    backends.load(backend).resample(list(given), plans, out.transpose(0, 3, 1, 2), 1, np.concatenate(steps))
    return [slot[: each.shape[0], : each.shape[1]] for slot, each in zip(out, given, strict=True)]


def digest(made: list[np.ndarray]) -> str:
    """64 bits of SHA-256 over the bytes of all pictures."""
    return hashlib.sha256(b"".join(each.tobytes() for each in made)).hexdigest()[:16]


def cases() -> list[Case]:
    """Random transforms whose pixels are torchvision's."""
    calls = [
        *(f"ColorJitter(hue={hue})" for hue in ("0.1", "0.5", "(0.2, 0.3)", "[-0.5, -0.4]")),
        "ColorJitter(0.4, 0.4, 0.4, 0.1)",
        "ColorJitter(0.8, 0, 0.8, 0.2)",
        "ColorJitter(None, (0.1, 3.0), None, 0.4)",
        *(f"RandomPosterize({bits}, {p})" for bits in (1, 4, 7) for p in (0, 0.5, 1)),
        *(f"RandomSolarize({threshold})" for threshold in (0, 77.5, 128, 256)),
        *(f"{name}({p})" for name in ("RandomAutocontrast", "RandomEqualize", "RandomInvert") for p in ("", "p=0.8")),
        *(f"RandomAdjustSharpness({factor}, p=0.7)" for factor in (0, 0.5, 1, 2, 9)),
        "RandomChannelPermutation()",
        "RandomPhotometricDistort()",
        "RandomPhotometricDistort((0.2, 1.9), (0.1, 0.3), (2.0, 3.0), (-0.5, 0.5), 0.8)",
    ]
    made = [Case((call,), "RGB", FEW, 6) for call in calls]
    made += [Case((call,), "L", FEW, 3) for call in calls if "RandomCh" not in call and "RandomPh" not in call]
    sequence = ("Resize(40)", "RandomPosterize(3)", "RandomCrop(32)", "ColorJitter(0.4, 0.4, 0.4, 0.1)", "ToTensor()")
    return [*made, Case(sequence, "RGB", ("50x60", "64x41"), 4)]


DISTRIBUTIONS = [
    Distribution("ColorJitter(0.4, (0.5, 2.0), 1.5, 0.3)", "2x2"),
    Distribution("ColorJitter(hue=(-0.1, 0.4))", "2x2"),
]
