"""The classic sets: made files in torchvision's places, and torchvision's way as the reference, an item at a time."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
import torch
from classic_sets import make_cifar, make_mnist, old_pickle, random_pictures, write_cifar10, write_mnist
from lookalikes import HALVES, TO_TENSOR, compose, normalize, to_tensor
from torch.utils.data import ConcatDataset, DataLoader, Subset, default_collate, random_split

import pixfeed
from pixfeed.datasets import CIFAR10, CIFAR100, MNIST, FashionMNIST


@pytest.fixture
def mnist(tmp_path):
    return make_mnist(tmp_path)


@pytest.fixture
def cifar(tmp_path):
    return make_cifar(tmp_path)


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
