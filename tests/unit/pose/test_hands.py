"""Hands and face of a studio dancer, whose finger bones are known, and their regions against plain geometry."""

import numpy as np
import pytest
from dancers import sine_dancer

from danceit_core.assets import fetch_pose_file
from danceit_core.config import CleaningSettings, PoseSettings
from danceit_core.errors import AssetError, ConfigError
from danceit_core.media.source import SourceReport
from danceit_core.media.video import VideoWriter
from danceit_core.pose.blazepose import BlazePose
from danceit_core.pose.clean import clean_table
from danceit_core.pose.crops import cut_square, square_around, square_transform, to_picture
from danceit_core.pose.details import Details, share_frames, wanted_details
from danceit_core.pose.estimate import estimate_pictures
from danceit_core.pose.extract import extract_keypoints
from danceit_core.pose.face import FACE_FILE, Face, FaceFollower, FaceNetwork, is_of_body
from danceit_core.pose.hands import (
    HAND_FILE,
    HAND_LIMBS,
    Hand,
    HandFollower,
    HandNetwork,
    is_at_wrist,
    region_of_hand,
    region_of_palm,
)
from danceit_core.pose.landmarks import LandmarkNetwork, region_around
from danceit_core.pose.skeleton import NOSE
from danceit_core.pose.table import PoseTable, read_pose_table, write_pose_table

SIZE, FRAMES = 384, (5, 40)
FINGERS = ("thumb", "index", "middle", "ring", "pinky")
# The points that lie at the near ends of the bones of wrist and fingers, the tips left out.
AT_BONES = [0] + [first + joint for first in (1, 5, 9, 13, 17) for joint in range(3)]


@pytest.fixture(scope="module")
def weights(pose_weights):
    for name in (HAND_FILE, FACE_FILE):
        fetch_pose_file(pose_weights / name)
    return pose_weights


@pytest.fixture(scope="module")
def studio(body_mesh):
    """Pictures (2, 384, 384, 3), true places (2, 2 hands, 16, 2) at AT_BONES, and of the nose (2, 2).

    In the first, both hands hang in plain sight; in the second, the left one is behind the back.
    """
    from danceit_core.studio.camera import Camera
    from danceit_core.studio.cast import CLIPS
    from danceit_core.studio.dancer import dress
    from danceit_core.studio.music import compose_song
    from danceit_core.studio.record import perform, project_joints
    from danceit_core.studio.renderer import Renderer

    scene = CLIPS["dancer_2"]
    dancer = dress(body_mesh, scene.look)
    skeleton, camera = dancer.body.skeleton, Camera.for_height(dancer.body.height)
    solved, _ = perform(scene, dancer, compose_song(tempo_bpm=scene.tempo_bpm, seconds=4, seed=1), seconds=4)
    renderer = Renderer(dancer, scene.room, camera, size=SIZE, supersampling=1)
    transforms = solved.transforms(skeleton).astype(np.float32)
    pictures = np.stack([renderer.draw(transforms[frame]) for frame in FRAMES])
    bones = [
        [skeleton.index(name) for name in (f"hand_{side}", *(f"{f}_0{k}_{side}" for f in FINGERS for k in (1, 2, 3)))]
        for side in "rl"
    ]
    places = camera.pixels(solved.positions[list(FRAMES)][:, bones], size=SIZE)[..., :2]
    return pictures, places, project_joints(dancer, solved, camera, size=SIZE)[list(FRAMES), NOSE, :2]


@pytest.fixture(scope="module")
def found(studio, weights):
    """What is found in each of the pictures by itself."""
    estimators = [BlazePose(weights, fps=24, confidence_floor=0.02, mirror=True) for _ in FRAMES]
    details = [Details(hands=True, face=True, weights=weights) for _ in FRAMES]
    return [
        detail.add_to(estimate_pictures([picture], estimator, fps=24, sink=detail))
        for picture, estimator, detail in zip(studio[0], estimators, details, strict=True)
    ]


def test_fingers_are_where_the_bones_are(studio, found):
    true = studio[1][0]
    hands = found[0].hands[0]
    assert (hands[..., 2] > 0.9).all()
    for hand, bones in zip(hands, true, strict=True):
        length_px = np.hypot(*(bones[9] - bones[0]))
        assert 15 < length_px < 30
        error = np.linalg.norm(hand[AT_BONES, :2] - bones, axis=-1) / length_px
        assert error.mean() < 0.1
        assert error.max() < 0.25


