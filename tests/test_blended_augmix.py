"""``augmix-b1``: timm's AugMix that blends its chains one after the other, in uint8."""

from __future__ import annotations

import images
import numpy as np
import policy_cases
import pytest
from PIL import Image

from pixfeed import draws
from pixfeed import transforms as T
from pixfeed.plan_steps import STEPS

N = 300


def steps_of(config: str, n: int = N) -> np.ndarray:
    """STEP rows ``[n, steps]``."""
    transform = T.TimmAugment(config)
    u = draws.uniform(7, 0, list(range(n)), transform.draws)
    return np.stack(transform.steps(np.full(n, 60), np.full(n, 40), u), 1)


def test_chains_are_blended_as_pillow_blends(backend):
    picture = images.picture(40, 60)
    for steps in steps_of("augmix-m7-w4-b1", 12):
        steps = steps[steps["code"] != 0]
        blends = np.flatnonzero(steps["code"] == STEPS["blend"])
        assert steps["mode"][blends].tolist() == [0, 3, 3, 3, 3, 2]
        expected = Image.fromarray(picture)
        for begin, end in zip(blends[:-2] + 1, blends[1:-1], strict=True):
            chain = policy_cases.carried_out(backend, picture, steps[begin:end])
            expected = Image.blend(expected, Image.fromarray(chain), np.float32(steps["values"][end, 0]))
        np.testing.assert_array_equal(policy_cases.carried_out(backend, picture, steps), np.asarray(expected))


@pytest.mark.parametrize("config", ["augmix", "augmix-w1", "augmix-w5-a0.3"])
def test_shares_are_those_of_the_sum(config):
    """The blends of ``-b1`` give each chain the share that it has without it: same draws, same operations."""
    added, blended = steps_of(config), steps_of(f"{config}-b1")
    others = added["code"] != STEPS["blend"]
    is_add = ~others[0]
    shares = added["values"][:, is_add, 0][:, 1:] * added["values"][:, is_add, 1][:, -1:]
    factors = blended["values"][:, blended["code"][0] == STEPS["blend"], 0][:, 1:-1]
    kept = np.cumprod((1 - factors)[:, ::-1], 1)[:, ::-1]  # of a chain, after its own blend and the later ones
    after = np.concatenate([kept[:, 1:], np.ones((N, 1))], 1)
    np.testing.assert_allclose(factors * after, shares, atol=1e-5)
    operations = blended[:, blended["code"][0] != STEPS["blend"]]
    np.testing.assert_array_equal(operations, added[:, others[0]])


def test_zero_is_the_other_way():
    np.testing.assert_array_equal(steps_of("augmix-b0"), steps_of("augmix"))
