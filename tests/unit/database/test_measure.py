"""What is measured of each frame of a dance, and the table that holds it."""

import dataclasses
import json

import numpy as np
import pyarrow.parquet as pq
import pytest
from bodies import body_in_space
from dancers import sine_dancer, wandering_dancer
from measured_videos import FPS, make_video

from danceit_core.database.frames import FACING, JERK, SLIDE, SPEED
from danceit_core.database.measure import hash_sound, measure_dance, read_measured, write_measured
from danceit_core.errors import DatabaseError
from danceit_core.music.table import Beats
from danceit_core.pose.facing import facing_in_passages
from danceit_core.pose.measure import measure_body
from danceit_core.pose.movement import jerk_sizes, slide_sizes, step_sizes
from danceit_core.pose.orientation import joint_places
from danceit_core.pose.table import PoseTable


def dancing(frames=240, **columns):
    """A dance that is cleaned, with its sound."""
    pose, music = make_video(frames)
    return PoseTable(wandering_dancer(frames, seed=1), pose.metadata, {**pose.columns, **columns}), music


def test_each_passage_is_measured_by_itself_and_nothing_beyond_it():
    kept = np.ones(240, bool)
    kept[100:110] = False
    shot = (np.arange(240) >= 180).astype(np.int32)
    pose, music = dancing(kept=kept, shot=shot)
    measured = measure_dance(pose, music, video="v")
    passages = [(0, 100), (110, 180), (180, 240)]
    expected = np.full(240, -1)
    for number, (first, end) in enumerate(passages):
        expected[first:end] = number
    np.testing.assert_array_equal(measured.passage, expected)
    body = measure_body(pose.keypoints[kept])
    for first, end in passages:
        xy = joint_places(pose.keypoints[first:end])[:, :15] / body.torso_px
        found = measured.moves[first:end]
        np.testing.assert_allclose(found[:, SPEED], step_sizes(xy), rtol=1e-6)
        np.testing.assert_allclose(found[:, JERK], jerk_sizes(xy), rtol=1e-6)
        slides = slide_sizes(xy, height=body.height_px / body.torso_px)
        np.testing.assert_allclose(found[:, SLIDE], slides, rtol=1e-6)
        assert found[:, SPEED].min() > 0
    assert not measured.moves[100:110, :FACING].any()
    assert np.isnan(measured.moves[:, FACING]).all()
    # Another dance before the cut changes nothing after it, but for the size of the body.
    pose.keypoints[:100] = pose.keypoints[100:200]
    np.testing.assert_allclose(measure_dance(pose, music, video="v").moves[180:], measured.moves[180:], rtol=0.05)


def test_the_facing_is_that_of_each_passage():
    kept = np.arange(96) != 60
    world = body_in_space(np.linspace(0, 300, 96)).astype(np.float32)
    pose, music = dancing(96, world=world, kept=kept)
    facing = measure_dance(pose, music, video="v").moves[:, FACING]
    np.testing.assert_allclose(facing, facing_in_passages(world, kept, None, fps=FPS), rtol=1e-6)
    assert np.isnan(facing[60])


def test_about_tells_the_sizes_the_sound_and_the_longest_passage():
    pose, music = dancing(kept=np.arange(240) != 150)
    about = measure_dance(pose, music, video="waltz", group="blue").about
    body = measure_body(pose.keypoints[pose.columns["kept"]])
    assert about["dancers"] == [
        {
            "track": None, "first_frame": 0, "rows": 240, "longest": 150, "refused": "", "torso_px": body.torso_px,
            "height_px": body.height_px, "ground_y": body.ground_y,
        }
    ]  # fmt: skip
    assert (about["video"], about["group"], about["tempo_bpm"], about["features"]) == ("waltz", "blue", 101.0, 13)
    assert about["source"] == {"path": "dances/v.mp4", "sha256": "ab12"}
    assert (about["beats_s"], about["place"], about["meter"]) == ([], [], 0)
    beats = Beats(np.array([0.2, 0.7, 1.2]), 120.0, place=np.array([3, 1, 2]), meter=3)
    about = measure_dance(pose, dataclasses.replace(music, beats=beats), video="waltz").about
    assert (about["beats_s"], about["place"], about["meter"]) == ([0.2, 0.7, 1.2], [3, 1, 2], 3)


def test_the_same_sound_has_the_same_name_and_another_has_another():
    (_, one), (_, same), (_, other), (_, longer) = (
        make_video(48), make_video(48), make_video(48, tune=1), make_video(49),
    )  # fmt: skip
    assert hash_sound(one) == hash_sound(same)
    assert len({hash_sound(one), hash_sound(other), hash_sound(longer)}) == 3
    assert measure_dance(*make_video(48), video="v").about["sound"] == hash_sound(one)
    assert measure_dance(*make_video(48, silent=True), video="v").about["sound"] == ""


