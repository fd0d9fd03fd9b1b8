"""pixfeed.io: torchvision.io's results in every mode, and its arguments.

`golden/io.json` has files of every kind and what torchvision 0.29 makes of them; `judge_io.py` made it.
"""

from __future__ import annotations

import base64
import json
from enum import Enum

import images
import io_files
import numpy as np
import pytest
import torch
from PIL import Image
from versions import marked, reads_gif

import pixfeed
from pixfeed.io import (
    ImageReadMode,
    decode_gif,
    decode_image,
    decode_jpeg,
    decode_png,
    decode_webp,
    encode_jpeg,
    encode_png,
    read_file,
    read_image,
    write_file,
    write_jpeg,
    write_png,
)

GOLDEN = json.loads(io_files.GOLDEN.read_text())
FILES = {name: base64.b64decode(each["file"]) for name, each in GOLDEN.items()}


@pytest.fixture(autouse=True)
def default_backend(backend, monkeypatch):
    monkeypatch.setenv("PIXFEED_BACKEND", backend)


def tensor(data: bytes) -> torch.Tensor:
    return torch.frombuffer(bytearray(data), dtype=torch.uint8)


@pytest.mark.parametrize("name", marked(GOLDEN, reads_gif, ["gif", "gif of several"]))
def test_results_are_those_of_torchvision(name, tmp_path):
    (tmp_path / "file").write_bytes(FILES[name])
    compared = 0
    for what, expected in GOLDEN[name].items():
        mode, _, turned = what.partition(" ")
        if mode == "file":
            continue
        for source in (tensor(FILES[name]), tmp_path / "file"):
            try:
                found = io_files.written(decode_image(source, mode, bool(turned)))
            except (OSError, ValueError):
                found = io_files.REFUSED
            assert found == expected, what
            compared += 1
    assert compared >= 4


def test_the_golden_file_has_results():
    """Or the test above would show little."""
    results = [each for file in GOLDEN.values() for what, each in file.items() if what != "file"]
    assert sum(each != io_files.REFUSED for each in results) > 400 and len(set(results)) > 150


def test_where_torchvision_leaves_it_to_chance():
    """Of a palette: full alpha where nothing is transparent, and one index per pixel."""
    for bits in (1, 2, 4, 8):
        data = tensor(FILES[f"png {bits} 3"])
        for mode, plain in (("RGB_ALPHA", "RGB"), ("GRAY_ALPHA", "GRAY")):
            made = decode_image(data, mode)
            assert torch.equal(made[:-1], decode_image(data, plain)) and (made[-1] == 255).all()
        indices = decode_image(data)
        assert indices.shape == (1, io_files.HEIGHT, io_files.WIDTH) and int(indices.max()) < 2**bits


def test_modes_by_name_by_number_and_of_torchvision():
    class Theirs(Enum):
        GRAY = 1

    data = FILES["jpeg"]
    for mode in (ImageReadMode.GRAY, "gray", "GRAY", 1, Theirs.GRAY):
        assert decode_image(data, mode).shape == (1, io_files.HEIGHT, io_files.WIDTH)
    assert ImageReadMode.RGBA is ImageReadMode.RGB_ALPHA and ImageReadMode["RGBA"].value == 4
    for mode in ("BGR", 9, None):
        with pytest.raises(ValueError, match="it may be one of UNCHANGED, GRAY, GRAY_ALPHA, RGB, RGB_ALPHA, RGBA"):
            decode_image(data, mode)
    with pytest.raises(ValueError, match="mode is RGB_ALPHA, and a JPEG has no alpha"):
        decode_image(data, "RGBA")


def test_a_photo_is_what_imread_reads(tmp_path):
    path = tmp_path / "photo.jpg"
    path.write_bytes(images.with_orientation(images.jpeg(images.picture(120, 91)), 6))
    upright = read_image(str(path), ImageReadMode.RGB, apply_exif_orientation=True)
    np.testing.assert_array_equal(upright.permute(1, 2, 0).numpy(), pixfeed.imread(path))
    stored = pixfeed.imread(path, ignore_orientation=True)
    np.testing.assert_array_equal(read_image(path).permute(1, 2, 0).numpy(), stored)
    assert torch.equal(decode_image(read_file(path)), read_image(path))


