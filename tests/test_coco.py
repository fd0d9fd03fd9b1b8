"""CocoDetection: boxes in one JSON file."""

from __future__ import annotations

import json
import pickle

import images
import pytest
import torch

from pixfeed import ListError
from pixfeed import transforms as T
from pixfeed.datasets import CocoDetection

SIZES = {42: (40, 60), 7: (31, 33), 100: (20, 20)}
CATEGORIES = {1: "person", 18: "dog", 90: "toothbrush"}
#: image_id, category_id, bbox, iscrowd.
ANNOTATIONS = [
    (42, 18, [10.5, 5.25, 20, 30], 0),
    (7, 90, [1, 2, 3, 4.125], 0),
    (42, 1, [0, 0, 60, 40], 1),
    (42, 1, [50, 30, 20, 20], 0),  # ends outside
    (5, 1, [1, 1, 2, 2], 0),  # of no image in the file
]


def content() -> dict:
    return {
        "info": {"year": 2017},
        "images": [{"id": i, "file_name": f"{i:012}.jpg", "height": h, "width": w} for i, (h, w) in SIZES.items()],
        "categories": [{"id": i, "name": name, "supercategory": "x"} for i, name in reversed(CATEGORIES.items())],
        "annotations": [
            {
                "id": n,
                "image_id": image,
                "category_id": category,
                "bbox": box,
                "area": 1.5,
                "iscrowd": crowd,
                "segmentation": {"counts": [1, 2], "size": [3, 4]} if crowd else [[1.5, 2, 3, 4, 5, 6]],
            }
            for n, (image, category, box, crowd) in enumerate(ANNOTATIONS)
        ],
    }


@pytest.fixture
def folder(tmp_path):
    for i, size in SIZES.items():
        (tmp_path / f"{i:012}.jpg").write_bytes(images.jpeg(images.picture(*size)))
    (tmp_path / "instances.json").write_text(json.dumps(content()))
    return tmp_path


def test_images_and_boxes(folder, backend):
    dataset = CocoDetection(str(folder), folder / "instances.json", backend=backend)
    assert dataset.ids == [7, 42, 100] and dataset.category_ids == [1, 18, 90]  # torchvision's order of images
    assert dataset.classes == ["person", "dog", "toothbrush"] and dataset.class_to_idx["dog"] == 1
    expected = {
        7: ([2], [[1, 2, 4, 6.125]]),
        42: ([1, 0], [[10.5, 5.25, 30.5, 35.25], [50, 30, 60, 40]]),
        100: ([], []),
    }
    for each in (dataset, pickle.loads(pickle.dumps(dataset))):
        for number, (image, target) in zip(each.ids, each, strict=True):
            labels, boxes = expected[number]
            assert image.shape[1:] == SIZES[number] and set(target) == {"boxes", "labels"}
            assert target["labels"].tolist() == labels and target["labels"].dtype == torch.int64
            assert target["boxes"].tolist() == boxes and target["boxes"].shape == (len(labels), 4)


def test_category_ids_and_crowds(folder, backend):
    how = {"contiguous": False, "crowd": "keep", "box_format": "xywh", "backend": backend}
    dataset = CocoDetection(folder, folder / "instances.json", **how)
    assert dataset.class_to_idx == {"person": 1, "dog": 18, "toothbrush": 90}
    target = dataset[1][1]
    assert target["labels"].tolist() == [18, 1, 1] and target["iscrowd"].tolist() == [0, 1, 0]
    assert target["boxes"].tolist() == [[10.5, 5.25, 20, 30], [0, 0, 60, 40], [50, 30, 10, 10]]
    dataset.transform = T.CenterCrop((40, 30))  # the last one is cropped off; columns follow
    assert dataset[1][1]["labels"].tolist() == [18, 1] and dataset[1][1]["iscrowd"].tolist() == [0, 1]
    (folder / f"{42:012}.jpg").write_bytes(b"")
    dataset.on_error = "zeros"
    assert dataset[1][1]["iscrowd"].shape == (0,) and dataset[1][1]["boxes"].shape == (0, 4)
    with pytest.raises(ValueError, match="crowd is 'ignore'; it may be 'drop' or 'keep'"):
        CocoDetection(folder, folder / "instances.json", crowd="ignore")


def test_memory_is_flat(folder):
    """Nothing that grows with the file is a Python object per box: worker processes share arrays."""
    large = content()
    large["annotations"] = large["annotations"][:1] * 10_000
    (folder / "large.json").write_text(json.dumps(large))
    small, dataset = (CocoDetection(folder, folder / name) for name in ("instances.json", "large.json"))
    per_box = (len(pickle.dumps(dataset)) - len(pickle.dumps(small))) / 10_000
    assert per_box < 25 and len(dataset[1][1]["boxes"]) == 10_000
    assert all(not array.flags.writeable for array in (dataset.files.values, dataset.files.classes))


def test_without_categories(folder):
    bare = content()
    del bare["categories"]
    (folder / "bare.json").write_text(json.dumps(bare))
    dataset = CocoDetection(folder, folder / "bare.json")
    assert dataset.category_ids == [1, 18, 90] and dataset.classes == ["1", "18", "90"]


def test_boxes_without_area(folder):
    flat = content()
    flat["annotations"][0]["bbox"] = [1, 2, 0, 4]
    (folder / "flat.json").write_text(json.dumps(flat))
    with pytest.warns(UserWarning, match=r"flat\.json: 1 boxes are empty") as caught:
        assert CocoDetection(folder, folder / "flat.json")[1][1]["labels"].tolist() == [0]
    assert caught[0].filename == __file__  # the line that makes the dataset


def changed(**changes) -> str:
    made = content()
    made["annotations"][1].update(changes)
    return json.dumps(made)


@pytest.mark.parametrize(
    "text, what",
    [
        ("{", "this is no JSON"),
        ("[]", "there are no images"),
        (json.dumps({**content(), "images": []}), "there are no samples"),
        (json.dumps({"images": [{"id": 1}]}), "an image or a category has no 'file_name'"),
        (json.dumps({"images": [{"id": "a", "file_name": "a.jpg"}]}), "an image or a category"),
        (json.dumps({**content(), "annotations": [{"image_id": 7, "caption": "x"}]}), "annotations without a bbox"),
        (changed(bbox=[1, 2, 3]), r"'id': 1, 'image_id': 7, .*none with image_id, category_id and bbox x y w h"),
        (changed(bbox=["a", 2, 3, 4]), "none with image_id"),
        (changed(bbox=[float("inf"), 2, 3, 4]), "none with image_id"),
        (changed(bbox=[1, 2, 1e39, 4]), "none with image_id"),
        (changed(image_id="seven"), "none with image_id"),
        (changed(category_id=55), "category_id 55, which 'categories' does not have"),
    ],
)
def test_what_is_no_coco_file(folder, text, what):
    (folder / "bad.json").write_text(text)
    with pytest.raises(ListError, match=what) as caught:
        CocoDetection(folder, folder / "bad.json")
    assert "bad.json" in str(caught.value)


def test_a_file_that_is_not_there(folder):
    with pytest.raises(FileNotFoundError):
        CocoDetection(folder, folder / "none.json")
    (folder / "elsewhere").mkdir()
    dataset = CocoDetection(folder / "elsewhere", folder / "instances.json")
    with pytest.raises(OSError, match=r"elsewhere/000000000007\.jpg: there is no such file"):
        dataset[0]
