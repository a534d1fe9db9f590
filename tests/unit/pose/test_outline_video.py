"""Outlines of whole videos: with the keypoints, around given ones, of capsules; what is missing is one line."""

import logging

import numpy as np
import pytest

from danceit_core.assets import fetch_pose_file
from danceit_core.config import PoseSettings, VideoSettings
from danceit_core.errors import MediaError, PoseError
from danceit_core.media.mask_video import decode_masks, probe_masks
from danceit_core.media.source import ingest_video
from danceit_core.media.video import VideoWriter, decode_frames
from danceit_core.pose.capsules import person_region
from danceit_core.pose.extract import extract_keypoints
from danceit_core.pose.hands import HAND_FILE
from danceit_core.pose.outline_video import AROUND, CAPSULES, DETECTED, extract_with_outline, outline_person
from danceit_core.pose.table import PoseTable
from danceit_core.pose.tracks import Track, join_tracks

SIDE, FPS, STILL = 256, 24.0, 5
SETTINGS = PoseSettings()


@pytest.fixture(scope="module")
def store(studio_frames, tmp_path_factory):
    """A frame store: a dancer in three poses, STILL frames each, nobody for as long after the first; its joints."""
    pictures, joints = studio_frames
    black = np.zeros_like(pictures[0])
    path = tmp_path_factory.mktemp("store") / "dance.mp4"
    with VideoWriter(path, fps=FPS, size=(SIDE, SIDE), crf=12, gop=12) as writer:
        for picture in (pictures[0], black, pictures[1], pictures[2]):
            for _ in range(STILL):
                writer.write(picture)
    order = np.repeat([0, -1, 1, 2], STILL)
    keypoints = np.where((order >= 0)[:, None, None], joints[order], 0).astype(np.float32)
    return path, PoseTable(keypoints, {"fps": FPS, "width": SIDE, "height": SIDE})


def overlap(a, b):
    return (a & b).sum() / (a | b).sum()


def made(store, path, **changed):
    frames, table = store
    given = {"name": "dance", "settings": SETTINGS, "weights": None} | changed
    outline_person(given.pop("frames", frames), given.pop("table", table), path, **given)
    return np.stack(list(decode_masks(path)))


def is_empty(masks):
    return (masks.reshape(len(masks), -1) == 0).all(axis=1)


def test_around_given_keypoints_the_network_draws_what_it_does_not_detect_again(store, pose_weights, tmp_path, caplog):
    caplog.set_level(logging.INFO)
    masks = made(store, tmp_path / "o.mkv", weights=pose_weights)
    assert probe_masks(tmp_path / "o.mkv").source == AROUND
    assert AROUND in caplog.text
    assert (is_empty(masks) == np.repeat([False, True, False, False], STILL)).all()
    for mask, keypoints in zip(masks, store[1].keypoints, strict=True):
        for x, y, confidence in keypoints[[1, 8, 10, 13]]:  # neck, hips, knees
            assert confidence == 0 or mask[int(y), int(x)] > 127


def test_without_the_network_capsules_stand_in_for_it_with_a_warning(store, pose_weights, tmp_path, caplog):
    masks = made(store, tmp_path / "c.mkv")
    assert probe_masks(tmp_path / "c.mkv").source == CAPSULES
    assert "capsules" in caplog.text
    assert "make assets" in caplog.text
    assert (is_empty(masks) == np.repeat([False, True, False, False], STILL)).all()
    better = made(store, tmp_path / "o.mkv", weights=pose_weights)
    alike = [overlap(mask > 127, other > 127) for mask, other in zip(masks, better, strict=True) if mask.any()]
    assert min(alike) > 0.6
    wide = [
        overlap(person_region(keypoints, size=(SIDE, SIDE), body_px=60), other > 127)
        for keypoints, other in zip(store[1].keypoints, better, strict=True)
        if other.any()
    ]
    assert np.mean(alike) > np.mean(wide)


@pytest.mark.parametrize("rows", [0, 7])
def test_frames_without_keypoints_have_empty_masks_and_there_are_as_many_as_frames(store, pose_weights, tmp_path, rows):
    short = PoseTable(store[1].keypoints[:rows], store[1].metadata)
    masks = made(store, tmp_path / "o.mkv", table=short, weights=pose_weights)
    assert len(masks) == 4 * STILL
    assert is_empty(masks[min(rows, STILL) :]).all()


