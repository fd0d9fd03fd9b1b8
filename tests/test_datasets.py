"""The classic sets: made files in torchvision's places, and torchvision's way as the reference, an item at a time."""

from __future__ import annotations

import gzip
import hashlib
import os
import pickle
import struct

import images
import numpy as np
import pytest
import torch
from PIL import Image
from torch.utils.data import ConcatDataset, DataLoader, Subset, default_collate, random_split

import pixfeed
from pixfeed import draws
from pixfeed import transforms as T
from pixfeed.datasets import CIFAR10, CIFAR100, MNIST, FashionMNIST, ImageFolder, torchvision_transforms
from pixfeed.transforms.values import Values

# -- made files -------------------------------------------------------------------------------------------------------


def idx(values: np.ndarray) -> bytes:
    return struct.pack(f">BBBB{values.ndim}I", 0, 0, 8, values.ndim, *values.shape) + values.tobytes()


def random_pictures(n: int, *shape: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng([seed, n])
    return rng.integers(0, 256, (n, *shape), dtype=np.uint8), rng.integers(0, 10, n, dtype=np.uint8)


def write_mnist(root, data, labels, train=True, name="MNIST", zipped=True) -> None:
    folder = root / name / "raw"
    folder.mkdir(parents=True, exist_ok=True)
    start = "train" if train else "t10k"
    for file, values in ((f"{start}-images-idx3-ubyte", data), (f"{start}-labels-idx1-ubyte", labels)):
        packed = idx(values)
        (folder / (file + ".gz" * zipped)).write_bytes(gzip.compress(packed) if zipped else packed)


def python2(value) -> bytes:
    """A value as Python 2's cPickle with protocol 2 writes it: text and array values are byte strings."""
    if isinstance(value, bytes):
        return b"T" + struct.pack("<I", len(value)) + value
    if isinstance(value, int):
        return b"J" + struct.pack("<i", value)
    if isinstance(value, list):
        return b"](" + b"".join(map(python2, value)) + b"e"
    if isinstance(value, dict):
        return b"}(" + b"".join(python2(key) + python2(inner) for key, inner in value.items()) + b"u"
    dtype = b"cnumpy\ndtype\n" + python2(b"u1") + b"K\0K\1\x87R(K\3" + python2(b"|") + b"NNN"
    dtype += python2(-1) * 2 + b"K\0tb"
    shape = b"".join(map(python2, value.shape)) + {1: b"\x85", 2: b"\x86"}[value.ndim]
    array = b"cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\0\x85" + python2(b"b") + b"\x87R"
    return array + b"(K\1" + shape + dtype + b"\x89" + python2(value.tobytes()) + b"tb"


def old_pickle(value) -> bytes:
    return b"\x80\2" + python2(value) + b"."


def write_cifar10(root, data, labels, train=True, dump=None) -> None:
    """``data`` uint8 [n, 3, 32, 32], in as many batches as the set has."""
    folder = root / "cifar-10-batches-py"
    folder.mkdir(exist_ok=True)
    names = [f"data_batch_{i}" for i in range(1, 6)] if train else ["test_batch"]
    for name, part, of_part in zip(
        names, np.array_split(data, len(names)), np.array_split(labels, len(names)), strict=True
    ):
        batch = {b"batch_label": b"made", b"labels": of_part.tolist(), b"data": part.reshape(len(part), -1)}
        packed = dump({key.decode(): value for key, value in batch.items()}) if dump else old_pickle(batch)
        (folder / name).write_bytes(packed)
    (folder / "batches.meta").write_bytes(old_pickle({b"label_names": [b"class %d" % i for i in range(10)]}))


# -- torchvision's way ------------------------------------------------------------------------------------------------


def to_tensor(picture: np.ndarray, mean=None, std=None) -> torch.Tensor:
    """PIL image, ToTensor, Normalize. ``picture``: [H, W] or [H, W, 3]."""
    image = np.array(Image.fromarray(picture))
    tensor = torch.from_numpy(image.reshape(*image.shape[:2], -1)).permute(2, 0, 1).contiguous()
    tensor = tensor.to(torch.float32).div(255)
    if mean is None:
        return tensor
    mean, std = (torch.tensor(numbers, dtype=torch.float32).view(-1, 1, 1) for numbers in (mean, std))
    return tensor.sub(mean).div(std)


def of_torchvision(name: str, **attributes):
    """A look-alike of one of torchvision's transforms, as far as anybody looks."""
    return type(name, (), {"__module__": "torchvision.transforms.transforms", **attributes})()


def compose(*steps):
    return of_torchvision("Compose", transforms=list(steps))


TO_TENSOR = of_torchvision("ToTensor")
HALVES = ((0.5, 0.5, 0.5), (0.5, 0.5, 0.5))


def normalize(mean, std):
    return of_torchvision("Normalize", mean=mean, std=std)


@pytest.fixture
def mnist(tmp_path):
    data, labels = random_pictures(300, 28, 28)
    write_mnist(tmp_path, data, labels)
    return tmp_path, data, labels


@pytest.fixture
def cifar(tmp_path):
    data, labels = random_pictures(300, 3, 32, 32)
    write_cifar10(tmp_path, data, labels)
    return tmp_path, data, labels


# -- items and batches ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("zipped", [True, False])
@pytest.mark.parametrize("kind", [MNIST, FashionMNIST])
def test_mnist(tmp_path, backend, kind, zipped):
    data, labels = random_pictures(70, 28, 28)
    write_mnist(tmp_path, data, labels, True, kind.__name__, zipped)
    write_mnist(tmp_path, data[:9], labels[:9], False, kind.__name__, zipped)
    dataset = kind(str(tmp_path), train=True, download=True, backend=backend)
    assert len(dataset) == 70 and len(kind(tmp_path, train=False, backend=backend)) == 9
    assert dataset.data.dtype == torch.uint8 and torch.equal(dataset.data, torch.from_numpy(data))
    assert dataset.targets.dtype == torch.int64 and dataset.targets.tolist() == labels.tolist()
    assert len(dataset.classes) == 10 and dataset.class_to_idx[dataset.classes[3]] == 3
    image, target = dataset[5]
    assert type(target) is int and target == labels[5]
    assert image.shape == (1, 28, 28) and torch.equal(image, to_tensor(data[5]))
    assert torch.equal(dataset[-1][0], to_tensor(data[-1]))
    for wrong in (70, -71):
        with pytest.raises(IndexError, match="there are 70"):
            dataset[wrong]


@pytest.mark.parametrize("train", [True, False])
def test_cifar10(tmp_path, backend, train):
    data, labels = random_pictures(53, 3, 32, 32)
    write_cifar10(tmp_path, data, labels, train)
    dataset = CIFAR10(tmp_path, train, backend=backend)
    np.testing.assert_array_equal(dataset.data, data.transpose(0, 2, 3, 1))
    assert (
        dataset.targets == labels.tolist() and dataset.classes[7] == "class 7" and dataset.class_to_idx["class 7"] == 7
    )
    image, target = dataset[20]
    assert type(target) is int and target == labels[20]
    assert image.shape == (3, 32, 32) and torch.equal(image, to_tensor(dataset.data[20]))


def test_cifar100(tmp_path, backend):
    data, labels = random_pictures(20, 3, 32, 32)
    folder = tmp_path / "cifar-100-python"
    folder.mkdir()
    batch = {b"fine_labels": labels.tolist(), b"coarse_labels": [0] * 20, b"data": data.reshape(20, -1)}
    (folder / "train").write_bytes(old_pickle(batch))
    names = {b"fine_label_names": [b"f%d" % i for i in range(100)], b"coarse_label_names": [b"c"] * 20}
    (folder / "meta").write_bytes(old_pickle(names))
    dataset = CIFAR100(tmp_path, backend=backend)
    assert dataset.targets == labels.tolist() and dataset.classes == [f"f{i}" for i in range(100)]
    assert torch.equal(dataset[3][0], to_tensor(data[3].transpose(1, 2, 0)))


@pytest.mark.parametrize(
    ("kind", "folder", "label_bytes"), [(CIFAR10, "cifar-10-batches-bin", 1), (CIFAR100, "cifar-100-binary", 2)]
)
def test_binary_cifar(tmp_path, backend, kind, folder, label_bytes):
    data, labels = random_pictures(20, 3, 32, 32)
    (tmp_path / folder).mkdir()
    coarse = np.full((20, label_bytes - 1), 200, np.uint8)
    records = np.concatenate([coarse, labels[:, None], data.reshape(20, -1)], 1)
    names = kind.binary.train
    for name, part in zip(names, np.array_split(records, len(names)), strict=True):
        (tmp_path / folder / name).write_bytes(part.tobytes())
    (tmp_path / folder / kind.binary.names).write_text("".join(f"f{i}\n" for i in range(10)) + "\n")
    dataset = kind(tmp_path, backend=backend)
    assert dataset.targets == labels.tolist() and dataset.classes == [f"f{i}" for i in range(10)]
    np.testing.assert_array_equal(dataset.data, data.transpose(0, 2, 3, 1))
    with pytest.raises(ValueError, match=r"only of .*MD5"):
        kind(tmp_path, verify=True, backend=backend)
    (tmp_path / folder / names[-1]).write_bytes(records.tobytes()[:-1])
    with pytest.raises(pixfeed.DatasetError, match=rf"{names[-1]}.*multiple of {3072 + label_bytes}.*fetch it"):
        kind(tmp_path, backend=backend)


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_pickled_again_by_python_3(tmp_path, protocol):
    data, labels = random_pictures(20, 3, 32, 32)
    write_cifar10(tmp_path, data, labels, dump=lambda batch: pickle.dumps(batch, protocol))
    np.testing.assert_array_equal(CIFAR10(tmp_path).data, data.transpose(0, 2, 3, 1))
    write_cifar10(
        tmp_path,
        data,
        labels,
        dump=lambda batch: pickle.dumps(batch, protocol).replace(b"numpy._core.", b"numpy.core."),
    )
    if protocol < 4:  # lengths stand before names in newer ones
        np.testing.assert_array_equal(CIFAR10(tmp_path).data, data.transpose(0, 2, 3, 1))


def expected_batch(dataset, rows, mean, std) -> list[torch.Tensor]:
    """torchvision's way."""
    items = [(to_tensor(np.asarray(dataset.data[i]), mean, std), int(np.asarray(dataset.targets)[i])) for i in rows]
    return default_collate(items)


NORMALIZED = [
    ("mnist", dict(mean=0.1307, std=0.3081), ((0.1307,), (0.3081,))),
    ("mnist", dict(transform=compose(TO_TENSOR, normalize((0.1307,), (0.3081,)))), ((0.1307,), (0.3081,))),
    ("cifar", dict(mean=(0.4914, 0.4822, 0.4465), std=0.2), ((0.4914, 0.4822, 0.4465), (0.2,) * 3)),
    ("cifar", dict(transform=compose(TO_TENSOR, normalize(*HALVES))), HALVES),
    ("cifar", dict(), (None, None)),
]


@pytest.mark.parametrize(("which", "how", "numbers"), NORMALIZED, ids=range(len(NORMALIZED)))
def test_batches(request, backend, which, how, numbers):
    root, _, _ = request.getfixturevalue(which)
    dataset = (MNIST if which == "mnist" else CIFAR10)(root, backend=backend, **how)
    rows = [5, 299, 0, 5, *range(60, 180)]
    images, targets = default_collate(dataset.__getitems__(rows))
    expected = expected_batch(dataset, rows, *numbers)
    assert targets.dtype == torch.int64 and torch.equal(targets, expected[1])
    assert images.dtype == torch.float32 and torch.equal(images, expected[0])
    assert torch.equal(default_collate([dataset[i] for i in rows])[0], images)


@pytest.mark.parametrize("memory_format", [torch.contiguous_format, torch.channels_last])
@pytest.mark.parametrize("dtype", [torch.uint8, torch.float16, torch.bfloat16, torch.float32])
def test_dtypes_and_layouts(cifar, backend, dtype, memory_format):
    root, data, _ = cifar
    numbers = {} if dtype == torch.uint8 else dict(mean=0.45, std=(0.2, 0.3, 0.4))
    dataset = CIFAR10(root, dtype=dtype, memory_format=memory_format, backend=backend, **numbers)
    rows = [7, *range(100)]
    images, _ = default_collate(dataset.__getitems__(rows))
    expected = torch.from_numpy(data[rows])
    if dtype != torch.uint8:
        expected = expected_batch(dataset, rows, (0.45,) * 3, (0.2, 0.3, 0.4))[0].to(dtype)
    assert images.dtype == dtype and torch.equal(images, expected)
    assert images.is_contiguous(memory_format=memory_format)
    assert torch.equal(dataset[7][0], images[0])


def test_one_piece_of_memory(cifar, backend):
    """The collate passes a whole batch on: no copy of pixels."""
    dataset = CIFAR10(cifar[0], backend=backend)
    samples = dataset.__getitems__(range(100))
    assert default_collate(samples)[0].data_ptr() == samples[0][0].data_ptr()


def test_samples_of_a_batch(cifar, backend):
    """For those who collate by themselves: a sequence of tuples."""
    dataset = CIFAR10(cifar[0], backend=backend)
    batch = dataset.__getitems__([4, 8, 2])
    assert len(batch) == 3 and [target for _, target in batch] == [dataset.targets[i] for i in (4, 8, 2)]
    assert all(type(target) is int for _, target in batch) and torch.equal(batch[-1][0], dataset[2][0])
    with pytest.raises(IndexError):
        batch[3]
    pictures, targets = default_collate(list(batch)[::-1])
    assert torch.equal(pictures, torch.stack([dataset[i][0] for i in (2, 8, 4)]))
    assert targets.tolist() == [dataset.targets[i] for i in (2, 8, 4)]
    assert torch.equal(default_collate(batch[1:])[0], pictures[:2].flip(0))


@pytest.mark.parametrize("loader", [DataLoader, pixfeed.DataLoader])
@pytest.mark.parametrize("workers", [0, 2])
def test_loaders(mnist, backend, loader, workers):
    root, data, labels = mnist
    dataset = MNIST(root, mean=0.1307, std=0.3081, backend=backend)
    batches = list(loader(dataset, batch_size=64, num_workers=workers))
    assert [len(images) for images, _ in batches] == [64, 64, 64, 64, 44]
    assert torch.equal(torch.cat([targets for _, targets in batches]), torch.from_numpy(labels).long())
    expected = torch.stack([to_tensor(picture, (0.1307,), (0.3081,)) for picture in data])
    assert torch.equal(torch.cat([images for images, _ in batches]), expected)


def test_threads_where_nothing_is_pythons(mnist):
    root, _, _ = mnist

    def loader(**options):
        return pixfeed.DataLoader(MNIST(root, **options), num_workers=2, workers="thread")

    loader(transform=TO_TENSOR)
    for options in (dict(transform=lambda image: image), dict(target_transform=lambda target: target)):
        with pytest.raises(ValueError, match="not possible"):
            loader(**options)


def test_subset_concat_and_split_keep_the_batch(cifar, backend, monkeypatch):
    """torch's own wrappers, in torch's own loader: one call a batch (of ConcatDataset, that asks for items, the same
    values)."""
    root, data, labels = cifar
    dataset = CIFAR10(root, backend=backend)
    expected = torch.from_numpy(data).float().div(255)
    calls = []
    written = dataset._written
    monkeypatch.setattr(dataset, "_written", lambda rows: calls.append(len(rows)) or written(rows))
    rows = [9, 3, 250, 40]
    images, targets = next(iter(DataLoader(Subset(dataset, rows), batch_size=4)))
    assert calls == [4]
    assert torch.equal(images, expected[rows]) and targets.tolist() == labels[rows].tolist()
    first, second = random_split(dataset, [200, 100], torch.Generator().manual_seed(0))
    assert torch.equal(next(iter(DataLoader(second, batch_size=50)))[0], expected[second.indices[:50]])
    assert calls == [4, 50]
    both = ConcatDataset([first, second])
    images, targets = next(iter(pixfeed.DataLoader(both, batch_size=300)))
    order = [*first.indices, *second.indices]
    assert torch.equal(images, expected[order]) and targets.tolist() == labels[order].tolist()


def test_data_and_targets_may_be_changed(cifar, mnist, backend):
    """As torchvision's users do: a part of the set, other labels, another order of axes in memory."""
    dataset = CIFAR10(cifar[0], backend=backend)
    chosen = np.asarray(dataset.targets) == 3
    dataset.data = np.ascontiguousarray(dataset.data[chosen])
    dataset.targets = [7] * len(dataset.data)
    images, targets = default_collate(dataset.__getitems__(range(len(dataset))))
    expected = cifar[1][chosen]
    assert torch.equal(images, torch.from_numpy(expected).float().div(255)) and set(targets.tolist()) == {7}
    digits = MNIST(mnist[0], backend=backend)
    digits.targets[4] = 99
    digits.data[4] = 255
    assert digits[4][1] == 99 and digits[4][0].min() == 1
    digits.data, digits.targets = digits.data[::3], digits.targets[::3]
    assert torch.equal(digits[1][0], to_tensor(mnist[1][3]))


def test_pickle(cifar, backend):
    dataset = pickle.loads(pickle.dumps(CIFAR10(cifar[0], mean=0.5, backend=backend)))
    assert torch.equal(dataset[3][0], to_tensor(dataset.data[3]) - 0.5)


# -- transforms -------------------------------------------------------------------------------------------------------


def test_any_transform_gets_a_pil_image(cifar, mnist, backend):
    seen = []

    def transform(image):
        seen.append((type(image), image.mode, image.size))
        return torch.from_numpy(np.array(image)).flatten()[:5]

    dataset = CIFAR10(cifar[0], transform=transform, target_transform=lambda target: target + 0.5, backend=backend)
    images, targets = next(iter(DataLoader(dataset, batch_size=3)))
    assert targets.dtype == torch.float64 and targets.tolist() == [target + 0.5 for target in dataset.targets[:3]]
    assert torch.equal(images, torch.from_numpy(dataset.data[:3].reshape(3, -1)[:, :5].copy()))
    MNIST(mnist[0], transform=transform, backend=backend)[0]
    assert seen == [(Image.Image, "RGB", (32, 32))] * 3 + [(Image.Image, "L", (28, 28))]


def test_target_transform_alone(mnist, backend):
    dataset = MNIST(mnist[0], target_transform=lambda target: target % 2, backend=backend)
    _, targets = default_collate(dataset.__getitems__(range(8)))
    assert targets.dtype == torch.int64 and targets.tolist() == (mnist[2][:8] % 2).tolist()
    dataset.target_transform = str
    assert list(default_collate(dataset.__getitems__(range(3)))[1]) == [str(label) for label in mnist[2][:3]]


def test_a_transform_may_be_replaced(mnist, backend):
    dataset = MNIST(mnist[0], backend=backend)
    dataset.transform = compose(TO_TENSOR, normalize(0.5, 0.5))
    assert torch.equal(dataset[0][0], to_tensor(mnist[1][0], (0.5,), (0.5,)))
    dataset.transform = lambda image: image.size
    assert dataset[0][0] == (28, 28)


def test_what_is_recognised():
    values = torchvision_transforms.values
    half = Values(torch.float32, (0.5,), (0.25,))
    to_float = of_torchvision("ToDtype", dtype=torch.float32, scale=True)
    assert values(TO_TENSOR) == Values()
    assert values(of_torchvision("PILToTensor")) == Values(torch.uint8)
    assert values(compose(compose(TO_TENSOR), normalize([0.5], torch.tensor([0.25])))) == half
    assert values(compose(of_torchvision("ToImage"), to_float, normalize(0.5, 0.25))) == half
    assert values(compose(of_torchvision("PILToTensor"), of_torchvision("ConvertImageDtype", dtype=torch.float32)))
    for other in (
        compose(),
        compose(normalize(0.5, 0.25)),
        compose(normalize(0.5, 0.25), TO_TENSOR),
        compose(TO_TENSOR, TO_TENSOR),
        compose(TO_TENSOR, of_torchvision("RandomHorizontalFlip")),
        compose(of_torchvision("PILToTensor"), normalize(0.5, 0.25)),
        compose(of_torchvision("ToImage"), of_torchvision("ToDtype", dtype=torch.float32, scale=False)),
        compose(of_torchvision("ToImage"), of_torchvision("ToDtype", dtype=torch.float64, scale=True)),
        compose(TO_TENSOR, normalize("a", "b")),
        compose(TO_TENSOR, lambda image: image),
        type("ToTensor", (), {"__module__": "somebody.elses"})(),
        type("Mine", (type(TO_TENSOR),), {"__module__": "mine"})(),
        torch.nn.Identity(),
    ):
        assert values(other) is None


def test_a_transform_that_cannot_be_carried_out_is_called(mnist):
    """Then the error is its own."""

    class Compose:
        transforms = (TO_TENSOR, normalize((0.5,) * 3, (0.5,) * 3))

        def __call__(self, image):
            raise RuntimeError("output with shape [1, 28, 28]")

    Compose.__module__ = "torchvision.transforms"
    with pytest.raises(RuntimeError, match="output with shape"):
        MNIST(mnist[0], transform=Compose())[0]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (dict(transform=TO_TENSOR, mean=0.5), "go with transform=None"),
        (dict(transform=TO_TENSOR, dtype=torch.uint8), "contradicts"),
        (dict(transform=of_torchvision("PILToTensor"), dtype=torch.float16), "contradicts"),
        (dict(transform=lambda image: image, dtype=torch.float16), "in Python"),
        (dict(transform=T.Compose([T.ToTensor(), T.Normalize(*HALVES)])), "3 channels, and there are 1"),
        (dict(transform=T.RandomErasing(value=(1, 2, 3))), "3 channels, and there are 1"),
        (dict(mean=(0.5, 0.5)), "one or 1"),
        (dict(std=0), "std not 0"),
        (dict(mean=float("nan")), "finite"),
        (dict(mean=()), "at least one number"),
        (dict(dtype=torch.uint8, mean=0.5), "no mean and std"),
        (dict(dtype=torch.float64), "dtype is torch.float64"),
        (dict(memory_format=torch.preserve_format), "memory_format is"),
        (dict(backend="fast"), "backend is 'fast'"),
    ],
)
def test_arguments_that_make_no_sense(mnist, options, message):
    with pytest.raises(ValueError, match=message):
        MNIST(mnist[0], **options)


