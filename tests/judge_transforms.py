"""pixfeed's transforms compared with torchvision itself: `make judge-transforms`, in an environment with torchvision.

What is compared:

* Every case of `transform_cases.py`, on both backends: torchvision's transforms of PIL images, pixfeed's of the same
  pictures in PNG files. Pixels and floats have to be equal to the bit. torchvision draws its random numbers from torch;
  here it is given those that pixfeed has drawn, so that both have to make the same crops of them.
* What was drawn: torchvision's parameters of these samples, and pixfeed's.
* Random sequences of transforms with random arguments, likewise.
* Distributions: 20,000 parameters that torchvision draws by itself, and 20,000 of pixfeed's, by chi-square tests.
* torchvision's transforms of both versions, translated by pixfeed.
* Names and defaults of arguments, and interpolations in each form that torchvision takes.
* The functions of `transforms.functional`, and MixUp and CutMix on pixfeed's batches (`judged_functions.py`).
* The order of files in torchvision's ImageFolder.
* Differences that are known and meant: that they are there, and how large they are.

torchvision's results depend on Pillow, which resizes in another order (rows or columns first) from version 13 on. The
native backend does as Pillow 13 does: with an older one it differs by a few levels. So this needs Pillow 13.

torchvision's results are kept in `golden/`, where `test_transforms_golden.py` finds them. They are compared, too;
`--write` writes them anew. The exit status is 1 if anything differs.
"""

from __future__ import annotations

import argparse
import inspect
import json
import math
import sys
import tempfile
import warnings
from collections import defaultdict
from pathlib import Path
from unittest import mock

import cv2
import folder_tree
import judged_functions
import PIL
import torch
import torchvision
import transform_cases as cases
import transform_draws
from folder_tree import TREE, plant
from PIL import Image
from replayed_torchvision import tensor, their_parameters, their_results
from rich.console import Console
from rich.table import Table
from torchvision import transforms as v1
from torchvision.transforms import v2
from transform_cases import MEAN, STD, Case
from transform_draws import Distribution
from transform_results import Pictures, digest, transforms_of

from pixfeed import FastTxtDataset, backends, draws
from pixfeed import transforms as T
from pixfeed.transforms.base import Transform
from pixfeed.transforms.compose import steps_of
from pixfeed.transforms.fuse import Recipe

warnings.filterwarnings("error", module="torchvision")


# -- the comparison ----------------------------------------------------------------------------------------------------


class Verdict:
    """What was compared, and what differed."""

    def __init__(self):
        self.compared = defaultdict(int)
        self.wrong: dict[str, list[str]] = defaultdict(list)

    def check(self, subject: str, good: bool, what: str) -> None:
        self.compared[subject] += 1
        if not good:
            self.wrong[subject].append(what)

    def table(self) -> Table:
        table = Table("compared", "how many", "different", title="pixfeed and torchvision", title_justify="left")
        for subject, count in self.compared.items():
            wrong = len(self.wrong[subject])
            table.add_row(subject, f"{count:,}", f"[red]{wrong:,}" if wrong else "0")
        return table


def how_different(ours, theirs) -> str:
    if isinstance(ours, str) or isinstance(theirs, str):
        return " and ".join(each if isinstance(each, str) else str(list(each.shape)) for each in (ours, theirs))
    if ours.shape != theirs.shape or ours.dtype != theirs.dtype:
        return f"{ours.dtype} {list(ours.shape)} and {theirs.dtype} {list(theirs.shape)}"
    distance = (ours.double() - theirs.double()).abs()
    return f"{int((distance > 0).sum())} of {distance.numel()} values, by at most {distance.max():g}"


