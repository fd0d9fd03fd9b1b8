"""Regions, reduced sizes, gray, scaled decoding: what a Reading says, against cv2 and Pillow themselves."""

from __future__ import annotations

import io
import pickle

import cv2
import images
import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

import pixfeed
from pixfeed import FastTxtDataset, ImageError, ListError, RegionError
from pixfeed.errors import Status
from pixfeed.plan import OPENCV

HEIGHT, WIDTH = 91, 134
PICTURE = images.picture(HEIGHT, WIDTH)
ALPHA = np.concatenate([PICTURE, images.picture(HEIGHT, WIDTH, seed=1)[..., :1]], -1)
SOURCES = {
    **{f"jpeg {name}": images.jpeg(PICTURE, sampling=name) for name in images.SAMPLING},
    "jpeg progressive": images.jpeg(PICTURE, progressive=True),
    "jpeg restart": images.jpeg(PICTURE, restart=3),
    "jpeg gray": images.jpeg(PICTURE[..., 0].copy()),
    "jpeg rgb": images.pillow(PICTURE, "JPEG", keep_rgb=True, quality=90),
    "jpeg cmyk": images.pillow(PICTURE, "JPEG", "CMYK", quality=90),
    **{f"jpeg turned {i}": images.with_orientation(images.jpeg(PICTURE), i) for i in range(2, 9)},
    "png": images.png(PICTURE),
    "png turned": images.with_orientation(images.png(PICTURE), 6),
    "png gray": images.png(PICTURE[..., 0].copy()),
    "png palette": images.pillow(PICTURE, "PNG", "P"),
    "png alpha": images.png(ALPHA),
    "png 16": images.png((PICTURE.astype(np.uint16) << 8) + images.picture(HEIGHT, WIDTH, seed=1)),
    "webp lossy": images.pillow(PICTURE, "WEBP", quality=80),
    "webp lossless": images.pillow(PICTURE, "WEBP", lossless=True),
    "webp alpha": images.pillow(ALPHA, "WEBP", quality=80),
    "webp turned": images.pillow(PICTURE, "WEBP", quality=80, exif=images.exif(8)),
    "bmp": images.pillow(PICTURE, "BMP"),
}
COLOR, GRAY = {1: 1, 2: 17, 4: 33, 8: 65}, {1: 0, 2: 16, 4: 32, 8: 64}  # IMREAD_*


def by_cv2(data: bytes, flags: int) -> np.ndarray:
    image = cv2.imdecode(np.frombuffer(data, np.uint8), flags)
    return image[..., ::-1] if image.ndim == 3 else image


@pytest.mark.parametrize("reduced", [1, 2, 4, 8])
@pytest.mark.parametrize("channels", ["rgb", "gray"])
@pytest.mark.parametrize("name", SOURCES)
def test_gray_and_reduced(backend, name, channels, reduced):
    expected = by_cv2(SOURCES[name], (COLOR if channels == "rgb" else GRAY)[reduced])
    got = pixfeed.imread(SOURCES[name], channels=channels, reduced=reduced, backend=backend)
    np.testing.assert_array_equal(got, expected)
    assert got.flags.c_contiguous
    resized = cv2.resize(expected, (31, 27))
    options = dict(channels=channels, reduced=reduced, backend=backend)
    batch = pixfeed.load_batch([SOURCES[name]], (27, 31), dtype=torch.uint8, **options)
    assert batch.shape == (1, 3 if channels == "rgb" else 1, 27, 31)
    np.testing.assert_array_equal(batch[0].permute(1, 2, 0).numpy().squeeze(), resized)
    floats = pixfeed.load_batch([SOURCES[name]], (27, 31), **options)
    assert torch.equal(floats, batch.float().div(255))


