"""Samples of a dataset as a sheet of pictures, with what is to be learned of them."""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pixfeed import draws
from pixfeed._real_torch import torch
from pixfeed.datasets.list_file import FastTxtDataset
from pixfeed.errors import ImageError, PixfeedError, RegionError
from pixfeed.reading.functional import resize
from pixfeed.tools import drawing
from pixfeed.tools.drawing import Tile
from pixfeed.transforms.to_tensor import Normalize

# Small pictures are enlarged so many times at most.
_ENLARGED = 4


def transform_of(text: str) -> Callable[..., Any]:
    """The object NAME of a Python file, given as FILE.py:NAME.

    Raises:
        ValueError: there is no such file, or no such name in it.
    """
    path, _, name = text.rpartition(":")
    if not path or not name.isidentifier():
        raise ValueError(f"{text!r} is no FILE.py:NAME")
    spec = importlib.util.spec_from_file_location("_transform_of_user", path)
    if not os.path.exists(path):
        raise ValueError(f"{path}: there is no such file")
    if spec is None or spec.loader is None:
        raise ValueError(f"{path} is no Python file")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    if not hasattr(module, name):
        raise ValueError(f"{path} has no {name!r}")
    found: Callable[..., Any] = getattr(module, name)
    return found


def choose(count: int, length: int, seed: int | None) -> list[int]:
    """Rows of a list: the first ones, or others with a seed, in the order of the list."""
    if seed is None or count >= length:
        return list(range(min(count, length)))
    order = np.argsort(draws.uniform(seed, 0, range(length), 1)[:, 0], kind="stable")
    return sorted(order[:count].tolist())


def tiles(
    dataset: FastTxtDataset, rows: Sequence[int], repeats: int, side: int, names: Sequence[str]
) -> Iterator[list[Tile]]:
    """The tiles of each row of a list: its picture, in as many epochs as ``repeats`` says.

    Args:
        dataset: pictures and targets.
        rows: of the list.
        repeats: how many draws there are of each picture.
        side: pixels.
        names: of classes; may be empty.
    """
    normalize = _normalize(dataset.transform)
    for row in rows:
        line = dataset.files.line(row)
        name = dataset.files.name(row)
        found = []
        for epoch in range(repeats):
            dataset.set_epoch(epoch)
            try:
                item = dataset[row]
            except (ImageError, RegionError) as error:
                found.append(Tile(_refused(side), _words(error), name, True))
                break
            image, target = item if isinstance(item, tuple) else (item, ())
            drawn, words = _with_target(_pixels(image, normalize), target, dataset, side, names)
            where = f"draw {epoch + 1}: " if repeats > 1 else "" if line is None else f"line {line}: "
            found.append(Tile(drawn, where + words, name))
        yield found


def _words(error: PixfeedError) -> str:
    return str(error).rpartition(": ")[2].partition(";")[0]


def _refused(side: int) -> NDArray[np.uint8]:
    """A crossed-out square."""
    picture = np.full((side, side, 3), 225, np.uint8)
    at = np.arange(side)
    for shift in (-1, 0, 1):
        there = np.clip(at + shift, 0, side - 1)
        picture[at, there] = picture[at, side - 1 - there] = (192, 50, 43)
    return picture


def _normalize(transform: object) -> tuple[NDArray[np.float32], NDArray[np.float32]] | None:
    """Mean and std of the transform's last Normalize, pixfeed's or torchvision's, to undo it."""
    for step in reversed(getattr(transform, "transforms", [])):
        if isinstance(step, Normalize) or (type(step).__name__ == "Normalize" and hasattr(step, "std")):
            return np.array(step.mean, np.float32), np.array(step.std, np.float32)
        if hasattr(step, "transforms") and (inner := _normalize(step)) is not None:
            return inner
    return None


