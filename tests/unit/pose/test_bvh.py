"""Motion capture files: read again by an independent reader, and held against the joints they were made from."""

import numpy as np
import pybvh
import pytest
from bodies import NECK_LENGTH, PX_PER_METRE, SHANK, THIGH, TORSO, UPPER, body_in_space, in_picture
from scipy.spatial.transform import Rotation

from danceit_core.errors import PoseError
from danceit_core.pose.blazepose import BlazePose
from danceit_core.pose.bvh import continuous_angles, write_bvh
from danceit_core.pose.humanoid import AT_POINT, BONES, POSED_AFTER, measure_humanoid, pose_humanoid
from danceit_core.pose.room import TO_ROOM, fill_points, metres_per_pixel, room_points, table_motion
from danceit_core.pose.table import PoseTable

FPS = 25.0
NAMED = {BONES[bone].name: joint for bone, joint in AT_POINT.items()}


def table(world, hips=(320.0, 240.0)):
    """A pose table of world points (T, 25, 3) whose hips are at (2,) or (T, 2) pixels."""
    keypoints = in_picture(world, np.broadcast_to(np.asarray(hips), (len(world), 2)))
    return PoseTable(keypoints, {"fps": FPS, "width": 640, "height": 480}, {"world": world.astype(np.float32)})


def written(tmp_path, pose):
    """A table's movement, written and read again."""
    write_bvh(tmp_path / "a.bvh", table_motion(pose, name="a"))
    return pybvh.read_bvh_file(tmp_path / "a.bvh")


def errors(read, world):
    """How far (T, J) the joints that were read are from world points, metres, both about the hips."""
    positions = read.joint_positions()
    positions = positions - positions[:, :1]
    bones = [read.joint_names.index(name) for name in NAMED]
    return np.linalg.norm(positions[:, bones] - (world * TO_ROOM)[:, list(NAMED.values())], axis=-1)


def test_an_independent_reader_finds_the_joints_where_they_were(tmp_path):
    world = body_in_space(np.linspace(-40, 760, 250), fps=FPS)
    read = written(tmp_path, table(world))
    assert errors(read, world).max() < 1e-4
    assert read.frame_count == 250
    assert read.frame_time == pytest.approx(1 / FPS, abs=1e-8)
    assert read.joint_names == [bone.name for bone in BONES]
    assert (str(read.up_axis.index), read.rest_forward) == ("1", "+z")


def test_bones_are_as_long_as_in_the_median_of_noisy_joints(tmp_path):
    rng = np.random.default_rng(3)
    world = body_in_space(np.linspace(0, 90, 400), fps=FPS)
    read = written(tmp_path, table(world + rng.normal(0, 0.015, world.shape)))
    positions = read.joint_positions()

    def lengths(a, b):
        return np.linalg.norm(
            positions[:, read.joint_names.index(a)] - positions[:, read.joint_names.index(b)], axis=-1
        )

    for a, b, true in (
        ("Hips", "Neck", TORSO),
        ("LeftArm", "LeftForeArm", UPPER),
        ("RightUpLeg", "RightLeg", THIGH),
        ("LeftLeg", "LeftFoot", SHANK),
        ("Neck", "Head", NECK_LENGTH),
    ):
        # Constant but for the roundings of the angles, and right.
        assert np.ptp(lengths(a, b)) < 1e-4
        assert lengths(a, b).mean() == pytest.approx(true, rel=0.03)
    assert np.median(errors(read, world)) < 0.03


def test_nothing_flips_while_the_body_spins_and_arms_go_round(tmp_path):
    frames = 600
    world = body_in_space(np.linspace(0, 6 * 360, frames), fps=FPS, energy=1.4)
    motion = table_motion(table(world), name="a")
    steps = np.swapaxes(motion.rotations[:-1], -1, -2) @ motion.rotations[1:]
    assert np.rad2deg(Rotation.from_matrix(steps.reshape(-1, 3, 3)).magnitude().max()) < 30
    write_bvh(tmp_path / "a.bvh", motion)
    angles = np.rad2deg(pybvh.read_bvh_file(tmp_path / "a.bvh").joint_angles)
    assert np.abs(np.diff(angles, axis=0)).max() < 45
    heading = angles[:, 0, 2]  # in one piece over six turns
    assert np.ptp(heading) == pytest.approx(6 * 360, abs=5)


