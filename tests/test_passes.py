"""Pictures that take several PLAN rows, one after the other: in one call, alike on both backends, and as one by one."""

from __future__ import annotations

import images
import numpy as np
import pytest
from conftest import need
from hypothesis import given
from hypothesis import strategies as st
from test_backends import SOURCES, slots

from pixfeed import backends
from pixfeed.plan import ADJUST, FRAMED, HEADER, OPENCV, PILLOW, PLAN, ROW_BEFORE, by_picture, in_sequence, resize_plan

SIDES = [(61, 37), (50, 41), (30, 29)]  # of SOURCES, as displayed: width, height
LAYOUTS = ("planar", "channels_last", "padded", "mirrored", "transposed")


@st.composite
def rows_of_one(draw, source: int, sides: tuple[int, int], gray_source: bool):
    """One to four rows of a picture, the first of which reads it as gray, or does not."""
    rows = np.zeros(draw(st.integers(1, 4)), PLAN)
    gray = True
    for row in rows:
        row["source"], row["reduced"], row["std"] = ROW_BEFORE, 1, 1
        for axis, side, length in zip("xy", "wh", sides, strict=True):
            start = draw(st.integers(0, length - 1))
            row[f"crop_{axis}"], row[f"crop_{side}"] = start, draw(st.integers(1, length - start))
            row[f"resize_{side}"] = resized = draw(st.integers(1, 40) | st.just(int(row[f"crop_{side}"])))
            row[f"window_{axis}"] = draw(st.integers(-20, resized - 1))
            row[f"window_{side}"] = draw(st.integers(1, 40))
            if row[f"window_{axis}"] < 0 or row[f"window_{axis}"] + row[f"window_{side}"] > resized:
                row["framed"] = draw(st.sampled_from([*FRAMED.values()]))
        row["fill"] = draw(st.tuples(*[st.integers(0, 255)] * 3))
        row["flip_horizontal"], row["flip_vertical"] = draw(st.booleans()), draw(st.booleans())
        row["interpolation"] = draw(st.sampled_from([*OPENCV.values(), *PILLOW.values()]))
        row["box"] = 0, 0, row["crop_w"], row["crop_h"]
        row["adjust"] = draw(st.tuples(*[st.integers(0, 5)] * 4) | st.just((0,) * 4))
        row["factor"] = draw(st.tuples(*[st.sampled_from([0.0, 0.3, 1.0, 1.7])] * 4))
        row["factor"] -= np.where(row["adjust"] == ADJUST["hue"], np.floor(row["factor"]) + np.float32(0.3), 0)
        row["gray"] = gray_source if row is rows[0] else gray and draw(st.booleans())
        gray = bool(row["gray"]) or ADJUST["gray"] in row["adjust"]
        sides = int(row["window_w"]), int(row["window_h"])
    rows["source"][0] = source
    return rows, gray


@st.composite
def pictures(draw):
    """The rows of up to four pictures, each with a number of its own, in slots that are larger than some of them."""
    made = []
    for _ in range(draw(st.integers(1, 4))):
        source = draw(st.integers(0, 2))
        made.append(draw(rows_of_one(source, SIDES[source], draw(st.booleans()))))
    channels = draw(st.sampled_from([1, 3])) if all(gray for _, gray in made) else 3
    last = [rows[-1] for rows, _ in made]
    size = tuple(max(int(row[f"window_{side}"]) for row in last) + draw(st.integers(0, 3)) for side in "hw")
    dtype = draw(st.sampled_from([np.uint8, np.float32]))
    return np.concatenate([rows for rows, _ in made]), size, dtype, draw(st.sampled_from(LAYOUTS)), channels


@pytest.fixture(scope="module")
def both():
    for name in backends.NAMES:
        need(name)
    return [backends.load(name) for name in backends.NAMES]


@given(pictures())
def test_any_rows(both, drawn):
    rows, size, dtype, layout, channels = drawn
    n, results = len(by_picture(rows)), []
    for backend in both:
        whole, view = slots(n, size, dtype, layout, channels)
        assert backend.open(SOURCES).decode_into(rows, view, 2).statuses.tolist() == [0] * n
        results.append(whole)
    np.testing.assert_array_equal(*results)
    whole, view = slots(n, size, dtype, layout, channels)
    view[...] = 7
    outside = whole != 7
    np.testing.assert_array_equal(results[0][outside], whole[outside])


