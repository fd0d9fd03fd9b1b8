"""What mypy says about a user's scripts. (The package itself is checked by `make types`.)"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

# Each line with a mistake ends with what mypy is to say about it.
WRONG = """\
import numpy as np
import torch

from pixfeed import DataLoader, FastTxtDataset, imread, load_batch
from pixfeed import transforms as T
from pixfeed.datasets import CIFAR10, MNIST, ImageFolder

train = FastTxtDataset("list.txt", "images", interpolation="bilinaer")  # incompatible type "Literal['bilinaer']"
train = FastTxtDataset("list.txt", "images", dtype=np.float32)  # expected "dtype"
train = FastTxtDataset("list.txt", "images", resiz_height=3)  # did you mean "resize_height"?
loader = DataLoader(train, workers="threads")  # incompatible type "Literal['threads']"
image = imread("0.jpg", size=("256", 256))  # "tuple[str, int]"

train = FastTxtDataset.from_folder("images", on_error="skp")  # "Literal['skp']"
train = FastTxtDataset.from_samples(["0.jpg"], [0], transfrom=None)  # did you mean "transform"
train = ImageFolder("images", chanels="gray")  # did you mean "channels"?
digits = MNIST("data", transfrom=None)  # did you mean "transform"?
photos = CIFAR10("data", mean="0.5")  # incompatible type "str"
batch = load_batch(["0.jpg"], (64, 64), reduced=3)  # "Literal[3]"
images: int = load_batch(["0.jpg"], (64, 64))  # expression has type "Tensor"
step = T.Resize(64, interpolation="cubic")  # "Literal['cubic']"
step = T.RandomCrop(64, padding_mode="mirror")  # "Literal['mirror']"
"""

RIGHT = """\
from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch.utils.data import ConcatDataset, Subset

import pixfeed
from pixfeed import DataLoader, FastTxtDataset, ImageError, imread, load_batch, pad_collate, resize, to_device
from pixfeed import transforms as T
from pixfeed.datasets import CIFAR10, MNIST, ImageFolder


def augment(size: int) -> T.Compose:
    crop = T.RandomResizedCrop(size, scale=(0.2, 1.0), interpolation="bicubic")
    flips = [T.RandomHorizontalFlip(), T.RandomVerticalFlip(0.1)]
    values = [T.ToTensor(), T.Normalize([0.5, 0.5, 0.5], [0.2, 0.2, 0.2]), T.RandomErasing(value="random")]
    return T.Compose([crop, *flips, T.ColorJitter(0.4, 0.4, (0.8, 1.2)), *values])


def main() -> None:
    train = FastTxtDataset("train.txt", "images", 256, None, repeat=None, channels="gray", decode="scaled")
    train = FastTxtDataset("train.txt", "images", transform=augment(224), on_error="skip", max_errors=3, seed=1)
    boxes = FastTxtDataset("boxes.txt", "images", targets="boxes", box_format="xyxy", min_visibility=0.1)
    train.transform = None
    train.set_epoch(3)
    few = Subset(train, [0, 1, 2])
    both: ConcatDataset[Any] = ConcatDataset([few, boxes])
    loader = DataLoader(both, 64, shuffle=True, num_workers=2, workers="thread")
    for images, labels in loader:
        images = to_device(images, "cuda", mean=0.5, std=[0.5, 0.5, 0.5], dtype=torch.float16)
        print(images.shape, labels.shape)
    print(loader.stats().verdict, [failure.path for failure in loader.report()])
    loader.load_state_dict(loader.state_dict())

    folder = FastTxtDataset.from_folder("images", 224, 224, dtype=torch.uint8, memory_format=torch.channels_last)
    print(folder.classes, folder.num_channels, folder.resize_height)
    folder = FastTxtDataset.from_samples(["0.jpg"], np.zeros(1), antialias=True, interpolation="bicubic")
    same_as_torchvision = ImageFolder("images", target_transform=str, resize_height=64, resize_width=64)
    digits, photos = MNIST("data", mean=0.1307, std=0.3081), CIFAR10("data", False, dtype=torch.uint8, seed=4)
    DataLoader(digits, batch_size=256, collate_fn=pad_collate)
    print(len(photos), same_as_torchvision.imgs)

    try:
        image = imread("0.jpg", size=(None, 256), roi=(0, 0, 8, 8), reduced=2, backend="native")
    except ImageError as error:
        print(error.path, error.line, error.status)
        raise
    small = resize(image, (32, 32), interpolation="area")
    out = torch.empty(2, 3, 32, 32)
    load_batch(["0.jpg", b"bytes"], (32, 32), out=out, rois=[[0, 0, 8, 8], [0, 0, 4, 4]], strict=True)
    print(small.mean(), out.mean(), pixfeed.memory.trim())


main()
"""


@pytest.mark.slow  # the first time, when mypy has nothing in its cache
def test_mypy_finds_every_mistake_in_a_script_and_nothing_else(tmp_path):
    (tmp_path / "wrong.py").write_text(WRONG)
    (tmp_path / "right.py").write_text(RIGHT)
    command = [sys.executable, "-m", "mypy", "--strict", "--follow-imports=silent", "--hide-error-context"]
    command += ["--config-file=", f"--cache-dir={ROOT / '.mypy_cache'}", "wrong.py", "right.py"]
    environment = {**os.environ, "MYPYPATH": str(ROOT / "python")}
    ran = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert (ran.returncode, ran.stderr) == (1, "")  # 2: mypy itself has failed
    said: dict[int, str] = {}
    for line in ran.stdout.splitlines()[:-1]:
        found = re.fullmatch(r"wrong\.py:(\d+): (?:error|note): (.*)", line)
        assert found, ran.stdout  # a line about the right script
        said[int(found[1])] = said.get(int(found[1]), "") + found[2] + "\n"
    wanted = {number: line.split("  # ")[1] for number, line in enumerate(WRONG.splitlines(), 1) if "  # " in line}
    assert said.keys() == wanted.keys(), ran.stdout
    for number, words in wanted.items():
        assert words in said[number]
