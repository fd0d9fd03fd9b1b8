"""Masks, boxes and keypoints go where the picture goes."""

from __future__ import annotations

import json
import os
import pickle
import struct
import zlib

import images
import numpy as np
import pytest
import torch
from PIL import Image

import pixfeed
from pixfeed import FastTxtDataset, ImageError, ListError, RegionError, plan
from pixfeed import transforms as T
from pixfeed.lists.annotations import Annotations

HEIGHT, WIDTH = 90, 120
X, Y, W, H = 66, 24, 18, 14  # of the marker, in the picture as displayed
MARKER = [X, Y, X + W, Y + H]
RED, BLUE = (255, 0, 0), (0, 0, 90)
GREEN = (0, 255, 0)
NUMBER = 7  # of the marker in masks; around it 3
IGNORE = 200


def palette_png(indices: np.ndarray, path) -> None:
    mask = Image.fromarray(indices)
    mask.putpalette(list(range(255, -1, -1)) * 3)
    mask.save(path)


@pytest.fixture
def folder(tmp_path):
    """A picture with a red marker, for every orientation as PNG and JPEG, and lists of them."""
    picture = np.full((HEIGHT, WIDTH, 3), BLUE, np.uint8)
    picture[Y : Y + H, X : X + W] = RED
    indices = np.full((HEIGHT, WIDTH), 3, np.uint8)
    indices[Y : Y + H, X : X + W] = NUMBER
    palette_png(indices, tmp_path / "mask.png")
    names = []
    for orientation in range(1, 9):
        bgr = images.stored(picture, orientation)[..., ::-1]
        for ending, encode in (("png", images.png), ("jpg", lambda bgr: images.jpeg(bgr, 95, "4:4:4"))):
            names.append(f"{orientation}.{ending}")
            (tmp_path / names[-1]).write_bytes(images.with_orientation(encode(bgr), orientation))
    box, points = f"5 {X} {Y} {W} {H}", f"{X} {Y} 2 {X + W / 2} {Y + H / 2} 1 1 1 0"
    for kind, what in (("mask", "mask.png"), ("boxes", box), ("keypoints", points), ("labels", "1")):
        (tmp_path / f"{kind}.txt").write_text("".join(f"{name} {what}\n" for name in names))
    return tmp_path


@pytest.fixture
def make(folder, backend):
    def make(kind: str, *args, **options) -> FastTxtDataset:
        if kind == "mask":
            options.setdefault("ignore_index", IGNORE)
        return FastTxtDataset(folder / f"{kind}.txt", folder, *args, backend=backend, targets=kind, **options)

    return make


def red(image: torch.Tensor) -> np.ndarray:
    """Where the marker is, bool [H, W]."""
    image = image if image.dtype == torch.uint8 else image * 255
    if len(image) == 1:  # red is 76, blue 10
        return (image[0] > 43).numpy()
    return ((image[0] > 127) & (image[1] < 127)).numpy()


def green(image: torch.Tensor) -> np.ndarray:
    """Where the picture is padded, bool [H, W]."""
    image = image if image.dtype == torch.uint8 else image * 255
    return (image[1 % len(image)] > 200).numpy()


def extent(where: np.ndarray) -> list[int]:
    """left, upper, right, lower of what is true."""
    y, x = np.nonzero(where)
    return [x.min(), y.min(), x.max() + 1, y.max() + 1]


TRANSFORMS = {
    "resize": [T.Resize((70, 200))],
    "resize the shorter side": [T.Resize(50)],
    "resize without antialias": [T.Resize((45, 64), antialias=False)],
    "resize nearest": [T.Resize((45, 65), interpolation="nearest")],
    "center crop": [T.CenterCrop((60, 80))],
    "random crop": [T.RandomCrop((60, 70))],
    "random crop with padding": [T.RandomCrop((70, 100), padding=(10, 20, 30, 5), fill=GREEN)],
    "random crop if needed": [T.RandomCrop((130, 100), pad_if_needed=True, fill=GREEN)],
    "random resized crop": [T.RandomResizedCrop((64, 80), scale=(0.3, 1.0))],
    "horizontal flip": [T.RandomHorizontalFlip(1.0)],
    "vertical flip": [T.RandomVerticalFlip(1.0)],
    "pad": [T.Pad((3, 8, 20, 11), fill=GREEN)],
    "crop, pad": [T.RandomCrop((50, 60)), T.Pad((4, 8, 20, 11), fill=GREEN)],
    "resize, flip, crop": [T.Resize(72), T.RandomHorizontalFlip(), T.RandomCrop((50, 64)), T.RandomVerticalFlip()],
    "flip, crop, resize": [T.RandomHorizontalFlip(), T.RandomCrop(80), T.Resize((40, 56)), T.RandomVerticalFlip()],
    "resize, flip, pad, crop": [
        T.Resize((60, 80)),
        T.RandomHorizontalFlip(),
        T.Pad((3, 0, 9, 14), fill=GREEN),
        T.RandomCrop(48),
        T.RandomVerticalFlip(),
    ],
    "colors and numbers": [
        T.RandomResizedCrop((64, 80), scale=(0.5, 1.0)),
        T.ColorJitter(0.1, 0.1, 0.1),
        T.RandomHorizontalFlip(),
        T.ToTensor(),
    ],
    "colors in a second pass": [
        T.RandomHorizontalFlip(),
        T.Resize((64, 80)),
        T.ColorJitter(0.05, 0.05, 0.05),
        T.ColorJitter(0.05, 0.05, 0.05),
    ],
    # Several passes: one PLAN row does not say it all.
    "colors, random resized crop": [T.ColorJitter(0.1, 0.1, 0.1), T.RandomResizedCrop((64, 80), scale=(0.5, 1.0))],
    "colors, resize": [T.ColorJitter(0.1), T.Resize(50), T.ToTensor()],
    "flips, colors, crop": [
        T.RandomHorizontalFlip(),
        T.RandomVerticalFlip(),
        T.ColorJitter(0.1, 0.1, 0.1),
        T.RandomCrop((60, 90)),
    ],
    "gray, resize": [T.Grayscale(), T.Resize((60, 80))],
    "center crop, resize": [T.CenterCrop(80), T.Resize((50, 64))],
    "resize, center crop, resize": [T.Resize(72), T.CenterCrop((66, 80)), T.Resize(44), T.RandomHorizontalFlip(1.0)],
    "random crop with padding, resize": [
        T.RandomCrop((80, 100), padding=(10, 20, 30, 5), fill=GREEN),
        T.Resize((48, 64), interpolation="nearest"),
    ],
    "pad, resize, flip, pad, crop, resize, pad": [
        T.Pad((3, 8, 20, 11), fill=GREEN),
        T.Resize((70, 90), interpolation="nearest"),
        T.RandomHorizontalFlip(),
        T.Pad((4, 0, 6, 2), fill=GREEN),
        T.RandomVerticalFlip(),
        T.RandomCrop((62, 80)),
        T.Resize((50, 68), interpolation="nearest"),
        T.Pad((0, 3, 1, 0), fill=GREEN),
    ],
}


