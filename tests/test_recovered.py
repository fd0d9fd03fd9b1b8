"""min_recovered: JPEGs that are cut off are read as far as they go, by both backends alike."""

from __future__ import annotations

import shutil

import cv2
import images
import numpy as np
import pytest

import pixfeed
from pixfeed import DataLoader, FastTxtDataset, ImageError, backends
from pixfeed.backends.encoded import look
from pixfeed.errors import Status
from pixfeed.plan import resize_plan

KINDS = {
    "4:2:0": dict(sampling="4:2:0"),
    "4:4:4": dict(sampling="4:4:4"),
    "4:2:2": dict(sampling="4:2:2"),
    "4:4:0": dict(sampling="4:4:0"),
    "restarts": dict(restart=3),
    "gray": dict(gray=True),
}


def made(kind: str) -> bytes:
    options = dict(KINDS[kind])
    return images.jpeg(images.picture(150, 120, gray=options.pop("gray", False)), **options)


def share(data: bytes, kind: str) -> float:
    """Of the rows of blocks that are equal in the whole picture and in what cv2 makes of ``data``: in gray where rows
    of colour depend on their neighbours."""
    tall = kind in ("4:2:0", "4:4:0", "restarts")
    band = 16 if tall else 8
    whole, cut = (cv2.imdecode(np.frombuffer(d, np.uint8), int(not tall)) for d in (made(kind), data + b"\xff\xd9"))
    same = [(whole[y : y + band] == cut[y : y + band]).all() for y in range(0, len(whole), band)]
    return sum(same) / len(same)


@pytest.mark.parametrize("part", [0.2, 0.5, 0.8, 0.97, 0.995])
@pytest.mark.parametrize("kind", KINDS)
def test_as_opencv_reads_them(tmp_path, backend, capfd, kind, part):
    whole = made(kind)
    data = whole[: int(part * len(whole))]
    (tmp_path / "a.jpg").write_bytes(data)
    there = share(data, kind)
    assert 0 <= there < 1
    expected = images.reference_read(tmp_path / "a.jpg")
    capfd.readouterr()  # OpenCV says what it thinks
    for least in (0.0, there - 0.001) if there else (0.0,):
        for source in (tmp_path / "a.jpg", data):
            got = pixfeed.imread(source, min_recovered=least, backend=backend)
            np.testing.assert_array_equal(got, expected)
    for least in (there + 0.001, 1.0):
        with pytest.raises(ImageError, match="truncated") as caught:
            pixfeed.imread(data, min_recovered=least, backend=backend)
        assert caught.value.status == Status.TRUNCATED
        assert (least == 1.0) == ("% of the rows are there" not in str(caught.value))
    assert capfd.readouterr() == ("", "")


def outcome(name: str, data: bytes) -> tuple[int, str]:
    """Status and note of one picture that needs half of its rows."""
    opened = backends.load(name).open([data], backends.OpenOptions(min_recovered=0.5))
    row = resize_plan(opened.headers, (20, 20))
    return int(opened.decode_into(row, np.empty((1, 3, 20, 20), np.uint8), 1).statuses[0]), opened.note(0)


@pytest.mark.usefixtures("native")
@pytest.mark.parametrize("kind", KINDS)
def test_both_backends_take_the_same_files(kind):
    """Wherever a file is cut."""
    data = made(kind)
    for end in (*range(0, len(data), 397), *range(len(data) - 12, len(data))):
        (status, note), (other_status, other_note) = (outcome(name, data[:end]) for name in backends.NAMES)
        assert status == other_status, (kind, end, note, other_note)
        if status != Status.OK and "rows" in other_note:
            assert note == other_note, (kind, end)


def test_only_the_end_marker_is_missing(backend):
    data = made("4:2:0")
    got = pixfeed.imread(data[:-2], min_recovered=0.999, backend=backend)
    np.testing.assert_array_equal(got, pixfeed.imread(data, backend=backend))


