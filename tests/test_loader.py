"""DataLoader: torch's batches, whoever does the work."""

from __future__ import annotations

import pytest
import torch
from loaders import COUNT, ORDERS, WAYS, Counting, rows, seeded, write_pictures
from torch.utils.data import ConcatDataset, DistributedSampler, Subset, TensorDataset
from torch.utils.data import DataLoader as TorchLoader

import pixfeed
from pixfeed import DataLoader, FastTxtDataset, ImageError
from pixfeed.loading.threads_iter import ThreadsIter

pytestmark = pytest.mark.slow_on_opencv


@pytest.fixture
def folder(tmp_path):
    return write_pictures(tmp_path, COUNT)


@pytest.fixture
def dataset(folder, backend) -> FastTxtDataset:
    return FastTxtDataset(folder / "train.txt", folder, 32, 24, backend=backend)


@pytest.fixture(params=WAYS, ids=str)
def way(request) -> dict:
    return WAYS[request.param]


SPAWN = dict(num_workers=2, workers="process", multiprocessing_context="spawn")  # a process takes seconds to start


def test_same_batches_in_every_way(dataset, way):
    expected = list(TorchLoader(dataset, 5, shuffle=True, generator=seeded()))
    got = list(DataLoader(dataset, 5, shuffle=True, generator=seeded(), **way))
    assert len(got) == len(expected)
    for ours, theirs in zip(got, expected, strict=True):
        assert type(ours) is type(theirs) is list
        assert all(torch.equal(a, b) for a, b in zip(ours, theirs, strict=True))


@pytest.mark.slow
def test_spawned_workers(dataset):
    test_same_batches_in_every_way(dataset, SPAWN)


def test_it_is_a_dataloader(dataset):
    loader = DataLoader(dataset, 5, num_workers=2)
    assert isinstance(loader, TorchLoader) and isinstance(iter(loader), ThreadsIter)
    assert len(loader) == 5 and loader.batch_size == 5 and loader.num_workers == 2 and loader.prefetch_factor == 2
    with pytest.raises(ValueError, match="should not be set"):
        loader.batch_size = 7


@pytest.mark.slow
@pytest.mark.parametrize("workers", [0, 2])
@pytest.mark.parametrize("order", ORDERS)
def test_order_is_torchs(dataset, order, workers):
    """For three epochs, from the loader's generator, a sampler's own, or the global one."""
    for generator in (lambda: {}, lambda: dict(generator=seeded())):
        results = []
        for make in (TorchLoader, DataLoader):
            torch.manual_seed(7)
            loader = make(
                dataset, **ORDERS[order](dataset), **generator(), num_workers=workers if make is DataLoader else 0
            )
            epochs = []
            for epoch in range(3):
                if order == "distributed" and make is TorchLoader:
                    loader.sampler.set_epoch(epoch)  # ours does so by itself
                epochs.append(rows(loader))
            results.append(epochs)
        assert results[0] == results[1]


def test_who_tells_the_epoch_is_respected(dataset):
    sampler = DistributedSampler(dataset, 2, 0, shuffle=True)
    loader = DataLoader(dataset, 4, sampler=sampler, num_workers=2)
    first, second = rows(loader), rows(loader)
    assert first != second and sampler.epoch == 1
    sampler.set_epoch(0)
    assert rows(loader) == first and sampler.epoch == 0


@pytest.mark.parametrize("wrap", [lambda d: Subset(d, [4, 2, 9, 11]), lambda d: ConcatDataset([d, Subset(d, [1, 2])])])
def test_wrapped_datasets(dataset, wrap, way):
    expected = list(TorchLoader(wrap(dataset), 3))
    got = list(DataLoader(wrap(dataset), 3, **way))
    for ours, theirs in zip(got, expected, strict=True):
        assert all(torch.equal(a, b) for a, b in zip(ours, theirs, strict=True))


def test_without_batches(dataset, way):
    got = list(DataLoader(dataset, batch_size=None, **way))
    assert len(got) == COUNT
    for i, (image, label) in enumerate(got):
        assert torch.equal(image, dataset[i][0]) and isinstance(label, torch.Tensor) and label.tolist() == [i]


def test_pictures_of_their_own_size(folder, backend, way):
    dataset = FastTxtDataset(folder / "train.txt", folder, None, None, backend=backend)
    for i, (image, _) in enumerate(DataLoader(dataset, 1, **way)):
        assert torch.equal(image[0], dataset[i][0])


class Own(FastTxtDataset):
    def __getitem__(self, index):
        return super().__getitem__(index)


def test_what_threads_cannot_do_goes_torchs_way(dataset):
    own = Own(dataset.files.filename, dataset.image_dir)
    for options in (
        dict(dataset=TensorDataset(torch.arange(5))),
        dict(dataset=own),
        dict(dataset=dataset, worker_init_fn=print),
        dict(dataset=dataset, num_workers=0),
    ):
        options = {"num_workers": 1, **options}
        assert not isinstance(iter(DataLoader(**options)), ThreadsIter)
        with pytest.raises(ValueError, match="workers='thread' is not possible"):
            DataLoader(**options, workers="thread")
    with pytest.raises(ValueError, match="workers is 'fibers'"):
        DataLoader(dataset, workers="fibers")


@pytest.mark.parametrize("workers", [0, 1])
def test_iterable_datasets(workers):
    got = [batch.tolist() for batch in DataLoader(Counting(), 4, num_workers=workers)]
    assert got == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9]]


def test_bad_image(dataset, folder, way):
    (folder / "7.jpg").write_bytes((folder / "7.jpg").read_bytes()[:500])
    loader = iter(DataLoader(dataset, 4, **way))
    next(loader)
    with pytest.raises(ImageError, match=r"7\.jpg.*train\.txt, line 8.*truncated") as caught:
        next(loader)
    if way.get("workers") != "process":
        assert caught.value.status == pixfeed.errors.Status.TRUNCATED and caught.value.line == 8
        assert next(loader)[1][:, 0].tolist() == [8, 9, 10, 11]  # it goes on, if its user does


def test_held_batches_are_never_written_again(dataset):
    expected = [image for image, _ in dataset]
    held = [batch for _ in range(3) for batch in DataLoader(dataset, 4, num_workers=2)]
    for batch, labels in held:
        for image, row in zip(batch, labels[:, 0].tolist(), strict=True):
            assert torch.equal(image, expected[row])


@pytest.mark.parametrize("kind", [set, tuple, lambda rows: (row for row in rows), dict.fromkeys])
def test_batches_of_indices_of_any_kind(dataset, way, kind):
    sampler = [[0, 1], [5], [7, 8, 9]]
    if "workers" in way and not hasattr(kind([]), "__len__"):
        pytest.skip("a generator cannot be pickled, which torch's worker processes need")
    expected = [list(kind(batch)) for batch in sampler]
    assert rows(DataLoader(dataset, batch_sampler=[kind(batch) for batch in sampler], **way)) == expected
