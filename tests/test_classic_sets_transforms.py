"""Transforms of the classic sets: torchvision's, any function, and pixfeed's own."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
import torch
from classic_sets import make_cifar, make_mnist
from lookalikes import HALVES, TO_TENSOR, compose, normalize, of_torchvision, to_tensor
from PIL import Image
from torch.utils.data import ConcatDataset, DataLoader, Subset, default_collate, random_split

import pixfeed
from pixfeed import draws
from pixfeed import transforms as T
from pixfeed.datasets import CIFAR10, MNIST


@pytest.fixture
def mnist(tmp_path):
    return make_mnist(tmp_path)


@pytest.fixture
def cifar(tmp_path):
    return make_cifar(tmp_path)


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


def test_a_transform_that_cannot_be_carried_out_is_called(mnist):
    """Then the error is its own."""
    step = of_torchvision("Normalize", mean=HALVES[0], std=HALVES[1])
    type(step).__call__ = lambda self, image: pytest.fail("output with shape [1, 28, 28]")
    with pytest.raises(pytest.fail.Exception, match="output with shape"):
        MNIST(mnist[0], transform=compose(TO_TENSOR, step))[0]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (dict(transform=TO_TENSOR, mean=0.5), "go with transform=None"),
        (dict(transform=TO_TENSOR, dtype=torch.uint8), "contradicts"),
        (dict(transform=of_torchvision("PILToTensor"), dtype=torch.float16), "contradicts"),
        (dict(transform=lambda image: image, dtype=torch.float16), "contradicts"),
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
    assert dataset.reads_natively and not dataset.python_step and dataset.dtype == torch.float32
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
    images = first(drawn)
    assert not torch.equal(first(make()), images)  # two that live do not draw alike
    assert torch.equal(first(pickle.loads(pickle.dumps(drawn))), images)
    del drawn
    torch.manual_seed(3)
    assert torch.equal(first(make()), images)
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