def test_a_hidden_hand_is_absent(found):
    right, left = found[1].hands[0]
    assert right[:, 2].min() > 0.5
    assert (left == 0).all()


def test_the_face_is_where_it_is(studio, found):
    for detection, nose in zip(found, studio[2], strict=True):
        face = detection.face[0]
        assert face.shape == (468, 3)
        assert (face[:, 2] > 0.9).all()
        height_px = np.hypot(*(face[10, :2] - face[152, :2]))
        assert 20 < height_px < 60
        # The tip of the nose; the true joint lies a little under the skin.
        assert np.hypot(*(face[1, :2] - nose)) < 0.15 * height_px
        # The dancer's right eye is on the left of the picture.
        assert face[33, 0] < face[263, 0]
        assert face[[33, 263], 1].max() < face[1, 1] < face[[61, 291], 1].min()


def test_what_is_followed_takes_one_look(studio, weights, monkeypatch):
    picture = studio[0][0]
    body = LandmarkNetwork(weights).look(picture, region_around(np.array([192.0, 200]), np.array([192.0, 40])))
    looks = []
    for network, follower in (
        (HandNetwork, lambda network: HandFollower(network, side="left")),
        (FaceNetwork, FaceFollower),
    ):
        look = network.look
        monkeypatch.setattr(network, "look", lambda *given, look=look: looks.append(1) or look(*given))
        followed = follower(network(weights))
        first = followed.follow(picture, body)
        assert len(looks) == 2
        again = followed.follow(picture, body)
        assert len(looks) == 3
        assert np.linalg.norm(first[:, :2] - again[:, :2], axis=-1).mean() < 3
        # Nothing is there any more, and then nobody.
        empty = np.full_like(picture, 128)
        assert (followed.follow(empty, body) == 0).all()
        looks.clear()
        assert (followed.follow(empty, None) == 0).all()
        assert not looks


def test_another_hand_than_the_one_at_the_wrist_is_refused():
    palm = np.array([(100.0, 50), (120, 47), (120, 56)])
    for away_px, presence, expected in ((60, 0.9, True), (60, 0.4, False), (70, 0.9, False)):
        hand = Hand(np.full((21, 2), (100.0 - away_px, 50)), presence)
        assert is_at_wrist(hand, palm, body_px=1000) is expected


def test_another_face_than_the_one_at_the_nose_is_refused(studio, weights):
    body = LandmarkNetwork(weights).look(studio[0][0], region_around(np.array([192.0, 200]), np.array([192.0, 40])))
    for away, presence, expected in ((0.04, 0.9, True), (0.04, 0.4, False), (0.05, 0.9, False)):
        tip = body.points[NOSE] + (0, away * body.region[2])
        assert is_of_body(Face(np.full((468, 2), tip), presence), body) is expected


def test_missing_weights(tmp_path):
    with pytest.raises(
        AssetError, match=r"hand_landmark_full\.tflite: the pose weights are missing; run `make assets`"
    ):
        HandNetwork(tmp_path)
    (tmp_path / FACE_FILE).write_bytes(b"not a network")
    with pytest.raises(AssetError, match=r"face_landmark\.tflite is damaged"):
        FaceNetwork(tmp_path)


@pytest.mark.parametrize("angle", [0.0, 0.7, -2.5])
def test_a_dot_is_found_in_the_crop_and_back(angle):
    picture = np.zeros((200, 300, 3), np.uint8)
    picture[120, 210] = 255
    region = np.array([200.0, 110.0, 80.0, angle])
    crop = cut_square(picture, region, side=160)[..., 0].astype(float)
    rows, columns = np.indices(crop.shape) + 0.5
    seen = np.array([(columns * crop).sum(), (rows * crop).sum()]) / crop.sum()
    np.testing.assert_allclose(to_picture(seen[None], region, side=160), [(210.5, 120.5)], atol=0.05)
    corner = square_transform(region, side=160) @ (80, 80, 1)
    np.testing.assert_allclose(corner, region[:2], atol=1e-9)