def steps_are_fixed(steps) -> bool:
    return all(step.draws == 0 for step in steps)


@pytest.fixture(params=TRANSFORMS)
def steps(request):
    return TRANSFORMS[request.param]


@pytest.fixture
def pairs(make, steps):
    """Of a kind: (image, target) of every picture, three times: one after the other, and where they fit all at once."""

    def pairs(kind: str, **options):
        floats = any(isinstance(step, T.ToTensor) for step in steps)
        dtype = torch.float32 if floats else torch.uint8
        dataset = make(kind, transform=T.Compose(steps), seed=11, repeat=3, dtype=dtype, **options)
        each = [dataset[i] for i in range(len(dataset))]
        assert len(each) == 48
        for at in range(0, 48, 2):  # whatever the orientation, the picture is the same
            same_draws = steps_are_fixed(steps)
            assert not same_draws or (each[at][0].float() - each[0][0].float()).abs().max() == 0
        together = dataset.__getitems__(range(len(dataset)))
        for (image, target), (image2, target2) in zip(each, together, strict=True):
            assert torch.equal(image, image2)
            if isinstance(target, dict):
                assert target.keys() == target2.keys() and all(torch.equal(target[key], target2[key]) for key in target)
            else:
                assert torch.equal(target, target2)
        return each

    return pairs


@pytest.mark.slow
def test_masks_follow_the_picture(pairs):
    seen = 0
    for image, mask in pairs("mask"):
        assert mask.dtype == torch.int64 and mask.shape == image.shape[1:]
        marker, padding = (mask == NUMBER).numpy(), (mask == IGNORE).numpy()
        assert set(mask.unique().tolist()) <= {NUMBER, 3, IGNORE}
        np.testing.assert_array_equal(padding, green(image))
        if marker.sum() > 20:
            np.testing.assert_allclose(extent(marker), extent(red(image)), atol=1)
            assert (marker == red(image)).mean() > 0.97
            seen += 1
    assert seen > 20


def test_mask_of_a_plain_resize_is_that_of_pillow(make, folder):
    mask = Image.open(folder / "mask.png")
    for size in ((45, 60), (33, 47), (200, 301), (90, 120), (1, 1)):
        expected = np.asarray(mask.resize(size[::-1], Image.Resampling.NEAREST))
        for _, made in make("mask", *size).__getitems__([0, 11, 14]):
            np.testing.assert_array_equal(made.numpy(), expected)
    image, made = make("mask", 45, None)[3]
    assert image.shape[1:] == made.shape == (45, 60)


def test_masks_in_a_region(make):
    rois = np.tile([X - 6, Y - 4, 30, 28], (16, 1))
    for image, mask in make("mask", 56, 60, rois=rois).__getitems__(range(16)):
        np.testing.assert_allclose(extent((mask == NUMBER).numpy()), [12, 8, 48, 36])
        np.testing.assert_allclose(extent(red(image)), [12, 8, 48, 36], atol=1)


@pytest.mark.parametrize("how", [{"reduced": 2}, {"decode": "scaled", "antialias": True, "headroom": 1.0}])
def test_masks_of_pictures_that_are_decoded_small(make, how):
    for image, mask in make("mask", 22, 30, **how).__getitems__(range(16)):
        np.testing.assert_allclose(extent((mask == NUMBER).numpy()), extent(red(image)), atol=1)


