"""How fast images come from a list: from the disk, decoded, in batches; and what would make it faster."""

from __future__ import annotations

import os
import statistics
import tempfile
import time
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from pixfeed._real_torch import torch
from pixfeed.datasets.list_file import FastTxtDataset
from pixfeed.errors import ImageError
from pixfeed.lists.annotated import Boxed, Masked
from pixfeed.lists.samples import Samples
from pixfeed.loading.loader import DataLoader
from pixfeed.reading.functional import imread

# What has to be gained before something is advised.
_WORTH = 1.15
_ROUNDS = 3
# A step that waits for less than this share of its time is not helped by a faster loader.
_SPARE = 1.2


@dataclass
class Measured:
    """Speeds in images per second, on this machine, now.

    Attributes:
        images: how many were read for each figure, again and again.
        megabytes: their mean size.
        cold, warm: files read from the disk and from the page cache, on all workers; ``cold`` is 0 if the system does
            not let go of its cache.
        single: by what reads them, one image after the other in one thread.
        batches: by how they are read, in batches, with the workers that were asked for.
        work: the shares of reading, decoding, resizing and writing in what pixfeed does.
        workers: threads, or processes for the pure-Python path.
    """

    images: int = 0
    megabytes: float = 0.0
    cold: float = 0.0
    warm: float = 0.0
    single: dict[str, float] = field(default_factory=dict)
    batches: dict[str, float] = field(default_factory=dict)
    work: dict[str, float] = field(default_factory=dict)
    workers: int = 0

    @property
    def best(self) -> float:
        return max(self.batches.values(), default=0.0)


class PurePython(torch.utils.data.Dataset[Any]):
    """What pixfeed replaces: cv2.imread, BGR to RGB, cv2.resize, ToTensor. Unreadable images are left out before.

    Raises:
        ImportError: OpenCV is not there.
    """

    def __init__(self, paths: Sequence[str], labels: NDArray[Any], size: int, masks: Sequence[str] = ()):
        import cv2  # noqa: F401 - said now, and not by a worker

        self.paths, self.labels, self.size, self.masks = paths, labels, size, masks

    def __len__(self) -> int:
        return len(self.paths)

    def __getitem__(self, i: int) -> Any:
        import cv2  # here: a module cannot be sent to a worker that is not forked

        image: Any = cv2.imread(self.paths[i])
        image = cv2.resize(cv2.cvtColor(image, cv2.COLOR_BGR2RGB), (self.size, self.size))
        target: Any = self.labels[i]
        if self.masks:
            mask: Any = cv2.imread(self.masks[i], cv2.IMREAD_GRAYSCALE)
            mask = np.zeros((1, 1), np.uint8) if mask is None else mask
            mask = cv2.resize(mask, (self.size, self.size), interpolation=cv2.INTER_NEAREST)
            target = torch.from_numpy(mask).long()
        return torch.from_numpy(image).permute(2, 0, 1).contiguous().float().div(255), target


def samples_of(
    names: Sequence[str], targets: Sequence[tuple[Any, ...]], masks: Sequence[str], kind: str
) -> tuple[Samples, Literal["labels", "mask", "boxes"]]:
    """Samples whose masks or boxes are loaded with them; of other targets, which take no time, only the images.

    Args:
        names, targets: of n lines; see :class:`pixfeed.tools.checking.lines.Line`.
        masks: n paths, if there are any.
        kind: what the targets are.
    """
    if kind == "mask":
        return Masked(names, [os.path.abspath(mask) for mask in masks]), "mask"
    if kind == "boxes":
        rows = np.array([row for target in targets for row in target], np.float64).reshape(-1, 5)
        boxes, classes = rows[:, 1:].astype(np.float32), rows[:, 0].astype(np.int64)
        return Boxed(names, [len(target) for target in targets], boxes, classes, "samples"), "boxes"
    return Samples(names, np.zeros(len(names), np.int64)), "labels"


