"""RandomIoUCrop: planned with the boxes of its pictures."""

from __future__ import annotations

import functools

import images
import numpy as np
import pytest
import torch
from marker import GREEN, corners, extent, make_dataset, red, write_pictures

from pixfeed import DataLoader, FastTxtDataset
from pixfeed import transforms as T
from pixfeed.datasets import YoloDetection
from pixfeed.draws import stream

HEIGHT, WIDTH = 90, 120
#: x, y, w, h; their class is their number.
BOXES = np.array([[5, 8, 30, 20], [60, 20, 50, 60], [100, 2, 15, 12], [20, 60, 8, 20]])
COUNT = 40


@pytest.fixture
def folder(tmp_path):
    """Pictures whose pixels say where they were: R = x, G = y."""
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    picture = np.stack([x, y, np.full_like(x, 7)], 2).astype(np.uint8)
    (tmp_path / "0.png").write_bytes(images.png(picture[..., ::-1]))
    line = " ".join(f"{number} {x} {y} {w} {h}" for number, (x, y, w, h) in enumerate(BOXES.tolist()))
    (tmp_path / "boxes.txt").write_text(f"0.png {line}\n" * COUNT)
    (tmp_path / "none.txt").write_text("0.png\n" * 3)
    return tmp_path


def open_list(folder, backend, transform, name="boxes", **options) -> FastTxtDataset:
    options = {"targets": "boxes", "seed": 3, "dtype": torch.uint8, "backend": backend, **options}
    return FastTxtDataset(folder / f"{name}.txt", folder, transform=T.Compose(transform), **options)


def crop_of(image: torch.Tensor) -> list[int]:
    """left, upper, right, lower of the crop, as its pixels say."""
    return [int(image[axis].min()) for axis in (0, 1)] + [int(image[axis].max()) + 1 for axis in (0, 1)]


def expected(crop: list[int], boxes: np.ndarray = BOXES) -> tuple[np.ndarray, np.ndarray]:
    """The boxes whose centre is in the crop, cut off where it ends, and their classes."""
    start, end = np.array(crop[:2]), np.array(crop[2:])
    middle = boxes[:, :2] + boxes[:, 2:] / 2
    within = ((start < middle) & (middle < end)).all(1) | (crop == [0, 0, WIDTH, HEIGHT])
    low = np.clip(boxes[within, :2] - start, 0, end - start)
    high = np.clip((boxes[:, :2] + boxes[:, 2:])[within] - start, 0, end - start)
    return np.concatenate([low, high - low], 1), np.flatnonzero(within)


def test_boxes_whose_centre_is_outside_are_dropped(folder, backend):
    sizes, dropped, cut = set(), 0, 0
    for image, target in open_list(folder, backend, [T.RandomIoUCrop()]):
        crop = crop_of(image)
        assert image.shape[1:] == (crop[3] - crop[1], crop[2] - crop[0])
        boxes, labels = expected(crop)
        np.testing.assert_array_equal(target["boxes"], boxes)
        np.testing.assert_array_equal(target["labels"], labels)
        assert len(labels)
        sizes.add(tuple(image.shape))
        dropped += len(labels) < len(BOXES)
        cut += bool((boxes[:, 2:] < BOXES[labels, 2:]).any())
    assert len(sizes) > 20 and dropped > 20 and cut > 10


@pytest.mark.parametrize("least", [0.3, 0.6])
def test_one_box_overlaps_as_much_as_drawn(folder, backend, least):
    made = 0
    for image, target in open_list(folder, backend, [T.RandomIoUCrop(sampler_options=[least])]):
        area = image.shape[1] * image.shape[2]
        whole = BOXES[target["labels"].numpy(), 2:].prod(1)
        inside = target["boxes"][:, 2:].prod(1).numpy()
        assert (inside / (area + whole - inside)).max() >= least
        made += area < WIDTH * HEIGHT
    assert made == COUNT


