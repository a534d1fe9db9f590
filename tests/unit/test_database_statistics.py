import numpy as np
import pandas as pd
import pytest

from danceit_core.database.statistics import count_turns, database_statistics, draw_statistics
from danceit_core.music.beats import Beats
from danceit_core.music.table import MusicTable
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


def test_statistics_count_hours_and_dropped_frames_and_skip_dropped_turns():
    angles = np.concatenate([np.zeros(90), np.full(10, np.pi)])
    pose = PoseTable(spin(angles), {"fps": 24.0, "width": 512, "height": 512}, {"kept": np.arange(100) < 90})
    music = MusicTable(
        features=np.zeros((100, 13), np.float32),
        loudness=np.full(100, -12.0, np.float32),
        beats=Beats(np.zeros(0), 0.0),
        fps=24.0,
        feature_set="mfcc",
        duration_s=100 / 24,
        silent=False,
    )
    table = database_statistics({"a": (pose, music)})
    assert table["turns"].tolist() == [0]
    assert table["dropped_share"].tolist() == pytest.approx([0.1])
    assert table["hours"].tolist() == pytest.approx([100 / 24 / 3600])
    assert np.isnan(table["tempo_bpm"][0])


def test_histograms_are_drawn_even_of_nothing(tmp_path):
    full = pd.DataFrame(
        {"video": ["a", "b"], "frames": [10, 20], "hours": [1.0, 2.0], "dropped_share": [0, 0.5],
         "tempo_bpm": [120, np.nan], "turns": [3, 400]}
    )  # fmt: skip
    draw_statistics(full, tmp_path / "full.png")
    draw_statistics(database_statistics({}), tmp_path / "empty.png")
    for name in ("full", "empty"):
        assert (tmp_path / f"{name}.png").read_bytes()[:4] == b"\x89PNG"
