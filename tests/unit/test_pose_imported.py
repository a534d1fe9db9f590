"""Given keypoints at another rate and in another picture; files that cannot serve are refused or an error."""

import numpy as np
import pytest
from dancers import sine_dancer

from danceit_core.errors import PoseError
from danceit_core.pose.estimate import Detection
from danceit_core.pose.imported import checksum, fit_to_frame_store, import_keypoints, resample
from danceit_core.pose.openpose import write_openpose_zip

EMPTY_ROW = {"fps": "", "width": "", "height": "", "camera": ""}


def moving(frames: int, step: float) -> np.ndarray:
    keypoints = np.ones((frames, 25, 3), np.float32)
    keypoints[..., 0] = np.arange(frames)[:, None] * step
    return keypoints


def test_resampling_by_time_keeps_the_speed():
    at_24 = resample(moving(60, 1.0), source_fps=60, fps=24)
    assert len(at_24) == 24
    np.testing.assert_allclose(np.diff(at_24[:, 0, 0]), 60 / 24, atol=1e-5)


def test_an_absent_joint_is_never_mixed_with_the_origin():
    keypoints = moving(10, 1.0)
    keypoints[4, 7] = 0
    out = resample(keypoints, source_fps=24, fps=48)
    absent = out[:, 7, 2] == 0
    assert absent.tolist() == [frame in (7, 8, 9) for frame in range(20)]
    assert (out[absent, 7] == 0).all()


def test_the_picture_is_letterboxed():
    keypoints = np.ones((1, 25, 3), np.float32) * [200, 100, 1]
    keypoints[0, 3] = 0
    given = Detection(keypoints.astype(np.float32), None)
    out = fit_to_frame_store(given, source_fps=24, source_size=(200, 100), fps=24, size=100)
    np.testing.assert_allclose(out.keypoints[0, 0], [100, 75, 1], atol=0.6)
    assert (out.keypoints[0, 3] == 0).all()
    assert out.people is None


def test_nothing_given_nothing_back():
    given = Detection(np.zeros((0, 25, 3), np.float32), np.zeros(0, np.int16))
    out = fit_to_frame_store(given, source_fps=60, source_size=(64, 64), fps=24, size=64)
    assert out.keypoints.shape == (0, 25, 3)
    assert len(out.people) == 0


def test_the_number_of_persons_is_that_of_the_nearest_frame():
    given = Detection(moving(10, 1.0), np.array([1] * 4 + [2] * 6, np.int16))
    out = fit_to_frame_store(given, source_fps=60, source_size=(64, 64), fps=24, size=64)
    assert out.people.tolist() == [1, 1, 2, 2]


def test_a_table_of_given_keypoints(tmp_path):
    write_openpose_zip(tmp_path / "waltz.zip", sine_dancer(48, place=(100, 95), scale=0.25), name="waltz")
    row = {"fps": "48", "width": "200", "height": "100", "camera": ""}
    table = import_keypoints(tmp_path / "waltz.zip", row=row, fps=24, size=100, tolerant=False)
    assert len(table) == 24
    assert table.columns["people"].tolist() == [1] * 24
    about = table.metadata
    assert (about["refused"], about["cuts"], about["letterbox"]) == ("", [], [0.5, 0, 25])
    assert about["source"] == {"path": str(tmp_path / "waltz.zip"), "sha256": checksum(tmp_path / "waltz.zip")}


def test_a_dance_that_cannot_be_read_is_refused_and_a_target_is_an_error(tmp_path):
    (tmp_path / "bad.zip").write_bytes(b"nothing")
    np.savez(tmp_path / "empty.npz", keypoints=np.zeros((30, 25, 3)))
    for name, reason in (("bad.zip", "is not a readable zip file"), ("empty.npz", "no person in it: found in 0 of 30")):
        table = import_keypoints(tmp_path / name, row=EMPTY_ROW, fps=24, size=64, tolerant=True)
        assert len(table) == 0
        assert reason in table.metadata["refused"]
        assert "\n" not in table.metadata["refused"]
        with pytest.raises(PoseError, match=reason):
            import_keypoints(tmp_path / name, row=EMPTY_ROW, fps=24, size=64, tolerant=False)


def test_checksum_of_a_folder_depends_on_names_and_contents(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "1.json").write_text("x")
    first = checksum(tmp_path / "a")
    (tmp_path / "a" / "1.json").rename(tmp_path / "a" / "2.json")
    second = checksum(tmp_path / "a")
    (tmp_path / "a" / "2.json").write_text("y")
    assert len({first, second, checksum(tmp_path / "a")}) == 3
    assert checksum(tmp_path / "none") == ""
