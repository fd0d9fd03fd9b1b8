"""LoaderState: where a loader is, as a dict for ``torch.save``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypedDict, cast

from pixfeed.loading.order import RandomStates


class LoaderState(TypedDict):
    """
    Attributes:
        epoch: the one that runs, or ran last.
        batches: those of it that the loop has gone past: yielded, or failed.
        finished: whether that was all of them.
        fresh: whether no epoch has begun.
        random: the random states that the epoch's order was drawn with.
        seeds: of the pixfeed datasets inside.
        batch_size: samples per batch, ``None`` if it is not known or there are no batches.
        samples: how many the sampler draws in an epoch, ``None`` if it is not known.
        samplers: the classes of the samplers that decide on the order, by name.
    """

    epoch: int
    batches: int
    finished: bool
    fresh: bool
    random: RandomStates
    seeds: list[int | None]
    batch_size: int | None
    samples: int | None
    samplers: list[str]


def _is_integer(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_count(value: object) -> bool:
    return isinstance(value, int) and _is_integer(value) and value >= 0


_COUNT = (_is_count, "a whole number, 0 or more")
_COUNT_OR_NONE = (lambda value: value is None or _is_count(value), "a whole number or None")
_BOOL = (lambda value: isinstance(value, bool), "True or False")
_RIGHT: dict[str, tuple[Callable[[Any], bool], str]] = {
    "epoch": _COUNT,
    "batches": _COUNT,
    "finished": _BOOL,
    "fresh": _BOOL,
    "random": (lambda value: isinstance(value, dict), "a dict of random states"),
    "seeds": (
        lambda value: isinstance(value, list) and all(seed is None or _is_integer(seed) for seed in value),
        "a list of integers or None",
    ),
    "batch_size": _COUNT_OR_NONE,
    "samples": _COUNT_OR_NONE,
    "samplers": (
        lambda value: isinstance(value, list) and all(isinstance(name, str) for name in value),
        "a list of names",
    ),
}


def checked(state: object) -> LoaderState:
    """A copy of what may be a state.

    Raises:
        ValueError: it is none.
    """
    if not isinstance(state, dict):
        raise ValueError(f"this is no state of a pixfeed.DataLoader, but {type(state).__name__}")
    missing = [repr(name) for name in _RIGHT if name not in state]
    if missing:
        raise ValueError(f"this is no state of a pixfeed.DataLoader: it has no {', '.join(missing)}")
    for name, (is_right, what) in _RIGHT.items():
        if not is_right(state[name]):
            raise ValueError(
                f"this state of a pixfeed.DataLoader is damaged: {name!r} is {state[name]!r:.60}, not {what}"
            )
    return cast(LoaderState, {name: state[name] for name in _RIGHT})


def check_same_batches(state: LoaderState, batch_size: int | None, samples: int | None, samplers: list[str]) -> None:
    """Whether a loader with these batches can go on in the middle of the state's epoch.

    Raises:
        ValueError: it would repeat samples, or leave some out.
    """
    if state["finished"] or state["batches"] == 0:
        return
    for name, ours in (("batch_size", batch_size), ("samples", samples), ("samplers", samplers)):
        theirs = cast(dict[str, Any], state)[name]
        if theirs != ours:
            raise ValueError(
                f"this state was saved in the middle of an epoch by a loader with {name}={theirs}, and this one has "
                f"{name}={ours}: it would repeat samples or leave some out. Make the loader with the same arguments, "
                "or go on from a state of the end of an epoch"
            )
