"""ImageFolder: loader, extensions, is_valid_file, and the methods that a subclass overrides, as torchvision's."""

from __future__ import annotations

import pickle

import images
import numpy as np
import pytest
import torch
from lookalikes import TO_TENSOR
from PIL import Image
from torch.utils.data import DataLoader

import pixfeed
from pixfeed import transforms as T
from pixfeed.datasets import ImageFolder
from pixfeed.datasets.image_folder import default_loader


@pytest.fixture
def folder(tmp_path):
    for name, count in (("cat", 3), ("ant", 2), ("bee", 1)):
        (tmp_path / name).mkdir()
        for i in range(count):
            (tmp_path / name / f"{i}.png").write_bytes(images.png(images.picture(20 + i, 30, seed=i)))
    (tmp_path / "bee" / "0.dat").write_bytes(images.png(images.picture(9, 9)))
    return tmp_path


def pil_loader(path):
    with Image.open(path) as image:
        return image.convert("RGB")


class Reversed(ImageFolder):
    @staticmethod
    def make_dataset(directory, class_to_idx, extensions=None, is_valid_file=None, allow_empty=False):
        found = ImageFolder.make_dataset(directory, class_to_idx, extensions, is_valid_file, allow_empty)
        return [(path, label, "more") for path, label in found[::-1]]


# -- loader ------------------------------------------------------------------------------------------------------------


def test_the_loader_reads_and_the_transform_gets_what_it_returns(folder, backend):
    asked = []

    def loader(path):
        asked.append(path)
        return pil_loader(path).resize((8, 8))

    def transform(image):
        assert isinstance(image, Image.Image)
        return torch.from_numpy(np.array(image))

    dataset = ImageFolder(str(folder), transform, lambda target: target * 10, loader, backend=backend)
    image, target = dataset[4]
    path = str(folder / "cat" / "1.png")
    assert asked == [path] and target == 20 and dataset.loader is loader and not dataset.reads_natively
    assert torch.equal(image, torch.from_numpy(np.array(pil_loader(path).resize((8, 8)))))
    for make in (DataLoader, pixfeed.DataLoader):
        pictures, targets = next(iter(make(dataset, 6)))
        assert targets.tolist() == [0, 0, 10, 20, 20, 20] and torch.equal(pictures[4], image)
    assert [target for _, target in dataset[3:]] == [20, 20, 20]


def test_without_a_transform_the_loaders_result_is_the_image(folder):
    dataset = ImageFolder(folder, loader=lambda path: np.full((2, 2), len(path), np.int16))
    pictures, targets = next(iter(DataLoader(dataset, 6)))
    assert pictures.dtype == torch.int16 and pictures.shape == (6, 2, 2) and targets.tolist() == [0, 0, 1, 2, 2, 2]


def test_transforms_run_on_the_loaders_result_as_they_are_given(folder):
    """pixfeed's on one picture, torchvision's as they are; what needs floats gets the loader's floats."""
    native = ImageFolder(folder, T.Compose([T.Resize((8, 8)), T.ToTensor()]))
    loaded = ImageFolder(folder, T.Compose([T.Resize((8, 8)), T.ToTensor()]), loader=pil_loader)
    assert torch.equal(native[2][0], loaded[2][0])
    assert torch.equal(ImageFolder(folder, TO_TENSOR, loader=pil_loader)[0][0], ImageFolder(folder)[0][0])
    normalize = T.Normalize([0.5], [0.5])
    floats = ImageFolder(folder, normalize, loader=lambda path: torch.full((3, 2, 2), 0.75))
    assert floats[0][0].eq(0.5).all()


def test_random_transforms_after_a_loader_depend_on_seed_epoch_and_index(folder):
    def loader(path):
        return torch.rand(3)

    dataset = ImageFolder(folder, T.RandomErasing(0.5), loader=lambda path: torch.rand(3, 4, 4), seed=5)
    first = [dataset[i][0] for i in range(6)]
    assert all(torch.equal(dataset[i][0], first[i]) for i in (5, 0, 3))
    dataset.set_epoch(1)
    assert not torch.equal(dataset[0][0], first[0])
    assert not torch.equal(ImageFolder(folder, loader=loader, seed=6)[0][0], ImageFolder(folder, loader=loader)[0][0])


