"""The code in README.md, README.zh-CN.md and docs/ runs as it is printed, on what `pixfeed sample-data` writes."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from pixfeed.commands.app import app, main
from pixfeed.tools.checking.rules import RULES

ROOT = Path(__file__).parents[1]
DOCUMENTS = [ROOT / "README.md", ROOT / "README.zh-CN.md", *sorted((ROOT / "docs").glob("*.md"))]
# Lines that need the network, another project or a checkout.
_ELSEWHERE = re.compile(r"(?:pip install|apt-get|git|make|python -m examples|python -m benchmarks|torchrun)\b")
# docs/coming-from.md has tests of its own, which install nothing.
_OTHERS = {"coming-from.md"}


def blocks(kinds: tuple[str, ...]) -> list:
    found = []
    for path in DOCUMENTS:
        text = path.read_text(encoding="utf-8")
        for match in re.finditer(r"^```(\w+)\n(.*?)^```$", text, re.M | re.S):
            if match[1] in kinds and path.name not in _OTHERS:
                line = text[: match.start()].count("\n") + 1
                found.append(pytest.param(match[2], id=f"{path.name}:{line}"))
    return found


@pytest.fixture(scope="module")
def drawn(tmp_path_factory):
    folder = tmp_path_factory.mktemp("drawn")
    assert main(["sample-data", str(folder)]) == 0
    return folder


@pytest.fixture
def here(drawn, tmp_path):
    """A folder of the test's own, with the sample data in it."""
    for each in drawn.iterdir():
        (tmp_path / each.name).symlink_to(each)
    return tmp_path


def run(command: list[str], here: Path) -> subprocess.CompletedProcess:
    paths = os.pathsep.join([str(here / "bin"), os.environ["PATH"]])
    environment = {**os.environ, "PATH": paths, "XDG_CACHE_HOME": str(here / "cache")}
    return subprocess.run(command, cwd=here, env=environment, capture_output=True, text=True, timeout=300)


@pytest.mark.slow
@pytest.mark.parametrize("code", blocks(("python",)))
def test_python(code, here, monkeypatch):
    """Complete: its imports and its data are in it. (A process of its own would import torch each time.)"""
    monkeypatch.chdir(here)
    exec(compile(code, "block.py", "exec"), {"__name__": "__main__"})


@pytest.mark.slow
@pytest.mark.parametrize("code", blocks(("bash", "sh")))
def test_shell(code, here):
    (here / "bin").mkdir()
    (here / "bin" / "pixfeed").write_text(f'#!/bin/sh\nexec "{sys.executable}" -m pixfeed "$@"\n')
    (here / "bin" / "python").symlink_to(sys.executable)
    (here / "bin" / "pixfeed").chmod(0o755)
    if "sample-data" in code:
        for each in list(here.iterdir()):
            if each.is_symlink():
                each.unlink()
    lines = [line for line in code.splitlines() if not _ELSEWHERE.match(line.strip())]
    if not any(line.strip() for line in lines):
        pytest.skip("it installs or builds")
    done = run(["bash", "-c", "\n".join(lines)], here)
    # 1: a command has found something, which the block may be about.
    assert done.returncode in (0, 1) and "Error" not in done.stderr and "pixfeed: " not in done.stderr, done.stderr


def test_there_are_blocks_to_run():
    assert len(blocks(("python",))) >= 12 and len(blocks(("bash", "sh"))) >= 10
    for path in DOCUMENTS:
        text = path.read_text(encoding="utf-8")
        assert not re.search(r"^    (?:import|from|pixfeed) ", text, re.M), f"{path.name}: a block that is not run"
        kinds = set(re.findall(r"^```(\w*)\n", text, re.M)[::2]) - {""}
        assert kinds <= {"python", "bash", "sh", "text", "json", "diff"}, path.name


def test_links_lead_somewhere():
    for path in DOCUMENTS:
        for link in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", path.read_text(encoding="utf-8")):
            assert "://" in link or (path.parent / link).exists(), f"{path.name}: {link}"


def test_readme_fits_two_screens():
    for name in ("README.md", "README.zh-CN.md"):
        assert len((ROOT / name).read_text(encoding="utf-8").splitlines()) <= 90


def test_every_command_and_rule_is_described():
    text = (ROOT / "docs" / "command-line.md").read_text()
    for name, command in app.commands.items():
        assert command.hidden or f"## `pixfeed {name}`" in text, name
        schema = f"pixfeed.{name}/1"
        assert command.hidden or schema in text, schema
    for rule in RULES.values():
        assert f"| `{rule.id}` | {rule.severity} |" in text, rule.id
