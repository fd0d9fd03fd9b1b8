"""pixfeed: threads of its pool, as its README tells users to."""

from __future__ import annotations

import numpy as np

import pixfeed
from benchmarks.peers.job import CORES, CROP, MEAN, SIDE, STD, Samples

VERSION = f"pixfeed {pixfeed.__version__}"

decode = pixfeed.imread


def photo(path: str) -> np.ndarray:
    return pixfeed.imread(path, size=(SIDE, SIDE), decode="scaled")


def loader(samples: Samples, batch: int, **options) -> pixfeed.DataLoader:
    dataset = pixfeed.FastTxtDataset(samples.list_file, samples.folder, **options)
    return pixfeed.DataLoader(dataset, batch, num_workers=CORES, persistent_workers=True)


def batches(samples: Samples, batch: int) -> pixfeed.DataLoader:
    return loader(samples, batch)


try:
    from pixfeed import transforms as T
except ImportError:  # of a pixfeed that has none yet
    pass
else:

    def augmented(samples: Samples, batch: int) -> pixfeed.DataLoader:
        recipe = [T.RandomResizedCrop(CROP), T.RandomHorizontalFlip(), T.ToTensor(), T.Normalize(MEAN, STD)]
        return loader(samples, batch, transform=T.Compose(recipe))
