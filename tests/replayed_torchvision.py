"""torchvision's transforms, given the random numbers that pixfeed has drawn: what they make of pictures and decide.

Needs torchvision: only `judge_transforms.py` imports it.
"""

from __future__ import annotations

import contextlib
from itertools import permutations
from unittest import mock

import numpy as np
import torch
import transform_cases as cases
from PIL import Image
from torchvision import transforms as v1
from torchvision.transforms import v2
from transform_cases import REFUSED, Case
from transform_draws import COUNT
from transform_results import transforms_of

from pixfeed import draws
from pixfeed import transforms as T
from pixfeed.transforms.operations import RandomOperation


def torchvisions(call: tuple[str, ...]) -> list:
    # v2.ToTensor is v1's with a warning.
    return [eval(step, {**vars(v2), "ToTensor": v1.ToTensor, "torch": torch}) for step in call]


@contextlib.contextmanager
def replaying(queues: dict[str, list]):
    """Inside the block torch draws these uniform numbers, in their order: "rand" for torch.rand, "uniform" for
    uniform_, "randint" for torch.randint, "randperm" for a whole permutation, "normal" for all the numbers of normal_.
    Asking for more than there are is an IndexError."""
    queues = {kind: list(numbers) for kind, numbers in queues.items()}

    def take(kind: str):
        return queues.get(kind, []).pop(0)

    def rand(*_):
        return torch.tensor([take("rand")], dtype=torch.float64)

    def randint(low, high, size):
        return torch.full(size, low + int(take("randint") * (high - low)))

    def uniform(tensor, low, high):
        return tensor.fill_(float(low) + (float(high) - float(low)) * take("uniform"))

    def normal(tensor):
        return tensor.copy_(draws.normal(tensor.shape, take("normal")))

    with (
        mock.patch.object(torch, "rand", rand),
        mock.patch.object(torch, "randint", randint),
        mock.patch.object(torch, "randperm", lambda _: torch.tensor(take("randperm"))),
        mock.patch.object(torch.Tensor, "uniform_", uniform),
        mock.patch.object(torch.Tensor, "normal_", normal),
    ):
        yield


def queues(step, theirs, size: tuple[int, int], u: list[float]) -> dict[str, list]:
    """What torchvision has to draw to do what pixfeed does with its uniform numbers ``u``.

    This is the order of the columns of ``u``, which each of pixfeed's transforms chooses.

    Args:
        size: (height, width) of the picture.
    """
    if isinstance(step, (T.RandomHorizontalFlip, T.RandomVerticalFlip, T.RandomGrayscale)):
        return {"rand": u}
    if isinstance(step, T.RandomResizedCrop):
        return {"uniform": [u[i + 10 * j] for i in range(10) for j in range(2)], "randint": u[20:]}
    if isinstance(step, T.RandomErasing):
        tries = [u[1 + i + 10 * j] for i in range(10) for j in range(2)]
        return {"rand": u[:1], "uniform": tries, "randint": u[21:23], "normal": u[23:]}
    if isinstance(step, T.RandomCrop):  # torchvision draws nothing where there is nothing to choose
        left, right, top, bottom = theirs.padding or (0,) * 4
        padded = size[0] + top + bottom, size[1] + left + right
        return {"randint": [each for each, have, want in zip(u, padded, step.size, strict=True) if have != want]}
    if isinstance(step, T.ColorJitter):
        names = ("brightness", "contrast", "saturation", "hue")
        there = [i for i, name in enumerate(names) if getattr(theirs, name)]
        orders = list(permutations(there))
        order = [*orders[int(u[0] * len(orders))], *(i for i in range(4) if i not in there)]
        return {"randperm": [order], "uniform": u[1 : 1 + len(there)]}
    if isinstance(step, RandomOperation):
        return {"rand": u}
    if isinstance(step, T.RandomChannelPermutation):
        return {"randperm": [_permutation(u[0])]}
    if isinstance(step, T.RandomPhotometricDistort):
        factors = [u[i + 1] for i in (0, 2, 4, 6) if u[i] < step.p]
        return {"rand": [*u[0:10:2], u[9]], "uniform": factors, "randperm": [_permutation(u[10])]}
    if isinstance(step, T.GaussianBlur):
        return {"uniform": u}
    return {}


