"""FastTxtDataset: the drop-in for the usual list-file Dataset."""

from __future__ import annotations

import pickle

import images
import numpy as np
import pytest
import torch
from torch.utils.data import ConcatDataset, DataLoader, Subset

import pixfeed
from pixfeed import FastTxtDataset, ImageError, ListError


@pytest.fixture
def folder(tmp_path):
    """Ten pictures of different sizes, two labels each."""
    for i in range(10):
        make = images.png if i % 3 == 2 else images.jpeg
        (tmp_path / f"{i}.jpg").write_bytes(make(images.picture(40 + 3 * i, 60 - 2 * i, seed=i)))
    (tmp_path / "train.txt").write_text("".join(f"{i}.jpg {i} {i + 10}\n" for i in range(10)))
    return tmp_path


@pytest.fixture
def make(folder, backend):
    def make(*args, **options) -> FastTxtDataset:
        return FastTxtDataset(folder / "train.txt", folder, *args, backend=backend, **options)

    return make


def test_item(make, folder):
    image, label = make()[3]
    assert image.dtype == torch.float32 and image.shape == (3, 256, 256) and image.is_contiguous()
    assert torch.equal(image, images.reference(folder / "3.jpg", (256, 256)))
    assert isinstance(label, np.ndarray) and label.dtype == np.int64 and label.tolist() == [3, 13]


def test_uint8(make, folder):
    image, _ = make(32, 48, dtype=torch.uint8)[2]
    assert image.dtype == torch.uint8
    expected = images.reference_resize(images.reference_read(folder / "2.jpg"), (32, 48))
    np.testing.assert_array_equal(image.permute(1, 2, 0).numpy(), expected)


@pytest.mark.parametrize(
    ("given", "expected"),
    [((None, 50), (int(46 * 50 / 56), 50)), ((50, None), (50, int(56 * 50 / 46))), ((None, None), (46, 56))],
)
def test_sizes_that_depend_on_the_picture(make, folder, given, expected):
    dataset = make(*given)
    assert torch.equal(dataset[2][0], images.reference(folder / "2.jpg", expected))
    samples = dataset.__getitems__([2, 3])
    assert torch.equal(samples[0][0], images.reference(folder / "2.jpg", expected))
    assert samples[1][1].tolist() == [3, 13]


def test_length_and_repeat(make):
    assert len(make()) == 10
    assert len(make(repeat=3)) == 30
    assert len(make(repeat=None)) == 10_000_000


@pytest.mark.parametrize("repeat", [1, 3, None])
def test_indices(make, repeat):
    dataset = make(8, 8, repeat=repeat)

    def label(i):
        return int(dataset[i][1][0])

    assert label(0) == 0 and label(9) == 9
    assert label(-1) == label(len(dataset) - 1) == 9
    assert label(-10) == label(len(dataset) - 10) == 0
    assert label(np.int64(4)) == label(torch.tensor(4)) == 4
    assert [label(i) for i in range(len(dataset))[-3:]] == [7, 8, 9]
    for wrong in (1.0, "1", None):
        with pytest.raises(TypeError):
            dataset[wrong]
    for read in (dataset.__getitem__, lambda i: dataset.__getitems__([0, i])):
        for beyond in (-len(dataset) - 1, len(dataset)):
            if repeat is None and beyond > 0:
                assert read(beyond) is not None  # there is no end
                continue
            with pytest.raises(IndexError, match=f"no sample {beyond}; there are {len(dataset)}"):
                read(beyond)


def test_slices(make):
    dataset = make(8, 8, repeat=2)
    part = dataset[8:14:2]
    assert isinstance(part, Subset) and len(part) == 3
    assert [int(label[0]) for _, label in part] == [8, 0, 2]


def test_iteration_ends(make):
    assert [int(label[0]) for _, label in make(8, 8, repeat=2)] == [*range(10), *range(10)]


