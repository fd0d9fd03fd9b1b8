"""MixUp, CutMix and RandomErasing of a batch beside torchvision's and timm's, in this process, interleaved in one run.

python -m benchmarks.mixing [--batch 128] [--side 224] [--threads 2] [--rounds 15]

Run it where torchvision and timm are installed: `bash benchmarks/peers/install.sh python3 --judge` makes
.venv-peers-cuda, with pixfeed. What is missing is left out. pixfeed and timm write into the batch, torchvision returns
a new one; "torch, in place" is what one would write by hand, image by image. Writes benchmarks/results/mixing.json.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from functools import partial

import numpy as np
import torch
from rich.table import Table

from benchmarks.measure import console, interleave, medians, record, seconds
from pixfeed import draws
from pixfeed import transforms as T
from pixfeed.transforms.mixing import mixed_batch

CLASSES = 1000


def mixed_by_hand(images: torch.Tensor, lam: float = 0.3) -> None:
    first = images[-1].clone()
    for i in range(len(images) - 1, -1, -1):
        images[i].mul_(lam).add_((images[i - 1] if i else first) * (1 - lam))


def runs_of(images: torch.Tensor, labels: torch.Tensor) -> dict[tuple[str, str], Callable[[], object]]:
    """By operation and by who does it."""
    stream = np.random.RandomState(0)
    runs: dict[tuple[str, str], Callable[[], object]] = {}
    for name, step in (
        ("mixup", T.MixUp(num_classes=CLASSES)),
        ("cutmix", T.CutMix(num_classes=CLASSES)),
        ("timm's mixup, elem", T.TimmMixup(0.8, 1.0, mode="elem", num_classes=CLASSES)),
    ):
        runs[name, "pixfeed"] = partial(mixed_batch, step, images, labels, stream, in_place=True)
    for name, step in (
        ("erasing 0.25", T.RandomErasing(0.25)),
        ("erasing 0.25, noise", T.TimmRandomErasing(0.25, mode="pixel")),
    ):
        u = draws.uniform(0, 0, range(len(images)), step.draws)
        runs[name, "pixfeed"] = partial(step.apply, images, u)
    runs["mixup", "torch, in place"] = partial(mixed_by_hand, images)
    try:
        from torchvision.transforms import v2
    except ImportError:
        console.print("torchvision is not installed here; see above")
    else:
        runs["mixup", "torchvision"] = partial(v2.MixUp(num_classes=CLASSES), images, labels)
        runs["cutmix", "torchvision"] = partial(v2.CutMix(num_classes=CLASSES), images, labels)
        erase = v2.RandomErasing(0.25, inplace=True)
        runs["erasing 0.25", "torchvision"] = lambda: [erase(image) for image in images]
    try:
        from timm.data.mixup import Mixup
        from timm.data.random_erasing import RandomErasing
    except ImportError:
        console.print("timm is not installed here; see above")
    else:
        mix = Mixup(0.8, 1.0, mode="elem", num_classes=CLASSES)
        runs["timm's mixup, elem", "timm"] = partial(mix, images, labels)
        runs["erasing 0.25, noise", "timm"] = partial(RandomErasing(0.25, mode="pixel", device="cpu"), images)
    return runs


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--batch", type=int, default=128)
    parser.add_argument("--side", type=int, default=224)
    parser.add_argument("--threads", type=int, default=2, help="of torch; pixfeed has as many as cores")
    parser.add_argument("--rounds", type=int, default=15)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    images = torch.rand(arguments.batch, 3, arguments.side, arguments.side)
    labels = torch.randint(CLASSES, (arguments.batch,))
    runs = {key: partial(seconds, run) for key, run in runs_of(images, labels).items()}
    results = interleave(runs, arguments.rounds)
    median = medians(results)
    table = Table(
        "operation", "who", "ms a batch", "of pixfeed's", title=f"{arguments.batch} x {arguments.side}, medians"
    )
    for (name, who), value in sorted(median.items()):
        table.add_row(name, who, f"{1e3 * value:.1f}", f"{value / median[name, 'pixfeed']:.1f}")
    console.print(table)
    path = record(
        "mixing",
        seconds={", ".join(key): values for key, values in results.items()},
        medians={", ".join(key): value for key, value in median.items()},
    )
    console.print(f"Written: {path}")


if __name__ == "__main__":
    main()
