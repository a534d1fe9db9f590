"""Cleaning: planted jitter, holes, spikes and cuts are mended or rejected for the right reason, and nothing else is."""

from dataclasses import replace

import numpy as np
import pytest
from puppet import puppet_keypoints

from danceit_core.config import CleaningSettings
from danceit_core.errors import ConfigError, PoseError
from danceit_core.pose import repair
from danceit_core.pose.clean import clean_keypoints
from danceit_core.pose.passages import find_passages
from danceit_core.pose.skeleton import torso_length

FPS = 24
SETTINGS = CleaningSettings()
DANCE = np.stack([puppet_keypoints(k / FPS, size=512) for k in range(240)])
TORSO = float(np.median(torso_length(DANCE)))
WRIST, ANKLES, WRISTS = 4, [11, 14], [4, 7]


def run(keypoints, **changes):
    return clean_keypoints(keypoints, fps=FPS, settings=replace(SETTINGS, **changes))


def error(keypoints):
    return np.linalg.norm(keypoints[..., :2] - DANCE[..., :2], axis=-1)


def test_a_clean_dance_stays_as_it_is():
    cleaned = run(DANCE)
    assert cleaned.kept.all()
    assert set(cleaned.reason) == {""}
    assert error(cleaned.keypoints).max() < 0.02 * TORSO
    np.testing.assert_array_equal(run(DANCE, smoothing="none").keypoints, DANCE)


def test_the_input_is_not_changed():
    given = DANCE.copy()
    given[50, WRIST] = 0
    before = given.copy()
    run(given)
    np.testing.assert_array_equal(given, before)


def test_jitter_is_smoothed():
    rng = np.random.default_rng(0)
    noisy = DANCE.copy()
    noisy[..., :2] += rng.normal(0, 2, size=noisy[..., :2].shape)
    cleaned = run(noisy)
    assert cleaned.kept.all()
    assert error(cleaned.keypoints).mean() < 0.75 * error(noisy).mean()
    jerk = lambda keypoints: np.abs(np.diff(keypoints[..., :2], n=3, axis=0)).mean()  # noqa: E731
    assert jerk(cleaned.keypoints) < 0.4 * jerk(noisy)


def test_a_short_hole_is_bridged_and_a_long_one_stays():
    holed = DANCE.copy()
    holed[60:66, WRIST] = 0  # 6 frames = 0.25 s
    holed[120:127, WRIST] = 0
    cleaned = run(holed, smoothing="none")
    assert cleaned.kept.all()
    assert (cleaned.keypoints[60:66, WRIST, 2] > 0).all()
    assert error(cleaned.keypoints)[60:66, WRIST].max() < 0.25 * TORSO
    assert cleaned.keypoints[120:127, WRIST].max() == 0
    untouched = np.ones(240, bool)
    untouched[60:66] = untouched[120:127] = False
    np.testing.assert_array_equal(cleaned.keypoints[untouched], DANCE[untouched])


def test_an_unsure_joint_is_bridged_or_keeps_the_guess():
    unsure = DANCE.copy()
    unsure[60:64, WRIST, 2] = 0.05
    unsure[60:64, WRIST, :2] += 40
    unsure[120:150, WRIST, 2] = 0.05
    cleaned = run(unsure, smoothing="none")
    assert error(cleaned.keypoints)[60:64, WRIST].max() < 0.2 * TORSO
    np.testing.assert_array_equal(cleaned.keypoints[120:150], unsure[120:150])
    assert cleaned.kept.all()


def test_bridging_is_linear_and_leaves_the_ends():
    keypoints = np.zeros((8, 25, 3), np.float32)
    keypoints[2], keypoints[6] = (10, 20, 0.5), (50, 0, 1.0)
    bridged = repair.bridge_gaps(keypoints, keypoints[..., 2] > 0, max_gap=3)
    np.testing.assert_allclose(bridged[2:7, 3, 0], [10, 20, 30, 40, 50])
    np.testing.assert_allclose(bridged[2:7, 3, 1], [20, 15, 10, 5, 0])
    np.testing.assert_allclose(bridged[2:7, 3, 2], [0.5, 0.625, 0.75, 0.875, 1])
    assert bridged[[0, 1, 7]].max() == 0
    np.testing.assert_array_equal(repair.bridge_gaps(keypoints, keypoints[..., 2] > 0, max_gap=2), keypoints)


@pytest.mark.parametrize("length", [1, 2, 3])
def test_a_spike_is_mended(length):
    spiky = DANCE.copy()
    spiky[80 : 80 + length, WRIST, 0] += 1.5 * TORSO
    spiky[150 : 150 + length, :, 1] += 0.9 * TORSO  # the whole body
    cleaned = run(spiky)
    assert cleaned.kept.all()
    assert error(cleaned.keypoints).max() < 0.15 * TORSO


def test_a_fast_hand_is_no_spike():
    fast = DANCE.copy()
    # To and fro over a torso in a third of a second.
    fast[:, WRIST, 0] += 0.5 * TORSO * np.sin(2 * np.pi * 3 * np.arange(240) / FPS)
    scaled = fast[..., :2] / TORSO
    assert not repair.find_spikes(scaled.astype(float), max_step=0.8, max_body_step=0.5).any()
    np.testing.assert_array_equal(run(fast, smoothing="none").keypoints, fast)


