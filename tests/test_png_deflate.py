"""PNGs whose compressed data breaks RFC 1951, but for their checksums: the verdict and the pixels of OpenCV."""

from __future__ import annotations

import zlib

import images
import numpy as np
import png_files
import pytest
from test_png import assert_as_opencv

import pixfeed

#: In which the lengths of the codes that lengths are written with stand (RFC 1951, 3.2.7).
ORDER = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15]
END = 256
#: For every test: a gray picture of 20 x 16 pixels, all black, every row without a filter.
WIDTH, HEIGHT = 20, 16
BLACK = bytes((1 + WIDTH) * HEIGHT)
FIXED = ([8] * 144 + [9] * 112 + [7] * 24 + [8] * 8, [5] * 32)


class Bits:
    """A deflate stream, bit by bit."""

    def __init__(self):
        self.bits: list[int] = []

    def number(self, value: int, count: int) -> Bits:
        """The lowest bit first."""
        self.bits += [value >> i & 1 for i in range(count)]
        return self

    def code(self, lengths: list[int], symbol: int) -> Bits:
        """The highest bit first. Codes are counted by length, then by symbol (3.2.2)."""
        code = 0
        for length in range(1, 16):
            for other in (i for i, its in enumerate(lengths) if its == length):
                if other == symbol:
                    self.bits += [code >> i & 1 for i in reversed(range(length))]
                    return self
                code += 1
            code *= 2
        raise KeyError(symbol)

    def bytes(self) -> bytes:
        padded = self.bits + [0] * (-len(self.bits) % 8)
        return np.packbits(padded, bitorder="little").tobytes()


def tables(literals: dict[int, int], distances: dict[int, int], last: bool = True, **odd) -> tuple[Bits, list, list]:
    """The head of a block with codes of these lengths; ``odd`` is how many of either, or how lengths are written."""
    hlit = odd.get("hlit", max([*literals, 256]) + 1)
    hdist = odd.get("hdist", max([*distances, 0]) + 1)
    of_literals = [literals.get(i, 0) for i in range(hlit)]
    of_distances = [distances.get(i, 0) for i in range(hdist)]
    own = odd.get("own", dict.fromkeys(range(16), 4))
    bits = odd.get("after", Bits()).number(last, 1).number(2, 2)
    bits.number(hlit - 257, 5).number(hdist - 1, 5).number(len(ORDER) - 4, 4)
    for symbol in ORDER:
        bits.number(own.get(symbol, 0), 3)
    for length in odd.get("written", of_literals + of_distances):
        bits.code([own.get(i, 0) for i in range(19)], length)
    return bits, of_literals, of_distances


def zeros(bits: Bits, literals: list[int], count: int) -> Bits:
    for _ in range(count):
        bits.code(literals, 0)
    return bits


def fixed(last: bool = True, after: Bits | None = None) -> Bits:
    return (after or Bits()).number(last, 1).number(1, 2)


def file(bits: Bits | bytes) -> bytes:
    """With the right checksums."""
    stream = bits.bytes() if isinstance(bits, Bits) else bits
    packed = b"\x78\x9c" + stream + zlib.adler32(BLACK).to_bytes(4, "big")
    head = png_files.SIGNATURE + png_files.header(WIDTH, HEIGHT, 0, 8)
    return head + images.png_chunk(b"IDAT", packed) + images.png_chunk(b"IEND", b"")


# Zeros and ends have codes of these lengths, and what else there is fills the set.
PLAIN = {0: 1, END: 2, 257: 2}


def all_zeros(literals=PLAIN, distances=None, **odd) -> Bits:
    """Every byte a literal."""
    bits, codes, _ = tables(literals, {0: 1, 1: 1} if distances is None else distances, **odd)
    return zeros(bits, codes, len(BLACK)).code(codes, END)


def matches(distance: int, distances: dict[int, int], one: bool | None = None, **odd) -> Bits:
    """A literal, then matches of 3 bytes; ``one``: not the code of ``distance``, but this bit."""
    bits, codes, far = tables(PLAIN, distances, **odd)
    zeros(bits, codes, 32)
    count, left = divmod(len(BLACK) - 32, 3)
    for _ in range(count):
        bits.code(codes, 257)
        bits.number(one, 1) if one is not None else bits.code(far, distance)
    return zeros(bits, codes, left).code(codes, END)


def fixed_matches(symbol: int, distance: int, extra: int = 0) -> Bits:
    """A literal, and one match of 258 bytes (3 with symbol 257)."""
    bits = zeros(fixed(), FIXED[0], 40)
    bits.code(FIXED[0], symbol).code(FIXED[1], distance).number(0, extra)
    size = 3 if symbol == 257 else 258
    return zeros(bits, FIXED[0], len(BLACK) - 40 - size).code(FIXED[0], END)


def stored(data: bytes, inverted: int | None = None, last: bool = True) -> bytes:
    size = len(data)
    inverted = size ^ 0xFFFF if inverted is None else inverted
    return bytes([last]) + size.to_bytes(2, "little") + inverted.to_bytes(2, "little") + data


