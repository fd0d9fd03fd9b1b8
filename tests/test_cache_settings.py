"""pixfeed.Cache, cache="memory", stats(), print(), and the program's commands."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys

import numpy as np
import pytest
import torch
from cached import counts, dataset, folder, hashes
from conftest import need

import pixfeed
import pixfeed.transforms as T
from pixfeed import backends
from pixfeed.cache import memory, settings
from pixfeed.commands.app import main

SIZE = {"resize_height": 24, "resize_width": 32}


@pytest.mark.parametrize(
    ("text", "size"),
    [("200GB", 200 * 10**9), ("64GiB", 64 << 30), ("1.5 MB", 1_500_000), ("7", 7), (12, 12), ("3k", 3000)],
)
def test_sizes(text, size):
    assert settings.parse_size(text, "max_bytes") == size


@pytest.mark.parametrize("text", ["", "GB", "-1", "5 apples", "1e999GB", -3])
def test_sizes_that_make_no_sense(text):
    with pytest.raises(ValueError, match="max_bytes is"):
        pixfeed.Cache("somewhere", max_bytes=text)
    with pytest.raises(ValueError, match=r"keep_free is 1\.5; as a float it is a share"):
        pixfeed.Cache("somewhere", keep_free=1.5)


def test_network_file_systems_are_refused(tmp_path, monkeypatch):
    mounts = tmp_path / "mounts"
    mounts.write_text(
        f"/dev/x / ext4 rw 0 0\nserver:/a {tmp_path}/a\\040b nfs4 rw 0 0\n/dev/y {tmp_path}/a\\040b/c xfs rw 0 0\n"
    )
    kinds = [
        settings.file_system(f"{tmp_path}/{name}", str(mounts)) for name in ("a b", "a b/d/e", "a b/c/d", "a bc", "b")
    ]
    assert kinds == ["nfs4", "nfs4", "xfs", "ext4", "ext4"]
    monkeypatch.setattr(settings, "file_system", lambda folder: "nfs4")
    with pytest.raises(ValueError, match=r"on a network file system \(nfs4\).*take a local disk, or say force=True"):
        pixfeed.Cache(tmp_path)
    assert pixfeed.Cache(tmp_path, force=True).folder == str(tmp_path)


def test_print_says_where_pictures_are_kept(tmp_path, backend):
    made = folder(tmp_path / "set", 2)
    text = str(dataset(made, tmp_path / "cache", backend=backend, transform=T.Compose([T.Resize(9), T.RandomCrop(8)])))
    assert f"cache={str(tmp_path / 'cache')!r}" in text


def test_cache_size_keeps_smaller_pictures(tmp_path, backend):
    made = folder(tmp_path / "set")
    options = {"backend": backend, "channels": "rgb"}
    random = T.Compose([T.RandomResizedCrop(20), T.RandomHorizontalFlip(), T.ToTensor()])
    keeps = dataset(made, tmp_path / "cache", cache_size=45, transform=random, **options)
    assert "Shrink(45" in str(keeps)
    fed = hashes(pixfeed.DataLoader(keeps, 6))
    assert hashes(pixfeed.DataLoader(keeps, 6)) == fed
    assert counts(keeps).stored == counts(keeps).hits == 24
    # The pictures are those of Resize where they are larger, and as they were where they are not.
    resized = dataset(made, transform=T.Compose([T.Resize(45), *random.transforms]), **options)
    for i in range(24):
        if min(pixfeed.imread(resized.files.paths([i], str(tmp_path / "set"))[0]).shape[:2]) > 45:
            assert torch.equal(keeps[i][0], resized[i][0]), i
    plain = dataset(made, transform=random, **options)
    assert torch.equal(keeps[0][0], plain[0][0]) and not torch.equal(keeps[3][0], plain[3][0])


def test_cache_size_where_it_makes_no_sense(tmp_path, backend):
    made = folder(tmp_path / "set", 1)
    fixed = T.Compose([T.Resize(20), T.RandomCrop(9)])
    with pytest.raises(ValueError, match=r"cache_size=9 is for transforms that begin with a random step.*Resize\(20"):
        dataset(made, tmp_path / "cache", cache_size=9, transform=fixed, backend=backend)
    for options in ({"transform": T.RandomCrop(9)}, {"cache": tmp_path / "cache"}):
        with pytest.raises(ValueError, match="cache_size=9 goes with cache= and a transform that begins with"):
            dataset(made, cache_size=9, backend=backend, **options)


def test_stats_say_what_the_cache_had(tmp_path, backend):
    made = folder(tmp_path / "set")
    loader = pixfeed.DataLoader(dataset(made, tmp_path / "cache", backend=backend, **SIZE), 5)
    for share in (0, 1):
        hashes(loader)
        stats = loader.stats()
        assert stats.cache and stats.cached_share == share and stats.costs.cached == 24 * share
        assert stats.costs.cached_bytes == 24 * 24 * 32 * 3 * share
    assert "  cache    had 100 % of the images (0.1 MB)" in str(stats)
    plain = pixfeed.DataLoader(dataset(made, backend=backend, **SIZE), 5)
    hashes(plain)
    assert plain.stats().cache is False and "  cache" not in str(plain.stats())


def test_the_verdict_advises_a_cache_where_decoding_is_the_limit():
    from pixfeed.context import Costs

    costs = Costs(10**9, 10**9, 9 * 10**9, 8 * 10**8, 10**8, 10**8, 1000)
    for cache, says in ((False, True), (True, False), (None, False)):
        stats = pixfeed.Stats(batches=9, waiting=4.0, stepping=1.0, costs=costs, workers=2, cores=2, cache=cache)
        assert ("cache='a/folder/on/a/local/disk', from the second epoch on, would help" in stats.verdict) is says


def test_a_cache_in_memory_is_shared_and_removed(tmp_path, backend):
    made = folder(tmp_path / "set")
    program = f"""
