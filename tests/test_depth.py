"""depth=16: pictures of 16 bits a channel, as cv2.imread with IMREAD_ANYDEPTH and cv2.resize have them."""

from __future__ import annotations

import zlib

import cv2
import images
import numpy as np
import pytest
import torch
from conftest import need

import pixfeed
from pixfeed import FastTxtDataset, ImageError, imread, load_batch
from pixfeed import transforms as T

NUMBERS = {"nearest": cv2.INTER_NEAREST, "linear": cv2.INTER_LINEAR, "nearest_exact": cv2.INTER_NEAREST_EXACT}


def picture(height: int, width: int, channels: int = 3, seed: int = 0) -> np.ndarray:
    """uint16 ``[H, W, C]`` (``[H, W]`` for one channel): half of it noise, half of it even, with all filters of PNG."""
    made = np.random.default_rng(seed).integers(0, 65536, (height, width, channels)).astype(np.uint16)
    made[:, : width // 2] = np.linspace(0, 65535, height * channels).reshape(height, 1, channels)
    return made[..., 0] if channels == 1 else made


def png(image: np.ndarray, color: int | None = None, more: bytes = b"") -> bytes:
    """Written here, with the filters 0 to 4 in turn; color types that cv2 does not write, too."""
    image = image[..., None] if image.ndim == 2 else image
    height, width, channels = image.shape
    color = {1: 0, 2: 4, 3: 2, 4: 6}[channels] if color is None else color
    raw = image.astype(">u2").tobytes()
    size, step, above, rows = 2 * channels * width, 2 * channels, bytes(2 * channels * width), []
    for y in range(height):
        row, kind = raw[y * size : (y + 1) * size], y % 5
        left, corner = bytes(step) + row, bytes(step) + above
        other = [
            (0, left[i], above[i], (left[i] + above[i]) // 2, _paeth(left[i], above[i], corner[i]))[kind]
            for i in range(size)
        ]
        rows.append(bytes([kind]) + bytes((a - b) & 255 for a, b in zip(row, other, strict=True)))
        above = row
    head = width.to_bytes(4, "big") + height.to_bytes(4, "big") + bytes([16, color, 0, 0, 0])
    chunks = images.png_chunk(b"IHDR", head) + more + images.png_chunk(b"IDAT", zlib.compress(b"".join(rows)))
    return b"\x89PNG\r\n\x1a\n" + chunks + images.png_chunk(b"IEND", b"")


def _paeth(left: int, above: int, corner: int) -> int:
    return min((left, above, corner), key=lambda value: abs(left + above - corner - value))


def tiff(image: np.ndarray) -> bytes:
    return cv2.imencode(".tiff", image[..., ::-1] if image.ndim == 3 else image)[1].tobytes()


def by_cv2(data: bytes, gray: bool = False) -> np.ndarray:
    flags = cv2.IMREAD_ANYDEPTH | (cv2.IMREAD_GRAYSCALE if gray else cv2.IMREAD_COLOR)
    found = cv2.imdecode(np.frombuffer(data, np.uint8), flags)
    assert found.dtype == np.uint16
    return found if gray else found[..., ::-1]


def resized(image: np.ndarray, size: tuple[int, int], how: str) -> np.ndarray:
    """cv2.resize by OpenCV's own code."""
    if how == "nearest_exact":
        return images.reference_resize(image, size, NUMBERS[how])
    ipp = cv2.ipp.useIPP()
    cv2.ipp.setUseIPP(False)
    try:
        return cv2.resize(np.ascontiguousarray(image), size[::-1], interpolation=NUMBERS[how])
    finally:
        cv2.ipp.setUseIPP(ipp)


FILES = {
    "gray": png(picture(29, 37, 1)),
    "rgb": png(picture(31, 23, 3)),
    "gray and alpha": png(picture(20, 19, 2)),
    "rgb and alpha": png(picture(17, 33, 4)),
    "gray, a color is transparent": png(picture(12, 11, 1), more=images.png_chunk(b"tRNS", b"\0\7")),
    "rgb, with a gamma": png(picture(12, 11, 3), more=images.png_chunk(b"gAMA", (45455).to_bytes(4, "big"))),
    "one pixel": png(picture(1, 1, 3)),
    "tiff gray": tiff(picture(21, 34, 1)),
    "tiff rgb": tiff(picture(24, 18, 3)),
}
FILES["turned"] = images.with_orientation(FILES["rgb"], 6)


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("gray", [False, True])
def test_pixels(name, gray, backend, tmp_path):
    path = tmp_path / "picture"
    path.write_bytes(FILES[name])
    flags = cv2.IMREAD_ANYDEPTH | (cv2.IMREAD_GRAYSCALE if gray else cv2.IMREAD_COLOR)
    expected = cv2.imread(str(path), flags)
    found = imread(path, depth=16, channels="gray" if gray else "rgb", backend=backend)
    assert found.dtype == np.uint16
    assert np.array_equal(found, expected if gray else expected[..., ::-1])


def test_the_same_as_unchanged(backend):
    image = picture(15, 16)
    assert np.array_equal(imread(png(image), depth=16, backend=backend), image)
    assert np.array_equal(imread(png(image), depth=16, backend=backend), imread(png(image), channels="unchanged"))


@pytest.mark.parametrize("how", NUMBERS)
@pytest.mark.parametrize("channels", [1, 3])
def test_resizing(how, channels, backend):
    generator = np.random.default_rng(1)
    for i in range(40):
        height, width, h, w = (int(side) for side in generator.integers(1, 60, 4))
        if i % 8 == 0:
            height, width = 2 * h, 2 * w
        data = png(picture(height, width, channels, i))
        found = imread(data, size=(h, w), depth=16, interpolation=how, backend=backend)
        assert np.array_equal(found, resized(by_cv2(data), (h, w), how)), (height, width, h, w)


def test_regions(backend):
    data = png(picture(40, 50))
    whole = by_cv2(data)
    for x, y, w, h in ((0, 0, 50, 40), (7, 0, 1, 1), (49, 39, 1, 1), (10, 20, 30, 11), (0, 5, 50, 3)):
        assert np.array_equal(imread(data, roi=(x, y, w, h), depth=16, backend=backend), whole[y : y + h, x : x + w])


@pytest.mark.parametrize("memory_format", [torch.contiguous_format, torch.channels_last])
def test_batches(backend, memory_format):
    sources = [FILES["gray"], FILES["rgb"], FILES["tiff rgb"], FILES["turned"]]
    wanted = [imread(source, size=(13, 21), depth=16, backend=backend) for source in sources]
    how = {"depth": 16, "backend": backend, "memory_format": memory_format}
    numbers = load_batch(sources, (13, 21), dtype=torch.uint16, **how)
    assert numbers.dtype == torch.uint16
    assert np.array_equal(numbers.numpy(), np.stack(wanted).transpose(0, 3, 1, 2))
    floats = load_batch(sources, (13, 21), **how)
    assert floats.dtype == torch.float32
    assert np.array_equal(floats.numpy(), numbers.numpy().astype(np.float32) / np.float32(65535))


def folder(tmp_path, count: int = 4):
    for i in range(count):
        (tmp_path / f"{i}.png").write_bytes(png(picture(30 + i, 44 - i, 3, i)))
    list_file = tmp_path / "list.txt"
    list_file.write_text("".join(f"{i}.png {i}\n" for i in range(count)))
    return list_file


def test_a_dataset(tmp_path, backend):
    dataset = FastTxtDataset(folder(tmp_path), tmp_path, 20, 24, depth=16, dtype=torch.uint16, backend=backend)
    assert dataset.dtype == torch.uint16
    for batch, labels in pixfeed.DataLoader(dataset, batch_size=2):
        assert batch.dtype == torch.uint16 and batch.shape == (2, 3, 20, 24)
        for image, label in zip(batch, labels[:, 0], strict=True):
            expected = resized(by_cv2((tmp_path / f"{label}.png").read_bytes()), (20, 24), "linear")
            assert np.array_equal(image.numpy(), expected.transpose(2, 0, 1))


def test_transforms(tmp_path, backend):
    """Of the same pixels as the steps one by one."""
    steps = [T.Resize((20, 26), antialias=False), T.CenterCrop((16, 22)), T.RandomHorizontalFlip(1.0)]
    norm = T.Normalize((0.5, 0.4, 0.3), (0.2, 0.3, 0.4))
    dataset = FastTxtDataset(
        folder(tmp_path), tmp_path, transform=T.Compose([*steps, T.ToTensor(), norm]), depth=16, backend=backend
    )
    for i in range(4):
        image = resized(by_cv2((tmp_path / f"{i}.png").read_bytes()), (20, 26), "linear")[2:18, 2:24][:, ::-1]
        values = image.astype(np.float32) / np.float32(65535)
        values = (values - np.float32((0.5, 0.4, 0.3))) / np.float32((0.2, 0.3, 0.4))
        assert np.array_equal(dataset[i][0].numpy(), values.transpose(2, 0, 1))


def test_random_crops_in_two_passes_are_alike(tmp_path):
    """What was resized is cropped and resized again."""
    for name in pixfeed.backends.NAMES:
        need(name)
    list_file = folder(tmp_path)
    how = {"antialias": False, "interpolation": "bilinear"}
    steps = T.Compose([T.Resize(40, **how), T.RandomResizedCrop(17, **how), T.RandomVerticalFlip(), T.ToTensor()])
    native, opencv = (
        [image for image, _ in FastTxtDataset(list_file, tmp_path, transform=steps, depth=16, backend=name, seed=1)]
        for name in pixfeed.backends.NAMES
    )
    assert all(map(torch.equal, native, opencv))


@pytest.mark.parametrize("channels", ["rgb", "gray"])
def test_padding(channels, backend):
    """With the color times 257, so that floats are those of 8 bits."""
    steps = [T.CenterCrop((40, 50)), T.Pad((1, 2), fill=7 if channels == "gray" else (7, 0, 255)), T.ToTensor()]
    data = png(picture(20, 30, 1 if channels == "gray" else 3))
    found = load_batch([data], transform=T.Compose(steps), depth=16, channels=channels, backend=backend)[0].numpy()
    image = by_cv2(data, channels == "gray").astype(np.float32) / np.float32(65535)
    fill = np.array([7] if channels == "gray" else [7, 0, 255], np.float32) / np.float32(255)
    expected = np.zeros((44, 52, len(fill)), np.float32) + fill
    expected[2:42, 1:51] = 0
    expected[12:32, 11:41] = image.reshape(20, 30, -1)
    assert np.array_equal(found, expected.transpose(2, 0, 1))


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"interpolation": "cubic"}, "depth=16 goes with interpolation='nearest', 'linear', 'nearest_exact'"),
        ({"antialias": True}, "depth=16 goes with interpolation="),
        ({"reduced": 2}, "depth=16 goes with no reduced"),
        ({"decode": "scaled"}, "depth=16 goes with no reduced"),
        ({"channels": "unchanged"}, "leave depth away"),
        ({"depth": 12}, "depth is 12; it may be one of 8, 16"),
    ],
)
def test_options_that_do_not_go(options, words):
    with pytest.raises(ValueError, match=words):
        imread(FILES["rgb"], **{"depth": 16, **options})


