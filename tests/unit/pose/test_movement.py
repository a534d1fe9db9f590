"""Steps, jerk and slides of each frame."""

import numpy as np
import pytest
from dancers import STANDING

from danceit_core.pose.movement import jerk_sizes, mean_present, planted_speed, slide_sizes, step_sizes


def creeping() -> np.ndarray:
    """Places (96, 25, 2) of someone whose right foot creeps by .3 px a frame while the left one is 20 px above it."""
    out = np.repeat(STANDING[None], 96, 0).astype(np.float64)
    out[:, 11, 0] += 0.3 * np.arange(96)
    out[:, 14, 1] -= 20
    return out


def test_a_planted_ankle_that_creeps_is_a_slide() -> None:
    dance = creeping()
    speed, planted = planted_speed(dance, reach=25, height=300.0)
    assert speed.shape == planted.shape == (95,)
    assert speed == pytest.approx(0.3)
    assert not planted.any()  # for the lifted foot does not move at all: the standing one may be walking
    assert not slide_sizes(dance, height=300.0).any()
    dance[::2, 14, 0] += 5
    _, planted = planted_speed(dance, reach=25, height=300.0)
    assert planted.all()
    assert slide_sizes(dance, height=300.0) == pytest.approx([0, *[0.3] * 95])
    dance[40:60, 11, 1] -= 15  # a jump
    assert not planted_speed(dance, reach=25, height=300.0)[1][42:55].any()


@pytest.mark.parametrize("frames", [0, 1])
def test_there_is_no_slide_step_or_jerk_in_a_frame_alone(frames) -> None:
    dance = creeping()[:frames]
    assert len(planted_speed(dance, reach=25, height=300.0)[0]) == 0
    for sizes in (step_sizes(dance), jerk_sizes(dance), slide_sizes(dance, height=300.0)):
        np.testing.assert_array_equal(sizes, np.zeros(frames))


def test_a_step_is_the_mean_of_the_joints_that_are_seen_and_the_neighbours_where_none_is() -> None:
    xy = np.zeros((6, 2, 2))
    xy[:, 0, 0] = [0, 1, 3, 6, 10, 15]
    xy[:, 1, 0] = np.nan
    np.testing.assert_allclose(step_sizes(xy), [1, 1, 2, 3, 4, 5])
    xy[:, 1, 0] = xy[:, 0, 0] * 3
    np.testing.assert_allclose(step_sizes(xy), [2, 2, 4, 6, 8, 10])
    xy[3] = np.nan
    np.testing.assert_allclose(step_sizes(xy), [2, 2, 4, 6, 8, 10])
    np.testing.assert_array_equal(step_sizes(np.full((4, 2, 2), np.nan)), np.zeros(4))


def test_jerk_is_the_third_difference_round_a_frame() -> None:
    xy = np.zeros((6, 1, 2))
    xy[:, 0, 1] = np.arange(6) ** 3
    np.testing.assert_allclose(jerk_sizes(xy), [0, 0, 6, 6, 6, 0])


def test_mean_of_nothing_is_nan_without_a_warning() -> None:
    np.testing.assert_array_equal(mean_present(np.array([[1.0, np.nan, 3.0], [np.nan] * 3])), [2.0, np.nan])
