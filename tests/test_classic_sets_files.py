"""Files of the classic sets that are missing, damaged, hostile or something else."""

from __future__ import annotations

import gzip
import hashlib
import os
import struct

import numpy as np
import pytest
from classic_sets import idx, old_pickle, python2, random_pictures, write_cifar10, write_mnist

import pixfeed
from pixfeed.datasets import CIFAR10, CIFAR100, MNIST, FashionMNIST


def test_missing_files(tmp_path):
    with pytest.raises(FileNotFoundError) as raised:
        MNIST(tmp_path)
    text = str(raised.value)
    assert str(tmp_path / "MNIST" / "raw") in text and "f68b3c2dcbeaaa9fbdd348bbdeb94873" in text
    assert "https://" in text and "train-labels-idx1-ubyte.gz" in text and "t10k" not in text
    with pytest.raises(FileNotFoundError, match="8d4fb7e6c68d591d4c3dfef9ec88bf0d"):
        FashionMNIST(tmp_path)
    with pytest.raises(FileNotFoundError, match=r"test_batch.*-python\.tar\.gz .*c58f30108f718f92721af3b95e74349a"):
        CIFAR10(tmp_path, train=False)
    with pytest.raises(FileNotFoundError, match=r"cifar-100-python\.tar\.gz .*eb9058c3a382ffc7106e4002c42a8d85"):
        CIFAR100(tmp_path)
    write_cifar10(tmp_path, *random_pictures(5, 3, 32, 32))
    os.remove(tmp_path / "cifar-10-batches-py" / "data_batch_4")
    with pytest.raises(FileNotFoundError, match="no data_batch_4; "):
        CIFAR10(tmp_path)


DATA, LABELS = random_pictures(12, 28, 28)
BAD_IDX = {
    "no gzip any more": (gzip.compress(idx(DATA))[:-500], "truncated or damaged"),
    "a wrong checksum": (gzip.compress(idx(DATA))[:-8] + b"12345678", "truncated or damaged"),
    "garbled gzip": (gzip.compress(b"")[:10] + b"\xff" * 50, "truncated or damaged"),
    "empty": (b"", "ends in its header"),
    "half a header": (idx(DATA)[:9], "ends in its header"),
    "half the values": (idx(DATA)[:5000], r"promises \[12, 28, 28\]"),
    "half the values, zipped": (gzip.compress(idx(DATA)[:5000]), r"promises \[12, 28, 28\] values, there are 4984"),
    "too many values": (idx(DATA) + b"x", "there are more"),
    "a lie": (gzip.compress(b"\0\0\x08\x03" + b"\xff" * 12), "too short"),
    "a page of the web": (b"<!DOCTYPE html>", "no IDX file"),
    "floats": (b"\0\0\x0d\x03" + struct.pack(">3I", 1, 1, 1) + b"1234", "not uint8"),
    "labels": (idx(LABELS), "in 1 dimensions"),
    "no image": (idx(DATA[:0]), "that is none|12 labels"),
    "fewer": (idx(DATA[:5]), "5 images.*12 labels.*fetch"),
}


@pytest.mark.parametrize("bad", BAD_IDX)
def test_bad_idx_files(tmp_path, bad):
    write_mnist(tmp_path, DATA, LABELS)
    file = tmp_path / "MNIST" / "raw" / "train-images-idx3-ubyte.gz"
    packed, message = BAD_IDX[bad]
    file.write_bytes(packed)
    with pytest.raises(pixfeed.DatasetError, match=message) as raised:
        MNIST(tmp_path)
    assert str(file) in str(raised.value) and "fetch" in str(raised.value)


def test_a_name_says_nothing_about_zip(tmp_path):
    write_mnist(tmp_path, DATA, LABELS)
    file = tmp_path / "MNIST" / "raw" / "train-images-idx3-ubyte.gz"
    file.write_bytes(idx(DATA))
    assert len(MNIST(tmp_path)) == 12


def test_no_class_of_that_number(tmp_path):
    write_mnist(tmp_path, DATA, LABELS + np.uint8(100))
    with pytest.raises(pixfeed.DatasetError, match=r"train-labels.*there are 10 classes"):
        MNIST(tmp_path)
    data, labels = random_pictures(10, 3, 32, 32)
    write_cifar10(tmp_path, data, np.where(np.arange(10) == 7, 10, labels))
    with pytest.raises(pixfeed.DatasetError, match=r"data_batch_4: label 10 of item 1, there are 10"):
        CIFAR10(tmp_path)


def test_verify(tmp_path, monkeypatch):
    write_mnist(tmp_path, DATA, LABELS)
    with pytest.raises(pixfeed.DatasetError, match=r"train-images.*MD5.*f68b3c2dcbeaaa9fbdd348bbdeb94873"):
        MNIST(tmp_path, verify=True)
    raw = tmp_path / "MNIST" / "raw"
    published = {name: hashlib.md5((raw / name).read_bytes()).hexdigest() for name in MNIST.files if "train" in name}
    monkeypatch.setattr(MNIST, "files", published)
    assert len(MNIST(tmp_path, verify=True)) == 12
    for file in list(raw.iterdir()):
        file.with_suffix("").write_bytes(gzip.decompress(file.read_bytes()))
        file.unlink()
    with pytest.raises(ValueError, match="checksum is known"):
        MNIST(tmp_path, verify=True)
    write_cifar10(tmp_path, *random_pictures(5, 3, 32, 32))
    with pytest.raises(pixfeed.DatasetError, match=r"data_batch_1.*c99cafc152244af753f735de768cd75f"):
        CIFAR10(tmp_path, verify=True)


