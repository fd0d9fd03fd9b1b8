"""Blocks: memory for images of different sizes that are read together.

A block is a tensor ``[n, C, H, W]`` whose images are parts of it: each lies at the top left of its place, with zeros
around it. That is what :func:`pixfeed.pad_collate` makes of them.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from pixfeed._stand_in import torch

#: Of a block's pixels one in so many has to belong to an image.
_SPARSE = 2


def in_blocks(height: NDArray[np.int64], width: NDArray[np.int64], most: int = 0) -> list[list[int]]:
    """Which of n images share a block: all of them, if no more than half of it is padding. Otherwise those of similar
    sizes do: one long image does not make the others take as much memory as it does.

    Args:
        height, width: int64 ``[n]``, in pixels.
        most: one block of so many pixels will do, even if most of them are padding.

    Returns:
        Places, from 0, of each block.
    """
    pixels = height * width
    if _fit(height, width, pixels) or len(height) * int(height.max()) * int(width.max()) <= most:
        return [list(range(len(height)))]
    blocks: list[list[int]] = []
    for place in np.argsort(-pixels, kind="stable").tolist():
        for block in blocks:
            those = [*block, place]
            if _fit(height[those], width[those], pixels[those]):
                block.append(place)
                break
        else:
            blocks.append([place])
    return [sorted(block) for block in blocks]


def _fit(height: NDArray[np.int64], width: NDArray[np.int64], pixels: NDArray[np.int64]) -> bool:
    return len(height) * int(height.max()) * int(width.max()) <= _SPARSE * int(pixels.sum())


def images_in(block: torch.Tensor, sizes: Sequence[tuple[int, int]]) -> list[torch.Tensor]:
    """The images ``[C, h, w]`` in a block; ``sizes``: (height, width) of each."""
    return [image[:, :height, :width] for image, (height, width) in zip(block.unbind(0), sizes, strict=True)]
