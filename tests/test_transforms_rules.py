"""Rules that transforms keep, whatever pixels they make: what is fused, in what order, and what depends on what."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
import torch
from transform_cases import FILTERS, NORMALIZE, Case
from transform_results import Pictures, makes_numbers, transforms_of

from pixfeed import backends
from pixfeed import transforms as T

TRAIN = ("ToTensor()", NORMALIZE)


@pytest.fixture
def calls(backend, monkeypatch) -> Counter:
    """Counts how often the backend is asked to read pictures, and to change one that it has read already."""
    counted, module = Counter(), backends.load(backend)

    def count(name: str) -> None:
        verb = getattr(module, name)

        def counting(*arguments, **options):
            counted[name] += 1
            return verb(*arguments, **options)

        monkeypatch.setattr(module, name, counting)

    count("open")
    count("resample")
    return counted


@pytest.mark.parametrize(
    ("call", "more"),
    [
        (("RandomResizedCrop(20)", "RandomHorizontalFlip()", *TRAIN), 0),
        (("RandomResizedCrop(20)", "RandomHorizontalFlip()", "ColorJitter(0.4, 0.4, 0.4)", *TRAIN), 0),
        (("Resize(30)", "CenterCrop(24)", *TRAIN), 0),
        (("RandomCrop(24, 4, fill=(1, 2, 3))", "RandomVerticalFlip()", *TRAIN), 0),
        (("Resize(30, 'bicubic')", "Pad(3)", "CenterCrop(20)", "RandomHorizontalFlip()", "Grayscale(3)", *TRAIN), 0),
        (("RandomHorizontalFlip()", "RandomResizedCrop(20)", *TRAIN), 0),
        (("RandomHorizontalFlip(1.0)", "Resize((20, 21), 'nearest')", *TRAIN), 1),
        (("Resize(30)", "Resize(20)", *TRAIN), 1),
        (("Resize(30)", "Pad(1)", "Pad(1, 9)", "Resize(20)", "CenterCrop(16)"), 2),
        (("ColorJitter(0.4, 0.4, 0.4)", "ColorJitter(0.4, 0.4, 0.4)"), 1),
        (("RandomCrop(24, 4, padding_mode='reflect')", *TRAIN), 0),
    ],
    ids=str,
)
def test_passes(call, more, calls, backend, tmp_path):
    """A picture is read once, and what can be fused with that is; all passes are one call."""
    case = Case(call, "RGB", ("37x53", "64x64"))
    dataset = Pictures(tmp_path).dataset(case, backend)
    for i in range(len(dataset)):
        calls.clear()
        image = dataset[i][0]
        assert image.dtype == (torch.float32 if makes_numbers(call) else torch.uint8)
        assert calls == Counter({"open": 1})
    assert len(dataset._pipeline.recipe.passes) == 1 + more


def random_pictures(count: int):
    rng = np.random.default_rng(0)
    for _ in range(count):
        yield rng.integers(0, 256, (*rng.integers(1, 60, 2), 3), np.uint8), tuple(rng.integers(1, 60, 2).tolist())


@pytest.mark.parametrize("how", FILTERS)
def test_a_flip_before_a_resize_happens_before_it(how):
    """Whether it is fused or not."""
    for picture, size in random_pictures(100):
        resize = T.Resize(size, how)
        for flip, flipped in ((T.RandomHorizontalFlip(1), picture[:, ::-1]), (T.RandomVerticalFlip(1), picture[::-1])):
            assert torch.equal(T.Compose([flip, resize])(picture), resize(flipped.copy())), f"{picture.shape} {size}"


@pytest.mark.parametrize("how", ["nearest", "box"])
def test_some_filters_do_not_mirror(how):
    """Otherwise the test above would show nothing: these must not be fused with a flip before them."""
    made = [
        torch.equal(T.Resize(size, how)(picture).flip(2), T.Resize(size, how)(picture[:, ::-1].copy()))
        for picture, size in random_pictures(100)
    ]
    assert not all(made)


def test_a_compose_in_a_compose_is_the_same_sequence(backend, tmp_path):
    """Draws included."""
    call = ("RandomResizedCrop(20)", "RandomHorizontalFlip()", "ColorJitter(0.4, 0.4)", *TRAIN, "RandomErasing(1.0)")
    case, pictures, steps = Case(call, "RGB", ("37x53", "64x64"), 3), Pictures(tmp_path), transforms_of(call)
    nested = T.Compose([T.Compose([steps[0], T.Compose(steps[1:3])]), T.Compose([]), *steps[3:5], T.Compose(steps[5:])])
    flat, other = pictures.dataset(case, backend), pictures.dataset(case, backend, nested)
    assert len({image.sum().item() for image, _ in flat}) == len(flat)
    for i in range(len(flat)):
        assert torch.equal(flat[i][0], other[i][0])
