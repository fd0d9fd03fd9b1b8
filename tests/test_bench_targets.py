"""pixfeed bench loads masks and boxes with their images."""

from __future__ import annotations

import json

import images
import numpy as np
import pytest
from PIL import Image

from pixfeed.commands.app import main
from pixfeed.tools import bench


@pytest.fixture
def folder(tmp_path, backend, monkeypatch):
    monkeypatch.setenv("PIXFEED_BACKEND", backend)
    (tmp_path / "masks").mkdir()
    for i in range(4):
        (tmp_path / f"{i}.png").write_bytes(images.png(images.picture(20, 30, seed=i)))
        Image.fromarray(np.full((20, 30), i, np.uint8)).save(tmp_path / "masks" / f"{i}.png")
    (tmp_path / "masks.txt").write_text("".join(f"{i}.png {i}.png\n" for i in range(4)))
    lines = [{"image": f"{i}.png", "boxes": [[1, 2, 3, 4]] * i, "labels": [1] * i} for i in range(4)]
    (tmp_path / "boxes.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    return tmp_path


@pytest.mark.parametrize(("name", "kind"), [("masks.txt", "mask"), ("boxes.jsonl", "boxes")])
def test_targets_are_loaded(folder, name, kind, capsys, monkeypatch):
    seen = []

    def batches(loader):
        seen.append(next(iter(loader))[1])
        while True:
            yield len(seen[-1])

    monkeypatch.setattr(bench, "_batches", batches)
    arguments = [folder / name, folder, "--mask-dir", folder / "masks", "--seconds", 0.01, "--batch-size", 4]
    assert main(["bench", *map(str, arguments), "--size", "10", "--workers", "0", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["images"] == 4
    ours = seen[0]
    if kind == "boxes":
        assert [len(target["boxes"]) for target in ours] == [0, 1, 2, 3]
    else:
        assert all((target[:, 0, 0] == target.new_tensor([0, 1, 2, 3])).all() for target in seen)
