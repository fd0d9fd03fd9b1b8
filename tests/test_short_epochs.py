"""stats() of epochs that are too short to measure every step."""

from __future__ import annotations

from pixfeed import Stats
from pixfeed.context import Costs


def test_what_is_known_is_shown():
    costs = Costs(bytes=1000, reading=100, running=900, images=4)
    said = str(Stats(batches=2, start_up=0.1, waiting=0.1, stepping=0.1, costs=costs))
    assert "  work     reading 10 %, all else 90 % (few images)" in said.splitlines()


def test_nothing_is_said_of_nothing():
    assert "work" not in str(Stats(batches=2, start_up=0.1, waiting=0.1, stepping=0.1)).split("verdict")[0]
