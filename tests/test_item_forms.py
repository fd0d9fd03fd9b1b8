"""What an item is made of: images alone, rows and paths with it, dicts, transformed targets."""

from __future__ import annotations

import pickle

import images
import numpy as np
import pytest
import torch
from torch.utils.data import ConcatDataset, Subset
from torch.utils.data import DataLoader as TorchLoader

from pixfeed import DataLoader, FastTxtDataset, default_collate, pad_collate
from pixfeed.datasets import ImageFolder

COUNT = 5
WAYS = {
    "main": dict(num_workers=0),
    "threads": dict(num_workers=2),
    "fork": dict(num_workers=1, workers="process", multiprocessing_context="fork"),
}


@pytest.fixture(params=WAYS, ids=str)
def way(request) -> dict:
    return WAYS[request.param]


@pytest.fixture
def folder(tmp_path):
    for i in range(COUNT):
        (tmp_path / f"{i}.png").write_bytes(images.png(images.picture(8 + i, 9, i)))
    (tmp_path / "list.txt").write_text("".join(f"{i}.png {10 + i}\n" for i in range(COUNT)))
    return tmp_path


@pytest.fixture
def make(folder, backend):
    def make(*sides, **options) -> FastTxtDataset:
        return FastTxtDataset(folder / "list.txt", folder, *(sides or (6, 7)), backend=backend, **options)

    return make


def double(target):
    return target * 2


# -- images alone --------------------------------------------------------------------------------------------------


def test_lists_for_prediction(folder, backend, way):
    """Names alone, or with anything after them."""
    (folder / "names.txt").write_text("0.png\n1.png cat dog\n\n2.png 3 0.5 -\n")
    dataset = FastTxtDataset(folder / "names.txt", folder, 6, 7, labels=False, backend=backend)
    assert len(dataset) == 3 and [dataset.files.line(i) for i in range(3)] == [1, 2, 4]
    assert type(dataset[1]) is torch.Tensor and torch.equal(dataset[1], images.reference(folder / "1.png", (6, 7)))
    expected = torch.stack([dataset[i] for i in range(3)])
    (batch,) = DataLoader(dataset, 4, **way)
    assert type(batch) is torch.Tensor and torch.equal(batch, expected)
    (batch,) = TorchLoader(dataset, 4)
    assert torch.equal(batch, expected)
    (batch,) = DataLoader(ConcatDataset([dataset, Subset(dataset, [2, 0])]), 5, **way)
    assert torch.equal(batch, expected[[0, 1, 2, 2, 0]])
    assert [len(batch) for batch in DataLoader(dataset, 2, **way)] == [2, 1]
    assert torch.equal(pickle.loads(pickle.dumps(dataset))[2], expected[2])
    assert DataLoader(dataset, 1, num_workers=1, workers="thread").workers == "thread"


def test_images_alone_are_handed_on_without_a_copy(make):
    samples = make(labels=False).__getitems__([0, 1])
    assert isinstance(samples, list) and type(pickle.loads(pickle.dumps(samples))) is list
    assert torch.utils.data.default_collate(samples).shape == (2, 3, 6, 7)
    assert default_collate(samples).data_ptr() == pad_collate(samples).data_ptr() == samples[0].data_ptr()


def test_images_alone_of_their_own_sizes(make, way):
    dataset = make(None, None, labels=False)
    (batch,) = DataLoader(dataset, COUNT, collate_fn=pad_collate, **way)
    assert batch.shape == (COUNT, 3, 12, 9) and torch.equal(batch[0, :, :8], dataset[0])
    with pytest.raises(RuntimeError, match=r"0\.png.*1\.png"):
        next(iter(DataLoader(dataset, 2)))


def test_regions_without_labels(folder, backend):
    (folder / "regions.txt").write_text("0.png 1 2 3 4\n1.png 0 0 5 5 and more\n")
    options = dict(roi_columns=4, labels=False, backend=backend)
    dataset = FastTxtDataset(folder / "regions.txt", folder, None, None, **options)
    assert [tuple(dataset[i].shape) for i in range(2)] == [(3, 4, 3), (3, 5, 5)]
    (folder / "regions.txt").write_text("0.png 1 2 3\n")
    with pytest.raises(ValueError, match="line 1: the region has not four numbers"):
        FastTxtDataset(folder / "regions.txt", folder, **options)


def test_a_missing_label_stays_an_error(folder, backend):
    (folder / "names.txt").write_text("0.png 0\n1.png\n")
    with pytest.raises(ValueError, match=r"line 2: there is no label after the name.*labels=False"):
        FastTxtDataset(folder / "names.txt", folder, backend=backend)