def judge_case(verdict: Verdict, pictures: Pictures, case: Case, subject: str = "") -> tuple[list, list]:
    theirs, parameters = their_results(case)
    steps = [step for step in case.call if step != "ToTensor()"] or case.call
    subject = subject or (steps[0].partition("(")[0] if len(steps) == 1 else "sequences")
    for backend in backends.NAMES:
        for name, one, other in zip(case.names, pictures.results(case, backend), theirs, strict=True):
            good = digest(one) == digest(other)
            verdict.check(subject, good, f"{case}, {name}, {backend}: {'' if good else how_different(one, other)}")
    if not case.random:
        return theirs, []
    (step,) = transforms_of([case.random])
    for key, (name, expected) in enumerate(zip(case.names, parameters, strict=True)):
        if expected is not None:
            u = draws.uniform(case.seed, 0, [key], step.draws)
            (got,) = transform_draws.drawn(step, *cases.sides(case.sizes[key % len(case.sizes)]), u)
            verdict.check("what was drawn", got == expected, f"{case}, {name}: {got}, torchvision: {expected}")
    return theirs, parameters


def judge_translation(verdict: Verdict, case: Case) -> None:
    """torchvision's transforms of both versions, given to pixfeed, become what the case has of pixfeed's."""
    for version in (v1, v2):
        try:
            theirs = [eval(step, {**vars(version), "ToTensor": v1.ToTensor, "torch": torch}) for step in case.call]
        except (NameError, TypeError, ValueError):  # version 1 has fewer
            continue
        steps, ours = steps_of(version.Compose(theirs)), transforms_of(case.call)
        native = all(isinstance(step, Transform) for step in steps)
        good = (native and canonical(steps) == canonical(ours)) or bool(Recipe(ours, len(case.mode)).python)
        verdict.check(f"translated from {version.__name__}", good, f"{case}: {steps}")


def canonical(steps) -> list:
    """The transforms with every argument in one form, without those that have no effect."""
    kept = [{**vars(step), "inplace": None, "antialias": None} for step in steps]
    return [[type(step).__name__, *map(plain, values.values())] for step, values in zip(steps, kept, strict=True)]


def plain(value):
    several = isinstance(value, (list, tuple)) and len(value) != 1
    return [plain(each) for each in value] if several else value[0] if isinstance(value, (list, tuple)) else value


def judge_distribution(verdict: Verdict, distribution: Distribution) -> list[dict]:
    call, size = distribution.call, distribution.size
    (step,) = transforms_of([call])
    u = draws.uniform(3, 0, range(2000), step.draws)
    pairs = zip(transform_draws.drawn(step, *cases.sides(size), u), their_parameters(call, size, u), strict=True)
    for i, (got, expected) in enumerate(pairs):
        verdict.check("what was drawn", got == expected, f"{call} of {size}, {i}: {got}, torchvision: {expected}")
    ours, kept = distribution.ours(), []
    for name, values in distribution.quantities(their_parameters(call, size)).items():
        cuts = transform_draws.edges(values)
        counts = transform_draws.histogram(values, cuts)
        statistic, limit = transform_draws.chi_square(transform_draws.histogram(ours[name], cuts), counts)
        what = f"{call} of {size}, {name}: chi-square is {statistic:.1f}, more than {limit:.1f}"
        verdict.check("distributions", statistic <= limit, what)
        kept.append({"call": call, "size": size, "of": name, "edges": cuts, "counts": counts})
    return kept


# -- arguments ---------------------------------------------------------------------------------------------------------


def judge_arguments(verdict: Verdict) -> None:
    """Names, order and defaults, and interpolations as enumerations and numbers."""
    others = ("InterpolationMode", "Lambda", "Letterbox", "PillowGaussianBlur", "ToNumpy", "ToPILImage", "functional")
    for name in (name for name in T.__all__ if name not in others):
        ours, theirs = getattr(T, name), getattr(v2, name)
        mine, their = (
            [(p.name, p.default) for p in inspect.signature(kind).parameters.values() if p.kind is not p.VAR_POSITIONAL]
            for kind in (ours, theirs)
        )
        if name == "ToDtype":  # torchvision's has no default for dtype
            mine[0] = their[0]
        if name == "Compose":  # torchvision has more that a sequence may be of
            mine, their = ([each for each, _ in arguments] for arguments in (mine, their))
        verdict.check("arguments", mine == their, f"{name}: {mine}, torchvision: {their}")
    for mode in v2.InterpolationMode:
        for kind in (T.Resize, T.RandomResizedCrop):
            made = kind(9, interpolation=mode).interpolation
            verdict.check("arguments", made == mode.value, f"{kind.__name__} with {mode}: {made}")
    picture = cases.picture("RGB", "37x53")
    for number in (Image.Resampling[how.upper()] for how in cases.FILTERS if how != "nearest-exact"):
        expected = tensor(v2.Resize((20, 30), interpolation=int(number))(Image.fromarray(picture)))
        for form in (number, int(number)):
            same = torch.equal(T.Resize((20, 30), form)(picture), expected)
            verdict.check("arguments", same, f"Resize with interpolation={form!r}")


