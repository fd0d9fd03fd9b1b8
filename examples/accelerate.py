"""pixfeed under Accelerate: pixfeed.accelerate.prepare() in place of accelerator.prepare().

python -m examples.accelerate [--data FOLDER] [--list FILE] [--checkpoints FOLDER] [--max-steps N]
accelerate launch --cpu --num_processes 2 -m examples.accelerate ...

accelerator.prepare() would make a loader of torch's in the loader's place, with worker processes where pixfeed has
threads. save_state() and load_state() keep the place in the epoch, too: skip_first_batches() is not needed.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import torch
from accelerate import Accelerator
from accelerate.utils import set_seed
from rich.console import Console
from rich.progress import track

from examples import photos
from examples.imagenet import SmallResNet, class_count, training_set
from pixfeed import DataLoader
from pixfeed.accelerate import prepare

console = Console(highlight=False)


class Steps:
    """How many steps were done: something more to be kept in a checkpoint."""

    def __init__(self):
        self.done = 0

    def state_dict(self) -> dict:
        return {"done": self.done}

    def load_state_dict(self, state: dict) -> None:
        self.done = state["done"]


def main(arguments: list[str] | None = None) -> dict:
    """Returns the losses of this run's steps, all the steps that were done, and the loader's verdict."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    photos.add_arguments(parser)
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--batch-size", type=int, default=32, help="of each process")
    parser.add_argument("--lr", type=float, default=0.05)
    parser.add_argument("--size", type=int, default=224)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--checkpoints", type=Path, help="a folder to go on from, and to write at the end")
    parser.add_argument("--max-steps", type=int, help="stop when so many steps are done altogether")
    options = parser.parse_args(arguments)

    accelerator = Accelerator()
    set_seed(0)
    dataset = training_set(*photos.find(options.data, options.list), options.size)
    loader = DataLoader(dataset, options.batch_size, shuffle=True, num_workers=options.workers)
    model = SmallResNet(class_count(dataset))
    optimizer = torch.optim.SGD(model.parameters(), lr=options.lr, momentum=0.9)
    model, optimizer, loader = prepare(accelerator, model, optimizer, loader)
    steps = Steps()
    accelerator.register_for_checkpointing(steps)
    if options.checkpoints and options.checkpoints.is_dir():
        accelerator.load_state(str(options.checkpoints))

    losses = []
    total = options.epochs * len(loader)
    last = total if options.max_steps is None else min(total, options.max_steps)
    if steps.done >= last and accelerator.is_main_process:
        console.print(f"{steps.done} of {last} steps are done, nothing is left to train")
    while steps.done < last:
        about = dict(console=console, completed=steps.done % len(loader), total=len(loader))
        quiet = not accelerator.is_main_process
        for images, labels in track(loader, f"epoch {steps.done // len(loader)}", disable=quiet, **about):
            loss = torch.nn.functional.cross_entropy(model(images), labels[:, 0])
            optimizer.zero_grad()
            accelerator.backward(loss)
            optimizer.step()
            losses.append(loss.item())
            steps.done += 1
            if steps.done == last:
                break
    if options.checkpoints and losses:
        accelerator.save_state(str(options.checkpoints))
    if accelerator.is_main_process and losses:
        console.print(f"{loader.stats()}")
    accelerator.end_training()
    return {"losses": losses, "steps": steps.done, "verdict": loader.stats().verdict}


if __name__ == "__main__":
    photos.run(main)