def test_functions_of_one_format():
    jpeg, png, webp = (tensor(FILES[name]) for name in ("jpeg", "png 8 6", "webp alpha"))
    assert torch.equal(decode_jpeg(jpeg, "GRAY"), decode_image(jpeg, "GRAY"))
    both = decode_jpeg([jpeg, tensor(FILES["jpeg gray"])], ImageReadMode.RGB, "cpu")
    assert len(both) == 2 and both[0].shape == both[1].shape
    assert torch.equal(decode_png(png), decode_image(png)) and torch.equal(decode_webp(webp), decode_image(webp))
    with pytest.raises(ValueError, match="this is no png; decode_image takes images of any format"):
        decode_png(jpeg)


@reads_gif
def test_decode_gif():
    assert decode_gif(tensor(FILES["gif of several"])).shape == (3, 3, io_files.HEIGHT, io_files.WIDTH)


def test_other_formats_and_long_metadata(tmp_path):
    """Formats that torchvision refuses are read as imread reads them; a frame may come late in a JPEG."""
    picture = images.picture(9, 8)
    Image.fromarray(picture).save(tmp_path / "a.bmp")
    np.testing.assert_array_equal(read_image(tmp_path / "a.bmp").permute(1, 2, 0).numpy(), picture)
    assert read_image(tmp_path / "a.bmp", "GRAY").shape == (1, 9, 8)
    with pytest.raises(ValueError, match="UNCHANGED, GRAY and RGB go with any format"):
        read_image(tmp_path / "a.bmp", "RGBA")
    data = FILES["jpeg CMYK"]
    late = data[:2] + (b"\xff\xe5" + (65000).to_bytes(2) + bytes(64998)) * 3 + data[2:]
    (tmp_path / "late.jpg").write_bytes(late)
    assert torch.equal(read_image(tmp_path / "late.jpg"), decode_image(data)) and len(decode_image(data)) == 4


def test_errors(tmp_path):
    with pytest.raises(pixfeed.ImageError, match=r"none\.jpg: there is no such file"):
        read_image(tmp_path / "none.jpg")
    (tmp_path / "text.png").write_bytes(b"no image")
    with pytest.raises(pixfeed.ImageError, match=r"text\.png .*no image"):
        read_image(tmp_path / "text.png", "RGB")
    (tmp_path / "cut.gif").write_bytes(FILES["gif"][:20])
    with pytest.raises(pixfeed.ImageError, match=r"cut\.gif"):
        read_image(tmp_path / "cut.gif")
    for given in (torch.zeros(3, 4, dtype=torch.uint8), torch.zeros(9)):
        with pytest.raises(TypeError, match=r"it must be uint8 \[n\]"):
            decode_image(given)
    with pytest.raises(TypeError, match="an image is a path or encoded bytes"):
        decode_image(3)


def test_encoders(tmp_path):
    picture = torch.from_numpy(images.picture(20, 31)).permute(2, 0, 1)
    for image in (picture, picture[:1]):
        assert torch.equal(decode_image(encode_png(image)), image)
        write_png(image, tmp_path / "a.png", 9)
        assert torch.equal(read_image(tmp_path / "a.png"), image)
        write_jpeg(image, str(tmp_path / "a.jpg"), 90)
        assert torch.equal(read_file(tmp_path / "a.jpg"), encode_jpeg(image, 90))
        assert read_image(tmp_path / "a.jpg").shape == image.shape
    write_file(tmp_path / "bytes", torch.arange(5, dtype=torch.uint8))
    assert read_file(tmp_path / "bytes").tolist() == [0, 1, 2, 3, 4]
    with pytest.raises(ValueError, match=r"it must be uint8 \[1 or 3, H, W\]"):
        encode_jpeg(picture.float())


def test_what_pillow_stumbles_over_is_an_error_of_the_image(tmp_path):
    """A chunk of pHYs that is too short: libpng leaves it out, Pillow gives up."""
    data = images.pillow(images.picture(8, 9)[..., ::-1], "PNG", "P")
    at = 8 + 25
    (tmp_path / "a.png").write_bytes(data[:at] + images.png_chunk(b"pHYs", b"xy") + data[at:])
    pixfeed.io.decode_image(tmp_path / "a.png", mode="RGB")
    with pytest.raises(pixfeed.ImageError, match=r"a\.png .*Pillow: "):
        pixfeed.io.decode_image(tmp_path / "a.png", mode="UNCHANGED")