# -- ImageFolder -------------------------------------------------------------------------------------------------------


def judge_folder(verdict: Verdict, folder: Path) -> dict:
    plant(TREE, folder)
    theirs = torchvision.datasets.ImageFolder(str(folder))
    ours = FastTxtDataset.from_folder(folder)
    samples = [[str(Path(path).relative_to(folder)), label] for path, label in theirs.samples]
    mine = [[name, int(label)] for name, (label,) in zip(ours.files.names(), ours.files.labels, strict=True)]
    verdict.check("ImageFolder", ours.classes == theirs.classes, f"classes: {ours.classes}, {theirs.classes}")
    verdict.check("ImageFolder", ours.class_to_idx == theirs.class_to_idx, "class_to_idx")
    for i, (one, other) in enumerate(zip(mine, samples, strict=False)):
        verdict.check("ImageFolder", one == other, f"sample {i}: {one}, torchvision: {other}")
    verdict.check("ImageFolder", len(mine) == len(samples), f"{len(mine)} samples, torchvision: {len(samples)}")
    return {"tree": TREE, "classes": theirs.classes, "samples": samples}


# -- differences that are known ----------------------------------------------------------------------------------------


def units(ours: torch.Tensor, theirs: torch.Tensor) -> str:
    """How many numbers differ, and how far, in units in the last place of 1."""
    apart, eps = (ours.double() - theirs.double()).abs(), torch.finfo(ours.dtype).eps
    distance = f"{float(apart.max()) / eps:g} x 2^{int(math.log2(eps))}"
    return f"{int((apart > 0).sum())} of {apart.numel()} values, by at most {distance}"


def thin(ours, theirs) -> str:
    """Of a picture for which torchvision's arithmetic gives a side of 0 pixels."""
    picture = cases.picture("RGB", "1x40")
    sides, result = [], torch.tensor(0)
    with mock.patch.object(Image.Image, "crop", lambda image, box: sides.append(box) or image):
        try:
            result = tensor(theirs(Image.fromarray(picture)))
        except ValueError:
            return f"{list(ours(picture).shape)}; torchvision refuses"
    left, _, right, _ = sides[0]
    return f"{list(ours(picture).shape)}; torchvision resizes {right - left} columns to {list(result.shape)}"


def known_differences() -> dict[str, str]:
    """What differs on purpose -> how much."""
    found = {}
    levels = torch.arange(256, dtype=torch.uint8).view(1, 16, 16).expand(3, -1, -1).contiguous()
    for dtype in (torch.float32, torch.float16, torch.bfloat16):
        ours, theirs = (kind.ToDtype(dtype, True) for kind in (T, v2))
        found[f"{ours} of all levels"] = units(ours(levels)[0], theirs(levels)[0])
        ours, theirs = (kind.Compose([kind.ToDtype(dtype, True), kind.Normalize(MEAN, STD)]) for kind in (T, v2))
        found[f"the same and Normalize, in {dtype}"] = units(ours(levels), theirs(levels))
    picture = cases.picture("RGB", "120x160")
    floats = torch.from_numpy(picture).permute(2, 0, 1).float()
    for how in ("bilinear", "bicubic"):  # of bytes torch makes another cubic than of floats
        ours, theirs = (kind((50, 70), how, antialias=False) for kind in (T.Resize, v2.Resize))
        apart = (ours(picture) - theirs(floats).round().clamp(0, 255)).abs()
        found[f"Resize((50, 70), {how!r}, antialias=False) of a float tensor"] = f"by at most {int(apart.max())}"
    found["Resize(16, max_size=31) of 1x40"] = thin(T.Resize(16, max_size=31), v2.Resize(16, max_size=31))
    narrow = (kind.RandomResizedCrop(16, ratio=(0.2, 0.3)) for kind in (T, v2))
    found["RandomResizedCrop(16, ratio=(0.2, 0.3)) of 1x40"] = thin(*narrow)
    return found


