import dataclasses
import logging

import numpy as np
import pytest
from dancers import sine_dancer, wandering_dancer

from danceit_core.choreography.curve import hide_absent, show_absent
from danceit_core.choreography.motion_beats import beat_windows, find_hits, step_speed, within
from danceit_core.choreography.temporal import align_beats
from danceit_core.config import TemporalSettings
from danceit_core.errors import ChoreographyError
from danceit_core.evaluation.beats import beat_distances

FPS = 24.0
SETTINGS = TemporalSettings(strength=1.0)


def matched(keypoints: np.ndarray, beats: np.ndarray, *, kind: str = "min", tolerance: int = 0) -> float:
    distances = beat_distances(step_speed(show_absent(keypoints)), beats, fps=FPS, kind=kind)
    return float(within(distances, tolerance).mean())


def test_windows_reach_half_way_to_the_neighbours() -> None:
    windows = beat_windows([1.0, 2.0, 4.0], frames=240, fps=10.0)
    assert [(w.beat, w.first, w.stop) for w in windows] == [(10, 5, 15), (20, 15, 30), (40, 30, 50)]
    assert beat_windows([1.0], frames=240, fps=10.0) == []
    assert [w.beat for w in beat_windows([1.0, 2.0, 4.0], frames=25, fps=10.0)] == [10, 20]
    assert [w.beat for w in beat_windows([1.03, 2.0], frames=25, fps=10.0)] == [pytest.approx(10.3), 20]


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


def test_clips_that_begin_on_a_beat_stay_there() -> None:
    beats = np.arange(0.5, 19.6, 0.5)
    dance = hide_absent(sine_dancer(480, interval_s=0.5, minimum_s=0.62))  # 3 frames late
    seams = np.round(beats[4::8] * FPS).astype(int)
    free, held = (align_beats(dance, beats, fps=FPS, settings=SETTINGS, seams=some)[1] for some in ((), seams))
    assert (np.abs(free - np.arange(480))[seams] > 2).all()
    assert (np.abs(held - np.arange(480))[seams] < 1.5).all()
    between = np.round(beats[8:-8:8] * FPS).astype(int)
    assert (np.abs(held - np.arange(480))[between] > 2).all()


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
    for variant in ("warp", "paper", "paper_retimed"):
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


@pytest.mark.parametrize("phase_s", [0.0, 0.013, 0.03])
def test_retimed_the_papers_cubics_meet_the_beats(phase_s: float) -> None:
    """Swings whose greatest speed is a fifth of a second off every beat: as printed they stay there."""
    beats = np.arange(1.0, 19.0, 1.0) + phase_s
    dance = hide_absent(sine_dancer(480, interval_s=1.0, minimum_s=0.5 + 0.2 + phase_s))
    settings = dataclasses.replace(SETTINGS, variant="paper", beat_kind="max")
    late = {}
    for variant in ("paper", "paper_retimed"):
        aligned, source = align_beats(dance, beats, fps=FPS, settings=dataclasses.replace(settings, variant=variant))
        hits = find_hits(step_speed(show_absent(aligned)), beats, fps=FPS, kind="max")
        late[variant] = float(np.median(np.abs(hits.late_frames)))
        assert (np.diff(source) > 0).all()
        assert (source[0], source[-1]) == (0, 479)
    assert late["paper"] > 4
    # A cubic flattens a swing, whose greatest speed then comes a little before the beat.
    assert late["paper_retimed"] < 1.5


def test_retimed_the_ends_of_windows_stay_and_between_them_all_is_stretched_evenly() -> None:
    dance = hide_absent(wandering_dancer(240, seed=5))
    beats = np.arange(1.0, 9.0, 1.0)
    settings = dataclasses.replace(SETTINGS, variant="paper_retimed", beat_kind="max")
    _, source = align_beats(dance, beats, fps=FPS, settings=settings)
    windows = beat_windows(beats, frames=240, fps=FPS)
    ends = np.array([window.stop - 1 for window in windows])
    np.testing.assert_allclose(source[ends], ends)
    assert np.abs(source - np.arange(240)).max() > 1
    motion = find_hits(step_speed(show_absent(dance)), beats, fps=FPS, kind="max").motion_s * FPS - 0.5
    music = np.array([window.beat for window in windows]) - 0.5
    for window, heard, found in zip(windows, music, motion, strict=True):
        first, last = window.first - 1, window.stop - 1
        moved = np.clip(found, first + 0.5, last - 0.5)
        frames = np.arange(window.first, window.stop)
        early = frames <= heard
        slopes = (moved - first) / (heard - first), (last - moved) / (last - heard)
        np.testing.assert_allclose(source[frames[early]], first + slopes[0] * (frames[early] - first))
        np.testing.assert_allclose(source[frames[~early]], last - slopes[1] * (last - frames[~early]))


def test_where_the_motion_beat_is_on_the_beat_retiming_moves_nothing() -> None:
    beats = np.arange(1.0, 9.0, 1.0)
    dance = hide_absent(sine_dancer(240, interval_s=1.0, minimum_s=0.5 - 0.5 / 24))
    printed, retimed = (
        align_beats(dance, beats, fps=FPS, settings=dataclasses.replace(SETTINGS, variant=name, beat_kind="max"))
        for name in ("paper", "paper_retimed")
    )
    np.testing.assert_allclose(retimed[1], np.arange(240), atol=1e-3)
    # They part only in which of two cubics the frames beside the beat are read off.
    np.testing.assert_allclose(retimed[0], printed[0], atol=0.5)


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
@pytest.mark.parametrize("variant", ["warp", "paper_retimed"])
def test_any_tempo_and_length(interval_s: float, frames: int, variant: str) -> None:
    dance = hide_absent(wandering_dancer(frames, seed=8))
    settings = dataclasses.replace(SETTINGS, variant=variant)
    aligned, source = align_beats(dance, np.arange(0.1, 7, interval_s), fps=FPS, settings=settings)
    assert aligned.shape == dance.shape
    assert (np.diff(source) > 0).all()


def test_a_frozen_dancer_is_not_warped() -> None:
    dance = hide_absent(sine_dancer(120, amplitude_px=0))
    aligned, _ = align_beats(dance, np.arange(0.5, 4.6, 0.5), fps=FPS, settings=SETTINGS)
    np.testing.assert_allclose(aligned, dance, atol=1e-6)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"variant": "dtw"}, "variant is 'dtw'; known are 'none', 'paper', 'paper_retimed', 'warp'"),
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
