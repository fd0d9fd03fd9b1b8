"""Plans: the native backend carries out any of them as its obviously correct twin does, and writes nowhere else."""

from __future__ import annotations

import images
import numpy as np
import pytest
from conftest import need
from hypothesis import given
from hypothesis import strategies as st

from pixfeed import backends
from pixfeed.backends import OpenOptions
from pixfeed.errors import Status
from pixfeed.plan import ADJUST, FRAMED, HEADER, OPENCV, PILLOW, PLAN, reduced_side, resize_plan

SOURCES = [
    images.jpeg(images.picture(37, 61)),
    images.with_orientation(images.jpeg(images.picture(50, 41), sampling="4:4:4"), 6),
    images.png(images.picture(29, 30)),
]


@pytest.fixture(scope="module")
def opened():
    for name in backends.NAMES:
        need(name)
    return [backends.load(name).open(SOURCES, threads=2) for name in backends.NAMES]


def test_headers(backend):
    headers = backends.load(backend).open([*SOURCES, b"", b"no image"], threads=2).headers
    assert headers.dtype == HEADER
    assert headers["width"].tolist()[:3] == [61, 50, 30]
    assert headers["height"].tolist()[:3] == [37, 41, 29]
    assert headers["format"].tolist()[:3] == [1, 1, 2]
    assert headers["bytes"].tolist()[:3] == [len(source) for source in SOURCES]
    assert headers["status"].tolist() == [0, 0, 0, Status.EMPTY, Status.NOT_AN_IMAGE]


def test_orientations(backend):
    """Of each format that has them; the first EXIF data counts, and what makes no sense is none."""
    picture, opener = images.picture(9, 14), backends.load(backend)
    for number in range(10):
        for little in (True, False):
            exif = images.exif(number, little)
            jpeg, png = (images.with_orientation(each(picture), number, little) for each in (images.jpeg, images.png))
            webp = images.pillow(picture, "WEBP", exif=exif)
            prefixed = images.pillow(picture, "WEBP", exif=b"Exif\0\0" + exif)
            later = images.with_orientation(jpeg, 9)
            comment = jpeg[:2] + b"\xff\xfe\x00\x06ab\xff\xd9" + jpeg[2:]
            cut = jpeg.replace(exif, exif[:-9]).replace(b"\xff\xe1\x00\x22", b"\xff\xe1\x00\x19")
            sources = [jpeg, png, webp, prefixed, comment, later, cut, images.jpeg(picture)]
            expected = [number if 1 <= number <= 8 else 1] * 5 + [1] * 3
            assert opener.open(sources).headers["orientation"].tolist() == expected, number
            stored = opener.open(sources, OpenOptions(ignore_orientation=True))
            assert set(stored.headers["orientation"].tolist()) == {1}


