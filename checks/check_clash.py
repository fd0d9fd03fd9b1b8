"""The pixfeed that is installed beside other libraries with codecs of their own: python checks/check_clash.py

Takes those of PEERS that can be imported. Each reads the same files three times: alone in a process; in one process
after pixfeed; in one process before it. All three times the pixels have to be the same. Exit status 1 if they are not.
"""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
import tempfile
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

# The pixels of a file; None for a format that is not the library's.
Read = Callable[[Path], Any]


def pixfeed() -> Read:
    import pixfeed

    return pixfeed.imread


def pillow() -> Read:
    import numpy as np
    from PIL import Image

    return lambda path: np.asarray(Image.open(path).convert("RGB"))


def opencv() -> Read:
    import cv2

    return lambda path: cv2.imread(str(path))


def torchvision() -> Read:
    from torchvision.io import ImageReadMode, decode_image

    return lambda path: decode_image(str(path), mode=ImageReadMode.RGB).numpy()


def tensorflow() -> Read:
    import tensorflow as tf

    # WebP is another function there, which older releases lack.
    return lambda path: tf.io.decode_image(path.read_bytes(), channels=3).numpy() if path.suffix != ".webp" else None


def simplejpeg() -> Read:
    import simplejpeg as module

    return lambda path: module.decode_jpeg(path.read_bytes()) if path.suffix == ".jpg" else None


PEERS = {"PIL": pillow, "cv2": opencv, "torchvision": torchvision, "tensorflow": tensorflow, "simplejpeg": simplejpeg}
ALL = {"pixfeed": pixfeed, **PEERS}


def digests(names: list[str], folder: Path) -> dict[str, list[str]]:
    """What each of them reads, right after it is imported and when all are there."""
    files, readers, found = sorted(folder.iterdir()), {}, {}

    def read(name: str) -> list[str]:
        pixels = [readers[name](path) for path in files]
        return ["" if it is None else hashlib.sha256(it.tobytes()).hexdigest() for it in pixels]

    for name in names:
        readers[name] = ALL[name]()
        found[name] = read(name)
    for name in names:
        if read(name) != found[name]:
            found[name] = ["not the same twice"]
    return found


def in_one_process(names: list[str], folder: Path) -> dict[str, list[str]]:
    command = [sys.executable, __file__, "--child", str(folder), *names]
    child = subprocess.run(command, text=True, capture_output=True)
    if child.returncode != 0:
        print(child.stderr, file=sys.stderr)
        return {name: [f"exit status {child.returncode}"] for name in names}
    return json.loads(child.stdout.splitlines()[-1])


def make_files(folder: Path) -> None:
    import numpy as np
    from PIL import Image

    noise = np.random.default_rng(0).integers(0, 256, (12, 16, 3), dtype=np.uint8)
    picture = Image.fromarray(noise).resize((317, 211), Image.Resampling.BICUBIC)
    picture.save(folder / "baseline.jpg", quality=90)
    picture.save(folder / "progressive.jpg", quality=90, progressive=True, subsampling=0)
    picture.convert("L").save(folder / "gray.jpg")
    picture.save(folder / "rgb.png")
    picture.quantize(100).save(folder / "palette.png")
    picture.save(folder / "lossy.webp", quality=80)
    picture.save(folder / "lossless.webp", lossless=True)


def main() -> int:
    if sys.argv[1:2] == ["--child"]:
        print(json.dumps(digests(sys.argv[3:], Path(sys.argv[2]))))
        return 0
    peers = [name for name in PEERS if find_spec(name) is not None]
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        make_files(folder)
        alone = {name: in_one_process([name], folder)[name] for name in ("pixfeed", *peers)}
        first = in_one_process(["pixfeed", *peers], folder)
        last = in_one_process([*peers, "pixfeed"], folder)
    status = 0
    for name, expected in alone.items():
        good = any(len(it) == 64 for it in expected) and first[name] == expected == last[name]
        read = sum(map(bool, expected))
        said = f"{read} files, the same alone, with pixfeed first, and with pixfeed last"
        if not good:
            said = f"alone {expected}, pixfeed first {first[name]}, pixfeed last {last[name]}"
        print(f"{name}: {said}")
        status |= not good
    print(f"not installed: {', '.join(PEERS.keys() - set(peers)) or 'none'}")
    return int(status)


if __name__ == "__main__":
    sys.exit(main())
