"""Transforms with torchvision v2's names, arguments and meaning, planned in Python and run natively::

    from pixfeed import transforms as T

    augment = T.Compose([
        T.RandomResizedCrop(224),
        T.RandomHorizontalFlip(),
        T.ToTensor(),
        T.Normalize([0.485, 0.456, 0.406], [0.229, 0.224, 0.225]),
    ])
    train = pixfeed.FastTxtDataset("train.txt", "images", transform=augment)
    print(train)  # says which part runs where

The results are those of torchvision for PIL images. Everything random depends on the dataset's seed, the epoch and the
index of the sample, and on nothing else.
"""

from typing import NoReturn

from pixfeed.transforms import functional
from pixfeed.transforms.augmix import AugMix
from pixfeed.transforms.base import InterpolationMode
from pixfeed.transforms.blur_noise import GaussianBlur, GaussianNoise, PillowGaussianBlur
from pixfeed.transforms.branches import RandomApply, RandomChoice, RandomOrder
from pixfeed.transforms.color import ColorJitter, Grayscale, RandomGrayscale
from pixfeed.transforms.compose import Compose
from pixfeed.transforms.crop_pad_flip import (
    CenterCrop,
    Pad,
    RandomCrop,
    RandomHorizontalFlip,
    RandomVerticalFlip,
    RandomZoomOut,
)
from pixfeed.transforms.erasing import RandomErasing, TimmRandomErasing
from pixfeed.transforms.iou_crop import RandomIoUCrop
from pixfeed.transforms.letterbox import Letterbox
from pixfeed.transforms.many_crops import FiveCrop, TenCrop
from pixfeed.transforms.mixing import CutMix, MixUp, TimmMixup
from pixfeed.transforms.operations import (
    RandomAdjustSharpness,
    RandomAutocontrast,
    RandomChannelPermutation,
    RandomEqualize,
    RandomInvert,
    RandomPhotometricDistort,
    RandomPosterize,
    RandomSolarize,
)
from pixfeed.transforms.policies import AutoAugment, AutoAugmentPolicy, RandAugment, TrivialAugmentWide
from pixfeed.transforms.python_steps import Lambda, ToNumpy, ToPILImage
from pixfeed.transforms.resize import RandomResizedCrop, RandomShortestSize, Resize, ScaleJitter
from pixfeed.transforms.three_augment import ThreeAugment
from pixfeed.transforms.timm_strings import TimmAugment
from pixfeed.transforms.to_tensor import Normalize, PILToTensor, ToDtype, ToTensor
from pixfeed.transforms.warp import RandomAffine, RandomPerspective, RandomRotation

__all__ = [
    "AugMix",
    "AutoAugment",
    "AutoAugmentPolicy",
    "CenterCrop",
    "ColorJitter",
    "Compose",
    "CutMix",
    "FiveCrop",
    "GaussianBlur",
    "GaussianNoise",
    "Grayscale",
    "InterpolationMode",
    "Lambda",
    "Letterbox",
    "MixUp",
    "Normalize",
    "PILToTensor",
    "Pad",
    "PillowGaussianBlur",
    "RandAugment",
    "RandomAdjustSharpness",
    "RandomAffine",
    "RandomApply",
    "RandomAutocontrast",
    "RandomChannelPermutation",
    "RandomChoice",
    "RandomCrop",
    "RandomEqualize",
    "RandomErasing",
    "RandomGrayscale",
    "RandomHorizontalFlip",
    "RandomInvert",
    "RandomIoUCrop",
    "RandomOrder",
    "RandomPerspective",
    "RandomPhotometricDistort",
    "RandomPosterize",
    "RandomResizedCrop",
    "RandomRotation",
    "RandomShortestSize",
    "RandomSolarize",
    "RandomVerticalFlip",
    "RandomZoomOut",
    "Resize",
    "ScaleJitter",
    "TenCrop",
    "ThreeAugment",
    "TimmAugment",
    "TimmMixup",
    "TimmRandomErasing",
    "ToDtype",
    "ToNumpy",
    "ToPILImage",
    "ToTensor",
    "TrivialAugmentWide",
    "functional",
]


def __getattr__(name: str) -> NoReturn:
    hint = ""
    if name[:1].isupper():
        hint = (
            f": there is no {name} here. torchvision's own one may stand in the Compose; it runs in Python, sample by "
            "sample (print(dataset) says what runs where)"
        )
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}{hint}", name=name)
