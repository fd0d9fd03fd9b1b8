"""Accelerate with pixfeed's loader: ``accelerator.prepare()`` whose loaders keep their threads.

``accelerator.prepare(loader)`` makes a loader of torch's of any loader and puts its own around it, which splits batches
among processes, moves them to the device and tells ``accumulate`` and ``gather_for_metrics`` where an epoch ends.
There is no hook for the loader inside. :func:`prepare` lets Accelerate do all that, and then puts pixfeed's loader in
the place of torch's.

This module imports ``accelerate``, and nothing else in pixfeed does.
"""

from __future__ import annotations

import copy
import warnings
from functools import partial
from typing import Any

from pixfeed._packages import explained
from pixfeed._real_torch import DistributedSampler, torch
from pixfeed.loading.loader import TAKEN_APART, DataLoader

try:
    import accelerate
    from accelerate.data_loader import DataLoaderShard, SeedableRandomSampler
except ImportError as error:
    raise explained("pixfeed.accelerate", error) or error from error

__all__ = ["prepare", "skip_first_batches"]


def prepare(accelerator: accelerate.Accelerator, *objects: Any, device_placement: list[bool] | None = None) -> Any:
    """``accelerator.prepare(*objects)``, in which :class:`pixfeed.DataLoader` keeps threads, statistics and state.

    A loader that comes out is Accelerate's ``DataLoaderShard`` as ever. It also has ``stats()`` and ``report()`` of
    pixfeed's, and ``accelerator.save_state()`` and ``load_state()`` keep its place in the epoch: a run goes on with
    the batch after the last one, without ``skip_first_batches``. Objects that are no loaders of pixfeed's are prepared
    as Accelerate does it. With ``dispatch_batches=True``, where one process reads for all, loaders become torch's.

    Args:
        accelerator: an ``accelerate.Accelerator``, also the one that a ``transformers.Trainer`` has made.
        *objects, device_placement: as for ``accelerator.prepare``.

    Returns:
        The prepared objects in the same order; without a tuple if there is one.

    Raises:
        ValueError: there is more than one process, and the sampler of a loader is a DistributedSampler. Accelerate
            would split its part once more, and most samples would never be read.
    """
    for loader in filter(_is_ours, objects):
        if accelerator.num_processes > 1 and any(isinstance(it, DistributedSampler) for it in loader.samplers()):
            raise ValueError(
                "the loader has a DistributedSampler, and Accelerate would split its part once more: most samples "
                "would never be read. Use shuffle=True or a sampler over all samples; Accelerate makes the parts"
            )
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", TAKEN_APART, UserWarning)
        prepared = accelerator.prepare(*objects, device_placement=device_placement)
    for loader, result in zip(objects, (prepared,) if len(objects) == 1 else prepared, strict=True):
        if _is_ours(loader):
            _put_inside(result, loader)
    return prepared


def skip_first_batches(loader: Any, num_batches: int = 0) -> Any:
    """``accelerate.skip_first_batches(loader, num_batches)`` of a loader from :func:`prepare`, with threads as well.
    Batches that are skipped are not read."""
    skipping = accelerate.skip_first_batches(loader, num_batches)
    if type(loader) is DataLoaderShard and isinstance(loader.base_dataloader, DataLoader):
        _put_inside(skipping, loader.base_dataloader)
    return skipping


def _is_ours(loader: Any) -> bool:
    """Whether it is to be prepared and pixfeed's. What is prepared claims the class of the loader inside."""
    return issubclass(type(loader), DataLoader)


def _put_inside(prepared: Any, loader: DataLoader[Any]) -> None:
    """Put a copy of ``loader``, with the batches that Accelerate has chosen, in the place of torch's loader."""
    if type(prepared) is not DataLoaderShard:  # of one process for all, or of a device with a way of its own
        return
    inside = copy.copy(loader)
    inside.take_over(prepared.base_dataloader)
    for sampler in inside.samplers():
        if isinstance(sampler, SeedableRandomSampler) and sampler.generator is None:
            sampler.generator = torch.Generator()  # it makes one itself, too late to be part of the first state
    prepared.base_dataloader = inside
    prepared._is_accelerate_prepared = True
    if inside.in_order:
        prepared.use_stateful_dataloader = True  # save_state() asks for it
        prepared.dl_state_dict = inside.state_dict()
        prepared.load_state_dict = partial(_load_state_dict, prepared)
    else:
        prepared._update_state_dict = _keep_no_state


def _load_state_dict(prepared: Any, state: dict[str, Any]) -> None:
    """Accelerate counts epochs as well, from 0 in a new process, and tells samplers and datasets that number."""
    prepared.base_dataloader.load_state_dict(state)
    prepared.dl_state_dict = prepared.base_dataloader.state_dict()
    prepared.iteration = prepared.base_dataloader.next_epoch()


def _keep_no_state() -> None:
    """With ``in_order=False`` no state can say where to go on."""
