"""Memory and time that rules ask for: enough for what was measured, more for more input, more at each attempt."""

import dataclasses

import pytest

from danceit_core.config import SECTIONS, make_settings
from danceit_core.estimates import Estimate, make_estimates

SETTINGS = {name: dataclasses.asdict(make_settings(kind, {})) for name, kind in SECTIONS.items()}
ESTIMATES = make_estimates(SETTINGS)


def test_an_empty_input_needs_the_base():
    assert Estimate(1000, 10, mb_per_mb=2.0, min_per_mb=0.1).memory_mb(0, attempt=1) == 1000


def test_both_grow_with_the_input_and_with_the_attempt():
    estimate = Estimate(1000, 10, mb_per_mb=2.0, min_per_mb=0.1)
    assert (estimate.memory_mb(50, attempt=1), estimate.memory_mb(50, attempt=3)) == (1100, 3300)
    assert (estimate.runtime_min(50, attempt=1), estimate.runtime_min(50, attempt=2)) == (15, 30)


@pytest.mark.parametrize(
    ("rule", "measured_mb"), [("clean_keypoints", 1445), ("analyse_dance", 3574), ("measure_dance", 495)]
)
def test_an_hour_of_video_has_the_memory_that_was_measured_and_half_as_much_again(rule, measured_mb):
    # benchmarks/rule_memory.py --minutes 60; an hour at 2 Mbit a second.
    assert ESTIMATES[rule].memory_mb(900, attempt=1) > 1.5 * measured_mb


def test_the_network_of_the_paper_needs_more_than_the_quick_one():
    paper = SETTINGS | {"pose_gan": SETTINGS["pose_gan"] | {"image_size": 512, "iterations": 100_000, "batch_size": 1}}
    big, quick = (made["train_pose_gan"] for made in (make_estimates(paper), ESTIMATES))
    assert big.memory_mb(0, attempt=1) > 2 * quick.memory_mb(0, attempt=1)
    assert big.runtime_min(0, attempt=1) > 24 * 60 > 3 * 60 > quick.runtime_min(0, attempt=1)
