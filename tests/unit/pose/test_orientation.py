"""Videos of a turned camera are told from dances with handstands and floor work, by made-up and by drawn bodies."""

import logging

import numpy as np
import pytest
from dancers import handstand, lying, rolled, sine_dancer, wandering_dancer
from puppet import draw_puppet, puppet_keypoints

from danceit_core.config import CleaningSettings, PoseSettings
from danceit_core.errors import PoseError
from danceit_core.media.source import SourceReport
from danceit_core.media.video import VideoWriter
from danceit_core.pose.clean import clean_keypoints, clean_table
from danceit_core.pose.estimate import Detection
from danceit_core.pose.extract import extract_keypoints
from danceit_core.pose.imported import import_keypoints
from danceit_core.pose.openpose import write_openpose_zip
from danceit_core.pose.orientation import DOWN, LEFT, RIGHT, UNKNOWN, UP, directions, find_turn, is_turned_shot
from danceit_core.pose.orientation import joint_places as places
from danceit_core.pose.refusal import reason_to_refuse
from danceit_core.pose.table import PoseTable

FPS, SIZE = 24, 512
CENTRE = (SIZE / 2, SIZE / 2)
DANCE = wandering_dancer(240, seed=3)
LIES_RIGHT = "the person lies, head to the right, in 100% of the frames (limit 80%)"
LIES_LEFT = "the person lies, head to the left, in 100% of the frames (limit 80%)"
UPSIDE_DOWN = "the person is upside down in 100% of the frames (limit 80%)"
TURNS = [(90, RIGHT, LIES_RIGHT, 270), (180, DOWN, UPSIDE_DOWN, 180), (270, LEFT, LIES_LEFT, 90)]


def camera_rolled(keypoints, degrees):
    return rolled(keypoints, degrees, about=CENTRE)


def table(keypoints, **metadata):
    return PoseTable(keypoints, {"fps": FPS, "width": SIZE, "height": SIZE, **metadata}, {})


def clean(given, *, tolerant=True):
    return clean_table(given, settings=CleaningSettings(), name="waltz", tolerant=tolerant)


def refusal(keypoints, **about):
    return reason_to_refuse(Detection(keypoints, None), "dances/waltz.mov", **about)


def video_remedy(degrees):
    return f"turn the video by {degrees} degrees clockwise (column `rotate`: {degrees})"


@pytest.mark.parametrize(("degrees", "direction", "words", "remedy"), TURNS)
def test_a_turned_camera_is_named_with_its_remedy(degrees, direction, words, remedy):
    turned = camera_rolled(DANCE, degrees)
    assert find_turn(turned).direction == direction
    assert refusal(turned) == f"dances/waltz.mov: {words}: {video_remedy(remedy)}"
    # What the remedy says makes the picture upright.
    assert find_turn(camera_rolled(turned, find_turn(turned).remedy_deg)) is None


def test_a_video_that_was_turned_the_wrong_way_is_told_the_whole_turn():
    once, twice = camera_rolled(DANCE, 90), camera_rolled(DANCE, 180)
    assert refusal(twice, rotate=90).endswith("turn the video by 180 degrees clockwise (column `rotate`: 270)")
    assert refusal(once, rotate=90).endswith("turn the video by 270 degrees clockwise (empty its column `rotate`)")


@pytest.mark.parametrize("degrees", [0, -40, 40])
def test_an_upright_or_tilted_camera_is_none(degrees):
    assert find_turn(camera_rolled(DANCE, degrees)) is None
    assert refusal(camera_rolled(DANCE, degrees)) == ""


@pytest.mark.parametrize("share", [0.1, 0.5, 0.75])
@pytest.mark.parametrize("part", [handstand, lambda frames: lying(frames, left=True)])
def test_handstands_and_floor_work_in_an_upright_dance_stay(part, share):
    dance = np.concatenate([part(round(share * 240)), DANCE[round(share * 240) :]])
    assert refusal(dance) == ""
    assert not is_turned_shot(dance, fps=FPS)


def test_floor_work_to_both_sides_is_no_turned_camera():
    assert find_turn(np.concatenate([lying(120, left=True), lying(120, left=False)])) is None


def test_a_handstand_in_an_upside_down_video_does_not_hide_that():
    video = camera_rolled(np.concatenate([DANCE[:200], handstand(40)]), 180)
    assert find_turn(video).share == pytest.approx(200 / 240)
    assert "upside down in 83% of the frames" in refusal(video)


def test_what_is_absent_is_left_out_of_the_axis():
    def to(keypoints):
        return directions(places(keypoints)).tolist()

    dance = camera_rolled(DANCE[:1], 90)
    for absent in ([0], [11], [9, 10, 11, 12, 13, 14], [1], [0, 15, 16, 17, 18]):
        part = dance.copy()
        part[:, absent] = 0
        assert to(part) == [RIGHT]
    head = np.zeros_like(dance)
    head[:, [0, 1]] = dance[:, [0, 1]]
    assert to(head) == [UNKNOWN]
    assert to(DANCE[:1]) == [UP]