def test_options_of_reading_are_refused_with_a_loader(folder):
    for options in ({"channels": "gray"}, {"resize_height": 8}, {"on_error": "skip"}, {"dtype": torch.uint8}):
        with pytest.raises(ValueError, match=f"{next(iter(options))} says how pixfeed reads, and here the loader does"):
            ImageFolder(folder, loader=pil_loader, **options)
    ImageFolder(folder, loader=pil_loader, channels="rgb", headroom=2.0, on_error="raise", seed=3)  # the defaults
    with pytest.raises(TypeError, match="loader is 'cv2'; it must be a function"):
        ImageFolder(folder, loader="cv2")


def test_an_error_of_the_loader_reaches_the_caller(folder):
    def loader(path):
        raise OSError(f"no {path}")

    with pytest.raises(OSError, match="ant"):
        ImageFolder(folder, loader=loader)[0]


def test_the_default_loader_can_be_called(folder, backend):
    """Subclasses call it in their __getitem__."""

    class WithIndex(ImageFolder):
        def __getitem__(self, index):
            path, target = self.samples[index]
            image = self.loader(path)
            if self.transform is not None:
                image = self.transform(image)
            return image, target, index

    dataset = WithIndex(folder, TO_TENSOR, backend=backend)
    assert dataset.loader is default_loader
    image, target, index = dataset[3]
    assert (target, index) == (2, 3) and torch.equal(image, ImageFolder(folder, backend=backend)[3][0])
    dataset = WithIndex(folder, T.Compose([T.Resize((8, 8)), T.ToTensor()]), backend=backend)
    pictures, _, indices = next(iter(DataLoader(dataset, 6)))
    assert indices.tolist() == list(range(6)) and torch.equal(pictures[3], dataset[3][0])


def test_a_loader_can_be_assigned_and_travels(folder):
    dataset = ImageFolder(folder)
    before = dataset[0][0]
    dataset.loader = pil_loader
    again = pickle.loads(pickle.dumps(dataset))
    assert isinstance(again[0][0], Image.Image) and again.loader is pil_loader
    assert "ImageFolder(" in repr(again) and "in Python, per sample: pil_loader" in repr(again)
    assert "native" not in repr(again)
    dataset.loader = default_loader
    assert torch.equal(dataset[0][0], before) and "pil_loader" not in repr(dataset)


# -- which files -------------------------------------------------------------------------------------------------------


def test_extensions(folder):
    assert ImageFolder(folder).extensions == pixfeed.datasets.image_folder.folder.SUFFIXES
    dataset = ImageFolder(folder, extensions=(".DAT", ".png"))
    assert dataset.targets == [0, 0, 1, 1, 2, 2, 2] and dataset.samples[2][0].endswith("0.dat")
    assert ImageFolder(folder, extensions="0.png").targets == [0, 1, 2]  # an ending, as torchvision has it
    with pytest.raises(FileNotFoundError, match=r"'ant' has no image; known suffixes: \.dat"):
        ImageFolder(folder, extensions=".dat")
    dataset = ImageFolder(folder, is_valid_file=lambda path: path.endswith("0.png"))
    assert dataset.extensions is None and len(dataset) == 3
    with pytest.raises(ValueError, match="not both"):
        ImageFolder(folder, extensions=".png", is_valid_file=lambda path: True)


def test_make_dataset_and_find_classes_can_be_called(folder):
    dataset = ImageFolder(folder)
    assert dataset.find_classes(folder) == (dataset.classes, dataset.class_to_idx)
    found = ImageFolder.make_dataset(str(folder), {"cat": 7, "ant": 1}, extensions=(".png",))
    assert found == [
        *((str(folder / "ant" / f"{i}.png"), 1) for i in range(2)),
        *((str(folder / "cat" / f"{i}.png"), 7) for i in range(3)),
    ]
    with pytest.raises(ValueError, match="at least one class"):
        ImageFolder.make_dataset(folder, {}, extensions=(".png",))
    with pytest.raises(ValueError, match="one of extensions and is_valid_file"):
        ImageFolder.make_dataset(folder, {"cat": 0})
    with pytest.raises(FileNotFoundError, match="'dog' has no image"):
        ImageFolder.make_dataset(folder, {"cat": 0, "dog": 1}, extensions=(".png",))
    assert len(ImageFolder.make_dataset(folder, {"cat": 0, "dog": 1}, ".png", allow_empty=True)) == 3