@st.composite
def plans(draw):
    """Up to 4 plans for one output size, in any layout."""
    height, width = draw(st.integers(1, 40)), draw(st.integers(1, 40))
    full = [(61, 37), (50, 41), (30, 29)]  # as displayed
    channels = draw(st.sampled_from([1, 3]))
    rows = np.zeros(draw(st.integers(1, 4)), PLAN)
    rows["window_h"], rows["window_w"] = height, width
    for row in rows:
        row["source"], row["reduced"] = source, reduced = (
            draw(st.integers(0, 2)),
            draw(st.sampled_from([1, 1, 2, 4, 8])),
        )
        sides = [int(reduced_side(side, 2 if source == 2 else 1, reduced)) for side in full[source]]
        for axis, side in zip("xy", sides, strict=True):
            start = draw(st.integers(0, side - 1))
            row[f"crop_{axis}"], row["crop_" + {"x": "w", "y": "h"}[axis]] = start, draw(st.integers(1, side - start))
        row["framed"] = draw(st.just(0) | st.sampled_from([*FRAMED.values()]))
        row["fill"] = draw(st.tuples(*[st.integers(0, 255)] * 3))
        for side, axis, least in (("w", "x", width), ("h", "y", height)):
            if row["framed"]:  # the window may lie anywhere, even beside the resized crop
                row[f"resize_{side}"] = resized = draw(st.integers(1, 90))
                row[f"window_{axis}"] = draw(st.integers(-least - 3, resized + 3))
                continue
            resized = draw(st.integers(least, 90) | st.just(max(least, int(row[f"crop_{side}"]))))
            half = int(row[f"crop_{side}"]) // 2
            if half >= least and draw(st.booleans()):
                row[f"crop_{side}"], resized = 2 * half, half
            row[f"resize_{side}"] = resized
            row[f"window_{axis}"] = draw(st.integers(0, resized - least))
        row["flip_horizontal"], row["flip_vertical"] = draw(st.booleans()), draw(st.booleans())
        row["interpolation"] = draw(st.sampled_from([*OPENCV.values(), *PILLOW.values()]))
        row["box"] = 0, 0, row["crop_w"], row["crop_h"]
        if row["interpolation"] in PILLOW.values() and draw(st.booleans()):
            for i, side in enumerate("wh"):
                low, high = sorted(draw(st.tuples(*[st.floats(0, 1, width=32)] * 2)))
                if np.float32(high) - np.float32(low) > 0.01:
                    row["box"][i], row["box"][i + 2] = low * row[f"crop_{side}"], high * row[f"crop_{side}"]
        row["adjust"] = draw(st.tuples(*[st.integers(0, 5)] * 4) | st.just((0,) * 4))
        row["factor"] = draw(st.tuples(*[st.sampled_from([0.0, 0.3, 1.0, 1.7, 9.0])] * 4))
        row["factor"] -= np.where(row["adjust"] == ADJUST["hue"], np.floor(row["factor"]) + np.float32(0.3), 0)
        normalised = draw(st.booleans())
        row["gray"] = draw(st.booleans()) or (channels == 1 and ADJUST["gray"] not in row["adjust"])
        row["mean"], row["std"] = ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)) if normalised else (0, 1)
    dtype = draw(st.sampled_from([np.uint8, np.float32]))
    layout = draw(st.sampled_from(["planar", "channels_last", "padded", "mirrored", "transposed"]))
    return rows, (height, width), dtype, layout, channels


CANARY = 0xA5


def slots(n: int, size: tuple[int, int], dtype, layout: str, c: int) -> tuple[np.ndarray, np.ndarray]:
    """A base array full of canaries and the view of it that is written to, [n, c, h, w]."""
    h, w = size
    base = {
        "planar": (n + 2, c, h, w),
        "channels_last": (n + 2, h, w, c),
        "padded": (n + 2, c + 2, h + 3, w + 7),
        "mirrored": (n + 2, c, h, w),
        "transposed": (n + 2, c, w, h),
    }[layout]
    whole = np.full(base, CANARY, np.uint8) if dtype == np.uint8 else np.full(base, -12345.0, np.float32)
    inner = whole[1:-1]
    view = {
        "planar": lambda: inner,
        "channels_last": lambda: inner.transpose(0, 3, 1, 2),
        "padded": lambda: inner[:, 1 : c + 1, 2 : 2 + h, 3 : 3 + w],
        "mirrored": lambda: inner[:, ::-1, ::-1, ::-1],
        "transposed": lambda: inner.transpose(0, 1, 3, 2),
    }[layout]()
    return whole, view


