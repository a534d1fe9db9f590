"""The landmark network on a drawn figure and a studio dancer, and its parts against plain loops."""

import cv2
import numpy as np
import pytest

from danceit_core.errors import ConfigError
from danceit_core.pose import landmarks
from danceit_core.pose.blazepose import BlazePose
from danceit_core.pose.landmarks import MIRROR_POINT, POINTS, LandmarkNetwork, on_body25, region_around
from danceit_core.pose.skeleton import LEFT_SHOULDER, MID_HIP, NECK, RIGHT_SHOULDER, torso_length


@pytest.fixture(scope="module")
def body(pose_weights, studio_frames):
    """What is seen of a studio dancer, with the outline, and with the mean of the mirror image."""
    picture = studio_frames[0][0]
    found = BlazePose(pose_weights, fps=24, confidence_floor=0).estimate(picture)
    assert found is not None
    assert found.body is not None
    network = LandmarkNetwork(pose_weights)
    return picture, found.body, network.look(picture, found.body.following, mirror=True, outline=True), network


def test_the_look_at_the_mirror_image_is_that_at_a_flipped_picture(body):
    picture, first, _, network = body
    region = first.following
    flipped_region = region * (1, 1, 1, -1) + (picture.shape[1] - 2 * region[0], 0, 0, 0)
    seen = network._see(picture, region, flip=True, outline=True)
    flipped_picture = np.ascontiguousarray(picture[:, ::-1])
    flipped = network._see(flipped_picture, flipped_region, flip=False, outline=True)
    apart = np.abs(flipped.xy[MIRROR_POINT] * (-1, 1) + (picture.shape[1], 0) - seen.xy)
    # Heat maps refine a point or not, which the last bit of a pixel may decide.
    assert np.median(apart) < 0.02
    assert apart.max() < 1
    body_points = MIRROR_POINT[:POINTS]
    np.testing.assert_allclose(flipped.depth[body_points], seen.depth, atol=0.5)
    np.testing.assert_allclose(flipped.world[body_points] * (-1, 1, 1), seen.world, atol=5e-3)
    assert np.abs(flipped.outline[:, ::-1] - seen.outline).mean() < 1e-3


def test_both_looks_and_their_outlines_agree(body):
    """The second look is at the inner part of the region: points and outline must come to lie on each other."""
    picture, first, both, network = body
    one = network.look(picture, first.following, outline=True)
    assert np.median(np.linalg.norm(one.points - both.points, axis=1)) < 1.5
    inside = np.abs(one.outline - 0.5) < 0.4
    assert np.abs(one.outline - both.outline).mean() < 0.01
    assert inside.sum() < 0.05 * inside.size


def test_the_mirror_image_names_each_point_once():
    assert sorted(MIRROR_POINT) == list(range(39))
    np.testing.assert_array_equal(MIRROR_POINT[MIRROR_POINT], np.arange(39))
    assert MIRROR_POINT[[0, 33, 34]].tolist() == [0, 33, 34]
    assert MIRROR_POINT[[2, 7, 9, 15, 31]].tolist() == [5, 8, 10, 16, 32]


def test_depth_and_world_are_those_of_a_body(body, studio_frames):
    _, first, _, _ = body
    world = on_body25(first.world)
    assert np.isnan(world[[20, 23]]).all()
    assert 0.35 < np.linalg.norm(world[NECK] - world[MID_HIP]) < 0.75
    assert 0.2 < np.linalg.norm(world[LEFT_SHOULDER] - world[RIGHT_SHOULDER]) < 0.55
    assert world[NECK, 1] < world[MID_HIP, 1]  # y points down
    torso_px = torso_length(studio_frames[1][0])
    assert np.nanmax(np.abs(on_body25(first.depth))) < 2.5 * torso_px


def test_near_is_positive_in_depth_and_negative_in_z(body):
    """One and the same fact in two of the network's outputs."""
    _, first, _, _ = body
    arms = [13, 14, 15, 16, 25, 26, 27, 28]
    assert np.corrcoef(first.depth[arms], first.world[arms, 2])[0, 1] < -0.8


