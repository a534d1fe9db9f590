import dataclasses
import logging

import numpy as np
import pandas as pd
import pytest
from bodies import body_in_space, in_picture

from danceit_core.database.statistics import (
    check_dances,
    database_statistics,
    describe_total,
    draw_statistics,
    read_statistics,
    write_statistics,
)
from danceit_core.errors import DatabaseError
from danceit_core.music.table import Beats, MusicTable
from danceit_core.pose.table import PoseTable


def make_video(*, refused="", sha256="", silent=False, depth=False):
    world = body_in_space(np.repeat([0.0, 90.0, 180.0], [50, 40, 10]), energy=0.2)
    reason = np.where(np.arange(100) < 90, "", np.where(np.arange(100) < 97, "no_feet", "jump"))
    source = {"path": "a.mp4", "sha256": sha256}
    about = {"fps": 24.0, "width": 512, "height": 512, "refused": refused, "source": source}
    keypoints = in_picture(world, np.full((100, 2), 256.0))[: 0 if refused else 100]
    columns = {"kept": reason == "", "reason": reason} | ({"world": world} if depth else {})
    pose = PoseTable(keypoints, about, {name: values[: len(keypoints)] for name, values in columns.items()})
    music = MusicTable(
        features=np.zeros((100, 13), np.float32),
        loudness=np.full(100, -12.0, np.float32),
        beats=Beats(np.zeros(0), 0.0),
        fps=24.0,
        feature_set="mfcc",
        duration_s=100 / 24,
        silent=silent,
    )
    return pose, music


def test_statistics_count_hours_and_dropped_frames_and_skip_dropped_turns():
    table = database_statistics([("a", *make_video())])
    assert table["turns"].tolist() == [0]
    assert table["dropped_share"].tolist() == pytest.approx([0.1])
    assert table["hours"].tolist() == pytest.approx([100 / 24 / 3600])
    assert table["reasons"].tolist() == ["no_feet 7.0%, jump 3.0%"]
    assert np.isnan(table["tempo_bpm"][0])
    assert describe_total(table) == "videos: 1, 0.1 min, 10.0 % of frames dropped, bars known in 0"


@pytest.mark.parametrize(("depth", "by"), [(True, "depth"), (False, "shoulders")])
def test_statistics_tell_which_way_the_dancer_faces_and_how_that_is_known(depth, by):
    row = database_statistics([("a", *make_video(depth=depth))]).loc[0]
    assert row["facing_by"] == by
    assert row["facing_share"] == pytest.approx(50 / 90, abs=0.03)
    assert row["away_share"] == 0  # these frames are dropped
    assert row["turns_per_minute"] == 0
    table = make_video(depth=depth)[0]
    whole = PoseTable(table.keypoints, table.metadata, {k: v for k, v in table.columns.items() if k == "world"})
    row = database_statistics([("a", whole, make_video()[1])]).loc[0]
    assert row["turns"] == 1
    assert row["turns_per_minute"] == pytest.approx(60 / (100 / 24))
    assert row["away_share"] == pytest.approx(0.1, abs=0.03)


def test_a_camera_cut_is_no_turn():
    table = make_video(depth=True)[0]
    cut = {"world": table.columns["world"], "shot": np.repeat([0, 1], [90, 10]).astype(np.int32)}
    row = database_statistics([("a", PoseTable(table.keypoints, table.metadata, cut), make_video()[1])]).loc[0]
    assert row["turns"] == 0
    assert row["away_share"] == pytest.approx(0.1, abs=0.03)


def test_a_silent_dance_is_told():
    table = database_statistics([("a", *make_video()), ("b", *make_video(silent=True))])
    assert table["silent"].tolist() == [False, True]
    assert describe_total(table) == "videos: 2, 0.1 min, 10.0 % of frames dropped, 1 without sound, bars known in 0"


def test_the_bars_of_the_music_are_counted():
    pose, music = make_video()
    waltz = Beats(np.arange(8) / 2, 120.0, place=np.arange(8) % 3 + 1, meter=3)
    table = database_statistics([("a", pose, music), ("b", pose, dataclasses.replace(music, beats=waltz))])
    assert table[["meter", "bars"]].to_numpy().tolist() == [[0, 0], [3, 2]]
    assert describe_total(table).endswith(", bars known in 1")


