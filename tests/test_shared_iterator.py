"""Several threads on one iterator."""

from __future__ import annotations

import threading

import pytest
from resumes import COUNT, WAYS, rows_of, write_pictures

from pixfeed import DataLoader, FastTxtDataset

pytestmark = pytest.mark.slow_on_opencv


@pytest.fixture
def folder(tmp_path):
    return write_pictures(tmp_path)


@pytest.fixture
def dataset(folder, backend) -> FastTxtDataset:
    return FastTxtDataset(folder / "train.txt", folder, 8, 6, backend=backend)


@pytest.fixture(params=WAYS)
def way(request) -> dict:
    return WAYS[request.param]


@pytest.mark.parametrize("batch_size", [1, 4])
def test_four_threads_on_one_iterator(dataset, way, batch_size):
    """Each batch goes to one of them, and all come to the end."""
    for _ in range(3):
        iterator = iter(DataLoader(dataset, batch_size, **way))
        got: list[int] = []
        ends: list[object] = []

        def read(iterator=iterator, got=got, ends=ends):
            try:
                for batch in iterator:
                    got.extend(rows_of(batch))
                ends.append(None)
            except BaseException as error:
                ends.append(error)

        threads = [threading.Thread(target=read, daemon=True) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        assert ends == [None] * 4 and sorted(got) == list(range(COUNT))
        assert next(iterator, "the end") == "the end"