@pytest.mark.parametrize("size", [(1, 1), (7, 7), (3, 100), (16, 9), (17, 33)], ids=str)
def test_reduced_small(backend, size):
    for make in (images.jpeg, images.png):
        data = make(images.picture(*size))
        for reduced in (2, 4, 8):
            got = pixfeed.imread(data, reduced=reduced, backend=backend)
            if make is images.png and min(size) < reduced:  # cv2 raises an error: a side would have no pixel
                assert got.shape[:2] == tuple(max(1, side // reduced) for side in size)
            else:
                np.testing.assert_array_equal(got, by_cv2(data, COLOR[reduced]))


@given(
    name=st.sampled_from(sorted(SOURCES)),
    gray=st.booleans(),
    reduced=st.sampled_from([1, 1, 2, 4, 8]),
    roi=st.tuples(st.integers(-20, 133), st.integers(-20, 133), st.integers(1, 150), st.integers(1, 150)),
)
def test_any_region(name, gray, reduced, roi):
    """Bit for bit the crop of the whole picture, cut off at the borders, whatever is decoded for it."""
    whole = by_cv2(SOURCES[name], (GRAY if gray else COLOR)[reduced])
    height, width = by_cv2(SOURCES[name], 1).shape[:2]
    x, y, w, h = roi
    outside = x >= width or y >= height or x + w <= 0 or y + h <= 0
    partly = x < 0 or y < 0 or x + w > width or y + h > height
    options = dict(roi=roi, channels="gray" if gray else "rgb", reduced=reduced)
    for backend in available():
        if outside:
            with pytest.raises(RegionError, match="outside the picture"):
                pixfeed.imread(SOURCES[name], **options, backend=backend)
            continue
        sx, sy, sw, sh = (int(v / reduced) for v in roi)
        sx, x1 = np.clip([sx, sx + sw], 0, whole.shape[1])
        sy, y1 = np.clip([sy, sy + sh], 0, whole.shape[0])
        got = pixfeed.imread(SOURCES[name], **options, backend=backend)
        if x1 > sx and y1 > sy:
            np.testing.assert_array_equal(got, whole[sy:y1, sx:x1])
        else:
            assert got.size  # cut down to nothing: at least a pixel
        if partly:
            with pytest.raises(RegionError, match="outside the picture"):
                pixfeed.imread(SOURCES[name], **options, roi_policy="error", backend=backend)


def available() -> list[str]:
    return [name for name, why in pixfeed.backends.available().items() if not why]


@pytest.mark.parametrize("name", ["jpeg 4:2:0", "jpeg turned 6", "jpeg progressive", "png", "webp lossy"])
def test_regions_of_a_batch(tmp_path, backend, name):
    path = tmp_path / "a"
    path.write_bytes(SOURCES[name])
    whole = images.reference_read(path)
    rois = np.array([[0, 0, 30, 40], [5, 7, 61, 33], [60, 50, 24, 30], [70, 20, 500, 500]])
    crops = [whole[y : y + h, x : x + w] for x, y, w, h in rois]
    got = pixfeed.load_batch([path] * 4, (24, 30), rois=rois, backend=backend)
    for image, crop in zip(got, crops, strict=True):
        assert torch.equal(image, images.to_tensor(images.reference_resize(crop, (24, 30))))
    got = pixfeed.load_batch([path] * 4, (24, 30), rois=rois.tolist(), antialias=True, backend=backend)
    for image, crop in zip(got, crops, strict=True):
        resized = Image.fromarray(crop).resize((30, 24), Image.Resampling.BILINEAR)
        assert torch.equal(image, images.to_tensor(np.asarray(resized).copy()))


def test_regions_of_a_dataset(tmp_path, backend):
    for i in range(6):
        (tmp_path / f"{i}.jpg").write_bytes(images.jpeg(images.picture(60, 80, seed=i)))
    rois = np.array([[i, 2 * i, 30 + i, 20 + i] for i in range(6)])
    lines = [f"{i}.jpg {' '.join(map(str, rois[i]))} {i} {i + 10}\n" for i in range(6)]
    (tmp_path / "rois.txt").write_text("".join(lines))
    (tmp_path / "plain.txt").write_text("".join(f"{i}.jpg {i} {i + 10}\n" for i in range(6)))
    by_column = FastTxtDataset(tmp_path / "rois.txt", tmp_path, 24, 32, roi_columns=4, backend=backend)
    by_array = FastTxtDataset(tmp_path / "plain.txt", tmp_path, 24, 32, rois=rois, backend=backend)
    for dataset in (by_column, by_array, pickle.loads(pickle.dumps(by_array))):
        for i, (image, label) in enumerate(dataset.__getitems__([5, 0, 3])):
            row = [5, 0, 3][i]
            x, y, w, h = rois[row]
            crop = images.reference_read(tmp_path / f"{row}.jpg")[y : y + h, x : x + w]
            assert torch.equal(image, images.to_tensor(images.reference_resize(crop, (24, 32))))
            assert torch.equal(dataset[row][0], image)
            assert label.tolist() == [row, row + 10]
    whole = FastTxtDataset(tmp_path / "plain.txt", tmp_path, None, None, rois=rois, channels="gray", backend=backend)
    assert whole[3][0].shape == (1, 23, 33)
    with pytest.raises(ValueError, match="given twice"):
        FastTxtDataset(tmp_path / "rois.txt", tmp_path, roi_columns=4, rois=rois, backend=backend)
    with pytest.raises(ValueError, match=r"need \(6, 4\)"):
        FastTxtDataset(tmp_path / "plain.txt", tmp_path, rois=rois[:5], backend=backend)
    with pytest.raises(ListError, match=r"line 1.*no label after the four numbers"):
        FastTxtDataset(tmp_path / "plain.txt", tmp_path, roi_columns=4, backend=backend)


def test_a_region_outside_names_file_and_line(tmp_path, backend):
    (tmp_path / "a.jpg").write_bytes(SOURCES["png"])
    (tmp_path / "list.txt").write_text("a.jpg 0 0 10 10 1\na.jpg 200 0 10 10 1\n")
    dataset = FastTxtDataset(tmp_path / "list.txt", tmp_path, 8, 8, roi_columns=4, backend=backend)
    dataset[0]
    for read in (lambda: dataset[1], lambda: dataset.__getitems__([0, 1])):
        with pytest.raises(
            RegionError, match=r"a\.jpg \(.*list\.txt, line 2\): the region \[200, 0, 10, 10\].*134 x 91"
        ) as e:
            read()
        assert e.value.line == 2
    for roi in ([0, 0, 0, 5], [3, 3, 5, -1]):
        with pytest.raises(RegionError, match="empty"):
            pixfeed.imread(SOURCES["png"], roi=roi, backend=backend)
    with pytest.raises(TypeError, match="integers"):
        pixfeed.imread(SOURCES["png"], roi=[0, 0, 5.5, 5], backend=backend)
    with pytest.raises(ValueError, match="shape"):
        pixfeed.imread(SOURCES["png"], roi=[0, 0, 5], backend=backend)
    with pytest.raises(ImageError, match="empty"):  # what is wrong with the file comes first
        pixfeed.imread(b"", roi=[0, 0, 5, 5], backend=backend)


@pytest.mark.filterwarnings("error")
def test_regions_of_very_large_numbers(backend):
    most, least = 2**63 - 1, -(2**63)
    for roi, kept in (
        ((1, 2, most, 5), np.s_[2:7, 1:]),
        ((3, -2, 4, most), np.s_[:, 3:7]),
        ((least + 9, -5, most, 7), np.s_[:2, :8]),
        ((-most, 0, most, 3), None),
        ((most, 0, most, 3), None),
        ((0, least, 5, 5), None),
        ((0, 0, least, 5), None),
    ):
        with pytest.raises(RegionError):
            pixfeed.imread(SOURCES["png"], roi=roi, roi_policy="error", backend=backend)
        if kept is None:
            with pytest.raises(RegionError):
                pixfeed.imread(SOURCES["png"], roi=roi, backend=backend)
        else:
            got = pixfeed.imread(SOURCES["png"], roi=roi, backend=backend)
            np.testing.assert_array_equal(got, PICTURE[..., ::-1][kept])
    for number in (np.nan, np.inf, 1e30, 2**63, 2**64):
        with pytest.raises(TypeError, match="roi must be integers"):
            pixfeed.imread(SOURCES["png"], roi=[0, 0, number, 5], backend=backend)
    with pytest.raises(ValueError, match="at most"):
        pixfeed.imread(SOURCES["png"], size=(None, 2**30), backend=backend, roi=(0, 0, 3, 60))


def test_too_little_memory_for_cv2(monkeypatch):
    def resize(*_, **__):
        raise cv2.error("std::bad_alloc")

    monkeypatch.setattr(cv2, "resize", resize)
    with pytest.raises(MemoryError, match="6 x 5 pixels"):
        pixfeed.resize(PICTURE, (5, 6), backend="opencv")


@pytest.mark.parametrize("name", ["jpeg turned 6", "jpeg turned 2", "png turned", "webp turned"])
def test_ignore_orientation(backend, name):
    expected = by_cv2(SOURCES[name], 1 | 128)
    assert expected.shape == PICTURE.shape
    np.testing.assert_array_equal(pixfeed.imread(SOURCES[name], ignore_orientation=True, backend=backend), expected)
    got = pixfeed.imread(SOURCES[name], roi=[100, 10, 30, 40], ignore_orientation=True, backend=backend)
    np.testing.assert_array_equal(got, expected[10:50, 100:130])


@pytest.mark.parametrize("name", SOURCES)
def test_unchanged(backend, name):
    expected = cv2.imdecode(np.frombuffer(SOURCES[name], np.uint8), cv2.IMREAD_UNCHANGED)
    if expected.ndim == 3:
        expected = expected[..., [2, 1, 0, 3][: expected.shape[2]]]
    got = pixfeed.imread(SOURCES[name], channels="unchanged", backend=backend)
    assert got.dtype == expected.dtype
    np.testing.assert_array_equal(got, expected)
    got = pixfeed.imread(SOURCES[name], channels="unchanged", roi=[5, 6, 30, 500], backend=backend)
    np.testing.assert_array_equal(got, expected[6:506, 5:35])
    with pytest.raises(ValueError, match="single images"):
        pixfeed.load_batch([SOURCES[name]], (5, 5), channels="unchanged", backend=backend)
    with pytest.raises(ImageError, match="missing"):
        pixfeed.imread("missing", channels="unchanged", backend=backend)


@pytest.mark.parametrize("name", ["jpeg 4:2:0", "jpeg progressive", "png", "webp lossy", "webp lossless", "bmp"])
def test_max_pixels(backend, name):
    pixfeed.imread(SOURCES[name], max_pixels=HEIGHT * WIDTH, backend=backend)
    with pytest.raises(ImageError, match="max_pixels") as caught:
        pixfeed.imread(SOURCES[name], max_pixels=HEIGHT * WIDTH - 1, backend=backend)
    assert caught.value.status == Status.TOO_LARGE


BOX = (3.25, 2.5, 100.75, 80.125)


@pytest.mark.parametrize("filter", ["box", "bilinear", "hamming", "bicubic", "lanczos"])
def test_boxes(backend, filter):
    data = SOURCES["jpeg 4:2:0"]
    options = dict(interpolation=filter, antialias=True, backend=backend)
    with Image.open(io.BytesIO(data)) as image:
        expected = np.asarray(image.resize((31, 17), Image.Resampling[filter.upper()], box=BOX))
        region = image.crop((10, 5, 130, 90)).resize((31, 17), Image.Resampling[filter.upper()], box=BOX)
    got = pixfeed.load_batch([data], (17, 31), dtype=torch.uint8, resize_boxes=[BOX], **options)
    np.testing.assert_array_equal(got[0].permute(1, 2, 0).numpy(), expected)
    np.testing.assert_array_equal(pixfeed.imread(data, size=(17, 31), box=BOX, **options), expected)
    got = pixfeed.imread(data, size=(17, 31), roi=(10, 5, 120, 85), box=BOX, **options)
    np.testing.assert_array_equal(got, np.asarray(region))
    for wrong in ((-1, 0, 5, 5), (0, 0, 5, 500), (5, 0, 5, 5), (0, 0, float("nan"), 5)):
        with pytest.raises((RegionError, TypeError), match="box"):
            pixfeed.imread(data, size=(17, 31), box=wrong, **options)


@pytest.mark.parametrize("channels", ["rgb", "gray"])
def test_scaled_is_a_reduced_picture_resized(backend, channels):
    """The largest reduction that leaves headroom, then Pillow's filter; the true borders are its box."""
    picture = images.picture(333, 517)
    data = images.jpeg(picture, sampling="4:4:4")
    for size, headroom, reduced in (
        ((64, 64), 2, 2),
        ((40, 60), 2, 4),
        ((40, 60), 4, 2),
        ((20, 30), 2, 8),
        ((200, 60), 2, 1),
    ):
        flags = (COLOR if channels == "rgb" else GRAY)[reduced]
        box = (0, 0, 517 / reduced, 333 / reduced)
        expected = Image.fromarray(np.ascontiguousarray(by_cv2(data, flags)))
        expected = np.asarray(expected.resize(size[::-1], Image.Resampling.BILINEAR, box=box))
        options = dict(decode="scaled", headroom=headroom, channels=channels, backend=backend)
        got = pixfeed.load_batch([data], size, dtype=torch.uint8, **options)[0].permute(1, 2, 0).numpy().squeeze()
        exact = pixfeed.imread(data, size=size, antialias=True, channels=channels, backend=backend).astype(int)
        if backend == "opencv" or reduced == 1:
            np.testing.assert_array_equal(got, expected, err_msg=f"{size}")
        else:  # from the lowest frequencies of each block: closer, but where a quarter leaves out one of them for speed
            slack = 1.2 if reduced == 4 else 1
            assert np.abs(got - exact).mean() <= slack * np.abs(expected - exact).mean() < 1.5
    got = pixfeed.imread(data, size=(20, 30), roi=(33, 50, 243, 165), decode="scaled", backend=backend)
    exact = pixfeed.imread(data, size=(20, 30), roi=(33, 50, 243, 165), antialias=True, backend=backend)
    assert np.abs(got.astype(int) - exact).mean() < 3  # a shift of one pixel would be 15
    png = images.png(picture)  # has no smaller sizes: exact
    np.testing.assert_array_equal(
        pixfeed.imread(png, size=(20, 30), decode="scaled", backend=backend),
        pixfeed.imread(png, size=(20, 30), antialias=True, backend=backend),
    )


@pytest.mark.parametrize("orientation", range(1, 9))
def test_scaled_pictures_are_not_shifted(backend, orientation):
    """Whichever side the partly filled blocks lie on. A shift shows as itself: of 5 and of 7 pixels."""
    data = images.positions(155, 201, orientation, images.jpeg)
    for options in (dict(), dict(roi=(33, 21, 141, 99)), dict(box=(3.5, 2.25, 160.5, 150))):
        got, exact = (
            pixfeed.imread(data, size=(9, 11), antialias=True, headroom=1, decode=how, backend=backend, **options)
            for how in ("scaled", "exact")
        )
        assert np.abs(got[..., :2].astype(int) - exact[..., :2]).mean((0, 1)).max() < 1, options


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (dict(channels="bgr"), "channels is 'bgr'"),
        (dict(reduced=3), "reduced is 3"),
        (dict(decode="fast"), "decode is 'fast'"),
        (dict(roi_policy="pad"), "roi_policy"),
        (dict(decode="scaled", antialias=False), "antialias"),
        (dict(decode="scaled", reduced=2), "reduced"),
        (dict(decode="scaled", headroom=0.5), "headroom"),
        (dict(decode="scaled", interpolation="cubic"), "cubic.*may be one of"),
        (dict(max_pixels=0), "max_pixels"),
        (dict(channels="unchanged", reduced=2), "unchanged"),
        (dict(channels="unchanged", size=(2, 2)), "unchanged"),
        (dict(box=(0, 0, 5, 5), size=(2, 2)), "Pillow's filters"),
        (dict(size=(0, 2)), "positive"),
    ],
)
def test_impossible_readings(backend, options, words):
    with pytest.raises(ValueError, match=words):
        pixfeed.imread(SOURCES["png"], **options, backend=backend)
    with pytest.raises(TypeError, match="interpolaton"):
        pixfeed.imread(SOURCES["png"], interpolaton="linear", backend=backend)