def test_targets_of_transforms_that_decode_small(make):
    for steps in (
        [T.RandomResizedCrop((22, 30), scale=(0.6, 1.0))],
        [T.Resize((22, 30)), T.RandomHorizontalFlip()],
        [T.RandomResizedCrop((40, 56), scale=(0.7, 1.0)), T.ColorJitter(0.1), T.CenterCrop((38, 54)), T.Resize(30)],
    ):
        how = {"transform": T.Compose(steps), "decode": "scaled", "headroom": 1.0, "seed": 3}
        masks, boxes = (make(kind, **how).__getitems__(range(16)) for kind in ("mask", "boxes"))
        for (image, mask), (_, target) in zip(masks, boxes, strict=True):
            np.testing.assert_allclose(extent((mask == NUMBER).numpy()), extent(red(image)), atol=1)
            np.testing.assert_allclose(corners(target["boxes"][0]), extent(red(image)), atol=1)


def test_masks_of_several_passes_are_those_of_pillow(make, folder):
    rois = np.tile([X - 26, Y - 14, 61, 53], (16, 1))
    steps = [T.ColorJitter(0.1), T.CenterCrop((51, 47)), T.Resize((34, 39)), T.Resize((77, 20))]
    dataset = make("mask", rois=rois, transform=T.Compose(steps))
    mask = Image.open(folder / "mask.png").crop((X - 26 + 7, Y - 14 + 1, X - 26 + 54, Y - 14 + 52))
    for size in ((39, 34), (20, 77)):
        mask = mask.resize(size, Image.Resampling.NEAREST)
    for image, made in dataset.__getitems__(range(16)):
        assert image.shape == (3, 77, 20)
        np.testing.assert_array_equal(made.numpy(), np.asarray(mask))


@pytest.mark.slow
@pytest.mark.parametrize("mode", ["edge", "reflect", "symmetric"])
@pytest.mark.parametrize(
    "steps",
    [
        lambda how: [T.Pad((3, 8, 20, 11), **how)],
        lambda how: [T.RandomCrop((70, 100), padding=(10, 20, 30, 5), **how), T.RandomHorizontalFlip()],
        lambda how: [T.RandomCrop(130, padding=2, pad_if_needed=True, **how)],
        lambda how: [
            T.RandomCrop(80),
            T.RandomHorizontalFlip(),
            T.Pad((9, 4, 0, 3), **how),
            T.Resize((50, 55), "nearest"),
            T.RandomVerticalFlip(),
            T.Pad((2, 7), **how),
        ],
    ],
    ids=["pad", "random crop", "random crop if needed", "several"],
)
def test_every_padding_mode_moves_targets_alike(make, steps, mode):
    """A constant padding, which is tested above, has the same geometry; what was padded is nothing in a mask."""
    seen = there = 0
    for kind in ("mask", "boxes", "keypoints"):
        samples, plain = (
            make(kind, transform=T.Compose(steps(how)), seed=4, dtype=torch.uint8).__getitems__(range(16))
            for how in ({"padding_mode": mode}, {"fill": GREEN})
        )
        for (image, target), (padded, expected) in zip(samples, plain, strict=True):
            shown = ~green(padded)
            assert not green(image).any()
            seen += not shown.all()
            np.testing.assert_array_equal(image.numpy()[:, shown], padded.numpy()[:, shown])
            if kind == "mask":
                np.testing.assert_array_equal(target == IGNORE, ~shown)
                assert torch.equal(target, expected)
            else:
                assert all(torch.equal(target[key], expected[key]) for key in expected)
                there += bool(target[kind].any())
    assert seen > 36 and there > 20


def test_numbers_to_be_regressed_are_labels(folder, backend):
    (folder / "list.txt").write_text("1.png 0.5 -1.25\n2.jpg 1e3 7\n")
    dataset = FastTxtDataset(folder / "list.txt", folder, 8, 8, label_dtype=np.float32, backend=backend)
    ((_, labels),) = pixfeed.DataLoader(dataset, batch_size=2)
    assert labels.dtype == torch.float32 and labels.tolist() == [[0.5, -1.25], [1000, 7]]


def packed_png(numbers: np.ndarray, bits: int, palette: bool) -> bytes:
    """Gray or with a palette, ``bits`` a pixel."""
    height, width = numbers.shape
    places = (numbers[..., None] >> np.arange(bits)[::-1] & 1).astype(np.uint8).reshape(height, -1)
    rows = b"".join(b"\0" + row.tobytes() for row in np.packbits(places, 1))
    head = struct.pack(">IIBBBBB", width, height, bits, 3 if palette else 0, 0, 0, 0)
    colors = images.png_chunk(b"PLTE", bytes(range(3 * 2**bits % 256)) or bytes(768)) if palette else b""
    chunks = images.png_chunk(b"IHDR", head), colors, images.png_chunk(b"IDAT", zlib.compress(rows))
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks) + images.png_chunk(b"IEND", b"")


def pgm(numbers: np.ndarray, most: int) -> bytes:
    """Binary, and in letters where ``most`` is odd."""
    head = f"P{5 - 3 * (most % 2)} {numbers.shape[1]} {numbers.shape[0]} {most}\n".encode()
    if most % 2:
        return head + b" ".join(b"%d" % number for number in numbers.ravel())
    return head + numbers.astype(np.uint8 if most < 256 else ">u2").tobytes()


