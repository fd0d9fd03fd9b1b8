"""ImageFolder: torchvision's arguments and attributes."""

from __future__ import annotations

import pickle

import images
import numpy as np
import pytest
import torch
from lookalikes import HALVES, TO_TENSOR, compose, normalize, of_torchvision, to_tensor
from PIL import Image
from torch.utils.data import DataLoader

import pixfeed
from pixfeed import transforms as T
from pixfeed.datasets import ImageFolder


@pytest.fixture
def folder(tmp_path):
    for name, count in (("cat", 3), ("ant", 2), ("bee", 1)):
        (tmp_path / name).mkdir()
        for i in range(count):
            (tmp_path / name / f"{i}.png").write_bytes(images.png(images.picture(20 + i, 30, seed=i)))
    (tmp_path / "bee" / "notes.txt").write_text("no image")
    return tmp_path


def test_image_folder(folder, backend):
    dataset = ImageFolder(str(folder), backend=backend)
    assert dataset.classes == ["ant", "bee", "cat"] and dataset.class_to_idx == {"ant": 0, "bee": 1, "cat": 2}
    assert dataset.targets == [0, 0, 1, 2, 2, 2] and len(dataset) == 6
    assert dataset.samples is dataset.imgs and dataset.samples[4] == (str(folder / "cat" / "1.png"), 2)
    image, target = dataset[4]
    assert type(target) is int and target == 2 and image.shape == (3, 21, 30)
    assert torch.equal(image, images.to_tensor(images.reference_read(folder / "cat" / "1.png")))
    again = pickle.loads(pickle.dumps(dataset))
    assert again.targets == dataset.targets and torch.equal(again[4][0], image)


def test_image_folder_in_batches(folder, backend):
    transform = compose(TO_TENSOR, normalize(*HALVES))
    dataset = ImageFolder(folder, transform, resize_height=16, resize_width=16, backend=backend)
    expected = [images.reference_resize(images.reference_read(path), (16, 16)) for path, _ in dataset.samples]
    expected = torch.stack([to_tensor(picture, *HALVES) for picture in expected])
    for loader in (DataLoader(dataset, 6), pixfeed.DataLoader(dataset, 6, num_workers=2, workers="thread")):
        pictures, targets = next(iter(loader))
        assert targets.dtype == torch.int64 and targets.tolist() == [0, 0, 1, 2, 2, 2]
        assert torch.equal(pictures, expected)
    assert torch.equal(dataset[3][0], expected[3])
    part, targets = next(iter(DataLoader(dataset[3:], 3)))
    assert torch.equal(part, expected[3:]) and targets.tolist() == [2, 2, 2]


def test_image_folder_with_any_transform(folder, backend):
    def transform(image):
        assert isinstance(image, Image.Image) and image.mode == "RGB"
        return torch.from_numpy(np.array(image.resize((8, 8))))

    dataset = ImageFolder(folder, transform, lambda target: target * 10, backend=backend)
    pictures, targets = next(iter(DataLoader(dataset, 6)))
    assert targets.tolist() == [0, 0, 10, 20, 20, 20]
    expected = [np.array(Image.open(path).convert("RGB").resize((8, 8))) for path, _ in dataset.samples]
    np.testing.assert_array_equal(pictures.numpy(), np.stack(expected))
    resized = ImageFolder(folder, lambda image: image.size, resize_height=5, resize_width=7, backend=backend)
    assert list(resized.__getitems__([0, 5])) == [((7, 5), 0), ((7, 5), 2)]


def test_image_folder_says_what_is_an_image(folder):
    dataset = ImageFolder(folder, is_valid_file=lambda path: path.endswith("0.png"))
    assert dataset.targets == [0, 1, 2]
    (folder / "dog").mkdir()
    with pytest.raises(FileNotFoundError, match="class 'dog' has no image"):
        ImageFolder(folder)
    assert ImageFolder(folder, allow_empty=True).classes == ["ant", "bee", "cat", "dog"]
    with pytest.raises(FileNotFoundError, match="no class has an image"):
        ImageFolder(folder, is_valid_file=lambda path: False, allow_empty=True)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_image_folder_of_16_bit_floats(folder, backend, dtype):
    how = dict(backend=backend)
    expected = ImageFolder(folder, T.Compose([T.Resize((8, 8)), T.ToTensor()]), **how)[3][0].to(dtype)
    for dataset in (
        ImageFolder(folder, T.Compose([T.Resize((8, 8)), T.ToTensor()]), dtype=dtype, **how),
        ImageFolder(folder, T.Compose([T.Resize((8, 8)), T.ToDtype(dtype, scale=True)]), **how),
    ):
        assert dataset.dtype == dtype and dataset[3][0].dtype == dtype and torch.equal(dataset[3][0], expected)
    of_torchvisions = ImageFolder(folder, TO_TENSOR, dtype=dtype, **how)
    assert torch.equal(of_torchvisions[0][0], ImageFolder(folder, TO_TENSOR, **how)[0][0].to(dtype))
    for transform in (lambda image: image, of_torchvision("PILToTensor")):
        with pytest.raises(ValueError, match="contradicts"):
            ImageFolder(folder, transform, dtype=dtype, **how)
