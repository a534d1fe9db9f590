"""Where the FaceGAN's patch lies, how large it is, and in which frames the face shows."""

import numpy as np
import pytest
from toy_target import CPU, TOY_SIZE, toy_poses

from danceit_core.imagination.networks.face import (
    MIN_SIDE,
    face_strength,
    faces_camera,
    patch_fade,
    patch_side,
    place_patch,
)
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
    sides = [patch_side(p, patch_share=50 / 512, picture_size=512) for p in (near, far)]
    assert 40 <= sides[0] <= 80
    assert sides[1] == pytest.approx(sides[0] / 2, abs=4)
    assert patch_side(far * np.float32([0.1, 0.1, 1]), patch_share=50 / 512, picture_size=512) == MIN_SIDE
    corner = near[0].copy()
    corner[NOSE, :2] = (2, 511)
    assert place_patch(corner, side=48, picture_size=512).slices == (slice(464, 512), slice(0, 48))
    corner[NOSE, :2] = (-5, 10)
    assert place_patch(corner, side=48, picture_size=512) is None
    fade = patch_fade(16, CPU)
    assert fade[8, 8] == 1
    assert fade[0].max() < 0.5