def noted(path) -> bytes:
    """A pickle that makes a file, if it is executed."""
    return python2(b"touch " + os.fsencode(path))


HOSTILE = {
    "os.system": lambda path: b"cposix\nsystem\n" + noted(path) + b"\x85R.",
    "eval": lambda path: b"c__builtin__\neval\n" + python2(b"open(%r, 'w')" % str(path)) + b"\x85R.",
    "getattr": lambda path: b"c__builtin__\ngetattr\ncnumpy\nndarray\n" + python2(b"__init__") + b"\x86R.",
    "another of numpy's": lambda path: b"cnumpy.core.multiarray\nscalar\n)R.",
    "a path behind a name": lambda path: b"\x80\4\x8c\5numpy\x8c\x10ndarray.__init__\x93.",
    "instances": lambda path: b"(" + noted(path) + b"iposix\nsystem\n.",
    "objects": lambda path: b"(cposix\nsystem\n" + noted(path) + b"o.",
    "new objects": lambda path: b"cnumpy\nndarray\n)\x81.",
    "a changed stand-in": lambda path: b"cnumpy\nndarray\nN}" + python2(b"_make") + b"Ns\x86b.",
    "a dict for a stand-in": lambda path: b"cnumpy\nndarray\n}" + python2(b"_make") + b"Nsb.",
    "a persistent name": lambda path: b"P1\n.",
    "an extension": lambda path: b"\x82\1.",
    "another encoding": lambda path: b"c_codecs\nencode\nX\1\0\0\0aX\5\0\0\0rot13\x86R.",
    "a dtype of objects": lambda path: old_pickle({b"data": np.zeros((1, 3072), np.uint8)}).replace(b"u1", b"O8"),
    "too many values": lambda path: old_pickle({b"data": np.zeros((1, 3072), np.uint8)}).replace(
        struct.pack("<i", 3072) + b"\x86", struct.pack("<i", 9999) + b"\x86"
    ),
    "a large memo": lambda path: b"Nr\xff\xff\xff\x7f.",
    "nothing": lambda path: b"",
    "half of it": lambda path: old_pickle({b"labels": [1, 2, 3]})[:-5],
    "a list": lambda path: old_pickle([1]),
    "noise": lambda path: bytes(range(256)),
}


@pytest.mark.parametrize("trick", HOSTILE)
def test_pickles_are_not_executed(tmp_path, trick):
    write_cifar10(tmp_path, *random_pictures(10, 3, 32, 32))
    file, made = tmp_path / "cifar-10-batches-py" / "data_batch_2", tmp_path / "made"
    file.write_bytes(HOSTILE[trick](made))
    with pytest.raises(pixfeed.DatasetError, match=r"the pickle cannot be read .*fetch the file again") as raised:
        CIFAR10(tmp_path)
    assert str(file) in str(raised.value)
    assert not made.exists()
    write_cifar10(tmp_path, *random_pictures(10, 3, 32, 32))
    assert len(CIFAR10(tmp_path)) == 10  # whatever was tried, the next pickle is read as ever


@pytest.mark.parametrize(
    ("batch", "message"),
    [
        ({b"labels": [1]}, "its 'data' is NoneType"),
        ({b"data": np.zeros((1, 3071), np.uint8), b"labels": [1]}, r"its 'data' is \[1, 3071\]"),
        ({b"data": np.zeros((2, 3072), np.uint8), b"labels": [1]}, "2 images and 1 labels"),
        ({b"data": np.zeros((1, 3072), np.uint8), b"labels": [b"a"]}, "'labels' is no list of int"),
        ({b"data": np.zeros((1, 3072), np.uint8)}, "'labels' is no list of int"),
    ],
    ids=range(5),
)
def test_pickles_of_something_else(tmp_path, batch, message):
    write_cifar10(tmp_path, *random_pictures(10, 3, 32, 32))
    file = tmp_path / "cifar-10-batches-py" / "data_batch_1"
    file.write_bytes(old_pickle(batch))
    with pytest.raises(pixfeed.DatasetError, match=f"data_batch_1: .*{message}.*fetch"):
        CIFAR10(tmp_path)


def test_unusable_names(tmp_path):
    write_cifar10(tmp_path, *random_pictures(10, 3, 32, 32))
    (tmp_path / "cifar-10-batches-py" / "batches.meta").write_bytes(old_pickle({b"label_names": [1, 2]}))
    with pytest.raises(pixfeed.DatasetError, match=r"batches\.meta: its 'label_names' is unusable"):
        CIFAR10(tmp_path)