# -- pixfeed's own transforms -----------------------------------------------------------------------------------------

CROP = [T.RandomCrop(32, padding=4), T.RandomHorizontalFlip()]
RECIPE = [*CROP, T.ToTensor(), T.Normalize((0.49, 0.48, 0.45), (0.25, 0.24, 0.26))]


def noisy(image: torch.Tensor) -> torch.Tensor:
    """A Python function that draws."""
    return image + torch.rand(1)


def test_random_transforms_are_native_and_keyed(cifar, backend):
    """The CIFAR recipe, against torchvision's way step by step with the numbers of (seed, epoch, index)."""
    dataset = CIFAR10(cifar[0], transform=T.Compose(RECIPE), seed=7, backend=backend)
    assert dataset.reads_natively and not dataset.runs_python and dataset.dtype == torch.float32
    assert "native, in one pass: RandomCrop" in str(dataset)
    dataset.set_epoch(3)
    rows = [5, 299, 0, 5]
    pictures, targets = default_collate(dataset.__getitems__(rows))
    assert targets.tolist() == cifar[2][rows].tolist()
    for got, row, u in zip(pictures, rows, draws.uniform(7, 3, rows, 3), strict=True):
        top, left = (int(number * 9) for number in u[:2])
        padded = np.pad(dataset.data[row], ((4, 4), (4, 4), (0, 0)))[top : top + 32, left : left + 32]
        expected = padded[:, ::-1] if u[2] < 0.5 else padded
        assert torch.equal(got, to_tensor(expected, (0.49, 0.48, 0.45), (0.25, 0.24, 0.26)))
    assert torch.equal(dataset[5][0], pictures[0]) and torch.equal(dataset[-1][0], pictures[1])
    dataset.set_epoch(None)
    assert not torch.equal(dataset[5][0], pictures[0])


