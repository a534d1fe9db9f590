import dataclasses

import numpy as np
import pytest
from dancers import sine_dancer, wandering_dancer

from danceit_core.choreography import seams, tsd
from danceit_core.choreography.curve import hide_absent
from danceit_core.choreography.spatial import context_frames, join_clips
from danceit_core.config import SpatialSettings
from danceit_core.errors import ChoreographyError

SETTINGS = SpatialSettings()
CONTEXT = context_frames(SETTINGS)


def two_clips(frames: int = 40, last: int = 30) -> list[np.ndarray]:
    a = wandering_dancer(frames + 2 * CONTEXT, seed=1)
    b = wandering_dancer(last + 2 * CONTEXT, seed=2)
    return [hide_absent(a), hide_absent(b)]


def join(clips: list[np.ndarray], **changes: object) -> np.ndarray:
    return join_clips(clips, picture_px=512, settings=dataclasses.replace(SETTINGS, **changes))


def peak_jerk(dance: np.ndarray, seam: int) -> float:
    return float(np.abs(np.diff(dance[seam - 14 : seam + 14, :, :2], 3, axis=0)).max())


@pytest.mark.parametrize("variant", ["none", "linear", "tsd", "crossfade", "inertialize"])
@pytest.mark.parametrize("last", [1, 2, 7, 30])
def test_every_variant_keeps_the_length_for_any_last_clip(variant: str, last: int) -> None:
    dance = join(two_clips(last=last), variant=variant)
    assert dance.shape == (40 + last, 25, 3)
    assert np.isfinite(dance).all()


@pytest.mark.parametrize("variant", ["none", "linear", "tsd", "crossfade", "inertialize"])
def test_one_clip_is_left_alone(variant: str) -> None:
    clip = two_clips()[0]
    np.testing.assert_allclose(join([clip], variant=variant, jump_px=0), clip[CONTEXT:-CONTEXT])


@pytest.mark.parametrize("variant", ["linear", "tsd", "crossfade", "inertialize"])
def test_every_variant_is_smoother_than_a_cut_and_leaves_the_rest(variant: str) -> None:
    clips = two_clips()
    hard, soft = join(clips, variant="none"), join(clips, variant=variant, jump_px=0)
    assert peak_jerk(soft, 40) < 0.7 * peak_jerk(hard, 40)
    away = [*range(40 - CONTEXT), *range(41 + CONTEXT, 70)]
    np.testing.assert_allclose(soft[away], hard[away], atol=1e-9)


def test_crossfade_of_two_constants_is_a_smoothstep() -> None:
    a, b = (np.full((60, 25, 3), v) for v in (100.0, 200.0))
    a[..., 2] = b[..., 2] = 1.0
    x = seams.crossfade([a, b], context=10, half_width=10)[:, 0, 0]
    assert x[40] == pytest.approx(150)
    assert x[30] == pytest.approx(100)
    assert x[50] == pytest.approx(200)
    assert (np.diff(x[30:51]) > 0).all()
    np.testing.assert_allclose(x[30:51] - 150, -(x[30:51][::-1] - 150), atol=1e-9)


def test_crossfade_of_a_dance_with_its_own_continuation_is_that_dance() -> None:
    whole = hide_absent(wandering_dancer(100, seed=3))
    same = seams.crossfade([whole[:60], whole[40:100]], context=10, half_width=10)
    np.testing.assert_allclose(same, whole[10:90], atol=1e-9)


def test_crossfade_shows_a_joint_where_the_heavier_clip_does() -> None:
    clips = two_clips()
    for clip, joint in zip(clips, (20, 15), strict=True):
        clip[:, joint] = np.nan, np.nan, 0
    dance = join(clips)
    assert np.isnan(dance[:40, 20, 0]).all()
    assert not np.isnan(dance[41:, 20, 0]).any()
    assert not np.isnan(dance[:40, 15, 0]).any()
    assert np.isnan(dance[41:, 15, 0]).all()
    np.testing.assert_allclose(dance[41:45, 20], clips[1][CONTEXT + 1 : CONTEXT + 5, 20])


