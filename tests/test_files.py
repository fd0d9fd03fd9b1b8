"""List files, well and badly formed."""

from __future__ import annotations

import os

import pytest

from pixfeed import ListError
from pixfeed.files import FileList


def read(folder, data: bytes) -> FileList:
    path = folder / "list.txt"
    path.write_bytes(data)
    return FileList(path)


@pytest.mark.parametrize(
    "data",
    [
        b"a.jpg 0 10\nb.jpg 1 11\n",
        b"\xef\xbb\xbfa.jpg 0 10\nb.jpg 1 11\n",
        b"a.jpg 0 10\r\nb.jpg 1 11\r\n",
        b"a.jpg 0 10\rb.jpg 1 11\r",
        b"a.jpg 0 10\nb.jpg 1 11",
        b"\n\na.jpg 0 10\n   \n\t\nb.jpg 1 11\n\n",
        b"a.jpg\t0\t10\nb.jpg    1  \t 11\n",
        b"  a.jpg 0 10  \nb.jpg 1 11\t\t\n",
    ],
    ids=["plain", "bom", "crlf", "cr", "no_newline", "blank_lines", "tabs", "trailing"],
)
def test_good_lists(tmp_path, data):
    files = read(tmp_path, data)
    assert files.names == ["a.jpg", "b.jpg"]
    assert files.labels.tolist() == [[0, 10], [1, 11]]
    assert files.labels.dtype == "int64"


def test_line_numbers_count_blank_lines(tmp_path):
    assert read(tmp_path, b"\na.jpg 0\r\n\r\nb.jpg 1\n").lines.tolist() == [2, 4]


def test_names(tmp_path):
    files = read(tmp_path, "фото.jpg 0\n/absolute/путь.jpg -1\n\N{GRINNING FACE}\x85\u2028.png +2\n".encode())
    assert files.names == ["фото.jpg", "/absolute/путь.jpg", "\N{GRINNING FACE}\x85\u2028.png"]
    assert files.labels.tolist() == [[0], [-1], [2]]


def test_names_that_are_not_utf8_reach_the_file(tmp_path):
    assert os.fsencode(read(tmp_path, b"\xff\xfe.jpg 0\n").names[0]) == b"\xff\xfe.jpg"


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"a.jpg 0\nb.jpg cat\n", r"list\.txt, line 2: a label is no integer: 'b\.jpg cat'"),
        (b"a.jpg 0\nb.jpg 1.5\n", r"line 2: a label is no integer"),
        (b"a.jpg 0\n\nb.jpg 1 2\n", r"line 3: 2 labels, but line 1 has 1; they cannot be batched: 'b\.jpg 1 2'"),
        (b"a.jpg\n", r"line 1: there is no label after the name: 'a\.jpg'"),
        (b"a.jpg 0\nb.jpg 99999999999999999999\n", r"line 2: a label does not fit 64 bits"),
        (b"", r"list\.txt is empty"),
        (b"\xef\xbb\xbf \n\t\r\n", r"list\.txt is empty"),
    ],
)
def test_bad_lists(tmp_path, data, message):
    with pytest.raises(ListError, match=message):
        read(tmp_path, data)


def test_no_list(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"nowhere\.txt"):
        FileList(tmp_path / "nowhere.txt")
