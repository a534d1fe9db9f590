"""The picture that a pose-driven generator starts from: which frame of the target's video it is."""

import numpy as np
import pytest
from dancers import STANDING, sine_dancer, turned
from held_film import HeldFilm

from danceit_core.errors import ImaginationError
from danceit_core.imagination.target.own_girths import in_store, own_girths
from danceit_core.imagination.target.reference import arms_apart, find_reference, frontal
from danceit_core.media.mask_video import MaskWriter
from danceit_core.pose.capsules import body_size
from danceit_core.pose.silhouette import Girths, silhouette
from danceit_core.pose.skeleton import LEFT_ELBOW, LEFT_WRIST, RIGHT_ELBOW, RIGHT_WRIST
from danceit_core.pose.table import PoseTable

SIZE = (160, 240)
PLACE = (80.0, 220.0)


def table(keypoints, *, size=SIZE, **columns):
    return PoseTable(keypoints, {"fps": 24.0, "width": size[0], "height": size[1]}, columns)


def pose(*, arms="apart", place=PLACE):
    """One standing person (25, 3); arms `apart` from the body, `down` at it or `up`."""
    xy = STANDING.copy()
    elbows, wrists = {
        "apart": ((75, -200), (110, -160)), "down": ((38, -190), (24, -140)), "up": ((75, -290), (90, -340)),
    }[arms]  # fmt: skip
    for elbow, wrist, side in ((RIGHT_ELBOW, RIGHT_WRIST, -1), (LEFT_ELBOW, LEFT_WRIST, 1)):
        xy[elbow], xy[wrist] = (side * elbows[0], elbows[1]), (side * wrists[0], wrists[1])
    return np.concatenate([0.6 * xy + place, np.ones((25, 1))], -1).astype(np.float32)


def noise(count, *, size=SIZE):
    """Pictures that are all equally sharp."""
    one = np.random.default_rng(0).integers(0, 255, (size[1], size[0], 3), np.uint8)
    return np.repeat(one[None], count, axis=0)


def number_of(keypoints, *, first, pictures=None, **columns):
    film = HeldFilm(noise(len(keypoints)) if pictures is None else pictures)
    return find_reference(table(keypoints, **columns), table(first[None]), film).number


def test_the_person_is_seen_from_the_front_with_arms_apart():
    away = turned(pose()[None])[0]
    side = pose()
    side[:, 0] = PLACE[0] + 0.15 * (side[:, 0] - PLACE[0])
    shown = np.stack([pose(arms="down"), away, side, pose(), pose(arms="down")])
    assert number_of(shown, first=pose(arms="down")) == 3


def test_of_two_such_poses_the_one_nearer_to_the_dances_first():
    shown = np.stack([pose(arms="apart"), pose(arms="up"), pose(arms="apart")])
    assert number_of(shown, first=pose(arms="up")) == 1
    assert number_of(shown[:2], first=pose(arms="apart")) == 0


def test_a_frame_that_lacks_joints_or_shows_a_part_is_not_taken():
    lacking = pose()
    lacking[[0, 15, 16, 17, 18]] = 0
    outside = pose(place=(80.0, 320.0))
    shown = np.stack([lacking, outside, pose()])
    assert number_of(shown, first=pose()) == 2


def test_the_sharpest_of_equal_poses():
    pictures = noise(5)
    for number in (0, 1, 2, 4):
        pictures[number] = 128 + (pictures[number].astype(int) - 128) // 8
    assert number_of(np.stack([pose()] * 5), first=pose(), pictures=pictures) == 3


def test_frames_that_were_dropped_do_not_count():
    kept = np.array([False, True, False])
    assert number_of(np.stack([pose()] * 3), first=pose(), kept=kept) == 1


def test_it_is_cut_out_of_the_plate_as_the_dances_first_picture():
    plate = (300, 280)
    shown = np.stack([pose(place=(180.0, 250.0))] * 2)
    dance = table(pose(place=(80.0, 220.0))[None], plate_x=np.array([100.2]), plate_y=np.array([29.8]))
    pictures = noise(2, size=plate)
    found = find_reference(table(shown, size=plate), dance, HeldFilm(pictures))
    np.testing.assert_array_equal(found.picture, pictures[0][30:270, 100:260])
    np.testing.assert_allclose(found.keypoints[:, :2], shown[0, :, :2] - (100, 30), atol=1e-4)


def test_nobody_is_one_line():
    nobody = np.zeros((3, 25, 3), np.float32)
    with pytest.raises(ImaginationError, match="no frame of the target's video shows the person") as raised:
        number_of(nobody, first=pose())
    assert "\n" not in str(raised.value)


def test_frontal_and_arms_apart_are_0_to_1():
    shown = np.stack([pose(), turned(pose()[None])[0], pose(arms="down")])
    sizes = body_size(shown)
    np.testing.assert_allclose(frontal(shown, body_px=sizes), [1, 0, 1], atol=0.05)
    apart = arms_apart(shown, body_px=sizes)
    assert apart[0] == 1
    assert 0 <= apart[2] < 0.3


def test_keypoints_of_a_moving_camera_come_back_to_the_frame_store():
    true = sine_dancer(4)
    camera = np.stack([np.array([[1.1, 0, 10 * t], [0.01, 1.1, -5 * t], [1e-5, 0, 1]]) for t in range(4)])
    homogeneous = np.concatenate([true[..., :2], np.ones((4, 25, 1))], -1) @ camera.transpose(0, 2, 1)
    moved = true.copy()
    moved[..., :2] = homogeneous[..., :2] / homogeneous[..., 2:]
    moved[2, 7] = 0
    back = in_store(table(moved, size=(700, 600), camera=camera.astype(np.float32)))
    np.testing.assert_allclose(np.delete(back[2], 7, 0), np.delete(true[2], 7, 0), atol=0.05)
    assert not back[2, 7].any()


def test_girths_are_read_off_the_targets_outlines(tmp_path):
    dance, size = sine_dancer(30), (512, 512)
    stout = Girths(shoulder=0.25, hip=0.3, knee=0.2, head=0.26)
    with MaskWriter(tmp_path / "outline.mkv", fps=24, size=size) as writer:
        for keypoints, px in zip(dance, body_size(dance), strict=True):
            writer.write(silhouette(keypoints, size=size, body_px=float(px), girths=stout))
    found = own_girths(table(dance, size=size), tmp_path / "outline.mkv")
    assert (found.hip, found.knee, found.head) == pytest.approx((0.3, 0.2, 0.26), rel=0.2)
    assert own_girths(table(dance * 0, size=size), tmp_path / "outline.mkv") == Girths()
