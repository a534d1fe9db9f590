"""Skeletons as pose-driven generators want them, looked at pixel by pixel."""

import time

import cv2
import numpy as np
import pytest
from dancers import STANDING

from danceit_core.media.video import VideoWriter, decode_frames, probe
from danceit_core.pose.control import COLOURS, CONTROL_JOINTS, CONTROL_LIMBS, control_picture, half_width
from danceit_core.pose.skeleton import (
    JOINT_NAMES,
    LEFT_ELBOW,
    LEFT_KNEE,
    LEFT_SHOULDER,
    LEFT_WRIST,
    LIMBS,
    MID_HIP,
    RIGHT_ANKLE,
    RIGHT_ELBOW,
    RIGHT_KNEE,
    RIGHT_SHOULDER,
    RIGHT_WRIST,
)

SIZES = {"portrait": (720, 1280), "landscape": (1280, 720), "square": (512, 512)}
# Of ControlNet's pose pictures: the 18 joints by name.
NAMES = (
    "nose", "neck", "right_shoulder", "right_elbow", "right_wrist", "left_shoulder", "left_elbow", "left_wrist",
    "right_hip", "right_knee", "right_ankle", "left_hip", "left_knee", "left_ankle", "right_eye", "left_eye",
    "right_ear", "left_ear",
)  # fmt: skip


def spread_person(size):
    """Somebody who fills most of a picture, with a face as large as needed to tell its limbs apart."""
    joints = STANDING.copy()
    head = [JOINT_NAMES.index(name) for name in ("nose", "right_eye", "left_eye", "right_ear", "left_ear")]
    joints[head] = np.array([(0, -330), (-22, -362), (22, -362), (-58, -350), (58, -350)])
    joints[[RIGHT_ELBOW, RIGHT_WRIST, LEFT_ELBOW, LEFT_WRIST]] = (-110, -230), (-150, -160), (110, -230), (150, -160)
    scale = 0.85 * min(size[1] / 400, size[0] / 330)
    xy = joints * scale + (size[0] / 2, 0.95 * size[1])
    return np.concatenate([xy, np.ones((25, 1))], -1).astype(np.float32)


def colour_at(picture, xy):
    x, y = np.floor(xy).astype(int)
    return picture[y, x]


@pytest.mark.parametrize("size", SIZES.values(), ids=SIZES)
def test_each_limb_has_its_colour_at_its_middle_and_each_joint_its_own(size):
    person = spread_person(size)
    picture = control_picture(person, size=size)
    assert picture.shape == (size[1], size[0], 3)
    assert tuple(JOINT_NAMES[joint] for joint in CONTROL_JOINTS) == NAMES
    xy = person[list(CONTROL_JOINTS), :2]
    for (a, b), colour in zip(CONTROL_LIMBS, COLOURS[:17], strict=True):
        middle = colour_at(picture, (xy[a] + xy[b]) / 2)
        np.testing.assert_array_equal(middle, np.floor(0.6 * np.array(colour)), err_msg=f"{NAMES[a]} to {NAMES[b]}")
    for place, colour, name in zip(xy, COLOURS, NAMES, strict=True):
        np.testing.assert_array_equal(colour_at(picture, place), colour, err_msg=name)


def test_the_colours_are_those_of_the_published_pose_pictures():
    """By facts that anyone sees in such a picture."""
    size = (512, 512)
    person = spread_person(size)
    picture = control_picture(person, size=size)

    def limb(a, b):
        return colour_at(picture, (person[a, :2] + person[b, :2]) / 2).tolist()

    assert limb(RIGHT_SHOULDER, RIGHT_ELBOW) == [153, 102, 0]  # orange
    assert limb(RIGHT_ELBOW, RIGHT_WRIST) == [153, 153, 0]  # yellow
    assert limb(LEFT_SHOULDER, LEFT_ELBOW) == [102, 153, 0]  # yellow-green
    assert limb(LEFT_ELBOW, LEFT_WRIST) == [51, 153, 0]  # green
    assert limb(RIGHT_KNEE, RIGHT_ANKLE) == [0, 153, 102]  # turquoise
    assert limb(1, 0) == [0, 0, 153]  # the neck is blue
    assert colour_at(picture, person[0, :2]).tolist() == [255, 0, 0]  # the nose is red


def test_the_dancers_right_is_on_the_left_of_a_picture_from_the_front():
    picture = control_picture(spread_person((512, 512)), size=(512, 512)).astype(int)
    orange = (picture == (153, 102, 0)).all(-1)
    green = (picture == (102, 153, 0)).all(-1)
    assert np.nonzero(orange)[1].mean() < 256 < np.nonzero(green)[1].mean()


