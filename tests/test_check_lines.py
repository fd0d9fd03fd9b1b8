"""A line is sound to `pixfeed check` if the datasets can use it, and is not if they cannot."""

from __future__ import annotations

import warnings

import pytest

from pixfeed import Annotations, FileList, ListError
from pixfeed.tools.checking import lines

LABELS = [
    "a.jpg 0",
    "a.jpg -3",
    "a.jpg +3",
    "a.jpg",
    "a.jpg x",
    "a.jpg 1_000",
    "a.jpg 99999999999999999999",
    "  a.jpg\t7 ",
]
MASKS = [
    "a.jpg b.png",
    "a.jpg",
    "a.jpg b c",
    '{"image": "a", "mask": "b"}',
    '{"image": "a"}',
    '{"mask": 1, "image": "a"}',
]
BOXES = [
    "a.jpg 0 1 2 3 4",
    "a.jpg 0 1 2 3",
    "a.jpg",
    "a.jpg 0.5 1 2 3 4",
    "a.jpg x 1 2 3 4",
    "a.jpg 0 1 2 nan 4",
    '{"image": "a", "boxes": [[1, 2, 3, 4]], "labels": [0]}',
    '{"image": "a", "boxes": [[1, 2, 3]], "labels": [0]}',
    '{"image": "a", "boxes": [[1, 2, 3, 4]], "labels": []}',
    '{"image": "a", "boxes": [[1, 2, 3, true]], "labels": [0]}',
    '{"image": "a", "boxes": 3}',
    '{"image": 1, "boxes": [], "labels": []}',
    '{"image": "a", "boxes": [], "labels": []}',
    "{",
]
POINTS = [
    "a.jpg 1 2 3",
    "a.jpg 1 2",
    '{"image": "a", "keypoints": [[1, 2, 0]]}',
    '{"image": "a", "keypoints": [1, 2, 0]}',
]


def is_sound(path, kind: str) -> bool:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            if kind == "labels":
                FileList(path, classes="auto" if lines.read(path).named else None)
            else:
                Annotations(path, kind)
    except ListError:
        return False
    return True


@pytest.mark.parametrize(
    ("kind", "line"),
    [
        *(("labels", line) for line in LABELS),
        *(("mask", line) for line in MASKS),
        *(("boxes", line) for line in BOXES),
        *(("keypoints", line) for line in POINTS),
    ],
)
def test_lines(tmp_path, kind, line):
    path = tmp_path / "list.txt"
    path.write_text(line + "\n")
    (found,) = lines.read(path, kind).lines
    assert (not found.problem) == is_sound(path, kind), found.problem
    assert found.number == 1 and bool(found.name) == (not found.problem)


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("a.jpg 0\nb.jpg 1 2\nc.jpg 3", "labels"),
        ("a.jpg 0 1 2 3 4\nb.jpg 0 1 2 3 4 0 1 2 3 4\n", "boxes"),
        ("a.jpg a.png\nb.jpg\nc.jpg c.png", "mask"),
        ('{"image": "a", "keypoints": []}', "keypoints"),
        ('{"image": "a", "mask": "b"}', "mask"),
    ],
)
def test_what_follows_the_names_is_guessed(tmp_path, text, kind):
    (tmp_path / "list.txt").write_text(text)
    assert lines.read(tmp_path / "list.txt").kind == kind


def test_lines_with_another_number_of_labels(tmp_path):
    (tmp_path / "list.txt").write_text("a.jpg 0\nb.jpg 1 2\nc.jpg 3")
    found = lines.read(tmp_path / "list.txt").lines
    assert [bool(line.problem) for line in found] == [False, True, False]


@pytest.mark.parametrize(
    "text", ["a.jpg,0\nb.jpg,1\n", "name,label\ngolden retriever/a.jpg,0\n", "a.jpg;0;1\nb c.jpg;1;2"]
)
def test_another_delimiter(tmp_path, text):
    path = tmp_path / "list.txt"
    path.write_text(text)
    separator = ";" if ";" in text else ","
    with pytest.raises(ListError, match=f"separated by '{separator}': say --delimiter '{separator}'"):
        lines.read(path)
    assert lines.read(path, delimiter=separator, header="name" in text).lines[-1].target[-1] == int(text.strip()[-1])


def test_commas_in_names_are_no_delimiter(tmp_path):
    (tmp_path / "list.txt").write_text("a,b.jpg 0\nc,d.jpg 1\n")
    assert [line.name for line in lines.read(tmp_path / "list.txt").lines] == ["a,b.jpg", "c,d.jpg"]
