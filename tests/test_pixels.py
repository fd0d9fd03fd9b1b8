"""The first promise: the same pixels as cv2.imread, cvtColor, resize and division by 255, bit for bit."""

from __future__ import annotations

import base64
import io
import struct

import cv2
import images
import numpy as np
import pytest
import torch
from PIL import Image
from versions import marked, reads_gif, turns_webp

import pixfeed
from pixfeed.plan import OPENCV, PILLOW, PLAN, resize_plan

pytestmark = pytest.mark.slow_on_opencv

# 1 pixel wide or high, smaller than a block, around block borders, odd, larger.
SIZES = [(1, 1), (1, 40), (40, 1), (2, 3), (3, 2), (7, 9), (8, 8), (9, 17), (16, 16), (17, 33), (61, 97), (128, 130)]
# Down, up, to a pixel, and sides that are no multiple of a vector.
TARGETS = [(1, 1), (1, 19), (5, 7), (13, 8), (32, 32), (33, 61), (150, 200)]


def assert_same(data: bytes, folder, backend: str, targets=TARGETS) -> None:
    path = folder / "picture"
    path.write_bytes(data)
    expected = images.reference_read(path)
    read = pixfeed.imread(path, backend=backend)
    np.testing.assert_array_equal(read, expected)
    assert read.flags.c_contiguous
    np.testing.assert_array_equal(pixfeed.imread(data, backend=backend), expected)
    height, width = expected.shape[:2]
    halves = [(max(1, height // 2), max(1, width // 2)), (max(1, height // 4), max(1, width // 4)), (height, width)]
    for size in [*targets, *halves]:
        resized = images.reference_resize(expected, size)
        got = pixfeed.load_batch([path], size, dtype=torch.uint8, backend=backend)
        np.testing.assert_array_equal(got[0].permute(1, 2, 0).numpy(), resized, err_msg=f"{size}")
        floats = pixfeed.load_batch([data], size, backend=backend)[0]
        assert torch.equal(floats, images.to_tensor(resized)), size


@pytest.mark.parametrize("sampling", images.SAMPLING)
@pytest.mark.parametrize("size", SIZES, ids=str)
def test_jpeg_sizes_and_samplings(tmp_path, backend, size, sampling):
    assert_same(images.jpeg(images.picture(*size), sampling=sampling), tmp_path, backend)


@pytest.mark.parametrize("size", SIZES, ids=str)
def test_gray_jpeg(tmp_path, backend, size):
    assert_same(images.jpeg(images.picture(*size, gray=True)), tmp_path, backend)


@pytest.mark.parametrize("size", SIZES, ids=str)
def test_png_sizes(tmp_path, backend, size):
    assert_same(images.png(images.picture(*size)), tmp_path, backend)


@pytest.mark.parametrize("sampling", images.SAMPLING)
@pytest.mark.parametrize(
    "kind", [dict(progressive=True), dict(restart=1), dict(restart=3), dict(optimize=True)], ids=str
)
def test_jpeg_kinds(tmp_path, backend, kind, sampling):
    assert_same(images.jpeg(images.picture(53, 71), sampling=sampling, **kind), tmp_path, backend, [(32, 32)])


@pytest.mark.parametrize("quality", [1, 5, 25, 50, 75, 95, 100])
def test_jpeg_qualities(tmp_path, backend, quality):
    assert_same(images.jpeg(images.picture(40, 56, seed=quality), quality=quality), tmp_path, backend, [(32, 32)])


def test_jpeg_of_extreme_contrast(tmp_path, backend):
    """Coefficients at the ends of their range, where an IDCT has to clamp."""
    noise = np.random.default_rng(0).choice(np.array([0, 255], np.uint8), (64, 64, 3))
    for quality in (1, 30, 100):
        assert_same(images.jpeg(noise, quality=quality, sampling="4:4:4"), tmp_path, backend, [(32, 32)])


@pytest.mark.parametrize("little", [True, False])
@pytest.mark.parametrize("orientation", range(10))
@pytest.mark.parametrize("make", [images.jpeg, images.png])
def test_orientation(tmp_path, backend, make, orientation, little):
    """All eight, and the two values that mean nothing."""
    data = images.with_orientation(make(images.picture(45, 70)), orientation, little)
    assert_same(data, tmp_path, backend, [(32, 32), (90, 50)])


def test_cmyk_and_ycck_jpeg(tmp_path, backend):
    assert_same(images.pillow(images.picture(33, 47), "JPEG", "CMYK", quality=92), tmp_path, backend, [(32, 32)])


@pytest.mark.parametrize("mode", ["1", "L", "P", "LA", "RGBA", "I;16"])
def test_png_modes(tmp_path, backend, mode):
    image = images.picture(33, 47)
    if mode == "I;16":
        data = images.png(image[..., 0].astype(np.uint16) * 257 + 13)
    elif mode in ("LA", "RGBA"):
        alpha = images.picture(33, 47, seed=1)[..., :1]
        data = images.pillow(np.concatenate([image, alpha], -1), "PNG", mode)
    else:
        data = images.pillow(image, "PNG", mode)
    assert_same(data, tmp_path, backend, [(32, 32)])


def test_png_of_16_bits(tmp_path, backend):
    deep = (images.picture(33, 47).astype(np.uint16) << 8) + images.picture(33, 47, seed=1)
    assert_same(images.png(deep), tmp_path, backend, [(32, 32)])


def test_interlaced_png(tmp_path, backend):
    """Adam7, written here because neither OpenCV nor Pillow writes it."""
    import zlib

    image = images.picture(21, 30)
    body = b""
    for x0, y0, dx, dy in [
        (0, 0, 8, 8),
        (4, 0, 8, 8),
        (0, 4, 4, 8),
        (2, 0, 4, 4),
        (0, 2, 2, 4),
        (1, 0, 2, 2),
        (0, 1, 1, 2),
    ]:
        for row in image[y0::dy, x0::dx]:
            body += b"\0" + row.tobytes()
    header = struct.pack(">IIBBBBB", 30, 21, 8, 2, 0, 0, 1)
    data = b"\x89PNG\r\n\x1a\n" + images.png_chunk(b"IHDR", header) + images.png_chunk(b"IDAT", zlib.compress(body))
    data += images.png_chunk(b"IEND", b"")
    assert_same(data, tmp_path, backend, [(32, 32)])
    np.testing.assert_array_equal(pixfeed.imread(data, backend=backend), image)


@pytest.mark.parametrize("options", [dict(quality=30), dict(quality=95), dict(lossless=True), dict(method=0)], ids=str)
@pytest.mark.parametrize("size", SIZES, ids=str)
def test_webp(tmp_path, backend, size, options):
    assert_same(images.pillow(images.picture(*size), "WEBP", **options), tmp_path, backend, [(5, 7), (32, 32)])


def test_webp_with_alpha(tmp_path, backend):
    image = np.concatenate([images.picture(33, 47), images.picture(33, 47, seed=1)[..., :1]], -1)
    for options in (dict(quality=80), dict(lossless=True)):
        assert_same(images.pillow(image, "WEBP", **options), tmp_path, backend, [(32, 32)])


@pytest.mark.parametrize("little", [True, False])
@pytest.mark.parametrize("orientation", marked(range(1, 9), turns_webp, range(2, 9)))
def test_webp_orientation(tmp_path, backend, orientation, little):
    tiff = images.exif(orientation, little)
    for exif in (tiff, b"Exif\0\0" + tiff):
        data = images.pillow(images.picture(45, 70), "WEBP", quality=80, exif=exif)
        assert_same(data, tmp_path, backend, [(32, 32)])


def test_animated_webp_is_its_first_picture(backend):
    frames = [Image.fromarray(images.picture(30, 40, seed=seed)) for seed in (0, 1)]
    out = io.BytesIO()
    frames[0].save(out, "WEBP", save_all=True, append_images=frames[1:], lossless=True)
    np.testing.assert_array_equal(pixfeed.imread(out.getvalue(), backend=backend), np.asarray(frames[0]))


# 16 x 16, gray, arithmetic coding.
ARITHMETIC = base64.b64decode(
    "/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDAA0JCgsKCA0LCgsODg0PEyAVExISEyccHhcgLikxMC4pLSwzOko+MzZGNywtQFdBRkxOUlNSMj5a"
    "YVpQYEpRUk//yQALCAAQABABAREA/8wABgAQEAX/2gAIAQEAAD8A/wB4cXaXLMI0Qz9pdJGBYED/2Q=="
)


def test_arithmetic_jpeg(tmp_path, backend):
    assert_same(ARITHMETIC, tmp_path, backend, [(9, 9)])
    assert np.ptp(pixfeed.imread(ARITHMETIC, backend=backend)) > 200


@pytest.mark.parametrize("format", marked(["BMP", "TIFF", "GIF"], reads_gif, ["GIF"]))
def test_other_formats_go_to_opencv(tmp_path, backend, format):
    """What the native codecs do not know is read by OpenCV, picture by picture, within the same batch."""
    data, jpeg = images.pillow(images.picture(33, 47), format), images.jpeg(images.picture(40, 40))
    assert_same(data, tmp_path, backend, [(32, 32)])
    got = pixfeed.load_batch([jpeg, data, jpeg], (20, 20), backend=backend)
    for image, source in zip(got, [jpeg, data, jpeg], strict=True):
        assert torch.equal(image, pixfeed.load_batch([source], (20, 20), backend="opencv")[0])


def test_jpeg_without_huffman_tables(tmp_path, backend):
    """A frame of motion JPEG leaves out the standard tables. Not even after a file that had others."""
    data = images.jpeg(images.picture(40, 56))
    at, bare = 2, data[:2]
    while data[at + 1] != 0xDA:
        end = at + 2 + struct.unpack_from(">H", data, at + 2)[0]
        if data[at + 1] != 0xC4:
            bare += data[at:end]
        at = end
    bare += data[at:]
    pixfeed.imread(images.jpeg(images.picture(40, 56, seed=3), optimize=True), backend=backend)
    np.testing.assert_array_equal(pixfeed.imread(bare, backend=backend), pixfeed.imread(data, backend=backend))


def test_format_by_magic_bytes_not_by_name(tmp_path, backend):
    path = tmp_path / "picture.JPEG"
    path.write_bytes(images.png(images.picture(9, 9)))
    np.testing.assert_array_equal(pixfeed.imread(path, backend=backend), images.picture(9, 9)[..., ::-1])


@pytest.mark.parametrize("size", [(1, 1), (20, 30), (61, 97), (33, 97), (150, 200), (9, 300)], ids=str)
@pytest.mark.parametrize("name", PILLOW)
def test_antialiased_as_pillow(tmp_path, backend, name, size):
    data = images.jpeg(images.picture(61, 97))
    with Image.open(io.BytesIO(data)) as image:
        expected = np.array(image.resize((size[1], size[0]), Image.Resampling[name.upper()]))
    options = dict(interpolation=name, antialias=True, backend=backend)
    got = pixfeed.load_batch([data], size, dtype=torch.uint8, **options)[0].permute(1, 2, 0).numpy()
    np.testing.assert_array_equal(got, expected)
    assert torch.equal(pixfeed.load_batch([data], size, **options)[0], images.to_tensor(expected))


@pytest.mark.parametrize("name", PILLOW)
def test_antialiased_large_as_pillow(backend, name):
    """Noise, in which every last bit of a weight shows, and spans of many lengths."""
    noise = np.random.default_rng(0).integers(0, 256, (333, 700, 3), np.uint8)
    data = images.png(noise[..., ::-1])
    for size in ((333, 257), (60, 100), (8, 30), (400, 900), (5, 699)):
        expected = np.array(Image.fromarray(noise).resize((size[1], size[0]), Image.Resampling[name.upper()]))
        got = pixfeed.load_batch([data], size, dtype=torch.uint8, interpolation=name, antialias=True, backend=backend)[
            0
        ]
        np.testing.assert_array_equal(got.permute(1, 2, 0).numpy(), expected)


@pytest.mark.parametrize(
    "size",
    [
        *[(1, 1), (1, 90), (20, 30), (55, 70)],  # to a pixel, and down by fractions
        *[(30, 48), (20, 32), (15, 24), (12, 48), (30, 16)],  # 1/2, 1/3, 1/4, and by another number in each direction
        *[(60, 96), (60, 48), (60, 131)],  # the same, and one side only
        *[(150, 200), (120, 192), (240, 288)],  # up
        *[(23, 150), (150, 31)],  # down in one direction and up in the other
    ],
    ids=str,
)
@pytest.mark.parametrize("name", OPENCV)
def test_interpolations_of_opencv(tmp_path, backend, name, size):
    data = images.jpeg(images.picture(60, 96))
    (tmp_path / "a.jpg").write_bytes(data)
    expected = images.reference_resize(images.reference_read(tmp_path / "a.jpg"), size, OPENCV[name])
    got = pixfeed.load_batch([data] * 2, size, dtype=torch.uint8, interpolation=name, backend=backend)
    for image in got:
        np.testing.assert_array_equal(image.permute(1, 2, 0).numpy(), expected)


@pytest.mark.parametrize("size", [(1, 1), (2, 9), (13, 8), (64, 40), (61, 97), (130, 251)], ids=str)
@pytest.mark.parametrize("interpolation", OPENCV.values())
def test_resampling_of_decoded_pictures(native, interpolation, size):
    """Any window of the resized crop, of pictures of extreme contrast: sums go as far as they can."""
    random = np.random.default_rng(size[0])
    image = random.choice(np.array([0, 255], np.uint8), (*size, 3))
    row = np.zeros(1, PLAN)
    row["interpolation"], row["reduced"], row["std"] = interpolation, 1, 1
    for _ in range(60):
        for axis, side, length in (("x", "w", size[1]), ("y", "h", size[0])):
            start = random.integers(0, length)
            crop = random.integers(1, length - start + 1)
            resized = crop // random.integers(1, crop + 1) if random.random() < 0.4 else random.integers(1, 300)
            row[f"crop_{axis}"], row[f"crop_{side}"], row[f"resize_{side}"] = start, crop, resized
            row[f"window_{axis}"] = random.integers(0, resized)
        row["box"] = 0, 0, row["crop_w"][0], row["crop_h"][0]
        x, y, w, h = (int(row[f"crop_{name}"][0]) for name in "xywh")
        left, top = int(row["window_x"][0]), int(row["window_y"][0])
        row["window_w"], row["window_h"] = row["resize_w"] - left, row["resize_h"] - top
        resized = (int(row["resize_h"][0]), int(row["resize_w"][0]))
        expected = images.reference_resize(image[y : y + h, x : x + w], resized, interpolation)[top:, left:]
        out = np.zeros((1, *expected.shape), np.uint8)
        plans = row.view(np.dtype((np.void, PLAN.itemsize)))
        native.resample([image], plans, None, out.transpose(0, 3, 1, 2), (1, -1, -1))
        np.testing.assert_array_equal(out[0], expected, err_msg=str(row))


@pytest.mark.parametrize("size", [(3, 5), (30, 48), (61, 97), (150, 31), (180, 288)], ids=str)
def test_cubic_is_near_what_ipp_gives(backend, size):
    """One step at most, where cv2 has Intel's IPP; elsewhere the same."""
    image = images.picture(60, 96)
    got = pixfeed.load_batch([images.png(image)], size, dtype=torch.uint8, interpolation="cubic", backend=backend)
    expected = cv2.resize(np.ascontiguousarray(image[..., ::-1]), (size[1], size[0]), interpolation=cv2.INTER_CUBIC)
    assert np.abs(got[0].permute(1, 2, 0).numpy().astype(int) - expected).max() <= 1


@pytest.mark.parametrize("orientation", range(2, 9))
def test_turned_is_upright(native, orientation):
    """Whatever it is resized by, to a size that leaves rows and columns out or repeats them: as if it lay upright."""
    noise = np.random.default_rng(7).integers(0, 256, (211, 157, 3), np.uint8)
    upright = images.png(noise)
    turned = images.with_orientation(images.png(images.stored(noise, orientation)), orientation)
    # Read in between, so that a pixel that should have been looked at can't be there from the last time.
    other = images.with_orientation(images.png(images.stored(255 - noise, orientation)), orientation)
    ways = [dict(interpolation=name) for name in OPENCV] + [dict(interpolation=name, antialias=True) for name in PILLOW]
    for way in ways:
        for size in [(9, 7), (70, 50), (105, 78), (211, 157), (300, 40)]:
            for roi in [None, (20, 31, 101, 150)]:
                options = dict(size=size, roi=roi, backend="native", **way)
                pixfeed.imread(other, **options)
                expected = pixfeed.imread(upright, **options)
                np.testing.assert_array_equal(pixfeed.imread(turned, **options), expected, err_msg=str(options))


@pytest.mark.parametrize("orientation", [1, 6])
@pytest.mark.parametrize("size", [(8, 8), (9, 17), (61, 97), (64, 96), (130, 251)], ids=str)
@pytest.mark.parametrize("reduced", [2, 4, 8])
def test_reduced_png(native, reduced, size, orientation):
    """As cv2.imread(IMREAD_REDUCED_COLOR_*), the whole and a crop of it."""
    from pixfeed import backends

    data = images.with_orientation(images.png(images.picture(*size)), orientation)
    expected = cv2.imdecode(np.frombuffer(data, np.uint8), getattr(cv2, f"IMREAD_REDUCED_COLOR_{reduced}"))[..., ::-1]
    height, width = expected.shape[:2]
    opened = backends.load("native").open([data])
    row = resize_plan(opened.headers, (1, 1))
    row["reduced"] = reduced
    for x, y, w, h in [(0, 0, width, height), (width // 3, height // 2, width // 2 or 1, height // 3 or 1)]:
        row["crop_x"], row["crop_y"], row["crop_w"], row["crop_h"] = x, y, w, h
        row["resize_w"], row["resize_h"], row["box"] = w, h, (0, 0, w, h)
        row["window_w"], row["window_h"] = w, h
        out = np.zeros((1, 3, h, w), np.uint8)
        assert opened.decode_into(row, out, 1).statuses.tolist() == [0]
        np.testing.assert_array_equal(out[0].transpose(1, 2, 0), expected[y : y + h, x : x + w])


def test_reduced_png_of_less_than_a_pixel(native):
    """cv2 raises an error there."""
    from pixfeed import backends

    opened = backends.load("native").open([images.png(images.picture(3, 20))])
    row = resize_plan(opened.headers, (1, 5))
    row["reduced"], row["crop_w"], row["crop_h"], row["box"] = 4, 5, 1, (0, 0, 5, 1)
    out = np.zeros((1, 3, 1, 5), np.uint8)
    assert opened.decode_into(row, out, 1).statuses.tolist() == [0]
    expected = cv2.resize(images.picture(3, 20), (5, 1), interpolation=cv2.INTER_LINEAR_EXACT)
    np.testing.assert_array_equal(out[0].transpose(1, 2, 0), expected[..., ::-1])


@pytest.mark.parametrize(("name", "antialias"), [("linear", True), ("bilinear", False), ("fast", False)])
def test_unknown_interpolations(backend, name, antialias):
    with pytest.raises(ValueError, match=f"{name}.*may be one of"):
        pixfeed.load_batch([b""], (2, 2), interpolation=name, antialias=antialias, backend=backend)


@pytest.mark.slow
@pytest.mark.parametrize("folder", ["imagenet", "camera", "orientation"])
def test_real_pictures(shared_data, backend, folder):
    """Every file, read and resized, also the one that OpenCV and Pillow read with a warning (camera_07.jpg)."""
    files = sorted(p for p in (shared_data / folder).iterdir() if p.suffix.lower() in (".jpg", ".jpeg"))
    assert files
    if backend == "opencv":
        files = files[::10]  # it is OpenCV itself
    for path in files:
        expected = images.reference_read(path)
        np.testing.assert_array_equal(pixfeed.imread(path, backend=backend), expected, err_msg=str(path))
        got = pixfeed.load_batch([path], (256, 256), backend=backend)[0]
        assert torch.equal(got, images.to_tensor(images.reference_resize(expected, (256, 256)))), path
