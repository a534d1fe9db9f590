"""Whittaker's smoother: no lag, swings kept, noise calmed, the less sure the more."""

import numpy as np
import pytest

from danceit_core.pose.smooth import STIFFNESS, smooth_passages, whittaker

FPS = 24


def sine(hz, *, frames=480, fps=FPS):
    return np.sin(2 * np.pi * hz * np.arange(frames) / fps)[:, None]


def kept(hz, confidence, *, fps=FPS):
    """How much of a swing is left, away from the ends."""
    swing = sine(hz, fps=fps)
    smoothed = whittaker(swing, np.full(len(swing), confidence), fps=fps)
    inner = slice(2 * FPS, -2 * FPS)
    return float((smoothed * swing)[inner].sum() / (swing * swing)[inner].sum())


def test_it_solves_the_equation_it_is_named_for():
    rng = np.random.default_rng(0)
    values, weights = rng.normal(size=(11, 2)), rng.uniform(0.1, 1, 11)
    bend = np.diff(np.eye(11), 3, axis=0)
    expected = np.linalg.solve(np.diag(weights) + STIFFNESS * bend.T @ bend, weights[:, None] * values)
    np.testing.assert_allclose(whittaker(values, weights, fps=FPS), expected, atol=1e-12)


def test_what_remains_of_swings_noise_and_its_jerk():
    """The figures that the module names."""
    noise = np.random.default_rng(0).normal(size=(20000, 1))
    for confidence, swings, share, jerk in ((1.0, (0.98, 0.83), 0.54, 0.06), (0.3, (0.94, 0.60), 0.48, 0.03)):
        assert [kept(hz, confidence) for hz in (2, 3)] == pytest.approx(swings, abs=0.01)
        left = whittaker(noise, np.full(len(noise), confidence), fps=FPS)
        assert left.std() == pytest.approx(share, abs=0.01)
        assert np.diff(left, 3, axis=0).std() / np.diff(noise, 3, axis=0).std() == pytest.approx(jerk, abs=0.01)


def test_the_frame_rate_changes_nothing():
    assert kept(3, 1.0, fps=48) == pytest.approx(kept(3, 1.0), abs=0.03)


def test_there_is_no_lag():
    rise = np.repeat([0.0, 1.0], 50)[:, None]
    smoothed = whittaker(rise, np.ones(100), fps=FPS)
    np.testing.assert_allclose(smoothed, 1 - smoothed[::-1], atol=1e-9)


def test_only_within_passages_and_where_a_joint_is_present():
    rng = np.random.default_rng(1)
    keypoints = np.ones((60, 25, 3), np.float32)
    keypoints[..., :2] += rng.normal(0, 1, (60, 25, 2))
    keypoints[20:23, 4] = 0
    smoothed = smooth_passages(keypoints, np.arange(60) >= 10, fps=FPS)
    np.testing.assert_array_equal(smoothed[:10], keypoints[:10])
    np.testing.assert_array_equal(smoothed[20:23, 4], 0)
    np.testing.assert_array_equal(smoothed[..., 2], keypoints[..., 2])
    alone = smooth_passages(keypoints[23:], np.ones(37, bool), fps=FPS)
    np.testing.assert_allclose(smoothed[23:, 4], alone[:, 4], rtol=1e-6)