@pytest.mark.slow
@pytest.mark.parametrize(
    "steps",
    [
        [*CROP, T.ColorJitter(0.4, 0.4), T.ToTensor(), T.RandomErasing(value="random")],
        [T.RandomResizedCrop(24), T.RandomVerticalFlip()],
        [T.Pad(2, padding_mode="reflect"), T.CenterCrop(30), T.Resize(20), T.Grayscale(), T.ToTensor()],
        [*RECIPE, noisy],
    ],
    ids=["jitter, erase", "resized", "passes", "python"],
)
@pytest.mark.parametrize("which", ["mnist", "cifar"])
def test_same_batches_whoever_reads(request, backend, which, steps):
    """For any number and kind of workers, in Subset and ConcatDataset, and after load_state_dict()."""
    root = request.getfixturevalue(which)[0]
    if which == "mnist":
        steps = [step for step in steps if not isinstance(step, T.Normalize)]
    kind = MNIST if which == "mnist" else CIFAR10

    def make(seed=3):
        one = kind(root, transform=T.Compose(steps), seed=seed, backend=backend)
        assert one.reads_natively == (noisy not in steps)
        return ConcatDataset([Subset(one, range(40, 60)), random_split(one, [50, 250])[0]])

    torch.manual_seed(0)
    dataset = make()
    expected = pixfeed.DataLoader(dataset, 16)
    epochs = [list(expected), list(expected)]
    assert torch.equal(epochs[0][0][0], epochs[1][0][0]) == (not any(step.draws for step in steps if step is not noisy))
    for way in (dict(num_workers=1), dict(num_workers=2), dict(num_workers=2, workers="process")):
        loader = pixfeed.DataLoader(dataset, 16, **way)
        for epoch in epochs:
            for ours, theirs in zip(loader, epoch, strict=True):
                assert all(map(torch.equal, ours, theirs))
    torch.manual_seed(0)
    again = pixfeed.DataLoader(make(seed=99), 16)
    running = iter(expected)
    next(running)
    again.load_state_dict(expected.state_dict())
    for ours, theirs in zip(again, running, strict=True):
        assert all(map(torch.equal, ours, theirs))


