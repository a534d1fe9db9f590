"""A target check whose figures cannot be ends in one line; poor but possible ones, and unknown ones, do not."""

import math
from dataclasses import replace

import numpy as np
import pytest
from dancers import handstand, lying, sine_dancer, wandering_dancer

from danceit_core.errors import ImaginationError
from danceit_core.imagination.check.impossible import check_possible
from danceit_core.imagination.check.measure import VIEWS, Figures, measure_target
from danceit_core.imagination.check.samples import Samples, spread_frames
from danceit_core.imagination.plate.figures import RoomFigures
from danceit_core.pose.skeleton import NOSE
from danceit_core.pose.table import PoseTable

FPS, SIZE = 24.0, 512
NAN = math.nan
ROOM = RoomFigures(
    width=512, height=512, frames=2, never_seen=NAN, hole_share=NAN, hole_at=(0.5, 0.5), never_covered=NAN,
    laid_over=0.0, room_levels=NAN, light_levels=NAN,
)  # fmt: skip
POOR = Figures(
    usable_s=2.0, size=(512, 512), height=0.1, head_px=3.9, cut_off=0.9, cut_off_part="feet",
    shown=dict.fromkeys(VIEWS, 0.0), asked=dict.fromkeys(VIEWS, NAN), far_poses=NAN, build=NAN, blurred=NAN, people=NAN,
    camera_moved=0.0, light_changed=0.0, writing_s=0.0, room=ROOM,
)  # fmt: skip
CASES = [
    ({"usable_s": 0.0, "height": NAN, "head_px": NAN}, "no frame of the video is of use: film one person alone"),
    ({"height": NAN, "head_px": NAN}, "nose and ankles are never seen together: film the whole body upright"),
    ({"height": -0.29, "head_px": -11.0}, "nose and ankles are -29% of the picture's height apart: film the whole"),
    ({"height": 0.0, "head_px": 0.0}, "nose and ankles are 0% of the picture's height apart"),
    ({"height": 0.01, "head_px": 0.4}, "the head gets 0.4 pixels of the painted picture (limit 1): film from nearer"),
    ({"asked": dict.fromkeys(VIEWS, 0.3)}, "the dances' torso measures nan times the target's (it must be above 0)"),
]


def table(keypoints):
    return PoseTable(keypoints, {"fps": FPS, "width": SIZE, "height": SIZE}, {})


def measured(keypoints, *, dances=()):
    cleaned = table(keypoints)
    frames = spread_frames(cleaned, count=2)
    pictures = np.full((len(frames), SIZE, SIZE, 3), 99, np.uint8)
    dances = [table(dance) for dance in dances]
    samples = Samples(frames, pictures, cleaned.keypoints[frames], 1.0)
    return measure_target(cleaned, cleaned, samples=samples, dances=dances, image_size=256, room=ROOM)


@pytest.mark.parametrize(("wrong", "sentence"), CASES)
def test_what_cannot_be_ends_in_one_line(wrong, sentence):
    check_possible(POOR, name="anna")
    with pytest.raises(ImaginationError) as error:
        check_possible(replace(POOR, **wrong), name="anna")
    assert str(error.value).startswith(f"target anna cannot be learnt: {sentence}")
    assert "\n" not in str(error.value)


def test_a_target_without_a_nose_and_one_without_frames():
    without = sine_dancer(48)
    without[:, NOSE] = 0
    with pytest.raises(ImaginationError, match="never seen together"):
        check_possible(measured(without, dances=[sine_dancer(48)]), name="anna")
    with pytest.raises(ImaginationError, match="no frame of the video is of use"):
        check_possible(measured(without[:0]), name="anna")


def test_handstands_and_floor_work_neither_change_the_targets_size_nor_stop_it():
    upright = wandering_dancer(240, seed=3)
    true = measured(upright, dances=[upright])
    for part in (handstand(400), lying(400, left=False)):
        figures = measured(np.concatenate([upright, part]), dances=[upright, part])
        check_possible(figures, name="anna")
        assert figures.height == pytest.approx(true.height, rel=0.01)
        # The window that the network looks through holds most poses, of these, too.
        assert figures.head_px == pytest.approx(true.head_px, rel=0.15)
    lies = measured(lying(240, left=True))
    check_possible(lies, name="anna")
    assert 0.3 < lies.height < 0.6