def test_a_turned_picture_turns_the_world(body, pose_weights):
    picture, first, _, network = body
    turned = np.ascontiguousarray(np.rot90(picture, -1))  # clockwise
    height = picture.shape[0]
    x, y, side, rotation = first.following
    seen = network.look(turned, np.array([height - y, x, side, rotation + np.pi / 2]))
    straight = network.look(picture, first.following)
    np.testing.assert_allclose(
        seen.points, np.stack([height - straight.points[:, 1], straight.points[:, 0]], 1), atol=1
    )
    np.testing.assert_allclose(seen.world[:, 0], -straight.world[:, 1], atol=0.02)
    np.testing.assert_allclose(seen.world[:, 1], straight.world[:, 0], atol=0.02)
    np.testing.assert_allclose(seen.world[:, 2], straight.world[:, 2], atol=0.02)


def test_the_outline_is_the_person(body):
    _, first, with_outline, _ = body
    assert first.outline is None
    outline = with_outline.outline
    assert outline.shape == (256, 256)
    assert 0 <= outline.min() < 0.01
    assert 0.99 < outline.max() <= 1
    to_crop = cv2.invertAffineTransform(landmarks.crop_transform(with_outline.region))
    trunk = with_outline.points[[11, 12, 23, 24]].mean(axis=0)
    column, row = (to_crop @ [*trunk, 1]).astype(int)
    assert outline[row, column] > 0.9
    assert outline[:8, :8].max() < 0.1


def test_nobody_in_a_grey_region(pose_weights):
    network = LandmarkNetwork(pose_weights)
    grey = np.full((128, 128, 3), 127, np.uint8)
    assert network.look(grey, np.array([64.0, 64.0, 100.0, 0.0]), mirror=True, outline=True) is None


def test_unknown_model(tmp_path):
    with pytest.raises(ConfigError, match=r"pose\.model is 'huge'; BlazePose's models are lite, full, heavy"):
        LandmarkNetwork(tmp_path, model="huge")


def test_the_crop_lies_where_its_coordinates_say():
    """The middle of the first pixel is at 0.5, in the crop as in the picture."""
    picture = np.zeros((64, 64, 3), np.uint8)
    picture[20, 30] = 255
    region = region_around(np.array([32.0, 32.0]), np.array([32.0, 32.0 - 32 / landmarks.REGION_MARGIN]))
    crop = landmarks.cut_region(picture, region)[..., 0].astype(float)
    rows, columns = np.indices(crop.shape) + 0.5
    middle = np.array([(crop * columns).sum(), (crop * rows).sum()]) / crop.sum()
    to_picture = landmarks.crop_transform(region)
    np.testing.assert_allclose(to_picture @ [*middle, 1], (30.5, 20.5), atol=0.02)


def test_refinement_equals_a_plain_loop():
    rng = np.random.default_rng(1)
    heatmaps = rng.normal(-1, 2, size=(64, 64, 39)).astype(np.float32)
    xy = rng.uniform(-20, 276, size=(39, 2))
    xy[0], xy[1] = (1, 1), (255, 254)
    expected = xy.copy()
    for point, (x, y) in enumerate(xy):
        column, row = int(np.floor(x / 4)), int(np.floor(y / 4))
        if not (0 <= column < 64 and 0 <= row < 64):
            continue
        total, moment, best = 0.0, np.zeros(2), 0.0
        for i in range(max(0, row - 3), min(64, row + 4)):
            for j in range(max(0, column - 3), min(64, column + 4)):
                weight = 1 / (1 + np.exp(-float(heatmaps[i, j, point])))
                total, moment, best = total + weight, moment + weight * np.array([j, i]), max(best, weight)
        if best >= 0.5:
            expected[point] = moment / total * 4
    np.testing.assert_allclose(landmarks.refine_on_heatmaps(xy, heatmaps), expected, rtol=1e-5)


def test_crop_transform_puts_the_body_upright():
    middle, outline = np.array([100.0, 120.0]), np.array([160.0, 40.0])
    region = landmarks.region_around(middle, outline)
    assert region[2] == pytest.approx(2 * 100 * 1.25)
    to_picture = landmarks.crop_transform(region)
    to_crop = cv2.invertAffineTransform(to_picture)
    np.testing.assert_allclose(to_crop @ [*middle, 1], (128, 128), atol=1e-9)
    # Straight up in the crop, at 100 of 250 pixels of the region.
    np.testing.assert_allclose(to_crop @ [*outline, 1], (128, 128 - 256 * 100 / 250), atol=1e-9)