import os, sys
sys.path.insert(0, {os.path.dirname(__file__)!r})
import pixfeed, torch
from cached import dataset, hashes
options = dict(backend={backend!r}, resize_height=24, resize_width=32)
want = hashes(pixfeed.DataLoader(dataset({made!r}, **options), 5))
data = dataset({made!r}, "memory", **options)
context = torch.multiprocessing.get_context("fork")
assert hashes(pixfeed.DataLoader(data, 5, num_workers=2, multiprocessing_context=context)) == want
loader = pixfeed.DataLoader(data, 5)
assert hashes(loader) == want and loader.stats().cached_share == 1
print(data._cache.folder, flush=True)
if sys.argv[1:]:
    os.kill(os.getpid(), 9)
"""

    def run(*arguments: str) -> tuple[int, str]:
        done = subprocess.run([sys.executable, "-c", program, *arguments], capture_output=True, text=True, timeout=120)
        assert done.returncode in (0, -signal.SIGKILL), done.stderr
        return done.returncode, done.stdout.strip()

    code, place = run()
    assert code == 0 and place.startswith("/dev/shm/pixfeed-") and not os.path.exists(place)
    code, place = run("killed")
    assert code == -signal.SIGKILL and os.path.isdir(place)
    memory.sweep()  # the next job's
    assert not os.path.exists(place)


def test_memory_that_a_group_limits_is_asked_for(monkeypatch, tmp_path):
    from pixfeed import cache, control_groups

    monkeypatch.setattr(memory, "folder", lambda: str(tmp_path))
    monkeypatch.setattr(control_groups, "free_memory", lambda: 1000)
    assert cache.as_cache("memory").max_bytes == 500
    monkeypatch.setattr(control_groups, "free_memory", lambda: None)
    assert cache.as_cache("memory").max_bytes is None


def test_commands(tmp_path, backend, one_segment, monkeypatch, capsys):
    monkeypatch.setenv("PIXFEED_BACKEND", backend)
    made, cache = folder(tmp_path / "set"), tmp_path / "cache"
    hashes(pixfeed.DataLoader(dataset(made, cache, backend=backend, **SIZE), 5))
    assert main(["cache", "info", str(cache), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["schema"] == "pixfeed.cache/1"
    assert found["pictures"] == 24 and found["bytes"] == 24 * 24 * 32 * 3
    assert found["encoded"] == sum(
        path.stat().st_size for path in (tmp_path / "set").iterdir() if path.suffix != ".txt"
    )
    assert main(["cache", "info", str(cache)]) == 0
    assert capsys.readouterr().out.startswith("24 pictures, 0.1 MB of pixels in 3 files\n")
    assert main(["cache", "verify", str(cache)]) == 0
    assert capsys.readouterr().out == "24 pictures are right, 0 were damaged and are forgotten\n"
    [segment] = (cache / "v1").glob("segment-*")
    os.truncate(segment, segment.stat().st_size - 1)
    assert main(["cache", "clear", str(cache)]) == 0 and not cache.exists()
    assert main(["cache", "info", str(cache)]) == 2
    (cache / "v1").mkdir(parents=True)
    (cache / "v1" / "mine.txt").write_text("precious")
    assert main(["cache", "clear", str(cache)]) == 2
    assert (cache / "v1" / "mine.txt").exists() and "remove it yourself" in capsys.readouterr().err


def test_verify_finds_damage(tmp_path, backend, one_segment, monkeypatch, capsys):
    monkeypatch.setenv("PIXFEED_BACKEND", backend)
    made, cache = folder(tmp_path / "set"), tmp_path / "cache"
    data = dataset(made, cache, backend=backend, **SIZE)
    hashes(pixfeed.DataLoader(data, 5))
    [segment] = (cache / "v1").glob("segment-*")
    os.truncate(segment, segment.stat().st_size - 1)
    assert main(["cache", "verify", str(cache)]) == 1
    assert capsys.readouterr().out == "23 pictures are right, 1 were damaged and are forgotten\n"
    assert counts(data).damaged == 1


def test_one_backend_does_not_find_what_the_other_has_made(tmp_path):
    made = folder(tmp_path / "set")
    stored = []
    for name in ("native", "opencv"):
        need(name)
        data = dataset(made, tmp_path / "cache", backend=name, **SIZE)
        hashes(pixfeed.DataLoader(data, 5))
        stored.append(counts(data))
    assert [each.hits for each in stored] == [0, 0] and torch.is_tensor(data[0][0])


def test_processes_that_read_the_same_keep_one_copy(backend, tmp_path):
    """Ranks with one validation set: what another process has kept since this one looked is not written again."""
    picture = np.arange(4000, dtype=np.uint8).reshape(40, 50, 2)[..., :1].copy()
    stores = [backends.load(backend).open_store(str(tmp_path), 2**40, 0) for _ in range(2)]
    for store in stores:
        store.put((5, 7), picture, (50, 40, 1, 1), 1234)
    counted = [len(store.entries()) for store in stores]
    assert counted[0] == counted[1] > 0
    stored = [file.stat().st_size for file in tmp_path.rglob("segment-*")]
    assert len([size for size in stored if size > 0]) == 1
    np.testing.assert_array_equal(stores[1].read((5, 7)), picture)
