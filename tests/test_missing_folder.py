"""A folder of images that is not there is named when the dataset is made, not when the first image is read."""

from __future__ import annotations

import images
import pytest

from pixfeed import FastTxtDataset


@pytest.fixture
def listed(tmp_path, backend, monkeypatch):
    monkeypatch.setenv("PIXFEED_BACKEND", backend)
    (tmp_path / "0.png").write_bytes(images.png(images.picture(20, 30)))
    (tmp_path / "train.txt").write_text("0.png 0\n")
    return tmp_path / "train.txt"


@pytest.mark.parametrize("on_error", ["raise", "skip"])
def test_of_a_list(listed, on_error):
    with pytest.raises(FileNotFoundError, match=r"photos: there is no such folder; names in .*train.txt are relative"):
        FastTxtDataset(listed, listed.parent / "photos", on_error=on_error)


def test_of_samples(listed):
    with pytest.raises(FileNotFoundError, match=r"photos: there is no such folder; names in samples"):
        FastTxtDataset.from_samples(["0.png"], [0], image_dir=listed.parent / "photos")


def test_absolute_names_and_bytes_need_none(listed):
    path = listed.parent / "0.png"
    for given in (path, path.read_bytes()):
        dataset = FastTxtDataset.from_samples([given], [0], 8, 8, image_dir=listed.parent / "photos")
        assert dataset[0][0].shape == (3, 8, 8)


def test_folders_of_classes_have_no_masks(listed):
    with pytest.raises(TypeError, match=r"from_folder\(\) has no masks.*from_samples\(paths, masks='{stem}.png'"):
        FastTxtDataset.from_folder(listed.parent, masks="{stem}.png")
