"""What random transforms decide, and whether 20,000 of their decisions are distributed as torchvision's.

Everything that knows how pixfeed plans is in :func:`drawn`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from transform_cases import sides
from transform_results import transforms_of

from pixfeed import draws
from pixfeed import transforms as T
from pixfeed.errors import Origin
from pixfeed.transforms.execute import plan_passes
from pixfeed.transforms.fuse import Recipe
from pixfeed.transforms.stepped import Stepped


def drawn(step, height: int, width: int, u: np.ndarray) -> list:
    """What a random transform decides for pictures of that size, with uniform numbers ``[n, step.draws]``: a list for
    each of n samples. torchvision's parameters can be written so, too:

    RandomResizedCrop: left, top, width, height. RandomCrop: left, top, in pixels of the picture before it was padded.
    Flips and RandomGrayscale: 1 or 0. ColorJitter: a pair for each adjustment, in their order: 0, 1, 2, 3 for
    brightness, contrast, saturation, hue, and the float32 factor. RandomErasing: left, top, width, height; empty if
    nothing is erased. Transforms that are STEP rows: a pair for each step that there is, its code and its numbers.
    """
    if isinstance(step, T.RandomErasing):
        return [[left, top, w, h] if h else [] for top, left, h, w in step.rectangles(height, width, u).tolist()]
    if isinstance(step, Stepped):
        return _steps(step, height, width, u)
    rows = _plan(step, height, width, u)
    if isinstance(step, T.RandomResizedCrop):
        return np.stack([rows[f"crop_{name}"] for name in "xywh"], 1).tolist()
    if isinstance(step, T.RandomCrop):
        return np.stack([rows[f"crop_{name}"] + rows[f"window_{name}"] for name in "xy"], 1).tolist()
    if isinstance(step, T.ColorJitter):
        pairs = np.stack([np.minimum(rows["adjust"], 4) - 1.0, rows["factor"]], 2)  # [n, steps, 2]
        return [[[int(number), factor] for number, factor in row if number >= 0] for row in pairs.tolist()]
    if isinstance(step, T.RandomGrayscale):
        return (rows["adjust"][:, :1] != 0).astype(int).tolist()
    name = "horizontal" if isinstance(step, T.RandomHorizontalFlip) else "vertical"
    return rows[f"flip_{name}"].reshape(-1, 1).tolist()


def _steps(step, height: int, width: int, u: np.ndarray) -> list:
    rows = np.stack(step.steps(np.full(len(u), width), np.full(len(u), height), u), 1)
    return [[[int(row["code"]), row["values"].tolist()] for row in sample if row["code"]] for sample in rows]


def _plan(step, height: int, width: int, u: np.ndarray) -> np.ndarray:
    """PLAN rows of one transform for pictures of one size."""
    (only,), refused = plan_passes(Recipe([step]), np.full(len(u), width), np.full(len(u), height), u)
    if refused:
        raise Origin("the picture").region_error(next(iter(refused.values())))
    return only.rows


# -- distributions -----------------------------------------------------------------------------------------------------

COUNT = 20_000


@dataclass(frozen=True)
class Distribution:
    """A random transform of pictures of one size, drawn :data:`COUNT` times."""

    call: str
    size: str

    def __str__(self) -> str:
        return f"{self.call} of {self.size}"

    def ours(self, distort: Callable[[np.ndarray], None] = lambda u: None) -> dict[str, np.ndarray]:
        """``distort``: changes the uniform numbers ``[COUNT, draws]``."""
        (step,) = transforms_of([self.call])
        u = draws.uniform(11, 0, range(COUNT), step.draws)
        distort(u)
        return self.quantities(drawn(step, *sides(self.size), u))

    def quantities(self, samples: list) -> dict[str, np.ndarray]:
        """What is compared of what was drawn (see :func:`drawn`): float64 ``[n]`` each, or ``[n, 2]`` for pairs."""
        if "Flip" in self.call or "RandomGrayscale" in self.call:
            return {"flipped": np.array(samples, float)[:, 0]}
        if self.call.startswith("RandomCrop"):
            x, y = np.array(samples, float).T
            return {"left": x, "top": y, "left, top": np.stack([x, y], 1)}
        if self.call.startswith("ColorJitter"):
            return _of_jitter(samples)
        return _of_rectangles(samples, *sides(self.size))


def _of_jitter(samples: list) -> dict[str, np.ndarray]:
    orders = [int("".join(str(1 + number) for number, _ in sample)) for sample in samples]
    made = {"order": np.array(orders, float)}
    for number, name in enumerate(("brightness", "contrast", "saturation", "hue")):
        factors = [factor for sample in samples for which, factor in sample if which == number]
        if factors:
            made[name] = np.array(factors)
            made[f"{name}, order"] = np.stack([made[name], made["order"]], 1)
    return made


def _of_rectangles(samples: list, height: int, width: int) -> dict[str, np.ndarray]:
    made = {"happened": np.array([float(bool(sample)) for sample in samples])}
    x, y, w, h = np.array([sample for sample in samples if sample], float).T
    made |= {"width": w, "height": h, "area": w * h, "ratio": np.log(w / h)}
    for name, at, room in (("left", x, width - w), ("top", y, height - h)):  # how far into the room; -1: there is none
        made[name] = np.where(room > 0, at / np.maximum(room, 1), -1)
    for one, other in (("left", "top"), ("area", "ratio"), ("left", "width"), ("top", "height"), ("area", "left")):
        made[f"{one}, {other}"] = np.stack([made[one], made[other]], 1)
    return made


DISTRIBUTIONS = [
    Distribution("RandomResizedCrop(8)", "375x500"),
    Distribution("RandomResizedCrop(8)", "300x100"),  # many tries
    Distribution("RandomResizedCrop(8, (0.1, 0.9))", "90x1000"),  # the fallback, often
    Distribution("RandomResizedCrop(8, (0.5, 0.6), (0.2, 5.0))", "41x40"),
    Distribution("RandomCrop((10, 20))", "30x40"),
    Distribution("RandomCrop((10, 20), (1, 2, 3, 4))", "30x40"),
    Distribution("RandomCrop((40, 30), None, True)", "37x33"),
    Distribution("RandomHorizontalFlip()", "2x2"),
    Distribution("RandomHorizontalFlip(0.2)", "2x2"),
    Distribution("RandomVerticalFlip()", "2x2"),
    Distribution("RandomVerticalFlip(0.9)", "2x2"),
    Distribution("ColorJitter(0.4, (0.5, 2.0), 1.5)", "2x2"),
    Distribution("ColorJitter(0.4, None, 0.2)", "2x2"),
    Distribution("ColorJitter(contrast=0.4)", "2x2"),
    Distribution("RandomErasing(0.7, (0.02, 0.5))", "40x64"),
    Distribution("RandomErasing(1.0, (0.3, 0.9), (0.1, 9.0))", "64x30"),  # often none that fits
    Distribution("RandomGrayscale(0.2)", "2x2"),
]


def edges(values: np.ndarray) -> list[list[float]]:
    """Where to cut each column into bins: 20, or 6 for each of two columns. Values that are so few get a bin each, and
    what lies outside two more; of others about as many lie in each bin."""
    columns = values.reshape(len(values), -1).T
    cuts = []
    for column in columns:
        bins = 20 if len(columns) == 1 else 6
        different = np.unique(column)
        if len(different) <= bins:
            inner = np.concatenate([different[:1] - 0.1, (different[1:] + different[:-1]) / 2, different[-1:] + 0.1])
        else:
            inner = np.unique(np.quantile(column, np.arange(1, bins) / bins))
        cuts.append([float(f"{cut:.6g}") for cut in inner])
    return cuts


def histogram(values: np.ndarray, cuts: list[list[float]]) -> list[int]:
    """How many values lie in each bin."""
    at = np.zeros(len(values), np.int64)
    for column, inner in zip(values.reshape(len(values), -1).T, cuts, strict=True):
        at = at * (len(inner) + 1) + np.searchsorted(inner, column, "right")
    return np.bincount(at, minlength=math.prod(len(inner) + 1 for inner in cuts)).tolist()


def chi_square(ours: Sequence[int], theirs: Sequence[int]) -> tuple[float, float]:
    """The statistic of the chi-square test for two histograms being of one distribution, and what it exceeds once in
    10,000 times if they are (Wilson and Hilferty's approximation). Seeds are fixed: nothing is left to chance."""
    a, b = np.array(ours, float), np.array(theirs, float)
    if a.sum() == 0 or b.sum() == 0:
        return (0.0 if a.sum() == b.sum() else math.inf), 0.0
    there = a + b > 0
    a, b = a[there], b[there]
    scale = math.sqrt(b.sum() / a.sum())
    statistic = float(((scale * a - b / scale) ** 2 / (a + b)).sum())
    freedom = len(a) - 1
    if freedom == 0:
        return 0.0, 0.0
    spread = 2 / (9 * freedom)
    return statistic, freedom * (1 - spread + 3.719 * math.sqrt(spread)) ** 3