@given(plans())
def test_any_plan(opened, drawn):
    rows, size, dtype, layout, channels = drawn
    results = []
    for each in opened:
        whole, view = slots(len(rows), size, dtype, layout, channels)
        statuses = each.decode_into(rows, view, 2).statuses
        assert statuses.tolist() == [0] * len(rows)
        results.append(whole)
    # The whole base, so every byte outside the slots is compared as well: it has to be the canary in both.
    np.testing.assert_array_equal(*results)
    whole, view = slots(len(rows), size, dtype, layout, channels)
    view[...] = 7
    outside = whole != 7
    np.testing.assert_array_equal(results[0][outside], whole[outside])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (dict(source=3), "no such source"),
        (dict(source=-1), "no such source"),
        (dict(crop_w=62), "crop does not lie inside"),
        (dict(crop_x=-1), "crop does not lie inside"),
        (dict(crop_h=0), "crop does not lie inside"),
        (dict(crop_y=2**31 - 1), "crop does not lie inside"),
        (dict(window_x=1), "window does not lie inside"),
        (dict(window_y=-1), "window does not lie inside"),
        (dict(window_x=2**31 - 1), "window does not lie inside"),
        (dict(interpolation=99), "unknown interpolation"),
        (dict(reduced=3), "reduced may be"),
        (dict(reduced=0), "reduced may be"),
        (dict(reduced=2), "crop does not lie inside"),
        (dict(box=(0, 0, 5, 5)), "needs one of Pillow"),
        (dict(interpolation=18, box=(-1, 0, 5, 5)), "box does not lie inside"),
        (dict(interpolation=18, box=(0, 0, 5, 38)), "box does not lie inside"),
        (dict(interpolation=18, box=(5, 0, 5, 5)), "box does not lie inside"),
        (dict(interpolation=18, box=(0, 0, np.nan, 5)), "box does not lie inside"),
        (dict(resize_w=0, framed=1), "resized to nothing"),
        (dict(window_x=2**31 - 1, framed=1), "too far away"),
        (dict(window_y=-(2**31), framed=1), "too far away"),
        (dict(framed=5), "unknown frame"),
        (dict(framed=-1), "unknown frame"),
        (dict(window_w=0), "window is empty"),
        (dict(window_h=9), "window does not lie inside"),
        (dict(window_h=9, framed=1), "larger than the slot"),
        (dict(window_w=2**31 - 1, framed=1), "too far away"),
        (dict(fill=(0, 256, 0)), "fill may be"),
        (dict(fill=-1), "fill may be"),
        (dict(adjust=6), "unknown adjustment"),
        (dict(adjust=5, factor=0.51), "unusable factor"),
        (dict(adjust=-1), "unknown adjustment"),
        (dict(factor=np.inf), "unusable factor"),
        (dict(std=0), "mean or std"),
        (dict(mean=np.nan), "mean or std"),
    ],
)
def test_impossible_plans_are_refused(backend, change, message):
    opened = backends.load(backend).open(SOURCES, threads=1)
    rows = resize_plan(opened.headers, (8, 8))[:1]
    out = np.full((1, 3, 8, 8), CANARY, np.uint8)
    assert opened.decode_into(rows, out, 1).statuses.tolist() == [0]
    for name, value in change.items():
        rows[name] = value
    out[:] = CANARY
    with pytest.raises(ValueError, match=message):
        opened.decode_into(rows, out, 1)
    assert (out == CANARY).all()


def test_impossible_outputs_are_refused(backend):
    opened = backends.load(backend).open(SOURCES, threads=1)
    rows = resize_plan(opened.headers, (8, 8))
    read_only = np.zeros((3, 3, 8, 8), np.uint8)
    read_only.flags.writeable = False
    for out in (np.zeros((3, 4, 8, 8), np.uint8), np.zeros((3, 3, 8, 8)), np.zeros((2, 3, 8, 8), np.uint8), read_only):
        with pytest.raises((ValueError, BufferError)):
            opened.decode_into(rows, out, 1)


def test_same_result_on_any_number_of_threads(backend):
    sources = [images.jpeg(images.picture(40 + i, 60 - i, seed=i)) for i in range(20)]
    results = []
    for threads in (1, 2, 8, 64):
        opened = backends.load(backend).open(sources, threads=threads)
        out = np.zeros((20, 3, 24, 24), np.float32)
        assert not opened.decode_into(resize_plan(opened.headers, (24, 24)), out, threads).statuses.any()
        results.append(out)
    for other in results[1:]:
        np.testing.assert_array_equal(results[0], other)


def test_both_jpeg_decoders_give_the_same(native, monkeypatch):
    """PIXFEED_JPEG=turbo leaves every JPEG to libjpeg-turbo."""
    from pixfeed.backends.native import backend as make

    sources = [images.jpeg(images.picture(61, 97), sampling=sampling, restart=5) for sampling in images.SAMPLING]
    results = []
    for name in ("", "turbo"):
        monkeypatch.setenv("PIXFEED_JPEG", name)
        backend = make(lambda: backends.load("opencv"))
        assert backend._turbo == (name == "turbo")
        opened = backend.open(sources, threads=2)
        out = np.zeros((len(sources), 3, 61, 97), np.uint8)
        assert not opened.decode_into(resize_plan(opened.headers, (61, 97)), out, 2).statuses.any()
        results.append(out)
    np.testing.assert_array_equal(*results)


def test_unknown_backend():
    with pytest.raises(ValueError, match="'fast'"):
        backends.choose("fast")


def test_backend_of_the_environment(monkeypatch, backend):
    monkeypatch.setenv("PIXFEED_BACKEND", backend)
    assert backends.choose().name == backend
