"""When a movement is seen: a dancer whose turning points are known to the millisecond, and a screen that shows them."""

import numpy as np
import pytest
from dancers import sine_dancer
from scipy.ndimage import gaussian_filter1d

from danceit_core.choreography.curve import hide_absent, show_absent
from danceit_core.choreography.motion_beats import (
    beat_windows,
    extreme_steps,
    find_hits,
    seen_s,
    step_seen_at,
    step_speed,
    vertex_offsets,
    within,
)
from danceit_core.choreography.rate import read_off
from danceit_core.choreography.temporal import align_beats
from danceit_core.config import TemporalSettings
from danceit_core.evaluation.beats import motion_beats

RATES = (24.0, 25.0, 30.0, 50.0, 60.0)
NOSE = 0
# The screen is looked at so often a second, by an eye that smooths over so long.
SCREEN_HZ, EYE_S = 4000, 0.05
SECONDS = 12.0


def turns_on_screen(keypoints, fps):
    """When the head turns back, seconds, as a screen shows it: each frame stands from k / fps to (k + 1) / fps."""
    times = np.arange(round(len(keypoints) / fps * SCREEN_HZ)) / SCREEN_HZ
    shown = keypoints[np.floor(times * fps + 1e-9).astype(int), NOSE, 0].astype(float)
    seen = gaussian_filter1d(shown, EYE_S * SCREEN_HZ)
    speed = np.abs(np.diff(seen))
    least = np.flatnonzero((speed[1:-1] < speed[:-2]) & (speed[1:-1] <= speed[2:])) + 1
    # The eye sees ripples of single frames where nothing moves fast; a turn changes the direction.
    turned = np.sign(np.diff(seen))
    return times[1:][least[turned[least - 1] != turned[np.minimum(least + 1, len(turned) - 1)]]]


@pytest.mark.parametrize("fps", RATES)
@pytest.mark.parametrize("phase_s", [0.0, 0.007, 0.0135, 0.0208, 0.031])
def test_a_turn_is_seen_when_the_screen_shows_it(fps, phase_s):
    """The truth is the screen's, not a formula: the dancer turns at 0.4 s + phase, every half second."""
    dancer = sine_dancer(round(SECONDS * fps), fps=fps, minimum_s=0.4 + phase_s, interval_s=0.5)
    beats_s = np.arange(1.4, SECONDS - 1, 0.5) + phase_s
    hits = find_hits(step_speed(dancer), beats_s, fps=fps, kind="min")
    on_screen = turns_on_screen(dancer, fps)
    nearest = on_screen[np.abs(hits.motion_s[:, None] - on_screen).argmin(1)]
    # Both within a tenth of a frame: 4 ms at 24 frames per second, where a whole frame is 42.
    np.testing.assert_allclose(hits.motion_s, nearest, atol=0.12 / fps)
    np.testing.assert_allclose(hits.motion_s, beats_s + 0.5 / fps, atol=0.1 / fps)
    np.testing.assert_allclose(hits.late_frames, 0.5, atol=0.1)
    assert hits.share == 1


@pytest.mark.parametrize("fps", RATES)
@pytest.mark.parametrize("phase_s", [0.0, 0.011, 0.0208, 0.03])
def test_an_aligned_dance_turns_on_the_screen_when_the_beat_is_heard(fps, phase_s):
    dancer = hide_absent(sine_dancer(round(SECONDS * fps), fps=fps, minimum_s=0.31, interval_s=0.5))
    beats_s = np.arange(0.5, SECONDS - 0.5, 0.5) + phase_s
    aligned, _ = align_beats(dancer, beats_s, fps=fps, settings=TemporalSettings(strength=1.0))
    on_screen = turns_on_screen(show_absent(aligned), fps)
    inner = beats_s[2:-2]
    late_s = on_screen[np.abs(inner[:, None] - on_screen).argmin(1)] - inner
    assert abs(late_s.mean()) < 0.15 / fps
    assert np.abs(late_s).max() < 0.5 / fps


