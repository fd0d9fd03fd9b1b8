"""Transforms of torchvision's and timm's as pixfeed's that do the same.

They are recognised by their classes' names and modules, and read by their attributes: neither library is imported. A
subclass is somebody else's. Deterministic transforms give the same pixels as theirs for PIL images (GaussianBlur:
within one step); random ones have the same distribution, and draw by seed, epoch and index. AugMix is an exception:
see :class:`pixfeed.transforms.AugMix`.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Sequence
from typing import Any

from pixfeed._stand_in import torch
from pixfeed.transforms.augmix import AugMix
from pixfeed.transforms.base import Transform
from pixfeed.transforms.blur_noise import GaussianBlur, GaussianNoise
from pixfeed.transforms.branches import Branching, RandomApply, RandomChoice, RandomOrder
from pixfeed.transforms.color import ColorJitter, Grayscale, RandomGrayscale
from pixfeed.transforms.crop_pad_flip import (
    CenterCrop,
    Pad,
    RandomCrop,
    RandomHorizontalFlip,
    RandomVerticalFlip,
    RandomZoomOut,
)
from pixfeed.transforms.erasing import RandomErasing, TimmRandomErasing
from pixfeed.transforms.fuse import Recipe
from pixfeed.transforms.iou_crop import RandomIoUCrop
from pixfeed.transforms.mixing import BatchTransform, CutMix, MixUp, TimmMixup
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
from pixfeed.transforms.policies import AutoAugment, RandAugment, TrivialAugmentWide
from pixfeed.transforms.resize import RandomResizedCrop, RandomShortestSize, Resize, ScaleJitter
from pixfeed.transforms.timm_operations import Op
from pixfeed.transforms.timm_policies import AutoOps, MixOps, RandOps
from pixfeed.transforms.to_tensor import Normalize, PILToTensor, ToDtype, ToTensor
from pixfeed.transforms.warp import RandomAffine, RandomPerspective, RandomRotation

Step = Callable[..., Any]

_MODULES = (
    "torchvision.transforms",
    *(f"timm.data.{name}" for name in ("transforms", "random_erasing", "mixup", "auto_augment")),
)


def name_of(step: object) -> str:
    """The class's name if the class is torchvision's or timm's own; else an empty string."""
    kind = type(step)
    return kind.__name__ if kind.__module__.startswith(_MODULES) else ""


def inner(step: Any) -> Sequence[Step] | None:
    """The steps of torchvision's ``Compose``, which are carried out one after the other."""
    return step.transforms if name_of(step) == "Compose" else None


def translated(steps: Sequence[Step], channels: int = 3) -> list[Step]:
    """Steps that do the same: pixfeed's up to the first that has no equal, and from there on those that were given.

    Args:
        steps: transforms, none of them a Compose.
        channels: of the pictures that are read: 3, or 1 for gray.
    """
    done: list[Step] = []
    for place, step in enumerate(steps):
        found = _equals(step, channels, _is_tensor(done))
        if found is None or not _goes_on(done, found, channels):
            return [*done, *steps[place:]]
        done += found
    return done


def advice(recipe: Recipe) -> str:
    """What could be native if it stood in another place, or were pixfeed's; empty if nothing could."""
    step = next((step for step in recipe.python if name_of(step)), None)
    name = name_of(step)
    if not name or not recipe.makes_tensors or step is not recipe.python[0]:
        return ""
    if name in _ONLY_OF_TENSORS and _equals(step, recipe.channels, is_tensor=True):
        return f"{name} is native on uint8 tensors: put it between ToImage and what makes floats"
    if name in _OF_TENSORS or not _equals(step, recipe.channels, is_tensor=False):
        return ""
    return f"{name} gives tensors other pixels than PIL images: it is native before ToImage, PILToTensor or ToTensor"


def batch_transform_of(transform: Any) -> Any | None:
    """pixfeed's transform of whole batches that does what torchvision's or timm's does; ``None`` if there is none."""
    name = name_of(transform)
    if isinstance(transform, (BatchTransform, Branching)):
        return transform
    try:
        if name in ("RandomChoice", "RandomApply"):
            inside = [batch_transform_of(each) for each in transform.transforms]
            return None if None in inside else _BRANCHING[name](inside, transform.p)
        make = _OF_BATCHES.get(name)
        return None if make is None else make(transform)
    except (AttributeError, TypeError, ValueError):
        return None


def _timms_mixup(step: Any) -> BatchTransform:
    if getattr(step, "multi_label", False):
        raise ValueError("labels of several classes")
    return TimmMixup(
        step.mixup_alpha,
        step.cutmix_alpha,
        step.cutmix_minmax,
        step.mix_prob if step.mixup_enabled else 0.0,
        step.switch_prob,
        step.mode,
        step.correct_lam,
        step.label_smoothing,
        step.num_classes,
    )


_OF_BATCHES: dict[str, Callable[[Any], BatchTransform]] = {
    "CutMix": lambda t: CutMix(alpha=t.alpha, num_classes=t.num_classes),
    "MixUp": lambda t: MixUp(alpha=t.alpha, num_classes=t.num_classes),
    "Mixup": _timms_mixup,
}


