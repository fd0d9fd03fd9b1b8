"""The journal of failures: shared by the processes of a run, and gone with the last of them."""

from __future__ import annotations

import os
import pickle
import signal
import subprocess
import sys

import pytest
import torch
from torch.utils.data import ConcatDataset

from pixfeed import DataLoader, FastTxtDataset
from pixfeed.datasets import journal


def missing(names, **options) -> FastTxtDataset:
    """A dataset of pictures that are not there."""
    return FastTxtDataset.from_samples(names, [0] * len(names), 8, 8, on_error="zeros", **options)


def paths(dataset) -> list[str]:
    return sorted(os.path.basename(failure.path) for failure in dataset.report())


@pytest.mark.slow
@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_several_datasets_in_processes(tmp_path, backend, method):
    """Each has its own failures, which all processes know of."""
    first, second = missing(["a", "b"], backend=backend, image_dir=tmp_path), missing(["c"], image_dir=tmp_path)
    loader = DataLoader(
        ConcatDataset([first, second]), 1, num_workers=3, workers="process", multiprocessing_context=method
    )
    for count in (1, 2):
        assert len(list(loader)) == 3
        assert paths(first) == ["a", "b"] and paths(second) == ["c"]
        assert {failure.count for failure in [*first.report(), *second.report()]} == {count}


SENT = """
import pickle, sys
dataset = pickle.load(sys.stdin.buffer)
dataset[0]
print(len(dataset.report()))
"""


@pytest.mark.slow
def test_sent_to_another_process(tmp_path):
    """As another library sends it."""
    dataset = missing(["a", "b"], image_dir=tmp_path)
    dataset[1]
    sent = subprocess.run([sys.executable, "-c", SENT], input=pickle.dumps(dataset), capture_output=True, check=True)
    assert sent.stdout == b"2\n" and paths(dataset) == ["a", "b"]


@pytest.mark.slow
@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
def test_of_a_run_that_has_ended(tmp_path, protocol):
    """Its number, and that of its file, may be those of something else by now."""
    code = f"""
import sys, torch, pixfeed
dataset = pixfeed.FastTxtDataset.from_samples(["a"] * 9, [0] * 9, 8, 8, on_error="zeros", image_dir={str(tmp_path)!r})
dataset.__getitems__(range(9))
torch.save(dataset, sys.argv[1], pickle_protocol={protocol})
"""
    subprocess.run([sys.executable, "-c", code, tmp_path / "saved"], check=True)
    dataset = torch.load(tmp_path / "saved", weights_only=False)
    dataset[0]
    assert paths(dataset) == ["a"]


def test_a_number_that_another_file_has(tmp_path):
    """Nothing is ever written into a file that is no journal."""
    other = os.open(tmp_path / "other", os.O_CREAT | os.O_RDWR)
    found = journal._found(os.getpid(), other, (0, 0))
    assert found is journal.own()
    os.close(other)
    assert journal._found(1 << 30, 0, (0, 0)) is found


CODE = """
import os, signal, pixfeed
dataset = pixfeed.FastTxtDataset.from_samples(["a"], [0], 8, 8, on_error="zeros")
dataset[0]
assert len(dataset.report()) == 1
os.kill(os.getpid(), signal.{signal})
"""


@pytest.mark.slow
@pytest.mark.parametrize("end", ["SIGTERM", "SIGKILL"])
@pytest.mark.parametrize("memfd", [True, False])
def test_a_process_that_is_killed_leaves_nothing(tmp_path, end, memfd):
    code = CODE.format(signal=end)
    if not memfd:
        code = "import os\ndel os.memfd_create\n" + code
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    result = subprocess.run([sys.executable, "-c", code], env=environment)
    assert result.returncode == -getattr(signal, end)
    assert os.listdir(tmp_path) == []
