"""Regions and boxes: the crop of the whole picture, whatever is decoded for it."""

from __future__ import annotations

import io
import pickle

import images
import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from sources import COLOR, GRAY, PICTURE, SOURCES, by_cv2

import pixfeed
from pixfeed import FastTxtDataset, ImageError, ListError, RegionError


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