def test_threads_read_pixfeeds_transforms(cifar):
    for steps, words in ((RECIPE, None), ([*RECIPE, noisy], "runs in Python")):
        dataset = CIFAR10(cifar[0], transform=T.Compose(steps))
        if words is None:
            pixfeed.DataLoader(dataset, 8, num_workers=2, workers="thread")
        else:
            with pytest.raises(ValueError, match=words):
                pixfeed.DataLoader(dataset, 8, num_workers=2, workers="thread")


def test_seeds(cifar):
    def make(**options):
        return CIFAR10(cifar[0], transform=T.Compose(RECIPE), **options)

    def first(dataset):
        return torch.stack([dataset[i][0] for i in range(8)])

    assert torch.equal(first(make(seed=1)), first(make(seed=1)))
    assert not torch.equal(first(make(seed=1)), first(make(seed=2)))
    torch.manual_seed(3)
    drawn = make()
    torch.manual_seed(3)
    assert torch.equal(first(make()), first(drawn)) and not torch.equal(first(make()), first(drawn))
    assert torch.equal(first(pickle.loads(pickle.dumps(drawn))), first(drawn))
    before = torch.get_rng_state()
    assert CIFAR10(cifar[0], transform=T.Compose(RECIPE[2:])).seed is None  # nothing is random
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_16_bit_floats(cifar, mnist, backend, dtype):
    """By dtype= with a transform, torchvision's too, and by ToDtype."""
    half = T.ToDtype(dtype, scale=True)
    for kind, root, steps in ((CIFAR10, cifar[0], [*CROP, T.ToTensor()]), (MNIST, mnist[0], [T.RandomCrop(20)])):
        for more in ([], [T.ToTensor(), T.RandomErasing(1.0)]):
            how = dict(seed=1, backend=backend, memory_format=torch.channels_last)
            floats = kind(root, transform=T.Compose([*steps, *more]), dtype=torch.float32, **how)
            dataset = kind(root, transform=T.Compose([*steps, *more]), dtype=dtype, **how)
            pictures = default_collate(dataset.__getitems__(range(90)))[0]
            assert dataset.dtype == pictures.dtype == dtype and pictures.is_contiguous(
                memory_format=torch.channels_last
            )
            assert torch.equal(pictures, default_collate(floats.__getitems__(range(90)))[0].to(dtype))
        expected = kind(root, backend=backend)[4][0].to(dtype)
        for transform, more in ((half, {}), (TO_TENSOR, dict(dtype=dtype)), (T.ToTensor(), dict(dtype=dtype))):
            image = kind(root, transform=transform, backend=backend, **more)[4][0]
            assert image.dtype == dtype and torch.equal(image, expected)


