"""pixfeed doctor: facts, advice, and a report that gives nobody away."""

from __future__ import annotations

import collections
import json
import socket

import pytest

from pixfeed import control_groups
from pixfeed.commands.app import main
from pixfeed.tools import doctor


def test_sections(backend, monkeypatch):
    monkeypatch.setenv("PIXFEED_BACKEND", backend)
    report = doctor.examine()
    assert set(report.sections) >= {"versions", "backend", "processor", "memory", "limits", "torch", "environment"}
    assert report.sections["backend"]["in use"] == f"{backend}, as PIXFEED_BACKEND says"
    assert report.sections["environment"]["PIXFEED_BACKEND"] == backend
    assert report.sections["limits"]["start method"] in ("fork", "forkserver", "spawn")
    assert "allocator" in report.sections["memory"]


def test_advice_about_a_small_container(monkeypatch):
    usage = collections.namedtuple("usage", "total used free")
    monkeypatch.setattr(doctor.shutil, "disk_usage", lambda path: usage(64 << 20, 0, 64 << 20))
    monkeypatch.setattr(control_groups, "free_memory", lambda: 1 << 30)
    monkeypatch.setattr(control_groups, "cpu_quota", lambda: 0.5)
    monkeypatch.setenv("PIXFEED_JPEG", "turbo")
    monkeypatch.setenv("PIXFEED_NUM_THREADS", "500")
    advice = "\n".join(doctor.examine().advice)
    for words in ("--shm-size", "1.0 GiB of memory", "0.5 of", "PIXFEED_JPEG=turbo", "PIXFEED_NUM_THREADS=500"):
        assert words in advice


def test_status_says_whether_there_is_advice(capsys, monkeypatch):
    for advice, status in ([], 0), (["Do something."], 1):
        monkeypatch.setattr(doctor, "examine", lambda advice=advice: doctor.Report({"versions": {"a": "1"}}, advice))
        assert main(["doctor", "--json"]) == status
        assert json.loads(capsys.readouterr().out)["advice"] == advice
        assert main(["doctor"]) == status
        assert "versions" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("/home/ann/data/a.jpg", "~/data/a.jpg"),
        ("'/Users/ann lee/x'", "'~ lee/x'"),
        ("C:\\Users\\ann\\x", "~\\x"),
        ("/opt/me/x", "~/x"),
        ("/opt/menu/x", "/opt/menu/x"),
        ("https://a.org/x.whl?token=secret#f and more", "https://a.org/x.whl?... and more"),
        ("https://ann:secret@a.org/x", "https://...@a.org/x"),
        ("on box7.lab.org now", "on HOST now"),
        ("box7, box70", "HOST, box70"),
    ],
)
def test_a_report_gives_nobody_away(text, shown, monkeypatch):
    monkeypatch.setenv("HOME", "/opt/me")
    monkeypatch.setattr(socket, "gethostname", lambda: "box7.lab.org")
    monkeypatch.setattr(doctor.platform, "node", lambda: "box7.lab.org")
    assert doctor.without_secrets(text) == shown


def test_the_report_is_text_without_secrets(capsys, monkeypatch):
    monkeypatch.setenv("HOME", "/opt/me")
    monkeypatch.setenv("PIXFEED_X", "/opt/me/x?y https://a.org/?secret")
    main(["doctor", "--report"])
    out = capsys.readouterr().out
    assert "[versions]" in out and "PIXFEED_X: ~/x?y https://a.org/?..." in out and "secret" not in out
