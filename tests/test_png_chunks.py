"""Chunks of PNG files on which no pixel of the still picture depends, and the gray that depends on two."""

from __future__ import annotations

import io
import itertools
import resource
import struct
import subprocess
import sys
import zlib

import cv2
import images
import numpy as np
import pytest
from PIL import Image, ImageCms
from versions import marked, newer_libpng, opencv

import pixfeed
from pixfeed import ImageError
from pixfeed.errors import Status

PICTURE = images.picture(24, 40)
GOOD = images.png(PICTURE)
START = 33  # bytes of signature and header
WAYS = {"rgb": cv2.IMREAD_COLOR_RGB, "gray": cv2.IMREAD_GRAYSCALE, "unchanged": cv2.IMREAD_UNCHANGED}


def with_chunks(*chunks: bytes, data: bytes = GOOD) -> bytes:
    return data[:START] + b"".join(chunks) + data[START:]


def animation(frames: int, hidden: bool, deep: bool = False) -> bytes:
    """An animated PNG. If the default image is hidden, it is no frame of the animation."""
    if deep:
        chunks = [images.png_chunk(b"acTL", struct.pack(">II", frames, 0)), frame_control(0, 40, 24)]
        return with_chunks(*chunks, data=images.png(PICTURE.astype(np.uint16) * 251 + 77))
    pictures = [Image.fromarray(images.picture(24, 40, seed)) for seed in range(frames)]
    out = io.BytesIO()
    pictures[0].save(out, "PNG", save_all=True, append_images=pictures[1:], default_image=hidden)
    return out.getvalue()


def frame_control(number: int, width: int, height: int) -> bytes:
    return images.png_chunk(b"fcTL", struct.pack(">IIIIIHHBB", number, width, height, 0, 0, 1, 10, 0, 0))


ANIMATIONS = {
    "shown": animation(3, hidden=False),
    "hidden": animation(3, hidden=True),
    "16 bits": animation(1, hidden=False, deep=True),
    "several frames are claimed": with_chunks(images.png_chunk(b"acTL", struct.pack(">II", 5, 0))),
}
# cv2.imread refuses these; their still picture is sound.
ODD = {
    "no frames": with_chunks(images.png_chunk(b"acTL", bytes(8))),
    "short": with_chunks(images.png_chunk(b"acTL", bytes(3))),
    "frame outside": with_chunks(images.png_chunk(b"acTL", struct.pack(">II", 2, 0)), frame_control(0, 4000, 4000)),
    "data without a frame": with_chunks(
        images.png_chunk(b"acTL", struct.pack(">II", 2, 0)), images.png_chunk(b"fdAT", b"\0\0\0\1" + bytes(40))
    ),
    "background": with_chunks(images.png_chunk(b"bKGD", bytes(9))),
    "text": with_chunks(images.png_chunk(b"iTXt", b"\xff" * 9)[:-1] + b"\0"),
}


MINDED = {("shown", "gray"), ("hidden", "gray"), *(("several frames are claimed", way) for way in WAYS)}


@pytest.mark.parametrize(
    ("name", "way"),
    marked(itertools.product(ANIMATIONS, WAYS), opencv(4, 12, "minds the chunks of an animation"), MINDED),
)
def test_an_animation_is_its_still_picture(tmp_path, backend, name, way):
    path = tmp_path / "a.png"
    path.write_bytes(ANIMATIONS[name])
    expected = cv2.imread(str(path), WAYS[way])
    if way == "unchanged":
        expected = cv2.cvtColor(expected, cv2.COLOR_BGR2RGB)
    np.testing.assert_array_equal(pixfeed.imread(path, channels=way, backend=backend), expected)


@pytest.mark.parametrize("name", ODD)
def test_what_no_pixel_depends_on(backend, name):
    for reading in ({}, {"strict": True}, {"channels": "gray"}):
        expected = pixfeed.imread(GOOD, backend=backend, **reading)
        np.testing.assert_array_equal(pixfeed.imread(ODD[name], backend=backend, **reading), expected)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3))
