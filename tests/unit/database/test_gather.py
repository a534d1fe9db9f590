"""The frames of all videos put together in files, and what damage does to them."""

import json

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from measured_videos import group_of_two, make_video, store, write_video

from danceit_core.database.frames import ARRAYS, COLUMNS, MOVES, frame_paths, open_frames
from danceit_core.database.gather import frames_in_memory, gather_frames
from danceit_core.errors import DatabaseError


def dances():
    return {
        "waltz": make_video(100),
        "pair": group_of_two(),
        "quiet": make_video(30, silent=True, sound_frames=0),
        "refused": make_video(20, refused="too dark"),
        "empty": make_video(0, refused="no person in it"),
    }


def test_every_frame_lies_there_once_in_the_order_of_the_table(tmp_path):
    videos = dances()
    frames = open_frames(store(tmp_path, **videos), verify=True)
    table = frames.dances
    assert list(table.columns) == list(COLUMNS)
    assert table["dance"].tolist() == ["waltz", "pair.0", "pair.1", "quiet", "refused", "empty"]
    assert table["rows"].tolist() == [100, 60, 40, 30, 20, 0]
    assert table["first_row"].tolist() == [0, 100, 160, 200, 230, 250]
    assert table["first_frame"].tolist() == [0, 0, 20, 0, 0, 0]
    assert table["refused"].tolist() == ["", "", "", "", "too dark", "no person in it"]
    assert table["has_sound"].tolist() == [True, True, True, False, True, True]
    assert frames.metadata == {"fps": 24.0, "feature_set": "mfcc"}
    assert (len(frames), frames.moves.shape, frames.world.dtype) == (250, (250, len(MOVES)), np.float16)
    for name in ("waltz", "quiet"):
        np.testing.assert_array_equal(frames.keypoints[frames.rows_of(name)], videos[name][0].keypoints)
    pose, music = videos["pair"]
    np.testing.assert_array_equal(frames.keypoints[100:200], pose.keypoints)
    np.testing.assert_array_equal(frames.world[100:200], pose.columns["world"].astype(np.float16))
    np.testing.assert_array_equal(frames.features[frames.rows_of("pair.1")], music.features[20:60])
    assert np.isnan(frames.world[:100]).all()
    assert not frames.features[frames.rows_of("quiet")].any()
    assert (frames.passage[frames.rows_of("refused")] == -1).all()
    with pytest.raises(DatabaseError, match="dance 'tango' is not in the database; run gather_frames again"):
        frames.rows_of("tango")


def test_files_and_memory_hold_the_same(tmp_path):
    videos = dances()
    written, kept = open_frames(store(tmp_path, **videos)), frames_in_memory(videos)
    for name in ARRAYS:
        np.testing.assert_array_equal(getattr(written, name), getattr(kept, name))
        assert isinstance(getattr(written, name), np.memmap)
    assert written.dances.equals(kept.dances.astype(written.dances.dtypes))
    assert written.metadata == kept.metadata


def test_without_joints_in_space_there_is_no_world(tmp_path):
    folder = store(tmp_path, a=make_video(30))
    assert open_frames(folder, verify=True).world is None
    assert frames_in_memory({"a": make_video(30)}).world is None


def test_videos_of_which_none_can_be_used_are_gathered_all_the_same(tmp_path):
    folder = store(tmp_path, a=make_video(0, refused="no person"), b=make_video(0, refused="too dark"))
    frames = open_frames(folder, verify=True)
    assert len(frames) == 0
    assert frames.dances["refused"].tolist() == ["no person", "too dark"]


def test_one_video_more_writes_its_own_measurements_and_the_frames_alone(tmp_path):
    videos = {"a": make_video(60), "b": make_video(60, tune=1)}
    folder = store(tmp_path, **videos)
    tables = {path: path.stat().st_mtime_ns for path in (tmp_path / "tables").iterdir()}
    paths = {name: [tmp_path / "tables" / f"{v}.{name}.parquet" for v in "abc"] for name in ("cleaned", "music")}
    measured = [tmp_path / "tables" / f"{v}.measured.parquet" for v in "abc"]
    write_video(tmp_path / "tables", "c", *make_video(30, tune=2))
    before = open_frames(folder).dances.set_index("dance")["split"]
    gather_frames(folder, videos=list("abc"), **paths, measured=measured, test_share=0.2)
    assert {path: path.stat().st_mtime_ns for path in tables} == tables
    assert {path.name for path in folder.iterdir()} == {path.name for path in frame_paths(folder).values()}
    after = open_frames(folder, verify=True)
    assert len(after) == 150
    assert len(before) == 2
    assert after.dances["split"].isin(["train", "test"]).all()