def test_pixfeeds_transforms_on_changed_data(mnist, backend):
    """Of another size, and another transform later on."""
    dataset = MNIST(mnist[0], transform=T.Compose([T.CenterCrop(20)]), backend=backend)
    assert torch.equal(dataset[2][0], to_tensor(mnist[1][2, 4:24, 4:24]))
    dataset.data = dataset.data[:, 8:20, 8:20].transpose(1, 2)
    padded = np.pad(mnist[1][2, 8:20, 8:20].T, 4)
    assert torch.equal(dataset[2][0], to_tensor(padded)) and dataset.seed is None
    dataset.transform = T.RandomCrop(14)
    with pytest.raises(pixfeed.RegionError, match=r"item 3 of MNIST: RandomCrop\(\(14, 14\)\) is larger"):
        dataset.__getitems__([3])


# -- bad files --------------------------------------------------------------------------------------------------------


def test_missing_files(tmp_path):
    with pytest.raises(FileNotFoundError) as raised:
        MNIST(tmp_path)
    text = str(raised.value)
    assert str(tmp_path / "MNIST" / "raw") in text and "f68b3c2dcbeaaa9fbdd348bbdeb94873" in text
    assert "https://" in text and "train-labels-idx1-ubyte.gz" in text and "t10k" not in text
    with pytest.raises(FileNotFoundError, match="8d4fb7e6c68d591d4c3dfef9ec88bf0d"):
        FashionMNIST(tmp_path)
    with pytest.raises(FileNotFoundError, match=r"test_batch.*-python\.tar\.gz .*c58f30108f718f92721af3b95e74349a"):
        CIFAR10(tmp_path, train=False)
    with pytest.raises(FileNotFoundError, match=r"cifar-100-python\.tar\.gz .*eb9058c3a382ffc7106e4002c42a8d85"):
        CIFAR100(tmp_path)
    write_cifar10(tmp_path, *random_pictures(5, 3, 32, 32))
    os.remove(tmp_path / "cifar-10-batches-py" / "data_batch_4")
    with pytest.raises(FileNotFoundError, match="no data_batch_4; "):
        CIFAR10(tmp_path)


