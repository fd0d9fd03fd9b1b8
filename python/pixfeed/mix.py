"""The MIX table: how the images of a batch are mixed with each other, as data."""

from __future__ import annotations

import numpy as np

#: What becomes of each image of a batch. Either the box (left, upper, right, lower; pixels) is its partner's, or it is
#: ``own * image + other * partner``, of the images as they were before; with 1 and 0 it stays as it is. The weights are
#: those of the labels in both cases. Each image is the partner of one. (csrc/core/mix.h has the same.)
MIX = np.dtype(
    [("partner", np.int32), ("cut", np.int32), ("own", np.float32), ("other", np.float32), ("box", np.int32, 4)]
)
