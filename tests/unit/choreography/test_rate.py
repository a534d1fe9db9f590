"""A dance at another frame rate: the same movement at the same times, and the same scores."""

import numpy as np
import pytest
from dancers import sine_dancer, wandering_dancer

from danceit_core.choreography.align import Aligned, Source, align
from danceit_core.choreography.curve import fit_curve, hide_absent
from danceit_core.choreography.motion_beats import find_hits, step_speed
from danceit_core.choreography.plan import Plan
from danceit_core.choreography.preview import beat_frames
from danceit_core.choreography.rate import at_rate, danced, read_off
from danceit_core.config import SpatialSettings, TemporalSettings
from danceit_core.errors import ChoreographyError
from danceit_core.evaluation.beats import beat_scores
from danceit_core.evaluation.motion import motion_scores
from danceit_core.evaluation.trial import PERFORMER, PICTURE_PX
from danceit_core.pose.table import PoseTable

FPS, RATES = 24.0, (25.0, 30.0, 48.0, 60.0)
SONG_S = 10.0
BEATS_S = np.arange(0.4, SONG_S, 0.47)


def sway_at(seconds):
    """x of a smooth movement at some times, pixels."""
    return 40 * np.sin(2 * np.pi * 0.9 * seconds) + 15 * np.sin(2 * np.pi * 1.7 * seconds + 1)


def swaying(seconds, fps):
    keypoints = sine_dancer(round(seconds * fps), amplitude_px=0)
    keypoints[..., 0] += sway_at(np.arange(len(keypoints)) / fps)[:, None]
    return keypoints


@pytest.fixture(scope="module")
def made():
    """A dance of four clips on the beats."""
    sources = {name: Source(wandering_dancer(200, seed=n), np.ones(200, bool)) for n, name in enumerate("abcd")}
    plan = Plan(
        np.arange(4) * 60, np.full(4, 60), np.array(list("abcd"), object), np.array(list("abcd"), object),
        np.full(4, 30), np.array([1.0, 1.1, 0.9, 1.0]), np.arange(4) + 0.5,
    )  # fmt: skip
    return align(
        plan, sources, target=PERFORMER, size=(PICTURE_PX, PICTURE_PX), beats_s=BEATS_S, fps=FPS,
        spatial=SpatialSettings(), temporal=TemporalSettings(),
    )  # fmt: skip


def table(dance, fps):
    columns = {"source_video": dance.source_video.astype(str), "source_frame": dance.source_frame}
    about = {"fps": fps, "width": PICTURE_PX, "height": PICTURE_PX, "seams": dance.seams.tolist()}
    return PoseTable(dance.keypoints, about, columns)


@pytest.mark.parametrize("fps", RATES)
def test_frame_k_is_the_pose_at_k_by_fps_seconds(fps):
    keypoints, _ = read_off(swaying(SONG_S, FPS), fps=FPS, to_fps=fps, frames=round(SONG_S * fps))
    true = swaying(SONG_S, fps)
    inner = slice(round(fps / 4), -round(fps / 4))
    assert np.abs(keypoints - true)[inner].max() < 0.15
    assert np.abs(keypoints - true)[..., 1:].max() < 1e-3


@pytest.mark.parametrize("fps", RATES)
def test_nothing_drifts_over_ten_minutes(fps):
    seconds = 600.0
    keypoints, nearest = read_off(swaying(seconds, FPS), fps=FPS, to_fps=fps, frames=round(seconds * fps))
    assert len(keypoints) == round(seconds * fps)
    end = np.arange(len(keypoints))[-round(2 * fps) : -round(fps / 4)]
    assert np.abs(keypoints[end, 0, 0] - 256 - sway_at(end / fps)).max() < 0.15
    assert np.abs(nearest - np.arange(len(keypoints)) * FPS / fps)[: -round(fps)].max() <= 0.5


def test_the_same_rate_changes_nothing(made):
    assert at_rate(made, fps=FPS, to_fps=FPS, seconds=SONG_S) is made
    poses = table(made, FPS)
    assert danced(poses, fps=FPS).keypoints is poses.keypoints


@pytest.mark.parametrize("fps", RATES)
def test_a_dance_reads_the_same_at_every_rate(made, fps):
    poses = table(at_rate(made, fps=FPS, to_fps=fps, seconds=SONG_S), fps)
    assert len(poses) == round(SONG_S * fps)
    back = danced(poses, fps=FPS, seconds=SONG_S)
    assert len(back) == len(made.keypoints)
    assert back.metadata["seams"] == made.seams.tolist()
    np.testing.assert_array_equal(back.columns["source_video"], made.source_video)
    assert np.abs(back.columns["source_frame"] - made.source_frame).max() <= 1
    assert np.abs(back.keypoints - made.keypoints)[:-1].max() < 3


