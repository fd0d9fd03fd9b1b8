"""torchvision's transforms given to datasets: which become pixfeed's, and what the others get."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from images import picture, png
from lookalikes import TIMM, TIMMS_ERASING, V1, V2, compose, make
from torch.utils.data import ConcatDataset

from pixfeed import DataLoader, FastTxtDataset
from pixfeed import transforms as T
from pixfeed.datasets import ImageFolder
from pixfeed.transforms.compose import steps_of

MEAN, STD = [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]
NORMALIZE = T.Normalize(MEAN, STD)


@pytest.fixture
def folder(tmp_path):
    for i in range(4):
        (tmp_path / f"{i}.png").write_bytes(png(picture(40, 50, i)))
    (tmp_path / "list.txt").write_text("".join(f"{i}.png {i}\n" for i in range(4)))
    return tmp_path


@pytest.fixture
def dataset(folder, backend):
    def make_dataset(transform, **options):
        return FastTxtDataset(folder / "list.txt", folder, transform=transform, seed=1, backend=backend, **options)

    return make_dataset


KNOWN = [
    (make("Resize", size=[32]), T.Resize(32)),
    (make("Resize", V1, size=(32, 20)), T.Resize((32, 20))),
    (make("Resize", size=[32], max_size=40, interpolation="bicubic"), T.Resize(32, "bicubic", 40)),
    (make("CenterCrop", size=(20, 20)), T.CenterCrop(20)),
    (make("RandomCrop", size=(20, 20), padding=[1, 2, 3, 4]), T.RandomCrop(20, (1, 3, 2, 4))),
    (make("RandomErasing", value=None), T.RandomErasing(value="random")),
    (make("RandomCrop", V1, size=(9, 9), padding=4, padding_mode="edge"), T.RandomCrop(9, 4, padding_mode="edge")),
    (make("RandomResizedCrop", size=(20, 20)), T.RandomResizedCrop(20)),
    (make("RandomHorizontalFlip", p=0.3), T.RandomHorizontalFlip(0.3)),
    (make("RandomVerticalFlip"), T.RandomVerticalFlip()),
    (make("Pad", padding=2, fill=[1, 2, 3]), T.Pad(2, [1, 2, 3])),
    (make("Grayscale", num_output_channels=3), T.Grayscale(3)),
    (make("RandomGrayscale", p=0.2), T.RandomGrayscale(0.2)),
    (make("ColorJitter", brightness=(0.6, 1.4), hue=None), T.ColorJitter((0.6, 1.4))),
    (make("ColorJitter", hue=(-0.1, 0.1)), T.ColorJitter(hue=0.1)),
    (make("GaussianBlur", kernel_size=(5, 9), sigma=(0.1, 2.0)), T.GaussianBlur((5, 9))),
    (make("RandomAdjustSharpness", V1, sharpness_factor=2, p=0.5), T.RandomAdjustSharpness(2)),
    (make("RandomAutocontrast", p=0.2), T.RandomAutocontrast(0.2)),
    (make("RandomChannelPermutation"), T.RandomChannelPermutation()),
    (make("RandomEqualize", p=0.2), T.RandomEqualize(0.2)),
    (make("RandomInvert", V1, p=0.2), T.RandomInvert(0.2)),
    (make("RandomPhotometricDistort", brightness=(0.5, 1), contrast=(1, 2), saturation=(1, 1), hue=(0, 0.1), p=0.3),
     T.RandomPhotometricDistort((0.5, 1), (1, 2), (1, 1), (0, 0.1), 0.3)),
    (make("RandomPosterize", bits=3, p=0.5), T.RandomPosterize(3)),
    (make("RandomSolarize", V1, threshold=128, p=0.5), T.RandomSolarize(128)),
    (make("ToTensor", V1), T.ToTensor()),
    (make("PILToTensor"), T.PILToTensor()),
    (make("ToImage"), T.PILToTensor()),
    (make("RandomResizedCropAndInterpolation", TIMM, size=(9, 9), scale=(0.5, 1), ratio=(1, 1), interpolation="box"),
     T.RandomResizedCrop(9, (0.5, 1), (1, 1), "box")),
    (make("RandomResizedCropAndInterpolation", TIMM, size=(9, 9), scale=(0.5, 1), ratio=(1, 1),
          interpolation=("bilinear", "bicubic")),
     T.RandomChoice([T.RandomResizedCrop(9, (0.5, 1), (1, 1), how) for how in ("bilinear", "bicubic")])),
    (make("RandomRotation", degrees=[-9.0, 9.0], interpolation="bilinear", expand=True, center=None, fill=[1, 2, 3]),
     T.RandomRotation(9, "bilinear", True, fill=[1, 2, 3])),
    (make("RandomAffine", V1, degrees=[-9.0, 9.0], translate=(0.1, 0.2), scale=None, shear=[-3.0, 3.0],
          interpolation="nearest", fill=7, center=(3, 4)),
     T.RandomAffine(9, (0.1, 0.2), None, 3, fill=7, center=(3, 4))),
    (make("RandomPerspective", distortion_scale=0.3, p=0.4, interpolation="bicubic", fill=0),
     T.RandomPerspective(0.3, 0.4, "bicubic")),
    (make("ScaleJitter", target_size=(9, 8), scale_range=(0.1, 0.2), interpolation="bilinear"),
     T.ScaleJitter((9, 8), (0.1, 0.2))),
    (make("RandomShortestSize", min_size=[8, 9], max_size=20, interpolation="bicubic"),
     T.RandomShortestSize([8, 9], 20, "bicubic")),
    (make("RandomZoomOut", fill=[1, 2, 3], side_range=(1, 2), p=0.4), T.RandomZoomOut([1, 2, 3], (1, 2), 0.4)),
    (make("MaybeToTensor", TIMM), T.ToTensor()),
    (make("MaybePILToTensor", TIMM), T.PILToTensor()),
]  # fmt: skip


@pytest.mark.parametrize(("theirs", "ours"), KNOWN, ids=lambda step: repr(step))
def test_equals(theirs, ours):
    assert steps_of(theirs) == [ours]


@pytest.mark.parametrize("module", [V1, V2])
def test_a_recipe_becomes_one_native_pass(module, dataset):
    theirs = compose(
        make("RandomResizedCrop", module, size=(20, 20)),
        compose(make("RandomHorizontalFlip", module), module=module),
        make("ToTensor", module),
        make("Normalize", module, mean=torch.tensor(MEAN), std=STD),
        make("RandomErasing", module, value=[0.0] if module == V2 else 0),
        module=module,
    )
    ours = T.Compose(
        [T.RandomResizedCrop(20), T.RandomHorizontalFlip(), T.ToTensor(), NORMALIZE, T.RandomErasing(value=0.0)]
    )
    translated, native = dataset(theirs), dataset(ours)
    assert translated.reads_natively
    assert torch.equal(translated.__getitems__(range(4)).images, native.__getitems__(range(4)).images)
    assert "in Python" not in str(translated)


def test_after_to_image(dataset):
    """v2's usual order: what does with a tensor what it does with a PIL image stays native."""
    scaled = make("ToDtype", dtype=torch.float32, scale=True)
    by_kind = make("ToDtype", dtype={type("Image", (), {}): torch.float32, "others": None}, scale=True)
    normalize = make("Normalize", mean=MEAN, std=STD)
    for to_dtype in (scaled, by_kind):
        theirs = compose(
            make("Resize", size=[30, 30]), make("ToImage"), make("RandomHorizontalFlip"), to_dtype, normalize
        )
        ours = T.Compose([T.Resize((30, 30)), T.RandomHorizontalFlip(), T.ToTensor(), NORMALIZE])
        assert torch.equal(dataset(theirs)[1][0], dataset(ours)[1][0])