DATA, LABELS = random_pictures(12, 28, 28)
BAD_IDX = {
    "no gzip any more": (gzip.compress(idx(DATA))[:-500], "truncated or damaged"),
    "a wrong checksum": (gzip.compress(idx(DATA))[:-8] + b"12345678", "truncated or damaged"),
    "garbled gzip": (gzip.compress(b"")[:10] + b"\xff" * 50, "truncated or damaged"),
    "empty": (b"", "ends in its header"),
    "half a header": (idx(DATA)[:9], "ends in its header"),
    "half the values": (idx(DATA)[:5000], r"promises \[12, 28, 28\]"),
    "half the values, zipped": (gzip.compress(idx(DATA)[:5000]), r"promises \[12, 28, 28\] values, there are 4984"),
    "too many values": (idx(DATA) + b"x", "there are more"),
    "a lie": (gzip.compress(b"\0\0\x08\x03" + b"\xff" * 12), "too short"),
    "a page of the web": (b"<!DOCTYPE html>", "no IDX file"),
    "floats": (b"\0\0\x0d\x03" + struct.pack(">3I", 1, 1, 1) + b"1234", "not uint8"),
    "labels": (idx(LABELS), "in 1 dimensions"),
    "no image": (idx(DATA[:0]), "that is none|12 labels"),
    "fewer": (idx(DATA[:5]), "5 images.*12 labels.*fetch"),
}