def test_in_other_ways_of_reading(tmp_path, backend):
    (tmp_path / "a.jpg").write_bytes(images.with_orientation(made("4:2:0"), 6)[:-900])
    path = str(tmp_path / "a.jpg")
    for flags, reading in (
        (cv2.IMREAD_GRAYSCALE, dict(channels="gray")),
        (cv2.IMREAD_REDUCED_COLOR_2, dict(reduced=2)),
        (cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION, dict(ignore_orientation=True)),
    ):
        expected = cv2.imread(path, flags)
        got = pixfeed.imread(path, min_recovered=0.5, backend=backend, **reading)
        np.testing.assert_array_equal(got, expected if expected.ndim == 2 else expected[..., ::-1])
    roi = pixfeed.imread(path, min_recovered=0.5, roi=[10, 10, 60, 60], backend=backend)
    np.testing.assert_array_equal(roi, images.reference_read(path)[10:70, 10:70])


OTHERS = {
    "progressive": images.jpeg(images.picture(64, 80), progressive=True),
    "png": images.png(images.picture(64, 80)),
    "webp": images.pillow(images.picture(64, 80), "WEBP"),
}


@pytest.mark.parametrize("kind", OTHERS)
def test_what_is_never_recovered(backend, kind):
    data = OTHERS[kind]
    with pytest.raises(ImageError, match="truncated"):
        pixfeed.imread(data[: 4 * len(data) // 5], min_recovered=0, backend=backend)


def test_refusals(backend):
    data = made("4:2:0")
    for bad in (data[:100], data[:300]):  # not even the header
        with pytest.raises(ImageError, match="truncated"):
            pixfeed.imread(bad, min_recovered=0, backend=backend)
    with pytest.raises(ImageError):
        pixfeed.imread(data[:-900], min_recovered=0, strict=True, backend=backend)
    for share in (-0.1, 1.1, float("nan")):
        with pytest.raises(ValueError, match="min_recovered"):
            pixfeed.imread(data, min_recovered=share, backend=backend)
    with pytest.raises(ValueError, match="min_recovered"):
        pixfeed.imread(data, min_recovered=0.5, channels="unchanged", backend=backend)


@pytest.mark.parametrize("workers", [dict(num_workers=0), dict(num_workers=2), dict(num_workers=1, workers="process")])
@pytest.mark.parametrize("on_error", ["raise", "skip"])
def test_the_report_says_so(tmp_path, backend, on_error, workers):
    """And max_errors does not count it."""
    data = made("4:2:0")
    for i, end in enumerate((len(data), len(data) - 600, len(data) - 800, len(data))):
        (tmp_path / f"{i}.jpg").write_bytes(data[:end])
    (tmp_path / "train.txt").write_text("".join(f"{i}.jpg {i}\n" for i in range(4)))
    most = None if on_error == "raise" else 0
    options = dict(on_error=on_error, max_errors=most, min_recovered=0.5, backend=backend)
    dataset = FastTxtDataset(tmp_path / "train.txt", tmp_path, 16, 16, **options)
    if "workers" in workers:
        workers = dict(workers, multiprocessing_context="fork")
    loader = DataLoader(dataset, 2, **workers)
    assert [label.item() for _, labels in loader for label in labels] == [0, 1, 2, 3]
    assert loader.stats().costs.images == 4
    assert dataset[1][1].item() == 1
    report = loader.report()
    assert [(failure.line, failure.count, failure.recovered) for failure in report] == [(2, 2, True), (3, 1, True)]
    assert "1.jpg" in report[0].reason and "% of the rows are there" in report[0].reason


@pytest.mark.slow
def test_real_files(shared_data, tmp_path, backend, capfd):
    for path in sorted((shared_data / "damaged").iterdir()):
        copy = shutil.copy(path, tmp_path)
        if look(path.read_bytes()).frame is None:  # progressive
            with pytest.raises(ImageError, match="truncated"):
                pixfeed.imread(copy, min_recovered=0.0, backend=backend)
        else:
            expected = images.reference_read(copy)
            np.testing.assert_array_equal(pixfeed.imread(copy, min_recovered=0.0, backend=backend), expected)
        with pytest.raises(ImageError, match="truncated"):
            pixfeed.imread(copy, backend=backend)
