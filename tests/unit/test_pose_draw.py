"""Skeleton pictures: limbs where the joints are, sides apart by colour, absent joints left out."""

import numpy as np
import pytest
from puppet import puppet_keypoints

from danceit_core.pose.draw import LIMB_COLOURS, contact_sheet, draw_skeleton, pose_picture
from danceit_core.pose.skeleton import LIMBS, MIRROR


def test_every_limb_has_a_colour_of_its_own():
    assert len(LIMB_COLOURS) == len(LIMBS)
    colours = np.array(LIMB_COLOURS, int)
    apart = np.abs(colours[:, None] - colours[None]).max(axis=-1)
    assert apart[~np.eye(len(colours), dtype=bool)].min() >= 40


def test_left_and_right_differ_clearly():
    limbs = {frozenset(limb): colour for limb, colour in zip(LIMBS, LIMB_COLOURS, strict=True)}
    for (a, b), colour in zip(LIMBS, LIMB_COLOURS, strict=True):
        other = limbs[frozenset((MIRROR[a], MIRROR[b]))]
        if {MIRROR[a], MIRROR[b]} != {a, b}:
            assert np.abs(np.array(colour) - other).max() >= 100


@pytest.mark.parametrize("size", [64, 128, 256, 512])
def test_a_limb_is_drawn_where_its_joints_are(size):
    keypoints = np.zeros((25, 3), np.float32)
    keypoints[2], keypoints[3] = (0.25 * size, 0.5 * size, 1), (0.75 * size, 0.5 * size, 1)
    picture = pose_picture(keypoints, size=(size, size))
    assert picture.shape == (size, size, 3)
    lit = picture.max(axis=-1).astype(float)
    rows, columns = np.nonzero(lit > 0.4 * lit.max())
    assert np.average(rows + 0.5, weights=lit[rows, columns]) == pytest.approx(0.5 * size, abs=0.2)
    assert (columns.min(), columns.max()) == (pytest.approx(0.25 * size, abs=4), pytest.approx(0.75 * size, abs=4))
    # Thickness grows with the picture, so that a limb covers the same share of it.
    assert lit[:, size // 2].sum() / 255 == pytest.approx(0.015 * size, rel=0.1)
    middle = picture[:, size // 2].astype(float).sum(axis=0)
    assert middle / middle.max() == pytest.approx(np.array(LIMB_COLOURS[LIMBS.index((2, 3))]) / 255, abs=0.05)


def test_moves_by_a_fraction_of_a_pixel_show():
    keypoints = puppet_keypoints(0, size=64)
    moved = keypoints + np.array([0.25, 0, 0], np.float32)
    assert np.abs(pose_picture(keypoints, size=(64, 64)).astype(int) - pose_picture(moved, size=(64, 64))).max() > 5


def test_absent_joints_are_left_out():
    keypoints = puppet_keypoints(0, size=128)
    assert pose_picture(np.zeros((25, 3), np.float32), size=(128, 128)).max() == 0
    without = keypoints.copy()
    without[4] = 0
    picture, less = pose_picture(keypoints, size=(128, 128)), pose_picture(without, size=(128, 128))
    assert less[:3, :3].max() == 0  # no line to the corner
    assert (picture != less).any()


def test_draws_on_a_copy_and_anywhere():
    picture = np.full((48, 64, 3), 90, np.uint8)
    keypoints = puppet_keypoints(0, size=48)
    keypoints[4, :2] = (1e7, -1e7)
    drawn = draw_skeleton(picture, keypoints, thickness=3)
    assert picture.min() == picture.max() == 90
    assert (drawn != picture).any()
    assert pose_picture(keypoints, size=(64, 48)).shape == (48, 64, 3)


def test_contact_sheet():
    pictures = [np.full((20, 40, 3), 50 * index + 50, np.uint8) for index in range(4)]
    sheet = contact_sheet(pictures, columns=3, width=60)
    assert sheet.shape == (20, 60, 3)
    assert [int(sheet[5, 10 + 20 * column, 0]) for column in range(3)] == [50, 100, 150]
    assert [int(sheet[15, 10 + 20 * column, 0]) for column in range(3)] == [200, 0, 0]
    assert contact_sheet([], columns=3, width=60).shape == (0, 60, 3)
