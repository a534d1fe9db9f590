"""Region, box and chart of the person, the plate behind, and the filling of its holes."""

import cv2
import numpy as np
import pytest
import torch
from toy_target import CPU, LANDSCAPE, PORTRAIT, draw_toy, toy_poses, toy_room

from danceit_core.imagination.networks.chart import CHANNELS, body_charts
from danceit_core.imagination.plate.fill import fill_holes
from danceit_core.imagination.target.fields import Body
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


def body_chart(pose, *, size=(SIZE, SIZE)):
    """The chart of one pose."""
    return body_charts(pose[None], size=size, body_px=BODY, device=CPU)[0].numpy()


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
    chart = body_chart(pose)
    assert chart.shape == (CHANNELS, SIZE // 2, SIZE // 2)
    at_neck, at_hip = (tuple((pose[j, 1::-1] / 2).astype(int)) for j in (1, 8))
    assert chart[0][at_hip] > chart[0][at_neck] > 0
    shoulders = [chart[1][tuple((pose[j, 1::-1] / 2 + (3, 0)).astype(int))] for j in (RIGHT_SHOULDER, LEFT_SHOULDER)]
    assert shoulders[0] * shoulders[1] < 0
    away = pose.copy()
    away[[RIGHT_SHOULDER, LEFT_SHOULDER]] = pose[[LEFT_SHOULDER, RIGHT_SHOULDER]]
    turned = body_chart(away)
    assert chart[2].max() > 0
    assert turned[2].min() < 0
    assert not body_chart(NOBODY).any()


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


def test_charts_of_several_poses_are_those_of_each():
    poses = np.stack([POSES[0], NOBODY, POSES[3]])
    poses[2, 3] = 0  # an arm without its elbow is one line
    both = body_charts(poses, size=(SIZE, SIZE), body_px=BODY, device=CPU).numpy()
    for pose, chart in zip(poses, both, strict=True):
        np.testing.assert_allclose(chart, body_chart(pose), atol=1e-5)
    assert both[2, 6].any()
    assert both[2, 6].max() < 1.5 + 1


@pytest.mark.parametrize("size", [(SIZE, SIZE), LANDSCAPE, PORTRAIT], ids=["square", "landscape", "portrait"])
def test_fields_are_the_regions_that_are_drawn(size):
    poses = toy_poses(8, size=size, sway=0.3)
    body_px = float(np.median(body_size(poses)))
    poses[5, [0, 15, 16, 17, 18]] = 0
    poses[6, [4, 11]] = 0
    poses[7] = 0
    body = Body.of(torch.from_numpy(poses), size=size, body_px=body_px)

    def region(field):
        return (body.for_pixels(field)[:, 0] <= 0).numpy()

    found = {widen: region(body.outline(widen)) for widen in (1.2, 1.5)}
    details, shadows = region(body.detail()), region(torch.minimum(body.outline(1.5), body.shadow))
    near = body.for_pixels(body.reach())[:, 0].numpy()
    for number, pose in enumerate(poses):
        options = {"size": size, "body_px": body_px}
        pairs = [(found[w][number], person_region(pose, widen=w, **options)) for w in found]
        pairs += [
            (shadows[number], person_and_shadow(pose, **options)),
            (details[number], detail_region(pose, **options)),
        ]
        for ours, drawn in pairs:
            # Near the rim they may differ: OpenCV draws between whole pixels.
            inner, outer = cv2.erode(np.uint8(drawn), np.ones((5, 5))), cv2.dilate(np.uint8(drawn), np.ones((5, 5)))
            assert ours[inner > 0].mean() > 0.98 if inner.any() else not drawn.all()
            assert ours[outer == 0].mean() < 0.01 if not outer.all() else drawn.any()
        assert np.abs(near[number] - reach(pose, **options)).mean() < 0.06
    assert not near[7].any()


def test_the_chart_of_a_window_is_the_window_of_the_chart():
    whole = body_chart(POSES[0])
    part = body_chart(POSES[0] - np.float32([16, 8, 0]), size=(96, 112))
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
