"""STEP rows after PLAN rows: in one call, alike on both backends, and as one by one."""

from __future__ import annotations

import images
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from step_rows import some_steps
from test_backends import SOURCES, slots
from test_passes import both, pictures  # noqa: F401  (a fixture)

from pixfeed import backends, imread
from pixfeed.plan import HEADER, by_picture, in_sequence, resize_plan
from pixfeed.plan_steps import STEP, STEPS, steps_in_sequence


@st.composite
def stepped(draw):
    """The rows of some pictures, and steps after some of them."""
    rows, _, dtype, layout, channels = draw(pictures())
    found, sizes, n = [], [], len(rows)
    for number, row in enumerate(rows):
        sides = int(row["window_w"]), int(row["window_h"])
        is_last = number + 1 == n or rows[number + 1]["source"] >= 0
        if draw(st.booleans()):
            gray_after = channels == 1 if is_last else bool(rows[number + 1]["gray"])
            steps = draw(some_steps(sides, keep_sides=not is_last, gray=gray_after))
            for step in steps:
                step["plan"] = number
                found.append(step)
                sides = int(step["width"]), int(step["height"])
        if is_last:
            sizes.append(sides)
    size = max(h for _, h in sizes), max(w for w, _ in sizes)
    return rows, np.array(found, STEP), size, dtype, layout, channels


@given(stepped())
def test_any_steps(both, drawn):  # noqa: F811
    rows, steps, size, dtype, layout, channels = drawn
    n, results = len(by_picture(rows)), []
    for backend in both:
        whole, view = slots(n, size, dtype, layout, channels)
        assert backend.open(SOURCES).decode_into(rows, view, 2, steps).statuses.tolist() == [0] * n
        results.append(whole)
    np.testing.assert_array_equal(*results)


def a_step(code: str, width: int, height: int, **fields: object) -> np.ndarray:
    row = np.zeros(1, STEP)
    row["code"], row["width"], row["height"] = STEPS[code], width, height
    for name, value in fields.items():
        row[name] = value
    return row


def plain(*sides: tuple[int, int]) -> list[np.ndarray]:
    """PLAN rows that copy a picture of that width and height, one after the other."""
    rows = []
    for width, height in sides:
        headers = np.zeros(1, HEADER)
        headers["width"], headers["height"] = width, height
        rows.append(resize_plan(headers, (height, width)))
    return rows


@pytest.mark.parametrize("mode", list(Image.Transpose), ids=lambda mode: mode.name.lower())
def test_transpose_is_that_of_pillow(backend, mode):
    picture = images.picture(37, 61)
    expected = np.asarray(Image.fromarray(picture).transpose(mode))
    h, w = expected.shape[:2]
    out = np.empty((1, 3, h, w), np.uint8)
    steps = a_step("transpose", w, h, mode=mode)
    backends.load(backend).resample([picture], plain((61, 37))[0], out, steps=steps)
    np.testing.assert_array_equal(out[0].transpose(1, 2, 0), expected)


