"""If only one file is run, then this one: it needs nothing but pixfeed and pytest, and runs on every wheel."""

import base64
import struct
import zlib

import numpy as np
import pytest
import torch

import pixfeed

# 8 x 8 pixels, all of one colour, quality 90: small enough to stand here.
JPEG = base64.b64decode(
    "/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDAAMCAgMCAgMDAwMEAwMEBQgFBQQEBQoHBwYIDAoMDAsKCwsNDhIQDQ4RDgsLEBYQERMUFRUVDA8X"
    "GBYUGBIUFRT/wAALCAAIAAgBAREA/8QAHwAAAQUBAQEBAQEAAAAAAAAAAAECAwQFBgcICQoL/8QAtRAAAgEDAwIEAwUFBAQAAAF9AQIDAAQR"
    "BRIhMUEGE1FhByJxFDKBkaEII0KxwRVS0fAkM2JyggkKFhcYGRolJicoKSo0NTY3ODk6Q0RFRkdISUpTVFVWV1hZWmNkZWZnaGlqc3R1dnd4"
    "eXqDhIWGh4iJipKTlJWWl5iZmqKjpKWmp6ipqrKztLW2t7i5usLDxMXGx8jJytLT1NXW19jZ2uHi4+Tl5ufo6erx8vP09fb3+Pn6/9oACAEB"
    "AAA/AKdf/9k="
)


def png(image: np.ndarray) -> bytes:
    def chunk(name, body):
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    height, width = image.shape[:2]
    rows = b"".join(b"\0" + row.tobytes() for row in image)
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


@pytest.fixture
def picture():
    return np.random.default_rng(0).integers(0, 256, (6, 8, 3), dtype=np.uint8)


def test_png_is_read_exactly(picture):
    np.testing.assert_array_equal(pixfeed.imread(png(picture)), picture)


def test_jpeg_is_read():
    image = pixfeed.imread(JPEG)
    assert image.shape == (8, 8, 3) and image.dtype == np.uint8
    assert len(np.unique(image)) == 1


def test_list_file_to_batch(tmp_path, picture):
    (tmp_path / "a.png").write_bytes(png(picture))
    (tmp_path / "b.jpg").write_bytes(JPEG)
    (tmp_path / "train.txt").write_text("a.png 1\nb.jpg 2\n")
    dataset = pixfeed.FastTxtDataset(tmp_path / "train.txt", tmp_path, 6, 8)
    (images, labels) = next(iter(torch.utils.data.DataLoader(dataset, batch_size=2)))
    assert images.shape == (2, 3, 6, 8) and images.dtype == torch.float32
    assert labels.tolist() == [[1], [2]]
    torch.testing.assert_close(images[0], torch.from_numpy(picture).permute(2, 0, 1).div(255), rtol=0, atol=0)


def test_bad_file_is_named(tmp_path):
    with pytest.raises(pixfeed.ImageError, match=r"nothing\.jpg.*no such file"):
        pixfeed.imread(tmp_path / "nothing.jpg")


def test_configuration(capsys):
    pixfeed.show_config()
    assert pixfeed.__version__ in capsys.readouterr().out
