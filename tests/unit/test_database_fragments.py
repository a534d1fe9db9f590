import dataclasses

import numpy as np
import pytest

from danceit_core.config import FragmentSettings
from danceit_core.database.fragments import (
    build_database,
    cut_fragments,
    kept_runs,
    measure_body,
    read_database,
    split_videos,
)
from danceit_core.errors import DatabaseError
from danceit_core.music.beats import Beats
from danceit_core.music.table import MusicTable
from danceit_core.pose.table import PoseTable

FPS = 24.0


def make_video(frames, *, kept=None, silent=False, sound_frames=None, width=13, fps=FPS):
    """A table whose x coordinates and first feature count the frames."""
    keypoints = np.ones((frames, 25, 3), np.float32)
    keypoints[..., 0] = np.arange(frames)[:, None]
    kept = np.ones(frames, bool) if kept is None else kept
    pose = PoseTable(keypoints, {"fps": FPS, "width": 512, "height": 512}, {"kept": kept})
    features = np.zeros((frames if sound_frames is None else sound_frames, width), np.float32)
    if not silent:
        features[:, 0] = np.arange(len(features))
    feature_set = "mfcc" if width == 13 else "rich"
    music = MusicTable(
        features=features,
        loudness=np.full(len(features), -60.0 if silent else -12.0, np.float32),
        beats=Beats(np.zeros(0), 101.0),
        fps=fps,
        feature_set=feature_set,
        duration_s=len(features) / FPS,
        silent=silent,
    )
    return pose, music


def cut(video="v", frames=240, *, seconds=2.0, hop_s=0.0, **about):
    return cut_fragments(*make_video(frames, **about), video=video, seconds=seconds, settings=FragmentSettings(hop_s))


def test_windows_do_not_overlap_where_hop_is_zero():
    table = cut(frames=240)
    assert table["start_frame"].tolist() == [0, 48, 96, 144, 192]
    assert table["fragment_id"].tolist() == ["v:0", "v:48", "v:96", "v:144", "v:192"]


def test_windows_overlap_at_the_hop():
    assert cut(frames=97, hop_s=1.0)["start_frame"].tolist() == [0, 24, 48]


def test_no_window_spans_a_cut():
    kept = np.ones(240, bool)
    kept[[60, 200]] = False
    starts = cut(kept=kept, hop_s=1 / 24)["start_frame"].to_numpy()
    assert set(starts) == set(range(13)) | set(range(61, 153))


def test_fragments_hold_the_frames_and_the_sound_of_their_place():
    row = cut(frames=100, hop_s=0.5).iloc[3]
    keypoints, features = row["keypoints"].reshape(48, 25, 3), row["features"].reshape(48, 13)
    np.testing.assert_array_equal(keypoints[:, 7, 0], np.arange(36, 84))
    np.testing.assert_array_equal(features[:, 0], np.arange(36, 84))


def test_no_fragment_where_the_sound_has_ended_unless_the_video_is_silent():
    assert cut(frames=240, sound_frames=100)["start_frame"].tolist() == [0, 48]
    silent = cut(frames=240, sound_frames=0, silent=True)
    assert len(silent) == 5
    assert not silent["has_sound"].any()


def test_too_short_gives_no_row_and_exactly_long_enough_one():
    assert len(cut(frames=47)) == 0
    assert len(cut(frames=0)) == 0
    assert len(cut(frames=48)) == 1


@pytest.mark.parametrize(
    ("kept", "runs"), [([], []), ([0], []), ([1], [(0, 1)]), ([1, 0, 1, 1], [(0, 1), (2, 4)]), ([0, 1, 0], [(1, 2)])]
)
def test_kept_runs(kept, runs):
    assert kept_runs(np.array(kept, bool)) == runs


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


def test_body_of_nobody_is_nan():
    assert np.isnan(dataclasses.astuple(measure_body(np.zeros((3, 25, 3), np.float32)))).all()


def test_split_depends_on_the_names_alone_and_keeps_its_share():
    names = [f"video{i}" for i in range(50)]
    split = split_videos(names, test_share=0.2)
    assert split == split_videos(reversed(names), test_share=0.2)
    assert list(split.values()).count("test") == 10


@pytest.mark.parametrize(("count", "tested"), [(0, 0), (1, 0), (2, 1), (3, 1), (4, 1), (5, 1), (10, 2)])
def test_small_sets_have_a_test_video_and_a_training_video(count, tested):
    split = split_videos([f"v{i}" for i in range(count)], test_share=0.2)
    assert list(split.values()).count("test") == tested
    assert len(split) == count


def test_everything_is_trained_on_where_the_share_is_zero():
    assert set(split_videos("abcdef", test_share=0.0).values()) == {"train"}


def test_what_is_built_is_read(tmp_path):
    rows = [cut("a"), cut("b", frames=100), cut("quiet", silent=True), cut("short", frames=10)]
    build_database(rows, tmp_path / "2s.parquet", settings=FragmentSettings())
    database = read_database(tmp_path / "2s.parquet")
    assert database.keypoints.shape == (12, 48, 25, 3)
    assert database.features.shape == (12, 48, 13)
    assert database.metadata == {"fps": 24.0, "seconds": 2.0, "feature_set": "mfcc", "width": 512, "height": 512}
    np.testing.assert_array_equal(database.keypoints[1, :, 3, 0], np.arange(48, 96))
    np.testing.assert_array_equal(database.features[6, :, 0], np.arange(48, 96))
    split = database.table.groupby("video")["split"].unique()
    assert all(len(parts) == 1 for parts in split)
    assert sorted(split[name][0] for name in "ab") == ["test", "train"]
    assert split["quiet"][0] == "train"
    assert database.table["tempo_bpm"].unique().tolist() == [101.0]
    subset = database.subset(database.table["video"].to_numpy() == "b")
    assert len(subset) == 2
    assert subset.table.index.tolist() == [0, 1]


def test_no_fragment_at_all_says_how_long_the_longest_run_is(tmp_path):
    with pytest.raises(DatabaseError, match=r"no fragment of 2 s: the longest kept run is 0\.8 s in 2 videos"):
        build_database([cut("a", 19), cut("b", 3)], tmp_path / "2s.parquet", settings=FragmentSettings())
    with pytest.raises(DatabaseError, match="no video at all"):
        build_database([], tmp_path / "2s.parquet", settings=FragmentSettings())
    assert not list(tmp_path.iterdir())


def test_videos_that_do_not_go_together_are_named(tmp_path):
    with pytest.raises(DatabaseError, match="feature_set is mfcc in a and rich in b"):
        build_database([cut("a"), cut("b", width=69)], tmp_path / "x", settings=FragmentSettings())
    with pytest.raises(DatabaseError, match="'a' is listed twice"):
        build_database([cut("a"), cut("a")], tmp_path / "x", settings=FragmentSettings())
    with pytest.raises(DatabaseError, match="v: keypoints have 24 fps, music 30"):
        cut(fps=30.0)
    with pytest.raises(DatabaseError, match=r"fragments of 0\.02 s have 0 frames"):
        cut(seconds=0.02)


def test_reading_errors_name_the_file(tmp_path):
    with pytest.raises(DatabaseError, match=r"a\.parquet: no such fragment database"):
        read_database(tmp_path / "a.parquet")
    (tmp_path / "b.parquet").write_text("no")
    with pytest.raises(DatabaseError, match=r"b\.parquet is not a fragment database"):
        read_database(tmp_path / "b.parquet")
