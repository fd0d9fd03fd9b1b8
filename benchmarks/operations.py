"""Operations on decoded pictures: pixfeed beside Pillow (or torchvision), OpenCV and Albumentations, one thread.

python -m benchmarks.operations [--size 375x500] [--rounds 15] [--only NAME ...]

Nanoseconds of CPU time per pixel. pixfeed's are those of a call of the native backend with the step, less those of a
call whose step does nothing, right before it: decoding, resizing and writing are left out, as they are with the others,
which get a decoded picture and make another one. All run interleaved in one process; the first round warms up and is
thrown away. pixfeed and Pillow make the same pixels; OpenCV and Albumentations make others, mostly. Writes
benchmarks/results/operations.json.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib
import statistics
import time
from collections.abc import Callable
from typing import Any

import cv2
import numpy as np
from PIL import Image, ImageEnhance, ImageFilter, ImageOps
from rich.table import Table

from benchmarks import geometric_operations
from benchmarks.measure import console, interleave, record
from pixfeed import backends
from pixfeed.plan import HEADER, resize_plan
from pixfeed.plan_steps import STEP, STEPS

REPEATS = 4  # calls that are measured together


def a_picture(height: int, width: int) -> np.ndarray:
    """uint8 ``[H, W, 3]``: gradients, with edges and noise."""
    y, x, c = np.ogrid[:height, :width, :3]
    ramp = (x * 255 // width * (c + 1) + y * 255 // height * (3 - c)) // 4
    edges = np.where((x // 9 + y // 7) % 5 == 0, 255 - ramp, ramp)
    noise = np.random.default_rng(1).integers(-20, 21, (height, width, 3))
    return np.clip(edges + noise, 0, 255).astype(np.uint8)


def cpu(call: Callable[[], object], less: Callable[[], object] | None = None) -> float:
    """Nanoseconds of this thread's CPU time, less those of another call by turns."""
    calls = [call] if less is None else [less, call]
    for each in calls:  # they find their memory in the caches
        each()
    times = []
    for _ in range(REPEATS):
        for each in calls:
            start = time.thread_time_ns()
            each()
            times.append(time.thread_time_ns() - start)
    return (sum(times) - 2 * (sum(times[::2]) if less else 0)) / REPEATS


class Ours:
    """The native backend, with one step on one picture."""

    def __init__(self, picture: np.ndarray):
        self.picture = picture
        height, width = picture.shape[:2]
        headers = np.zeros(1, HEADER)
        headers["width"], headers["height"] = width, height
        self.plans = resize_plan(headers, (height, width))
        self.backend = backends.load("native")

    def step(self, name: str, *values: float, mode: int = 0) -> Callable[[], object]:
        height, width = self.picture.shape[:2]
        row = np.zeros(1, STEP)
        row["code"], row["width"], row["height"], row["mode"] = STEPS[name], width, height, mode
        row["values"][0, : len(values)] = values
        out = np.empty((1, 3, height, width), np.uint8)
        return lambda: self.backend.resample([self.picture], self.plans, out, 1, row)


