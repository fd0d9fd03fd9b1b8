"""Bad images do not end the run: skipped, replaced, counted and reported, in every way of loading."""

from __future__ import annotations

import gc
import os
import pickle
import warnings

import images
import numpy as np
import pytest
import torch
from torch.utils.data import Subset

from pixfeed import DataLoader, FastTxtDataset, ImageError, RegionError
from pixfeed.datasets import journal

COUNT = 12
BAD = [0, 4, 5, 11]
WAYS = {
    "main": dict(num_workers=0),
    "threads": dict(num_workers=2),
    "fork": dict(num_workers=2, workers="process", multiprocessing_context="fork"),
}


@pytest.fixture(params=WAYS)
def way(request) -> dict:
    return WAYS[request.param]


@pytest.fixture
def folder(tmp_path):
    for i in range(COUNT):
        data = images.jpeg(images.picture(40 + i, 50, seed=i))
        (tmp_path / f"{i}.jpg").write_bytes(data if i not in BAD else data[:300])
    (tmp_path / "5.jpg").unlink()
    (tmp_path / "train.txt").write_text("".join(f"{i}.jpg {i}\n" for i in range(COUNT)))
    return tmp_path


@pytest.fixture
def make(folder, backend):
    def make(**options):
        return FastTxtDataset(folder / "train.txt", folder, 24, 32, backend=backend, **options)

    return make


def test_skip(make, way):
    dataset = make(on_error="skip")
    loader = DataLoader(dataset, 5, **way)
    taken = [1, 1, 2, 3, 6, 6, 6, 7, 8, 9, 10, 1]  # the next good one of the list, which starts over
    pictures, labels = (torch.cat(parts) for parts in zip(*loader, strict=True))
    assert labels[:, 0].tolist() == taken
    for image, row in zip(pictures, taken, strict=True):
        expected, _ = make()[row]
        assert torch.equal(image, expected)
    assert [dataset[i][1].item() for i in range(COUNT)] == taken
    check_report(loader.report(), dataset)


def check_report(report, dataset) -> None:
    assert [failure.line for failure in report] == [i + 1 for i in BAD]
    for failure, i in zip(report, BAD, strict=True):
        assert failure.path == f"{dataset.image_dir}/{i}.jpg" and failure.path in failure.reason
        assert ("no such file" if i == 5 else "truncated") in failure.reason
        assert failure.count >= 1


def test_zeros(make, way):
    dataset = make(on_error="zeros")
    loader = DataLoader(Subset(dataset, range(COUNT)), 5, **way)
    pictures, labels = (torch.cat(parts) for parts in zip(*loader, strict=True))
    assert labels[:, 0].tolist() == list(range(COUNT))
    for i, image in enumerate(pictures):
        assert image.any() != (i in BAD)
    assert not dataset[4][0].any() and dataset[4][1].item() == 4
    check_report(loader.report(), dataset)


def test_raise_is_the_default(make):
    dataset = make()
    with pytest.raises(ImageError, match=r"0\.jpg"):
        dataset[0]
    with pytest.raises(ImageError, match=r"4\.jpg"):
        dataset.__getitems__([3, 4, 5])
    assert dataset.report() == []


def test_max_errors(make, way):
    rows = [i for i in range(COUNT) if i not in BAD[2:]]
    assert len(list(DataLoader(Subset(make(on_error="zeros", max_errors=2), rows), 4, **way))) == 3
    with pytest.raises(ImageError, match="more than max_errors=2 images cannot be read, the last one: "):
        list(DataLoader(make(on_error="zeros", max_errors=2), 4, **way))


def test_the_same_image_counts_once(make):
    dataset = make(on_error="zeros", max_errors=1)
    for _ in range(3):
        dataset[4]
    assert [failure.count for failure in dataset.report()] == [3]
    with pytest.raises(ImageError, match="max_errors"):
        dataset[0]