def test_a_hand_that_flies_away_and_stays_is_no_spike():
    flown = DANCE.copy()
    flown[100:, WRIST, 0] += TORSO * np.minimum(np.arange(1, 141), 3)
    np.testing.assert_array_equal(run(flown, smoothing="none").keypoints, flown)


def test_a_spike_among_guesses_is_mended():
    unsure = DANCE.copy()
    unsure[120:150, WRIST, 2] = 0.05
    unsure[135, WRIST, 0] += 2 * TORSO
    cleaned = run(unsure, smoothing="none")
    assert cleaned.keypoints[135, WRIST, 2] == pytest.approx(0.05)
    assert error(cleaned.keypoints).max() < 0.1 * TORSO


def test_a_cut_drops_one_frame_and_parts_the_video():
    cut = DANCE.copy()
    cut[100:, :, 0] += 2 * TORSO
    cleaned = run(cut)
    assert np.flatnonzero(~cleaned.kept).tolist() == [100]
    assert cleaned.reason[100] == "jump"
    assert find_passages(cleaned.kept) == [(0, 100), (101, 240)]
    # Smoothing does not reach over the cut.
    moved = cleaned.keypoints[101:, :, :2] - (2 * TORSO, 0)
    assert np.abs(moved - DANCE[101:, :, :2]).max() < 0.02 * TORSO


def test_reasons_are_found_where_they_are():
    bad = DANCE.copy()
    bad[30:40] = 0
    bad[70:80, WRISTS] = 0
    bad[110:120, ANKLES, 2] = 0.05  # guessed, out of the picture
    bad[150:160, [8]] = 0
    cleaned = run(bad)
    expected = np.full(240, "", "<U16")
    expected[30:40], expected[70:80], expected[110:120], expected[150:160] = (
        "no_person",
        "no_hands",
        "no_feet",
        "no_torso",
    )
    # Just before nobody is seen, and just after, she is not seen whole.
    expected[26:30] = expected[40:44] = "partly_seen"
    assert cleaned.reason.tolist() == expected.tolist()
    np.testing.assert_array_equal(cleaned.kept, expected == "")


def test_one_hidden_hand_and_foot_are_a_side_view():
    side = DANCE.copy()
    side[50:200, WRIST] = 0
    side[50:200, ANKLES[0]] = 0
    assert run(side).kept.all()


def test_joints_that_a_detector_never_gives_do_no_harm():
    without = DANCE.copy()
    without[:, [15, 16, 17, 18, 20, 23]] = 0
    cleaned = run(without)
    assert cleaned.kept.all()
    assert cleaned.keypoints[:, [15, 16, 17, 18, 20, 23]].max() == 0


def test_short_segments_are_dropped():
    bad = DANCE.copy()
    bad[40:50] = bad[76:83] = bad[115:122] = 0
    cleaned = run(bad)
    assert find_passages(cleaned.kept) == [(0, 36), (87, 111), (126, 240)]
    assert set(cleaned.reason[54:72]) == {"short_segment"}


def test_steps_count_in_body_sizes():
    # The same dance, near and far: the same frames are dropped.
    bad = DANCE.copy()
    bad[100:, :, 0] += 2 * TORSO
    bad[150, WRIST, 1] += 1.2 * TORSO
    for scale in (0.1, 5):
        cleaned = run(bad * np.array([scale, scale, 1], np.float32))
        np.testing.assert_array_equal(cleaned.kept, run(bad).kept)


def test_body_size_forgets_a_bow_but_follows_the_distance():
    frames = 200
    keypoints = np.ones((frames, 25, 3), np.float32)
    length = np.linspace(50, 150, frames)
    keypoints[:, 8, 1] = 1 + length
    keypoints[90:120, 8, 1] = 11  # bent down
    size = repair.body_size(keypoints, fps=FPS)
    assert np.abs(size / length - 1).max() < 0.35
    np.testing.assert_array_equal(repair.body_size(np.zeros((5, 25, 3), np.float32), fps=FPS), np.ones(5))


@pytest.mark.parametrize("frames", [0, 1, 2, 5])
def test_short_videos(frames):
    cleaned = run(DANCE[:frames], min_segment_s=0)
    assert cleaned.keypoints.shape == (frames, 25, 3)
    assert cleaned.kept.tolist() == [True] * frames
    assert cleaned.reason.tolist() == [""] * frames
    if frames:
        assert set(run(DANCE[:frames]).reason) == {"short_segment"}


def test_nobody_at_all():
    cleaned = run(np.zeros((50, 25, 3), np.float32))
    assert not cleaned.kept.any()
    assert set(cleaned.reason) == {"no_person"}


def test_wrong_arguments():
    with pytest.raises(PoseError, match=r"shape \(240, 17, 3\); \(frames, 25, 3\) is expected"):
        run(DANCE[:, :17])
    with pytest.raises(PoseError, match="fps is 0; the frame rate must be positive"):
        clean_keypoints(DANCE, fps=0, settings=SETTINGS)
    with pytest.raises(ConfigError, match=r"cleaning\.smoothing is 'median'; choose one of: none, whittaker"):
        run(DANCE, smoothing="median")
