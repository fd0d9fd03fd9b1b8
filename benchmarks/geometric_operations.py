"""Steps that move pixels, for :mod:`benchmarks.operations`: pixfeed beside Pillow and OpenCV."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import cv2
import numpy as np
from PIL import Image

#: Why OpenCV is faster where it is.
REASON = "It computes with fewer bits: its pixels are not Pillow's."

MODES = {"nearest": (0, cv2.INTER_NEAREST), "bilinear": (2, cv2.INTER_LINEAR), "bicubic": (3, cv2.INTER_CUBIC)}

#: Albumentations' classes and their arguments, for about the same change.
ALBUMENTATIONS: dict[str, tuple[str, dict[str, Any]]] = {
    **{
        f"{name}, {how}": (kind, {**arguments, "interpolation": flags})
        for name, kind, arguments in (
            ("rotate", "Affine", {"rotate": (17.2, 17.2)}),
            ("shear", "Affine", {"shear": {"x": (16.7, 16.7), "y": (0, 0)}}),
            ("translate", "Affine", {"translate_px": {"x": (-20, -20), "y": (-10, -10)}}),
            ("scale", "Affine", {"scale": (1.25, 1.25)}),
            ("perspective", "Perspective", {"scale": (0.05, 0.05)}),
        )
        for how, (_, flags) in MODES.items()
    },
    "flip left right": ("HorizontalFlip", {}),
    "flip top bottom": ("VerticalFlip", {}),
}


def matrices(width: int, height: int) -> dict[str, list[float]]:
    """Pillow's data of AFFINE, and of PERSPECTIVE."""
    cos, sin = math.cos(0.3), math.sin(0.3)
    x, y = width / 2, height / 2
    return {
        "rotate": [cos, sin, x - cos * x - sin * y, -sin, cos, y + sin * x - cos * y],
        "shear": [1, 0.3, 0, 0, 1, 0],
        "translate": [1, 0, 20, 0, 1, 10],
        "scale": [0.8, 0, 20, 0, 0.8, 10],
        "perspective": [1.1, 0.05, 3, 0.02, 1.2, 2, 0.0002, 0.0001],
    }


def contenders(
    step: Callable[..., Callable[[], object]], picture: np.ndarray
) -> dict[str, dict[str, Callable[[], object]]]:
    """By operation and interpolation, and by who does it. ``step``: makes pixfeed's calls."""
    height, width = picture.shape[:2]
    made = {}
    for name, values in matrices(width, height).items():
        for interpolation, (mode, flags) in MODES.items():
            code = "perspective" if len(values) == 8 else "affine"
            made[f"{name}, {interpolation}"] = {
                "pixfeed": step(code, *values, mode=mode),
                "Pillow": _of_pillow(picture, values, mode),
                "cv2": _of_opencv(picture, values, flags),
            }
    image = Image.fromarray(picture)
    for turn in (Image.Transpose.FLIP_LEFT_RIGHT, Image.Transpose.FLIP_TOP_BOTTOM, Image.Transpose.ROTATE_180):
        made[turn.name.lower().replace("_", " ")] = {
            "pixfeed": step("transpose", mode=turn),
            "Pillow": lambda turn=turn: image.transpose(turn),
        }
    return made


def _of_pillow(picture: np.ndarray, values: list[float], mode: int) -> Callable[[], object]:
    image = Image.fromarray(picture)
    method = Image.Transform.PERSPECTIVE if len(values) == 8 else Image.Transform.AFFINE
    how = Image.Resampling(mode)
    return lambda: image.transform(image.size, method, values, how, fillcolor=(0, 0, 0))


def _of_opencv(picture: np.ndarray, values: list[float], flags: int) -> Callable[[], object]:
    sides: Any = picture.shape[1::-1]
    flags |= cv2.WARP_INVERSE_MAP
    if len(values) == 8:
        return lambda: cv2.warpPerspective(picture, np.array([*values, 1.0]).reshape(3, 3), sides, flags=flags)
    return lambda: cv2.warpAffine(picture, np.array(values, np.float64).reshape(2, 3), sides, flags=flags)
