"""MixUp, CutMix and timm's Mixup: the images of a batch are mixed with each other, and so are their labels."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from pixfeed import backends, draws, memory
from pixfeed._stand_in import torch
from pixfeed.context import num_threads
from pixfeed.mix import MIX
from pixfeed.transforms.base import Transform, interval, probability


class LabelError(ValueError):
    """A label is none of the classes.

    Attributes:
        place: of the sample in the batch.
    """

    def __init__(self, message: str, place: int):
        super().__init__(message)
        self.place = place


class BatchTransform(Transform):
    """A transform of a whole batch: what ``batch_transform=`` of :class:`pixfeed.DataLoader` takes.

    Subclasses say in MIX rows what becomes of each image.
    """

    num_classes: int | None
    #: A share of each label is spread over all classes.
    label_smoothing: float = 0.0

    def table(self, stream: draws.Stream, n: int, height: int, width: int) -> NDArray[np.void]:
        """MIX rows ``[n]`` of a batch of images of that size in pixels."""
        raise NotImplementedError

    def __call__(self, images: Any, labels: Any = None) -> Any:
        """Mix a batch, with random numbers from torch's global generator.

        Args:
            images: floats ``[B, C, H, W]``, on any device. They stay as they are.
            labels: integers ``[B]`` or ``[B, 1]``.

        Returns:
            Images, and soft labels, float32 ``[B, num_classes]``.

        Raises:
            TypeError, ValueError: these are no such images and labels.
        """
        return mixed_batch(self, images, labels, draws.stream_from_torch(), in_place=False)

    def _check(self, name: str) -> None:
        if self.num_classes is None:
            raise ValueError(
                f"{name} needs num_classes=, the number of classes: labels become soft labels [B, classes]"
            )
        if not isinstance(self.num_classes, int) or self.num_classes < 1:
            raise ValueError(f"num_classes is {self.num_classes!r}; it must be a whole number, 1 or more")


def mixed_batch(
    step: BatchTransform, images: Any, labels: Any, stream: draws.Stream, in_place: bool, mixes: bool = True
) -> tuple[torch.Tensor, torch.Tensor]:
    """What ``step`` makes of a batch; see :meth:`BatchTransform.__call__`.

    Args:
        stream: what it draws from.
        in_place: the images may be written to.
        mixes: ``False``: nothing is mixed, and labels become soft all the same.
    """
    name = type(step).__name__
    _check_images(name, images)
    numbers = _numbers_of(name, labels, len(images), step.num_classes or 0)
    n, _, height, width = images.shape
    table = step.table(stream, n, height, width) if mixes else _untouched(n)
    made = images if in_place else images.clone()
    return _mix(made, table), _soft(numbers, table, step, images.device)


def _check_images(name: str, images: Any) -> None:
    if not isinstance(images, torch.Tensor) or images.ndim != 4:
        raise TypeError(f"{name} mixes a batch of images, a tensor [B, C, H, W] of floats, and this is {_told(images)}")
    if not images.is_floating_point():
        raise TypeError(
            f"{name} mixes floats, and these images are {images.dtype}: end the transform with ToTensor() or "
            "ToDtype(torch.float32, scale=True), leave dtype=torch.uint8 away, or call it after pixfeed.to_device"
        )


def _told(value: Any) -> str:
    return f"a tensor {list(value.shape)}" if isinstance(value, torch.Tensor) else f"of type {type(value).__name__}"


def _numbers_of(name: str, labels: Any, n: int, num_classes: int) -> NDArray[np.int64]:
    remedy = "one whole number per image, [B] or [B, 1] (one column of labels, targets='labels')"
    if not isinstance(labels, torch.Tensor) or labels.is_floating_point() or labels.dtype == torch.bool:
        raise TypeError(f"{name} needs labels, {remedy}; these are {_told(labels)}")
    if labels.shape not in ((n,), (n, 1)):
        raise ValueError(f"{name} needs {remedy}; these are {_told(labels)}")
    numbers: NDArray[np.int64] = labels.detach().cpu().numpy().reshape(n).astype(np.int64)
    wrong = (numbers < 0) | (numbers >= num_classes)
    if wrong.any():
        place = int(wrong.argmax())
        raise LabelError(f"label {numbers[place]} is none of 0 to {num_classes - 1} (num_classes={num_classes})", place)
    return numbers


def _untouched(n: int) -> NDArray[np.void]:
    table = np.zeros(n, MIX)
    table["partner"], table["own"] = np.arange(n), 1
    return table


def _soft(numbers: NDArray[np.int64], table: NDArray[np.void], step: BatchTransform, device: Any) -> torch.Tensor:
    """float32 ``[B, num_classes]``."""
    classes = step.num_classes or 0
    off = step.label_smoothing / classes
    values = np.array([off, 1.0 - step.label_smoothing + off], np.float32)
    own, other, partners = table["own"], table["other"], numbers[table["partner"]]
    rows = np.arange(len(numbers))
    labels = torch.empty(len(numbers), classes)
    soft = labels.numpy()
    soft[...] = (values[0] * own + values[0] * other)[:, None]
    same = (numbers == partners).astype(np.int64)
    soft[rows, numbers] = values[1] * own + values[same] * other
    soft[rows, partners] = values[same] * own + values[1] * other
    return labels.to(device)


def _mix(images: torch.Tensor, table: NDArray[np.void]) -> torch.Tensor:
    """``images``, changed in place."""
    if images.device.type == "cpu" and images.dtype == torch.float32 and images.shape[1] in (1, 3):
        packed = images.is_contiguous() or images.is_contiguous(memory_format=torch.channels_last)
        if packed and not images.requires_grad:
            backends.choose().mix(table, memory.array(images), num_threads())
            return images
    partners = images[torch.from_numpy(table["partner"].astype(np.int64)).to(images.device)]
    columns = (table[name].tolist() for name in ("cut", "own", "other", "box"))
    rows = list(zip(*columns, strict=True))
    if len({(cut, own, other, *box) for cut, own, other, box in rows}) == 1:
        _mix_alike(images, partners, *rows[0])
    else:
        for i, row in enumerate(rows):
            _mix_alike(images[i : i + 1], partners[i : i + 1], *row)
    return images


def _mix_alike(
    images: torch.Tensor, partners: torch.Tensor, cut: int, own: float, other: float, box: Sequence[int]
) -> None:
    left, upper, right, lower = box
    if cut:
        images[..., upper:lower, left:right] = partners[..., upper:lower, left:right]
    elif (own, other) != (1, 0):
        images.mul_(own).add_(partners.mul_(other))


@dataclass(frozen=True, repr=False, kw_only=True)
class _WithTheOneBefore(BatchTransform):
    """torchvision's: each image is mixed with the one before it."""

    alpha: float = 1.0
    num_classes: int | None = None

    def __post_init__(self) -> None:
        self._check(type(self).__name__)
        _check_alpha("alpha", self.alpha)


