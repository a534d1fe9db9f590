import dataclasses
import logging

import numpy as np
import pytest
from dancers import sine_dancer, wandering_dancer

from danceit_core.choreography.curve import hide_absent, show_absent
from danceit_core.choreography.motion_beats import beat_windows, step_speed
from danceit_core.choreography.temporal import align_beats
from danceit_core.config import TemporalSettings
from danceit_core.errors import ChoreographyError
from danceit_core.evaluation.beats import beat_distances

FPS = 24.0
SETTINGS = TemporalSettings(strength=1.0)


def matched(keypoints: np.ndarray, beats: np.ndarray, *, kind: str = "min", tolerance: int = 0) -> float:
    return float((beat_distances(step_speed(show_absent(keypoints)), beats, fps=FPS, kind=kind) <= tolerance).mean())


def test_windows_reach_half_way_to_the_neighbours() -> None:
    windows = beat_windows([1.0, 2.0, 4.0], frames=240, fps=10.0)
    assert [(w.beat, w.first, w.stop) for w in windows] == [(10, 5, 15), (20, 15, 30), (40, 30, 50)]
    assert beat_windows([1.0], frames=240, fps=10.0) == []
    assert [w.beat for w in beat_windows([1.0, 2.0, 4.0], frames=25, fps=10.0)] == [10, 20]


@pytest.mark.parametrize("shift_s", [-0.2, -0.1, 0.12, 0.2])
@pytest.mark.parametrize("kind", ["min", "max"])
def test_a_dancer_off_the_beat_is_put_on_it(shift_s: float, kind: str) -> None:
    beats = np.arange(0.5, 19.6, 0.5)
    minimum_s = 0.5 + shift_s + (0.25 if kind == "max" else 0)
    dance = hide_absent(sine_dancer(480, interval_s=0.5, minimum_s=minimum_s))
    assert matched(dance, beats, kind=kind, tolerance=1) < 0.1
    aligned, _ = align_beats(dance, beats, fps=FPS, settings=dataclasses.replace(SETTINGS, beat_kind=kind))
    assert matched(aligned, beats, kind=kind) > 0.9


def test_uneven_beats_are_met() -> None:
    beats = np.cumsum(np.random.default_rng(0).uniform(0.4, 0.7, 30)) + 0.3
    dance = hide_absent(sine_dancer(480, interval_s=0.5, minimum_s=0.1))
    aligned, _ = align_beats(dance, beats, fps=FPS, settings=SETTINGS)
    assert matched(aligned, beats, tolerance=1) > 0.9


@pytest.mark.parametrize("kind", ["min", "max"])
@pytest.mark.parametrize("bounds", [(0.5, 2.0), (0.8, 1.2), (1.0, 1.0)])
def test_the_warp_is_monotone_bounded_and_of_equal_length(kind: str, bounds: tuple[float, float]) -> None:
    dance = hide_absent(wandering_dancer(300, seed=4))
    settings = dataclasses.replace(SETTINGS, beat_kind=kind, min_slope=bounds[0], max_slope=bounds[1])
    aligned, source = align_beats(dance, np.arange(0.4, 12.5, 0.47), fps=FPS, settings=settings)
    assert aligned.shape == dance.shape
    assert source[0] == 0
    assert source[-1] == pytest.approx(299)
    slopes = np.diff(source)
    assert slopes.min() >= bounds[0] - 1e-9
    assert slopes.max() <= bounds[1] + 1e-9


def test_strength_goes_from_unchanged_to_every_beat() -> None:
    beats = np.arange(0.5, 19.6, 0.5)
    dance = hide_absent(sine_dancer(480, minimum_s=0.7))
    results = {}
    for strength in (0.0, 0.5, 1.0):
        settings = dataclasses.replace(SETTINGS, strength=strength)
        results[strength], _ = align_beats(dance, beats, fps=FPS, settings=settings)
    np.testing.assert_array_equal(results[0.0], dance)
    scores = [matched(results[s], beats, tolerance=2) for s in (0.0, 0.5, 1.0)]
    assert scores[0] < 0.1
    assert scores[0] <= scores[1] <= scores[2]
    assert scores[2] > 0.95


def test_the_aligned_pose_is_the_source_pose_at_the_map() -> None:
    dance = hide_absent(sine_dancer(240, minimum_s=0.15))
    aligned, source = align_beats(dance, np.arange(0.5, 9.6, 0.5), fps=FPS, settings=SETTINGS)
    expected = np.interp(source, np.arange(240), dance[:, 0, 0])
    assert np.abs(source - np.arange(240)).max() > 1
    np.testing.assert_allclose(aligned[:, 0, 0], expected, atol=0.5)


