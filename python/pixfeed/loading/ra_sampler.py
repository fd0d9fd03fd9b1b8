"""RASampler: repeated augmentation, in the order of DeiT's and timm's."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sized

from pixfeed import draws
from pixfeed._real_torch import Sampler, distributed, torch


class RASampler(Sampler[int]):
    """A sampler that draws each sample several times in a row, as DeiT's ``RASampler`` and timm's ``RepeatAugSampler``.

    The copies of a sample go to different processes, or follow each other in one. Each is augmented in its own way,
    also in other processes: indices know how often they were drawn before, which pixfeed's datasets draw their random
    numbers by (also in torch's DataLoader). An epoch has as many samples as without repetition, that is ``1 / repeats``
    of the data set. :class:`pixfeed.DataLoader` tells it the epoch, and resumes in the middle of one.

    Args:
        dataset: what is sampled from; its length counts.
        num_replicas, rank: the number of processes and that of this one; ``None``: those of ``torch.distributed``, or
            1 and 0 where it is not in use.
        shuffle: draw an order by the epoch. (timm takes no other seed.)
        num_repeats: how often each sample is drawn; 1.5 draws every second one twice.
        selected_round: the samples of an epoch are rounded down to a multiple of it; 0 does not round.
        selected_ratio: an epoch has ``len(dataset) / selected_ratio`` samples per process; 0: ``num_replicas``.

    Raises:
        ValueError: an argument makes no sense.
    """

    def __init__(
        self,
        dataset: Sized,
        num_replicas: int | None = None,
        rank: int | None = None,
        shuffle: bool = True,
        num_repeats: float = 3,
        selected_round: int = 256,
        selected_ratio: float = 0,
    ):
        runs = distributed.is_available() and distributed.is_initialized()
        self.num_replicas = (distributed.get_world_size() if runs else 1) if num_replicas is None else num_replicas
        self.rank = (distributed.get_rank() if runs else 0) if rank is None else rank
        if self.num_replicas < 1:
            raise ValueError(f"num_replicas is {self.num_replicas}; it may be 1 or more")
        if not 0 <= self.rank < self.num_replicas:
            raise ValueError(f"rank is {self.rank}; it may be 0 or more, and below num_replicas={self.num_replicas}")
        if not (1 <= num_repeats < math.inf and 0 <= selected_round < math.inf and 0 <= selected_ratio < math.inf):
            raise ValueError(
                f"num_repeats is {num_repeats}, selected_round {selected_round}, selected_ratio {selected_ratio}; they "
                "may be 1, 0 and 0 or more"
            )
        self.dataset = dataset
        self.shuffle = shuffle
        self.num_repeats = num_repeats
        self.epoch = 0
        count = len(dataset)
        each = math.ceil(count * num_repeats / self.num_replicas)
        self._total = each * self.num_replicas
        ratio = selected_ratio or self.num_replicas
        rounds = bool(selected_round) and count >= selected_round
        chosen = math.floor(count // selected_round * selected_round / ratio) if rounds else math.ceil(count / ratio)
        self._length = min(chosen, each)

    def set_epoch(self, epoch: int) -> None:
        """The epoch that the order is drawn for."""
        self.epoch = epoch

    def __len__(self) -> int:
        """Samples of an epoch, in this process."""
        return self._length

    def __iter__(self) -> Iterator[int]:
        count = len(self.dataset)
        order = draws.permutation(count, self.epoch) if self.shuffle else torch.arange(count)
        places = torch.arange(math.ceil(count * self.num_repeats))  # of all processes, one after the other
        samples = torch.div(places.double(), self.num_repeats, rounding_mode="floor").long()
        mine = torch.arange(self.rank, self._total, self.num_replicas)[: self._length]
        rounds, mine = mine // max(1, len(places)), mine % max(1, len(places))  # the last ones may begin again
        first = torch.searchsorted(samples, samples)
        most = math.ceil(self.num_repeats)
        again = (places - first)[mine] + rounds * most
        for index, times in zip(order[samples[mine]].tolist(), again.tolist(), strict=True):
            yield draws.Drawn(index, times) if times else index
