"""Lists that were joined with cat: byte order marks in the middle."""

from __future__ import annotations

import pytest
from list_files import all_lines, read_list

from pixfeed import ListError
from pixfeed.lists.annotations import Annotations

BOM = b"\xef\xbb\xbf"


@pytest.mark.parametrize("delimiter", [None, ","])
def test_a_mark_at_the_beginning_of_a_line_is_skipped(tmp_path, backend, delimiter):
    lines = [BOM + b"a.jpg 1", b"b.jpg 2", BOM + b"c.jpg 3", BOM, BOM + b"", b"d.jpg 4", BOM + b"e.jpg 5"]
    data = b"\n".join(line.replace(b" ", (delimiter or " ").encode()) for line in lines)
    files = read_list(tmp_path / "list.txt", backend, data, delimiter=delimiter)
    assert [*files.names()] == ["a.jpg", "b.jpg", "c.jpg", "d.jpg", "e.jpg"]
    assert files.labels[:, 0].tolist() == [1, 2, 3, 4, 5] and all_lines(files) == [1, 2, 3, 6, 7]


def test_quoted_names_after_a_mark(tmp_path, backend):
    data = BOM + b'"a b.jpg",1\r\n' + BOM + b'"c ""d"".jpg",2\r\n'
    files = read_list(tmp_path / "list.txt", backend, data, delimiter=",")
    assert [*files.names()] == ["a b.jpg", 'c "d".jpg'] and files.labels.tolist() == [[1], [2]]


def test_a_header_after_a_mark(tmp_path, backend):
    data = BOM + b"\n" + BOM + b"name,label\na.jpg,1\n"
    files = read_list(tmp_path / "list.txt", backend, data, delimiter=",", header=True)
    assert files.columns == ["name", "label"] and [*files.names()] == ["a.jpg"]


def test_a_mark_within_a_line_is_named(tmp_path, backend):
    """The first file did not end with a line end."""
    with pytest.raises(ListError, match=r"line 1: .*a byte order mark stands within it: .*must end with a line end"):
        read_list(tmp_path / "list.txt", backend, b"a.jpg 1" + BOM + b"b.jpg 2\n")


def test_annotations(tmp_path):
    (tmp_path / "boxes.txt").write_bytes(BOM + b"a.jpg 1 0 0 4 4\n" + BOM + b"b.jpg 2 0 0 4 4\n")
    assert [*Annotations(tmp_path / "boxes.txt", "boxes").names()] == ["a.jpg", "b.jpg"]
