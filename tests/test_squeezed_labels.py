"""One label per image as a number: [B] in a batch, as torch.nn.functional.cross_entropy takes it."""

from __future__ import annotations

import pickle
import warnings

import images
import numpy as np
import pytest
import torch

from pixfeed import DataLoader, FastTxtDataset


@pytest.fixture
def folder(tmp_path):
    for i in range(4):
        (tmp_path / "0" / f"{i}.png").parent.mkdir(exist_ok=True)
        (tmp_path / "0" / f"{i}.png").write_bytes(images.png(images.picture(8, 9, i)))
    (tmp_path / "one.txt").write_text("".join(f"0/{i}.png {i}\n" for i in range(4)))
    (tmp_path / "two.txt").write_text("".join(f"0/{i}.png {i} 9\n" for i in range(4)))
    return tmp_path


def labels_of(dataset):
    (_, labels), *_ = DataLoader(dataset, 4)
    return labels


def test_of_samples(folder, backend):
    """They have the shape that was given."""
    paths = [folder / "0" / f"{i}.png" for i in range(4)]
    flat = FastTxtDataset.from_samples(paths, [0, 1, 2, 3], 8, 8, backend=backend)
    assert flat[2][1] == 2 and type(flat[2][1]) is int
    assert labels_of(flat).tolist() == [0, 1, 2, 3] and labels_of(flat).dtype == torch.int64
    torch.nn.functional.cross_entropy(torch.zeros(4, 5), labels_of(flat))
    assert labels_of(pickle.loads(pickle.dumps(flat))).shape == (4,)
    table = FastTxtDataset.from_samples(paths, [[0], [1], [2], [3]], 8, 8, backend=backend)
    assert labels_of(table).shape == (4, 1)
    floats = FastTxtDataset.from_samples(paths, np.arange(4, dtype=np.float32), 8, 8, backend=backend)
    assert labels_of(floats).dtype == torch.float32 and labels_of(floats).shape == (4,)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert labels_of(flat.with_labels(np.full(4, 0.1, np.float16))).shape == (4,)
    assert labels_of(flat.with_labels(np.eye(4))).shape == (4, 4)  # smoothed, for example


def test_of_folders(folder, backend):
    assert labels_of(FastTxtDataset.from_folder(folder, 8, 8, backend=backend)).shape == (4,)


@pytest.mark.parametrize(("squeeze", "shape"), [(None, (4, 1)), (False, (4, 1)), (True, (4,))])
def test_of_lists(folder, backend, squeeze, shape):
    dataset = FastTxtDataset(folder / "one.txt", folder, 8, 8, squeeze_labels=squeeze, backend=backend)
    for copy in (dataset, pickle.loads(pickle.dumps(dataset))):
        assert labels_of(copy).shape == shape


def test_several_labels_cannot_be_squeezed(folder, backend):
    with pytest.raises(ValueError, match=r"two\.txt has 2 labels per image; squeeze_labels=True is for one"):
        FastTxtDataset(folder / "two.txt", folder, squeeze_labels=True, backend=backend)
