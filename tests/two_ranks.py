"""What one of two processes does in test_two_ranks.py: it reads the same dataset in every way that splits it.

python two_ranks.py FOLDER: the environment has RANK, WORLD_SIZE and so on, as torchrun sets them. FOLDER/RANK.json gets
the samples' numbers by way, epoch and batch.
"""

from __future__ import annotations

import json
import sys
import warnings
from pathlib import Path

import lightning
import torch
from accelerate import Accelerator, DataLoaderConfiguration
from torch.utils.data import DistributedSampler

import pixfeed
from pixfeed.accelerate import prepare

Epochs = list[list[list[int]]]


def read(loader, epochs: int = 2) -> Epochs:
    return [[labels[:, 0].tolist() for _, labels in loader] for _ in range(epochs)]


def resumed(make, save, load, stop: int) -> tuple[list, list]:
    """The batches of two epochs after ``stop`` batches: in one run, and in one that went on from a state."""
    loader, seen = make(), []
    for _ in range(2):
        for _, labels in loader:
            seen.append(labels[:, 0].tolist())
            if len(seen) == stop:
                save(loader)
    torch.manual_seed(99)
    loader, rest = make(), []
    load(loader)
    while len(rest) < len(seen) - stop:
        rest += read(loader, 1)[0]
    return seen[stop:], rest


class Recorder(lightning.LightningModule):
    def __init__(self):
        super().__init__()
        self.layer = torch.nn.Linear(1, 1)
        self.epochs: Epochs = []

    def on_train_epoch_start(self):
        self.epochs.append([])

    def training_step(self, batch, index):
        self.epochs[-1].append(batch[1][:, 0].tolist())
        return self.layer(batch[0].mean().view(1, 1)).sum()

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), 0.01)


def with_lightning(loader) -> tuple[Epochs, bool]:
    model = Recorder()
    quiet = dict(logger=False, enable_checkpointing=False, enable_progress_bar=False, enable_model_summary=False)
    trainer = lightning.Trainer(max_epochs=2, accelerator="cpu", devices=2, strategy="ddp", **quiet)
    trainer.fit(model, loader)
    return model.epochs, trainer.train_dataloader.stats().threads


def with_fabric(loader) -> Epochs:
    fabric = lightning.Fabric(accelerator="cpu", devices=2, strategy="ddp")
    fabric.launch()
    return read(fabric.setup_dataloaders(loader))


def main(folder: Path) -> None:
    warnings.filterwarnings("error", "Accelerate makes a loader of torch's")
    lightning.seed_everything(7, verbose=False)

    def dataset(count: int) -> pixfeed.FastTxtDataset:
        paths = [folder / f"{i}.jpg" for i in range(count)]
        return pixfeed.FastTxtDataset.from_samples(paths, torch.arange(count)[:, None].numpy(), 8, 8)

    def loader(count: int = 24, **options) -> pixfeed.DataLoader:
        return pixfeed.DataLoader(dataset(count), **{"batch_size": 4, "shuffle": True, "num_workers": 2, **options})

    def boss(**config) -> Accelerator:
        return Accelerator(cpu=True, dataloader_config=DataLoaderConfiguration(**config))

    first = boss()  # makes the process group
    rank, ranks = first.process_index, first.num_processes
    found: dict = {"ranks": ranks, "backend": torch.distributed.get_backend()}

    def distributed() -> pixfeed.DataLoader:
        data = dataset(24)
        return pixfeed.DataLoader(data, 4, sampler=DistributedSampler(data, seed=3), num_workers=2)

    found["DistributedSampler"] = read(distributed())
    found["Accelerate"] = read(prepare(first, loader()))
    found["Accelerate, in order"] = read(prepare(first, loader(shuffle=False)))
    found["Accelerate, uneven"] = read(prepare(boss(even_batches=False), loader(23)))
    found["Accelerate, split batches"] = read(prepare(boss(split_batches=True), loader()))
    found["Accelerate, seedable"] = read(prepare(boss(use_seedable_sampler=True), loader()))
    found["Lightning"], found["Lightning threads"] = with_lightning(loader())
    found["Lightning, DistributedSampler"] = with_lightning(distributed())[0]
    found["Fabric"] = with_fabric(loader())

    states: dict = {}
    found["resumed"] = {
        "DistributedSampler": resumed(
            distributed, lambda it: states.update(it.state_dict()), lambda it: it.load_state_dict(states), 2
        )
    }
    for name, config in {"Accelerate": {}, "Accelerate, seedable": dict(use_seedable_sampler=True)}.items():
        for stop in (2, 3):  # in the middle of an epoch, and at its end
            bosses: list[Accelerator] = []

            def make(config=config, bosses=bosses):
                bosses.append(boss(**config))
                return prepare(bosses[-1], loader())

            at = str(folder / f"{name} {stop}")
            found["resumed"][f"{name} {stop}"] = resumed(
                make,
                lambda it, bosses=bosses, at=at: bosses[-1].save_state(at),
                lambda it, bosses=bosses, at=at: bosses[-1].load_state(at),
                stop,
            )
    try:
        prepare(first, distributed())
    except ValueError as error:
        found["refused"] = str(error)
    (folder / f"{rank}.json").write_text(json.dumps(found))
    first.end_training()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
