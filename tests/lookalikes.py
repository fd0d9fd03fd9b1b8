"""Look-alikes of torchvision's and timm's transforms: their names, modules and attributes, for tests without them; and
what torchvision makes of a picture."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from PIL import Image

V1, V2, TIMM = "torchvision.transforms.transforms", "torchvision.transforms.v2", "timm.data.transforms"
TIMMS_ERASING = "timm.data.random_erasing"

#: Where v2 has its classes.
_FILES = {
    "_color": ("ColorJitter", "Grayscale", "RandomGrayscale", "RGB"),
    "_container": ("Compose", "RandomApply"),
    "_augment": ("RandomErasing",),
    "_auto_augment": ("RandAugment",),
    "_misc": ("ConvertImageDtype", "Identity", "Normalize", "ToDtype"),
    "_type_conversion": ("PILToTensor", "ToImage", "ToPureTensor"),
    "_deprecated": ("ToTensor",),
}

_DEFAULTS: dict[str, dict[str, Any]] = {
    "Resize": {"interpolation": "bilinear", "max_size": None, "antialias": True},
    "RandomResizedCrop": {
        "scale": (0.08, 1.0),
        "ratio": (3 / 4, 4 / 3),
        "interpolation": "bilinear",
        "antialias": True,
    },
    "RandomCrop": {"padding": None, "pad_if_needed": False, "fill": 0, "padding_mode": "constant"},
    "Pad": {"fill": 0, "padding_mode": "constant"},
    "RandomHorizontalFlip": {"p": 0.5},
    "RandomVerticalFlip": {"p": 0.5},
    "RandomGrayscale": {"p": 0.1},
    "Grayscale": {"num_output_channels": 1},
    "ColorJitter": {"brightness": None, "contrast": None, "saturation": None, "hue": None},
    "RandomErasing": {"p": 0.5, "scale": (0.02, 0.33), "ratio": (0.3, 3.3), "value": 0, "inplace": False},
    "Normalize": {"inplace": False},
    "ToDtype": {"scale": False},
}


def make(name: str, module: str = V2, **attributes: Any) -> Any:
    """An object of a class of that name, as if it came from that module, with its default attributes and these."""
    if module == V2:
        file = next((file for file, names in _FILES.items() if name in names), "_geometry")
        module = f"{V2}.{file}"
    kind = type(name, (), {"__module__": module, "__call__": _call, "__repr__": lambda self: f"their {name}"})
    made = kind()
    vars(made).update({**_DEFAULTS.get(name, {}), **attributes})
    return made


def compose(*steps: Any, module: str = V2) -> Any:
    return make("Compose", module, transforms=list(steps))


def _call(self: Any, image: Any) -> Any:
    """Enough for what runs in Python: it notes what it was given."""
    seen = vars(self).setdefault("seen", [])
    seen.append(image.mode if isinstance(image, Image.Image) else (type(image).__name__, str(image.dtype)))
    if type(self).__name__ == "ToTensor" and isinstance(image, Image.Image):
        return (
            torch.tensor(list(image.tobytes()), dtype=torch.uint8).view(image.height, image.width, -1).permute(2, 0, 1)
            / 255
        )
    return image


def of_torchvision(name: str, **attributes: Any) -> Any:
    """One of v1's transforms."""
    return make(name, V1, **attributes)


TO_TENSOR = of_torchvision("ToTensor")
HALVES = ((0.5, 0.5, 0.5), (0.5, 0.5, 0.5))


def normalize(mean, std):
    return of_torchvision("Normalize", mean=mean, std=std)


def to_tensor(picture: np.ndarray, mean=None, std=None) -> torch.Tensor:
    """PIL image, ToTensor, Normalize. ``picture``: [H, W] or [H, W, 3]."""
    image = np.array(Image.fromarray(picture))
    tensor = torch.from_numpy(image.reshape(*image.shape[:2], -1)).permute(2, 0, 1).contiguous()
    tensor = tensor.to(torch.float32).div(255)
    if mean is None:
        return tensor
    mean, std = (torch.tensor(numbers, dtype=torch.float32).view(-1, 1, 1) for numbers in (mean, std))
    return tensor.sub(mean).div(std)