def test_dtypes_that_do_not_go(tmp_path):
    for dtype in (torch.uint8, torch.float16, torch.bfloat16):
        with pytest.raises(ValueError, match="with depth=16 it may be"):
            load_batch([FILES["rgb"]], (9, 9), depth=16, dtype=dtype)
    with pytest.raises(ValueError, match="for uint16 say depth=16"):
        FastTxtDataset(folder(tmp_path), tmp_path, 20, 24, dtype=torch.uint16)


@pytest.mark.parametrize(
    ("steps", "words"),
    [
        ([T.Resize(20)], "give it antialias=False"),
        ([T.RandomResizedCrop(20)], "give it antialias=False"),
        ([T.CenterCrop(9), T.ColorJitter(0.4)], "is for pictures of 8 bits"),
        ([T.Pad(3, padding_mode="reflect"), T.CenterCrop(9)], "is for pictures of 8 bits"),
        ([T.CenterCrop(9), T.RandomApply([T.Grayscale(3)])], "is for pictures of 8 bits"),
        ([T.CenterCrop(9), T.RandomRotation(10)], "is for pictures of 8 bits"),
        ([T.CenterCrop(9), T.PILToTensor()], "makes torch.uint8"),
        ([T.CenterCrop(9), lambda image: image], "makes torch.uint8"),
    ],
)
def test_transforms_that_do_not_go(steps, words):
    with pytest.raises(ValueError, match=words):
        load_batch([FILES["rgb"]], transform=T.Compose(steps), depth=16)


def test_files_with_other_depths(tmp_path, backend):
    """They are refused, in a list with the line."""
    image = images.picture(30, 30)
    for data in (images.jpeg(image), images.png(image), images.pillow(image, "WEBP"), cv2.imencode(".bmp", image)[1]):
        with pytest.raises(ImageError, match="8 bits a sample; depth=16 reads pictures of 16 bits"):
            imread(bytes(data), depth=16, backend=backend)
    list_file = folder(tmp_path)
    (tmp_path / "2.png").write_bytes(images.png(image))
    dataset = FastTxtDataset(list_file, tmp_path, 20, 24, depth=16, backend=backend)
    with pytest.raises(ImageError, match=r"line 3[\s\S]*8 bits a sample"):
        dataset[2]


def test_damage(backend):
    """The same verdicts as at 8 bits."""
    data = FILES["rgb"]
    with pytest.raises(ImageError, match="truncated"):
        imread(data[:-20], depth=16, backend=backend)
    at = data.index(b"IDAT") + 40
    with pytest.raises(ImageError, match="corrupt"):
        imread(data[:at] + bytes([data[at] ^ 255]) + data[at + 1 :], depth=16, backend=backend)
