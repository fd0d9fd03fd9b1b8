"""pixfeed split: shares of classes, groups that stay together, seeds."""

from __future__ import annotations

import json
from collections import Counter

import numpy as np
import pytest

from pixfeed.commands.app import main
from pixfeed.tools.splitting import split


def test_every_class_has_its_share():
    classes = [(i % 7,) for i in range(700)]
    part = split(classes, range(700), (0.8, 0.2), 0)
    counts = Counter((its[0], p) for its, p in zip(classes, part, strict=True))
    assert all(counts[each, 0] == 80 and counts[each, 1] == 20 for each in range(7))


@pytest.mark.parametrize("per_class", [1, 2, 3])
def test_classes_too_small_to_be_divided(per_class):
    n = 200 * per_class
    part = split([(i % 200,) for i in range(n)], range(n), (8, 1, 1), 3)
    np.testing.assert_allclose(np.bincount(part, minlength=3) / n, (0.8, 0.1, 0.1), atol=0.03)


def test_groups_stay_together():
    groups = [i // 9 for i in range(900)]
    classes = [(group % 3,) for group in groups]
    part = split(classes, groups, (0.7, 0.3), 1)
    assert all(len({p for p, g in zip(part, groups, strict=True) if g == group}) == 1 for group in range(100))
    for each in range(3):
        share = np.mean([p for p, its in zip(part, classes, strict=True) if its == (each,)])
        assert 0.25 < share < 0.35


def test_seeds():
    classes = [(i % 2,) for i in range(100)]
    parts = [split(classes, range(100), (1, 1), seed) for seed in (0, 0, 1)]
    assert parts[0] == parts[1] != parts[2]
    assert parts[0] != sorted(parts[0])


def test_without_classes():
    part = split([()] * 100, range(100), (0.8, 0.2), 0)
    assert Counter(part) == {0: 80, 1: 20}


def test_lines_stay_as_they_are(tmp_path, capsys):
    lines = [f'"a {i}.jpg",{i % 2}\r\n' for i in range(10)]
    (tmp_path / "all.csv").write_bytes(("name,label\r\n" + "".join(lines)).encode())
    into = [f"--into={tmp_path / 'train.csv'}=0.8", f"--into={tmp_path / 'val.csv'}=0.2"]
    assert main(["split", str(tmp_path / "all.csv"), *into, "--delimiter", ",", "--header", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert [each["lines"] for each in found["parts"]] == [8, 2]
    texts = [(tmp_path / name).read_bytes().decode() for name in ("train.csv", "val.csv")]
    assert all(text.startswith("name,label\r\n") for text in texts)
    rest = [line for text in texts for line in text.splitlines(keepends=True)[1:]]
    assert sorted(rest) == sorted(lines)


def test_groups_by_name(tmp_path, capsys):
    lines = "".join(f"p{i // 5}/{i}.jpg {i % 2}\n" for i in range(50)) + "last.jpg 0"
    (tmp_path / "all.txt").write_text(lines)
    arguments = ["split", str(tmp_path / "all.txt"), "--group", r"^p(\d+)/"]
    arguments += [f"--into={tmp_path / 'a.txt'}=1", f"--into={tmp_path / 'b.txt'}=1"]
    assert main(arguments) == 2
    assert "'last.jpg' (line 51)" in capsys.readouterr().err
    (tmp_path / "all.txt").write_text(lines.rpartition("\n")[0])
    assert main(arguments) == 0
    patients = [{line.split("/")[0] for line in (tmp_path / f"{p}.txt").read_text().splitlines()} for p in "ab"]
    assert not patients[0] & patients[1] and len(patients[0]) == len(patients[1]) == 5


def test_wrong_usage(tmp_path, capsys):
    (tmp_path / "all.txt").write_text("a.jpg 0\nb.jpg\n")
    path = str(tmp_path / "all.txt")
    for arguments in (
        [],
        ["--into", "x=1"],
        ["--into", "x", "--into", "y=1"],
        ["--into", "x=0", "--into", "y=1"],
        ["--into", "x=1", "--into", "x=1"],
        ["--into", f"{path}=1", "--into", "y=1"],
        ["--into", "x=1", "--into", "y=1"],  # a line cannot be used
        ["--into", "x=1", "--into", "y=1", "--group", "("],
    ):
        assert main(["split", path, *arguments]) == 2, arguments
    assert sorted(each.name for each in tmp_path.iterdir()) == ["all.txt"]
