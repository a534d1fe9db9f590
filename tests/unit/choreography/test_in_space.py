"""A finished dance in space, held against the bodies in space whose frames it is made of."""

import numpy as np
import pybvh
import pytest
from bodies import body_in_space, in_picture
from cut_dances import frames_of, pose_of

from danceit_core.choreography.align import Source, align, write_dance
from danceit_core.choreography.in_space import clip_moments, dance_motion
from danceit_core.choreography.movements import read_movements
from danceit_core.choreography.normalise import Body
from danceit_core.choreography.plan import Plan
from danceit_core.config import SpatialSettings, TemporalSettings
from danceit_core.errors import ChoreographyError
from danceit_core.pose.bvh import write_bvh
from danceit_core.pose.facing import body_front
from danceit_core.pose.humanoid import AT_POINT, measure_humanoid
from danceit_core.pose.room import TO_ROOM, room_points
from danceit_core.pose.skeleton import MIRROR
from danceit_core.pose.table import read_pose_table

FPS, SIZE = 24.0, 512
HALF_WIDTH = SpatialSettings().half_width
TARGET = Body(height_px=240.0, torso_px=75.0, ground_y=470.0, centre_x=256.0)


def make_source(facing_deg, *, scale=1.0, world=True):
    """A dancer of `scale` times the usual size who faces one way for 200 frames."""
    points = scale * body_in_space(np.full(200, facing_deg), fps=FPS)
    keypoints = in_picture(points, np.full((200, 2), 300.0))
    return Source(keypoints, np.ones(200, bool), None, points.astype(np.float32) if world else None)


SOURCES = {"front": make_source(0.0), "side": make_source(100.0, scale=1.3)}


def make_dance(tmp_path, sources, *clips, temporal=None, tracks=(), mirrored=()):
    """The pose table of a dance of clips (video, start, frames, rate), written and read as the workflow does."""
    frames = np.array([clip[2] for clip in clips])
    plan = Plan(
        start_frame=np.concatenate([[0], np.cumsum(frames)[:-1]]),
        frames=frames,
        fragment_id=np.arange(len(clips)),
        source_video=np.array([clip[0] for clip in clips], object),
        source_start_frame=np.array([clip[1] for clip in clips]),
        rate=np.array([clip[3] for clip in clips], np.float64),
        match_distance=np.zeros(len(clips)),
        source_track=np.array(tracks, np.int64),
        mirrored=np.array(mirrored, bool),
    )
    aligned = align(
        plan,
        sources,
        target=TARGET,
        size=(SIZE, SIZE),
        beats_s=np.arange(0.5, 60, 0.5),
        fps=FPS,
        spatial=SpatialSettings(),
        temporal=temporal or TemporalSettings(variant="none"),
    )
    write_dance(tmp_path / "dance.parquet", aligned, fps=FPS, size=(SIZE, SIZE))
    return read_pose_table(tmp_path / "dance.parquet")


def move(dance, sources, **changes):
    return dance_motion(dance, sources, **{"half_width": HALF_WIDTH, "name": "the dance anna/waltz", **changes})


def test_a_dance_of_one_source_moves_as_the_source_does(tmp_path):
    dance = make_dance(tmp_path, SOURCES, ("side", 20, 96, 1.0))
    motion = move(dance, SOURCES)
    true = (SOURCES["side"].world[20:116] * TO_ROOM)[:, list(AT_POINT.values())]
    found = (motion.positions - motion.positions[:, :1])[:, list(AT_POINT)]
    assert np.linalg.norm(found - true, axis=-1).max() < 0.02
    assert np.median(np.linalg.norm(found - true, axis=-1)) < 0.002


def test_a_mirrored_dance_is_mirrored_in_space(tmp_path):
    plain = move(make_dance(tmp_path, SOURCES, ("side", 20, 96, 1.0)), SOURCES)
    dance = make_dance(tmp_path, SOURCES, ("side", 20, 96, 1.0), mirrored=[True])
    assert dance.columns["source_mirrored"].all()
    assert dance.columns["source_frame"].tolist() == list(range(20, 116))
    points = list(AT_POINT.values())
    places = [points.index(MIRROR[point]) for point in points]  # of the joint on the other side
    true, found = ((m.positions - m.positions[:, :1])[:, list(AT_POINT)] for m in (plain, move(dance, SOURCES)))
    assert np.linalg.norm(found - true[:, places] * [-1, 1, 1], axis=-1).max() < 0.02


def test_a_dancer_of_several_moves_as_at_their_frames_of_the_video(tmp_path):
    """The same dance, whether its source is a video or a track of one that begins at frame 30."""
    whole = make_dance(tmp_path, SOURCES, ("side", 50, 96, 1.0))
    side = SOURCES["side"]
    later = Source(side.keypoints[30:], side.kept[30:], None, side.world[30:], first=30)
    tracks = {"side.0": make_source(0.0), "side.1": later}
    (tmp_path / "track").mkdir()
    danced = make_dance(tmp_path / "track", tracks, ("side", 50, 96, 1.0), tracks=[1])
    np.testing.assert_array_equal(danced.columns["source_frame"], whole.columns["source_frame"])
    np.testing.assert_allclose(move(danced, tracks).positions, move(whole, SOURCES).positions, atol=1e-5)


