"""Left and right mixed up: taken back where they were exchanged, left alone where the dancer turns or crosses limbs."""

from dataclasses import replace

import numpy as np
import pytest
from puppet import puppet_keypoints

from danceit_core.config import CleaningSettings
from danceit_core.pose.clean import clean_keypoints
from danceit_core.pose.repair import in_torsos
from danceit_core.pose.skeleton import MID_HIP, MIRROR
from danceit_core.pose.swaps import ARMS, FACE, FEET_ENDS, LEGS, LONGEST_SWAP_S, find_flips, mend_swaps, sort_flips

FPS = 24
DANCE = np.stack([puppet_keypoints(k / FPS, size=512) for k in range(240)])
# Some movement of its own, so that no side is ever quite still.
DANCE[..., 0] += 6 * np.sin(np.arange(240) / 9)[:, None]
SIDES = {"arms": ARMS, "legs": LEGS + FEET_ENDS, "face": FACE}


def exchange(keypoints, joints, first, end):
    swapped = keypoints.copy()
    swapped[first:end, list(joints)] = keypoints[first:end, [MIRROR[joint] for joint in joints]]
    return swapped


def mend(keypoints):
    return mend_swaps(keypoints, in_torsos(keypoints, fps=FPS), fps=FPS)


def turn(keypoints, first, end):
    """The dancer turns away between two frames: every x goes smoothly to the other side of the hip."""
    angle = np.interp(np.arange(len(keypoints)), [first, end], [0, np.pi])
    turned = keypoints.copy()
    hip = keypoints[:, MID_HIP, :1]
    turned[..., 0] = hip + (keypoints[..., 0] - hip) * np.cos(angle)[:, None]
    return turned


@pytest.mark.parametrize("part", SIDES)
@pytest.mark.parametrize("length", [1, 5, 24])
def test_a_swap_is_taken_back(part, length):
    mended = mend(exchange(DANCE, SIDES[part], 100, 100 + length))
    np.testing.assert_array_equal(mended.keypoints, DANCE)
    assert not mended.broken.any()


def test_arms_and_legs_are_taken_back_apart():
    both = exchange(exchange(DANCE, SIDES["arms"], 50, 60), SIDES["legs"], 55, 70)
    np.testing.assert_array_equal(mend(both).keypoints, DANCE)


def test_a_clean_dance_is_not_touched():
    mended = mend(DANCE)
    np.testing.assert_array_equal(mended.keypoints, DANCE)
    assert not mended.broken.any()


@pytest.mark.parametrize("seconds", [0.4, 0.6, 1.5])
def test_a_true_turn_is_not_touched(seconds):
    turned = turn(DANCE, 100, 100 + seconds * FPS)
    mended = mend(turned)
    np.testing.assert_array_equal(mended.keypoints, turned)
    assert not mended.broken.any()


def test_crossed_arms_are_not_touched():
    crossed = DANCE.copy()
    # Each wrist goes to the other one's place and back within a second.
    share = np.interp(np.arange(240), [90, 102, 114, 126], [0, 1, 1, 0])[:, None]
    crossed[:, 4, :2] = (1 - share) * DANCE[:, 4, :2] + share * DANCE[:, 7, :2]
    crossed[:, 7, :2] = (1 - share) * DANCE[:, 7, :2] + share * DANCE[:, 4, :2]
    mended = mend(crossed)
    np.testing.assert_array_equal(mended.keypoints, crossed)
    assert not mended.broken.any()


def test_a_lasting_exchange_parts_the_dance_and_changes_nothing():
    lasting = exchange(DANCE, SIDES["legs"], 100, 100 + 2 * round(LONGEST_SWAP_S * FPS))
    mended = mend(lasting)
    np.testing.assert_array_equal(mended.keypoints, lasting)
    assert np.flatnonzero(mended.broken).tolist() == [100, 148]


def test_an_exchange_at_the_end_is_dropped_not_mended():
    # Which side of the last flip is right, nobody can tell; the shorter one is given up.
    mended = mend(exchange(DANCE, SIDES["arms"], 230, 240))
    assert np.flatnonzero(mended.broken).tolist() == list(range(230, 240))
    mended = mend(exchange(DANCE, SIDES["arms"], 0, 10))
    assert np.flatnonzero(mended.broken).tolist() == list(range(10))


def test_a_face_never_parts_a_dance():
    assert not mend(exchange(DANCE, SIDES["face"], 150, 240)).broken.any()


def test_absent_joints():
    without = DANCE.copy()
    without[:, [3, 20]] = 0
    np.testing.assert_array_equal(mend(exchange(without, ARMS, 100, 110)).keypoints, without)
    assert not mend(np.zeros_like(DANCE)).broken.any()
    # Nobody is seen for a while: what comes before and after is judged by itself.
    gap = DANCE.copy()
    gap[100:120] = 0
    np.testing.assert_array_equal(mend(exchange(gap, ARMS, 60, 66)).keypoints, gap)


@pytest.mark.parametrize("frames", [0, 1, 2, 3])
def test_short_videos(frames):
    mended = mend(DANCE[:frames])
    np.testing.assert_array_equal(mended.keypoints, DANCE[:frames])
    assert mended.broken.shape == (frames,)


def test_flips_are_found_where_they_are():
    swapped = exchange(DANCE, ARMS, 100, 130)
    flips, visible = find_flips(in_torsos(swapped, fps=FPS), swapped[..., 2], joints=ARMS)
    assert np.flatnonzero(flips).tolist() == [100, 130]
    assert visible.all()


def test_the_shorter_pieces_are_the_wrong_ones():
    flips = np.zeros(100, bool)
    flips[[20, 30, 60, 66]] = True
    swapped, unsure = sort_flips(flips, np.ones(100, bool), longest=24)
    assert np.flatnonzero(swapped).tolist() == [*range(20, 30), *range(60, 66)]
    assert not unsure.any()


def test_cleaning_takes_swaps_back_unless_told_not_to():
    swapped = exchange(DANCE, ARMS, 100, 110)
    settings = replace(CleaningSettings(), smoothing="none")
    mended = clean_keypoints(swapped, fps=FPS, settings=settings)
    np.testing.assert_array_equal(mended.keypoints, DANCE)
    left = clean_keypoints(swapped, fps=FPS, settings=replace(settings, repair_swaps=False))
    assert np.abs(left.keypoints - DANCE)[100:110].max() > 10
    lasting = clean_keypoints(exchange(DANCE, ARMS, 100, 160), fps=FPS, settings=settings)
    assert np.flatnonzero(lasting.reason == "swap").tolist() == [100, 160]


def test_guesses_of_hidden_limbs_prove_no_swap():
    """The same wild moves of both arms: a flip where they were seen, none where they were guessed."""
    swapped = exchange(DANCE, ARMS, 100, 130)
    guessed = swapped.copy()
    guessed[:, list(ARMS), 2] = 0.1
    for keypoints, found in ((swapped, True), (guessed, False)):
        flips, _ = find_flips(in_torsos(keypoints, fps=FPS), keypoints[..., 2], joints=ARMS)
        assert flips.any() == found
