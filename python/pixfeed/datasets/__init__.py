"""Sets as others lay them out on disk: torchvision's :class:`MNIST`, :class:`FashionMNIST`, :class:`CIFAR10`,
:class:`CIFAR100` and :class:`ImageFolder`; boxes of YOLO and COCO in :class:`YoloDetection` and
:class:`CocoDetection`."""

from pixfeed.datasets.cifar import CIFAR10, CIFAR100
from pixfeed.datasets.detection import CocoDetection, YoloDetection
from pixfeed.datasets.image_folder import ImageFolder
from pixfeed.datasets.mnist import MNIST, FashionMNIST

__all__ = ["CIFAR10", "CIFAR100", "MNIST", "CocoDetection", "FashionMNIST", "ImageFolder", "YoloDetection"]