@pytest.mark.parametrize(
    "step",
    [
        make("RandAugment"),
        make("RandomCrop", size=(20, 20), fill={"others": 3}),
        type("Resize", (type(make("Resize", size=9)),), {"__module__": "mine"})(),
        lambda image: image,
    ],
    ids=["RandAugment", "fill by kind", "a subclass", "a function"],
)
def test_what_has_no_equal_runs_in_python_with_all_that_follows(step):
    before, after = make("Resize", size=[32, 32]), make("ToTensor")
    steps = steps_of(compose(before, step, after))
    assert steps[0] == T.Resize((32, 32))
    assert isinstance(steps[1], T.ToPILImage)
    assert steps[2:] == [step, after]


def timms_erasing(**attributes):
    defaults = dict(probability=0.25, min_area=0.02, max_area=1 / 3, log_aspect_ratio=(np.log(0.25), np.log(4)))
    defaults |= dict(min_count=1, max_count=1, rand_color=False, per_pixel=False, mode="const", num_splits=0)
    return make("RandomErasing", TIMMS_ERASING, **{**defaults, **attributes})


def test_timms_erasing():
    to_tensor, ours = make("ToTensor"), T.RandomErasing(0.25, (0.02, 1 / 3), (0.25, 4.0), 0.0)
    assert steps_of(compose(to_tensor, timms_erasing()))[-1] == ours
    assert steps_of(compose(to_tensor, timms_erasing(per_pixel=True)))[-1].value == "random"
    areas = dict(min_area=0.02, max_area=1 / 3, min_aspect=0.25, max_aspect=4.0)
    for more, theirs in (
        (dict(mode="pixel", max_count=2), dict(per_pixel=True, max_count=2)),
        (dict(mode="rand"), dict(rand_color=True)),
        (dict(mode="const", min_count=2, max_count=3), dict(min_count=2, max_count=3)),
    ):
        made = steps_of(compose(to_tensor, timms_erasing(mode=more["mode"], **theirs)))[-1]
        ours = T.TimmRandomErasing(0.25, **areas, **{"max_count": 1, **more})
        assert repr(made).replace("0.25000000000000006", "0.25").replace("3.9999999999999996", "4.0") == repr(ours)
    other = timms_erasing(num_splits=2)
    assert steps_of(compose(to_tensor, other))[-1] is other


