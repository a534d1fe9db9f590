"""Whether it is seen that a part passes to another lending frame: drawn dances with switches that are seen or not."""

import cv2
import numpy as np
import pytest
from puppet import puppet_keypoints
from toy_target import draw_toy, toy_room

from danceit_core.errors import ImaginationError
from danceit_core.evaluation.flicker import (
    BODY_PX,
    find_switches,
    measure_steps,
    part_masks,
    part_movements,
    switch_scores,
)
from danceit_core.imagination.recall.parts import HEAD, NAMES, TRUNK
from danceit_core.imagination.recall.provenance import NOBODY, Origins
from danceit_core.pose.capsules import body_size
from danceit_core.pose.skeleton import LEFT_WRIST

SIZE, FRAMES, STAY = 160, 96, 8
POSES = np.stack([puppet_keypoints(frame / 24, size=SIZE) for frame in range(FRAMES)])


def lent_in_turns(*, part: int, fade: float = 0.0) -> Origins:
    """One part is lent by two frames in turns, each for STAY frames; the others by one."""
    lender = np.zeros((FRAMES, len(NAMES)), np.int64)
    lender[:, part] = 100 * (np.arange(FRAMES) // STAY % 2)
    second = np.full_like(lender, NOBODY)
    share = np.zeros(lender.shape, np.float32)
    if fade:
        last = np.arange(STAY - 1, FRAMES - 1, STAY)
        second[last, part], share[last, part] = lender[last + 1, part], fade
    return Origins(lender, second, share, 24.0, 24.0)


def film(origins: Origins, *, part: int, levels: int):
    """The toy person; what the second of the two frames lends is darker by some grey levels."""
    darker = np.where(origins.lender[:, part] > 0, 1 - origins.share[:, part], origins.share[:, part])
    for pose, share in zip(POSES, darker, strict=True):
        picture = draw_toy(pose, toy_room(SIZE)).astype(np.int16)
        mine = part_masks(pose, size=(SIZE, SIZE), body_px=float(body_size(pose))) == part
        picture[mine] -= round(levels * float(share))
        yield picture.clip(0, 255).astype(np.uint8)


def scores_of(origins: Origins, pictures) -> dict[str, float]:
    return switch_scores(find_switches(measure_steps(pictures, POSES), origins), rng=np.random.default_rng(0))


def test_a_switch_that_is_seen_stands_out_in_its_part():
    origins = lent_in_turns(part=TRUNK)
    scores = scores_of(origins, film(origins, part=TRUNK, levels=30))
    assert scores["switches"] == FRAMES / STAY - 1
    assert scores["switch_trunk"] > 3
    assert scores["switch_low"] > 2
    assert np.isnan(scores["switch_head"])


def test_a_switch_that_is_not_seen_is_as_any_other_step():
    origins = lent_in_turns(part=TRUNK)
    scores = scores_of(origins, film(origins, part=TRUNK, levels=0))
    assert scores["switch_ratio"] == pytest.approx(1, abs=0.15)
    assert scores["switch_high"] < 1.3


def test_a_fade_is_seen_less_than_a_cut_and_over_more_steps():
    cut, faded = lent_in_turns(part=TRUNK), lent_in_turns(part=TRUNK, fade=0.5)
    hard, soft = (scores_of(origins, film(origins, part=TRUNK, levels=30)) for origins in (cut, faded))
    assert soft["switches"] == 2 * hard["switches"]
    assert 1.2 < soft["switch_ratio"] < 0.75 * hard["switch_ratio"]


def test_what_another_part_does_is_not_held_against_the_one_that_passes():
    origins = lent_in_turns(part=TRUNK)
    scores = scores_of(origins, film(origins, part=HEAD, levels=30))
    assert scores["switch_trunk"] == pytest.approx(1, abs=0.15)


def test_fast_steps_are_compared_with_fast_ones():
    """All switches lie where the arms are fastest: without a control for movement they would seem to be seen."""
    movement = part_movements(POSES, body_px=float(body_size(POSES).max()))
    arm = NAMES.index("left_arm")
    fast = movement[:, arm, 0] > np.nanquantile(movement[:, arm, 0], 0.6)
    origins = lent_in_turns(part=arm)
    lender = np.zeros((FRAMES, len(NAMES)), np.int64)
    lender[:, arm] = 10 * np.cumsum(fast & (np.arange(FRAMES) % 2 == 0))
    origins = Origins(lender, origins.second, origins.share, 24.0, 24.0)
    steps = measure_steps(film(origins, part=arm, levels=0), POSES)
    found = find_switches(steps, origins)
    plain = steps.residual[found.frame, arm].mean() / np.nanmean(steps.residual[~fast, arm])
    assert plain > 1.15
    assert found.ratio() == pytest.approx(1, abs=0.12)


def test_the_size_of_the_picture_changes_little():
    origins = lent_in_turns(part=TRUNK)
    pictures = list(film(origins, part=TRUNK, levels=30))
    large = POSES * np.array([3, 3, 1], np.float32)
    assert body_size(large).max() > BODY_PX
    triple = (cv2.resize(picture, None, fx=3, fy=3, interpolation=cv2.INTER_CUBIC) for picture in pictures)
    again = switch_scores(find_switches(measure_steps(triple, large), origins), rng=np.random.default_rng(0))
    assert again["switch_ratio"] == pytest.approx(scores_of(origins, pictures)["switch_ratio"], rel=0.4)


def test_frames_without_anybody_say_nothing():
    poses = POSES.copy()
    poses[10:13] = 0
    poses[20, LEFT_WRIST] = 0
    steps = measure_steps((draw_toy(pose, toy_room(SIZE)) for pose in POSES), poses)
    assert np.isnan(steps.residual[10:14]).all()
    assert np.isnan(steps.residual[20, NAMES.index("left_arm")])
    assert np.isfinite(steps.residual[20, TRUNK])


def test_a_table_of_another_dance_is_refused():
    steps = measure_steps((draw_toy(pose, toy_room(SIZE)) for pose in POSES[:5]), POSES[:5])
    with pytest.raises(ImaginationError, match=r"5 frames.* 96"):
        find_switches(steps, lent_in_turns(part=TRUNK))


@pytest.mark.parametrize("frames", [0, 1, 2])
def test_the_shortest_dances(frames):
    steps = measure_steps((draw_toy(pose, toy_room(SIZE)) for pose in POSES[:frames]), POSES[:frames])
    scores = switch_scores(
        find_switches(steps, lent_in_turns(part=TRUNK).part(slice(frames))), rng=np.random.default_rng(0)
    )
    assert scores["switches"] == 0
    assert np.isnan(scores["switch_ratio"])