@pytest.mark.parametrize("fps", RATES)
@pytest.mark.parametrize("kind", ["min", "max"])
def test_motion_beats_are_where_they_were_to_half_a_frame(made, fps, kind):
    poses = table(at_rate(made, fps=FPS, to_fps=fps, seconds=SONG_S), fps)
    back = danced(poses, fps=FPS, seconds=SONG_S)
    before, after = (
        find_hits(step_speed(keypoints), BEATS_S, fps=FPS, kind=kind) for keypoints in (made.keypoints, back.keypoints)
    )
    np.testing.assert_array_equal(before.music_s, after.music_s)
    assert (np.abs(before.motion_s - after.motion_s) <= 0.5 / FPS).mean() >= 0.95


@pytest.mark.parametrize("fps", RATES)
def test_scores_mean_the_same_at_every_rate(made, fps):
    poses = table(at_rate(made, fps=FPS, to_fps=fps, seconds=SONG_S), fps)
    back = danced(poses, fps=FPS, seconds=SONG_S)
    before, after = (
        beat_scores(keypoints, BEATS_S, fps=FPS, rng=np.random.default_rng(0))
        for keypoints in (made.keypoints, back.keypoints)
    )
    for key in ("s_ba_min_0", "s_ba_min_1", "s_ba_min_2", "beat_align_music"):
        # A beat half a frame away is met or not by a hair: two of the twenty-one.
        assert after[key] == pytest.approx(before[key], abs=0.1 if key == "s_ba_min_0" else 0.05)
    before, after = (
        motion_scores(keypoints, fps=FPS, seams=seams)
        for keypoints, seams in ((made.keypoints, made.seams), (back.keypoints, back.metadata["seams"]))
    )
    for key in ("mean_speed", "jerk_mean", "seam_jerk_max", "foot_sliding", "kinetic_diversity"):
        assert after[key] == pytest.approx(before[key], rel=0.15, abs=0.3)


@pytest.mark.parametrize("fps", [48.0, 60.0])
def test_a_seam_is_the_first_frame_of_its_clip(made, fps):
    dance = at_rate(made, fps=FPS, to_fps=fps, seconds=SONG_S)
    changes = np.flatnonzero(dance.source_video[1:] != dance.source_video[:-1]) + 1
    np.testing.assert_array_equal(dance.seams, changes)
    assert np.abs(dance.seams / fps - made.seams / FPS).max() <= 0.5 / FPS + 1e-9


def test_absent_joints_stay_absent():
    keypoints = swaying(4.0, FPS)
    keypoints[30:40, 4] = 0
    keypoints[:, 17] = 0
    found, _ = read_off(keypoints, fps=FPS, to_fps=60.0, frames=240)
    assert (found[:, 17] == 0).all()
    times = np.arange(240) / 2.5
    absent = (times > 29) & (times < 40)
    assert (found[absent, 4] == 0).all()
    assert (found[~absent, 4, 2] > 0).all()
    assert (found[:, 0, 2] == 1).all()


def test_a_dance_before_a_camera_that_follows_is_judged_on_the_plate(made):
    poses = table(made, FPS)
    pan = np.linspace(0, 300, len(poses), dtype=np.float32)
    shown = poses.keypoints.copy()
    shown[..., 0] -= pan[:, None]
    before_camera = PoseTable(shown, poses.metadata, poses.columns | {"plate_x": pan, "plate_y": np.zeros_like(pan)})
    back = danced(before_camera, fps=FPS)
    np.testing.assert_allclose(back.keypoints, poses.keypoints, atol=1e-3)
    assert "plate_x" not in back.columns


def test_a_dance_is_as_long_as_its_song_at_any_rate():
    dance = Aligned(
        swaying(7.01, FPS), np.array(["a"] * 168), np.arange(168, dtype=np.int32), np.zeros(168), np.zeros(0, np.int64)
    )
    for fps in (10.0, 23.976, 29.97, 59.94, 60.0):
        longer = at_rate(dance, fps=FPS, to_fps=fps, seconds=7.01)
        assert abs(len(longer.keypoints) / fps - 7.01) <= 0.5 / fps
        assert (longer.keypoints[..., 2] == 1).all()
        last = fit_curve(hide_absent(dance.keypoints)).at([(len(longer.keypoints) - 1) * FPS / fps])
        np.testing.assert_allclose(longer.keypoints[-1], last[0], atol=1e-3)


@pytest.mark.parametrize(("fps", "frames", "words"), [(0.0, 5, r"rendering\.fps"), (60.0, 0, "has no 0 at 60")])
def test_unusable_rates_are_refused(fps, frames, words):
    with pytest.raises(ChoreographyError, match=words):
        read_off(swaying(1.0, FPS), fps=FPS, to_fps=fps, frames=frames)


def test_a_beat_is_bright_as_long_at_every_rate():
    assert beat_frames(np.array([0.5]), fps=24.0) == {12}
    assert beat_frames(np.array([0.5]), fps=60.0) == {30, 31}
    assert beat_frames(np.array([0.5]), fps=12.0) == {6}
