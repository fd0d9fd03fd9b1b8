"""pixfeed bench: it measures something, and its advice follows from that. (No test compares times.)"""

from __future__ import annotations

import json
import pickle

import images
import numpy as np
import pytest

from pixfeed.commands.app import main
from pixfeed.tools import bench


@pytest.mark.parametrize("workers", [0, 2])
def test_every_figure_is_there(tmp_path, capsys, monkeypatch, backend, workers):
    monkeypatch.setenv("PIXFEED_BACKEND", backend)
    for i in range(6):
        (tmp_path / f"{i}.jpg").write_bytes(images.jpeg(images.picture(40, 60, seed=i)))
    (tmp_path / "5.jpg").write_bytes(b"no image")
    (tmp_path / "train.txt").write_text("".join(f"{i}.jpg 0\n" for i in range(6)))
    arguments = ["bench", str(tmp_path / "train.txt"), "--seconds", "0.01", "--batch-size", "2", "--size", "32"]
    arguments += ["--workers", str(workers), "--step-ms", "0.000001"]
    assert main([*arguments, "--json"]) == 1  # nobody can be that fast
    found = json.loads(capsys.readouterr().out)
    assert set(found["batches"]) == {*bench.WAYS, "pure Python"} and set(found["single"]) == {"pixfeed", "pure Python"}
    rates = [found["warm"], *found["batches"].values(), *found["single"].values()]
    assert all(rate > 0 for rate in rates)
    assert found["images"] == 6 and found["workers"] == workers and found["needed"] == pytest.approx(2e9)
    assert "the loader is the limit" in found["advice"][0]
    assert main(arguments[:-2]) == 0
    out = capsys.readouterr().out
    assert "pure Python" in out and "100 ms: 20" in out


def test_pure_python_can_be_sent_to_a_worker(tmp_path):
    """To one that is not forked, which is how CPython 3.14 and newer start them."""
    pytest.importorskip("cv2")
    (tmp_path / "a.png").write_bytes(images.png(images.picture(8, 8)))
    rival = pickle.loads(pickle.dumps(bench.PurePython([str(tmp_path / "a.png")], np.array([3]), 4)))
    image, label = rival[0]
    assert image.shape == (3, 4, 4) and label == 3


def of(
    plain: float, small: float, scaled: float, cold: float = 1e6, workers: int = 4, cached: float = 0
) -> bench.Measured:
    rates = dict(zip(bench.WAYS, (plain, small, scaled, cached), strict=True))
    return bench.Measured(cold=cold, batches=rates, workers=workers)


def test_advice():
    assert bench.advice(of(1000, 1010, 1020), 4, 64, None) == [
        "Set num_workers=4: every core then reads images while the step runs."
    ]
    said = "\n".join(bench.advice(of(1000, 1500, 3000, cold=300, cached=12000), 4, 100, 50))
    for words in ("needs 2,000 images/s, and 1,000 are there", "num_workers=4", "dtype=torch.uint8 makes 1.50"):
        assert words in said
    assert "makes 8.00 times as many from the second epoch on" in said
    assert "decode='scaled' makes 2.00" in said and "cold disk come 300" in said
    (enough,) = bench.advice(of(1000, 1000, 1000), 4, 100, 500)  # 200 images/s
    assert "num_workers=1 " in enough
