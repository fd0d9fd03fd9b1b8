"""``python -m pixfeed``, which is also the program ``pixfeed``."""

from __future__ import annotations

import sys

from pixfeed._packages import explained

try:
    from pixfeed.commands.app import main
except ImportError as error:
    if (sentence := explained("the program pixfeed", error)) is None:
        raise
    sys.exit(f"{sentence}{' rich jinja2 pillow xxhash' if error.name == 'click' else ''}")

if __name__ == "__main__":
    sys.exit(main())
