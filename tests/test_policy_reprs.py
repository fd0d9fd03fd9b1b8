"""Policies that are translated from timm's objects have a short repr: the number of operations, not all of them."""

from __future__ import annotations

import pytest

from pixfeed.transforms.timm_strings import TimmAugment


@pytest.mark.parametrize(
    ("config", "shown"),
    [
        ("rand-m9-mstd0.5-inc1", "RandOps(15 operations, num_layers=2)"),
        ("original-mstd0.5", "AutoOps(50 operations)"),
        ("augmix-m5-w4-d2", "MixOps(13 operations, alpha=1.0, width=4, depth=2, blended=False)"),
    ],
)
def test_is_short(config, shown):
    assert repr(TimmAugment(config)._policy) == shown