def test_inertialize_matches_position_and_velocity() -> None:
    a, b = (np.ones((60, 25, 3)) for _ in range(2))
    time = np.arange(-10.0, 50.0)
    a[..., 0], a[..., 1] = (2 * time)[:, None], 0
    b[..., 0], b[..., 1] = (-1 * time)[:, None], 30
    x = seams.inertialize([a, b], context=10, half_width=10)[:, 0, 0]
    assert np.abs(np.diff(x, 2)).max() < 4.0  # the cut alone jumps by 80
    np.testing.assert_allclose(x[:30], 2 * np.arange(30))
    np.testing.assert_allclose(x[50:], -np.arange(10, 40))


def test_linear_is_a_straight_line_between_unmoved_ends() -> None:
    clips = two_clips()
    hard, dance = join(clips, variant="none"), join(clips, variant="linear", jump_px=0)
    np.testing.assert_allclose(np.diff(dance[36:45, :, :2], 2, axis=0), 0, atol=1e-9)
    np.testing.assert_allclose(dance[[36, 44]], hard[[36, 44]])


def test_tsd_keeps_the_ends_of_its_window() -> None:
    clips = two_clips()
    hard, dance = join(clips, variant="none"), join(clips, variant="tsd", jump_px=0)
    np.testing.assert_allclose(dance[[36, 44]], hard[[36, 44]], atol=1e-9)
    assert np.abs(dance[37:44] - hard[37:44]).max() > 1
    line = join(clips, variant="linear", jump_px=0)
    assert np.abs(dance - line)[37:44].max() > 0.05  # the trend of the frames before shows


def test_tsd_predicts_a_movement_that_repeats_in_every_window() -> None:
    u = np.arange(9) / 8
    windows = [np.stack([40 * u * (1 - u), 90 * u * (1 - u) ** 2], 1)] * 3
    np.testing.assert_allclose(tsd.predict_movement(windows, period_px=5), windows[0], atol=1e-9)


def test_decomposition_finds_trend_and_period() -> None:
    u = np.linspace(-1, 1, 9)
    trend = 4 + 3 * u - 2 * u**3
    found, period, length = tsd.decompose(trend[:, None], period_px=5)
    np.testing.assert_allclose(found[:, 0], trend, atol=1e-9)
    np.testing.assert_allclose(period, 0, atol=1e-9)
    assert length[0] == 2
    swing = 30.0 * np.array([0, 1, -1] * 9)[:, None]
    _, period, length = tsd.decompose(swing, period_px=5)
    assert length[0] == 3
    assert np.abs(period).max() > 20
    _, period, length = tsd.decompose(np.array([[0.0], [90], [-40], [70], [-90], [20], [80], [-60], [0]]), period_px=5)
    assert length[0] == 0
    assert not period.any()


def test_the_ten_pixel_rule_scales_with_the_picture() -> None:
    keypoints = hide_absent(sine_dancer(20, amplitude_px=0))
    keypoints[12:, 4, 0] += 11
    keypoints[5, 7] = np.nan
    np.testing.assert_array_equal(tsd.find_discontinuities(keypoints, jump_px=10), [12])
    assert not len(tsd.find_discontinuities(keypoints, jump_px=11.5))
    clip = np.concatenate([keypoints[:1]] * CONTEXT + [keypoints] + [keypoints[-1:]] * CONTEXT)
    small = join_clips([clip], picture_px=512, settings=dataclasses.replace(SETTINGS, variant="linear"))
    large = join_clips([clip], picture_px=1024, settings=dataclasses.replace(SETTINGS, variant="linear"))
    assert 0 < small[12, 4, 0] - small[11, 4, 0] < 3
    assert large[12, 4, 0] - large[11, 4, 0] == pytest.approx(11)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"variant": "blend"}, "'blend'; known are 'none', 'linear'"),
        ({"window": 1}, "window is 1"),
        ({"reference": 4}, "reference 4 frames"),
        ({"half_width": -1}, "must not be negative"),
    ],
)
def test_unusable_settings_are_named(changes: dict, message: str) -> None:
    with pytest.raises(ChoreographyError, match=message):
        join(two_clips(), **changes)
