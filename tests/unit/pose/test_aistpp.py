"""Annotations in the layout of AIST++, made here: views, points in space, cameras; pickles that may not run code."""

import json
import pickle
import subprocess
import sys

import cv2
import numpy as np
import pytest
from aistpp_files import CAMERA, NAME, PERSON
from media_files import write_file

from danceit_core.errors import ConfigError, MediaError, PoseError
from danceit_core.pose import aistpp
from danceit_core.pose.aistpp import coco_to_body25, list_dances, read_aistpp
from danceit_core.pose.imported import import_keypoints
from danceit_core.pose.plain_pickle import read_arrays
from danceit_core.pose.skeleton import present

OTHER = "gBR_sFM_cAll_d04_mBR2_ch01"
FRAMES = 60


@pytest.fixture
def annotations(tmp_path):
    """A person who steps to the left; seen by nine cameras that each shift the picture by 10 pixels more."""
    points = PERSON + np.linspace(0, 90, FRAMES)[:, None, None] * (1, 0, 0)
    points[5, 9] = np.nan
    views = np.empty((9, FRAMES, 17, 3), np.float32)
    views[..., 0] = 960 + 2 * points[..., 0] + 10 * np.arange(9)[:, None, None]
    views[..., 1] = 900 - 2 * points[..., 1]
    views[..., 2] = 0.9
    views[:, :, 3, 2] = 1.02
    for folder, content in (
        ("keypoints2d", {"keypoints2d": views, "det_scores": np.ones((9, FRAMES)), "timestamps": np.arange(FRAMES)}),
        ("keypoints3d", {"keypoints3d": points + 500, "keypoints3d_optim": points}),
    ):
        (tmp_path / folder).mkdir()
        for name in (NAME, OTHER):
            with (tmp_path / folder / f"{name}.pkl").open("wb") as file:
                pickle.dump(content, file, protocol=4)
    (tmp_path / "cameras").mkdir()
    (tmp_path / "cameras" / "mapping.txt").write_text(f"{NAME} setting1\n")
    (tmp_path / "cameras" / "setting1.json").write_text(json.dumps([CAMERA]))
    return tmp_path


def test_coco_becomes_body_25():
    coco = np.zeros((1, 17, 3))
    coco[0, :, 0] = np.arange(17)
    coco[0, :, 2] = 0.5
    coco[0, 11, 2] = 0
    coco[0, 15] = np.nan
    found = coco_to_body25(coco)[0]
    expected = {
        0: 0,
        1: 5.5,
        2: 6,
        3: 8,
        4: 10,
        5: 5,
        6: 7,
        7: 9,
        9: 12,
        10: 14,
        11: 16,
        13: 13,
        15: 2,
        16: 1,
        17: 4,
        18: 3,
    }
    assert {joint: found[joint, 0] for joint in np.flatnonzero(present(found))} == expected


def test_a_view(annotations):
    keypoints, size = read_aistpp(annotations / "keypoints2d" / f"{NAME}.pkl", camera="", size=512)
    assert keypoints.shape == (FRAMES, 25, 3)
    assert size == (1920, 1080)
    np.testing.assert_allclose(keypoints[0, 0], (960, 900 - 310, 0.9), atol=1e-3)
    assert keypoints[..., 2].max() == 1  # COCO's heat overshoots
    third, _ = read_aistpp(annotations / "keypoints2d" / f"{NAME}.pkl", camera="c03", size=512)
    np.testing.assert_allclose((third - keypoints)[0, 0], (20, 0, 0), atol=1e-3)


def test_a_real_camera(annotations):
    keypoints, size = read_aistpp(annotations / "keypoints3d" / f"{NAME}.pkl", camera="c01", size=512)
    assert size == (1920, 1080)
    values = [np.array(CAMERA[key]) for key in ("rotation", "translation", "matrix", "distortions")]
    expected, _ = cv2.projectPoints(PERSON[[0, 15]], *values)
    np.testing.assert_allclose(keypoints[0, [0, 14], :2], expected[:, 0], atol=0.01)
    assert keypoints[0, 0, 1] < keypoints[0, 14, 1]
    assert (keypoints[present(keypoints), 2] == 1).all()
    assert not present(keypoints)[5, 7]
    with pytest.raises(PoseError, match=r"setting1\.json has no camera 'c02'; it has c01"):
        read_aistpp(annotations / "keypoints3d" / f"{NAME}.pkl", camera="c02", size=512)
    with pytest.raises(PoseError, match=rf"mapping\.txt does not name {OTHER}; choose a virtual camera"):
        read_aistpp(annotations / "keypoints3d" / f"{OTHER}.pkl", camera="c01", size=512)


