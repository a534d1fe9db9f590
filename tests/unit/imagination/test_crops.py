"""What a training step sees: each frame through its own window, wherever the film and the array are kept."""

from dataclasses import replace

import numpy as np
import pytest
from toy_target import LANDSCAPE, PORTRAIT, all_pictures, draw_toy, toy_poses, toy_room, toy_target

from danceit_core.imagination.target import crops as crops_module
from danceit_core.imagination.target.crops import MOVE_PX, cut_crops
from danceit_core.imagination.target.data import TargetFrames
from danceit_core.imagination.target.film import StoredFilm
from danceit_core.imagination.target.view import View
from danceit_core.media.video import STORE_GOP, VideoWriter

SHAPES = pytest.mark.parametrize("size", [64, LANDSCAPE, PORTRAIT], ids=["square", "landscape", "portrait"])
FRAMES, STRIDE = 24, 8
FOLLOWS = np.arange(FRAMES) % 5 != 0


def small_target(size, **changes):
    """Frames with cuts between them, the last six held out."""
    return replace(toy_target(FRAMES, size=size, held_out=6, share=0.6), follows=FOLLOWS, **changes)


def view_of(target, *, image_size=32):
    return View.around(
        target.keypoints, body_px=target.body_px, size=target.size, image_size=image_size, stride=STRIDE, share=1.0
    )


def cut(target, view, folder, *, seed=0, **options):
    return cut_crops(target, view, body_px=target.body_px, seed=seed, folder=folder, **options)


@SHAPES
def test_each_crop_is_its_frame_through_its_window(tmp_path, size):
    target = small_target(size)
    view, pictures = view_of(target), all_pictures(target)
    crops = cut(target, view, tmp_path, with_before=True)
    trained = np.flatnonzero(target.training)
    assert crops.pictures.shape == crops.before.shape == (len(trained), view.network[1], view.network[0], 3)
    assert (crops.rows[~target.training] == -1).all()
    assert crops.rows[trained].tolist() == list(range(len(trained)))
    for frame in trained:
        row = crops.rows[frame]
        window = crops.windows[row]
        np.testing.assert_array_equal(crops.pictures[row], view.cut(pictures[frame], window))
        if FOLLOWS[frame]:
            np.testing.assert_array_equal(crops.before[row], view.cut(pictures[frame - 1], window))
    assert cut(target, view, tmp_path).before is None


@SHAPES
def test_windows_lie_a_little_beside_the_person_and_inside(tmp_path, size):
    target = small_target(size)
    view = view_of(target)
    most, seen = MOVE_PX / view.scale, []
    assert view.scale < 1
    for seed in range(12):
        windows = cut(target, view, tmp_path, seed=seed).windows
        for frame, window in zip(np.flatnonzero(target.training), windows, strict=True):
            assert (window.width, window.height) == view.window
            assert 0 <= window.left <= target.size[0] - window.width
            assert 0 <= window.top <= target.size[1] - window.height
            place = view.place(target.keypoints[frame], body_px=target.body_px)
            seen.append((window.left - place.left, window.top - place.top))
    moves = np.array(seen)
    assert np.abs(moves).max() <= round(most)
    # Free sides use all of it, to both sides.
    free = [axis for axis in (0, 1) if target.size[axis] - view.window[axis] > 3 * most]
    for axis in free:
        assert moves[:, axis].min() == -round(most)
        assert moves[:, axis].max() == round(most)


def test_another_seed_moves_otherwise_and_the_same_seed_alike(tmp_path):
    target = small_target(LANDSCAPE)
    view = view_of(target)
    one, again, other = (cut(target, view, tmp_path, seed=seed) for seed in (1, 1, 2))
    assert one.windows == again.windows != other.windows
    np.testing.assert_array_equal(one.pictures, again.pictures)


