"""pixfeed check: faults that were planted are found, and nothing else is."""

from __future__ import annotations

import json
import os
import re

import faulty_folder
import images
import pytest

from pixfeed.commands.app import main
from pixfeed.tools.checking import facts
from pixfeed.tools.checking.rules import RULES


@pytest.fixture(autouse=True)
def memory(tmp_path_factory, monkeypatch):
    """What is remembered is kept in a folder of the test's own."""
    folder = tmp_path_factory.mktemp("cache")
    monkeypatch.setenv("XDG_CACHE_HOME", str(folder))
    return folder


@pytest.fixture(autouse=True)
def each_backend(backend, monkeypatch):
    monkeypatch.setenv("PIXFEED_BACKEND", backend)


def found(capsys, *arguments: object) -> dict:
    status = main([*map(str, arguments), "--json"])
    result = json.loads(capsys.readouterr().out)
    assert status == int(bool(result["findings"]))
    return result


def rules_by_line(result: dict) -> dict[int, str]:
    assert len({each["line"] for each in result["findings"]}) == len(result["findings"])
    return {each["line"]: each["rule"] for each in result["findings"]}


def test_every_planted_fault_is_named(tmp_path, capsys, monkeypatch):
    train, val, faults = faulty_folder.labelled(tmp_path)
    assert len(faults) >= 15
    arguments = ["check", train, tmp_path / "images", "--against", val]
    result = found(capsys, *arguments)
    assert rules_by_line(result) == faults
    lines = train.read_text().splitlines()
    for each in result["findings"]:
        assert each["list"] == str(train) and each["severity"] == RULES[each["rule"]].severity and each["message"]
        assert each["file"].endswith(lines[each["line"] - 1].split()[0]) or each["rule"] == "bad-line"
    assert main(list(map(str, arguments))) == 1
    out = capsys.readouterr().out
    for number, rule in faults.items():
        name = lines[number - 1].split()[0]
        assert re.search(rf"^{re.escape(str(train))}:{number}: {rule}: .*{re.escape(name)}", out, re.M), (number, rule)


def test_fix_leaves_the_good_lines(tmp_path, capsys):
    train, val, faults = faulty_folder.labelled(tmp_path)
    good = tmp_path / "good.txt"
    arguments = ["check", train, tmp_path / "images", "--against", val, "--fix", good]
    result = found(capsys, *arguments)
    kept = [
        line
        for number, line in enumerate(train.read_text().splitlines(), 1)
        if number not in faults or RULES[faults[number]].severity == "note"
    ]
    assert good.read_text().splitlines() == kept and result["good"] == len(kept) and result["lines"] == 26
    notes = {rule for rule in faults.values() if RULES[rule].severity == "note"}
    assert {"cmyk", "turned", "suffix"} <= notes
    again = found(capsys, "check", good, tmp_path / "images", "--against", val)
    assert {each["severity"] for each in again["findings"]} == {"note"}
    found(capsys, *arguments, "--drop", ",".join(notes))
    assert good.read_text().splitlines() == [line for line in kept if line.startswith("good")]
    found(capsys, "check", good, tmp_path / "images")
    assert main(["check", str(good), str(tmp_path / "images")]) == 0


def test_rules_can_be_ignored(tmp_path, capsys):
    train, _, faults = faulty_folder.labelled(tmp_path)
    rest = sorted(set(faults.values()) - {"missing", "empty"})
    result = found(capsys, "check", train, tmp_path / "images", "--ignore", ",".join(rest), "--ignore", "empty")
    assert rules_by_line(result) == {7: "missing"}


def test_boxes(tmp_path, capsys):
    path, faults = faulty_folder.boxed(tmp_path)
    result = found(capsys, "check", path)
    assert rules_by_line(result) == faults and result["classes"] == {"0": 4, "1": 1}
    result = found(capsys, "check", path, "--classes", 1)
    assert {each["rule"] for each in result["findings"]} == {*faults.values(), "label-range"}


def test_masks(tmp_path, capsys):
    path, faults = faulty_folder.masked(tmp_path)
    assert rules_by_line(found(capsys, "check", path, "--classes", 2)) == faults
    without_classes = {line: rule for line, rule in faults.items() if rule != "mask-range"}
    assert rules_by_line(found(capsys, "check", path)) == without_classes


def test_keypoints(tmp_path, capsys):
    (tmp_path / "a.jpg").write_bytes(images.jpeg(images.picture(20, 30)))
    (tmp_path / "list.jsonl").write_text(
        '{"image": "a.jpg", "keypoints": [[30, 20, 2], [0, 0, 1]]}\n{"image": "a.jpg", "keypoints": [[31, 5, 1]]}\n'
        '{"image": "a.jpg", "keypoints": [[99, 99, 0]]}\n'
    )
    result = found(capsys, "check", tmp_path / "list.jsonl", "--ignore", "conflict,duplicate")
    assert rules_by_line(result) == {2: "point-outside"}


def test_damage_behind_the_header_is_found_by_decoding(tmp_path, capsys):
    data = bytearray(images.png(images.picture(40, 40)))
    at = data.index(b"IDAT") + 200
    data[at : at + 40] = bytes(40)
    (tmp_path / "a.png").write_bytes(data)
    (tmp_path / "list.txt").write_text("a.png 0\n")
    assert rules_by_line(found(capsys, "check", tmp_path / "list.txt")) == {}
    assert rules_by_line(found(capsys, "check", tmp_path / "list.txt", "--full")) == {1: "corrupt"}


