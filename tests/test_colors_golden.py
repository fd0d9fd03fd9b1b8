"""Operations on colors make the pixels that torchvision, timm and Pillow make; random ones draw as torchvision draws.

`golden/colors.json` has their results. `judge_colors.py`, a part of `make judge-transforms`, made it.
"""

from __future__ import annotations

import json

import color_cases
import numpy as np
import pytest
import transform_draws
from color_cases import changed, pictures
from transform_cases import Case
from transform_results import Pictures, digest

GOLDEN = json.loads(color_cases.GOLDEN.read_text())


@pytest.mark.parametrize("name", color_cases.OPERATIONS)
def test_operations(name, backend):
    """200 pictures, each with all numbers of the operation."""
    made = {}
    for values in color_cases.OPERATIONS[name]:
        key = " ".join(f"{value:g}" for value in values)
        made[key] = color_cases.digest(changed(backend, pictures(), name, values))
    assert made == GOLDEN["operations"][name]


@pytest.mark.slow_on_opencv
@pytest.mark.parametrize("kept", GOLDEN["cases"], ids=lambda kept: f"{', '.join(kept['call'])}, {kept['mode']}")
def test_random_transforms(kept, backend, tmp_path):
    """Of files, one by one and as a batch."""
    case = Case(tuple(kept["call"]), kept["mode"], tuple(kept["sizes"]), kept["repeat"])
    read = Pictures(tmp_path)
    assert list(map(digest, read.results(case, backend))) == kept["results"]
    assert list(map(digest, read.batch(case, backend))) == kept["results"]


@pytest.mark.parametrize("distribution", color_cases.DISTRIBUTIONS, ids=str)
def test_distributions(distribution):
    ours, found = distribution.ours(), 0
    for kept in GOLDEN["distributions"]:
        if (kept["call"], kept["size"]) == (distribution.call, distribution.size):
            counts = transform_draws.histogram(ours[kept["of"]], kept["edges"])
            statistic, limit = transform_draws.chi_square(counts, kept["counts"])
            assert statistic <= limit, kept["of"]
            found += 1
    assert found == len(ours)


def test_every_operation_is_compared():
    assert set(GOLDEN["operations"]) == set(color_cases.OPERATIONS)
    steps = {call.partition("(")[0] for kept in GOLDEN["cases"] for call in kept["call"]}
    without = {"GaussianBlur", "GaussianNoise", "PillowGaussianBlur"}  # see test_blur_noise.py
    assert set(color_cases.COMPARED) - without <= steps
    assert len(pictures()) == color_cases.COUNT
    assert len({each.tobytes() for each in pictures()}) > 150
    assert np.mean([each.std() for each in pictures()]) > 20
