"""Outlines from joints: their place, their thickness, and what is read off real outlines."""

from dataclasses import astuple, replace

import numpy as np
import pytest
from dancers import sine_dancer, wandering_dancer

from danceit_core.pose.capsules import body_size
from danceit_core.pose.silhouette import Girths, fit_girths, silhouette, soft_overlap, steady_size
from danceit_core.pose.skeleton import LEFT_KNEE, RIGHT_ELBOW, RIGHT_KNEE, RIGHT_SHOULDER, RIGHT_WRIST

SIZE = (512, 512)


def outline_of(keypoints, girths=None, *, size=SIZE):
    return silhouette(keypoints, size=size, body_px=float(body_size(keypoints)), girths=girths or Girths())


def test_the_outline_covers_the_body_and_nothing_far_from_it():
    person = sine_dancer(1)[0]
    mask = outline_of(person)
    assert mask.shape == (512, 512)
    assert mask.dtype == np.uint8
    for x, y in person[:15, :2]:
        assert mask[int(y), int(x)] == 255
    rows, columns = np.nonzero(mask)
    low, high = person[:, :2].min(0), person[:, :2].max(0)
    assert columns.min() > low[0] - 40
    assert columns.max() < high[0] + 40
    assert rows.min() > low[1] - 60
    assert rows.max() < high[1] + 20


@pytest.mark.parametrize("size", [(300, 640), (640, 500)])
def test_any_shape_of_picture(size):
    person = sine_dancer(1, place=(size[0] / 2, 450))[0]
    assert outline_of(person, size=size).shape == size[::-1]


def test_a_forearm_is_as_thick_as_its_girths_say():
    person = np.zeros((25, 3), np.float32)
    person[RIGHT_ELBOW], person[RIGHT_WRIST] = (100, 100, 1), (200, 100, 1)
    girths = replace(Girths(), elbow=0.2, wrist=0.1)
    mask = silhouette(person, size=SIZE, body_px=100, girths=girths) / 255
    assert mask[:, 110].sum() == pytest.approx(39, abs=1.5)
    assert mask[:, 150].sum() == pytest.approx(30, abs=1.5)
    assert mask[:, 190].sum() == pytest.approx(21, abs=1.5)
    # Edges are soft.
    assert len(np.unique(mask)) > 10


def test_absent_joints_are_left_out_with_their_limbs():
    person = sine_dancer(1)[0]
    whole = outline_of(person).astype(int)
    person[[RIGHT_SHOULDER, RIGHT_ELBOW, RIGHT_WRIST]] = 0
    less = outline_of(person).astype(int)
    assert (whole - less).sum() > 255 * 500
    assert not silhouette(np.zeros((25, 3), np.float32), size=SIZE, body_px=100, girths=Girths()).any()


def test_girths_are_found_again():
    dance = wandering_dancer(12, seed=3)
    sizes = body_size(dance)
    true = Girths(shoulder=0.12, elbow=0.08, wrist=0.06, hand=0.07, hip=0.25, knee=0.17, ankle=0.12, head=0.26)
    masks = [silhouette(pose, size=SIZE, body_px=float(px), girths=true) for pose, px in zip(dance, sizes, strict=True)]
    found = fit_girths(dance[::2], masks[::2], body_px=sizes[::2])

    def likeness(girths):
        return np.mean([
            soft_overlap(silhouette(pose, size=SIZE, body_px=float(px), girths=girths), mask)
            for pose, px, mask in zip(dance[1::2], sizes[1::2], masks[1::2], strict=True)
        ])  # fmt: skip

    assert likeness(Girths()) < 0.9
    assert likeness(found) > 0.97
    assert (found.hip, found.knee, found.head) == pytest.approx((true.hip, true.knee, true.head), rel=0.15)


def test_without_outlines_the_usual_girths_are_kept():
    dance = wandering_dancer(3, seed=3)
    empty = [np.zeros((512, 512), np.uint8)] * 3
    assert astuple(fit_girths(dance, empty, body_px=body_size(dance))) == astuple(Girths())
    assert fit_girths(dance[:0], [], body_px=np.zeros(0)) == Girths()


def test_the_bodys_size_stays_when_the_torso_leans_forward():
    dance = sine_dancer(96)
    steady = float(np.median(body_size(dance)))
    # Bent over and sat down for half a second: every bone looks short.
    dance[40:52, :, 1] = 450 + 0.3 * (dance[40:52, :, 1] - 450)
    assert body_size(dance)[45] < 0.8 * steady
    np.testing.assert_allclose(steady_size(dance, fps=24), steady, rtol=0.1)


def test_the_size_of_nobody_is_unknown():
    assert np.isnan(steady_size(np.zeros((5, 25, 3), np.float32), fps=24)).all()
    gone = sine_dancer(48)
    gone[10:20] = 0
    assert np.isfinite(steady_size(gone, fps=24)).all()


def test_the_legs_stay_apart():
    person = sine_dancer(1)[0]
    person[[RIGHT_KNEE, 11], 0] -= 40
    person[[LEFT_KNEE, 14], 0] += 40
    mask = outline_of(person)
    y = int(person[RIGHT_KNEE, 1])
    middle = int((person[RIGHT_KNEE, 0] + person[LEFT_KNEE, 0]) / 2)
    assert mask[y, middle] == 0
    assert mask[y, int(person[RIGHT_KNEE, 0])] == 255
