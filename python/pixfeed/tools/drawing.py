"""Pictures with what is to be learned of them drawn on top, and sheets of many."""

from __future__ import annotations

import base64
import colorsys
import functools
import io
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from pathlib import Path

    from PIL import Image
    from PIL.ImageFont import FreeTypeFont, ImageFont

# The first ten are told apart by most people, with color blindness as well (Okabe and Ito, and two more).
_COLORS = ("e69f00", "56b4e9", "009e73", "f0e442", "0072b2", "d55e00", "cc79a7", "8c564b", "bcbd22", "17becf")
_BACKGROUND, _INK, _FAINT = (250, 250, 250), (30, 30, 30), (120, 120, 120)
_GAP = 12  # pixels


class Tile(NamedTuple):
    """A picture of a sheet.

    Attributes:
        picture: uint8 ``[H, W, 3]``.
        caption: a line below it; what does not fit is cut off.
        title: a line above it; empty: none.
        is_refused: there is no picture: it could not be read.
    """

    picture: NDArray[np.uint8]
    caption: str
    title: str = ""
    is_refused: bool = False


def color(number: int) -> tuple[int, int, int]:
    """The color of a class."""
    if 0 <= number < len(_COLORS):
        text = _COLORS[number]
        return int(text[:2], 16), int(text[2:4], 16), int(text[4:], 16)
    # Hues that differ as far as possible from those before: a step by the golden ratio.
    red, green, blue = colorsys.hsv_to_rgb(number * 0.618034 % 1, 0.65, 0.95)
    return round(255 * red), round(255 * green), round(255 * blue)


@functools.cache
def font(size: int) -> FreeTypeFont | ImageFont:
    """A font that has the names of files and classes: of the system, for other scripts than Latin, or Pillow's."""
    from PIL import ImageFont

    for name in ("NotoSansCJK-Regular.ttc", "wqy-zenhei.ttc", "DejaVuSans.ttf"):
        try:
            return ImageFont.truetype(name, size)
        except OSError:
            continue
    return ImageFont.load_default(size)


