"""The operations of torchvision's and timm's policies beside pixfeed's: python tests/judge_policies.py [--write]

`make judge-transforms` runs it. `--write` writes `golden/policies.json`, which `test_policies.py` compares with.
"""

from __future__ import annotations

import json
import sys
from collections import defaultdict
from unittest import mock

import numpy as np
import policy_cases
from PIL import Image
from policy_cases import Case, TimmCase, digest
from rich.console import Console
from timm.data import auto_augment
from torchvision.transforms import v2

from pixfeed import backends

console = Console(highlight=False)


def theirs(case: Case) -> np.ndarray:
    """What torchvision makes of the operation and magnitude."""
    policy = getattr(v2, case.policy)(interpolation=v2.InterpolationMode(case.interpolation), fill=case.fill)
    magnitudes, _ = policy._AUGMENTATION_SPACE[case.operation]
    found = magnitudes(policy_cases.SPACES[case.policy][2], *case.size)
    magnitude = 0.0 if found is None else float(found[case.level]) * (-1 if case.negative else 1)
    image = Image.fromarray(case.picture)
    if case.operation == "Posterize" and magnitude == 0:
        return np.zeros_like(case.picture)  # as torchvision's on tensors; Pillow 13 refuses to keep 0 bits
    made = policy._apply_image_or_video_transform(image, case.operation, magnitude, policy.interpolation, policy._fill)
    return np.asarray(made)


def timms(case: TimmCase) -> np.ndarray:
    """What timm makes of it."""
    hparams = {"interpolation": Image.Resampling(case.mode), "magnitude_max": 20, **auto_augment._HPARAMS_DEFAULT}
    op = auto_augment.AugmentOp(case.operation, 1.0, case.magnitude, hparams)
    drawn = 0.75 if case.negative else 0.25
    with mock.patch.object(auto_augment, "random") as random:
        random.random.return_value = drawn
        random.uniform.side_effect = lambda low, high: low + (high - low) * policy_cases.BLUR
        try:
            return np.asarray(op(Image.fromarray(case.picture)))
        except ValueError:  # Pillow 13 refuses to keep 0 bits; before it, the picture became black
            assert case.operation.startswith("Posterize")
            return np.zeros_like(case.picture)


def main() -> int:
    golden, compared, different = defaultdict(list), 0, 0
    for case in (*policy_cases.cases(), *policy_cases.timm_cases()):
        expected = theirs(case) if isinstance(case, Case) else timms(case)
        golden[policy_cases.golden_key(case)].append(digest(expected))
        for backend in backends.NAMES:
            compared += 1
            if not np.array_equal(case.ours(backend), expected):
                different += 1
                console.print(f"{case}, {backend}")
    console.print(f"{compared} operations of policies, {different} differ")
    if "--write" in sys.argv:
        kept = {key: " ".join(digests) for key, digests in golden.items()}
        policy_cases.GOLDEN.write_text(json.dumps(kept, indent=1) + "\n")
    return min(different, 1)


if __name__ == "__main__":
    sys.exit(main())