def test_resize_after_to_image_is_torchs(dataset):
    """torch resizes uint8 tensors in other steps than Pillow."""
    resize = make("Resize", size=[20])
    assert steps_of(compose(make("ToImage"), resize)) == [T.PILToTensor(), resize]
    made = dataset(compose(make("ToImage"), resize))
    assert not made.reads_natively
    assert repr(made).endswith("Resize gives tensors other pixels than PIL images: it is native before ToImage, "
                               "PILToTensor or ToTensor")  # fmt: skip
    for native in (compose(resize, make("ToImage")), compose(make("ToImage"), make("RandAugment")), compose(resize)):
        assert "gives tensors" not in repr(dataset(native))


def test_an_order_that_pixfeed_refuses_is_theirs_to_refuse():
    normalize = make("Normalize", mean=MEAN, std=STD)
    assert steps_of(compose(make("Resize", size=[9]), normalize))[-1] is normalize


@pytest.mark.parametrize(
    ("given", "seen"), [("pil", "RGB"), ("tensor", ("Tensor", "torch.uint8")), ("numpy", ("ndarray", "uint8"))]
)
def test_transform_input(given, seen, dataset):
    step = make("RandAugment")
    made = dataset(compose(make("Resize", size=[20, 30]), step), transform_input=given)
    image = made[0][0]
    assert step.seen == [seen]
    expected = dataset(T.Compose([T.Resize((20, 30)), T.PILToTensor()]))[0][0]
    pixels = np.asarray(image) if given != "tensor" else image.permute(1, 2, 0).numpy()
    assert (pixels == expected.permute(1, 2, 0).numpy()).all()


def test_gray_pictures_for_python(dataset):
    step = make("RandAugment")
    image = dataset(compose(step), channels="gray")[0][0]
    assert step.seen == ["L"]
    assert image.size == (50, 40)


