"""The cases that transforms are compared by: calls and pictures, and what pixfeed makes of them.

`judge_transforms.py` compares them with torchvision and writes `golden/transforms.json`; `test_transforms_golden.py`
compares pixfeed with that file, without torchvision.
"""

from __future__ import annotations

import hashlib
import itertools
import math
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import images
import numpy as np
import torch

from pixfeed import FastTxtDataset, RegionError, draws
from pixfeed import transforms as T
from pixfeed.errors import Origin

GOLDEN = Path(__file__).parent / "golden" / "transforms.json"
FOLDER = Path(__file__).parent / "golden" / "image_folder.json"

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
        some = [step for step in self.call if not step.startswith(("ToTensor", "ToDtype", "Normalize"))]
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


# -- what pixfeed makes of them ----------------------------------------------------------------------------------------


def transforms(call: Sequence[str]) -> list:
    return [eval(step, {**vars(T), "torch": torch}) for step in call]


def makes_numbers(call: Sequence[str]) -> bool:
    """Whether the transforms say what dtype comes out; otherwise pixels are compared."""
    return any(step.startswith(("ToTensor", "ToDtype", "RandomErasing")) for step in call)


class Pictures:
    """A folder for a case's pictures, as PNG files."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.lists = itertools.count()

    def dataset(self, case: Case, backend: str) -> FastTxtDataset:
        names = [f"{case.mode}_{size}.png" for size in case.sizes]
        for name, picture in zip(names, case.pictures(), strict=True):
            if not (self.folder / name).exists():
                shown = picture if picture.ndim == 2 else np.ascontiguousarray(picture[..., ::-1])
                (self.folder / name).write_bytes(images.png(shown))
        lines = self.folder / f"{next(self.lists)}.txt"
        lines.write_text("".join(f"{name} 0\n" for name in names))
        return FastTxtDataset(
            lines,
            self.folder,
            repeat=case.repeat,
            dtype=torch.float32 if makes_numbers(case.call) else torch.uint8,
            transform=T.Compose(transforms(case.call)),
            channels="gray" if case.mode == "L" else "rgb",
            seed=case.seed,
            backend=backend,
        )

    def results(self, case: Case, backend: str) -> list[torch.Tensor | str]:
        """Of each sample: the tensor, or :data:`REFUSED`."""
        dataset = self.dataset(case, backend)
        made = []
        for i in range(len(dataset)):
            try:
                made.append(dataset[i][0])
            except RegionError:
                made.append(REFUSED)
        return made


def digest(result: torch.Tensor | str) -> str:
    """64 bits of SHA-256 over dtype, shape and all bytes; a word as it is."""
    if isinstance(result, str):
        return result
    numbers = result.view(torch.int16) if result.dtype == torch.bfloat16 else result  # NumPy has no bfloat16
    head = f"{str(result.dtype).removeprefix('torch.')} {'x'.join(map(str, result.shape))} "
    return hashlib.sha256(head.encode() + numbers.numpy().tobytes()).hexdigest()[:16]


# -- what pixfeed draws ------------------------------------------------------------------------------------------------


def drawn(step, height: int, width: int, u: np.ndarray) -> list:
    """What a random transform decides for pictures of that size, with uniform numbers ``[n, step.draws]``: a list for
    each of n samples. torchvision's parameters can be written so, too:

    RandomResizedCrop: left, top, width, height. RandomCrop: left, top, in pixels of the picture before it was padded.
    Flips: 1 or 0. ColorJitter: a pair for each adjustment, in their order: 0, 1, 2 for brightness, contrast,
    saturation, and the float32 factor. RandomErasing: left, top, width, height; empty where nothing is erased.
    """
    if isinstance(step, T.RandomErasing):
        return [[left, top, w, h] if h else [] for top, left, h, w in step.rectangles(height, width, u).tolist()]
    rows = _plan(step, height, width, u)
    if isinstance(step, T.RandomResizedCrop):
        return np.stack([rows[f"crop_{name}"] for name in "xywh"], 1).tolist()
    if isinstance(step, T.RandomCrop):
        return np.stack([rows[f"crop_{name}"] + rows[f"window_{name}"] for name in "xy"], 1).tolist()
    if isinstance(step, T.ColorJitter):
        pairs = np.stack([rows["adjust"] - 1.0, rows["factor"]], 2)  # [n, steps, 2]
        return [[[int(number), factor] for number, factor in row if number >= 0] for row in pairs.tolist()]
    name = "horizontal" if isinstance(step, T.RandomHorizontalFlip) else "vertical"
    return rows[f"flip_{name}"].reshape(-1, 1).tolist()


def _plan(step, height: int, width: int, u: np.ndarray) -> np.ndarray:
    """PLAN rows of one transform for pictures of one size."""

    def refuse(_: int, what: str):
        raise Origin("the picture").region_error(what)

    (only,) = T.Compose([step]).recipe().passes
    return only.geometry(np.full(len(u), width), np.full(len(u), height), u, refuse).rows(len(u))


# -- distributions -----------------------------------------------------------------------------------------------------

COUNT = 20_000


@dataclass(frozen=True)
class Distribution:
    """A random transform of pictures of one size, drawn :data:`COUNT` times."""

    call: str
    size: str

    def __str__(self) -> str:
        return f"{self.call} of {self.size}"

    def ours(self, distort: Callable[[np.ndarray], None] = lambda u: None) -> dict[str, np.ndarray]:
        """``distort``: changes the uniform numbers ``[COUNT, draws]``."""
        (step,) = transforms([self.call])
        u = draws.uniform(11, 0, range(COUNT), step.draws)
        distort(u)
        return self.quantities(drawn(step, *sides(self.size), u))

    def quantities(self, samples: list) -> dict[str, np.ndarray]:
        """What is compared of what was drawn (see :func:`drawn`): float64 ``[n]`` each, or ``[n, 2]`` for pairs."""
        if "Flip" in self.call:
            return {"flipped": np.array(samples, float)[:, 0]}
        if self.call.startswith("RandomCrop"):
            x, y = np.array(samples, float).T
            return {"left": x, "top": y, "left, top": np.stack([x, y], 1)}
        if self.call.startswith("ColorJitter"):
            return _of_jitter(samples)
        return _of_rectangles(samples, *sides(self.size))


def _of_jitter(samples: list) -> dict[str, np.ndarray]:
    orders = [int("".join(str(1 + number) for number, _ in sample)) for sample in samples]
    made = {"order": np.array(orders, float)}
    for number, name in enumerate(("brightness", "contrast", "saturation")):
        factors = [factor for sample in samples for which, factor in sample if which == number]
        if factors:
            made[name] = np.array(factors)
            made[f"{name}, order"] = np.stack([made[name], made["order"]], 1)
    return made


def _of_rectangles(samples: list, height: int, width: int) -> dict[str, np.ndarray]:
    made = {"happened": np.array([float(bool(sample)) for sample in samples])}
    x, y, w, h = np.array([sample for sample in samples if sample], float).T
    made |= {"width": w, "height": h, "area": w * h, "ratio": np.log(w / h)}
    for name, at, room in (("left", x, width - w), ("top", y, height - h)):  # how far into the room; -1: there is none
        made[name] = np.where(room > 0, at / np.maximum(room, 1), -1)
    for one, other in (("left", "top"), ("area", "ratio"), ("left", "width"), ("top", "height"), ("area", "left")):
        made[f"{one}, {other}"] = np.stack([made[one], made[other]], 1)
    return made


DISTRIBUTIONS = [
    Distribution("RandomResizedCrop(8)", "375x500"),
    Distribution("RandomResizedCrop(8)", "300x100"),  # many tries
    Distribution("RandomResizedCrop(8, (0.1, 0.9))", "90x1000"),  # the fallback, often
    Distribution("RandomResizedCrop(8, (0.5, 0.6), (0.2, 5.0))", "41x40"),
    Distribution("RandomCrop((10, 20))", "30x40"),
    Distribution("RandomCrop((10, 20), (1, 2, 3, 4))", "30x40"),
    Distribution("RandomCrop((40, 30), None, True)", "37x33"),
    Distribution("RandomHorizontalFlip()", "2x2"),
    Distribution("RandomHorizontalFlip(0.2)", "2x2"),
    Distribution("RandomVerticalFlip()", "2x2"),
    Distribution("RandomVerticalFlip(0.9)", "2x2"),
    Distribution("ColorJitter(0.4, (0.5, 2.0), 1.5)", "2x2"),
    Distribution("ColorJitter(0.4, None, 0.2)", "2x2"),
    Distribution("ColorJitter(contrast=0.4)", "2x2"),
    Distribution("RandomErasing(0.7, (0.02, 0.5))", "40x64"),
    Distribution("RandomErasing(1.0, (0.3, 0.9), (0.1, 9.0))", "64x30"),  # often none that fits
]


def edges(values: np.ndarray) -> list[list[float]]:
    """Where to cut each column into bins: 20, or 6 for each of two columns. Values that are so few get a bin each, and
    what lies outside two more; of others about as many lie in each bin."""
    columns = values.reshape(len(values), -1).T
    cuts = []
    for column in columns:
        bins = 20 if len(columns) == 1 else 6
        different = np.unique(column)
        if len(different) <= bins:
            inner = np.concatenate([different[:1] - 0.1, (different[1:] + different[:-1]) / 2, different[-1:] + 0.1])
        else:
            inner = np.unique(np.quantile(column, np.arange(1, bins) / bins))
        cuts.append([float(f"{cut:.6g}") for cut in inner])
    return cuts


def histogram(values: np.ndarray, cuts: list[list[float]]) -> list[int]:
    """How many values lie in each bin."""
    at = np.zeros(len(values), np.int64)
    for column, inner in zip(values.reshape(len(values), -1).T, cuts, strict=True):
        at = at * (len(inner) + 1) + np.searchsorted(inner, column, "right")
    return np.bincount(at, minlength=math.prod(len(inner) + 1 for inner in cuts)).tolist()


def chi_square(ours: Sequence[int], theirs: Sequence[int]) -> tuple[float, float]:
    """The statistic of the chi-square test for two histograms being of one distribution, and what it exceeds once in
    10,000 times if they are (Wilson and Hilferty's approximation). Seeds are fixed: nothing is left to chance."""
    a, b = np.array(ours, float), np.array(theirs, float)
    if a.sum() == 0 or b.sum() == 0:
        return (0.0 if a.sum() == b.sum() else math.inf), 0.0
    there = a + b > 0
    a, b = a[there], b[there]
    scale = math.sqrt(b.sum() / a.sum())
    statistic = float(((scale * a - b / scale) ** 2 / (a + b)).sum())
    freedom = len(a) - 1
    if freedom == 0:
        return 0.0, 0.0
    spread = 2 / (9 * freedom)
    return statistic, freedom * (1 - spread + 3.719 * math.sqrt(spread)) ** 3


# -- folders -----------------------------------------------------------------------------------------------------------


def plant(tree: Sequence[str], folder: Path) -> None:
    """Makes these files, and links ("link -> folder"). Nothing is in them, and nothing looks into them."""
    for name in tree:
        path, _, other = name.partition(" -> ")
        path = folder / path
        path.parent.mkdir(parents=True, exist_ok=True)
        if other:
            path.symlink_to(folder / other)
        else:
            path.touch()
