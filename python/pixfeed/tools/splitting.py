"""A list in parts: with the same shares of every class, and what belongs together in one part."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Hashable, Sequence

import numpy as np

from pixfeed import draws


def split(
    classes: Sequence[Sequence[Hashable]], groups: Sequence[Hashable], shares: Sequence[float], seed: int
) -> list[int]:
    """The part of each sample.

    Args:
        classes: of each of n samples; of those without classes, none.
        groups: of each; samples of a group stay together.
        shares: of the parts, in any unit.
        seed: the same seed gives the same parts.

    Groups are taken at random, large ones first. Each goes to the part that lacks most of its classes.
    """
    members: dict[Hashable, list[int]] = defaultdict(list)
    for i, group in enumerate(groups):
        members[group].append(i)
    order = np.argsort(draws.uniform(seed, 0, range(len(members)), 1)[:, 0], kind="stable")
    shuffled = list(members.values())
    shuffled = sorted((shuffled[i] for i in order), key=len, reverse=True)
    total = sum(shares)
    counts = Counter(each for its in classes for each in its)
    # What each part lacks, of every class and of samples.
    lacks = [{each: count * share / total for each, count in counts.items()} for share in shares]
    missing = [len(classes) * share / total for share in shares]
    part = [0] * len(classes)
    for together in shuffled:
        its = Counter(each for i in together for each in classes[i])
        size = sum(its.values())

        def need(p: int, its: Counter[Hashable] = its, size: int = size) -> float:
            of_classes = sum(lacks[p][each] * count for each, count in its.items()) / max(size, 1)
            return of_classes + missing[p] / max(len(counts), 1)  # and what it lacks on average

        # A part that has its share gets no more, also of classes that are too small to be divided.
        free = [p for p in range(len(shares)) if 2 * missing[p] >= len(together)] or range(len(shares))
        best = max(free, key=need)
        for each, count in its.items():
            lacks[best][each] -= count
        missing[best] -= len(together)
        for i in together:
            part[i] = best
    return part
