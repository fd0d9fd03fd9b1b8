"""YoloDetection: boxes in a text file per image."""

from __future__ import annotations

import pickle

import images
import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader

import pixfeed
from pixfeed import ListError
from pixfeed import transforms as T
from pixfeed.datasets import YoloDetection

SIZES = {"a.jpg": (40, 60), "sub/b.png": (31, 33), "c.jpg": (20, 20), "sub/d.jpg": (50, 30)}
#: class cx cy w h; c.jpg has no file, that of d.jpg is empty.
LABELS = {
    "a": [(2, 0.5, 0.5, 0.5, 0.25), (0, 0.1, 0.25, 0.2, 0.5)],
    "sub/b": [(1, 0.25, 0.75, 0.123456, 0.25)],
    "sub/d": [],
}


@pytest.fixture
def folder(tmp_path):
    for name, size in SIZES.items():
        path = tmp_path / "images" / "train" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes((images.png if name.endswith("png") else images.jpeg)(images.picture(*size)))
    for name, rows in LABELS.items():
        path = tmp_path / "labels" / "train" / f"{name}.txt"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("\n".join(" ".join(map(str, row)) for row in rows) + "\n")
    return tmp_path


def corners(name: str) -> np.ndarray:
    """left, upper, right, lower of an image's boxes."""
    height, width = SIZES[name]
    rows = np.array(LABELS.get(name.split(".")[0], [])).reshape(-1, 5)
    middle, sides = rows[:, 1:3] * [width, height], rows[:, 3:] * [width, height]
    return np.concatenate([middle - sides / 2, middle + sides / 2], 1)


def test_a_folder(folder, backend):
    names = ["cat", "dog", "bird"]
    dataset = YoloDetection(folder / "images" / "train", names=names, backend=backend)
    assert list(dataset.files.names()) == ["a.jpg", "c.jpg", "sub/b.png", "sub/d.jpg"]
    assert dataset.classes == names and dataset.class_to_idx["bird"] == 2 and "targets='boxes'" in repr(dataset)
    for each in (dataset, pickle.loads(pickle.dumps(dataset))):
        for i, name in enumerate(each.files.names()):
            image, target = each[i]
            assert image.shape[1:] == SIZES[name] and target["boxes"].dtype == torch.float32
            np.testing.assert_allclose(target["boxes"].numpy(), corners(name), atol=1e-4)
            assert target["labels"].tolist() == [row[0] for row in LABELS.get(name.split(".")[0], [])]
    assert dataset[1][1]["boxes"].shape == (0, 4) and dataset[1][1]["labels"].dtype == torch.int64
    with pytest.raises(ValueError, match="read-only"):
        dataset.files.values[0] = 0


@pytest.mark.parametrize("given", ["paths", "list", "beside", "list with ./"])
def test_paths_and_lists(folder, backend, given, monkeypatch):
    names = ["sub/b.png", "a.jpg"]
    lists = folder / "train.txt"
    options = {"backend": backend}
    if given == "paths":
        images_ = [folder / "images" / "train" / name for name in names]
    elif given == "list with ./":  # relative to the list
        lists.write_text("".join(f"./images/train/{name}\n" for name in names))
        images_ = lists
    else:
        lists.write_text("\ufeff" + "\r\n\r\n".join(f"images/train/{name}" for name in names), encoding="utf-8")
        images_ = str(lists)
        if given == "list":
            options["image_dir"] = folder
        else:  # relative to where the script runs
            monkeypatch.chdir(folder)
    dataset = YoloDetection(images_, **options)
    for i, name in enumerate(names):
        np.testing.assert_allclose(dataset[i][1]["boxes"].numpy(), corners(name), atol=1e-4)


def test_a_folder_of_labels(folder):
    root = folder / "images" / "train"
    (folder / "labels").rename(folder / "boxes")
    dataset = YoloDetection(root, folder / "boxes" / "train")
    np.testing.assert_allclose(dataset[2][1]["boxes"].numpy(), corners("sub/b.png"), atol=1e-4)
    flat = YoloDetection([root / "sub" / "b.png"], folder / "boxes" / "train" / "sub")
    np.testing.assert_allclose(flat[0][1]["boxes"].numpy(), corners("sub/b.png"), atol=1e-4)
    with pytest.raises(FileNotFoundError, match=r"labels/train/a\.txt: there is no such label file, nor .* label_dir"):
        YoloDetection(root)
    (folder / "images").rename(folder / "pictures")  # no folder of that name: beside the image
    (folder / "pictures" / "train" / "a.txt").write_text("7 0.5 0.5 1 1\n")
    beside = YoloDetection(folder / "pictures" / "train")
    assert beside[0][1]["boxes"].tolist() == [[0, 0, 60, 40]] and len(beside[2][1]["labels"]) == 0


def test_the_last_folder_of_images_is_replaced(tmp_path):
    for kind in ("images", "labels"):
        (tmp_path / "images" / kind).mkdir(parents=True)
    (tmp_path / "images" / "images" / "a.png").write_bytes(images.png(images.picture(8, 8)))
    (tmp_path / "images" / "labels" / "a.txt").write_text("0 0.5 0.5 1 1")
    assert len(YoloDetection(tmp_path / "images" / "images")[0][1]["labels"]) == 1


