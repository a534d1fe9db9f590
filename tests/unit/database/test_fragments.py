"""Cutting fragments, and the tables of the database."""

import json

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from bodies import body_in_space
from measured_videos import make_video, store, write

from danceit_core.config import FragmentSettings
from danceit_core.database.fragments import cut_fragments
from danceit_core.database.frames import open_frames
from danceit_core.database.gather import frames_in_memory
from danceit_core.database.table import COLUMNS, join_fragments, read_database
from danceit_core.errors import DatabaseError
from danceit_core.pose.passages import find_passages


def cut(video="v", frames=240, *, seconds=2.0, hop_s=0.0, **about):
    dances = frames_in_memory({video: make_video(frames, **about)})
    return cut_fragments(dances, seconds=seconds, settings=FragmentSettings(hop_s))


def starts_of(fragments):
    return fragments.table["start_frame"].tolist()


def test_windows_do_not_overlap_where_hop_is_zero():
    fragments = cut(frames=240)
    assert starts_of(fragments) == [0, 48, 96, 144, 192]
    assert fragments.table["fragment_id"].tolist() == ["v:0", "v:48", "v:96", "v:144", "v:192"]


def test_windows_overlap_at_the_hop():
    assert starts_of(cut(frames=97, hop_s=1.0)) == [0, 24, 48]


def test_no_window_spans_a_dropped_frame_or_a_camera_cut():
    kept = np.ones(240, bool)
    kept[[60, 200]] = False
    shot = (np.arange(240) >= 120).astype(np.int32)
    fragments = cut(kept=kept, shot=shot, hop_s=1 / 24)
    assert set(starts_of(fragments)) == set(range(13)) | set(range(61, 73)) | set(range(120, 153))
    passages = fragments.table.groupby("start_frame")[["passage_start", "passage_end"]].first()
    assert passages.loc[[0, 61, 120]].to_numpy().tolist() == [[0, 60], [61, 120], [120, 200]]


def test_fragments_hold_the_frames_and_the_sound_of_their_place():
    fragments = cut(frames=100, hop_s=0.5)
    np.testing.assert_array_equal(fragments.keypoints_of([3])[0, :, 7, 0], np.arange(36, 84))
    np.testing.assert_array_equal(fragments.features_of([3])[0, :, 0], np.arange(36, 84))


def test_no_fragment_where_the_sound_has_ended_unless_the_video_is_silent():
    assert starts_of(cut(frames=240, sound_frames=100)) == [0, 48]
    silent = cut(frames=240, sound_frames=0, silent=True)
    assert len(silent) == 5
    assert not silent.table["has_sound"].any()


def test_too_short_or_refused_gives_no_row_and_exactly_long_enough_one():
    assert len(cut(frames=47)) == 0
    assert len(cut(frames=0)) == 0
    assert len(cut(frames=48)) == 1
    assert len(cut(frames=48, refused="no person in it")) == 0


@pytest.mark.parametrize(
    ("kept", "runs"), [([], []), ([0], []), ([1], [(0, 1)]), ([1, 0, 1, 1], [(0, 1), (2, 4)]), ([0, 1, 0], [(1, 2)])]
)
def test_passages_are_runs_of_kept_frames(kept, runs):
    assert find_passages(np.array(kept, bool)) == runs


def test_a_fragment_has_the_ground_it_stands_on_and_where_none_is_seen_that_of_the_dance():
    pose, music = make_video(240)
    pose.keypoints[48:96, :, 1] -= 22  # on a step
    pose.keypoints[96:144, [11, 14]] = 0  # the feet are hidden
    pose.keypoints[144:170, [11, 14]] = 0
    pose.keypoints[170:192, :, 1] -= 11
    fragments = cut_fragments(frames_in_memory({"v": (pose, music)}), seconds=2.0, settings=FragmentSettings(0.0))
    whole = fragments.table["ground_y"][0] / 110
    assert fragments.table["ground"].tolist() == pytest.approx([450 / 110, 428 / 110, whole, 439 / 110, 450 / 110])
    assert fragments.table[["torso_px", "height_px"]].drop_duplicates().to_numpy().tolist() == [[110, 300]]


def test_the_rows_that_pandas_reads_have_the_documented_columns(tmp_path):
    fragments = cut(frames=100, hop_s=0.5)
    table = pd.read_parquet(write(tmp_path / "2s.parquet", fragments))
    assert list(table.columns) == list(COLUMNS)
    assert table["row"].tolist() == [0, 12, 24, 36, 48]
    assert table[["frames", "seconds", "passage_end"]].drop_duplicates().to_numpy().tolist() == [[48, 2.0, 100]]
    assert table[["source_path", "source_sha256"]].drop_duplicates().to_numpy().tolist() == [["dances/v.mp4", "ab12"]]
    kinds = {name: str(kind) for name, kind in COLUMNS.items()}
    assert {field.name: str(field.type) for field in pq.read_schema(tmp_path / "2s.parquet")} == kinds
    empty = write(tmp_path / "4s.parquet", cut(frames=10))
    assert {field.name: str(field.type) for field in pq.read_schema(empty)} == kinds


