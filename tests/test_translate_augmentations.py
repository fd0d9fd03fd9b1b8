"""torchvision's and timm's augmentations given to pixfeed become pixfeed's."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from lookalikes import V1, V2, make

from pixfeed import transforms as T
from pixfeed.transforms.compose import steps_of

TIMM = "timm.data.auto_augment"
AUTO = f"{V2}._auto_augment"
PLAIN = dict(interpolation="nearest", fill=None)
RAND = dict(num_ops=2, magnitude=9, num_magnitude_bins=31)
IOU_CROP = dict(min_scale=0.3, max_scale=0.9, min_aspect_ratio=0.5, max_aspect_ratio=2.0)
KNOWN = [
    (make("RandAugment", V1, **{**RAND, **PLAIN, "magnitude": 5}), T.RandAugment(2, 5)),
    (
        make("RandAugment", AUTO, **RAND, interpolation="bilinear", fill=[1, 2, 3]),
        T.RandAugment(interpolation="bilinear", fill=(1, 2, 3)),
    ),
    (make("TrivialAugmentWide", AUTO, num_magnitude_bins=15, **PLAIN), T.TrivialAugmentWide(15)),
    (make("AutoAugment", AUTO, policy="svhn", **PLAIN), T.AutoAugment("svhn")),
    (
        make("RandomRotation", degrees=[-30.0, 30.0], expand=True, center=None, interpolation="bilinear", fill=0),
        T.RandomRotation(30, "bilinear", expand=True),
    ),
    (
        make(
            "RandomAffine",
            V1,
            degrees=[-9.0, 9.0],
            translate=(0.1, 0.2),
            scale=None,
            shear=[-5.0, 5.0],
            center=None,
            interpolation="nearest",
            fill=7,
        ),
        T.RandomAffine(9, (0.1, 0.2), shear=5, fill=7),
    ),
    (
        make("RandomPerspective", distortion_scale=0.3, p=0.4, interpolation="bilinear", fill=0),
        T.RandomPerspective(0.3, 0.4),
    ),
    (make("RandomZoomOut", fill=3, side_range=(1.0, 2.0), p=0.5), T.RandomZoomOut(3, (1, 2))),
    (make("RandomIoUCrop", **IOU_CROP, options=[0.5, 1.0], trials=9), T.RandomIoUCrop(0.3, 0.9, 0.5, 2, [0.5, 1], 9)),
    (
        make("ScaleJitter", target_size=(40, 50), scale_range=(0.1, 2.0), interpolation="bilinear", antialias=False),
        T.ScaleJitter((40, 50)),
    ),
    (
        make("RandomShortestSize", min_size=[30, 40], max_size=50, interpolation="bilinear", antialias=True),
        T.RandomShortestSize([30, 40], 50),
    ),
    (make("RandomPosterize", bits=3, p=0.5), T.RandomPosterize(3)),
    (make("RandomSolarize", V1, threshold=100, p=0.2), T.RandomSolarize(100, 0.2)),
    (make("RandomAutocontrast", p=0.5), T.RandomAutocontrast()),
    (make("RandomEqualize", p=0.1), T.RandomEqualize(0.1)),
    (make("RandomInvert", p=1), T.RandomInvert(1)),
    (make("RandomAdjustSharpness", sharpness_factor=2, p=0.5), T.RandomAdjustSharpness(2)),
    (make("RandomChannelPermutation"), T.RandomChannelPermutation()),
    (make("GaussianBlur", kernel_size=(5, 3), sigma=(0.1, 2.0)), T.GaussianBlur((5, 3))),
    (make("ColorJitter", brightness=None, contrast=None, saturation=None, hue=(-0.1, 0.1)), T.ColorJitter(hue=0.1)),
]


@pytest.mark.parametrize(("theirs", "ours"), KNOWN, ids=lambda each: str(each)[:40])
def test_they_are_translated(theirs, ours):
    assert steps_of(theirs) == [ours]


def op(name: str, magnitude: float, p: float = 0.5, std: float = 0) -> SimpleNamespace:
    """timm's AugmentOp."""
    drawn = dict(prob=p, magnitude=magnitude, magnitude_std=std, magnitude_max=None)
    return SimpleNamespace(name=name, **drawn, hparams={}, kwargs={"resample": (2, 3), "fillcolor": (128, 128, 128)})


@pytest.mark.parametrize(
    ("config", "kind", "attributes"),
    [
        ("rand-m9-mstd0.5-inc1", "RandAugment", dict(num_layers=2)),
        ("rand-n3-t3aw", "RandAugment", dict(num_layers=3)),
        ("v0r-mstd1", "AutoAugment", {}),
        ("augmix-m5-w4-d2", "AugMixAugment", dict(alpha=1.0, width=4, depth=2, blended=False)),
        ("augmix-b1-a0.5", "AugMixAugment", dict(alpha=0.5, width=3, depth=-1, blended=True)),
    ],
)
def test_timms_objects_are_what_their_strings_are(config, kind, attributes):
    policy = T.TimmAugment(config)._policy
    ops = [op(each.name, each.magnitude, each.p, each.std) for each in policy.ops]
    if kind == "AutoAugment":
        attributes = {"policy": [ops[i : i + 2] for i in range(0, 50, 2)]}
    else:
        attributes = {"ops": ops, "choice_weights": getattr(policy, "weights", None), **attributes}
    assert steps_of(make(kind, TIMM, **attributes)) == [policy]


def test_what_is_not_native_stays_in_python():
    by_kind = dict(degrees=[0, 1], expand=False, center=None, interpolation="nearest", fill={"others": 0})
    for theirs in (
        make("RandomRotation", **by_kind),
        make("RandAugment", AUTO, **RAND, interpolation="lanczos", fill=None),
    ):
        assert steps_of(theirs)[-1] is theirs