def measure(
    dataset_of: Callable[..., FastTxtDataset],
    rows: Sequence[int],
    size: int,
    batch_size: int,
    workers: int,
    seconds: float,
    done: Callable[[int], None] = lambda count: None,
    masks: Sequence[str] = (),
) -> Measured:
    """Measure each way for a while.

    Args:
        dataset_of: makes the dataset, given keyword arguments.
        rows: of the list, that are read.
        size: pixels of both sides.
        batch_size: images.
        workers: see :class:`Measured`.
        seconds: for each figure.
        done: called with 1 after each of :data:`FIGURES` measurements.
        masks: paths of the masks of all rows, for the pure-Python path; empty if there are none.

    Raises:
        ImageError: none of the images can be read.
    """
    common: dict[str, Any] = dict(resize_height=size, resize_width=size)
    dataset = dataset_of(**common)
    paths = [str(path) for path in dataset.files.paths(rows, dataset.image_dir)]
    sizes = [os.path.getsize(path) if os.path.exists(path) else 0 for path in paths]
    found = Measured(len(rows), float(np.mean(sizes)) / 1e6, workers=workers)
    found.cold = _cold(paths, max(workers, 1))
    done(1)
    ways: dict[str, Callable[[], Iterator[int]]] = {
        "warm": lambda: _read_all(paths, max(workers, 1)),
        "single pixfeed": lambda: (1 for i in _again(rows) if dataset[i] is not None),
    }
    loaders = {}
    kept = tempfile.TemporaryDirectory(prefix="pixfeed-bench-", ignore_cleanup_errors=True)
    for name, options in WAYS.items():
        cache = kept.name if name == CACHED else None
        part = torch.utils.data.Subset(dataset_of(**common, **options, cache=cache), list(rows))
        loaders[name] = DataLoader(part, batch_size, num_workers=workers)
        ways[name] = partial(_batches, loaders[name])
    for _ in loaders[CACHED]:  # fills it
        pass
    labels = dataset.files.labels[np.asarray(rows)]
    try:
        sound = [i for i, path in enumerate(paths) if sizes[i] and _is_read(path)]
        their = [masks[rows[i]] for i in sound] if masks else []
        pure = PurePython([paths[i] for i in sound], labels[sound], size, their) if sound else None
    except ImportError:  # there is no OpenCV
        pure = None
    if pure is not None:
        processes = torch.utils.data.DataLoader(pure, batch_size, num_workers=workers, persistent_workers=workers > 0)
        ways["single pure Python"] = partial(_one_thread, pure)
        ways["pure Python"] = partial(_batches, processes)
    with kept:
        rates = _interleaved(ways, seconds, done)
    found.warm = rates.pop("warm")
    for name, rate in rates.items():
        single = name.startswith("single ")
        (found.single if single else found.batches)[name.removeprefix("single ")] = rate
    found.work = loaders["pixfeed"].stats().work
    return found


#: The way out of a cache that has all pictures: as from the second epoch on.
CACHED = "pixfeed, uint8, cached"
#: The ways in which batches are made.
WAYS: dict[str, dict[str, Any]] = {
    "pixfeed": {},
    "pixfeed, uint8": {"dtype": torch.uint8},
    "pixfeed, uint8, scaled": {"dtype": torch.uint8, "decode": "scaled"},
    CACHED: {"dtype": torch.uint8},
}
FIGURES = _ROUNDS * (len(WAYS) + 4) + 1


def _again(items: Sequence[int]) -> Iterator[int]:
    while True:
        yield from items


def _one_thread(pure: PurePython) -> Iterator[int]:
    """OpenCV and torch would use all cores for one image, and wait for them."""
    import cv2

    before = cv2.getNumThreads(), torch.get_num_threads()
    cv2.setNumThreads(1)
    torch.set_num_threads(1)
    try:
        for i in _again(range(len(pure))):
            pure[i]
            yield 1
    finally:
        cv2.setNumThreads(before[0])
        torch.set_num_threads(before[1])


