import numpy as np
import pytest

from danceit_core.errors import PoseError
from danceit_core.evaluation.joints import distances, hits, lag_frames, step_errors, without_bias
from danceit_core.pose.skeleton import BODY, JOINTS, MID_HIP, NECK, RIGHT_WRIST

FRAMES = 240


def dance(*, late=0.0, frames=FRAMES, seed=0):
    """Joints that swing with up to three movements a second at 24 frames a second, `late` frames late."""
    rng = np.random.default_rng(seed)
    times = np.arange(frames) - late
    keypoints = np.ones((frames, JOINTS, 3), np.float32)
    rest = rng.uniform(150, 350, (JOINTS, 2))
    rest[NECK], rest[MID_HIP] = (250, 150), (250, 250)
    swing = np.zeros((frames, JOINTS, 2))
    for _ in range(6):
        hz, phase = rng.uniform(0.2, 3, (JOINTS, 2)), rng.uniform(0, 2 * np.pi, (JOINTS, 2))
        swing += rng.uniform(1, 6, (JOINTS, 2)) * np.sin(2 * np.pi * hz * times[:, None, None] / 24 + phase)
    keypoints[..., :2] = rest + swing
    return keypoints


def test_true_joints_are_where_they_are():
    true = dance()
    for measure in (distances, without_bias):
        assert np.allclose(measure(true, true), 0)
        assert measure(true, true).shape == (FRAMES, len(BODY))
    assert np.allclose(step_errors(true, true), 0)
    assert step_errors(true, true).shape == (FRAMES - 1, len(BODY))
    assert hits(true, true, share=0.1).all()


def test_a_constant_displacement_is_bias_and_no_tremor():
    true = dance()
    found = true.copy()
    found[:, RIGHT_WRIST, :2] += (3, 4)
    apart = distances(found, true)
    assert np.allclose(apart[:, BODY.index(RIGHT_WRIST)], 5, atol=1e-3)
    assert np.allclose(np.delete(apart, BODY.index(RIGHT_WRIST), axis=1), 0)
    assert np.allclose(without_bias(found, true), 0, atol=1e-3)
    assert np.allclose(step_errors(found, true), 0, atol=1e-3)


def test_tremor_is_measured_in_pixels():
    true = dance()
    found = true.copy()
    found[::2, :, 0] += 2
    # Half of the frames are 2 px off: 1 px on either side of the mean, and each step is 2 px off.
    assert np.allclose(without_bias(found, true), 1, atol=1e-3)
    assert np.allclose(step_errors(found, true), 2, atol=1e-3)


def test_absent_joints_are_no_hits_and_have_no_distance():
    true = dance()
    found = true.copy()
    found[5:9, RIGHT_WRIST] = 0
    column = BODY.index(RIGHT_WRIST)
    for values in (distances(found, true), without_bias(found, true)):
        assert np.array_equal(np.flatnonzero(np.isnan(values[:, column])), [5, 6, 7, 8])
        assert np.isfinite(np.delete(values, column, axis=1)).all()
    assert np.array_equal(np.flatnonzero(np.isnan(step_errors(found, true)[:, column])), [4, 5, 6, 7, 8])
    assert np.array_equal(np.flatnonzero(~hits(found, true, share=0.1)[:, column]), [5, 6, 7, 8])
    found[:, RIGHT_WRIST] = 0
    assert np.isnan(without_bias(found, true)[:, column]).all()


def test_a_hit_lies_within_a_share_of_the_torso():
    true = np.ones((1, JOINTS, 3), np.float32) * (100, 100, 1)
    true[0, NECK, 1] = 0
    true = true.astype(np.float32)
    for off, hit in ((9.9, True), (10.1, False)):
        found = true.copy()
        found[..., 0] += off
        assert hits(found, true, share=0.1).all() == hit


@pytest.mark.parametrize("late", [-2.3, -0.5, 0, 0.08, 0.25, 0.5, 1.0, 3.7])
def test_lag_is_found_to_a_few_hundredths_of_a_frame(late):
    videos = [(dance(late=late, seed=seed), dance(seed=seed)) for seed in range(3)]
    assert lag_frames(videos) == pytest.approx(late, abs=0.05)


def test_lag_is_found_in_noise_and_between_joints_gone_astray():
    rng = np.random.default_rng(1)
    found, true = dance(late=0.6), dance()
    found[..., :2] += rng.normal(0, 1, found[..., :2].shape)
    found[100:104, [2, 3, 4]], found[100:104, [5, 6, 7]] = found[100:104, [5, 6, 7]], found[100:104, [2, 3, 4]].copy()
    found[60:70, 10] = 0
    assert lag_frames([(found, true)]) == pytest.approx(0.6, abs=0.1)


def test_a_causal_filter_lags():
    true = dance()
    found = true.copy()
    for frame in range(1, FRAMES):
        found[frame, :, :2] = 0.5 * found[frame - 1, :, :2] + 0.5 * true[frame, :, :2]
    # The group delay of this filter for slow movements is one frame.
    assert 0.6 < lag_frames([(found, true)]) < 1.05


def test_lag_without_an_answer():
    true = dance()
    still = true.copy()
    still[:] = true[:1]
    assert np.isnan(lag_frames([]))
    assert np.isnan(lag_frames([(still, true)]))
    assert np.isnan(lag_frames([(dance(frames=3), dance(frames=3))]))
    # Beyond what is looked for.
    assert np.isnan(lag_frames([(dance(late=7.5), true)]))


@pytest.mark.parametrize("frames", [0, 1])
def test_hardly_any_frames(frames):
    true = dance(frames=frames)
    assert distances(true, true).shape == without_bias(true, true).shape == (frames, len(BODY))
    assert step_errors(true, true).shape == (max(0, frames - 1), len(BODY))


def test_videos_of_other_lengths_are_no_pair():
    with pytest.raises(PoseError, match="5 frames of joints were found, the truth has 6"):
        distances(dance(frames=5), dance(frames=6))
