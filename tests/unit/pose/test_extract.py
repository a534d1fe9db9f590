"""The keypoint table of a video: what is known of the source goes on, and a dance without a person is refused."""

import numpy as np
import pytest
from puppet import draw_puppet, puppet_keypoints
from source_reports import report

from danceit_core.config import PoseSettings
from danceit_core.errors import PoseError
from danceit_core.imagination.check.measure import black_bars
from danceit_core.media.shots import Placement
from danceit_core.media.video import VideoWriter
from danceit_core.pose.extract import column_px, doubt_outside, extract_keypoints, margins
from danceit_core.pose.table import read_pose_table, write_pose_table


def write_store(path, *, somebody):
    with VideoWriter(path, fps=24, size=(192, 192), crf=14, gop=12) as writer:
        for k in range(12):
            empty = np.full((192, 192, 3), 205, np.uint8)
            writer.write(draw_puppet(puppet_keypoints(k / 24, size=192), size=192) if somebody else empty)
    return path


def extract(frames_path, weights, *, about, tolerant):
    return extract_keypoints(
        frames_path, report=about, settings=PoseSettings(), weights=weights, is_target=not tolerant
    )


def test_what_is_known_goes_on(pose_weights, tmp_path):
    store = write_store(tmp_path / "frames.mp4", somebody=True)
    table = extract(store, pose_weights, about=report(), tolerant=True)
    assert len(table) == 12
    assert table.columns["people"].tolist() == [1] * 12
    assert table.metadata == {
        "fps": 24, "width": 192, "height": 192, "refused": "", "cuts": [5], "letterbox": [0.3, 0.0, 24.0],
        "margins": [[0, 0, 24]], "source": {"path": "dances/waltz.mov", "sha256": "0" * 64},
    }  # fmt: skip


def test_nobody_in_view(pose_weights, tmp_path):
    store = write_store(tmp_path / "frames.mp4", somebody=False)
    table = extract(store, pose_weights, about=report(), tolerant=True)
    assert len(table) == 0
    assert table.columns == {}
    assert table.metadata["refused"].startswith("dances/waltz.mov: no person in it: found in 0 of 12 frames")
    assert table.metadata["cuts"] == [5]
    with pytest.raises(PoseError, match="no person in it"):
        extract(store, pose_weights, about=report(), tolerant=False)


def test_a_video_that_was_refused_before(pose_weights, tmp_path):
    store = write_store(tmp_path / "frames.mp4", somebody=True)
    table = extract(store, pose_weights, about=report(refused="waltz.mov is truncated"), tolerant=True)
    assert len(table) == 0
    assert table.metadata["refused"] == "waltz.mov is truncated"


def test_a_joint_outside_of_the_picture_is_a_guess():
    # 640 x 480 at scale 0.3 fills x 0..192, y 24..168 of the frame.
    keypoints = np.zeros((2, 25, 3), np.float32)
    keypoints[0, :6] = [(5, 30, 0.9), (-1, 30, 0.9), (193, 30, 0.9), (5, 23, 0.9), (5, 169, 0.9), (5, 169, 0.005)]
    doubted = doubt_outside(keypoints, report())
    np.testing.assert_allclose(doubted[0, :6, 2], [0.9, 0.01, 0.01, 0.01, 0.01, 0.005])
    np.testing.assert_array_equal(doubted[..., :2], keypoints[..., :2])
    assert doubted[1].max() == 0  # an absent joint stays absent


def test_a_picture_that_is_turned_on_the_way_is_looked_at_part_by_part(pose_weights, tmp_path):
    # 640 x 480 fills y 24..168 of the frame, and upright x 24..168.
    places = Placement(0, 640, 480, (0.3, 0.0, 24.0)), Placement(6, 480, 640, (0.3, 24.0, 0.0))
    about = report(geometries=places, cuts=(6,))
    keypoints = np.zeros((12, 25, 3), np.float32)
    keypoints[:, 0], keypoints[:, 1] = (96, 180, 0.9), (10, 96, 0.9)
    doubted = doubt_outside(keypoints, about)[..., 2]
    np.testing.assert_allclose(doubted[:6, :2], [(0.01, 0.9)] * 6)
    np.testing.assert_allclose(doubted[6:, :2], [(0.9, 0.01)] * 6)
    store = write_store(tmp_path / "frames.mp4", somebody=True)
    table = extract(store, pose_weights, about=about, tolerant=True)
    assert table.metadata["letterbox"] == [0.3, 0.0, 24.0]
    assert table.metadata["letterboxes"] == [[0, 0.3, 0.0, 24.0], [6, 0.3, 24.0, 0.0]]


def test_a_part_of_the_picture(pose_weights, tmp_path):
    # Of 640 x 480 the part from (160, 120), 320 x 240, fills a frame of 192 x 144; in a square there are bars.
    wide = Placement(0, 640, 480, (0.6, -96.0, -72.0), (160, 120, 320, 240))
    square = Placement(0, 640, 480, (0.6, -96.0, -48.0), (160, 120, 320, 240))
    assert (margins(wide), margins(square)) == ((0, 0), (0, 24))
    about = report(geometries=(square,), letterbox=square.letterbox, crop=square.crop, cuts=())
    # A place of column x is one of the whole picture, wherever the part lies.
    assert [column_px(x, about) for x in (0.0, 0.25, 0.5, 1.0)] == pytest.approx([-96, 0, 96, 288])
    keypoints = np.zeros((12, 25, 3), np.float32)
    keypoints[:, 0], keypoints[:, 1], keypoints[:, 2] = (96, 30, 0.9), (96, 20, 0.9), (-3, 90, 0.9)
    np.testing.assert_allclose(doubt_outside(keypoints, about)[0, :3, 2], (0.9, 0.01, 0.01))
    table = extract(write_store(tmp_path / "frames.mp4", somebody=True), pose_weights, about=about, tolerant=True)
    assert table.metadata["letterbox"] == [0.6, -96.0, -48.0]
    assert table.metadata["margins"] == [[0, 0, 24]]


def test_places_outside_of_the_frame_are_read_again(tmp_path):
    about = {"letterboxes": [[0, 0.6, -96.0, -48.0], [5, 0.3, 0, 0]], "margins": [[0, 0, 24], [5, 0, 0]]}
    write_pose_table(tmp_path / "t.parquet", np.zeros((9, 25, 3)), fps=24, size=(192, 192), metadata=about)
    table = read_pose_table(tmp_path / "t.parquet")
    assert {key: table.metadata[key] for key in about} == about
    assert black_bars(table)[[0, 4, 5]].tolist() == [[0, 24], [0, 24], [0, 0]]
    for name, places in (("margins", [[0, 0, -1]]), ("margins", [[0, 0]]), ("letterboxes", [[-1, 1, 0, 0]])):
        write_pose_table(tmp_path / "t.parquet", np.zeros((9, 25, 3)), fps=24, size=(192, 192), metadata={name: places})
        with pytest.raises(PoseError, match=f"{name} holds"):
            read_pose_table(tmp_path / "t.parquet")
