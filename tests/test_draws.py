"""Random numbers that depend on seed, epoch and index only."""

from __future__ import annotations

import pickle
import random

import numpy as np
import pytest
import torch

from pixfeed import context, draws
from pixfeed.loading.iterators import EpochIndices


@pytest.mark.parametrize(
    ("counter", "key", "words"),
    [  # the known answers of Philox4x32-10's authors
        ([0] * 4, [0] * 2, "6627e8d5 e169c58d bc57ac4c 9b00dbd8"),
        ([0xFFFFFFFF] * 4, [0xFFFFFFFF] * 2, "408f276d 41c83b0e a20bc7c6 6d5451fd"),
        (
            [0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344],
            [0xA4093822, 0x299F31D0],
            "d16cfe09 94fdcceb 5001e420 24126ea1",
        ),
    ],
)
def test_philox(counter, key, words):
    got = draws.philox([np.uint64(word) for word in counter], tuple(key))
    assert " ".join(f"{int(word):08x}" for word in got) == words


def test_a_number_depends_on_seed_epoch_index_and_its_place_only():
    indices = [0, 5, 2**40 + 5, 10_000_000]
    all_at_once = draws.uniform(7, 3, indices, 10)
    assert all_at_once.shape == (4, 10)
    for row, index in zip(all_at_once, indices, strict=True):
        np.testing.assert_array_equal(draws.uniform(7, 3, [index], 5)[0], row[:5])
    others = [draws.uniform(*key, 10) for key in ((8, 3, indices), (7 + 2**32, 3, indices), (7, 4, indices))]
    everything = np.concatenate([all_at_once, *others])
    assert len(np.unique(everything)) == everything.size
    assert draws.uniform(-1, 0, [0], 0).shape == (1, 0)
    assert draws.uniform(0, 0, [], 3).shape == (0, 3)


def test_uniform():
    u = draws.uniform(1, 2, range(50_000), 3)
    assert u.min() >= 0 and u.max() < 1
    for column in u.T:
        assert np.abs(np.sort(column) - (np.arange(50_000) + 0.5) / 50_000).max() < 1.63 / 50_000**0.5  # KS, 1 %
    assert np.abs(np.corrcoef(u.T) - np.eye(3)).max() < 0.02


def test_normal():
    noise = draws.normal((3, 100, 100), 0.25)
    assert noise.dtype == torch.float32 and abs(noise.mean()) < 0.02 and abs(noise.std() - 1) < 0.02
    assert torch.equal(noise, draws.normal((3, 100, 100), 0.25))
    assert not torch.equal(noise, draws.normal((3, 100, 100), 0.75))


def test_python_functions_draw_by_key_and_leave_no_trace():
    def seed_all():
        torch.manual_seed(0), np.random.seed(0), random.seed(0)  # noqa: NPY002

    def drawn():
        return torch.rand(1).item(), float(np.random.rand()), random.random()  # noqa: NPY002

    def within(*key):
        with draws.generators_kept():
            draws.seed_generators(*draws.seeds(*key[:2], key[2:]))
            return drawn()

    seed_all()
    expected = drawn(), drawn()
    seed_all()
    assert drawn() == expected[0]
    keys = [(1, 2, 3), (1, 2, 4), (1, 3, 3), (2, 2, 3)]
    made = [within(*key) for key in keys]
    assert len({value for each in made for value in each}) == 12
    assert made == [within(*key) for key in keys]
    assert drawn() == expected[1]


def test_epoch_of_a_thread():
    assert context.epoch() is None
    with context.for_epoch(3):
        with context.for_epoch(4):
            assert context.epoch() == 4
        assert context.epoch() == 3
    assert context.epoch() is None


def test_letter():
    with context.for_epoch(0):  # so that this process forgets it again
        assert pickle.loads(pickle.dumps(EpochIndices(8, [1, 2]))) == [1, 2]
        assert context.epoch() == 8
    assert context.epoch() is None


class Owner:
    """Somebody with a seed."""


def test_new_seeds_follow_torchs():
    torch.manual_seed(5)
    state = torch.get_rng_state()
    one, other = Owner(), Owner()
    first = draws.new_seed(one)
    assert draws.new_seed(other) != first  # two that live do not draw alike
    assert torch.equal(torch.get_rng_state(), state)  # and nothing is drawn
    del one
    assert draws.new_seed(Owner()) == first
    torch.rand(1)
    assert draws.new_seed(Owner()) != first