def test_all_numbers_are_kept(tmp_path, backend):
    rng = np.random.default_rng(0)
    (tmp_path / "a.png").write_bytes(images.png(images.picture(20, 30)))
    wide, narrow = rng.integers(0, 65536, (20, 30)).astype(np.uint16), rng.integers(0, 256, (20, 30)).astype(np.uint8)
    Image.fromarray(wide).save(tmp_path / "wide.png")
    Image.fromarray(wide).save(tmp_path / "wide.tif")
    palette_png(narrow, tmp_path / "palette.png")
    Image.fromarray(narrow > 99).save(tmp_path / "bits.png")
    masks = {"wide.png": wide, "wide.tif": wide, "palette.png": narrow, "bits.png": narrow > 99}
    for bits in (1, 2, 4, 8):
        for palette in (False, True):
            masks[f"{bits}.{palette}.png"] = numbers = rng.integers(0, 2**bits, (20, 30))
            (tmp_path / f"{bits}.{palette}.png").write_bytes(packed_png(numbers, bits, palette))
    for most in (2, 20, 21, 254, 255, 256, 999, 1000, 65534, 65535):
        masks[f"{most}.pgm"] = numbers = rng.integers(0, most + 1, (20, 30))
        (tmp_path / f"{most}.pgm").write_bytes(pgm(numbers, most))
    for name, expected in masks.items():
        (tmp_path / "list.txt").write_text(f"a.png {name}\n")
        dataset = FastTxtDataset(tmp_path / "list.txt", tmp_path, None, None, targets="mask", backend=backend)
        np.testing.assert_array_equal(dataset[0][1].numpy(), expected, name)


def test_nearest_pixels_are_those_of_pillow():
    rng = np.random.default_rng(1)
    for _ in range(300):
        height, width, h, w = rng.integers(1, 90, 4).tolist()
        picture = np.arange(height * width, dtype=np.int32).reshape(height, width)
        header = np.zeros(1, plan.HEADER)
        header["height"], header["width"] = height, width
        y, x = plan.nearest_pixels(plan.resize_plan(header, (h, w))[0], (h, w), header[0])
        expected = np.asarray(Image.fromarray(picture).resize((w, h), Image.Resampling.NEAREST))
        np.testing.assert_array_equal(picture[np.ix_(y, x)], expected)


def test_masks_of_different_sizes_are_padded(folder, make):
    picture = images.picture(50, 140)
    (folder / "1.png").write_bytes(images.png(picture))
    palette_png(picture[..., 0], folder / "wide.png")
    (folder / "mask.txt").write_text("1.png wide.png\n2.png mask.png\n")
    ((image, mask),) = pixfeed.DataLoader(make("mask", None, None), batch_size=2, collate_fn=pixfeed.pad_collate)
    assert image.shape == (2, 3, 90, 140) and mask.shape == (2, 90, 140) and mask.dtype == torch.int64
    assert torch.equal(mask[0, :50], torch.from_numpy(picture[..., 0]).long()) and (mask[0, 50:] == IGNORE).all()
    assert (mask[1, :, :120] != IGNORE).all() and (mask[1, :, 120:] == IGNORE).all()
    assert (image[0, :, 50:] == 0).all()
    with pytest.raises(pixfeed.RaggedError, match=r"1.png \(.*mask.txt, line 1"):
        next(iter(pixfeed.DataLoader(make("mask", None, None), batch_size=2)))


@pytest.mark.parametrize("workers", [{}, {"num_workers": 2}, {"num_workers": 2, "workers": "process"}])
def test_batches_of_masks(make, workers):
    dataset = make("mask", 32, 48)
    loader = pixfeed.DataLoader(dataset, batch_size=6, **workers)
    batches = list(loader)
    assert [list(mask.shape) for _, mask in batches] == [[6, 32, 48], [6, 32, 48], [4, 32, 48]]
    assert torch.equal(torch.cat([mask for _, mask in batches]), torch.stack([dataset[i][1] for i in range(16)]))
    theirs = list(torch.utils.data.DataLoader(dataset, batch_size=6))
    assert all(
        torch.equal(a, b) for mine, other in zip(batches, theirs, strict=True) for a, b in zip(mine, other, strict=True)
    )


def test_pickle_and_concat(make):
    dataset = make("mask", 32, 48)
    both = torch.utils.data.ConcatDataset([dataset, pickle.loads(pickle.dumps(dataset))])
    ((image, mask),) = pixfeed.DataLoader(both, batch_size=32)
    assert torch.equal(mask[:16], mask[16:]) and torch.equal(image[:16], image[16:])
    assert (mask == NUMBER).any()


@pytest.mark.parametrize("kind", ["mask", "boxes", "keypoints"])
def test_pickles_are_small(make, folder, kind):
    """Whatever the length of the list, which the copy reads for itself."""
    (folder / f"{kind}.txt").write_text((folder / f"{kind}.txt").read_text() * 100)
    dataset = make(kind, 32, 48)
    data = pickle.dumps(dataset)
    assert len(data) < 1300
    (image, target), (mine, expected) = pickle.loads(data)[1593], dataset[1593]
    assert torch.equal(image, mine) and str(target) == str(expected)
    assert pickle.loads(data).files.line(1593) == 1594 and len(pickle.loads(data)) == 1600
    (folder / f"{kind}.txt").write_text("")
    with pytest.raises(ListError, match=rf"{kind}\.txt: the list has changed since it was opened"):
        pickle.loads(data)[0]
    assert torch.equal(dataset[1593][0], mine)  # which needs the file no more


