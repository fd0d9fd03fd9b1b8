"""A cache changes no batch: off, cold, half full and warm, with threads and processes, on both backends."""

from __future__ import annotations

import multiprocessing

import pytest
import torch
from cached import counts, dataset, folder, hashes

import pixfeed
import pixfeed.transforms as T


def turned(image):
    return image.rotate(9)


def small(image):
    return image.resize((20, 20))


PLANS = {
    "plain resize": {"resize_height": 24, "resize_width": 32},
    "float": {"resize_height": 24, "resize_width": 32, "dtype": torch.float32},
    "antialias": {"resize_height": 24, "resize_width": 32, "antialias": True},
    "gray": {"resize_height": 24, "resize_width": 32, "channels": "gray"},
    "reduced": {"resize_height": 16, "resize_width": 16, "reduced": 2},
    "random crop": {"transform": T.Compose([T.RandomResizedCrop(32), T.RandomHorizontalFlip(), T.ToTensor()])},
    "resize, random crop": {
        "transform": T.Compose([T.Resize(48), T.RandomCrop(32), T.RandomHorizontalFlip(), T.ToTensor()])
    },
    "crops in crops": {"transform": T.Compose([T.CenterCrop(36), T.Resize(30), T.CenterCrop(28), T.RandomCrop(20)])},
    "colors": {"transform": T.Compose([T.Resize((40, 40)), T.ColorJitter(0.4, 0.4, 0.4), T.ToTensor()])},
    "grayscale": {"transform": T.Compose([T.Resize((40, 40)), T.Grayscale(3), T.RandomCrop(32), T.ToTensor()])},
    "grayscale 1": {"transform": T.Compose([T.Grayscale(1), T.RandomResizedCrop(20), T.ToTensor()])},
    "gray 3": {"channels": "gray", "transform": T.Compose([T.Grayscale(3), T.RandomResizedCrop(20), T.ToTensor()])},
    "padded": {"transform": T.Compose([T.Resize((30, 40)), T.Pad(4, fill=9), T.RandomCrop(28), T.PILToTensor()])},
    "turned": {"transform": T.Compose([T.Resize((40, 40)), T.GaussianBlur(3), T.RandomRotation(20), T.ToTensor()])},
    "policy": {"transform": T.Compose([T.RandomResizedCrop(32), T.TrivialAugmentWide(), T.ToTensor()])},
    "branches": {
        "transform": T.Compose(
            [
                T.Resize((40, 40)),
                T.RandomApply([T.Grayscale(3), T.CenterCrop(30), T.Resize((40, 40))], 0.5),
                T.RandomChoice([T.ColorJitter(0.5), T.GaussianBlur(3)]),
                T.CenterCrop(36),
                T.ToTensor(),
            ]
        )
    },
    "branch first": {
        "transform": T.Compose([T.RandomApply([T.CenterCrop(30)], 0.5), T.Resize((24, 24)), T.ToTensor()])
    },
    "numeric": {
        "transform": T.Compose([T.Resize((24, 24)), T.ToTensor(), T.Normalize((0.5,), (0.1,)), T.RandomErasing(0.9)])
    },
    "python": {"transform": T.Compose([T.Resize((24, 24)), turned, T.ToTensor()])},
    "python first": {"transform": T.Compose([small, T.ToTensor()])},
    "identity": {"transform": T.Compose([T.CenterCrop(40)])},
    "scaled": {"resize_height": 8, "resize_width": 8, "decode": "scaled"},
}


@pytest.mark.parametrize("name", PLANS)
def test_batches_are_the_same_off_cold_half_and_warm(tmp_path, backend, name):
    made = folder(tmp_path / "set")
    options = {"backend": backend, **PLANS[name]}
    want = hashes(pixfeed.DataLoader(dataset(made, **options), 5))

    def got(cache):
        data = dataset(made, cache, **options)
        found = hashes(pixfeed.DataLoader(data, 5, num_workers=0 if name.startswith("python") else 2))
        assert data.report() == []
        return found, counts(data)

    cold, one = got(tmp_path / "full")
    assert cold == want
    assert one.stored == 24 and one.hits == 0
    warm, two = got(tmp_path / "full")
    assert warm == want
    assert two.hits - one.hits == 24 and two.stored == 24 and two.damaged == 0
    half = dataset(made, tmp_path / "half", **options)
    for i in range(0, 24, 2):
        half[i]
    mixed, three = got(tmp_path / "half")
    assert mixed == want
    assert three.hits == 12 and three.stored == 24


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_batches_are_the_same_with_worker_processes(tmp_path, backend, method):
    made = folder(tmp_path / "set")
    options = {"backend": backend, **PLANS["branches"]}
    want = hashes(pixfeed.DataLoader(dataset(made, **options), 5))
    context = multiprocessing.get_context(method)
    data = dataset(made, tmp_path / "cache", **options)
    loader = pixfeed.DataLoader if method == "fork" else torch.utils.data.DataLoader
    assert hashes(loader(data, 5, num_workers=2, multiprocessing_context=context)) == want
    assert hashes(pixfeed.DataLoader(data, 5)) == want
    assert counts(data).hits == 24 and counts(data).stored == 0  # the workers had kept them


