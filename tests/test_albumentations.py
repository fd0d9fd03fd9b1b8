"""Transforms of albumentations in a Compose: called as they want to be, per sample, with a word of advice."""

from __future__ import annotations

import pickle
import sys
import types

import images
import numpy as np
import pytest
import torch

import pixfeed
import pixfeed.transforms as T

SIDE = 12


class Invert:
    """As albumentations' transforms are called."""

    def __call__(self, *, image: np.ndarray) -> dict[str, np.ndarray]:
        assert isinstance(image, np.ndarray) and image.dtype == np.uint8 and image.shape == (SIDE, SIDE, 3)
        return {"image": 255 - image}


@pytest.fixture(autouse=True)
def its_module(monkeypatch):
    module = types.ModuleType("albumentations")
    module.Invert = Invert
    monkeypatch.setitem(sys.modules, "albumentations", module)
    monkeypatch.setattr(Invert, "__module__", "albumentations")


@pytest.mark.parametrize("input", ["pil", "numpy", "tensor"])
def test_it_is_called_with_an_array(backend, input, tmp_path):
    picture = images.picture(20, 30)
    file = tmp_path / "0.png"
    file.write_bytes(images.png(picture))
    steps = [T.Resize((SIDE, SIDE)), Invert(), T.ToTensor()]
    dataset = pixfeed.FastTxtDataset.from_samples(
        [str(file)], np.zeros(1, np.int64), transform=T.Compose(steps), transform_input=input, backend=backend
    )
    plain = pixfeed.FastTxtDataset.from_samples(
        [str(file)], np.zeros(1, np.int64), transform=T.Resize((SIDE, SIDE)), dtype=torch.uint8, backend=backend
    )
    made = dataset[0][0]
    torch.testing.assert_close(made, (255 - plain[0][0]).float() / 255, rtol=0, atol=1e-7)
    assert torch.equal(pickle.loads(pickle.dumps(dataset))[0][0], made)
    assert "albumentations' Invert (pixfeed.transforms has most of its operations natively" in str(dataset)
