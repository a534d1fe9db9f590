"""Loading a target: the right frames with the right joints, at the right size."""

from dataclasses import replace

import numpy as np
import pytest
from toy_target import draw_toy, toy_poses, toy_room

from danceit_core.config import PoseGanSettings
from danceit_core.errors import ImaginationError, PoseError
from danceit_core.imagination.target import data
from danceit_core.imagination.target.data import fit_keypoints, load_target, read_target
from danceit_core.media.video import VideoWriter
from danceit_core.pose.table import write_pose_table

SIZE, FRAMES = 96, 40
POSES = toy_poses(FRAMES, size=SIZE)
PICTURES = [draw_toy(pose, toy_room(SIZE)) for pose in POSES]


@pytest.fixture
def store(tmp_path):
    path = tmp_path / "store.mp4"
    with VideoWriter(path, fps=24, size=(SIZE, SIZE), crf=4) as writer:
        for picture in PICTURES:
            writer.write(picture)
    return path


def load(store, poses=POSES, **changes):
    kept = changes.pop("kept", np.ones(len(poses), bool))
    options = {"size": (SIZE, SIZE), "fps": 24.0, "picture_size": SIZE, "holdout_share": 0.2, **changes}
    return load_target(store, poses, kept=kept, **options)


def test_kept_frames_come_with_their_own_joints(store):
    kept = np.arange(FRAMES) % 4 != 1
    target = load(store, kept=kept)
    assert target.training.sum() == 24
    assert not target.training[24:].any()
    numbers = np.flatnonzero(kept)
    assert target.after_another.tolist() == [n > 0 and bool(kept[n - 1]) for n in numbers]
    assert replace(target, follows=None).after_another.tolist() == [False] + 29 * [True]
    assert target.size == SIZE
    np.testing.assert_allclose(target.keypoints, POSES[kept])
    for picture, real in zip(target.pictures, (p for p, k in zip(PICTURES, kept, strict=True) if k), strict=True):
        assert np.abs(picture.astype(int) - real).mean() < 4


def test_another_size_scales_pictures_and_joints(store):
    target = load(store, picture_size=48)
    assert target.pictures.shape == (FRAMES, 48, 48, 3)
    np.testing.assert_allclose(target.keypoints[..., :2], POSES[..., :2] / 2, atol=1e-4)
    wide = fit_keypoints(POSES, size=(192, 96), picture_size=96)
    np.testing.assert_allclose(wide[..., 1], POSES[..., 1] / 2 + 24, atol=1e-4)


def test_absent_joints_stay_absent():
    poses = POSES.copy()
    poses[:, 4] = 0
    assert (fit_keypoints(poses, size=(192, 96), picture_size=96)[:, 4] == 0).all()


def test_many_frames_are_mapped_not_loaded(store, tmp_path, monkeypatch):
    monkeypatch.setattr(data, "IN_MEMORY_BYTES", 1000)
    target = load(store, scratch=tmp_path)
    assert isinstance(target.pictures, np.memmap)
    np.testing.assert_array_equal(target.pictures, load(store, scratch=tmp_path).pictures)
    assert [path.name for path in tmp_path.iterdir()] == ["store.mp4"]


def test_too_few_frames_and_a_foreign_table_are_refused(store):
    with pytest.raises(ImaginationError, match=r"store\.mp4: 5 of 40 frames show the person; at least 24"):
        load(store, kept=np.arange(FRAMES) < 5)
    with pytest.raises(ImaginationError, match=r"store\.mp4: 0 of 40 frames"):
        load(store, np.zeros_like(POSES))
    with pytest.raises(ImaginationError, match=r"fewer frames than its keypoint table \(40 of 80 kept"):
        load(store, np.concatenate([POSES, POSES]))


def test_a_cleaned_table_is_read_and_another_refused(store, tmp_path):
    table = tmp_path / "table.parquet"
    write_pose_table(table, POSES, fps=24, size=(SIZE, SIZE))
    settings = PoseGanSettings(picture_size=SIZE)
    with pytest.raises(PoseError, match=r"table\.parquet has no column 'kept'"):
        read_target(store, table, settings=settings)
    kept = np.arange(FRAMES) > 3
    write_pose_table(table, POSES, fps=24, size=(SIZE, SIZE), columns={"kept": kept})
    assert len(read_target(store, table, settings=settings).pictures) == FRAMES - 4
