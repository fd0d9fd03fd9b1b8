"""Where are the discs, squares and triangles? A small network on a grid learns it from boxes in YOLO's text files.

python -m examples.detection [--images FOLDER --names FILE] [--size 96] [--epochs 12] [--out detection.png]

FOLDER has images, and a folder `labels` in place of `images` in its path has a text file per image, `class cx cy w h` a
line. Without it 400 pictures are drawn. The picture that is written shows boxes of the data (thin) and found ones.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageDraw
from rich.console import Console
from torch import Tensor, nn
from torch.utils.data import Subset

import pixfeed
from examples import photos, shapes
from pixfeed import transforms as T
from pixfeed.datasets import YoloDetection

console = Console(highlight=False)
NAMES = ("disc", "square", "triangle")
STRIDE = 8


def write_images(folder: Path, count: int = 400, seed: int = 0) -> Path:
    """Draw pictures of 120 x 90 (in images) with 1 to 3 shapes, their label files (in labels), and names.txt."""
    for name in ("images", "labels"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(seed)
    for i in range(count):
        noise = rng.integers(0, 110, (6, 8, 3), np.uint8)
        picture = Image.fromarray(noise).resize((120, 90), Image.Resampling.BICUBIC)
        draw, lines = ImageDraw.Draw(picture), []
        for _ in range(rng.integers(1, 4)):
            number, side = int(rng.integers(3)), int(rng.integers(16, 40))
            x, y = (int(rng.integers(0, length - side)) for length in picture.size)
            box, fill = (x, y, x + side - 1, y + side - 1), tuple(rng.integers(150, 256, 3).tolist())
            if number == 0:
                draw.ellipse(box, fill)
            elif number == 1:
                draw.rectangle(box, fill)
            else:
                draw.polygon([(x, y + side - 1), (x + side / 2, y), (x + side - 1, y + side - 1)], fill)
            lines.append(f"{number} {(x + side / 2) / 120} {(y + side / 2) / 90} {side / 120} {side / 90}\n")
        picture.save(folder / "images" / f"{i}.png")
        (folder / "labels" / f"{i}.txt").write_text("".join(lines))
    (folder / "names.txt").write_text("\n".join(NAMES))
    return folder


class Grid(nn.Module):
    """[B, 3, H, W] to [B, 5 + classes, H / 8, W / 8]: per cell whether the middle of a box lies in it, where in the
    cell, the logarithms of its sides in cells, and the class."""

    def __init__(self, classes: int):
        super().__init__()
        layers: list[nn.Module] = []
        for before, channels, stride in ((3, 16, 2), (16, 32, 2), (32, 48, 2), (48, 48, 1), (48, 48, 1)):
            layers += [nn.Conv2d(before, channels, 3, stride, 1, bias=False), nn.BatchNorm2d(channels), nn.ReLU()]
        self.layers = nn.Sequential(*layers, nn.Conv2d(48, 5 + classes, 1))

    def forward(self, images: Tensor) -> Tensor:
        return self.layers(images)


def loss_of(made: Tensor, boxes: Tensor) -> Tensor:
    """``boxes`` as pixfeed.detection_collate gives them: [N, 6], image, class, and cx, cy, w, h as shares."""
    grid = torch.tensor([made.shape[3], made.shape[2]], dtype=torch.float32, device=made.device)
    image, number = boxes[:, 0].long(), boxes[:, 1].long()
    middle, sides = boxes[:, 2:4] * grid, boxes[:, 4:] * grid
    cell = torch.minimum(middle.long(), grid.long() - 1)
    is_there = torch.zeros_like(made[:, 0])
    is_there[image, cell[:, 1], cell[:, 0]] = 1
    found = made[image, :, cell[:, 1], cell[:, 0]]
    weight = torch.tensor(20.0, device=made.device)  # most cells are empty
    loss = nn.functional.binary_cross_entropy_with_logits(made[:, 0], is_there, pos_weight=weight)
    if len(boxes):
        place = nn.functional.smooth_l1_loss(found[:, 1:5], torch.cat([middle - cell, sides.log()], 1))
        loss = loss + 4 * place + nn.functional.cross_entropy(found[:, 5:], number)
    return loss


@torch.no_grad()
def find(model: nn.Module, images: Tensor, least: float = 0.5) -> list[Tensor]:
    """Per image [n, 6]: left, upper, right, lower in pixels, the score, the class. Overlapping ones are dropped."""
    model.eval()
    made = model(images).cpu()
    rows, columns = torch.meshgrid(*(torch.arange(side) for side in made.shape[2:]), indexing="ij")
    results = []
    for each in made:
        score = each[0].sigmoid()
        middle = torch.stack([columns + each[1], rows + each[2]], -1)
        sides = each[3:5].clamp(max=4).exp().permute(1, 2, 0)
        corners = torch.cat([middle - sides / 2, middle + sides / 2], -1) * STRIDE
        candidates = torch.cat([corners, score[..., None], each[5:].argmax(0)[..., None]], -1)[score > least]
        kept: list[Tensor] = []
        for box in candidates[candidates[:, 4].argsort(descending=True)]:
            if all(iou(box[:4], other[:4]) < 0.4 for other in kept):
                kept.append(box)
        results.append(torch.stack(kept) if kept else torch.zeros(0, 6))
    return results


def iou(a: Tensor, b: Tensor) -> float:
    """The area that two boxes share, by the area of both."""
    start, end = torch.maximum(a[:2], b[:2]), torch.minimum(a[2:], b[2:])
    both = (end - start).clamp(min=0).prod()
    return float(both / ((a[2:] - a[:2]).prod() + (b[2:] - b[:2]).prod() - both))


# -- training ----------------------------------------------------------------------------------------------------------


def recall(model: nn.Module, dataset: Subset) -> float:
    """The share of boxes that were found: by one of the same class that shares half of the area of both."""
    found = total = 0
    for images, targets in pixfeed.DataLoader(dataset, 32):
        for boxes, target in zip(find(model, images), targets, strict=True):
            total += len(target["boxes"])
            for box, label in zip(target["boxes"], target["labels"], strict=True):
                found += any(iou(box, other[:4]) > 0.5 and other[5] == label for other in boxes)
    return found / max(total, 1)


def save_picture(model: nn.Module, dataset: Subset, out: Path) -> None:
    """The first 8 pictures, 3 times as large."""
    images, targets = next(iter(pixfeed.DataLoader(dataset, 8)))
    side, colors = 3 * images.shape[-1], shapes.colours(len(dataset.dataset.classes))[1:].tolist()
    sheet = Image.new("RGB", (4 * side, -(-len(images) // 4) * side))
    for i, (image, target, boxes) in enumerate(zip(images, targets, find(model, images), strict=True)):
        picture = Image.fromarray((image * 255).byte().permute(1, 2, 0).numpy()).resize((side, side))
        draw = ImageDraw.Draw(picture)
        for box, label in zip(target["boxes"], target["labels"], strict=True):
            draw.rectangle((3 * box).tolist(), outline=tuple(colors[label]))
        for *box, score, label in boxes.tolist():
            corners = [3 * number for number in box]
            draw.rectangle(
                [*corners[:2], *np.maximum(corners[:2], corners[2:])], outline=tuple(colors[int(label)]), width=3
            )
            draw.text(corners[:2], f"{dataset.dataset.classes[int(label)]} {score:.0%}", fill="white")
        sheet.paste(picture, (i % 4 * side, i // 4 * side))
    sheet.save(out)


def main(arguments: list[str] | None = None) -> dict:
    """Returns the recall (0 to 1) untrained and trained, and the loader's verdict."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--images", type=Path, help="folder of images, or a list of their paths (default: drawn ones)")
    parser.add_argument("--names", type=Path, help="file with the name of a class per line")
    parser.add_argument("--size", type=int, default=96, help="height and width of what the network sees")
    parser.add_argument("--epochs", type=int, default=12)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--out", type=Path, default=Path("detection.png"))
    options = parser.parse_args(arguments)
    if options.images is None:
        folder = write_images(photos.PROJECT / "demo_data" / "detection")
        options.images, options.names = folder / "images", folder / "names.txt"
    if options.names is None:
        parser.error("--images needs --names, too")
    transform = T.Compose([T.Letterbox(options.size), T.ToTensor()])
    augment = T.Compose([T.Letterbox(options.size), T.ColorJitter(0.3), T.RandomHorizontalFlip(), T.ToTensor()])
    training, validation = (
        YoloDetection(options.images, transform=each, names=options.names, seed=0) for each in (augment, transform)
    )
    console.print(training)
    every = range(len(training))  # every fifth image is held out
    training, validation = Subset(training, [i for i in every if i % 5]), Subset(validation, every[::5])
    loader = pixfeed.DataLoader(
        training, 16, shuffle=True, num_workers=options.workers, collate_fn=pixfeed.detection_collate, drop_last=True
    )
    torch.manual_seed(0)
    model = Grid(len(validation.dataset.classes)).to(memory_format=torch.channels_last)
    result = {"untrained": recall(model, validation)}
    optimizer = torch.optim.AdamW(model.parameters(), 4e-3)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 4e-3, total_steps=options.epochs * len(loader) + 1)
    for epoch in range(options.epochs):
        model.train()
        for images, boxes in loader:
            loss = loss_of(model(images), boxes)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
        console.print(f"epoch {epoch + 1}: loss {loss.item():.3f}")
    result["trained"], result["verdict"] = recall(model, validation), loader.stats().verdict
    console.print(f"{loader.stats()}\nrecall {result['trained']:.0%} (untrained {result['untrained']:.0%})")
    save_picture(model, validation, options.out)
    console.print(f"pictures: [bold]{options.out}[/bold]")
    return result


if __name__ == "__main__":
    photos.run(main)
