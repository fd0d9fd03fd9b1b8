"""``python -m pixfeed``, which is also the program ``pixfeed``."""

from __future__ import annotations

import sys

try:
    from pixfeed.commands.app import main
except ModuleNotFoundError as error:
    if error.name not in ("click", "rich", "jinja2"):
        raise
    sys.exit(f"the program pixfeed needs {error.name}, which is not installed: pip install click rich jinja2")

if __name__ == "__main__":
    sys.exit(main())