def test_the_dancers_of_a_video_are_measured_each_from_their_own_first_frame():
    solo = [wandering_dancer(90, seed=3), sine_dancer(60, place=(300, 400), amplitude_px=5)]
    columns = {
        "track": np.repeat([0, 1], [90, 60]).astype(np.int32),
        "frame": np.concatenate([np.arange(90), np.arange(30, 90)]).astype(np.int32),
        "kept": np.ones(150, bool),
    }
    pose, music = make_video(90, sound_frames=80)
    measured = measure_dance(PoseTable(np.concatenate(solo), pose.metadata, columns), music, video="g")
    assert [(d["track"], d["first_frame"], d["rows"]) for d in measured.about["dancers"]] == [(0, 0, 90), (1, 30, 60)]
    # The sound ends at frame 80 of the video.
    np.testing.assert_array_equal(measured.passage, np.repeat([0, -1, 0, -1], [80, 10, 50, 10]))
    alone = measure_dance(PoseTable(solo[0], pose.metadata, {"kept": np.ones(90, bool)}), music, video="g")
    np.testing.assert_array_equal(measured.moves[:90], alone.moves)


@pytest.mark.parametrize("cause", ["refused", "no head", "in one place", "empty"])
def test_a_video_that_gives_nothing_says_why(cause, caplog):
    pose, music = make_video(
        0 if cause == "empty" else 60, refused="waltz.mp4: no person" if cause == "refused" else ""
    )
    if cause == "no head":
        pose.keypoints[:, 0] = 0
    if cause == "in one place":
        pose.keypoints[..., :2] = 1
    measured = measure_dance(pose, music, video="waltz")
    reason = {
        "refused": "waltz.mp4: no person",
        "no head": "no frame of 60 shows nose, neck, hip and an ankle; film the whole body, head to feet",
        "in one place": "nose to ankles measures 0.0 px",
        "empty": "",
    }[cause]
    assert measured.about["dancers"][0]["refused"].startswith(reason)
    assert (f"waltz gives no fragments: {reason}" in caplog.text) == bool(reason)
    assert (measured.passage == -1).all()
    assert not measured.moves[:, :FACING].any()


def test_fps_must_agree():
    with pytest.raises(DatabaseError, match="v: keypoints have 24 fps, music 30; run both again with one fps"):
        measure_dance(*make_video(48, fps=30.0), video="v")


def test_what_is_written_is_read(tmp_path):
    pose, music = dancing(kept=np.arange(240) != 150)
    for number, measured in enumerate(
        [measure_dance(pose, music, video="v"), measure_dance(*make_video(0), video="w")]
    ):
        path = tmp_path / f"{number}.parquet"
        write_measured(path, measured)
        read = read_measured(path)
        np.testing.assert_array_equal(read.moves, measured.moves)
        np.testing.assert_array_equal(read.passage, measured.passage)
        assert read.about == {"version": 4, **measured.about}
    assert pq.read_schema(tmp_path / "0.parquet").names == ["passage", "speed", "jerk", "slide", "facing"]


def test_a_file_of_another_kind_or_version_is_refused(tmp_path):
    with pytest.raises(DatabaseError, match=r"a\.parquet: no such measurements of a dance; run measure_dance"):
        read_measured(tmp_path / "a.parquet")
    path = tmp_path / "v.parquet"
    write_measured(path, measure_dance(*dancing(48), video="v"))
    table = pq.read_table(path)
    about = json.loads(table.schema.metadata[b"danceit"])

    def spoil(**changed):
        pq.write_table(table.replace_schema_metadata({b"danceit": json.dumps(about | changed)}), path)

    spoil(version=2)
    with pytest.raises(DatabaseError, match=r"v\.parquet has version 2, but this DanceIt reads 4; delete it"):
        read_measured(path)
    for changed in (
        {"dancers": []}, {"fps": -1}, {"sound": 3}, {"source": {}}, {"features": 1.5}, {"width": None},
        {"beats_s": [1.0, 0.5], "place": [1, 2]}, {"beats_s": [0.5]}, {"place": 3}, {"meter": 99},
        {"beats_s": [0.5], "place": [1.5]}, {"beats_s": ["x"], "place": [1]},
    ):  # fmt: skip
        spoil(**changed)
        with pytest.raises(
            DatabaseError, match=r"v\.parquet does not hold a dance's measurements .* delete it and run"
        ):
            read_measured(path)
    path.write_text("no")
    with pytest.raises(DatabaseError, match=r"v\.parquet does not hold a dance's measurements"):
        read_measured(path)
