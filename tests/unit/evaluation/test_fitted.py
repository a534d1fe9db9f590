"""Joints that are some pixels off are found by a painter that draws them; right ones stay where they are."""

import numpy as np
import pytest
from toy_target import draw_toy, toy_poses, toy_room

from danceit_core.evaluation.fitted import PRIOR, fit_joints
from danceit_core.imagination.target.region import body_size
from danceit_core.pose.skeleton import present

SIZE = 256
ROOM, POSES = toy_room(SIZE), toy_poses(3, size=SIZE, seed=1)
BODY = float(np.nanmedian(body_size(POSES)))
REAL = [draw_toy(pose, ROOM) for pose in POSES]


def paint(poses, _frames):
    return [draw_toy(pose, ROOM) for pose in poses]


def square_error(poses):
    return np.mean([np.square(draw_toy(p, ROOM).astype(float) - q).mean() for p, q in zip(poses, REAL, strict=True)])


def beside(limb, by):
    moved = POSES.copy()
    moved[:, limb, :2] += np.float32(by)
    return moved


@pytest.mark.parametrize("limb", [[4], [10], [0, 15, 16, 17, 18]], ids=["wrist", "knee", "head"])
def test_a_part_drawn_beside_its_place_is_brought_back(limb):
    given = beside(limb, (0.03 * BODY, -0.015 * BODY))
    fitted = fit_joints(paint, REAL, given, body_px=BODY)

    def off(poses):
        return np.linalg.norm(poses[:, limb, :2] - POSES[:, limb, :2], axis=-1).mean()

    assert off(fitted) < 0.5 * off(given)
    assert square_error(fitted) < 0.4 * square_error(given)


def test_true_joints_stay():
    np.testing.assert_array_equal(fit_joints(paint, REAL, POSES, body_px=BODY), POSES)


def test_a_painter_that_does_not_listen_moves_nothing():
    fitted = fit_joints(lambda poses, frames: [ROOM] * len(frames), REAL, POSES, body_px=BODY)
    np.testing.assert_array_equal(fitted, POSES)


def test_no_joint_goes_far_and_absent_ones_stay_absent():
    given = beside([4], (0.4 * BODY, 0))
    given[:, 7] = 0
    fitted = fit_joints(paint, REAL, given, body_px=BODY)
    assert np.linalg.norm((fitted - given)[..., :2], axis=-1).max() < 4 * PRIOR * BODY
    assert not present(fitted)[:, 7].any()
    assert square_error(fitted) <= square_error(given)


def test_the_painter_is_told_which_frame_each_pose_is_of():
    seen = []

    def note(poses, frames):
        seen.append(frames.tolist())
        return paint(poses, frames)

    fit_joints(note, REAL, POSES, body_px=BODY)
    assert set(map(tuple, seen)) == {(0, 1, 2)}
