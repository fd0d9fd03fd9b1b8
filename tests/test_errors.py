"""Bad input is normal input: one clear error, nothing printed, nothing silently wrong."""

from __future__ import annotations

import os
import pickle
import struct
import subprocess
import sys

import images
import numpy as np
import pytest

import pixfeed
from pixfeed import FastTxtDataset, ImageError
from pixfeed.errors import Status

GOOD = images.jpeg(images.picture(64, 80))
GOOD_PNG = images.png(images.picture(64, 80))
GOOD_WEBP = images.pillow(images.picture(64, 80), "WEBP", quality=80)


def huge_jpeg() -> bytes:
    at = GOOD.index(b"\xff\xc0")
    return GOOD[: at + 5] + struct.pack(">HH", 65535, 65535) + GOOD[at + 9 : at + 200]


def huge_png() -> bytes:
    header = struct.pack(">IIBBBBB", 100_000, 100_000, 8, 2, 0, 0, 0)
    return GOOD_PNG[:8] + images.png_chunk(b"IHDR", header) + GOOD_PNG[33:]


def deep_jpeg() -> bytes:
    """Says that it has 12 bits a sample."""
    at = GOOD.index(b"\xff\xc0")
    return GOOD[:at] + b"\xff\xc1" + GOOD[at + 2 : at + 4] + b"\x0c" + GOOD[at + 5 :]


