import dataclasses

import numpy as np
import pytest

from danceit_core.config import DemoSettings
from danceit_core.pose.skeleton import BODY, LEFT_ANKLE, RIGHT_ANKLE
from danceit_core.studio import renderer as renderer_module
from danceit_core.studio.backdrop import draw_room
from danceit_core.studio.camera import Camera, picture_size
from danceit_core.studio.cast import CLIPS
from danceit_core.studio.dancer import dress, true_joints
from danceit_core.studio.music import compose_song
from danceit_core.studio.record import clip_size, perform
from danceit_core.studio.renderer import Renderer

WIDE, UPRIGHT, SQUARE = (256, 144), (108, 192), (128, 128)
# In front of the camera, at several depths.
POINTS = np.array([[0.0, 1.0, 0.0], [0.4, 1.5, 0.3], [-0.5, 0.2, -0.8], [0.9, 0.9, -2.3]])


@pytest.fixture(scope="module")
def dancer(body_mesh):
    return dress(body_mesh, CLIPS["target"].look)


@pytest.fixture(scope="module")
def dance(dancer):
    """Bone matrices and true joints of four seconds."""
    solved, _ = perform(CLIPS["target"], dancer, compose_song(tempo_bpm=112, seconds=4, seed=1), seconds=4)
    return solved.transforms(dancer.body.skeleton).astype(np.float32), true_joints(dancer, solved)


def camera_for(size):
    return Camera.for_height(1.7, aspect=size[0] / size[1])


def through(matrix, xy):
    """Pixels (n, 2) by a homography (3, 3)."""
    seen = np.concatenate([xy, np.ones((len(xy), 1))], axis=1) @ matrix.T
    return seen[:, :2] / seen[:, 2:]


@pytest.mark.parametrize("size", [WIDE, UPRIGHT])
@pytest.mark.parametrize("clip", CLIPS)
def test_the_room_fills_the_picture_and_the_targets_goes_on_for_a_pan(clip, size):
    for pan_deg in (-22.5, 0.0, 22.5) if clip == "target" else (0.0,):
        assert light_of(CLIPS[clip].room, camera_for(size).turned(pan_deg), size=size).min() > 0


def test_beside_the_room_it_is_black():
    light = light_of(CLIPS["target"].room, camera_for(WIDE).turned(90), size=WIDE)
    assert (light == 0).mean() > 0.2
    assert (light > 0).mean() > 0.2


def light_of(room, camera, *, size):
    """The most light of each pixel of an empty room."""
    focal = camera.focal * size[1]
    backdrop = draw_room(room, axes=camera.axes, eye=camera.eye, focal=focal, size=size, samples=1)
    assert backdrop.places.shape == (size[1], size[0], 3)
    return (backdrop.direct + backdrop.around).max(axis=2)


@pytest.mark.parametrize("size", [WIDE, UPRIGHT])
@pytest.mark.parametrize("supersampling", [1, 2])
def test_true_joints_lie_on_the_person_in_any_shape(dancer, dance, size, supersampling):
    transforms, joints = dance
    camera = camera_for(size)
    renderer = Renderer(dancer, CLIPS["target"].room, camera, size=size, supersampling=supersampling)
    inside = [joint for joint in BODY if joint not in (LEFT_ANKLE, RIGHT_ANKLE)]
    for seen in (camera, camera.turned(8, -3, 5), camera.moved((0.3, 0.1, 0.4)), camera.zoomed(0.8)):
        renderer.film(seen)
        assert renderer.camera is seen
        for frame in (0, 40, 80):
            picture, outline = renderer.draw_with_outline(transforms[frame])
            assert picture.shape == (size[1], size[0], 3)
            assert outline.shape == (size[1], size[0])
            columns, rows = seen.pixels(joints[frame, inside], size=size).astype(int).T
            assert (outline[rows, columns] >= 128).mean() > 0.9
            assert 0.01 < (outline > 127).mean() < 0.15


def test_a_wide_picture_shows_the_square_one_and_more_to_the_sides(dancer, dance):
    room, transforms = CLIPS["target"].room, dance[0][30]
    wide, square = (
        Renderer(dancer, room, camera_for(size), size=size, supersampling=2).draw(transforms).astype(int)
        for size in ((256, 144), (144, 144))
    )
    # The rays that find light in corners differ, and so does the grain; nothing else.
    middle = np.abs(wide[:, 56:200] - square)
    assert middle.mean() < 1.5
    assert (middle.max(axis=2) > 12).mean() < 0.01


def test_in_an_upright_picture_the_arms_have_their_width():
    wide, square, upright = (camera_for(size) for size in (WIDE, SQUARE, UPRIGHT))
    arms = np.array([[-0.85, 1.4, 0], [0.85, 1.4, 0]])
    across = [np.ptp(camera.pixels(arms, size=size)[:, 0]) for camera, size in
              ((wide, WIDE), (square, SQUARE), (upright, UPRIGHT))]  # fmt: skip
    assert across[0] / WIDE[1] == pytest.approx(across[1] / SQUARE[1]) == pytest.approx(across[2] / UPRIGHT[0])