def test_knees_and_elbows_turn_about_their_own_hinge():
    world = body_in_space(np.zeros(100), fps=FPS)
    rotations = pose_humanoid(room_points(world, name="a"), fps=FPS)
    for thigh, shank in ((13, 14), (17, 18)):
        bend = Rotation.from_matrix(np.swapaxes(rotations[:, thigh], -1, -2) @ rotations[:, shank]).as_rotvec()
        assert np.abs(bend[:, 1:]).max() < 0.05
        assert bend[:, 0].min() > -1e-6  # backwards only
    for arm, fore, side in ((6, 7, -1), (10, 11, 1)):
        bend = Rotation.from_matrix(np.swapaxes(rotations[:, arm], -1, -2) @ rotations[:, fore]).as_rotvec()
        assert np.abs(bend[:, [0, 2]]).max() < 0.25
        assert (side * bend[:, 1]).min() > 0  # forwards only


def test_angles_go_on_where_those_of_a_rotation_jump():
    true = np.stack([np.linspace(0, 900, 200), np.linspace(-170, 170, 200), np.full(200, 20.0)], axis=1)
    rotations = Rotation.from_euler("ZXY", true, degrees=True).as_matrix()
    angles = np.rad2deg(continuous_angles(rotations, order="ZXY"))
    assert np.abs(np.diff(angles, axis=0)).max() < 10
    same = Rotation.from_euler("ZXY", angles, degrees=True).as_matrix()
    assert same == pytest.approx(rotations, abs=1e-9)
    assert continuous_angles(np.zeros((0, 3, 3)), order="ZXY").shape == (0, 3)


def test_the_path_through_the_room_is_that_of_the_hips_in_the_picture():
    frames = 200
    world = body_in_space(np.zeros(frames), fps=FPS, energy=0.2)
    time = np.arange(frames) / FPS
    jump = np.where((time > 4) & (time < 4.5), 0.3 * np.sin(np.pi * (time - 4) / 0.5), 0)
    # Walks to the right, and jumps on the way.
    hips = np.stack([100 + 40 * time, 240 - PX_PER_METRE * jump], axis=1)
    motion = table_motion(table(world, hips), name="a")
    metres = metres_per_pixel(table(world).keypoints, world * TO_ROOM, name="a")
    assert metres == pytest.approx(1 / PX_PER_METRE, rel=1e-4)
    assert np.ptp(motion.root[:, 0]) == pytest.approx(np.ptp(hips[:, 0]) / PX_PER_METRE, rel=1e-3)
    assert motion.root[0, 0] < motion.root[-1, 0]
    feet = motion.positions[:, [15, 16, 19, 20], 1].min(axis=1)
    assert np.abs(feet[jump == 0]).max() < 0.03
    assert feet[jump.argmax()] == pytest.approx(0.3, abs=0.03)


def test_walking_towards_the_camera_does_not_sink_into_the_floor():
    world = body_in_space(np.zeros(400), fps=FPS, energy=0.0)
    hips = np.stack([np.full(400, 320.0), np.linspace(200, 300, 400)], axis=1)
    feet = table_motion(table(world, hips), name="a").positions[:, [16, 20], 1]
    assert np.abs(feet).max() < 0.06


def test_missing_frames_are_bridged(tmp_path):
    world = body_in_space(np.linspace(0, 60, 120), fps=FPS, energy=0.5)
    holes = table(world)
    holes.columns["world"][40:46] = np.nan
    holes.keypoints[40:46] = 0
    holes.columns["world"][80:90, 7] = np.nan
    read = written(tmp_path, holes)
    assert errors(read, world).max() < 0.12
    assert np.median(errors(read, world)) < 1e-4
    assert np.isfinite(read.joint_angles).all()


def test_one_frame_is_a_movement_too(tmp_path):
    assert written(tmp_path, table(body_in_space(np.zeros(1)))).frame_count == 1


