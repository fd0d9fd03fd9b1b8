"""The cases that transforms are compared by: calls and pictures. `transform_results.py` has what pixfeed makes of them.

`judge_transforms.py` compares them with torchvision and writes `golden/transforms.json`; `test_transforms_golden.py`
compares pixfeed with that file, without torchvision.
"""

from __future__ import annotations

import random
import zlib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

GOLDEN = Path(__file__).parent / "golden" / "transforms.json"

#: What stands for the result of a call that raises an error.
REFUSED = "refused"


@dataclass(frozen=True)
class Case:
    """One sequence of transforms.

    Attributes:
        call: the transforms, as they are written, each with the names of both packages.
        mode: of the pictures: "RGB" or "L".
        sizes: of the pictures: "height x width" without spaces.
        repeat: how often each picture is transformed. Sample ``r * len(sizes) + i`` is picture i.
        golden: whether the result depends on nothing but the transforms (torch's normal numbers depend on the CPU).
        theirs: torchvision's transforms that do the same, where they have other names.
    """

    call: tuple[str, ...]
    mode: str
    sizes: tuple[str, ...]
    repeat: int = 1
    golden: bool = True
    theirs: tuple[str, ...] = ()

    @property
    def seed(self) -> int:
        return zlib.crc32(" ".join(self.call).encode())

    @property
    def names(self) -> list[str]:
        """Of the samples."""
        return [f"{self.mode} {size}, draw {r}" for r in range(self.repeat) for size in self.sizes]

    @property
    def random(self) -> str:
        """The only random transform; empty if there is none, or if there are several, or if the picture that it gets is
        not the one in the file."""
        some = [step for step in self.call if not step.startswith(("ToTensor", "PILToTensor", "ToDtype", "Normalize"))]
        alone = len(some) == 1 and some[0].startswith(("Random", "ColorJitter"))
        return some[0] if alone and not any(mode in some[0] for mode in MODES) else ""

    def pictures(self) -> list[np.ndarray]:
        return [picture(self.mode, size) for size in self.sizes]

    def __str__(self) -> str:
        return f"{', '.join(self.call)} of {self.mode} pictures"


# -- pictures ----------------------------------------------------------------------------------------------------------


def sides(size: str) -> tuple[int, int]:
    """height, width"""
    height, width = map(int, size.split("x"))
    return height, width


