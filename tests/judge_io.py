"""pixfeed.io beside torchvision.io, on files of every kind: python tests/judge_io.py [--write]

`make judge-transforms` runs it with torchvision and its image library. `--write` writes `golden/io.json`, which
`test_io.py` compares with.
"""

from __future__ import annotations

import base64
import json
import sys
import warnings

import io_files
import torch
from rich.console import Console
from torchvision.io import decode_image

import pixfeed

console = Console(highlight=False)


def result(decode, data: bytes, mode: str, turned: bool) -> str:
    try:
        return io_files.written(decode(torch.frombuffer(bytearray(data), dtype=torch.uint8), mode, turned))
    except (RuntimeError, OSError, ValueError):
        return io_files.REFUSED


def main() -> int:
    warnings.simplefilter("ignore")
    decode_image(torch.frombuffer(bytearray(io_files.files()["jpeg"]), dtype=torch.uint8))  # or it has no library
    different, golden = 0, {}
    for name, data in io_files.files().items():
        golden[name] = {"file": base64.b64encode(data).decode()}
        for mode in io_files.MODES:
            if io_files.is_left_to_chance(name, mode):
                continue
            for turned in (False, True):
                theirs, ours = (result(each, data, mode, turned) for each in (decode_image, pixfeed.io.decode_image))
                golden[name][f"{mode}{' turned' * turned}"] = theirs
                if ours != theirs:
                    different += 1
                    console.print(f"{name}, {mode}{' turned' * turned}: {ours}, torchvision: {theirs}")
    console.print(f"{len(golden)} files, {different} results differ")
    if "--write" in sys.argv:
        io_files.GOLDEN.write_text(json.dumps(golden, indent=1) + "\n")
    return min(different, 1)


if __name__ == "__main__":
    sys.exit(main())
