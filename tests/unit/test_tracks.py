"""Tracks through the pipeline: tables, cleaning, fragments, choreography and pages name video, track and frame."""

import json
import logging
import zipfile

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from dancers import sine_dancer, wandering_dancer
from measured_videos import make_video
from PIL import Image
from source_reports import report
from stages import stage

from danceit_core.choreography.align import align, write_dance
from danceit_core.choreography.candidates import Choice, ClipSong
from danceit_core.choreography.edits import Edit, edited_choices, read_edits
from danceit_core.choreography.library import Library
from danceit_core.choreography.matches import undecided_matches
from danceit_core.choreography.movements import movements_of, read_movements
from danceit_core.choreography.plan import read_plan, write_plan
from danceit_core.choreography.retrieve import choose
from danceit_core.choreography.slots import even_slots
from danceit_core.config import (
    CleaningSettings,
    FragmentSettings,
    PoseSettings,
    RetrievalSettings,
    SpatialSettings,
    TemporalSettings,
)
from danceit_core.database.fragments import cut_fragments
from danceit_core.database.gather import frames_in_memory
from danceit_core.database.statistics import (
    check_dances,
    database_statistics,
    describe_total,
    draw_statistics,
    read_statistics,
    write_statistics,
)
from danceit_core.errors import ChoreographyError, ConfigError, PoseError
from danceit_core.evaluation.cleaning_page import draw_cleaning
from danceit_core.media.video import VideoWriter
from danceit_core.pose.clean import clean_keypoints, clean_table
from danceit_core.pose.extract import extract_keypoints
from danceit_core.pose.given import read_given
from danceit_core.pose.measure import measure_body
from danceit_core.pose.openpose import write_openpose_table, write_openpose_zip
from danceit_core.pose.passages import find_passages, kept_frames, shot_numbers
from danceit_core.pose.skeleton import MID_HIP, present
from danceit_core.pose.table import PoseTable, read_pose_table, write_pose_table
from danceit_core.pose.tracks import dance_name, join_tracks, source_names, split_tracks

FPS = 24.0
EACH = CleaningSettings(several_people="each")


def table_of(spans, *, cuts=(), **columns):
    """A table of dancers, each a (first frame, keypoints) of `spans`."""
    frame = np.concatenate([np.arange(first, first + len(dance)) for first, dance in spans]).astype(np.int32)
    track = np.repeat(np.arange(len(spans), dtype=np.int32), [len(dance) for _, dance in spans])
    about = {"fps": FPS, "width": 512, "height": 512, "cuts": list(cuts), "refused": "", "source": {"path": "g.mp4"}}
    known = {"frame": frame, "track": track, **columns}
    return PoseTable(np.concatenate([dance for _, dance in spans]), about, known)


def write(path, table):
    write_pose_table(
        path, table.keypoints, fps=table.fps, size=table.size, columns=table.columns, metadata=table.metadata
    )
    return path


def cut(table, music, *, video, seconds, hop_s):
    frames = frames_in_memory({video: (table, music)})
    return cut_fragments(frames, seconds=seconds, settings=FragmentSettings(hop_s))


def dancers(lengths, *, seed=0):
    return [wandering_dancer(length, seed=seed + number) for number, length in enumerate(lengths)]


@pytest.fixture
def group():
    """A cleaned table of three: one all the time, one from frame 30 on, one for half a second."""
    one, other, passer = dancers([120, 80, 12])
    table = table_of([(0, one), (30, other), (50, passer)], people=np.full(212, 2, np.int16))
    return clean_table(table, settings=EACH, name="group", tolerant=False)


def test_a_table_of_tracks_survives_its_file(tmp_path):
    table = table_of([(0, dancers([40])[0]), (25, dancers([30], seed=4)[0])], people=np.full(70, 2, np.int16))
    again = read_pose_table(write(tmp_path / "t.parquet", table))
    np.testing.assert_array_equal(again.keypoints, table.keypoints)
    assert again.columns["track"].tolist() == [0] * 40 + [1] * 30
    assert again.columns["frame"].tolist() == [*range(40), *range(25, 55)]
    raw = pq.read_table(tmp_path / "t.parquet")
    assert raw.schema.field("track").type == pa.int32()
    np.testing.assert_allclose(raw["time_s"].to_numpy(), raw["frame"].to_numpy() / FPS)
    parts = split_tracks(again)
    assert [(part.number, part.first, part.end) for part in parts] == [(0, 0, 40), (1, 25, 55)]
    joined = join_tracks(parts, metadata=again.metadata)
    np.testing.assert_array_equal(joined.columns["frame"], again.columns["frame"])
    np.testing.assert_array_equal(joined.keypoints, again.keypoints)


