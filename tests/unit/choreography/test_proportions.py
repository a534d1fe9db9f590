"""Bones of the target's own length: measured, compared, and danced on the feet that stood."""

import bodies
import numpy as np
import pytest
from bodies import body_in_space, in_picture
from dancers import STANDING, sine_dancer, wandering_dancer

from danceit_core.choreography.align import Source, align, join
from danceit_core.choreography.curve import hide_absent
from danceit_core.choreography.floor import floor_of
from danceit_core.choreography.plan import Plan
from danceit_core.choreography.proportions import (
    BONES,
    FEW_FRAMES,
    MOST,
    NAMES,
    PERCENTILE,
    TALLER,
    Proportions,
    bone_factors,
    compare,
    measure_lengths,
)
from danceit_core.choreography.reshape import reshape
from danceit_core.config import SpatialSettings, TemporalSettings
from danceit_core.pose.skeleton import ANKLES, FEET, HEAD, LEFT_WRIST, RIGHT_WRIST
from danceit_core.pose.table import PoseTable

FPS = 24.0
TORSO_PX = 110.0
BODY_BONES = NAMES[:8]
PLAN = Plan(
    np.array([0, 48, 96]), np.full(3, 48), np.array(["a", "b", "c"], object),
    np.array(["near", "far", "near"], object), np.array([10, 60, 100]), np.ones(3), np.zeros(3),
)  # fmt: skip
LONG = Plan(
    np.array([0, 300]), np.full(2, 300), np.array(["a", "b"], object), np.array(["near", "far"], object),
    np.array([10, 60]), np.ones(2), np.zeros(2),
)  # fmt: skip
# Broad shoulders, short legs with long thighs, long arms, a big head.
FACTORS = {
    "trunk": 1.1, "shoulder": 1.2, "upper arm": 1.1, "forearm": 0.9, "hip": 1.15, "thigh": 0.95, "shank": 0.85,
    "neck": 1.1, "nose to eye": 1.2, "eye to ear": 1.2, "ankle to toe": 1.1, "across the toes": 1.1,
    "ankle to heel": 1.1,
}  # fmt: skip
CHANGED = np.array([FACTORS[name] for name in NAMES])


def with_bones(keypoints, factors=CHANGED):
    """The same movement by a body whose bones are `factors` times as long, the hip where it was."""
    out = keypoints.copy()
    for factor, sides in zip(factors, BONES.values(), strict=True):
        for parent, joint in sides:
            out[:, joint, :2] = out[:, parent, :2] + factor * (keypoints[:, joint, :2] - keypoints[:, parent, :2])
    return out


def bones(factors):
    """`Proportions` that make each bone so many times as long, of legs that are already in size."""
    each = np.ones(25)
    for factor, sides in zip(factors, BONES.values(), strict=True):
        each[[joint for _, joint in sides]] = factor
    return Proportions(1.0, each, arm_px=(500.0, 500.0))


def lengths_of(xy, name):
    return np.stack([np.linalg.norm(xy[:, a, :2] - xy[:, b, :2], axis=-1) for a, b in BONES[name]])


def place_of(keypoints, size=(512, 512)):
    return floor_of(PoseTable(keypoints, {"fps": FPS, "width": size[0], "height": size[1]}), camera="still").place


def dance(sources, place, *, own=True, temporal=None, plan=PLAN):
    return align(
        plan, sources, **place, beats_s=np.arange(0.5, 6, 0.5), fps=FPS,
        spatial=SpatialSettings(own_proportions=own), temporal=temporal or TemporalSettings(variant="none"),
    )  # fmt: skip


def source_of(keypoints):
    return Source(keypoints, np.ones(len(keypoints), bool))


SOURCES = {"near": source_of(wandering_dancer(200, seed=1)), "far": source_of(wandering_dancer(200, seed=2))}


def test_a_length_is_that_of_the_bone_seen_at_length():
    keypoints = sine_dancer(200, amplitude_px=0, scale=2.0)
    shorter = np.linspace(0.1, 1.0, 200)[:, None]  # an arm that swings up to the picture's plane
    for elbow, wrist in ((3, 4), (6, 7)):
        keypoints[:, wrist, :2] = keypoints[:, elbow, :2] + shorter * (
            keypoints[:, wrist, :2] - keypoints[:, elbow, :2]
        )
    keypoints[50, 4, :2] += 5000  # one wrong frame
    found = measure_lengths(keypoints)
    full = 2 * np.hypot(5, 60)
    assert found.px[NAMES.index("forearm")] == pytest.approx(full * (0.1 + 0.9 * PERCENTILE / 100), rel=0.01)
    assert found.px[NAMES.index("trunk")] == pytest.approx(2 * TORSO_PX)
    assert (found.frames == 200).all()


