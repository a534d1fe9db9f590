"""Memory and time that rules ask for: enough for what was measured, more for more input, more at each attempt."""

import dataclasses

import pytest

from danceit_core.config import SECTIONS, make_settings
from danceit_core.estimates import CUDA_MB, Estimate, make_estimates

SETTINGS = {name: dataclasses.asdict(make_settings(kind, {})) for name, kind in SECTIONS.items()}
ESTIMATES = make_estimates(SETTINGS)


def test_an_empty_input_needs_the_base():
    assert Estimate(1000, 10, mb_per_mb=2.0, min_per_mb=0.1).memory_mb(0, attempt=1) == 1000


def test_both_grow_with_the_input_and_with_the_attempt():
    estimate = Estimate(1000, 10, mb_per_mb=2.0, min_per_mb=0.1)
    assert (estimate.memory_mb(50, attempt=1), estimate.memory_mb(50, attempt=3)) == (1100, 3300)
    assert (estimate.runtime_min(50, attempt=1), estimate.runtime_min(50, attempt=2)) == (15, 30)


def test_what_reads_all_files_one_after_the_other_needs_memory_for_the_longest():
    estimate = Estimate(300, 10, mb_per_mb=0.01, mb_per_longest_mb=2.0)
    assert estimate.memory_mb(1000, attempt=1, longest_mb=50) == 410
    assert estimate.memory_mb(1000, attempt=2, longest_mb=0) == 620


def enough(asked_mb, measured_mb):
    """Never under what was measured, nor more than twice that."""
    return measured_mb < asked_mb <= 2 * measured_mb


@pytest.mark.parametrize(
    ("rule", "minutes", "measured_mb"),
    [
        ("clean_keypoints", 1, 453), ("clean_keypoints", 60, 1445), ("analyse_dance", 1, 643),
        ("analyse_dance", 60, 3591), ("measure_dance", 1, 224), ("measure_dance", 60, 495),
    ],
)  # fmt: skip
def test_one_video_has_the_memory_that_was_measured(rule, minutes, measured_mb):
    # python benchmarks/rule_memory.py --minutes 1 60; 2 Mbit a second.
    assert enough(ESTIMATES[rule].memory_mb(15 * minutes, attempt=1), measured_mb)


@pytest.mark.parametrize(
    ("rule", "videos", "measured_mb"),
    [
        ("gather_frames", 10, 179), ("gather_frames", 100, 186), ("gather_frames", 1000, 192),
        ("cut_fragments", 10, 148), ("cut_fragments", 100, 161), ("cut_counts", 10, 151), ("cut_counts", 100, 163),
        ("cut_counts", 6000, 914), ("join_fragments", 10, 149), ("join_fragments", 100, 159),
        ("describe_dances", 10, 195), ("describe_dances", 100, 194),
        ("draw_thumbnails", 10, 228), ("draw_thumbnails", 100, 228), ("train_matcher", 10, 850),
        ("index_fragments", 10, 471), ("measure_paintable", 10, 217), ("retrieve_fragments", 10, 414),
    ],
)  # fmt: skip
def test_all_dances_have_the_memory_that_was_measured(rule, videos, measured_mb):
    # python benchmarks/database_memory.py --videos 10 100 1000: a minute each, on a CPU.
    asked_mb = ESTIMATES[rule].memory_mb(15 * videos, attempt=1, longest_mb=15)
    if rule in ("train_matcher", "index_fragments"):
        asked_mb -= CUDA_MB
    assert enough(asked_mb, measured_mb)


def test_the_network_of_the_paper_needs_more_than_the_quick_one():
    paper = SETTINGS | {"pose_gan": SETTINGS["pose_gan"] | {"image_size": 512, "iterations": 100_000, "batch_size": 1}}
    big, quick = (made["train_pose_gan"] for made in (make_estimates(paper), ESTIMATES))
    assert big.memory_mb(0, attempt=1) > 2 * quick.memory_mb(0, attempt=1)
    assert big.runtime_min(0, attempt=1) > 24 * 60 > 3 * 60 > quick.runtime_min(0, attempt=1)
