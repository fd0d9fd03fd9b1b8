"""What may be given for an image, and what is said of everything else."""

from __future__ import annotations

import io

import images
import numpy as np
import pytest
import torch
from PIL import Image

import pixfeed

PICTURE = images.picture(20, 30)
DATA = images.png(PICTURE)


def strided(data: bytes) -> np.ndarray:
    return np.repeat(np.frombuffer(data, np.uint8), 2)[::2]


ENCODED = {
    "bytes": lambda data: data,
    "bytearray": bytearray,
    "memoryview": memoryview,
    "array": lambda data: np.frombuffer(data, np.uint8),
    "strided array": strided,
    "tensor": lambda data: torch.from_numpy(np.frombuffer(data, np.uint8).copy()),
    "BytesIO": io.BytesIO,
}


@pytest.mark.parametrize("kind", ENCODED)
def test_encoded_images(kind, backend):
    expected = pixfeed.imread(DATA, backend=backend)
    assert (pixfeed.imread(ENCODED[kind](DATA), backend=backend) == expected).all()
    batch = pixfeed.load_batch([ENCODED[kind](DATA)], (20, 30), dtype=torch.uint8, backend=backend)
    assert (batch[0].permute(1, 2, 0).numpy() == expected).all()


def test_a_file(tmp_path, backend):
    (tmp_path / "0.png").write_bytes(DATA)
    with open(tmp_path / "0.png", "rb") as file:
        assert (pixfeed.imread(file, backend=backend) == pixfeed.imread(DATA)).all()
    with open(tmp_path / "0.png", encoding="latin-1") as file, pytest.raises(TypeError, match="open it as binary"):
        pixfeed.imread(file, backend=backend)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (PICTURE, r"array \[20, 30, 3\] is a picture that is decoded already: pixfeed.resize takes it"),
        (torch.from_numpy(PICTURE), "is a picture that is decoded already"),
        (Image.fromarray(PICTURE), "a PIL image is decoded already: pixfeed.resize takes np.asarray"),
        (np.zeros(9, np.float32), "an array of float32"),
        (7, "a path, encoded bytes or a binary file, not int"),
        (None, "not NoneType"),
    ],
)
def test_what_is_no_encoded_image(given, words, backend):
    with pytest.raises(TypeError, match=words):
        pixfeed.imread(given, backend=backend)
    with pytest.raises(TypeError, match=words):
        pixfeed.load_batch([given], (8, 8), backend=backend)


@pytest.mark.parametrize("given", ["a.jpg", DATA, io.BytesIO(DATA), np.frombuffer(DATA, np.uint8), 7])
def test_one_image_for_a_list(given, backend):
    with pytest.raises(TypeError, match=r"it must be a list of images: \[source\]"):
        pixfeed.load_batch(given, (8, 8), backend=backend)


def test_a_file_object_at_its_end(backend):
    file = io.BytesIO(DATA)
    assert file.read() == DATA
    with pytest.raises(ValueError, match=r"nothing is left to read of this file object: seek\(0\) first"):
        pixfeed.imread(file, backend=backend)


@pytest.mark.parametrize("size", [64, (64,), (1, 2, 3), "ab", (8.5, 8)])
def test_sizes_that_are_none(size, backend):
    for call in (
        lambda: pixfeed.imread(DATA, size=size, backend=backend),
        lambda: pixfeed.load_batch([DATA], size, backend=backend),
        lambda: pixfeed.resize(PICTURE, size, backend=backend),
    ):
        with pytest.raises(TypeError, match=r"it must be \(height, width\), two integers"):
            call()