def test_antialias_alone_is_bilinear(backend):
    got = pixfeed.imread(SOURCES["png"], size=(20, None), antialias=True, backend=backend)
    expected = Image.fromarray(PICTURE[..., ::-1]).resize((int(WIDTH * 20 / HEIGHT), 20), Image.Resampling.BILINEAR)
    np.testing.assert_array_equal(got, np.asarray(expected))


@pytest.mark.parametrize("shape", [(61, 97, 3), (61, 97)], ids=str)
def test_resize(backend, shape):
    picture = images.picture(61, 97, gray=len(shape) == 2)
    for size in ((20, 30), (30, 48), (61, 97), (100, 150)):
        got = pixfeed.resize(picture, size, backend=backend)
        np.testing.assert_array_equal(got, cv2.resize(picture, size[::-1]))
        assert got.flags.c_contiguous
        for view in (picture[::-1, ::-1], picture[5:50, 7:80], np.asfortranarray(picture)):
            got = pixfeed.resize(view, size, interpolation="lanczos", antialias=True, backend=backend)
            expected = Image.fromarray(np.ascontiguousarray(view)).resize(size[::-1], Image.Resampling.LANCZOS)
            np.testing.assert_array_equal(got, np.asarray(expected))
    got = pixfeed.resize(picture, (9, 9), antialias=True, box=(1.5, 2, 60, 50.25), backend=backend)
    expected = Image.fromarray(picture).resize((9, 9), Image.Resampling.BILINEAR, box=(1.5, 2, 60, 50.25))
    np.testing.assert_array_equal(got, np.asarray(expected))
    for wrong in (picture.astype(float), picture[..., None], picture[:0]):
        with pytest.raises(TypeError, match="uint8"):
            pixfeed.resize(wrong, (5, 5), backend=backend)


