"""Writers of the classic sets: made pictures in torchvision's places."""

from __future__ import annotations

import gzip
import struct

import numpy as np


def idx(values: np.ndarray) -> bytes:
    return struct.pack(f">BBBB{values.ndim}I", 0, 0, 8, values.ndim, *values.shape) + values.tobytes()


def random_pictures(n: int, *shape: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng([seed, n])
    return rng.integers(0, 256, (n, *shape), dtype=np.uint8), rng.integers(0, 10, n, dtype=np.uint8)


def write_mnist(root, data, labels, train=True, name="MNIST", zipped=True) -> None:
    folder = root / name / "raw"
    folder.mkdir(parents=True, exist_ok=True)
    start = "train" if train else "t10k"
    for file, values in ((f"{start}-images-idx3-ubyte", data), (f"{start}-labels-idx1-ubyte", labels)):
        packed = idx(values)
        (folder / (file + ".gz" * zipped)).write_bytes(gzip.compress(packed) if zipped else packed)


def python2(value) -> bytes:
    """A value as Python 2's cPickle with protocol 2 writes it: text and array values are byte strings."""
    if isinstance(value, bytes):
        return b"T" + struct.pack("<I", len(value)) + value
    if isinstance(value, int):
        return b"J" + struct.pack("<i", value)
    if isinstance(value, list):
        return b"](" + b"".join(map(python2, value)) + b"e"
    if isinstance(value, dict):
        return b"}(" + b"".join(python2(key) + python2(inner) for key, inner in value.items()) + b"u"
    dtype = b"cnumpy\ndtype\n" + python2(b"u1") + b"K\0K\1\x87R(K\3" + python2(b"|") + b"NNN"
    dtype += python2(-1) * 2 + b"K\0tb"
    shape = b"".join(map(python2, value.shape)) + {1: b"\x85", 2: b"\x86"}[value.ndim]
    array = b"cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\0\x85" + python2(b"b") + b"\x87R"
    return array + b"(K\1" + shape + dtype + b"\x89" + python2(value.tobytes()) + b"tb"


def old_pickle(value) -> bytes:
    return b"\x80\2" + python2(value) + b"."


def write_cifar10(root, data, labels, train=True, dump=None) -> None:
    """``data`` uint8 [n, 3, 32, 32], in as many batches as the set has."""
    folder = root / "cifar-10-batches-py"
    folder.mkdir(exist_ok=True)
    names = [f"data_batch_{i}" for i in range(1, 6)] if train else ["test_batch"]
    for name, part, of_part in zip(
        names, np.array_split(data, len(names)), np.array_split(labels, len(names)), strict=True
    ):
        batch = {b"batch_label": b"made", b"labels": of_part.tolist(), b"data": part.reshape(len(part), -1)}
        packed = dump({key.decode(): value for key, value in batch.items()}) if dump else old_pickle(batch)
        (folder / name).write_bytes(packed)
    (folder / "batches.meta").write_bytes(old_pickle({b"label_names": [b"class %d" % i for i in range(10)]}))


def make_mnist(folder):
    """300 pictures: the folder, ``data`` and ``labels``."""
    data, labels = random_pictures(300, 28, 28)
    write_mnist(folder, data, labels)
    return folder, data, labels


def make_cifar(folder):
    """300 pictures: the folder, ``data`` and ``labels``."""
    data, labels = random_pictures(300, 3, 32, 32)
    write_cifar10(folder, data, labels)
    return folder, data, labels
