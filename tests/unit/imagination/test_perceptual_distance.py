"""The perceptual distance on frames of a studio dancer: it grows with damage and is not misled as pixels are."""

import cv2
import numpy as np
import pytest

from danceit_core.errors import AssetError, ImaginationError
from danceit_core.imagination.networks.perceptual_distance import (
    PerceptualDistance,
    mean_distance,
    perceptual_distance,
    person_square,
)
from danceit_core.pose.tflite import Network


def blurred(picture, sigma_px):
    return cv2.GaussianBlur(picture, (0, 0), sigma_px)


def noisy(picture, levels):
    noise = np.random.default_rng(0).normal(0, levels, picture.shape)
    return (picture + noise).round().clip(0, 255).astype(np.uint8)


def compressed(picture, quality):
    return cv2.imdecode(cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, quality])[1], cv2.IMREAD_COLOR)


def moved(picture, right_px):
    step = np.float32([[1, 0, right_px], [0, 1, 0]])
    return cv2.warpAffine(picture, step, picture.shape[1::-1], borderMode=cv2.BORDER_REPLICATE)


def brighter(picture, levels):
    return (picture.astype(int) + levels).clip(0, 255).astype(np.uint8)


def turned(picture, degrees):
    """Other colours: the hue turned."""
    hsv = cv2.cvtColor(picture, cv2.COLOR_RGB2HSV).astype(int)
    hsv[..., 0] = (hsv[..., 0] + degrees // 2) % 180
    return cv2.cvtColor(hsv.astype(np.uint8), cv2.COLOR_HSV2RGB)


def difference(pictures, real):
    return np.abs(np.stack(pictures).astype(int) - real).mean()


@pytest.fixture(scope="module")
def distance_of(pose_weights, studio_frames):
    """The mean distance of damaged frames from the frames."""
    (real, keypoints), distance = studio_frames, PerceptualDistance(pose_weights)
    return lambda pictures: mean_distance(distance, pictures, real, keypoints)


@pytest.mark.parametrize(
    ("damage", "grades"),
    [
        (blurred, (0.5, 1, 2, 4)),
        (noisy, (2, 5, 15, 40)),
        (compressed, (95, 75, 40, 10)),
        (moved, (1, 2, 6, 16)),
        (brighter, (5, 15, 40)),
        (turned, (10, 40, 120)),
    ],
)
def test_the_more_damage_the_farther(studio_frames, distance_of, damage, grades):
    found = [distance_of([damage(picture, grade) for picture in studio_frames[0]]) for grade in grades]
    assert found[0] > 0
    assert (np.diff(found) > 0).all()
    assert found[-1] < 2


def test_every_layer_grows_and_none_outweighs_the_others(pose_weights, studio_frames):
    (picture, *_), (pose, *_) = studio_frames
    distance, square = PerceptualDistance(pose_weights), person_square(pose)
    real = distance.see(picture, square=square)
    assert [features.shape[:2] for features in real] == [(side, side) for side in (128, 64, 32, 16, 8)]
    parts = []
    for sigma_px in (0.5, 1, 2, 4):
        seen = distance.see(blurred(picture, sigma_px), square=square)
        parts.append([np.square(a - b).sum(-1).mean() for a, b in zip(real, seen, strict=True)])
        assert distance(picture, blurred(picture, sigma_px), square=square) == pytest.approx(sum(parts[-1]))
    assert (np.diff(parts, axis=0) > 0).all()
    assert max(parts[2]) < 0.5 * sum(parts[2])
    lengths = np.concatenate([np.linalg.norm(features, axis=-1).ravel() for features in real])
    assert (np.isclose(lengths, 1, atol=1e-3) | (lengths < 1)).all()
    assert np.isclose(lengths, 1, atol=1e-3).mean() > 0.99


def test_equal_pictures_and_order(pose_weights, studio_frames):
    (one, other, _), (pose, *_) = studio_frames
    distance, square = PerceptualDistance(pose_weights), person_square(pose)
    assert distance(one, one.copy(), square=square) == 0
    assert distance(one, other, square=square) == distance(other, one, square=square) > 0


def test_pixels_are_misled_where_it_is_not(studio_frames, distance_of):
    real = studio_frames[0]
    soft, bright = [blurred(p, 1.5) for p in real], [brighter(p, 10) for p in real]
    assert difference(soft, real) < 0.6 * difference(bright, real)
    assert distance_of(soft) > 10 * distance_of(bright)
    # Nobody is there: to the pixels less of a fault than ten grey levels, to the eye worse than any blur.
    room = np.median(np.stack([moved(p, far) for p in real for far in (-90, 0, 90)]), axis=0).astype(np.uint8)
    assert distance_of([room] * 3) > 3 * distance_of(soft)


def test_what_is_far_from_the_person_does_not_count(pose_weights, studio_frames):
    real, keypoints = studio_frames
    wide = np.pad(real, ((0, 0), (0, 0), (200, 200), (0, 0)), mode="edge")
    shifted = keypoints + np.float32([200, 0, 0])
    other = wide.copy()
    other[:, :, :60] = 255 - other[:, :, :60]
    assert perceptual_distance(other, wide, shifted, pose_weights) == 0


def test_frames_without_a_person_are_left_out(pose_weights, studio_frames):
    real, keypoints = studio_frames
    damaged = np.stack([blurred(picture, 2) for picture in real])
    each = [
        perceptual_distance(damaged[k : k + 1], real[k : k + 1], keypoints[k : k + 1], pose_weights) for k in (0, 1)
    ]
    absent = keypoints.copy()
    absent[2, 7:] = 0
    assert perceptual_distance(damaged, real, absent, pose_weights) == pytest.approx(np.mean(each))
    for count in (0, 1):
        nobody = np.zeros((count, 25, 3), np.float32)
        assert np.isnan(perceptual_distance(damaged[:count], real[:count], nobody, pose_weights))


def test_the_square_holds_the_joints():
    pose = np.zeros((25, 3), np.float32)
    pose[:3] = (100, 40, 1), (120, 240, 1), (80, 140, 0.5)
    np.testing.assert_allclose(person_square(pose), (100, 140, 250, 0))
    with pytest.raises(ImaginationError, match=r"a pose of 1 joints has no extent"):
        person_square(np.where(np.arange(25)[:, None] == 1, pose, 0))


def test_what_cannot_be_compared_is_said(pose_weights, studio_frames, tmp_path):
    (picture, *_), (pose, *_) = studio_frames
    distance = PerceptualDistance(pose_weights)
    with pytest.raises(ImaginationError, match=r"shape \(256, 256, 3\) and \(200, 256, 3\) .* resize one"):
        distance(picture, picture[:200], square=person_square(pose))
    with pytest.raises(
        AssetError, match=r"pose_landmark_full\.tflite: the pose weights are missing; run `make assets`"
    ):
        PerceptualDistance(tmp_path)
    with pytest.raises(AssetError, match=r"full\.tflite has no layer relu_7: it is another network"):
        Network(pose_weights / "pose_landmark_full.tflite", threads=1, layers=["relu_7"])
