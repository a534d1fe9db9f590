import numpy as np
import pandas as pd
import pytest

from danceit_core.database.statistics import (
    check_dances,
    count_turns,
    database_statistics,
    describe_total,
    draw_statistics,
    read_statistics,
    write_statistics,
)
from danceit_core.errors import DatabaseError
from danceit_core.music.table import Beats, MusicTable
from danceit_core.pose.table import PoseTable


def spin(angles, *, eyes="seen"):
    """A dancer turned by each angle (radians, 0 facing the camera) on the spot; torso 100 px, shoulders 80 px apart."""
    keypoints = np.zeros((len(angles), 25, 3), np.float32)
    keypoints[:, 1], keypoints[:, 8] = (256, 200, 1), (256, 300, 1)
    for left, right, half, y in ((5, 2, 40, 205), (16, 15, 8, 150)):
        for joint, side in ((left, 1), (right, -1)):
            keypoints[:, joint, 0] = 256 + side * half * np.cos(angles)
            keypoints[:, joint, 1:] = y, 1
    away = np.cos(angles) < 0
    if eyes == "hidden behind":  # OpenPose: no eyes from behind
        keypoints[np.ix_(away, [15, 16])] = 0
    elif eyes == "never":
        keypoints[:, [15, 16]] = 0
    elif eyes == "always front":
        keypoints[:, 16, 0], keypoints[:, 15, 0] = 264, 248
    return keypoints


@pytest.mark.parametrize("eyes", ["seen", "hidden behind", "never"])
@pytest.mark.parametrize("spins", [0, 1, 3])
def test_a_spin_is_two_turns(spins, eyes):
    angles = np.linspace(0, 2 * np.pi * spins, 40 * spins + 20)
    assert count_turns(spin(angles, eyes=eyes)) == 2 * spins


def test_swaying_in_profile_is_no_turn():
    angles = np.pi / 2 + 0.15 * np.sin(np.linspace(0, 60, 400))
    assert count_turns(spin(angles)) == 0


def test_a_face_that_stays_in_front_contradicts_swapped_shoulders():
    assert count_turns(spin(np.linspace(0, 4 * np.pi, 100), eyes="always front")) == 0


def test_nobody_and_single_frames_do_not_turn():
    assert count_turns(np.zeros((0, 25, 3), np.float32)) == 0
    assert count_turns(np.zeros((5, 25, 3), np.float32)) == 0
    assert count_turns(spin(np.array([np.pi]))) == 0


def make_video(*, refused="", sha256="", silent=False):
    angles = np.concatenate([np.zeros(90), np.full(10, np.pi)])
    reason = np.where(np.arange(100) < 90, "", np.where(np.arange(100) < 97, "no_feet", "jump"))
    source = {"path": "a.mp4", "sha256": sha256}
    about = {"fps": 24.0, "width": 512, "height": 512, "refused": refused, "source": source}
    keypoints = spin(angles)[: 0 if refused else 100]
    columns = {"kept": reason == "", "reason": reason}
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
    assert describe_total(table) == "videos: 1, 0.1 min, 10.0 % of frames dropped"


def test_a_silent_dance_is_told():
    table = database_statistics([("a", *make_video()), ("b", *make_video(silent=True))])
    assert table["silent"].tolist() == [False, True]
    assert describe_total(table) == "videos: 2, 0.1 min, 10.0 % of frames dropped, 1 without sound"


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
