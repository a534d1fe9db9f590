"""The plate: the room comes out as it is, without a ghost, from cameras that stand and that move; what it costs."""

import json
import tracemalloc
from dataclasses import replace

import cv2
import numpy as np
import pytest
from toy_target import draw_toy, toy_poses, toy_room

from danceit_core.errors import ImaginationError
from danceit_core.imagination.check.captions import writing_near_feet
from danceit_core.imagination.check.findings import HOLE_SHARE, LIGHT_LEVELS, MOVING_LEVELS
from danceit_core.imagination.plate import views as views_module
from danceit_core.imagination.plate.build import build_plate, write_plate
from danceit_core.imagination.plate.figures import read_filled, read_room
from danceit_core.imagination.plate.middle import levels_at, middle
from danceit_core.imagination.plate.views import pick_views
from danceit_core.media.mask_video import MaskWriter
from danceit_core.media.picture import read_picture
from danceit_core.media.video import VideoWriter
from danceit_core.pose.table import PoseTable

FPS, SIZE, FRAMES = 24.0, 192, 72


def rough_room(width, height, *, seed=3):
    """A wall full of edges at all scales, and a smooth floor; uint8 (height, width, 3)."""
    rng = np.random.default_rng(seed)
    wall = np.zeros((height, width, 3), np.float32)
    for cell in (3, 8, 24):
        spots = rng.normal(0, 26, (height // cell + 2, width // cell + 2, 3)).astype(np.float32)
        wall += cv2.resize(spots, (width, height), interpolation=cv2.INTER_CUBIC)
    wall = wall + 130
    wall[int(0.8 * height) :] = (140, 120, 100)
    return np.clip(wall, 20, 235).astype(np.uint8)


def film(folder, *, room, poses=None, camera=None, light=None, over=None, outlines=False):
    """A frame store of the toy person in a room, and its table on the plate.

    camera: (T, 3, 3), from frames to the room; over: a function that draws over a frame; outlines: their masks, too.
    """
    poses = toy_poses(FRAMES, size=SIZE, sway=0.3) if poses is None else poses
    laid = poses.copy()
    writer = VideoWriter(folder / "a.mp4", fps=FPS, size=(SIZE, SIZE), crf=4, gop=12)
    masks = MaskWriter(folder / "a.mkv", fps=FPS, size=(SIZE, SIZE))
    with writer, masks:
        for frame, pose in enumerate(poses):
            here = room
            if camera is not None:
                flags = cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP
                here = cv2.warpPerspective(room, camera[frame], (SIZE, SIZE), flags=flags)
                laid[frame, :, :2] = cv2.perspectiveTransform(pose[None, :, :2].astype(float), camera[frame])[0]
            drawn = draw_toy(pose, here)
            mask = np.uint8(255) * (drawn != here).any(-1).astype(np.uint8)
            if light is not None:
                drawn = np.clip(np.round(drawn * light[frame]), 0, 255).astype(np.uint8)
            writer.write(drawn if over is None else over(frame, drawn))
            masks.write(mask if outlines else np.zeros_like(mask))
    columns = {} if camera is None else {"camera": camera.astype(np.float32)}
    about = {"fps": FPS, "width": room.shape[1], "height": room.shape[0], "picture": [30, 20, SIZE, SIZE]}
    if camera is None:
        about.pop("picture")
    return PoseTable(np.where(poses[..., 2:] > 0, laid, 0).astype(np.float32), about, columns)


def shifts(*, to=60, scale=0.0):
    """A camera that pans over `to` pixels and shakes, and zooms by `scale`, from frames to the room."""
    at = np.linspace(0, 1, FRAMES)
    rng = np.random.default_rng(5)
    camera = np.tile(np.eye(3), (FRAMES, 1, 1))
    camera[:, 0, 0] = camera[:, 1, 1] = 1 + scale * at
    camera[:, 0, 2] = 8 + to * at + rng.uniform(-1.5, 1.5, FRAMES)
    camera[:, 1, 2] = 8 + rng.uniform(-1.5, 1.5, FRAMES)
    return camera


def difference(picture, room):
    return np.abs(picture.astype(int) - room).mean(-1)


def sharpness(picture, where):
    return cv2.Laplacian(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), cv2.CV_32F)[where].var()


def still_most_of_the_time():
    """The person stands on the left but for the first twenty frames."""
    poses = toy_poses(FRAMES, size=SIZE, sway=0.3)
    poses[20:] = poses[0] - np.float32([0.2 * SIZE, 0, 0])
    return poses


@pytest.mark.parametrize("outlines", [True, False])
def test_the_plate_is_the_room_without_a_ghost(outlines, tmp_path):
    room = toy_room(SIZE)
    table = film(tmp_path, room=room, poses=still_most_of_the_time(), outlines=outlines)
    plate = build_plate(tmp_path / "a.mp4", tmp_path / "a.mkv", table)
    error = difference(plate.picture, room)
    assert error[plate.seen].mean() < 1.5
    # The store's colours are coarser than the room's stripes.
    assert np.quantile(error[plate.seen], 0.995) < 12
    assert plate.seen.mean() > 0.85
    assert plate.figures.room_levels < 2
    without = build_plate(tmp_path / "a.mp4", None, table)
    assert difference(without.picture, room)[without.seen].mean() < 1.5


def test_behind_the_person_of_one_picture_the_room_goes_on(tmp_path):
    # A wall, a rail and a floor that go on sideways behind the person, who casts a shadow.
    room = np.full((SIZE, SIZE, 3), (150, 160, 175), np.uint8)
    room[int(0.72 * SIZE) : int(0.76 * SIZE)] = (230, 230, 225)
    room[int(0.76 * SIZE) :] = (120, 110, 100)
    shaded = room.copy()
    pose = toy_poses(1, size=SIZE)[0]
    feet = pose[[11, 14], :2].mean(0)
    shadow = np.zeros((SIZE, SIZE), np.uint8)
    cv2.ellipse(shadow, (int(feet[0]) + 10, int(feet[1])), (26, 5), 0, 0, 360, 1, -1)
    shaded[shadow > 0] = shaded[shadow > 0] * 0.6
    table = film(tmp_path, room=shaded, poses=pose[None], outlines=True)
    plate = build_plate(tmp_path / "a.mp4", tmp_path / "a.mkv", table)
    assert plate.figures.hole_share > 0.9
    assert not plate.seen[shadow > 0].any()
    hole = ~plate.seen
    error = difference(plate.picture, room)
    assert error[plate.seen].mean() < 2
    smeared = cv2.inpaint(shaded, hole.astype(np.uint8), 5, cv2.INPAINT_TELEA)
    assert error[hole].mean() < 4
    assert error[hole].mean() < 0.7 * difference(smeared, room)[hole].mean()
    again = build_plate(tmp_path / "a.mp4", tmp_path / "a.mkv", table)
    np.testing.assert_array_equal(again.picture, plate.picture)


def test_an_outline_shows_more_of_the_room_than_capsules(tmp_path):
    table = film(tmp_path, room=toy_room(SIZE), poses=still_most_of_the_time(), outlines=True)
    outlined, capsules = (build_plate(tmp_path / "a.mp4", masks, table) for masks in (tmp_path / "a.mkv", None))
    assert outlined.figures.never_seen <= capsules.figures.never_seen


def test_a_place_that_is_never_seen_is_filled_and_measured(tmp_path):
    poses = toy_poses(1, size=SIZE).repeat(FRAMES, axis=0)
    plate = build_plate(tmp_path / "a.mp4", None, film(tmp_path, room=toy_room(SIZE), poses=poses))
    assert 0.02 < plate.figures.never_seen < 0.5
    assert plate.figures.hole_share > HOLE_SHARE
    assert plate.figures.hole_at == pytest.approx((0.5, 0.5), abs=0.15)
    assert difference(plate.picture, toy_room(SIZE))[~plate.seen].mean() < 25


def test_the_shadow_of_who_stands_in_one_place_is_lifted(tmp_path):
    poses = toy_poses(FRAMES, size=SIZE, sway=0.02)
    poses[:12, :, 0] += 0.3 * SIZE
    room, foot = toy_room(SIZE), (int(poses[20, 11, 0]) + 34, int(0.94 * SIZE))

    def shade(frame, picture):
        if frame < 12:
            return picture
        dark = picture.copy()
        cv2.ellipse(dark, foot, (18, 5), 0, 0, 360, tuple(int(c) for c in room[foot[1], foot[0]] * 0.6), -1)
        return dark

    plate = build_plate(tmp_path / "a.mp4", None, film(tmp_path, room=room, poses=poses, over=shade))
    assert difference(plate.picture, room)[foot[1], foot[0]] < 6


@pytest.mark.parametrize("scale", [0.0, 0.2])
def test_a_moving_cameras_room_is_sharp_and_in_its_place(scale, tmp_path):
    room = rough_room(320, 260)
    camera = shifts(scale=scale)
    table = film(tmp_path, room=room, camera=camera, outlines=True)
    plate = build_plate(tmp_path / "a.mp4", tmp_path / "a.mkv", table)
    assert plate.picture.shape == room.shape
    assert plate.figures.room_levels < MOVING_LEVELS
    error = difference(plate.picture, room)[plate.seen]
    assert error.mean() < 6
    where = cv2.erode(plate.seen.astype(np.uint8), np.ones((9, 9))).astype(bool)
    assert sharpness(plate.picture, where) > 0.7 * sharpness(room, where)
    # Where no frame was there is no view, and it is not black.
    assert not plate.covered[:, -20:].any()
    assert plate.picture[:, -20:].min() > 10


def test_a_camera_path_that_is_half_a_pixel_off_leaves_the_room_sharp(tmp_path):
    room, rng = rough_room(320, 260), np.random.default_rng(1)
    table = film(tmp_path, room=room, camera=shifts(), outlines=True)
    table.columns["camera"][:, :2, 2] += rng.normal(0, 0.5, (FRAMES, 2))
    plate = build_plate(tmp_path / "a.mp4", tmp_path / "a.mkv", table)
    where = cv2.erode(plate.seen.astype(np.uint8), np.ones((9, 9))).astype(bool)
    assert sharpness(plate.picture, where) > 0.7 * sharpness(room, where)


def test_a_frame_round_the_picture_and_its_caption_do_not_smear(tmp_path):
    room = rough_room(320, 260)

    def framed(_frame, picture):
        out = np.full_like(picture, 30)
        out[24:-24, 24:-24] = picture[24:-24, 24:-24]
        return cv2.putText(out, "Tai Chi", (40, 18), cv2.FONT_HERSHEY_SIMPLEX, 0.5, (220, 220, 220), 1, cv2.LINE_AA)

    table = film(tmp_path, room=room, camera=shifts(), over=framed, outlines=True)
    plate = build_plate(tmp_path / "a.mp4", tmp_path / "a.mkv", table)
    assert plate.figures.laid_over > 0.3
    seen = cv2.erode((plate.seen & plate.covered).astype(np.uint8), np.ones((5, 5))).astype(bool)
    assert seen.mean() > 0.2
    assert difference(plate.picture, room)[seen].mean() < 5
    plain = film(tmp_path, room=room, camera=shifts(), outlines=True)
    assert build_plate(tmp_path / "a.mp4", tmp_path / "a.mkv", plain).figures.laid_over == 0


def test_a_camera_that_moves_unsolved_is_noticed(tmp_path):
    table = film(tmp_path, room=rough_room(320, 260), camera=shifts())
    unsolved = PoseTable(table.keypoints, table.metadata | {"width": SIZE, "height": SIZE}, {})
    unsolved.metadata.pop("picture")
    assert build_plate(tmp_path / "a.mp4", None, unsolved).figures.room_levels > MOVING_LEVELS


def test_frames_are_brought_to_one_exposure(tmp_path):
    room = toy_room(SIZE)
    light = np.where(np.arange(FRAMES) < 40, 1.0, 0.75)
    table = film(tmp_path, room=room, light=light)
    uneven = build_plate(tmp_path / "a.mp4", None, table)
    table.columns["exposure"] = np.repeat(1 / light[:, None], 3, axis=1).astype(np.float32)
    even = build_plate(tmp_path / "a.mp4", None, table)
    assert difference(even.picture, room)[even.seen].mean() < 2
    assert even.figures.room_levels < 2 < uneven.figures.room_levels


def test_a_lamp_in_a_corner_is_noticed(tmp_path):
    def lamp(frame, picture):
        out = picture.copy()
        if frame % 2:
            out[:100, :100] = np.clip(out[:100, :100] * 1.4, 0, 255)
        return out

    table = film(tmp_path, room=toy_room(SIZE), over=lamp)
    assert build_plate(tmp_path / "a.mp4", None, table).figures.light_levels > LIGHT_LEVELS
    table = film(tmp_path, room=toy_room(SIZE))
    assert build_plate(tmp_path / "a.mp4", None, table).figures.light_levels < 2


def test_what_is_filed_is_read_again(tmp_path):
    poses = toy_poses(1, size=SIZE).repeat(FRAMES, axis=0)
    plate = build_plate(tmp_path / "a.mp4", None, film(tmp_path, room=toy_room(SIZE), poses=poses))
    write_plate(tmp_path / "p.png", tmp_path / "p.json", plate)
    np.testing.assert_array_equal(read_picture(tmp_path / "p.png"), plate.picture)
    assert read_room(tmp_path / "p.json") == plate.figures
    (hole, *_) = read_filled(tmp_path / "p.json")
    inside = cv2.fillPoly(np.zeros((SIZE, SIZE), np.uint8), [np.array(hole)], 1).astype(bool)
    assert (~plate.seen)[inside].mean() > 0.7
    (tmp_path / "p.json").write_text(json.dumps({"width": 3}))
    with pytest.raises(ImaginationError, match="holds no figures of a plate"):
        read_room(tmp_path / "p.json")
    write_plate(
        tmp_path / "p.png", tmp_path / "p.json", replace(plate, figures=replace(plate.figures, room_levels=np.nan))
    )
    assert np.isnan(read_room(tmp_path / "p.json").room_levels)


def test_nobody_at_all_is_an_error(tmp_path):
    table = film(tmp_path, room=toy_room(SIZE))
    with pytest.raises(ImaginationError, match="no frame shows the person"):
        build_plate(tmp_path / "a.mp4", None, PoseTable(np.zeros_like(table.keypoints), table.metadata))


def test_one_frame_will_do(tmp_path):
    table = film(tmp_path, room=toy_room(SIZE))
    one = PoseTable(table.keypoints[:1], table.metadata)
    plate = build_plate(tmp_path / "a.mp4", None, one)
    assert plate.figures.frames == 1
    assert difference(plate.picture, toy_room(SIZE)).mean() < 25


def test_memory_is_bounded_at_4k(tmp_path, monkeypatch):
    width, height, frames = 3840, 2160, 24
    monkeypatch.setattr(views_module, "LIMIT_BYTES", 13 * 3 * width * height)
    poses = toy_poses(frames, size=height)
    rng = np.random.default_rng(0)
    rooms = [cv2.resize(rng.integers(60, 200, (30, 54, 3), np.uint8), (width, height)) for _ in range(1)]
    with VideoWriter(tmp_path / "a.mp4", fps=FPS, size=(width, height), crf=30, gop=12) as writer:
        for _ in range(frames):
            writer.write(rooms[0])
    table = PoseTable(poses, {"fps": FPS, "width": width, "height": height})
    tracemalloc.start()
    plate = build_plate(tmp_path / "a.mp4", None, table)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert plate.figures.frames == 13
    # The frames themselves, and the plate some times over.
    assert peak < views_module.LIMIT_BYTES + 45 * width * height
    assert difference(plate.picture, rooms[0])[plate.seen].mean() < 4


def test_views_are_chosen_for_what_they_show():
    clear = np.ones((200, 20), np.float32)
    clear[:, 7] = 0
    clear[[31, 62, 93], 7] = 1  # one place is seen in three views only
    chosen = pick_views(clear, count=40, spread=20)
    assert len(chosen) == 40
    assert {31, 62, 93} <= set(chosen.tolist())
    assert (np.diff(chosen) > 0).all()
    assert len(pick_views(clear[:5], count=40, spread=20)) == 5
    assert len(pick_views(clear[:0], count=40, spread=20)) == 0


def test_the_middle_is_that_of_sorted_numbers():
    rng = np.random.default_rng(0)
    pictures, shown = rng.integers(0, 256, (37, 9, 11, 3), np.uint8), rng.random((37, 9, 11)) < 0.6
    median, unrest = middle(pictures, shown)
    (top,) = levels_at(pictures, shown, shares=(1.0,))
    for row in range(9):
        for column in range(11):
            values = np.sort(pictures[shown[:, row, column], row, column].astype(int), axis=0)
            last = len(values) - 1
            np.testing.assert_array_equal(median[row, column], values[last // 2])
            np.testing.assert_array_equal(top[row, column], values[-1])
            assert unrest[row, column] == (values[3 * last // 4] - values[last // 4]).max()
    assert middle(pictures[:0], shown[:0])[0].shape == (9, 11, 3)


def test_writing_over_the_feet_is_noticed_and_a_painted_floor_is_not(tmp_path):
    def caption(frame, picture):
        out = picture.copy()
        if 24 <= frame < 60:
            for row in (150, 164, 178):
                cv2.putText(out, "HELLO WORLD HELLO", (8, row), cv2.FONT_HERSHEY_SIMPLEX, 0.5, (255, 255, 255), 1)
        return out

    room = toy_room(SIZE)
    table = film(tmp_path, room=room, over=caption)
    assert writing_near_feet(tmp_path / "a.mp4", table, room) > 0.5
    floor = caption(30, room)
    table = film(tmp_path, room=floor)
    assert writing_near_feet(tmp_path / "a.mp4", table, floor) == 0