def test_what_no_frame_shows_has_no_length():
    keypoints = sine_dancer(30, amplitude_px=0)
    keypoints[:, [23, 20, 4]] = 0
    keypoints[10:, 7] = 0
    found = measure_lengths(keypoints)
    assert np.isnan(found.px[NAMES.index("across the toes")])
    assert found.px[NAMES.index("forearm")] == pytest.approx(np.hypot(5, 60))  # of the other side
    assert found.frames[NAMES.index("forearm")] == 10
    assert np.isnan(measure_lengths(keypoints[:0]).px).all()


def test_the_same_body_at_another_size_changes_nothing():
    source, target = (measure_lengths(wandering_dancer(200, seed=1)), measure_lengths(sine_dancer(200, scale=0.5)))
    same = compare(source, source, scale=1.0)
    np.testing.assert_allclose(same.bones, 1)
    assert same.legs == pytest.approx(1)
    half = measure_lengths(sine_dancer(200))
    np.testing.assert_allclose(compare(half, target, scale=0.5).bones, 1, rtol=1e-4)


def test_another_body_has_its_factors_by_the_frames_that_show_it():
    keypoints = sine_dancer(2000, amplitude_px=0)
    source, target = measure_lengths(keypoints), measure_lengths(with_bones(keypoints))
    belief = 2000 / (2000 + FEW_FRAMES)
    np.testing.assert_allclose(bone_factors(source, target, scale=1.0), CHANGED**belief, rtol=1e-3)
    to = compare(source, target, scale=1.0)
    thigh, shank = (source.px[NAMES.index(name)] for name in ("thigh", "shank"))
    assert to.legs == pytest.approx((0.95 * thigh + 0.85 * shank) / (thigh + shank), rel=0.01)
    assert to.bones[1] * to.legs == pytest.approx(1.1, rel=0.01)
    assert to.arm_px == pytest.approx((1.1 * np.hypot(10, 60), 0.9 * np.hypot(5, 60)), rel=0.01)


def test_ratios_are_bounded_and_a_photograph_shortens_nothing():
    keypoints = sine_dancer(500, amplitude_px=0)
    aside = keypoints.copy()
    aside[..., 0] = keypoints[:, 8:9, 0] + 0.1 * (keypoints[..., 0] - keypoints[:, 8:9, 0])  # seen from the side only
    source = measure_lengths(keypoints)
    shoulder = NAMES.index("shoulder")
    assert bone_factors(source, measure_lengths(aside), scale=1.0)[shoulder] == pytest.approx(1 / MOST)
    assert bone_factors(measure_lengths(aside), source, scale=1.0)[shoulder] == pytest.approx(MOST)
    photograph = bone_factors(source, measure_lengths(aside[:1]), scale=1.0)
    assert photograph[shoulder] == pytest.approx(0.1 ** (1 / (1 + FEW_FRAMES)), rel=1e-3)
    longer = bone_factors(source, measure_lengths(with_bones(keypoints)[:1]), scale=1.0)
    assert longer[shoulder] == pytest.approx(1.2, rel=0.02)  # what is seen at length in one frame is that long
    unseen = keypoints.copy()
    unseen[:, [3, 6]] = 0
    assert (bone_factors(source, measure_lengths(unseen), scale=1.0)[[2, 3]] == 1).all()


def test_the_height_is_held_where_bones_ask_for_another_body():
    keypoints = sine_dancer(5000, amplitude_px=0)
    source, target = measure_lengths(keypoints), measure_lengths(with_bones(keypoints, np.full(len(NAMES), 1.3)))
    factors = bone_factors(source, target, scale=1.0)
    np.testing.assert_allclose(factors, TALLER, rtol=1e-6)  # all of them alike: proportions are kept
    np.testing.assert_allclose(bone_factors(target, source, scale=1.0), 1 / TALLER, rtol=1e-6)


def test_a_person_who_never_stands_up_keeps_their_bones_and_stands_on_the_ground():
    keypoints = sine_dancer(200, amplitude_px=10)
    crouching = keypoints.copy()
    crouching[:, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 12, 15, 16, 17, 18], 1] += 20
    crouching[:, [10, 13], 1] += 10
    crouching[:, [10, 13], 0] += np.sqrt(70**2 - 60**2)  # thighs and shanks as long as before
    place = place_of(crouching)
    made = dance({"near": source_of(keypoints), "far": source_of(keypoints)}, place).keypoints
    ratios = measure_lengths(made).px / place["lengths"].px
    np.testing.assert_allclose(ratios[:8], 1, atol=0.03)
    np.testing.assert_allclose(made[:, ANKLES, 1], place["target"].ground_y, atol=0.5)


