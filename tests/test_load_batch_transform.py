"""load_batch(transform=): what a dataset with that transform gives, without a dataset."""

from __future__ import annotations

import io
import pickle

import images
import pytest
import torch

from pixfeed import DataLoader, FastTxtDataset, ImageError, RegionError, imread, load_batch, transforms

CHAIN = transforms.Compose(
    [
        transforms.Resize(20),
        transforms.CenterCrop(16),
        transforms.ToTensor(),
        transforms.Normalize((0.5, 0.4, 0.3), (0.2, 0.2, 0.2)),
    ]
)


@pytest.fixture
def paths(tmp_path):
    made = [tmp_path / f"{i}.jpg" for i in range(4)]
    for i, path in enumerate(made):
        path.write_bytes(images.jpeg(images.picture(30 + i, 40, i)))
    return made


def test_what_a_dataset_gives(paths, backend):
    dataset = FastTxtDataset.from_samples(paths, False, transform=CHAIN, backend=backend)
    expected = torch.stack(list(dataset))
    assert torch.equal(load_batch(paths, transform=CHAIN, backend=backend), expected)
    data = [path.read_bytes() for path in paths]
    half = load_batch(data, transform=CHAIN, dtype=torch.float16, backend=backend)
    assert half.dtype == torch.float16 and torch.equal(half, expected.half())
    last = load_batch(paths, transform=CHAIN, memory_format=torch.channels_last, backend=backend)
    assert torch.equal(last, expected) and last.is_contiguous(memory_format=torch.channels_last)
    assert load_batch([], transform=CHAIN, backend=backend).shape == (0, 3, 16, 16)


def test_regions(paths, backend):
    rois = [[1, 2, 25, 25]] * 4
    dataset = FastTxtDataset.from_samples(paths, False, transform=CHAIN, rois=rois, backend=backend)
    batch = load_batch(paths, transform=CHAIN, rois=rois, backend=backend)
    assert torch.equal(batch, torch.stack(list(dataset)))
    with pytest.raises(RegionError):
        load_batch(paths, transform=transforms.RandomCrop(99), backend=backend)


def test_random_ones_follow_torchs_generator(paths, backend):
    flip = transforms.Compose([transforms.Resize((8, 8)), transforms.RandomHorizontalFlip()])
    many, drawn = paths * 20, []
    for seed in (1, 1, 2):
        torch.manual_seed(seed)
        drawn.append(load_batch(many, transform=flip, backend=backend))
    assert torch.equal(drawn[0], drawn[1]) and not torch.equal(drawn[0], drawn[2])
    plain = load_batch(many, transform=transforms.Resize((8, 8)), backend=backend)
    same = (drawn[0] == plain).flatten(1).all(1)
    assert 0 < same.sum() < len(many) and torch.equal(drawn[0][~same], plain[~same].flip(-1))


def test_steps_in_python(paths, backend):
    chain = transforms.Compose([transforms.Resize((8, 8)), lambda image: torch.tensor(image.size)])
    assert load_batch(paths, transform=chain, backend=backend).tolist() == [[8, 8]] * 4
    with pytest.raises(TypeError, match="the transform makes str, no tensor"):
        load_batch(paths, transform=transforms.Compose([transforms.Resize((8, 8)), str]), backend=backend)


def test_what_does_not_go_together(paths):
    for wrong in (dict(size=(8, 8)), dict(out=torch.empty(4, 3, 16, 16)), dict(resize_boxes=[[0, 0, 1, 1]] * 4)):
        with pytest.raises(ValueError, match="go with no transform"):
            load_batch(paths, transform=CHAIN, **wrong)
    with pytest.raises(ValueError, match="interpolation and antialias"):
        load_batch(paths, transform=CHAIN, antialias=True)
    with pytest.raises(ValueError, match="may differ in size"):
        load_batch(paths, transform=transforms.ToTensor())
    with pytest.raises(TypeError, match=r"needs size=\(height, width\), or a transform"):
        load_batch(paths)


def test_messages_about_images_alone(tmp_path, backend):
    """They do not speak of a list, nor of image_dir."""
    (tmp_path / "text.jpg").write_text("no image")
    for read in (
        lambda path: imread(path, backend=backend),
        lambda path: load_batch([path], (4, 4), backend=backend),
        lambda path: load_batch([path], transform=CHAIN, backend=backend),
        lambda path: FastTxtDataset.from_samples([path], False, backend=backend)[0],
    ):
        for name, words in (("nope.jpg", "check the path"), ("text.jpg", "pixfeed reads JPEG, PNG and WebP")):
            with pytest.raises(ImageError, match=rf"{name}.*{words}") as caught:
                read(tmp_path / name)
            assert "list" not in str(caught.value) and "image_dir" not in str(caught.value)
            assert caught.value.path == str(tmp_path / name)


def test_samples_in_memory(paths, backend):
    """Encoded images beside paths."""
    data = paths[0].read_bytes()
    given = [data, paths[1], bytearray(data), io.BytesIO(data), torch.frombuffer(bytearray(data), dtype=torch.uint8)]
    options = dict(return_path=True, backend=backend)
    dataset = FastTxtDataset.from_samples(given, [0, 1, 2, 3, 4], 8, 9, **options)
    expected = [images.reference(paths[i], (8, 9)) for i in (0, 1, 0, 0, 0)]
    for each in (dataset, pickle.loads(pickle.dumps(dataset))):
        ((batch, labels, names),) = DataLoader(each, 5, num_workers=1)
        assert torch.equal(batch, torch.stack(expected)) and labels.tolist() == [0, 1, 2, 3, 4]
        assert names == ["samples[0]", str(paths[1]), *(f"samples[{i}]" for i in (2, 3, 4))]
    bad = FastTxtDataset.from_samples([data[:50], data], [0, 1], 8, 9, on_error="skip", **options)
    assert bad[0][1] == 1 and [failure.path for failure in bad.report()] == ["samples[0]"]
    with pytest.raises(ImageError, match=r"^samples\[0\] \[50 bytes\]: "):
        FastTxtDataset.from_samples([data[:50]], [0], backend=backend)[0]
    with pytest.raises(TypeError, match="paths is one bytes"):
        FastTxtDataset.from_samples(data, [0])
    with pytest.raises(TypeError, match="paths is one str"):
        FastTxtDataset.from_samples("a.jpg", [0])
