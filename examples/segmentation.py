"""Which class is each pixel of? An encoder-decoder learns it from pictures and masks, with three ways of going up.

python -m examples.segmentation [--up transposed bilinear unpool]
python -m examples.segmentation --list FILE --classes N [--data FOLDER] [--mask-dir FOLDER] [--val FILE]

A line of the list is a picture and its mask, as in "0.jpg 0.png". A mask is gray or has a palette, and its pixels are
numbers of classes, or 255: not counted. Without --list, examples/shapes.py makes pairs.

The encoder halves height and width three times. On the way up, a transposed convolution learns what each pixel becomes,
bilinear upsampling spreads it evenly, and max-unpooling puts it where the encoder found the maximum.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import torch
from rich.console import Console
from rich.progress import Progress, TextColumn
from rich.table import Table
from torch import Tensor, nn
from torch.utils.data import Dataset, Subset

import pixfeed
from examples import photos, shapes
from pixfeed import DataLoader, FastTxtDataset
from pixfeed import transforms as T

console = Console(highlight=False)

MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
WAYS = ("transposed", "bilinear", "unpool")


# -- the network --------------------------------------------------------------------------------------------------


def mix(channels: int, out: int) -> nn.Sequential:
    """A 1x1 convolution: other channels, each pixel by itself."""
    return nn.Sequential(nn.Conv2d(channels, out, 1, bias=False), nn.BatchNorm2d(out))


class Unpool(nn.Module):
    """Each number goes back to where the maximum was, with zeros around it."""

    def __init__(self, channels: int, out: int):
        super().__init__()
        self.unpool, self.mix = nn.MaxUnpool2d(2), mix(channels, out)

    def forward(self, x: Tensor, indices: Tensor) -> Tensor:
        return self.mix(self.unpool(x, indices))


def upward(way: str, channels: int, out: int) -> nn.Module:
    """[B, channels, H, W] to [B, out, 2H, 2W]."""
    if way == "transposed":
        return nn.ConvTranspose2d(channels, out, 2, stride=2)
    if way == "bilinear":  # upsampling keeps the channels; the convolution, inside the Sequential, changes them
        return nn.Sequential(nn.Upsample(scale_factor=2, mode="bilinear"), mix(channels, out))
    return Unpool(channels, out)


def convolution(channels: int, out: int) -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(channels, out, 3, padding=1, bias=False), nn.BatchNorm2d(out), nn.ReLU())


class EncoderDecoder(nn.Module):
    """[B, 3, H, W] to [B, classes, H, W], for any H and W."""

    def __init__(self, way: str, classes: int, widths: tuple[int, ...] = (16, 24, 48)):
        super().__init__()
        self.way = way
        self.down = nn.ModuleList(convolution(*step) for step in zip((3, *widths), widths, strict=False))
        self.pool = nn.MaxPool2d(2, return_indices=True)
        self.middle = convolution(widths[-1], widths[-1])
        outs = (widths[0], *widths[:-1])  # from a stage's channels to those of the stage above it
        self.up = nn.ModuleList(upward(way, *step) for step in zip(widths, outs, strict=True))
        self.smooth = nn.ModuleList(convolution(out, out) for out in outs)
        self.head = nn.Conv2d(widths[0], classes, 1)

    def forward(self, images: Tensor) -> Tensor:
        height, width = images.shape[-2:]
        step = 2 ** len(self.down)  # pooling would drop rows and columns that this does not divide
        x = nn.functional.pad(images, (0, -width % step, 0, -height % step))
        maxima = []
        for stage in self.down:
            x, indices = self.pool(stage(x))
            maxima.append(indices)
        x = self.middle(x)
        for up, smooth in zip(reversed(self.up), reversed(self.smooth), strict=True):
            indices = maxima.pop()
            x = smooth(up(x, indices) if self.way == "unpool" else up(x))
        return self.head(x)[..., :height, :width]


# -- training -----------------------------------------------------------------------------------------------------


def datasets(options: argparse.Namespace) -> tuple[Dataset, Dataset]:
    """To train with: random parts, mirrored half of the time, masks as well. To validate with: the middle of others."""
    numbers = [T.ToTensor(), T.Normalize(MEAN, STD)]
    augment = T.Compose([T.RandomResizedCrop(options.size, (0.4, 1)), T.RandomHorizontalFlip(), *numbers])
    middle = T.Compose([T.Resize(options.size), T.CenterCrop(options.size), *numbers])
    how = {"targets": "mask", "mask_dir": options.mask_dir, "ignore_index": options.ignore_index, "seed": 0}
    how["memory_format"] = torch.channels_last  # in which CPUs are sooner done with convolutions
    training = FastTxtDataset(options.list, options.data, transform=augment, **how)
    validation = FastTxtDataset(options.val or options.list, options.data, transform=middle, **how)
    if options.val:
        return training, validation
    every = range(len(training))  # there is no second list: every fifth pair is held out
    return Subset(training, [i for i in every if i % 5]), Subset(validation, every[::5])


def counted(masks: Tensor, options: argparse.Namespace) -> Tensor:
    """Which pixels have a class.

    Raises:
        DatasetError: one has a number that is none.
    """
    known = masks != options.ignore_index
    wrong = masks[known & ((masks < 0) | (masks >= options.classes))]
    if len(wrong):
        raise pixfeed.DatasetError(
            f"there is a {wrong[0]} in a mask; with --classes {options.classes} there may be 0 to "
            f"{options.classes - 1}, and {options.ignore_index}, which is not counted (--ignore-index)"
        )
    return known


def loss_of(scores: Tensor, masks: Tensor, options: argparse.Namespace) -> Tensor:
    """Cross-entropy, which large classes dominate, and the logarithm of each class's overlap (Dice)."""
    known = counted(masks, options)
    entropy = nn.functional.cross_entropy(scores, masks, ignore_index=options.ignore_index, reduction="sum")
    shares = scores.softmax(1) * known[:, None]
    truth = nn.functional.one_hot(masks.where(known, 0), options.classes).permute(0, 3, 1, 2) * known[:, None]
    overlap = (1 + 2 * (shares * truth).sum((0, 2, 3))) / (1 + (shares + truth).sum((0, 2, 3)))
    return entropy / known.sum().clamp(min=1) - overlap.log().mean()  # finite where no pixel counts, too