@pytest.mark.parametrize("temporal", [TemporalSettings(variant="none"), TemporalSettings()])
def test_the_finished_dance_has_the_target_s_bones(monkeypatch, temporal):
    def seen(frames, seed):
        turns = 50 * np.sin(3 * np.arange(frames) / FPS + seed)
        return in_picture(body_in_space(turns, energy=1.0), np.tile((256.0, 240.0), (frames, 1)))

    sources = {"near": source_of(seen(400, 0)), "far": source_of(seen(400, 1))}
    other = {"SHOULDERS": 1.25, "UPPER": 0.88, "FORE": 0.9, "THIGH": 1.1, "SHANK": 1.15, "HIPS": 0.85}
    for name, factor in other.items():
        monkeypatch.setattr(bodies, name, factor * getattr(bodies, name))
    place = place_of(seen(400, 0.5))
    own, scaled = (
        measure_lengths(dance(sources, place, own=own, temporal=temporal, plan=LONG).keypoints).px / place["lengths"].px
        for own in (True, False)
    )
    np.testing.assert_allclose(own[:7], 1, atol=0.05)
    assert np.abs(scaled[:7] - 1).max() > 0.15


def test_bones_keep_their_direction():
    clip = hide_absent(wandering_dancer(60, seed=4))
    equal = CHANGED.copy()
    equal[[NAMES.index(name) for name in ("hip", "thigh", "shank")]] = 1.0
    out = reshape(clip, bones(equal), fps=FPS, torso_px=1.0)  # a torso so small that no hand touches anything
    for factor, sides in zip(equal, BONES.values(), strict=True):
        for a, b in sides:
            np.testing.assert_allclose(
                out[:, b, :2] - out[:, a, :2], factor * (clip[:, b, :2] - clip[:, a, :2]), atol=1e-9
            )


def test_feet_stay_where_they_stand_and_the_hip_moves():
    clip = hide_absent(sine_dancer(60, amplitude_px=25))
    clip[20:40, [8, 9, 12, 10, 13], 1] += 25  # bends the knees
    out = reshape(clip, bones(CHANGED), fps=FPS, torso_px=TORSO_PX)
    np.testing.assert_allclose(out[:, ANKLES, :2], clip[:, ANKLES, :2], atol=1e-9)
    assert out[0, 8, 1] - clip[0, 8, 1] == pytest.approx(70 * (1 - 0.95) + 70 * (1 - 0.85), abs=3)
    shanks = lengths_of(out, "shank") / lengths_of(clip, "shank")
    np.testing.assert_allclose(shanks, 0.85, atol=0.04)


def test_planted_feet_are_on_the_target_s_ground_and_still():
    place = place_of(with_bones(sine_dancer(200, place=(256, 430), scale=0.8)))
    keypoints = dance(
        {"near": source_of(sine_dancer(200)), "far": source_of(sine_dancer(200, scale=2.0))}, place
    ).keypoints
    feet = keypoints[:, FEET, :2]
    assert np.abs(np.diff(feet, axis=0)).max() < 0.7
    np.testing.assert_allclose(keypoints[:, ANKLES, 1], place["target"].ground_y, atol=0.5)


def hands_together(frames):
    """Who claps in the middle of the clip, in front of the chest."""
    keypoints = sine_dancer(frames, amplitude_px=0)
    together = np.clip(2 - np.abs(np.arange(frames) - frames / 2) / (frames / 6), 0, 1)[:, None]
    for shoulder, elbow, wrist, side in ((2, 3, 4, -1), (5, 6, 7, 1)):
        meet = keypoints[:, 1, :2] + (side * 6, 45)
        keypoints[:, wrist, :2] += together * (meet - keypoints[:, wrist, :2])
        bent = (keypoints[:, shoulder, :2] + keypoints[:, wrist, :2]) / 2 + (side * 25, 15)
        keypoints[:, elbow, :2] += together * (bent - keypoints[:, elbow, :2])
    return keypoints


def test_hands_that_touch_still_touch():
    clip = hide_absent(hands_together(96))
    touching = slice(40, 56)
    apart = clip[:, RIGHT_WRIST, :2] - clip[:, LEFT_WRIST, :2]
    out = reshape(clip, bones(CHANGED), fps=FPS, torso_px=TORSO_PX)
    np.testing.assert_allclose((out[:, RIGHT_WRIST, :2] - out[:, LEFT_WRIST, :2])[touching], apart[touching], atol=3)
    loose = reshape(clip, bones(CHANGED), fps=FPS, torso_px=1e-6)
    assert np.abs((loose[:, RIGHT_WRIST, :2] - loose[:, LEFT_WRIST, :2] - apart)[touching]).max() > 15
    jumps = np.abs(np.diff(out[:, [3, 4, 6, 7], :2], n=2, axis=0)).max()
    assert jumps < 1.5 * np.abs(np.diff(clip[:, [3, 4, 6, 7], :2], n=2, axis=0)).max()


