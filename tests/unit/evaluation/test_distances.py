"""Features and distances with answers known by hand or in closed form."""

import numpy as np
import pytest
from dancers import STANDING, TORSO_PX, sine_dancer, wandering_dancer

from danceit_core.evaluation.distances import (
    Features,
    distance_scores,
    frechet_distance,
    mean_distance,
    measure_features,
)
from danceit_core.evaluation.features import cut_pieces, geometric_features, kinetic_features
from danceit_core.pose import skeleton as sk

FPS = 24.0


def dance_of(xy):
    return np.concatenate([xy, np.ones((*xy.shape[:2], 1))], -1).astype(np.float32)


def standing(frames):
    return np.repeat(STANDING[None], frames, 0) + np.array([256.0, 450.0])


def test_frechet_distance_is_the_closed_form_of_shifted_and_stretched_gaussians():
    sample = np.random.default_rng(0).normal(size=(4000, 5))
    sample = (sample - sample.mean(0)) @ np.linalg.inv(np.linalg.cholesky(np.cov(sample, rowvar=False))).T
    assert frechet_distance(sample, sample) == pytest.approx(0, abs=1e-9)
    assert frechet_distance(sample, sample + np.array([3, 4, 0, 0, 0])) == pytest.approx(25)
    assert frechet_distance(sample, 3 * sample) == pytest.approx(5 * (3 - 1) ** 2)
    turned = sample * [1, 2, 3, 4, 5]
    assert frechet_distance(turned, turned[:, ::-1]) == pytest.approx(2 * (16 + 4))  # (1-5)^2 + (2-4)^2, twice


def test_frechet_distance_of_fewer_samples_than_features_is_finite():
    sample = np.random.default_rng(0).normal(size=(8, 45))
    assert frechet_distance(sample, sample) == pytest.approx(0, abs=1e-6)
    assert frechet_distance(sample, sample[:4] + 1) > 1


def test_mean_distance_of_three_points():
    assert mean_distance(np.array([[0.0, 0], [3, 4], [3, 0]])) == pytest.approx((5 + 3 + 4) / 3)


def test_kinetic_features_of_constant_acceleration_are_those_of_the_formula():
    """One joint moves by 1/2 a t^2 down and by v t to the right; the other joints stand still."""
    time = np.arange(48) / FPS
    xy = standing(48)
    accel, speed = 3.0, 2.0  # torso lengths / s^2, / s
    xy[:, sk.LEFT_WRIST] += TORSO_PX * np.stack([speed * time, 0.5 * accel * time**2], -1)
    across, down, force = kinetic_features(dance_of(xy), fps=FPS, torso_px=TORSO_PX).reshape(15, 3)[sk.LEFT_WRIST]
    assert force == pytest.approx(accel, rel=1e-3)
    assert across == pytest.approx(speed**2, rel=1e-3)
    middle = (time[1:] + time[:-1]) / 2
    assert down == pytest.approx(np.mean((accel * middle) ** 2), rel=0.05)
    rest = np.delete(kinetic_features(dance_of(xy), fps=FPS, torso_px=TORSO_PX).reshape(15, 3), sk.LEFT_WRIST, 0)
    assert np.abs(rest).max() < 1e-6


def test_acceleration_does_not_depend_on_the_place():
    dance = wandering_dancer(120, seed=1)
    moved = dance + np.array([300, -50, 0], np.float32)
    features = kinetic_features(dance, fps=FPS, torso_px=TORSO_PX)
    np.testing.assert_allclose(kinetic_features(moved, fps=FPS, torso_px=TORSO_PX), features, rtol=1e-3, atol=1e-4)


def test_a_raised_hand_and_a_bent_knee_are_seen_in_the_geometric_features():
    xy = standing(48)
    still = geometric_features(dance_of(xy), fps=FPS, torso_px=TORSO_PX)
    assert still[0] == 0
    assert still[6] == 0
    xy[24:, sk.RIGHT_WRIST] = xy[24:, sk.NECK] - np.array([30, 60])
    xy[:, sk.RIGHT_ANKLE] = xy[:, sk.RIGHT_HIP] + np.array([80, 70])
    found = geometric_features(dance_of(xy), fps=FPS, torso_px=TORSO_PX)
    assert len(found) == 27
    assert found[0] == pytest.approx(24 / 47)  # the right hand above the neck
    assert found[5] == 1  # the right foot raised
    assert found[6] == 1  # the right knee bent
    assert found[11] == still[11] == 0  # the left hand is not
    assert found[4] == pytest.approx(1 / 47)  # fast for one frame


def test_a_joint_that_is_never_seen_is_left_out():
    dance = dance_of(standing(48))
    dance[:, sk.LEFT_WRIST] = 0
    features = kinetic_features(dance, fps=FPS, torso_px=TORSO_PX).reshape(15, 3)
    assert np.isnan(features[sk.LEFT_WRIST]).all()
    assert not np.isnan(np.delete(features, sk.LEFT_WRIST, 0)).any()
    others = measure_features([wandering_dancer(600, seed=seed) for seed in range(3)], fps=FPS)
    found = measure_features([dance, dance], fps=FPS)
    assert len(found) == 0
    longer = np.tile(dance, (6, 1, 1))
    scores = distance_scores(measure_features([longer], fps=FPS), others)
    assert np.isfinite(scores["fid_k"])


def test_pieces_are_whole_and_a_set_is_near_itself_and_far_from_another():
    assert [len(piece) for piece in cut_pieces([np.zeros((250, 25, 3))], frames=120)] == [120, 120]
    one = measure_features([wandering_dancer(2400, seed=0), wandering_dancer(2400, seed=1)], fps=FPS)
    other = measure_features([sine_dancer(2400)], fps=FPS)
    assert len(one) == 40
    same, far = distance_scores(one, one), distance_scores(other, one)
    assert same["fid_k"] == pytest.approx(0, abs=1e-6)
    assert same["fid_g"] == pytest.approx(0, abs=1e-6)
    assert far["fid_k"] > 10
    assert far["dist_k"] < same["dist_k"]
    assert same["pieces"] == 40
    drawn = measure_features([wandering_dancer(2400, seed=0)], fps=FPS, most=7, rng=np.random.default_rng(0))
    assert len(drawn) == 7
    nothing = distance_scores(Features(np.zeros((1, 45)), np.zeros((1, 27))), one)
    assert np.isnan(nothing["fid_k"])
