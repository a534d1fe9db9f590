"""Fragments in counts: bars of a dance's own beats, and windows at motion beats where there are none."""

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from matched_dances import counted_database
from measured_videos import group_of_two, make_video, store, write

from danceit_core.config import FragmentSettings
from danceit_core.database.bars import find_bars
from danceit_core.database.counts import cut_counts, motion_beats
from danceit_core.database.fragments import cut_fragments
from danceit_core.database.frames import open_frames
from danceit_core.database.gather import frames_in_memory
from danceit_core.database.table import COLUMNS, join_fragments, read_database
from danceit_core.errors import DatabaseError
from danceit_core.music.table import Beats

FPS = 24.0


def beats_of(*bars, first=1, start_s=0.0, beat_s=0.5):
    """Beats of bars of so many beats each, the first of which may begin in mid-bar, and the downbeat after them."""
    place = np.concatenate([np.arange(1, meter + 1) for meter in bars])[first - 1 :]
    place = np.append(place, 1)
    return start_s + beat_s * np.arange(len(place)), place


def dance(times_s, place, *, frames=240, **about):
    """A dance whose music has these beats."""
    pose, music = make_video(frames, **about)
    beats = Beats(np.asarray(times_s, float), 120.0, place=np.asarray(place, np.int64), meter=int(max(place)))
    return pose, type(music)(**{**vars(music), "beats": beats})


def counts_of(video):
    return cut_counts(frames_in_memory({"v": video}), settings=FragmentSettings())


def rows_of(database, *columns):
    names = columns or ("start_frame", "frames", "beats", "place", "meter")
    return [tuple(row) for row in database.table[list(names)].to_numpy().tolist()]


def test_four_four_gives_halves_bars_and_pairs_from_its_downbeats():
    made = counts_of(dance(*beats_of(4, 4, start_s=0.25)))
    assert rows_of(made) == [
        (6, 24, 2, 1, 4), (6, 48, 4, 1, 4), (6, 96, 8, 1, 4), (30, 24, 2, 3, 4),
        (54, 24, 2, 1, 4), (54, 48, 4, 1, 4), (78, 24, 2, 3, 4),
    ]  # fmt: skip
    assert made.table["seconds"].tolist() == (made.table["frames"] / FPS).tolist()
    assert made.table["fragment_id"].tolist()[:2] == ["v:6-30", "v:6-54"]
    assert made.table["fragment_id"].is_unique
    assert made.lengths.tolist() == made.table["frames"].tolist()
    assert made.unit == "beats"
    assert "seconds" not in made.metadata


def test_three_four_has_no_half_bars():
    assert rows_of(counts_of(dance(*beats_of(3, 3)))) == [(0, 36, 3, 1, 3), (0, 72, 6, 1, 3), (36, 36, 3, 1, 3)]


def test_a_pickup_belongs_to_no_bar():
    times, place = beats_of(4, 4, 4, first=4)
    assert place[:3].tolist() == [4, 1, 2]
    made = counts_of(dance(times, place))
    assert made.table["start_frame"].min() == 12
    assert (made.table["beats"] == 4).sum() == 2


def test_a_missed_beat_costs_its_bar_alone_whether_it_is_counted_on_or_not():
    times, place = beats_of(4, 4, 4, 4)
    # The second bar has no third beat: the tracker's places either leave it out or run on.
    gone = np.delete(np.arange(len(times)), 6)
    left_out = counts_of(dance(times[gone], place[gone]))
    assert rows_of(left_out, "start_frame", "beats") == [
        (0, 2), (0, 4), (24, 2), (96, 2), (96, 4), (96, 8), (120, 2), (144, 2), (144, 4), (168, 2),
    ]  # fmt: skip
    runs_on = find_bars(times[gone], (np.arange(len(gone)) % 4) + 1)
    assert runs_on.first.tolist() == [0, 8]
    assert runs_on.pairs.tolist() == []


def test_no_fragment_reaches_over_a_change_of_metre():
    made = counts_of(dance(*beats_of(4, 4, 3, 3, 4)))
    bars = made.table[made.table["beats"] == made.table["meter"]]
    assert bars[["start_frame", "meter"]].to_numpy().tolist() == [[0, 4], [48, 4], [96, 3], [132, 3], [168, 4]]
    pairs = made.table[made.table["beats"] == 2 * made.table["meter"]]
    assert pairs[["start_frame", "beats"]].to_numpy().tolist() == [[0, 8], [96, 6]]