@pytest.mark.parametrize(
    "line, what",
    [
        ("1 0.5 0.5 0.5", "4 fields; there must be 5 numbers"),
        ("1 0.5 0.5 0.5 0.5 0.9", "6 fields"),
        ("1 0.5 0.5 x 0.5", "5 fields; there must be 5 numbers, class cx cy w h"),
        ("1 12 20 30 40", "shares of the image's sides, from 0 to 1"),
        ("1 -0.1 0.5 0.5 0.5", "shares"),
        ("1 nan 0.5 0.5 0.5", "shares"),
        ("1.5 0.5 0.5 0.5 0.5", "the class must be an integer"),
        ("-1 0.5 0.5 0.5 0.5", "the class must be an integer"),
        ("3 0.5 0.5 0.5 0.5", "there are 3 class names, so the class is at most 2"),
    ],
)
def test_a_bad_line_names_file_and_line(folder, line, what):
    path = folder / "labels" / "train" / "a.txt"
    path.write_text(f"0 0.5 0.5 0.5 0.5\n\n{line}\n")
    with pytest.raises(ListError, match=what) as caught:
        YoloDetection(folder / "images", names=["a", "b", "c"])
    assert str(caught.value).startswith(f"{path}, line 3: {line!r}: ") and caught.value.line == 3


def test_boxes_without_area_and_a_little_outside(folder):
    (folder / "labels" / "train" / "a.txt").write_text("1 0.5 0.5 0 0.5\n2.0 0.5 0.5 1.0000002 1\n")
    with pytest.warns(UserWarning, match=r"1 boxes are empty \(w or h is 0\)") as caught:
        dataset = YoloDetection(folder / "images")
    assert caught[0].filename == __file__  # the line that makes the dataset
    assert dataset[0][1]["boxes"].tolist() == [[0, 0, 60, 40]] and dataset[0][1]["labels"].tolist() == [2]


def test_class_names(folder, tmp_path):
    (tmp_path / "coco.names").write_text("cat\nhot dog\n\nbird\n")
    for names in (tmp_path / "coco.names", {1: "hot dog", 0: "cat", 2: "bird"}):
        assert YoloDetection(folder / "images", names=names).classes == ["cat", "hot dog", "bird"]
    with pytest.raises(ValueError, match="numbers"):
        YoloDetection(folder / "images", names={1: "a", 2: "b"})
    (folder / "empty").mkdir()
    with pytest.raises(FileNotFoundError, match="there is no image in it"):
        YoloDetection(folder / "empty")


@pytest.mark.parametrize("make", [DataLoader, pixfeed.DataLoader], ids=["torch", "pixfeed"])
def test_batches_of_a_training_loop(folder, backend, make):
    """[N, 6] from both loaders, in processes and threads."""
    transform = T.Compose([T.Letterbox(64), T.ToTensor()])
    dataset = YoloDetection(folder / "images", transform=transform, backend=backend)
    expected = []
    for i, name in enumerate(dataset.files.names()):
        name = name.removeprefix("train/")
        height, width = SIZES[name]
        sides = np.array([round(side * min(64 / height, 64 / width)) for side in (width, height)])
        for row in LABELS.get(name.split(".")[0], []):
            middle = (np.array(row[1:3]) * sides + (64 - sides) // 2) / 64
            expected.append([i, row[0], *middle, *(np.array(row[3:]) * sides / 64)])
    for workers in (0, 2):
        ((pictures, boxes),) = make(dataset, 4, num_workers=workers, collate_fn=pixfeed.detection_collate)
        assert pictures.shape == (4, 3, 64, 64) and boxes.dtype == torch.float32
        np.testing.assert_allclose(boxes.numpy(), expected, atol=1e-5)
    if make is pixfeed.DataLoader:
        make(dataset, 4, num_workers=2, workers="thread", collate_fn=pixfeed.detection_collate)


def test_a_data_yaml_is_no_list(folder):
    (folder / "data.yaml").write_text("train: images/train\nnc: 3\n")
    with pytest.raises(ValueError, match=r"data\.yaml is no list of images: give the folder or the list"):
        YoloDetection(folder / "data.yaml")


def test_links_that_lead_back_up_are_not_followed(folder):
    images_folder = folder / "images" / "train"
    before = len(YoloDetection(images_folder))
    (images_folder / "loop").symlink_to(".")
    (images_folder / "sub" / "up").symlink_to("..")
    assert len(YoloDetection(images_folder)) == before


def test_no_images(folder):
    (folder / "train.txt").write_text("\n")
    for nothing in (folder / "train.txt", []):
        with pytest.raises(FileNotFoundError, match="there are no images in it"):
            YoloDetection(nothing)
    (folder / "train.txt").write_bytes("images/train/a.jpg\n".encode("utf-16"))
    with pytest.raises(ListError, match=r"train\.txt: this list is UTF-16"):
        YoloDetection(folder / "train.txt")


def test_two_images_with_one_label_file(folder):
    labels = folder / "labels" / "train"
    with pytest.raises(ValueError, match=r"would both have the label file .*a\.txt: with label_dir the names"):
        YoloDetection([folder / "t" / "a.jpg", folder / "v" / "a.jpg"], label_dir=labels)


@pytest.mark.parametrize("number", ["1e300", "inf", "nan", str(2**63)])
def test_a_class_that_is_no_number_of_a_class(folder, number):
    (folder / "labels" / "train" / "a.txt").write_text(f"{number} 0.5 0.5 0.5 0.5\n")
    with pytest.raises(ListError, match=r"a\.txt, line 1: .*the class must be an integer"):
        YoloDetection(folder / "images" / "train")


def test_a_label_file_with_a_byte_order_mark(folder):
    path = folder / "labels" / "train" / "a.txt"
    expected = YoloDetection(folder / "images" / "train")[0][1]["labels"]
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    assert torch.equal(YoloDetection(folder / "images" / "train")[0][1]["labels"], expected)
