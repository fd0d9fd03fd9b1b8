"""to_device: uint8 over the bus, floats on the device. The device here is the CPU, unless there is a GPU."""

from __future__ import annotations

from collections import OrderedDict, UserDict, namedtuple

import images
import pytest
import torch

import pixfeed

DEVICES = ["cpu", *(["cuda"] if torch.cuda.is_available() else [])]
MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


@pytest.fixture
def batch():
    return torch.randint(0, 256, (5, 3, 17, 23), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.bfloat16])
@pytest.mark.parametrize("memory_format", [torch.contiguous_format, torch.channels_last])
def test_the_values_are_the_native_ones(batch, backend, device, dtype, memory_format):
    batch = batch.contiguous(memory_format=memory_format)
    out = torch.empty(batch.shape, dtype=dtype)
    pixfeed.backends.load(backend).write_pictures(
        batch.numpy(), torch.arange(5).numpy(), pixfeed.memory.array(out), MEAN, STD, 1
    )
    there = pixfeed.to_device(batch, device, MEAN, STD, dtype)
    assert there.device.type == device and there.is_contiguous(memory_format=memory_format)
    assert there.dtype == dtype and torch.equal(there.cpu(), out)


@pytest.mark.parametrize("device", DEVICES)
def test_a_batch_of_a_loader(tmp_path, device):
    for i in range(4):
        (tmp_path / f"{i}.png").write_bytes(images.png(images.picture(20, 30, seed=i)))
    (tmp_path / "list.txt").write_text("".join(f"{i}.png {i}\n" for i in range(4)))

    def load(dtype):
        dataset = pixfeed.FastTxtDataset(tmp_path / "list.txt", tmp_path, 16, 24, dtype=dtype)
        return next(iter(pixfeed.DataLoader(dataset, 4)))

    pictures, labels = pixfeed.to_device(load(torch.uint8), device)
    assert torch.equal(pictures.cpu(), load(torch.float32)[0])
    assert labels.dtype == torch.int64 and labels.flatten().tolist() == [0, 1, 2, 3]


def test_structures_stay(batch):
    Pair = namedtuple("Pair", ["image", "mask"])
    mask = torch.zeros(5, 17, 23, dtype=torch.uint8)
    given = {
        "pair": Pair(batch, mask),
        "tuple": (batch[:, :1], 3, "name"),
        "ordered": OrderedDict(a=torch.ones(2)),
        "other": UserDict(a=batch),
        "list": [None, torch.zeros(2, 4, 5, 6, dtype=torch.uint8), torch.tensor(1.5, dtype=torch.float64)],
    }
    got = pixfeed.to_device(given, "cpu", 0.5, 0.25)
    assert list(got) == list(given) and type(got["pair"]) is Pair and type(got["ordered"]) is OrderedDict
    assert torch.equal(got["pair"].image, (batch.float() / 255 - 0.5) / 0.25) and got["pair"].mask is mask
    assert type(got["tuple"]) is tuple and got["tuple"][1:] == (3, "name") and got["tuple"][0].dtype == torch.float32
    assert type(got["other"]) is UserDict and got["other"]["a"].dtype == torch.float32
    assert got["list"][1].dtype == torch.uint8 and got["list"][2].dtype == torch.float64
    assert pixfeed.to_device(batch, "cpu", dtype=torch.uint8) is batch


def test_the_batch_is_left_alone(batch):
    before = batch.clone()
    pixfeed.to_device([batch], "cpu", MEAN, STD)
    assert torch.equal(batch, before)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (dict(mean=(0.5, 0.5)), "one or 3"),
        (dict(std=(1, 0, 1)), "std not 0"),
        (dict(mean=0.5, dtype=torch.uint8), "no mean and std"),
        (dict(dtype=torch.float64), "dtype is torch.float64"),
    ],
)
def test_arguments_that_make_no_sense(batch, arguments, message):
    with pytest.raises(ValueError, match=message):
        pixfeed.to_device(batch, "cpu", **arguments)
