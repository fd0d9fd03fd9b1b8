"""Scripts as they are, and after the swap that they name: the same output, to the bit."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from images import jpeg, picture
from PIL import Image
from torch.utils.data import DataLoader as TorchLoader

import pixfeed

FOLDER = Path(__file__).with_name("swaps")
SCRIPTS = sorted(path.stem for path in FOLDER.glob("*.py") if path.stem not in ("plain", "__init__"))
MARK = "# swap: "
COUNT = 12


@pytest.fixture
def data(tmp_path, backend, monkeypatch) -> Path:
    """Pictures with a list of labels, of masks and of boxes, and in a folder per class. Scripts name no backend, so the
    environment does."""
    monkeypatch.setenv("PIXFEED_BACKEND", backend)
    lists: dict[str, list[str]] = {"train": [], "pairs": [], "boxes": [], "yolo": []}
    for name in ("images", "labels"):
        (tmp_path / name).mkdir()
    for i in range(COUNT):
        image = picture(60 + i, 80, seed=i)
        (tmp_path / f"{i}.jpg").write_bytes(jpeg(image))
        Image.fromarray((image[..., 0] > 128).astype(np.uint8)).save(tmp_path / f"{i}_mask.png")
        of_class = tmp_path / "classes" / f"class {i % 3}"
        of_class.mkdir(parents=True, exist_ok=True)
        (of_class / f"{i}.jpg").write_bytes(jpeg(image))
        lists["train"].append(f"{i}.jpg {i} {i % 3}")
        lists["pairs"].append(f"{i}.jpg {i}_mask.png")
        lists["boxes"].append(f"{i}.jpg " + " ".join(f"{k} {3 * k} {5 + k} 20 {10 + k}" for k in range(1 + i % 3)))
        (tmp_path / "images" / f"{i}.jpg").write_bytes(jpeg(image))
        shares = [f"{k} 0.5 {0.4 + k / 10} 0.{k + 2} 0.25\n" for k in range(1 + i % 3)]
        (tmp_path / "labels" / f"{i}.txt").write_text("".join(shares))
        lists["yolo"].append(str(tmp_path / "images" / f"{i}.jpg"))
    for name, lines in lists.items():
        (tmp_path / f"{name}.txt").write_text("".join(f"{line}\n" for line in lines))
    return tmp_path


def swapped(text: str) -> tuple[str, list[str]]:
    """The script after the swap, and the lines that it changes. ``# swap: `` stands behind the line that the rest takes
    the place of, or in the line above it."""
    after, changed = [], []
    lines = iter(text.splitlines())
    for line in lines:
        before, mark, new = line.partition(MARK)
        if mark:
            changed.append(before.strip() or next(lines).strip())
            line = before[: len(before) - len(before.lstrip())] + new
        after.append(line)
    return "\n".join(after), changed


def run(text: str, folder: Path) -> tuple[list, dict]:
    names: dict = {}
    exec(compile(text, "script", "exec"), names)
    return list(names["main"](folder)), names


def assert_equal(found, expected) -> None:
    if isinstance(expected, torch.Tensor):
        assert found.dtype == expected.dtype and torch.equal(found, expected)
    elif isinstance(expected, dict):
        assert found.keys() == expected.keys()
        for name, value in expected.items():
            assert_equal(found[name], value)
    elif isinstance(expected, (list, tuple)):
        assert len(found) == len(expected)
        for one, other in zip(found, expected, strict=True):
            assert_equal(one, other)
    else:
        assert found == expected


@pytest.mark.parametrize("name", SCRIPTS)
def test_the_output_is_the_same(name, data):
    text = (FOLDER / f"{name}.py").read_text()
    before, old = run(text, data)
    after, new = run(swapped(text)[0], data)
    assert old["DataLoader"] is TorchLoader and new["DataLoader"] is pixfeed.DataLoader
    assert len(before) > 3
    assert_equal(after, before)


@pytest.mark.parametrize("name", SCRIPTS)
def test_the_swap_is_in_the_imports(name):
    """Scripts are short. Imports change, and at most the line that makes the dataset."""
    text = (FOLDER / f"{name}.py").read_text()
    assert len(text.splitlines()) <= 30
    others = [line for line in swapped(text)[1] if not line.startswith("from ")]
    assert len(others) <= 1 and all(line.startswith("dataset = ") for line in others)