def test_bars_follow_a_tempo_that_drifts_and_keep_to_the_beats():
    beat_s = np.linspace(0.5, 0.7, 12)
    times = np.concatenate([[0.0], np.cumsum(beat_s)])
    made = counts_of(dance(times, np.arange(13) % 4 + 1))
    for start, frames, beats, place, _ in rows_of(made):
        first = np.flatnonzero(np.round(times * FPS) == start)[0]
        assert first % 4 + 1 == place
        assert start + frames == round(times[first + beats] * FPS)
    assert made.table[made.table["beats"] == 4]["frames"].is_monotonic_increasing
    # Two bars of which one is at a third more than half the other's tempo are no phrase.
    jump = np.cumsum([0.0, *[0.35] * 4, *[0.6] * 4])
    assert (counts_of(dance(jump, np.arange(9) % 4 + 1)).table["beats"] < 8).all()


def test_no_fragment_spans_a_cut_or_a_dropped_frame():
    shot = (np.arange(240) >= 60).astype(np.int32)
    kept = np.arange(240) != 150
    made = counts_of(dance(*beats_of(4, 4, 4, 4), shot=shot, kept=kept))
    assert rows_of(made, "start_frame", "frames", "passage_start", "passage_end") == [
        (0, 24, 0, 60), (0, 48, 0, 60), (24, 24, 0, 60), (72, 24, 60, 150), (96, 24, 60, 150), (96, 48, 60, 150),
        (120, 24, 60, 150), (168, 24, 151, 240),
    ]  # fmt: skip


def test_a_fragment_ends_with_the_last_frame_of_its_passage_at_most():
    times, place = beats_of(4)
    assert counts_of(dance(times, place, frames=48)).table["frames"].max() == 48
    assert counts_of(dance(times, place, frames=47)).table["frames"].tolist() == [24]


def test_the_dancers_of_a_video_share_its_beats():
    pose, music = group_of_two(200)
    times, place = beats_of(4, 4, 4)
    music = type(music)(**{**vars(music), "beats": Beats(times, 120.0, place=place, meter=4)})
    frames = frames_in_memory({"pair": (pose, music)})
    assert [beats.tolist() for beats in frames.dances["beats_s"]] == [times.tolist()] * 2
    made = cut_counts(frames, settings=FragmentSettings())
    bars = made.table[made.table["beats"] == 4].groupby("track")["start_frame"].apply(list).to_dict()
    # The second one comes in at frame 20.
    assert bars == {0: [0, 48, 96], 1: [48, 96]}
    rows = made.table.set_index("fragment_id")["row"]
    assert (rows["pair.0:48-96"], rows["pair.1:48-96"]) == (48, 200 + 28)


@pytest.mark.parametrize("silent", [True, False])
def test_without_bars_windows_begin_where_the_dancer_is_slowest(silent):
    pose, music = make_video(240, silent=silent)
    pose.keypoints[:, [4, 7], 0] = (
        256 + 60 * np.cos(np.pi * (np.arange(240) - 10) / 15)[:, None]
    )  # stops at 10, 25, ...
    made = counts_of((pose, music))
    assert (made.table[["beats", "place", "meter"]] == 0).all(axis=None)
    assert sorted(made.table["frames"].unique()) == [24, 48, 96]
    starts = np.unique(made.table["start_frame"])
    stops = np.arange(10, 240, 15)
    assert np.abs(starts - stops[: len(starts)]).max() <= 1
    assert (made.table["has_sound"] == (not silent)).all()


def test_motion_beats_are_the_least_speeds_of_a_quarter_second_to_either_side():
    speed = np.full(60, 5.0)
    speed[[10, 14, 30]] = 1.0, 2.0, 1.5
    assert {10, 30} <= set(motion_beats(speed, fps=FPS).tolist())
    assert 14 not in motion_beats(speed, fps=FPS)
    assert np.diff(motion_beats(np.zeros(60), fps=FPS)).tolist() == [7] * 8  # at rest: again and again
    assert motion_beats(np.zeros(0), fps=FPS).tolist() == []


def test_beats_of_no_bar_and_bars_of_one_beat_are_none():
    for place in (np.zeros(9, int), np.ones(9, int), np.array([2, 3, 4, 1, 2, 3, 4, 2, 3])):
        assert len(find_bars(np.arange(9) / 2, place)) == 0
    assert len(find_bars(np.zeros(0), np.zeros(0, int))) == 0