def test_steps_between_rows_are_the_rows_and_steps_one_by_one(backend):
    """The picture of the caller stays what it is."""
    picture = images.picture(20, 33)
    before = picture.copy()
    passes = [*plain((33, 20), (20, 33))]
    each = [np.concatenate([a_step("gray", 33, 20), a_step("transpose", 20, 33, mode=2)])[None], None]
    each[1] = a_step("transpose", 33, 20, mode=5)[None]
    rows, steps = in_sequence(passes), steps_in_sequence(passes, each)
    assert steps["plan"].tolist() == [0, 0, 1]
    out = np.full((1, 3, 22, 35), 9, np.float32)
    rows["mean"], rows["std"] = 0.5, 0.25
    backends.load(backend).resample([picture], rows, out, steps=steps)
    expected = Image.fromarray(picture).convert("L").convert("RGB").transpose(Image.Transpose.ROTATE_90)
    expected = np.asarray(expected.transpose(Image.Transpose.TRANSPOSE)).astype(np.float32) / np.float32(255)
    np.testing.assert_array_equal(
        out[0, :, :20, :33].transpose(1, 2, 0), (expected - np.float32(0.5)) / np.float32(0.25)
    )
    assert not out[0, :, 20:].any() and not out[0, :, :, 33:].any()
    np.testing.assert_array_equal(picture, before)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (dict(plan=1), "a row that is not there"),
        (dict(plan=-1), "a row that is not there"),
        (dict(width=0), "impossible sides"),
        (dict(width=7), "keeps the sides"),
        (dict(code=STEPS["transpose"], width=7), "has the sides of the picture"),
        (dict(code=STEPS["transpose"], mode=7), "unknown transposition"),
        (dict(fill=256), "fill may be 0 to 255"),
        (dict(values=np.nan), "not finite"),
        (dict(code=99), "unknown step"),
        (dict(code=0), "unknown step"),
        (dict(code=STEPS["blend"]), "begins and ends in turn"),
        (dict(code=STEPS["blend"], mode=2), "begins and ends in turn"),
        (dict(code=STEPS["blend"], mode=4), "unknown way to blend"),
        (dict(code=STEPS["blend"], values=1.5), "weights may be 0 to 1"),
    ],
    ids=str,
)
def test_impossible_steps_are_refused(backend, change, message):
    opened = backends.load(backend).open(SOURCES[:1])
    rows, step = resize_plan(opened.headers, (8, 8)), a_step("gray", 8, 8)
    for name, value in change.items():
        step[name] = value
    out = np.full((1, 3, 8, 8), 5, np.uint8)
    with pytest.raises(ValueError, match=message):
        opened.decode_into(rows, out, 1, step)
    with pytest.raises(ValueError, match=message):
        backends.load(backend).resample([images.picture(37, 61)], rows, out, 1, step)
    assert (out == 5).all()


def test_steps_are_in_the_order_of_the_rows(backend):
    opened = backends.load(backend).open(SOURCES[:2])
    steps = np.concatenate([a_step("gray", 8, 8, plan=1), a_step("gray", 8, 8)])
    with pytest.raises(ValueError, match="not in the order of the rows"):
        opened.decode_into(resize_plan(opened.headers, (8, 8)), np.empty((2, 3, 8, 8), np.uint8), 1, steps)


def test_a_step_that_makes_colors_needs_three_channels(backend):
    opened = backends.load(backend).open(SOURCES[:1])
    rows = resize_plan(opened.headers, (8, 8))
    out = np.empty((1, 1, 8, 8), np.uint8)
    with pytest.raises(ValueError, match="one channel needs a gray picture"):
        opened.decode_into(rows, out, 1, a_step("transpose", 8, 8))
    opened.decode_into(rows, out, 1, a_step("gray", 8, 8))


def test_steps_of_a_picture_that_another_backend_decodes(backend):
    """A BMP goes to OpenCV, with its own steps and no others."""
    pictures = [images.picture(12, 9), images.picture(12, 9, seed=3), images.picture(12, 9, seed=4)]
    sources = [images.png(pictures[0]), *(images.pillow(each, "BMP") for each in pictures[1:])]
    opened = backends.load(backend).open(sources)
    steps = [a_step("transpose", 9, 12, mode=mode, plan=place) for place, mode in enumerate((0, 1, 3))]
    out = np.empty((3, 3, 12, 9), np.uint8)
    assert not opened.decode_into(resize_plan(opened.headers, (12, 9)), out, 2, np.concatenate(steps)).statuses.any()
    read = [imread(source, backend=backend) for source in sources]
    expected = [read[0][:, ::-1], read[1][::-1], read[2][::-1, ::-1]]
    np.testing.assert_array_equal(out.transpose(0, 2, 3, 1), expected)
