"""`danceit export`: the files are those that the workflow makes, and OpenPose's folder is read back as it was."""

import json
from pathlib import Path

import numpy as np
import pytest

from danceit_core.cli.export import FORMATS, files_of, unpack_frames
from danceit_core.place import Place
from danceit_core.pose.openpose import read_json_folder, write_openpose_zip


def dance(frames: int) -> np.ndarray:
    """Keypoints (frames, 25, 3) of somebody who is there in each frame and moves a little."""
    rng = np.random.default_rng(0)
    keypoints = np.full((frames, 25, 3), 0.9, np.float32)
    keypoints[..., 0] = 100 + 40 * rng.random(25) + np.arange(frames)[:, None]
    keypoints[..., 1] = 50 + 200 * rng.random(25)
    return keypoints


def test_openpose_json_is_read_back_as_it_was(tmp_path):
    for frames in (30, 20):
        write_openpose_zip(tmp_path / "tango.zip", dance(frames), name="tango")
        (tmp_path / "out").mkdir(exist_ok=True)
        (tmp_path / "out/notes.txt").write_text("mine")
        unpack_frames(tmp_path / "tango.zip", tmp_path / "out", name="tango")
        # Frames of the longer dance before it are gone, other files stay.
        names = sorted(path.name for path in (tmp_path / "out").iterdir())
        assert names == ["notes.txt", *(f"tango_{number:012d}_keypoints.json" for number in range(frames))]
        read = read_json_folder(tmp_path / "out")
        np.testing.assert_allclose(read.keypoints, dance(frames), atol=6e-4)
    # As OpenPose 1.7 writes it, so that other tools find what they look for.
    frame = json.loads((tmp_path / "out/tango_000000000003_keypoints.json").read_text())
    assert frame["version"] == 1.3
    assert len(frame["people"][0]["pose_keypoints_2d"]) == 75


@pytest.mark.parametrize("kind", FORMATS)
def test_files_are_those_of_a_rule(kind):
    rules = "".join(path.read_text() for path in sorted((Path(__file__).parents[3] / "workflow/rules").glob("*.smk")))
    place = Place(Path("/w"), None, None, {}, Path("/w/results"), {})
    for path in files_of(place, kind, "PERSON", "SONG"):
        pattern = str(path.relative_to(place.results)).replace("PERSON", "{target}").replace("SONG", "{song}")
        assert f'"<results>/{pattern}"' in rules