def test_images_of_different_sizes(tmp_path, backend):
    made = folder(tmp_path / "set")
    for options in ({}, {"transform": T.Compose([T.Resize(20), T.RandomHorizontalFlip()])}, {"targets": "labels"}):
        loaders = [
            pixfeed.DataLoader(dataset(made, cache, backend=backend, **options), 5, collate_fn=pixfeed.pad_collate)
            for cache in (None, tmp_path / "cache", tmp_path / "cache")
        ]
        off, cold, warm = map(hashes, loaders)
        assert off == cold == warm


def test_regions_are_a_part_of_the_key(tmp_path, backend):
    made = folder(tmp_path / "set")
    want, got = [], []
    for cache, found in ((None, want), (tmp_path / "cache", got), (tmp_path / "cache", got)):
        for shift in (0, 3):
            rois = [[shift, 1, 20 + i, 25] for i in range(24)]
            data = dataset(made, cache, backend=backend, rois=rois, resize_height=16, resize_width=16)
            found.append(hashes(pixfeed.DataLoader(data, 6)))
    assert got == want * 2 and want[0] != want[1]
    assert counts(data).stored == 48 and counts(data).hits == 48


def test_two_plans_and_two_jobs_in_one_folder(tmp_path, backend):
    made = folder(tmp_path / "set")
    for name, options in PLANS.items():
        off, on = (dataset(made, cache, backend=backend, **options) for cache in (None, tmp_path / "cache"))
        assert hashes(pixfeed.DataLoader(on, 7)) == hashes(pixfeed.DataLoader(off, 7)), name


def test_boxes_move_with_the_picture(tmp_path, backend):
    made = folder(tmp_path / "set")
    (tmp_path / "set" / "boxes.txt").write_text("0.jpg 3 4 20 22 1\n7.jpg 5 6 20 20 2\n")
    transform = T.Compose([T.Resize((40, 40)), T.RandomHorizontalFlip(), T.RandomCrop(30)])
    off, cold, warm = (
        [
            (image.tolist(), target["boxes"].tolist())
            for image, target in dataset(
                str(tmp_path / "set" / "boxes.txt"), cache, backend=backend, targets="boxes", transform=transform
            )
        ]
        for cache in (None, tmp_path / "cache", tmp_path / "cache")
    )
    assert off == cold == warm
    assert made


def test_scaled_decoding_before_a_random_crop_is_refused(tmp_path, backend):
    with pytest.raises(ValueError, match=r"decode='scaled' does not go with a cache.*put a Resize before"):
        dataset(
            folder(tmp_path / "set"), tmp_path / "c", backend=backend, decode="scaled", transform=T.RandomResizedCrop(9)
        )


def test_a_changed_file_another_size_and_another_option_have_other_keys(tmp_path, backend):
    from images import jpeg, picture

    made = folder(tmp_path / "set", 4)
    cache = tmp_path / "cache"

    def read(**options):
        return dataset(made, cache, backend=backend, **{"resize_height": 20, "resize_width": 20} | options)[0][0]

    first = read()
    assert torch.equal(read(), first)
    assert read(resize_width=21).shape[-1] == 21
    assert torch.equal(read(ignore_orientation=True), first)
    path = tmp_path / "set" / "0.jpg"
    old, size = path.stat(), path.stat().st_size
    data = jpeg(picture(60, 60, seed=99), quality=20)
    path.write_bytes(data + bytes(size - len(data)))  # in the same place, of the same size
    import os

    os.utime(path, ns=(old.st_atime_ns, old.st_mtime_ns))  # and of the same time
    assert path.stat().st_size == size
    want = dataset(made, backend=backend, resize_height=20, resize_width=20)[0][0]
    assert torch.equal(read(), want) and not torch.equal(want, first)


def test_a_file_that_was_written_a_moment_ago_is_not_kept(tmp_path, backend):
    made = folder(tmp_path / "set", 2)
    data = dataset(made, tmp_path / "cache", backend=backend, resize_height=20, resize_width=20)
    (tmp_path / "set" / "0.jpg").write_bytes((tmp_path / "set" / "0.jpg").read_bytes())
    data[0]
    data[1]
    assert counts(data).stored == 1


def test_pictures_that_failed_or_were_recovered_are_not_kept(tmp_path, backend):
    from images import jpeg, picture

    made = folder(tmp_path / "set", 3)
    whole = jpeg(picture(90, 90, seed=3))
    (tmp_path / "set" / "0.jpg").write_bytes(whole[: len(whole) * 2 // 3])
    (tmp_path / "set" / "1.png").write_bytes(b"nothing")
    import time

    time.sleep(0.07)
    reports = []
    for _ in range(2):
        data = dataset(
            made,
            tmp_path / "cache",
            backend=backend,
            resize_height=20,
            resize_width=20,
            on_error="zeros",
            min_recovered=0.1,
        )
        hashes(pixfeed.DataLoader(data, 3))
        reports.append(data.report())
    assert reports[0] == reports[1] and len(reports[0]) == 2
    assert counts(data).stored == 1