def _batches(loader: Iterable[Any]) -> Iterator[int]:
    while True:
        yield from (len(batch[1]) for batch in loader)


def _interleaved(
    ways: dict[str, Callable[[], Iterator[int]]], seconds: float, done: Callable[[int], None]
) -> dict[str, float]:
    """The median of several rounds: what else the machine does meets all of them alike."""
    rates: dict[str, list[float]] = {name: [] for name in ways}
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "This DataLoader will create")
        for _ in range(_ROUNDS):
            for name, start in ways.items():
                rates[name].append(_rate(start(), seconds / _ROUNDS))
                done(1)
    return {name: statistics.median(each) for name, each in rates.items()}


def _rate(counts: Iterator[int], seconds: float) -> float:
    """Images per second, after a first count that warms up."""
    next(counts)
    images, start = 0, time.perf_counter()
    for count in counts:
        images += count
        if (elapsed := time.perf_counter() - start) >= seconds:
            return images / elapsed
    return 0.0


def _read(path: str) -> int:
    try:
        with open(path, "rb", buffering=0) as file:
            file.readall()
    except OSError:
        return 0
    return 1


def _read_all(paths: Sequence[str], workers: int) -> Iterator[int]:
    with ThreadPoolExecutor(workers) as pool:
        while True:
            yield sum(pool.map(_read, paths))


def _cold(paths: Sequence[str], workers: int) -> float:
    """Images per second from the disk: the system is asked to forget these files first."""
    if not hasattr(os, "posix_fadvise"):
        return 0.0
    for path in paths:
        try:
            with open(path, "rb") as file:
                os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
        except OSError:
            continue
    start = time.perf_counter()
    with ThreadPoolExecutor(workers) as pool:
        read = sum(pool.map(_read, paths))
    return read / (time.perf_counter() - start)


def _is_read(path: str) -> bool:
    """Whether both ways read it. OpenCV prints about files that end too early, and returns what there is."""
    try:
        imread(path, size=(1, 1), interpolation="nearest")
    except ImageError:
        return False
    return True


def advice(found: Measured, cores: int, batch_size: int, step: float | None) -> list[str]:
    """What to set, in sentences.

    Args:
        cores: that this process may use.
        batch_size: images.
        step: milliseconds of a training step; ``None`` if it is not known.
    """
    said = []
    plain, small = found.batches["pixfeed"], found.batches["pixfeed, uint8"]
    scaled = found.batches["pixfeed, uint8, scaled"]
    if step is not None:
        need = 1000 * batch_size / step
        needs = f"A step of {step:g} ms with {batch_size} images needs {need:,.0f} images/s, and {plain:,.0f} are there"
        if plain >= _SPARE * need:
            workers = max(1, min(cores, -(-int(_SPARE * need * max(found.workers, 1)) // max(int(plain), 1))))
            said.append(f"{needs}: num_workers={workers} and the default prefetch_factor are enough.")
        else:
            said.append(f"{needs}: the loader is the limit. Set num_workers={cores} and prefetch_factor=4.")
    else:
        said.append(f"Set num_workers={cores}: every core then reads images while the step runs.")
    if small > _WORTH * plain:
        said.append(f"dtype=torch.uint8 makes {small / plain:.2f} times as many: normalize with pixfeed.to_device.")
    if scaled > _WORTH * small:
        said.append(f"decode='scaled' makes {scaled / small:.2f} times as many (nearly the same pixels).")
    if (cached := found.batches[CACHED]) > _WORTH * small:
        said.append(
            f"cache='a/folder/on/a/local/disk' makes {cached / small:.2f} times as many from the second epoch on "
            "(the same pixels)."
        )
    if found.cold and found.cold < plain:
        said.append(
            f"From a cold disk come {found.cold:,.0f} images/s, less than are decoded: the first epoch waits for the "
            "disk. More workers, smaller files or a local copy help."
        )
    return said
