"""The face network of dlib on a photograph and on rendered dancers, and the figures of identity."""

from pathlib import Path

import cv2
import matplotlib
import numpy as np
import pytest

from danceit_core import assets
from danceit_core.errors import AssetError
from danceit_core.evaluation.identity import MIN_EYES_PX, SAME, FaceJudge, identity_scores
from danceit_core.imagination.networks.face_descriptor import CHIP, cut_face, load_face_descriptor
from danceit_core.media.video import VideoWriter
from danceit_core.pose.face import LEFT_EYE, RIGHT_EYE, FaceNetwork
from danceit_core.pose.table import PoseTable

PHOTO = Path(matplotlib.get_data_path()) / "sample_data" / "grace_hopper.jpg"
# Nose, neck, shoulders, eyes and ears of the photograph, 512 x 600 pixels, as a detector finds them.
JOINTS = {0: (264, 216), 1: (270, 372), 2: (120, 380), 5: (420, 380), 15: (222, 180), 16: (302, 178), 17: (190, 200),
          18: (340, 196)}  # fmt: skip
SIZE = (512, 600)


def pose(scale=1.0):
    keypoints = np.zeros((25, 3), np.float32)
    for joint, (x, y) in JOINTS.items():
        keypoints[joint] = x * scale, y * scale, 1
    # Hips, so that there is a torso.
    keypoints[8], keypoints[9], keypoints[12] = (270 * scale, 700 * scale, 1), (200 * scale, 700 * scale, 1), (
        340 * scale, 700 * scale, 1,
    )  # fmt: skip
    return keypoints


def photo(scale=1.0):
    picture = cv2.cvtColor(cv2.imread(str(PHOTO)), cv2.COLOR_BGR2RGB)
    return cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)


@pytest.fixture(scope="module")
def judge(pose_weights, face_network_weights):
    assets.fetch_pose_file(pose_weights / "face_landmark.tflite")
    return FaceJudge(pose_weights, face_network_weights)


@pytest.fixture(scope="module")
def own(judge):
    return judge.describe([photo()], pose()[None])


def test_the_photograph_is_the_face_that_is_expected():
    assert photo().shape == (*SIZE[::-1], 3)


@pytest.mark.parametrize(
    "changed",
    [
        lambda picture: cv2.GaussianBlur(picture, (0, 0), 1.5),
        lambda picture: (picture * 0.7).astype(np.uint8),
        lambda picture: np.roll(picture, 7, 1),
        lambda picture: cv2.resize(cv2.resize(picture, None, fx=0.5, fy=0.5), SIZE),
    ],
    ids=["blurred", "darker", "moved", "half as large"],
)
def test_one_face_stays_near_itself(judge, own, changed):
    scores = identity_scores(judge.describe([changed(photo())], pose()[None]), own)
    assert scores["identity_faces"] == scores["identity_share"] == 1
    assert scores["identity_distance"] < 0.35


def test_a_face_that_is_damaged_is_farther(judge, own):
    found = [
        identity_scores(judge.describe([cv2.GaussianBlur(photo(), (0, 0), sigma)], pose()[None]), own)
        for sigma in (1, 4, 8)
    ]
    assert (np.diff([scores["identity_distance"] for scores in found]) > 0).all()
    # A mouth and a nose of another shape: nobody would take it for the same person.
    squashed = photo()
    squashed[150:360] = cv2.resize(squashed[200:280], (SIZE[0], 210))
    scores = identity_scores(judge.describe([squashed], pose()[None]), own)
    assert not scores["identity_distance"] < 1.5 * found[0]["identity_distance"]