@pytest.mark.parametrize(
    "steps",
    [
        lambda: [T.RandomZoomOut(GREEN, (1, 2)), T.RandomIoUCrop(), T.RandomHorizontalFlip()],
        lambda: [T.ColorJitter(0.05), T.RandomHorizontalFlip(), T.RandomIoUCrop()],
        lambda: [T.RandomRotation(40, expand=True, fill=GREEN), T.RandomIoUCrop(), T.RandomVerticalFlip()],
        lambda: [T.RandomIoUCrop(), T.Resize((70, 90), interpolation="nearest"), T.RandomIoUCrop()],
        lambda: [T.RandomIoUCrop(), T.RandomIoUCrop()],
        lambda: [T.RandomApply([T.RandomIoUCrop(), T.RandomRotation(30, fill=GREEN)]), T.RandomIoUCrop()],
    ],
    ids=["zoom out", "color and flip", "rotation", "resize between", "twice", "branches"],
)
def test_boxes_are_found_where_the_steps_before_took_them(tmp_path, backend, steps):
    """The marker is the only object: its middle is always in the picture."""
    make = functools.partial(make_dataset, write_pictures(tmp_path), backend, seed=5, dtype=torch.uint8)
    cut = 0
    for image, target in make("boxes", transform=T.Compose(steps()), repeat=2):
        assert len(target["boxes"]) == 1
        box, shown = np.array(corners(target["boxes"][0])), np.array(extent(red(image)))
        room = [-1, -1, 1, 1] * (box - shown)
        assert room.min() > -1.01, (box, shown)  # around the marker, and tight if it is not turned
        assert "Rotation" in str(steps()) or room.max() < 1.5, (box, shown)
        cut += image.shape[1:] != (HEIGHT, WIDTH)
    assert cut > 10


def test_a_second_crop_sees_what_the_first_has_left(folder, backend):
    crops = [T.RandomIoUCrop(sampler_options=[0.0], max_scale=0.8)] * 2
    shown_again = 0
    both = (open_list(folder, backend, crops[:count]) for count in (1, 2))
    for (_, first), (image, target) in zip(*both, strict=True):
        left, crop = set(target["labels"].tolist()), crop_of(image)
        assert left and left <= set(first["labels"].tolist())
        low, high = (np.clip(side, crop[:2], crop[2:]) for side in (BOXES[:, :2], BOXES[:, :2] + BOXES[:, 2:]))
        clipped = np.concatenate([low - crop[:2], high - low], 1)
        np.testing.assert_array_equal(target["boxes"], clipped[sorted(left)])
        gone = set(range(len(BOXES))) - set(first["labels"].tolist())
        shown_again += any(clipped[number, 2:].prod() for number in gone)
    assert shown_again  # a part of a box that the first one has dropped


def test_regions(folder, backend):
    region = [20, 10, 95, 75]
    low, high = (np.clip(side, [20, 10], [115, 85]) for side in (BOXES[:, :2], BOXES[:, :2] + BOXES[:, 2:]))
    cropped, whole = 0, [20, 10, 115, 85]
    for image, target in open_list(folder, backend, [T.RandomIoUCrop()], rois=[region] * COUNT):
        crop = crop_of(image)
        boxes, labels = expected(crop, np.concatenate([low, high - low], 1))
        if crop != whole:
            np.testing.assert_array_equal(target["labels"], labels)
            np.testing.assert_array_equal(target["boxes"], boxes)
            cropped += 1
    assert cropped > 20


def test_shares_of_the_sides(folder, backend):
    (folder / "0.txt").write_text(
        "".join(
            f"{number} {(x + w / 2) / WIDTH} {(y + h / 2) / HEIGHT} {w / WIDTH} {h / HEIGHT}\n"
            for number, (x, y, w, h) in enumerate(BOXES.tolist())
        )
    )
    make = functools.partial(YoloDetection, folder, folder, backend=backend)
    for epoch in range(5):
        dataset = make(transform=T.Compose([T.RandomIoUCrop()]), seed=epoch, dtype=torch.uint8, box_format="xywh")
        ((image, target),) = dataset
        boxes, labels = expected(crop_of(image))
        np.testing.assert_array_equal(target["labels"], labels)
        np.testing.assert_allclose(target["boxes"], boxes, atol=1e-4)


def test_draws_follow_the_sample(folder, backend):
    steps = [T.RandomIoUCrop(), T.Resize((40, 50))]
    alone = [open_list(folder, backend, steps)[i] for i in range(COUNT)]
    loader = DataLoader(open_list(folder, backend, steps), batch_size=7, num_workers=2, collate_fn=list)
    batched = [sample for batch in loader for sample in batch]
    both = open_list(folder, backend, steps) + open_list(folder, backend, steps, seed=4)
    pairs = [[i, COUNT + i, i + 1] for i in range(0, COUNT, 2)]  # of both datasets in one request
    merged = [sample for batch in DataLoader(both, batch_sampler=pairs, collate_fn=list) for sample in batch[::2]]
    for one, *others in zip(alone, batched, merged, strict=True):
        for other in others:
            assert torch.equal(one[0], other[0]) and torch.equal(one[1]["boxes"], other[1]["boxes"])


