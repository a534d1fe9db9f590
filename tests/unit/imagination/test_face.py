"""Where the FaceGAN's patch lies, how large it is, and in which frames the face shows."""

import numpy as np
import pytest
from toy_target import CPU, TOY_SIZE, toy_poses

from danceit_core.imagination.networks.face import (
    MIN_SIDE,
    face_strength,
    faces_camera,
    patch_fade,
    patch_pose,
    patch_side,
    place_patch,
)
from danceit_core.imagination.target.view import Window
from danceit_core.pose.draw import pose_picture
from danceit_core.pose.skeleton import MIRROR, NOSE


def test_only_faces_towards_the_camera_count():
    front = toy_poses(9, size=TOY_SIZE)
    assert faces_camera(front).all()
    assert not faces_camera(front[:, list(MIRROR)]).any()  # turned away, the nose guessed
    hidden, faint, bare = front.copy(), front.copy(), front.copy()
    hidden[:, NOSE] = 0
    faint[:, NOSE, 2] = 0.1
    bare[:, 15:19] = 0
    assert not faces_camera(hidden).any()
    assert not faces_camera(faint).any()
    assert faces_camera(bare).all()
    turning = front.copy()
    turning[:4] = front[:4, list(MIRROR)]
    strength = face_strength(turning)
    assert (strength[:4] == 0).all()
    assert (np.diff(strength[3:]) >= 0).all()
    assert strength[-1] == 1
    assert len(face_strength(front[:0])) == 0


def test_the_patch_scales_with_the_head_and_stays_in_the_picture():
    near = toy_poses(5, size=512)
    far = near * np.float32([0.5, 0.5, 1])
    sides = [patch_side(p, patch_share=50 / 512, size=(512, 512)) for p in (near, far)]
    assert 40 <= sides[0] <= 80
    assert sides[1] == pytest.approx(sides[0] / 2, abs=4)
    assert patch_side(far * np.float32([0.1, 0.1, 1]), patch_share=50 / 512, size=(512, 512)) == MIN_SIDE
    corner = near[0].copy()
    corner[NOSE, :2] = (2, 511)
    assert place_patch(corner, side=48, size=(512, 512)).slices == (slice(464, 512), slice(0, 48))
    corner[NOSE, :2] = (-5, 10)
    assert place_patch(corner, side=48, size=(512, 512)) is None
    fade = patch_fade(16, CPU)
    assert fade[8, 8] == 1
    assert fade[0].max() < 0.5


@pytest.mark.parametrize("size", [(640, 360), (360, 640)], ids=["landscape", "portrait"])
def test_the_patch_depends_on_the_head_and_not_on_the_shape(size):
    square = toy_poses(5, size=360)
    moved = toy_poses(5, size=size, sway=0)
    options = {"patch_share": 50 / 512}
    assert patch_side(moved, size=size, **options) == patch_side(square, size=(360, 360), **options)
    pose = moved[0].copy()
    for nose, left, top in (((1, 1), 0, 0), ((size[0] - 1, size[1] - 1), size[0] - 40, size[1] - 40)):
        pose[NOSE, :2] = nose
        assert place_patch(pose, side=40, size=size) == Window(left, top, 40, 40)
    for nose in ((size[0], 10), (10, size[1])):
        pose[NOSE, :2] = nose
        assert place_patch(pose, side=40, size=size) is None


def test_the_pose_of_a_patch_is_the_patch_of_the_pose():
    size = (640, 360)
    pose = toy_poses(1, size=size)[0]
    place = place_patch(pose, side=48, size=size)
    whole = pose_picture(pose, size=size, side=360)[place.slices]
    drawn = patch_pose(pose, place, size=size)
    # A line that leaves the patch is cut there: its soft edge may be a trace lighter.
    np.testing.assert_allclose(drawn.astype(int), whole, atol=4)
    assert (drawn[8:40, 8:40] == whole[8:40, 8:40]).all()
    assert (whole > 0).mean() > 0.05
