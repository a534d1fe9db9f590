"""Skeletons and heat maps: limbs and spots where the joints are, sides apart by colour, absent joints left out."""

import numpy as np
import pytest
from puppet import puppet_keypoints

from danceit_core.pose.draw import (
    FINGER_COLOURS,
    LIMB_COLOURS,
    SPOT_SHARE,
    contact_sheet,
    draw_hands,
    draw_skeleton,
    heat_maps,
    pose_picture,
)
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


def test_a_wide_picture_has_limbs_as_thick_as_it_is_told():
    keypoints = np.zeros((25, 3), np.float32)
    keypoints[2], keypoints[3] = (20, 32, 1), (44, 32, 1)
    square = pose_picture(keypoints, size=(64, 64))
    np.testing.assert_array_equal(pose_picture(keypoints, size=(64, 48), side=64), square[:48])
    np.testing.assert_array_equal(pose_picture(keypoints, size=(48, 64), side=64), square[:, :48])
    thick = pose_picture(keypoints, size=(64, 64), side=128)
    assert thick.astype(int).sum() > 1.5 * square.astype(int).sum()


@pytest.mark.parametrize("size", [(64, 64), (96, 64), (40, 256)])
@pytest.mark.parametrize("side", [64, 256])
def test_a_heat_map_is_a_spot_at_its_joint(size, side):
    keypoints = puppet_keypoints(0, size=64)
    keypoints[:, 0] *= size[0] / 64
    keypoints[:, 1] *= size[1] / 64
    maps = heat_maps(keypoints, size=size, side=side)
    assert maps.shape == (25, size[1], size[0])
    assert maps.dtype == np.float32
    assert maps.min() >= 0
    assert maps.max() <= 1
    rows, columns = np.indices((size[1], size[0])) + 0.5
    for spot, (x, y, _) in zip(maps, keypoints, strict=True):
        row, column = np.unravel_index(spot.argmax(), spot.shape)
        assert (column + 0.5, row + 0.5) == (pytest.approx(x, abs=0.501), pytest.approx(y, abs=0.501))
        distance2 = (columns - x) ** 2 + (rows - y) ** 2
        np.testing.assert_allclose(spot, np.exp(-0.5 * distance2 / (SPOT_SHARE * side) ** 2), atol=1e-5)


def test_a_heat_map_of_an_absent_joint_is_empty_and_one_outside_is_no_trouble():
    keypoints = puppet_keypoints(0, size=64)
    keypoints[4] = 0
    keypoints[7, :2] = (1e9, -1e9)
    keypoints[0, :2] = (-1, 20)
    maps = heat_maps(keypoints, size=(64, 64), side=256)
    assert (maps[[4, 7]] == 0).all()
    assert maps[0, 20, 0] > 0.8
    others = [joint for joint in range(25) if joint not in (4, 7)]
    assert (maps[others].max((1, 2)) > 0.5).all()
    assert (heat_maps(np.zeros((25, 3), np.float32), size=(32, 48), side=48) == 0).all()


def test_a_heat_map_moves_with_a_fraction_of_a_pixel():
    keypoints = puppet_keypoints(0, size=64)
    spots = [heat_maps(keypoints + np.float32([by, 0, 0]), size=(64, 64), side=128)[1].sum(0) for by in (0, 0.25)]
    centres = [float(spot @ (np.arange(64) + 0.5) / spot.sum()) for spot in spots]
    assert centres[1] - centres[0] == pytest.approx(0.25, abs=1e-3)


def test_contact_sheet():
    pictures = [np.full((20, 40, 3), 50 * index + 50, np.uint8) for index in range(4)]
    sheet = contact_sheet(pictures, columns=3, width=60)
    assert sheet.shape == (20, 60, 3)
    assert [int(sheet[5, 10 + 20 * column, 0]) for column in range(3)] == [50, 100, 150]
    assert [int(sheet[15, 10 + 20 * column, 0]) for column in range(3)] == [200, 0, 0]
    assert contact_sheet([], columns=3, width=60).shape == (0, 60, 3)


def a_hand(wrist, *, side):
    """A hand (21, 3) that points up from a wrist, the thumb towards the other hand, 60 pixels long."""
    hand = np.ones((21, 3), np.float32)
    hand[0, :2] = wrist
    for number, first in enumerate((1, 5, 9, 13, 17)):
        hand[first : first + 4, 0] = wrist[0] + side * (number - 2) * 12
        hand[first : first + 4, 1] = wrist[1] - np.array([24, 36, 48, 60])
    return hand


@pytest.fixture
def person_with_hands():
    keypoints = np.zeros((25, 3), np.float32)
    keypoints[4], keypoints[7] = (60, 120, 1), (190, 120, 1)
    hands = np.stack([a_hand((60, 120), side=-1), a_hand((190, 120), side=1)])
    # Thumb, index and little finger of each.
    fingers = np.concatenate([hand[[1, 5, 17]] for hand in hands])
    return keypoints, fingers, hands


def test_hands_are_drawn_where_they_are_and_the_wrists_are_without_them(person_with_hands):
    keypoints, fingers, hands = person_with_hands
    black = np.zeros((256, 256, 3), np.uint8)
    bare = draw_hands(black, keypoints)
    assert bare.max() == 0
    drawn = draw_hands(black, keypoints, hands=hands)
    assert black.max() == 0
    for side, hand in enumerate(hands):
        for first, colour in zip((1, 5, 9, 13, 17), FINGER_COLOURS[side], strict=True):
            x, y = hand[first + 1, :2]
            assert np.abs(drawn[int(y), int(x) - 1 : int(x) + 1].astype(int) - colour).max(axis=-1).min() < 40
    stubs = draw_hands(black, keypoints, fingers=fingers)
    # They end at the knuckles.
    assert stubs[:90].max() == 0
    assert drawn[:90].max() > 200
    assert stubs.any(axis=-1)[:, :128].sum() > 50


def test_a_hand_that_is_absent_is_drawn_by_its_fingers_if_at_all(person_with_hands):
    keypoints, fingers, hands = person_with_hands
    black = np.zeros((256, 256, 3), np.uint8)
    hands[0] = 0
    both, only_left = (draw_hands(black, keypoints, fingers=given, hands=hands) for given in (fingers, None))
    np.testing.assert_array_equal(both[:, 128:], draw_hands(black, keypoints, hands=hands)[:, 128:])
    np.testing.assert_array_equal(both[:, :128], draw_hands(black, keypoints, fingers=fingers)[:, :128])
    assert only_left[:, :128].max() == 0
    fingers[:3] = 0
    assert draw_hands(black, keypoints, fingers=fingers, hands=hands)[:, :128].max() == 0


def test_a_skeleton_s_picture_is_the_same_without_hands_and_richer_with_them(person_with_hands):
    keypoints, fingers, hands = person_with_hands
    whole = puppet_keypoints(0, size=256)
    whole[[4, 7]] = keypoints[[4, 7]]
    bare = pose_picture(whole, size=(256, 256))
    nobody = np.zeros_like(hands)
    np.testing.assert_array_equal(bare, pose_picture(whole, size=(256, 256), hands=nobody))
    assert (pose_picture(whole, size=(256, 256), hands=hands) != bare).any(axis=-1).sum() > 300
    # At half the size the fingers cover the same share of the picture.
    scale = np.array([0.5, 0.5, 1], np.float32)
    shares = [
        (pose_picture(whole * s, size=(n, n), fingers=fingers * s, hands=hands * s).astype(int).sum() / n**2)
        for s, n in ((np.float32(1), 256), (scale, 128))
    ]
    assert shares[1] == pytest.approx(shares[0], rel=0.1)
