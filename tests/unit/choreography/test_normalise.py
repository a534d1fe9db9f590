import numpy as np
import pytest
from dancers import TORSO_PX, sine_dancer

from danceit_core.choreography.curve import hide_absent, show_absent
from danceit_core.choreography.normalise import Body, carry_place, fit_to_target, keep_inside, whole_body
from danceit_core.errors import ChoreographyError

TARGET = Body(height_px=240.0, torso_px=88.0, ground_y=400.0, centre_x=200.0)


def test_body_of_a_standing_person() -> None:
    body = whole_body(sine_dancer(48, amplitude_px=0, place=(100, 450), scale=0.5))
    np.testing.assert_allclose(
        [body.height_px, body.torso_px, body.ground_y, body.centre_x], [150, TORSO_PX / 2, 450, 100], rtol=1e-5
    )


def test_jumps_crouches_and_wrong_frames_do_not_change_the_body() -> None:
    calm = sine_dancer(100, amplitude_px=0)
    wild = calm.copy()
    wild[10:15, :, 1] -= 120  # a jump
    wild[30:40, :9, 1] += 80  # a crouch
    wild[50, 0, 1] = -2000  # a lost nose
    assert whole_body(wild).height_px == pytest.approx(whole_body(calm).height_px)
    assert whole_body(wild).ground_y == pytest.approx(whole_body(calm).ground_y)


def test_absent_joints_are_left_out_of_the_measure() -> None:
    keypoints = sine_dancer(30, amplitude_px=0)
    keypoints[::2, 0] = 0
    keypoints[:, 11] = 0
    assert whole_body(keypoints).height_px == pytest.approx(300)


def test_half_a_person_is_refused_by_name() -> None:
    keypoints = sine_dancer(10)
    keypoints[:, 9:] = 0
    with pytest.raises(ChoreographyError, match=r"target anna: no frame of 10 .* film the whole body"):
        whole_body(keypoints, name="target anna")


def test_upside_down_has_the_size_of_the_upright_body() -> None:
    keypoints = sine_dancer(10)
    upright = whole_body(keypoints).height_px
    keypoints[..., 1] = 500 - keypoints[..., 1]
    assert whole_body(keypoints).height_px == pytest.approx(upright)


def test_scaled_body() -> None:
    assert TARGET.scaled(0.5) == Body(120.0, 44.0, 200.0, 100.0)


def test_clip_gets_the_targets_height_and_stands_on_its_ground() -> None:
    keypoints = sine_dancer(48, place=(700, 900), scale=2)
    keypoints[:, 15] = 0
    clip = fit_to_target(hide_absent(keypoints), source=whole_body(keypoints), ground_y=900, target=TARGET)
    fitted = whole_body(show_absent(clip))
    assert fitted.height_px == pytest.approx(TARGET.height_px, rel=1e-4)
    assert fitted.ground_y == pytest.approx(TARGET.ground_y, abs=1e-3)
    assert np.isnan(clip[:, 15, 0]).all()
    ratio = (clip[0, 4, :2] - clip[0, 0, :2]) / (keypoints[0, 4, :2] - keypoints[0, 0, :2])
    np.testing.assert_allclose(ratio, 240 / 600, rtol=1e-4)  # equal in x and y


def test_the_supporting_foot_stays_over_the_seam() -> None:
    a, b = (hide_absent(sine_dancer(40, place=(x, 450))) for x in (100, 350))
    a[:, 14, 1] -= 30  # the left foot is lifted: the right one supports
    b[:, 11, 0] -= 15
    placed = carry_place([a, b], context=5, centre_x=256)
    assert placed[0][5:35, 8, 0].mean() == pytest.approx(256, abs=1e-6)
    assert placed[1][5, 11, 0] == pytest.approx(placed[0][35, 11, 0])


def test_seam_without_feet_is_carried_by_the_hip() -> None:
    a, b = (hide_absent(sine_dancer(20, place=(x, 450), amplitude_px=0)) for x in (100, 350))
    b[:, [11, 14]] = np.nan
    placed = carry_place([a, b], context=2, centre_x=256)
    assert placed[1][2, 8, 0] == pytest.approx(256)


def test_a_walk_out_of_the_picture_is_kept_inside_smoothly() -> None:
    dance = hide_absent(sine_dancer(240))
    dance[..., 0] += np.linspace(0, 900, 240)[:, None]
    target = Body(300.0, TORSO_PX, 450.0, 256.0)
    kept = keep_inside(dance, target=target, size=(512, 512), fps=24)
    assert kept[..., 0].min() >= 0
    assert kept[..., 0].max() <= 512
    assert np.abs(kept[:, 8, 0] - 256).max() <= TORSO_PX + 20
    shift = kept[:, 0, 0] - dance[:, 0, 0]
    assert np.abs(np.diff(shift, 2)).max() < 1.0
    np.testing.assert_array_equal(kept[..., 1], dance[..., 1])


def test_a_dance_that_stays_is_not_moved_and_a_wide_one_is_centred() -> None:
    dance = hide_absent(sine_dancer(48))
    target = Body(300.0, TORSO_PX, 450.0, 256.0)
    np.testing.assert_allclose(keep_inside(dance, target=target, size=(512, 512), fps=24), dance)
    wide = keep_inside(dance, target=target, size=(60, 512), fps=24)
    assert (wide[24, :, 0].min() + wide[24, :, 0].max()) / 2 == pytest.approx(30, abs=25)
