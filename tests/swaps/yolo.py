"""A text file with the boxes of each image, as shares of its sides; images with borders up to a square."""

from swaps.plain import YoloDataset, yolo_collate  # swap: from pixfeed import detection_collate as yolo_collate
from torch.utils.data import DataLoader  # swap: from pixfeed import DataLoader, datasets, transforms as T


def main(folder):
    # swap: dataset = datasets.YoloDetection(folder / "yolo.txt", transform=T.Compose([T.Letterbox(48), T.ToTensor()]))
    dataset = YoloDataset(folder / "yolo.txt", 48)
    for images, targets in DataLoader(dataset, batch_size=3, num_workers=2, collate_fn=yolo_collate):
        yield images, (targets * 10_000).round()  # number in the batch, class, cx, cy, w, h
