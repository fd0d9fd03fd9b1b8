"""Each wheel in a clean environment of its own Python: python checks/try_wheel.py wheelhouse/*.whl

Installs the wheel as a user does, with torch and NumPy from the index, and runs tests/test_minimal.py in a folder that
has nothing else, as cibuildwheel does. Then without torch: what works on NumPy alone. Exit status 1 if anything fails.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[1]


def run(*command: str | Path, cwd: Path) -> tuple[bool, str]:
    """Whether it worked, and the last line that it said."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    environment["PIXFEED_BACKEND"] = "native"
    done = subprocess.run(
        command, cwd=cwd, env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    lines = done.stdout.strip().splitlines() or [""]
    if done.returncode != 0:
        print(done.stdout, file=sys.stderr)
    return done.returncode == 0, lines[-1].strip(" =")


def try_wheel(wheel: Path) -> bool:
    tag, abi = wheel.stem.split("-")[2:4]
    name = f"python3.{tag[3:]}{'t' if abi.endswith('t') else ''}"
    program = shutil.which(name)
    if program is None:
        print(f"{name}: not here")
        return False
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        (folder / "tests").mkdir()
        for test in ("test_minimal.py", "test_numpy_alone.py"):
            shutil.copy(ROOT / "tests" / test, folder / "tests")
        good = True
        for what, packages, test in (
            ("NumPy alone", ("--no-deps", wheel, "numpy"), "test_numpy_alone.py"),
            ("torch", (wheel,), "test_minimal.py"),
        ):
            environment = folder / what.split()[0]
            python = environment / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
            run(program, "-m", "venv", environment, cwd=folder)
            pip = (python, "-m", "pip", "--disable-pip-version-check", "install", "-q")
            worked, said = run(*pip, "-c", ROOT / "constraints.txt", *packages, cwd=folder)
            if worked:
                run(*pip, "pytest", cwd=folder)
                print(f"{name}: {run(python, ROOT / 'checks' / 'check_codecs.py', cwd=folder)[1]}")
                pytest = (python, "-m", "pytest", "-q", "-p", "no:cacheprovider", f"tests/{test}")
                worked, said = run(*pytest, cwd=folder)
            versions = "import numpy; print(numpy.__version__)"
            if what == "torch" and worked:
                versions = "import numpy, torch; print(numpy.__version__, 'torch', torch.__version__)"
            installed = run(python, "-c", versions, cwd=folder)[1]
            print(f"{name}, NumPy {installed}, {test}: {said}", flush=True)
            good &= worked
            shutil.rmtree(environment)
    return good


def main() -> int:
    results = [try_wheel(Path(wheel).resolve()) for wheel in sys.argv[1:]]
    return 0 if results and all(results) else 1


if __name__ == "__main__":
    sys.exit(main())
