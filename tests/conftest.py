"""Every behaviour is tested on both backends: tests take the fixture `backend`."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import hypothesis
import pytest

from pixfeed import backends

# Shells let what they start in the background ignore Ctrl-C, and its children inherit that.
signal.signal(signal.SIGINT, signal.default_int_handler)

# PIXFEED_EXAMPLES=3000 looks more closely.
examples = int(os.environ.get("PIXFEED_EXAMPLES", 60))
hypothesis.settings.register_profile("pixfeed", deadline=None, max_examples=examples)
hypothesis.settings.load_profile("pixfeed")


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
