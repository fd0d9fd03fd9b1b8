"""A tree of files in which the order of torchvision's ImageFolder is easily missed."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

#: What ImageFolder makes of TREE; `judge_transforms.py` writes it.
GOLDEN = Path(__file__).parent / "golden" / "image_folder.json"

#: Files, and links from one folder to another: "a -> b".
TREE = [
    *(f"b/a{suffix}" for suffix in (".jpg", ".jpeg", ".png", ".ppm", ".bmp", ".pgm", ".tif", ".tiff", ".webp")),
    *(f"b/a{suffix}" for suffix in (".jpe", ".jfif", ".dib", ".gif", ".pbm", ".pnm", ".avif", ".jp2", ".txt")),
    *("b/10.jpg", "b/9.JPG", "b/z/1.png", "b/a/2.jpeg", "b/a b/1.jpg", "b/a-b/1.jpg", "b/a/b/1.jpg", "b/a0/1.jpg"),
    *("b/B/1.jpg", "b/.hidden/1.png", "b/.1.png", "b/1.png.txt", "b/.jpg", "b/link -> c/deep", "b/notes.txt"),
    *("c/deep/x.PnG", "c/deep/er/y.tIfF", "a b/ü.webp", "a b/u.webp", "a b/\uff55.webp", "a b/😀.webp", "a b/Z.webp"),
    *("a/1.jpg", "Zoo/1.jpg", "10/1.jpg", "9/1.jpg", "é/1.jpg", "a.jpg/1.jpg", "in the root.jpg", "b/README"),
]


def plant(tree: Sequence[str], folder: Path) -> None:
    """Makes these files, and links ("link -> folder"). Nothing is in them, and nothing looks into them."""
    for name in tree:
        path, _, other = name.partition(" -> ")
        path = folder / path
        path.parent.mkdir(parents=True, exist_ok=True)
        if other:
            path.symlink_to(folder / other)
        else:
            path.touch()