def test_items_do_not_share_memory(make):
    dataset = make(128, 128)  # large enough for pooled memory
    first, label = dataset[0]
    kept, kept_label = first.clone(), label.copy()
    second, _ = dataset[1]
    second.fill_(5)
    label += 100
    assert torch.equal(first, kept)
    assert dataset[0][1].tolist() == kept_label.tolist()


def test_batch(make, folder):
    samples = make(32, 32).__getitems__([4, 0, 4, -1])
    assert len(samples) == 4
    for (image, label), i in zip(samples, [4, 0, 4, 9], strict=True):
        assert torch.equal(image, images.reference(folder / f"{i}.jpg", (32, 32)))
        assert label.tolist() == [i, i + 10]


def test_pickle(make):
    dataset = pickle.loads(pickle.dumps(make(16, 16, dtype=torch.uint8, strict=True)))
    assert torch.equal(dataset[1][0], make(16, 16, dtype=torch.uint8)[1][0])


def test_wrappers(make):
    dataset = make(16, 16)
    both = ConcatDataset([Subset(dataset, [5, 6]), dataset])
    assert len(both) == 12 and both[1][1].tolist() == [6, 16] and both[2][1].tolist() == [0, 10]


def test_absolute_names(tmp_path, folder, backend):
    other = tmp_path / "other.txt"
    other.write_text(f"{folder / '1.jpg'} 1\n")
    image, _ = FastTxtDataset(other, "/nowhere", 16, 16, backend=backend)[0]
    assert torch.equal(image, images.reference(folder / "1.jpg", (16, 16)))


def test_repr(make):
    assert "train.txt" in repr(make()) and "10 images" in repr(make())


@pytest.mark.parametrize(
    ("options", "error"),
    [
        (dict(resize_height=0), ValueError),
        (dict(resize_width=-3), ValueError),
        (dict(resize_width=2.5), TypeError),
        (dict(repeat=0), ValueError),
        (dict(repeat="3"), TypeError),
        (dict(dtype=torch.float64), ValueError),
        (dict(backend="fast"), ValueError),
    ],
)
def test_impossible_arguments(folder, options, error):
    with pytest.raises(error):
        FastTxtDataset(folder / "train.txt", folder, **options)


def test_pickles_are_small(make, folder):
    """Whatever the length of the list: its worker processes read it for themselves."""
    (folder / "train.txt").write_text("".join(f"{i % 10}.jpg {i % 10} {i}\n" for i in range(10_000)))
    dataset = make(16, 16)
    assert len(pickle.dumps(dataset)) < 2000  # with two paths
    (folder / "rois.txt").write_text("".join(f"{i % 10}.jpg 1 2 30 40 {i}\n" for i in range(10_000)))
    dataset = FastTxtDataset(folder / "rois.txt", folder, 16, 16, roi_columns=4, backend=dataset._pipeline.backend.name)
    data = pickle.dumps(dataset)
    assert len(data) < 1 << 10
    image, label = pickle.loads(data)[9_993]
    assert torch.equal(image, dataset[3][0]) and label.tolist() == [9_993]


@pytest.mark.slow
def test_a_changed_list_is_reported(make, folder):
    dataset = make(16, 16)
    (folder / "train.txt").write_text("9.jpg 0 0\n" * 10)
    for read in (lambda: dataset[3], lambda: dataset.__getitems__([3, 4])):
        with pytest.raises(ListError, match=r"train\.txt: the list has changed"):
            read()
    for method in ("fork", "spawn"):
        batches = iter(DataLoader(dataset, num_workers=1, multiprocessing_context=method))
        with pytest.raises(ListError, match=r"train\.txt: the list has changed"):
            next(batches)
        batches._shutdown_workers()  # the garbage collector would find the iterator, and wait for torch's processes


