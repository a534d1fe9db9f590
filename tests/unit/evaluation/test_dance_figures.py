"""The figures of a dance: the steps are those of the alignment, and what they show is true."""

from dataclasses import replace

import cv2
import numpy as np
import pytest
from bodies import body_in_space
from dancers import sine_dancer, wandering_dancer
from matplotlib.quiver import Quiver

from danceit_core.choreography.align import Source, align
from danceit_core.choreography.clips import ShownClip, stretches
from danceit_core.choreography.curve import hide_absent
from danceit_core.choreography.floor import Floor
from danceit_core.choreography.in_space import dance_motion
from danceit_core.choreography.plan import Plan
from danceit_core.choreography.rate import danced, read_off
from danceit_core.config import SpatialSettings, TemporalSettings
from danceit_core.evaluation.beat_page import draw_beats
from danceit_core.evaluation.dance_figures import draw_dance, motion_in_space
from danceit_core.evaluation.provenance_page import draw_paths, draw_sources
from danceit_core.evaluation.steps import largest_steps, retrace, roughest_seam
from danceit_core.evaluation.strips import TILE_HEIGHT, TILE_WIDTH, draw_on_beats, draw_seams, strip
from danceit_core.media.audio import read_peaks, write_sound
from danceit_core.music.table import Beats, MusicTable, Section
from danceit_core.pose.measure import Body
from danceit_core.pose.table import PoseTable

FPS, SIZE = 24.0, 512
BODY = Body(300.0, 100.0, 450.0, 256.0)
WHOLE = (0, 0, SIZE, SIZE)
FLOOR = Floor(BODY, WHOLE, WHOLE, (SIZE, SIZE))
BEATS = Beats(np.arange(0.5, 3.8, 0.5), 120.0)
SOURCES = {name: Source(wandering_dancer(96, seed=seed), np.ones(96, bool)) for seed, name in enumerate("ab")}
PLAN = Plan(
    np.array([0, 48]), np.array([48, 48]), np.array(["a:0", "b:0"], object), np.array(["a", "b"], object),
    np.array([10, 20]), np.ones(2), np.array([0.5, 1.5]),
)  # fmt: skip


def finished(plan=PLAN):
    dance = align(
        plan, SOURCES, target=BODY, size=(SIZE, SIZE), beats_s=BEATS.times_s, fps=FPS,
        spatial=SpatialSettings(), temporal=TemporalSettings(),
    )  # fmt: skip
    columns = {
        "source_video": dance.source_video.astype(str),
        "source_frame": dance.source_frame,
        "match_distance": dance.match_distance,
    }
    about = {"fps": FPS, "width": SIZE, "height": SIZE, "seams": dance.seams.tolist()}
    return PoseTable(dance.keypoints, about, columns)


@pytest.fixture(scope="module")
def poses():
    return finished()


@pytest.fixture(scope="module")
def steps(poses):
    return retrace(PLAN, SOURCES, poses, floor=FLOOR, spatial=SpatialSettings(), shown_fps=poses.fps)


def test_each_step_is_smoother_than_the_cut(steps):
    assert len(steps.retrieved) == len(steps.joined) == len(steps) == 96
    cut, joined = (largest_steps(dance)[48] for dance in (steps.retrieved, steps.joined))
    assert cut > 3 * joined
    assert largest_steps(steps.aligned)[steps.aligned_seams[0]] < cut / 2
    assert roughest_seam(steps) == 0


def test_without_a_temporal_alignment_the_joined_dance_is_the_finished_one():
    spatial = SpatialSettings()
    dance = align(
        PLAN, SOURCES, target=BODY, size=(SIZE, SIZE), beats_s=BEATS.times_s, fps=FPS, spatial=spatial,
        temporal=TemporalSettings(variant="none"),
    )  # fmt: skip
    about = {"fps": FPS, "width": SIZE, "height": SIZE, "seams": dance.seams.tolist()}
    steps = retrace(PLAN, SOURCES, PoseTable(dance.keypoints, about), floor=FLOOR, spatial=spatial, shown_fps=FPS)
    np.testing.assert_allclose(steps.joined[..., :2], hide_absent(dance.keypoints)[..., :2], atol=1e-3)


def test_the_title_says_how_many_beats_are_met_before_and_after(steps):
    figure = draw_beats(steps, BEATS, np.ones(400, np.float32), kind="min")
    title = figure.get_suptitle()
    before, after = (int(words.split()[0]) for words in title.rpartition("music's: ")[2].split(", "))
    assert title.startswith("120 beats a minute.")
    assert after > before
    assert after >= 80
    assert "no beats" in draw_beats(steps, Beats(np.zeros(0), 0.0), np.ones(400, np.float32), kind="min").get_suptitle()


