"""Commands and lists whose labels are names of classes: read as ``classes="auto"`` reads them."""

from __future__ import annotations

import json

import images
import pytest

from pixfeed import FileList, ListError
from pixfeed.commands.app import main
from pixfeed.tools.checking import lines


@pytest.fixture(autouse=True)
def each_backend(backend, monkeypatch, tmp_path_factory):
    monkeypatch.setenv("PIXFEED_BACKEND", backend)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))


@pytest.fixture
def photos(tmp_path):
    """A folder per class, with two pictures each, and a table of them."""
    rows = []
    for number, name in enumerate(("square", "circle", "square", "star")):
        path = tmp_path / "photos" / name / f"{number}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(images.png(images.picture(20, 30, seed=number)))
        rows.append(f"{name}/{number}.png,{name}\n")
    (tmp_path / "named.csv").write_text("".join(["file,class\n", *rows]))
    return tmp_path / "photos"


def ran(capsys, *arguments: object, status: int = 0) -> dict:
    assert main([*map(str, arguments), "--json"]) == status
    return json.loads(capsys.readouterr().out)


FLAGS = ("--delimiter", ",", "--header")


@pytest.mark.parametrize("more", [(), ("--targets", "labels")])
def test_check_knows_names_of_classes(photos, capsys, more):
    found = ran(capsys, "check", photos.parent / "named.csv", photos, *FLAGS, *more)
    assert found["targets"] == "labels" and not found["findings"]
    assert found["classes"] == {"circle": 1, "square": 2, "star": 1}
    assert main(["check", str(photos.parent / "named.csv"), str(photos), *FLAGS, *more]) == 0
    said = capsys.readouterr().out
    assert "3 classes (circle: 1, square: 2, star: 1)" in said and 'classes="auto"' in said


def test_the_numbers_of_names_are_those_of_the_dataset(photos, capsys):
    path = photos.parent / "named.csv"
    theirs = FileList(path, delimiter=",", header=True, classes="auto").class_to_idx
    assert lines.read(path, None, ",", True).class_to_idx == theirs
    found = ran(capsys, "check", path, photos, *FLAGS, "--classes", 2, status=1)["findings"]
    assert [each["rule"] for each in found] == ["label-range"] and "star is number 2" in found[0]["message"]


def test_lists_with_names_are_compared(photos, capsys):
    other = photos.parent / "other.csv"
    other.write_text("file,class\ncircle/1.png,circle\nsquare/0.png,triangle\n")
    found = ran(capsys, "check", photos.parent / "named.csv", photos, *FLAGS, "--against", other, status=1)["findings"]
    words = [each["message"] for each in found if each["rule"].startswith("class-")]
    assert [word.split(" (")[0] for word in words] == ["the class square", "the class star", "the class triangle"]


def test_a_page_of_a_list_with_names(photos, capsys):
    page = photos.parent / "page.html"
    ran(capsys, "check", photos.parent / "named.csv", photos, *FLAGS, "--html", page)
    assert "star" in page.read_text()


def test_show_draws_samples_with_names(photos, capsys):
    out = photos.parent / "sheet.html"
    found = ran(capsys, "show", photos.parent / "named.csv", photos, *FLAGS, "--out", out)
    assert found["targets"] == "labels" and found["refused"] == 0
    assert all(name in out.read_text() for name in ("circle", "square", "star"))


def test_split_gives_each_part_its_share_of_names(tmp_path, capsys):
    (tmp_path / "all.txt").write_text("".join(f"{i}.png {'cat' if i % 2 else 'dog'}\n" for i in range(40)))
    parts = [tmp_path / "a.txt", tmp_path / "b.txt"]
    ran(capsys, "split", tmp_path / "all.txt", "--into", f"{parts[0]}=0.5", "--into", f"{parts[1]}=0.5")
    assert [each.read_text().count("cat") for each in parts] == [10, 10]


@pytest.mark.parametrize("command", ["check", "show"])
@pytest.mark.parametrize(
    "text", ["file,class\ncircle/1.png,circle\n", "a.jpg;cat\n", "a b.jpg,golden retriever\nc.jpg,cat\n", '"a.jpg",b\n']
)
def test_a_delimiter_that_was_not_given(tmp_path, capsys, command, text):
    (tmp_path / "named.csv").write_text(text)
    separator = ";" if ";" in text else ","
    assert main([command, str(tmp_path / "named.csv"), str(tmp_path)]) == 2
    assert f"say --delimiter '{separator}', and --header" in capsys.readouterr().err


def test_a_folder_is_no_mask(photos, capsys):
    found = ran(capsys, "check", photos.parent / "named.csv", photos, *FLAGS, "--targets", "mask", status=1)["findings"]
    assert {each["rule"] for each in found} == {"mask-missing"}
    assert all(each["message"].startswith("a folder is no mask;") for each in found)


def test_what_is_wrong_with_a_mask_is_said_without_gaps(photos, capsys):
    (photos / "bad.png").write_bytes(b"no picture")
    (photos.parent / "masks.txt").write_text("circle/1.png bad.png\n")
    (found,) = ran(capsys, "check", photos.parent / "masks.txt", photos, status=1)["findings"]
    assert found["rule"] == "mask-missing" and found["message"].startswith("[10 bytes]: ")


@pytest.mark.parametrize(
    ("text", "problems"),
    [
        ("a.jpg cat\nb.jpg\nc.jpg dog\n", ["", "there is no label after the name", ""]),
        ('a.jpg cat\nb.jpg dog\n{"image": "c.jpg", "label": 0}\n', ["", "", "this is JSON, and most lines have names"]),
        ("a.jpg cat\nb.jpg dog big\nc.jpg dog\n", ["", "2 labels, and most lines have 1", ""]),
        ("a.jpg 0\nb.jpg dog\nc.jpg 2\n", ["", "'dog' is no number", ""]),
        (
            "0 0 a.jpg\n1 0 b.jpg\n",
            [f"'{name}.jpg' is no number; if it is the image, it must be the first field" for name in "ab"],
        ),
        ("my nice a.jpg\nmy nice b.jpg\n", ["'nice' is no number"] * 2),
    ],
)
def test_lines_among_names(tmp_path, text, problems):
    (tmp_path / "list.txt").write_text(text)
    found = [line.problem for line in lines.read(tmp_path / "list.txt").lines]
    assert [bool(each) for each in found] == list(map(bool, problems))
    assert all(each.startswith(words) for each, words in zip(found, problems, strict=True))


def test_names_with_blanks_around_them_are_the_same(tmp_path):
    (tmp_path / "list.csv").write_text("a.jpg, cat\nb.jpg,cat \n")
    assert lines.read(tmp_path / "list.csv", None, ",").class_to_idx == {"cat": 0}
    with pytest.raises(ListError, match="separated by ','"):
        lines.read(tmp_path / "list.csv")
