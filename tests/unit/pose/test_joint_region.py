"""Where the network is to look, from joints: as BlazePose's own tracking says, and sensible where joints are absent."""

import numpy as np
import pytest

from danceit_core.pose.joint_region import region_of_joints
from danceit_core.pose.landmarks import LandmarkNetwork
from danceit_core.pose.skeleton import LEFT_HIP, MID_HIP, NECK, NOSE, RIGHT_HIP

NOBODY = np.zeros((25, 3), np.float32)


def without(keypoints, *joints):
    left = keypoints.copy()
    left[list(joints)] = 0
    return left


def apart(region, other):
    """How far apart the middles are and how unlike the sides, in sides; and the angle between, radians."""
    turned = np.angle(np.exp(1j * (region[3] - other[3])))
    return np.hypot(*(region - other)[:2]) / other[2], abs(region[2] / other[2] - 1), abs(turned)


def test_it_is_the_region_that_the_network_itself_would_look_at_next(studio_frames, pose_weights):
    network = LandmarkNetwork(pose_weights)
    for picture, keypoints in zip(*studio_frames, strict=True):
        region = region_of_joints(keypoints)
        body = network.look(picture, region)
        assert body is not None
        middle, side, angle = apart(region, body.following)
        assert middle < 0.05
        assert side < 0.15
        assert angle < 0.15


@pytest.mark.parametrize(
    "absent",
    [(MID_HIP,), (MID_HIP, RIGHT_HIP), (NECK,), (NECK, 2, 5), (NECK, 2, 5, NOSE), (MID_HIP, RIGHT_HIP, LEFT_HIP),
     range(9, 15), range(15, 25), (3, 4, 6, 7)],
)  # fmt: skip
def test_absent_joints_hardly_move_it(studio_frames, absent):
    for keypoints in studio_frames[1]:
        middle, side, angle = apart(region_of_joints(without(keypoints, *absent)), region_of_joints(keypoints))
        assert middle < 0.12
        assert side < 0.5
        assert angle < 0.3


def test_every_joint_lies_in_its_circle(studio_frames):
    for keypoints in studio_frames[1]:
        x, y, side, _ = region_of_joints(keypoints)
        assert (np.hypot(*(keypoints[:, :2] - (x, y)).T) < side / 2).all()


@pytest.mark.parametrize("turns", [1, 2, 3])
def test_it_turns_with_the_body(studio_frames, turns):
    keypoints = studio_frames[1][0]
    turned = keypoints.copy()
    for _ in range(turns):  # a quarter clockwise about the picture's corner
        turned[:, 0], turned[:, 1] = -turned[:, 1], turned[:, 0].copy()
    region, upright = region_of_joints(turned), region_of_joints(keypoints)
    assert np.isclose(region[2], upright[2], rtol=1e-4)
    assert np.isclose(np.exp(1j * (region[3] - upright[3])), np.exp(1j * turns * np.pi / 2), atol=1e-4)


def test_of_nobody_and_of_two_joints_there_is_none(studio_frames):
    assert region_of_joints(NOBODY) is None
    assert region_of_joints(without(studio_frames[1][0], *range(2, 25))) is None
    point = NOBODY.copy()
    point[:4] = (5, 5, 1)
    assert region_of_joints(point) is None
