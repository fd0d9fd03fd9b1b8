"""The report of ``pixfeed check`` as one page that needs no other file."""

from __future__ import annotations

import math
import os
from collections import Counter
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from pixfeed._version import __version__
from pixfeed.context import num_threads
from pixfeed.errors import PixfeedError, Status
from pixfeed.reading.functional import imread
from pixfeed.tools import drawing
from pixfeed.tools.checking.check import Checked, Finding
from pixfeed.tools.checking.facts import Facts
from pixfeed.tools.checking.rules import RULES

_SIDE = 220  # pixels, of a picture
_PICTURES = 24  # of a rule
_BARS = 40
_ROWS = 1000
_POINTS = 3000


class _Bar(NamedTuple):
    name: str
    number: int
    there: int | None  # in the other list
    share: float  # of the longest, in percent
    share_there: float


class _Picture(NamedTuple):
    finding: Finding
    source: str  # a data URI; empty if there is nothing to see


def page(its: Checked, other: Checked | None, findings: Sequence[Finding], good: int, folder: Path) -> str:
    """HTML.

    Args:
        its: the list that was checked.
        other: the list that it was compared with.
        findings: to be shown.
        good: the number of lines without errors.
        folder: what names are relative to.
    """
    from jinja2 import Environment

    template = Path(__file__).with_name("page.html.j2").read_text(encoding="utf-8")
    environment = Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True)
    environment.filters["number"] = lambda value: f"{value:,}"
    by_rule: dict[str, list[Finding]] = {}
    for finding in findings:
        by_rule.setdefault(finding.rule, []).append(finding)
    known = [facts for facts in its.facts if facts is not None and facts.digest]
    readable = [facts for facts in known if facts.status == Status.OK]
    rules = [RULES[id] for id in RULES if id in by_rule]
    of_lines = {line.number: i for i, line in enumerate(its.lines.lines)}
    with ThreadPoolExecutor(num_threads()) as pool:
        sheets = {
            rule.id: list(pool.map(lambda each: _picture(each, its, of_lines), by_rule[rule.id][:_PICTURES]))
            for rule in rules
        }
    return environment.from_string(template).render(
        name=its.lines.filename,
        folder=os.fspath(folder),
        version=__version__,
        lines=len(its.lines.lines),
        good=good,
        errors=sum(each.severity == "error" for each in findings),
        notes=sum(each.severity == "note" for each in findings),
        size=_size(sum(facts.bytes for facts in known)),
        rules=[(rule, len(by_rule[rule.id])) for rule in rules],
        most=max(map(len, by_rule.values()), default=1),
        sheets=sheets,
        findings=findings[:_ROWS],
        more=len(findings) - _ROWS,
        classes=_class_bars(its, other),
        n_classes=len(its.classes),
        other=None if other is None else other.lines.filename,
        formats=_bars(Counter((f.format or "unknown").upper() for f in readable).most_common(8)),
        colors=_bars(Counter(_color(f) for f in readable).most_common(8)),
        sides=_sides(readable),
    )


def _size(count: float) -> str:
    for unit in ("B", "kB", "MB", "GB"):
        if count < 1000:
            return f"{count:,.0f} {unit}" if unit in ("B", "kB") else f"{count:,.1f} {unit}"
        count /= 1000
    return f"{count:,.1f} TB"


def _color(facts: Facts) -> str:
    return f"{facts.color or 'other'}{f', {facts.bits} bits' if facts.bits > 8 else ''}"


def _bars(counts: Iterable[tuple[str, int]]) -> list[_Bar]:
    counts = list(counts)
    most = max((count for _, count in counts), default=1)
    return [_Bar(name, count, None, 100 * count / most, 0) for name, count in counts]


