"""What the generator is given through a window, and that what it paints lands where the window was."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from toy_target import CPU, TOY_SETTINGS, toy_poses, toy_room

from danceit_core.imagination.networks.chart import CHANNELS, body_charts
from danceit_core.imagination.networks.generator import Painting
from danceit_core.imagination.rendering.batches import (
    DETAIL,
    FADE_PX,
    PERSON,
    ROOM,
    Past,
    Weights,
    make_condition,
    to_pictures,
    to_tensor,
)
from danceit_core.imagination.rendering.compose import compose as compose_on_device
from danceit_core.imagination.rendering.compose import spread_opacity
from danceit_core.imagination.target.region import body_size, reach
from danceit_core.imagination.target.view import View, Window, rims
from danceit_core.pose.draw import heat_maps, pose_picture
from danceit_core.pose.skeleton import NOSE

SIZE = 128
POSES = toy_poses(3, size=SIZE, share=0.5)
BODY = float(np.median(body_size(POSES)))
SQUARE = (SIZE, SIZE)
FULL = View(SQUARE, (64, 80), (64, 80), 1.0)
HALF = View(SQUARE, (64, 96), (32, 48), 0.5)
ODD = View(SQUARE, (72, 107), (40, 56), 0.5417)
WHOLE = View.whole(SQUARE, image_size=64, stride=8)
WIDE, TALL = View((200, 112), (72, 107), (40, 56), 0.5417), View((112, 200), (64, 96), (32, 48), 0.5)
SETTINGS = replace(TOY_SETTINGS, image_size=64)


def noise(size=SQUARE):
    """A room in which no two pixels are alike."""
    return np.random.default_rng(0).integers(0, 256, (size[1], size[0], 3)).astype(np.uint8)


NOISE = noise()


def soft_picture(phase=0.0, *, size=SQUARE):
    """Slow waves across, down and aslant: half the pixels tell the others to a grey level; a pixel is up to three."""
    across, down = np.meshgrid(np.arange(size[0]) + 0.5, np.arange(size[1]) + 0.5)
    ways = (across, down + 20, 0.7 * (across + down) + 40)
    waves = [np.sin(2 * np.pi * at / 96 + phase) for at in ways]
    return (127.5 + 50 * np.stack(waves, axis=-1)).round().astype(np.uint8)


def compose(painting, windows, *, view, plate):
    """`compose` from and to arrays."""
    return compose_on_device(painting, windows, view=view, plate=None if plate is None else torch.tensor(plate)).numpy()


def painting_of(picture, windows, view, *, opacity=1.0):
    """A painter who sees through the windows and copies it, however opaque."""
    person = to_tensor(np.stack([view.cut(picture, window) for window in windows]), CPU)
    share = torch.full_like(person[:, :1], opacity)
    return Painting(person, person, share)


@pytest.mark.parametrize(
    ("view", "levels"),
    [(FULL, 0), (HALF, 1), (ODD, 1), (WIDE, 1), (TALL, 1)],
    ids=["full", "half", "odd", "landscape", "portrait"],
)
@pytest.mark.parametrize("place", ["inside", "upper left", "lower right"])
def test_what_is_pasted_lands_where_it_was_cut(view, levels, place):
    width, height = view.window
    most = view.size[0] - width, view.size[1] - height
    left, top = {"inside": (13, 4), "upper left": (0, 0), "lower right": most}[place]
    windows = [Window(left, top, width, height), Window(21, 5, width, height)]
    seen, room = soft_picture(size=view.size), noise(view.size)
    pictures = compose(painting_of(seen, windows, view), windows, view=view, plate=room)
    assert pictures.shape == (2, *view.size[::-1], 3)
    assert pictures.dtype == np.uint8
    for picture, window in zip(pictures, windows, strict=True):
        error = np.abs(picture.astype(int) - seen)[window.slices]
        assert error[2:-2, 2:-2].max() <= levels
        assert error.max() <= 3 * levels  # half a pixel beyond the last one that was painted is a guess
        outside = np.ones(view.size[::-1], bool)
        outside[window.slices] = False
        assert (picture[outside] == room[outside]).all()


@pytest.mark.parametrize("view", [FULL, HALF, ODD, WIDE, TALL], ids=["full", "half", "odd", "landscape", "portrait"])
def test_the_room_behind_is_never_resized(view):
    windows, seen, room = [Window(13, 4, *view.window)], soft_picture(size=view.size), noise(view.size)
    plate = room.copy()
    (through,) = compose(painting_of(seen, windows, view, opacity=0.0), windows, view=view, plate=plate)
    np.testing.assert_array_equal(through, room)
    (mixed,) = compose(painting_of(seen, windows, view, opacity=0.25), windows, view=view, plate=plate)
    inside = tuple(slice(part.start + 2, part.stop - 2) for part in windows[0].slices)
    expected = 0.75 * room[inside] + 0.25 * seen[inside]
    assert np.abs(mixed[inside] - expected).max() < 2
    np.testing.assert_array_equal(plate, room)


@pytest.mark.parametrize("view", [FULL, HALF, ODD], ids=["full", "half", "odd"])
def test_a_dot_is_pasted_where_it_was(view):
    window, at = Window(13, 9, *view.window), np.array([44.3, 51.8])
    across, down = (np.exp(-0.5 * ((np.arange(SIZE) + 0.5 - xy) / 3) ** 2) for xy in at)
    dot = np.repeat(np.round(255 * down[:, None] * across[None, :]).astype(np.uint8)[..., None], 3, axis=-1)
    (pasted,) = compose(painting_of(dot, [window], view), [window], view=view, plate=np.zeros_like(dot))
    rows, columns = np.indices((SIZE, SIZE)) + 0.5
    light = pasted[..., 0].astype(float)
    centre = np.array([(columns * light).sum(), (rows * light).sum()]) / light.sum()
    np.testing.assert_allclose(centre, at, atol=0.1)


def test_what_overshoots_at_an_edge_is_white_and_not_black():
    windows, half = [Window(13, 9, *HALF.window)], HALF.network[0] // 2
    person = torch.ones(1, 3, *HALF.network[::-1])
    person[..., :half] = -1
    for opacity in (torch.ones_like(person[:, :1]), (person[:, :1] + 1) / 2):
        plate = np.zeros((SIZE, SIZE, 3), np.uint8)
        (picture,) = compose(Painting(person, person, opacity), windows, view=HALF, plate=plate)
        inside = picture[windows[0].slices]
        assert (inside[:, HALF.window[0] // 2 + 2 :] > 230).all()
        assert (inside[:, : HALF.window[0] // 2 - 2] < 25).all()
    # Nobody is more than opaque: grey over black is at most that grey.
    grey, opacity = torch.zeros_like(person), (person[:, :1] + 1) / 2
    (picture,) = compose(Painting(grey, grey, opacity), windows, view=HALF, plate=np.zeros((SIZE, SIZE, 3), np.uint8))
    assert picture.max() == 128


@pytest.mark.parametrize("size", [SQUARE, (128, 72), (72, 128)], ids=["square", "landscape", "portrait"])
@pytest.mark.parametrize("image_size", [64, 128])
def test_without_a_plate_the_painting_is_the_picture(size, image_size):
    view, seen = View.whole(size, image_size=image_size, stride=8), soft_picture(size=size)
    windows = [Window(0, 0, *size)]
    (picture,) = compose(painting_of(seen, windows, view), windows, view=view, plate=None)
    assert picture.shape == seen.shape
    error = np.abs(picture.astype(int) - seen)
    assert error[2:-2, 2:-2].max() <= (0 if view.network == size else 1)


@pytest.mark.parametrize("view", [FULL, HALF, WHOLE], ids=["full", "half", "whole"])
@pytest.mark.parametrize(("pose_input", "near_body"), [("skeleton", False), ("heatmaps", True)])
def test_the_condition_is_what_the_windows_show(view, pose_input, near_body):
    settings, previous = replace(SETTINGS, pose_input=pose_input), [NOISE, soft_picture(), soft_picture(1.0)]
    moves = [(0, 0), (5, -4), (-300, 300)]
    windows = [view.place(p, body_px=BODY, move=m) for p, m in zip(POSES, moves, strict=True)]
    # Nobody was there before: nothing is carried.
    pasts = [Past(picture, np.zeros_like(POSES[0])) for picture in previous]
    given = make_condition(
        POSES, settings=settings, view=view, plate=toy_room(SIZE), body_px=BODY, device=CPU, windows=windows,
        previous=pasts, near_body=near_body,
    )  # fmt: skip
    width, height = view.network
    assert given.windows == windows
    assert given.pose.shape == (3, 3 if pose_input == "skeleton" else 25, height, width)
    assert given.chart.shape == (3, CHANNELS, height // 2, width // 2)
    assert given.limit.shape == (3, 1, height, width)
    assert given.recalled is None
    inputs = [value for value in given.inputs.values() if value is not None]
    assert all(value.dtype == torch.float32 for value in (given.pose, *inputs))
    assert all(float(value.abs().max()) <= 1 for value in (given.pose, given.plate, given.previous, given.limit))
    for number, window in enumerate(given.windows):
        inside = view.to_network(POSES[number], window)
        if pose_input == "skeleton":
            pose = to_tensor(pose_picture(inside, size=view.network, side=64)[None], CPU)[0]
            assert float((given.pose[number] - pose).abs().mean()) < 0.015
        else:
            pose = torch.from_numpy(heat_maps(inside, size=view.network, side=64)) * 2 - 1
            torch.testing.assert_close(given.pose[number], pose)
        before = to_pictures(given.previous[number : number + 1])[0]
        np.testing.assert_array_equal(before, view.cut(previous[number], window))
        room = to_pictures(given.plate[number : number + 1])[0].astype(int)
        assert np.abs(room - view.cut(toy_room(SIZE), window)).max() <= 1
        across, down = rims([window], view=view, fade_px=FADE_PX)
        limit = np.minimum(across[0][None], down[0][:, None])
        if near_body:
            near = reach(inside, size=view.network, body_px=BODY * view.scale)
            assert np.abs(given.limit[number, 0].numpy() - np.minimum(limit, near)).mean() < 0.06
        else:
            np.testing.assert_array_equal(given.limit[number, 0], limit)


def test_the_chart_of_a_shrunk_window_is_the_chart_of_the_picture_shrunk():
    given = make_condition(POSES, settings=SETTINGS, view=WHOLE, plate=None, body_px=BODY, device=CPU)
    for chart, pose in zip(given.chart.numpy(), POSES, strict=True):
        large = body_charts(pose[None], size=(SIZE, SIZE), body_px=BODY, device=CPU)[0].numpy()
        shrunk = large.reshape(CHANNELS, SIZE // 4, 2, SIZE // 4, 2).mean((2, 4))
        # Where a part begins and where two meet, a pixel is of one or the other.
        either, both = (shrunk != 0) | (chart != 0), (shrunk != 0) & (chart != 0)
        assert both.sum() > 0.6 * either.sum() > 200
        assert np.median(np.abs(shrunk - chart)[both]) < 0.01
    assert given.plate is given.limit is given.previous is None


def test_windows_are_placed_by_the_persons_where_none_are_given():
    given = make_condition(POSES, settings=SETTINGS, view=HALF, plate=NOISE, body_px=BODY, device=CPU)
    assert given.windows == [HALF.place(pose, body_px=BODY) for pose in POSES]


@pytest.mark.parametrize("view", [WIDE, TALL], ids=["landscape", "portrait"])
def test_what_was_before_is_seen_through_the_same_windows_in_any_shape(view):
    poses = toy_poses(3, size=view.size, share=0.5)
    windows = [Window(5 * k, k, *view.window) for k in range(3)]
    pasts = [Past(soft_picture(float(k), size=view.size), np.zeros_like(poses[0])) for k in range(3)]
    given = make_condition(
        poses, settings=SETTINGS, view=view, plate=noise(view.size), body_px=BODY, device=CPU, windows=windows,
        previous=pasts,
    )  # fmt: skip
    for number, (window, past) in enumerate(zip(windows, pasts, strict=True)):
        seen = to_pictures(given.previous[number : number + 1])[0]
        np.testing.assert_array_equal(seen, view.cut(past.picture, window))
        room = to_pictures(given.plate[number : number + 1])[0].astype(int)
        assert np.abs(room - view.cut(noise(view.size), window)).max() <= 1


def test_the_person_counts_more_than_the_room_and_the_face_most():
    windows = [HALF.place(pose, body_px=BODY) for pose in POSES]
    weights = Weights.of(POSES, windows, view=HALF, body_px=BODY, device=CPU).pixels.numpy()
    assert weights.shape == (3, 1, 48, 32)
    assert set(np.unique(weights)) == {np.float32(level) for level in (ROOM, PERSON, DETAIL)}
    for weight, pose, window in zip(weights[:, 0], POSES, windows, strict=True):
        inside = HALF.to_network(pose, window)
        at = [tuple(inside[joint, 1::-1].astype(int)) for joint in (NOSE, 8)]
        assert [weight[place] for place in at] == [np.float32(DETAIL), np.float32(PERSON)]
        assert weight[0, 0] == np.float32(ROOM)
    # A person at half the size covers the same share of a window of half the size.
    full = replace(HALF, network=HALF.window, scale=1.0)
    larger = Weights.of(POSES, windows, view=full, body_px=BODY, device=CPU).pixels.numpy()
    for level in (ROOM, PERSON):
        share = (larger == np.float32(level)).mean()
        assert (weights == np.float32(level)).mean() == pytest.approx(share, rel=0.3)


def test_pictures_survive_the_way_to_tensors_and_back():
    pictures = np.random.default_rng(0).integers(0, 256, (2, 6, 4, 3)).astype(np.uint8)
    np.testing.assert_array_equal(to_pictures(to_tensor(pictures, CPU)), pictures)


@pytest.mark.parametrize("view", [HALF, WIDE, TALL], ids=["square", "landscape", "portrait"])
def test_opacity_is_nought_outside_the_window_and_the_painters_inside(view):
    window = Window(17, 3, *view.window)
    spread = spread_opacity(painting_of(soft_picture(size=view.size), [window], view, opacity=0.6), [window], view=view)
    assert spread.shape == (1, *view.size[::-1])
    np.testing.assert_allclose(spread[0][window.slices], 0.6, atol=1e-6)
    assert spread.sum() == pytest.approx(0.6 * view.window[0] * view.window[1], rel=1e-4)
