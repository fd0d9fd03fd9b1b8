"""RandomApply, RandomChoice and RandomOrder: what each sample gets, natively and in Python."""

from __future__ import annotations

import pickle
from collections import Counter
from itertools import permutations

import images
import numpy as np
import pytest
import torch
from lookalikes import V1, V2, compose, make
from PIL import Image
from torch.utils.data import ConcatDataset

from pixfeed import DataLoader, FastTxtDataset, draws
from pixfeed import transforms as T
from pixfeed.datasets.in_memory import InMemory
from pixfeed.reading.options import Reading
from pixfeed.reading.pipeline import Pipeline
from pixfeed.reading.request import Request
from pixfeed.transforms.compose import steps_of
from pixfeed.transforms.fuse import Recipe

JITTER = T.ColorJitter(0.4, 0.4, 0.4)
CROP = T.RandomCrop(20)


@pytest.fixture
def folder(tmp_path):
    for i in range(6):
        (tmp_path / f"{i}.png").write_bytes(images.png(images.picture(40 + i, 50 - i, i)))
    (tmp_path / "list.txt").write_text("".join(f"{i}.png {i}\n" for i in range(6)))
    return tmp_path


@pytest.fixture
def dataset(folder, backend):
    def make_dataset(*steps, **options):
        options = {"seed": 1, "backend": backend, "repeat": 5, **options}
        return FastTxtDataset(folder / "list.txt", folder, transform=T.Compose(steps), **options)

    return make_dataset


RECIPES = {
    "apply": (T.Resize((30, 30)), T.RandomApply([JITTER, T.RandomVerticalFlip()], 0.6), CROP),
    "choice": (T.RandomChoice([T.Resize((30, 30)), T.RandomResizedCrop((30, 30))], [1, 3]), CROP, JITTER),
    "order": (T.RandomOrder([T.Resize((30, 30)), JITTER, T.RandomHorizontalFlip()]), CROP),
    "borders": (
        T.RandomChoice([T.Pad(2, padding_mode="edge"), T.Pad(3, padding_mode="reflect"), T.Pad(1, 9)]),
        T.Resize((30, 30)),
        T.RandomHorizontalFlip(),
    ),
    "inside each other": (
        T.Resize((30, 30)),
        T.RandomApply([T.RandomOrder([T.Grayscale(3), CROP]), T.RandomHorizontalFlip()], 0.7),
        T.RandomChoice([T.Compose([T.Resize(25), CROP]), T.Resize((20, 20), "bicubic")]),
    ),
    "two, then others": (
        T.RandomApply([T.Resize((30, 30))]),
        T.RandomApply([T.Resize(20)]),
        T.Resize((16, 18)),
        T.RandomVerticalFlip(),
    ),
}


def drawn_leaves(step, u, column) -> list[tuple[object, slice]]:
    """What a sample with the random numbers ``u`` gets of a step, and whence: the definition, step by step."""
    if not isinstance(step, (T.RandomApply, T.RandomChoice, T.RandomOrder)):
        return [(step, slice(column, column + step.draws))]
    children = [child if isinstance(child, tuple) else (child,) for child in step.transforms]
    own = len(children) if isinstance(step, T.RandomOrder) else 1
    mine, at = u[column : column + own], column + own
    leaves = []
    for child in children:
        leaves.append([])
        for each in child:
            leaves[-1] += drawn_leaves(each, u, at)
            at += each.draws
    if isinstance(step, T.RandomApply):
        order = range(len(children)) if mine[0] < step.p else []
    elif isinstance(step, T.RandomChoice):
        weights = np.array(step.p or [1] * len(children))
        order = [int((mine[0] >= np.cumsum(weights) / weights.sum()).sum())]
    else:
        order = sorted(range(len(children)), key=lambda k: mine[k])
    return [leaf for k in order for leaf in leaves[k]]


