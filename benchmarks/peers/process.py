"""The other end of worker.py: a contender's process, its environment, and its answers."""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from benchmarks.peers.job import Samples

PROJECT = Path(__file__).parents[2]
PATIENCE = 180  # seconds for one answer; a contender that takes longer is out

# glibc gives large blocks back to the kernel and gets fresh pages for the next picture. With this it keeps them.
KEEPS_MEMORY = {"MALLOC_MMAP_MAX_": "0", "MALLOC_TRIM_THRESHOLD_": str(1 << 40), "MALLOC_ARENA_MAX": "1"}


class Lost(Exception):
    """A contender cannot take part, or not any more: why."""


@dataclass(frozen=True)
class Contender:
    name: str
    module: str  # in contenders/
    memory: bool = False  # with an allocator that keeps its memory
    environment: str | None = None  # its folder in the checkout; None: the one that runs this
    tolerance: float = 0  # mean difference in steps of 255 that is known of it, where it is more than of the others


class Process:
    """One contender at work. Raises :class:`Lost` with the reason when it cannot go on."""

    def __init__(self, contender: Contender, samples: Samples, photos: list[str], batch: int):
        self.contender = contender
        python = Path(sys.executable)
        if contender.environment:
            python = PROJECT / contender.environment / "bin" / "python"
            if not python.exists():
                raise Lost(f"not installed; make bench-peers CUDA=1 makes {contender.environment}, several gigabytes")
        self.errors = tempfile.TemporaryFile("w+")  # noqa: SIM115, lives as long as the process
        self.process = subprocess.Popen(
            [str(python), "-m", "benchmarks.peers.worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.errors,
            cwd=PROJECT,
            env={**os.environ, **(KEEPS_MEMORY if contender.memory else {})},
            text=True,
        )
        try:
            about = self.ask("start", contender.module, [samples.list_file, samples.folder], photos, batch)
        except Lost:
            self.close()
            raise
        self.version, self.jobs = about["version"] + (", memory kept" if contender.memory else ""), about["jobs"]

    def ask(self, *command):
        try:
            print(json.dumps(command), file=self.process.stdin, flush=True)
        except BrokenPipeError:
            raise Lost(self.last_words()) from None
        ready, _, _ = select.select([self.process.stdout], [], [], PATIENCE)
        if not ready:
            self.close()
            raise Lost(f"no answer to {command[0]!r} within {PATIENCE} s")
        line = self.process.stdout.readline()
        if not line:
            raise Lost(self.last_words())
        answer = json.loads(line)
        if isinstance(answer, dict) and "error" in answer:
            raise Lost(answer["error"].splitlines()[0][:160])
        return answer

    def last_words(self) -> str:
        self.errors.seek(0)
        lines = self.errors.read().strip().splitlines()
        return f"its process ended: {lines[-1][:160] if lines else 'without a word'}"

    def close(self) -> None:
        self.process.stdin.close()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
