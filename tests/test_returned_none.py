"""A function in a transform that forgets to return the picture is named."""

from __future__ import annotations

import pytest
from images import jpeg, picture

from pixfeed import FastTxtDataset
from pixfeed import transforms as T


def forgets(image):
    image.rotate(9)


def same(image):
    return image


@pytest.mark.parametrize(
    "after",
    [[T.ToTensor()], [T.Resize(8), T.ToTensor()], [same, T.ToTensor()]],
    ids=["ToTensor", "Resize", "a function"],
)
def test_the_function_is_named(tmp_path, backend, after):
    (tmp_path / "a.jpg").write_bytes(jpeg(picture(20, 30)))
    steps = T.Compose([forgets, *after])
    dataset = FastTxtDataset.from_samples([tmp_path / "a.jpg"], [0], transform=steps, backend=backend)
    with pytest.raises(TypeError, match=r"^forgets returned None; a step of a transform must return the picture"):
        dataset[0]
    with pytest.raises(TypeError, match=r"^forgets returned None"):
        steps(picture(20, 30))


def test_the_last_step_may_return_what_it_likes(tmp_path, backend):
    (tmp_path / "a.jpg").write_bytes(jpeg(picture(20, 30)))
    names = [tmp_path / "a.jpg"]
    dataset = FastTxtDataset.from_samples(names, [0], transform=T.Compose([forgets]), backend=backend)
    assert dataset[0][0] is None
