"""Links in a folder of classes: those that lead back up are not followed."""

from __future__ import annotations

import folder_tree
import pytest

from pixfeed import FastTxtDataset
from pixfeed.datasets import ImageFolder

TREE = [
    *(
        "a/1.jpg",
        "a/in/2.jpg",
        "a/up -> .",
        "a/self -> a",
        "a/in/up -> a",
        "a/in/top -> .",
        "b/1.jpg",
        "b/there -> c/x",
    ),
    *("b/again -> c/x", "c/x/1.jpg", "c/x/y/2.jpg", "c/x/y/back -> c/x", "all -> ."),
]
SAMPLES = ["a/1.jpg", "a/in/2.jpg", "b/1.jpg", "b/again/1.jpg", "b/again/y/2.jpg"]
SAMPLES += ["b/there/1.jpg", "b/there/y/2.jpg", "c/x/1.jpg", "c/x/y/2.jpg"]


@pytest.mark.parametrize("ending", ["", "/", "/."])
@pytest.mark.parametrize("relative", [False, True])
def test_links_that_lead_back_up(tmp_path, monkeypatch, backend, ending, relative):
    root = tmp_path / "root"
    folder_tree.plant(TREE, root)
    (root / "b" / "outside").symlink_to(tmp_path)  # in which the root lies
    monkeypatch.chdir(tmp_path)
    path = ("root" if relative else str(root)) + ending
    dataset = FastTxtDataset.from_folder(path, backend=backend)
    assert dataset.classes == ["a", "b", "c"]
    assert list(dataset.files.names()) == SAMPLES
    assert len(ImageFolder(path, backend=backend)) == len(SAMPLES)


def test_two_that_lead_to_each_other(tmp_path):
    folder_tree.plant(["a/1.jpg", "a/other -> b", "b/1.jpg", "b/other -> a"], tmp_path)
    dataset = FastTxtDataset.from_folder(tmp_path)
    assert list(dataset.files.names()) == ["a/1.jpg", "a/other/1.jpg", "b/1.jpg", "b/other/1.jpg"]


def test_a_root_that_is_a_link(tmp_path):
    folder_tree.plant(["real/a/1.jpg", "real/a/up -> real", "link -> real"], tmp_path)
    assert list(FastTxtDataset.from_folder(tmp_path / "link").files.names()) == ["a/1.jpg"]
