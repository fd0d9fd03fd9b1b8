"""The standard recipe of training a classifier, on any list of pictures: one process, or several with torchrun.

python -m examples.imagenet [--data FOLDER] [--list FILE] [--val FILE] [--recipe NAME] [--checkpoint FILE --resume]
torchrun --nproc-per-node 2 -m examples.imagenet ...

The state of the loader is part of the checkpoint: stopped in the middle of an epoch and started again with --resume,
training goes on from the last one with the batches that were still to come. With more --epochs it goes on behind a
finished run, at the learning rate that a run of so many epochs has there. Several processes share every epoch among
them; they talk by gloo on CPUs and by NCCL on GPUs. With --recipe pictures are augmented and batches mixed as a
well-known recipe does it; see examples/recipes.py.
"""

from __future__ import annotations

import argparse
import os
import time
from pathlib import Path

import torch
import torch.distributed as dist
from rich.console import Console
from rich.progress import Progress, TextColumn
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel
from torch.utils.data import DistributedSampler

from examples import photos
from examples.recipes import MEAN, RECIPES, STD, Recipe
from pixfeed import DataLoader, FastTxtDataset, RASampler
from pixfeed import transforms as T

console = Console(highlight=False)


class Block(nn.Module):
    """Two convolutions and a way around them; half the height and width."""

    def __init__(self, channels: int, out: int):
        super().__init__()
        self.convolutions = nn.Sequential(
            *(nn.Conv2d(channels, out, 3, stride=2, padding=1, bias=False), nn.BatchNorm2d(out), nn.ReLU()),
            *(nn.Conv2d(out, out, 3, padding=1, bias=False), nn.BatchNorm2d(out)),
        )
        self.around = nn.Sequential(nn.Conv2d(channels, out, 1, stride=2, bias=False), nn.BatchNorm2d(out))

    def forward(self, x: Tensor) -> Tensor:
        return torch.relu(self.convolutions(x) + self.around(x))


class SmallResNet(nn.Sequential):
    """A ResNet that a CPU can train: [B, 3, H, W] to [B, classes]. torchvision's resnet50 goes here, too."""

    def __init__(self, classes: int, width: int = 16):
        super().__init__(
            nn.Conv2d(3, width, 7, stride=4, padding=3, bias=False),
            nn.BatchNorm2d(width),
            nn.ReLU(),
            *(Block(width << i, width << i + 1) for i in range(3)),
            nn.AdaptiveAvgPool2d(1),
            nn.Flatten(),
            nn.Linear(width << 3, classes),
        )


