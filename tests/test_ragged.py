"""Images that differ in size: the errors of default_collate, and pad_collate."""

from __future__ import annotations

import images
import numpy as np
import pytest
import torch
from outcomes import Point, check, choose_tables
from torch.utils.data import ConcatDataset, DataLoader, default_collate

import pixfeed
from pixfeed import FastTxtDataset, RaggedError


@pytest.fixture(autouse=True)
def chosen(monkeypatch, backend):
    choose_tables(monkeypatch, backend)


@pytest.fixture
def dataset(tmp_path, backend) -> FastTxtDataset:
    for i in range(4):
        (tmp_path / f"{i}.png").write_bytes(images.png(images.picture(40 + i // 2, 50 - i, seed=i)))
    (tmp_path / "train.txt").write_text("".join(f"{i}.png {i}\n" for i in range(4)))
    return FastTxtDataset(tmp_path / "train.txt", tmp_path, None, None, backend=backend)


DIFFER = r"0\.png.*line 1.*sample 0.*\[3, 40, 50\].*1\.png.*line 2.*sample 1.*\[3, 40, 49\].*resize_height.*pad_collate"


@pytest.mark.parametrize("function", [None, default_collate, pixfeed.default_collate])
@pytest.mark.parametrize("wrap", [lambda d: d, lambda d: ConcatDataset([d])], ids=["plain", "concat"])
def test_files_of_different_sizes_are_named(dataset, function, wrap):
    with pytest.raises(RaggedError, match=f"(?s){DIFFER}"):
        list(DataLoader(wrap(dataset), batch_size=4, collate_fn=function))


def test_files_of_different_sizes_are_named_from_a_worker(dataset):
    batches = iter(DataLoader(dataset, batch_size=4, num_workers=1))
    with pytest.raises(RaggedError, match=f"(?s){DIFFER}"):
        list(batches)
    batches._shutdown_workers()  # the garbage collector would find the iterator, and wait for torch's processes


def test_one_size_is_no_error(dataset):
    for function in (default_collate, pixfeed.default_collate, pixfeed.pad_collate):
        pictures, labels = function([dataset[1], dataset[1]])
        assert torch.equal(pictures, torch.stack([dataset[1][0]] * 2)) and labels.tolist() == [[1], [1]]


@pytest.mark.parametrize("large", [1, 100])
@pytest.mark.parametrize("make", [torch.ones, np.ones])
def test_shapes_and_positions_are_named(make, large):
    batch = [{"x": [make((4, 5 * large))]}, {"x": [make((4, 5 * large))]}, {"x": [make((4, 6 * large))]}]
    message = rf"sample 0 of the batch is \[4, {5 * large}\].*sample 2 of the batch is \[4, {6 * large}\]"
    with pytest.raises(RuntimeError, match=message):
        pixfeed.default_collate(batch)


def test_labels_of_different_lengths():
    """The images are alike: it is not their files that are to blame."""
    from pixfeed.collate import Sample

    batch = [Sample(torch.ones(3, 2, 2), np.arange(i)) for i in (1, 2)]
    with pytest.raises(RaggedError, match=r"\[1\].*\[2\]"):
        pixfeed.default_collate(batch)


@pytest.mark.parametrize("value", [0, 0.5])
def test_padding_pictures(dataset, value):
    loader = DataLoader(dataset, batch_size=4, collate_fn=lambda batch: pixfeed.pad_collate(batch, value))
    ((pictures, labels),) = loader
    assert pictures.shape == (4, 3, 41, 50) and labels.tolist() == [[0], [1], [2], [3]]
    for i, picture in enumerate(pictures):
        expected = torch.full((3, 41, 50), float(value))
        image, _ = dataset[i]
        expected[:, : image.shape[1], : image.shape[2]] = image
        assert torch.equal(picture, expected)


@pytest.mark.parametrize("make", [torch.from_numpy, np.asarray])
@pytest.mark.parametrize("dtype", ["?", "u1", "i8", "f2", "f4", "c8"])
def test_padding_anything(make, dtype):
    batch = [{"mask": make(np.ones((h, w), dtype)), "n": h, "name": str(w)} for h, w in ((2, 5), (4, 3), (2, 5))]
    padded = pixfeed.pad_collate(batch)
    assert padded["mask"].shape == (3, 4, 5) and padded["mask"].dtype == torch.from_numpy(np.ones(1, dtype)).dtype
    assert padded["mask"].to(torch.complex64).real.sum((1, 2)).tolist() == [10, 12, 10]
    assert padded["n"].tolist() == [2, 4, 2] and padded["name"] == ["5", "3", "5"]


def test_padding_where_nothing_is_to_be_padded():
    batch = [{"x": torch.ones(3, 4), "y": [np.ones(2), 1.5], "z": Point(1, "a")} for _ in range(3)]
    check(pixfeed.pad_collate(batch), default_collate(batch))


@pytest.mark.parametrize("shapes", [((3, 4, 4), (1, 4, 4)), ((3,), (4,)), ((4, 4), (1, 4, 4))])
def test_what_padding_cannot_help(shapes):
    with pytest.raises(RaggedError):
        pixfeed.pad_collate([torch.ones(shape) for shape in shapes])