def test_the_same_movement_gives_the_same_bytes(tmp_path):
    motion = table_motion(table(body_in_space(np.linspace(0, 90, 30))), name="a")
    for name in ("a.bvh", "b.bvh"):
        write_bvh(tmp_path / name, motion)
    assert (tmp_path / "a.bvh").read_bytes() == (tmp_path / "b.bvh").read_bytes()


def test_tables_without_joints_in_space_say_which_detector_gives_them():
    flat = table(body_in_space(np.zeros(3)))
    for world in (None, np.full((3, 25, 3), np.nan), np.zeros((0, 25, 3))):
        with pytest.raises(PoseError, match=r"waltz has no joints in space .*only pose\.detector blazepose gives them"):
            table_motion(
                PoseTable(flat.keypoints, flat.metadata, {} if world is None else {"world": world}), name="waltz"
            )
    legless = body_in_space(np.zeros(3))
    legless[:, [11, 22]] = np.nan
    with pytest.raises(PoseError, match=r"waltz never shows right_ankle, right_big_toe in space; .* head to feet"):
        table_motion(table(legless), name="waltz")
    unseen = PoseTable(np.zeros_like(flat.keypoints), flat.metadata, flat.columns)
    with pytest.raises(PoseError, match=r"waltz: no frame shows torso and legs"):
        table_motion(unseen, name="waltz")


def test_ears_that_are_never_seen_together_are_told():
    halves = body_in_space(np.zeros(4))
    halves[:2, 17] = halves[2:, 18] = np.nan
    with pytest.raises(PoseError, match=r"no frame has neck and both ears in space"):
        table_motion(table(halves), name="waltz")


def test_of_several_dancers_it_is_the_one_seen_longest(caplog):
    world = body_in_space(np.repeat([0.0, 90.0], [30, 50]))
    several = table(world)
    several.columns["track"] = np.repeat([0, 1], [30, 50]).astype(np.int32)
    several.columns["frame"] = np.concatenate([np.arange(30), np.arange(5, 55)]).astype(np.int32)
    motion = table_motion(several, name="waltz")
    assert len(motion.root) == 50
    assert motion.rotations[0, 0, 0, 2] == pytest.approx(1, abs=0.01)  # to the right
    assert "waltz shows 2 dancers; number 1" in caplog.text


def test_sides_are_alike():
    humanoid = measure_humanoid(room_points(body_in_space(np.zeros(2)), name="a"))
    names = [bone.name for bone in BONES]
    for name in names:
        if name.startswith("Left"):
            left, right = humanoid.offsets[names.index(name)], humanoid.offsets[names.index(f"Right{name[4:]}")]
            assert left == pytest.approx(right * [-1, 1, 1])


def test_a_face_that_is_hidden_while_the_body_turns_turns_with_it():
    world = body_in_space(np.linspace(0, 360, 120), fps=FPS, energy=0.4)
    hidden = world.copy()
    hidden[30:90, [0, 15, 16, 17, 18]] = np.nan  # from behind
    filled = fill_points(room_points(hidden, name="a"))
    assert filled[:, POSED_AFTER] == pytest.approx((world * TO_ROOM)[:, POSED_AFTER], abs=1e-3)


def test_joints_that_blazepose_sees_are_met_within_centimetres(tmp_path, pose_weights, studio_frames):
    seen = [BlazePose(pose_weights, fps=FPS, confidence_floor=0).estimate(picture) for picture in studio_frames[0]]
    world = np.stack([estimate.world for estimate in seen])
    about = {"fps": FPS, "width": 256, "height": 256}
    pose = PoseTable(np.stack([estimate.keypoints for estimate in seen]), about, {"world": world})
    read = written(tmp_path, pose)
    assert np.median(errors(read, world)) < 0.03
    assert errors(read, world).max() < 0.15
    # A grown person who stands on the floor.
    positions = read.joint_positions()
    head = positions[:, read.joint_names.index("Head"), 1]
    assert 1.2 < head.min() < head.max() < 1.9
    assert np.abs(positions[..., 1].min(axis=1)).max() < 0.1
