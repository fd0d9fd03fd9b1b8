"""Transforms make the pixels that torchvision makes, and draw as torchvision draws.

`golden/transforms.json` has torchvision's results, parameters and histograms. `make judge-transforms` made it, and
compares it with the torchvision that is installed; where a result here is another one, it says how different.

Pillow resizes rows and columns in another order from version 13 on, which changes pixels. The native backend does it as
Pillow 13. The opencv backend does it as the Pillow that is installed: with an older one its resized pixels are not
compared.
"""

from __future__ import annotations

import json

import color_cases
import numpy as np
import PIL
import pytest
import transform_cases as cases
import transform_draws
from PIL import Image
from transform_cases import REFUSED, Case
from transform_draws import Distribution
from transform_results import Pictures, digest, transforms_of

from pixfeed import RegionError, draws
from pixfeed import transforms as T
from pixfeed.transforms.compose import steps_of
from pixfeed.transforms.fuse import Recipe

GOLDEN = json.loads(cases.GOLDEN.read_text())


def case_of(kept: dict) -> Case:
    return Case(tuple(kept["call"]), kept["mode"], tuple(kept["sizes"]), kept["repeat"])


OLD_PILLOW = int(PIL.__version__.partition(".")[0]) < 13


def is_comparable(case: Case, backend: str) -> bool:
    return not (OLD_PILLOW and backend == "opencv" and any("Resize" in step for step in case.call))


@pytest.fixture(scope="module")
def pictures(tmp_path_factory) -> Pictures:
    return Pictures(tmp_path_factory.mktemp("pictures"))


@pytest.mark.slow_on_opencv
@pytest.mark.parametrize("kept", GOLDEN["cases"], ids=lambda kept: str(case_of(kept)))
def test_pixels(kept, pictures, backend):
    """Of files, to the bit, one by one and as a batch."""
    case = case_of(kept)
    if not is_comparable(case, backend):
        pytest.skip(f"Pillow {PIL.__version__} resizes in another order than Pillow 13")
    expected = dict(zip(case.names, kept["results"], strict=True))
    assert dict(zip(case.names, map(digest, pictures.results(case, backend)), strict=True)) == expected
    if REFUSED not in kept["results"]:
        assert dict(zip(case.names, map(digest, pictures.batch(case, backend)), strict=True)) == expected


def test_pixels_of_pictures_in_memory(backend, monkeypatch):
    """What draws nothing, called on PIL images."""
    monkeypatch.setenv("PIXFEED_BACKEND", backend)
    count = 0
    for kept in GOLDEN["cases"]:
        case = case_of(kept)
        transform = T.Compose(transforms_of(case.call))
        if Recipe(steps_of(transform)).draws or not is_comparable(case, backend):
            continue
        for name, picture, expected in zip(case.names, case.pictures() * case.repeat, kept["results"], strict=True):
            count += 1
            try:
                made = digest(transform(Image.fromarray(picture)))
            except RegionError:
                made = REFUSED
            assert made == expected, f"{case}, {name}"
    assert count > 200


@pytest.mark.parametrize("kept", [kept for kept in GOLDEN["cases"] if "drawn" in kept], ids=lambda k: str(case_of(k)))
def test_parameters(kept):
    """Crops, factors, orders, flips and rectangles of the samples above."""
    case = case_of(kept)
    (step,) = transforms_of([case.random])
    for key, (name, expected) in enumerate(zip(case.names, kept["drawn"], strict=True)):
        sides = cases.sides(case.sizes[key % len(case.sizes)])
        u = draws.uniform(case.seed, 0, [key], step.draws)
        if expected is None:
            with pytest.raises(RegionError):
                transform_draws.drawn(step, *sides, u)
        else:
            assert transform_draws.drawn(step, *sides, u) == [expected], name


def test_every_transform_is_compared():
    steps = [step for kept in GOLDEN["cases"] for step in kept["call"]]
    in_python = {"FiveCrop", "Lambda", "TenCrop", "ToNumpy", "ToPILImage"}
    of_others = {"Compose", "RandomApply", "RandomChoice", "RandomOrder"}  # see test_branches.py
    not_theirs = {"Letterbox"}  # see test_letterbox.py
    of_colors = set(color_cases.COMPARED)  # see test_colors_golden.py
    of_sizes = {"RandomShortestSize", "RandomZoomOut", "ScaleJitter"}
    warps = {"RandomAffine", "RandomPerspective", "RandomRotation"}  # these two: see test_warp_transforms.py
    policies = {"AugMix", "AutoAugment", "RandAugment", "ThreeAugment", "TimmAugment", "TrivialAugmentWide"}
    no_steps = {"AutoAugmentPolicy", "InterpolationMode", "functional"}
    of_batches = {"CutMix", "MixUp", "TimmMixup"}  # see test_mixing.py
    of_boxes = {"RandomIoUCrop"}  # see test_iou_crop.py
    not_theirs |= {"TimmRandomErasing"}  # see test_erasing.py
    elsewhere = of_others | of_colors | of_sizes | warps | policies | of_batches | of_boxes
    compared = set(T.__all__) - in_python - not_theirs - elsewhere - no_steps
    assert {step.partition("(")[0] for step in steps} == compared
    assert {kept["mode"] for kept in GOLDEN["cases"]} == {"RGB", "L"}