@pytest.mark.parametrize("name", RECIPES)
def test_each_sample_gets_what_its_numbers_say(name, dataset, folder, backend):
    steps = RECIPES[name]
    made = dataset(*steps, T.ToTensor())
    assert made.reads_natively
    batch = made.__getitems__(range(30)).images
    u = draws.uniform(1, 0, range(30), Recipe(steps).draws)
    kinds = set()
    for i in range(30):
        column, leaves = 0, []
        for step in steps:
            leaves += drawn_leaves(step, u[i], column)
            column += step.draws
        numbers = np.concatenate([u[i : i + 1, columns] for _, columns in leaves] or [u[i : i + 1, :0]], 1)
        pipeline = Pipeline(Reading(backend=backend), [leaf for leaf, _ in leaves] + [T.ToTensor()])
        request = Request([str(folder / f"{i % 6}.png")], None, None, numbers)
        expected = pipeline.read(request, torch.contiguous_format).images[0]
        assert torch.equal(batch[i], expected)
        assert torch.equal(made[i][0], expected)
        kinds.add(str(leaves))
    assert len(kinds) > 1


def test_batches_are_the_same_for_all_workers(dataset):
    made = dataset(*RECIPES["inside each other"], T.ToTensor(), T.Normalize([0.5], [0.5]), T.RandomErasing())
    expected = [made[i][0] for i in range(30)]
    for options in (
        dict(num_workers=0),
        dict(num_workers=2),
        dict(num_workers=1, workers="process", multiprocessing_context="fork"),
    ):
        got = [image for batch, _ in DataLoader(made, 7, **options) for image in batch]
        assert all(map(torch.equal, got, expected))


def test_columns_stay(dataset):
    """A transform that is appended changes nothing before it; what is drawn moves nobody's columns."""
    branch = T.RandomApply([JITTER, T.RandomOrder([T.RandomVerticalFlip(), JITTER])])
    assert branch.draws == 1 + JITTER.draws + 2 + 1 + JITTER.draws
    steps = branch, T.Resize((20, 20)), T.ToTensor()
    short, long = dataset(*steps), dataset(*steps, T.RandomErasing(0.0))
    assert torch.equal(short[3][0], long[3][0])


def test_targets_follow(folder, backend):
    """Points through passes that a picture takes, and those that only others take."""
    (folder / "points.txt").write_text("".join(f"{i}.png 10 12 2\n" for i in range(6)))
    steps = [T.RandomChoice([T.Pad(2, padding_mode="edge"), T.RandomHorizontalFlip(1.0)]), T.Pad(1), T.Resize((20, 20))]
    made = FastTxtDataset(
        folder / "points.txt", folder, transform=T.Compose(steps), targets="keypoints", seed=1, backend=backend
    )
    u = draws.uniform(1, 0, range(6), 2)[:, 0]
    for i, (_, target) in enumerate(made.__getitems__(range(6))):
        width, height = 50 - i, 40 + i
        x, y = (12, 14) if u[i] < 0.5 else (width - 10, 12)
        more = 6 if u[i] < 0.5 else 2
        expected = [(x + 1) * 20 / (width + more), (y + 1) * 20 / (height + more), 2]
        assert target["keypoints"][0].tolist() == pytest.approx(expected, abs=1e-4)


def test_datasets_that_are_read_as_one(dataset):
    steps = (T.RandomChoice([T.Compose([T.Resize(30), CROP]), T.Resize((20, 20))]),)
    one, other = dataset(*steps), dataset(*steps, seed=2)
    assert one.merge_key == other.merge_key
    both = ConcatDataset([one, other])
    for batch, _ in DataLoader(both, 60):
        assert all(torch.equal(batch[i], both[i][0]) for i in range(60))


def test_sets_in_memory(backend):
    class Digits(InMemory):
        num_channels = 1
        classes = ("one",)

        def _pictures(self):
            return self.data[:, None]

    data = np.stack([images.picture(20, 30, i)[..., 0] for i in range(8)])
    steps = [T.RandomApply([T.Pad(2, padding_mode="edge"), T.RandomCrop((20, 30))]), T.ToTensor()]
    made = Digits(data, [0] * 8, transform=T.Compose(steps), seed=3, backend=backend)
    batch = made.__getitems__(range(8)).images
    plain = torch.from_numpy(data[:, None] / np.float32(255))
    stayed = [torch.equal(image, other) for image, other in zip(batch, plain, strict=True)]
    assert 0 < sum(stayed) < 8
    assert stayed == (draws.uniform(3, 0, range(8), 1)[:, 0] >= 0.5).tolist()


