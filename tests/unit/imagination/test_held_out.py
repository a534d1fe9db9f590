"""The judge of held-out frames: nothing to find fault with in the real frames, all in an empty room."""

import cv2
import numpy as np
import pytest

from danceit_core.imagination.training.held_out import FAULT, HeldOutJudge
from danceit_core.pose.blazepose import BlazePose
from danceit_core.pose.skeleton import present, torso_length


@pytest.fixture(scope="module")
def judge(pose_weights):
    return HeldOutJudge(pose_weights)


@pytest.fixture(scope="module")
def asked(pose_weights, studio_frames):
    """The joints that the pose network finds in the real frames."""
    finder = BlazePose(pose_weights, fps=1, confidence_floor=0.02)
    found = []
    for picture in studio_frames[0]:
        finder.forget()
        found.append(finder.estimate(picture).keypoints)
    return np.stack(found)


@pytest.fixture(scope="module")
def room(studio_frames):
    """The wall's colour and nobody."""
    return np.full((256, 256, 3), np.median(studio_frames[0], axis=(0, 1, 2)), np.uint8)


def test_the_real_frames_have_no_fault(judge, studio_frames, asked):
    real, true = studio_frames
    assert judge(real, real, asked) == {"held_out_pck": 1, "held_out_perceptual": 0, FAULT: 0}
    assert judge(real, real, true)["held_out_pck"] > 0.7


def test_frames_are_judged_one_by_one(judge, studio_frames, asked):
    real = studio_frames[0]
    painted = np.stack([cv2.GaussianBlur(picture, (0, 0), 3) for picture in real])
    forwards = judge(painted, real, asked)
    assert forwards == judge(painted, real, asked)
    assert judge(painted[::-1], real[::-1], asked[::-1]) == pytest.approx(forwards, abs=1e-6)
    assert forwards[FAULT] == forwards["held_out_perceptual"] + 1 - forwards["held_out_pck"]


def test_a_displaced_person_misses_her_joints(judge, studio_frames, asked):
    real = studio_frames[0]
    faults = []
    for share in (0.05, 0.15, 0.4):
        step = np.float32([[1, 0, share * np.nanmean(torso_length(asked))], [0, 1, 0]])
        painted = np.stack([cv2.warpAffine(p, step, (256, 256), borderMode=cv2.BORDER_REPLICATE) for p in real])
        figures = judge(painted, real, asked)
        faults.append(figures[FAULT])
        assert figures["held_out_pck"] > 0.8 if share < 0.1 else figures["held_out_pck"] < 0.4
    assert (np.diff(faults) > 0).all()


def test_where_nobody_is_found_every_joint_is_missed(judge, studio_frames, asked, room):
    real = studio_frames[0]
    nobody = judge(np.stack([room] * 3), real, asked)
    assert nobody["held_out_pck"] == 0
    assert nobody[FAULT] > 1.5
    one = judge(np.stack([real[0], room, room]), real, asked)
    assert one["held_out_pck"] == pytest.approx(1 / 3)
    assert 0 < one[FAULT] < nobody[FAULT]


def test_a_joint_that_was_not_asked_for_is_not_missed(judge, studio_frames, asked):
    real, fewer = studio_frames[0], asked.copy()
    fewer[:, [4, 7]] = 0
    assert present(asked)[:, [4, 7]].all()
    assert judge(real, real, fewer)["held_out_pck"] == 1
