"""pixfeed under Lightning: the loader goes into Trainer.fit as it is, and into Lightning's checkpoints by itself.

python -m examples.lightning [--data FOLDER] [--list FILE] [--checkpoints FOLDER] [--max-steps N]

ModelCheckpoint asks the loader for its state_dict(), too, so that a run which was stopped in the middle of an epoch
goes on with the batches that were still to come: start it again with the same --checkpoints.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import lightning
import torch
from lightning.pytorch.callbacks import ModelCheckpoint
from rich.console import Console

from examples import photos
from examples.imagenet import SmallResNet, class_count, training_set
from pixfeed import DataLoader

console = Console(highlight=False)


class Classifier(lightning.LightningModule):
    """The network of examples/imagenet.py, as Lightning wants it."""

    def __init__(self, classes: int, lr: float):
        super().__init__()
        self.network = SmallResNet(classes)
        self.lr = lr
        self.losses: list[float] = []

    def training_step(self, batch: list[torch.Tensor], batch_index: int) -> torch.Tensor:
        images, labels = batch  # [B, 3, H, W] and [B, L]
        loss = torch.nn.functional.cross_entropy(self.network(images), labels[:, 0])
        self.log("loss", loss, prog_bar=True)
        self.losses.append(loss.item())
        return loss

    def configure_optimizers(self) -> torch.optim.Optimizer:
        return torch.optim.SGD(self.parameters(), lr=self.lr, momentum=0.9)


def main(arguments: list[str] | None = None) -> dict:
    """Returns the losses of this run's steps, all the steps that were done, and the loader's verdict."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    photos.add_arguments(parser)
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--batch-size", type=int, default=32)
    parser.add_argument("--lr", type=float, default=0.05)
    parser.add_argument("--size", type=int, default=224)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--checkpoints", type=Path, help="a folder: last.ckpt in it is written, and gone on from")
    parser.add_argument("--save-every", type=int, default=100, help="steps")
    parser.add_argument("--max-steps", type=int, default=-1, help="stop when so many steps are done altogether")
    options = parser.parse_args(arguments)

    lightning.seed_everything(0, verbose=False)
    dataset = training_set(*photos.find(options.data, options.list), options.size)
    # A generator of the loader's own is part of its state: so the epochs to come have the same order as well.
    order = torch.Generator().manual_seed(0)
    loader = DataLoader(dataset, options.batch_size, shuffle=True, num_workers=options.workers, generator=order)
    model = Classifier(class_count(dataset), options.lr)
    # Written behind a step: trainer.save_checkpoint() behind fit() would take an epoch that was cut short as done.
    keep = ModelCheckpoint(
        options.checkpoints,
        "last",
        every_n_train_steps=options.save_every,
        save_on_train_epoch_end=False,
        enable_version_counter=False,
    )
    trainer = lightning.Trainer(
        max_epochs=options.epochs,
        max_steps=options.max_steps,
        devices=1,
        logger=False,
        callbacks=[keep] if options.checkpoints else [],
        enable_checkpointing=options.checkpoints is not None,
        enable_model_summary=False,
        log_every_n_steps=1,
    )
    last = options.checkpoints / "last.ckpt" if options.checkpoints else None
    trainer.fit(model, loader, ckpt_path=last if last and last.is_file() else None)
    console.print(f"{loader.stats()}")
    return {"losses": model.losses, "steps": trainer.global_step, "verdict": loader.stats().verdict}


if __name__ == "__main__":
    photos.run(main)