# -- all of it ---------------------------------------------------------------------------------------------------------


def lines(value: dict) -> str:
    """JSON, with each element of a list in a line of its own."""
    parts = []
    for name, part in value.items():
        body = json.dumps(part, ensure_ascii=False, sort_keys=False)
        if isinstance(part, list):
            body = "[\n" + ",\n".join(f"    {json.dumps(each, ensure_ascii=False)}" for each in part) + "\n  ]"
        parts.append(f"  {json.dumps(name)}: {body}")
    return "{\n" + ",\n".join(parts) + "\n}\n"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write", action="store_true", help="write torchvision's results to tests/golden/")
    parser.add_argument("--random", type=int, default=300, metavar="N", help="this many random sequences (300)")
    arguments = parser.parse_args()
    console, verdict = Console(), Verdict()
    versions = {"torchvision": torchvision.__version__, "torch": torch.__version__, "Pillow": PIL.__version__}
    console.print(*(f"{name} {version}" for name, version in versions.items()), f"cv2 {cv2.__version__}", sep=", ")
    if int(PIL.__version__.partition(".")[0]) < 13:
        console.print("Pillow before version 13 resizes in another order than the native backend: pixels will differ.")
    unavailable = {name: why for name, why in backends.available().items() if why}
    if unavailable:
        console.print("Both backends have to be there:", unavailable)
        return 1

    golden = {"versions": versions, "cases": [], "distributions": [], "differences": {}}
    with tempfile.TemporaryDirectory() as folder:
        pictures = Pictures(Path(folder))
        for case in cases.cases():
            judge_translation(verdict, case)
            theirs, parameters = judge_case(verdict, pictures, case)
            if case.golden:
                kept = {"call": case.call, "mode": case.mode, "sizes": case.sizes, "repeat": case.repeat}
                kept["results"] = list(map(digest, theirs))
                golden["cases"].append(kept | ({"drawn": parameters} if parameters else {}))
        for number in range(arguments.random):
            judge_case(verdict, pictures, cases.random_case(number), "random sequences")
    for distribution in transform_draws.DISTRIBUTIONS:
        golden["distributions"] += judge_distribution(verdict, distribution)
    judge_arguments(verdict)
    with tempfile.TemporaryDirectory() as folder:
        tree = judge_folder(verdict, Path(folder))
    with tempfile.TemporaryDirectory() as folder:
        for what, good in judged_functions.comparisons(Path(folder)):
            verdict.check("functions", good, what)
    golden["differences"] = known_differences()

    for path, value in ((cases.GOLDEN, golden), (folder_tree.GOLDEN, tree)):
        text, before = lines(value), path.read_text() if path.exists() else ""
        if arguments.write:
            path.parent.mkdir(exist_ok=True)
            path.write_text(text)
            console.print(f"{path.name}: {'as it was' if text == before else 'written'}")
        else:
            old = json.loads(before or "{}")
            new = json.loads(text)
            for name in new:
                same = name == "versions" or old.get(name) == new[name]
                verdict.check("golden numbers", same, f"{name} in {path.name} are not what torchvision makes now")
            if old.get("versions") != new.get("versions"):
                console.print(f"{path.name} was made with {old.get('versions')}.")

    console.print(verdict.table())
    known = Table("known difference", "how large", title_justify="left")
    for name, size in golden["differences"].items():
        known.add_row(name, size)
    console.print(known)
    for subject, wrong in verdict.wrong.items():
        for what in wrong[:20]:
            console.print(f"{subject}: {what}", style="red", markup=False, highlight=False, soft_wrap=True)
        if len(wrong) > 20:
            console.print(f"... and {len(wrong) - 20:,} more of {subject}.")
    return int(any(verdict.wrong.values()))


if __name__ == "__main__":
    sys.exit(main())