def test_one_number_is_a_square():
    camera = camera_for(SQUARE)
    assert picture_size(128) == (128, 128)
    assert np.array_equal(camera.pixels(POINTS, size=128), camera.pixels(POINTS, size=SQUARE))


@pytest.mark.parametrize(("name", "change", "way"), [
    ("to the right", {"yaw_deg": 5}, (-1, 0)), ("up", {"pitch_deg": 5}, (0, 1)),
])  # fmt: skip
def test_things_go_the_other_way_than_the_camera_turns(name, change, way):
    camera = camera_for(WIDE)
    before, after = (seen.pixels(POINTS[0], size=WIDE) for seen in (camera, camera.turned(**change)))
    focal_px = camera.focal * WIDE[1]
    assert after - before == pytest.approx(np.array(way) * focal_px * np.tan(np.deg2rad(5)), abs=1.5), name


def test_things_roll_counter_clockwise_when_the_camera_rolls_clockwise():
    camera, middle = camera_for(WIDE), np.array([128, 72])
    right = camera.eye + 3 * camera.axes[2] + 0.5 * camera.axes[0]
    x, y = camera.turned(roll_deg=90).pixels(right, size=WIDE) - middle
    assert abs(x) < 1e-3
    assert y < -10


def test_a_camera_that_turns_and_zooms_gives_a_homography_and_one_that_moves_does_not():
    camera = camera_for(WIDE)
    other = camera.turned(7, 2, -4).zoomed(1.2)
    matrix = other.lens(WIDE) @ other.axes @ camera.axes.T @ np.linalg.inv(camera.lens(WIDE))
    before = camera.pixels(POINTS, size=WIDE)
    assert other.pixels(POINTS, size=WIDE) == pytest.approx(through(matrix, before), abs=1e-3)
    moved = other.moved((0.2, 0, 0))
    assert np.abs(moved.pixels(POINTS, size=WIDE) - through(matrix, before)).max() > 5
    # What the camera moves past goes the other way, the farther the less.
    shift = moved.pixels(POINTS, size=WIDE) - other.pixels(POINTS, size=WIDE)
    assert shift[1, 0] < shift[3, 0] < 0


def test_filming_with_another_camera_is_as_if_it_had_always_been_that_one(dancer, dance):
    room, transforms = CLIPS["target"].room, dance[0][50]
    first, second = camera_for(WIDE), camera_for(WIDE).turned(6, 1, 2).zoomed(1.1)
    renderer = Renderer(dancer, room, first, size=WIDE, supersampling=1)
    still = renderer.draw(transforms)
    renderer.film(second)
    assert np.array_equal(
        renderer.draw(transforms), Renderer(dancer, room, second, size=WIDE, supersampling=1).draw(transforms)
    )
    renderer.film(camera_for(WIDE))
    assert np.array_equal(renderer.draw(transforms), still)


@pytest.mark.parametrize("gloss", [0.0, 0.4])
def test_tiles_taken_from_the_empty_room_are_what_they_would_be(dancer, dance, monkeypatch, gloss):
    room = dataclasses.replace(CLIPS["target"].room, gloss=gloss)
    renderer = Renderer(dancer, room, camera_for(WIDE), size=WIDE, supersampling=2)
    shares = []

    def all_tiles(*given):
        shares.append(few(*given).mean())
        return np.ones_like(few(*given))

    few = renderer_module.touched_tiles
    for frame in (0, 35, 70):
        quick = renderer.draw(dance[0][frame])
        with monkeypatch.context() as patched:
            patched.setattr(renderer_module, "touched_tiles", all_tiles)
            whole = renderer.draw(dance[0][frame])
        assert np.array_equal(quick, whole)
    assert max(shares) < 0.6


@pytest.mark.parametrize("size", [512, 190, 64])
def test_clips_have_their_own_shapes_with_even_sides(size):
    settings = DemoSettings(size=size, target_size=2 * size)
    sizes = {clip: clip_size(clip, settings) for clip in CLIPS}
    assert all(side % 2 == 0 for shape in sizes.values() for side in shape)
    assert {max(shape) for clip, shape in sizes.items() if clip != "target"} == {size}
    assert max(sizes["target"]) == 2 * size
    for clip, (width, height) in sizes.items():
        assert width / height == pytest.approx(float(CLIPS[clip].aspect), rel=0.03)
    # Upright, square and lying ones.
    assert {np.sign(width - height) for width, height in sizes.values()} == {-1, 0, 1}


def test_the_demo_shows_720p():
    assert clip_size("target", DemoSettings()) == (1280, 720)