# -- distributions -----------------------------------------------------------------------------------------------------


def is_likely(counts: Counter, shares: dict) -> bool:
    """Chi-square: would a fair draw be further off once in 10,000 times or more? (Wilson and Hilferty)"""
    n, k = sum(counts.values()), len(shares) - 1
    statistic = sum((counts[key] - n * share) ** 2 / (n * share) for key, share in shares.items())
    limit = k * (1 - 2 / (9 * k) + 3.72 * (2 / (9 * k)) ** 0.5) ** 3
    return set(counts) <= set(shares) and statistic < limit


@pytest.mark.parametrize(
    ("step", "shares"),
    [
        (T.RandomApply([JITTER, CROP], 0.3), {(0, 1): 0.3, (): 0.7}),
        (T.RandomChoice([JITTER, CROP, T.Resize(9)]), {(k,): 1 / 3 for k in range(3)}),
        (T.RandomChoice([JITTER, CROP, T.Resize(9)], [1, 0, 3]), {(0,): 0.25, (2,): 0.75}),
        (T.RandomOrder([JITTER, CROP, T.Resize(9)]), dict.fromkeys(permutations(range(3)), 1 / 6)),
    ],
    ids=repr,
)
def test_distribution(step, shares):
    for seed in range(3):
        u = draws.uniform(seed, 0, range(6000), step.draws)
        assert is_likely(Counter(step.paths(u)), shares)


def test_a_wrong_distribution_is_noticed():
    assert not is_likely(Counter({(0,): 1700, (1,): 1900, (2,): 2400}), {(k,): 1 / 3 for k in range(3)})


# -- what is known beforehand, and what is refused ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("step", "size"),
    [
        (T.RandomApply([T.Resize(20)], 0.5), None),
        (T.RandomApply([T.Resize((30, 30))], 0.5), (30, 30)),
        (T.RandomApply([T.Resize(20)], 1), (20, 20)),
        (T.RandomApply([T.Resize(20)], 0), (30, 30)),
        (T.RandomChoice([CROP, T.Resize(20)]), (20, 20)),
        (T.RandomChoice([CROP, JITTER]), None),
        (T.RandomChoice([CROP, JITTER], [1, 0]), (20, 20)),
        (T.RandomOrder([CROP, JITTER, T.RandomHorizontalFlip()]), (20, 20)),
        (T.RandomOrder([CROP, T.Resize(20), T.Resize((9, 9))]), None),
        (T.RandomOrder([JITTER] * 6), None),  # nobody tries 720 orders
    ],
    ids=repr,
)
def test_sizes(step, size):
    assert Recipe([T.Resize((30, 30)), step]).size == size


def test_arguments():
    with pytest.raises(TypeError, match="must be a sequence"):
        T.RandomApply(JITTER)
    with pytest.raises(ValueError, match="at least one"):
        T.RandomOrder([])
    with pytest.raises(TypeError, match="3 is no transform"):
        T.RandomChoice([JITTER, 3])
    with pytest.raises(ValueError, match="p is 2"):
        T.RandomApply([JITTER], 2)
    with pytest.raises(ValueError, match="2 weights, and there are 1"):
        T.RandomChoice([JITTER], [1, 2])
    with pytest.raises(ValueError, match="not all 0"):
        T.RandomChoice([JITTER], [0])
    with pytest.raises(ValueError, match=r"use Grayscale\(3\)"):
        T.Compose([T.RandomApply([T.Grayscale()])])
    with pytest.raises(ValueError, match=r"put it before ToTensor\(\)"):
        T.Compose([T.ToTensor(), T.RandomApply([JITTER])])


def test_flips_after_to_tensor_are_native(dataset):
    before, after = (
        dataset(*steps)
        for steps in (
            (T.Resize((20, 20)), T.RandomApply([T.RandomVerticalFlip(1.0)]), T.ToTensor()),
            (T.Resize((20, 20)), T.ToTensor(), T.RandomApply([T.RandomVerticalFlip(1.0)])),
        )
    )
    assert after.reads_natively
    assert torch.equal(before.__getitems__(range(9)).images, after.__getitems__(range(9)).images)


