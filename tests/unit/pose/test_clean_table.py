"""Cleaning of whole tables: shots, other people, what is refused, and that it never makes keypoints worse."""

import re
from dataclasses import replace

import numpy as np
import pytest
from checkout import ROOT
from puppet import puppet_keypoints

from danceit_core.config import CleaningSettings
from danceit_core.errors import PoseError
from danceit_core.pose import rejection
from danceit_core.pose.clean import clean_keypoints, clean_table
from danceit_core.pose.rejection import REASONS, count_reasons, explain_refusal
from danceit_core.pose.skeleton import MIRROR, torso_length
from danceit_core.pose.swaps import ARMS, LEGS
from danceit_core.pose.table import PoseTable

FPS = 24
SETTINGS = CleaningSettings()
DANCE = np.stack([puppet_keypoints(k / FPS, size=512) for k in range(240)])
TORSO = float(np.median(torso_length(DANCE)))
WRIST = 4
ABOUT = {"fps": FPS, "width": 512, "height": 512}


def table(keypoints, *, columns=None, **metadata):
    return PoseTable(keypoints, {**ABOUT, **metadata}, columns or {})


def clean(given, **more):
    return clean_table(given, name="waltz", **({"settings": SETTINGS, "tolerant": True} | more))


def test_a_camera_cut_parts_the_dance_and_drops_nothing():
    cut = DANCE.copy()
    cut[100:, :, 0] += 0.3 * TORSO  # too little for a jump
    cut[97:103, WRIST] = 0  # a hole that would be filled
    cleaned = clean_keypoints(cut, fps=FPS, settings=replace(SETTINGS, smoothing="none"), cuts=(100,))
    assert cleaned.kept.all()
    assert cleaned.shot.tolist() == [0] * 100 + [1] * 140
    assert cleaned.keypoints[97:103, WRIST].max() == 0
    np.testing.assert_array_equal(cleaned.keypoints, cut)
    smoothed = clean_keypoints(cut, fps=FPS, settings=SETTINGS, cuts=(100,)).keypoints
    seen = smoothed[..., 2] > 0
    assert np.linalg.norm((smoothed - cut)[..., :2], axis=-1)[seen].max() < 0.02 * TORSO


def test_cuts_outside_of_the_video_and_given_twice():
    cleaned = clean_keypoints(DANCE, fps=FPS, settings=SETTINGS, cuts=(0, 60, 60, 240, 500))
    assert cleaned.shot.tolist() == [0] * 60 + [1] * 180


def test_short_shots_are_of_no_use():
    cleaned = clean_keypoints(DANCE, fps=FPS, settings=SETTINGS, cuts=(100, 110))
    assert set(cleaned.reason[100:110]) == {"short_segment"}
    assert cleaned.kept[:100].all()
    assert cleaned.kept[110:].all()


def test_several_people_are_dropped_or_the_largest_is_followed():
    people = np.ones(240, np.int16)
    people[80:120] = 2
    dropped = clean(table(DANCE, columns={"people": people}))
    assert np.flatnonzero(dropped.columns["reason"] == "several_people").tolist() == list(range(80, 120))
    followed = clean(table(DANCE, columns={"people": people}), settings=replace(SETTINGS, several_people="follow"))
    assert followed.columns["kept"].all()
    with pytest.raises(PoseError, match="people are counted in 100 frames, keypoints have 240"):
        clean_keypoints(DANCE, fps=FPS, settings=SETTINGS, people=people[:100])


def test_others_who_are_hidden_for_a_moment_are_still_there():
    people = np.ones(240, np.int16)
    people[[40, 80]], people[[160, 239]] = 2, 3  # 39 frames apart, then 79 and 78: more than two seconds
    reason = clean(table(DANCE, columns={"people": people})).columns["reason"]
    assert np.flatnonzero(reason == "several_people").tolist() == [*range(40, 81), 160, 239]


def test_what_is_known_goes_on():
    people = np.ones(240, np.int16)
    source = {"path": "waltz.mp4", "sha256": "ab"}
    cleaned = clean(table(DANCE, columns={"people": people}, cuts=[50], source=source, refused=""))
    assert cleaned.metadata == {**ABOUT, "cuts": [50], "source": source, "refused": ""}
    assert set(cleaned.columns) == {"people", "kept", "reason", "shot"}
    assert cleaned.columns["shot"].max() == 1


