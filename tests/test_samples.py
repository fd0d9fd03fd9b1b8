"""Samples: names and labels in memory."""

from __future__ import annotations

import os
import pickle

import numpy as np
import pytest

from pixfeed import ListError
from pixfeed.lists.samples import Samples


def test_samples(tmp_path):
    samples = Samples(["a b.jpg", tmp_path / "ü\n.jpg", os.fsdecode(b"\xff.jpg"), ""], [3, 2, 1, 0])
    assert list(samples.names()) == ["a b.jpg", str(tmp_path / "ü\n.jpg"), os.fsdecode(b"\xff.jpg"), ""]
    assert samples.labels.tolist() == [[3], [2], [1], [0]] and samples.labels.dtype == np.int64
    assert samples.line(0) is None and list(pickle.loads(pickle.dumps(samples)).names()) == list(samples.names())
    for labels, dtype in (([0.5], np.float64), (np.float32([[1, 2]]), np.float32), ([True], np.int64)):
        assert Samples(["a"], labels).labels.dtype == dtype
    given = np.zeros((2, 2), np.int64)
    samples = Samples(["a", "b"], given)
    given[:] = 1
    assert not samples.labels.any()
    with pytest.raises(ListError, match="no samples"):
        Samples([], [])
    for labels in ([1, 2, 3], [[[1], [2]]], 5, np.zeros((2, 0))):
        with pytest.raises(ValueError, match="need"):
            Samples(["a", "b"], labels)
    with pytest.raises(TypeError, match="labels"):
        Samples(["a"], ["b"])
    with pytest.raises(TypeError):
        Samples([3], [0])
