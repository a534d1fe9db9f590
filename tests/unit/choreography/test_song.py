"""From a song's table through a trained matcher to a plan, a preview and a table that names its sources."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch
from cut_dances import cut, frames_of, pose_of
from dancers import wandering_dancer
from matched_dances import make_database

from danceit_core.choreography.align import align, write_dance
from danceit_core.choreography.edits import Edit
from danceit_core.choreography.floor import floor_of
from danceit_core.choreography.movements import movements_of
from danceit_core.choreography.plan import read_plan, write_plan
from danceit_core.choreography.preview import picture_size, preview_frames
from danceit_core.choreography.song import edit_plan, plan_song
from danceit_core.config import MatcherSettings, RetrievalSettings, SpatialSettings, TemporalSettings
from danceit_core.errors import ChoreographyError, ConfigError
from danceit_core.matcher.data import make_pairs
from danceit_core.matcher.index import FragmentIndex, read_index, write_no_index
from danceit_core.matcher.model import Matcher
from danceit_core.matcher.train import train_matcher
from danceit_core.music.table import Beats, MusicTable
from danceit_core.pose.table import read_pose_table

FPS = 24.0


@pytest.fixture(scope="module")
def database():
    """Wandering dancers of whole bodies, with music of their own."""
    heard = make_database(videos=4, fragments=6, frames=24).frames
    dancers = {f"v{video:02d}": wandering_dancer(6 * 24, seed=video) for video in range(4)}
    return cut(frames_of(dancers, features={name: heard.features[heard.rows_of(name)] for name in dancers}))


@pytest.fixture(scope="module")
def plan(database):
    return make_plan(database, seconds=5.4)


def song(seconds: float) -> MusicTable:
    frames = int(np.ceil(seconds * FPS))
    rng = np.random.default_rng(5)
    beats = Beats(np.arange(0.5, seconds, 0.5), 120.0)
    loudness = rng.uniform(-30, 0, frames).astype(np.float32)
    features = rng.normal(size=(frames, 4)).astype(np.float32)
    return MusicTable(features, loudness, beats, FPS, "mfcc", seconds, False)


def make_plan(database, seconds: float, **settings):
    device = torch.device("cpu")
    trained = train_matcher(make_pairs(database), settings=MatcherSettings(epochs=1), seed=0, device=device)
    matcher = Matcher.from_checkpoint(trained.checkpoint, device=device)
    return plan_song(
        song(seconds),
        database,
        matcher=matcher,
        index=FragmentIndex.of(matcher.embed_fragments(database)),
        settings=RetrievalSettings(fragment_s=1.0, **settings),
        beat_kind="min",
    )


def test_every_frame_of_the_song_is_danced(plan, database):
    assert plan.song_frames == round(5.4 * FPS)
    assert plan.frames.tolist() == [24, 24, 24, 24, 24, 10]
    assert set(plan.fragment_id) <= set(database.table["fragment_id"])


def test_argmin_takes_the_nearest_fragment(database):
    nearest = make_plan(database, 3.0, variant="argmin")
    path = make_plan(database, 3.0)
    assert (nearest.match_distance <= path.match_distance + 1e-6).all()


def test_without_a_matcher_beats_and_seams_choose_among_all_fragments(database, tmp_path):
    write_no_index(tmp_path, database=database)
    about = {"matcher": None, "index": read_index(tmp_path / "index.json", database=database), "beat_kind": "min"}
    plan = plan_song(song(5.4), database, settings=RetrievalSettings(fragment_s=1.0), **about)
    assert plan.song_frames == round(5.4 * FPS)
    assert len(set(plan.source_video)) > 1
    assert np.isnan(plan.match_distance).all()
    again = plan_song(song(5.4), database, settings=RetrievalSettings(fragment_s=1.0), **about)
    assert again.to_frame().equals(plan.to_frame())
    # The weight of the matcher weighs nothing, that of the beats does.
    heavy = plan_song(song(5.4), database, settings=RetrievalSettings(fragment_s=1.0, match_weight=50.0), **about)
    assert heavy.source_start_frame.tolist() == plan.source_start_frame.tolist()
    offbeat = plan_song(song(5.4), database, settings=RetrievalSettings(fragment_s=1.0, beat_weight=0.0), **about)
    assert offbeat.source_start_frame.tolist() != plan.source_start_frame.tolist()
    write_plan(tmp_path / "plan.parquet", plan)
    assert np.isnan(read_plan(tmp_path / "plan.parquet").match_distance).all()
    banned = edit_plan(
        plan, [Edit("song", 0.0, 5.4, "ban", "v00")], song(5.4), database, styles={},
        settings=RetrievalSettings(fragment_s=1.0), **about,
    )  # fmt: skip
    assert "v00" not in set(banned.source_video)
    assert np.isnan(banned.match_distance).all()
    with pytest.raises(ConfigError, match=r"retrieval\.variant is 'argmin', which chooses by the matcher alone"):
        plan_song(song(5.4), database, settings=RetrievalSettings(fragment_s=1.0, variant="argmin"), **about)


def test_a_distance_that_is_unknown_in_part_is_no_plan(plan, tmp_path):
    distance = plan.match_distance.copy()
    distance[1] = np.nan
    write_plan(tmp_path / "plan.parquet", replace(plan, match_distance=distance))
    with pytest.raises(ChoreographyError, match="is not a plan"):
        read_plan(tmp_path / "plan.parquet")


def test_a_song_shorter_than_a_fragment(database):
    with pytest.raises(ChoreographyError, match="less than one fragment"):
        make_plan(database, 0.5)


def test_a_plan_survives_the_file(plan, tmp_path):
    write_plan(tmp_path / "plan.parquet", plan)
    again = read_plan(tmp_path / "plan.parquet")
    pd.testing.assert_frame_equal(again.to_frame(), plan.to_frame(), check_dtype=False)
    (tmp_path / "plan.parquet").write_bytes(b"no plan")
    with pytest.raises(ChoreographyError, match=r"plan\.parquet is not a plan"):
        read_plan(tmp_path / "plan.parquet")


def test_the_dance_names_its_sources_and_is_previewed(plan, database, tmp_path):
    sources = movements_of(plan, database.frames)
    target = floor_of(pose_of(wandering_dancer(6 * 24, seed=0)), camera="still").body.scaled(128 / 512)
    assert target.height_px == pytest.approx(300 / 4, abs=12)
    beats_s = song(5.4).beats.times_s
    options = {"spatial": SpatialSettings(), "temporal": TemporalSettings(), "fps": FPS, "size": (128, 128)}
    dance = align(plan, sources, target=target, beats_s=beats_s, **options)
    write_dance(tmp_path / "dance.parquet", dance, fps=FPS, size=(128, 128))
    table = read_pose_table(tmp_path / "dance.parquet")
    assert len(table) == plan.song_frames
    assert set(table.columns["source_video"]) <= set(sources)
    assert table.columns["source_frame"].min() >= 0
    # Seams move with the warp, by less than a beat.
    assert np.abs(np.array(table.metadata["seams"]) - plan.seams).max() < 12
    peaks = np.abs(np.sin(np.arange(540) / 20)).astype(np.float32)
    pictures = list(preview_frames(table, song(5.4), peaks, size=96, peaks_per_s=100, kind="min"))
    assert len(pictures) == len(table)
    assert pictures[0].shape == (*picture_size((128, 128), size=96)[::-1], 3)
    # The skeleton is there, and a frame on a beat has a bright rim that its neighbour lacks.
    assert (pictures[0][:80] > 0).any()
    assert pictures[12][0].min() > 0
    assert pictures[13][0].max() == 0
    # The white cursor runs once from left to right: the song is one page.
    cursor = [int(picture[97:].min(axis=(0, 2)).argmax()) for picture in pictures]
    assert cursor[0] == 0
    assert (np.diff(cursor) >= 0).all()
    assert cursor[-1] >= 94