def _lut(change: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
    return np.clip(change(np.arange(256)), 0, 255).astype(np.uint8)


def _hue(image: Image.Image, shift: int) -> Image.Image:
    """torchvision's adjust_hue, without torchvision."""
    h, s, v = image.convert("HSV").split()
    return Image.merge("HSV", (Image.fromarray(np.asarray(h) + np.uint8(shift)), s, v)).convert("RGB")


def _equalized(picture: np.ndarray) -> np.ndarray:
    return cv2.merge([cv2.equalizeHist(channel) for channel in cv2.split(picture)])


def contenders(picture: np.ndarray) -> dict[str, dict[str, Callable[[], object]]]:
    """By operation, and by who does it."""
    ours, image = Ours(picture), Image.fromarray(picture)
    half, seven = _lut(lambda v: v * 1.3), _lut(lambda v: v & 0xE0)
    gray = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)
    made: dict[str, dict[str, Callable[[], object]]] = {
        "brightness": {
            "pixfeed": ours.step("brightness", 1.3),
            "Pillow": lambda: ImageEnhance.Brightness(image).enhance(1.3),
            "cv2": lambda: cv2.LUT(picture, half),
        },
        "contrast": {
            "pixfeed": ours.step("contrast", 1.3),
            "Pillow": lambda: ImageEnhance.Contrast(image).enhance(1.3),
            "cv2": lambda: cv2.LUT(picture, _lut(lambda v: v * 1.3 - 0.3 * gray.mean())),
        },
        "saturation": {
            "pixfeed": ours.step("saturation", 1.3),
            "Pillow": lambda: ImageEnhance.Color(image).enhance(1.3),
            "cv2": lambda: cv2.addWeighted(picture, 1.3, _three(picture), -0.3, 0),
        },
        "hue": {
            "pixfeed": ours.step("hue", 0.1),
            "Pillow": lambda: _hue(image, 25),
            "cv2": lambda: _cv_hue(picture),
        },
        "sharpness": {
            "pixfeed": ours.step("sharpness", 1.3),
            "Pillow": lambda: ImageEnhance.Sharpness(image).enhance(1.3),
            "cv2": lambda: cv2.filter2D(picture, -1, _SHARP),
        },
        "posterize": {
            "pixfeed": ours.step("posterize", 3),
            "Pillow": lambda: ImageOps.posterize(image, 3),
            "cv2": lambda: cv2.LUT(picture, seven),
        },
        "solarize": {"pixfeed": ours.step("solarize", 128), "Pillow": lambda: ImageOps.solarize(image, 128)},
        "autocontrast": {"pixfeed": ours.step("autocontrast"), "Pillow": lambda: ImageOps.autocontrast(image)},
        "equalize": {
            "pixfeed": ours.step("equalize"),
            "Pillow": lambda: ImageOps.equalize(image),
            "cv2": lambda: _equalized(picture),
        },
        "invert": {
            "pixfeed": ours.step("invert"),
            "Pillow": lambda: ImageOps.invert(image),
            "cv2": lambda: cv2.bitwise_not(picture),
        },
        "gray": {
            "pixfeed": ours.step("gray"),
            "Pillow": lambda: image.convert("L").convert("RGB"),
            "cv2": lambda: _three(picture),
        },
        "channel permutation": {
            "pixfeed": ours.step("permute", 2, 1, 0),
            "Pillow": lambda: Image.merge("RGB", image.split()[::-1]),
            "cv2": lambda: cv2.cvtColor(picture, cv2.COLOR_RGB2BGR),
        },
    }
    for radius in (0.8, 2.0, 20.0):
        made[f"Pillow's blur, radius {radius:g}"] = {
            "pixfeed": ours.step("gaussian_blur", radius),
            "Pillow": lambda radius=radius: image.filter(ImageFilter.GaussianBlur(radius)),
        }
    for side in (5, 23):
        made[f"gaussian blur, {side} x {side}"] = {
            "pixfeed": ours.step("gaussian_blur_kernel", side, side, 1.0, 1.0),
            "cv2": lambda side=side: cv2.GaussianBlur(picture, (side, side), 1.0),
        }
    made |= geometric_operations.contenders(ours.step, picture)
    made["noise"] = {"pixfeed": ours.step("noise", 0, 0.1, 1, 2)}
    _add_torchvisions(made, picture)
    _add_albumentations(made, picture)
    return made


def _three(picture: np.ndarray) -> np.ndarray:
    return cv2.cvtColor(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB)


def _cv_hue(picture: np.ndarray) -> np.ndarray:
    hsv = cv2.cvtColor(picture, cv2.COLOR_RGB2HSV)
    hsv[..., 0] = cv2.LUT(hsv[..., 0], _HUES)
    return cv2.cvtColor(hsv, cv2.COLOR_HSV2RGB)


_HUES = ((np.arange(256) + 18) % 180).astype(np.uint8)
_SHARP = np.full((3, 3), -0.3 / 13, np.float32)
_SHARP[1, 1] = 1.3 - 0.3 * 5 / 13


def _add_torchvisions(made: dict[str, dict[str, Callable[[], object]]], picture: np.ndarray) -> None:
    """What Pillow has not, where torchvision is installed."""
    with contextlib.suppress(ImportError):
        import torch

        functional = importlib.import_module("torchvision.transforms.v2.functional")
        torch.set_num_threads(1)
        image, tensor = Image.fromarray(picture), torch.from_numpy(picture).permute(2, 0, 1).contiguous()
        for side in (5, 23):
            made[f"gaussian blur, {side} x {side}"]["Pillow"] = lambda side=side: functional.gaussian_blur(
                image, [side, side], [1.0, 1.0]
            )
        made["noise"]["Pillow"] = lambda: functional.gaussian_noise(tensor, 0.0, 0.1)