def test_of_several_dancers_it_is_the_one_seen_longest_at_their_own_frames(store, tmp_path, caplog):
    """A dancer of all but the first frames and one of three frames: the masks are those of the first alone."""
    late, metadata = STILL * 2 + 1, store[1].metadata
    longest = Track(0, late, PoseTable(store[1].keypoints[late:], metadata))
    other = Track(1, 0, PoseTable(store[1].keypoints[:3], metadata))
    table = join_tracks([longest, other], metadata=metadata)
    masks = made(store, tmp_path / "o.mkv", table=table)
    assert "shows 2 dancers; number 0" in caplog.text
    alone = store[1].keypoints.copy()
    alone[:late] = 0
    np.testing.assert_array_equal(masks, made(store, tmp_path / "a.mkv", table=PoseTable(alone, metadata)))
    assert not is_empty(masks[late:]).any()


def test_keypoints_without_a_video_are_one_line(store, tmp_path):
    with pytest.raises(PoseError, match=r"dance has keypoints but no video.*column path"):
        made(store, tmp_path / "o.mkv", frames=None)


def test_keypoints_of_another_picture_are_one_line(store, tmp_path):
    other = PoseTable(store[1].keypoints, {"fps": FPS, "width": 512, "height": 512})
    with pytest.raises(PoseError, match=r"512 x 512, but .* has 256 x 256"):
        made(store, tmp_path / "o.mkv", table=other)
    assert not list(tmp_path.iterdir())


def test_a_store_that_is_none_leaves_nothing_behind(store, tmp_path):
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(store[0].read_bytes()[:200])
    with pytest.raises(MediaError):
        made(store, tmp_path / "o.mkv", frames=broken)
    assert list(tmp_path.iterdir()) == [broken]


def test_a_target_has_its_outline_in_the_same_pass_and_the_same_keypoints(studio_frames, pose_weights, tmp_path):
    source = tmp_path / "filmed.mp4"
    with VideoWriter(source, fps=FPS, size=(SIDE, SIDE), crf=12) as writer:
        for picture in np.repeat(studio_frames[0], 20, axis=0):
            writer.write(picture)
    frames = tmp_path / "frames.mp4"
    report = ingest_video(source, frames, settings=VideoSettings(size=SIDE), tolerant=False)
    given = {"report": report, "settings": SETTINGS, "weights": pose_weights}
    path = tmp_path / "o.mkv"
    table = extract_with_outline(frames, path, **given)
    assert (table.keypoints == extract_keypoints(frames, **given, is_target=True).keypoints).all()
    info = probe_masks(path)
    assert (info.frames, info.fps, info.size, info.source) == (60, FPS, (SIDE, SIDE), DETECTED)
    around = made((frames, table), tmp_path / "a.mkv", weights=pose_weights, is_target=True)
    for mask, other in zip(decode_masks(path), around, strict=True):
        assert overlap(mask > 127, other > 127) > 0.95


@pytest.mark.parametrize("at_x", [0.2, 0.8])
def test_the_target_is_whom_the_column_x_names_with_hands_where_they_are_asked_for(
    studio_frames, pose_weights, tmp_path, at_x
):
    fetch_pose_file(pose_weights / HAND_FILE)
    source, frames = tmp_path / "filmed.mp4", tmp_path / "frames.mp4"
    left, right = studio_frames[0][:2]
    with VideoWriter(source, fps=FPS, size=(2 * SIDE, SIDE), crf=12) as writer:
        for _ in range(30):
            writer.write(np.concatenate([left, right], axis=1))
    report = ingest_video(source, frames, settings=VideoSettings(size=2 * SIDE), tolerant=False)
    settings = PoseSettings(hands="targets")
    given = {"report": report, "settings": settings, "weights": pose_weights}
    table = extract_with_outline(frames, tmp_path / "o.mkv", at_x=at_x, **given)
    hips_x = table.keypoints[:, 8, 0]
    assert (hips_x < SIDE).all() if at_x < 0.5 else (hips_x > SIDE).all()
    assert table.columns["hands"].shape == (30, 2, 21, 3)
    masks = np.stack(list(decode_masks(tmp_path / "o.mkv"))) > 127
    assert masks[..., :SIDE].any() == (at_x < 0.5)
    assert masks[..., SIDE:].any() == (at_x > 0.5)


def test_a_target_in_whom_nobody_is_found_has_neither(pose_weights, tmp_path):
    source, frames = tmp_path / "empty.mp4", tmp_path / "frames.mp4"
    with VideoWriter(source, fps=FPS, size=(SIDE, SIDE), crf=12) as writer:
        for _ in range(60):
            writer.write(np.full((SIDE, SIDE, 3), 90, np.uint8))
    report = ingest_video(source, frames, settings=VideoSettings(size=SIDE), tolerant=False)
    assert len(list(decode_frames(frames, fps=FPS, size=None))) == 60
    with pytest.raises(PoseError):
        extract_with_outline(frames, tmp_path / "o.mkv", report=report, settings=SETTINGS, weights=pose_weights)
    assert not list(tmp_path.glob("*o.mkv*"))