def test_pickled_from_a_pipe(folder):
    reader, writer = os.pipe()
    os.write(writer, (folder / "boxes.txt").read_bytes())
    os.close(writer)
    files = Annotations(f"/dev/fd/{reader}", "boxes")
    os.close(reader)
    copy = pickle.loads(pickle.dumps(files))
    assert list(copy.names()) == list(files.names()) and copy.values.tolist() == files.values.tolist()
    with pytest.raises(AttributeError, match="nonsense"):
        copy.nonsense  # noqa: B018


def corners(box: torch.Tensor) -> list[float]:
    x, y, w, h = box.tolist()
    return [x, y, x + w, y + h]


@pytest.mark.slow
def test_boxes_follow_the_picture(pairs):
    seen = gone = 0
    for image, target in pairs("boxes"):
        boxes, labels, marker = target["boxes"], target["labels"], red(image)
        assert boxes.dtype == torch.float32 and labels.dtype == torch.int64
        assert boxes.shape == (len(labels), 4) and len(labels) <= 1
        if len(labels) == 0:
            assert marker.sum() == 0
            gone += 1
        elif boxes[0, 2:].min() > 3:
            assert labels.tolist() == [5]
            np.testing.assert_allclose(corners(boxes[0]), extent(marker), atol=1)
            seen += 1
    assert seen > 20 and seen + gone > 30


def test_keypoints_follow_the_picture(pairs):
    """The first is the marker's upper left corner, the second its middle, the third is not there."""
    seen = gone = 0
    for image, target in pairs("keypoints"):
        corner, middle, none = target["keypoints"]
        assert target["keypoints"].dtype == torch.float32 and none.tolist() == [0, 0, 0]
        marker, padding = red(image), green(image)
        if corner[2] == 0 or middle[2] == 0:
            assert (corner[2] > 0 or not corner.any()) and (middle[2] > 0 or not middle.any())
            gone += 1
            continue
        assert corner[2] == 2 and middle[2] == 1
        x, y = (int(min(at, side - 1)) for at, side in zip(middle[:2].tolist(), marker.shape[::-1], strict=True))
        around = (slice(max(y - 1, 0), y + 2), slice(max(x - 1, 0), x + 2))
        assert marker[around].any() and not padding[y, x]
        left, upper, right, lower = extent(marker)
        assert min(abs(corner[0] - left), abs(corner[0] - right)) <= 1
        assert min(abs(corner[1] - upper), abs(corner[1] - lower)) <= 1
        seen += 1
    assert seen > 15 and seen + gone == 48


def test_boxes_of_a_plain_resize_are_those_of_scale_rect(make):
    from pixfeed.image_processing import scale_rect

    for size in ((45, 60), (64, 50), (200, 301)):
        for image, target in make("boxes", *size).__getitems__(range(16)):
            expected = scale_rect([X, Y, W, H], (HEIGHT, WIDTH), size)
            # scale_rect cuts to integers
            assert np.floor(target["boxes"][0].double().numpy() + 1e-4).tolist() == expected
            np.testing.assert_allclose(corners(target["boxes"][0]), extent(red(image)), atol=1)


def test_boxes_by_their_corners(make, folder):
    """With a picture that has none, and a flip and a crop that cuts every box off."""
    lines = (folder / "boxes.txt").read_text().splitlines()
    (folder / "boxes.txt").write_text("\n".join(["1.png", lines[1] + " 8 0 0 10 12", *lines[2:]]))
    steps = T.Compose([T.CenterCrop((HEIGHT, 40)), T.RandomHorizontalFlip(1)])
    plain, corner = (make("boxes", transform=steps, **form) for form in ({}, {"box_format": "xyxy"}))
    assert plain[5][1]["boxes"].tolist() == [[0, Y, 14, H]]
    assert corner[5][1]["boxes"].tolist() == [[0, Y, 14, Y + H]] and corner[5][1]["boxes"].dtype == torch.float32
    assert corner[0][1]["boxes"].shape == (0, 4)
    loaders = [pixfeed.DataLoader(each, batch_size=16) for each in (plain, corner)]
    for (_, a), (_, b) in zip(*loaders, strict=True):
        for mine, theirs in zip(a, b, strict=True):
            assert torch.equal(mine["labels"], theirs["labels"])
            assert theirs["boxes"].tolist() == [corners(box) for box in mine["boxes"]]
    corner = make("boxes", HEIGHT, WIDTH, box_format="xyxy")
    ((_, padded),) = pixfeed.DataLoader(corner, batch_size=16, collate_fn=pixfeed.pad_collate)
    assert padded["boxes"][:3].tolist() == [[[0] * 4] * 2, [MARKER, [0, 0, 10, 12]], [MARKER, [0] * 4]]
    assert padded["labels"][:3].tolist() == [[-1, -1], [5, 8], [5, -1]]