def test_csv_with_float_labels(folder, backend):
    (folder / "my photo, 1.jpg").write_bytes((folder / "1.jpg").read_bytes())
    (folder / "list.csv").write_text('name,x,y\n"my photo, 1.jpg",0.5,-2\n2.jpg,1e-3,7\n')
    options = dict(delimiter=",", header=True, label_dtype=np.float32, backend=backend)
    dataset = FastTxtDataset(folder / "list.csv", folder, 16, 16, **options)
    assert dataset.files.columns == ["name", "x", "y"]
    image, label = dataset[0]
    assert torch.equal(image, images.reference(folder / "1.jpg", (16, 16)))
    assert label.dtype == np.float32 and label.tolist() == [0.5, -2]
    (_, labels) = next(iter(DataLoader(dataset, batch_size=2)))
    assert labels.dtype == torch.float32 and torch.equal(labels, torch.tensor([[0.5, -2], [1e-3, 7]]))


@pytest.fixture
def classes(folder):
    """Two classes, one of them with files of several kinds, in sub-folders and behind a link."""
    for name in (
        "b/10.jpg",
        "b/9.JPG",
        "b/z/1.png",
        "b/a/2.jpeg",
        "a b/ü.webp",
        "elsewhere/3.jpg",
        "b/notes.txt",
        "README",
    ):
        path = folder / "classes" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes((folder / "1.jpg").read_bytes())
    (folder / "classes" / "elsewhere").rename(folder / "elsewhere")
    (folder / "classes" / "b" / "link").symlink_to(folder / "elsewhere")
    return folder / "classes"


def test_from_folder(classes, backend):
    dataset = FastTxtDataset.from_folder(classes, 16, 24, repeat=2, dtype=torch.uint8, backend=backend)
    assert dataset.classes == ["a b", "b"] and dataset.class_to_idx == {"a b": 0, "b": 1}
    names = ["a b/ü.webp", "b/10.jpg", "b/9.JPG", "b/a/2.jpeg", "b/link/3.jpg", "b/z/1.png"]
    assert list(dataset.files.names()) == names
    assert dataset.files.labels.tolist() == [[0], [1], [1], [1], [1], [1]]
    assert len(dataset) == 12 and dataset[7][0].shape == (3, 16, 24) and dataset[7][1] == 1
    assert str(classes) in repr(dataset) and "6 images" in repr(dataset)
    copy = pickle.loads(pickle.dumps(dataset))
    assert copy.classes == dataset.classes and torch.equal(copy[5][0], dataset[5][0])
    (classes / "b" / "9.JPG").write_bytes(b"")
    for read in (lambda: dataset[2], lambda: dataset.__getitems__([1, 2])):
        with pytest.raises(ImageError, match=r"^\S*classes/b/9\.JPG: the file is empty") as caught:
            read()
        assert caught.value.line is None and caught.value.path == str(classes / "b" / "9.JPG")


def test_suffixes(classes, backend):
    """By default those of torchvision, so that indices are the same."""
    known = [".jpg", ".jpeg", ".png", ".ppm", ".bmp", ".pgm", ".tif", ".tiff", ".webp"]
    (classes / "c").mkdir()
    for suffix in [*known, ".jpe", ".jfif", ".dib", ".gif", ".pbm", ".pnm", ".avif", ".jp2", ".txt"]:
        (classes / "c" / f"a{suffix}").write_bytes((classes / "b" / "10.jpg").read_bytes())
    (classes / "c" / "b.GIF").write_bytes(b"")
    names = [name for name in FastTxtDataset.from_folder(classes, backend=backend).files.names() if name[0] == "c"]
    assert names == sorted(f"c/a{suffix}" for suffix in known)
    for name in ("a b", "b"):
        (classes / name / "more.gif").write_bytes(b"")
    other = FastTxtDataset.from_folder(classes, backend=backend, suffixes=[".Gif", ".jp2"])
    assert list(other.files.names()) == ["a b/more.gif", "b/more.gif", "c/a.gif", "c/a.jp2", "c/b.GIF"]
    with pytest.raises(TypeError, match=r"suffixes is '.gif'; it must be several strings, such as \('.gif',\)"):
        FastTxtDataset.from_folder(classes, suffixes=".gif")
    for wrong in ((), ["gif"]):
        with pytest.raises(ValueError, match=r"each must begin with a dot"):
            FastTxtDataset.from_folder(classes, suffixes=wrong)


