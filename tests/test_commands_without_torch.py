"""Commands that need no torch do not import it, even where it is installed: it takes longer than they do."""

from __future__ import annotations

import subprocess
import sys

import pytest

for _needed in ("click", "rich", "jinja2", "PIL", "xxhash"):
    pytest.importorskip(_needed)

RUN = (
    "import sys\n"
    "from pixfeed.commands.app import main\n"
    "code = main(sys.argv[1:])\n"
    "sys.exit(code if 'torch' not in sys.modules else 'torch was imported')"
)


def run(folder, *arguments: str) -> None:
    done = subprocess.run([sys.executable, "-c", RUN, *arguments], cwd=folder, text=True, capture_output=True)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture(scope="module")
def shapes(tmp_path_factory):
    folder = tmp_path_factory.mktemp("shapes")
    run(folder, "sample-data", ".")
    return folder


@pytest.mark.parametrize(
    "command",
    [
        "--help",
        "--version",
        "check train.txt photos --no-memory",
        "check masks.txt photos --mask-dir masks --no-memory --full",
        "check boxes.jsonl photos --no-memory",
        "make-list photos --out made.txt",
        "split train.txt --into a.txt=0.5 --into b.txt=0.5",
    ],
)
def test_no_torch(command, shapes, backend):
    run(shapes, *command.split())


@pytest.mark.parametrize("command", ["show train.txt photos", "bench train.txt photos"])
def test_what_needs_torch_says_so(command, shapes):
    hidden = "import sys; sys.modules['torch'] = None\n" + RUN
    arguments = [sys.executable, "-c", hidden, *command.split()]
    done = subprocess.run(arguments, cwd=shapes, text=True, capture_output=True)
    assert "pip install torch" in done.stderr and "Traceback" not in done.stderr and done.returncode != 0
