"""torchvision's AugMix and GaussianNoise given to pixfeed become pixfeed's, where they get what pixfeed's can do."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from lookalikes import TO_TENSOR, V1, V2, make

from pixfeed import transforms as T
from pixfeed.transforms.compose import steps_of
from pixfeed.transforms.fuse import Recipe
from pixfeed.transforms.translate import advice

MIX = dict(severity=3, mixture_width=3, chain_depth=-1, alpha=1.0, all_ops=True, interpolation="bilinear", fill=None)
NOISE = dict(mean=0.0, sigma=0.1, clip=True)
TO_IMAGE, TO_FLOATS = make("ToImage"), make("ToDtype", dtype=torch.float32, scale=True)


def augmix(module: str = f"{V2}._auto_augment", **attributes):
    return make("AugMix", module, **{**MIX, **attributes})


def noise(**attributes):
    return make("GaussianNoise", f"{V2}._misc", **{**NOISE, **attributes})


OTHERS = dict(severity=7, mixture_width=4, chain_depth=2, alpha=0.5, all_ops=False, interpolation="nearest")


@pytest.mark.parametrize("module", [f"{V2}._auto_augment", "torchvision.transforms.autoaugment"])
@pytest.mark.parametrize(
    ("given", "ours"),
    [({}, T.AugMix()), ({**OTHERS, "fill": [1, 2, 3]}, T.AugMix(**OTHERS, fill=(1, 2, 3)))],
    ids=["defaults", "others"],
)
def test_augmix_is_native(module, given, ours):
    """Also after ToImage: torchvision makes a tensor of a PIL image itself."""
    assert steps_of(augmix(module, **given)) == [ours]
    steps = steps_of(make("Compose", V1, transforms=[TO_IMAGE, augmix(module, **given), TO_FLOATS]))
    assert steps == [T.PILToTensor(), ours, T.ToDtype(torch.float32, scale=True)]
    assert not Recipe(steps).python


def test_noise_on_uint8_tensors_is_native(backend):
    steps = steps_of(T.Compose([TO_IMAGE, noise(mean=0.02, sigma=0.2), TO_FLOATS]))
    assert steps[1] == T.GaussianNoise(0.02, 0.2) and not Recipe(steps).python
    picture = torch.from_numpy(np.full((64, 64, 3), 128, np.uint8)).permute(2, 0, 1)
    added = T.Compose([TO_IMAGE, noise(sigma=0.05)])(picture).to(torch.float32) - 128
    assert added.mean().abs() < 1 and added.std().item() == pytest.approx(0.05 * 255, rel=0.05)
    maybe = make("RandomApply", f"{V2}._container", transforms=[noise()], p=0.5)
    assert steps_of(T.Compose([TO_IMAGE, maybe]))[1] == T.RandomApply([T.GaussianNoise()], 0.5)


@pytest.mark.parametrize("before", [[TO_IMAGE, TO_FLOATS], [TO_TENSOR]])
def test_noise_on_floats_stays_in_python(before):
    found = steps_of(T.Compose([*before, step := noise()]))
    assert found[-1] is step and "native on uint8 tensors" in advice(Recipe(found))


@pytest.mark.parametrize("steps", [[noise()], [TO_IMAGE, noise(clip=False)]])
def test_other_noise_stays_in_python(steps):
    """That of PIL images, which torchvision refuses, and uint8 that wraps around."""
    found = steps_of(T.Compose(steps))
    assert found[-1] is steps[-1] and not advice(Recipe(found))


@pytest.mark.parametrize(
    "steps",
    [[TO_IMAGE, TO_FLOATS, augmix()], [augmix(interpolation="lanczos")], [augmix(fill={"others": 0})]],
)
def test_other_augmix_stays_in_python(steps):
    found = steps_of(T.Compose(steps))
    assert found[-1] is steps[-1] and not advice(Recipe(found))


def test_arguments_have_torchvisions_defaults():
    """``make`` has the attributes of torchvision 0.29's objects."""
    assert {name: getattr(T.AugMix(), name) for name in MIX} == MIX
    assert {name: getattr(T.GaussianNoise(), name) for name in NOISE} == NOISE
