"""python -m pixfeed parity: finds no difference where there is none, and finds one where there is."""

from __future__ import annotations

import os
import subprocess
import sys

import images
import numpy as np
import pytest

from pixfeed.__main__ import main
from pixfeed.tools import parity


@pytest.fixture
def folder(tmp_path):
    picture = images.picture(120, 90)
    (tmp_path / "sub").mkdir()
    (tmp_path / "a.jpg").write_bytes(images.with_orientation(images.jpeg(picture), 6))
    (tmp_path / "b.jpg").write_bytes(images.jpeg(images.picture(300, 401), progressive=True))
    (tmp_path / "c.png").write_bytes(images.png(picture))
    (tmp_path / "sub" / "d.webp").write_bytes(images.pillow(picture, "WEBP", quality=80))
    (tmp_path / "e.bmp").write_bytes(images.pillow(picture, "BMP"))
    (tmp_path / "tiny.png").write_bytes(images.png(images.picture(3, 5)))
    (tmp_path / "bad.jpg").write_bytes(images.jpeg(picture)[:700])
    (tmp_path / "notes.txt").write_text("no image")
    return tmp_path


def test_everything_is_identical(folder, backend):
    report = parity.compare(parity.find(folder), backend)
    assert report.status == 0 and report.compared == 6 and len(report.refused) == 1 and not report.only_one
    formats = {format for format, _, _ in report.exact}
    assert formats == {"jpeg", "png", "webp", "other"}
    assert report.exact["jpeg", "resize hamming", "Pillow"].files == 2
    assert report.exact["jpeg", "gray, reduced 8", "OpenCV"].identical == 2
    assert report.exact["webp", "gray, resize cubic", "OpenCV without IPP"].values == 250 * 253
    assert report.exact["png", "gray, resize lanczos", "Pillow"].identical == 2
    assert report.exact["png", "color", "Pillow"].values == 120 * 90 * 3 + 3 * 5 * 3
    assert report.scaled["jpeg"].mean < 2


@pytest.mark.slow
def test_real_pictures(shared_data, backend):
    """A sample; `python -m pixfeed parity` on the whole folder takes a minute."""
    files = parity.find(shared_data)[:: 25 if backend == "native" else 100]
    report = parity.compare(files, backend)
    assert report.status == 0, {key: tally for key, tally in report.exact.items() if tally.largest}


def test_differences_are_found(folder, monkeypatch):
    read = parity.imread

    def wrong(source, **options):
        image = read(source, **options)
        if options.get("channels") == "gray" and options.get("reduced") == 2:
            image = image.copy()
            image[0, 0] ^= 3
        return image

    monkeypatch.setattr(parity, "imread", wrong)
    report = parity.compare(parity.find(folder))
    assert report.status == 1
    different = {way for (_, way, _), tally in report.exact.items() if tally.identical < tally.files}
    assert different == {"gray, reduced 2"}
    tally = report.exact["webp", "gray, reduced 2", "OpenCV"]
    assert tally.largest in (1, 3) and tally.worst.endswith("d.webp") and 0 < tally.mean < 0.01


def test_a_size_that_differs_is_a_difference():
    tally = parity.Tally()
    tally.add("a", np.zeros((2, 3)), np.zeros((3, 2)))
    assert tally.largest == 255 and tally.identical == 0


def test_what_only_one_reads_is_a_difference(folder, monkeypatch):
    monkeypatch.setattr(parity, "_by_cv2", lambda data, flags: None)
    report = parity.compare([folder / "c.png"])
    assert report.only_one == [f"{folder / 'c.png'}: OpenCV does not read it"] and report.status == 1


def test_what_can_be_named(folder):
    assert len(parity.find(folder)) == 7
    assert parity.find(folder / "a.jpg") == [folder / "a.jpg"]
    (folder / "list.txt").write_text("a.jpg 0\nsub/d.webp 1\na.jpg 2\n")
    assert parity.find(folder / "list.txt") == [folder / "a.jpg", folder / "sub" / "d.webp"]
    (folder / "sub" / "list.txt").write_text("a.jpg 0\n")
    assert parity.find(folder / "sub" / "list.txt", folder) == [folder / "a.jpg"]


def printed(capsys, *arguments) -> tuple[int, list[str]]:
    status = main(["parity", *map(str, arguments)])
    return status, capsys.readouterr().out.splitlines()


def test_the_summary_comes_first(folder, capsys, monkeypatch, backend):
    monkeypatch.setenv("COLUMNS", "1000")
    status, (first, *_) = printed(capsys, folder / "c.png", "--backend", backend)
    assert status == 0 and first == "all identical: 1 of 1 files were compared, in 35 ways"
    (folder / "list.txt").write_text("c.png 0\nbad.jpg 1\nnowhere.jpg 2\n")
    status, (first, *_) = printed(capsys, folder / "list.txt", "--backend", backend)
    assert status == 0 and first.startswith(
        "all identical: 1 of 3 files were compared, in 35 ways; both refuse 2, the first: "
    )
    monkeypatch.setattr(parity, "_by_cv2", lambda data, flags: None)
    status, (first, *_) = printed(capsys, folder / "c.png", "--backend", backend)
    assert status == 1 and first.startswith(
        "NOT all identical (0 ways differ): 0 of 1 files were compared, in 0 ways; only one of both reads 1"
    )


def test_nothing_to_compare(folder, capsys, monkeypatch, backend):
    monkeypatch.setenv("COLUMNS", "1000")
    (folder / "missing.txt").write_text("".join(f"{i}.jpg 0\n" for i in range(3)))
    for path in (folder / "bad.jpg", folder / "missing.txt"):
        status, lines = printed(capsys, path, "--backend", backend)
        assert status == 2 and len(lines) == 1
        assert lines[0].startswith(f"nothing could be compared; both refuse {1 if 'bad' in path.name else 3}, the")
    assert parity.Report().status == 2


@pytest.mark.slow
def test_command_line(folder, capsys):
    (folder / "bad.jpg").unlink()
    result = subprocess.run(
        [sys.executable, "-m", "pixfeed", "parity", str(folder)],
        text=True,
        capture_output=True,
        env={**os.environ, "COLUMNS": "120"},
    )
    assert result.returncode == 0, result.stderr
    assert "all identical" in result.stdout and "resize lanczos4" in result.stdout
    assert main(["parity", str(folder / "nowhere")]) == 2
    (folder / "empty").mkdir()
    assert main(["parity", str(folder / "empty")]) == 2
    assert "no image" in capsys.readouterr().err
    assert main(["config"]) == 0 and main([]) == 0
    assert capsys.readouterr().out.count("pixfeed") >= 2
