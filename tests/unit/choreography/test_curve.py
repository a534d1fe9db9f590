import numpy as np
from dancers import sine_dancer

from danceit_core.choreography.curve import fill_gaps, fit_curve, hide_absent, show_absent


def test_absent_joints_survive_the_round_trip() -> None:
    keypoints = sine_dancer(5)
    keypoints[2, 7] = 0
    hidden = hide_absent(keypoints)
    assert np.isnan(hidden[2, 7, :2]).all()
    np.testing.assert_array_equal(show_absent(hidden), keypoints)


def test_curve_passes_through_the_frames_and_between_them() -> None:
    keypoints = sine_dancer(60)
    curve = fit_curve(hide_absent(keypoints))
    np.testing.assert_allclose(curve.at(np.arange(60)), keypoints, atol=1e-3)
    finer = sine_dancer(240, fps=96.0)
    inner = slice(20, 200)  # away from the ends, where a spline knows less
    np.testing.assert_allclose(curve.at(np.arange(240) / 4)[inner], finer[inner], atol=0.02)


def test_an_absent_joint_is_never_mixed_with_zero() -> None:
    keypoints = sine_dancer(20)
    keypoints[10, 4] = 0
    keypoints[:, 15] = 0
    out = fit_curve(hide_absent(keypoints)).at(np.arange(0, 19, 0.25))
    assert np.isnan(out[:, 15, :2]).all()
    absent = np.isnan(out[:, 4, 0])
    assert absent[37:44].all()
    assert not absent[:37].any()
    assert not absent[44:].any()
    assert out[~absent, 4, 1].min() > 250


def test_movement_dies_out_beyond_the_ends() -> None:
    keypoints = sine_dancer(10)
    keypoints[..., 0] = 100 + 3 * np.arange(10)[:, None]
    x = fit_curve(hide_absent(keypoints)).at([9, 10, 11, 30, 60, -60])[:, 0, 0]
    assert x[0] < x[1] < x[2] < x[3]
    assert x[1] - x[0] > x[2] - x[1]
    np.testing.assert_allclose(x[[4, 5]], [127 + 9, 100 - 9], atol=0.01)  # 3 px a frame for 3 frames


def test_one_frame_and_no_frame() -> None:
    one = hide_absent(sine_dancer(1))
    np.testing.assert_allclose(fit_curve(one).at([0, 0]), np.concatenate([one, one]))
    assert fill_gaps(np.zeros((0, 3))).shape == (0, 3)


def test_gaps_are_filled_by_a_line_and_empty_series_by_zero() -> None:
    values = np.array([[np.nan, np.nan], [2.0, np.nan], [np.nan, np.nan], [4.0, np.nan]])
    np.testing.assert_array_equal(fill_gaps(values), [[2, 0], [2, 0], [3, 0], [4, 0]])