def _pixels(image: Any, normalize: tuple[NDArray[np.float32], NDArray[np.float32]] | None) -> NDArray[np.uint8]:
    """A picture uint8 ``[H, W, 3]`` of what a transform gives: a tensor, a PIL image or an array."""
    if isinstance(image, torch.Tensor):
        pixels = image.detach().permute(1, 2, 0).float().numpy() if image.ndim == 3 else image.float().numpy()
        if image.is_floating_point():
            if normalize is not None:
                mean, std = normalize
                pixels = pixels * std + mean
            pixels = pixels * 255
    else:
        pixels = np.asarray(image, np.float32)
    pixels = pixels[..., None] if pixels.ndim == 2 else pixels
    pixels = np.rint(pixels.clip(0, 255)).astype(np.uint8)
    return np.ascontiguousarray(np.repeat(pixels, 3, 2) if pixels.shape[2] == 1 else pixels[..., :3])


def _with_target(
    picture: NDArray[np.uint8], target: Any, dataset: FastTxtDataset, side: int, names: Sequence[str]
) -> tuple[NDArray[np.uint8], str]:
    """The picture, made as large as its place, with its target drawn on it; and the target in words."""
    before = picture.shape[:2]
    size = drawing.fitted(before[0], before[1], min(side, _ENLARGED * max(before)))
    large = max(size) > max(before)
    picture = resize(picture, size, interpolation="nearest" if large else "bilinear", antialias=not large)
    scale = np.array([size[1] / before[1], size[0] / before[0]])
    if isinstance(target, dict) and "boxes" in target:
        boxes = target["boxes"].numpy().astype(np.float64)
        labels = target["labels"].tolist()
        drawn = drawing.with_boxes(picture, boxes * np.concatenate([scale, scale]), labels, names)
        return drawn, f"{len(labels)} box{'' if len(labels) == 1 else 'es'}"
    if isinstance(target, dict) and "keypoints" in target:
        points = target["keypoints"].numpy().astype(np.float64) * np.append(scale, 1)
        return drawing.with_points(picture, points), f"{int((points[:, 2] > 0).sum())} points"
    if isinstance(target, torch.Tensor) and target.ndim == 2:
        mask = target.numpy()
        y, x = (np.arange(now) * old // now for now, old in zip(size, mask.shape, strict=True))
        values = np.unique(mask).tolist()
        shown = ", ".join(names[v] if 0 <= v < len(names) else str(v) for v in values[:6])
        return drawing.with_mask(picture, mask[np.ix_(y, x)], _ignored(dataset)), f"classes {shown}"
    labels = np.ravel(target).tolist()
    words = ", ".join(names[v] if isinstance(v, int) and 0 <= v < len(names) else f"{v:g}" for v in labels[:8])
    return picture, words


def _ignored(dataset: FastTxtDataset) -> int:
    return -1 if dataset.fill is None else dataset.fill


_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>{{ heading }}</title><style>
:root { color-scheme: light dark; }
body { font: 14px/1.4 system-ui, "Noto Sans", "Noto Sans CJK SC", sans-serif; margin: 0 auto; max-width: 1400px;
  padding: 20px 16px; }
h1 { font-size: 20px; overflow-wrap: anywhere; }
.sheet { display: grid; gap: 16px 12px; grid-template-columns: repeat(auto-fill, minmax(min(46%, {{ side }}px), 1fr)); }
.row { grid-column: 1 / -1; display: grid; gap: inherit; grid-template-columns: inherit; }
figure { margin: 0; min-width: 0; } figcaption { overflow-wrap: anywhere; } small { opacity: .7; }
.frame { aspect-ratio: 1; display: flex; align-items: center; justify-content: center; background: #8881; }
img { width: 100%; height: 100%; object-fit: contain; }
</style></head><body><h1>{{ heading }}</h1><div class="sheet">
{% for row in rows %}{% if row|length > 1 %}<div class="row">{% endif %}
{% for tile, source in row %}<figure><div class="frame"><img src="{{ source }}" alt=""></div>
<figcaption>{{ tile.caption }}<br><small>{{ tile.title }}</small></figcaption></figure>
{% endfor %}{% if row|length > 1 %}</div>{% endif %}{% endfor %}
</div></body></html>
"""


def page(rows: Sequence[Sequence[Tile]], side: int, heading: str) -> str:
    """The tiles as one HTML page that needs no other file."""
    from jinja2 import Environment

    sources = [[(tile, drawing.data_uri(tile.picture)) for tile in row] for row in rows]
    template = Environment(autoescape=True).from_string(_PAGE)
    return template.render(rows=sources, side=side, heading=heading)
