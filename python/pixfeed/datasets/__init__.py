"""The classic sets, as torchvision lays them out on disk: :class:`MNIST`, :class:`FashionMNIST`, :class:`CIFAR10`,
:class:`CIFAR100` and :class:`ImageFolder`."""

from pixfeed.datasets.cifar import CIFAR10, CIFAR100
from pixfeed.datasets.image_folder import ImageFolder
from pixfeed.datasets.mnist import MNIST, FashionMNIST

__all__ = ["CIFAR10", "CIFAR100", "MNIST", "FashionMNIST", "ImageFolder"]
