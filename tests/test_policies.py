"""Policies: their operations are torchvision's and timm's (`judge_policies.py` has written the hashes), and what they
draw has the right distribution."""

from __future__ import annotations

import json
from collections import defaultdict

import images
import numpy as np
import policy_cases
import pytest
import torch

from pixfeed import draws
from pixfeed import transforms as T
from pixfeed.plan_steps import STEPS
from pixfeed.transforms import policies
from pixfeed.transforms.auto_policies import POLICIES
from pixfeed.transforms.execute import plan_passes
from pixfeed.transforms.fuse import Recipe
from pixfeed.transforms.point_map import PointMap
from pixfeed.transforms.timm_policies import AutoOps, MixOps, RandOps

N = 20_000
NAMES = {code: name for name, code in STEPS.items()}
WIDTH, HEIGHT = np.full(N, 60), np.full(N, 40)


def steps_of(transform, n=N) -> list[np.ndarray]:
    u = draws.uniform(7, 0, list(range(n)), transform.draws)
    return transform.steps(WIDTH[:n], HEIGHT[:n], u)


def assert_share(found: np.ndarray, expected: float) -> None:
    """So many of the samples, within five standard deviations."""
    assert abs(found.mean() - expected) < 5 * np.sqrt(expected * (1 - expected) / len(found)) + 1e-9, expected


@pytest.mark.parametrize("every", [policy_cases.cases, policy_cases.timm_cases], ids=["torchvision", "timm"])
def test_pixels_of_operations(backend, every):
    golden = {key: kept.split() for key, kept in json.loads(policy_cases.GOLDEN.read_text()).items()}
    found = defaultdict(list)
    for case in every():
        found[policy_cases.golden_key(case)].append(case)
    for key, cases in found.items():
        for case, expected in zip(cases, golden[key], strict=True):
            assert policy_cases.digest(case.ours(backend)) == expected, case


def test_rand_augment_draws_each_operation_as_often():
    first, second = steps_of(T.RandAugment())
    for rows in (first, second):
        codes = rows["code"]
        assert_share(codes == 0, 1 / 14)
        for name in ("posterize", "solarize", "autocontrast", "equalize"):
            assert_share(codes == STEPS[name], 1 / 14)
        assert_share(codes == STEPS["affine"], 5 / 14)
        for name in ("brightness", "contrast", "saturation", "sharpness"):
            factors = rows["values"][codes == STEPS[name], 0]
            level = float(torch.linspace(0, 0.9, 31)[9])
            assert set(np.round(factors, 9)) == {round(1 + level, 9), round(1 - level, 9)}
            assert_share(factors > 1, 0.5)
    assert_share((first["code"] == STEPS["invert"]) | (second["code"] == STEPS["invert"]), 0)
    assert_share((first["code"] == STEPS["equalize"]) & (second["code"] == STEPS["equalize"]), 1 / 14**2)


def test_translations_depend_on_the_side():
    width, height = np.array([100, 331, 50]), np.array([40, 60, 662])
    which = np.array([list(policies.RAND_SPACE).index(name) for name in ("TranslateX", "TranslateX", "TranslateY")])
    rows = T.RandAugment().rows(
        policies.RAND_SPACE, 31, width, height, which, np.full(3, 30), np.array([False, True, False])
    )
    assert rows["values"][:, 2].tolist() == [-45, 150, 0] and rows["values"][:, 5].tolist() == [0, 0, -300]


def test_trivial_augment_draws_magnitudes():
    (rows,) = steps_of(T.TrivialAugmentWide())
    bits = rows["values"][rows["code"] == STEPS["posterize"], 0]
    expected = (8 - torch.arange(31) / 5).round()
    for count in range(2, 9):
        assert_share(bits == count, float((expected == count).float().mean()))
    factors = rows["values"][rows["code"] == STEPS["brightness"], 0]
    assert len(np.unique(np.round(factors, 6))) == 61
    assert_share(rows["code"] == STEPS["brightness"], 1 / 14)


