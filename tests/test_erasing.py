"""RandomErasing, torchvision's and timm's: where rectangles lie, and what is in them."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from loaders import THREE_WAYS, write_pictures

from pixfeed import DataLoader, FastTxtDataset, draws
from pixfeed import transforms as T


def erased(step, shape=(3, 40, 50), n=300, dtype=torch.float32):
    images = torch.full((n, *shape), 7.0, dtype=dtype)
    return step.apply(images, draws.uniform(1, 2, range(n), step.draws))


@pytest.mark.parametrize("mode", ["const", "rand", "pixel"])
@pytest.mark.parametrize("counts", [(1, None), (2, 3)])
def test_timms_rectangles(mode, counts):
    step = T.TimmRandomErasing(0.75, 0.05, 0.3, 0.5, mode=mode, min_count=counts[0], max_count=counts[1])
    u = draws.uniform(1, 2, range(300), step.draws)
    found = step.rectangles(40, 50, u)
    assert found.shape == (300, counts[1] or counts[0], 4)
    used = found[:, :, 2] > 0
    assert 0.65 < used.any(1).mean() < 0.85
    if counts[1]:
        assert {*used.sum(1).tolist()} == {0, 2, 3}
    for image, rectangles in zip(erased(step), found, strict=True):
        mask = torch.zeros(40, 50, dtype=torch.bool)
        for top, left, h, w in rectangles[rectangles[:, 2] > 0].tolist():
            assert 0 <= top <= top + h <= 40 and 0 <= left <= left + w <= 50 and 0.4 < h / w < 2.5
            share, count = h * w / 2000, max(1, int((rectangles[:, 2] > 0).sum()))
            assert 0.03 / count < share < 0.33 / count
            mask[top : top + h, left : left + w] = True
            part = image[:, top : top + h, left : left + w]
            if mode == "const":
                assert not part.any()
        assert (image[:, ~mask] == 7).all() and (image[:, mask] != 7).all()
        last = rectangles[rectangles[:, 2] > 0][-1:].tolist()
        for top, left, h, w in last:
            colors = len(image[:, top : top + h, left : left + w].unique())
            if mode == "pixel":  # a few numbers come twice
                assert 0.97 * 3 * h * w < colors
            else:
                assert colors == {"const": 1, "rand": 3}[mode]


def test_noise_is_standard_normal():
    step = T.TimmRandomErasing(1.0, 0.3, 0.3, 0.9, mode="pixel")
    noise = erased(step)
    noise = noise[noise != 7]
    assert abs(noise.mean()) < 0.01 and abs(noise.std() - 1) < 0.01


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_16_bit_floats(dtype):
    for step in (T.RandomErasing(1.0, value="random"), T.TimmRandomErasing(1.0, mode="rand"), T.RandomErasing(1.0)):
        assert torch.equal(erased(step, dtype=dtype), erased(step).to(dtype))


@pytest.mark.slow_on_opencv
def test_the_same_for_all_workers(tmp_path, backend):
    folder = write_pictures(tmp_path, 8)
    steps = T.Compose([T.Resize((20, 20)), T.ToTensor(), T.TimmRandomErasing(1.0, mode="pixel", max_count=3)])
    dataset = FastTxtDataset(folder / "train.txt", folder, transform=steps, seed=1, backend=backend)
    one_by_one = torch.stack([dataset[i][0] for i in range(8)])
    for way in THREE_WAYS.values():
        assert torch.equal(torch.cat([images for images, _ in DataLoader(dataset, batch_size=3, **way)]), one_by_one)


def test_arguments():
    for wrong in (
        dict(probability=1.5), dict(max_area=2), dict(min_area=0.5, max_area=0.1), dict(min_aspect=0),
        dict(min_aspect=0.5, max_aspect=0.2), dict(mode="noise"), dict(min_count=0), dict(min_count=3, max_count=2),
    ):  # fmt: skip
        with pytest.raises(ValueError, match="is"):
            T.TimmRandomErasing(**wrong)
    assert np.isclose(T.TimmRandomErasing().ratio[1], 1 / 0.3)