def test_absent_joints_stay_absent() -> None:
    keypoints = sine_dancer(120, minimum_s=0.15)
    keypoints[:, 15] = 0
    for variant in ("warp", "paper"):
        aligned, _ = align_beats(
            hide_absent(keypoints),
            np.arange(0.5, 4.6, 0.5),
            fps=FPS,
            settings=dataclasses.replace(SETTINGS, variant=variant),
        )
        out = show_absent(aligned)
        assert not out[:, 15].any()
        assert (out[:, 0, 2] > 0).all()


def test_paper_fits_one_cubic_to_each_half_window_at_the_same_times() -> None:
    beats = np.arange(1.0, 9.0, 1.0)
    dance = hide_absent(wandering_dancer(240, seed=5))
    settings = dataclasses.replace(SETTINGS, variant="paper", beat_kind="max")
    aligned, source = align_beats(dance, beats, fps=FPS, settings=settings)
    np.testing.assert_array_equal(source, np.arange(240))
    speed = step_speed(show_absent(dance))
    halves = 0
    for window in beat_windows(beats, frames=240, fps=FPS):
        mu = window.first + int(speed[window.first : window.stop].argmax())
        for half in (aligned[window.first : mu + 1], aligned[mu + 1 : window.stop]):
            if len(half) > 5:
                np.testing.assert_allclose(np.diff(half[:, 4, :2], 4, axis=0), 0, atol=1e-6)
                halves += 1
    assert halves >= 8
    assert np.abs(aligned - dance).max() > 1
    np.testing.assert_array_equal(aligned[:11], dance[:11])


def test_none_changes_nothing() -> None:
    dance = hide_absent(wandering_dancer(50, seed=6))
    aligned, source = align_beats(
        dance, np.arange(0.5, 2, 0.5), fps=FPS, settings=dataclasses.replace(SETTINGS, variant="none")
    )
    assert aligned is dance
    np.testing.assert_array_equal(source, np.arange(50))


@pytest.mark.parametrize("beats", [[], [1.0], [100.0, 101.0]])
def test_a_song_without_beats_is_left_with_a_warning(beats: list[float], caplog: pytest.LogCaptureFixture) -> None:
    dance = hide_absent(wandering_dancer(72, seed=7))
    with caplog.at_level(logging.WARNING):
        aligned, _ = align_beats(dance, beats, fps=FPS, settings=SETTINGS)
    np.testing.assert_array_equal(aligned, dance)
    assert "not aligned" in caplog.text


@pytest.mark.parametrize("interval_s", [0.05, 0.125, 0.17, 2.0, 9.0])
@pytest.mark.parametrize("frames", [1, 2, 5, 150])
def test_any_tempo_and_length(interval_s: float, frames: int) -> None:
    dance = hide_absent(wandering_dancer(frames, seed=8))
    aligned, source = align_beats(dance, np.arange(0.1, 7, interval_s), fps=FPS, settings=SETTINGS)
    assert aligned.shape == dance.shape
    assert (np.diff(source) > 0).all()


def test_a_frozen_dancer_is_not_warped() -> None:
    dance = hide_absent(sine_dancer(120, amplitude_px=0))
    aligned, _ = align_beats(dance, np.arange(0.5, 4.6, 0.5), fps=FPS, settings=SETTINGS)
    np.testing.assert_allclose(aligned, dance, atol=1e-6)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"variant": "dtw"}, "variant is 'dtw'; known are 'none', 'paper', 'warp'"),
        ({"beat_kind": "mean"}, "beat_kind is 'mean'"),
        ({"strength": 1.5}, "strength is 1.5; it lies between 0 and 1"),
        ({"min_slope": 1.2}, "min_slope <= 1 <= max_slope"),
        ({"min_slope": 0.0}, "0 < min_slope"),
    ],
)
def test_unusable_settings_are_named(changes: dict, message: str) -> None:
    dance = hide_absent(wandering_dancer(20, seed=9))
    with pytest.raises(ChoreographyError, match=message):
        align_beats(dance, [0.2, 0.6], fps=FPS, settings=dataclasses.replace(SETTINGS, **changes))


def test_beats_out_of_order_are_refused() -> None:
    with pytest.raises(ChoreographyError, match="increasing"):
        align_beats(hide_absent(sine_dancer(20)), [0.5, 0.2], fps=FPS, settings=SETTINGS)