@given(pictures())
def test_they_are_the_rows_one_by_one(both, drawn):
    rows, size, _, _, channels = drawn
    for backend in both:
        out = np.full((len(by_picture(rows)), channels, *size), 9, np.uint8)
        opened = backend.open(SOURCES)
        opened.decode_into(rows, out, 2)
        for each, slot in zip(by_picture(rows.copy()), out, strict=True):
            picture = None
            for row in each[:, None]:
                h, w = int(row["window_h"][0]), int(row["window_w"][0])
                made = np.empty((h, w, 3), np.uint8)
                if picture is None:
                    opened.decode_into(row, made.transpose(2, 0, 1)[None])
                else:
                    row["source"] = 0
                    backend.resample([picture], row, made.transpose(2, 0, 1)[None])
                picture = made
            np.testing.assert_array_equal(slot[:, :h, :w], picture.transpose(2, 0, 1)[:channels])
            assert not slot[:, h:].any() and not slot[:, :, w:].any()


@pytest.mark.parametrize("mode", ["edge", "reflect", "symmetric"])
@pytest.mark.parametrize("size", [(1, 1), (1, 4), (2, 2), (5, 3)], ids=str)
def test_frames_are_those_of_numpy(backend, mode, size):
    """Also where the frame is wider than the picture, which is reflected several times then."""
    picture = images.picture(*size)
    row = resize_plan(_headers(size), size)
    row["window_x"], row["window_y"], row["framed"] = -7, -4, FRAMED[mode]
    row["window_w"], row["window_h"] = size[1] + 7 + 11, size[0] + 4 + 9
    out = np.empty((1, 3, size[0] + 13, size[1] + 18), np.uint8)
    backends.load(backend).resample([picture], row, out)
    expected = np.pad(picture, ((4, 9), (7, 11), (0, 0)), mode)
    np.testing.assert_array_equal(out[0].transpose(1, 2, 0), expected)


def _headers(size: tuple[int, int]) -> np.ndarray:
    headers = np.zeros(1, HEADER)
    headers["height"], headers["width"] = size
    return headers


@pytest.mark.parametrize(
    ("change", "channels", "message"),
    [
        (dict(crop_w=9), 3, "crop does not lie inside"),
        (dict(window_w=9), 3, "window does not lie inside"),
        (dict(window_w=9, framed=1), 3, "larger than the slot"),
        (dict(gray=1), 3, "row before makes colors"),
        (dict(source=3), 3, "differ in length"),
        (dict(), 1, "one channel needs a gray picture"),
        (dict(adjust=6), 3, "unknown adjustment"),
    ],
)
def test_impossible_rows_are_refused(backend, change, channels, message):
    opened = backends.load(backend).open(SOURCES[:1])
    first = resize_plan(opened.headers, (8, 8))
    second = resize_plan(_headers((8, 8)), (8, 8))
    rows = in_sequence([first, second])
    out = np.full((1, channels, 8, 8), 5, np.uint8)
    for name, value in change.items():
        rows[name][1] = value
    with pytest.raises(ValueError, match=message):
        opened.decode_into(rows, out, 1)
    with pytest.raises(ValueError, match=message):
        backends.load(backend).resample([images.picture(37, 61)], rows, out)
    assert (out == 5).all()


def test_the_rows_of_a_source_that_failed_are_not_looked_at(backend):
    opened = backends.load(backend).open([SOURCES[0], b"", SOURCES[2]])
    passes = resize_plan(opened.headers, (8, 8)), resize_plan(np.repeat(_headers((8, 8)), 3), (8, 8))
    for rows in passes:
        rows["resize_w"][1], rows["crop_x"][1] = 0, -5
    out = np.zeros((3, 3, 8, 8), np.uint8)
    decoded = opened.decode_into(in_sequence(passes), out, 2)
    assert decoded.statuses.tolist() == [0, 3, 0] and list(decoded.notes) == [1] and out[0].any() and out[2].any()