def test_repr_and_pickle():
    step = T.RandomChoice([T.Compose([JITTER, CROP]), T.RandomApply([len])], [1, 2])
    assert repr(step) == (
        "RandomChoice([Compose([ColorJitter(brightness=(0.6, 1.4), contrast=(0.6, 1.4), saturation=(0.6, 1.4)), "
        "RandomCrop((20, 20))]), RandomApply([len])], p=(1.0, 2.0))"
    )
    assert pickle.loads(pickle.dumps(step)) == step


def test_sides_besides_it(dataset):
    """They are those of the picture that it gets, unless it resizes all."""
    resize, crop = T.Resize((10, 12)), T.RandomResizedCrop((10, 12))
    for step, size in ((T.RandomApply([resize]), None), (T.RandomChoice([resize, crop]), (10, 12))):
        made = dataset(step, resize_height=10, resize_width=12)
        assert ("resize to 10 x 12" in repr(made)) == (size is None)
        assert made.__getitems__(range(9)).images.shape == (9, 3, 10, 12)


# -- one picture, and Python -------------------------------------------------------------------------------------------


def test_one_picture():
    picture = images.picture(30, 30)
    flipped = torch.from_numpy(picture[::-1].copy()).permute(2, 0, 1)
    assert torch.equal(T.RandomApply([T.RandomVerticalFlip(1.0)], 1.0)(picture), flipped)
    floats = flipped / 255
    assert torch.equal(T.RandomApply([T.RandomVerticalFlip(1.0)], 1.0)(floats), floats.flip(-2))


def test_with_python_inside(dataset):
    """It runs in Python, on PIL images, with seeded generators."""
    seen = []

    def look(image):
        seen.append(image.mode)
        return image

    made = dataset(T.Resize((20, 20)), T.RandomApply([T.RandomVerticalFlip(1.0), look]), T.ToTensor())
    assert made.python_step.startswith("RandomApply([RandomVerticalFlip(p=1.0), look])")
    one, other = (made.__getitems__(range(30)).images for _ in range(2))
    assert all(map(torch.equal, one, other))
    assert 0 < len(seen) < 60
    assert set(seen) == {"RGB"}
    plain = dataset(T.Resize((20, 20)), T.ToTensor()).__getitems__(range(30)).images
    for image, expected in zip(one, plain, strict=True):
        assert torch.equal(image, expected) or torch.equal(image, expected.flip(-2))
    assert isinstance(T.RandomChoice([CROP, look])(Image.new("RGB", (20, 20))), Image.Image)


# -- translated --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("module", [V1, V2])
def test_torchvisions_are_translated(module):
    jitter = make("ColorJitter", module, brightness=(0.6, 1.4), contrast=None)
    flip = make("RandomHorizontalFlip", module)
    ours, mirror = T.ColorJitter((0.6, 1.4)), T.RandomHorizontalFlip()
    inside = compose(jitter, compose(flip, module=module), module=module)
    for theirs, expected in (
        (make("RandomApply", module, transforms=[jitter, flip], p=0.8), T.RandomApply([ours, mirror], 0.8)),
        (make("RandomApply", module, transforms=torch.nn.ModuleList(), p=0.5), None),
        (make("RandomChoice", module, transforms=[inside, flip], p=None), T.RandomChoice([(ours, mirror), mirror])),
        (make("RandomChoice", module, transforms=[jitter, flip], p=[1, 2]), T.RandomChoice([ours, mirror], [1, 2])),
        (make("RandomOrder", module, transforms=[jitter, flip]), T.RandomOrder([ours, mirror])),
        (make("RandomOrder", module, transforms=[jitter, make("RandAugment")]), None),
        (make("RandomApply", module, transforms=[make("ToTensor", module)], p=0.5), None),
        (T.RandomOrder([jitter, flip]), T.RandomOrder([ours, mirror])),
    ):
        steps = steps_of(theirs)
        assert steps[-1] is theirs if expected is None else steps == [expected]
