import numpy as np
import pytest
from dancers import TORSO_PX, sine_dancer, wandering_dancer

from danceit_core.evaluation import motion
from danceit_core.pose.skeleton import HANDS

FPS = 24.0


def gliding(frames: int, *, step_px: float, power: int = 1) -> np.ndarray:
    """A stiff person who glides sideways by step_px * t^power."""
    keypoints = sine_dancer(frames, amplitude_px=0).astype(np.float64)
    keypoints[..., 0] += step_px * (np.arange(frames) ** power)[:, None]
    return keypoints


def test_divergence_of_a_sample_with_itself_is_zero_and_it_is_symmetric() -> None:
    rng = np.random.default_rng(0)
    x, y = rng.exponential(5, 4000), rng.exponential(9, 5000)
    assert motion.symmetric_kl(x, x) == 0
    assert motion.symmetric_kl(x, y) == pytest.approx(motion.symmetric_kl(y, x))
    assert motion.symmetric_kl(x, y) > 0.05


def test_divergence_of_two_coins_is_the_formula() -> None:
    x, y = [0.5] * 30 + [1.5] * 70, [0.5] * 60 + [1.5] * 40
    expected = ((0.3 - 0.6) * np.log(0.3 / 0.6) + (0.7 - 0.4) * np.log(0.7 / 0.4)) / 2
    assert motion.symmetric_kl(x, y) == pytest.approx(expected, abs=1e-3)
    assert np.isnan(motion.symmetric_kl([], y))


def test_a_dance_has_no_distance_from_itself_at_any_size() -> None:
    dance = wandering_dancer(300, seed=1)
    larger = dance.copy()
    larger[..., :2] *= 2
    same = motion.compare_motion([dance], [larger])
    assert set(same) == {
        f"{k}{w}" for k in ("mdd_hands", "mdd_feet", "sdd_hands", "sdd_feet") for w in ("", "_wasserstein")
    }
    assert max(same.values()) < 0.02
    other = motion.compare_motion([dance], [wandering_dancer(300, seed=2, reach_px=80)])
    assert other["mdd_hands"] > 0.3
    assert other["mdd_hands_wasserstein"] > 1


def test_table_two_counts_steps() -> None:
    keypoints = sine_dancer(6, amplitude_px=0)
    keypoints[:, 4, 0] += np.array([0, 10, 40, 40, 110, 610], np.float32)  # steps 10 30 0 70 500
    shares = motion.moving_distribution(keypoints, HANDS)
    assert list(shares) == ["0-20", "20-40", "40-60", "60-80", "80-400"]
    np.testing.assert_allclose(list(shares.values()), [0.7, 0.1, 0.0, 0.1, 0.1])


def test_jerk_of_constant_acceleration_is_zero_and_of_a_cube_is_six() -> None:
    np.testing.assert_allclose(motion.jerk_series(gliding(40, step_px=0.3, power=2), fps=FPS), 0, atol=1e-6)
    cube = motion.jerk_series(gliding(20, step_px=TORSO_PX / 24**3, power=3), fps=FPS)
    np.testing.assert_allclose(cube, 6.0, rtol=1e-6)  # (t / 1 s)^3 torso lengths


def test_seam_jerk_finds_the_jump_and_only_there() -> None:
    dance = wandering_dancer(120, seed=3)
    dance[60:, :, 0] += 20
    jerk = motion.jerk_series(dance, fps=FPS)
    peaks = motion.seam_jerk(jerk, [30, 60, 119])
    assert peaks[1] > 20 * peaks[0]
    assert len(motion.seam_jerk(jerk, [])) == 0


def test_speed_sliding_and_stillness_of_a_glide() -> None:
    dance = gliding(48, step_px=3.0)
    assert motion.mean_speed(dance, fps=FPS) == pytest.approx(3 * 24 / TORSO_PX, rel=1e-3)
    assert motion.frozen(dance, fps=FPS) == (0.0, 0.0)
    dance[:, 14, 0] += np.arange(48) % 2  # the left foot trembles, so that the right one is the slower
    dance[:, 11, 1] += 1
    assert motion.foot_sliding(dance, fps=FPS) == pytest.approx(3 * 24 / 300 * 100, rel=0.35)


def test_planted_feet_do_not_slide() -> None:
    dance = sine_dancer(96)
    dance[:, 14, 1] -= 20 + 10 * np.sin(np.arange(96))
    assert motion.foot_sliding(dance, fps=FPS) == pytest.approx(0, abs=1e-4)


def test_a_frozen_second_is_found() -> None:
    dance = wandering_dancer(96, seed=4)
    dance[30:54] = dance[30]
    share, longest_s = motion.frozen(dance, fps=FPS)
    assert longest_s == pytest.approx(23 / 24)
    assert share == pytest.approx(23 / 95, abs=0.02)


def test_diversity_is_zero_for_one_repeated_move_and_grows_with_variety() -> None:
    same = sine_dancer(24 * 8 + 1, interval_s=0.5)
    assert motion.kinetic_diversity(same, fps=FPS) == pytest.approx(0, abs=1e-4)
    varied = same.copy()
    varied[96:] = sine_dancer(24 * 8 + 1, interval_s=0.5, amplitude_px=50)[96:]
    assert motion.kinetic_diversity(varied, fps=FPS) > 0.5
    assert motion.kinetic_diversity(same[:30], fps=FPS) == 0


def test_absent_joints_are_left_out() -> None:
    dance = wandering_dancer(100, seed=5)
    holes = dance.copy()
    holes[:, 15:19] = 0
    holes[40:60, 4] = 0
    full, partial = motion.motion_scores(dance, fps=FPS, seams=[50]), motion.motion_scores(holes, fps=FPS, seams=[50])
    for key, value in full.items():
        assert partial[key] == pytest.approx(value, rel=0.4, abs=0.05), key


@pytest.mark.parametrize("frames", [1, 2, 3])
def test_very_short_dances_have_scores(frames: int) -> None:
    result = motion.motion_scores(sine_dancer(frames), fps=FPS)
    assert result["kinetic_diversity"] == 0
    assert np.isnan(result["seam_jerk_max"])


def test_pooled_jerk_weighs_frames() -> None:
    a, b = wandering_dancer(100, seed=6), wandering_dancer(400, seed=7)
    pooled, _ = motion.pool_jerk([a, b], fps=FPS)
    parts = [motion.jerk_series(d, fps=FPS) for d in (a, b)]
    assert pooled == pytest.approx(np.concatenate(parts).mean())