def _is_tensor(done: Sequence[Step]) -> bool:
    """Whether the next step of torchvision's would get a tensor, whose resizes and colors are other ones than those of
    PIL images."""
    return any(isinstance(step, (ToTensor, ToDtype, PILToTensor)) for step in done)


def _goes_on(done: Sequence[Step], found: Sequence[Step], channels: int) -> bool:
    """Whether pixfeed can carry out the steps in this order."""
    try:
        recipe = Recipe([*done, *found], channels)
    except (TypeError, ValueError):
        return False
    return not recipe.python


def _equals(step: Any, channels: int, is_tensor: bool) -> list[Step] | None:
    """pixfeed's transforms that do the same as one of torchvision's, or as one of pixfeed's that has torchvision's
    inside; ``None`` if there are none."""
    name = name_of(step)
    if isinstance(step, Branching) or name in _BRANCHING:
        return _branching(step, channels, is_tensor)
    if isinstance(step, Transform):
        return [step]
    make = _EQUALS.get(name)
    if name == "RGB":
        return [] if channels == 3 else None
    if make is None or (is_tensor and name not in _OF_TENSORS) or (not is_tensor and name in _ONLY_OF_TENSORS):
        return None
    try:
        return make(step)
    except (AttributeError, TypeError, ValueError, RuntimeError, KeyError):
        return None  # arguments that ours do not have


def _branching(step: Any, channels: int, is_tensor: bool) -> list[Step] | None:
    """The same, if everything inside has an equal."""
    ours = isinstance(step, Branching)
    children = []
    for child in step.children if ours else [[each] for each in step.transforms]:
        found = [_equals(each, channels, is_tensor) for each in _flat(child)]
        if None in found:
            return [step] if ours else None
        children.append([each for some in found for each in some or ()])
    make = type(step) if ours else _BRANCHING[name_of(step)]
    arguments = [] if make is RandomOrder else [step.p]
    given = [child[0] if len(child) == 1 else tuple(child) for child in children]
    try:
        made = make(given, *arguments)
    except (TypeError, ValueError):
        return [step] if ours else None
    return [made] if ours or made.is_native else None


def _flat(steps: Sequence[Step]) -> list[Step]:
    """Without Compose."""
    flat: list[Step] = []
    for step in steps:
        inside = inner(step)
        flat += [step] if inside is None else _flat(inside)
    return flat


def _numbers(values: Any) -> list[float]:
    return [float(value) for value in torch.as_tensor(values, dtype=torch.float64).flatten().tolist()]


def _random_erasing(step: Any) -> list[Step]:
    if hasattr(step, "log_aspect_ratio"):  # timm's
        ratio = [math.exp(side) for side in step.log_aspect_ratio]
        areas = step.min_area, step.max_area
        if step.num_splits > 1:
            raise ValueError("a part of the batch is left alone")
        if (step.min_count, step.max_count) != (1, 1) or step.rand_color:
            low, high = ratio
            mode: Any = step.mode or "const"
            counts = step.min_count, step.max_count
            return [TimmRandomErasing(step.probability, areas[0], areas[1], low, high, mode, *counts)]
        return [RandomErasing(step.probability, areas, ratio, "random" if step.per_pixel else 0.0)]
    value: Any = "random" if step.value is None else step.value  # v2 keeps None for the word, and lists of floats
    value = value[0] if isinstance(value, list) and len(value) == 1 else value
    return [RandomErasing(step.p, step.scale, step.ratio, value)]


def _iou_crop(step: Any) -> list[Step]:
    ends = step.min_scale, step.max_scale, step.min_aspect_ratio, step.max_aspect_ratio
    return [RandomIoUCrop(*ends, step.options, step.trials)]


def _random_crop(step: Any) -> list[Step]:
    padding = step.padding
    if ".v2." in type(step).__module__ and padding is not None:  # v2 keeps left, right, top, bottom
        left, right, top, bottom = padding
        padding = left, top, right, bottom
    return [RandomCrop(step.size, padding, step.pad_if_needed, step.fill, step.padding_mode)]


def _to_dtype(step: Any) -> list[Step]:
    dtype, scale = step.dtype, getattr(step, "scale", True)  # ConvertImageDtype always scales
    if isinstance(dtype, dict):  # by the kind of what is transformed
        by_name = {getattr(kind, "__name__", kind): given for kind, given in dtype.items()}
        dtype = next(by_name[kind] for kind in ("Image", "Tensor", "others") if kind in by_name)
    return [] if dtype is None else [ToDtype(dtype, scale=bool(scale))]


def _rand_augment(step: Any) -> list[Step]:
    if hasattr(step, "ops"):  # timm's
        weights = step.choice_weights
        weights = None if weights is None else tuple(float(weight) for weight in weights)
        return [RandOps(tuple(map(_op, step.ops)), int(step.num_layers), weights)]
    return [RandAugment(step.num_ops, step.magnitude, step.num_magnitude_bins, step.interpolation, step.fill)]


