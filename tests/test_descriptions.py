"""What datasets say about themselves, and which step is named where something in Python is to blame."""

from __future__ import annotations

import functools

import images
import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader as TorchLoader

import pixfeed
from pixfeed import DataLoader, FastTxtDataset, RegionError
from pixfeed import transforms as T
from pixfeed.datasets import ImageFolder
from pixfeed.datasets.concat import ConcatImages
from pixfeed.datasets.in_memory import InMemory
from pixfeed.transforms.python_steps import name_of


class Digits(InMemory):
    num_channels = 1
    classes = ("one", "two")

    def _pictures(self) -> np.ndarray:
        return self.data[:, None]


def digits(**options) -> Digits:
    return Digits(np.arange(3 * 20 * 30, dtype=np.uint8).reshape(3, 20, 30), [0, 1, 0], **options)


@pytest.fixture
def folder(tmp_path):
    for i in range(4):
        (tmp_path / "pictures" / "ab"[i % 2]).mkdir(parents=True, exist_ok=True)
        (tmp_path / "pictures" / "ab"[i % 2] / f"{i}.png").write_bytes(images.png(images.picture(20, 30, seed=i)))
    (tmp_path / "train.txt").write_text("".join(f"{'ab'[i % 2]}/{i}.png {i}\n" for i in range(4)))
    return tmp_path


@pytest.fixture
def make(folder, backend):
    return lambda **options: FastTxtDataset(
        folder / "train.txt", folder / "pictures", backend=backend, **{"seed": 1, **options}
    )


def fails(image):
    raise KeyError("mine")


class Mine:
    def __call__(self, image):
        return image


# -- print(dataset) ----------------------------------------------------------------------------------------------------


def test_a_plain_resize(make, folder, backend):
    assert repr(make(seed=None)) == (
        f"FastTxtDataset({str(folder / 'train.txt')!r}: 4 images, repeat=1, torch.float32, backend {backend})\n"
        "  native, in one pass: decode, resize to 256 x 256 (h x w, OpenCV's linear)"
    )
    assert "resize to 64 x None (h x w, OpenCV's linear)" in repr(make(resize_height=64, resize_width=None))
    assert "decode, every size is kept" in repr(make(resize_height=None, resize_width=None))


def test_sides_besides_a_transform_are_no_internal_name(make):
    assert "decode, resize to 9 x 8 (h x w, OpenCV's linear), ToTensor()" in repr(
        make(resize_height=9, resize_width=8, transform=T.ToTensor())
    )


def test_what_was_set(make):
    shown = repr(make(on_error="skip", max_errors=3, seed=5).with_labels([4, 5, 6, 7])).splitlines()[0]
    for setting in ("on_error='skip'", "max_errors=3", "seed=5", "with_labels"):
        assert f", {setting}" in shown
    shown = repr(make(seed=None))
    for setting in ("on_error", "max_errors", "seed", "with_labels"):
        assert setting not in shown


def test_every_dataset_says_what_it_is_and_what_runs_where(folder, backend):
    root = folder / "pictures"
    python = T.Compose([T.Resize(9), Mine(), functools.partial(fails), T.Lambda(fails), lambda x: x])
    shown = repr(ImageFolder(root, python, target_transform=str, backend=backend))
    assert shown.startswith(f"ImageFolder({str(root)!r}: 4 images")
    assert "in Python, per sample: ToPILImage(), Mine, partial(fails), Lambda(fails), <lambda>" in shown
    assert shown.endswith("in Python, per target: str")
    of_folder = FastTxtDataset.from_folder(root, 9, 9, backend=backend)
    of_samples = FastTxtDataset.from_samples([root / "a" / "0.png"], [1], 9, 9, backend=backend)
    assert "resize to 9 x 9" in repr(of_folder)
    assert "1 images" in repr(of_samples)
    both = repr(ConcatImages([of_folder, of_samples]))
    assert both.splitlines()[0] == "ConcatDataset(5 images, read as one) of"
    assert repr(of_folder).splitlines()[0] in both
    assert repr(of_samples).splitlines()[0] in both


def test_sets_in_memory(backend):
    assert repr(digits(backend=backend)).splitlines() == [
        f"Digits(3 images, 2 classes, torch.float32, backend {backend})",
        "  native, in one pass: ToTensor()",
    ]
    assert "ToTensor(), Normalize([0.1307], [0.3081])" in repr(digits(mean=0.1307, std=0.3081))
    assert "native, in one pass: PILToTensor()" in repr(digits(dtype=torch.uint8))
    shown = repr(digits(transform=Mine(), target_transform=str, seed=4))
    assert "seed=4" in shown
    assert shown.splitlines()[1:] == [
        "  in Python, per sample: ToPILImage(), Mine",
        "  in Python, per target: str",
    ]


def test_names_have_one_line_and_no_address():
    layers = torch.nn.Sequential(torch.nn.ReLU(), torch.nn.ReLU())
    for step in (layers, Mine(), functools.partial(Mine()), T.Lambda(Mine()), lambda x: x):
        assert "\n" not in name_of(step)
        assert " at 0x" not in name_of(step)


# -- the step that is to blame -----------------------------------------------------------------------------------------


def test_threads_that_are_refused(make, folder):
    python = T.Compose([T.Resize((9, 9)), fails])
    for dataset in (make(transform=python), digits(transform=python)):
        with pytest.raises(ValueError, match="not possible: fails runs in Python"):
            DataLoader(dataset, num_workers=1, workers="thread")
    for dataset in (ImageFolder(folder / "pictures", target_transform=str), digits(target_transform=str)):
        with pytest.raises(ValueError, match="not possible: target_transform runs in Python"):
            DataLoader(dataset, num_workers=1, workers="thread")


