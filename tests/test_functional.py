"""imread and load_batch: sources, outputs, threads."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import images
import numpy as np
import pytest
import torch

import pixfeed


@pytest.fixture
def path(tmp_path) -> Path:
    path = tmp_path / "bild ä.jpg"
    path.write_bytes(images.jpeg(images.picture(40, 60)))
    return path


def test_every_kind_of_source(path, backend):
    data = path.read_bytes()
    expected = images.reference_read(path)
    for source in (
        path,
        str(path),
        data,
        bytearray(data),
        memoryview(data),
        np.frombuffer(data, np.uint8),
        torch.frombuffer(bytearray(data), dtype=torch.uint8).numpy(),
    ):
        np.testing.assert_array_equal(pixfeed.imread(source, backend=backend), expected)


def test_source_of_no_kind(backend):
    with pytest.raises(TypeError):
        pixfeed.imread(3.5, backend=backend)


def test_a_pipe_can_be_read(path, tmp_path, backend):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = threading.Thread(target=lambda: pipe.write_bytes(path.read_bytes()))
    writer.start()
    np.testing.assert_array_equal(pixfeed.imread(pipe, backend=backend), images.reference_read(path))
    writer.join()


def outputs():
    size = (3, 3, 24, 20)
    yield "ordinary", torch.empty(size)
    yield "uint8", torch.empty(size, dtype=torch.uint8)
    yield "shared", torch.empty(size).share_memory_()
    yield "channels_last", torch.empty(size).to(memory_format=torch.channels_last)
    yield "channels_last_uint8", torch.empty(size, dtype=torch.uint8).to(memory_format=torch.channels_last)
    yield "slice_of_batch", torch.empty(9, 3, 24, 20)[2:8:2]
    yield "slice_of_picture", torch.empty(3, 3, 40, 50)[:, :, 5:29, 7:27]
    yield "odd_columns", torch.empty(3, 3, 24, 40)[..., ::2]
    yield "transposed", torch.empty(3, 3, 20, 24).transpose(2, 3)
    yield "needs_grad", torch.empty(size, requires_grad=True)


@pytest.mark.parametrize(("name", "out"), list(outputs()), ids=[name for name, _ in outputs()])
def test_every_kind_of_output(path, backend, name, out):
    result = pixfeed.load_batch([path, path.read_bytes(), str(path)], (24, 20), out=out, backend=backend)
    assert result is out
    expected = images.reference(path, (24, 20))
    if out.dtype == torch.uint8:
        expected = (expected * 255).round().to(torch.uint8)
    for image in result.detach():
        assert torch.equal(image, expected)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="pinned memory needs CUDA")
def test_pinned_output(path, backend):
    out = torch.empty(1, 3, 24, 20).pin_memory()
    assert torch.equal(
        pixfeed.load_batch([path], (24, 20), out=out, backend=backend)[0], images.reference(path, (24, 20))
    )


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        (dict(out=torch.empty(2, 3, 24, 20)), ValueError, "out has shape"),
        (dict(out=torch.empty(1, 3, 24, 20, dtype=torch.float64)), ValueError, "bfloat16 or torch.uint8"),
        (dict(out=torch.empty(1, 3, 24, 20, device="meta")), ValueError, "meta"),
        (dict(out=np.empty((1, 3, 24, 20), np.float32)), TypeError, "ndarray; it must be a torch.Tensor"),
        (dict(dtype=torch.int8), ValueError, "int8"),
        (dict(size=(0, 5)), ValueError, "positive"),
        (dict(size=(2.5, 5)), TypeError, "two integers"),
        (dict(size=(2**31, 5)), ValueError, "at most"),
        (dict(size=(5, 2**70)), ValueError, "at most"),
    ],
)
def test_impossible_arguments(path, backend, options, error, words):
    with pytest.raises(error, match=words):
        pixfeed.load_batch([path], **{"size": (24, 20), **options}, backend=backend)


def test_empty_batch(backend):
    assert pixfeed.load_batch([], (4, 5), backend=backend).shape == (0, 3, 4, 5)


def test_many_python_threads_at_once(path, backend):
    expected = images.reference(path, (24, 20))
    wrong = []

    def work():
        for _ in range(10):
            batch = pixfeed.load_batch([path] * 5, (24, 20), backend=backend)
            wrong.extend(1 for image in batch if not torch.equal(image, expected))

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_the_gil_is_released(native, tmp_path):
    """While a batch is decoded natively, other Python threads run."""
    path = tmp_path / "large.png"
    path.write_bytes(images.png(np.random.default_rng(0).integers(0, 256, (2000, 2000, 3), dtype=np.uint8)))
    started, ran = threading.Event(), []

    def other():
        started.wait()
        while not done.is_set():
            ran.append(1)
            done.wait(0.001)

    done = threading.Event()
    thread = threading.Thread(target=other)
    thread.start()
    started.set()
    pixfeed.load_batch([path] * 4, (64, 64), backend="native")
    during = len(ran)
    done.set()
    thread.join()
    assert during > 1


def test_number_of_threads(monkeypatch):
    from pixfeed.context import num_threads

    monkeypatch.setenv("PIXFEED_NUM_THREADS", "3")
    assert num_threads() == 3
    for wrong in ("0", "-1", "many", "1.5"):
        monkeypatch.setenv("PIXFEED_NUM_THREADS", wrong)
        with pytest.raises(ValueError, match="PIXFEED_NUM_THREADS"):
            num_threads()
    monkeypatch.delenv("PIXFEED_NUM_THREADS")
    assert num_threads() == len(os.sched_getaffinity(0))
