"""pixfeed's MixUp, CutMix and TimmMixup compared with torchvision's and timm's: `make judge-transforms`.

Images and soft labels have to be equal to the bit. torchvision's are given the lambda and the rectangle that pixfeed
has drawn; timm's draw by themselves, from NumPy's generator in the same state. The order of RASampler is compared with
that of timm's. The results are kept in `golden/mixing.json`, where `test_mixing.py` finds them; `--write` writes them
anew.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

import mixing_cases as cases
import numpy as np
from timm.data.distributed_sampler import RepeatAugSampler
from timm.data.mixup import Mixup
from torchvision.transforms import v2

from pixfeed import RASampler

GOLDEN = Path(__file__).parent / "golden" / "mixing.json"


def theirs(name: str) -> str:
    images, labels = cases.batch()
    made = []
    for seed in cases.SEEDS:
        if name in ("MixUp", "CutMix"):
            row = cases.step_of(name).table(cases.stream(seed), cases.N, cases.HEIGHT, cases.WIDTH)[0]
            step = getattr(v2, name)(num_classes=cases.CLASSES)
            lam = float(cases.stream(seed).beta(1.0, 1.0))
            left, upper, right, lower = row["box"].tolist()
            area = (right - left) * (lower - upper) / (cases.WIDTH * cases.HEIGHT)
            parameters = dict(lam=lam, box=(left, upper, right, lower), lam_adjusted=1.0 - area)
            step.make_params = lambda _, parameters=parameters: parameters
        else:
            mode, case = name.split()
            np.random.seed(seed)  # noqa: NPY002
            step = Mixup(mode=mode, num_classes=cases.CLASSES, **cases.TIMM[case])
        made.append(step(images.clone(), labels))
    return cases.digest(made)


def orders() -> list[str]:
    """RASampler arguments whose order is another one."""
    wrong = []
    for n in (1, 10, 255, 256, 1000):
        for more in ({}, {"num_repeats": 1.5}, {"selected_round": 0}, {"selected_ratio": 2}, {"shuffle": False}):
            for ranks in (1, 2, 3):
                for rank in range(ranks):
                    both = [kind(range(n), ranks, rank, **more) for kind in (RASampler, RepeatAugSampler)]
                    for sampler in both:
                        sampler.set_epoch(3)
                    if list(both[0]) != list(both[1]) or len(both[0]) != len(both[1]):
                        wrong.append(f"RASampler(range({n}), {ranks}, {rank}, {more})")
    return wrong


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true")
    results = {name: theirs(name) for name in cases.CASES}
    differ = [name for name, result in results.items() if cases.ours(name) != result] + orders()
    if parser.parse_args().write:
        GOLDEN.write_text(json.dumps(results, indent=1) + "\n")
    elif json.loads(GOLDEN.read_text()) != results:
        differ.append(f"{GOLDEN} has other results")
    sys.stdout.write("".join(f"differs: {name}\n" for name in differ))
    sys.stdout.write(f"{len(results)} cases of mixing, {len(differ)} differences\n")
    return bool(differ)


if __name__ == "__main__":
    sys.exit(main())