@pytest.mark.parametrize("frames", [0, 3])
def test_nobody_is_not_turned(frames):
    nobody = np.zeros((frames, 25, 3), np.float32)
    assert find_turn(nobody) is None
    assert not is_turned_shot(nobody, fps=FPS)


@pytest.mark.parametrize(("degrees", "direction", "words", "remedy"), TURNS)
def test_a_detected_dance_is_left_out_and_a_target_an_error(degrees, direction, words, remedy, pose_weights, tmp_path):
    store = tmp_path / "frames.mp4"
    with VideoWriter(store, fps=FPS, size=(192, 192), crf=14, gop=12) as writer:
        for k in range(12):
            upright = draw_puppet(puppet_keypoints(k / FPS, size=192), size=192)
            writer.write(np.ascontiguousarray(np.rot90(upright, -degrees // 90)))
    report = SourceReport(
        path="dances/waltz.mov", sha256="0" * 64, bytes=1000, width=192, height=192, fps=24.0, duration_s=0.5,
        codec="h264", has_sound=True, interlaced=False, frames=12, letterbox=(1.0, 0.0, 0.0), cuts=(), refused="",
    )  # fmt: skip
    given = {"report": report, "settings": PoseSettings(), "weights": pose_weights}
    message = f"dances/waltz.mov: {words}: {video_remedy(remedy)}"
    left_out = extract_keypoints(store, **given, is_target=False)
    assert len(left_out) == 0
    assert left_out.metadata["refused"] == message
    with pytest.raises(PoseError) as error:
        extract_keypoints(store, **given, is_target=True)
    assert str(error.value) == message


@pytest.mark.parametrize(("degrees", "direction", "words", "remedy"), TURNS)
def test_given_keypoints_are_looked_at_too(degrees, direction, words, remedy, tmp_path):
    path = tmp_path / "waltz.zip"
    write_openpose_zip(path, camera_rolled(DANCE[:24], degrees), name="waltz")
    row = {"fps": "", "width": "", "height": "", "camera": ""}
    left_out = import_keypoints(path, row=row, fps=FPS, size=SIZE, tolerant=True)
    assert len(left_out) == 0
    assert left_out.metadata["refused"] == f"{path}: {words}: turn the keypoints by {remedy} degrees clockwise"
    with pytest.raises(PoseError, match=f"turn the keypoints by {remedy}"):
        import_keypoints(path, row=row, fps=FPS, size=SIZE, tolerant=False)


def test_the_turned_shots_of_a_video_are_dropped_and_the_others_stay():
    video = np.concatenate([DANCE[:100], camera_rolled(DANCE[100:180], 180), DANCE[180:]])
    cleaned = clean_keypoints(video, fps=FPS, settings=CleaningSettings(), cuts=(100, 180))
    assert set(cleaned.reason[100:180]) == {"turned"}
    assert cleaned.kept[:100].all()
    assert cleaned.kept[180:].all()


def test_a_handstand_of_seconds_inside_a_shot_and_a_short_shot_of_one_stay():
    video = np.concatenate([DANCE[:60], handstand(100), DANCE[60:120]])
    cuts = [
        clean_keypoints(video, fps=FPS, settings=CleaningSettings(max_body_step_torsos=9), cuts=c)
        for c in ((), (60, 90))
    ]
    for cleaned in cuts:
        assert "turned" not in cleaned.reason
        assert cleaned.kept[60:160].mean() > 0.9


def test_a_video_of_shots_turned_this_way_and_that_is_left_out():
    video = np.concatenate([camera_rolled(DANCE[:120], 90), camera_rolled(DANCE[120:], 270)])
    cleaned = clean(table(video, cuts=[120]))
    assert "the camera is upside down or on its side (`turned`)" in cleaned.metadata["refused"]
    with pytest.raises(PoseError, match="column rotate"):
        clean(table(video, cuts=[120]), tolerant=False)


def test_much_floor_work_is_kept_and_said_once(caplog):
    with caplog.at_level(logging.WARNING):
        clean(table(np.concatenate([DANCE[:120], lying(100, left=True)]), cuts=[]))
    (said,) = (record.getMessage() for record in caplog.records)
    assert said.startswith("waltz: the body is upside down or lies in 4")
    assert "column rotate" in said
    caplog.clear()
    with caplog.at_level(logging.WARNING):
        clean(table(sine_dancer(120)))
        clean(table(np.concatenate([DANCE, lying(48, left=True)]), cuts=[]))
    assert not caplog.records


def test_a_dance_whose_head_is_never_seen_is_left_out_before_anything_is_scaled_by_it():
    behind = DANCE.copy()
    behind[:, 0] = 0
    cleaned = clean(table(behind))
    assert not cleaned.columns["kept"].any()
    assert "the head is never seen together with a foot (`no_head`)" in cleaned.metadata["refused"]
    with pytest.raises(PoseError, match="film the whole body, head to feet"):
        clean(table(behind), tolerant=False)
    behind[:24, 0] = DANCE[:24, 0]
    assert clean(table(behind)).columns["kept"].all()
