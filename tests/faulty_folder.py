"""A folder with faults of every kind, as people have them, and the list that names its files."""

from __future__ import annotations

import json
import struct
import zlib
from pathlib import Path

import cv2
import images
import numpy as np
from PIL import Image

#: The rule that each fault is a case of, by the line that has it.
Faults = dict[int, str]


def labelled(folder: Path) -> tuple[Path, Path, Faults]:
    """Labels: a list with 15 faults among good lines, a second list, and the faults.

    Returns:
        The list, the list to compare it with, and the rule by line. The images lie in ``folder / "images"``.
    """
    at = folder / "images"
    at.mkdir()
    lines: list[str] = []
    faults: Faults = {}

    def add(name: str, data: bytes | None, label: object, rule: str | None = None) -> None:
        if data is not None:
            (at / name).write_bytes(data)
        lines.append(f"{name} {label}")
        if rule:
            faults[len(lines)] = rule

    def photo(seed: int) -> bytes:
        return images.jpeg(images.picture(48, 64, seed=seed))

    for i in range(6):
        add(f"good{i}.jpg", photo(i), i % 3)
    add("nowhere.jpg", None, 0, "missing")
    add("empty.jpg", b"", 0, "empty")
    add("cut.jpg", photo(20)[:-300], 0, "truncated")
    add("page.jpg", b"<!doctype html><html>404</html>", 1, "not-an-image")
    add("png_inside.jpg", images.png(images.picture(48, 64, seed=21)), 1, "suffix")
    add("print.jpg", images.pillow(images.picture(48, 64, seed=22), "JPEG", "CMYK"), 1, "cmyk")
    add("deep.png", _png16(), 2, "deep")
    add("phone.jpg", images.with_orientation(photo(23), 6), 2, "turned")
    add("dot.png", images.png(images.picture(2, 2)), 2, "tiny")
    add("wall.png", _huge_png(), 0, "huge")
    add("again.jpg", photo(30), 0, "conflict")
    add("other_name.jpg", photo(30), 1, "conflict")
    add("once_more.jpg", photo(0), 0, "duplicate")
    add("in_both.jpg", photo(40), 1, "leak")
    add("rare.jpg", photo(41), 7, "class-missing-there")
    add("no_label.jpg", photo(42), "", "bad-line")
    add("broken.png", _broken_png(), 1, "corrupt")
    for i in range(6, 9):
        add(f"good{i}.jpg", photo(i), i % 3)
    (folder / "train.txt").write_text("\n".join(lines) + "\n")
    (at / "val.jpg").write_bytes(photo(50))
    (folder / "val.txt").write_text("val.jpg 0\nin_both.jpg 1\nval.jpg 2\n")
    return folder / "train.txt", folder / "val.txt", faults


def boxed(folder: Path) -> tuple[Path, Faults]:
    """Boxes: a list with boxes outside and without area."""
    for i in range(4):
        (folder / f"{i}.jpg").write_bytes(images.jpeg(images.picture(40, 60, seed=60 + i)))
    rows = [[[1, 2, 20, 20]], [[50, 5, 20, 10], [0, 0, 5, 5]], [[3, 3, 0, 9]], [[0, 0, 60, 40]]]
    lines = [
        json.dumps({"image": f"{i}.jpg", "boxes": boxes, "labels": list(range(len(boxes)))})
        for i, boxes in enumerate(rows)
    ]
    (folder / "boxes.jsonl").write_text("\n".join(lines))
    return folder / "boxes.jsonl", {2: "box-outside", 3: "box-empty"}


def masked(folder: Path) -> tuple[Path, Faults]:
    """Masks with two classes: one of another size, one with a class 9, one missing."""
    for i in range(5):
        (folder / f"{i}.jpg").write_bytes(images.jpeg(images.picture(30, 40, seed=70 + i)))
        mask = np.zeros((30, 40) if i != 1 else (40, 30), np.uint8)
        mask[5:20, 5:20] = 9 if i == 2 else 1
        mask[0] = 255
        if i != 3:
            Image.fromarray(mask).save(folder / f"{i}.png")
    (folder / "masks.txt").write_text("".join(f"{i}.jpg {i}.png\n" for i in range(5)))
    return folder / "masks.txt", {2: "mask-size", 3: "mask-range", 4: "mask-missing"}


def _png16() -> bytes:
    done, data = cv2.imencode(".png", images.picture(48, 64, seed=24).astype(np.uint16) * 257)
    assert done
    return data.tobytes()


def _chunks(width: int, height: int, data: bytes) -> bytes:
    head = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    parts = ((b"IHDR", head), (b"IDAT", data), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(images.png_chunk(name, body) for name, body in parts)


def _huge_png() -> bytes:
    """9,000 x 8,000 pixels of one bit: a small file."""
    return _chunks(9000, 8000, zlib.compress(bytes(8000 * (1 + 9000 // 8))))


def _broken_png() -> bytes:
    """More pixels than its data can hold."""
    return _chunks(30_000, 30_000, b"x" * 30)
