"""rotate, affine and perspective beside torchvision's, and what the random transforms draw: python
tests/judge_geometry.py [--write]

`make judge-transforms` runs it. `--write` writes `golden/geometry.json`, which `test_warp_transforms.py` compares with.
"""

from __future__ import annotations

import json
import os
import sys

import geometry_cases as cases
import numpy as np
import torch
from rich.console import Console
from torchvision import tv_tensors
from torchvision.transforms import v2

from pixfeed import transforms as T
from pixfeed.plan_steps import NO_STEP

console = Console(highlight=False)

COUNT, SIZE = 20_000, (60, 83)  # height, width
BOXES = tv_tensors.BoundingBoxes([[3.0, 5, 30, 40], [50, 10, 80, 22]], format="XYXY", canvas_size=SIZE)
CORNERS = BOXES.numpy().reshape(-1, 2, 2).astype(float)

#: What is drawn: arguments of both packages' classes.
DRAWN = {
    "RandomRotation": ((-30.0, 75.0),),
    "RandomAffine": (25.0, (0.1, 0.4), (0.5, 1.8), (-10.0, 20.0, -30.0, 5.0)),
    "RandomPerspective": (0.6, 0.7),
    "ScaleJitter": ((50, 40), (0.2, 1.7)),
    "RandomShortestSize": ([10, 20, 40], 45),
    "RandomZoomOut": (0, (1.0, 3.0), 0.6),
    "RandomIoUCrop": (0.2, 0.9, 0.6, 1.8, [0.1, 0.4, 1.0], 15),
}


def judge_pixels() -> tuple[dict[str, str], int]:
    golden, compared, different = {}, 0, 0
    pictures = list(cases.pictures(cases.PICTURES))
    for case in cases.cases():
        theirs = [case.apply(v2.functional, image, v2.InterpolationMode) for image in pictures]
        golden[case.name] = cases.digest(theirs[: cases.KEPT])
        for backend, count in (("native", len(pictures)), ("opencv", cases.KEPT)):  # the latter calls Pillow itself
            os.environ["PIXFEED_BACKEND"] = backend
            for image, expected in zip(pictures[:count], theirs[:count], strict=True):
                made = case.apply(T.functional, image)
                compared += 1
                if made.size != expected.size or not np.array_equal(made, expected):
                    different += 1
                    console.print(f"{case}, {backend}: a picture of {image.size} differs")
    console.print(f"{compared} pictures, {different} differ")
    return golden, different


def numbers(name: str, ours: bool) -> np.ndarray:
    """What a transform draws, as ``[n, k]`` numbers: the matrix, or the size and the place."""
    height, width = SIZE
    step = getattr(T if ours else v2, name)(*DRAWN[name])
    if ours:
        u = np.random.default_rng(3).random((COUNT, step.draws))
        sides = np.full(COUNT, width), np.full(COUNT, height)
        if name in ("RandomRotation", "RandomAffine", "RandomPerspective"):
            (rows,) = step.steps(*sides, u)
            return np.where(rows["code"][:, None] == NO_STEP, 0, rows["values"])
        geometry = T.geometry.Geometry(*sides, lambda _: [CORNERS] * COUNT)
        step.change(geometry, u)
        places = (geometry.x, geometry.y) if name == "RandomIoUCrop" else (geometry.left, geometry.top)
        return np.stack(np.broadcast_arrays(geometry.width, geometry.height, *places), 1)
    image = torch.zeros(3, height, width, dtype=torch.uint8)
    made = []
    for _ in range(COUNT):
        if getattr(step, "p", 1) < 1 and torch.rand(1) >= step.p:
            made.append([width, height, 0, 0] if name == "RandomZoomOut" else [0.0] * 8)
            continue
        drawn = step.make_params([image, BOXES])
        if name == "RandomRotation":
            found = T.matrices.rotation(np.array([drawn["angle"]]), np.array([width]), np.array([height])).matrix[0]
            made.append([*found, 0, 0])
        elif name == "RandomAffine":
            middle = width * 0.5, height * 0.5
            order = drawn["angle"], drawn["translate"], drawn["scale"], drawn["shear"], middle
            made.append([*T.matrices.affine(*order)[0], 0, 0])
        elif name == "RandomIoUCrop":
            whole = dict(width=width, height=height, left=0, top=0)
            made.append([(drawn or whole)[side] for side in whole])
        elif name == "RandomPerspective":
            made.append(drawn["coefficients"])
        elif name == "RandomZoomOut":
            left, top, right, bottom = drawn["padding"]
            made.append([width + left + right, height + top + bottom, -left, -top])
        else:
            made.append([*drawn["size"][::-1], 0, 0])
    return np.array(made, float)


def judge_draws() -> int:
    """The largest distance between the two cumulative distributions of each number (Kolmogorov and Smirnov)."""
    torch.manual_seed(1)
    far, most = 0, 1.95 / np.sqrt(COUNT / 2)  # one in a thousand is beyond
    for name in DRAWN:
        pair = [numbers(name, ours) for ours in (True, False)]
        for column in range(pair[0].shape[1]):
            one, other = (np.sort(each[:, column].astype(float)) for each in pair)
            at = np.concatenate([one, other])
            distance = np.abs(np.searchsorted(one, at, "right") - np.searchsorted(other, at, "right")).max() / COUNT
            if distance > most:
                far += 1
                console.print(f"{name}, number {column}: the distributions are {distance:.4f} apart")
    console.print(f"{len(DRAWN)} transforms drew {COUNT} times, {far} distributions differ")
    return far


def main() -> int:
    golden, different = judge_pixels()
    different += judge_draws()
    if "--write" in sys.argv:
        cases.GOLDEN.write_text(json.dumps(golden, indent=1) + "\n")
    return min(different, 1)


if __name__ == "__main__":
    sys.exit(main())