BAD = {
    "empty": (b"", Status.EMPTY, "0 bytes"),
    "text": (b"<html>404 Not Found</html>", Status.NOT_AN_IMAGE, "no image"),
    "magic_only": (GOOD[:3], Status.TRUNCATED, "truncated"),
    "header_only": (GOOD[:100], Status.TRUNCATED, "truncated"),
    "half": (GOOD[: len(GOOD) // 2], Status.TRUNCATED, "truncated"),
    "half_progressive": (images.jpeg(images.picture(64, 80), progressive=True)[:1500], Status.TRUNCATED, "truncated"),
    "half_png": (GOOD_PNG[: len(GOOD_PNG) // 2], Status.TRUNCATED, "truncated"),
    "png_no_end": (GOOD_PNG[:-12], Status.TRUNCATED, "truncated"),
    "png_bad_data": (GOOD_PNG[:100] + b"\0\0\0\0" + GOOD_PNG[104:], Status.CORRUPT, "corrupt"),
    "no_scan": (GOOD[:20] + b"\xff\xd9", Status.CORRUPT, "corrupt"),
    "webp_magic_only": (GOOD_WEBP[:12], Status.TRUNCATED, "truncated"),
    "webp_header_only": (GOOD_WEBP[:30], Status.TRUNCATED, "truncated"),
    "half_webp": (GOOD_WEBP[: len(GOOD_WEBP) // 2], Status.TRUNCATED, "truncated"),
    "webp_no_end": (GOOD_WEBP[:-1], Status.TRUNCATED, "truncated"),
    "webp_bad_data": (GOOD_WEBP[:20] + b"\xff" * 10 + GOOD_WEBP[30:], Status.CORRUPT, "corrupt"),
    "12_bits": (deep_jpeg(), Status.UNSUPPORTED, "12 bits a sample"),
    "huge": (huge_jpeg(), Status.TOO_LARGE, "max_pixels"),
    "huge_png": (huge_png(), Status.TOO_LARGE, "max_pixels"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_files(tmp_path, backend, capfd, name):
    data, status, words = BAD[name]
    path = tmp_path / f"{name}.jpg"
    path.write_bytes(data)
    (tmp_path / "train.txt").write_text(f"\n{path.name} 0\n")
    dataset = FastTxtDataset(tmp_path / "train.txt", tmp_path, 32, 32, backend=backend)
    for read in (lambda: dataset[0], lambda: dataset.__getitems__([0])):
        with pytest.raises(ImageError, match=words) as caught:
            read()
        assert caught.value.status == status
        assert caught.value.path == str(path) and caught.value.line == 2
        assert str(path) in str(caught.value) and "train.txt, line 2" in str(caught.value)
        if data:
            assert f"[{len(data)} bytes]" in str(caught.value)
    with pytest.raises(ImageError, match=words):
        pixfeed.imread(path, backend=backend)
    with pytest.raises(ImageError, match=f"bytes.*{words}"):
        pixfeed.imread(data, backend=backend)
    with pytest.raises(ImageError, match=words):
        pixfeed.load_batch([GOOD, path, GOOD], (8, 8), backend=backend)
    assert capfd.readouterr() == ("", "")


def test_missing_and_unreadable(tmp_path, backend):
    with pytest.raises(ImageError, match=r"nothing\.jpg.*no such file") as caught:
        pixfeed.imread(tmp_path / "nothing.jpg", backend=backend)
    assert caught.value.status == Status.MISSING
    with pytest.raises(ImageError, match=r"cannot be read.*directory") as caught:
        pixfeed.imread(tmp_path, backend=backend)
    assert caught.value.status == Status.UNREADABLE
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(ImageError) as caught:
        pixfeed.imread(tmp_path / "file" / "inside", backend=backend)
    assert caught.value.status == Status.MISSING


def test_a_name_with_a_nul_byte_opens_nothing_else(tmp_path, backend):
    (tmp_path / "a.jpg").write_bytes(GOOD)
    with pytest.raises(ImageError, match=r"no such file.*NUL byte") as caught:
        pixfeed.imread(f"{tmp_path}/a.jpg\0.png", backend=backend)
    assert caught.value.status == Status.MISSING


def test_the_huge_is_refused_before_memory_is_taken(backend):
    import resource

    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for data in (huge_jpeg(), huge_png()):
        with pytest.raises(ImageError, match="max_pixels"):
            pixfeed.imread(data, backend=backend)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 50_000  # kB; the pixels would be 12 GB


def corrupt_segment() -> bytes:
    """A JPEG whose entropy-coded data ends too early, with an end marker: OpenCV and Pillow warn and read it."""
    return GOOD[: 2 * len(GOOD) // 3] + b"\xff\xd9"


@pytest.mark.parametrize("data", [corrupt_segment(), GOOD[:-40] + b"\0" * 60 + GOOD[-40:]], ids=["short", "wrong"])
def test_corrupt_data_is_read_as_opencv_reads_it(tmp_path, backend, capfd, data):
    path = tmp_path / "corrupt.jpg"
    path.write_bytes(data)
    expected = images.reference_read(path)
    assert "Corrupt JPEG data" in capfd.readouterr().err  # OpenCV says so
    np.testing.assert_array_equal(pixfeed.imread(path, backend=backend), expected)
    assert capfd.readouterr() == ("", "")
    with pytest.raises(ImageError, match="Corrupt JPEG data") as caught:
        pixfeed.imread(path, backend=backend, strict=True)
    assert caught.value.status == Status.CORRUPT
    assert capfd.readouterr() == ("", "")


FOREIGN = {format: images.pillow(images.picture(20, 30), format) for format in ("BMP", "TIFF", "GIF", "PPM")}
FOREIGN["AVIF"] = b"\0\0\0\x20ftypavif" + bytes(20)
FOREIGN["JPEG 2000"] = b"\0\0\0\x0cjP  \r\n\x87\n" + bytes(20)
FOREIGN["HDR"] = b"#?RADIANCE\n" + bytes(20)


@pytest.mark.slow
def test_other_formats_without_opencv(native):
    """Are what they are, and the remedy is named."""
    code = (
        "import sys; sys.modules['cv2'] = None\n"
        "import pixfeed, importlib.util, pickle\n"
        "find = importlib.util.find_spec\n"
        "importlib.util.find_spec = lambda name, *more: None if name == 'cv2' else find(name, *more)\n"
        "for format, data in pickle.load(sys.stdin.buffer).items():\n"
        "    try: pixfeed.imread(data)\n"
        "    except pixfeed.ImageError as error: print(format, error.status.name, error)\n"
    )
    result = subprocess.run([sys.executable, "-c", code], input=pickle.dumps(FOREIGN), capture_output=True, check=True)
    for format, line in zip(FOREIGN, result.stdout.decode().splitlines(), strict=True):
        assert line.startswith(f"{format} UNSUPPORTED ") and "pip install opencv-python-headless" in line


def test_strict_reads_what_is_good(backend):
    for data in (GOOD, GOOD_PNG, images.jpeg(images.picture(20, 20), progressive=True)):
        pixfeed.imread(data, strict=True, backend=backend)


def test_strict_minds_pixels_not_metadata(backend, capfd):
    """libpng warns of a text chunk with a bad checksum; the picture is whole."""
    chunk = images.png_chunk(b"tEXt", b"a\0b")[:-1] + b"x"
    data = GOOD_PNG[:33] + chunk + GOOD_PNG[33:]
    np.testing.assert_array_equal(
        pixfeed.imread(data, strict=True, backend=backend), pixfeed.imread(GOOD_PNG, backend=backend)
    )
    assert capfd.readouterr() == ("", "")


def test_real_damaged_photos(shared_data, backend, capfd):
    for path in sorted((shared_data / "damaged").iterdir()):
        with pytest.raises(ImageError, match=f"{path.name}.*truncated"):
            pixfeed.imread(path, backend=backend)
    warned = shared_data / "camera" / "camera_07.jpg"
    pixfeed.imread(warned, backend=backend)
    with pytest.raises(ImageError, match=r"camera_07\.jpg.*corrupt"):
        pixfeed.imread(warned, strict=True, backend=backend)
    assert capfd.readouterr() == ("", "")


def test_an_image_error_is_an_os_error_and_travels():
    error = ImageError("words", status=Status.EMPTY, path="a", line=3)
    assert isinstance(error, OSError) and str(error) == "words"
    copy = pickle.loads(pickle.dumps(error))
    assert (str(copy), copy.status, copy.path, copy.line) == ("words", Status.EMPTY, "a", 3)


@pytest.mark.parametrize("seed", range(40))
def test_damaged_bytes_never_crash(backend, seed):
    """Whatever happens to the bytes: an image or an ImageError."""
    rng = np.random.default_rng(seed)
    source = [GOOD, GOOD_PNG, GOOD_WEBP, images.jpeg(images.picture(48, 48), progressive=True, restart=2)][seed % 4]
    for _ in range(10):
        data = np.frombuffer(source, np.uint8).copy()
        for at in rng.integers(0, len(data), rng.integers(1, 12)):
            data[at] = rng.integers(0, 256)
        data = data[: rng.integers(1, len(data) + 1)] if rng.random() < 0.3 else data
        try:
            image = pixfeed.imread(data, backend=backend)
        except ImageError:
            continue
        assert image.ndim == 3 and image.shape[2] == 3


@pytest.mark.slow
def test_nothing_is_printed_by_a_process_without_stderr(tmp_path, backend):
    """Also with file descriptor 2 closed."""
    path = tmp_path / "corrupt.jpg"
    path.write_bytes(corrupt_segment())
    code = f"import os, pixfeed; os.close(2); pixfeed.imread({str(path)!r}, backend={backend!r}); os.write(1, b'read')"
    result = subprocess.run([sys.executable, "-c", code], stdout=subprocess.PIPE, env=os.environ, check=True)
    assert result.stdout == b"read"
