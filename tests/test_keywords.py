"""Keyword arguments that functions pass on: listed by help(), known to type checkers, refused with a hint."""

from __future__ import annotations

import inspect
import struct
from dataclasses import fields
from pathlib import Path
from typing import ForwardRef

import cv2
import images
import numpy as np
import pytest

from pixfeed import FastTxtDataset, Reading, imread, load_batch
from pixfeed.datasets import CIFAR10, CIFAR100, MNIST, CocoDetection, FashionMNIST, ImageFolder, YoloDetection
from pixfeed.datasets.in_memory import InMemory
from pixfeed.datasets.options import (
    DetectionOptions,
    ImageFolderOptions,
    InMemoryOptions,
    ListOptions,
    SamplesOptions,
)
from pixfeed.reading.options import ReadingOptions

# What passes options on, the options, and what takes them.
PASSING = {
    "imread": (imread, ReadingOptions, [Reading]),
    "load_batch": (load_batch, ReadingOptions, [Reading]),
    "FastTxtDataset": (FastTxtDataset, ReadingOptions, [Reading]),
    "FastTxtDataset.from_folder": (FastTxtDataset.from_folder, ListOptions, [Reading, FastTxtDataset]),
    "FastTxtDataset.from_samples": (FastTxtDataset.from_samples, SamplesOptions, [Reading, FastTxtDataset]),
    "ImageFolder": (ImageFolder, ImageFolderOptions, [Reading, FastTxtDataset]),
    "YoloDetection": (YoloDetection, DetectionOptions, [Reading, FastTxtDataset]),
    "CocoDetection": (CocoDetection, DetectionOptions, [Reading, FastTxtDataset]),
    "MNIST": (MNIST, InMemoryOptions, [InMemory]),
    "FashionMNIST": (FashionMNIST, InMemoryOptions, [InMemory]),
    "CIFAR10": (CIFAR10, InMemoryOptions, [InMemory]),
    "CIFAR100": (CIFAR100, InMemoryOptions, [InMemory]),
}


def idx(values: np.ndarray) -> bytes:
    return struct.pack(f">2xBB{values.ndim}I", 8, values.ndim, *values.shape) + values.tobytes()


@pytest.fixture(scope="module")
def data(tmp_path_factory) -> Path:
    """A folder with data for everything: two pictures or more each."""
    root = tmp_path_factory.mktemp("data")
    for name in ("a/0.png", "b/1.png"):
        (root / "images" / name).parent.mkdir(parents=True)
        cv2.imwrite(str(root / "images" / name), images.picture(9, 8))
    (root / "list.txt").write_text("a/0.png 0\nb/1.png 1\n")
    (root / "labels" / "a").mkdir(parents=True)
    (root / "labels" / "a" / "0.txt").write_text("0 0.5 0.5 1 1\n")
    (root / "coco.json").write_text(
        '{"images": [{"id": 1, "file_name": "a/0.png"}, {"id": 2, "file_name": "b/1.png"}]}'
    )
    for name in ("MNIST", "FashionMNIST"):
        raw = root / name / "raw"
        raw.mkdir(parents=True)
        (raw / "train-images-idx3-ubyte").write_bytes(idx(np.zeros((2, 28, 28), np.uint8)))
        (raw / "train-labels-idx1-ubyte").write_bytes(idx(np.zeros(2, np.uint8)))
    for name, batches, size, names in (
        ("cifar-10-batches-bin", [f"data_batch_{i}.bin" for i in range(1, 6)], 3073, "batches.meta.txt"),
        ("cifar-100-binary", ["train.bin"], 3074, "fine_label_names.txt"),
    ):
        (root / name).mkdir()
        (root / name / names).write_text("one\ntwo\n")
        for batch in batches:
            (root / name / batch).write_bytes(bytes(size))
    return root


def call(name: str, data: Path, **options: object) -> object:
    """The function of that name, on the data that it needs."""
    picture = data / "images" / "a" / "0.png"
    arguments = {
        "imread": (picture,),
        "load_batch": ([picture], (4, 4)),
        "FastTxtDataset": (data / "list.txt", data / "images"),
        "FastTxtDataset.from_folder": (data / "images",),
        "FastTxtDataset.from_samples": ([picture], [0]),
        "ImageFolder": (data / "images",),
        "YoloDetection": (data / "images",),
        "CocoDetection": (data / "images", data / "coco.json"),
    }
    return PASSING[name][0](*arguments.get(name, (data,)), **options)


def listed(name: str) -> dict[str, inspect.Parameter]:
    """The parameters that the function passes on."""
    function, options, _ = PASSING[name]
    parameters = inspect.signature(function).parameters
    return {key: parameters[key] for key in options.__annotations__}  # KeyError: one is not listed