@pytest.mark.parametrize("bad", BAD_IDX)
def test_bad_idx_files(tmp_path, bad):
    write_mnist(tmp_path, DATA, LABELS)
    file = tmp_path / "MNIST" / "raw" / "train-images-idx3-ubyte.gz"
    packed, message = BAD_IDX[bad]
    file.write_bytes(packed)
    with pytest.raises(pixfeed.DatasetError, match=message) as raised:
        MNIST(tmp_path)
    assert str(file) in str(raised.value) and "fetch" in str(raised.value)


def test_a_name_says_nothing_about_zip(tmp_path):
    write_mnist(tmp_path, DATA, LABELS)
    file = tmp_path / "MNIST" / "raw" / "train-images-idx3-ubyte.gz"
    file.write_bytes(idx(DATA))
    assert len(MNIST(tmp_path)) == 12


def test_no_class_of_that_number(tmp_path):
    write_mnist(tmp_path, DATA, LABELS + np.uint8(100))
    with pytest.raises(pixfeed.DatasetError, match=r"train-labels.*there are 10 classes"):
        MNIST(tmp_path)
    data, labels = random_pictures(10, 3, 32, 32)
    write_cifar10(tmp_path, data, np.where(np.arange(10) == 7, 10, labels))
    with pytest.raises(pixfeed.DatasetError, match=r"data_batch_4: label 10 of item 1, there are 10"):
        CIFAR10(tmp_path)


def test_verify(tmp_path, monkeypatch):
    write_mnist(tmp_path, DATA, LABELS)
    with pytest.raises(pixfeed.DatasetError, match=r"train-images.*MD5.*f68b3c2dcbeaaa9fbdd348bbdeb94873"):
        MNIST(tmp_path, verify=True)
    raw = tmp_path / "MNIST" / "raw"
    published = {name: hashlib.md5((raw / name).read_bytes()).hexdigest() for name in MNIST.files if "train" in name}
    monkeypatch.setattr(MNIST, "files", published)
    assert len(MNIST(tmp_path, verify=True)) == 12
    for file in list(raw.iterdir()):
        file.with_suffix("").write_bytes(gzip.decompress(file.read_bytes()))
        file.unlink()
    with pytest.raises(ValueError, match="checksum is known"):
        MNIST(tmp_path, verify=True)
    write_cifar10(tmp_path, *random_pictures(5, 3, 32, 32))
    with pytest.raises(pixfeed.DatasetError, match=r"data_batch_1.*c99cafc152244af753f735de768cd75f"):
        CIFAR10(tmp_path, verify=True)


