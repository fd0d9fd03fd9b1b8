"""A part of `make judge-transforms`: pixfeed.transforms.functional beside torchvision's; torchvision's MixUp and CutMix
on pixfeed's batches; and how often RandomApply, RandomChoice and RandomOrder give what."""

from __future__ import annotations

import inspect
import itertools
import random
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import images
import torch
import transform_cases as cases
from PIL import Image
from torch.utils.data import default_collate
from torchvision import transforms
from torchvision.transforms import functional as v1
from torchvision.transforms import v2
from torchvision.transforms.v2 import functional as v2f
from transform_results import digest

from pixfeed import DataLoader, FastTxtDataset
from pixfeed.datasets import ImageFolder
from pixfeed.transforms import functional as ours

FACTORS = (0, 0.3, 1, 1.7, 30)
CALLS = [
    *((f"adjust_{name}", (factor,)) for name in ("brightness", "contrast", "saturation") for factor in FACTORS),
    *(("adjust_hue", (factor,)) for factor in (-0.5, -0.2, 0, 0.3, 0.5)),
    *(("adjust_sharpness", (factor,)) for factor in FACTORS),
    *(("posterize", (bits,)) for bits in (1, 4, 8)),
    *(("solarize", (threshold,)) for threshold in (0, 77, 255)),
    ("autocontrast", ()),
    ("equalize", ()),
    ("invert", ()),
    *(("resize", (size, how)) for how in v2.InterpolationMode for size in ((20, 30), [16])),
    ("resize", ([16], v2.InterpolationMode.BILINEAR, 20)),
    ("center_crop", (20,)),
    ("center_crop", ((60, 21),)),
    *(("crop", box) for box in ((3, 4, 10, 11), (-3, -4, 50, 80), (30, 40, 20, 20), (60, 70, 5, 5))),
    ("resized_crop", (3, 4, 20, 21, (9, 12))),
    ("resized_crop", (-3, 4, 20, 21, [9], v2.InterpolationMode.BICUBIC)),
    ("hflip", ()),
    ("vflip", ()),
    ("pad", (3,)),
    ("pad", ([1, 2, 3, 4], 7)),
    *(("pad", ([1, 2], 0, mode)) for mode in cases.MODES),
    ("rgb_to_grayscale", ()),
    ("rgb_to_grayscale", (3,)),
    ("erase", (2, 3, 9, 8, torch.tensor(0))),
    ("five_crop", (20,)),
    ("ten_crop", ((20, 11), True)),
]
ONLY_PIL = ("box", "hamming", "lanczos")
ONLY_UINT8 = ("adjust_hue", "adjust_sharpness", "posterize", "solarize", "autocontrast", "equalize")


def _tensors(made) -> list[torch.Tensor]:
    several = made if isinstance(made, tuple) else (made,)
    return [v1.pil_to_tensor(each) if isinstance(each, Image.Image) else each for each in several]


def _same(one, other) -> bool:
    one, other = _tensors(one), _tensors(other)
    return len(one) == len(other) and all(map(torch.equal, one, other))


def comparisons(folder: Path) -> Iterator[tuple[str, bool]]:
    """What is compared, and whether it is the same."""
    pictures = [Image.fromarray(cases.picture(mode, "37x53")) for mode in ("RGB", "L")]
    for (name, arguments), picture in itertools.product(CALLS, pictures):
        theirs, mine = getattr(v2f if name == "erase" else v1, name), getattr(ours, name)
        what = f"{name}{arguments} of {picture.mode}"
        expected = theirs(picture, *arguments)
        yield what, _same(mine(picture, *arguments), expected)
        yield f"{what}, a tensor", _same(mine(v1.pil_to_tensor(picture), *arguments), expected)
        odd = (name, arguments, picture.mode) == ("rgb_to_grayscale", (3,), "L")  # they keep one channel
        if name not in ONLY_UINT8 and not odd and not any(getattr(each, "value", "") in ONLY_PIL for each in arguments):
            floats = v1.to_tensor(picture)
            for form in (floats, torch.stack([floats, floats.flip(-1)])):
                yield f"{what}, floats", _same(mine(form, *arguments), theirs(form, *arguments))
    for name in ours.__all__:
        theirs = getattr(v1, name, None) or getattr(v2f, name)
        names = [list(inspect.signature(function).parameters)[1:] for function in (getattr(ours, name), theirs)]
        yield f"arguments of {name}: {names}", names[0] == names[1]
    yield from _mixed(folder)
    yield from _branches(folder)


def _mixed(folder: Path) -> Iterator[tuple[str, bool]]:
    for i in range(6):
        (folder / "abc"[i % 3]).mkdir(exist_ok=True)
        (folder / "abc"[i % 3] / f"{i}.png").write_bytes(images.png(images.picture(20, 30, seed=i)))
    dataset = ImageFolder(folder, resize_height=16, resize_width=16)
    samples = [dataset[i] for i in range(len(dataset))]
    plain = torch.stack([image for image, _ in samples]), torch.tensor([label for _, label in samples])
    for mix in (v2.MixUp(num_classes=3), v2.CutMix(num_classes=3)):
        for where, batch in (
            ("in the loop", next(iter(DataLoader(dataset, len(dataset))))),
            ("in a collate_fn", default_collate(dataset.__getitems__(range(len(dataset))))),
        ):
            torch.manual_seed(3)
            expected = mix(*plain)
            torch.manual_seed(3)
            yield f"{mix} {where}", _same(tuple(mix(*batch)), tuple(expected))


# What is inside gives the same whenever it is carried out, and something else in another order.
BRANCHES = [
    "RandomApply([{T}.Pad(3), {T}.Grayscale(3)], p=0.3)",
    "RandomChoice([{T}.Pad(3), {T}.Grayscale(3), {T}.Compose([{T}.Resize(20), {T}.Pad(2)])], p=[1, 2, 3])",
    "RandomOrder([{T}.Pad(3), {T}.Resize((20, 30)), {T}.CenterCrop(25)])",
    "RandomApply([{T}.RandomChoice([{T}.Pad(3), {T}.Resize(20)]), {T}.RandomOrder([{T}.Pad(1), {T}.CenterCrop(9)])])",
]


def _branches(folder: Path) -> Iterator[tuple[str, bool]]:
    (folder / "p.png").write_bytes(images.png(images.picture(40, 50)))
    picture = Image.open(folder / "p.png").convert("RGB")
    count = 2000
    for call, version in itertools.product(BRANCHES, ("v1", "v2")):
        torch.manual_seed(3)
        random.seed(3)
        theirs = eval(f"{version}.{call.format(T=version)}", {"v1": transforms, "v2": v2})
        expected = Counter(digest(v1.pil_to_tensor(theirs(picture))) for _ in range(count))
        dataset = FastTxtDataset.from_samples(
            ["p.png"], [0], transform=theirs, image_dir=folder, repeat=count, seed=1, dtype=torch.uint8
        )
        got = Counter(digest(dataset[i][0]) for i in range(count))
        close = all(abs(got[key] - expected[key]) < 4.5 * (got[key] + expected[key]) ** 0.5 for key in expected)
        what = f"{version}.{call}: {sorted(got.values())}, torchvision: {sorted(expected.values())}"
        yield what, dataset.reads_natively and set(got) == set(expected) and close