def test_one_dancer_is_one_track_without_a_number():
    table = PoseTable(np.ones((5, 25, 3), np.float32), {"fps": FPS}, {})
    (only,) = split_tracks(table)
    assert (only.number, only.first, only.end, only.pose) == (None, 0, 5, table)
    assert dance_name("v", only.number) == "v"
    assert dance_name("v", 2) == "v.2"


@pytest.mark.parametrize(
    ("track", "frame", "words"),
    [
        ([0, 1, 0], [0, 0, 1], "not in the order"),
        ([0, 0, 1], [0, 2, 0], "lacks frames"),
        ([-1, 0, 0], [0, 0, 1], "ord"),
    ],
)
def test_rows_out_of_order_are_no_table(tmp_path, track, frame, words):
    table = PoseTable(
        np.ones((3, 25, 3), np.float32),
        {"fps": FPS, "width": 512, "height": 512},
        {"track": np.array(track, np.int32), "frame": np.array(frame, np.int32)},
    )
    with pytest.raises(PoseError, match=rf"t\.parquet is not a keypoint table .*{words}"):
        read_pose_table(write(tmp_path / "t.parquet", table))


def test_each_track_is_cleaned_as_if_alone():
    one, other = dancers([120, 90])
    other[40:44, 4, 2] = 0  # a hand unseen for four frames, after a camera cut
    table = table_of([(0, one), (20, other)], cuts=(50,), people=np.full(210, 2, np.int16))
    cleaned = clean_table(table, settings=EACH, name="group", tolerant=False)
    alone = [
        clean_keypoints(one, fps=FPS, settings=EACH, cuts=(50,)),
        clean_keypoints(other, fps=FPS, settings=EACH, cuts=(30,)),
    ]
    np.testing.assert_array_equal(cleaned.keypoints, np.concatenate([dance.keypoints for dance in alone]))
    assert present(cleaned.keypoints)[120 + 40 : 120 + 44, 4].all()
    assert cleaned.columns["kept"].all()
    # Shots are the video's.
    assert cleaned.columns["shot"].tolist() == [0] * 50 + [1] * 70 + [0] * 30 + [1] * 60
    assert find_passages(kept_frames(cleaned), shot_numbers(cleaned)) == [(0, 50), (50, 120), (120, 150), (150, 210)]


def test_with_drop_the_frames_of_several_are_dropped_all_the_same(group):
    dropped = clean_table(
        table_of([(0, dancers([60])[0])], people=np.full(60, 2, np.int16)),
        settings=CleaningSettings(several_people="drop"),
        name="group",
        tolerant=True,
    )
    assert set(dropped.columns["reason"]) == {"several_people"}
    assert group.columns["kept"].all()


def test_who_passes_by_is_no_dancer(group, caplog):
    assert sorted(set(group.columns["track"].tolist())) == [0, 1]
    passers = table_of([(0, dancers([12])[0]), (5, dancers([10], seed=3)[0])])
    with caplog.at_level(logging.INFO):
        cleaned = clean_table(passers, settings=EACH, name="group", tolerant=True)
    # Where nobody stays, the table says why nothing is of use.
    assert set(cleaned.columns["reason"]) == {"short_segment"}
    assert "in 22 of 22 too few good frames" in cleaned.metadata["refused"]