def test_a_transform_that_was_changed_while_threads_read(make):
    dataset = make(resize_height=9, resize_width=9, repeat=50)
    batches = iter(DataLoader(dataset, 1, num_workers=1))
    next(batches)
    dataset.transform = T.Compose([T.Resize((9, 9)), Mine(), T.ToTensor()])
    with pytest.raises(RuntimeError, match=r"runs in Python \(Mine\)"):
        list(batches)


def test_the_verdict(make):
    loader = DataLoader(make(transform=T.Compose([T.Resize((9, 9)), Mine(), T.ToTensor()])))
    assert loader.stats().python_step == "Mine"
    costs = pixfeed.context.Costs(images=9, reading=1, running=1, decoding=1)
    stats = pixfeed.Stats(0, 10, 0.1, 9.0, 1.0, costs, python_step="Mine")
    assert stats.verdict.endswith("of that was other code than reading images, such as Mine, which runs in Python.")


def test_stats_mention_bad_images(make, folder):
    (folder / "pictures" / "a" / "2.png").write_bytes(b"no image")
    loader = DataLoader(make(on_error="skip", resize_height=9, resize_width=9), 4)
    assert "images   " not in str(loader.stats())
    list(loader)
    assert loader.stats().failed == 1
    assert "images   1 could not be read and were skipped or replaced; report() lists them" in str(loader.stats())
    assert "2 are cut off and were read as far as they go; report()" in str(pixfeed.Stats(recovered=2))


# -- exceptions in the user's own functions ----------------------------------------------------------------------------


@pytest.mark.parametrize("read", [lambda d: d[2], lambda d: d.__getitems__([1, 2])], ids=["item", "batch"])
def test_they_keep_their_type_and_name_the_picture(make, folder, read):
    def only_one(image):
        if np.asarray(image)[0, 0].tolist() == second:
            raise KeyError("mine")
        return 0

    second = np.asarray(make(transform=T.Compose([T.Resize((9, 9)), T.ToPILImage()]))[2][0])[0, 0].tolist()
    with pytest.raises(KeyError) as caught:
        read(make(transform=T.Compose([T.Resize((9, 9)), only_one])))
    path = folder / "pictures" / "a" / "2.png"
    assert caught.value.__notes__ == [
        "in only_one, a step of the transform that runs in Python",
        f"for {path} ({folder / 'train.txt'}, line 3)",
    ]


def test_notes_come_through_worker_processes(make):
    with pytest.raises(KeyError, match=r"0\.png .*train\.txt, line 1"):
        next(iter(DataLoader(make(transform=fails), num_workers=1, workers="process")))


def test_notes_of_other_datasets(folder):
    with pytest.raises(KeyError) as caught:
        digits(transform=fails)[1]
    assert "for item 1 of Digits" in caught.value.__notes__
    with pytest.raises(KeyError) as caught:
        digits(target_transform=fails).__getitems__([0, 1])
    assert "in target_transform, for item 0 of Digits" in caught.value.__notes__
    with pytest.raises(KeyError) as caught:
        ImageFolder(folder / "pictures", target_transform=fails)[1]
    assert f"in target_transform, for {folder / 'pictures' / 'a' / '2.png'}" in caught.value.__notes__[0]


# -- other remedies ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("loader", [DataLoader, TorchLoader])
def test_pil_images_make_no_batch(make, loader):
    dataset = make(transform=T.Compose([T.Resize((9, 9)), lambda image: image]))
    with pytest.raises(TypeError, match=r"0\.png .*line 1.* put ToTensor\(\) or PILToTensor\(\) at the end of the tr"):
        next(iter(loader(dataset, 2)))
    with pytest.raises(TypeError, match="PIL images make no batch"):
        pixfeed.pad_collate(dataset.__getitems__([0, 1]))


def test_labels_are_not_set_in_vain(make, folder):
    with pytest.raises(AttributeError, match=r"with_labels\(labels\)"):
        make().labels = [1, 2, 3, 4]
    made = ImageFolder(folder / "pictures")
    with pytest.raises(AttributeError, match=r"dataset\.with_labels\(labels\)"):
        made.labels = []

    class Sub(FastTxtDataset):
        pass

    own = Sub(folder / "train.txt", folder)
    own.labels = 3
    assert own.labels == 3


def test_a_crop_that_is_larger_than_the_picture(make):
    with pytest.raises(RegionError, match=r"RandomCrop\(\(40, 40\)\) is larger .*; pad_if_needed=True pads it"):
        make(transform=T.RandomCrop(40))[0]


def test_an_unknown_backend_in_the_environment(make, monkeypatch):
    monkeypatch.setenv("PIXFEED_BACKEND", "natve")
    with pytest.raises(ValueError, match="environment variable PIXFEED_BACKEND is 'natve'; it may be one of native, o"):
        pixfeed.resize(np.zeros((4, 4, 3), np.uint8), (2, 2))
    assert make()[0][0].shape == (3, 256, 256)  # the one that is named counts


def test_transforms_that_pixfeed_does_not_have():
    with pytest.raises(
        AttributeError, match=r"no attribute 'ElasticTransform': .* torchvision's own one may stand in the"
    ):
        T.ElasticTransform  # noqa: B018
    with pytest.raises(AttributeError, match=r"no attribute 'resizes'$"):
        T.resizes  # noqa: B018
