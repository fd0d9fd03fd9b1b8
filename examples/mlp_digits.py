"""Two small networks on pictures: how many parameters they have, what they take in memory, and how one learns digits.

python -m examples.mlp_digits [--root FOLDER] [--batch-size N] [--optimizer Adam] [--memory MIB]

The digits are real: the 1,797 handwritten ones that scikit-learn carries, 8 x 8 pixels each. They are written as
MNIST's files are (IDX), at MNIST's size: every pixel becomes 3 x 3 pixels, with a margin of 2 around. With MNIST itself
in FOLDER/MNIST/raw, --root FOLDER trains on that.
"""

from __future__ import annotations

import argparse
import copy
from pathlib import Path

import numpy as np
import torch
from rich.console import Console
from rich.progress import track
from rich.table import Table
from torch import Tensor, nn

import pixfeed
from examples import photos
from pixfeed import DataLoader
from pixfeed import transforms as T
from pixfeed.datasets import MNIST

console = Console(highlight=False)

DIGITS = ((0.1307,), (0.3081,))  # mean and standard deviation of MNIST, a number for each channel
COLOUR = ((0.5, 0.5, 0.5), (0.5, 0.5, 0.5))


class MLP(nn.Sequential):
    """Pixels in a row, one hidden layer, a number for each class: [B, C, H, W] to [B, classes]."""

    def __init__(self, channels: int, side: int, hidden: int = 128, classes: int = 10):
        super().__init__(
            nn.Flatten(),
            nn.Linear(channels * side * side, hidden),
            nn.ReLU(),
            nn.Linear(hidden, classes),
        )


# -- data ---------------------------------------------------------------------------------------------------------


def write_idx(path: Path, array: np.ndarray) -> None:
    """A uint8 array as an IDX file: the type (8) and the number of dimensions, the dimensions, the bytes."""
    header = bytes([0, 0, 8, array.ndim]) + np.array(array.shape, ">u4").tobytes()
    path.write_bytes(header + array.astype(np.uint8).tobytes())


def write_digits(root: Path) -> Path:
    """scikit-learn's digits as MNIST's files: four fifths to train with, one to test with."""
    from sklearn.datasets import load_digits
    from sklearn.model_selection import train_test_split

    small, labels = load_digits(return_X_y=True)  # 64 values a picture, 0 to 16
    small = np.rint(small.reshape(-1, 8, 8) * (255 / 16)).astype(np.uint8)
    images = np.pad(small.repeat(3, axis=1).repeat(3, axis=2), ((0, 0), (2, 2), (2, 2)))
    parts = train_test_split(images, labels, test_size=0.2, stratify=labels, random_state=0)
    folder = root / "MNIST" / "raw"
    folder.mkdir(parents=True, exist_ok=True)
    names = ("train-images-idx3", "t10k-images-idx3", "train-labels-idx1", "t10k-labels-idx1")
    for name, part in zip(names, parts, strict=True):
        write_idx(folder / f"{name}-ubyte", part)
    return root


# -- training -----------------------------------------------------------------------------------------------------


def train(model: nn.Module, dataset: MNIST, optimizer: str, batch_size: int, epochs: int) -> None:
    device = next(model.parameters()).device
    loader = DataLoader(dataset, batch_size, shuffle=True)
    stepper = getattr(torch.optim, optimizer)(model.parameters(), lr=0.1 if optimizer == "SGD" else 1e-3)
    model.train()
    for epoch in range(epochs):
        for images, labels in track(loader, f"epoch {epoch}", console=console, transient=True):
            loss = nn.functional.cross_entropy(model(images.to(device)), labels.to(device))
            stepper.zero_grad()
            loss.backward()
            stepper.step()
        console.print(f"epoch {epoch}: loss of the last batch {loss.item():.3f}")


@torch.no_grad()
def accuracy(model: nn.Module, dataset: MNIST) -> float:
    """The share of pictures that get the right label, 0 to 1."""
    device = next(model.parameters()).device
    model.eval()
    right = 0
    for images, labels in DataLoader(dataset, batch_size=1000):
        right += (model(images.to(device)).argmax(1) == labels.to(device)).sum().item()
    return right / len(dataset)


