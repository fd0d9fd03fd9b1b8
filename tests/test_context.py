"""The cores that this process may use."""

from __future__ import annotations

import os

from pixfeed import context


def test_cores_of_a_container(tmp_path):
    (tmp_path / "cpu.max").write_text("max 100000\n")
    assert context._quota(str(tmp_path)) is None
    (tmp_path / "cpu.max").write_text("150000 100000\n")
    assert context._quota(str(tmp_path)) == 1.5
    (tmp_path / "cpu.max").unlink()
    (tmp_path / "cpu").mkdir()
    (tmp_path / "cpu" / "cpu.cfs_quota_us").write_text("300000\n")
    (tmp_path / "cpu" / "cpu.cfs_period_us").write_text("100000\n")
    assert context._quota(str(tmp_path)) == 3
    (tmp_path / "cpu" / "cpu.cfs_quota_us").write_text("-1\n")
    assert context._quota(str(tmp_path)) is None
    assert context._quota(str(tmp_path / "nowhere")) is None
    assert 1 <= context.cores() <= len(os.sched_getaffinity(0))