def far_back(at: int) -> Bits:
    """A match that begins ``at`` bytes before the first byte, after one."""
    bits = fixed().code(FIXED[0], 0).code(FIXED[0], 257).code(FIXED[1], at)
    return zeros(bits, FIXED[0], len(BLACK) - 4).code(FIXED[0], END)


def after_a_small_block(second: Bits) -> Bits:
    """Kept apart, so that a first block without fault comes before."""
    first = fixed(last=False).code(FIXED[0], END)
    first.bits += second.bits
    return first


FULL = dict.fromkeys(range(16), 4)
LEGAL = {
    "literals": all_zeros(),
    "matches": matches(0, {0: 1, 1: 1}),
    "one distance": matches(0, {0: 1}),
    "no distance": all_zeros(distances={}),
    "30 distances": all_zeros(hdist=30),
    "286 literals": all_zeros(hlit=286),
    "fixed": zeros(fixed(), FIXED[0], len(BLACK)).code(FIXED[0], END),
    "a fixed match": fixed_matches(285, 0),
    "stored": stored(BLACK),
    "two blocks": after_a_small_block(all_zeros()),
}
ILLEGAL = {
    "287 literals": all_zeros(hlit=287),
    "288 literals": all_zeros(hlit=288),
    "31 distances": all_zeros(hdist=31),
    "32 distances": all_zeros(hdist=32),
    "too many literals": all_zeros({0: 1, END: 1, 257: 1}),
    "literals are missing": all_zeros({0: 2, END: 2, 257: 2}),
    "too many distances": all_zeros(distances={0: 1, 1: 1, 2: 1}),
    "distances are missing": all_zeros(distances={0: 2, 1: 2, 2: 2}),
    "one long distance": matches(0, {0: 2}),
    "too many codes of lengths": all_zeros(own={**FULL, 16: 4}),
    "codes of lengths are missing": all_zeros(own=dict.fromkeys(range(15), 4)),
    "a repetition at the start": tables({}, {}, own={0: 2, 1: 2, 2: 2, 16: 2}, written=[16])[0].number(0, 2),
    "no end": zeros(*tables({0: 1, 257: 1}, {0: 1, 1: 1})[:2], len(BLACK)),
    "the only distance, but not its bit": matches(0, {0: 1}, one=True),
    "no distance, but a match": matches(0, {}, one=False),
    "no distance, but a match, 1": matches(0, {}, one=True),
    "distance 30 of tables": matches(30, {0: 1, 30: 1}),
    "length 286 of tables": tables({0: 1, END: 2, 286: 2}, {0: 1, 1: 1})[0],
    "fixed length 286": fixed_matches(286, 0),
    "fixed length 287": fixed_matches(287, 0),
    "fixed distance 30": fixed_matches(257, 30, 13),
    "fixed distance 31": fixed_matches(257, 31, 13),
    "a distance too far back": far_back(1),
    "a distance much too far back": far_back(5),
    "287 literals after another block": after_a_small_block(all_zeros(hlit=287)),
    "a type that is none": Bits().number(7, 3),
    "a stored size that is not confirmed": stored(BLACK, inverted=0),
}


def only_the_end() -> Bits:
    """After stored rows a block that has one code, of one bit."""
    bits = Bits()
    for byte in stored(BLACK, last=False):
        bits.number(byte, 8)
    return tables({END: 1}, {0: 1}, after=bits)[0]


LEGAL["only an end"] = only_the_end().number(0, 1)
ILLEGAL["only an end, but not its bit"] = only_the_end().number(1, 1)


def too_long_a_repetition() -> Bits:
    """Of the last length but two, six times (code 16)."""
    own, written = {0: 1, 1: 2, 2: 3, 16: 3}, [1, *[0] * 255, 2, 2, 0, 16]
    bits, codes, _ = tables(PLAIN, {}, own=own, hdist=3, written=written)
    return zeros(bits.number(3, 2), codes, len(BLACK)).code(codes, END)


ILLEGAL["a repetition too long"] = too_long_a_repetition()


def test_the_streams_are_what_they_are_called():
    for name, bits in LEGAL.items():
        stream = bits.bytes() if isinstance(bits, Bits) else bits
        assert zlib.decompress(stream, -15) == BLACK, name
    for bits in ILLEGAL.values():
        stream = bits.bytes() if isinstance(bits, Bits) else bits
        with pytest.raises(zlib.error, match="Error -3"):
            zlib.decompress(stream, -15)


@pytest.mark.parametrize("name", LEGAL)
def test_legal_streams(name, backend):
    assert_as_opencv(file(LEGAL[name]), backend, name)
    assert not pixfeed.imread(file(LEGAL[name]), strict=True, backend=backend).any()


@pytest.mark.parametrize("name", ILLEGAL)
def test_illegal_streams(name, backend):
    assert_as_opencv(file(ILLEGAL[name]), backend, name)