# -- subclasses --------------------------------------------------------------------------------------------------------


def test_a_subclass_chooses_the_classes(folder, backend):
    class Two(ImageFolder):
        def find_classes(self, directory):
            classes = super().find_classes(directory)[0]
            return [name for name in classes if name != "bee"], {"cat": 0, "ant": 1}

    dataset = Two(folder, backend=backend, resize_height=8, resize_width=8)
    assert dataset.classes == ["ant", "cat"] and dataset.targets == [1, 1, 0, 0, 0] and repr(dataset).startswith("Two(")
    pictures, targets = next(iter(DataLoader(dataset, 5)))
    assert targets.tolist() == dataset.targets
    whole = ImageFolder(folder, backend=backend, resize_height=8, resize_width=8)
    assert torch.equal(pictures[2], whole[3][0])


def test_a_subclass_makes_the_samples(folder, backend, monkeypatch):
    """Their paths are taken as they are: relative ones are relative to where the script runs."""
    monkeypatch.chdir(folder.parent)

    dataset = Reversed(folder.name, backend=backend)
    assert dataset.targets == [2, 2, 2, 1, 0, 0] and dataset.samples[0] == (f"{folder.name}/cat/2.png", 2)
    assert torch.equal(dataset[0][0], ImageFolder(folder, backend=backend)[5][0])
    again = pickle.loads(pickle.dumps(dataset))
    assert again.samples == dataset.samples and torch.equal(again[0][0], dataset[0][0])


def test_a_subclass_with_samples_that_only_its_loader_knows(folder):
    class Numbers(ImageFolder):
        @staticmethod
        def make_dataset(directory, class_to_idx, extensions=None, is_valid_file=None, allow_empty=False):
            return [(f"zip://{i}", i / 2) for i in range(3)]

    dataset = Numbers(folder, loader=lambda path: torch.tensor(int(path[-1])))
    pictures, targets = next(iter(DataLoader(dataset, 3)))
    assert pictures.tolist() == [0, 1, 2] and targets.tolist() == [0, 0.5, 1]


def test_a_subclass_adds_the_path(folder, backend):
    class WithPath(ImageFolder):
        def __getitem__(self, index):
            return (*super().__getitem__(index), self.imgs[index][0])

    dataset = WithPath(folder, resize_height=8, resize_width=8, backend=backend)
    for make in (DataLoader, pixfeed.DataLoader):
        pictures, targets, paths = next(iter(make(dataset, 6)))
        assert list(paths) == [path for path, _ in dataset.samples] and targets.tolist() == dataset.targets
        assert torch.equal(pictures[1], ImageFolder(folder, resize_height=8, resize_width=8, backend=backend)[1][0])


def test_samples_can_be_assigned(folder, backend):
    dataset = ImageFolder(folder, resize_height=8, resize_width=8, backend=backend)
    expected = dataset[5][0]
    assert dataset.targets == [0, 0, 1, 2, 2, 2]
    dataset.samples = [(path, label + 1) for path, label in dataset.samples[:2:-1]]
    assert len(dataset) == 3 and dataset.targets == [3, 3, 3] and dataset.imgs is dataset.samples
    image, target = next(iter(DataLoader(dataset, 3)))
    assert torch.equal(image[0], expected) and target.tolist() == [3, 3, 3]
    dataset.imgs = dataset.imgs[1:]
    again = pickle.loads(pickle.dumps(dataset))
    assert len(again) == 2 and again.samples == dataset.samples
    with pytest.raises(ValueError, match="rois"):
        ImageFolder(folder, rois=np.zeros((6, 4), int)).samples = []