def test_a_square_around_points_is_turned_with_them():
    box = np.array([(0.0, 0), (20, 0), (20, 40), (0, 40)])
    upright = square_around(box, up=np.array([0.0, -1]), share=1.5, lift=0.1)
    np.testing.assert_allclose(upright, (10, 16, 60, 0), atol=1e-9)
    # A quarter turn clockwise: what was up is to the right.
    turned = square_around(box @ np.array([[0.0, 1], [-1, 0]]), up=np.array([1.0, 0]), share=1.5, lift=0.1)
    np.testing.assert_allclose(turned, (-16, 10, 60, np.pi / 2), atol=1e-9)


def test_regions_of_a_hand():
    # Fingers to the right, the palm 20 pixels long.
    palm = np.array([(100.0, 50), (120, 47), (120, 56)])
    region = region_of_palm(palm, body_px=100)
    np.testing.assert_allclose(region, (120, 50, 64, np.pi / 2), atol=1e-9)
    # A hand that points at the camera has hardly any palm, but its size is known from the body.
    assert region_of_palm(palm * (0.01, 1) + (100, 0), body_px=1000)[2] == pytest.approx(110)
    points = np.zeros((21, 2))
    for first in (1, 5, 9, 13, 17):
        points[first : first + 4, 0] = (first - 9) / 4 * 6
        points[first : first + 4, 1] = -30 - 10 * np.arange(4)
    region = region_of_hand(points)
    assert region[3] == pytest.approx(0)
    assert abs(region[0]) < 7
    # From the wrist to the second joint of the fingers, twice as large.
    assert region[2] == pytest.approx(2 * 50)


def test_every_point_of_a_hand_has_its_limb():
    assert sorted(end for _, end in HAND_LIMBS) == list(range(1, 21))


@pytest.mark.parametrize("key", ["hands", "face"])
def test_who_is_looked_at(key, weights, tmp_path):
    def asked(choice, *, is_target, detector="blazepose", folder=weights):
        settings = PoseSettings(detector=detector, **{key: choice})
        return wanted_details(settings, weights=folder, is_target=is_target)

    assert asked("none", is_target=True) is None
    assert asked("targets", is_target=False) is None
    assert asked("targets", is_target=True) is not None
    assert asked("all", is_target=False) is not None
    with pytest.raises(ConfigError, match=rf"pose\.{key} is 'both'; choose one of: none, targets, all"):
        asked("both", is_target=True)
    with pytest.raises(ConfigError, match=rf"pose\.{key} is all, but only .* not openpose; .* pose\.{key} to none"):
        asked("all", is_target=True, detector="openpose")
    with pytest.raises(AssetError, match="are missing"):
        asked("all", is_target=True, folder=tmp_path)


def test_each_sink_gets_each_frame():
    first, second = [], []
    picture = np.zeros((2, 2, 3), np.uint8)
    assert share_frames([]) is None
    share_frames([lambda picture, body: first.append(body)])(picture, None)
    both = share_frames([lambda picture, body: first.append(body), lambda picture, body: second.append(picture)])
    both(picture, None)
    assert len(first) == 2
    assert second[0] is picture


def test_a_video_s_hands_and_face_are_stored_and_cleaned(studio, weights, tmp_path):
    with VideoWriter(tmp_path / "frames.mp4", fps=24, size=(SIZE, SIZE), crf=14, gop=12) as writer:
        for _ in range(30):
            writer.write(studio[0][0])
    report = SourceReport(
        path="waltz.mov", sha256="0" * 64, bytes=1, width=SIZE, height=SIZE, fps=24.0, duration_s=1.25, codec="h264",
        has_sound=True, interlaced=False, frames=30, letterbox=(1.0, 0.0, 0.0), cuts=(), refused="",
    )  # fmt: skip
    seen = []
    table = extract_keypoints(
        tmp_path / "frames.mp4", report=report, settings=PoseSettings(hands="targets", face="all"), weights=weights,
        is_target=True, sink=lambda picture, body: seen.append(body),
    )  # fmt: skip
    assert len(seen) == 30
    assert table.columns["hands"].shape == (30, 2, 21, 3)
    assert table.columns["face"].shape == (30, 468, 3)
    assert (table.columns["hands"][..., 2] > 0.8).all()
    path = tmp_path / "waltz.parquet"
    write_pose_table(path, table.keypoints, fps=24, size=(SIZE, SIZE), columns=table.columns)
    read = read_pose_table(path)
    for name in ("hands", "face"):
        np.testing.assert_array_equal(read.columns[name], table.columns[name])
    cleaned = clean_table(read, settings=CleaningSettings(), name="waltz", tolerant=False)
    assert cleaned.columns["kept"].all()
    moved = np.abs(np.diff(cleaned.columns["hands"][..., :2], 2, axis=0)).mean()
    assert moved < 0.7 * np.abs(np.diff(table.columns["hands"][..., :2], 2, axis=0)).mean()