def test_what_is_written_is_read_and_another_length_is_another_table(tmp_path):
    videos = {
        "a": make_video(240),
        "b": make_video(100, tune=1),
        "quiet": make_video(240, silent=True),
        "short": make_video(10, tune=2),
    }
    folder = store(tmp_path, **videos)
    before = {path: path.stat().st_mtime_ns for path in folder.iterdir()}
    for seconds in (1.0, 2.0):
        found = cut_fragments(open_frames(folder), seconds=seconds, settings=FragmentSettings(0.0))
        write(folder / f"{seconds:g}s.parquet", found)
    assert before == {path: path.stat().st_mtime_ns for path in before}
    assert len(read_database(folder / "1s.parquet")) == 10 + 4 + 10
    database = read_database(folder / "2s.parquet")
    assert isinstance(database.frames.keypoints, np.memmap)
    assert database.keypoints_of(np.arange(12)).shape == (12, 48, 25, 3)
    assert database.features_of(np.arange(12)).shape == (12, 48, 13)
    np.testing.assert_array_equal(database.keypoints_of([1])[0, :, 7, 0], np.arange(48, 96))
    np.testing.assert_array_equal(database.features_of([6])[0, :, 0], np.arange(48, 96))
    split = database.table.groupby("video")["split"].unique()
    assert sorted(split[name][0] for name in "ab") == ["test", "train"]
    assert database.table["tempo_bpm"].unique().tolist() == [101.0]
    subset = database.subset(database.table["video"].to_numpy() == "b")
    assert len(subset) == 2
    assert subset.table.index.tolist() == [0, 1]
    np.testing.assert_array_equal(subset.keypoints_of([1])[0, :, 7, 0], np.arange(48, 96))


def test_some_of_the_columns_are_enough(tmp_path):
    folder = store(tmp_path, a=make_video(240))
    path = write(folder / "2s.parquet", cut_fragments(open_frames(folder), seconds=2.0, settings=FragmentSettings(0.0)))
    database = read_database(path, columns=["row", "video"])
    assert list(database.table.columns) == ["row", "video", "frames"]
    assert database.features_of([2])[0, 0, 0] == 96


def test_the_split_is_settled_over_the_songs_that_have_fragments_of_that_length():
    # One of two songs is too short for the longer fragments: the other is learnt from.
    dances = frames_in_memory({"video0": make_video(240), "video1": make_video(30, tune=1)}, test_share=0.5)
    assert sorted(dances.dances["split"]) == ["test", "train"]
    settings = FragmentSettings(0.0, test_share=0.5)
    assert set(cut_fragments(dances, seconds=1.0, settings=settings).table["split"]) == {"test", "train"}
    assert set(cut_fragments(dances, seconds=2.0, settings=settings).table["split"]) == {"train"}


def test_all_lengths_are_one_table_that_names_them(tmp_path):
    folder = store(tmp_path, a=make_video(240), b=make_video(100, tune=1))
    paths = []
    for seconds in (1.0, 2.0, 6.0):
        found = cut_fragments(open_frames(folder), seconds=seconds, settings=FragmentSettings(1.0))
        paths.append(write(folder / f"{seconds:g}s.parquet", found))
    join_fragments(folder / "fragments.parquet", paths)
    table = pd.read_parquet(folder / "fragments.parquet")
    assert list(table.columns) == list(COLUMNS)
    assert table.groupby("seconds").size().to_dict() == {1.0: 14, 2.0: 12, 6.0: 5}
    about = json.loads(pq.read_schema(folder / "fragments.parquet").metadata[b"danceit"])
    assert about["tables"] == ["1s.parquet", "2s.parquet", "6s.parquet"]
    with pytest.raises(DatabaseError, match=r"of several tables; read one of them, 1s\.parquet beside it"):
        read_database(folder / "fragments.parquet")


