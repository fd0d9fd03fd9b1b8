"""A STEP row in Python's numbers."""

from __future__ import annotations

from typing import NamedTuple

from pixfeed.plan_steps import STEP


class Step(NamedTuple):
    """See :mod:`pixfeed.plan_steps`."""

    plan: int
    code: int
    width: int
    height: int
    mode: int
    fill: tuple[int, int, int]
    values: tuple[float, ...]


assert Step._fields == STEP.names