def test_fragments_are_of_one_dancer_and_of_the_videos_moments():
    one, music = make_video(200)
    other = one.keypoints[:100] + np.float32([1000, 0, 0])
    table = table_of([(0, one.keypoints), (60, other)], kept=np.ones(300, bool), shot=np.zeros(300, np.int32))
    part = cut(table, music, video="g", seconds=2.0, hop_s=1.0)
    rows = part.table
    assert rows["track"].tolist() == [0] * 7 + [1] * 3
    assert rows["start_frame"].tolist() == [0, 24, 48, 72, 96, 120, 144, 60, 84, 108]
    assert rows["fragment_id"].tolist()[6:8] == ["g.0:144", "g.1:60"]
    assert rows["passage_end"].tolist() == [200] * 7 + [160] * 3
    assert rows["video"].eq("g").all()
    assert rows["split"].nunique() == 1
    # A hand's x counts the frames of each, 1000 more for the second; the sound is the video's.
    poses, numbers = part.keypoints_of(np.arange(10)), part.features_of(np.arange(10))
    assert (poses[:7, 0, 7, 0] < 500).all()
    assert (poses[7:, :, :, 0] >= 700).all()
    assert numbers[:, 0, 0].tolist() == rows["start_frame"].tolist()
    assert part.metadata["longest_s"] == 200 / FPS


def test_the_sound_may_end_before_one_of_them():
    one, _ = make_video(200)
    _, music = make_video(200, sound_frames=110)
    table = table_of([(0, one.keypoints), (60, one.keypoints[:100])], kept=np.ones(300, bool))
    part = cut(table, music, video="g", seconds=2.0, hop_s=1.0)
    assert part.table["start_frame"].tolist() == [0, 24, 48, 60]
    late = table_of([(0, one.keypoints), (150, one.keypoints[:50])], kept=np.ones(250, bool))
    late = cut(late, music, video="g", seconds=2.0, hop_s=1.0)
    assert set(late.table["track"]) == {0}


def test_all_tracks_of_a_video_are_held_out_together():
    videos = {}
    for number in range(6):
        pose, music = make_video(120, tune=number)
        table = table_of([(0, pose.keypoints), (0, pose.keypoints), (0, pose.keypoints)], kept=np.ones(360, bool))
        videos[f"v{number}"] = table, music
    table = cut_fragments(frames_in_memory(videos), seconds=2.0, settings=FragmentSettings()).table
    assert (table.groupby("video")["split"].nunique() == 1).all()
    assert set(table["split"]) == {"train", "test"}


def test_statistics_count_dances_and_videos(group, tmp_path, caplog):
    _, music = make_video(120)
    solo = PoseTable(dancers([48])[0], group.metadata, {"kept": np.ones(48, bool), "reason": np.full(48, "")})
    statistics = database_statistics([("group", group, music), ("solo", solo, make_video(120, tune=1)[1])])
    assert list(zip(statistics["video"], statistics["track"], strict=True)) == [
        ("group", 0),
        ("group", 1),
        ("solo", -1),
    ]
    assert statistics["frames"].tolist() == [120, 80, 48]
    assert describe_total(statistics).startswith("videos: 2 with 3 dancers, 0.2 min")
    write_statistics(tmp_path / "s.tsv", statistics)
    assert read_statistics(tmp_path / "s.tsv")["track"].tolist() == [0, 1, -1]
    draw_statistics(statistics, tmp_path / "s.png")
    # Two tracks of one file are no video that is listed twice.
    same = statistics.assign(source_sha256=["ab", "ab", "cd"])
    with caplog.at_level(logging.WARNING):
        check_dances(same, strict=True)
    assert not caplog.records


def test_openpose_files_list_everybody_in_a_frame(group, tmp_path):
    write_openpose_table(tmp_path / "g.zip", group, name="g")
    with zipfile.ZipFile(tmp_path / "g.zip") as archive:
        people = [json.loads(archive.read(name))["people"] for name in archive.namelist()]
    assert len(people) == 120
    assert [[person["person_id"] for person in people[frame]] for frame in (0, 30, 119)] == [[[0]], [[0], [1]], [[0]]]
    np.testing.assert_allclose(people[30][1]["pose_keypoints_2d"][:2], group.keypoints[120, 0, :2], atol=1e-3)
    solo = PoseTable(group.keypoints[:5], {"fps": FPS}, {})
    write_openpose_table(tmp_path / "a.zip", solo, name="a")
    write_openpose_zip(tmp_path / "b.zip", solo.keypoints, name="a")
    assert (tmp_path / "a.zip").read_bytes() == (tmp_path / "b.zip").read_bytes()


def test_a_table_of_several_cannot_be_given_as_one(group, tmp_path):
    path = write(tmp_path / "g.parquet", group)
    with pytest.raises(PoseError, match=r"g\.parquet holds several dancers \(column track\); give one dancer's rows"):
        read_given(path)


