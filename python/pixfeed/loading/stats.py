"""Stats: where an epoch's time went, and one sentence about it."""

from __future__ import annotations

from dataclasses import dataclass

from pixfeed.context import Costs

#: Waiting for less than this share of the loop's time, the loop cannot gain much from any loader.
_LITTLE = 0.1
_NOTHING = Costs()
#: What the loader does beside reading images, if all of it is pixfeed.
_HANDLING = "planning batches and handing them over"


@dataclass(frozen=True)
class Stats:
    """How one epoch of a :class:`pixfeed.DataLoader` spent its time, up to the batch that was yielded last.

    ``print`` shows it in a few lines.

    Attributes:
        epoch: the number of the epoch, counted from 0.
        batches: the number of batches that were yielded.
        start_up: seconds from ``iter()`` to the first batch, without the program's own work in between.
        waiting: seconds that the loop waited for the other batches.
        stepping: seconds between batches, that is in the training step.
        costs: bytes and nanoseconds that the images of these batches took. All zeros if pixfeed read none.
        workers: ``num_workers`` of the loader.
        threads: whether the workers are threads of this process.
        collates_in_loop: ``collate_fn`` is one of your own, and runs in the loop's thread beside the threads that read.
        batch_transform: what mixes whole batches, if anything does; else empty.
        cores: the number of cores that this process may use.
        floats: whether a pixfeed dataset of the loader gives floating-point images.
        augments: whether a transform has native steps of augmentation, such as RandAugment's. Their time is in
            ``"resizing"`` of :attr:`work`.
        fallback: why the C++ extension is missing, if OpenCV reads the images in its place; else empty.
        native: whether pixfeed alone makes batches: no dataset, ``collate_fn``, transform or mixing of your own.
        python_step: the step of a transform that runs in Python, per sample, if there is one; else empty.
        failed: images that could not be read so far, in all epochs: they were skipped or replaced by zeros.
        recovered: images that were read nevertheless: those that are cut off, as far as they go; and those that a cache
            had lost.
        cache: whether a dataset of the loader has a cache; ``None`` if none could have one.
    """

    epoch: int = 0
    batches: int = 0
    start_up: float = 0.0
    waiting: float = 0.0
    stepping: float = 0.0
    costs: Costs = _NOTHING
    workers: int = 0
    threads: bool = False
    collates_in_loop: bool = False
    batch_transform: str = ""
    cores: int = 1
    floats: bool = False
    augments: bool = False
    fallback: str = ""
    native: bool = False
    python_step: str = ""
    failed: int = 0
    recovered: int = 0
    cache: bool | None = None

    @property
    def seconds(self) -> float:
        """The whole epoch so far."""
        return self.start_up + self.waiting + self.stepping

    @property
    def images_per_second(self) -> float | None:
        """Images that pixfeed read per second of the whole epoch; None if it read none."""
        return self.costs.images / self.seconds if self.costs.images and self.seconds else None

    @property
    def bytes_per_second(self) -> float | None:
        """Encoded bytes that pixfeed read per second of the whole epoch; None if it read no image."""
        return self.costs.bytes / self.seconds if self.costs.images and self.seconds else None

    @property
    def cached_share(self) -> float:
        """The share of the images that a cache had already: 0 to 1."""
        return self.costs.cached / (self.costs.images or 1)

    @property
    def waiting_share(self) -> float | None:
        """The share of the loop's time that it waited for data, after the first batch: 0 to 1. None before the second
        batch."""
        if self.batches < 2:
            return None
        return self.waiting / ((self.waiting + self.stepping) or 1)

    @property
    def work(self) -> dict[str, float]:
        """The shares of ``"reading"``, ``"decoding"``, ``"resizing"`` and ``"writing"`` in the time that images took,
        which add up to 1. Where a cache had whole batches, ``"cache"`` is the share of reading their pictures from it.
        Empty if pixfeed read too few to say."""
        costs = self.costs
        sample = costs.decoding + costs.resizing + costs.writing
        total = costs.reading + costs.running
        if not sample or not total:
            return {}
        parts = {"cache": costs.from_cache} if costs.from_cache else {}
        parts |= {"decoding": costs.decoding - costs.from_cache, "resizing": costs.resizing, "writing": costs.writing}
        shares = {name: part / sample * costs.running / total for name, part in parts.items()}
        return {"reading": costs.reading / total, **shares}

    @property
    def busy(self) -> float:
        """How many threads or processes read images, on average: over the time after the first batch, or with
        ``workers=0`` while the loop waited. It is an estimate: the work for the first batch is counted as well."""
        time = self.waiting + (self.stepping if self.workers else 0)
        return (self.costs.reading + self.costs.running) / 1e9 / time if time else 0.0

    @property
    def verdict(self) -> str:
        """One sentence: the training step, or the loader and what in it."""
        waiting = self.waiting_share
        if self.batches == 0:
            return "No batch was loaded yet: there is nothing to say."
        if waiting is None:
            return "One batch says nothing: its time is that of starting up."
        waited = f"the loop waited {_percent(waiting)} of the time for data"
        if waiting < _LITTLE:
            return f"The training step is the limit: {waited}."
        return f"The loader is the limit: {waited}{self._reason()}."

    def _reason(self) -> str:
        """The slowest part of the work, and a remedy."""
        work = self.work
        if not work:
            return ", and pixfeed read none of it" if not self.costs.images else ""
        if self.workers == 0 and self.busy < 0.5:
            other = _HANDLING if self.native else f"other code than reading images, such as {self._code}"
            return f", and {_percent(1 - self.busy)} of that was {other}"
        if self.busy < 0.5 * self.workers:
            other = _HANDLING if self.native else f"other code, such as {self._code}"
            return (
                f", but only {self.busy:.1f} of {self.workers} workers read images: the rest of their time went to "
                f"{other}, or they had to wait, as with a small prefetch_factor"
            )
        most = max(work, key=work.__getitem__)
        reason = f", and {_percent(work[most])} of the work is {self._word(most)}"
        if most == "reading":
            reason += " files: the disk is slow"
        remedies = self._remedies(most)
        return reason + (f"; {' or '.join(remedies)} would help" if remedies else "") + self._cores(most)

    def _word(self, part: str) -> str:
        return "resizing and augmenting" if part == "resizing" and self.augments else part

    @property
    def _code(self) -> str:
        return f"{self.python_step}, which runs in Python" if self.python_step else "transforms"

    def _remedies(self, most: str) -> list[str]:
        remedies = []
        saved = most == "decoding" or (most == "resizing" and not self.augments)
        if saved and 2 * self.costs.scalable > self.costs.looked_at:
            remedies.append("decode='scaled' (other pixels, nearly the same)")
        if saved and self.cache is False:
            remedies.append("cache='a/folder/on/a/local/disk', from the second epoch on,")
        if most == "writing" and self.floats:
            remedies.append("dtype=torch.uint8")
        if self.workers == 0:
            if (self.waiting_share or 0) < 1 - _LITTLE:
                remedies.append(f"num_workers={self.cores}, to load during the step,")
            elif not self._all_cores:
                remedies.append(f"num_workers={self.cores}, to use all cores,")
        elif self.workers < self.cores or most == "reading":
            remedies.append(f"more workers than {self.workers}")
        return remedies

    @property
    def _all_cores(self) -> bool:
        """Whether decoding uses all of them. With ``workers=0`` the native backend does so by itself."""
        return self.workers >= self.cores or (self.workers == 0 and self.busy > 0.7 * self.cores)

    def _cores(self, most: str) -> str:
        """Cores that are left, or not."""
        if most == "reading":
            return ""
        if self._all_cores:
            return f" (all {self.cores} cores are in use)" if self.cores > 1 else " (the only core is in use)"
        return f" ({self.workers} of {self.cores} cores are used)" if self.workers else ""

    @property
    def _where_mixed(self) -> str:
        if self.collates_in_loop or not self.workers:
            return ", in the loop's thread"
        return ", in the threads that read" if self.threads else ", in the worker processes"

    def __str__(self) -> str:
        images = f", {self.costs.images:,} images" if self.costs.images else ""
        kind = "threads" if self.threads else "processes"
        workers = f", num_workers={self.workers} ({kind})" if self.workers else ""
        lines = [f"epoch {self.epoch}: {self.batches:,} batches{images} in {self.seconds:.2f} s{workers}"]
        images_per_second, bytes_per_second = self.images_per_second, self.bytes_per_second
        if images_per_second and bytes_per_second is not None:
            lines.append(f"  speed    {images_per_second:,.0f} images/s, {bytes_per_second / 1e6:,.1f} MB/s")
        if self.batches:
            waiting = self.waiting_share
            then = "" if waiting is None else f", then {_percent(waiting)} of the time"
            lines.append(f"  waiting  {self.start_up:.2f} s for the first batch{then}")
        if self.work:
            shares = ", ".join(f"{self._word(name)} {_percent(share)}" for name, share in self.work.items())
            lines.append(f"  work     {shares}")
        elif total := self.costs.reading + self.costs.running:  # one of 32 images is measured step by step
            reading = _percent(self.costs.reading / total)
            lines.append(f"  work     reading {reading}, all else {_percent(self.costs.running / total)} (few images)")
        if self.cache:
            had = f"{_percent(self.cached_share)} of the images ({self.costs.cached_bytes / 1e6:,.1f} MB)"
            lines.append(f"  cache    had {had}")
        if self.collates_in_loop:
            lines.append("  collate  your collate_fn runs in the loop's thread; workers='process' if it takes long")
        if self.batch_transform:
            lines.append(f"  mixing   {self.batch_transform}, on whole batches{self._where_mixed}")
        bad = [f"{self.failed:,} could not be read and were skipped or replaced"] if self.failed else []
        what = "are cut off or not in the cache any more" if self.cache else "are cut off"
        bad += [f"{self.recovered:,} {what} and were read as far as they go"] if self.recovered else []
        if bad:
            lines.append(f"  images   {', '.join(bad)}; report() lists them")
        if self.fallback:
            lines.append(f"  backend  OpenCV, about three times slower than the C++ extension: {self.fallback}")
        return "\n".join([*lines, f"  verdict  {self.verdict}"])


def _percent(share: float) -> str:
    return f"{100 * share:.{1 if share < 0.1 else 0}f} %"