def test_dancers_of_the_studio_are_told_apart(judge, body_mesh, own):
    from danceit_core.studio.camera import Camera
    from danceit_core.studio.cast import CLIPS
    from danceit_core.studio.dancer import dress
    from danceit_core.studio.music import compose_song
    from danceit_core.studio.record import perform, project_joints
    from danceit_core.studio.renderer import Renderer

    faces = {}
    for name in ("dancer_1", "dancer_3"):
        scene = CLIPS[name]
        dancer = dress(body_mesh, scene.look)
        camera = Camera.for_height(dancer.body.height)
        solved, _ = perform(scene, dancer, compose_song(tempo_bpm=scene.tempo_bpm, seconds=3, seed=1), seconds=3)
        transforms, joints = (
            solved.transforms(dancer.body.skeleton).astype(np.float32),
            project_joints(dancer, solved, camera, size=576),
        )
        renderer = Renderer(dancer, scene.room, camera, size=576, supersampling=1)
        chosen = [0, 20, 40]
        faces[name] = judge.describe([renderer.draw(transforms[number]) for number in chosen], joints[chosen])
    assert all(len(found) >= 2 for found in faces.values())
    between = identity_scores(faces["dancer_1"], faces["dancer_3"])
    assert between["identity_distance"] > between["identity_distance_own"] + 0.1
    assert identity_scores(faces["dancer_1"], own)["identity_distance"] > SAME


def test_small_faces_and_backs_are_not_judged(judge):
    scale = 0.1
    assert judge.describe([photo(scale)], pose(scale)[None]).shape == (0, 128)
    back = pose()
    back[[2, 5]] = back[[5, 2]]
    assert len(judge.describe([photo()], back[None])) == 0
    nobody = np.full((*SIZE[::-1], 3), 90, np.uint8)
    assert len(judge.describe([nobody], pose()[None])) == 0
    scores = judge([nobody], [photo()], pose()[None])
    assert scores["identity_faces"] == 0
    assert all(np.isnan(scores[key]) for key in ("identity_distance", "identity_share", "identity_distance_own"))


def test_a_video_is_read_where_its_table_shows_the_face(judge, own, tmp_path):
    path, faces = tmp_path / "shown.mp4", [photo(), photo()[::-1].copy(), photo()]
    with VideoWriter(path, fps=24, size=SIZE, crf=10) as writer:
        for picture in faces:
            writer.write(picture)
    half = np.stack([pose(0.5)] * 3)
    half[1] = 0
    found = judge.describe_video(path, PoseTable(half, {"fps": 24, "width": 256, "height": 300}, {}))
    assert len(found) == 2
    assert identity_scores(found, own)["identity_distance"] < 0.2


def test_the_chip_has_the_eyes_where_the_network_expects_them(pose_weights):
    finder = FaceNetwork(pose_weights)
    mesh = finder.look(photo(), np.array([264, 225, 300, 0.0])).points
    again = finder.look(cut_face(photo(), mesh), np.array([CHIP / 2, CHIP / 2, 1.2 * CHIP, 0.0])).points
    # The mean face's corners of the eyes, in a chip with a margin of a quarter of the face.
    for point, x, y in ((RIGHT_EYE, 37, 46), (LEFT_EYE, 111, 46)):
        assert np.hypot(*(again[point] - (x, y))) < 5
    assert np.hypot(*(mesh[RIGHT_EYE] - mesh[LEFT_EYE])) > MIN_EYES_PX


def test_the_figures_are_means_of_distances():
    shown, kept = np.zeros((2, 128), np.float32), np.zeros((2, 128), np.float32)
    shown[1, 0], kept[1, 1] = 1, 0.5
    scores = identity_scores(shown, kept)
    assert scores["identity_distance"] == pytest.approx((0 + 0.5 + 1 + np.hypot(1, 0.5)) / 4)
    assert scores["identity_share"] == 0.5
    assert scores["identity_distance_own"] == pytest.approx(0.5)


def test_weights_that_are_missing_or_damaged_are_named(tmp_path, face_network_weights):
    with pytest.raises(AssetError, match=r"face_recognition\.bin: the face recognition network is missing; run"):
        load_face_descriptor(tmp_path)
    for name in assets.FACE_NPM_FILES:
        content = bytearray((face_network_weights / name).read_bytes())
        content[100] ^= 1
        (tmp_path / name).write_bytes(content)
    with pytest.raises(AssetError, match=r"face_recognition\.bin is damaged; delete it and run again"):
        load_face_descriptor(tmp_path)
    assert assets.fetch_face_network(face_network_weights) == face_network_weights
