"""Tables whose first column is no name: what is said about them, and what make-list takes of them."""

from __future__ import annotations

import json

import pytest

from pixfeed import FileList, ListError
from pixfeed.commands.app import main

FIRST = "the name of the image must be the first field: `pixfeed make-list TABLE.csv --name-column"


@pytest.mark.parametrize(
    ("text", "options"),
    [
        ("0,0,circle/00.jpg\n", {"delimiter": ","}),
        ("id,class,file\n0,0,circle/00.jpg\n", {"delimiter": ",", "header": True}),
        ('0,"circle/00.JPG",circle\n', {"delimiter": ","}),
        ("0,0,circle/00.jpg\n", {}),
        ("0 0 circle/00.jpg\n", {}),
    ],
)
def test_a_name_that_is_not_first(tmp_path, backend, text, options):
    (tmp_path / "list.csv").write_text(text)
    with pytest.raises(ListError) as caught:
        FileList(tmp_path / "list.csv", backend=backend, **options)
    said = str(caught.value)
    assert FIRST in said and "classes='auto'" not in said and ("delimiter=','" in said) == ("," in text and not options)


@pytest.mark.parametrize("text", ["my photo.jpg 0\n", "a.jpg,b.png\n", "a.jpg cat\n", "a.jpg,cat\n"])
def test_a_name_that_is_first(tmp_path, backend, text):
    (tmp_path / "list.csv").write_text(text)
    with pytest.raises(ListError) as caught:
        FileList(tmp_path / "list.csv", backend=backend)
    assert FIRST not in str(caught.value)


def test_columns_that_are_left_out_are_named(tmp_path, capsys):
    (tmp_path / "multi.csv").write_text("file,a,b,c\n0.jpg,1,2,3\n")
    assert main(["make-list", str(tmp_path / "multi.csv"), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["notes"] == [
        "names are in the column 'file', labels in 'c'",
        "left out: the columns 'a', 'b'; --label-column takes another one for labels",
    ]
    (tmp_path / "two.csv").write_text("class,file\n1,0.jpg\n")
    assert main(["make-list", str(tmp_path / "two.csv")]) == 0
    said = capsys.readouterr()
    assert said.out == "0.jpg 1\n" and "left out" not in said.err
