"""torch's own tests of its DataLoader, with pixfeed's in its place; no test itself, because that file is torch's.

    python tests/run_torch_tests.py path/to/pytorch/test/test_dataloader.py [--torch] [arguments of pytest]

The file is in torch's source: take that of the installed torch, or of one nearby. It needs the packages expecttest and
psutil, and pytest-timeout if ``--timeout`` is among the arguments. ``--torch`` leaves torch's class where it is: what
fails then has nothing to do with pixfeed.
"""

from __future__ import annotations

import sys

import pytest
import torch.utils.data

import pixfeed

# At the top, because a process that is spawned imports this file again.
if "--torch" not in sys.argv:
    torch.utils.data.DataLoader = torch.utils.data.dataloader.DataLoader = pixfeed.DataLoader

if __name__ == "__main__":
    arguments = [argument for argument in sys.argv[1:] if argument != "--torch"]
    sys.exit(pytest.main(["--config-file=/dev/null", "--rootdir=.", "-p", "no:cacheprovider", *arguments]))