@pytest.mark.parametrize("absent", [LEFT_KNEE, RIGHT_WRIST, 0])
def test_an_absent_joint_and_its_limbs_are_not_drawn(absent):
    size = (512, 512)
    person = spread_person(size)
    whole, xy = control_picture(person, size=size), person[:, :2].copy()
    person[absent] = 0
    picture = control_picture(person, size=size)
    gone = COLOURS[CONTROL_JOINTS.index(absent)]
    assert (whole == gone).all(-1).any()
    assert not (picture == gone).all(-1).any()
    for (a, b), colour in zip(CONTROL_LIMBS, COLOURS, strict=False):
        joints = CONTROL_JOINTS[a], CONTROL_JOINTS[b]
        middle = colour_at(picture, (xy[joints[0]] + xy[joints[1]]) / 2)
        assert (middle == 0).all() if absent in joints else (middle == np.floor(0.6 * np.array(colour))).all()


def test_middle_of_the_hips_and_feet_do_not_belong_to_the_18():
    person = spread_person((512, 512))
    picture = control_picture(person, size=(512, 512))
    moved = person.copy()
    moved[[MID_HIP, *range(19, 25)], :2] += 40
    np.testing.assert_array_equal(control_picture(moved, size=(512, 512)), picture)
    assert all(limb in LIMBS or 8 not in limb for limb in CONTROL_LIMBS[:6])


def test_nobody_is_black():
    assert not control_picture(np.zeros((25, 3), np.float32), size=(64, 48)).any()


@pytest.mark.parametrize("size", SIZES.values(), ids=SIZES)
@pytest.mark.parametrize("shift", [0.0, 0.3, 0.5, 0.85])
def test_a_limb_lies_where_it_is_to_a_tenth_of_a_pixel_and_is_as_thick_as_the_picture_asks(size, shift):
    person = np.zeros((25, 3), np.float32)
    ends = np.array([(200.0, 250.0), (320.0, 340.0)]) + shift
    person[[RIGHT_ELBOW, RIGHT_WRIST]] = [(*end, 1) for end in ends]
    # Green is the same in both spots.
    drawn = control_picture(person, size=size).astype(float)[..., 1]
    rows, columns = np.nonzero(drawn)
    weight = drawn[rows, columns]
    middle = np.array([(columns + 0.5) @ weight, (rows + 0.5) @ weight]) / weight.sum()
    np.testing.assert_allclose(middle, ends.mean(0), atol=0.1)
    # The limb goes (0.8, 0.6): what a column of pixels sees of it is longer than it is wide.
    centre = int(ends.mean(0)[0])
    assert drawn[:, centre - 4 : centre + 5].sum(0).mean() / 153 * 0.8 == pytest.approx(2 * half_width(size), abs=0.3)
    assert half_width(size) == pytest.approx(4 * min(size) / 512)


def test_joints_far_outside_do_not_overflow():
    person = spread_person((512, 512))
    person[RIGHT_WRIST, :2] = (3e9, -3e9)
    assert control_picture(person, size=(512, 512)).any()


def test_a_limb_that_points_at_the_camera_is_a_disc():
    person = np.zeros((25, 3), np.float32)
    person[[RIGHT_ELBOW, RIGHT_WRIST]] = 100.5, 100.5, 1
    drawn = control_picture(person, size=(512, 512))
    rows, columns = np.nonzero(drawn.any(-1))
    assert np.hypot(rows - 100, columns - 100).max() < 6


def test_a_movement_of_a_tenth_of_a_pixel_shows():
    person = spread_person((512, 512))
    moved = person.copy()
    moved[:, 0] += 0.1
    assert (control_picture(person, size=(512, 512)) != control_picture(moved, size=(512, 512))).any()


def test_colours_survive_the_video(tmp_path):
    size = (360, 640)
    person = spread_person(size)
    with VideoWriter(tmp_path / "control.mp4", fps=30, size=size, crf=10) as writer:
        for _ in range(12):
            writer.write(control_picture(person, size=size))
    assert probe(tmp_path / "control.mp4").fps == 30
    picture = list(decode_frames(tmp_path / "control.mp4", fps=30, size=None))[6].astype(int)
    xy = person[list(CONTROL_JOINTS), :2]
    for (a, b), colour in zip(CONTROL_LIMBS[2:12], COLOURS[2:12], strict=True):
        np.testing.assert_allclose(colour_at(picture, (xy[a] + xy[b]) / 2), 0.6 * np.array(colour), atol=40)


def test_a_hundred_pictures_of_720p_a_second():
    person = spread_person((1280, 720))
    threads = cv2.getNumThreads()
    cv2.setNumThreads(1)
    try:
        start = time.process_time()
        for _ in range(30):
            control_picture(person, size=(1280, 720))
        assert (time.process_time() - start) / 30 < 0.01
    finally:
        cv2.setNumThreads(threads)
