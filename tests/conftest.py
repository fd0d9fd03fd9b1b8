"""Every behaviour is tested on both backends: tests take the fixture `backend`."""

from __future__ import annotations

import gc
import multiprocessing
import os
import signal
from pathlib import Path

import hypothesis
import pytest

from pixfeed import backends

# Shells let what they start in the background ignore Ctrl-C, and its children inherit that.
signal.signal(signal.SIGINT, signal.default_int_handler)

# The same examples in every run, so that a tree passes or does not. PIXFEED_EXAMPLES=3000 looks more closely and
# elsewhere.
examples = os.environ.get("PIXFEED_EXAMPLES")
hypothesis.settings.register_profile(
    "pixfeed", deadline=None, max_examples=int(examples or 60), derandomize=not examples
)
hypothesis.settings.load_profile("pixfeed")


# What a process of the forkserver has imported already: torch takes seconds.
multiprocessing.set_forkserver_preload(["pixfeed"])


class Turns:
    """In a process of pytest-xdist: a test that is marked ``serial`` waits until no other process runs a test, and the
    others wait for it.

    Two files of this project are locked (``flock`` leaves no trace in them). Who holds the first is the next one to get
    the second, so that a serial test does not wait without end.
    """

    def __init__(self):
        folder = Path(__file__).parent
        self._next, self._running = (os.open(folder / name, os.O_RDONLY) for name in ("conftest.py", "images.py"))

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_protocol(self, item):
        import fcntl

        fcntl.flock(self._next, fcntl.LOCK_EX)
        fcntl.flock(self._running, fcntl.LOCK_EX if item.get_closest_marker("serial") else fcntl.LOCK_SH)
        fcntl.flock(self._next, fcntl.LOCK_UN)
        try:
            return (yield)
        finally:
            fcntl.flock(self._running, fcntl.LOCK_UN)


def pytest_configure(config):
    if hasattr(config, "workerinput"):
        config.pluginmanager.register(Turns())


@pytest.hookimpl(tryfirst=True)  # before pytest looks which tests are slow
def pytest_collection_modifyitems(items):
    """A test that is marked ``slow_on_opencv`` is slow on that backend, unless it is the only one. Its subject does not
    depend on the backend, or it compares with OpenCV, which the backend calls."""
    if backends.available()["native"]:
        return
    for item in items:
        parameters = item.callspec.params if hasattr(item, "callspec") else {}
        if item.get_closest_marker("slow_on_opencv") and parameters.get("backend") == "opencv":
            item.add_marker("slow")


def pytest_collection_finish():
    """The modules of torch and hypothesis and the tests themselves are hundreds of thousands of objects, which live as
    long as this process. The garbage collector no longer visits them."""
    gc.collect()
    gc.freeze()


def pytest_report_header():
    from pixfeed.tools.info import config

    return [f"{name}: {value}" for name, value in config().items()]


def need(name: str) -> None:
    """A backend that is not there skips the test, unless PIXFEED_REQUIRE_NATIVE says that it has to be there."""
    why = backends.available()[name]
    if why and os.environ.get("PIXFEED_REQUIRE_NATIVE"):
        pytest.fail(f"{name} has to be there: {why}")
    if why:
        pytest.skip(why)


@pytest.fixture(params=backends.NAMES)
def backend(request) -> str:
    """The backend's name."""
    need(request.param)
    return request.param


@pytest.fixture
def native():
    """The extension module, for the few tests that are about nothing else."""
    need("native")
    import pixfeed._native

    return pixfeed._native


@pytest.fixture
def shared_data() -> Path:
    """Real pictures, which are not part of the project: PIXFEED_TEST_DATA, or ../shared/data beside the checkout."""
    folder = Path(os.environ.get("PIXFEED_TEST_DATA") or Path(__file__).parents[2] / "shared" / "data")
    if not folder.is_dir():
        pytest.skip(f"no real pictures in {folder}")
    return folder


@pytest.fixture
def one_segment(monkeypatch):
    """A cache is filled by one thread, so that all that it keeps is in one file."""
    monkeypatch.setenv("PIXFEED_NUM_THREADS", "1")


@pytest.fixture
def one_thread():
    """Of torch: for networks as small as those of tests several threads cost more than they bring."""
    import torch

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)