def _permutation(u: float) -> list[int]:
    return list(list(permutations(range(3)))[int(6 * u)])


def decided(name: str, parameters: dict | None) -> list:
    """torchvision's parameters, written as :func:`transform_draws.drawn` writes pixfeed's; ``None``: not applied."""
    if "Flip" in name or name == "RandomGrayscale":
        return [int(parameters is not None)]
    if parameters is None:
        return []
    p = parameters
    if name == "RandomResizedCrop":
        return [p["left"], p["top"], p["width"], p["height"]]
    if name == "RandomCrop":
        return [p["left"] - p["padding"][0], p["top"] - p["padding"][1]]
    if name == "RandomErasing":
        return [p["j"], p["i"], p["w"], p["h"]] if p["v"] is not None and p["h"] else []
    if name != "ColorJitter":
        return []
    factors = [p[f"{each}_factor"] for each in ("brightness", "contrast", "saturation", "hue")]
    return [[i, factors[i]] for i in p["fn_idx"].tolist() if factors[i] is not None]


@contextlib.contextmanager
def listening(step):
    """Yields a list that gets the parameters of every picture that torchvision's step changes."""
    heard, transform = [], getattr(step, "transform", None)  # ToTensor, of version 1, has none

    def note(image, parameters):
        heard.append(parameters)
        return transform(image, parameters)

    step.transform = note
    yield heard
    del step.transform


def tensor(image) -> torch.Tensor:
    made = v2.functional.pil_to_tensor(image) if isinstance(image, Image.Image) else image
    return made.as_subclass(torch.Tensor)


def their_results(case: Case) -> tuple[list, list]:
    """Of each sample: the tensor, or REFUSED; and what was drawn, see :func:`decided`."""
    ours, theirs = transforms_of(case.call), torchvisions(case.theirs or case.call)
    if case.theirs:
        ours = [T.ToTensor()] * len(theirs)  # they draw nothing
    count = sum(step.draws for step in ours)
    results, parameters = [], []
    for key in range(case.repeat * len(case.sizes)):
        image = Image.fromarray(case.pictures()[key % len(case.sizes)])
        u = draws.uniform(case.seed, 0, [key], count)[0].tolist()
        try:
            for step, their in zip(ours, theirs, strict=True):
                mine, u = u[: step.draws], u[step.draws :]
                if type(their).__name__ in ("ToDtype", "Normalize", "RandomErasing"):
                    image = tensor(image)
                size = tuple(image.shape[-2:]) if isinstance(image, torch.Tensor) else image.size[::-1]
                with listening(their) as heard, replaying(queues(step, their, size, mine)):
                    image = their(image)
                if step.draws:
                    parameters.append(decided(type(their).__name__, heard[0] if heard else None))
            results.append(tensor(image))
        except ValueError:
            results.append(REFUSED)
            parameters.append(None)
    return results, parameters if case.random else []


def their_parameters(call: str, size: str, u: np.ndarray | None = None) -> list:
    """What torchvision draws for COUNT pictures of that size; or what it makes of pixfeed's uniform numbers
    ``[n, draws]``."""
    (ours,), (step,) = transforms_of([call]), torchvisions((call,))
    height, width = cases.sides(size)
    image = torch.zeros(3, height, width, dtype=torch.uint8)
    heard, samples = [], []
    step.transform = lambda _, parameters: heard.append(parameters)
    torch.manual_seed(5)
    for i in range(COUNT if u is None else len(u)):
        heard.clear()
        given = None if u is None else replaying(queues(ours, step, (height, width), u[i].tolist()))
        with given or contextlib.nullcontext():
            step(image)
        samples.append(decided(type(step).__name__, heard[0] if heard else None))
    return samples
