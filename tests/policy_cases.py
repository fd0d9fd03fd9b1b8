"""Operations of policies with their magnitudes, and what they make: ours, and as a policy's row says it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import images
import numpy as np

from pixfeed import backends
from pixfeed.plan import HEADER, resize_plan
from pixfeed.transforms import policies
from pixfeed.transforms.augmix import MIX_SPACE, AugMix
from pixfeed.transforms.timm_operations import KINDS, Op, timm_rows

SIZES = [(37, 61), (40, 40)]  # height, width
FILLS = [None, (20, 90, 200)]
SPACES = {
    "RandAugment": (policies.RAND_SPACE, policies.RandAugment(), 31),
    "TrivialAugmentWide": (policies.WIDE_SPACE, policies.TrivialAugmentWide(), 31),
    "AutoAugment": (policies.AUTO_SPACE, policies.AutoAugment(), 10),
    "AugMix": (MIX_SPACE, AugMix(), 10),
}


class Case(NamedTuple):
    """One operation of a policy."""

    policy: str
    operation: str
    level: int
    negative: bool
    interpolation: str
    size: tuple[int, int]
    fill: tuple[int, int, int] | None

    def __str__(self) -> str:
        sign = "-" if self.negative else ""
        size = "x".join(map(str, self.size))
        return f"{self.policy} {self.operation} {sign}{self.level} {self.interpolation} {size} {self.fill}"

    @property
    def picture(self) -> np.ndarray:
        return images.picture(*self.size, seed=self.level)

    def ours(self, backend: str) -> np.ndarray:
        space, policy, bins = SPACES[self.policy]
        policy = type(policy)(interpolation=self.interpolation, fill=self.fill)
        height, width = (np.array([side]) for side in self.size)
        which = np.array([list(space).index(self.operation)])
        steps = policy.rows(space, bins, width, height, which, np.array([self.level]), np.array([self.negative]))
        return carried_out(backend, self.picture, steps)


def carried_out(backend: str, picture: np.ndarray, steps: np.ndarray) -> np.ndarray:
    """STEP rows, without those of no step, on one picture."""
    header = np.zeros(1, HEADER)
    header["height"], header["width"] = picture.shape[:2]
    steps = steps[steps["code"] != 0]
    height, width = (int(steps[side][-1]) if len(steps) else int(header[side][0]) for side in ("height", "width"))
    out = np.empty((1, 3, height, width), np.uint8)
    backends.load(backend).resample([picture], resize_plan(header, picture.shape[:2]), out, 1, steps)
    return out[0].transpose(1, 2, 0)


def cases() -> Iterator[Case]:
    """Every operation of every policy, with some of its levels in both directions."""
    for name, (space, _, bins) in SPACES.items():
        for operation, magnitudes in space.items():
            levels = [0] if magnitudes is None else range(1, bins, 3 if bins > 10 else 2)
            signs = (False, True) if policies.OPERATIONS[operation].is_signed else (False,)
            moves = policies.OPERATIONS[operation].kind < 0
            for level in levels:
                for negative in signs:
                    for size in SIZES:
                        for way in ("nearest", "bilinear", "bicubic") if moves else ("nearest",):
                            fill = FILLS[level % 2] if moves else None
                            yield Case(name, operation, level, negative, way, size, fill)


class TimmCase(NamedTuple):
    """One operation of timm's, at a magnitude, in one direction."""

    operation: str
    magnitude: float
    negative: bool
    mode: int
    size: tuple[int, int]

    def __str__(self) -> str:
        return f"timm {self.operation} {'-' if self.negative else ''}{self.magnitude} {self.mode} {self.size}"

    @property
    def picture(self) -> np.ndarray:
        return images.picture(*self.size, seed=int(self.magnitude))

    def ours(self, backend: str) -> np.ndarray:
        op = Op(self.operation, 1.0, self.magnitude, modes=(self.mode,), most=20)
        height, width = (np.array([side]) for side in self.size)
        u = np.array([[0.0, 0, 0, 0.75 if self.negative else 0.25, 0, BLUR]])
        return carried_out(backend, self.picture, timm_rows((op,), np.array([0]), width, height, u))


BLUR = 0.375  # a uniform number, for the radius of GaussianBlurRand


def timm_cases() -> Iterator[TimmCase]:
    """Every operation of timm's."""
    for operation in KINDS:
        moves = KINDS[operation] < 0
        for magnitude in (0.0, 1.5, 5.0, 9.0, 10.0, 14.0):
            for negative in (False, True):
                for size in SIZES:
                    for mode in (2, 3) if moves else (3,):
                        yield TimmCase(operation, magnitude, negative, mode, size)


GOLDEN = Path(__file__).parent / "golden" / "policies.json"


def golden_key(case: Case | TimmCase) -> str:
    """Cases that are kept together."""
    return f"{case.policy if isinstance(case, Case) else 'timm'} {case.operation}"


def digest(picture: np.ndarray) -> str:
    return hashlib.sha256(np.ascontiguousarray(picture)).hexdigest()[:16]
