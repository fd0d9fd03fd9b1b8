"""Formats that OpenCV decodes for both backends: their headers, their memory, and what they look like when reduced."""

from __future__ import annotations

import os
import struct
import subprocess
import sys

import cv2
import images
import numpy as np
import pytest
from versions import marked, reads_gif

import pixfeed
from pixfeed import ImageError, backends
from pixfeed.backends import headers
from pixfeed.errors import Status
from pixfeed.plan import resize_plan

PICTURE = images.picture(45, 70)


def bmp(picture: np.ndarray, **options) -> bytes:
    return images.pillow(picture, "BMP", **options)


def top_down(data: bytes) -> bytes:
    """A BMP whose first row comes first."""
    return data[:22] + struct.pack("<i", -struct.unpack_from("<i", data, 22)[0]) + data[26:]


def old_bmp(width: int, height: int) -> bytes:
    """With the header of OS/2, which has sides of 16 bits."""
    rows = bytes(range(256)) * (width * height * 3 // 256 + 2)
    size = (width * 3 + 3) // 4 * 4 * height
    return b"BM" + struct.pack("<IHHIIHHHH", 26 + size, 0, 0, 26, 12, width, height, 1, 24) + rows[:size]


def turned_tiff(orientation: int) -> bytes:
    return images.pillow(PICTURE, "TIFF", tiffinfo={274: orientation})


KNOWN = {
    "bmp": bmp(PICTURE),
    "bmp top down": top_down(bmp(PICTURE)),
    "bmp palette": bmp(PICTURE, mode="P"),
    "bmp gray": bmp(PICTURE[..., 0]),
    "bmp old": old_bmp(20, 9),
    "gif": images.pillow(PICTURE, "GIF"),
    "ppm": images.pillow(PICTURE, "PPM"),
    "pgm": images.pillow(PICTURE[..., 0], "PPM"),
    "ppm comment": b"P6 # a comment\n# another\n 2\n3 # more\n255\n" + bytes(range(18)),
    "pbm": b"P4\n10 2\n" + bytes(4),
    "ppm text": b"P3\n1 2\n255\n1 2 3 4 5 6\n",
    "pam": b"P7\nWIDTH 2\nHEIGHT 1\nDEPTH 3\nMAXVAL 255\nTUPLTYPE RGB\nENDHDR\n" + bytes(6),
    "tiff": images.pillow(PICTURE, "TIFF"),
    "tiff lzw": images.pillow(PICTURE, "TIFF", compression="tiff_lzw"),
    **{f"tiff {orientation}": turned_tiff(orientation) for orientation in range(1, 9)},
}


@pytest.mark.parametrize("name", marked(KNOWN, reads_gif, ["gif"]))
def test_sides_are_known_before_the_picture_is_decoded(name):
    """And they are OpenCV's."""
    found = headers.header(KNOWN[name], False)
    image = cv2.imdecode(np.frombuffer(KNOWN[name], np.uint8), cv2.IMREAD_COLOR)
    assert image is not None and found.is_sound
    assert (found.height, found.width) == image.shape[:2]


@pytest.mark.parametrize("name", marked(KNOWN, reads_gif, ["gif"]))
@pytest.mark.parametrize("reduced", [1, 2, 8])
@pytest.mark.parametrize("channels", ["rgb", "gray"])
def test_reduced_pictures_are_the_picture_resized(backend, name, reduced, channels):
    """A turned TIFF as well, of which IMREAD_REDUCED_* give a distorted picture."""
    data = KNOWN[name]
    whole = cv2.imdecode(np.frombuffer(data, np.uint8), int(channels == "rgb"))
    size = tuple(max(side // reduced, 1) for side in whole.shape[1::-1])
    expected = cv2.resize(whole, size, interpolation=cv2.INTER_LINEAR_EXACT) if reduced > 1 else whole
    got = pixfeed.imread(data, reduced=reduced, channels=channels, backend=backend)
    np.testing.assert_array_equal(got, expected if channels == "gray" else expected[..., ::-1])


def test_scaled_tiff_lies_where_it_should(backend):
    """Boxes are moved with the picture: the header's sides are those of the turned picture."""
    got = pixfeed.imread(turned_tiff(6), size=(20, 12), decode="scaled", headroom=1, backend=backend)
    exact = pixfeed.imread(turned_tiff(6), size=(20, 12), interpolation="area", backend=backend)
    assert np.abs(got.astype(int) - exact).mean() < 6


def lossless_jpeg(image: np.ndarray) -> bytes:
    """Predictor 1, one Huffman table with codes of 4 bits."""
    height, width, count = image.shape

    def segment(marker: int, body: bytes) -> bytes:
        return struct.pack(">BBH", 0xFF, marker, len(body) + 2) + body

    components = b"".join(bytes((c + 1, 0x11, 0)) for c in range(count))
    frame = segment(0xC3, struct.pack(">BHHB", 8, height, width, count) + components)
    table = segment(0xC4, bytes((0, 0, 0, 0, 9, *[0] * 12, *range(9))))
    scan = segment(0xDA, bytes((count, *(n for c in range(count) for n in (c + 1, 0)), 1, 0, 0)))
    values = image.astype(int)
    before = np.empty_like(values)
    before[:, 1:] = values[:, :-1]
    before[1:, 0] = values[:-1, 0]
    before[0, 0] = 128
    bits = []
    for difference in (values - before).ravel().tolist():
        size = abs(difference).bit_length()
        bits.append(f"{size:04b}")
        if size:
            bits.append(f"{difference if difference > 0 else difference + (1 << size) - 1:0{size}b}")
    stream = "".join(bits)
    stream += "1" * (-len(stream) % 8)
    coded = int(stream, 2).to_bytes(len(stream) // 8, "big").replace(b"\xff", b"\xff\0")
    return b"\xff\xd8" + frame + table + scan + coded + b"\xff\xd9"


def test_lossless_jpeg(backend):
    """Of a lossless JPEG IMREAD_REDUCED_* give a corner; as gray OpenCV does not read it."""
    data = lossless_jpeg(PICTURE)
    whole = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    if whole is None:
        pytest.skip("this OpenCV does not read lossless JPEGs")
    np.testing.assert_array_equal(pixfeed.imread(data, backend=backend), whole[..., ::-1])
    expected = cv2.resize(whole, (35, 23), interpolation=cv2.INTER_LINEAR_EXACT)[..., ::-1]
    np.testing.assert_array_equal(pixfeed.imread(data, reduced=2, backend=backend), expected)
    with pytest.raises(ImageError, match="lossless JPEG") as caught:
        pixfeed.imread(data, channels="gray", backend=backend)
    assert caught.value.status == Status.UNSUPPORTED


@pytest.mark.parametrize("reading", [{}, dict(reduced=2), dict(channels="gray")])
def test_a_header_that_lies_is_a_bad_image(tmp_path, backend, monkeypatch, reading):
    """What OpenCV returns is compared with the header that plans were made for."""
    monkeypatch.setattr(headers.foreign, "sides", lambda _: (50, 60))
    (tmp_path / "0.bmp").write_bytes(KNOWN["bmp"])
    (tmp_path / "1.png").write_bytes(images.png(PICTURE))
    (tmp_path / "train.txt").write_text("0.bmp 0\n1.png 1\n")
    with pytest.raises(ImageError, match="OpenCV reads 70 x 45 pixels, the header says 50 x 60") as caught:
        pixfeed.imread(KNOWN["bmp"], backend=backend, **reading)
    assert caught.value.status == Status.CORRUPT
    dataset = pixfeed.FastTxtDataset(
        tmp_path / "train.txt", tmp_path, 8, 8, on_error="skip", backend=backend, **reading
    )
    assert dataset[0][1].item() == 1 and len(dataset.report()) == 1


def test_memory_that_is_lacking_is_a_status(backend, monkeypatch):
    def imdecode(*_):
        raise MemoryError

    monkeypatch.setattr(cv2, "imdecode", imdecode)
    with pytest.raises(ImageError, match="memory") as caught:
        pixfeed.imread(KNOWN["bmp"], backend=backend)
    assert caught.value.status == Status.OUT_OF_MEMORY


@pytest.mark.parametrize("name", ["bmp", "gif", "tiff", "ppm"])
def test_opening_decodes_nothing(backend, monkeypatch, name):
    """Pictures are decoded when their turn comes."""

    def refuse(*_):
        raise AssertionError("decoded")

    with monkeypatch.context() as patch:
        patch.setattr(backends.encoded_picture, "decode", refuse)
        opened = backends.load(backend).open([KNOWN[name]] * 3)
    assert opened.headers["status"].tolist() == [0, 0, 0] and opened.headers["width"].tolist() == [70] * 3


def test_a_large_file_that_changes_is_a_bad_image(tmp_path, backend):
    """It is read again when its turn comes."""
    path = tmp_path / "a.bmp"
    path.write_bytes(bmp(np.zeros((800, 800, 3), np.uint8)))
    opened = backends.load(backend).open([str(path)])
    plan = resize_plan(opened.headers, (8, 8))
    out = np.empty((1, 3, 8, 8), np.uint8)
    assert opened.decode_into(plan, out).statuses.tolist() == [Status.OK] and not out.any()
    path.write_bytes(bmp(np.zeros((700, 800, 3), np.uint8)))
    assert opened.decode_into(plan, out).statuses.tolist() == [Status.CORRUPT]
    path.unlink()
    decoded = opened.decode_into(plan, out)
    assert decoded.statuses.tolist() == [Status.MISSING] and "No such file" in decoded.notes[0]


@pytest.mark.slow
def test_a_batch_keeps_neither_files_nor_pictures(tmp_path, backend):
    """40 pictures of 12 MB, of which two are read and decoded at a time."""
    path = tmp_path / "a.bmp"
    path.write_bytes(bmp(np.zeros((2000, 2000, 3), np.uint8)))
    code = (
        "import resource, sys, pixfeed\n"
        "def peak(): return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "def read(n): pixfeed.load_batch([sys.argv[1]] * n, (8, 8), backend=sys.argv[2])\n"
        "read(2); before = peak(); read(40); print(peak() - before)"
    )
    environment = {**os.environ, "PIXFEED_NUM_THREADS": "2"}
    command = [sys.executable, "-c", code, str(path), backend]
    grown = int(subprocess.run(command, env=environment, text=True, stdout=subprocess.PIPE, check=True).stdout)
    assert grown < 120_000  # kB
