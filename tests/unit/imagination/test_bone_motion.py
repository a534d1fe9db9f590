"""The frame before, carried along by the bones: it must land where the person is now."""

import cv2
import numpy as np
import pytest
from puppet import puppet_keypoints
from toy_target import draw_toy, toy_room

from danceit_core.imagination.recall.bone_motion import bone_flow, carry
from danceit_core.imagination.target.region import body_size, person_region
from danceit_core.pose.skeleton import LEFT_ELBOW, LEFT_WRIST, RIGHT_ELBOW, RIGHT_WRIST

SIZE = 128
BEFORE = puppet_keypoints(1.0, size=SIZE)
# Arms held away from the trunk.
BEFORE[[RIGHT_ELBOW, RIGHT_WRIST], 0] -= (0.1 * SIZE, 0.2 * SIZE)
BEFORE[[LEFT_ELBOW, LEFT_WRIST], 0] += (0.05 * SIZE, 0.1 * SIZE)
BODY = float(body_size(BEFORE))


def moved(turn=0.0, by=(0, 0), scale=1.0):
    """The pose turned about its middle, shifted and enlarged."""
    pose, middle = BEFORE.copy(), BEFORE[BEFORE[:, 2] > 0, :2].mean(0)
    turned = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    pose[:, :2] = np.where(pose[:, 2:] > 0, (scale * (pose[:, :2] - middle)) @ turned.T + middle + by, 0)
    return pose.astype(np.float32)


@pytest.mark.parametrize(
    "change", [{}, {"by": (4, -3)}, {"turn": 0.08}, {"scale": 1.05}, {"turn": -0.05, "by": (-3, 1), "scale": 0.97}]
)
def test_a_person_lands_where_the_bones_went(change):
    now, room = moved(**change), toy_room(SIZE)
    carried = carry(draw_toy(BEFORE, room), BEFORE, now, body_px=BODY)
    person = person_region(now, size=(SIZE, SIZE), body_px=BODY, widen=0.5)
    wanted = draw_toy(now, room)
    stayed = np.abs(draw_toy(BEFORE, room)[person].astype(int) - wanted[person]).mean()
    missed = np.abs(carried[person].astype(int) - wanted[person]).mean()
    assert missed <= 0.35 * stayed + 1


def test_each_arm_moves_for_itself():
    now = BEFORE.copy()
    now[RIGHT_WRIST, :2] += (6, -8)
    flow = bone_flow(now, BEFORE, size=(SIZE, SIZE), step=1, body_px=BODY)

    def at(joint):
        x, y = np.round(now[joint, :2]).astype(int)
        return flow[y, x]

    np.testing.assert_allclose(at(RIGHT_WRIST), (-6, 8), atol=1.2)
    assert np.abs(at(LEFT_WRIST)).max() < 0.1
    assert np.abs(at(RIGHT_ELBOW)).max() < 0.5  # the upper arm stands, the forearm turns
    assert np.abs(flow[:4]).max() < 0.1  # far from the person


def test_steps_of_the_grid_are_the_same_movement():
    now = moved(by=(5, 0), turn=0.05)
    fine = bone_flow(now, BEFORE, size=(SIZE, SIZE), step=1, body_px=BODY)
    coarse = bone_flow(now, BEFORE, size=(SIZE // 4, SIZE // 4), step=4, body_px=BODY)
    smooth = cv2.resize(fine, (SIZE // 4, SIZE // 4), interpolation=cv2.INTER_AREA)
    assert np.abs(smooth - coarse).max() < 2
    assert np.abs(smooth - coarse).mean() < 0.05


def test_nobody_carries_nothing():
    picture = np.random.default_rng(0).integers(0, 256, (SIZE, SIZE - 6, 3), dtype=np.uint8)
    nobody = np.zeros_like(BEFORE)
    for before, now in ((BEFORE, nobody), (nobody, BEFORE), (BEFORE, BEFORE)):
        np.testing.assert_array_equal(carry(picture, before, now, body_px=BODY), picture)