def _class_bars(its: Checked, other: Checked | None) -> list[_Bar]:
    """The most frequent classes, in the order of their numbers."""
    ours, theirs = its.classes, Counter[int]() if other is None else other.classes
    both = sorted({*ours, *theirs}, key=lambda number: -ours[number] - theirs[number])[:_BARS]
    most = max((max(ours[number], theirs[number]) for number in both), default=1)
    return [
        _Bar(
            str(number),
            ours[number],
            None if other is None else theirs[number],
            100 * ours[number] / most,
            100 * theirs[number] / most,
        )
        for number in sorted(both, key=lambda number: (isinstance(number, str), number))
    ]


def _sides(known: Sequence[Facts]) -> dict[str, Any] | None:
    """Width and height of the pictures as points of a chart, both logarithmic."""
    sides = [(facts.width, facts.height) for facts in known if facts.width > 0 and facts.height > 0]
    if not sides:
        return None
    counts = Counter(sides).most_common(_POINTS)
    values = [value for pair, _ in counts for value in pair]
    low, high = math.log10(min(values)) - 0.1, math.log10(max(values)) + 0.1
    low, high = low - max(0, 1 - high + low) / 2, high + max(0, 1 - high + low) / 2  # a factor of ten at least

    def at(value: float) -> float:
        return 100 * (math.log10(value) - low) / (high - low)

    most = counts[0][1]
    points = [
        (round(at(w), 2), round(100 - at(h), 2), round(0.7 + 1.8 * math.sqrt(count / most), 2), f"{w} x {h}: {count:,}")
        for (w, h), count in counts
    ]
    steps = [m * 10**e for e in range(7) for m in ((1, 2, 5) if high - low < 1.2 else (1,))]
    ticks = [(round(at(step), 2), f"{step:,}") for step in steps if low <= math.log10(step) <= high]
    middle = sorted(sides, key=lambda pair: pair[0] * pair[1])
    return {
        "points": points,
        "ticks": ticks,
        "smallest": middle[0],
        "median": middle[len(middle) // 2],
        "largest": middle[-1],
    }


def _picture(finding: Finding, its: Checked, of_lines: dict[int, int]) -> _Picture:
    if finding.list != its.lines.filename:
        return _Picture(finding, "")
    i = of_lines[finding.line]
    facts = its.facts[i]
    if facts is None or not facts.width or not facts.height or facts.status == Status.TOO_LARGE:
        return _Picture(finding, "")
    size = drawing.fitted(facts.height, facts.width, _SIDE)
    try:
        picture = imread(its.files[i], size=size, decode="scaled", min_recovered=0.0)
    except (PixfeedError, ValueError):
        return _Picture(finding, "")
    if its.lines.kind == "boxes":
        picture = _boxed(picture, its.lines.lines[i].target, size[0] / facts.height)
    elif its.lines.kind == "keypoints" and its.lines.lines[i].target:
        points = np.array(its.lines.lines[i].target, np.float64) * (size[1] / facts.width, size[0] / facts.height, 1)
        picture = drawing.with_points(picture, points)
    return _Picture(finding, drawing.data_uri(picture))


def _boxed(picture: NDArray[np.uint8], rows: Sequence[Any], scale: float) -> NDArray[np.uint8]:
    """With its boxes, and gray around it where they reach beyond it, up to a third of its sides."""
    boxes = np.array([row[1:] for row in rows], np.float64).reshape(-1, 4) * scale
    height, width = picture.shape[:2]
    if not len(boxes):
        return picture
    low = np.clip(-boxes[:, :2].min(0), 0, (width / 3, height / 3)).astype(int) + 0
    high = np.clip((boxes[:, :2] + boxes[:, 2:]).max(0) - (width, height), 0, (width / 3, height / 3)).astype(int)
    low, high = low + 4 * (low > 0), high + 4 * (high > 0)
    canvas = np.full((height + low[1] + high[1], width + low[0] + high[0], 3), 190, np.uint8)
    canvas[low[1] : low[1] + height, low[0] : low[0] + width] = picture
    boxes[:, :2] += low
    return drawing.with_boxes(canvas, boxes, [row[0] for row in rows])
