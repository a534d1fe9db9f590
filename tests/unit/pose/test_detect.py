"""From a frame store to keypoints, by the name of a detector."""

import numpy as np
import pytest
from puppet import draw_puppet, puppet_keypoints

from danceit_core.config import PoseSettings
from danceit_core.errors import AssetError, ConfigError, MediaError, PoseError
from danceit_core.media.video import VideoWriter
from danceit_core.pose.detect import detect_keypoints
from danceit_core.pose.estimate import Hindsight, estimate_frames
from danceit_core.pose.refusal import check_person
from danceit_core.pose.skeleton import BODY, present, torso_length


@pytest.fixture(scope="module")
def frame_store(tmp_path_factory):
    path = tmp_path_factory.mktemp("store") / "frames.mp4"
    with VideoWriter(path, fps=24, size=(192, 192), crf=14, gop=12) as writer:
        for k in range(30):
            writer.write(draw_puppet(puppet_keypoints(k / 24, size=192), size=192))
    return path


def test_keypoints_of_a_frame_store(pose_weights, frame_store):
    seen = []

    def progress(done, total):
        seen.append((done, total))

    detection = detect_keypoints(frame_store, settings=PoseSettings(), weights=pose_weights, progress=progress)
    keypoints = detection.keypoints
    assert detection.people.dtype == np.int16
    assert detection.people.tolist() == [1] * 30
    assert keypoints.shape == (30, 25, 3)
    assert keypoints.dtype == np.float32
    assert seen == [(done, 30) for done in range(1, 31)]
    true = np.stack([puppet_keypoints(k / 24, size=192) for k in range(30)])
    error = np.linalg.norm((keypoints - true)[:, list(BODY), :2], axis=-1) / torso_length(true)[:, None]
    assert present(keypoints).any(axis=1).all()
    assert np.median(error) < 0.08
    check_person(keypoints, frame_store)


def test_unknown_detector_missing_video_missing_weights(pose_weights, frame_store, tmp_path):
    with pytest.raises(PoseError, match=r"pose\.detector is 'openpse'; known detectors: blazepose, opencv, openpose"):
        detect_keypoints(frame_store, settings=PoseSettings(detector="openpse"), weights=pose_weights)
    with pytest.raises(MediaError, match="no such file"):
        detect_keypoints(tmp_path / "none.mp4", settings=PoseSettings(), weights=pose_weights)
    with pytest.raises(AssetError, match="make assets"):
        detect_keypoints(frame_store, settings=PoseSettings(), weights=tmp_path)


def test_an_unknown_model(pose_weights, frame_store):
    with pytest.raises(ConfigError, match=r"pose\.model is 'huge'; BlazePose's models are lite, full, heavy"):
        detect_keypoints(frame_store, settings=PoseSettings(model="huge"), weights=pose_weights)


def test_an_error_between_two_frames_comes_out(frame_store):
    class Stumbling:
        people, hindsight = None, Hindsight()

        def __init__(self):
            self.seen = 0

        def estimate(self, picture):
            self.seen += 1
            if self.seen == 3:
                raise PoseError("the third")
            return np.ones((25, 3), np.float32)

    with pytest.raises(PoseError, match="the third"):
        estimate_frames(frame_store, make=lambda fps: Stumbling())


def test_check_person():
    keypoints = np.zeros((100, 25, 3), np.float32)
    with pytest.raises(PoseError, match=r"v\.mp4: no person in it: found in 0 of 100 frames, 10% are needed"):
        check_person(keypoints, "v.mp4")
    keypoints[:9, 0] = 1
    with pytest.raises(PoseError, match="found in 9 of 100"):
        check_person(keypoints, "v.mp4")
    keypoints[9, 0] = 1
    check_person(keypoints, "v.mp4")
    with pytest.raises(PoseError, match="0 of 0"):
        check_person(keypoints[:0], "v.mp4")
