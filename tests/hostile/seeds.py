"""Small files of every format and of many kinds, some of them odd: what mutations start from."""

from __future__ import annotations

import itertools
import os
import struct
import sys
import zlib
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

import cv2
import numpy as np
from images import SAMPLING, exif, jpeg, picture, pillow, png, png_chunk, with_orientation

from pixfeed.backends.quietly import log_of

#: Sides of the pictures, in pixels: not multiples of 8, so that the last blocks are partly outside.
HEIGHT, WIDTH = 37, 51


def segment(marker: int, body: bytes = b"", size: int | None = None) -> bytes:
    """A JPEG segment, whose length field may lie."""
    return bytes((0xFF, marker)) + struct.pack(">H", len(body) + 2 if size is None else size) + body


def riff(chunks: list[tuple[bytes, bytes]]) -> bytes:
    """A WebP file."""
    body = b"".join(name + struct.pack("<I", len(data)) + data + b"\0" * (len(data) % 2) for name, data in chunks)
    return b"RIFF" + struct.pack("<I", len(body) + 4) + b"WEBP" + body


def webp_chunks(data: bytes) -> list[tuple[bytes, bytes]]:
    """The chunks of a WebP file."""
    chunks, at = [], 12
    while at + 8 <= len(data):
        size = int.from_bytes(data[at + 4 : at + 8], "little")
        chunks.append((data[at : at + 4], data[at + 8 : at + 8 + size]))
        at += 8 + size + size % 2
    return chunks


