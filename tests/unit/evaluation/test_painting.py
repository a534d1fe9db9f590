"""Scores of painted frames: the real ones are perfect, and each fault shows in its own score."""

import cv2
import numpy as np
import pytest
from dancers import sine_dancer, turned
from toy_target import LANDSCAPE, PORTRAIT, all_pictures, toy_target

from danceit_core.evaluation.painting import (
    flag_poses,
    motion_error,
    person_psnr,
    score_faces,
    score_hands,
    score_painting,
    texture_flicker,
    warp_errors,
)
from danceit_core.imagination.target.region import person_region
from danceit_core.pose.table import PoseTable

TARGET = toy_target(12, size=128)
REAL, POSES, BODY = list(all_pictures(TARGET)), TARGET.keypoints, TARGET.body_px
FOLLOWS = TARGET.after_another


def score(painted):
    return score_painting(painted, REAL, POSES, follows=FOLLOWS, body_px=BODY, face_px=20)


def test_the_real_frames_score_as_well_as_can_be():
    scores = score(REAL)
    assert scores["psnr"] == scores["person_psnr"] == scores["face_psnr"] == np.inf
    assert scores["ssim"] == pytest.approx(1)
    assert scores["face_sharp"] == pytest.approx(1)
    assert scores["motion_error"] == 0
    assert scores["flicker"] == scores["flicker_real"]


def test_a_fault_in_the_room_is_not_the_persons():
    size = (128, 128)
    painted = []
    for number, (picture, pose) in enumerate(zip(REAL, POSES, strict=True)):
        room = ~person_region(pose, size=size, body_px=BODY, widen=1.6)
        faulty = picture.copy()
        faulty[room] += np.uint8(2 + 10 * (number % 2))
        painted.append(faulty)
    scores = score(painted)
    assert scores["person_psnr"] == np.inf
    assert np.isfinite(scores["psnr"])
    assert scores["flicker"] == pytest.approx(scores["flicker_real"] + 10, abs=1.5)


def test_a_blurred_face_is_less_sharp_and_a_trembling_person_moves_wrongly():
    blurred = [cv2.GaussianBlur(picture, (0, 0), 1.5) for picture in REAL]
    assert score_faces(blurred, REAL, POSES, side=20)["face_sharp"] < 0.4
    trembling = [cv2.add(p, np.full_like(p, 6 * (k % 2))) for k, p in enumerate(REAL)]
    brighter = [cv2.add(p, np.full_like(p, 6)) for p in REAL]
    assert score(trembling)["motion_error"] == pytest.approx(6, abs=0.5)
    assert score(brighter)["motion_error"] < 0.5


def test_flicker_on_a_moving_person_is_told_from_her_movement():
    rng = np.random.default_rng(0)
    texture = cv2.GaussianBlur(rng.integers(0, 256, (160, 160, 3)).astype(np.uint8), (0, 0), 2)
    real = [np.ascontiguousarray(texture[20:148, 20 - 2 * k : 148 - 2 * k]) for k in range(5)]
    everywhere, after = [np.ones((128, 128), bool)] * 5, np.arange(5) > 0
    darker = [cv2.subtract(p, np.full_like(p, 20)) for p in real]
    flickering = [cv2.subtract(p, np.full_like(p, 20 * (k % 2))) for k, p in enumerate(real)]
    steady, trembling = (warp_errors(p, real, everywhere, follows=after) for p in (darker, flickering))
    assert steady["warp_error_real"] == trembling["warp_error_real"] < 2
    assert steady["warp_error"] < 2
    assert trembling["warp_error"] == pytest.approx(20, abs=2)
    assert texture_flicker(flickering, everywhere, follows=after) == pytest.approx(20, abs=2)


def test_a_person_who_trembles_as_a_whole_has_steady_clothes():
    rng = np.random.default_rng(0)
    texture = cv2.GaussianBlur(rng.integers(0, 256, (160, 160, 3)).astype(np.uint8), (0, 0), 3)
    real = [np.ascontiguousarray(texture[20:148, 20:148])] * 5
    shaken = [np.ascontiguousarray(texture[20:148, 18 + 4 * (k % 2) :][:, :128]) for k in range(5)]
    middle, after = [np.pad(np.ones((96, 96), bool), 16)] * 5, np.arange(5) > 0
    assert warp_errors(shaken, real, middle, follows=after)["warp_error"] > 4
    assert texture_flicker(shaken, middle, follows=after) < 2


def test_frames_that_do_not_follow_each_other_say_nothing_of_change():
    regions = [np.ones((128, 128), bool)] * 2
    pair = REAL[:2], [REAL[0], REAL[0]]
    assert motion_error(*pair, regions, follows=np.array([False, True])) > 0
    assert np.isnan(motion_error(*pair, regions, follows=np.array([False, False])))


@pytest.mark.parametrize("size", [LANDSCAPE, PORTRAIT], ids=["landscape", "portrait"])
def test_pictures_of_any_shape_are_scored(size):
    target = toy_target(8, size=size)
    real = list(all_pictures(target))
    options = {"follows": target.after_another, "body_px": target.body_px, "face_px": 12}
    scores = score_painting(real, real, target.keypoints, **options)
    assert scores["psnr"] == scores["person_psnr"] == scores["face_psnr"] == np.inf
    blurred = [cv2.GaussianBlur(picture, (0, 0), 1.5) for picture in real]
    worse = score_painting(blurred, real, target.keypoints, **options)
    assert worse["face_sharp"] < 0.6
    assert worse["person_psnr"] < 30


def test_blurred_hands_are_less_sharp_and_a_blurred_room_changes_nothing():
    assert score_hands(REAL, REAL, POSES, side=12) == 1
    blurred = [cv2.GaussianBlur(picture, (0, 0), 1.5) for picture in REAL]
    assert score_hands(blurred, REAL, POSES, side=12) < 0.5
    far = [picture.copy() for picture in REAL]
    for picture in far:
        picture[-6:] = cv2.GaussianBlur(picture[-6:], (0, 0), 2)
    assert score_hands(far, REAL, POSES, side=12) == 1
    without = POSES.copy()
    without[:, [4, 7]] = 0
    assert np.isnan(score_hands(REAL, REAL, without, side=12))


def test_the_psnr_of_a_person_has_the_known_value_of_an_even_error():
    brighter = [np.where(picture > 245, picture - 10, picture + 10).astype(np.uint8) for picture in REAL]
    assert person_psnr(brighter, REAL, POSES, body_px=BODY) == pytest.approx(20 * np.log10(25.5))


def test_without_a_face_there_is_no_face_score():
    away = POSES.copy()
    away[:, 0] = 0
    assert np.isnan(score_faces(REAL, REAL, away, side=20)["face_psnr"])


def test_poses_to_guess_are_flagged():
    about = {"fps": 24, "width": 512, "height": 512}
    target = PoseTable(sine_dancer(96), about)
    dance = sine_dancer(40)
    dance[10:20] = turned(dance[10:20])
    dance[20:24, :, 0] += 300
    dance[30:38, 4] = 0
    flags = flag_poses(PoseTable(dance, about), target)
    assert flags["unseen_poses"] == pytest.approx(10 / 40)
    assert flags["outside_picture"] == pytest.approx(4 / 40)
    assert flags["missing_joints"] == pytest.approx(8 / 40)
    nobody = flag_poses(PoseTable(np.zeros((5, 25, 3), np.float32), about), target)
    assert np.isnan(nobody["unseen_poses"])
    assert nobody["missing_joints"] == 1
