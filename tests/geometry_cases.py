"""Calls of functional's rotate, affine and perspective, and the pictures that they get.

`judge_geometry.py` compares them with torchvision on 200 pictures each and writes `golden/geometry.json`;
`test_warp_transforms.py` compares pixfeed with that file on the first few, without torchvision.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

import numpy as np
from PIL import Image

GOLDEN = Path(__file__).parent / "golden" / "geometry.json"
PICTURES, KEPT = 200, 5
MODES = ("nearest", "bilinear", "bicubic")


class Case(NamedTuple):
    """A function and its arguments. Points are shares of the picture's sides."""

    name: str
    function: str
    arguments: tuple[tuple[str, Any], ...]
    corners: tuple[tuple[float, float], ...] = ()

    def __str__(self) -> str:
        return self.name

    def apply(self, functional: ModuleType, image: Image.Image, interpolation: Callable[[str], Any] = str) -> Any:
        arguments = dict(self.arguments)
        arguments["interpolation"] = interpolation(arguments["interpolation"])
        if self.corners:
            last = np.array(image.size) - 1
            start = np.array([[0, 0], [1, 0], [1, 1], [0, 1]]) * last
            end = start + np.rint(np.array(self.corners) * last).astype(int)
            arguments |= {"startpoints": start.tolist(), "endpoints": end.tolist()}
        return getattr(functional, self.function)(image, **arguments)


def cases() -> list[Case]:
    """20 for each function and interpolation."""
    rng = np.random.default_rng(8)
    found = []
    for mode in MODES:
        for number in range(20):
            fill = [None, 9, [200, 100, 50], [0, 255, 3]][number % 4]
            center = [7.5, 20.0] if number % 5 == 4 else [0, 0] if number % 5 == 3 else None
            angle = round(float(rng.uniform(-200, 200)), 2) if number % 6 else 90.0 * (number // 6)
            same = {"interpolation": mode, "fill": fill}
            rotate = {"angle": angle, "expand": number % 2 == 1, "center": center, **same}
            found.append(Case(f"rotate {mode} {number}", "rotate", tuple(rotate.items())))
            move = {
                "angle": angle if number % 3 else 0.0,
                "translate": rng.integers(-15, 16, 2).tolist() if number % 3 != 1 else [0, 0],
                "scale": round(float(rng.uniform(0.4, 1.9)), 2) if number % 4 else 1.0,
                "shear": [round(float(value), 1) for value in rng.uniform(-40, 40, 2)] if number % 2 else [0.0, 0.0],
                "center": center,
                **same,
            }
            found.append(Case(f"affine {mode} {number}", "affine", tuple(move.items())))
            corners = tuple(map(tuple, rng.uniform(-0.3, 0.3, (4, 2)).round(2).tolist()))
            found.append(Case(f"perspective {mode} {number}", "perspective", tuple(same.items()), corners))
    return found


def pictures(count: int) -> Iterable[Image.Image]:
    """Noise and smooth ones, some square, some of two colors."""
    rng = np.random.default_rng(5)
    for number in range(count):
        height, width = rng.integers(9, 70, 2).tolist()
        width = height if number % 4 == 0 else width
        if number % 3 == 0:
            pixels = rng.integers(0, 256, (height, width, 3), np.uint8)
        elif number % 3 == 1:
            y, x = np.indices((height, width))
            pixels = np.stack([x * 255 // width, y * 255 // height, (x * y) % 256], -1).astype(np.uint8)
        else:
            pixels = (rng.integers(0, 2, (height, width, 3)) * 255).astype(np.uint8)
        yield Image.fromarray(pixels)


def digest(made: Iterable[Image.Image]) -> str:
    """Of pixels and sides."""
    found = hashlib.sha256()
    for image in made:
        found.update(f"{image.size}".encode() + image.tobytes())
    return found.hexdigest()[:16]
