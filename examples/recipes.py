"""How well-known recipes for ImageNet augment pictures and mix batches: what `imagenet.py --recipe` takes.

Each is a function of the side of what the network sees and of the number of classes. Optimizer, schedule, length and
regularisation of the network belong to a recipe, too; papers and scripts that are named have them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from torch import Tensor
from torch.nn import functional as F

from pixfeed import transforms as T

MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


class Recipe(NamedTuple):
    """
    Attributes:
        augment: the transform of each picture.
        loss: of the network's output [B, classes] and the labels: whole numbers [B, L], the first being the class; or
            soft labels [B, classes], if batches are mixed.
        mix: what mixes batches, if anything does.
        repeats: how often a picture is drawn in a row (repeated augmentation).
    """

    augment: T.Compose
    loss: Callable[[Tensor, Tensor], Tensor]
    mix: Callable | None = None
    repeats: int = 1


def plain(size: int, classes: int) -> Recipe:
    """Random crops and flips: the recipe of the ResNet paper's successors, 90 epochs long."""
    return Recipe(
        T.Compose([T.RandomResizedCrop(size), T.RandomHorizontalFlip(), *_to_floats()]),
        lambda output, labels: F.cross_entropy(output, labels[:, 0], label_smoothing=0.1),
    )


def a1(size: int, classes: int) -> Recipe:
    """A1 of "ResNet strikes back" (arXiv:2110.00476): 600 epochs at 224, LAMB."""
    return Recipe(
        _timms(size, "rand-m7-mstd0.5-inc1"),
        F.binary_cross_entropy_with_logits,
        T.TimmMixup(0.2, 1.0, label_smoothing=0.1, num_classes=classes),
        repeats=3,
    )


def a2(size: int, classes: int) -> Recipe:
    """A2 of the same: 300 epochs at 224."""
    return Recipe(
        _timms(size, "rand-m7-mstd0.5-inc1"),
        F.binary_cross_entropy_with_logits,
        T.TimmMixup(0.1, 1.0, label_smoothing=0.0, num_classes=classes),
        repeats=3,
    )


def a3(size: int, classes: int) -> Recipe:
    """A3 of the same: 100 epochs at 160, without repeated augmentation."""
    return Recipe(
        _timms(size, "rand-m6-mstd0.5-inc1"),
        F.binary_cross_entropy_with_logits,
        T.TimmMixup(0.1, 1.0, label_smoothing=0.0, num_classes=classes),
    )


def deit3(size: int, classes: int) -> Recipe:
    """DeiT III (arXiv:2204.07118): 400 or 800 epochs of a vision transformer."""
    return Recipe(
        T.Compose(
            [
                T.RandomResizedCrop(size, interpolation="bicubic"),
                T.RandomHorizontalFlip(),
                T.ThreeAugment(),
                T.ColorJitter(0.3, 0.3, 0.3),
                *_to_floats(),
            ]
        ),
        F.binary_cross_entropy_with_logits,
        T.TimmMixup(0.8, 1.0, label_smoothing=0.0, num_classes=classes),
        repeats=3,
    )


def torchvision_v2(size: int, classes: int) -> Recipe:
    """torchvision's IMAGENET1K_V2 weights of ResNet-50: 600 epochs at 176 (its references/classification)."""
    return Recipe(
        T.Compose(
            [
                T.RandomResizedCrop(size),
                T.RandomHorizontalFlip(),
                T.TrivialAugmentWide(),
                *_to_floats(),
                T.RandomErasing(0.1),
            ]
        ),
        lambda output, labels: F.cross_entropy(output, labels, label_smoothing=0.1),
        T.RandomChoice([T.MixUp(alpha=0.2, num_classes=classes), T.CutMix(alpha=1.0, num_classes=classes)]),
        repeats=4,
    )


#: By the name that --recipe takes.
RECIPES: dict[str, Callable[[int, int], Recipe]] = {
    "plain": plain,
    "a1": a1,
    "a2": a2,
    "a3": a3,
    "deit3": deit3,
    "torchvision-v2": torchvision_v2,
}


def _timms(size: int, policy: str) -> T.Compose:
    """timm's training transform with a RandAugment of its own, as all of "ResNet strikes back" have it."""
    crop = T.RandomResizedCrop(size, interpolation="bicubic")
    return T.Compose([crop, T.RandomHorizontalFlip(), T.TimmAugment(policy), *_to_floats()])


def _to_floats() -> tuple:
    return T.ToTensor(), T.Normalize(MEAN, STD)