# -- what it takes ------------------------------------------------------------------------------------------------


def parameters(model: nn.Module) -> dict[str, int]:
    """The number of parameters by layer, of layers that have any."""
    layers = {name: sum(p.numel() for p in layer.parameters(recurse=False)) for name, layer in model.named_modules()}
    return {name: count for name, count in layers.items() if count}


def saved_bytes(model: nn.Module, images: Tensor, labels: Tensor) -> int:
    """What a forward pass keeps for the backward pass, beside the parameters and the batch: the activations."""
    known = {tensor.untyped_storage().data_ptr() for tensor in (images, labels, *model.parameters())}
    kept: dict[int, Tensor] = {}  # by where the memory begins: a view takes none of its own

    def keep(tensor: Tensor) -> Tensor:
        kept[tensor.untyped_storage().data_ptr()] = tensor
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        nn.functional.cross_entropy(model(images), labels)
    return sum(tensor.untyped_storage().nbytes() for where, tensor in kept.items() if where not in known)


def memory(model: nn.Module, shape: tuple[int, ...], batch_size: int, optimizer: str) -> dict[str, int]:
    """An estimate of the bytes that training takes, by what takes them.

    It makes one step with a copy of the model, and looks. Not in it: what the libraries need for themselves (CUDA's
    context, cuDNN's workspace), tensors that live for a moment only, and what allocators round up.

    Args:
        model: on the CPU.
        shape: of one picture, [C, H, W].
        batch_size: pictures in a batch.
        optimizer: a name in torch.optim.
    """
    model = copy.deepcopy(model)
    stepper = getattr(torch.optim, optimizer)(model.parameters(), lr=1e-3)

    def batch(size: int) -> tuple[Tensor, Tensor]:
        return torch.zeros(size, *shape), torch.zeros(size, dtype=torch.int64)

    images, labels = batch(2)
    nn.functional.cross_entropy(model(images), labels).backward()
    stepper.step()
    state = [tensor for each in stepper.state.values() for tensor in each.values() if torch.is_tensor(tensor)]
    each = (saved_bytes(model, *batch(4)) - saved_bytes(model, images, labels)) // 2  # of one picture
    return {
        "parameters": sum(p.nbytes for p in model.parameters()),
        "gradients": sum(p.grad.nbytes for p in model.parameters() if p.grad is not None),
        "optimiser state": sum(tensor.nbytes for tensor in state),
        "activations": batch_size * each,
        "batch": batch_size * sum(tensor[:1].nbytes for tensor in (images, labels)),
    }


