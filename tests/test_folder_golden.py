"""A folder is read in the order of torchvision's ImageFolder.

`golden/image_folder.json` has what ImageFolder makes of a tree of files with suffixes, capitals, hidden names, links,
and characters that sort in unexpected places. `make judge-transforms` made it.
"""

from __future__ import annotations

import json

import folder_tree
import pytest

from pixfeed import FastTxtDataset

GOLDEN = json.loads(folder_tree.GOLDEN.read_text())


@pytest.fixture
def tree(tmp_path):
    folder_tree.plant(GOLDEN["tree"], tmp_path)
    return tmp_path


def test_classes_and_samples(tree, backend):
    dataset = FastTxtDataset.from_folder(tree, backend=backend)
    assert dataset.classes == GOLDEN["classes"]
    assert dataset.class_to_idx == {name: i for i, name in enumerate(GOLDEN["classes"])}
    labels = [int(label) for (label,) in dataset.files.labels]
    assert [list(sample) for sample in zip(dataset.files.names(), labels, strict=True)] == GOLDEN["samples"]


def test_the_tree_has_what_is_easily_wrong():
    """Or the test above would show little: each of these rules changes the order or the number of samples."""
    names = [name for name, _ in GOLDEN["samples"]]
    planted = [name for name in GOLDEN["tree"] if " -> " not in name]
    assert names != sorted(names)  # folders come in the order of their whole paths, files after that
    assert names != sorted(names, key=str.lower) and GOLDEN["classes"] != sorted(GOLDEN["classes"], key=str.lower)
    assert set(names) - set(planted)  # found through a link
    assert set(planted) - set(names)  # other suffixes, and a file that is in no class
    assert any(name.endswith(".PnG") for name in names) and any("/." in name for name in names)