def test_each_fragment_has_the_ground_of_its_own_frames():
    pose, music = dance(*beats_of(4, 4))
    pose.keypoints[48:96, :, 1] -= 22  # the second bar is danced on a step
    made = counts_of((pose, music))
    ground = made.table.set_index("fragment_id")["ground"]
    assert ground[["v:0-48", "v:48-96", "v:72-96"]].tolist() == pytest.approx([450 / 110, 428 / 110, 428 / 110])
    assert ground["v:0-96"] == pytest.approx(450 / 110, abs=0.05)


def test_what_is_written_is_read_and_has_poses_of_each_own_length(tmp_path):
    folder = store(tmp_path, a=dance(*beats_of(4, 4)), b=dance(*beats_of(3, 3), tune=1))
    path = write(folder / "beats.parquet", cut_counts(open_frames(folder), settings=FragmentSettings()))
    database = read_database(path)
    assert database.table["split"].unique().tolist() in (["train", "test"], ["test", "train"])
    table = database.with_poses(features=True)
    for name, width in (("keypoints", 75), ("facing", 1), ("features", 13)):
        assert [len(each) for each in table[name]] == (width * database.lengths).tolist()
    for row in (0, 3, len(database) - 1):
        poses = np.array(table["keypoints"][row].as_py(), np.float32).reshape(-1, 25, 3)
        start = database.table["start_frame"][row]
        np.testing.assert_array_equal(poses[:, 7, 0], np.arange(start, start + database.lengths[row]))
    bars = database.table["beats"].to_numpy() == 4
    assert database.keypoints_of(bars).shape == (2, 48, 25, 3)
    with pytest.raises(DatabaseError, match="fragments of 24 to 96 frames in one array; take those of one length"):
        database.features_of(np.arange(len(database)))
    for name in ("length", "seconds"):
        with pytest.raises(DatabaseError, match="fragments in beats have different lengths"):
            getattr(database, name)
    assert read_database(path, columns=["row"]).lengths.tolist() == database.lengths.tolist()


def test_all_tables_are_one_to_look_into(tmp_path):
    folder = store(tmp_path, a=dance(*beats_of(4, 4)))
    frames, settings = open_frames(folder), FragmentSettings()
    paths = [
        write(folder / "beats.parquet", cut_counts(frames, settings=settings)),
        write(folder / "2s.parquet", cut_fragments(frames, seconds=2.0, settings=settings)),
    ]
    join_fragments(folder / "fragments.parquet", paths)
    table = pd.read_parquet(folder / "fragments.parquet")
    assert list(table.columns) == list(COLUMNS)
    assert (table["beats"] > 0).sum() == 7
    assert len(table) == 7 + len(read_database(paths[1]))
    with pytest.raises(DatabaseError, match=r"of several tables; read one of them, beats\.parquet beside it"):
        read_database(folder / "fragments.parquet")


def test_no_fragment_at_all_is_one_line(tmp_path):
    folder = store(tmp_path, a=dance(*beats_of(4), frames=20))
    path = write(folder / "beats.parquet", cut_counts(open_frames(folder), settings=FragmentSettings()))
    with pytest.raises(DatabaseError, match=r"no fragment of half a bar .*: the longest kept passage is 0\.8 s in 1 "):
        read_database(path)
    with pytest.raises(DatabaseError, match=r"beats\.parquet: no such fragment table; run cut_counts"):
        read_database(tmp_path / "beats.parquet")


def test_a_table_of_another_unit_is_refused(tmp_path):
    path = write(tmp_path / "beats.parquet", counts_of(dance(*beats_of(4))))
    table = pq.read_table(path)
    about = table.schema.metadata[b"danceit"]
    for old, new in ((b'"beats"', b'"bars"'), (b'"beats"', b'"seconds"')):
        changed = table.replace_schema_metadata({b"danceit": about.replace(b'"unit": ' + old, b'"unit": ' + new)})
        pq.write_table(changed, path)
        with pytest.raises(DatabaseError, match=r"beats\.parquet is not a fragment table .* delete it and run again"):
            read_database(path)


def test_the_made_up_database_is_what_it_says():
    database = counted_database(silent=("v02",))
    table = database.table
    assert table.groupby("video")["beats"].max().to_dict() == {"v00": 8, "v01": 8, "v02": 0, "v03": 6}
    counted = table[table["beats"] > 0]
    counts = database.frames.features[counted["row"].to_numpy(), 0]
    # Of a dance with a pickup of one beat: beat 1 is the first downbeat.
    place = (np.round(counts) - 1) % counted["meter"].to_numpy() + 1
    np.testing.assert_array_equal(place, counted["place"])
    assert np.abs(counts - np.round(counts)).max() < 0.06  # a frame is that near to its beat
    assert set(counted["place"]) == {1, 3}