def train(model: nn.Module, loader: DataLoader, options: argparse.Namespace) -> float:
    """Returns samples a second."""
    model.train()
    device = next(model.parameters()).device
    optimizer = torch.optim.Adam(model.parameters(), lr=options.lr)
    total = options.epochs * len(loader)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, options.lr, total_steps=total + 1)
    seen, rate, start = 0, 0.0, time.perf_counter()
    columns = (*Progress.get_default_columns(), TextColumn("{task.fields[speed]}"))
    with Progress(*columns, console=console) as progress:
        bar = progress.add_task(model.way, total=total, speed="")
        for _ in range(options.epochs):
            for images, masks in loader:
                loss = loss_of(model(images.to(device)), masks.to(device), options)
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
                schedule.step()
                seen += len(images)
                rate = seen / (time.perf_counter() - start)
                progress.update(bar, advance=1, speed=f"loss {loss.item():.3f}, {rate:,.0f} samples/s")
    return rate


@torch.no_grad()
def predict(model: nn.Module, images: Tensor) -> Tensor:
    """int64 [B, H, W]"""
    model.eval()
    return model(images.to(next(model.parameters()).device)).argmax(1).cpu()


def iou(model: nn.Module, dataset: Dataset, options: argparse.Namespace) -> list[float]:
    """Of each class: pixels that have it in mask and prediction, by those that have it in either; NaN if there is none.
    Behind them their mean."""
    n = options.classes
    pixels = torch.zeros(n, n, dtype=torch.int64)  # a row for what is in the mask, a column for what is predicted
    for images, masks in DataLoader(dataset, options.batch_size, num_workers=options.workers):
        known = counted(masks, options)
        pixels += torch.bincount(masks[known] * n + predict(model, images)[known], minlength=n * n).view(n, n)
    both = pixels.diag()
    each = both / (pixels.sum(0) + pixels.sum(1) - both)
    return [*each.tolist(), each.nanmean().item()]


# -- what came of it ----------------------------------------------------------------------------------------------