@pytest.mark.parametrize(("camera", "left_hand"), [("", 1), ("front", 1), ("180", -1), ("90", 0), ("-45", 1)])
def test_a_virtual_camera(annotations, camera, left_hand):
    keypoints, size = read_aistpp(annotations / "keypoints3d" / f"{NAME}.pkl", camera=camera, size=400)
    assert size == (400, 400)
    seen = keypoints[present(keypoints)]
    # The whole route is in view, with its margin, and fills the frame one way.
    assert seen[:, :2].min() >= 0.08 * 400 - 0.01
    assert seen[:, :2].max() <= 0.92 * 400 + 0.01
    assert np.ptp(seen[:, :2], axis=0).max() == pytest.approx(0.84 * 400, abs=0.01)
    assert (keypoints[:, 14, 1] > keypoints[:, 0, 1] + 100).all()
    # She faces the front camera, so her left is on its right.
    width = keypoints[0, 5, 0] - keypoints[0, 2, 0]
    assert np.sign(round(float(width) / 20)) == left_hand
    if camera == "90":
        # From her left she walks toward the camera and grows.
        height = keypoints[:, 14, 1] - keypoints[:, 0, 1]
        assert height[-1] > 1.1 * height[0]


def test_cameras_that_do_not_go_with_the_file(annotations):
    with pytest.raises(ConfigError, match="camera 'front' does not go with keypoints2d"):
        read_aistpp(annotations / "keypoints2d" / f"{NAME}.pkl", camera="front", size=512)
    with pytest.raises(ConfigError, match="camera is 'above'; choose front, an angle"):
        read_aistpp(annotations / "keypoints3d" / f"{NAME}.pkl", camera="above", size=512)


def test_60_to_24_frames_a_second_in_the_frame_of_the_store(annotations):
    row = {"fps": "", "width": "", "height": "", "camera": "c01"}
    path = annotations / "keypoints2d" / f"{NAME}.pkl"
    table = import_keypoints(path, row=row, fps=24, size=480, tolerant=False)
    assert len(table) == 24
    # 2 px a cm, 90 cm in 59 frames, a quarter of the size: even steps of 2.5 frames.
    np.testing.assert_allclose(np.diff(table.keypoints[:, 0, 0]), 2 * 90 / 59 * 2.5 / 4, atol=0.01)
    np.testing.assert_allclose(table.metadata["letterbox"], [0.25, 0, 0])
    assert table.size == (480, 270)
    np.testing.assert_allclose(table.keypoints[0, 0, :2], (240, (900 - 310) / 4), atol=0.01)
    assert table.metadata["refused"] == ""
    assert len(table.metadata["source"]["sha256"]) == 64


def test_the_rate_of_the_set_is_compared(annotations, tmp_path, caplog):
    path = annotations / "keypoints2d" / f"{NAME}.pkl"
    row = {"fps": "30", "width": "640", "height": "360", "camera": "c01"}
    table = import_keypoints(path, row=row, fps=24, size=480, tolerant=False)
    assert len(table) == 24
    assert "an AIST++ annotation has 60 frames per second and its camera's picture; columns fps, width" in caplog.text
    pictures = [np.zeros((36, 64, 3), np.uint8)] * 60
    for fps, words in ((60, ""), (30, "60 frames at 60 per second last 1.0 s, unlike its video")):
        video = write_file(tmp_path / "v.mkv", pictures=pictures, times_s=np.arange(60) / fps, rate=fps)
        caplog.clear()
        row = {"fps": "", "width": "", "height": "", "camera": "c01"}
        assert len(import_keypoints(path, row=row, fps=24, size=480, tolerant=False, video=str(video))) == 24
        assert words in caplog.text
        assert len(caplog.records) == bool(words)
    sound = write_file(tmp_path / "s.wav", sound=np.zeros(4000, np.float32), sample_rate_hz=8000)
    import_keypoints(path, row=row, fps=24, size=480, tolerant=False, sound=str(sound))
    assert "60 frames at 60 per second last 1.0 s, unlike its sound" in caplog.text


def test_metres_instead_of_centimetres_through_a_real_camera(annotations):
    path = annotations / "keypoints3d" / f"{NAME}.pkl"
    path.write_bytes(pickle.dumps({"keypoints3d": np.repeat(PERSON[None], 60, 0) / 100}))
    row = {"fps": "", "width": "", "height": "", "camera": "c01"}
    with pytest.raises(PoseError, match=r"a body is \d.* px high in a picture of 1920 x 1080"):
        import_keypoints(path, row=row, fps=24, size=480, tolerant=False)


def test_large_pickles(tmp_path, monkeypatch):
    (tmp_path / "x.pkl").write_bytes(b"\x80\x04" + b"N0" * 200_000 + b"}.")
    monkeypatch.setattr("danceit_core.pose.plain_pickle.MOST_STEPS", 100_000)
    with pytest.raises(PoseError, match=r"x\.pkl is not a pickle of plain arrays \(it has more than 100000 steps\)"):
        read_arrays(tmp_path / "x.pkl")
    with (tmp_path / "x.pkl").open("wb") as file:
        file.truncate(2**29)
    with pytest.raises(PoseError, match=r"it has more than 268435456 bytes"):
        read_arrays(tmp_path / "x.pkl")