def test_empty_boxes_are_left_out(folder, backend):
    """As torchvision's SanitizeBoundingBoxes does it; those that are so small that float32 knows no width, too."""
    lines = ["1.png 1 2 3 4 5 2 6 7 0 8 3 9 9 9 0", "2.png 4 1 1 0 0", "3.png 5 2 3 4 5 6 80 3 1e-7 1"]
    (folder / "list.txt").write_text("\n\n".join(lines))
    how = {"targets": "boxes", "backend": backend, "box_format": "xyxy"}
    with pytest.warns(UserWarning, match=r"list.txt: 3 boxes are empty \(w or h is 0\), the first one in line 1;"):
        dataset = FastTxtDataset(folder / "list.txt", folder, HEIGHT, WIDTH, **how)
    for targets in ([dataset[i][1] for i in range(3)], [target for _, target in dataset.__getitems__(range(3))]):
        assert [target["labels"].tolist() for target in targets] == [[1], [], [5]]
        assert [target["boxes"].tolist() for target in targets] == [[[2, 3, 6, 8]], [], [[2, 3, 6, 8]]]


def test_min_visibility(folder, backend):
    """A crop that leaves a third of the box's width."""
    rois = np.tile([X + 12, 0, 40, HEIGHT], (16, 1))

    def boxes(**options):
        how = {"rois": rois, "targets": "boxes", "backend": backend, **options}
        return FastTxtDataset(folder / "boxes.txt", folder, None, None, **how)[0][1]["boxes"].tolist()

    assert boxes() == boxes(min_visibility=1 / 3) == [[0, Y, 6, H]]
    assert boxes(min_visibility=0.34) == []


def test_what_a_crop_took_away_does_not_come_back_by_padding(make):
    rois = np.tile([X + 6, 0, 40, HEIGHT], (16, 1))
    dataset = make(
        "boxes", rois=rois, transform=T.Compose([T.Pad((10, 0, 0, 0), fill=GREEN), T.RandomHorizontalFlip(1)])
    )
    image, target = dataset[0]
    assert target["boxes"].tolist() == [[28, Y, 12, H]]
    assert extent(red(image)) == [28, Y, 40, Y + H]


