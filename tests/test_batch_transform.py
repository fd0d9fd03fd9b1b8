"""DataLoader(batch_transform=): MixUp, CutMix and timm's Mixup, whatever makes the batches."""

from __future__ import annotations

import pickle
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from loaders import COUNT, WAYS, seeded, write_pictures
from torch.utils.data import ConcatDataset, Subset, TensorDataset

from pixfeed import DataLoader, FastTxtDataset, context, draws, pad_collate
from pixfeed import transforms as T
from pixfeed.loading.mixed_collate import MixedCollate

pytestmark = pytest.mark.slow_on_opencv

STEPS = {
    "mixup": T.MixUp(alpha=0.4, num_classes=COUNT),
    "cutmix": T.CutMix(num_classes=COUNT),
    "choice": T.RandomChoice([T.MixUp(num_classes=COUNT), T.CutMix(num_classes=COUNT)], p=[2, 1]),
    "apply": T.RandomApply([T.CutMix(num_classes=COUNT)], p=0.5),
    "timm": T.TimmMixup(0.8, 1.0, mode="elem", num_classes=COUNT),
}


@pytest.fixture
def folder(tmp_path):
    return write_pictures(tmp_path, COUNT)


@pytest.fixture
def dataset(folder, backend) -> FastTxtDataset:
    return FastTxtDataset(folder / "train.txt", folder, 20, 16, seed=5, backend=backend)


def plain(dataset, **arguments) -> list:
    return [(images.clone(), labels) for images, labels in DataLoader(dataset, **arguments)]


def by_hand(step, batches, firsts, epoch=0, seed=5) -> list:
    """The loader's function, called for each batch here."""
    made = []
    for batch, first in zip(batches, firsts, strict=True):
        context.set_indices([first])
        with context.for_epoch(epoch):
            made.append(MixedCollate(lambda it: [it[0].clone(), it[1]], step, seed)(batch))
    return made


def same(got, wanted) -> None:
    assert len(got) == len(wanted)
    for (images, labels), (others, other_labels) in zip(got, wanted, strict=True):
        assert torch.equal(images, others) and torch.equal(labels, other_labels)


@pytest.mark.parametrize("name", STEPS)
@pytest.mark.parametrize("way", WAYS)
def test_whoever_makes_the_batch(dataset, name, way):
    step, order = STEPS[name], [[*range(at, min(at + 6, COUNT))] for at in range(0, COUNT, 6)]
    loader = DataLoader(dataset, batch_sampler=order, batch_transform=step, **WAYS[way])
    for epoch in range(2):
        got = list(loader)
        wanted = by_hand(step, plain(dataset, batch_sampler=order), [batch[0] for batch in order], epoch)
        same(got, wanted)
        images, labels = got[0]
        assert images.dtype == labels.dtype == torch.float32 and labels.shape == (6, COUNT)
        torch.testing.assert_close(labels.sum(1), torch.ones(6))
    assert type(step).__name__ in str(loader.stats())


@pytest.mark.parametrize("way", ["main", "2 threads", "fork"])
def test_resuming_and_repeated_samples(dataset, way):
    order = [[3, 1], [3, 2], [3, 4, 0], [5]]

    def make():
        return DataLoader(dataset, batch_sampler=order, batch_transform=STEPS["choice"], **WAYS[way])

    loader = make()
    iterator = iter(loader)
    next(iterator)
    state = pickle.loads(pickle.dumps(loader.state_dict()))
    rest = list(iterator)
    other = make()
    other.load_state_dict(state)
    same(list(other), rest)
    firsts = [draws.Drawn(3, 1), draws.Drawn(3, 2), 5]
    same(rest, by_hand(STEPS["choice"], plain(dataset, batch_sampler=order)[1:], firsts))


def test_a_state_brings_its_seed(folder):
    def make():
        dataset = FastTxtDataset(folder / "train.txt", folder, 8, 8)
        return DataLoader(dataset, batch_size=4, shuffle=True, generator=seeded(), batch_transform=STEPS["mixup"])

    loader, other = make(), make()
    before = torch.get_rng_state()
    make()
    assert torch.equal(torch.get_rng_state(), before)
    assert loader.dataset.seed is not None
    other.load_state_dict(loader.state_dict())
    same(list(other), list(loader))


def test_subset_concat_small_batches_and_own_collate(dataset):
    def own(samples):
        images, labels = zip(*samples, strict=True)
        return {"x": torch.stack(images), "y": torch.from_numpy(np.stack(labels)), "z": len(samples)}

    whole = Subset(ConcatDataset([dataset, dataset]), [1, 2, COUNT + 1, 5, 2])
    step = STEPS["timm"]
    # the same samples as before at 2 and 4
    wanted = by_hand(step, plain(whole, batch_size=1), [0, 1, draws.Drawn(2, 1), 3, draws.Drawn(4, 1)])
    for workers in (0, 2):
        same(list(DataLoader(whole, batch_size=1, batch_transform=step, num_workers=workers)), wanted)
        loader = DataLoader(whole, batch_size=1, batch_transform=step, num_workers=workers, collate_fn=own)
        made = list(loader)
        same([(batch["x"], batch["y"]) for batch in made], wanted)
        assert [batch["z"] for batch in made] == [1] * 5
        assert "in the loop's thread" in str(loader.stats())