def test_damaged_animations_do_no_harm(backend, seed):
    """cv2.imdecode crashes on some. In a process of their own, so that one that does is noticed."""
    code = (
        "import sys, pickle, pixfeed\n"
        "for data in pickle.load(sys.stdin.buffer):\n"
        f"    try: pixfeed.imread(data, backend={backend!r})\n"
        "    except pixfeed.ImageError: pass\n"
    )
    import pickle

    rng = np.random.default_rng(seed)
    damaged = []
    for _ in range(300):
        data = bytearray(ANIMATIONS[("shown", "hidden")[rng.integers(2)]])
        names = [at for name in (b"acTL", b"fcTL", b"fdAT", b"IDAT") for at in find_all(data, name)]
        at = int(rng.choice(names)) - 4  # at the length of a chunk that belongs to the animation
        extra = images.png_chunk(bytes(rng.choice([b"tEXt", b"IDAT", b"PLTE"])), rng.bytes(rng.integers(0, 9)))
        data[at:at] = extra if rng.random() < 0.5 else b""
        data[at + 8 + rng.integers(0, 26)] = rng.integers(256)
        damaged.append(bytes(data))
    subprocess.run([sys.executable, "-c", code], input=pickle.dumps(damaged), check=True, timeout=100)


def find_all(data: bytes, name: bytes) -> list[int]:
    found, at = [], data.find(name)
    while at >= 0:
        found.append(at)
        at = data.find(name, at + 1)
    return found


@pytest.mark.parametrize("length", [0x7FFFFFFF, 0x80000000, 0xFFFFFFFF])
@pytest.mark.parametrize("name", [b"IDAT", b"PLTE", b"tEXt", b"fdAT", b"zzZz"])
def test_a_chunk_of_gigabytes_is_refused_before_memory_is_taken(backend, name, length):
    data = GOOD[:START] + struct.pack(">I", length) + name + bytes(250)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(ImageError) as caught:
        pixfeed.imread(data, backend=backend)
    assert caught.value.status == Status.TRUNCATED
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 50_000  # kB


def test_the_header_comes_first(backend):
    text = images.png_chunk(b"tEXt", b"a\0b")
    with pytest.raises(ImageError, match="corrupt"):
        pixfeed.imread(GOOD[:8] + text + GOOD[8:], backend=backend)


def test_a_damaged_header(backend):
    """Nothing is planned for sides that libpng does not believe."""
    header = struct.pack(">II", 1 << 25, 3) + GOOD[24:START]
    with pytest.raises(ImageError) as caught:
        pixfeed.load_batch([GOOD[:16] + header + GOOD[START:]], (3, 3), decode="scaled", backend=backend)
    assert caught.value.status == Status.CORRUPT


def profile() -> bytes:
    data = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    return images.png_chunk(b"iCCP", b"sRGB\0\0" + zlib.compress(data))


COLORS = {
    "gAMA 1/2.2": images.png_chunk(b"gAMA", struct.pack(">I", 45455)),
    "gAMA 1": images.png_chunk(b"gAMA", struct.pack(">I", 100_000)),
    "sRGB": images.png_chunk(b"sRGB", b"\0"),
    "iCCP": profile(),
    "cHRM": images.png_chunk(b"cHRM", struct.pack(">8I", 31270, 32900, 64000, 33000, 30000, 60000, 15000, 6000)),
}
ODD_COLORS = {
    "gAMA 0": images.png_chunk(b"gAMA", bytes(4)),
    "gAMA -1": images.png_chunk(b"gAMA", b"\xff" * 4),
    "gAMA huge": images.png_chunk(b"gAMA", struct.pack(">I", 0x7FFFFFFF)),
    "gAMA 5": images.png_chunk(b"gAMA", struct.pack(">I", 5)),
    "gAMA checksum": images.png_chunk(b"gAMA", struct.pack(">I", 45455))[:-1] + b"x",
    "gAMA long": images.png_chunk(b"gAMA", struct.pack(">II", 45455, 0)),
    "sRGB 9": images.png_chunk(b"sRGB", b"\x09"),
    "sRGB checksum": images.png_chunk(b"sRGB", b"\0")[:-1] + b"x",
    "sBIT": images.png_chunk(b"sBIT", b"\5\6\5"),
    "cICP": images.png_chunk(b"cICP", b"\x09\x10\0\1"),
    "mDCV": images.png_chunk(b"mDCV", bytes(24)),
}
MODES = {
    "RGB": GOOD,
    "RGBA": images.png(np.dstack([PICTURE, PICTURE[..., 0]])),
    "palette": images.pillow(PICTURE, "PNG", "P"),
    "gray": images.png(PICTURE[..., 0].copy()),
    "16 bits": images.png(PICTURE.astype(np.uint16) * 251 + 77),
}