def test_regions(folder, backend):
    rois = np.tile([0, 0, 30, 30], (COUNT, 1))
    rois[2] = [500, 0, 5, 5]
    options = dict(rois=rois, on_error="skip", backend=backend)
    dataset = FastTxtDataset(folder / "train.txt", folder, 8, 8, **options)
    assert [label.item() for _, label in dataset.__getitems__([1, 2, 3])] == [1, 3, 3]
    assert dataset[2][1].item() == 3
    (failure,) = dataset.report()
    assert failure.line == 3 and "outside the picture" in failure.reason and failure.count == 2
    plain = FastTxtDataset(folder / "train.txt", folder, 8, 8, rois=rois, backend=backend)
    with pytest.raises(RegionError, match=r"2\.jpg"):
        plain.__getitems__([1, 2])


def test_nothing_can_be_read(folder, backend):
    (folder / "bad.txt").write_text("0.jpg 0\n4.jpg 1\n5.jpg 2\n")
    for size in ((8, 8), (None, None)):
        dataset = FastTxtDataset(folder / "bad.txt", folder, *size, on_error="skip", backend=backend)
        for read in (lambda dataset=dataset: dataset[1], lambda dataset=dataset: dataset.__getitems__([1])):
            with pytest.raises(ImageError, match=r"none of 3 could; is image_dir='\S*' right\? .*: \S*4\.jpg"):
                read()


@pytest.mark.parametrize(
    "way", ["main", *(pytest.param(name, marks=pytest.mark.slow) for name in ("threads", "fork"))], indirect=True
)
def test_a_wrong_folder(tmp_path, backend, way):
    """Is noticed soon, however long the list."""
    (tmp_path / "wrong").mkdir()
    names = [f"{i}.jpg" for i in range(20_000)]
    options = dict(image_dir=tmp_path / "wrong", on_error="skip", backend=backend)
    for size in ((8, 8), (None, None)):
        dataset = FastTxtDataset.from_samples(names, range(20_000), *size, **options)
        with pytest.raises(ImageError, match=r"none of 1000 in a row, nor .* image_dir='\S*wrong' right.*wrong/7\.jpg"):
            next(iter(DataLoader(Subset(dataset, [7]), **way)))
        assert len(dataset.report()) == 1000


def test_a_long_gap(folder, backend):
    """What is readable elsewhere in the list keeps the run alive, whichever process looks."""
    names = [f"{i}.jpg" for i in [1, *[5] * 1500, 2, *[3] * 1500]]
    options = dict(image_dir=folder, on_error="skip", backend=backend)
    dataset = FastTxtDataset.from_samples(names, range(len(names)), 8, 8, **options)
    assert dataset[1][1] == 1501 and dataset.__getitems__([2])[0][1] == 1501
    names[0] = names[1501] = "5.jpg"
    dataset = FastTxtDataset.from_samples(names[:1502] + names[:1502], range(3004), 8, 8, **options)
    with pytest.raises(ImageError, match="nor of 1000 spread over the list"):
        dataset[1]


class Counted:
    """What of the log is read and written."""

    def __init__(self, monkeypatch):
        self.read = self.written = 0
        pread, write = os.pread, os.write
        monkeypatch.setattr(os, "pread", lambda *args: self._count("read", pread(*args)))
        monkeypatch.setattr(os, "write", lambda file, data: self._count("written", data) and write(file, data))

    def _count(self, name: str, data: bytes) -> bytes:
        setattr(self, name, getattr(self, name) + len(data))
        return data


def test_what_a_failure_costs(tmp_path, backend, monkeypatch):
    """No more for those that were before it, and hardly anything when it comes again."""
    names = [f"{i}.jpg" for i in range(100)]
    options = dict(image_dir=tmp_path, on_error="zeros", max_errors=1000, backend=backend)
    dataset = FastTxtDataset.from_samples(names, range(100), 8, 8, **options)
    counted = Counted(monkeypatch)
    dataset.__getitems__(range(100))
    log = dataset._bad_images._log
    assert counted.read == counted.written == log._journal.size - log._begin
    copy = pickle.loads(pickle.dumps(dataset))
    for repeated in (dataset, copy, dataset):
        counted.written = 0
        repeated.__getitems__(range(100))
        assert counted.written <= 100 * 7
    assert [failure.count for failure in dataset.report()] == [4] * 100 and dataset.report() == copy.report()