def _rolled(n: int) -> NDArray[np.int64]:
    """torchvision's pairs: each image and the one before it."""
    return np.roll(np.arange(n), 1)


@dataclass(frozen=True, repr=False, kw_only=True)
class MixUp(_WithTheOneBefore):
    """Mix each image of a batch with the one before it, as ``torchvision.transforms.v2.MixUp``.

    ``DataLoader(..., batch_transform=MixUp(num_classes=1000))`` does it natively, in the batch's own memory. One number
    ``lam`` is drawn per batch. Images become ``lam * image + (1 - lam) * other``, and labels likewise.

    Args:
        alpha: ``lam`` is drawn from the distribution Beta(alpha, alpha).
        num_classes: the number of classes.

    Raises:
        ValueError: an argument makes no sense.
    """

    def table(self, stream: draws.Stream, n: int, height: int, width: int) -> NDArray[np.void]:
        table, lam = np.zeros(n, MIX), stream.beta(self.alpha, self.alpha)
        table["partner"], table["own"], table["other"] = _rolled(n), lam, 1.0 - lam
        return table


@dataclass(frozen=True, repr=False, kw_only=True)
class CutMix(_WithTheOneBefore):
    """Paste a rectangle of the image before it into each image of a batch, as ``torchvision.transforms.v2.CutMix``.

    One rectangle is drawn per batch. Labels are weighted by its area.

    Args:
        alpha: the share of the image that stays is drawn from the distribution Beta(alpha, alpha); the rectangle has
            the image's aspect ratio, and is clipped at its borders.
        num_classes: the number of classes.

    Raises:
        ValueError: an argument makes no sense.
    """

    def table(self, stream: draws.Stream, n: int, height: int, width: int) -> NDArray[np.void]:
        half = 0.5 * math.sqrt(1.0 - stream.beta(self.alpha, self.alpha))
        x, y = stream.randint(width), stream.randint(height)
        left, right = max(x - int(half * width), 0), min(x + int(half * width), width)
        upper, lower = max(y - int(half * height), 0), min(y + int(half * height), height)
        lam = 1.0 - (right - left) * (lower - upper) / (width * height)
        table = np.zeros(n, MIX)
        table["partner"], table["cut"], table["box"] = _rolled(n), 1, (left, upper, right, lower)
        table["own"], table["other"] = lam, 1.0 - lam
        return table