# -- distributions -----------------------------------------------------------------------------------------------------


def histograms(distribution: Distribution) -> list[dict]:
    wanted = distribution.call, distribution.size
    return [kept for kept in GOLDEN["distributions"] if (kept["call"], kept["size"]) == wanted]


def far(distribution: Distribution, ours: dict[str, np.ndarray]) -> dict[str, str]:
    """The quantities whose histograms are not those of one distribution."""
    found = {}
    for kept in histograms(distribution):
        statistic, limit = transform_draws.chi_square(
            transform_draws.histogram(ours[kept["of"]], kept["edges"]), kept["counts"]
        )
        if statistic > limit:
            found[kept["of"]] = f"chi-square is {statistic:.1f}, more than {limit:.1f}"
    return found


@pytest.mark.parametrize("distribution", transform_draws.DISTRIBUTIONS, ids=str)
def test_distribution(distribution):
    kept = [
        kept for kept in GOLDEN["distributions"] if (kept["call"], kept["size"]) == tuple(vars(distribution).values())
    ]
    ours = distribution.ours()
    assert kept and {each["of"] for each in kept} == set(ours)
    assert all(sum(each["counts"]) > 1000 for each in kept)
    assert not far(distribution, ours)


def power(*columns: int, of: float = 1.1):
    """Small numbers a little more often."""

    def distort(u: np.ndarray) -> None:
        u[:, columns] **= of

    return distort


def one_order_less(u: np.ndarray) -> None:
    u[:, 0] *= 5 / 6


def alike(one: int, other: int):
    def distort(u: np.ndarray) -> None:
        u[:, one] = u[:, other]

    return distort


AREAS, RATIOS = range(10), range(10, 20)


@pytest.mark.parametrize(
    ("number", "distort", "seen"),
    [
        (0, power(*AREAS), "area"),
        (0, power(*RATIOS), "ratio"),
        (0, power(20), "top"),
        (0, power(21), "left"),
        (0, alike(20, 21), "left, top"),
        (1, power(*RATIOS[1:]), "ratio"),
        (2, power(*AREAS, of=0.9), "area"),
        (4, power(0), "top"),
        (5, power(1), "left"),
        (7, power(0), "flipped"),
        (10, power(0, of=1.3), "flipped"),
        (11, one_order_less, "order"),
        (11, power(1), "brightness"),
        (11, power(3), "saturation"),
        (14, power(0), "happened"),
        (14, power(*range(1, 11)), "area"),
        (15, power(*range(1, 11)), "area, ratio"),
        (15, power(*range(11, 21)), "happened"),
        (15, power(21), "top"),
    ],
)
def test_a_distribution_that_is_a_little_wrong_is_noticed(number, distort, seen):
    """Otherwise the test above would show nothing."""
    distribution = transform_draws.DISTRIBUTIONS[number]
    assert seen in far(distribution, distribution.ours(distort))


@pytest.mark.parametrize("distribution", transform_draws.DISTRIBUTIONS, ids=str)
def test_nothing_is_drawn_outside_the_picture(distribution):
    """Not even once in 20,000 times, which no test of distributions sees."""
    (step,) = transforms_of([distribution.call])
    height, width = cases.sides(distribution.size)
    made = transform_draws.drawn(step, height, width, draws.uniform(8, 0, range(transform_draws.COUNT), step.draws))
    if isinstance(step, (T.RandomResizedCrop, T.RandomErasing)):
        left, top, w, h = np.array([sample for sample in made if sample]).T
        assert min(left.min(), top.min()) >= 0 and min(w.min(), h.min()) > 0
        assert (left + w).max() <= width and (top + h).max() <= height
    elif isinstance(step, T.RandomCrop):
        left, top, right, bottom = step.padding or (0, 0, 0, 0)
        if step.pad_if_needed:
            left = right = max(step.size[1] - width, 0)
            top = bottom = max(step.size[0] - height, 0)
        x, y = np.array(made).T
        assert (x.min(), x.max()) == (-left, width + right - step.size[1])
        assert (y.min(), y.max()) == (-top, height + bottom - step.size[0])
    elif isinstance(step, T.ColorJitter):
        for sample in made:
            for number, factor in sample:
                low, high = (step.brightness, step.contrast, step.saturation)[number]
                assert np.float32(low) <= factor <= np.float32(high)
    else:
        assert {flipped for (flipped,) in made} == {0, 1}