def test_a_hand_on_the_head_stays_there_as_far_as_the_arm_reaches():
    keypoints = sine_dancer(60, amplitude_px=0)
    keypoints[:, 4, :2] = keypoints[:, 17, :2] + (-8, -4)
    keypoints[:, 3, :2] = keypoints[:, 2, :2] + (-60, -25)
    clip = hide_absent(keypoints)
    out = reshape(clip, bones(CHANGED), fps=FPS, torso_px=TORSO_PX)
    at_head = [np.linalg.norm(pose[:, 4, :2] - pose[:, 17, :2], axis=-1) for pose in (clip, out)]
    np.testing.assert_allclose(at_head[1], at_head[0], atol=6)
    short = Proportions(1.0, bones(CHANGED).bones, arm_px=(35.0, 25.0))
    arm, free = (
        np.linalg.norm(pose[:, 4, :2] - pose[:, 2, :2], axis=-1)
        for pose in (reshape(clip, short, fps=FPS, torso_px=torso_px) for torso_px in (TORSO_PX, 1e-6))
    )
    assert (arm <= np.maximum(free, 60.0) + 1e-6).all()


def test_absent_joints_stay_absent_and_disturb_no_other():
    keypoints = wandering_dancer(60, seed=4)
    whole = reshape(hide_absent(keypoints), bones(CHANGED), fps=FPS, torso_px=1e-6)
    keypoints[20:25, [3, 11, 0]] = 0
    keypoints[:, [15, 16, 17, 18, 23, 20]] = 0
    clip = hide_absent(keypoints)
    out = reshape(clip, bones(CHANGED), fps=FPS, torso_px=1e-6)
    np.testing.assert_array_equal(np.isnan(out), np.isnan(clip))
    np.testing.assert_array_equal(out[..., 2], clip[..., 2])
    seen = ~np.isnan(out[..., 0])
    assert np.abs(out[..., :2] - whole[..., :2])[seen].max() < 8
    never = clip.copy()
    never[:, [3, 1], :2] = np.nan  # a hand without elbow hangs on the shoulder, and that on the hip
    kept = reshape(never, bones(CHANGED), fps=FPS, torso_px=1e-6)
    assert np.isfinite(kept[:, [2, 4, 5, 6, 7], :2]).all()
    assert np.abs(kept[:, [2, 4, 5], :2] - out[:, [2, 4, 5], :2]).max() < 60


@pytest.mark.parametrize("gone", [[11], [11, 14], [9, 10, 11, 12, 13, 14], [8], list(HEAD), list(range(25))])
def test_half_a_person_is_reshaped_as_far_as_they_are_seen(gone):
    keypoints = wandering_dancer(40, seed=4)
    keypoints[:, gone] = 0
    clip = hide_absent(keypoints)
    out = reshape(clip, bones(CHANGED), fps=FPS, torso_px=TORSO_PX)
    np.testing.assert_array_equal(np.isnan(out), np.isnan(clip))
    steps = np.abs(np.diff(out[..., :2], axis=0))
    assert np.nanmax(steps, initial=0) < 2 * np.nanmax(np.abs(np.diff(clip[..., :2], axis=0)), initial=0) + 1


@pytest.mark.parametrize("frames", [0, 1, 2])
def test_clips_of_hardly_any_frames(frames):
    clip = hide_absent(wandering_dancer(40, seed=4))[:frames]
    assert reshape(clip, bones(CHANGED), fps=FPS, torso_px=TORSO_PX).shape == (frames, 25, 3)


def test_off_or_without_lengths_the_dance_is_scaled_as_a_whole():
    place = place_of(with_bones(wandering_dancer(200, seed=3)))
    off = dance(SOURCES, place, own=False)
    unknown = dance(SOURCES, place | {"lengths": None}, own=True)
    own = dance(SOURCES, place)
    np.testing.assert_array_equal(off.keypoints, unknown.keypoints)
    assert np.abs(off.keypoints - own.keypoints).max() > 10
    np.testing.assert_array_equal(off.source_frame, own.source_frame)


def test_a_dancer_of_the_target_s_proportions_dances_as_before():
    keypoints = wandering_dancer(200, seed=1)
    sources = {"near": source_of(keypoints), "far": source_of(keypoints)}
    place = place_of(keypoints)
    where = place | {"fps": FPS}
    own, scaled = (join(PLAN, sources, **where, spatial=SpatialSettings(own_proportions=on)) for on in (True, False))
    np.testing.assert_allclose(own, scaled, atol=1e-3)


def test_the_standing_body_has_every_bone():
    assert sorted(joint for sides in BONES.values() for _, joint in sides) == sorted(set(range(25)) - {8})
    assert len(STANDING) == 25