def test_seams_are_as_smooth_as_the_rest_and_turn_the_body(tmp_path):
    dance = make_dance(tmp_path, SOURCES, ("front", 10, 60, 1.0), ("side", 50, 60, 1.0), ("front", 100, 60, 1.0))
    smooth, hard = move(dance, SOURCES), move(dance, SOURCES, half_width=0)
    steps, jumps = (np.linalg.norm(np.diff(m.positions, axis=0), axis=-1).max(axis=1) for m in (smooth, hard))
    usual = np.delete(jumps, [59, 119]).max()
    assert jumps[[59, 119]].min() > 3 * usual
    assert steps.max() < 0.2 + usual / 10  # the hands of one who turns by 100 degrees within a second
    assert steps.max() < jumps[[59, 119]].min() / 2
    facing = np.rad2deg(np.arctan2(*smooth.rotations[[30, 90, 150], 0][:, [0, 2], 2].T))
    assert facing == pytest.approx([0, 100, 0], abs=3)
    assert body_front(SOURCES["side"].world)[0, 0] > 0.9  # to the right, in picture and room


def test_bones_are_the_targets_or_the_usual_of_the_sources(tmp_path):
    dance = make_dance(tmp_path, SOURCES, ("front", 10, 60, 1.0), ("side", 50, 60, 1.0))
    target = measure_humanoid(room_points(0.9 * SOURCES["front"].world, name="target"))
    assert move(dance, SOURCES, humanoid=target).humanoid is target
    thigh = np.linalg.norm(move(dance, SOURCES).humanoid.offsets[14])
    assert 0.42 <= thigh <= 0.42 * 1.3 + 1e-6
    # Half as large on the bones of the target, the path is so too: the picture is the same.
    path = move(dance, SOURCES, humanoid=target).root
    small = measure_humanoid(room_points(0.45 * SOURCES["front"].world, name="target"))
    assert np.ptp(move(dance, SOURCES, humanoid=small).root[:, 0]) == pytest.approx(np.ptp(path[:, 0]) / 2, rel=0.01)


def test_the_file_of_a_dance_on_the_beats_can_be_read(tmp_path):
    clips = ("front", 10, 72, 0.9), ("side", 40, 72, 1.15)
    dance = make_dance(tmp_path, SOURCES, *clips, temporal=TemporalSettings(strength=1.0))
    motion = move(dance, SOURCES)
    write_bvh(tmp_path / "dance.bvh", motion)
    read = pybvh.read_bvh_file(tmp_path / "dance.bvh")
    assert read.frame_count == len(dance) == 144
    assert read.joint_positions() == pytest.approx(motion.positions, abs=1e-4)
    # In the picture it is the dance: hands and feet are where the poses have them.
    metres = 0.5 / TARGET.torso_px
    bones = {4: 12, 7: 8, 11: 19, 14: 15}
    hips = dance.keypoints[:, [8], 0]
    there = motion.positions[:, list(bones.values()), 0] - motion.positions[:, [0], 0]
    shown = (dance.keypoints[:, list(bones), 0] - hips) * metres
    away = np.abs(there / there.std() - shown / shown.std())
    assert np.median(np.delete(away, range(60, 84), axis=0)) < 0.1


def test_moments_between_frames_are_found_again():
    true = 40 + np.cumsum(0.9 + 0.3 * np.sin(np.arange(80) / 9))
    moments = clip_moments(np.round(true).astype(np.int32), before=12, after=12)
    assert len(moments) == 104
    assert np.abs(moments[12:-12] - true).max() < 0.5
    assert np.median(np.abs(moments[12:-12] - true)) < 0.15
    assert (np.diff(moments) > 0).all()
    assert clip_moments(np.array([7]), before=2, after=1) == pytest.approx([5, 6, 7, 8], abs=0.01)


def test_sources_without_joints_in_space_are_named(tmp_path):
    flat = {**SOURCES, "side": make_source(100.0, world=False)}
    dance = make_dance(tmp_path, flat, ("front", 10, 60, 1.0), ("side", 50, 60, 1.0))
    with pytest.raises(ChoreographyError, match=r"anna/waltz takes movements from side, which have no joints in space"):
        move(dance, flat)


def test_joints_in_space_are_read_from_the_frames(tmp_path):
    """Half precision there: under a millimetre."""
    side, flat = SOURCES["side"], make_source(0.0, world=False)
    tables = {"flat": pose_of(flat.keypoints), "side": pose_of(side.keypoints, world=side.world)}
    read = read_movements(frames_of(tables))
    assert read["flat"].world is None
    np.testing.assert_allclose(read["side"].world, side.world, atol=1e-3)
    assert read_movements(frames_of({"flat": tables["flat"]}))["flat"].world is None
    dance = make_dance(tmp_path, SOURCES, ("side", 50, 96, 1.0))
    np.testing.assert_allclose(move(dance, read).positions, move(dance, SOURCES).positions, atol=0.02)