def test_what_a_crop_took_away_does_not_come_back_in_a_later_pass(make):
    """Of the marker 14 of 18 columns are left; then all is made half as large."""
    steps = [T.CenterCrop((HEIGHT, 40)), T.Resize((HEIGHT // 2, 20)), T.Pad((10, 0, 0, 0)), T.RandomHorizontalFlip(1)]
    how = {"transform": T.Compose(steps)}
    for at in (0, 11):
        image, target = make("boxes", min_visibility=14 / 18, **how)[at]
        assert target["boxes"].tolist() == [[0, Y / 2, 7, H / 2]]
        assert abs(extent(red(image))[2] - 7) <= 1
        assert make("boxes", min_visibility=0.78, **how)[at][1]["boxes"].shape == (0, 4)
        corner, middle, _ = make("keypoints", **how)[at][1]["keypoints"].tolist()
        assert corner == [7, Y / 2, 2] and middle == [2.5, (Y + H / 2) / 2, 1]
    steps = [T.CenterCrop((HEIGHT, 20)), T.Resize((HEIGHT, 20)), T.Pad((0, 0, 40, 0))]  # without the corner's column
    assert not make("keypoints", transform=T.Compose(steps))[0][1]["keypoints"][1].any()


@pytest.mark.parametrize("kind", ["boxes", "keypoints"])
def test_json_lines_say_the_same(folder, kind, backend):
    found = {"boxes": [[X, Y, W, H], [1.5, 2, 3, 4]], "labels": [5, -(2**40)]}
    line = f"5 {X} {Y} {W} {H} {-(2**40)} 1.5 2 3 4"
    if kind == "keypoints":
        found, line = {"keypoints": [[X, Y, 1], [1.5, 2, 2]]}, f"{X} {Y} 1 1.5 2 2"
    (folder / "a.jsonl").write_text(json.dumps({"image": "6.jpg", **found, "more": 1}) + "\n\n")
    (folder / "a.txt").write_text(f"6.jpg\t{line}\n")
    (folder / "a.csv").write_text("\ufeffwhat is where\n" + f"6.jpg {line}\n".replace(" ", ","))
    lists = ("a.jsonl", {}), ("a.txt", {}), ("a.csv", {"delimiter": ",", "header": True})
    targets = [
        FastTxtDataset(folder / name, folder, 45, 60, targets=kind, backend=backend, **options)[0][1]
        for name, options in lists
    ]
    assert len(targets[0][kind]) == 2
    assert targets[0].get("labels", torch.zeros(0)).tolist() == found.get("labels", [])
    for other in targets[1:]:
        assert other.keys() == targets[0].keys() and all(torch.equal(other[key], targets[0][key]) for key in other)


@pytest.mark.parametrize("workers", [{}, {"num_workers": 2}, {"num_workers": 2, "workers": "process"}])
def test_batches_of_boxes(make, folder, workers):
    lines = (folder / "boxes.txt").read_text().splitlines()
    lines[0], lines[1] = "1.png", lines[1] + " 8 0 0 10 12"
    (folder / "boxes.txt").write_text("\n".join(lines))
    dataset = make("boxes", HEIGHT, WIDTH)
    ((pictures, targets),) = pixfeed.DataLoader(dataset, batch_size=16, **workers)
    assert pictures.shape == (16, 3, HEIGHT, WIDTH)
    assert all(type(target) is dict for target in targets)
    assert [target["labels"].tolist() for target in targets] == [[], [5, 8], *[[5]] * 14]
    assert targets[0]["boxes"].shape == (0, 4) and targets[1]["boxes"].tolist() == [[X, Y, W, H], [0, 0, 10, 12]]
    ((_, padded),) = pixfeed.DataLoader(dataset, batch_size=16, collate_fn=pixfeed.pad_collate, **workers)
    assert padded["boxes"].shape == (16, 2, 4) and padded["labels"].dtype == torch.int64
    assert padded["labels"][:3].tolist() == [[-1, -1], [5, 8], [5, -1]]
    assert padded["boxes"][:3, 1].tolist() == [[0] * 4, [0, 0, 10, 12], [0] * 4]
    theirs = next(iter(torch.utils.data.DataLoader(dataset, batch_size=16)))[1]
    assert [target["labels"].tolist() for target in theirs] == [target["labels"].tolist() for target in targets]
    samples = dataset.__getitems__(range(16))
    assert len(pixfeed.default_collate(samples[::-1])[1]) == 16
    assert pixfeed.pad_collate(samples[::-1])[1]["labels"].shape == (16, 2)
    assert len(pixfeed.default_collate([dataset[0], dataset[1]])[1]) == 2


@pytest.mark.parametrize("kind", ["boxes", "keypoints"])
def test_bad_pictures_take_their_targets_along(make, folder, kind):
    lines = (folder / f"{kind}.txt").read_text().splitlines()
    lines[4] = lines[4].replace("3.png", "none.png").replace(str(X), str(X - 8))
    (folder / f"{kind}.txt").write_text("\n".join(lines))
    for on_error, other in (("skip", 5), ("zeros", None)):
        dataset = make(kind, HEIGHT, WIDTH, on_error=on_error)
        for samples in (dataset.__getitems__(range(16)), [dataset[i] for i in range(16)]):
            target = samples[4][1][kind]
            assert not target.any() if other is None else torch.equal(target, samples[other][1][kind])
    with pytest.raises(ImageError, match=f"{kind}.txt, line 5"):
        make(kind, 32, 32).__getitems__(range(16))


def test_many_boxes_and_the_pictures_they_are_in(make, folder):
    """Ragged ones: each picture has its own."""
    rows = [[(10 * i + k, k + 1, i + 1, k + 1, i + 2) for k in range(i % 4)] for i in range(16)]
    names = [line.split()[0] for line in (folder / "boxes.txt").read_text().splitlines()]
    text = [" ".join(map(str, [name, *sum(row, ())])) for name, row in zip(names, rows, strict=True)]
    (folder / "boxes.txt").write_text("\n\n".join(text))
    dataset = make("boxes", HEIGHT, WIDTH)
    for i in (*range(16), -1):
        target = dataset[i][1]
        assert target["labels"].tolist() == [row[0] for row in rows[i]]
        assert target["boxes"].tolist() == [list(row[1:]) for row in rows[i]]
    assert dataset.files.line(3) == 7


# -- what can be wrong ------------------------------------------------------------------------------------------------


def damage(folder, how: str) -> None:
    path = folder / "mask.png"
    if how == "missing":
        path.unlink()
    elif how == "empty":
        path.write_bytes(b"")
    elif how == "text":
        path.write_text("no picture at all")
    elif how == "cut":
        Image.fromarray(images.picture(HEIGHT, WIDTH, gray=True)).save(path)
        path.write_bytes(path.read_bytes()[:3000])
    elif how == "rgb":
        Image.fromarray(images.picture(HEIGHT, WIDTH)).save(path)
    else:
        palette_png(np.zeros((WIDTH, HEIGHT), np.uint8), path)


@pytest.mark.parametrize(
    ("how", "error", "words"),
    [
        ("missing", ImageError, "no such file"),
        ("empty", ImageError, "empty"),
        ("text", ImageError, "no image"),
        ("cut", ImageError, "truncated"),
        ("rgb", ImageError, "mode RGB"),
        ("turned", RegionError, "90 x 120 .* as displayed 120 x 90"),
    ],
)
def test_bad_masks(make, folder, how, error, words):
    damage(folder, how)
    dataset = make("mask", 32, 48)
    for read in (lambda: dataset[2], lambda: dataset.__getitems__([2, 3])):
        with pytest.raises(error, match=rf"mask.png \(.*mask.txt, line 3\).*{words}"):
            read()


def test_bad_masks_and_on_error(make, folder):
    lines = (folder / "mask.txt").read_text().splitlines()
    lines[4] = "3.png other.png"
    lines[9] = "none.jpg mask.png"
    (folder / "mask.txt").write_text("\n".join(lines))
    steps = [T.Resize((32, 48))], [T.CenterCrop(80), T.Resize((32, 48))]
    for options in ({}, *({"transform": T.Compose(each)} for each in steps)):
        size = () if options else (32, 48)
        good = make("mask", *size, on_error="skip", **options)
        for samples in (good.__getitems__(range(16)), [good[i] for i in range(16)]):
            assert torch.equal(samples[4][0], samples[5][0]) and torch.equal(samples[4][1], samples[5][1])
            assert torch.equal(samples[9][0], samples[10][0]) and (samples[9][1] == NUMBER).any()
        assert sorted(failure.line for failure in good.report()) == [5, 10]
        zeros = make("mask", *size, on_error="zeros", **options)
        for samples in (zeros.__getitems__(range(16)), [zeros[i] for i in range(16)]):
            for i in (4, 9):
                assert (samples[i][0] == 0).all() and (samples[i][1] == IGNORE).all()
            assert (samples[3][1] == NUMBER).any()


@pytest.mark.parametrize(
    ("steps", "words"),
    [
        ([T.Resize(64), lambda image: image], "runs in Python"),
        ([T.Resize(64), T.ToTensor(), T.RandomErasing(), T.RandomHorizontalFlip()], "RandomHorizontalFlip.*in Python"),
    ],
)
def test_transforms_that_targets_cannot_follow(make, steps, words):
    for kind in ("mask", "boxes", "keypoints"):
        with pytest.raises(ValueError, match=words):
            make(kind, transform=T.Compose(steps))
    assert make("labels", transform=T.Compose(steps)) is not None


def test_arguments(make, folder, backend):
    for options, words in (
        ({"targets": "masks"}, "targets is 'masks'"),
        ({"targets": "boxes", "mask_dir": "x"}, "mask_dir"),
        ({"ignore_index": 0}, "ignore_index"),
        ({"targets": "mask", "min_visibility": 0.5}, "min_visibility"),
        ({"targets": "boxes", "min_visibility": 1.5}, "min_visibility is 1.5"),
        ({"targets": "keypoints", "box_format": "xyxy"}, "box_format"),
        ({"targets": "boxes", "box_format": "cxcywh"}, "box_format is 'cxcywh'; it may be one of xywh, xyxy"),
        ({"targets": "mask", "roi_columns": 4}, "given by rois"),
    ):
        with pytest.raises(ValueError, match=words):
            FastTxtDataset(folder / "boxes.txt", folder, backend=backend, **options)
    with pytest.raises(ValueError, match="needs a list file"):
        FastTxtDataset.from_samples(["1.png"], [1], image_dir=folder, targets="boxes")


@pytest.mark.parametrize(
    ("kind", "line", "words"),
    [
        ("mask", "b.jpg", "0 fields after the name"),
        ("mask", "b.jpg b.png c.png", "2 fields after the name"),
        ("boxes", "b.jpg 1 2 3 4", "4 numbers after the name; there must be 5"),
        ("boxes", "b.jpg 1 2 3 4 x", "'x' is no number"),
        ("boxes", "b.jpg 1 2 3 -1 5", "negative w or h; a list has x, y, w, h"),
        ("boxes", "b.jpg 1.5 2 3 4 5", "label 1.5 is no integer"),
        ("boxes", "b.jpg 1 nan 3 4 5", "must be pixels"),
        ("keypoints", "b.jpg 1 2", "2 numbers after the name; there must be 3"),
        ("keypoints", "b.jpg 1 2 -1", "negative v"),
        ("boxes", '{"image": "b.jpg"', "no JSON"),
        ("boxes", '{"image": "b.jpg", "boxes": [[1, 2, 3, 4]], "labels": []}', "0 labels for 1 boxes"),
        ("boxes", '{"image": "b.jpg", "boxes": [[1, 2, 3]], "labels": [1]}', "list of 4 numbers"),
        ("boxes", '{"image": "b.jpg", "boxes": [[1, 2, 3, "4"]], "labels": [1]}', "must be numbers"),
        ("boxes", '{"image": "b.jpg", "boxes": [[1, 2, 3, 4]], "labels": [true]}', "must be numbers"),
        ("boxes", '{"boxes": []}', '"image" must be there'),
        ("mask", '{"image": "b.jpg", "mask": "\\ud800"}', "no file's name"),
        ("boxes", "b.jpg 1 2 3 4 1_0", "'1_0' is no number"),
        ("keypoints", '{"image": "b.jpg", "boxes": []}', '"keypoints" must be there'),
        ("keypoints", "[]", "no JSON object"),
    ],
)
def test_bad_lines(tmp_path, kind, line, words):
    good = {"mask": "a.jpg a.png", "boxes": "a.jpg", "keypoints": "a.jpg 1 2 2"}[kind]
    if line[0] in "{[":
        good = json.dumps({"image": "a.jpg", "mask": "a.png", "boxes": [], "labels": [], "keypoints": []})
    (tmp_path / "list.txt").write_text(f"{good}\n\n{line}\n")
    with pytest.raises(ListError, match=rf"list.txt, line 3: .*{words}"):
        FastTxtDataset(tmp_path / "list.txt", tmp_path, targets=kind)


@pytest.mark.parametrize("kind", ["mask", "boxes", "keypoints"])
def test_empty_lists(tmp_path, kind):
    (tmp_path / "list.txt").write_text("\n\n")
    with pytest.raises(ListError, match="no samples"):
        FastTxtDataset(tmp_path / "list.txt", tmp_path, targets=kind)
    with pytest.raises(FileNotFoundError):
        FastTxtDataset(tmp_path / "none.txt", tmp_path, targets=kind)