@pytest.mark.parametrize("name", PASSING)
def test_the_signature_lists_every_option_by_name(name):
    kinds = {each.kind for each in inspect.signature(PASSING[name][0]).parameters.values()}
    assert inspect.Parameter.VAR_KEYWORD not in kinds
    assert {each.kind for each in listed(name).values()} == {inspect.Parameter.KEYWORD_ONLY}
    assert len(listed(name)) == len(PASSING[name][1].__annotations__)


@pytest.mark.parametrize("name", PASSING)
def test_options_have_the_types_and_defaults_of_what_takes_them(name):
    _, options, takers = PASSING[name]
    for key, parameter in listed(name).items():
        taken = [
            inspect.signature(taker).parameters[key] for taker in takers if key in inspect.signature(taker).parameters
        ]
        assert {each.default for each in taken} == {parameter.default}
        assert {each.annotation for each in taken} == {parameter.annotation}
        known = options.__annotations__[key]
        assert isinstance(known, ForwardRef) and known.__forward_arg__ == parameter.annotation


def test_type_checkers_know_every_option():
    """Each TypedDict has all that the function beneath it takes, but for what the function above it names itself."""
    assert set(ReadingOptions.__annotations__) == {field.name for field in fields(Reading)}
    by_keyword = {
        taker: {key for key, each in inspect.signature(taker).parameters.items() if each.kind is each.KEYWORD_ONLY}
        for taker in (FastTxtDataset, InMemory)
    }
    assert set(ListOptions.__annotations__) == by_keyword[FastTxtDataset]
    assert set(ImageFolderOptions.__annotations__) == by_keyword[FastTxtDataset] - {"transform", "target_transform"}
    assert set(SamplesOptions.__annotations__) == by_keyword[FastTxtDataset] - {"labels"}
    assert set(InMemoryOptions.__annotations__) == by_keyword[InMemory] - {"transform", "target_transform"}


@pytest.mark.parametrize("name", PASSING)
def test_every_option_that_is_listed_is_taken(name, data):
    call(name, data, **{key: each.default for key, each in listed(name).items()})


@pytest.mark.parametrize("name", PASSING)
def test_a_wrong_option_names_the_nearest_one_and_the_function(name, data):
    for right in listed(name):
        wrong = right[:-1] + "_" + right[-1]
        with pytest.raises(TypeError) as caught:
            call(name, data, **{wrong: None})
        hint = f"{name}() got an unexpected keyword argument {wrong!r}; did you mean {right!r}?"
        assert str(caught.value) == hint
    with pytest.raises(TypeError) as caught:
        call(name, data, zzz=None)
    assert str(caught.value) == f"{name}() got an unexpected keyword argument 'zzz'"


@pytest.mark.parametrize(
    "name, wrong, right",
    [
        ("imread", "sise", "size"),
        ("load_batch", "resize_box", "resize_boxes"),
        ("FastTxtDataset", "resiz_height", "resize_height"),
        ("FastTxtDataset.from_folder", "resiz_height", "resize_height"),
        ("FastTxtDataset.from_folder", "sufixes", "suffixes"),
        ("FastTxtDataset.from_samples", "imagedir", "image_dir"),
        ("ImageFolder", "resiz_height", "resize_height"),
        ("ImageFolder", "allowempty", "allow_empty"),
        ("MNIST", "transfrom", "transform"),
        ("CIFAR100", "target_transfrom", "target_transform"),
    ],
)
def test_parameters_of_the_function_itself_are_hinted_at_as_well(name, wrong, right, data):
    with pytest.raises(TypeError, match=rf"{name}\(\) got .*{wrong!r}; did you mean {right!r}\?"):
        call(name, data, **{wrong: None})


def test_a_wrong_option_is_found_before_files_are_looked_for(tmp_path):
    for make in (MNIST, CIFAR10, ImageFolder, FastTxtDataset.from_folder):
        with pytest.raises(TypeError, match="did you mean 'dtype'"):
            make(tmp_path / "missing", dtyp=None)


def test_a_subclass_may_have_options_of_its_own(data):
    class Weighted(FastTxtDataset):
        def __init__(self, *arguments, weight=1, **options):
            super().__init__(*arguments, **options)
            self.weight = weight

    class Scaled(MNIST):
        def __init__(self, *arguments, scale=1, **options):
            super().__init__(*arguments, **options)
            self.scale = scale

    assert Weighted.from_folder(data / "images", weight=3, channels="gray").weight == 3
    assert Scaled(data, scale=3, mean=0.5).scale == 3
    with pytest.raises(TypeError, match=r"Weighted\(\) got .*'chanels'; did you mean 'channels'"):
        Weighted.from_folder(data / "images", chanels="gray")
    with pytest.raises(TypeError, match=r"Scaled\(\) got .*'meen'; did you mean 'mean'"):
        Scaled(data, meen=0.5)
