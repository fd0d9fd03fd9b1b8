"""Operations on colors beside torchvision's, timm's and Pillow's: python tests/judge_colors.py [--write]

`make judge-transforms` runs it. `--write` writes `golden/colors.json`, which `test_colors_golden.py` compares with. The
exit status is 1 if anything differs.
"""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path

import color_cases
import numpy as np
import torch
import transform_draws
from color_cases import changed, digest, pictures
from PIL import Image, ImageFilter
from replayed_torchvision import their_parameters, their_results
from rich.console import Console
from timm.data.auto_augment import solarize_add
from torchvision.transforms import v2
from torchvision.transforms.v2 import functional as F
from transform_results import Pictures
from transform_results import digest as digest_of

from pixfeed import backends

console = Console(highlight=False)

THEIRS = {
    "brightness": F.adjust_brightness,
    "contrast": F.adjust_contrast,
    "saturation": F.adjust_saturation,
    "sharpness": F.adjust_sharpness,
    "hue": F.adjust_hue,
    "posterize": F.posterize,
    "solarize": F.solarize,
    "solarize_add": lambda image, add, threshold: solarize_add(image, int(add), threshold),
    "autocontrast": F.autocontrast,
    "equalize": F.equalize,
    "invert": F.invert,
    "gray": lambda image: F.rgb_to_grayscale(image, 3),
    "permute": lambda image, *order: F.permute_channels(image, list(order)),
    "gaussian_blur": lambda image, radius: image.filter(ImageFilter.GaussianBlur(radius)),
}


def judge_operations() -> tuple[dict[str, dict[str, str]], int]:
    """What is kept of each operation, and how many differ."""
    kept, different = {}, 0
    for name, numbers in color_cases.OPERATIONS.items():
        kept[name] = {}
        for values in numbers:
            made = {backend: changed(backend, pictures(), name, values) for backend in backends.NAMES}
            if name in THEIRS:
                expected = [np.asarray(THEIRS[name](Image.fromarray(each), *values)) for each in pictures()]
            else:
                expected = made["native"]
                far = farthest(made["native"], values)
                console.print(f"{name}{values}: {far} from torchvision at most")
                different += far > 1
            for backend, mine in made.items():
                if digest(mine) != digest(expected):
                    different += 1
                    console.print(f"{name}{values} differs, {backend}", style="red")
            kept[name][" ".join(f"{value:g}" for value in values)] = digest(expected)
    return kept, different


def farthest(made: list[np.ndarray], values: tuple[float, ...]) -> int:
    """From torchvision's gaussian_blur, which takes no picture that is smaller than half of the kernel."""
    sides, sigmas = [int(side) for side in values[:2]], list(values[2:])
    most = 0
    for each, mine in zip(pictures(), made, strict=True):
        if each.shape[1] > sides[0] // 2 and each.shape[0] > sides[1] // 2:
            theirs = np.asarray(F.gaussian_blur(Image.fromarray(each), sides, sigmas)).astype(int)
            most = max(most, int(np.abs(theirs - mine).max()))
    return most


def judge_cases(folder: Path) -> tuple[list[dict], int]:
    kept, different = [], 0
    read = Pictures(folder)
    for case in color_cases.cases():
        theirs, _ = their_results(case)
        for backend in backends.NAMES:
            ours = read.results(case, backend)
            if list(map(digest_of, ours)) != list(map(digest_of, theirs)):
                different += 1
                console.print(f"{case} differs, {backend}", style="red")
        whole = {"call": case.call, "mode": case.mode, "sizes": case.sizes, "repeat": case.repeat}
        kept.append(whole | {"results": list(map(digest_of, theirs))})
    return kept, different


def judge_distributions() -> tuple[list[dict], int]:
    kept, different = [], 0
    for distribution in color_cases.DISTRIBUTIONS:
        ours = distribution.ours()
        theirs = distribution.quantities(their_parameters(distribution.call, distribution.size))
        for name, values in theirs.items():
            cuts = transform_draws.edges(values)
            counts = transform_draws.histogram(values, cuts)
            statistic, limit = transform_draws.chi_square(transform_draws.histogram(ours[name], cuts), counts)
            if statistic > limit:
                different += 1
                console.print(
                    f"{distribution}, {name}: chi-square is {statistic:.1f}, more than {limit:.1f}", style="red"
                )
            kept.append(
                {"call": distribution.call, "size": distribution.size, "of": name, "edges": cuts, "counts": counts}
            )
    return kept, different


def judge_noise() -> int:
    """torchvision's noise of uint8 tensors, 3 million values of it, and ours: chi-square of what they make of 127."""
    different = 0
    gray = np.full((1000, 1000, 3), 127, np.uint8)
    for mean, sigma in ((0.0, 0.1), (0.1, 0.02), (-0.3, 0.4), (0.0, 0.003)):
        torch.manual_seed(1)
        theirs = np.bincount(v2.GaussianNoise(mean, sigma)(torch.from_numpy(gray)).flatten().numpy(), minlength=256)
        (made,) = changed("native", (gray,), "noise", (mean, sigma, 1, 2))
        ours = np.bincount(made.reshape(-1), minlength=256)
        many = ours + theirs > 20
        statistic, limit = transform_draws.chi_square(ours[many], theirs[many])
        console.print(f"noise of mean {mean}, sigma {sigma}: chi-square is {statistic:.1f}, the limit is {limit:.1f}")
        different += statistic > limit
    return different


def main() -> int:
    operations, different = judge_operations()
    with tempfile.TemporaryDirectory() as folder:
        cases, more = judge_cases(Path(folder))
    different += more
    distributions, more = judge_distributions()
    different += more + judge_noise()
    if "--write" in sys.argv:
        whole = {"operations": operations, "cases": cases, "distributions": distributions}
        color_cases.GOLDEN.write_text(
            json.dumps(whole, indent=None, separators=(",", ":")).replace("},{", "},\n{") + "\n"
        )
    count = sum(map(len, operations.values()))
    console.print(f"{count} operations of {color_cases.COUNT} pictures and {len(cases)} cases, {different} differ")
    return min(different, 1)


if __name__ == "__main__":
    sys.exit(main())
