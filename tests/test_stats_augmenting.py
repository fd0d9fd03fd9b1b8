"""Stats of transforms with native steps of augmentation: their time is not taken for something that a cache saves."""

from __future__ import annotations

import images
import pytest

from pixfeed import DataLoader, FastTxtDataset, transforms
from pixfeed.context import Costs
from pixfeed.loading.stats import Stats

COSTS = Costs(10**9, 10**9, 19 * 10**9, 5 * 10**9, 13 * 10**9, 10**9, 1000, 10, 10)
CROP = transforms.RandomResizedCrop(24)


def stats(**more) -> Stats:
    return Stats(0, 10, 0.5, 8.0, 2.0, COSTS, workers=2, cores=2, cache=False, **more)


def test_what_a_cache_would_not_save_is_not_promised():
    assert "of the work is resizing; decode='scaled'" in stats().verdict and "cache=" in stats().verdict
    said = stats(augments=True)
    assert "of the work is resizing and augmenting" in said.verdict
    assert "cache=" not in said.verdict and "decode=" not in said.verdict
    assert "resizing and augmenting 6" in str(said) and list(said.work) == list(stats().work)


@pytest.mark.parametrize(
    ("steps", "augments"),
    [
        ([CROP, transforms.RandomHorizontalFlip()], False),
        ([CROP, transforms.RandAugment()], True),
        ([CROP, transforms.TrivialAugmentWide()], True),
        ([CROP, transforms.GaussianBlur(3)], True),
        (None, False),
    ],
)
def test_a_loader_knows_whether_its_transform_augments(tmp_path, backend, steps, augments):
    (tmp_path / "0.jpg").write_bytes(images.jpeg(images.picture(40, 50)))
    options = {} if steps is None else {"transform": transforms.Compose(steps)}
    dataset = FastTxtDataset.from_samples(["0.jpg"], [0], image_dir=tmp_path, backend=backend, **options)
    assert DataLoader(dataset, 1).stats().augments == augments