def assert_gray(data: bytes, backend: str, what: object) -> None:
    expected = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_GRAYSCALE)
    np.testing.assert_array_equal(pixfeed.imread(data, channels="gray", backend=backend), expected, err_msg=str(what))


@pytest.mark.parametrize("mode", MODES)
def test_gray_by_the_chunks_that_tell_of_colors(backend, capfd, mode):
    """Whatever libpng the extension was built with."""
    for count in range(len(COLORS) + 1):
        for names in itertools.combinations(COLORS, count):
            assert_gray(with_chunks(*(COLORS[name] for name in names), data=MODES[mode]), backend, names)
    for names in itertools.permutations(COLORS, 2):
        assert_gray(with_chunks(*(COLORS[name] for name in names), data=MODES[mode]), backend, names)
    linear = with_chunks(COLORS["gAMA 1/2.2"])
    assert (pixfeed.imread(linear, channels="gray") != pixfeed.imread(GOOD, channels="gray")).any()


@newer_libpng
@pytest.mark.parametrize("mode", ["RGB", "palette", "16 bits"])
def test_gray_by_chunks_that_make_no_sense(backend, mode):
    data = MODES[mode]
    end = data.rindex(b"IDAT") - 4
    for name, chunk in ODD_COLORS.items():
        for other in (b"", *COLORS.values()):
            assert_gray(with_chunks(chunk, other, data=data), backend, name)
            assert_gray(with_chunks(other, chunk, data=data), backend, name)
    for name, chunk in COLORS.items():  # behind the palette
        assert_gray(data[:end] + chunk + data[end:], backend, name)


@newer_libpng
@pytest.mark.parametrize("size", [1, 3, 8, 768, 769, 771])
def test_gray_after_a_palette_that_is_none(backend, size):
    """Chunks that stand behind the palette count for nothing, but some palettes do not count, either."""
    for palette in (images.png_chunk(b"PLTE", bytes(size)), images.png_chunk(b"PLTE", bytes(size))[:-1] + b"x"):
        assert_gray(with_chunks(palette, COLORS["gAMA 1/2.2"]), backend, size)


@pytest.mark.parametrize("name", [b"sRGB", b"gAMA", b"tRNS", b"tEXt", b"PLTE"])
def test_a_chunk_between_the_pixels_ends_them(backend, name):
    """Where no chunk but IDAT may stand; OpenCV refuses it, too."""
    end = GOOD.rindex(b"IEND") - 4
    begin = GOOD.index(b"IDAT") - 4
    size = int.from_bytes(GOOD[begin : begin + 4], "big")
    data, rest = GOOD[begin + 8 : begin + 8 + size // 2], GOOD[begin + 8 + size // 2 : begin + 8 + size]
    odd = images.png_chunk(name, bytes(3))
    cut = GOOD[:begin] + images.png_chunk(b"IDAT", data) + odd + images.png_chunk(b"IDAT", rest) + GOOD[end:]
    assert cv2.imdecode(np.frombuffer(cut, np.uint8), cv2.IMREAD_COLOR) is None
    with pytest.raises(pixfeed.ImageError, match="corrupt"):
        pixfeed.imread(cut, backend=backend)