def test_processes_count_together(make):
    dataset = make(on_error="zeros", max_errors=2)
    copy = pickle.loads(pickle.dumps(dataset))
    dataset[0], copy[4], copy[0], dataset[4]
    with pytest.raises(ImageError, match="max_errors=2"):
        dataset[5]
    with pytest.raises(ImageError, match="max_errors=2"):
        copy[0]
    assert [failure.count for failure in dataset.report()] == [3, 2, 1]


def test_a_line_that_was_cut_off(make):
    dataset = make(on_error="zeros", max_errors=2)
    dataset[0]
    os.write(dataset._bad_images._log._journal.file, b'["half a na')
    dataset[4], dataset[4], dataset[0]
    assert [(failure.line, failure.count) for failure in dataset.report()] == [(1, 2), (5, 1)]


@pytest.mark.parametrize("nothing", ["/proc/nowhere", "/proc"])
def test_no_file_can_be_made(make, monkeypatch, nothing):
    """The run goes on."""
    with monkeypatch.context() as patched:
        patched.delattr("os.memfd_create")
        patched.setattr("tempfile.tempdir", nothing)
        monkeypatch.setattr(journal, "_own", None)
        dataset = make(on_error="zeros", max_errors=2)
    with pytest.warns(RuntimeWarning, match=r"what could not be read cannot be written down \(.*\)") as warned:
        for i in (0, 4, 0, 4):
            dataset[i]
    assert len(warned) == 1
    assert [(failure.line, failure.count) for failure in dataset.report()] == [(1, 2), (5, 2)]
    with pytest.raises(ImageError, match="max_errors=2"):
        dataset[5]
    loader = DataLoader(make(on_error="zeros"), 5, **WAYS["fork"])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # those of the worker processes
        assert len(list(loader)) == 3


def test_without_memfd(make, monkeypatch, tmp_path):
    """The file is in the folder for temporary files then, and has no name there."""
    monkeypatch.delattr("os.memfd_create")
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setattr(journal, "_own", None)
    before = set(os.listdir(tmp_path))
    dataset = make(on_error="zeros")
    dataset[0], pickle.loads(pickle.dumps(dataset))[4]
    assert [failure.line for failure in dataset.report()] == [1, 5]
    assert set(os.listdir(tmp_path)) == before


def test_impossible_arguments(make, folder):
    with pytest.raises(ValueError, match="on_error is 'ignore'"):
        make(on_error="ignore")
    with pytest.raises(ValueError, match="how large would the zeros be"):
        FastTxtDataset(folder / "train.txt", folder, None, 8, on_error="zeros")
    with pytest.raises(ValueError, match="max_errors is -1; it may be a whole number, 0 or more, or None"):
        make(on_error="skip", max_errors=-1)
    for wrong in (1.5, "3"):
        with pytest.raises(TypeError, match=f"max_errors is {wrong!r}; it may be a whole number"):
            make(on_error="skip", max_errors=wrong)
    with pytest.raises(ValueError, match="max_errors=3 goes with on_error='skip' or 'zeros'"):
        make(max_errors=3)


def test_the_journal_goes_with_the_last_dataset(make, monkeypatch):
    monkeypatch.setattr(journal, "_own", None)
    before = len(os.listdir("/proc/self/fd"))
    dataset, other = make(on_error="zeros"), make(on_error="zeros")
    copy = pickle.loads(pickle.dumps(dataset))
    copy[4], other[0]
    del copy
    gc.collect()
    assert len(dataset.report()) == len(other.report()) == 1
    file = dataset._bad_images._log._journal.file
    assert os.fstat(file).st_nlink == 0
    del dataset, other
    gc.collect()
    assert len(os.listdir("/proc/self/fd")) <= before