@cache
def picture(mode: str, size: str) -> np.ndarray:
    """uint8 ``[H, W, 3]`` or ``[H, W]``: gradients, edges and noise, made of integers and of the raw numbers of PCG64,
    so that they are the same on every platform and with every NumPy."""
    height, width = sides(size)
    channels = len(mode)
    y, x, c = np.ogrid[:height, :width, :channels]
    ramp = (x * 255 // max(width - 1, 1) * (c + 1) + y * 255 // max(height - 1, 1) * (3 - c)) // 4
    edges = np.where((x // 9 + y // 7) % 5 == 0, 255 - ramp, ramp)
    noise = np.random.PCG64([height, width, channels]).random_raw(height * width * channels) >> np.uint64(58)
    made = edges + noise.astype(np.int64).reshape(height, width, channels) - 32
    made = np.clip(made, 0, 255).astype(np.uint8)
    return made if channels == 3 else made[..., 0]


# -- cases -------------------------------------------------------------------------------------------------------------

FILTERS = ("nearest", "nearest-exact", "box", "bilinear", "hamming", "bicubic", "lanczos")
MODES = ("edge", "reflect", "symmetric")
#: Tiny, tall, wide, odd, even.
SIZES = ("1x1", "1x40", "40x3", "37x53", "64x64", "97x20", "20x131", "120x160")
#: Some of them, for transforms that do not depend on the shape so much.
FEW = ("1x1", "7x33", "50x41")
MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
NORMALIZE = f"Normalize({list(MEAN)}, {list(STD)})"


def cases() -> list[Case]:
    return [*_resizes(), *_frames(), *_colors(), *_crops(), *_numbers(), *_sequences()]


def _resizes():
    for how in FILTERS:
        for size in (24, (37, 19), (64, 80)):
            yield Case((f"Resize({size}, {how!r})",), "RGB", SIZES)
        yield Case((f"Resize((21, 34), {how!r})",), "L", ("1x1", "37x53", "64x48"))
    for arguments in (
        "1",
        "(1, 1)",
        "[17]",
        "37",
        "[53, 37]",
        "16, max_size=31",
        "33, max_size=34",
        "33, 'bicubic', 60",
        "None, max_size=45",
        "None, 'lanczos', 131",
        "24, antialias=None",
    ):
        yield Case((f"Resize({arguments})",), "RGB", ("1x1", "37x53", "64x64", "97x20", "20x131", "120x160"))
    yield Case(("Resize(16, max_size=31)",), "L", ("37x53", "64x48"))


def _frames():
    for size in (1, 8, 9, 53, 64, (20, 31), (7, 150), (150, 7), [33]):
        yield Case((f"CenterCrop({size})",), "RGB", SIZES)
    yield Case(("CenterCrop((40, 51))",), "L", ("1x1", "37x53", "64x48"))
    for arguments in (
        "0",
        "3",
        "[5]",
        "(2, 7)",
        "(1, 2, 3, 4)",
        "(0, 0, 0, 9)",
        "3, fill=128",
        "3, fill=(255, 0, 17)",
        "(1, 2, 3, 4), [1, 2, 3]",
        "3, 0, 'constant'",
        "(2, 5), padding_mode='edge'",
        "(4, 0, 1, 6), padding_mode='reflect'",
        "(3, 1, 4, 2), padding_mode='symmetric'",
    ):
        yield Case((f"Pad({arguments})",), "RGB", ("1x40", "37x53", "64x64"))
    for arguments in ("(1, 2, 3, 4), 77", "3, padding_mode='reflect'"):
        yield Case((f"Pad({arguments})",), "L", ("37x53", "64x48"))
    for mode in MODES:  # more than there are pixels
        yield Case((f"Pad(5, padding_mode={mode!r})",), "RGB", ("1x1", "40x3"))
    for arguments in (
        "1",
        "20",
        "(20, 31)",
        "[37, 53]",
        "(40, 30)",  # larger than some
        "20, 4",
        "(33, 32), (2, 5)",
        "(20, 31), (1, 2, 3, 4)",
        "50, pad_if_needed=True",
        "(70, 30), 3, True, (9, 99, 199)",
        "(33, 47), None, True, 77",
        "30, [6], fill=(1, 2, 3)",
    ):
        yield Case((f"RandomCrop({arguments})",), "RGB", ("37x53", "64x64", "97x20", "120x160"), 3)
    for mode in MODES:
        yield Case((f"RandomCrop((18, 22), (3, 5, 7, 2), padding_mode={mode!r})",), "RGB", ("20x131", "37x53"), 3)
        yield Case((f"RandomCrop(44, None, True, 0, {mode!r})",), "RGB", ("37x53", "40x44"), 3)
    yield Case(("RandomCrop((30, 31), 2, fill=200)",), "L", ("37x53", "64x48"), 3)
    for name in ("RandomHorizontalFlip", "RandomVerticalFlip"):
        for p in ("", "0", "1", "p=0.3"):
            yield Case((f"{name}({p})",), "RGB", ("1x1", "37x53", "64x64"), 1 if p in ("0", "1") else 6)
        yield Case((f"{name}(1.0)",), "L", ("37x53",))


def _colors():
    for arguments in ("", "1", "num_output_channels=3"):
        yield Case((f"Grayscale({arguments})",), "RGB", SIZES)
        yield Case((f"Grayscale({arguments})",), "L", ("1x1", "37x53"))
    for arguments in (
        "",
        "0.4",
        "brightness=(0.0, 0.0)",
        "brightness=(1.9, 3.5)",
        "contrast=0.4",
        "contrast=(0.0, 0.0)",
        "contrast=(1.9, 3.5)",
        "saturation=0.4",
        "saturation=(0.0, 0.0)",
        "saturation=(1.9, 3.5)",
        "0.4, 0.3",
        "0.5, None, 0.7",
        "0, 0.5, [0.1, 0.2]",
        "0.4, 0.4, 0.4, 0",
        "0.9, 2.0, (0.0, 3.0)",
        "(1.0, 1.0), 0.4, 0.4",
    ):
        yield Case((f"ColorJitter({arguments})",), "RGB", FEW, 5)
    for arguments in ("0.4, 0.5", "0.4, 0.4, 0.4", "saturation=(2.0, 3.0)"):
        yield Case((f"ColorJitter({arguments})",), "L", FEW, 3)

    for p in ("", "0", "1", "p=0.4"):
        yield Case((f"RandomGrayscale({p})",), "RGB", FEW, 1 if p in ("0", "1") else 6)
    yield Case(("RandomGrayscale(0.5)",), "L", FEW, 2)


def _crops():
    for how in FILTERS:
        yield Case((f"RandomResizedCrop(24, interpolation={how!r})",), "RGB", ("37x53", "97x20", "120x160"), 3)
        yield Case((f"RandomResizedCrop((31, 40), (0.01, 0.3), interpolation={how!r})",), "RGB", ("1x1", "64x64"), 3)
    for arguments in (
        "1",
        "(7, 40)",
        "[32]",
        "16, (1.0, 1.0)",  # the fallback, mostly
        "16, scale=(0.5, 1.0), ratio=(1.0, 1.0)",
        "16, ratio=(3.0, 4.0)",
        "16, (1.2, 1.5)",  # the fallback, always
        "16, (0.9, 1.0), (0.9, 1.1)",
        "64, (0.3, 1.0), antialias=None",
    ):
        yield Case((f"RandomResizedCrop({arguments})",), "RGB", ("1x40", "37x53", "97x20", "20x131", "120x160"), 3)
    yield Case(("RandomResizedCrop(16, ratio=(0.2, 0.3))",), "RGB", ("37x53", "97x20", "20x131", "120x160"), 3)
    yield Case(("RandomResizedCrop((20, 21))",), "L", ("37x53", "64x48"), 3)


def _numbers():
    for call in (
        ("ToTensor()",),
        ("ToTensor()", NORMALIZE),
        ("ToTensor()", "Normalize([0.5], [0.25])"),
        ("ToTensor()", "Normalize([0.1, 0.2, 0.3], [1e-3, 2.0, -1.0], inplace=True)"),
        ("ToTensor()", NORMALIZE, "Normalize((0.5,), (0.3,))"),
        ("PILToTensor()",),
        ("ToDtype(torch.uint8)",),
        ("ToDtype(torch.uint8, scale=True)",),
        ("ToDtype(torch.float32)",),
        ("ToDtype(dtype=torch.float16)",),
        ("ToDtype(torch.bfloat16)",),
        ("ToTensor()", "ToDtype(torch.uint8, scale=True)"),
        ("ToTensor()", "ToDtype(torch.float32, scale=True)", NORMALIZE),
    ):
        yield Case(call, "RGB", ("1x1", "37x53", "64x64"))
    # torchvision's ToDtype multiplies by 1 / 255, and its Normalize computes in 16 bits what is given in 16 bits.
    # pixfeed's divides by 255, and rounds once at the end.
    for dtype in ("torch.float32", "torch.float16", "torch.bfloat16"):
        for more in ((), (NORMALIZE,)):
            theirs = ("ToTensor()", *more, f"ToDtype({dtype})")
            yield Case((f"ToDtype({dtype}, scale=True)", *more), "RGB", ("1x1", "64x64"), theirs=theirs)
    for call in (("ToTensor()",), ("ToTensor()", "Normalize([0.5], [0.25])"), ("ToDtype(torch.float32)",)):
        yield Case(call, "L", ("1x1", "37x53"))
    for arguments in (
        "",
        "1.0",
        "p=0",
        "1.0, (0.3, 0.9), (0.1, 0.2)",
        "1.0, (0.9, 1.0), (3.0, 9.0)",  # often none that fits
        "1.0, value=(0.5, -1.5, 100)",
        "1.0, value=[7]",
        "0.5, scale=(0.02, 0.4), value=1, inplace=True",
    ):
        erase = f"RandomErasing({arguments})"
        yield Case(("ToTensor()", erase), "RGB", ("1x1", "20x131", "37x53", "64x64"), 3)
    yield Case(("ToTensor()", "RandomErasing(1.0, value='random')"), "RGB", ("37x53", "64x64"), 3, golden=False)
    yield Case(("ToTensor()", "RandomErasing(1.0, value=0.5)"), "L", ("37x53", "64x64"), 3)
    yield Case(("RandomErasing(1.0, value=200)",), "RGB", ("37x53", "64x64"), 3)


def _sequences():
    train = ("ToTensor()", NORMALIZE)
    for call in (
        ("Resize(40)", "CenterCrop(32)", *train),
        ("Resize(40, 'bicubic')", "CenterCrop((33, 50))"),
        ("RandomResizedCrop(32)", "RandomHorizontalFlip()", *train),
        ("RandomResizedCrop(32)", "RandomHorizontalFlip()", "ColorJitter(0.4, 0.4, 0.4)", *train, "RandomErasing(0.5)"),
        ("RandomCrop(32, 4)", "RandomHorizontalFlip()", *train),
        ("RandomCrop(32, 4, padding_mode='reflect')", "RandomVerticalFlip(0.5)", "ToTensor()", "RandomErasing(1.0)"),
        ("RandomHorizontalFlip()", "RandomResizedCrop(21, interpolation='bicubic')", "RandomVerticalFlip()"),
        ("RandomHorizontalFlip()", "RandomResizedCrop(21, interpolation='box')"),
        ("RandomVerticalFlip()", "Resize((40, 30), 'nearest')", "RandomCrop((20, 30))"),
        ("RandomHorizontalFlip()", "Pad((1, 2, 3, 4), 9)", "RandomVerticalFlip()", "CenterCrop(40)"),
        ("Pad(2, 10)", "Pad(2, 20)", "RandomCrop(30)", "Pad(1, 20)"),
        ("Resize(30)", "RandomCrop(24)", "Resize(20, 'lanczos')", "RandomCrop(18)", "Pad(3)"),
        ("CenterCrop(80)", "Resize(50)", "RandomHorizontalFlip()", "Grayscale(3)", "ColorJitter(0.2, 0.2, 0.2)"),
        ("ColorJitter(0.4, 0.4)", "Resize(20)"),
        ("RandomResizedCrop(20)", "ColorJitter(0.4, 0.4)", "RandomGrayscale(0.5)", *train),
        ("ColorJitter(0.4, 0.4, 0.4)", "ColorJitter(0.4, 0.4, 0.4)", "RandomHorizontalFlip()"),
        ("Grayscale()", "RandomResizedCrop(20)", "ToTensor()", "Normalize([0.5], [0.5])"),
        ("Grayscale()", "Grayscale(3)", "Pad(1, 5)"),
        ("ToTensor()", "RandomErasing(1.0)", NORMALIZE, "RandomErasing(1.0, value=3.0)"),
        ("RandomResizedCrop(20)", "ToTensor()", "RandomHorizontalFlip()", NORMALIZE),
        ("ToTensor()", "RandomErasing(1.0)", "RandomHorizontalFlip(1.0)", "CenterCrop(20)"),
    ):
        yield Case(call, "RGB", ("37x53", "97x40", "64x64"), 3)
    for call in (
        ("Resize(40)", "CenterCrop(32)", "ToTensor()", "Normalize([0.5], [0.5])"),
        ("RandomResizedCrop(32)", "RandomHorizontalFlip()", "ColorJitter(0.4, 0.4)", "ToTensor()"),
        ("Grayscale(3)", "RandomCrop(30, 4, fill=9)", *train),
    ):
        yield Case(call, "L", ("37x53", "64x48"), 3)


def random_case(number: int) -> Case:
    """Some transforms with some arguments, of some picture."""
    rng = random.Random(number)
    side = lambda: rng.randint(1, 48)  # noqa: E731
    fill = lambda: rng.choice([0, rng.randint(0, 255), tuple(rng.randint(0, 255) for _ in range(3))])  # noqa: E731
    border = lambda: rng.choice([rng.randint(0, 9), tuple(rng.randint(0, 9) for _ in range(4))])  # noqa: E731
    how = lambda: rng.choice(FILTERS)  # noqa: E731
    makers = [
        lambda: f"Resize(({side()}, {side()}), {how()!r})",
        lambda: f"Resize({rng.randint(8, 40)}, {how()!r})",
        lambda: f"RandomResizedCrop(({side()}, {side()}), interpolation={how()!r})",
        lambda: f"CenterCrop(({side()}, {side()}))",
        lambda: f"RandomCrop(({side()}, {side()}), {rng.choice([None, border()])}, True, {fill()})",
        lambda: f"Pad({border()}, {fill()})",
        lambda: f"Pad({border()}, padding_mode={rng.choice(MODES)!r})",
        lambda: "RandomHorizontalFlip()",
        lambda: "RandomVerticalFlip()",
        lambda: "Grayscale(3)",
        lambda: f"ColorJitter({rng.random():.2f}, {rng.random():.2f}, {rng.random():.2f})",
    ]
    call = [rng.choice(makers)() for _ in range(rng.randint(1, 6))]
    if rng.random() < 0.5:
        call += ["ToTensor()", NORMALIZE][: rng.randint(1, 2)]
        call += [f"RandomErasing(0.8, value={rng.random():.2f})"] * rng.randint(0, 1)
    return Case(tuple(call), "RGB", (f"{rng.randint(1, 60)}x{rng.randint(1, 60)}",), 2)