def test_a_list_with_columns_and_quotes(tmp_path, capsys):
    (tmp_path / "my photo.jpg").write_bytes(images.jpeg(images.picture(20, 30)))
    (tmp_path / "list.csv").write_bytes(b'\xef\xbb\xbfname,label\r\n"my photo.jpg",3\r\n\r\nnowhere.jpg,x\r\n')
    good = tmp_path / "good.csv"
    arguments = ["check", tmp_path / "list.csv", "--delimiter", ",", "--header", "--fix", good]
    result = found(capsys, *arguments)
    assert rules_by_line(result) == {4: "bad-line"} and result["classes"] == {"3": 1}
    assert good.read_bytes() == b'\xef\xbb\xbfname,label\r\n"my photo.jpg",3\r\n'


def test_names_that_are_nearly_right(tmp_path, capsys):
    (tmp_path / "a.JPG").write_bytes(images.jpeg(images.picture(20, 30)))
    (tmp_path / "list.txt").write_text("a.jpg 0\n")
    (finding,) = found(capsys, "check", tmp_path / "list.txt")["findings"]
    assert finding["rule"] == "missing" and "there is a.JPG" in finding["message"]
    assert main(["check", str(tmp_path / "list.txt")]) == 1
    assert "is that the right folder?" in capsys.readouterr().out


def test_what_was_found_is_remembered_until_a_file_changes(tmp_path, capsys, monkeypatch):
    for i in range(5):
        (tmp_path / f"{i}.jpg").write_bytes(images.jpeg(images.picture(20, 30, seed=i)))
    (tmp_path / "list.txt").write_text("".join(f"{i}.jpg 0\n" for i in range(5)))
    read: list[str] = []
    of_files = facts.of_files

    def counted(paths, *rest):
        read.extend(paths)
        return of_files(paths, *rest)

    monkeypatch.setattr(facts, "of_files", counted)
    monkeypatch.setattr(facts, "_STEP", 0)  # the files were written just now
    first = found(capsys, "check", tmp_path / "list.txt")
    assert len(read) == 5
    assert found(capsys, "check", tmp_path / "list.txt") == first and len(read) == 5
    (tmp_path / "3.jpg").write_bytes(b"")
    assert rules_by_line(found(capsys, "check", tmp_path / "list.txt")) == {4: "empty"}
    assert read[5:] == [str(tmp_path / "3.jpg")]
    found(capsys, "check", tmp_path / "list.txt", "--no-memory")
    assert len(read) == 11


def test_a_memory_that_cannot_be_had_does_no_harm(tmp_path, capsys, memory):
    (memory / "pixfeed").write_text("a file where the folder should be")
    train, val, faults = faulty_folder.labelled(tmp_path)
    assert rules_by_line(found(capsys, "check", train, tmp_path / "images", "--against", val)) == faults


def test_the_page_needs_nothing_else(tmp_path, capsys):
    train, val, faults = faulty_folder.labelled(tmp_path)
    text = train.read_text()
    name = "<b>&amp;.jpg"
    train.write_text(text + f"{name} 0\n")
    page = tmp_path / "report.html"
    result = found(capsys, "check", train, tmp_path / "images", "--against", val, "--html", page)
    html = page.read_text()
    assert all(f'id="{rule}"' in html for rule in result["counts"])
    assert all(f"{train}:{line}<" in html for line in faults)
    assert not re.search(r"<script|<link|@import|url\(", html)
    assert not re.search(r"""(?:src|href)=["'](?!data:image/jpeg|#)""", html)
    assert html.count("data:image/jpeg") >= 10  # pictures of what can be shown, the truncated one as well
    assert "<b>&amp;.jpg" not in html and "&lt;b&gt;&amp;amp;.jpg" in html


def test_many_findings_are_counted(tmp_path, capsys):
    (tmp_path / "list.txt").write_text("".join(f"{i}.jpg 0\n" for i in range(40)))
    assert main(["check", str(tmp_path / "list.txt")]) == 1
    out = capsys.readouterr().out
    assert out.count(": missing: ") == 25 and "40  error" in out and "--all" in out
    assert main(["check", str(tmp_path / "list.txt"), "--all"]) == 1
    assert capsys.readouterr().out.count(": missing: ") == 40


def test_fix_does_not_overwrite_the_list(tmp_path, capsys):
    (tmp_path / "list.txt").write_text("nowhere.jpg 0\n")
    assert main(["check", str(tmp_path / "list.txt"), "--fix", str(tmp_path / "list.txt")]) == 2
    assert (tmp_path / "list.txt").read_text() == "nowhere.jpg 0\n"


def test_damage_that_is_read_with_a_warning(tmp_path, capsys):
    folder = tmp_path / "images"
    folder.mkdir()
    whole = images.jpeg(images.picture(240, 320))
    start = whole.rindex(b"\xff\xda") + 14
    damaged = bytearray(whole)
    damaged[start + 200 : start + 400] = bytes(range(1, 201))  # no markers among them
    (folder / "good.jpg").write_bytes(whole)
    (folder / "damaged.jpg").write_bytes(damaged)
    (tmp_path / "train.txt").write_text("good.jpg 0\ndamaged.jpg 0\n")
    arguments = ["check", tmp_path / "train.txt", folder]
    assert rules_by_line(found(capsys, *arguments)) == {}
    result = found(capsys, *arguments, "--full")
    assert rules_by_line(result) == {2: "warned"}
    assert "strict=True" in result["findings"][0]["message"]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no pipes")
def test_pipes_and_devices_are_not_read(tmp_path, capsys):
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "train.txt").write_text("/dev/zero 0\npipe 1\n")
    result = found(capsys, "check", tmp_path / "train.txt", tmp_path)
    assert rules_by_line(result) == {1: "unreadable", 2: "unreadable"}
    assert "a pipe or a device" in result["findings"][0]["message"]
    assert main(["check", str(tmp_path / "pipe"), str(tmp_path)]) == 2
    assert "is no file" in capsys.readouterr().err