def save_pictures(model: nn.Module, dataset: Dataset, title: str, out: Path, options: argparse.Namespace) -> None:
    """The first 6 pictures, with mask and prediction side by side."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    images, masks = next(iter(DataLoader(dataset, batch_size=6)))
    found = predict(model, images)
    masks = torch.where(masks == options.ignore_index, options.classes, masks)
    images = (images * torch.tensor(STD)[:, None, None] + torch.tensor(MEAN)[:, None, None]).clamp(0, 1)
    table, names = shapes.colours(options.classes), [*options.names, "not counted"]
    figure, axes = plt.subplots(3, 6, figsize=(9, 5.4), layout="constrained")
    for axis in axes.flat:
        axis.axis("off")
    for i, each in enumerate(zip(images.permute(0, 2, 3, 1).numpy(), table[masks], table[found], strict=True)):
        place = axes[i // 2, i % 2 * 3 :]
        for axis, picture, what in zip(place, each, ("picture", "mask", "prediction"), strict=False):
            axis.imshow(picture, interpolation="nearest")
            axis.set_title(what if i < 2 else "", fontsize=10)
    for number in torch.cat([masks, found]).unique().tolist():
        axes[0, 0].scatter([], [], s=90, marker="s", color=table[number] / 255, label=names[number])
    figure.legend(loc="outside lower center", ncols=8, fontsize=9, frameon=False)
    figure.suptitle(title)
    figure.savefig(out, dpi=100)
    plt.close(figure)
    console.print(f"pictures: [bold]{out}[/bold]")


def parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--up", nargs="+", choices=WAYS, default=WAYS, help="ways to train and compare (default: all)")
    parser.add_argument("--list", type=Path, help="list file, 'PICTURE MASK' a line (default: pairs are made)")
    parser.add_argument("--data", type=Path, help="folder of the pictures (default: the list's)")
    parser.add_argument("--mask-dir", type=Path, help="folder of the masks (default: that of the pictures)")
    parser.add_argument("--classes", type=int, help="numbers in the masks are 0 to N - 1")
    parser.add_argument("--ignore-index", type=int, default=255, help="the number that is not counted")
    parser.add_argument("--val", type=Path, help="a list to validate with (default: every fifth pair of --list)")
    parser.add_argument("--size", type=int, default=64, help="height and width of what the network sees")
    parser.add_argument("--epochs", type=int, default=4)
    parser.add_argument("--batch-size", type=int, default=8)
    parser.add_argument("--lr", type=float, default=0.02, help="at its highest")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument(
        "--threads", type=int, default=1, help="of torch; in a network so small more cost more than they bring"
    )
    parser.add_argument("--out", type=Path, default=Path(), help="folder for segmentation_*.png")
    options = parser.parse_args(arguments)
    if options.list:
        if not options.classes:
            parser.error("--list needs --classes, too: how many there are, with the background")
        options.data = options.data or options.list.parent
        options.names = [f"class {i}" for i in range(options.classes)]
    elif options.data or options.mask_dir or options.val or options.classes:
        parser.error("pairs of your own need a --list of them")
    else:
        folder = shapes.write_pairs(photos.PROJECT / "demo_data" / "segmentation")
        options.list, options.val, options.data = folder / "train.txt", folder / "val.txt", folder / "images"
        options.mask_dir, options.classes, options.names = folder / "masks", len(shapes.CLASSES), shapes.CLASSES
    return options


def main(arguments: list[str] | None = None) -> dict:
    """Returns for each way: the IoU (0 to 1, of the classes, then their mean) untrained and trained, the loader's
    verdict, the model."""
    options = parse(arguments)
    options.out.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(options.threads)
    training, validation = datasets(options)
    results = {}
    for way in options.up:
        torch.manual_seed(0)
        model = EncoderDecoder(way, options.classes).to("cuda" if torch.cuda.is_available() else "cpu")
        model.to(memory_format=torch.channels_last)
        loader = DataLoader(
            training,
            options.batch_size,
            shuffle=True,
            num_workers=options.workers,
            drop_last=len(training) > options.batch_size,
            generator=torch.Generator().manual_seed(0),  # the same batches for all ways
        )
        each = results[way] = {"model": model, "untrained": iou(model, validation, options)}
        each["samples/s"] = train(model, loader, options)
        each["trained"] = iou(model, validation, options)
        each["verdict"] = loader.stats().verdict
        console.print(f"{loader.stats()}")
        title = f"{way}: mean IoU {each['trained'][-1]:.0%} (untrained {each['untrained'][-1]:.0%})"
        save_pictures(model, validation, title, options.out / f"segmentation_{way}.png", options)
    table = Table("IoU", *options.up, title=f"{len(validation)} pictures that were not trained with")
    for i, name in enumerate((*options.names, "mean")):
        table.add_row(name, *(f"{each['trained'][i]:.1%}" for each in results.values()))
    table.add_section()
    table.add_row("mean, untrained", *(f"{each['untrained'][-1]:.1%}" for each in results.values()))
    table.add_row("samples/s", *(f"{each['samples/s']:,.0f}" for each in results.values()))
    console.print(table)
    return results


if __name__ == "__main__":
    photos.run(main)
