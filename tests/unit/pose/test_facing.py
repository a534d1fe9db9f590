"""Which way a dancer faces: on bodies in space whose angle is known, and on shoulders in the picture."""

import itertools

import numpy as np
import pytest
from bodies import body_in_space, in_picture

from danceit_core.pose.facing import (
    NOBODY,
    Facing,
    count_full_turns,
    count_half_turns,
    count_turns,
    facing_angles,
    measure_facing,
)

FPS = 24.0


def spin(angles, *, eyes="seen"):
    """A dancer turned by each angle (radians, 0 facing the camera) on the spot; torso 100 px, shoulders 80 px apart."""
    keypoints = np.zeros((len(angles), 25, 3), np.float32)
    keypoints[:, 1], keypoints[:, 8] = (256, 200, 1), (256, 300, 1)
    for left, right, half, y in ((5, 2, 40, 205), (16, 15, 8, 150)):
        for joint, side in ((left, 1), (right, -1)):
            keypoints[:, joint, 0] = 256 + side * half * np.cos(angles)
            keypoints[:, joint, 1:] = y, 1
    away = np.cos(angles) < 0
    if eyes == "hidden behind":  # OpenPose: no eyes from behind
        keypoints[np.ix_(away, [15, 16])] = 0
    elif eyes == "never":
        keypoints[:, [15, 16]] = 0
    elif eyes == "always front":
        keypoints[:, 16, 0], keypoints[:, 15, 0] = 264, 248
    return keypoints


@pytest.mark.parametrize("eyes", ["seen", "hidden behind", "never"])
@pytest.mark.parametrize("spins", [0, 1, 3])
def test_a_spin_is_two_turns(spins, eyes):
    angles = np.linspace(0, 2 * np.pi * spins, 40 * spins + 20)
    assert count_turns(spin(angles, eyes=eyes)) == 2 * spins


def test_swaying_in_profile_is_no_turn():
    angles = np.pi / 2 + 0.15 * np.sin(np.linspace(0, 60, 400))
    assert count_turns(spin(angles)) == 0


def test_a_face_that_stays_in_front_contradicts_swapped_shoulders():
    assert count_turns(spin(np.linspace(0, 4 * np.pi, 100), eyes="always front")) == 0


def test_nobody_and_single_frames_do_not_turn():
    assert count_turns(np.zeros((0, 25, 3), np.float32)) == 0
    assert count_turns(np.zeros((5, 25, 3), np.float32)) == 0
    assert count_turns(spin(np.array([np.pi]))) == 0


def test_the_angle_of_a_body_in_space_is_known_over_whole_spins():
    true = np.linspace(-90, 990, 300)
    assert facing_angles(body_in_space(true), fps=FPS)[5:-5] == pytest.approx(true[5:-5], abs=0.5)


def test_noise_of_centimetres_costs_degrees():
    true, rng = np.linspace(0, 720, 480), np.random.default_rng(0)
    noisy = body_in_space(true) + rng.normal(0, 0.03, (480, 25, 3))
    error = np.abs(facing_angles(noisy, fps=FPS) - true)
    assert np.median(error) < 3
    assert error.max() < 15


def test_a_handstand_faces_the_camera_too_and_one_who_lies_faces_nowhere():
    standing = body_in_space(np.zeros(20))
    assert facing_angles(standing * [-1, -1, 1], fps=FPS) == pytest.approx(np.zeros(20), abs=1e-6)
    lying = standing[..., [0, 2, 1]] * [1, 1, -1]  # on the back, the head towards the camera
    assert np.isnan(facing_angles(lying, fps=FPS)).all()


def test_frames_without_a_body_have_no_angle_and_do_not_bend_their_neighbours():
    points = body_in_space(np.full(40, 60.0))
    points[10:20] = np.nan
    angles = facing_angles(points, fps=FPS)
    assert np.isnan(angles[10:20]).all()
    assert np.delete(angles, range(10, 20)) == pytest.approx(60, abs=1e-6)
    assert np.isnan(facing_angles(np.full((3, 25, 3), np.nan), fps=FPS)).all()
    assert len(facing_angles(np.zeros((0, 25, 3)), fps=FPS)) == 0


@pytest.mark.parametrize(
    ("angles", "full"),
    [
        ([0, 350], 1),
        ([0, 300], 0),
        ([0, 360, 0], 2),
        ([0, 180, 0, 180, 0], 0),
        ([10, -1100], 3),
        ([0, 200, 190, 400, 380, 720], 2),
        ([], 0),
    ],
)
def test_full_turns(angles, full):
    path = np.concatenate([np.linspace(a, b, 50) for a, b in itertools.pairwise(angles)] or [np.zeros(0)])
    assert count_full_turns(path) == full


def test_half_turns_need_to_go_well_past_the_side():
    assert count_half_turns(np.array([0, 100, 0, 110, 20.0])) == 0
    assert count_half_turns(np.array([0, 130, 200, np.nan, 350.0])) == 2


def test_depth_tells_what_the_picture_cannot():
    true = np.repeat([0.0, 80.0, 180.0, 360.0], 48)  # the side view of a body is not clear in its shoulders
    world = body_in_space(true, energy=0.3)
    keypoints = in_picture(world, np.full((len(true), 2), 256.0))
    by_depth = measure_facing(keypoints, fps=FPS, world=world)
    assert (by_depth.turns, by_depth.full_turns, by_depth.by) == (2, 1, "depth")
    assert by_depth.towards == pytest.approx(96, abs=4)
    assert by_depth.away == pytest.approx(48, abs=4)
    assert by_depth.frames == len(true)
    by_shoulders = measure_facing(keypoints, fps=FPS)
    assert by_shoulders == Facing(96, 48, 48, turns=2, full_turns=0, by="shoulders")
    nothing_in_space = np.full_like(world, np.nan)
    assert measure_facing(keypoints, fps=FPS, world=nothing_in_space) == by_shoulders


def test_nobody_faces_nowhere_and_passages_add_up():
    assert measure_facing(np.zeros((4, 25, 3), np.float32), fps=FPS) == NOBODY
    part = Facing(3, 2, 1, turns=1, full_turns=0, by="depth")
    assert NOBODY + part == part
    assert part + part == Facing(6, 4, 2, turns=2, full_turns=0, by="depth")