@pytest.mark.parametrize("policy", POLICIES)
def test_auto_augment_draws_pairs(policy):
    first, second = (rows["code"] for rows in steps_of(T.AutoAugment(policy)))
    pairs = POLICIES[policy]
    kinds = {name: operation.kind for name, operation in policies.OPERATIONS.items()}
    for place, codes in enumerate((first, second)):
        for name in ("Equalize", "Invert", "AutoContrast", "Solarize"):
            share = sum(pair[place][1] for pair in pairs if pair[place][0] == name) / 25
            assert_share(codes == kinds[name], share)
    both = sum(a[1] * b[1] for a, b in pairs if a[0] == "Invert" and b[0] == "Equalize") / 25
    assert_share((first == STEPS["invert"]) & (second == STEPS["equalize"]), both)


def test_mix_is_the_weighted_sum(backend):
    """Of what the chains make, in torch's float32, as torchvision adds them up."""
    picture, n = images.picture(40, 60), 12
    transform = T.AugMix(severity=6, interpolation="nearest")
    rows = np.stack(steps_of(transform, n), 1)
    for steps in rows:
        steps = steps[steps["code"] != 0]
        blends = np.flatnonzero(steps["code"] == STEPS["blend"])
        assert steps["mode"][blends].tolist() == [0, 1, 1, 2]
        weights = torch.from_numpy(steps["values"][blends, 0]).to(torch.float32)
        assert float(weights.sum()) == pytest.approx(1, abs=1e-6)
        mix = weights[0] * torch.from_numpy(picture)
        for begin, end, weight in zip(blends[:-1] + 1, blends[1:], weights[1:], strict=True):
            assert 0 <= end - begin <= 3
            mix.add_(weight * torch.from_numpy(policy_cases.carried_out(backend, picture, steps[begin:end]).copy()))
        np.testing.assert_array_equal(policy_cases.carried_out(backend, picture, steps), mix.to(torch.uint8))


@pytest.mark.parametrize("alpha", [1.0, 0.4])
def test_weights_of_a_mix(alpha):
    rows = np.stack(steps_of(T.AugMix(alpha=alpha, chain_depth=1), 4000), 1)
    weights = rows["values"][:, [0, 2, 4, 6], 0]
    np.testing.assert_allclose(weights.sum(1), 1, atol=1e-6)
    assert weights[:, 0].mean() == pytest.approx(0.5, abs=0.03)
    assert weights[:, 0].var() == pytest.approx(1 / (4 * (2 * alpha + 1)), rel=0.1)  # of a beta distribution
    np.testing.assert_allclose(weights[:, 1:].mean(0), 1 / 6, atol=0.02)


def test_timms_rand_augment():
    first, second = steps_of(T.TimmAugment("rand-m9-mstd0.5-inc1"))
    for rows in (first, second):
        assert_share(rows["code"] == STEPS["invert"], 0.5 / 15)
        assert_share(rows["code"] == STEPS["equalize"], 0.5 / 15)
        factors = rows["values"][rows["code"] == STEPS["contrast"], 0] - 1
        levels = np.abs(factors) / 0.9 * 10
        assert levels[levels < 9.99].std() < 0.5 and abs(levels.mean() - 9) < 0.1
        assert_share(factors < 0, 0.5)
        moved = rows[rows["code"] == STEPS["affine"]]
        assert set(moved["fill"].ravel()) == {128} and set(moved["mode"]) == {2, 3}
    (uniform,) = steps_of(T.TimmAugment("rand-n1-m8-mstd101-p1-inc1"))
    levels = np.abs(uniform["values"][uniform["code"] == STEPS["contrast"], 0] - 1) / 0.9 * 10
    assert levels.max() <= 8 and levels.mean() == pytest.approx(4, abs=0.2)


