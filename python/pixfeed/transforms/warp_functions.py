"""torchvision.transforms.functional's functions that turn and distort a picture; see
:mod:`pixfeed.transforms.functional`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

import numpy as np

from pixfeed.transforms import matrices
from pixfeed.transforms.base import Interpolation, InterpolationMode
from pixfeed.transforms.moving import Fill
from pixfeed.transforms.one_picture import apply
from pixfeed.transforms.warp import Affine, Perspective, RandomRotation

_Image = TypeVar("_Image")


def rotate(
    img: _Image,
    angle: float,
    interpolation: Interpolation = InterpolationMode.NEAREST,
    expand: bool = False,
    center: Sequence[float] | None = None,
    fill: Fill = None,
) -> _Image:
    """The picture turned by an angle in degrees, counterclockwise; see :class:`pixfeed.transforms.RandomRotation`."""
    return apply(img, RandomRotation((angle, angle), interpolation, expand, center, fill))


def affine(
    img: _Image,
    angle: float,
    translate: Sequence[float],
    scale: float,
    shear: float | Sequence[float],
    interpolation: Interpolation = InterpolationMode.NEAREST,
    fill: Fill = None,
    center: Sequence[float] | None = None,
) -> _Image:
    """The picture turned by an angle in degrees, clockwise; moved by ``translate`` (x, y) in pixels; scaled; and
    sheared by angles in degrees (x, y). See :class:`pixfeed.transforms.RandomAffine`."""
    if scale <= 0:
        raise ValueError(f"scale is {scale!r}; it must be positive")
    x, y = translate
    both = (float(shear), 0.0) if isinstance(shear, (int, float)) else tuple(map(float, shear))
    shear_x, shear_y = both if len(both) == 2 else both * 2
    step = Affine(
        float(angle),
        (float(x), float(y)),
        float(scale),
        (shear_x, shear_y),
        interpolation,
        fill,
        None if center is None else tuple(map(float, center)),
    )
    return apply(img, step)


def perspective(
    img: _Image,
    startpoints: Sequence[Sequence[int]] | None,
    endpoints: Sequence[Sequence[int]] | None,
    interpolation: Interpolation = InterpolationMode.BILINEAR,
    fill: Fill = None,
    coefficients: Sequence[float] | None = None,
) -> _Image:
    """The picture whose corners ``startpoints`` become ``endpoints``: x and y of top left, top right, bottom right and
    bottom left, in whole pixels. Or, in their place, the eight coefficients of Pillow's PERSPECTIVE. See
    :class:`pixfeed.transforms.RandomPerspective`."""
    if coefficients is None:
        if startpoints is None or endpoints is None:
            raise ValueError("perspective needs startpoints and endpoints, or coefficients")
        corners = [np.array(points) for points in (startpoints, endpoints)]
        if any(points.shape != (4, 2) or points.dtype.kind != "i" for points in corners):
            raise ValueError("startpoints and endpoints must be four corners each, in whole pixels")
        coefficients = matrices.perspective(corners[0][None], corners[1][None])[0].tolist()
        if not np.isfinite(coefficients).all():
            raise ValueError(f"endpoints are {endpoints!r}; corners must not coincide")
    elif startpoints is not None or endpoints is not None:
        raise ValueError("perspective needs startpoints and endpoints, or coefficients, not both")
    elif len(coefficients) != 8:
        raise ValueError(f"coefficients are {coefficients!r}; they must be eight numbers")
    return apply(img, Perspective(tuple(map(float, coefficients)), interpolation, fill))
