"""Whether the pixfeed that is installed has the codecs of a wheel, and of which versions."""

from __future__ import annotations

import re
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]


def archives() -> dict[str, str]:
    """The codecs that wheels are built with, and their versions: ``{"libpng": "1.6.58", ...}``."""
    text = (ROOT / "cmake" / "archives.cmake").read_text()
    return dict(re.findall(r"set\(pixfeed_archive_(\S+) (\S+)", text))


def main() -> int:
    from pixfeed import _native

    # What the others call themselves is the name of their archive.
    expected = {f"{name.replace('highway', 'Highway')} {version}" for name, version in archives().items()}
    codecs = {each for format in _native.codecs().values() for each in format.split(", ")}
    print(f"codecs: {', '.join(sorted(codecs))}")
    if codecs != expected:
        print(f"but cmake/archives.cmake has: {', '.join(sorted(expected))}")
    return int(codecs != expected)


if __name__ == "__main__":
    sys.exit(main())