def test_resize_of_gray_pictures(backend):
    """The last values of a row, which OpenCV's vectors leave over, are others with one value a pixel than with three:
    in cubic it rounds them in another way, and these pictures show it."""
    for seed in (33, 91, 230):
        picture = np.random.default_rng(seed).integers(0, 256, (30, 11), np.uint8)
        data = images.png(picture)
        for name, number in OPENCV.items():
            expected = images.reference_resize(picture, (300, 15), number)
            got = pixfeed.resize(picture, (300, 15), interpolation=name, backend=backend)
            np.testing.assert_array_equal(got, expected, err_msg=name)
            got = pixfeed.imread(data, size=(300, 15), channels="gray", interpolation=name, backend=backend)
            np.testing.assert_array_equal(got, expected, err_msg=name)


@pytest.mark.slow
def test_scaled_on_real_photos(shared_data, backend):
    """Near exact antialiasing, everywhere: one wrong block would show."""
    means = []
    for path in sorted((shared_data / "camera").glob("*.jpg"))[:: 2 if backend == "native" else 8]:
        exact = pixfeed.imread(path, size=(256, 256), antialias=True, backend=backend).astype(int)
        difference = np.abs(exact - pixfeed.imread(path, size=(256, 256), decode="scaled", backend=backend))
        assert difference.max() <= 24, path
        means.append(difference.mean())
    assert np.mean(means) <= 0.35


