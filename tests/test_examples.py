"""The examples, with small settings: they train, and they do what they are there to show."""

from __future__ import annotations

import importlib
import json
import os
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from images import jpeg, picture
from PIL import Image

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("one_thread")]  # they train, and import frameworks

ROOT = Path(__file__).parents[1]


@pytest.fixture
def photos(tmp_path) -> Path:
    """24 pictures and train.txt, with a class (the picture's shade, one of 3) and the picture's number a line."""
    folder = tmp_path / "photos"
    folder.mkdir()
    lines = []
    for i in range(24):
        shade = (picture(60, 80, seed=i) // 4 + 90 * (i % 3)).astype(np.uint8)
        (folder / f"{i}.jpg").write_bytes(jpeg(shade))
        lines.append(f"{i}.jpg {i % 3} {i}\n")
    (folder / "train.txt").write_text("".join(lines))
    return folder


# -- mlp_digits -------------------------------------------------------------------------------------------------------


def test_mlp_digits_learns(tmp_path, photos):
    from examples import mlp_digits

    root = mlp_digits.write_digits(tmp_path)
    common = ["--root", str(root), "--data", str(photos), "--out", str(tmp_path / "out.png")]
    results = mlp_digits.main([*common, "--epochs", "6"])
    assert results["untrained"] < 0.3
    assert results["accuracy"] > 0.9
    assert results["gray"]["parameters"] == 784 * 128 + 128 + 128 * 10 + 10 == 101_770
    assert results["colour"]["parameters"] == 3072 * 128 + 128 + 128 * 10 + 10
    assert cv2.imread(str(tmp_path / "out.png")).std() > 10


@pytest.mark.parametrize(("optimizer", "copies"), [("SGD", 0), ("Adam", 2), ("Adagrad", 1)])
def test_mlp_digits_counts_memory(optimizer, copies):
    from examples import mlp_digits

    model = mlp_digits.MLP(channels=1, side=28)
    takes = mlp_digits.memory(model, (1, 28, 28), 64, optimizer)
    assert takes["parameters"] == takes["gradients"] == 4 * 101_770
    assert takes["optimiser state"] == pytest.approx(copies * 4 * 101_770, abs=64)  # and a count of steps a tensor
    assert takes["activations"] == 64 * 4 * (128 + 10)  # behind ReLU, and the logarithms of softmax
    assert takes["batch"] == 64 * (4 * 784 + 8)
    available = sum(takes.values())
    assert mlp_digits.largest_batch(model, (1, 28, 28), optimizer, available) == 64
    assert mlp_digits.largest_batch(model, (1, 28, 28), optimizer, available - 1) == 63
    assert mlp_digits.largest_batch(model, (1, 28, 28), optimizer, 1000) == 0


@pytest.mark.parametrize("channels", [1, 3])
def test_mlp_digits_shows_pictures_as_they_were(channels):
    from examples import mlp_digits

    mean, std = (0.1, 0.2, 0.3)[:channels], (0.5, 0.6, 0.7)[:channels]
    image = torch.rand(channels, 5, 7)
    normalised = (image - torch.tensor(mean)[:, None, None]) / torch.tensor(std)[:, None, None]
    shown = mlp_digits.as_picture(normalised, mean, std)
    expected = image[0] if channels == 1 else image.permute(1, 2, 0)
    np.testing.assert_allclose(shown, expected, atol=1e-6)


# -- folder ------------------------------------------------------------------------------------------------------------


def test_folder_learns():
    """With pixfeed's transforms: torchvision's are not there in the tests."""
    from examples import folder

    results = folder.main(["--epochs", "3", "--pictures", "60", "--size", "64"])
    assert results["train"].reads_natively
    assert results["val"].reads_natively
    assert max(results["accuracies"]) > 0.6  # of three classes


# -- imagenet ---------------------------------------------------------------------------------------------------------


def recorded(arguments: list[str]) -> dict:
    """What imagenet.main returns, and pictures and learning rate of each batch that it trained with."""
    from examples import imagenet

    step, seen, rates = imagenet.train_step, [], []

    def train_step(model, optimizer, images, labels, recipe):
        rates.append(optimizer.param_groups[0]["lr"])
        seen.append([labels[:, 1].tolist(), images.double().sum().item()])
        return step(model, optimizer, images, labels, recipe)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(imagenet, "train_step", train_step)
        results = imagenet.main(arguments)
    return {**results, "seen": seen, "rates": rates}


def process(rank: int, folder: str, ports: list[int], runs: list[list[str]]) -> None:
    """``recorded`` for one run after the other, in a process as torchrun starts it; into a file."""
    torch.set_num_threads(1)
    os.environ.update(RANK=str(rank), LOCAL_RANK=str(rank), WORLD_SIZE="2", MASTER_ADDR="127.0.0.1")
    os.environ["TORCHELASTIC_USE_AGENT_STORE"] = "True"  # who listens at MASTER_PORT is there already
    os.environ["TORCHELASTIC_RESTART_COUNT"] = "0"  # which torch 2.3 then looks for
    done = []
    for port, run in zip(ports, runs, strict=True):
        os.environ["MASTER_PORT"] = str(port)
        done.append(recorded(run))
    torch.save(done, f"{folder}/{rank}.pt")


# What takes long is to import: it is done once for both processes. (torch._dynamo is what optimisers import.)
_PROCESSES = """
import json, sys, torch._dynamo, examples.imagenet, test_examples
torch.multiprocessing.start_processes(test_examples.process, json.loads(sys.argv[1]), nprocs=2, start_method="fork")
"""


def in_two_processes(folder: Path, runs: list[list[str]]) -> list[list[dict]]:
    """What ``recorded`` returns, by process and run; both processes do all the runs."""
    stores = [torch.distributed.TCPStore("127.0.0.1", 0, is_master=True, wait_for_workers=False) for _ in runs]
    path = os.pathsep.join([str(ROOT), str(ROOT / "tests")])
    done = subprocess.run(
        [sys.executable, "-c", _PROCESSES, json.dumps([str(folder), [store.port for store in stores], runs])],
        # Without a GPU: one would be too few for two processes.
        env={**os.environ, "PYTHONPATH": path, "OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": ""},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr[-4000:]
    return [torch.load(folder / f"{rank}.pt", weights_only=True) for rank in range(2)]


@pytest.mark.parametrize("processes", [1, 2])
def test_imagenet_goes_on_in_the_middle_of_an_epoch(photos, processes):
    per_epoch = 24 // (4 * processes)
    common = ["--data", str(photos), "--epochs", "2", "--batch-size", "4", "--size", "32", "--workers", "1"]
    checkpoint = ["--checkpoint", str(photos / "checkpoint.pt")]
    runs = [common, [*common, *checkpoint, "--max-steps", "2"], [*common, *checkpoint, "--resume"]]
    ranks = [[recorded(run) for run in runs]] if processes == 1 else in_two_processes(photos, runs)
    for epoch in range(2):
        batches = [batch for whole, _, _ in ranks for batch in whole["seen"][epoch * per_epoch :][:per_epoch]]
        assert sorted(number for numbers, _ in batches for number in numbers) == list(range(24)), "each in one process"
    for whole, before, behind in ranks:
        assert whole["step"] == len(whole["seen"]) == 2 * per_epoch
        assert (before["step"], behind["first_step"], behind["step"]) == (2, 2, 2 * per_epoch)
        assert before["seen"] + behind["seen"] == whole["seen"], "the same pixels, too"
        for name, weights in whole["model"].items():
            np.testing.assert_allclose(behind["model"][name], weights, rtol=1e-3, atol=1e-4, err_msg=name)
        numbers = [numbers for numbers, _ in whole["seen"]]
        assert numbers[:per_epoch] != numbers[per_epoch:], "every epoch has an order of its own"
        assert "is the limit" in whole["verdict"]
    with pytest.raises(SystemExit, match=rf"processes {processes}, batch size 4.* this \(processes 1, batch size 8"):
        recorded([*common, *checkpoint, "--resume", "--batch-size", "8"])


def test_imagenet_goes_on_behind_the_last_epoch(photos, capsys):
    common = ["--data", str(photos), "--batch-size", "8", "--size", "32", "--workers", "1"]
    common += ["--checkpoint", str(photos / "checkpoint.pt"), "--resume"]
    whole = recorded([*common[:-3], "--epochs", "2"])
    before = recorded([*common, "--epochs", "1"])
    capsys.readouterr()
    nothing = recorded([*common, "--epochs", "1"])
    assert "3 of 3 steps are done, nothing is left to train" in capsys.readouterr().out.replace("\n", " ")
    assert (nothing["first_step"], nothing["step"], nothing["losses"]) == (3, 3, [])
    assert all(torch.equal(tensor, before["model"][name]) for name, tensor in nothing["model"].items())
    behind = recorded([*common, "--epochs", "2"])
    assert (behind["first_step"], behind["step"], behind["total"]) == (3, 6, 6)
    assert before["seen"] + behind["seen"] == whole["seen"]
    assert behind["rates"] == whole["rates"][3:], "the learning rate of a run of two epochs"


def test_imagenet_asks_first_where_the_checkpoint_goes(photos, tmp_path):
    for checkpoint in (tmp_path / "nowhere" / "checkpoint.pt", photos):
        with pytest.raises(SystemExit, match=r"--checkpoint.* folder"):
            recorded(["--data", str(photos), "--checkpoint", str(checkpoint)])


def test_imagenet_learns(photos):
    from examples import imagenet

    common = ["--data", str(photos), "--val", str(photos / "train.txt"), "--batch-size", "8", "--size", "64"]
    results = imagenet.main([*common, "--epochs", "8"])
    assert results["accuracy"] > 0.9
    assert results["losses"][-1] < results["losses"][0]


@pytest.mark.parametrize("recipe", ["a1", "a2", "a3", "deit3", "torchvision-v2"])
def test_imagenet_with_a_recipe(photos, recipe):
    """Natively, the same after a checkpoint, with soft labels."""
    one_label = photos / "one_label.txt"
    lines = (photos / "train.txt").read_text().splitlines()
    one_label.write_text("".join(" ".join(line.split()[:2]) + "\n" for line in lines))
    common = ["--data", str(photos), "--list", str(one_label), "--recipe", recipe, "--epochs", "1", "--batch-size", "4"]
    common += ["--size", "32", "--workers", "2"]
    checkpoint = ["--checkpoint", str(photos / f"{recipe}.pt")]
    whole, before, behind = (
        recorded([*common, *more]) for more in ([], [*checkpoint, "--max-steps", "2"], [*checkpoint, "--resume"])
    )
    assert before["seen"] + behind["seen"] == whole["seen"] and len(whole["seen"]) == 6
    assert not any("Python" in line for line in str(whole["verdict"]).splitlines())
    with pytest.raises(SystemExit, match=f"recipe {recipe}.* than this .*recipe plain"):
        recorded([*(it for it in common if it not in ("--recipe", recipe)), *checkpoint, "--resume"])


# -- Lightning and Accelerate -----------------------------------------------------------------------------------------


@pytest.mark.filterwarnings("default")  # those are the frameworks' own
@pytest.mark.parametrize("name", ["lightning", "accelerate"])
def test_frameworks_go_on_in_the_middle_of_an_epoch(name, photos, tmp_path):
    main = importlib.import_module(f"examples.{name}").main
    common = ["--data", str(photos), "--epochs", "2", "--batch-size", "4", "--size", "32", "--workers", "1"]
    checkpoints = ["--checkpoints", str(tmp_path / "checkpoints")]
    whole = main(common)
    before = main([*common, *checkpoints, "--max-steps", "2", *(["--save-every", "2"] if name == "lightning" else [])])
    behind = main([*common, *checkpoints])
    assert whole["steps"] == len(whole["losses"]) == behind["steps"] == 12
    assert before["steps"] == len(before["losses"]) == 2
    assert len(set(whole["losses"])) == 12, "losses tell the batches apart"
    np.testing.assert_allclose(before["losses"] + behind["losses"], whole["losses"], rtol=1e-3)
    assert "is the limit" in whole["verdict"]


# -- all --------------------------------------------------------------------------------------------------------------


@pytest.mark.filterwarnings("default")
@pytest.mark.parametrize("name", ["demo", "imagenet", "lightning", "accelerate", "mlp_digits"])
def test_a_list_that_is_not_there_is_one_line(name, tmp_path, monkeypatch):
    from examples import photos

    main = importlib.import_module(f"examples.{name}").main
    monkeypatch.setattr("sys.argv", [name, "--data", str(tmp_path)])
    with pytest.raises(SystemExit, match=r"^FileNotFoundError: there is no list file .*--list FILE.*$"):
        photos.run(main)


# -- detection --------------------------------------------------------------------------------------------------------


def test_detection_learns(tmp_path):
    from examples import detection

    folder = detection.write_images(tmp_path, 200)
    arguments = ["--images", str(folder / "images"), "--names", str(folder / "names.txt"), "--epochs", "10"]
    results = detection.main([*arguments, "--out", str(tmp_path / "found.png")])
    assert results["trained"] > max(0.5, results["untrained"] + 0.4)
    shown = cv2.imread(str(tmp_path / "found.png"))
    assert shown.shape == (2 * 288, 4 * 288, 3) and shown.std() > 10


def test_contact_sheets_of_augmentations(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["augmentations", str(tmp_path)])
    importlib.import_module("examples.augmentations").main()
    for name, rows in (("operations", 16), ("policies", 10)):
        with Image.open(tmp_path / f"{name}.jpg") as sheet:
            assert sheet.width > 700 and sheet.height == rows * 162


def test_titles_of_contact_sheets_are_whole():
    from PIL import Image, ImageDraw

    from pixfeed.tools.drawing import _cut, font

    sheets = importlib.import_module("examples.augmentations")
    draw = ImageDraw.Draw(Image.new("RGB", (1, 1)))
    for title in map(repr, sheets.OPERATIONS + sheets.POLICIES):
        assert _cut(draw, title, font(18), (sheets.SIDE + 12) * (1 + sheets.DRAWS) - 12) == title
