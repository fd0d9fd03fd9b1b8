"""What pixfeed makes of the cases that transforms are compared by, and the digests that results are kept as."""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Sequence
from pathlib import Path

import images
import numpy as np
import torch
from transform_cases import REFUSED, Case

from pixfeed import FastTxtDataset, RegionError
from pixfeed import transforms as T


def transforms_of(call: Sequence[str]) -> list:
    return [eval(step, {**vars(T), "torch": torch}) for step in call]


def makes_numbers(call: Sequence[str]) -> bool:
    """Whether the transforms say what dtype comes out; otherwise pixels are compared."""
    return any(step.startswith(("ToTensor", "PILToTensor", "ToDtype", "RandomErasing")) for step in call)


class Pictures:
    """A folder for a case's pictures, as PNG files."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.lists = itertools.count()

    def dataset(self, case: Case, backend: str, transform: T.Compose | None = None) -> FastTxtDataset:
        """Of the case's samples, with its transforms, or with these."""
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
            transform=transform or T.Compose(transforms_of(case.call)),
            channels="gray" if case.mode == "L" else "rgb",
            seed=case.seed,
            backend=backend,
        )

    def results(self, case: Case, backend: str) -> list[torch.Tensor | str]:
        """Of each sample, read by itself: the tensor, or :data:`REFUSED`."""
        dataset = self.dataset(case, backend)
        made = []
        for i in range(len(dataset)):
            try:
                made.append(dataset[i][0])
            except RegionError:
                made.append(REFUSED)
        return made

    def batch(self, case: Case, backend: str) -> list[torch.Tensor]:
        """The tensors of all samples, read together."""
        dataset = self.dataset(case, backend)
        return [image for image, _ in dataset.__getitems__(range(len(dataset)))]


def digest(result: torch.Tensor | str) -> str:
    """64 bits of SHA-256 over dtype, shape and all bytes; a word as it is."""
    if isinstance(result, str):
        return result
    numbers = result.view(torch.int16) if result.dtype == torch.bfloat16 else result  # NumPy has no bfloat16
    head = f"{str(result.dtype).removeprefix('torch.')} {'x'.join(map(str, result.shape))} "
    return hashlib.sha256(head.encode() + numbers.numpy().tobytes()).hexdigest()[:16]
