"""channels="gray": pictures are read as gray whatever the transforms are, in one pass and in several."""

from __future__ import annotations

import images
import pytest
import torch

from pixfeed import FastTxtDataset
from pixfeed import transforms as T


@pytest.fixture
def make(tmp_path, backend):
    (tmp_path / "a.jpg").write_bytes(images.jpeg(images.picture(40, 50)))
    (tmp_path / "a.txt").write_text("a.jpg 1\n")

    def dataset(*steps):
        return FastTxtDataset(
            tmp_path / "a.txt",
            tmp_path,
            transform=T.Compose(steps),
            channels="gray",
            dtype=torch.uint8,
            backend=backend,
            seed=1,
        )

    return dataset


SOMETHING = [[], [T.Resize((20, 30))], [T.ColorJitter(0.5, 0.5), T.Resize((20, 30)), T.Resize((9, 9))]]


@pytest.mark.parametrize("steps", SOMETHING)
@pytest.mark.parametrize("to_gray", [T.Grayscale(1), T.Grayscale(3), T.RandomGrayscale(1.0)])
@pytest.mark.parametrize("at", ["begin", "end"])
def test_gray_steps_change_nothing(make, steps, to_gray, at):
    if at == "begin" and to_gray.draws:
        steps = steps[-1:]  # the columns of random numbers of later steps are others
    expected, _ = make(*steps)[0]
    image, _ = make(*([to_gray, *steps] if at == "begin" else [*steps, to_gray]))[0]
    channels = 3 if to_gray == T.Grayscale(3) else 1
    assert torch.equal(image, expected.expand(channels, -1, -1))


def test_colors_around_it(make):
    """Three channels that are alike, with a frame of another color."""
    expected, _ = make(T.Resize((20, 30)))[0]
    image, _ = make(T.Grayscale(3), T.Resize((20, 30)), T.Pad(2, fill=(10, 20, 30)))[0]
    assert torch.equal(image[:, 2:-2, 2:-2], expected.expand(3, -1, -1)) and image[:, 0, 0].tolist() == [10, 20, 30]
    image, _ = make(T.Resize((20, 30)), T.Grayscale(3), T.Pad(2, fill=(10, 20, 30)))[0]
    assert torch.equal(image[:, 2:-2, 2:-2], expected.expand(3, -1, -1)) and image[:, 0, 0].tolist() == [10, 20, 30]
