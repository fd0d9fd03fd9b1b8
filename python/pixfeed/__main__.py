"""``python -m pixfeed``, which is also the program ``pixfeed``."""

from __future__ import annotations

import sys

from pixfeed.commands.app import main

if __name__ == "__main__":
    sys.exit(main())