@pytest.mark.parametrize("shown_fps", [24.0, 30.0, 48.0, 60.0])
def test_a_video_of_another_rate_is_on_the_beat_too(shown_fps):
    """The dance is made at 24 frames per second; half a frame of the video, not of the dance, comes between."""
    dancer = hide_absent(sine_dancer(round(SECONDS * 24), minimum_s=0.31, interval_s=0.5))
    beats_s = np.arange(0.5, SECONDS - 0.5, 0.5) + 0.009
    how = {"fps": 24.0, "shown_fps": shown_fps}
    aligned, _ = align_beats(dancer, beats_s, settings=TemporalSettings(strength=1.0), **how)
    frames = round(SECONDS * shown_fps)
    video, _ = read_off(show_absent(aligned), fps=24.0, to_fps=shown_fps, frames=frames)
    on_screen = turns_on_screen(video, shown_fps)
    inner = beats_s[2:-2]
    late_s = on_screen[np.abs(inner[:, None] - on_screen).argmin(1)] - inner
    assert abs(late_s.mean()) < 0.004
    hits = find_hits(step_speed(show_absent(aligned)), beats_s, kind="min", **how)
    assert abs(np.median(hits.late_frames)) < 0.15
    assert hits.share > 0.94  # the window of the first beat is cut


def test_a_step_is_seen_when_its_frame_appears():
    assert seen_s(12, fps=24.0) == 0.5
    assert step_seen_at(0.5, fps=24.0) == 12
    # At 60 frames per second the movement, half a 24th before its frame, waits for half a 60th only.
    assert seen_s(12, fps=24.0, shown_fps=60.0) == pytest.approx(0.5 - 0.5 / 24 + 0.5 / 60)
    steps = np.array([0.0, 3.25, 100.5])
    np.testing.assert_allclose(step_seen_at(seen_s(steps, fps=24.0, shown_fps=60.0), fps=24.0, shown_fps=60.0), steps)


def test_distances_are_whole_frames_and_half_a_one():
    assert within(np.array([0.0, 0.5, -0.5, 0.6]), 0).tolist() == [True, True, True, False]
    assert within(np.array([1.5, -1.6]), 1).tolist() == [True, False]


def test_a_vertex_lies_where_the_parabola_is_least():
    steps = np.arange(20.0)
    for least in (9.0, 9.3, 9.5, 8.6):
        speed = 2 + 0.5 * (steps - least) ** 2
        found = round(least)
        assert vertex_offsets(speed, np.array([found]))[0] == pytest.approx(least - found)
    # Nothing to see beyond the ends, where all is still, and never more than half a step.
    assert vertex_offsets(np.zeros(5), np.arange(5)).tolist() == [0] * 5
    assert vertex_offsets(np.array([9.0, 3, 1, 5, 0]), np.array([0, 1, 4])).tolist() == [0, 0, 0]
    assert vertex_offsets(steps**2, np.array([10]))[0] == -0.5


def test_motion_beats_of_both_scores_are_one_and_the_same():
    dancer = sine_dancer(240, minimum_s=0.37, interval_s=0.5)
    beats_s = np.arange(1.0, 9.0, 0.5)
    hits = find_hits(step_speed(dancer), beats_s, fps=24.0, kind="min", shown_fps=60.0)
    minima = motion_beats(step_speed(dancer), fps=24.0, shown_fps=60.0)
    nearest = minima[np.abs(hits.motion_s[:, None] - minima).argmin(1)]
    np.testing.assert_allclose(nearest, hits.motion_s, atol=0.004)


def test_a_maximum_between_two_steps_is_found():
    dancer = sine_dancer(240, minimum_s=0.25 + 0.01, interval_s=0.5)
    windows = beat_windows(np.arange(1.0, 9.0, 0.5) + 0.01 + 0.5 / 24, frames=240, fps=24.0)
    found = extreme_steps(step_speed(dancer), windows, kind="max")
    np.testing.assert_allclose(found, [window.beat for window in windows], atol=0.1)
