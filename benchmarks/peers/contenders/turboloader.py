"""TurboLoader's array path, which its own pages recommend: a TAR of the same files, its one pool of C++ threads, two
batches ahead. Writing the TAR is not counted. Two workers, four batches ahead and torch's tensors were no faster; the
cache of decoded pictures, which reads an epoch from memory, is another job. Its pixels are its own: it decodes at a
reduced size, and is 4.5 of 255 off on average, 3.1 from antialiased ones if it is asked for those."""

from __future__ import annotations

import functools
import os
import tarfile
import tempfile

import turboloader

from benchmarks.peers.job import CROP, SIDE, Samples

VERSION = f"TurboLoader {turboloader.__version__}"


@functools.cache
def written(samples: Samples) -> str:
    """The TAR, in the folder of the list."""
    handle, path = tempfile.mkstemp(".tar", dir=os.path.dirname(samples.list_file))
    os.close(handle)
    with tarfile.open(path, "w") as tar:
        for i, name in enumerate(samples.paths):
            tar.add(name, arcname=f"{i:06d}.jpg")
    return path


class Batches:
    def __init__(self, samples: Samples, batch: int, **options):
        self.loader = turboloader.DataLoader(
            written(samples), batch_size=batch, num_workers=1, output_format="numpy_chw", prefetch_batches=2, **options
        )

    def __iter__(self):
        for images, about in self.loader:
            yield images, about["indices"]


def batches(samples: Samples, batch: int) -> Batches:
    return Batches(samples, batch, image_size=SIDE)


def augmented(samples: Samples, batch: int) -> Batches:
    return Batches(samples, batch, image_size=CROP, train_aug=True, transform=turboloader.ImageNetNormalize())