def test_samples_and_folders_without_labels(folder, backend):
    paths = [folder / f"{i}.png" for i in range(COUNT)]
    assert FastTxtDataset.from_samples(paths, False, 6, 7, backend=backend)[4].shape == (3, 6, 7)
    (folder / "below").mkdir()
    (folder / "below" / "x.png").write_bytes(images.png(images.picture(4, 4)))
    flat = FastTxtDataset.from_folder(folder, 6, 7, labels=False, backend=backend, return_path=True)
    assert [path for _, path in flat] == [*map(str, paths), str(folder / "below" / "x.png")]
    also = ImageFolder(folder, labels=False, backend=backend)
    assert len(also) == COUNT + 1 and also[0].shape == (3, 8, 9) and not hasattr(also, "targets")
    with pytest.raises(FileNotFoundError, match="no image in it"):
        (folder / "empty").mkdir()
        FastTxtDataset.from_folder(folder / "empty", labels=False)


def test_a_flat_folder_says_what_to_do(folder):
    for kind in (FastTxtDataset.from_folder, ImageFolder):
        with pytest.raises(FileNotFoundError, match=r"no class.*labels=False.*FastTxtDataset.*from_samples"):
            kind(folder)


def test_what_does_not_go_without_labels(make):
    for wrong in (dict(squeeze_labels=True), dict(classes="auto"), dict(label_dtype=np.float32)):
        with pytest.raises(ValueError, match="labels=False"):
            make(labels=False, **wrong)
    with pytest.raises(ValueError, match="labels=False"):
        make(labels=False, target_transform=double)
    with pytest.raises(ValueError, match="labels=False go with targets='labels'"):
        make(labels=False, targets="mask")
    with pytest.raises(ValueError, match="labels=False"):
        make(labels=False).with_labels([0] * COUNT)


# -- rows and paths ------------------------------------------------------------------------------------------------


def test_rows_and_paths(make, folder, way):
    dataset = make(return_index=True, return_path=True)
    image, label, row, path = dataset[-1]
    assert torch.equal(image, make()[4][0]) and label.tolist() == [14] and type(row) is int and row == 4
    assert path == str(folder / "4.png")
    seen = Subset(dataset, [3, 1])
    for loader in (DataLoader(seen, 2, **way), TorchLoader(seen, 2)):
        ((batch, labels, rows, paths),) = loader
        assert batch.shape == (2, 3, 6, 7) and labels.tolist() == [[13], [11]]
        assert rows.dtype == torch.int64 and rows.tolist() == [3, 1]
        assert paths == [str(folder / "3.png"), str(folder / "1.png")]
    *_, (_, _, rows, _) = DataLoader(ConcatDataset([dataset, dataset]), 2 * COUNT, **way)
    assert rows.tolist() == [*range(COUNT)] * 2
    both = ConcatDataset([dataset, make(4, 4, return_index=True, return_path=True)])
    (_, labels, rows, paths), *_ = DataLoader(both, 2, sampler=[0, COUNT + 1], collate_fn=pad_collate, **way)
    assert rows.tolist() == [0, 1] and labels.tolist() == [[10], [11]] and paths[1] == str(folder / "1.png")


def test_rows_with_skip_are_those_that_are_there(make, folder, way):
    (folder / "1.png").write_bytes(b"no image")
    dataset = make(2 * COUNT, 7, 2, on_error="skip", return_index=True, return_path=True, labels=True)
    batches = [*DataLoader(dataset, 3, **way)]
    rows = torch.cat([batch[2] for batch in batches]).tolist()
    assert rows == [0, 2, 2, 3, 4] * 2
    paths = [path for batch in batches for path in batch[3]]
    assert paths == [str(folder / f"{row}.png") for row in rows]
    assert torch.cat([batch[1] for batch in batches])[:, 0].tolist() == [10 + row for row in rows]
    assert {failure.path for failure in dataset.report()} == {str(folder / "1.png")}


def test_rows_of_images_of_their_own_sizes(make):
    dataset = make(None, None, return_index=True)
    (_, _, rows), *_ = DataLoader(dataset, 3, collate_fn=pad_collate, num_workers=2)
    assert rows.tolist() == [0, 1, 2]


def test_rows_without_labels(make, way):
    ((batch, rows),) = DataLoader(make(labels=False, return_index=True), COUNT, **way)
    assert batch.shape == (COUNT, 3, 6, 7) and rows.tolist() == [*range(COUNT)]


def test_datasets_of_different_forms_are_not_mixed(make):
    both = ConcatDataset([make(), make(return_index=True)])
    with pytest.raises(RuntimeError, match="equal size"):
        next(iter(DataLoader(both, 2, sampler=[0, COUNT])))


# -- dicts ---------------------------------------------------------------------------------------------------------


