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
    bend = np.diff(np.eye(11), 2, axis=0)
    expected = np.linalg.solve(np.diag(weights) + STIFFNESS * bend.T @ bend, weights[:, None] * values)
    np.testing.assert_allclose(whittaker(values, weights, fps=FPS), expected, atol=1e-12)


def test_what_remains_of_swings_and_noise():
    """The figures that the module names."""
    assert [round(kept(hz, 1.0), 2) for hz in (2, 3)] == [0.98, 0.91]
    assert [round(kept(hz, 0.3), 2) for hz in (2, 3)] == [0.93, pytest.approx(0.745, abs=0.01)]
    noise = np.random.default_rng(0).normal(size=(20000, 1))
    for confidence, share in ((1.0, 0.63), (0.3, 0.53)):
        left = whittaker(noise, np.full(len(noise), confidence), fps=FPS).std()
        assert left == pytest.approx(share, abs=0.015)


def test_the_frame_rate_changes_nothing():
    assert kept(3, 1.0, fps=48) == pytest.approx(kept(3, 1.0), abs=0.01)


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
