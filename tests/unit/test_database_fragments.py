"""Cutting fragments, the split, and the files of the database."""

import subprocess
import sys

import numpy as np
import pandas as pd
import pyarrow.dataset
import pyarrow.parquet as pq
import pytest
from bodies import body_in_space

from danceit_core.config import FragmentSettings
from danceit_core.database.fragments import cut_fragments
from danceit_core.database.split import held_out, split_of
from danceit_core.database.table import read_database, write_fragments
from danceit_core.errors import DatabaseError
from danceit_core.music.table import Beats, MusicTable
from danceit_core.pose.measure import measure_body
from danceit_core.pose.passages import find_passages
from danceit_core.pose.table import PoseTable

FPS = 24.0


def make_video(frames, *, kept=None, shot=None, silent=False, sound_frames=None, width=13, fps=FPS, refused=""):
    """A table whose x coordinates and first feature count the frames."""
    keypoints = np.ones((frames, 25, 3), np.float32)
    keypoints[..., 0] = np.arange(frames)[:, None]
    columns = {"kept": np.ones(frames, bool) if kept is None else kept}
    if shot is not None:
        columns["shot"] = shot
    source = {"path": "dances/v.mp4", "sha256": "ab12"}
    pose = PoseTable(
        keypoints, {"fps": FPS, "width": 512, "height": 512, "source": source, "refused": refused}, columns
    )
    features = np.zeros((frames if sound_frames is None else sound_frames, width), np.float32)
    if not silent:
        features[:, 0] = np.arange(len(features))
    music = MusicTable(
        features=features,
        loudness=np.full(len(features), -60.0 if silent else -12.0, np.float32),
        beats=Beats(np.zeros(0), 101.0),
        fps=fps,
        feature_set="mfcc" if width == 13 else "rich",
        duration_s=len(features) / FPS,
        silent=silent,
    )
    return pose, music


def cut(video="v", frames=240, *, seconds=2.0, hop_s=0.0, **about):
    return cut_fragments(*make_video(frames, **about), video=video, seconds=seconds, settings=FragmentSettings(hop_s))


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
    ends = fragments.table.groupby("start_frame")["passage_end"].first()
    assert (ends[0], ends[61], ends[120]) == (60, 120, 200)


def test_fragments_hold_the_frames_and_the_sound_of_their_place():
    fragments = cut(frames=100, hop_s=0.5)
    np.testing.assert_array_equal(fragments.keypoints[3, :, 7, 0], np.arange(36, 84))
    np.testing.assert_array_equal(fragments.features[3, :, 0], np.arange(36, 84))


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


def test_body_is_that_of_a_standing_dancer_whatever_jumps_and_crouches_she_makes():
    keypoints = np.zeros((100, 25, 3), np.float32)
    keypoints[:, [0, 1, 8, 11, 14], 2] = 1
    keypoints[:, 0, 1], keypoints[:, 1, 1], keypoints[:, 8, 1] = 100, 150, 250
    keypoints[:, [11, 14], 1] = 400
    keypoints[10:20, :, 1] -= 60  # a jump: higher by 60
    keypoints[30:60, [0, 1], 1] += 80  # a crouch
    keypoints[70, 11, 1] = 2000  # a wrong detection
    body = measure_body(keypoints)
    assert (body.torso_px, body.height_px, body.ground_y) == (100, 300, 400)
    nobody = measure_body(np.zeros((3, 25, 3), np.float32))
    assert np.isnan([nobody.torso_px, nobody.height_px, nobody.ground_y, nobody.centre_x]).all()


def test_a_video_whose_fragments_show_no_head_gives_none_instead_of_an_error_later(caplog):
    pose, music = make_video(240, kept=np.arange(240) != 40)
    pose.keypoints[41:, 0] = 0  # the nose is seen before, where no fragment fits in
    about = {"video": "waltz", "seconds": 2.0, "settings": FragmentSettings(0.0)}
    assert len(cut_fragments(pose, music, **about).table) == 0
    assert "waltz gives no fragments: in none of them is the head seen together with a foot" in caplog.text
    pose.keypoints[200:, 0] = 1
    assert len(cut_fragments(pose, music, **about).table) == 4


NAMES = [f"video{number}" for number in range(400)]


def test_adding_videos_moves_no_other_and_the_share_is_kept():
    few = {name for name in NAMES[:100] if split_of(name, test_share=0.2) == "test"}
    assert held_out(NAMES[:100], share=0.2) == few
    assert held_out(reversed(NAMES), share=0.2) & set(NAMES[:100]) == few
    assert 0.15 < len(held_out(NAMES, share=0.2)) / len(NAMES) < 0.25


@pytest.mark.parametrize("count", [2, 3, 5])
@pytest.mark.parametrize("share", [1e-9, 0.2, 1.0])
def test_a_few_videos_have_one_on_each_side(count, share):
    assert 1 <= len(held_out(NAMES[:count], share=share)) <= count - 1


def test_one_video_or_no_share_is_trained_on():
    assert held_out(["a"], share=1.0) == held_out([], share=0.5) == held_out("abcdef", share=0.0) == set()


def store(folder, **videos):
    for name, fragments in videos.items():
        write_fragments(folder / f"{name}.parquet", fragments)
    return [folder / f"{name}.parquet" for name in videos]