def test_a_video_that_was_refused_before_goes_on_without_rows(caplog):
    refused = table(DANCE[:0], refused="waltz.mp4: no person in it")
    cleaned = clean(refused)
    assert len(cleaned) == 0
    assert cleaned.metadata["refused"] == "waltz.mp4: no person in it"
    assert "left out: waltz.mp4" in caplog.text
    with pytest.raises(PoseError, match="no person in it"):
        clean(refused, tolerant=False)


def test_a_video_of_which_no_frame_is_of_use_is_refused_with_its_reason():
    no_feet = DANCE.copy()
    no_feet[:, [11, 14]] = 0
    no_feet[:30] = 0
    cleaned = clean(table(no_feet))
    assert cleaned.metadata["refused"].startswith(
        "waltz: no frame is usable; in 210 of 240 neither foot is seen (`no_feet`): keep the feet in the picture"
    )
    assert len(cleaned) == 240  # the reasons stay to be looked at
    with pytest.raises(PoseError, match=r"waltz: no frame is usable.*no_feet"):
        clean(table(no_feet), tolerant=False)


def test_every_code_has_words_and_a_remedy():
    codes = {value for name, value in vars(rejection).items() if name.isupper() and isinstance(value, str)}
    assert set(REASONS) == codes - {rejection.REASON_TYPE}
    assert all(reason.words and reason.remedy for reason in REASONS.values())
    assert all(len(code) <= 16 for code in REASONS)


def test_the_manual_lists_every_code():
    page = (ROOT / "docs" / "your_videos.md").read_text()
    section = page.split("## Reasons for dropped frames")[1].split("\n## ")[0]
    assert re.findall(r"^\| `(\w+)` \| (.+?) \|", section, re.MULTILINE) == [
        (code, reason.words) for code, reason in REASONS.items()
    ]


def test_a_refusal_names_a_cause_not_its_consequence():
    reason = np.array(["short_segment"] * 60 + ["jump"] * 30 + ["no_hands"] * 10)
    assert count_reasons(reason) == {"short_segment": 60, "jump": 30, "no_hands": 10}
    assert "in 30 of 100 the whole body jumps" in explain_refusal(reason)
    assert "too few good frames in a row" in explain_refusal(reason[:60])
    assert explain_refusal(reason[:0]) == "it has no frames; check that it is a video"


def shaken(rng):
    noisy = DANCE.copy()
    noisy[..., :2] += rng.normal(0, 0.02 * TORSO, noisy[..., :2].shape)
    return noisy


def holed(rng):
    unsure = DANCE.copy()
    for frame in range(10, 230, 12):
        joint, length = rng.integers(0, 15), rng.integers(1, 7)
        unsure[frame : frame + length, joint, :2] += rng.normal(0, TORSO, 2)
        unsure[frame : frame + length, joint, 2] = 0.05
    return unsure


def spiked(rng):
    spiky = DANCE.copy()
    for frame in range(10, 230, 15):
        angle = rng.uniform(0, 2 * np.pi)
        joint, length = rng.integers(0, 15), rng.integers(1, 4)
        spiky[frame : frame + length, joint, :2] += 1.5 * TORSO * np.array([np.cos(angle), np.sin(angle)])
    return spiky


def swapped(rng):
    mixed = DANCE.copy()
    for frame in range(20, 200, 40):
        joints, length = (ARMS, LEGS)[rng.integers(2)], rng.integers(1, 20)
        mixed[frame : frame + length, list(joints)] = DANCE[frame : frame + length, [MIRROR[j] for j in joints]]
    return mixed


@pytest.mark.parametrize("fault", [shaken, holed, spiked, swapped])
@pytest.mark.parametrize("seed", range(4))
def test_cleaning_never_makes_it_worse(fault, seed):
    faulty = fault(np.random.default_rng(seed))
    cleaned = clean_keypoints(faulty, fps=FPS, settings=SETTINGS)
    error = [np.linalg.norm((kp - DANCE)[cleaned.kept][..., :2], axis=-1) for kp in (faulty, cleaned.keypoints)]
    assert cleaned.kept.mean() > 0.95
    assert error[1].mean() < 0.8 * error[0].mean()
    assert error[1].max() < error[0].max()
