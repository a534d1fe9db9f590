"""Height and ground of a body: as ever for an upright one, and right where a dance has handstands and floor work."""

import numpy as np
import pytest
from dancers import handstand, lying, rolled, sine_dancer, wandering_dancer

from danceit_core.choreography.curve import hide_absent, show_absent
from danceit_core.choreography.normalise import Body, fit_to_target, ground_line, whole_body
from danceit_core.errors import ChoreographyError
from danceit_core.pose.measure import body_heights, ground_contacts, measure_body, why_no_size
from danceit_core.pose.orientation import joint_places

UPRIGHT = wandering_dancer(240, seed=3)
BODY = measure_body(UPRIGHT)
HEIGHT_PX = 300.0
FLOOR = {
    "handstand": handstand,
    "on the left": lambda frames: lying(frames, left=True),
    "on the right": lambda frames: lying(frames, left=False),
}


def test_an_upright_body_is_measured_as_the_lower_ankle_below_the_nose():
    ankle = UPRIGHT[:, [11, 14], 1].max(axis=1)
    assert BODY.height_px == pytest.approx(np.percentile(ankle - UPRIGHT[:, 0, 1], 90), rel=1e-6)
    assert BODY.ground_y == pytest.approx(np.percentile(ankle, 90), rel=1e-6)


@pytest.mark.parametrize("part", FLOOR.values(), ids=FLOOR)
@pytest.mark.parametrize("share", [0.1, 0.5, 0.85])
def test_handstands_and_floor_work_do_not_change_size_and_ground(part, share):
    frames = round(share / (1 - share) * len(UPRIGHT))
    body = measure_body(np.concatenate([UPRIGHT, part(frames)]))
    assert body.height_px == pytest.approx(BODY.height_px, rel=0.001)
    assert body.ground_y == pytest.approx(BODY.ground_y, abs=15)


def test_without_upright_frames_the_body_is_measured_along_itself():
    assert measure_body(handstand(48)).height_px == pytest.approx(HEIGHT_PX)
    for degrees in (0, 90, 180, 270):
        dancer = rolled(sine_dancer(48, amplitude_px=0), degrees, about=(256, 256))
        assert measure_body(dancer).height_px == pytest.approx(HEIGHT_PX, rel=1e-4)
    # Two upright frames of fifty are too few to measure by: they may be wrong.
    crouch = sine_dancer(2, scale=0.3)
    assert measure_body(np.concatenate([crouch, handstand(48)])).height_px == pytest.approx(HEIGHT_PX)


def test_the_hands_of_a_handstand_and_what_lies_on_the_floor_are_on_the_ground():
    for part in FLOOR.values():
        np.testing.assert_allclose(ground_contacts(joint_places(part(3))), 450, atol=0.3)
    assert ground_line(joint_places(handstand(24)), otherwise=0) == pytest.approx(450)


@pytest.mark.parametrize("part", FLOOR.values(), ids=FLOOR)
def test_a_clip_on_the_floor_is_put_on_the_targets_ground_in_the_targets_size(part):
    target = Body(height_px=150.0, torso_px=55.0, ground_y=400.0, centre_x=200.0)
    source, clip = whole_body(np.concatenate([UPRIGHT, part(120)])), hide_absent(part(24))
    fitted = fit_to_target(clip, source=source, ground_y=ground_line(clip[..., :2], otherwise=0), target=target)
    assert np.nanmax(fitted[:, :15, 1]) == pytest.approx(400, abs=0.1)
    before, after = (np.ptp(keypoints[0, :15, :2], axis=0) for keypoints in (part(1), show_absent(fitted)))
    np.testing.assert_allclose(after, before * 150 / BODY.height_px, rtol=0.01)


def test_no_frame_one_frame_and_nobody():
    one = sine_dancer(1, amplitude_px=0)
    assert measure_body(one).height_px == pytest.approx(HEIGHT_PX)
    for nobody in (one[:0], np.zeros_like(one)):
        assert np.isnan(body_heights(joint_places(nobody))).all()
        assert np.isnan(ground_contacts(joint_places(nobody))).all()
        assert "no frame" in why_no_size(measure_body(nobody), frames=len(nobody))


def test_a_body_without_extent_is_an_error_and_no_division_by_zero():
    point = np.ones((3, 25, 3), np.float32)
    with pytest.raises(
        ChoreographyError, match=r"video v: nose to ankles measures 0\.0 px, neck to hip 0\.0 px; give the joints"
    ):
        whole_body(point, name="video v")
    assert why_no_size(BODY, frames=240) == ""
