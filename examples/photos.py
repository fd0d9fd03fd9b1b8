"""Real photographs to run on: a folder of the user's, or those that scikit-image carries."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

import pixfeed

# Photographs that lie inside scikit-image's wheel, so nothing has to be downloaded.
_NAMES = (
    "astronaut",
    "cat",
    "coffee",
    "hubble_deep_field",
    "retina",
    "rocket",
    "immunohistochemistry",
    "stereo_motorcycle",
)
_CROPS = 12

PROJECT = Path(__file__).parents[1]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--data", type=Path, help="folder of images")
    parser.add_argument(
        "--list", type=Path, help="list file, 'NAME LABEL...' a line (default: train.txt in the folder)"
    )


def find(data: Path | None, list_file: Path | None) -> tuple[Path, Path]:
    """The folder and the list file to use; without a folder, real pictures beside the checkout or scikit-image's."""
    if data is None and list_file is not None:
        data = list_file.parent
    if data is None:
        beside = PROJECT.parent / "shared" / "data" / "imagenet"
        data = beside if (beside / "train.txt").is_file() else write_photos(PROJECT / "demo_data")
    list_file = list_file or data / "train.txt"
    if not list_file.is_file():
        raise FileNotFoundError(
            f"there is no list file {list_file}: name one by --list FILE (make: LIST=FILE), with lines like '0.jpg 0'"
        )
    return data, list_file


def run(main: Callable[[], object]) -> None:
    """A program: what is wrong with a list, a picture or a folder of the user's is one line, not a traceback."""
    try:
        main()
    except (OSError, pixfeed.ListError, pixfeed.DatasetError, pixfeed.RegionError) as error:  # the message says it all
        raise SystemExit(f"{type(error).__name__}: {error}") from error


def large() -> Path:
    """A folder of large photos: camera photos beside the checkout, or whatever there is."""
    camera = PROJECT.parent / "shared" / "data" / "camera"
    return camera if camera.is_dir() else find(None, None)[0]


def write_photos(folder: Path) -> Path:
    """Writes scikit-image's photographs and parts of them as JPEGs, with a list of which photograph each is from."""
    import numpy as np
    import skimage.data
    from PIL import Image

    if (folder / "train.txt").is_file():
        return folder
    folder.mkdir(exist_ok=True)
    rng = np.random.default_rng(0)
    lines = []
    for label, name in enumerate(_NAMES):
        photo = getattr(skimage.data, name)()
        photo = photo[0] if isinstance(photo, tuple) else photo
        height, width = photo.shape[:2]
        for i in range(_CROPS):
            h, w = (height, width) if i == 0 else (int(height * rng.uniform(0.6, 1)), int(width * rng.uniform(0.6, 1)))
            y, x = rng.integers(0, height - h + 1), rng.integers(0, width - w + 1)
            part = np.ascontiguousarray(photo[y : y + h, x : x + w, :3])
            Image.fromarray(part).save(folder / f"{name}_{i:02}.jpg", quality=92)
            lines.append(f"{name}_{i:02}.jpg {label}\n")
    (folder / "train.txt").write_text("".join(lines))
    return folder