def test_timms_weighted_choice_draws_none_twice():
    rows = np.stack(steps_of(T.TimmAugment("rand-m6-n3-p1-t3aw")), 1)["code"]
    for code in (STEPS["solarize"], STEPS["gaussian_blur"], STEPS["autocontrast"], STEPS["invert"]):
        assert ((rows == code).sum(1) <= 1).all()
    assert_share(rows[:, 0] == STEPS["solarize"], 6 / 33)
    assert_share(rows[:, 0] == STEPS["autocontrast"], 1 / 33)


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        ("rand-m9-mstd0.5-inc1", dict(name="PosterizeIncreasing", magnitude=9, std=0.5, p=0.5, most=10)),
        ("rand-m15-n4-p0.7-mmax30", dict(name="Posterize", magnitude=15, std=0, p=0.7, most=30)),
        ("rand-mstd200-tweights", dict(name="PosterizeIncreasing", magnitude=10, std=np.inf)),
        ("original-mstd0.5", dict(name="PosterizeOriginal", std=0.5, p=0.4, magnitude=8)),
        ("originalr", dict(name="PosterizeIncreasing", std=0)),
        ("v0r", dict(name="PosterizeIncreasing")),
        ("3a", dict(name="Desaturate", p=1.0, magnitude=10)),
        ("augmix-m5-w4-d2", dict(name="PosterizeIncreasing", p=1.0, magnitude=5, std=np.inf)),
    ],
    ids=str,
)
def test_timms_strings(config, expected):
    policy = T.TimmAugment(config)._policy
    op = next(op for op in policy.ops if op.name == expected["name"])
    assert {key: getattr(op, key) for key in expected} == expected
    kind = {"rand": RandOps, "augmix": MixOps}.get(config.split("-")[0], AutoOps)
    assert type(policy) is kind
    assert len(steps_of(T.TimmAugment(config), 5)) > 0


def test_three_augment():
    (rows,) = steps_of(T.ThreeAugment())
    for name in ("gray", "solarize", "gaussian_blur"):
        assert_share(rows["code"] == STEPS[name], 1 / 3)
    radius = rows["values"][rows["code"] == STEPS["gaussian_blur"], 0]
    assert 0.1 <= radius.min() < 0.11 < 1.99 < radius.max() <= 2
    assert set(rows["values"][rows["code"] == STEPS["solarize"], 0]) == {128}


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: T.RandAugment(num_ops=-1), "num_ops is -1; it must be at least 0"),
        (lambda: T.RandAugment(magnitude=31), "there are 31, from 0"),
        (lambda: T.RandAugment(interpolation="lanczos"), "moved with nearest"),
        (lambda: T.RandAugment(fill=(1, 2)), "or one each for R, G and B"),
        (lambda: T.TrivialAugmentWide(num_magnitude_bins=1), "at least 2"),
        (lambda: T.AutoAugment("mnist"), "imagenet, cifar10, svhn"),
        (lambda: T.AugMix(severity=11), "1 to 10"),
        (lambda: T.AugMix(alpha=0), "positive"),
        (lambda: T.TimmAugment("rand-m9-q3"), "has no option 'q3'"),
        (lambda: T.TimmAugment("augmix-b"), "has no option 'b'"),
        (lambda: T.TimmAugment("v1"), "must begin with one of rand, augmix, original"),
        (lambda: T.ThreeAugment(threshold=-1), "0 to 256"),
    ],
)
def test_arguments(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_a_policy_is_printed_and_compared():
    assert repr(T.RandAugment(2, 7)) == "RandAugment(magnitude=7)" and T.RandAugment() == T.RandAugment(2)
    assert repr(T.TimmAugment("rand-m9")) == "TimmAugment('rand-m9')"
    assert len({T.AutoAugment("svhn"), T.AutoAugment(T.AutoAugmentPolicy.SVHN)}) == 1


def test_a_color_in_a_gray_picture_is_refused():
    with pytest.raises(ValueError, match="the picture is gray"):
        T.Compose([T.Grayscale(), T.RandAugment(fill=(1, 2, 3))])(images.picture(9, 9))
    assert T.Compose([T.Grayscale(), T.RandAugment(fill=9)])(images.picture(9, 9)).shape == (1, 9, 9)


def test_targets_follow_policies_but_not_a_mix():
    """Every version of a mix has the objects elsewhere: they stay where the picture that is mixed has them."""
    corner = np.array([[3.0, 5.0]])
    n, u = 40, draws.uniform(3, 0, list(range(40)), 100)
    for transform, share in ((T.AugMix(severity=10), 0), (T.TimmAugment("augmix-m9"), 0), (T.RandAugment(1), 5 / 14)):
        passes, _ = plan_passes(Recipe([transform]), WIDTH[:n], HEIGHT[:n], u)
        points = PointMap(passes)
        moved = [not np.array_equal(points.points(i, corner)[0], corner) for i in range(n)]
        assert any(moved) == (share > 0) and np.mean(moved) <= 2 * share