def test_what_is_written_is_read(tmp_path):
    videos = {"a": cut("a"), "b": cut("b", frames=100), "quiet": cut("quiet", silent=True), "short": cut("short", 10)}
    database = read_database(store(tmp_path, **videos))
    assert database.keypoints.shape == (12, 48, 25, 3)
    assert database.features.shape == (12, 48, 13)
    np.testing.assert_array_equal(database.keypoints[1, :, 3, 0], np.arange(48, 96))
    np.testing.assert_array_equal(database.features[6, :, 0], np.arange(48, 96))
    split = database.table.groupby("video")["split"].unique()
    assert sorted(split[name][0] for name in "ab") == ["test", "train"]
    assert database.table["tempo_bpm"].unique().tolist() == [101.0]
    assert database.table["source_path"].unique().tolist() == ["dances/v.mp4"]
    assert database.table["source_sha256"].unique().tolist() == ["ab12"]
    subset = database.subset(database.table["video"].to_numpy() == "b")
    assert len(subset) == 2
    assert subset.table.index.tolist() == [0, 1]


def test_a_database_larger_than_memory_is_mapped_to_files_that_nobody_has_to_clean_up(tmp_path):
    paths, disk = store(tmp_path, a=cut("a"), b=cut("b", frames=100)), tmp_path / "disk"
    loaded, mapped = read_database(paths), read_database(paths, folder=disk)
    assert isinstance(mapped.keypoints, np.memmap)
    np.testing.assert_array_equal(mapped.keypoints, loaded.keypoints)
    np.testing.assert_array_equal(mapped.features, loaded.features)
    assert list(disk.iterdir()) == []


READERS = {
    "pandas": "import pandas; print(len(pandas.read_parquet('DIR', columns=['video', 'keypoints'])))",
    "polars": "import polars; print(polars.scan_parquet('DIR/*.parquet').collect().height)",
    "duckdb": "import duckdb; print(duckdb.sql(\"select count(*) from 'DIR/*.parquet'\").fetchall()[0][0])",
}


@pytest.mark.parametrize("reader", READERS)
def test_the_folder_is_one_table_for_other_readers(tmp_path, reader):
    store(tmp_path, a=cut("a"), short=cut("short", 10), b=cut("b"))
    code = READERS[reader].replace("DIR", str(tmp_path))
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "10"


def test_all_files_have_one_schema(tmp_path):
    full, empty = store(tmp_path, a=cut("a"), none=cut("none", 0))
    assert pq.read_schema(full).equals(pq.read_schema(empty))
    assert pyarrow.dataset.dataset(tmp_path).count_rows() == 5
    assert isinstance(pd.read_parquet(empty), pd.DataFrame)


def test_no_fragment_at_all_says_how_long_the_longest_passage_is(tmp_path):
    with pytest.raises(DatabaseError, match=r"no fragment of 2 s: the longest passage kept is 0\.8 s in 2 videos"):
        read_database(store(tmp_path, a=cut("a", 19), b=cut("b", 3)))
    with pytest.raises(DatabaseError, match="no video"):
        read_database([])


def test_videos_that_do_not_go_together_are_named(tmp_path):
    with pytest.raises(DatabaseError, match=r"feature_set is mfcc in .*a\.parquet and rich in .*b\.parquet"):
        read_database(store(tmp_path, a=cut("a"), b=cut("b", width=69)))
    with pytest.raises(DatabaseError, match="v: keypoints have 24 fps, music 30"):
        cut(fps=30.0)
    with pytest.raises(DatabaseError, match=r"fragments of 0\.02 s have 0 frames"):
        cut(seconds=0.02)


def test_reading_errors_name_the_file(tmp_path):
    with pytest.raises(DatabaseError, match=r"a\.parquet: no such fragment table"):
        read_database([tmp_path / "a.parquet"])
    (tmp_path / "b.parquet").write_text("no")
    with pytest.raises(DatabaseError, match=r"b\.parquet is not a fragment table"):
        read_database([tmp_path / "b.parquet"])
    (old,) = store(tmp_path, old=cut())
    table = pq.read_table(old)
    about = table.schema.metadata[b"danceit"].replace(b'"version": 2', b'"version": 1')
    pq.write_table(table.replace_schema_metadata({b"danceit": about}), old)
    with pytest.raises(DatabaseError, match=r"old\.parquet is a fragment table of version 1, .* delete it"):
        read_database([old])


def test_the_way_the_dancer_faces_goes_with_the_fragments(tmp_path):
    pose, music = make_video(96)
    turning = np.linspace(0, 180, 96)
    pose.columns["world"] = body_in_space(turning).astype(np.float32)
    pose.columns["kept"][60:] = False
    fragments = cut_fragments(pose, music, video="v", seconds=1.0, settings=FragmentSettings(hop_s=0.5))
    write_fragments(tmp_path / "v.parquet", fragments)
    write_fragments(
        tmp_path / "w.parquet", cut_fragments(*make_video(96), video="w", seconds=1.0, settings=FragmentSettings())
    )
    read = read_database([tmp_path / "v.parquet", tmp_path / "w.parquet"], folder=tmp_path)
    of_v = read.table["video"].to_numpy() == "v"
    starts = read.table["start_frame"].to_numpy()[of_v]
    assert read.facing[of_v] == pytest.approx(turning[starts[:, None] + np.arange(24)], abs=4)
    assert np.isnan(read.facing[~of_v]).all()
    assert np.isnan(read.subset(~of_v).facing).all()


def test_fragments_written_before_there_was_depth_are_read(tmp_path):
    write_fragments(
        tmp_path / "v.parquet", cut_fragments(*make_video(48), video="v", seconds=1.0, settings=FragmentSettings())
    )
    old = pq.read_table(tmp_path / "v.parquet").drop_columns(["facing"])
    pq.write_table(old, tmp_path / "v.parquet")
    read = read_database([tmp_path / "v.parquet"])
    assert read.facing.shape == (len(read), 24)
    assert np.isnan(read.facing).all()