def test_a_dance_left_out_is_listed_and_stops_only_a_strict_run(caplog):
    table = database_statistics([("good", *make_video()), ("bad", *make_video(refused="bad.mp4: no person in it"))])
    assert table["refused"].tolist() == ["", "bad.mp4: no person in it"]
    check_dances(table, strict=False)
    assert "left out: bad.mp4: no person in it" in caplog.text
    assert describe_total(table).endswith("1 left out")
    with pytest.raises(DatabaseError, match=r"1 of 2 dances cannot be used .*: bad\.mp4: no person in it"):
        check_dances(table, strict=True)
    with pytest.raises(DatabaseError, match=r"none of the 1 dances can be used: bad\.mp4"):
        check_dances(table[1:], strict=False)


def test_one_file_under_two_names_is_told(caplog):
    check_dances(database_statistics([(name, *make_video(sha256="ab")) for name in ("a", "b")]), strict=True)
    assert "a, b are the same file" in caplog.text
    caplog.clear()
    many = [(f"v{number:03d}", *make_video(sha256="ab")) for number in range(9)]
    check_dances(database_statistics(many), strict=True)
    assert "v000, v001, v002, v003, v004 and 4 more are the same file" in caplog.text


def test_one_song_to_most_of_the_dance_is_told(caplog):
    def table(*lengths, groups=None):
        videos = []
        for number, frames in enumerate(lengths):
            pose, music = make_video()
            pose.keypoints[0, 0, 0] = number
            features = np.full((frames, 13), number, np.float32)
            cut = {name: values[:frames] for name, values in pose.columns.items()}
            pose = PoseTable(pose.keypoints[:frames], pose.metadata, cut)
            music = MusicTable(features, music.loudness[:frames], music.beats, 24.0, "mfcc", frames / 24, silent=False)
            videos.append((f"v{number}", pose, music))
        return database_statistics(videos, groups=groups)

    # Two songs of two dances, or one dance: one is always the longer.
    for few in (table(100, 40), table(100), table(50, 50, 50)):
        check_dances(few, strict=False)
        assert not [record for record in caplog.records if record.levelno >= logging.WARNING]
    check_dances(table(100, 20, 30), strict=True)
    assert "67% of the dance with sound is to one song (v0; column `group` 'v0')" in caplog.text
    caplog.clear()
    shared = table(50, 50, 50, 50, groups={"v1": "polka", "v2": "polka", "v3": "polka"})
    assert shared["group"].tolist() == ["v0", "polka", "polka", "polka"]
    check_dances(shared, strict=False)
    assert "75% of the dance with sound is to one song (v1, v2, v3; column `group` 'polka')" in caplog.text
    assert "add dances to other songs" in caplog.text


def test_the_same_sound_under_two_names_is_one_group():
    videos = [("b", *make_video(sha256="1")), ("a", *make_video(sha256="2")), ("c", *make_video(silent=True))]
    assert database_statistics(videos)["group"].tolist() == ["a", "a", "c"]


def test_the_table_is_text_with_tabs(tmp_path):
    table = database_statistics([("a", *make_video())])
    write_statistics(tmp_path / "s.tsv", table)
    assert (tmp_path / "s.tsv").read_text().splitlines()[0].split("\t") == list(table.columns)
    pd.testing.assert_frame_equal(read_statistics(tmp_path / "s.tsv"), table, check_dtype=False, rtol=1e-3)


def test_histograms_are_drawn_even_of_nothing(tmp_path):
    full = pd.concat([database_statistics([("a", *make_video())])] * 3)
    full["turns"], full["tempo_bpm"] = [3, 400, 0], [120, np.nan, 300]
    draw_statistics(full, tmp_path / "full.png")
    draw_statistics(pd.concat([full] * 10), tmp_path / "many.png")
    draw_statistics(database_statistics([]), tmp_path / "empty.png")
    for name in ("full", "many", "empty"):
        assert (tmp_path / f"{name}.png").read_bytes()[:4] == b"\x89PNG"