def validation_set(folder: Path, list_file: Path, size: int) -> FastTxtDataset:
    """The middle of the pictures, always the same."""
    middle = T.Compose([T.Resize(size * 8 // 7), T.CenterCrop(size), T.ToTensor(), T.Normalize(MEAN, STD)])
    return FastTxtDataset(list_file, folder, transform=middle)


def class_count(dataset: FastTxtDataset) -> int:
    return int(dataset.files.labels[:, 0].max()) + 1


def training_set(folder: Path, list_file: Path, size: int, recipe: str = "plain", seed: int = 0) -> FastTxtDataset:
    """Parts of the pictures, drawn anew in every epoch, and whatever else the recipe does with them."""
    dataset = FastTxtDataset(list_file, folder, seed=seed)
    dataset.transform = RECIPES[recipe](size, class_count(dataset)).augment
    return dataset


def training_loader(dataset: FastTxtDataset, recipe: Recipe, options: argparse.Namespace, pinned: bool) -> DataLoader:
    """Batches of this process, mixed if the recipe says so."""
    # The loader tells the sampler the epoch by itself.
    if recipe.repeats == 1:
        sampler = DistributedSampler(dataset, world_size(), rank(), seed=0, drop_last=True)
    else:
        sampler = RASampler(dataset, world_size(), rank(), num_repeats=recipe.repeats)
    return DataLoader(
        dataset,
        options.batch_size,
        sampler=sampler,
        num_workers=options.workers,
        pin_memory=pinned,
        drop_last=len(sampler) > options.batch_size,
        batch_transform=recipe.mix,
    )


def train_step(
    model: nn.Module, optimizer: torch.optim.Optimizer, images: Tensor, labels: Tensor, recipe: Recipe
) -> Tensor:
    """One batch, images [B, 3, H, W] and the labels that the recipe's loss takes. The loss."""
    loss = recipe.loss(model(images), labels)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return loss.detach()


@torch.no_grad()
def accuracy(model: nn.Module, dataset: FastTxtDataset, batch_size: int, workers: int, device: torch.device) -> float:
    """The share of pictures that get the right class, 0 to 1; every process looks at its part of them."""
    shares = range(rank(), len(dataset), world_size())  # DistributedSampler would count some pictures twice
    model.eval()
    right = torch.zeros((), device=device)
    for images, labels in DataLoader(torch.utils.data.Subset(dataset, shares), batch_size, num_workers=workers):
        right += (model(images.to(device)).argmax(1) == labels[:, 0].to(device)).sum()
    model.train()
    if dist.is_initialized():
        dist.all_reduce(right)
    return right.item() / len(dataset)


def rank() -> int:
    return dist.get_rank() if dist.is_initialized() else 0


def world_size() -> int:
    return dist.get_world_size() if dist.is_initialized() else 1


def save(path: Path, **state) -> None:
    """Into another file first: a crash meanwhile leaves the old checkpoint as it was."""
    if rank() == 0:
        torch.save(state, path.with_suffix(".new"))
        os.replace(path.with_suffix(".new"), path)


def load(path: Path, run: dict[str, int | str], device: torch.device) -> dict:
    """The checkpoint of a run like this one. Another's steps are others: its batches could not be gone on with."""
    state = torch.load(path, map_location=device, weights_only=True)
    if state["run"] != run:
        theirs, ours = (", ".join(f"{what} {count}" for what, count in each.items()) for each in (state["run"], run))
        raise SystemExit(f"{path} is of another run ({theirs}) than this ({ours}): go on with the same as there")
    return state


def parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    photos.add_arguments(parser)
    parser.add_argument("--val", type=Path, help="a list of pictures in the same folder, to test with")
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--batch-size", type=int, default=32, help="of each process")
    parser.add_argument("--lr", type=float, default=0.05, help="at its highest; a run that goes on keeps its own")
    parser.add_argument("--size", type=int, default=224, help="height and width of what the network sees")
    parser.add_argument("--recipe", choices=RECIPES, default="plain", help="see examples/recipes.py")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--checkpoint", type=Path, help="a file to write, every --save-every steps and at the end")
    parser.add_argument("--save-every", type=int, default=100)
    parser.add_argument("--resume", action="store_true", help="go on from the checkpoint, if there is one")
    parser.add_argument("--max-steps", type=int, help="stop after so many steps of this run")
    return parser.parse_args(arguments)


def train(options: argparse.Namespace, device: torch.device) -> dict:
    torch.manual_seed(0)
    folder, list_file = photos.find(options.data, options.list)
    dataset = training_set(folder, list_file, options.size, options.recipe)
    recipe = RECIPES[options.recipe](options.size, class_count(dataset))
    loader = training_loader(dataset, recipe, options, pinned=device.type == "cuda")
    validation = validation_set(folder, options.val, options.size) if options.val else None
    model = SmallResNet(class_count(dataset)).to(device)
    optimizer = torch.optim.SGD(model.parameters(), lr=options.lr, momentum=0.9, weight_decay=1e-4)
    total = options.epochs * len(loader)
    parts = {"model": model, "optimizer": optimizer, "loader": loader}
    run = {
        "processes": world_size(),
        "batch size": options.batch_size,
        "pictures": len(dataset),
        "classes": class_count(dataset),
        "recipe": options.recipe,
    }
    step = 0
    if options.resume and options.checkpoint.is_file():
        state = load(options.checkpoint, run, device)
        step = state["step"]
        for name, part in parts.items():
            part.load_state_dict(state[name])
    if step >= total:
        if rank() == 0:
            console.print(f"{step} of {total} steps are done, nothing is left to train")
        return {"first_step": step, "losses": [], "step": step, "total": total, "model": model.state_dict()}
    # Step and total alone decide on the rate: a checkpoint needs no state of the schedule, and may get more epochs.
    # One more, for the step of the schedule behind the last one of the optimiser.
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, options.lr, total_steps=total + 1, last_epoch=step - 1)
    network = DistributedDataParallel(model) if dist.is_initialized() else model

    results = {"first_step": step, "losses": []}
    last = total if options.max_steps is None else min(total, step + options.max_steps)
    columns = (*Progress.get_default_columns(), TextColumn("{task.fields[speed]}"))
    with Progress(*columns, console=console, disable=rank() != 0) as progress:
        while step < last:
            epoch, start, images_seen = step // len(loader), time.perf_counter(), 0
            done = step % len(loader)
            bar = progress.add_task(f"epoch {epoch}", total=len(loader), completed=done, speed="")
            for images, labels in loader:  # the remaining ones, behind a checkpoint
                images, labels = (each.to(device, non_blocking=True) for each in (images, labels))
                loss = train_step(network, optimizer, images, labels, recipe)
                schedule.step()
                step += 1
                results["losses"].append(loss.item())
                images_seen += len(images) * world_size()
                rate = images_seen / (time.perf_counter() - start)
                progress.update(bar, advance=1, speed=f"loss {loss.item():.3f}, {rate:,.0f} samples/s")
                if options.checkpoint and (step == last or step % options.save_every == 0):
                    states = {name: part.state_dict() for name, part in parts.items()}
                    save(options.checkpoint, step=step, run=run, **states)
                if step == last:
                    break
            if rank() == 0:
                progress.console.print(f"{loader.stats()}")
            results["verdict"] = loader.stats().verdict
            if validation is not None:
                results["accuracy"] = accuracy(model, validation, options.batch_size, options.workers, device)
                if rank() == 0:
                    progress.console.print(f"right on {results['accuracy']:.1%} of {options.val.name}")
    return {**results, "step": step, "total": total, "model": model.state_dict()}


def main(arguments: list[str] | None = None) -> dict:
    """Returns the steps that were done, their losses, the loader's verdict, the accuracy with --val, the weights."""
    options = parse(arguments)
    if options.resume and not options.checkpoint:
        raise SystemExit("--resume goes on from a --checkpoint: name its file")
    if options.checkpoint and options.checkpoint.is_dir():
        raise SystemExit(f"--checkpoint {options.checkpoint} is a folder: name a file in it")
    if options.checkpoint and not options.checkpoint.parent.is_dir():
        raise SystemExit(f"--checkpoint: there is no folder {options.checkpoint.parent} to write it into")
    cuda = torch.cuda.is_available()
    device = torch.device("cuda", int(os.environ.get("LOCAL_RANK", 0))) if cuda else torch.device("cpu")
    if "RANK" in os.environ:  # torchrun started this process, and others
        if cuda:
            torch.cuda.set_device(device)
        dist.init_process_group("nccl" if cuda else "gloo")
    try:
        return train(options, device)
    finally:
        if dist.is_initialized():
            dist.destroy_process_group()


if __name__ == "__main__":
    photos.run(main)