def plan_of(database, *, seconds, choices=None):
    library = Library.of(database)
    song = ClipSong(round(seconds * FPS), FPS, np.arange(0.25, seconds, 0.5), 120.0)
    settings = RetrievalSettings(fragment_s=library.frames / FPS, no_repeat_s=2.0)
    count = len(even_slots(song.frames, fragment_frames=library.frames, fps=FPS))
    if choices is None:
        rng = np.random.default_rng(3)
        matches = undecided_matches(count, len(library), count=len(library), rng=rng)
        choices = [Choice(rows, far) for rows, far in zip(matches.rows, matches.distance, strict=True)]
    return choose(library, choices, song=song, settings=settings, rng=np.random.default_rng(0)), library


def dance_of(plan, sources, *, beats_s=()):
    target = measure_body(next(iter(sources.values())).keypoints)
    spatial, temporal = SpatialSettings(variant="none", foot_lock=False), TemporalSettings(variant="none")
    about = {"target": target, "size": (512, 512), "beats_s": np.array(beats_s), "fps": FPS}
    return align(plan, sources, spatial=spatial, temporal=temporal, **about)


def test_a_dance_is_read_from_the_rows_of_its_track(tmp_path):
    # The second dancer is 40 px higher and comes in at frame 50.
    low = sine_dancer(150, place=(200, 450))
    high = sine_dancer(90, place=(380, 410), amplitude_px=35)
    table = table_of([(0, low), (50, high)], kept=np.ones(240, bool), shot=np.zeros(240, np.int32))
    _, music = make_video(150)
    part = cut(table, music, video="group", seconds=1.0, hop_s=0.5)
    library = Library.of(part)
    assert set(library.dances.video_index) == {0}  # one video: who dances it again, repeats it
    row = library.row_of("group.1:74")
    np.testing.assert_allclose(library.pose(np.array([row]), np.zeros(1))[0, MID_HIP, 0] * 110, high[24, 8, 0], atol=8)
    chosen = Choice(np.array([row]), np.zeros(1), as_danced=(1.0, 0.0))
    plan, _ = plan_of(part, seconds=2.0, choices=[chosen, chosen])
    assert plan.source_track.tolist() == [1, 1]
    write_plan(tmp_path / "plan.parquet", plan)
    plan = read_plan(tmp_path / "plan.parquet")
    assert plan.source_track.tolist() == [1, 1]
    sources = read_movements(part.frames)
    assert {name: source.first for name, source in sources.items()} == {"group.0": 0, "group.1": 50}
    assert set(movements_of(plan, part.frames)) == {"group.1"}
    dance = dance_of(plan, sources)
    assert dance.source_video.tolist() == ["group"] * 48
    assert dance.source_track.tolist() == [1] * 48
    assert dance.source_frame.tolist() == [*range(74, 98)] * 2
    # The swing of the second dancer, in the body of the first: both have the same size.
    swing = np.ptp(dance.keypoints[:24, 0, 0]), np.ptp(high[24:48, 0, 0])
    assert swing[0] == pytest.approx(swing[1], rel=0.05)
    write_dance(tmp_path / "dance.parquet", dance, fps=FPS, size=(512, 512))
    written = read_pose_table(tmp_path / "dance.parquet")
    assert written.columns["source_track"].tolist() == [1] * 48
    assert set(source_names(written)) == {"group.1"}
    late = {**sources, "group.1": sources["group.0"]}
    assert dance_of(plan, late).source_frame[0] == 74


def test_one_dancer_a_video_leaves_no_trace_of_tracks(tmp_path):
    pose, music = make_video(1)
    solo = PoseTable(sine_dancer(120), {**pose.metadata, "refused": ""}, {"kept": np.ones(120, bool)})
    _, music = make_video(120)
    part = cut(solo, music, video="solo", seconds=1.0, hop_s=0.5)
    plan, _ = plan_of(part, seconds=3.0)
    assert "source_track" not in plan.to_frame()
    dance = dance_of(plan, movements_of(plan, part.frames))
    assert dance.source_track is None
    write_dance(tmp_path / "dance.parquet", dance, fps=FPS, size=(512, 512))
    assert "source_track" not in read_pose_table(tmp_path / "dance.parquet").columns


