"""Arguments that make no sense raise an error that names them, before a picture is read."""

import pytest

import pixfeed
from pixfeed import transforms as T

nan, inf = float("nan"), float("inf")


@pytest.mark.parametrize(
    ("name", "make"),
    [
        ("degrees", lambda: T.RandomRotation(nan)),
        ("degrees", lambda: T.RandomRotation(inf)),
        ("degrees", lambda: T.RandomRotation((-inf, 0))),
        ("center", lambda: T.RandomRotation(3, center=(nan, 0))),
        ("shear", lambda: T.RandomAffine(1, shear=nan)),
        ("scale", lambda: T.RandomAffine(1, scale=(1, inf))),
        ("brightness", lambda: T.ColorJitter(1e300)),
        ("sigma", lambda: T.GaussianBlur(3, 1e300)),
        ("sigma", lambda: T.GaussianBlur(3, 1e-300)),
        ("prob", lambda: T.TimmMixup(prob=2)),
        ("switch_prob", lambda: T.TimmMixup(switch_prob=-1)),
        ("label_smoothing", lambda: T.TimmMixup(label_smoothing=2)),
        ("config", lambda: T.TimmAugment(None)),
        ("config", lambda: T.TimmAugment("rand-m1e999")),
        ("config", lambda: T.TimmAugment("rand-mstd0.5.5")),
        ("config", lambda: T.TimmAugment("augmix-w0")),
        ("config", lambda: T.TimmAugment("augmix-a0")),
        ("translate_pct", lambda: T.TimmAugment("v0", translate_pct=nan)),
        ("translate_const", lambda: T.TimmAugment("v0", translate_const=inf)),
        ("num_replicas", lambda: pixfeed.RASampler([1], 0)),
        ("num_repeats", lambda: pixfeed.RASampler([1], 1, 0, num_repeats=nan)),
        ("selected_ratio", lambda: pixfeed.RASampler([1], 1, 0, selected_ratio=nan)),
    ],
)
def test_the_error_names_the_argument(name, make):
    with pytest.raises((TypeError, ValueError), match=rf"\b{name} "):
        make()


def test_an_interval_without_limits_does_not_speak_of_them():
    with pytest.raises(ValueError, match=r"degrees is \(30.0, 10.0\); it must be \(min, max\), finite$"):
        T.RandomRotation((30, 10))


@pytest.mark.parametrize("folder", ["", b""])
def test_the_cache_does_not_take_the_working_folder_by_mistake(folder):
    with pytest.raises(ValueError, match=r"cache's folder is ''"):
        pixfeed.Cache(folder)