def with_boxes(
    picture: NDArray[np.uint8],
    boxes: NDArray[np.float64],
    labels: Sequence[int],
    names: Sequence[str] = (),
) -> NDArray[np.uint8]:
    """Boxes and their classes.

    Args:
        picture: uint8 ``[H, W, 3]``.
        boxes: ``[N, 4]``: x, y, w, h in pixels of the picture.
        labels: N classes.
        names: of the classes; without them their numbers are written.
    """
    image, draw = _canvas(picture)
    size = max(10, min(16, image.height // 14))
    width = max(2, round(min(image.size) / 110))
    for (x, y, w, h), label in zip(boxes.tolist(), labels, strict=True):
        of_class = color(label)
        draw.rectangle((x, y, max(x, x + w - 1), max(y, y + h - 1)), outline=of_class, width=width)
        text = names[label] if 0 <= label < len(names) else str(label)
        left, top, right, bottom = draw.textbbox((0, 0), text, font=font(size))
        at_x, at_y = min(max(x, 0), image.width - 8), min(max(y, 0), image.height - 8)
        draw.rectangle((at_x, at_y, at_x + right - left + 5, at_y + bottom - top + 5), fill=of_class)
        ink = _INK if sum(of_class) > 330 else (255, 255, 255)
        draw.text((at_x + 2 - left, at_y + 2 - top), text, fill=ink, font=font(size))
    return np.asarray(image)


def with_points(picture: NDArray[np.uint8], points: NDArray[np.float64]) -> NDArray[np.uint8]:
    """Keypoints ``[K, 3]``: x, y, v; those with v = 0 are left out, and those with v = 1 (hidden) are rings."""
    image, draw = _canvas(picture)
    radius = max(4.0, min(image.size) / 36)
    for number, (x, y, v) in enumerate(points.tolist()):
        if v > 0:
            circle = (x - radius, y - radius, x + radius, y + radius)
            draw.ellipse(
                circle, fill=color(number) if v > 1 else None, outline=color(number) if v <= 1 else _INK, width=2
            )
    return np.asarray(image)


def with_mask(picture: NDArray[np.uint8], mask: NDArray[np.integer], ignore: int) -> NDArray[np.uint8]:
    """The classes of a mask ``[H, W]`` in colors, half transparent. 0 stays as it is; ``ignore`` is hatched in gray."""
    shown = picture.astype(np.float32)
    for number in np.unique(mask).tolist():
        if number == 0:
            continue
        here = mask == number
        if number == ignore:
            y, x = np.nonzero(here)
            shown[y, x] = np.where(((x + y) // 4 % 2 == 0)[:, None], 235, 90)
        else:
            shown[here] = 0.45 * shown[here] + 0.55 * np.array(color(number - 1))
    return shown.astype(np.uint8)


def _canvas(picture: NDArray[np.uint8]) -> tuple[Image.Image, Any]:
    from PIL import Image, ImageDraw

    image = Image.fromarray(np.ascontiguousarray(picture))
    return image, ImageDraw.Draw(image)


def fitted(height: int, width: int, side: int) -> tuple[int, int]:
    """(height, width) of a picture that fits into a square of ``side`` pixels. Small ones grow."""
    scale = side / max(height, width)
    return max(1, round(height * scale)), max(1, round(width * scale))


def data_uri(picture: NDArray[np.uint8]) -> str:
    """A picture uint8 ``[H, W, 3]`` as the address that an HTML page shows."""
    from PIL import Image

    data = io.BytesIO()
    Image.fromarray(picture).save(data, "JPEG", quality=85)
    return "data:image/jpeg;base64," + base64.b64encode(data.getvalue()).decode()


def sheet(rows: Sequence[Sequence[Tile]], side: int, heading: str = "") -> Image.Image:
    """A picture of rows of tiles.

    Args:
        rows: of tiles, whose pictures are at most ``side`` pixels high and wide.
        side: pixels.
        heading: a line above all.
    """
    from PIL import Image, ImageDraw

    small, line = font(13), 20
    titled = any(tile.title for row in rows for tile in row)
    around = line * (2 if titled else 1) + 2 * _GAP  # a row is as high as its highest picture, and what it says
    heights = [max(tile.picture.shape[0] for tile in row) for row in rows]
    top = _GAP + (34 if heading else 0)
    columns = max(map(len, rows))
    size = columns * (side + _GAP) + _GAP, top + sum(heights) + len(rows) * around
    image = Image.new("RGB", size, _BACKGROUND)
    draw = ImageDraw.Draw(image)
    if heading:
        draw.text((_GAP, _GAP - 2), _cut(draw, heading, font(18), image.width - 2 * _GAP), fill=_INK, font=font(18))
    for row, highest in zip(rows, heights, strict=True):
        for x, tile in enumerate(row):
            left, upper = _GAP + x * (side + _GAP), top
            if titled:
                draw.text((left, upper), _cut(draw, tile.title, small, side), fill=_FAINT, font=small)
                upper += line
            height, width = tile.picture.shape[:2]
            picture = Image.fromarray(np.ascontiguousarray(tile.picture))
            image.paste(picture, (left + (side - width) // 2, upper + (highest - height) // 2))
            words = _cut(draw, tile.caption, small, side, at_the_end=True)
            draw.text((left, upper + highest + 2), words, fill=_INK, font=small)
        top += highest + around
    return image


def _cut(draw: Any, text: str, its_font: Any, width: int, at_the_end: bool = False) -> str:
    """The text, or as much of it as fits: of its end, because names of files differ there, or of its beginning."""
    text = text.encode("utf-8", "replace").decode()
    if draw.textlength(text, font=its_font) <= width:
        return text
    low, high = 0, len(text)
    while low < high:  # the smallest part to leave out
        middle = (low + high) // 2
        part = text[: len(text) - middle] + "…" if at_the_end else "…" + text[middle:]
        if draw.textlength(part, font=its_font) <= width:
            high = middle
        else:
            low = middle + 1
    return text[: len(text) - low] + "…" if at_the_end else "…" + text[low:]


_DRAWN_BY = "pixfeed show"  # PNG's "Software" of a sheet


def save(picture: Image.Image, path: Path) -> None:
    """Write a sheet, so that :func:`is_sheet` knows a PNG again."""
    from PIL import PngImagePlugin

    info = PngImagePlugin.PngInfo()
    info.add_text("Software", _DRAWN_BY)
    picture.save(path, pnginfo=info)


def is_sheet(path: Path) -> bool:
    """Whether a file is a PNG that :func:`save` wrote."""
    from PIL import Image

    try:
        with Image.open(path) as image:
            return image.info.get("Software") == _DRAWN_BY
    except Exception:  # whatever it is
        return False