@pytest.mark.parametrize("reader", ["pandas", "polars", "duckdb"])
def test_other_readers_take_the_rows_and_the_poses_with_them(tmp_path, reader):
    module = pytest.importorskip(reader)
    folder = store(tmp_path, a=make_video(72), b=make_video(48, tune=1), none=make_video(10, tune=2))
    path = write(folder / "2s.parquet", cut_fragments(open_frames(folder), seconds=2.0, settings=FragmentSettings()))
    table_of_poses = read_database(path).with_poses(features=True)
    if reader == "duckdb":
        rows = module.sql("select video, keypoints from table_of_poses").fetchall()
        assert module.sql(f"select count(*) from '{path}'").fetchall() == [(4,)]
    elif reader == "polars":
        rows = module.from_arrow(table_of_poses).select("video", "keypoints").rows()
        assert module.scan_parquet(path).collect().height == 4
    else:
        rows = table_of_poses.to_pandas()[["video", "keypoints"]].to_numpy(object).tolist()
        assert len(module.read_parquet(path)) == 4
    assert [video for video, _ in rows] == ["a", "a", "a", "b"]
    poses = np.array([list(numbers) for _, numbers in rows], np.float32).reshape(4, 48, 25, 3)
    np.testing.assert_array_equal(poses[1, :, 7, 0], np.arange(12, 60))
    assert table_of_poses.column_names == [*COLUMNS, "keypoints", "facing", "features"]


def test_the_poses_of_no_fragment_are_a_table_too():
    table = cut(frames=10).with_poses()
    assert (table.num_rows, table.column_names) == (0, [*COLUMNS, "keypoints", "facing"])


def test_no_fragment_at_all_says_how_long_the_longest_passage_is(tmp_path):
    folder = store(tmp_path, a=make_video(19), b=make_video(3))
    path = write(folder / "2s.parquet", cut_fragments(open_frames(folder), seconds=2.0, settings=FragmentSettings()))
    with pytest.raises(DatabaseError, match=r"no fragment of 2 s: the longest kept passage is 0\.8 s in 2 videos"):
        read_database(path)


def test_a_fragment_of_less_than_two_frames_is_refused():
    with pytest.raises(DatabaseError, match=r"fragments of 0\.02 s have 0 frames"):
        cut(seconds=0.02)


def test_a_table_that_is_not_of_these_frames_is_refused(tmp_path):
    few, many = tmp_path / "few", tmp_path / "many"
    for folder in (few, many):
        folder.mkdir()
    few, many = store(few, a=make_video(60)), store(many, a=make_video(240), b=make_video(240, tune=1))
    path = write(few / "2s.parquet", cut_fragments(open_frames(many), seconds=2.0, settings=FragmentSettings()))
    with pytest.raises(DatabaseError, match=r"2s\.parquet has fragments beyond the 60 frames of its dances; run again"):
        read_database(path)
    assert len(read_database(path, many)) == 34
    other = tmp_path / "rich"
    other.mkdir()
    other = store(other, a=make_video(240, width=152))
    with pytest.raises(DatabaseError, match=r"feature_set is mfcc in .*2s\.parquet and rich in the frames beside it"):
        read_database(path, other)


def test_reading_errors_name_the_file_and_the_remedy(tmp_path):
    with pytest.raises(DatabaseError, match=r"a\.parquet: no such fragment table; run cut_fragments"):
        read_database(tmp_path / "a.parquet")
    (tmp_path / "b.parquet").write_text("no")
    with pytest.raises(DatabaseError, match=r"b\.parquet is not a fragment table .* delete it and run again"):
        read_database(tmp_path / "b.parquet")
    old = write(tmp_path / "old.parquet", cut())
    table = pq.read_table(old)
    about = table.schema.metadata[b"danceit"].replace(b'"version": 4', b'"version": 2')
    pq.write_table(table.replace_schema_metadata({b"danceit": about}), old)
    with pytest.raises(DatabaseError, match=r"old\.parquet is a fragment table of version 2, .* delete it"):
        read_database(old)
    # Earlier versions wrote a folder of tables where now there is one.
    (tmp_path / "2s").mkdir()
    old.rename(tmp_path / "2s" / "v.parquet")
    with pytest.raises(DatabaseError, match=r"2s is a fragment table of version 2, .* delete it and run again"):
        read_database(tmp_path / "2s")
    pq.write_table(table.drop_columns(["ground"]), tmp_path / "c.parquet")
    with pytest.raises(DatabaseError, match=r"c\.parquet is not a fragment table .*ground"):
        read_database(tmp_path / "c.parquet")


def test_the_way_the_dancer_faces_goes_with_the_fragments():
    pose, music = make_video(96)
    turning = np.linspace(0, 180, 96)
    pose.columns["world"] = body_in_space(turning).astype(np.float32)
    pose.columns["kept"][60:] = False
    dances = frames_in_memory({"v": (pose, music), "w": make_video(96)})
    read = cut_fragments(dances, seconds=1.0, settings=FragmentSettings(hop_s=0.5))
    of_v = read.table["video"].to_numpy() == "v"
    starts = read.table["start_frame"].to_numpy()[of_v]
    assert read.facing_of(of_v) == pytest.approx(turning[starts[:, None] + np.arange(24)], abs=4)
    assert np.isnan(read.facing_of(~of_v)).all()
    assert np.isnan(read.subset(~of_v).facing_of(np.arange(3))).all()