def test_after_to_tensor_python_gets_a_tensor(dataset):
    step = make("RandAugment")
    assert dataset(compose(make("ToTensor"), step))[0][0].dtype == torch.float32
    assert step.seen == [("Tensor", "torch.float32")]


def test_translate_false_calls_them(dataset):
    theirs = compose(make("RandomHorizontalFlip"))
    theirs.seen = []
    dataset(theirs, translate=False)[0]
    assert theirs.seen == ["RGB"]


def test_unknown_input_is_refused(dataset):
    with pytest.raises(ValueError, match="transform_input is 'PIL'; it may be one of pil, tensor, numpy"):
        dataset(T.ToTensor(), transform_input="PIL")


def test_print_says_what_runs_where(dataset):
    shown = str(dataset(compose(make("Resize", size=[20, 20]), make("RandAugment"), make("ToTensor"))))
    assert "native, in one pass: decode, Resize((20, 20))" in shown
    assert "in Python, per sample: ToPILImage(), their RandAugment, their ToTensor" in shown


# -- sizes besides a transform -----------------------------------------------------------------------------------------


def test_sizes_besides_a_transform_that_does_not_resize(dataset):
    """As in the tutorials' class: resized, then transformed."""
    made = dataset(compose(make("ToTensor"), make("Normalize", mean=MEAN, std=STD)), resize_height=24, resize_width=30)
    expected = dataset(None, resize_height=24, resize_width=30)[2][0]
    mean, std = (torch.tensor(values).view(3, 1, 1) for values in (MEAN, STD))
    assert torch.equal(made[2][0], (expected - mean) / std)


def test_the_transform_determines_the_size(dataset, recwarn):
    transform = T.Compose([T.Resize((20, 25)), T.ToTensor()])
    made = dataset(transform, resize_height=20, resize_width=25)
    assert not recwarn.list
    with pytest.warns(
        UserWarning, match="makes images of 20 x 25 .* resize_height and resize_width, 24 and 30, have no"
    ):
        other = dataset(transform, resize_height=24, resize_width=30)
    assert torch.equal(made[0][0], other[0][0])


# -- other datasets ----------------------------------------------------------------------------------------------------


def test_image_folder(folder, backend, tmp_path):
    root = tmp_path / "classes"
    for name in ("a", "b"):
        (root / name).mkdir(parents=True)
        (root / name / "0.png").write_bytes((folder / "0.png").read_bytes())
    theirs = compose(make("Resize", size=[20, 20]), make("ToTensor"))
    made = ImageFolder(root, theirs, backend=backend)
    assert made.reads_natively
    assert torch.equal(made[0][0], ImageFolder(root, T.Compose([T.Resize((20, 20)), T.ToTensor()]))[0][0])
    step = make("RandAugment")
    ImageFolder(root, compose(step), backend=backend)[1]
    assert step.seen == ["RGB"]


def test_a_color_of_borders_keeps_datasets_together(dataset):
    """v2 keeps it as a list, and what is read together is looked up by the transforms."""
    pad = compose(make("Pad", padding=2, fill=[1, 2, 3]), make("Resize", size=[20, 20]), make("ToTensor"))
    both = ConcatDataset([dataset(pad), dataset(pad)])
    images, _ = next(iter(DataLoader(both, 8)))
    assert torch.equal(images[5], both[5][0])
    assert dataset(pad).merge_key == dataset(pad).merge_key


# -- seeds -------------------------------------------------------------------------------------------------------------


def test_a_dataset_draws_nothing_when_it_is_made(folder):
    def made_after(seed: int) -> int:
        torch.manual_seed(seed)
        seed = FastTxtDataset(folder / "list.txt", folder, transform=T.RandomHorizontalFlip()).seed
        drawn.append(torch.rand(3).tolist())
        return seed

    drawn = []
    assert made_after(3) == made_after(3) != made_after(4)
    torch.manual_seed(3)
    assert drawn[0] == torch.rand(3).tolist()