def largest_batch(model: nn.Module, shape: tuple[int, ...], optimizer: str, available: int) -> int:
    """How many pictures fit into so many bytes beside the model; 0 if none does."""
    one = memory(model, shape, 1, optimizer)
    each = one["activations"] + one["batch"]
    return max(0, (available - (sum(one.values()) - each)) // each)


def show_model(name: str, model: nn.Module, shape: tuple[int, ...], arguments: argparse.Namespace) -> dict:
    layers = parameters(model)
    table = Table("layer", "what", "parameters", title=f"{name}, {list(shape)}", title_justify="left")
    for layer, count in layers.items():
        table.add_row(layer, str(model.get_submodule(layer)), f"{count:,}")
    table.add_row("", "all", f"{sum(layers.values()):,}", style="bold")
    console.print(table)

    takes = memory(model, shape, arguments.batch_size, arguments.optimizer)
    table = Table(f"batches of {arguments.batch_size}, {arguments.optimizer}", "KiB")
    for what, size in takes.items():
        table.add_row(what, f"{size / 2**10:,.1f}")
    table.add_row("all", f"{sum(takes.values()) / 2**10:,.1f}", style="bold")
    console.print(table)
    fits = largest_batch(model, shape, arguments.optimizer, int(arguments.memory * 2**20))
    console.print(f"In {arguments.memory:g} MiB there is room for batches of up to {fits:,} pictures.\n")
    return {"parameters": sum(layers.values()), "memory": takes, "largest_batch": fits}


# -- pictures -----------------------------------------------------------------------------------------------------


def as_picture(image: Tensor, mean: tuple[float, ...], std: tuple[float, ...]) -> np.ndarray:
    """What matplotlib shows: a normalised [C, H, W] back in [0, 1], and as [H, W, C], or [H, W] where C is 1."""
    image = image.cpu() * torch.tensor(std)[:, None, None] + torch.tensor(mean)[:, None, None]
    return image.clamp(0, 1).permute(1, 2, 0).squeeze(2).numpy()


def save_pictures(rows: dict[str, list[np.ndarray]], out: Path) -> None:
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    columns = max(map(len, rows.values()))
    figure, axes = plt.subplots(len(rows), columns, figsize=(1.2 * columns, 1.5 * len(rows)), layout="constrained")
    for axis in axes.flat:
        axis.axis("off")
    for line, (title, pictures) in zip(axes, rows.items(), strict=True):
        line[0].set_title(title, fontsize=9, loc="left")
        for axis, picture in zip(line, pictures, strict=False):
            axis.imshow(picture, cmap="gray", vmin=0, vmax=1)  # a colour picture needs no map, and ignores it
    figure.savefig(out, dpi=100)
    plt.close(figure)
    console.print(f"pictures: [bold]{out}[/bold]")


def main(arguments: list[str] | None = None) -> dict:
    """Returns what was found out: accuracies (0 to 1), and parameters and memory (bytes) of both networks."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--root", type=Path, help="a folder with MNIST/raw (default: scikit-learn's digits)")
    parser.add_argument("--batch-size", type=int, default=64)
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--optimizer", default="Adam", help="a name in torch.optim")
    parser.add_argument("--memory", type=float, default=1024, help="MiB that a batch has to fit into")
    parser.add_argument("--out", type=Path, default=Path("mlp_digits.png"), help="the pictures")
    photos.add_arguments(parser)
    options = parser.parse_args(arguments)
    torch.manual_seed(0)
    folder, list_file = photos.find(options.data, options.list)

    gray, colour = MLP(channels=1, side=28), MLP(channels=3, side=32)
    results = {
        "gray": show_model("gray", gray, (1, 28, 28), options),
        "colour": show_model("colour", colour, (3, 32, 32), options),
    }

    root = options.root or write_digits(photos.PROJECT / "demo_data")
    mean, std = DIGITS
    training = MNIST(root, train=True, mean=mean, std=std)
    testing = MNIST(root, train=False, mean=mean, std=std)
    gray.to("cuda" if torch.cuda.is_available() else "cpu")
    results["untrained"] = accuracy(gray, testing)
    train(gray, training, options.optimizer, options.batch_size, options.epochs)
    results["accuracy"] = accuracy(gray, testing)
    console.print(
        f"right on {len(testing)} digits that it has not seen: [bold]{results['accuracy']:.1%}[/bold] "
        f"(untrained {results['untrained']:.1%})"
    )

    prepare = T.Compose([T.Resize((32, 32)), T.ToTensor(), T.Normalize(*COLOUR)])
    photographs = pixfeed.FastTxtDataset(list_file, folder, transform=prepare)
    some_photos, _ = next(iter(DataLoader(photographs, batch_size=8, shuffle=True)))
    colour(some_photos)  # [8, 3, 32, 32] to [8, 10]: it takes them, but nobody has taught it anything
    some_digits, labels = next(iter(DataLoader(testing, batch_size=8)))
    rows = {
        f"digits {labels.tolist()}": [as_picture(image, *DIGITS) for image in some_digits],
        "photographs": [as_picture(image, *COLOUR) for image in some_photos],
    }
    save_pictures(rows, options.out)
    return results


if __name__ == "__main__":
    photos.run(main)