def test_the_same_sound_under_two_names_is_one_group_and_is_not_split(tmp_path):
    videos = {f"v{n}": make_video(40 + n, sound_frames=60, tune=n // 2) for n in range(8)}
    table = open_frames(store(tmp_path, test_share=0.5, groups={"v7": "polka"}, **videos)).dances
    assert table["group"].tolist() == ["v0", "v0", "v2", "v2", "v4", "v4", "polka", "polka"]
    assert (table.groupby("group")["split"].nunique() == 1).all()
    assert set(table["split"]) == {"train", "test"}


def test_videos_that_do_not_go_together_are_named(tmp_path):
    with pytest.raises(DatabaseError, match=r"feature_set is mfcc in .*a\.measured\.parquet and rich in .*b\.measured"):
        store(tmp_path, a=make_video(48), b=make_video(48, width=152))
    with pytest.raises(
        DatabaseError, match="a fragment database needs at least one video; list one in the videos table"
    ):
        store(tmp_path)
    paths = write_video(tmp_path, "c", *make_video(48))
    lists = {name: [path] for name, path in paths.items()}
    with pytest.raises(DatabaseError, match=r"c\.measured\.parquet belongs to video c, not d; delete it and run again"):
        gather_frames(tmp_path / "out", videos=["d"], **lists, test_share=0.2)
    other = write_video(tmp_path, "e", *make_video(50))
    with pytest.raises(DatabaseError, match=r"e\.cleaned\.parquet has 50 frames, but 48 were measured; run measure"):
        gather_frames(tmp_path / "out", videos=["c"], **{**lists, "cleaned": [other["cleaned"]]}, test_share=0.2)
    assert not list((tmp_path / "out").iterdir())  # nothing half written is left


@pytest.fixture
def folder(tmp_path):
    return store(tmp_path, pair=group_of_two(), waltz=make_video(60))


@pytest.mark.parametrize("name", ARRAYS)
def test_a_truncated_array_is_told_in_one_line(folder, name):
    path = frame_paths(folder)[name]
    path.write_bytes(path.read_bytes()[:-7])
    refusal = rf"{name}\.npy is damaged or belongs to other dances \(.*\); delete its folder and run again"
    with pytest.raises(DatabaseError, match=refusal) as told:
        open_frames(folder)
    assert "\n" not in str(told.value)
    for other in (b"", b"a letter", b"\x93NUMPY\x01\0\x04\0{(\n\n"):
        path.write_bytes(other)
        with pytest.raises(DatabaseError, match=refusal):
            open_frames(folder)
    path.unlink()
    with pytest.raises(DatabaseError, match=rf"{name}\.npy: no such file of frames; run gather_frames"):
        open_frames(folder)


@pytest.mark.parametrize("name", ARRAYS)
def test_a_bit_that_was_lost_is_found_where_checksums_are_compared(folder, name):
    path = frame_paths(folder)[name]
    data = bytearray(path.read_bytes())
    data[-3] ^= 16
    path.write_bytes(data)
    open_frames(folder)
    with pytest.raises(DatabaseError, match=rf"{name}\.npy is damaged .*its checksum is wrong\); delete"):
        open_frames(folder, verify=True)


def test_arrays_of_another_run_are_refused(folder, tmp_path):
    (tmp_path / "other").mkdir()
    other = store(tmp_path / "other", pair=group_of_two(), waltz=make_video(61))
    for name in ARRAYS:
        path = frame_paths(folder)[name]
        data = path.read_bytes()
        path.write_bytes(frame_paths(other)[name].read_bytes())
        with pytest.raises(DatabaseError, match=rf"{name}\.npy is .*of shape \(161.*\), not .* of \(160"):
            open_frames(folder)
        path.write_bytes(data)
    open_frames(folder, verify=True)


def test_another_version_or_kind_of_table_is_refused(folder):
    path = frame_paths(folder)["dances"]
    table = pq.read_table(path)
    about = json.loads(table.schema.metadata[b"danceit"])

    def spoil(**changed):
        pq.write_table(table.replace_schema_metadata({b"danceit": json.dumps(about | changed)}), path)

    spoil(version=5)
    with pytest.raises(DatabaseError, match=r"dances\.parquet has version 5, but this DanceIt reads 4; delete its"):
        open_frames(folder)
    for changed in ({"fps": 0}, {"arrays": {}}, {"feature_set": 3, "fps": "x"}):
        spoil(**changed)
        with pytest.raises(DatabaseError, match=r"dances\.parquet is not a table of dances"):
            open_frames(folder)
    wrong = pa.array([[0.5, 0.2]] * len(table), pa.list_(pa.float64()))
    pq.write_table(table.set_column(table.column_names.index("beats_s"), "beats_s", wrong), path)
    with pytest.raises(DatabaseError, match=r"dances\.parquet is not a table of dances \(its beats are not increasing"):
        open_frames(folder)
    pq.write_table(table.slice(0, 1), path)
    with pytest.raises(DatabaseError, match=r"its dances have 60 frames, not 160 consecutive ones"):
        open_frames(folder)
    path.unlink()
    with pytest.raises(DatabaseError, match=r"dances\.parquet: no such file of frames; run gather_frames"):
        open_frames(folder)