@SHAPES
def test_a_view_of_the_whole_picture_is_not_moved(tmp_path, size):
    target = small_target(size)
    view = View.whole(target.size, image_size=32, stride=STRIDE)
    crops = cut(target, view, tmp_path)
    assert {(w.left, w.top, w.width, w.height) for w in crops.windows} == {(0, 0, *target.size)}
    np.testing.assert_array_equal(crops.pictures[3], view.cut(all_pictures(target)[3], crops.windows[3]))


def test_an_array_on_disk_holds_the_same(tmp_path, monkeypatch):
    target = small_target(LANDSCAPE)
    view = view_of(target)
    expected = cut(target, view, tmp_path, with_before=True)
    monkeypatch.setattr(crops_module, "IN_MEMORY_BYTES", 1000)
    mapped = cut(target, view, tmp_path / "elsewhere", with_before=True)
    assert isinstance(mapped.planes, np.memmap)
    assert not isinstance(expected.planes, np.memmap)
    follows = FOLLOWS[target.training]
    np.testing.assert_array_equal(mapped.pictures, expected.pictures)
    np.testing.assert_array_equal(mapped.before[follows], expected.before[follows])
    assert list((tmp_path / "elsewhere").iterdir()) == []  # the file has no name


def test_numbers_of_the_film_are_used(tmp_path):
    """A target whose frames are the film's 2nd, 4th, ...: crops are of those."""
    whole = small_target(LANDSCAPE)
    numbers = np.arange(1, FRAMES, 2)
    some = TargetFrames(whole.film, whole.keypoints[numbers], np.ones(len(numbers), bool), whole.plate,
                        np.zeros(len(numbers), bool), numbers)  # fmt: skip
    view = view_of(whole)
    crops = cut_crops(some, view, body_px=whole.body_px, seed=0, folder=tmp_path)
    pictures = all_pictures(whole)
    for row, number in enumerate(numbers):
        np.testing.assert_array_equal(crops.pictures[row], view.cut(pictures[number], crops.windows[row]))


def test_crops_of_a_moving_camera_and_changing_light_are_those_of_the_plate(tmp_path):
    plate, size = (136, 72), (96, 64)
    room, poses = toy_room(plate), toy_poses(FRAMES, size=plate, share=0.6, sway=0.05)
    drawn = [draw_toy(pose, room, share=0.6) for pose in poses]
    gains = np.linspace(1.0, 1.3, FRAMES)
    with VideoWriter(tmp_path / "store.mp4", fps=24, size=size, crf=4, gop=STORE_GOP) as writer:
        for number, whole in enumerate(drawn):
            dark = whole[4 : 4 + size[1], number : number + size[0]] / gains[number]
            writer.write(dark.round().astype(np.uint8))
    camera = np.tile(np.eye(3), (FRAMES, 1, 1))
    camera[:, 0, 2], camera[:, 1, 2] = np.arange(FRAMES), 4
    exposure = np.repeat(gains[:, None], 3, 1).astype(np.float32)
    film = StoredFilm(tmp_path / "store.mp4", plate, camera, exposure, plate=room, store=size)
    target = TargetFrames(film, poses, np.ones(FRAMES, bool), plate=room)
    view = view_of(target, image_size=64)
    crops = cut(target, view, tmp_path, with_before=True)
    for row, window in enumerate(crops.windows):
        for seen, number in ((crops.pictures[row], row), (crops.before[row], row - 1)):
            if number >= 0:
                assert np.abs(seen.astype(int) - view.cut(drawn[number], window)).mean() < 4
    # As from a film whose pictures were read whole.
    whole = dict(enumerate(film.pictures(range(FRAMES))))
    for row, window in enumerate(crops.windows):
        np.testing.assert_allclose(crops.pictures[row], view.cut(whole[row], window), atol=1)


def test_a_target_without_frames_to_train_on_has_no_crops(tmp_path):
    target = small_target(64, training=np.zeros(FRAMES, bool))
    crops = cut(target, view_of(target), tmp_path, with_before=True)
    assert len(crops.pictures) == len(crops.windows) == 0
    assert (crops.rows == -1).all()
