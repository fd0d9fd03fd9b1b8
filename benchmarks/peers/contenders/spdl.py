"""SPDL: its pipeline with a batch a thread, two threads; FFmpeg decodes and scales, torch makes floats of it."""

from __future__ import annotations

from importlib.metadata import version

import spdl.io
import torch
from spdl.pipeline import PipelineBuilder

from benchmarks.peers.job import CORES, SIDE, Samples

VERSION = f"SPDL {version('spdl-io')}"
torch.set_num_threads(1)
spdl.io.demux_config()  # fails here where FFmpeg is missing
FILTER = spdl.io.get_video_filter_desc(
    scale_width=SIDE, scale_height=SIDE, scale_algo="bilinear", scale_mode=None, pix_fmt="rgb24"
)


def decode(data: bytes):
    return spdl.io.to_numpy(spdl.io.load_image(data))


class Batches:
    def __init__(self, samples: Samples, batch: int):
        self.paths, self.batch = samples.paths, batch

    def load(self, start: int) -> tuple[torch.Tensor, range]:
        paths = self.paths[start : start + self.batch]
        buffer = spdl.io.load_image_batch(paths, width=None, height=None, pix_fmt=None, filter_desc=FILTER)
        images = spdl.io.to_torch(buffer).permute(0, 3, 1, 2).to(torch.float32, memory_format=torch.contiguous_format)
        return images.div_(255), range(start, start + len(paths))

    def __iter__(self):
        builder = PipelineBuilder().add_source(range(0, len(self.paths), self.batch))
        builder.pipe(self.load, concurrency=CORES, output_order="input").add_sink(2)
        pipeline = builder.build(num_threads=CORES)
        with pipeline.auto_stop():
            yield from pipeline


def batches(samples: Samples, batch: int) -> Batches:
    return Batches(samples, batch)
