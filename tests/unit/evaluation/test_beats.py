import numpy as np
import pytest
from dancers import sine_dancer, wandering_dancer

from danceit_core.choreography.motion_beats import step_speed
from danceit_core.errors import MusicError
from danceit_core.evaluation.beats import beat_align, beat_distances, beat_scores, motion_beats

RNG_SEED = 0
BEATS = np.arange(0.5, 19.6, 0.5)
# A step is seen when its frame appears: a dancer still at j - 1/2 is seen to be still at frame j.
ON_BEAT_S = 0.5 - 0.5 / 24
# Half-way between two frames at 24 fps, where the least step is.
OFFSET_S = 1.5 / 24


def scores(keypoints: np.ndarray, beats: np.ndarray, fps: float = 24.0) -> dict[str, float]:
    return beat_scores(keypoints, beats, fps=fps, rng=np.random.default_rng(RNG_SEED))


def test_a_dancer_on_the_beat_scores_one_and_chance_is_lower() -> None:
    result = scores(sine_dancer(480, minimum_s=ON_BEAT_S), BEATS)
    assert result["s_ba_min_0"] == 1.0
    assert result["chance_s_ba_min_0"] < 0.25
    assert result["s_ba_max_1"] == 0.0
    assert result["beat_align_music"] > 0.85
    assert result["chance_beat_align_music"] < 0.5
    assert result["beats"] == len(BEATS)


def test_moving_fastest_on_the_beat_is_matched_by_maxima() -> None:
    result = scores(sine_dancer(480, minimum_s=ON_BEAT_S + 0.25), BEATS)
    assert result["s_ba_max_0"] == 1.0
    assert result["s_ba_min_2"] == 0.0


def test_tolerance_counts_frames() -> None:
    late = scores(sine_dancer(480, minimum_s=ON_BEAT_S + 2 / 24), BEATS)
    assert (late["s_ba_min_0"], late["s_ba_min_1"], late["s_ba_min_2"]) == (0.0, 0.0, 1.0)
    speed = step_speed(sine_dancer(480, minimum_s=ON_BEAT_S + 2 / 24))
    np.testing.assert_allclose(beat_distances(speed, BEATS, fps=24.0, kind="min"), 2)


def test_beat_align_is_the_gaussian_of_the_offset_at_any_frame_rate() -> None:
    expected = np.exp(-(OFFSET_S**2) / (2 * 0.05**2))
    for fps in (24.0, 60.0):
        speed = step_speed(sine_dancer(round(20 * fps), fps=fps, minimum_s=0.5 - 0.5 / fps + OFFSET_S))
        music, motion = beat_align(speed, BEATS, fps=fps)
        assert music == pytest.approx(expected, abs=0.05)
        assert motion == pytest.approx(expected, abs=0.05)


def test_music_and_motion_forms_differ_where_the_dancer_beats_more_often() -> None:
    speed = step_speed(sine_dancer(480, minimum_s=0.5, interval_s=0.5))
    music, motion = beat_align(speed, BEATS[::2], fps=24.0)
    assert music > 0.9
    assert motion == pytest.approx(music / 2, abs=0.06)


def test_motion_beats_are_in_seconds() -> None:
    speed = step_speed(sine_dancer(240, minimum_s=ON_BEAT_S))
    found = motion_beats(speed, fps=24.0)
    np.testing.assert_allclose(found[1:-1], BEATS[1 : len(found) - 1], atol=1e-6)


def test_a_random_dancer_is_at_chance() -> None:
    result = scores(wandering_dancer(2400, seed=1), np.arange(0.3, 99, 0.5))
    assert result["s_ba_min_1"] == pytest.approx(result["chance_s_ba_min_1"], abs=0.1)


def test_the_seed_fixes_chance() -> None:
    keypoints = wandering_dancer(240, seed=2)
    assert scores(keypoints, BEATS[:18]) == scores(keypoints, BEATS[:18])


def test_no_beats_and_no_movement() -> None:
    result = scores(sine_dancer(48), np.zeros(0))
    assert np.isnan(result["s_ba_min_0"])
    assert np.isnan(result["beat_align_music"])
    assert result["beats"] == 0
    assert beat_align(np.zeros(2), np.array([0.5]), fps=24.0) == (0.0, 0.0)


def test_wrong_beats_are_refused_with_a_guess() -> None:
    keypoints = sine_dancer(48)
    with pytest.raises(MusicError, match="increasing list of seconds"):
        scores(keypoints, np.array([1.0, 0.5]))
    with pytest.raises(MusicError, match="in frames instead of seconds"):
        scores(keypoints, np.array([12.0, 24.0]))
