"""A folder with a sub-folder per class, and transforms of Pillow's images."""

from swaps import plain as T  # swap: from pixfeed import transforms as T
from swaps.plain import FolderDataset  # swap: from pixfeed.datasets import ImageFolder as FolderDataset
from torch.utils.data import DataLoader  # swap: from pixfeed import DataLoader

MEAN, STD = [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]


def main(folder):
    transform = T.Compose([T.Resize((40, 40)), T.CenterCrop(32), T.ToTensor(), T.Normalize(MEAN, STD)])
    dataset = FolderDataset(folder / "classes", transform)
    yield dataset.classes
    yield from DataLoader(dataset, batch_size=4, num_workers=2)  # images, labels