def test_bars_sections_and_clips_stand_on_the_page_of_beats(steps):
    place = (np.arange(len(BEATS.times_s)) + 3) % 4 + 1
    beats = replace(BEATS, place=place, meter=4)
    sections = (Section(0.0, 2.0, "A"), Section(2.0, 4.0, "B"))
    clips = (ShownClip(0.0, 2.0, "a 0.4 s", 4.0), ShownClip(2.0, 4.0, "b 0.8 s", 3.5))
    (axes,) = draw_beats(
        steps, beats, np.ones(400, np.float32), kind="min", sections=sections, clips=clips
    ).axes  # fmt: skip
    words = {text.get_text(): getattr(text, "xy", text.get_position())[0] for text in axes.texts}
    assert words["1"] == beats.downbeats_s[0]
    assert words["2"] == beats.downbeats_s[1]
    assert words["A"] == 1.0
    assert words["B"] == 3.0
    assert {"a 0.4 s (4)", "b 0.8 s (3.5)"} <= set(words)
    (plain,) = draw_beats(steps, BEATS, np.ones(400, np.float32), kind="min").axes
    assert not plain.texts


def test_a_long_song_is_shown_in_lines_and_cut_after_a_minute(steps):
    long = replace(steps, joined=np.tile(steps.joined, (50, 1, 1)), aligned=np.tile(steps.aligned, (50, 1, 1)))
    figure = draw_beats(long, Beats(np.arange(0.5, 199, 0.5), 120.0), np.ones(20000, np.float32), kind="min")
    assert "(its first 59 s)" in figure.get_suptitle()
    assert len(figure.axes) == 5
    assert max(len(line.get_xdata()) for axes in figure.axes for line in axes.lines) < 13 * FPS


def test_a_song_without_beats_is_said_to_have_none(steps):
    figure = draw_on_beats(steps, Beats(np.zeros(0), 0.0), kind="min")
    assert [text.get_text() for text in figure.texts] == ["The song has no beats to align to"]


def test_a_strip_shows_a_skeleton_a_tile_and_black_beyond_the_ends(steps):
    picture = strip(steps.aligned, np.array([-1, 0, 95, 96]), size=(SIZE, SIZE))
    assert picture.shape == (TILE_HEIGHT, 4 * TILE_WIDTH, 3)
    tiles = picture.reshape(TILE_HEIGHT, 4, TILE_WIDTH, 3)[:, :, 2:]
    assert [bool(tiles[:, k].any()) for k in range(4)] == [False, True, True, False]


def test_a_jump_sideways_is_seen_in_a_strip():
    dance = hide_absent(np.repeat(sine_dancer(1), 4, axis=0))
    dance[2:, :, 0] += 60
    tiles = strip(dance, np.arange(4), size=(SIZE, SIZE)).reshape(TILE_HEIGHT, 4, TILE_WIDTH, 3)[:, :, 2:]
    columns = [float(np.nonzero(tiles[:, k].any(axis=(0, 2)))[0].mean()) for k in range(4)]
    assert columns[2] - columns[1] == pytest.approx(60 * TILE_HEIGHT / SIZE, abs=2)
    assert columns[1] == pytest.approx(columns[0], abs=0.5)


@pytest.mark.parametrize("size", [(1280, 720), (720, 1280)])
def test_a_strip_of_a_wide_or_tall_picture_shows_all_of_its_height_unstretched(size):
    scale = 0.8 * size[1] / 300
    dance = hide_absent(sine_dancer(4, scale=scale, place=(0.3 * size[0], 0.95 * size[1]), amplitude_px=0))
    tiles = strip(dance, np.arange(4), size=size).reshape(TILE_HEIGHT, 4, TILE_WIDTH, 3)[:, :, 2:]
    rows, columns = (np.nonzero(tiles[:, 1].any(axis))[0] for axis in ((1, 2), (0, 2)))
    assert rows.max() == pytest.approx(0.95 * TILE_HEIGHT + 12 * 0.8 * TILE_HEIGHT / 300, abs=3)
    assert np.ptp(rows) == pytest.approx(0.8 * TILE_HEIGHT * 320 / 300, abs=6)
    assert np.ptp(columns) == pytest.approx(0.8 * TILE_HEIGHT * 110 / 300, abs=6)
    assert columns.mean() == pytest.approx(TILE_WIDTH / 2 - 2, abs=6)


def test_a_dance_at_another_rate_before_a_camera_is_retraced_as_it_was_made(poses, steps):
    box = (100, 40, SIZE, SIZE)
    floor = Floor(BODY, box, box, (900, 600))
    pan = np.full(240, 100, np.float32)
    keypoints, nearest = read_off(poses.keypoints, fps=FPS, to_fps=60.0, frames=240)
    columns = {name: values[nearest] for name, values in poses.columns.items()} | {"plate_x": pan, "plate_y": 0.4 * pan}
    about = poses.metadata | {"fps": 60.0, "seams": np.searchsorted(nearest, poses.metadata["seams"]).tolist()}
    made = danced(PoseTable(keypoints, about, columns), fps=FPS)
    again = retrace(PLAN, SOURCES, made, floor=floor, spatial=SpatialSettings(), shown_fps=FPS)
    assert len(again) == len(steps)
    np.testing.assert_array_equal(again.aligned_seams, steps.aligned_seams)
    np.testing.assert_allclose(again.joined, steps.joined)
    np.testing.assert_allclose(again.aligned[:-1], steps.aligned[:-1], atol=2)


