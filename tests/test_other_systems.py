"""What Windows lacks, taken away: fcntl and other modules of POSIX, forks, files in memory."""

from __future__ import annotations

import subprocess
import sys

import images

WITHOUT = """
import importlib, os, pkgutil, sys
import cv2, numpy as np, torch, torch.utils.data
for name in ("fcntl", "resource", "grp", "pwd", "termios"):
    sys.modules[name] = None
for name in ("fork", "memfd_create", "sched_getaffinity", "posix_fallocate", "getuid", "register_at_fork", "pread",
             "pwrite", "pwritev", "preadv", "mkfifo", "O_CLOEXEC", "O_NONBLOCK"):
    delattr(os, name)
import pixfeed
"""


def run(code: str, *arguments: str) -> None:
    done = subprocess.run([sys.executable, "-c", WITHOUT + code, *arguments], text=True, capture_output=True)
    assert done.returncode == 0, done.stderr


def test_every_module_is_imported():
    run(
        "for found in pkgutil.walk_packages(pixfeed.__path__, 'pixfeed.'):\n"
        "    if not found.name.endswith(('__main__', 'accelerate', '_native')):\n"
        "        importlib.import_module(found.name)\n"
    )


def test_batches_are_made(tmp_path, backend):
    for i in range(5):
        (tmp_path / f"{i}.jpg").write_bytes(images.jpeg(images.picture(20, 30)))
    (tmp_path / "list.txt").write_text("".join(f"{i}.jpg {i}\n" for i in range(5)))
    run(
        "backend, folder = sys.argv[1:]\n"
        "data = pixfeed.FastTxtDataset(f'{folder}/list.txt', folder, 8, 8, backend=backend)\n"
        "for workers in (0, 2):\n"
        "    loader = pixfeed.DataLoader(data, batch_size=2, num_workers=workers)\n"
        "    assert [labels.flatten().tolist() for _, labels in loader] == [[0, 1], [2, 3], [4]]\n",
        backend,
        str(tmp_path),
    )
