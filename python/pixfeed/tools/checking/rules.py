"""The rules of ``pixfeed check``. Their ids are stable: scripts and ``--ignore`` name them."""

from __future__ import annotations

from typing import Literal, NamedTuple

from pixfeed.errors import Status

Severity = Literal["error", "note"]


class Rule(NamedTuple):
    """A rule.

    Attributes:
        id: its stable name.
        severity: ``"error"``: training would stop, or learn something wrong; ``--fix`` leaves the line out. ``"note"``:
            the image is read, and there is something to know about it; ``--fix`` keeps the line.
        words: what it says, in a few words.
    """

    id: str
    severity: Severity
    words: str


_RULES = (
    Rule("bad-line", "error", "a line that cannot be used"),
    Rule("missing", "error", "there is no such file"),
    Rule("unreadable", "error", "the system does not let it be read"),
    Rule("empty", "error", "a file of 0 bytes"),
    Rule("not-an-image", "error", "no image in a known format"),
    Rule("truncated", "error", "the data ends too early"),
    Rule("corrupt", "error", "the data is damaged"),
    Rule("unsupported", "error", "a kind of image that cannot be decoded here"),
    Rule("too-large", "error", "more pixels than pixfeed reads by default (2**30), or a side above 1,000,000"),
    Rule("tiny", "error", "a side shorter than --min-side"),
    Rule("conflict", "error", "the same file content with another target"),
    Rule("duplicate", "note", "the same file content with the same target"),
    Rule("leak", "error", "the same file content in the list that --against names"),
    Rule("label-range", "error", "a class that is not 0 to --classes - 1"),
    Rule("class-missing-there", "note", "a class that the list that --against names does not have"),
    Rule("class-only-there", "note", "a class that only the list that --against names has"),
    Rule("box-empty", "error", "a box whose width or height is not above 0"),
    Rule("box-outside", "error", "a box that reaches beyond its image"),
    Rule("point-outside", "error", "a visible keypoint outside its image"),
    Rule("mask-missing", "error", "the mask cannot be read"),
    Rule("mask-size", "error", "the mask has another size than its image"),
    Rule("mask-range", "error", "a class in a mask that is not below --classes, nor --ignore-index"),
    Rule("warned", "note", "the codec warns: a part of the image may be damaged (found with --full)"),
    Rule("suffix", "note", "another format than the suffix says"),
    Rule("cmyk", "note", "CMYK: its colors become RGB without a color profile"),
    Rule("deep", "note", "more than 8 bits per channel, read as 8"),
    Rule("turned", "note", "an EXIF orientation: pixfeed displays it upright, other readers may not"),
    Rule("huge", "note", "more than --max-megapixels"),
)

#: By id, in the order in which they are reported.
RULES = {rule.id: rule for rule in _RULES}

#: What a file's status is a case of.
OF_STATUS = {
    Status.MISSING: "missing",
    Status.UNREADABLE: "unreadable",
    Status.EMPTY: "empty",
    Status.NOT_AN_IMAGE: "not-an-image",
    Status.TRUNCATED: "truncated",
    Status.CORRUPT: "corrupt",
    Status.UNSUPPORTED: "unsupported",
    Status.TOO_LARGE: "too-large",
    Status.OUT_OF_MEMORY: "too-large",
    Status.RECOVERED: "truncated",
}

#: Formats by suffix; OpenCV's and Pillow's other names of the same.
SUFFIXES = {
    **dict.fromkeys((".jpg", ".jpeg", ".jpe", ".jfif"), "jpeg"),
    ".png": "png",
    ".webp": "webp",
    **dict.fromkeys((".bmp", ".dib"), "bmp"),
    ".gif": "gif",
    **dict.fromkeys((".tif", ".tiff"), "tiff"),
    **dict.fromkeys((".pbm", ".pgm", ".ppm", ".pnm", ".pam"), "ppm"),
    ".avif": "avif",
    **dict.fromkeys((".jp2", ".j2k"), "jp2"),
}