#: AlbumentationsX's classes, or Albumentations', and their arguments.
_ALBUMENTATIONS: dict[str, tuple[str, dict[str, Any]]] = {
    "brightness": ("ColorJitter", {"brightness": (1.3, 1.3), "contrast": (1, 1), "saturation": (1, 1), "hue": (0, 0)}),
    "contrast": ("ColorJitter", {"brightness": (1, 1), "contrast": (1.3, 1.3), "saturation": (1, 1), "hue": (0, 0)}),
    "saturation": ("ColorJitter", {"brightness": (1, 1), "contrast": (1, 1), "saturation": (1.3, 1.3), "hue": (0, 0)}),
    "hue": ("ColorJitter", {"brightness": (1, 1), "contrast": (1, 1), "saturation": (1, 1), "hue": (0.1, 0.1)}),
    "sharpness": ("Sharpen", {"alpha": (0.3, 0.3), "lightness": (1.0, 1.0)}),
    "posterize": ("Posterize", {"num_bits": 3}),
    "solarize": ("Solarize", {"threshold_range": (0.5, 0.5)}),
    "autocontrast": ("AutoContrast", {}),
    "equalize": ("Equalize", {"by_channels": True}),
    "invert": ("InvertImg", {}),
    "gray": ("ToGray", {}),
    "channel permutation": ("ChannelShuffle", {}),
    "gaussian blur, 5 x 5": ("GaussianBlur", {"blur_limit": (5, 5), "sigma_limit": (1.0, 1.0)}),
    "gaussian blur, 23 x 23": ("GaussianBlur", {"blur_limit": (23, 23), "sigma_limit": (1.0, 1.0)}),
    "noise": ("GaussNoise", {"std_range": (0.1, 0.1)}),
    **geometric_operations.ALBUMENTATIONS,
}


def _add_albumentations(made: dict[str, dict[str, Callable[[], object]]], picture: np.ndarray) -> None:
    """Where it is installed. What a release has under other names is left out."""
    with contextlib.suppress(ImportError):
        albumentations = importlib.import_module("albumentations")
        for name, (kind, arguments) in _ALBUMENTATIONS.items():
            with contextlib.suppress(Exception):
                transform = getattr(albumentations, kind)(**arguments, p=1)
                transform(image=picture)
                made[name]["Albumentations"] = lambda transform=transform: transform(image=picture)


#: Why pixfeed is slower somewhere, for the table.
REASONS: dict[tuple[str, str], str] = {
    ("gray", "cv2"): "Its weights have 14 bits and fit into 16; those of Pillow have 16 and need 32.",
    ("gray", "Albumentations"): "It calls cv2, see there.",
    ("invert", "Albumentations"): "It makes no table.",
    ("invert", "cv2"): "It makes no table, and one pass in the caches takes as long as two instructions.",
    ("channel permutation", "cv2"): "It has a loop for the exchange of R and B alone.",
    **{
        (f"{name}, {how}", "cv2"): geometric_operations.REASON
        for name in geometric_operations.matrices(1, 1)
        for how in geometric_operations.MODES
    },
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", default="375x500", help="height x width of the picture")
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--only", nargs="*", help="operations whose names contain one of these words")
    arguments = parser.parse_args()
    cv2.setNumThreads(1)
    height, width = map(int, arguments.size.split("x"))
    picture = a_picture(height, width)
    wanted = {
        name: those
        for name, those in contenders(picture).items()
        if not arguments.only or any(word in name for word in arguments.only)
    }
    runs: dict[Any, Callable[[], float]] = {
        (name, who): lambda call=call: cpu(call) for name, those in wanted.items() for who, call in those.items()
    }
    nothing = Ours(picture).step("erase", 0, 0, 0, 0)
    for name, those in wanted.items():
        runs[name, "pixfeed"] = lambda call=those["pixfeed"]: cpu(call, less=nothing)
    times = interleave(runs, arguments.rounds)
    found = {
        name: {who: statistics.median(times[name, who]) / (height * width) for who in those}
        for name, those in wanted.items()
    }

    others = ("Pillow", "cv2", "Albumentations")
    title = f"ns of CPU time per pixel, one picture of {height} x {width}, one thread"
    table = Table("operation", "pixfeed", *others, "Pillow / pixfeed", title=title)
    for name, figures in found.items():
        ratio = f"{figures['Pillow'] / figures['pixfeed']:.1f}" if "Pillow" in figures else ""
        cells = [f"{figures[who]:.2f}" if who in figures else "" for who in ("pixfeed", *others)]
        table.add_row(name, *cells, ratio)
    console.print(table)
    for name, figures in found.items():
        for who in others:
            if figures.get(who, 1e9) < figures["pixfeed"]:
                console.print(f"{name}: {who} is faster. {REASONS.get((name, who), '')}")
    path = record("operations", size=[height, width], nanoseconds_per_pixel=found)
    console.print(f"Written: {path}")


if __name__ == "__main__":
    main()