def test_hands_and_face_go_along_when_cleaned():
    frames = 60
    keypoints = sine_dancer(frames, amplitude_px=4.0)
    rng = np.random.default_rng(0)
    hands = np.ones((frames, 2, 21, 3), np.float32)
    hands[:, 0, :, :2] += keypoints[:, None, 4, :2]
    hands[:, 1, :, :2] += keypoints[:, None, 7, :2]
    face = np.ones((frames, 468, 3), np.float32)
    face[..., :2] += keypoints[:, None, 0, :2]
    true = hands.copy()
    hands[..., :2] += rng.normal(0, 0.5, hands[..., :2].shape)
    hands[20:24, 0], hands[35:55, 1], face[10:13] = 0, 0, 0
    table = PoseTable(keypoints, {"fps": 24, "width": 512, "height": 512}, {"hands": hands, "face": face})
    cleaned = clean_table(table, settings=CleaningSettings(), name="dance", tolerant=False).columns
    assert (cleaned["hands"][20:24, 0, :, 2] == 1).all()  # a short gap is bridged ...
    np.testing.assert_allclose(cleaned["hands"][20:24, 0, :, :2], true[20:24, 0, :, :2], atol=3)
    assert (cleaned["hands"][35:55, 1] == 0).all()  # ... a long one is not
    assert (cleaned["face"][..., 2] == 1).all()
    np.testing.assert_allclose(cleaned["face"][12, :, :2], face[9, :, :2] * 0.25 + face[13, :, :2] * 0.75, atol=0.5)
    steady = slice(2, 18)
    error = [np.abs(given[steady, 0, :, :2] - true[steady, 0, :, :2]).mean() for given in (hands, cleaned["hands"])]
    assert error[1] < 0.8 * error[0]


def test_hands_change_places_with_the_wrists():
    frames = 48
    keypoints = sine_dancer(frames, amplitude_px=4.0)
    hands = np.ones((frames, 2, 21, 3), np.float32)
    hands[:, 0, :, :2] += keypoints[:, None, 4, :2]
    hands[:, 1, :, :2] += keypoints[:, None, 7, :2]
    true = hands.copy()
    mixed = slice(20, 24)
    left, right = [5, 6, 7, 12, 13, 14], [2, 3, 4, 9, 10, 11]
    keypoints[mixed, left + right] = keypoints[mixed, right + left]
    hands[mixed] = hands[mixed, ::-1]
    table = PoseTable(keypoints, {"fps": 24, "width": 512, "height": 512}, {"hands": hands})
    cleaned = clean_table(table, settings=CleaningSettings(), name="dance", tolerant=False).columns["hands"]
    np.testing.assert_allclose(cleaned, true, atol=2)


@pytest.mark.parametrize("with_outlines", [False, True])
def test_hands_leave_the_joints_as_they_are(with_outlines, studio, weights, tmp_path):
    with VideoWriter(tmp_path / "frames.mp4", fps=24, size=(SIZE, SIZE), crf=14, gop=12) as writer:
        writer.write(studio[0][0])
    report = SourceReport(
        path="waltz.mov", sha256="0" * 64, bytes=1, width=SIZE, height=SIZE, fps=24.0, duration_s=0.05, codec="h264",
        has_sound=True, interlaced=False, frames=1, letterbox=(1.0, 0.0, 0.0), cuts=(), refused="",
    )  # fmt: skip
    tables, outlines = [], []
    for choice in ("none", "all"):
        settings = PoseSettings(hands=choice)
        sink = (lambda picture, body: outlines.append(body.outline)) if with_outlines else None
        tables.append(
            extract_keypoints(
                tmp_path / "frames.mp4", report=report, settings=settings, weights=weights, is_target=False, sink=sink
            )
        )
    np.testing.assert_array_equal(tables[0].keypoints, tables[1].keypoints)
    assert ("hands" in tables[1].columns) > ("hands" in tables[0].columns)
    assert len(outlines) == 2 * with_outlines
    assert all(outline is not None for outline in outlines)