def _auto_augment(step: Any) -> list[Step]:
    if not hasattr(step, "interpolation"):  # timm's
        ops = tuple(_op(op) for sequence in step.policy for op in sequence)
        return [AutoOps(ops, tuple(map(len, step.policy)))]
    return [AutoAugment(step.policy, step.interpolation, step.fill)]


def _mix_ops(step: Any) -> list[Step]:
    return [MixOps(tuple(map(_op, step.ops)), step.alpha, step.width, step.depth, bool(step.blended))]


def _op(op: Any) -> Op:
    """Of timm's AugmentOp."""
    given = op.kwargs["resample"]
    modes = tuple(int(mode) for mode in (given if isinstance(given, (tuple, list)) else (given,)))
    r, g, b = (int(value) for value in op.kwargs["fillcolor"])
    return Op(
        op.name,
        float(op.prob),
        float(op.magnitude),
        float(op.magnitude_std),
        float(op.magnitude_max or 10),
        float(op.hparams.get("translate_const", 250)),
        float(op.hparams.get("translate_pct", 0.45)),
        (r, g, b),
        modes,
    )


def _timms_crop(step: Any) -> list[Step]:
    """Its interpolation may be drawn out of several."""
    given = step.interpolation
    several = given if isinstance(given, (tuple, list)) else (given,)
    crops = [RandomResizedCrop(step.size, step.scale, step.ratio, how) for how in several]
    return [RandomChoice(crops) if len(crops) > 1 else crops[0]]


def _alike(kind: type[Any]) -> Callable[[Any], list[Step]]:
    """For a class of torchvision's whose attributes are our arguments. For PIL images antialias says nothing."""
    names = [each.name for each in dataclasses.fields(kind) if each.name != "antialias"]
    return lambda step: [kind(**{name: getattr(step, name) for name in names})]


_ALIKE = (
    *(AugMix, GaussianBlur, GaussianNoise, RandomAdjustSharpness, RandomAffine, RandomAutocontrast),
    *(RandomChannelPermutation, RandomEqualize, RandomInvert, RandomPerspective, RandomPhotometricDistort),
    *(RandomPosterize, RandomRotation, RandomShortestSize, RandomSolarize, RandomZoomOut, ScaleJitter),
    TrivialAugmentWide,
)

_EQUALS: dict[str, Callable[[Any], list[Step]]] = {
    **{kind.__name__: _alike(kind) for kind in _ALIKE},
    "AugMixAugment": _mix_ops,  # timm's
    "AutoAugment": _auto_augment,
    "CenterCrop": lambda t: [CenterCrop(t.size)],
    "ColorJitter": lambda t: [ColorJitter(t.brightness, t.contrast, t.saturation, t.hue)],
    "ConvertImageDtype": _to_dtype,
    "Grayscale": lambda t: [Grayscale(t.num_output_channels)],
    "Identity": lambda t: [],
    "MaybePILToTensor": lambda t: [PILToTensor()],  # timm's, as the next
    "MaybeToTensor": lambda t: [ToTensor()],
    "Normalize": lambda t: [Normalize(_numbers(t.mean), _numbers(t.std))],
    "PILToTensor": lambda t: [PILToTensor()],
    "Pad": lambda t: [Pad(t.padding, t.fill, t.padding_mode)],
    "RandAugment": _rand_augment,
    "RandomCrop": _random_crop,
    "RandomErasing": _random_erasing,
    "RandomGrayscale": lambda t: [RandomGrayscale(t.p)],
    "RandomHorizontalFlip": lambda t: [RandomHorizontalFlip(t.p)],
    "RandomIoUCrop": _iou_crop,
    "RandomResizedCrop": lambda t: [RandomResizedCrop(t.size, t.scale, t.ratio, t.interpolation)],
    "RandomResizedCropAndInterpolation": _timms_crop,
    "RandomVerticalFlip": lambda t: [RandomVerticalFlip(t.p)],
    "Resize": lambda t: [Resize(t.size, t.interpolation, t.max_size)],
    "ToDtype": _to_dtype,
    "ToImage": lambda t: [PILToTensor()],
    "ToPureTensor": lambda t: [],
    "ToTensor": lambda t: [ToTensor()],
}

_BRANCHING: dict[str, type[Any]] = {
    "RandomApply": RandomApply,
    "RandomChoice": RandomChoice,
    "RandomOrder": RandomOrder,
}

#: PIL images are refused. Floats are not ours: whatever changes pixels stands before what makes floats.
_ONLY_OF_TENSORS = frozenset({"GaussianNoise"})

#: Those that do with tensors what they do with PIL images. torch resizes uint8 tensors in other steps than Pillow.
_OF_TENSORS = _ONLY_OF_TENSORS | frozenset(
    {
        "AugMix",
        "CenterCrop",
        "ConvertImageDtype",
        "Identity",
        "Normalize",
        "Pad",
        "RandomCrop",
        "RandomErasing",
        "RandomHorizontalFlip",
        "RandomIoUCrop",
        "RandomVerticalFlip",
        "RandomZoomOut",
        "ToDtype",
        "ToPureTensor",
    }
)
