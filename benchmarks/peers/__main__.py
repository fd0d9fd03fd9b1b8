"""pixfeed beside other loaders: the same files, the same cores, one run, rounds interleaved.

python -m benchmarks.peers [--data FOLDER] [--list FILE] [--photos FOLDER] [--rounds 5] [--only NAME ...]

Every contender is a process of its own, which waits for its turn; those that are not there, or give other pictures, are
named with the reason. `make bench-peers` installs them. Writes benchmarks/results/peers.json and peers.png.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
from pathlib import Path

import numpy as np
from examples import photos
from rich.table import Table

from benchmarks.measure import RESULTS, console, interleave, machine, record
from benchmarks.peers.chart import chart
from benchmarks.peers.job import CORES, SIDE, Samples
from benchmarks.peers.process import Contender, Lost, Process
from pixfeed.lists.file_list import FileList

CUDA = ".venv-peers-cuda"  # torch's CUDA build: torchvision and torchcodec have no other on PyPI
CONTENDERS = (
    Contender("pixfeed", "ours"),
    Contender("pixfeed, exact", "ours_exact"),
    Contender("pure Python", "pure_python"),
    Contender("OpenCV", "opencv"),
    Contender("OpenCV, memory kept", "opencv", memory=True),
    Contender("OpenCV, reduced", "opencv_reduced", memory=True),
    Contender("simplejpeg", "simplejpeg"),
    Contender("simplejpeg, memory kept", "simplejpeg", memory=True),
    Contender("imagecodecs", "imagecodecs", memory=True),
    Contender("kornia-rs", "kornia_rs", memory=True),
    Contender("Pillow", "pillow"),
    Contender("TurboLoader", "turboloader", tolerance=6.0),
    Contender("tf.data", "tf_data"),
    Contender("Grain", "grain", memory=True),
    Contender("DALI", "dali"),
    Contender("SPDL", "spdl"),
    Contender("torchvision", "torchvision", environment=CUDA),
    Contender("torchcodec", "torchcodec", environment=CUDA),
    Contender("FFCV", "ffcv"),
)
OURS = CONTENDERS[0].name
TITLES = {
    "decode": "JPEG bytes to an RGB array, one thread, pictures per second",
    "batches": f"files to float32 batches, {SIDE} x {SIDE}, {CORES} cores, pictures per second",
    "augmented": f"RandomResizedCrop(224), flip, normalise, {CORES} cores, pictures per second",
    "photo": f"camera photos to {SIDE} x {SIDE}, one thread, photos per second",
    "first": "from iter() to the first batch, milliseconds",
}
TOLERANCE = {"decode": 2.0, "batches": 3.0, "photo": 3.0}  # mean difference in steps of 255


def find_samples(data: Path | None, list_file: Path | None, repeat: int, folder: str) -> Samples:
    data, list_file = photos.find(data, list_file)
    names = list(FileList(list_file).names()) * repeat
    numbered = Path(folder, "numbered.txt")
    numbered.write_text("".join(f"{name} {i}\n" for i, name in enumerate(names)))
    return Samples(str(numbered), str(data))


def find_photos(folder: Path | None) -> list[str]:
    data, list_file = photos.find(folder or photos.large(), None)
    return [str(data / name) for name in FileList(list_file).names()]


def same_pictures(job: str, theirs: np.ndarray, ours: np.ndarray, tolerance: float) -> None:
    """Nobody wins by doing something else; how far off one may be that is not exact stands with its name."""
    if theirs.shape != ours.shape or theirs.dtype != ours.dtype:
        raise Lost(f"{job}: {theirs.dtype} {theirs.shape} instead of {ours.dtype} {ours.shape}")
    if job == "augmented":  # drawn at random: only the range can be compared
        off = max(abs(float(theirs.mean() - ours.mean())), abs(float(theirs.std() - ours.std())))
        if off > 0.25:
            raise Lost(f"{job}: mean or deviation of a batch is {off:.2f} off")
        return
    if job == "photo":  # some ways alias and others do not: what the 32 x 32 picture looks like has to agree
        theirs, ours = (image.reshape(32, SIDE // 32, 32, SIDE // 32, 3).mean((1, 3)) for image in (theirs, ours))
    off = float(np.abs(theirs.astype(np.float32) - ours).mean()) * (255 if job == "batches" else 1)
    if off > max(TOLERANCE[job], tolerance):
        raise Lost(f"{job}: {off:.1f} of 255 off on average")


def start(only: list[str], samples: Samples, large: list[str], batch: int, folder: str):
    """Processes by name, and why others are missing; all give the same pictures as pixfeed, which comes first."""
    running: dict[str, Process] = {}
    missing: dict[str, str] = {}
    reference: dict[str, np.ndarray] = {}
    for contender in CONTENDERS:
        if contender.name != OURS and only and contender.name not in only:
            continue
        try:
            process = Process(contender, samples, large, batch)
        except Lost as lost:
            missing[contender.name] = str(lost)
            continue
        if reference:  # what pixfeed does not do is not asked for
            process.jobs = [job for job in process.jobs if job == "first" or job in reference]
        for job in [job for job in process.jobs if job != "first"]:
            path = str(Path(folder, "sample.npy"))
            try:
                process.ask("sample", job, path)
                if contender.name == OURS:
                    reference[job] = np.load(path)
                else:
                    same_pictures(job, np.load(path), reference[job], contender.tolerance)
            except Lost as lost:
                missing[f"{contender.name}: {job}"] = str(lost)
                process.jobs = [j for j in process.jobs if j != job and (j, job) != ("first", "batches")]
                if process.process.poll() is not None:
                    break
        running[contender.name] = process
    return running, missing


def measure(running: dict[str, Process], missing: dict[str, str], job: str, rounds: int) -> dict[str, list[float]]:
    def turn(name: str) -> float:
        if name in lost:
            return float("nan")
        try:
            return running[name].ask(job)
        except Lost as why:
            lost.add(name)
            missing[f"{name}: {job}"] = str(why)
            return float("nan")

    lost: set[str] = set()
    names = [name for name, process in running.items() if job in process.jobs]
    results = interleave({name: lambda name=name: turn(name) for name in names}, rounds)
    return {name: values for name, values in results.items() if name not in lost}


def table(job: str, results: dict[str, list[float]], versions: dict[str, str]) -> Table:
    """Best first; what pixfeed is times as fast as each."""
    middle = {name: statistics.median(values) for name, values in results.items()}
    shown = Table("", "median", "min", "max", "pixfeed is", title=TITLES[job])
    for name in sorted(middle, key=middle.get, reverse=job != "first"):
        values = results[name]
        times = middle[OURS] / middle[name] if job != "first" else middle[name] / middle[OURS]
        figures = (
            f"{value:,.0f}" if value >= 100 else f"{value:.1f}" for value in (middle[name], min(values), max(values))
        )
        shown.add_row(
            versions[name], *figures, "" if name == OURS else f"{times:.2f} x", style="bold" if name == OURS else ""
        )
    return shown


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    photos.add_arguments(parser)
    parser.add_argument("--photos", type=Path, help="folder of large photos with a train.txt")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--batch-size", type=int, default=64)
    parser.add_argument("--repeat", type=int, default=2, help="how often the list is read in one measurement")
    parser.add_argument("--only", nargs="+", default=[], metavar="NAME", help="pixfeed and these contenders")
    parser.add_argument("--jobs", nargs="+", default=list(TITLES), choices=list(TITLES), metavar="TABLE")
    arguments = parser.parse_args()

    with tempfile.TemporaryDirectory() as folder:
        samples = find_samples(arguments.data, arguments.list, arguments.repeat, folder)
        large = find_photos(arguments.photos)
        running, missing = start(arguments.only, samples, large, arguments.batch_size, folder)
        pictures = len(samples.paths)
        versions = {name: process.version for name, process in running.items()}
        results = {}
        for job in arguments.jobs:
            if job in running[OURS].jobs:
                results[job] = measure(running, missing, job, arguments.rounds)
                console.print(table(job, results[job], versions))
        for process in running.values():
            process.close()

    about = machine()
    console.print(f"{about['cpu']}, {about['threads']} cores, {about['date']}; {pictures} pictures an epoch")
    for name, why in missing.items():
        console.print(f"Missing: {name} ({why})")
    path = record(
        "peers", pictures=pictures, batch_size=arguments.batch_size, versions=versions, missing=missing, results=results
    )
    chart(results, TITLES, OURS, RESULTS / "peers.png", f"{about['cpu']}, {CORES} cores, {about['date']}")
    console.print(f"Written: {path}, {RESULTS / 'peers.png'}")


if __name__ == "__main__":
    main()