def _check_alpha(name: str, alpha: float, least: str = "greater than 0") -> None:
    if not 0 <= alpha < math.inf or (alpha == 0 and "greater" in least):
        raise ValueError(f"{name} is {alpha!r}; it must be {least}")


@dataclass(frozen=True, repr=False)
class TimmMixup(BatchTransform):
    """Mix the images of a batch as ``timm.data.Mixup``: mixup or cutmix, with smoothed labels.

    Image i is mixed with image B - 1 - i. Given NumPy's generator in the same state, it draws what timm's draws. A
    batch may have an odd number of images: the one in the middle is mixed with itself (timm refuses it).

    Args:
        mixup_alpha, cutmix_alpha: the share of the image that stays is drawn from Beta(alpha, alpha); 0 turns mixup or
            cutmix off.
        cutmix_minmax: (min, max) of the sides of cutmix's rectangle, as fractions of the image's; in place of
            ``cutmix_alpha``.
        prob: the probability that a batch (or image, or pair) is mixed.
        switch_prob: that of cutmix, if both are on.
        mode: ``"batch"``: one draw per batch; ``"pair"``: one for both images of a pair; ``"elem"``: one per image.
        correct_lam: labels are weighted by the rectangle that is left of it inside of the image.
        label_smoothing: the share of each label that is spread over all classes.
        num_classes: the number of classes.

    Attributes:
        modes: what ``mode`` may be.

    Raises:
        ValueError: an argument makes no sense.
    """

    mixup_alpha: float = 1.0
    cutmix_alpha: float = 0.0
    cutmix_minmax: Sequence[float] | None = None
    prob: float = 1.0
    switch_prob: float = 0.5
    mode: Literal["batch", "pair", "elem"] = "batch"
    correct_lam: bool = True
    label_smoothing: float = 0.1
    num_classes: int | None = 1000

    modes: ClassVar[tuple[str, ...]] = ("batch", "pair", "elem")

    def __post_init__(self) -> None:
        self._check(type(self).__name__)
        for name in ("mixup_alpha", "cutmix_alpha"):
            _check_alpha(name, getattr(self, name), "0 or more")
        if self.cutmix_minmax is not None:
            low, high = interval("cutmix_minmax", self.cutmix_minmax)
            if high > 1:
                raise ValueError(f"cutmix_minmax is {self.cutmix_minmax!r}; it must be between 0 and 1")
            self._set(cutmix_minmax=(low, high), cutmix_alpha=1.0)
        if not (self.mixup_alpha or self.cutmix_alpha):
            raise ValueError("mixup_alpha and cutmix_alpha are both 0: nothing would be mixed")
        if self.mode not in self.modes:
            raise ValueError(f"mode is {self.mode!r}; it may be 'batch', 'pair' or 'elem'")
        self._set(prob=probability(self.prob, "prob"), switch_prob=probability(self.switch_prob, "switch_prob"))
        self._set(label_smoothing=probability(self.label_smoothing, "label_smoothing"))

    def table(self, stream: draws.Stream, n: int, height: int, width: int) -> NDArray[np.void]:
        table = _untouched(n)
        table["partner"] = np.arange(n)[::-1]
        if self.mode == "batch":
            lam, cuts = self._one(stream)
            if lam != 1:
                self._write(table, stream, lam, cuts, height, width)
            return table
        count = n if self.mode == "elem" else n // 2
        for i, (lam, cuts) in enumerate(zip(*self._several(stream, count), strict=True)):
            if lam != 1:
                self._write(table[i : i + 1], stream, lam, cuts, height, width)
        if self.mode == "pair":
            for name in ("cut", "own", "other", "box"):
                table[name][n - count :] = table[name][:count][::-1]
        return table

    def _one(self, stream: draws.Stream) -> tuple[float, bool]:
        """The share that stays, and whether it is cutmix: of the batch."""
        if stream.random_sample() >= self.prob:
            return 1.0, False
        cuts = self.cutmix_alpha > 0
        if cuts and self.mixup_alpha > 0:
            cuts = bool(stream.random_sample() < self.switch_prob)
        alpha = self.cutmix_alpha if cuts else self.mixup_alpha
        return float(stream.beta(alpha, alpha)), cuts

    def _several(self, stream: draws.Stream, count: int) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
        """The same for images or pairs."""
        cuts = np.full(count, self.cutmix_alpha > 0)
        if self.cutmix_alpha > 0 and self.mixup_alpha > 0:
            cuts = stream.random_sample(count) < self.switch_prob
            lam = stream.beta(self.cutmix_alpha, self.cutmix_alpha, count)
            lam = np.where(cuts, lam, stream.beta(self.mixup_alpha, self.mixup_alpha, count))
        else:
            alpha = self.cutmix_alpha or self.mixup_alpha
            lam = stream.beta(alpha, alpha, count)
        applies = stream.random_sample(count) < self.prob
        return np.where(applies, lam.astype(np.float32), np.float32(1)), cuts

    def _write(
        self, rows: NDArray[np.void], stream: draws.Stream, lam: Any, cuts: bool, height: int, width: int
    ) -> None:
        """Write what was drawn into rows of the table. One number's weights are rounded from float64, those of several
        are float32 throughout, as timm's."""
        one = self.mode == "batch"
        if cuts:
            box = self._bounds(stream, lam, height, width)
            left, upper, right, lower = box
            if self.correct_lam or self.cutmix_minmax is not None:
                lam = 1.0 - (lower - upper) * (right - left) / float(height * width)
            rows["cut"], rows["box"] = 1, box
        lam = lam if one else np.float32(lam)
        rows["own"], rows["other"] = lam, (1.0 if one else np.float32(1)) - lam

    def _bounds(self, stream: draws.Stream, lam: Any, height: int, width: int) -> tuple[int, int, int, int]:
        """left, upper, right, lower"""
        if self.cutmix_minmax is not None:
            low, high = self.cutmix_minmax
            cut_h = stream.randint(int(height * low), max(int(height * high), int(height * low) + 1))
            cut_w = stream.randint(int(width * low), max(int(width * high), int(width * low) + 1))
            upper, left = stream.randint(0, height - cut_h + 1), stream.randint(0, width - cut_w + 1)
            return left, upper, left + cut_w, upper + cut_h
        ratio = np.sqrt(1 - lam)
        cut_h, cut_w = int(height * ratio), int(width * ratio)
        y, x = stream.randint(0, height), stream.randint(0, width)
        upper, lower = max(y - cut_h // 2, 0), min(y + (cut_h + 1) // 2, height)
        left, right = max(x - cut_w // 2, 0), min(x + (cut_w + 1) // 2, width)
        return left, upper, right, lower