def test_pictures_without_boxes_stay(folder, backend):
    for image, target in open_list(folder, backend, [T.RandomIoUCrop(sampler_options=[0.5])], "none"):
        assert image.shape == (3, HEIGHT, WIDTH) and len(target["boxes"]) == 0


def test_without_boxes_it_is_refused(folder, backend):
    (folder / "labels.txt").write_text("0.png 1\n")
    with pytest.raises(ValueError, match="RandomIoUCrop needs targets='boxes'"):
        open_list(folder, backend, [T.RandomApply([T.RandomIoUCrop()])], "labels", targets="labels")
    with pytest.raises(TypeError, match="needs the boxes of pictures"):
        T.RandomIoUCrop()(images.picture(20, 30))


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (dict(min_scale=0.5, max_scale=0.4), "min_scale, max_scale is"),
        (dict(max_scale=1.1), "max_scale is 1.1"),
        (dict(min_aspect_ratio=3), "min_aspect_ratio, max_aspect_ratio is"),
        (dict(sampler_options=[]), "sampler_options is"),
        (dict(sampler_options=[-0.1]), "sampler_options is"),
        (dict(trials=0), "trials is 0"),
    ],
)
def test_arguments_that_make_no_sense(arguments, words):
    with pytest.raises(ValueError, match=words):
        T.RandomIoUCrop(**arguments)


# -- distributions -----------------------------------------------------------------------------------------------------


def as_torchvision(step: T.RandomIoUCrop, boxes: np.ndarray, random: np.random.Generator) -> list[int]:
    """What torchvision 0.29 does, one crop after the other."""
    options = step.sampler_options or [0.0, 0.1, 0.3, 0.5, 0.7, 0.9, 1.0]
    while True:
        least = options[random.integers(len(options))]
        if least >= 1:
            return [0, 0, WIDTH, HEIGHT]
        for _ in range(step.trials):
            share = step.min_scale + (step.max_scale - step.min_scale) * random.random(2)
            w, h = int(WIDTH * share[0]), int(HEIGHT * share[1])
            if not step.min_aspect_ratio <= w / h <= step.max_aspect_ratio:
                continue
            left, top = int((WIDTH - w) * random.random()), int((HEIGHT - h) * random.random())
            best = -1.0
            for x, y, box_w, box_h in boxes.tolist():
                if left < x + box_w / 2 < left + w and top < y + box_h / 2 < top + h:
                    common_w = min(left + w, x + box_w) - max(left, x)
                    common = common_w * (min(top + h, y + box_h) - max(top, y))
                    best = max(best, common / (w * h + box_w * box_h - common))
            if best >= max(least, 0):
                return [left, top, left + w, top + h]


@pytest.mark.parametrize(
    "step",
    [
        T.RandomIoUCrop(),
        T.RandomIoUCrop(0.2, 0.8, 0.7, 1.2, [0.2, 0.45], 5),
        T.RandomIoUCrop(trials=1),
    ],
    ids=str,
)
def test_distribution(step):
    """Kolmogorov and Smirnov: the largest distance between cumulative distributions; the limit is for one in 10,000."""
    count, random = 3000, np.random.default_rng(1)
    given = np.stack([BOXES[:, :2], BOXES[:, :2] + BOXES[:, 2:]], 1).astype(float)
    ours = np.array([step.crop_of(given, (WIDTH, HEIGHT), stream(u))[0] for u in random.random(count)])
    theirs = np.array([as_torchvision(step, BOXES, random) for _ in range(count)])
    derived = [np.concatenate([made, made[:, 2:] - made[:, :2]], 1) for made in (ours, theirs)]
    for one, other in zip(*(np.sort(made, 0).T for made in derived), strict=True):
        at = np.arange(WIDTH + 1)
        distance = np.abs(np.searchsorted(one, at, "right") - np.searchsorted(other, at, "right")).max() / count
        assert distance < 2.23 * np.sqrt(2 / count)
