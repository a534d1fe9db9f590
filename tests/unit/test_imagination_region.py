"""Region, box and chart of the person, the plate behind, and the filling of its holes."""

import cv2
import numpy as np
import pytest
from toy_target import LANDSCAPE, PORTRAIT, draw_toy, toy_poses, toy_room

from danceit_core.imagination.networks.chart import CHANNELS, body_chart
from danceit_core.imagination.plate.fill import fill_holes
from danceit_core.imagination.target.region import (
    body_size,
    detail_region,
    person_and_shadow,
    person_region,
    person_span,
    reach,
)
from danceit_core.pose.skeleton import LEFT_SHOULDER, NECK, RIGHT_SHOULDER

SIZE = 128
POSES = toy_poses(40, size=SIZE)
BODY = float(np.median(body_size(POSES)))
NOBODY = np.zeros((25, 3), np.float32)


def test_the_body_size_survives_a_foreshortened_trunk():
    bent = POSES[0].copy()
    bent[NECK] = bent[8] + np.float32([2, -2, 0])
    assert body_size(bent) > 0.8 * body_size(POSES[0])
    assert np.isnan(body_size(NOBODY))


def test_the_region_covers_the_whole_person_and_no_more_than_needed():
    room = toy_room(SIZE)
    for pose in POSES[:10]:
        person = (draw_toy(pose, room) != room).any(-1)
        region = person_region(pose, size=(SIZE, SIZE), body_px=BODY, widen=1.2)
        assert region[person].mean() > 0.995
        assert region.mean() < 0.45
        assert detail_region(pose, size=(SIZE, SIZE), body_px=BODY).sum() < 0.5 * region.sum()
    assert not person_region(NOBODY, size=(SIZE, SIZE), body_px=BODY).any()


def test_the_person_reaches_as_far_as_cloth_and_shadow_and_not_across_the_room():
    for pose in POSES[:10]:
        near = reach(pose, size=(SIZE, SIZE), body_px=BODY)
        covered = person_and_shadow(pose, size=(SIZE, SIZE), body_px=BODY)
        assert near.dtype == np.float32
        assert (near[covered] == 1).all()
        grown = cv2.dilate(
            covered.astype(np.uint8), cv2.getStructuringElement(cv2.MORPH_ELLIPSE, [2 * int(BODY) - 1] * 2)
        )
        assert (near[grown == 0] == 0).all()
        assert 0 < near[(grown == 1) & ~covered].mean() < 1
        rows, columns = (np.abs(np.diff(near, axis=axis)).max() for axis in (0, 1))
        assert max(rows, columns) < 3 / BODY  # no edge that could be seen
    assert not reach(NOBODY, size=(SIZE, SIZE), body_px=BODY).any()


def test_the_box_goes_around_the_region_and_not_far_beyond():
    spans = person_span(POSES, body_px=BODY)
    assert spans.shape == (len(POSES), 4)
    for pose, span in zip(POSES, spans, strict=True):
        rows, columns = np.nonzero(person_region(pose, size=(SIZE, SIZE), body_px=BODY))
        region = np.array([columns.min(), rows.min(), columns.max() + 1, rows.max() + 1])
        outside = (region - span) * (1, 1, -1, -1)
        assert outside.min() > -0.06 * BODY  # the tips of outstretched hands
        assert outside.max() < 0.6 * BODY
    assert np.isnan(person_span(NOBODY, body_px=BODY)).all()
    nose = NOBODY.copy()
    nose[0] = (30, 40, 1)
    np.testing.assert_allclose(person_span(nose, body_px=20.0), [20, 30, 40, 50])


def test_the_chart_tells_where_on_the_body_and_which_way_it_faces():
    pose = POSES[0]
    chart = body_chart(pose, left=0, top=0, size=(SIZE, SIZE), body_px=BODY)
    assert chart.shape == (CHANNELS, SIZE // 2, SIZE // 2)
    at_neck, at_hip = (tuple((pose[j, 1::-1] / 2).astype(int)) for j in (1, 8))
    assert chart[0][at_hip] > chart[0][at_neck] > 0
    shoulders = [chart[1][tuple((pose[j, 1::-1] / 2 + (3, 0)).astype(int))] for j in (RIGHT_SHOULDER, LEFT_SHOULDER)]
    assert shoulders[0] * shoulders[1] < 0
    away = pose.copy()
    away[[RIGHT_SHOULDER, LEFT_SHOULDER]] = pose[[LEFT_SHOULDER, RIGHT_SHOULDER]]
    turned = body_chart(away, left=0, top=0, size=(SIZE, SIZE), body_px=BODY)
    assert chart[2].max() > 0
    assert turned[2].min() < 0
    assert not body_chart(NOBODY, left=0, top=0, size=(SIZE, SIZE), body_px=BODY).any()


@pytest.mark.parametrize("size", [LANDSCAPE, PORTRAIT], ids=["landscape", "portrait"])
def test_regions_have_the_picture_s_shape_and_cover_its_person(size):
    room, poses = toy_room(size), toy_poses(8, size=size, sway=0.3)
    body_px = float(np.median(body_size(poses)))
    for pose in poses:
        person = (draw_toy(pose, room) != room).any(-1)
        region = person_region(pose, size=size, body_px=body_px, widen=1.2)
        near = reach(pose, size=size, body_px=body_px)
        assert region.shape == near.shape == person.shape == size[::-1]
        assert region[person].mean() > 0.95  # a few pixels of soft edge: the person is 50 pixels high
        assert (near[region] == 1).all()
        assert not region.all()
        assert detail_region(pose, size=size, body_px=body_px).sum() < region.sum()


def test_the_chart_of_a_window_is_the_window_of_the_chart():
    whole = body_chart(POSES[0], left=0, top=0, size=(SIZE, SIZE), body_px=BODY)
    part = body_chart(POSES[0], left=16, top=8, size=(96, 112), body_px=BODY)
    np.testing.assert_allclose(part, whole[:, 4:60, 8:56], atol=1e-5)


def test_a_hole_is_covered_with_the_pattern_around_it():
    bricks = np.full((120, 160, 3), 190, np.uint8)
    for row in range(0, 120, 10):
        cv2.line(bricks, (0, row), (159, row), (120, 110, 100), 1)
        for column in range(5 * (row // 10 % 2), 160, 20):
            cv2.line(bricks, (column, row), (column, row + 10), (120, 110, 100), 1)
    known = np.ones((120, 160), bool)
    known[40:80, 60:90] = False
    broken = bricks.copy()
    broken[~known] = (255, 0, 255)
    filled = fill_holes(broken, known)
    smeared = cv2.inpaint(broken, (~known).astype(np.uint8), 5, cv2.INPAINT_TELEA)

    def error(picture):
        return np.abs(picture.astype(float) - bricks)[~known].mean()

    assert error(filled) < 0.3 * error(smeared)
    assert (filled[10:30] == bricks[10:30]).all()


@pytest.mark.parametrize("known", [True, False])
def test_a_picture_all_or_not_at_all_known_stays(known):
    room = toy_room(32)
    assert fill_holes(room, np.full((32, 32), known)) is room
