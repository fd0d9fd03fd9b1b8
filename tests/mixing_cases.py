"""Cases of MixUp, CutMix and timm's Mixup, for `judge_mixing.py` and its golden results."""

from __future__ import annotations

import hashlib

import numpy as np
import torch

from pixfeed import transforms as T
from pixfeed.transforms.mixing import mixed_batch

N, CLASSES, HEIGHT, WIDTH, SEEDS = 8, 10, 20, 30, range(20)

TIMM = {
    "both": dict(mixup_alpha=0.8, cutmix_alpha=1.0),
    "mixup": dict(mixup_alpha=0.2),
    "cutmix": dict(mixup_alpha=0.0, cutmix_alpha=1.0),
    "minmax": dict(mixup_alpha=0.1, cutmix_minmax=(0.2, 0.8)),
    "rare": dict(mixup_alpha=0.8, cutmix_alpha=1.0, correct_lam=False, prob=0.5, switch_prob=0.3, label_smoothing=0.0),
}
CASES = ["MixUp", "CutMix", *(f"{mode} {name}" for mode in ("batch", "pair", "elem") for name in TIMM)]


def batch() -> tuple[torch.Tensor, torch.Tensor]:
    rng = np.random.default_rng(1)
    images = rng.integers(-1000, 1000, (N, 3, HEIGHT, WIDTH)).astype(np.float32) / 777
    return torch.from_numpy(images), torch.from_numpy(rng.integers(0, CLASSES, N))


def step_of(name: str):
    if name in ("MixUp", "CutMix"):
        return getattr(T, name)(num_classes=CLASSES)
    mode, case = name.split()
    return T.TimmMixup(mode=mode, num_classes=CLASSES, **TIMM[case])


def stream(seed: int):
    return np.random.RandomState(seed)


def digest(batches) -> str:
    found = hashlib.sha256()
    for images, labels in batches:
        found.update(images.contiguous().numpy().tobytes())
        found.update(labels.float().contiguous().numpy().tobytes())
    return found.hexdigest()[:16]


def ours(name: str) -> str:
    return digest(mixed_batch(step_of(name), *batch(), stream(seed), in_place=False) for seed in SEEDS)
