"""What a collate function returns or raises, and whether two of them do the same."""

from __future__ import annotations

import warnings
from collections import UserList, deque, namedtuple
from collections.abc import Mapping

import numpy as np
import torch

from pixfeed import backends
from pixfeed.backends.plain import Plain

Point = namedtuple("Point", "x y")
UNSIGNED = (torch.uint16, torch.uint32, torch.uint64)  # torch.equal knows them from 2.4 on


def outcome(function, batch):
    """What it returns or raises."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch warns of arrays that are read-only
        try:
            return function(batch)
        except Exception as error:
            return error


def check(ours, theirs) -> None:
    """The same, all the way down."""
    if isinstance(theirs, Exception):
        assert isinstance(ours, type(theirs)), (ours, theirs)
        return
    assert type(ours) is type(theirs), (ours, theirs)
    if isinstance(theirs, torch.Tensor):
        for name in ("dtype", "shape", "device", "layout", "requires_grad"):
            assert getattr(ours, name) == getattr(theirs, name), name
        assert ours.stride() == theirs.stride()
        if theirs.is_quantized:
            ours, theirs = ours.int_repr(), theirs.int_repr()
        if theirs.dtype.is_floating_point or theirs.dtype.is_complex:  # NaN is NaN here
            ours, theirs = (torch.view_as_real(t.detach().to(torch.complex128)).nan_to_num(7) for t in (ours, theirs))
        if theirs.dtype in UNSIGNED:
            assert np.array_equal(ours.numpy(), theirs.numpy())
            return
        assert theirs.device.type != "cpu" or torch.equal(ours, theirs)
    elif isinstance(theirs, Mapping):
        assert list(ours) == list(theirs)
        assert getattr(ours, "default_factory", None) == getattr(theirs, "default_factory", None)
        for key in theirs:
            check(ours[key], theirs[key])
    elif isinstance(theirs, (tuple, list, deque, UserList)):
        for a, b in zip(ours, theirs, strict=True):
            check(a, b)
    else:
        assert ours == theirs


def choose_tables(monkeypatch, backend) -> None:
    """This backend for what is collated."""
    monkeypatch.setenv("PIXFEED_BACKEND", backend)
    assert isinstance(backends.choose_tables(), Plain) == (backend == "opencv")
