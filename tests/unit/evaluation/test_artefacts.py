"""Artefacts far from the person and near their silhouette are counted; the person, their shadow and noise are not."""

import cv2
import numpy as np
import pytest
from toy_target import all_pictures, toy_target

from danceit_core.evaluation.artefacts import FAR_TORSOS, far_changed, near_changed
from danceit_core.imagination.target.region import person_and_shadow

TARGET = toy_target(4, size=(480, 200), share=0.7)
REAL, POSES, BODY, PLATE = list(all_pictures(TARGET)), TARGET.keypoints, TARGET.body_px, TARGET.plate
ABOUT = {"plate": PLATE, "body_px": BODY}
OUTLINES = [np.where((picture != PLATE).any(-1), 255, 0).astype(np.uint8) for picture in REAL]
PIXELS = PLATE.shape[0] * PLATE.shape[1]


def with_square(picture, x, y, *, side=6, levels=60):
    spoilt = picture.copy()
    where = slice(y, y + side), slice(x, x + side)
    spoilt[where] = np.where(PLATE[where] > 128, PLATE[where] - levels, PLATE[where] + levels)
    return spoilt


def test_real_frames_in_an_unchanged_room_have_none():
    assert far_changed(REAL, POSES, **ABOUT) == 0
    assert near_changed(REAL, POSES, OUTLINES, **ABOUT) == 0


def test_a_fleck_far_off_counts_its_pixels_and_is_not_near():
    spoilt = [with_square(picture, 2, 2) for picture in REAL]
    assert far_changed(spoilt, POSES, **ABOUT) == pytest.approx(36 / PIXELS)
    assert near_changed(spoilt, POSES, OUTLINES, **ABOUT) == 0


def test_a_fleck_beside_the_shoulder_is_near_and_not_far():
    spoilt = []
    for picture, pose in zip(REAL, POSES, strict=True):
        left, top = pose[2:8, 0].min() - 0.45 * BODY, pose[1, 1]
        spoilt.append(with_square(picture, round(left), round(top)))
    assert far_changed(spoilt, POSES, **ABOUT) == 0
    assert near_changed(spoilt, POSES, OUTLINES, **ABOUT) == pytest.approx(36 / PIXELS)


def test_shadows_at_the_feet_and_the_coding_do_not_count():
    feet = [pose[[11, 14], :2].mean(0) for pose in POSES]
    shaded = [with_square(p, round(x + 0.6 * BODY), round(y)) for p, (x, y) in zip(REAL, feet, strict=True)]
    noisy = [cv2.add(picture, np.full_like(picture, 5)) for picture in shaded]
    assert far_changed(noisy, POSES, **ABOUT) == 0
    assert near_changed(noisy, POSES, OUTLINES, **ABOUT) == 0


def test_far_begins_where_the_painting_ends():
    size = PLATE.shape[1::-1]
    grown = cv2.distanceTransform(
        np.uint8(~person_and_shadow(POSES[0], size=size, body_px=BODY)), cv2.DIST_L2, cv2.DIST_MASK_PRECISE
    )
    inside = PLATE.copy()
    inside[grown <= FAR_TORSOS * BODY] += np.uint8(30)
    assert far_changed([inside], POSES[:1], **ABOUT) == 0
    everything = PLATE + np.uint8(30)
    assert far_changed([everything], POSES[:1], **ABOUT) == pytest.approx((grown > FAR_TORSOS * BODY).mean())


def test_no_pictures_give_no_figure():
    assert np.isnan(far_changed([], POSES[:0], **ABOUT))
    assert np.isnan(near_changed([], POSES[:0], [], **ABOUT))