def noted(path) -> bytes:
    """A pickle that makes a file, if it is executed."""
    return python2(b"touch " + os.fsencode(path))


HOSTILE = {
    "os.system": lambda path: b"cposix\nsystem\n" + noted(path) + b"\x85R.",
    "eval": lambda path: b"c__builtin__\neval\n" + python2(b"open(%r, 'w')" % str(path)) + b"\x85R.",
    "getattr": lambda path: b"c__builtin__\ngetattr\ncnumpy\nndarray\n" + python2(b"__init__") + b"\x86R.",
    "another of numpy's": lambda path: b"cnumpy.core.multiarray\nscalar\n)R.",
    "a path behind a name": lambda path: b"\x80\4\x8c\5numpy\x8c\x10ndarray.__init__\x93.",
    "instances": lambda path: b"(" + noted(path) + b"iposix\nsystem\n.",
    "objects": lambda path: b"(cposix\nsystem\n" + noted(path) + b"o.",
    "new objects": lambda path: b"cnumpy\nndarray\n)\x81.",
    "a changed stand-in": lambda path: b"cnumpy\nndarray\nN}" + python2(b"_make") + b"Ns\x86b.",
    "a dict for a stand-in": lambda path: b"cnumpy\nndarray\n}" + python2(b"_make") + b"Nsb.",
    "a persistent name": lambda path: b"P1\n.",
    "an extension": lambda path: b"\x82\1.",
    "another encoding": lambda path: b"c_codecs\nencode\nX\1\0\0\0aX\5\0\0\0rot13\x86R.",
    "a dtype of objects": lambda path: old_pickle({b"data": np.zeros((1, 3072), np.uint8)}).replace(b"u1", b"O8"),
    "too many values": lambda path: old_pickle({b"data": np.zeros((1, 3072), np.uint8)}).replace(
        struct.pack("<i", 3072) + b"\x86", struct.pack("<i", 9999) + b"\x86"
    ),
    "a large memo": lambda path: b"Nr\xff\xff\xff\x7f.",
    "nothing": lambda path: b"",
    "half of it": lambda path: old_pickle({b"labels": [1, 2, 3]})[:-5],
    "a list": lambda path: old_pickle([1]),
    "noise": lambda path: bytes(range(256)),
}


@pytest.mark.parametrize("trick", HOSTILE)
def test_pickles_are_not_executed(tmp_path, trick):
    write_cifar10(tmp_path, *random_pictures(10, 3, 32, 32))
    file, made = tmp_path / "cifar-10-batches-py" / "data_batch_2", tmp_path / "made"
    file.write_bytes(HOSTILE[trick](made))
    with pytest.raises(pixfeed.DatasetError, match=r"the pickle cannot be read .*fetch the file again") as raised:
        CIFAR10(tmp_path)
    assert str(file) in str(raised.value)
    assert not made.exists()
    write_cifar10(tmp_path, *random_pictures(10, 3, 32, 32))
    assert len(CIFAR10(tmp_path)) == 10  # whatever was tried, the next pickle is read as ever


@pytest.mark.parametrize(
    ("batch", "message"),
    [
        ({b"labels": [1]}, "its 'data' is NoneType"),
        ({b"data": np.zeros((1, 3071), np.uint8), b"labels": [1]}, r"its 'data' is \[1, 3071\]"),
        ({b"data": np.zeros((2, 3072), np.uint8), b"labels": [1]}, "2 images and 1 labels"),
        ({b"data": np.zeros((1, 3072), np.uint8), b"labels": [b"a"]}, "'labels' is no list of int"),
        ({b"data": np.zeros((1, 3072), np.uint8)}, "'labels' is no list of int"),
    ],
    ids=range(5),
)
def test_pickles_of_something_else(tmp_path, batch, message):
    write_cifar10(tmp_path, *random_pictures(10, 3, 32, 32))
    file = tmp_path / "cifar-10-batches-py" / "data_batch_1"
    file.write_bytes(old_pickle(batch))
    with pytest.raises(pixfeed.DatasetError, match=f"data_batch_1: .*{message}.*fetch"):
        CIFAR10(tmp_path)


def test_unusable_names(tmp_path):
    write_cifar10(tmp_path, *random_pictures(10, 3, 32, 32))
    (tmp_path / "cifar-10-batches-py" / "batches.meta").write_bytes(old_pickle({b"label_names": [1, 2]}))
    with pytest.raises(pixfeed.DatasetError, match=r"batches\.meta: its 'label_names' is unusable"):
        CIFAR10(tmp_path)


# -- ImageFolder ------------------------------------------------------------------------------------------------------


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
    for transform, words in ((lambda image: image, "in Python"), (of_torchvision("PILToTensor"), "contradicts")):
        with pytest.raises(ValueError, match=words):
            ImageFolder(folder, transform, dtype=dtype, **how)