def test_damage_below_a_region(native):
    """Not looked at, natively, unless strict: that is what makes regions fast. The whole picture always is."""
    data = images.jpeg(images.picture(400, 200))
    cut = data[: len(data) * 3 // 4]
    expected = pixfeed.imread(data, backend="native")[10:50]
    got = pixfeed.imread(cut, roi=(0, 10, 200, 40), backend="native")
    np.testing.assert_array_equal(got, expected)
    for options in (dict(roi=(0, 10, 200, 40), strict=True), dict(roi=(0, 350, 200, 40)), dict(size=(3, 3)), {}):
        with pytest.raises(ImageError, match="truncated"):
            pixfeed.imread(cut, **options, backend="native")


@pytest.mark.parametrize("lossless", [False, True])
def test_strict_looks_at_a_whole_webp(backend, lossless):
    """Below a region, and below what a window needs of a whole picture, in one whose sizes are right."""
    data = images.pillow(images.picture(400, 200), "WEBP", lossless=lossless)
    kept = len(data) // 2 & ~1
    cut = data[:4] + (kept - 8).to_bytes(4, "little") + data[8:16] + (kept - 20).to_bytes(4, "little") + data[20:kept]
    for options in (dict(roi=(0, 10, 200, 40)), dict(size=(3, 3)), {}):
        with pytest.raises(ImageError, match=r"truncated|corrupt"):
            pixfeed.imread(cut, strict=True, **options, backend=backend)
        pixfeed.imread(data, strict=True, **options, backend=backend)
    if backend == "native":
        expected = pixfeed.imread(data, backend="native")[10:50]
        np.testing.assert_array_equal(pixfeed.imread(cut, roi=(0, 10, 200, 40), backend="native"), expected)


@pytest.mark.parametrize("end", [b"\0\0\0\0IEND\xaeB`\x83", b"\0\0\0\4IENDabcdefgh"], ids=["checksum", "length"])
@pytest.mark.parametrize("name", ["png", "png gray", "png 16"])
def test_a_png_with_a_damaged_end(backend, name, end):
    """All pixels are there: OpenCV and Pillow read it, with a warning."""
    damaged = SOURCES[name][:-12] + end
    expected = pixfeed.imread(SOURCES[name], backend=backend)
    np.testing.assert_array_equal(pixfeed.imread(damaged, backend=backend), expected)
    with pytest.raises(ImageError, match=r"corrupt.*IEND"):
        pixfeed.imread(damaged, strict=True, backend=backend)
    for cut in (damaged[:-1], damaged[:-9]):
        with pytest.raises(ImageError, match="truncated"):
            pixfeed.imread(cut, backend=backend)


@pytest.mark.slow
@pytest.mark.parametrize("reduced", [1, 2, 4, 8])
def test_real_regions(shared_data, backend, reduced):
    files = sorted((shared_data / "orientation").glob("*.jpg"))[:: 1 if backend == "native" else 4]
    files += sorted((shared_data / "imagenet").iterdir())[:: 20 if backend == "native" else 100]
    rng = np.random.default_rng(reduced)
    for path in files:
        if path.suffix == ".txt":
            continue
        data = path.read_bytes()
        whole, gray = by_cv2(data, COLOR[reduced]), by_cv2(data, GRAY[reduced])
        full = by_cv2(data, 1).shape
        for _ in range(4):
            x, y = int(rng.integers(0, full[1] - 8)), int(rng.integers(0, full[0] - 8))
            w, h = int(rng.integers(8, full[1])), int(rng.integers(8, full[0]))
            sx, sy, sw, sh = (int(v / reduced) for v in (x, y, w, h))
            for channels, image in (("rgb", whole), ("gray", gray)):
                got = pixfeed.imread(path, roi=(x, y, w, h), channels=channels, reduced=reduced, backend=backend)
                np.testing.assert_array_equal(got, image[sy : sy + sh, sx : sx + sw][: got.shape[0]], err_msg=str(path))