class Harmful:
    """What a pickle may do: have any function called."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return (open, (str(self.path), "w"))


def test_a_pickle_cannot_run_code(tmp_path):
    ran = tmp_path / "ran"
    for protocol in (0, 2, 4):
        (tmp_path / "bad.pkl").write_bytes(pickle.dumps({"keypoints2d": Harmful(ran)}, protocol=protocol))
        with pytest.raises(PoseError, match=r"bad\.pkl is not a pickle of plain arrays \(it calls \w+\.open"):
            read_arrays(tmp_path / "bad.pkl")
    objects = np.array([Harmful(ran)], dtype=object)
    (tmp_path / "bad.pkl").write_bytes(pickle.dumps({"keypoints2d": objects}))
    with pytest.raises(PoseError, match="it calls"):
        read_arrays(tmp_path / "bad.pkl")
    assert not ran.exists()
    pickle.loads(pickle.dumps(Harmful(ran))).close()
    assert ran.exists()


def test_pickles_of_numpy_1_and_2(tmp_path):
    values = np.arange(6.0).reshape(2, 3)
    for protocol in (2, 4, 5):
        data = pickle.dumps({"a": values, "n": np.float64(2)}, protocol=protocol)
        (tmp_path / "new.pkl").write_bytes(data)
        np.testing.assert_array_equal(read_arrays(tmp_path / "new.pkl")["a"], values)
    # What numpy 1 wrote: the same functions, in numpy.core.
    old = pickle.dumps({"a": values}, protocol=2).replace(b"numpy._core", b"numpy.core")
    assert b"numpy.core.multiarray" in old
    (tmp_path / "old.pkl").write_bytes(old)
    np.testing.assert_array_equal(read_arrays(tmp_path / "old.pkl")["a"], values)


def test_other_files(annotations, tmp_path):
    path = tmp_path / "x.pkl"
    with pytest.raises(PoseError, match=r"x\.pkl: no such file; check column `keypoints`"):
        read_arrays(path)
    path.write_bytes(b"nothing")
    with pytest.raises(PoseError, match=r"x\.pkl is not a pickle of plain arrays"):
        read_arrays(path)
    path.write_bytes(pickle.dumps([1, 2]))
    with pytest.raises(PoseError, match="it holds a list, not a dictionary"):
        read_arrays(path)
    path.write_bytes(pickle.dumps({"poses": np.ones(3)}))
    with pytest.raises(PoseError, match=r"not an AIST\+\+ annotation \(it holds poses\)"):
        read_aistpp(path, camera="", size=512)
    path.write_bytes(pickle.dumps({"keypoints3d": np.ones((3, 24, 3))}))
    with pytest.raises(PoseError, match=r"holds float64 \(3, 24, 3\); numbers of shape \(frames, 17, 3\)"):
        read_aistpp(path, camera="", size=512)
    path.write_bytes(pickle.dumps({"keypoints3d": np.full((3, 17, 3), np.nan)}))
    assert not present(read_aistpp(path, camera="", size=512)[0]).any()
    row = {"fps": "", "width": "", "height": "", "camera": ""}
    table = import_keypoints(path, row=row, fps=24, size=512, tolerant=True)
    assert len(table) == 0
    assert "no person in it" in table.metadata["refused"]


def test_the_table_of_the_whole_set(annotations, tmp_path):
    music = tmp_path / "music"
    music.mkdir()
    with pytest.raises(MediaError, match=rf"music lacks the music of {OTHER}: no mBR2\.wav"):
        list_dances(annotations, music, keypoints="keypoints3d", camera="")
    (music / "mBR2.wav").touch()
    (music / "mPO3.mp3").touch()
    command = [sys.executable, "-m", "danceit_core.pose.aistpp", str(annotations), str(music), "--camera", "30"]
    lines = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    assert lines[0].split("\t") == ["video", "keypoints", "audio", "camera", "style"]
    pop = [NAME, str(annotations / "keypoints3d" / f"{NAME}.pkl"), str(music / "mPO3.mp3"), "30", "pop"]
    assert lines[2].split("\t") == pop
    assert lines[1].split("\t")[0] == OTHER
    (annotations / "ignore_list.txt").write_text(f"{OTHER}\n")
    rows = list_dances(annotations, music, keypoints="keypoints2d", camera="c02")
    assert [row["video"] for row in rows] == [NAME]
    failed = subprocess.run([*command[:3], str(music), str(music)], capture_output=True, text=True, check=False)
    assert failed.returncode == 1
    assert failed.stderr.startswith("error: ")
    assert "holds no .pkl" in failed.stderr
    assert aistpp.GENRES["gBR"] == "break"
