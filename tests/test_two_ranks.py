"""Two processes that train together. Each sample is read by one of them, once per epoch."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from itertools import chain
from pathlib import Path

import pytest
from loaders import write_pictures

pytest.importorskip("accelerate", reason="Accelerate is not installed")
pytest.importorskip("lightning", reason="Lightning is not installed")

pytestmark = pytest.mark.slow  # two processes that import frameworks

WAYS = [
    "DistributedSampler",
    "Accelerate",
    "Accelerate, in order",
    "Accelerate, split batches",
    "Accelerate, seedable",
    "Lightning",
    "Lightning, DistributedSampler",
    "Fabric",
]


@pytest.fixture(scope="module")
def ranks(tmp_path_factory) -> list[dict]:
    """What each of the two processes has found: see two_ranks.py."""
    folder = write_pictures(tmp_path_factory.mktemp("ranks"), 24)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    running = []
    for rank in range(2):
        place = dict(RANK=rank, LOCAL_RANK=rank, WORLD_SIZE=2, LOCAL_WORLD_SIZE=2, GROUP_RANK=0)
        place.update(MASTER_ADDR="127.0.0.1", MASTER_PORT=port, OMP_NUM_THREADS=1, ACCELERATE_USE_CPU="true")
        environment = {**os.environ, **{name: str(value) for name, value in place.items()}}
        command = [sys.executable, str(Path(__file__).with_name("two_ranks.py")), str(folder)]
        running.append(subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True))
    errors = [process.communicate(timeout=300)[1] for process in running]
    assert [process.returncode for process in running] == [0, 0], "\n".join(errors)
    return [json.loads((folder / f"{rank}.json").read_text()) for rank in range(2)]


def test_there_are_two(ranks):
    assert [(rank["ranks"], rank["backend"]) for rank in ranks] == [(2, "gloo")] * 2


@pytest.mark.parametrize("way", WAYS)
def test_every_sample_once_per_epoch(ranks, way):
    for epoch in range(2):
        parts = [list(chain(*rank[way][epoch])) for rank in ranks]
        assert [len(part) for part in parts] == [12, 12]
        assert sorted(chain(*parts)) == list(range(24))


@pytest.mark.parametrize("way", [way for way in WAYS if way != "Accelerate, in order"])
def test_the_second_epoch_has_another_order(ranks, way):
    assert all(rank[way][0] != rank[way][1] for rank in ranks)


def test_batches_that_cannot_be_shared_evenly(ranks):
    """Accelerate's even_batches=False: 23 samples in 6 batches."""
    for epoch in range(2):
        assert sorted(chain(*(chain(*rank["Accelerate, uneven"][epoch]) for rank in ranks))) == list(range(23))


def test_lightning_keeps_the_threads(ranks):
    """It makes the loader again, with a DistributedSampler."""
    assert all(rank["Lightning threads"] for rank in ranks)


def test_resumed_runs_have_the_batches_that_were_to_come(ranks):
    for rank in ranks:
        assert len(rank["resumed"]) == 5
        for way, (expected, found) in rank["resumed"].items():
            assert found == expected and expected, way


def test_samples_are_not_split_twice(ranks):
    assert all("DistributedSampler" in rank["refused"] for rank in ranks)
