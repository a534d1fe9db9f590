"""Planted feet hold still, moving ones are left alone, legs keep their lengths."""

import numpy as np
import pytest
from dancers import STANDING, wandering_dancer

from danceit_core.choreography import footlock
from danceit_core.choreography.curve import hide_absent

FPS = 24.0


def creeping(step_px: float) -> np.ndarray:
    """Someone with bent knees whose right foot creeps for 2 s, steps 80 px aside and creeps on."""
    out = hide_absent(np.concatenate([np.repeat(STANDING[None], 96, 0), np.ones((96, 25, 1))], -1))
    out[:, [10, 13], 0] += 40
    x = np.arange(96) * step_px + 80 / (1 + np.exp(-(np.arange(96) - 48) / 2.0))
    out[:, [11, 22, 23, 24], 0] += x[:, None]
    return out


def test_a_creeping_foot_is_held_and_a_step_is_not() -> None:
    dance = creeping(0.3)
    locked = footlock.lock_feet(dance, fps=FPS, height_px=300.0)
    before, after = (np.abs(np.diff(d[8:40, 11, 0])).mean() for d in (dance, locked))
    assert after == pytest.approx((1 - footlock.HOLD) * before, rel=0.15)
    np.testing.assert_allclose(locked[48, 11], dance[48, 11], atol=3)
    np.testing.assert_allclose(locked[:, 22] - locked[:, 11], dance[:, 22] - dance[:, 11], atol=1e-6)
    others = [j for j in range(25) if j not in (10, 11, 22, 23, 24)]
    np.testing.assert_array_equal(locked[:, others], dance[:, others])


def test_a_bent_leg_keeps_its_lengths() -> None:
    hip, knee, ankle = (np.array([p], float) for p in ([0, 0], [30, 60], [0, 120]))
    shift = np.array([[6.0, -2.0]])
    bent = footlock.bend(hip, knee, ankle, shift)
    assert np.linalg.norm(bent - hip) == pytest.approx(np.linalg.norm(knee - hip))
    assert np.linalg.norm(ankle + shift - bent) == pytest.approx(np.linalg.norm(ankle - knee))
    assert bent[0, 0] > 20  # on the same side


def test_a_straight_leg_turns_without_a_snap() -> None:
    hip, knee, ankle = (np.array([p], float) for p in ([0, 0], [0.1, 60], [0, 120]))
    shifts = np.linspace(-6, 6, 25)
    knees = np.concatenate([footlock.bend(hip, knee, ankle, np.array([[s, -1.0]])) for s in shifts])
    assert np.linalg.norm(np.diff(knees, axis=0), axis=1).max() < 0.3
    lengths = np.linalg.norm(knees, axis=1) / 60
    assert np.abs(lengths - 1).max() < 0.02


def test_a_slow_slide_is_meant() -> None:
    ankle = np.stack([np.arange(96) * 1.2, np.zeros(96)], -1)
    assert footlock.find_plants(ankle, fps=FPS, height_px=300.0) == []
    assert len(footlock.find_plants(ankle / 10, fps=FPS, height_px=300.0)) == 1


def test_absent_ankles_and_short_dances() -> None:
    dance = hide_absent(wandering_dancer(40, seed=0))
    dance[:, 11] = np.nan
    locked = footlock.lock_feet(dance, fps=FPS, height_px=300.0)
    assert np.isnan(locked[:, 11, :2]).all()
    assert not np.isnan(locked[:, 10, :2]).any()
    assert footlock.lock_feet(dance[:2], fps=FPS, height_px=300.0).shape == (2, 25, 3)