def test_dicts(make, way):
    dataset = make(keys=("pixel_values", "labels"), squeeze_labels=True)
    plain = make(squeeze_labels=True)
    assert isinstance(dataset[1], dict) and [*dataset[1]] == ["pixel_values", "labels"] and dataset[1]["labels"] == 11
    (images_, labels), *_ = DataLoader(plain, 3)
    for loader in (DataLoader(dataset, 3, **way), TorchLoader(dataset, 3)):
        batch = next(iter(loader))
        assert type(batch) is dict and [*batch] == ["pixel_values", "labels"]
        assert torch.equal(batch["pixel_values"], images_) and torch.equal(batch["labels"], labels)
    again = pickle.loads(pickle.dumps(dataset))
    assert again[1]["labels"] == 11 and type(pickle.loads(pickle.dumps(again[1]))) is dict
    batch = next(iter(DataLoader(ConcatDataset([dataset, dataset]), 2 * COUNT, **way)))
    assert batch["labels"].tolist() == [*range(10, 10 + COUNT)] * 2


def test_a_batch_of_dicts_is_not_copied(make):
    samples = make(keys=("image", "label")).__getitems__([0, 1])
    collated = torch.utils.data.default_collate(samples)
    assert collated["image"].data_ptr() == samples.images.data_ptr()
    assert [sample["label"].tolist() for sample in samples] == [[10], [11]]


def test_dicts_with_rows_and_without_labels(make, folder):
    batch = next(iter(DataLoader(make(keys=("image", "label"), return_index=True, return_path=True), 2)))
    assert [*batch] == ["image", "label", "index", "path"] and batch["index"].tolist() == [0, 1]
    assert [*make(keys=("image",), labels=False)[0]] == ["image"]
    ragged = make(None, None, keys=("image", "label"))
    assert next(iter(DataLoader(ragged, 2, collate_fn=pad_collate)))["image"].shape == (2, 3, 9, 9)
    with pytest.raises(RuntimeError, match=r"0\.png.*1\.png"):
        next(iter(DataLoader(ragged, 2)))


def test_dicts_of_masks_and_boxes(folder, backend):
    options = dict(keys=("image", "target"), backend=backend)
    for i in range(2):
        (folder / f"m{i}.png").write_bytes(images.png(np.full((8 + i, 9), i, np.uint8)))
    (folder / "masks.txt").write_text("0.png m0.png\n1.png m1.png\n")
    masks = FastTxtDataset(folder / "masks.txt", folder, 6, 7, targets="mask", **options)
    assert next(iter(DataLoader(masks, 2, num_workers=2)))["target"].shape == (2, 6, 7)
    own = FastTxtDataset(folder / "masks.txt", folder, None, None, targets="mask", **options)
    padded = next(iter(DataLoader(own, 2, collate_fn=pad_collate)))["target"]
    assert padded.shape == (2, 9, 9) and (padded[0, 8] == 255).all()
    (folder / "boxes.txt").write_text("0.png 1 0 0 4 4\n1.png\n")
    boxes = FastTxtDataset(folder / "boxes.txt", folder, 6, 7, targets="boxes", **options)
    batch = next(iter(DataLoader(boxes, 2, num_workers=2, collate_fn=pad_collate)))
    assert batch["target"]["labels"].tolist() == [[1], [-1]]


def test_keys_that_make_no_sense(make):
    for wrong in ("image", ("image",), ("image", "label", "row"), ("image", "image"), ("image", 1)):
        with pytest.raises((ValueError, TypeError), match="keys"):
            make(keys=wrong)
    with pytest.raises(ValueError, match="each must be another one"):
        make(keys=("image", "index"), return_index=True)


# -- target_transform ----------------------------------------------------------------------------------------------


def test_target_transform(make):
    dataset = make(squeeze_labels=True, target_transform=double)
    assert dataset[1][1] == 22 and type(dataset[1][1]) is int
    for ways in (dict(num_workers=0), WAYS["fork"], dict(num_workers=1)):
        ((_, labels),) = DataLoader(dataset, COUNT, **ways)
        assert labels.tolist() == [20, 22, 24, 26, 28] and labels.dtype == torch.int64
    assert make(target_transform=double)[0][1].tolist() == [20]
    assert "in Python, per target: double" in repr(dataset)
    with pytest.raises(ValueError, match=r"workers='thread' is not possible: target_transform runs in Python"):
        DataLoader(dataset, 2, num_workers=1, workers="thread")
    dataset.target_transform = None
    assert dataset[1][1] == 11 and DataLoader(dataset, 2, num_workers=1, workers="thread").workers == "thread"
    with pytest.raises(TypeError, match="target_transform is 3; it must be a function"):
        make(target_transform=3)


def test_target_transform_of_masks(folder, backend):
    (folder / "m.png").write_bytes(images.png(np.full((8, 9), 3, np.uint8)))
    (folder / "masks.txt").write_text("0.png m.png\n")
    options = dict(targets="mask", target_transform=double, backend=backend)
    dataset = FastTxtDataset(folder / "masks.txt", folder, 6, 7, **options)
    assert (dataset[0][1] == 6).all() and next(iter(DataLoader(dataset)))[1].shape == (1, 6, 7)