def test_sources_name_the_seconds_of_each_video(poses):
    seam = poses.metadata["seams"][0]
    assert stretches(poses) == [(0, seam), (seam, 96)]
    top, low, *_ = draw_sources(poses, BEATS).axes
    words = [text.get_text() for text in top.texts]
    assert (
        words[0]
        == f"{poses.columns['source_frame'][0] / FPS:.1f}–{(poses.columns['source_frame'][seam - 1] + 1) / FPS:.1f} s"
    )
    assert [label.get_text().split()[0] for label in top.get_yticklabels()] == ["a", "b"]
    heights = [line.get_segments()[0][0][1] for line in low.collections]
    assert heights == [0.5, 1.5]


@pytest.mark.parametrize("clips", [1, 2])
def test_all_figures_are_drawn_the_same_twice_with_or_without_a_seam(tmp_path, clips):
    plan = (
        PLAN
        if clips == 2
        else Plan(*(getattr(PLAN, name)[:1] for name in PLAN.__dataclass_fields__ if name != "about"))
    )
    made = finished(plan)
    write_sound(tmp_path / "song.wav", np.sin(np.arange(4 * 8000) / 9).astype(np.float32), sample_rate_hz=8000)
    music = MusicTable(np.zeros((96, 13)), np.zeros(96), BEATS, FPS, "mfcc", 4.0, False)
    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
        draw_dance(
            tmp_path / folder, plan, SOURCES, made, music=music, song=tmp_path / "song.wav", floor=FLOOR,
            spatial=SpatialSettings(), beat_kind="min",
        )  # fmt: skip
    drawn = sorted(path.name for path in (tmp_path / "one").iterdir())
    assert drawn == ["beats.svg", "on_beats.png", "paths.svg", "seams.png", "sources.svg"]
    for name in drawn:
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()
    picture = cv2.imread(str(tmp_path / "one" / "seams.png"))
    assert picture.shape[1] == pytest.approx(1265, abs=40)
    assert (picture < 40).all(axis=2).mean() > (0.5 if clips == 2 else 0)


def test_a_dance_whose_sources_are_in_space_is_also_seen_from_above(steps, poses):
    facing = {"a": 0.0, "b": 90.0}
    sources = {
        name: replace(source, world=body_in_space(np.full(96, facing[name]), energy=0.3).astype(np.float32))
        for name, source in SOURCES.items()
    }
    motion = dance_motion(poses, sources, half_width=4, name="the dance")
    *_, above = draw_paths(steps, motion).axes
    arrows = next(mark for mark in above.collections if isinstance(mark, Quiver))
    directions = np.rad2deg(np.arctan2(arrows.U, arrows.V))
    assert directions[0] == pytest.approx(0, abs=3)  # towards the camera
    assert directions[-1] == pytest.approx(90, abs=3)  # to the right
    ways = [np.asarray(line.get_xydata()) for line in above.lines[::2]]
    assert ways[0] == pytest.approx(motion.positions[:, 12][:, [0, 2]])  # the right wrist, as x and z
    assert len(draw_paths(steps).axes) == 2


def test_a_dance_whose_sources_lack_feet_in_space_is_drawn_without(caplog, poses):
    caplog.set_level("INFO")
    world = body_in_space(np.zeros(96))
    world[:, [11, 14, 19, 22]] = np.nan
    sources = {name: replace(source, world=world.astype(np.float32)) for name, source in SOURCES.items()}
    assert motion_in_space(poses, sources, spatial=SpatialSettings()) is None
    assert "not drawn from above: video a never shows right_ankle" in caplog.text
    assert motion_in_space(poses, SOURCES, spatial=SpatialSettings()) is None
    assert "a, b, which have no joints in space" in caplog.text


def test_the_worst_seam_is_shown_with_its_steps(steps):
    labels = [axes.get_ylabel() for axes in draw_seams(steps).axes]
    pixels = [int(label.rpartition("there:\n")[2].split()[0]) for label in labels]
    assert pixels[0] == round(largest_steps(steps.retrieved)[48])
    assert pixels[0] > 3 * pixels[1]


def test_peaks_are_the_loudest_of_their_stretch(tmp_path):
    samples = np.zeros(16000, np.float32)
    samples[8000:8100] = -0.5
    write_sound(tmp_path / "click.wav", samples, sample_rate_hz=8000)
    peaks = read_peaks(tmp_path / "click.wav", per_s=100)
    assert len(peaks) == 200
    assert peaks[:98].max() < 0.02
    assert peaks[100] == pytest.approx(0.5, abs=0.1)
