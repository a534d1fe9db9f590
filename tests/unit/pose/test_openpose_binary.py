"""The `openpose` detector against a small program that behaves on the command line as OpenPose's does.

The program of the tests writes JSON of the real format, one file a frame of the video it is given. What it cannot show:
that the real program finds its models, accepts exactly these options and writes a file for each frame it decodes.
"""

import os
import sys

import numpy as np
import pytest
from puppet import draw_puppet, puppet_keypoints

from danceit_core.config import PoseSettings
from danceit_core.errors import ConfigError, PoseError
from danceit_core.media.video import VideoWriter
from danceit_core.pose.detect import detect_keypoints

FRAMES = 9
OPTIONS = {"--display": "0", "--render_pose": "0", "--model_pose": "BODY_25", "--number_people_max": "4"}
PROGRAM = """#!{python}
import json, pathlib, sys
given = dict(zip(sys.argv[1::2], sys.argv[2::2]))
video, folder = pathlib.Path(given.pop("--video")), pathlib.Path(given.pop("--write_json"))
assert given == {options}, given
assert video.is_file() and folder.is_dir() and video.is_absolute()
if not pathlib.Path("models").is_dir():
    print("models/pose/body_25 not found\\n- src/openpose/pose.cpp:op::load():42\\n", file=sys.stderr)
    sys.exit(3)
dancer, other = json.loads(pathlib.Path("people.json").read_text())
for number in range({frames}):
    people = [{{"person_id": [-1], "pose_keypoints_2d": dancer[number]}}]
    if number >= 5:
        people.insert(0, {{"person_id": [-1], "pose_keypoints_2d": other}})
    name = f"{{video.stem}}_{{number:012d}}_keypoints.json"
    (folder / name).write_text(json.dumps({{"version": 1.3, "people": people}}))
"""


@pytest.fixture
def frame_store(tmp_path):
    path = tmp_path / "frames.mp4"
    with VideoWriter(path, fps=24, size=(64, 64), crf=20, gop=12) as writer:
        for k in range(FRAMES):
            writer.write(draw_puppet(puppet_keypoints(k / 24, size=64), size=64))
    return path


def install(folder, *, frames=FRAMES, models=True):
    """A folder laid out as OpenPose's, and the path of its program."""
    binary = folder / "build" / "bin" / "openpose.bin"
    binary.parent.mkdir(parents=True)
    binary.write_text(PROGRAM.format(python=sys.executable, options=OPTIONS, frames=frames))
    binary.chmod(0o755)
    if models:
        (folder / "models").mkdir()
    dance = np.stack([puppet_keypoints(k / 24, size=64) for k in range(frames)])
    other = (dance[0] * (0.9, 0.9, 1) + (40, 0, 0)).ravel().tolist()
    (folder / "people.json").write_text(f"[{dance.reshape(frames, -1).tolist()}, {other}]")
    return str(binary), dance


def test_the_dancer_is_followed_and_the_other_counted(frame_store, tmp_path):
    binary, dance = install(tmp_path / "openpose")
    steps = []
    settings = PoseSettings(detector="openpose", openpose=binary)
    detection = detect_keypoints(
        frame_store, settings=settings, weights=tmp_path, progress=lambda done, total: steps.append((done, total))
    )
    np.testing.assert_allclose(detection.keypoints, dance, atol=1e-4)
    assert detection.people.tolist() == [1] * 5 + [2] * 4
    assert steps[-1] == (FRAMES, FRAMES)


def test_joints_below_the_floor_are_absent(frame_store, tmp_path):
    binary, _ = install(tmp_path / "openpose")
    settings = PoseSettings(detector="openpose", openpose=binary, confidence_floor=1.01)
    assert detect_keypoints(frame_store, settings=settings, weights=tmp_path).keypoints.max() == 0


def test_the_last_line_of_a_failed_run_is_shown(frame_store, tmp_path):
    binary, _ = install(tmp_path / "openpose", models=False)
    settings = PoseSettings(detector="openpose", openpose=binary)
    with pytest.raises(PoseError, match=r"openpose\.bin ended with status 3: - src/openpose/pose\.cpp:op::load\(\):42"):
        detect_keypoints(frame_store, settings=settings, weights=tmp_path)


def test_too_few_files(frame_store, tmp_path):
    binary, _ = install(tmp_path / "openpose", frames=7)
    settings = PoseSettings(detector="openpose", openpose=binary)
    with pytest.raises(PoseError, match=r"frames\.mp4: .*openpose\.bin wrote 7 files for 9 frames"):
        detect_keypoints(frame_store, settings=settings, weights=tmp_path)


def test_no_program(frame_store, tmp_path):
    for path in ("", str(tmp_path / "none"), str(tmp_path)):
        with pytest.raises(ConfigError, match=r"pose\.openpose is '.*': no such program"):
            detect_keypoints(frame_store, settings=PoseSettings(detector="openpose", openpose=path), weights=tmp_path)
    binary, _ = install(tmp_path / "openpose")
    os.chmod(binary, 0o644)  # noqa: PTH101
    with pytest.raises(ConfigError, match=r"openpose\.bin cannot be run \(Permission denied\)"):
        detect_keypoints(frame_store, settings=PoseSettings(detector="openpose", openpose=binary), weights=tmp_path)
