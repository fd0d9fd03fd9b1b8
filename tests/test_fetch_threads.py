"""FetchThreads: what is abandoned, what waits for another fetch, and what each one returns."""

from __future__ import annotations

import threading
import time
from concurrent.futures import CancelledError

import pytest
from loaders import COUNT, write_pictures

from pixfeed import FastTxtDataset, context
from pixfeed.loading.fetch_threads import FetchThreads

pytestmark = pytest.mark.slow_on_opencv


@pytest.fixture
def folder(tmp_path):
    return write_pictures(tmp_path, COUNT)


@pytest.fixture
def dataset(folder, backend) -> FastTxtDataset:
    return FastTxtDataset(folder / "train.txt", folder, 32, 24, backend=backend)


def test_abandoned_images_are_left_out(dataset):
    """Of a batch that nobody wants only what has begun is decoded."""
    threads = FetchThreads(1)
    begun, go_on = threading.Event(), threading.Event()

    def make(priority, wanted):
        begun.set()
        go_on.wait(60)
        with context.for_loader(1, priority, False, 0):
            return [dataset.__getitems__(indices) for indices in wanted]

    (first,), (second,) = threads.submit(make, [[0, 1]]), threads.submit(make, [[2, 3]])
    begun.wait(60)
    first.abandon()
    second.abandon()
    go_on.set()
    with pytest.raises(CancelledError):
        first.result(60)
    assert second.cancelled() and not first.cancelled()
    assert len(threads.submit(make, [[0, 1]])[0].result(60)) == 2
    threads.close()


def test_what_comes_after_another_fetch_waits_for_it():
    threads = FetchThreads(2)
    go_on, begun = threading.Event(), []

    def wait(priority, wanted):
        return [go_on.wait(60) for _ in wanted]

    def note(priority, wanted):
        begun.append(priority)
        return list(wanted)

    (first,) = threads.submit(wait, [0])
    second, third = threads.submit(note, [1, 2], after=first)
    time.sleep(0.1)
    assert not begun
    go_on.set()
    assert (second.result(60), third.result(60)) == (1, 2)
    assert begun == [second.priority] and second.priority is third.priority
    go_on.clear()
    (abandoned,) = threads.submit(note, [3], after=threads.submit(wait, [0])[0])
    abandoned.abandon()
    go_on.set()
    with pytest.raises(CancelledError):
        abandoned.result(60)
    threads.close()


def test_of_several_that_are_made_together_each_has_its_own_end():
    threads = FetchThreads(1)

    def make(priority, wanted):
        return [ValueError("two") if number == 2 else number for number in wanted]

    one, two, three = threads.submit(make, [1, 2, 3])
    assert one.result(60) == 1 and three.result(60) == 3
    with pytest.raises(ValueError, match="two"):
        two.result(60)
    threads.close()