def test_forms_of_batches(folder, backend):
    for more, keys in (
        (dict(return_index=True, return_path=True), [0, 1, 2, 3]),
        (dict(keys=("image", "label"), return_index=True), ["image", "label", "index"]),
        (dict(squeeze_labels=True), [0, 1]),
        (dict(memory_format=torch.channels_last), [0, 1]),
        (dict(channels="gray"), [0, 1]),
    ):
        dataset = FastTxtDataset(folder / "train.txt", folder, 20, 16, backend=backend, seed=5, **more)
        (batch,) = DataLoader(dataset, batch_size=COUNT, batch_transform=STEPS["cutmix"])
        (before,) = DataLoader(dataset, batch_size=COUNT)
        (wanted,) = by_hand(STEPS["cutmix"], [[before[keys[0]], before[keys[1]]]], [0])
        assert torch.equal(batch[keys[0]], wanted[0]) and torch.equal(batch[keys[1]], wanted[1])
        assert not torch.equal(batch[keys[0]], before[keys[0]])
        assert batch[keys[0]].stride() == before[keys[0]].stride()
        for key in keys[2:]:
            assert list(batch[key]) == list(before[key])


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_16_bit_floats_are_mixed_as_torch_mixes_them(folder, backend, dtype):
    dataset = FastTxtDataset(folder / "train.txt", folder, 20, 16, dtype=dtype, seed=5, backend=backend)
    (batch,) = DataLoader(dataset, batch_size=COUNT, batch_transform=STEPS["mixup"])
    (images, _), *_ = plain(dataset, batch_size=COUNT)
    lam = draws.of_batch(5, 0, 0).beta(0.4, 0.4)
    assert torch.equal(batch[0], images.roll(1, 0).mul_(1 - lam).add_(images.mul(lam)))


def test_what_cannot_be_mixed_says_what_to_do(folder, dataset):
    def refused(error, match, data=dataset, **arguments):
        arguments = {"batch_size": 4, "batch_transform": STEPS["mixup"], **arguments}
        with pytest.raises(error, match=match):
            list(DataLoader(data, **arguments))

    lists = folder / "train.txt", folder
    refused(ValueError, r"uint8: end its transform with ToTensor\(\)", FastTxtDataset(*lists, dtype=torch.uint8))
    refused(ValueError, "call it in the training loop", TensorDataset(torch.zeros(4, 3, 8, 8), torch.zeros(4)))
    refused(ValueError, "batch_size=None makes none", batch_size=None)
    refused(ValueError, "images of one size", collate_fn=pad_collate)
    refused(TypeError, r"labels=True", FastTxtDataset(*lists, labels=False))
    refused(TypeError, "collate_fn=", batch_transform=T.Resize(8))
    refused(TypeError, "collate_fn=", batch_transform=T.RandomChoice([T.MixUp(num_classes=3), T.Resize(8)]))
    (folder / "two.txt").write_text("0.jpg 1 2\n1.jpg 3 4\n")
    refused(ValueError, "one column of labels", FastTxtDataset(folder / "two.txt", folder, 8, 8))
    refused(TypeError, "one column of labels", FastTxtDataset(*lists, 8, 8, label_dtype=np.float32))
    for workers in (0, 2):
        with pytest.raises(ValueError, match="label 21 is none of 0 to 20") as caught:
            list(DataLoader(dataset, batch_size=8, batch_transform=T.MixUp(num_classes=21), num_workers=workers))
        assert "21.jpg" in caught.value.__notes__[0] and "line 22" in caught.value.__notes__[0]
    for make in (T.MixUp, T.CutMix):
        with pytest.raises(ValueError, match="needs num_classes="):
            make(alpha=0.2)
        with pytest.raises(ValueError, match="greater than 0"):
            make(alpha=0, num_classes=3)
    with pytest.raises(ValueError, match="nothing would be mixed"):
        T.TimmMixup(0, 0)
    with pytest.raises(ValueError, match="mode is 'half'"):
        T.TimmMixup(mode="half")


def test_foreign_ones_become_ours(dataset):
    def foreign(name, module, **attributes):
        kind = type(name, (SimpleNamespace,), {"__module__": module, "__call__": lambda self, *batch: batch})
        return kind(**attributes)

    v2 = "torchvision.transforms.v2._augment"
    mixup = foreign("MixUp", v2, alpha=0.2, num_classes=COUNT)
    cutmix = foreign("CutMix", v2, alpha=1.0, num_classes=COUNT)
    choice = foreign("RandomChoice", "torchvision.transforms.v2._container", transforms=[mixup, cutmix], p=[0.5, 0.5])
    timms = foreign(
        *("Mixup", "timm.data.mixup"),
        mixup_alpha=0.8, cutmix_alpha=1.0, cutmix_minmax=None, mix_prob=0.5, switch_prob=0.3, mode="pair",
        correct_lam=False, label_smoothing=0.2, num_classes=COUNT, mixup_enabled=True, multi_label=False,
    )  # fmt: skip
    for given, ours in (
        (mixup, "MixUp(alpha=0.2, num_classes=23)"),
        (choice, "RandomChoice([MixUp(alpha=0.2, num_classes=23), CutMix(num_classes=23)], p=(0.5, 0.5))"),
        (timms, "TimmMixup(mixup_alpha=0.8, cutmix_alpha=1.0, prob=0.5, switch_prob=0.3, mode='pair', "
                "correct_lam=False, label_smoothing=0.2, num_classes=23)"),
    ):  # fmt: skip
        assert repr(DataLoader(dataset, batch_size=4, batch_transform=given).batch_transform) == ours
