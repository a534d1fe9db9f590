import numpy as np

from danceit_core.pose.imported import fit_to_frame_store, resample


def moving(frames: int, step: float) -> np.ndarray:
    keypoints = np.ones((frames, 25, 3), np.float32)
    keypoints[..., 0] = np.arange(frames)[:, None] * step
    return keypoints


def test_resampling_by_time_keeps_the_speed():
    at_24 = resample(moving(60, 1.0), source_fps=60, fps=24)
    assert len(at_24) == 24
    np.testing.assert_allclose(np.diff(at_24[:, 0, 0]), 60 / 24, atol=1e-5)


def test_an_absent_joint_is_never_mixed_with_the_origin():
    keypoints = moving(10, 1.0)
    keypoints[4, 7] = 0
    out = resample(keypoints, source_fps=24, fps=48)
    absent = out[:, 7, 2] == 0
    assert absent.tolist() == [frame in (7, 8, 9) for frame in range(20)]
    assert (out[absent, 7] == 0).all()


def test_the_picture_is_letterboxed():
    row = {"fps": "", "width": "200", "height": "100"}
    keypoints = np.ones((1, 25, 3), np.float32) * [200, 100, 1]
    keypoints[0, 3] = 0
    out = fit_to_frame_store(keypoints.astype(np.float32), row=row, fps=24, size=100)
    np.testing.assert_allclose(out[0, 0], [100, 75, 1], atol=0.6)
    assert (out[0, 3] == 0).all()


def test_nothing_given_nothing_back():
    row = {"fps": "60", "width": "", "height": ""}
    assert fit_to_frame_store(np.zeros((0, 25, 3), np.float32), row=row, fps=24, size=64).shape == (0, 25, 3)