def png_of(color: int, depth: int, chunks: bytes = b"", rows: int = 9, columns: int = 11) -> bytes:
    """A PNG of any color type and depth, made of random bytes, with further chunks before the pixels."""
    channels = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}[color]
    rng = np.random.default_rng([color, depth])
    size = -(-columns * channels * depth // 8)
    data = b"".join(bytes((row % 5,)) + rng.bytes(size) for row in range(rows))
    head = struct.pack(">IIBBBBB", columns, rows, depth, color, 0, 0, 0)
    palette = png_chunk(b"PLTE", rng.bytes(3 << min(depth, 8))) if color == 3 else b""
    parts = (
        png_chunk(b"IHDR", head),
        chunks,
        palette,
        png_chunk(b"IDAT", zlib.compress(data)),
        png_chunk(b"IEND", b""),
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def _jpegs() -> dict[str, bytes]:
    photo, gray = picture(HEIGHT, WIDTH, 1), picture(HEIGHT, WIDTH, 2, gray=True)
    files = {}
    for sampling, progressive in itertools.product(SAMPLING, (False, True)):
        kind = "progressive" if progressive else "baseline"
        files[f"{kind} {sampling}"] = jpeg(photo, sampling=sampling, progressive=progressive)
    files["restart"] = jpeg(photo, restart=2)
    files["optimized"] = jpeg(photo, optimize=True)
    files["gray"] = jpeg(gray)
    files["gray progressive"] = jpeg(gray, progressive=True)
    files["one pixel"] = jpeg(picture(1, 1))
    files["cmyk"] = pillow(photo, "JPEG", "CMYK")
    files["rgb"] = pillow(photo, "JPEG", keep_rgb=True)
    plain = jpeg(photo)
    for orientation in (3, 5, 6, 8):
        files[f"orientation {orientation}"] = with_orientation(plain, orientation)
    oriented = segment(0xE1, b"Exif\0\0" + exif(6))
    start, end = plain[:2], plain[2:]
    files["empty exif, then exif"] = start + segment(0xE1, b"Exif\0\0") + oriented + end
    files["exif twice"] = start + oriented + segment(0xE1, b"Exif\0\0" + exif(3)) + end
    files["exif, cut off"] = start + segment(0xE1, b"Exif\0\0" + exif(6)[:20]) + end
    files["big-endian exif"] = start + segment(0xE1, b"Exif\0\0" + exif(8, little=False)) + end
    files["app0 of length 0"] = start + segment(0xE0, size=0) + end
    files["app1 of length 1"] = start + segment(0xE1, size=1) + end
    files["comment"] = start + segment(0xFE, b"a comment") + end
    files["no end marker"] = plain[:-2]
    files["two pictures"] = plain + plain
    files["end, then frame"] = plain[:-2] + segment(0xC0, b"\x08\xff\xff\xff\xff\x03") + plain[-2:]
    files["end, then start"] = plain[:-2] + b"\xff\xd8" + plain[-2:]
    files["end, then unknown"] = plain[:-2] + b"\xff\x02" + plain[-2:]
    files["end, then tables"] = plain[:-2] + segment(0xDB, b"\x17abc") + plain[-2:]
    files["zeros behind"] = plain + bytes(200)
    at = plain.index(b"\xff\xc0")
    files["frame twice"] = plain[:at] + plain[at : at + 19] + plain[at:]
    files["12 bits"] = plain[: at + 4] + b"\x0c" + plain[at + 5 :]
    files["lossless"] = plain[: at + 1] + b"\xc3" + plain[at + 2 :]
    files["arithmetic"] = plain[: at + 1] + b"\xc9" + plain[at + 2 :]
    return files


def _pngs() -> dict[str, bytes]:
    photo = picture(HEIGHT, WIDTH, 3)
    files = {"rgb": png(photo), "gray": png(photo[..., 0]), "rgba": png(np.dstack([photo, photo[..., :1]]))}
    depths = {0: (1, 2, 4, 8, 16), 2: (8, 16), 3: (1, 2, 4, 8), 4: (8, 16), 6: (8, 16)}
    for color, known in depths.items():
        for depth in known:
            files[f"color {color}, {depth} bits"] = png_of(color, depth)
    chunks = {
        "gAMA": png_chunk(b"gAMA", struct.pack(">I", 45455)),
        "gAMA 1": png_chunk(b"gAMA", struct.pack(">I", 100000)),
        "sRGB": png_chunk(b"sRGB", b"\0"),
        "cHRM": png_chunk(b"cHRM", struct.pack(">8I", 31270, 32900, 64000, 33000, 30000, 60000, 15000, 6000)),
        "iCCP": png_chunk(b"iCCP", b"a\0\0" + zlib.compress(bytes(128))),
        "eXIf": png_chunk(b"eXIf", exif(6)),
        "eXIf, wrong CRC": png_chunk(b"eXIf", exif(6))[:-1] + b"?",
        "tEXt": png_chunk(b"tEXt", b"Comment\0hello"),
        "acTL": png_chunk(b"acTL", struct.pack(">II", 2, 0)),
        "acTL, no frames": png_chunk(b"acTL", struct.pack(">II", 0, 0)),
        "PLTE": png_chunk(b"PLTE", b"abc" * 4),
        "PLTE, damaged": png_chunk(b"PLTE", b"abcd"),
        "tRNS": png_chunk(b"tRNS", bytes(6)),
        "critical": png_chunk(b"ABCD", b"?"),
    }
    for (name, chunk), color in itertools.product(chunks.items(), (0, 2, 3, 6)):
        files[f"{name}, color {color}"] = png_of(color, 8, chunk)
    for name, delay in (("animated", b""), ("animated, hidden default", png_chunk(b"tEXt", b"a\0b"))):
        files[name] = _animated(delay)
    whole = files["rgb"]
    files["no IEND"] = whole[:-12]
    files["chunk of 2 GB"] = whole[:33] + struct.pack(">I", 0x7FFFFFFF) + b"tEXt" + whole[33:]
    files["picture of 2 GB"] = whole[:16] + struct.pack(">II", 30000, 30000) + whole[24:]
    return files


def _animated(before: bytes) -> bytes:
    """A PNG of two frames; the still picture is hidden if something stands before its frame's control."""
    whole, second = png(picture(16, 16, 4)), png(picture(16, 16, 5))
    control = [struct.pack(">IIIIIHHBB", n, 16, 16, 0, 0, 1, 10, 0, 0) for n in (0, 1)]
    at, end = whole.index(b"IDAT") - 4, whole.index(b"IEND") - 4
    at2, end2 = second.index(b"IDAT") - 4, second.index(b"IEND") - 4
    body = second[at2 + 8 : end2 - 4]
    first = [before, b""] if before else [png_chunk(b"fcTL", control[0]), b""]
    return b"".join(
        (
            whole[:at],
            png_chunk(b"acTL", struct.pack(">II", 1 if before else 2, 0)),
            *first,
            whole[at:end],
            png_chunk(b"fcTL", control[0] if before else control[1]),
            png_chunk(b"fdAT", struct.pack(">I", 1 if before else 2) + body),
            whole[end:],
        )
    )


def _webps() -> dict[str, bytes]:
    photo = picture(HEIGHT, WIDTH, 6)
    alpha = np.dstack([photo, photo[..., 0]])
    files = {
        "lossy": pillow(photo, "WEBP"),
        "lossless": pillow(photo, "WEBP", lossless=True),
        "lossy alpha": pillow(alpha, "WEBP"),
        "lossless alpha": pillow(alpha, "WEBP", lossless=True),
        "exif": pillow(photo, "WEBP", exif=exif(6)),
    }
    chunks = webp_chunks(files["exif"])
    head, body, tail = chunks[0], chunks[1:-1], chunks[-1]
    prefixed = (b"EXIF", b"Exif\0\0" + exif(6))
    files["exif with a prefix"] = riff([head, *body, prefixed])
    files["exif before the picture"] = riff([head, tail, *body])
    files["exif, flag unset"] = riff([(head[0], b"\0" + head[1][1:]), *body, tail])
    files["exif without VP8X"] = riff([*body, tail])
    files["exif twice"] = riff([head, *body, tail, (b"EXIF", exif(3))])
    files["unknown chunk"] = riff([head, (b"ABCD", b"odd"), *body, tail])
    files["animated"] = pillow(photo, "WEBP", save_all=True, append_images=[], duration=5)
    return files


def _others() -> dict[str, bytes]:
    """Formats that go to OpenCV on both backends."""
    photo, gray = picture(HEIGHT, WIDTH, 7), picture(HEIGHT, WIDTH, 8, gray=True)
    files = {}
    for suffix in ("bmp", "gif", "tif", "avif", "ppm", "pam", "sr", "hdr", "pfm", "jp2"):
        image = photo.astype(np.float32) if suffix in ("hdr", "pfm") else photo
        made, data = cv2.imencode(f".{suffix}", cv2.resize(image, (64, 64)) if suffix == "jp2" else image)
        if made and len(data):
            files[suffix] = data.tobytes()
    for suffix in ("bmp", "tif", "pgm"):
        files[f"{suffix} gray"] = cv2.imencode(f".{suffix}", gray)[1].tobytes()
    files["tif 16 bits"] = cv2.imencode(".tif", photo.astype(np.uint16) * 257)[1].tobytes()
    files["bmp palette"] = pillow(photo, "BMP", "P")
    files["bmp 1 bit"] = pillow(photo, "BMP", "1")
    files["gif palette"] = pillow(photo, "GIF")
    for compression in ("raw", "tiff_lzw", "tiff_deflate", "jpeg", "packbits"):
        files[f"tif {compression}"] = pillow(photo, "TIFF", compression=compression)
    for orientation in (3, 5, 6):
        files[f"tif orientation {orientation}"] = pillow(photo, "TIFF", tiffinfo={274: orientation})
    files["tif cmyk"] = pillow(photo, "TIFF", "CMYK")
    files["jp2 pillow"] = pillow(photo, "JPEG2000")
    files["ico"] = pillow(photo[:32, :32], "ICO")
    files["tga"] = pillow(photo, "TGA")
    files["pbm"] = b"P1\n3 2\n1 0 1\n0 1 0\n"
    files["html"] = b"<!DOCTYPE html><html><body>404 Not Found</body></html>"
    files["git-lfs"] = b"version https://git-lfs.github.com/spec/v1\noid sha256:" + b"0" * 64 + b"\nsize 12345\n"
    files["text"] = b"no image at all\n"
    files["zeros"] = bytes(100)
    return files


def seeds() -> dict[str, bytes]:
    """All of them by name, "FORMAT KIND"."""
    found = {}
    log = log_of(cv2)
    level = log.setLogLevel(0)
    try:
        for kind, files in (("jpeg", _jpegs()), ("png", _pngs()), ("webp", _webps()), ("other", _others())):
            found.update({f"{kind}: {name}": data for name, data in files.items()})
    finally:
        log.setLogLevel(level)
    return found


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    for name, data in seeds().items():
        (folder / name.replace(os.sep, "-")).write_bytes(data)