def test_from_folder_with_an_empty_class(classes):
    (classes / "c").mkdir()
    (classes / "c" / "notes.txt").write_text("later")
    with pytest.raises(FileNotFoundError, match=r"classes: the class 'c' has no image"):
        FastTxtDataset.from_folder(classes)
    with pytest.raises(FileNotFoundError, match="no class"):
        FastTxtDataset.from_folder(classes / "c")
    with pytest.raises(FileNotFoundError, match="nowhere"):
        FastTxtDataset.from_folder(classes / "nowhere")


@pytest.mark.slow
def test_from_samples(folder, backend):
    paths = [folder / "3.jpg", str(folder / "1.jpg"), folder / "nothing.jpg"]
    dataset = FastTxtDataset.from_samples(paths, [7, 8, 9], 16, 24, backend=backend)
    image, label = dataset[1]
    assert torch.equal(image, images.reference(folder / "1.jpg", (16, 24)))
    assert label == 8 and dataset.__getitems__([1]).targets.dtype == np.int64
    with pytest.raises(ImageError, match=r"^\S*nothing\.jpg: there is no such file"):
        dataset[2]
    relative = FastTxtDataset.from_samples(
        (f"{i}.jpg" for i in range(10)), np.linspace(0, 1, 20).reshape(10, 2), 16, 24, image_dir=folder, backend=backend
    )
    loader = DataLoader(relative, batch_size=10, num_workers=1, multiprocessing_context="spawn")
    pictures, labels = next(iter(loader))
    assert torch.equal(pictures[1], image) and labels.dtype == torch.float64 and labels.shape == (10, 2)
    assert "10 images" in repr(relative)
    largest = FastTxtDataset.from_samples(paths, np.array([2**63 - 1, 0, 5], np.uint64), 16, 24, backend=backend)
    assert largest[0][1] == 2**63 - 1
    for labels in (np.array([1, 2, 2**63], np.uint64), [2**63, 2, 3], [-1, 2, 2**63]):
        with pytest.raises(ValueError, match=f"int64; one is {2**63}"):
            FastTxtDataset.from_samples(paths, labels)
    assert FastTxtDataset.from_samples(paths, [0, 1e19, np.inf]).files.labels.dtype == np.float64
    for wrong in (dict(header=True), dict(delimiter=","), dict(roi_columns=4), dict(label_dtype=np.float32)):
        with pytest.raises(ValueError, match="about list files"):
            FastTxtDataset.from_samples(paths, [7, 8, 9], **wrong)


class Negative(FastTxtDataset):
    """Overrides no more than what a Dataset needs."""

    def __getitem__(self, index):
        image, label = super().__getitem__(index)
        return 1 - image, label


class Counted(Negative):
    """Has batches of its own as well."""

    def __getitems__(self, indices):
        return [(image, len(indices)) for image, _ in super().__getitems__(indices)]


@pytest.mark.parametrize("loader", [torch.utils.data.DataLoader, pixfeed.DataLoader])
@pytest.mark.parametrize("workers", [0, 2])
def test_what_a_subclass_does_to_items_is_done_in_batches(make, folder, backend, loader, workers):
    plain = make(32, 24)
    subclassed = Negative(plain.files.filename, plain.image_dir, 32, 24, backend=backend)
    images = torch.cat([images for images, _ in loader(subclassed, 2, num_workers=workers)])
    assert len(images) == len(plain)
    assert all(torch.equal(image, 1 - item) for image, (item, _) in zip(images, plain, strict=True))
    subset = torch.utils.data.Subset(subclassed, [1, 0])
    assert torch.equal(next(iter(loader(subset, 2, num_workers=workers)))[0][1], 1 - plain[0][0])
    counted = Counted(plain.files.filename, plain.image_dir, 32, 24, backend=backend)
    assert next(iter(loader(counted, 2, num_workers=workers)))[1].tolist() == [2, 2]
