"""Results of every stage on fixed input. When one changes, bump its version in danceit_core/versions.py and write anew:

python tests/golden/test_golden.py
"""

import json
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

# Of the checkout that this file lies in, whichever one is installed.
sys.path.insert(0, str(Path(__file__).parents[2]))
sys.path.insert(0, str(Path(__file__).parents[1] / "helpers"))
sys.path.insert(0, str(Path(__file__).parent))

import golden_dances
import golden_judged
import golden_matching
import golden_persons
import golden_videos
from record import alike_everywhere, complaint, entry, result

from danceit_core import STAGE_VERSIONS

FILE = Path(__file__).parent / "golden.json"
# Of each stage the default variant; a function of the stage's name makes its results.
MADE_BY = {
    golden_videos: ("demo", "video", "pose", "cleaning", "music"),
    golden_dances: ("fragments", "alignment"),
    golden_matching: ("matcher", "retrieval"),
    golden_persons: ("plate", "pose_gan", "face_gan", "rendering", "group"),
    golden_judged: ("evaluation", "user_study"),
}
STAGES = {stage: getattr(module, stage) for module, stages in MADE_BY.items() for stage in stages}


def test_every_stage_has_its_golden_numbers_and_nothing_else_has():
    assert set(STAGES) == set(STAGE_VERSIONS)
    assert set(json.loads(FILE.read_text())) == set(STAGE_VERSIONS)


@pytest.mark.parametrize("stage", STAGES)
def test_a_changed_result_has_a_new_version(stage):
    with alike_everywhere():
        results = STAGES[stage]()
    assert not complaint(stage, json.loads(FILE.read_text())[stage], results, version=STAGE_VERSIONS[stage])


def test_a_result_that_changes_without_a_bump_and_a_bump_without_new_numbers_are_told():
    numbers = np.random.default_rng(0).normal(200, 40, 7200)
    before = {"keypoints": result(numbers)}
    golden = json.loads(json.dumps(entry(before, version=3)))
    assert complaint("cleaning", golden, before, version=3) == ""
    assert "is of version 4, its golden numbers are of version 3" in complaint("cleaning", golden, before, version=4)
    # A joint in one frame a few pixels elsewhere; one missing; one number less; the same ones in another order.
    for changed in (moved(numbers, 3.0), moved(numbers, np.nan), numbers[:-1], numbers[::-1]):
        words = complaint("cleaning", golden, {"keypoints": result(changed)}, version=3)
        assert words.startswith("the result of cleaning changed (keypoints, ")
        assert "bump its version" in words
    rounded = {"keypoints": result(numbers.astype(np.float32))}
    assert complaint("cleaning", golden, rounded, version=3) == ""
    assert complaint("cleaning", golden, {"joints": replace(before["keypoints"])}, version=3)


def moved(numbers, by):
    """The same with one number changed."""
    out = numbers.copy()
    out[5000] += by
    return out


if __name__ == "__main__":
    with alike_everywhere():
        entries = {stage: entry(make(), version=STAGE_VERSIONS[stage]) for stage, make in STAGES.items()}
    FILE.write_text(json.dumps(entries, indent=1) + "\n")