def test_edits_name_dancers(tmp_path):
    table = table_of([(0, sine_dancer(72)), (0, sine_dancer(72, place=(300, 400)))], kept=np.ones(144, bool))
    _, music = make_video(72)
    part = cut(table, music, video="group", seconds=1.0, hop_s=1.0)
    plan, library = plan_of(part, seconds=2.0)
    distance = {0: np.zeros(len(library)), 1: np.zeros(len(library))}
    lines = ["song\tstart_s\tend_s\taction\tvalue", "tango\t0\t2\tban\tgroup.0", "tango\t0\t1\tpin\tgroup.1:24"]
    (tmp_path / "edits.tsv").write_text("\n".join(lines) + "\n")
    edits = read_edits(tmp_path / "edits.tsv", songs=["tango"], styles={"group": ""})
    song, slots = ClipSong(48, FPS, np.zeros(0), 120.0), even_slots(48, fragment_frames=24, fps=FPS)
    about = {"song": song, "slots": slots, "styles": {}}
    first, second = edited_choices(edits, plan, library, distance, **about)
    assert library.fragment_id(first.rows).tolist() == ["group.1:24"]
    assert set(library.track(second.rows).tolist()) == {1}
    everybody = [Edit("tango", 0, 2, "ban", "group")]
    with pytest.raises(ChoreographyError, match="nothing is left to dance"):
        edited_choices(everybody, plan, library, distance, **about)
    (tmp_path / "edits.tsv").write_text(lines[0] + "\ntango\t0\t2\tban\tgruop.0\n")
    with pytest.raises(ConfigError, match=r"unknown video 'gruop'; known: group"):
        read_edits(tmp_path / "edits.tsv", songs=["tango"], styles={"group": ""})


def test_two_side_by_side_become_fragments_of_two_tracks(pose_weights, tmp_path):
    frames, places = 72, (130, 390)
    store = tmp_path / "group.mp4"
    with VideoWriter(store, fps=24, size=(512, 512), crf=14, gop=12) as writer:
        for k in range(frames):
            writer.write(stage(k, places, height_px=170, colours={1: [2, 0, 1]})[0])
    about = report(path="group.mp4", width=512, height=512, letterbox=(1.0, 0.0, 0.0), cuts=(), frames=frames)
    common = {"report": about, "settings": PoseSettings(), "weights": pose_weights, "is_target": False}
    raw = extract_keypoints(store, each=True, **common)
    assert raw.columns["frame"].tolist() == [*range(frames)] * 2
    assert raw.columns["depth"].shape == (2 * frames, 25)
    raw = read_pose_table(write(tmp_path / "raw.parquet", raw))
    cleaned = clean_table(raw, settings=EACH, name="group", tolerant=False)
    places_of = {track.number: np.median(track.pose.keypoints[:, MID_HIP, 0]) for track in split_tracks(cleaned)}
    assert sorted(places_of.values()) == pytest.approx(places, abs=20)
    _, music = make_video(frames)
    part = cut(cleaned, music, video="group", seconds=1.0, hop_s=1.0)
    assert part.table["track"].tolist() == [0, 0, 0, 1, 1, 1]
    poses = part.keypoints_of(np.arange(6))
    for row, track in enumerate(part.table["track"]):
        assert np.abs(poses[row, :, MID_HIP, 0] - places_of[track]).max() < 40
    plan, _ = plan_of(part, seconds=4.0)
    dance = dance_of(plan, movements_of(plan, part.frames))
    assert set(dance.source_track.tolist()) <= {0, 1}
    write_dance(tmp_path / "dance.parquet", dance, fps=FPS, size=(512, 512))
    named = source_names(read_pose_table(tmp_path / "dance.parquet"))
    expected = [dance_name("group", track) for track in plan.source_track]
    assert list(pd.unique(named)) == list(dict.fromkeys(expected))
    draw_cleaning(raw, cleaned, tmp_path / "page.png", name="group", frames_path=store)
    assert Image.open(tmp_path / "page.png").size[0] > 1000
    # Who is at a column, or the largest, is followed alone.
    for at_x, x in ((0.75, 390), (0.2, 130)):
        one = extract_keypoints(store, at_x=at_x, **common)
        assert "track" not in one.columns
        assert np.median(one.keypoints[:, MID_HIP, 0]) == pytest.approx(x, abs=20)
