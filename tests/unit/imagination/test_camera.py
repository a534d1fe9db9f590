import logging
from dataclasses import replace

import cv2
import numpy as np
import pytest
from moving_room import FPS, ROOM, SIZE, bare_room, film_room, look

from danceit_core.errors import ImaginationError, MediaError
from danceit_core.imagination.camera.geometry import transform
from danceit_core.imagination.camera.solve import CameraError, CameraPath, lay_on_plate, solve_camera, try_camera
from danceit_core.pose.rejection import NO_CAMERA

FRAMES = 120
MIDDLE = ROOM[0] / 2, ROOM[1] / 2
GRID = np.stack(np.meshgrid(np.linspace(0, SIZE[0] - 1, 7), np.linspace(0, SIZE[1] - 1, 5)), -1).reshape(-1, 2)


def solve(film):
    return solve_camera(film.frames_path, film.masks_path, film.table)


def pan(number):
    """Half a picture to the right and back."""
    return look(MIDDLE[0] + SIZE[0] / 2 * np.sin(np.pi * number / FRAMES), MIDDLE[1])


def errors(film, camera):
    """For each frame the largest distance (T,), pixels, of places on the plate from the truth.

    Plate and room differ by one homography, that of the frame that the plate is like.
    """
    like = int(np.abs(camera.homographies - shift_of(camera)).sum((1, 2)).argmin())
    to_plate = camera.homographies[like] @ np.linalg.inv(film.truth[like])
    truth = transform(to_plate @ film.truth, GRID)
    return np.linalg.norm(transform(camera.homographies, GRID) - truth, axis=-1).max(1)


def shift_of(camera):
    shift = np.tile(np.eye(3), (len(camera.homographies), 1, 1))
    shift[:, :2, 2] = camera.homographies[:, :2, 2]
    return shift


def shake(number):
    wave = [np.sin(number * step) for step in (0.9, 1.7, 0.23, 0.41)]
    return look(
        MIDDLE[0] + 6 * wave[0] + 9 * wave[2], MIDDLE[1] + 5 * wave[1], turn=0.01 * wave[3], tilt=4e-5 * wave[2]
    )


def zoom(number):
    return look(*MIDDLE, zoom=1 + 0.2 * number / FRAMES)


def together(number):
    a, b = shake(number), np.linalg.inv(look(*MIDDLE))
    return pan(number) @ np.linalg.inv(look(*MIDDLE)) @ zoom(number) @ b @ a


@pytest.mark.parametrize(("camera", "median_px", "worst_px"), [(pan, 0.35, 0.9), (shake, 0.35, 0.9), (zoom, 0.35, 0.9),
                                                               (together, 0.4, 1.3)])  # fmt: skip
def test_a_moving_camera_is_found(tmp_path, camera, median_px, worst_px):
    film = film_room(tmp_path, FRAMES, camera)
    found = solve(film)
    assert isinstance(found, CameraPath)
    assert found.known.all()
    off = errors(film, found)
    assert np.median(off) < median_px
    assert np.quantile(off, 0.95) < worst_px
    assert found.residual_px < 0.5
    assert found.agreeing > 0.6


def test_a_pan_widens_the_plate_and_lays_the_dancer_on_it(tmp_path):
    film = film_room(tmp_path, FRAMES, pan)
    camera = solve(film)
    assert camera.size[0] == pytest.approx(1.5 * SIZE[0], abs=6)
    assert camera.size[1] == pytest.approx(SIZE[1], abs=6)
    left, top, width, height = camera.picture
    assert (width, height) == SIZE
    assert 0 <= left <= camera.size[0] - width
    assert 0 <= top <= camera.size[1] - height
    laid = lay_on_plate(film.table, camera)
    assert laid.size == camera.size
    assert laid.metadata["picture"] == list(camera.picture)
    assert laid.columns["camera"].shape == (FRAMES, 3, 3)
    # The dancer sways by 60 pixels before the camera; in the room they have walked half a picture as well.
    moved = np.ptp(laid.keypoints[:, 8, 0]) - np.ptp(film.table.keypoints[:, 8, 0])
    assert 60 < moved < 170
    np.testing.assert_array_equal(laid.keypoints[..., 2], film.table.keypoints[..., 2])
    # A keypoint counts from the corner of a pixel, a homography from its middle.
    expected = transform(camera.homographies[70], film.table.keypoints[70, :, :2] - 0.5) + 0.5
    np.testing.assert_allclose(laid.keypoints[70, :, :2], expected, atol=1e-3)


def test_a_still_camera_gives_none_and_leaves_the_table_as_it_is(tmp_path):
    film = film_room(tmp_path, FRAMES, lambda _: look(*MIDDLE))
    assert solve(film) is None
    laid = lay_on_plate(film.table, None)
    assert laid.metadata == film.table.metadata
    assert list(laid.columns) == list(film.table.columns)
    np.testing.assert_array_equal(laid.keypoints, film.table.keypoints)


def flicker(number, picture):
    return np.clip(picture * (1 + 0.15 * np.sin(number)), 0, 255).astype(np.uint8)


def lights_out(number, picture):
    """From one picture to the next a lamp goes off."""
    return (picture * (0.45, 0.5, 0.6)).astype(np.uint8) if number > FRAMES // 2 else picture


def curtain(number, picture):
    """A striped curtain over the right quarter of the picture, swaying."""
    begin = 3 * SIZE[0] // 4
    x, y = np.meshgrid(np.arange(begin, SIZE[0]), np.arange(SIZE[1]))
    sway = 6 * np.sin(number / 9 + y / 60) * y / SIZE[1]
    folds = 128 + 60 * np.sin((x + sway) / 4) + 40 * np.sin(y / 7 + (x + sway) / 9)
    picture = picture.copy()
    picture[:, begin:] = folds[..., None].clip(0, 255)
    return picture


@pytest.mark.parametrize("change", [flicker, lights_out, curtain])
def test_what_changes_before_a_still_camera_is_no_movement(tmp_path, change):
    assert solve(film_room(tmp_path, FRAMES, lambda _: look(*MIDDLE), change=change)) is None


def test_noise_and_a_dancer_who_fills_the_picture_are_no_movement(tmp_path):
    assert solve(film_room(tmp_path, FRAMES, lambda _: look(*MIDDLE), noise=8.0, height=1.25)) is None


def test_a_dancer_who_covers_half_of_the_picture_does_not_carry_the_camera_along(tmp_path):
    film = film_room(tmp_path, FRAMES, pan, height=1.25)
    off = errors(film, solve(film))
    assert np.median(off) < 0.5
    assert np.quantile(off, 0.95) < 1.5


@pytest.mark.parametrize("change", [flicker, lights_out])
def test_light_may_change_while_the_camera_moves(tmp_path, change):
    film = film_room(tmp_path, FRAMES, pan, change=change)
    camera = solve(film)
    assert camera.known.all()
    assert np.quantile(errors(film, camera), 0.95) < 1.0


def caption(_number, picture):
    picture = picture.copy()
    for line, text in enumerate(("the title of a film", "by somebody, 2009")):
        cv2.putText(picture, text, (12, 30 + 24 * line), cv2.FONT_HERSHEY_SIMPLEX, 0.8, (255, 255, 255), 2)
    return picture


def test_writing_on_the_screen_does_not_hold_the_camera_and_is_reported(tmp_path):
    film = film_room(tmp_path, 2 * FRAMES, lambda number: pan(number / 2), change=caption)
    camera = solve(film)
    assert np.quantile(errors(film, camera), 0.95) < 1.0
    letters = caption(0, np.zeros((*SIZE[::-1], 3), np.uint8))[..., 0] > 0
    assert camera.overlay.shape == SIZE[::-1]
    assert camera.overlay[letters].mean() > 0.9
    assert camera.overlay.mean() < 0.35
    assert solve_camera(film.frames_path, None, film.table).size == pytest.approx(camera.size, abs=8)


def test_a_frame_drawn_round_the_picture_is_no_part_of_the_room(tmp_path):
    def framed(number, picture):
        picture = picture.copy()
        for edge in (np.s_[:24], np.s_[-24:], np.s_[:, :40], np.s_[:, -40:]):
            picture[edge] = 30
        return caption(number, picture)

    film = film_room(tmp_path, 2 * FRAMES, lambda number: pan(number / 2), change=framed)
    camera = solve(film)
    assert camera.overlay[:22].all()
    assert camera.overlay[:, -38:].all()
    width, height = camera.picture[2:]
    assert (width, height) == pytest.approx((SIZE[0] - 80, SIZE[1] - 48), abs=14)
    # The middle of the picture is still that of the camera.
    off = np.linalg.norm(
        np.diff(transform(camera.homographies, GRID[17:18])[:, 0], axis=0)
        - np.diff(transform(film.truth, GRID[17:18])[:, 0], axis=0),
        axis=1,
    )
    assert np.quantile(off, 0.95) < 0.8


def test_a_bare_wall_that_moves_gives_the_reason_once(tmp_path, caplog):
    film = film_room(tmp_path, FRAMES, lambda n: look(MIDDLE[0] + 2 * (n - FRAMES / 2), MIDDLE[1]), room=bare_room())
    with pytest.raises(CameraError, match="too few features to track"):
        solve(film)
    with caplog.at_level(logging.WARNING):
        assert try_camera(film.frames_path, film.masks_path, film.table, name="anna") is None
    assert len(caplog.records) == 1
    assert "the camera of target anna moves and cannot be tracked" in caplog.text
    assert "tripod" in caplog.text


def test_a_bare_wall_before_a_still_camera_is_nothing_to_speak_of(tmp_path):
    assert solve(film_room(tmp_path, FRAMES, lambda _: look(*MIDDLE), room=bare_room())) is None


def test_a_plate_beyond_bounds_is_refused(tmp_path):
    film = film_room(tmp_path, 2 * FRAMES, lambda n: look(0, MIDDLE[1], zoom=1.6) @ np.array(
        [[1, 0, 4.2 * n], [0, 1, 0], [0, 0, 1.0]]))  # fmt: skip
    with pytest.raises(CameraError, match=r"room of \d+ x \d+ pixels \(limit 3 times .* picture, 320 x 240"):
        solve(film)


def cover(first, end):
    """Something dark passes close before the camera."""

    def change(number, picture):
        return np.full_like(picture, 25) if first <= number < end else picture

    return change


def test_a_moment_without_sight_is_bridged(tmp_path):
    film = film_room(tmp_path, FRAMES, pan, change=cover(50, 56))
    camera = solve(film)
    assert camera.known.all()
    assert errors(film, camera)[48:58].max() < 4


def test_a_camera_that_is_lost_for_longer_costs_these_frames(tmp_path):
    film = film_room(tmp_path, FRAMES, pan, change=cover(40, 70))
    camera = solve(film)
    assert not camera.known[42:68].any()
    assert camera.known[:40].all()
    assert camera.known[74:].all()
    assert np.quantile(errors(film, camera)[camera.known], 0.95) < 1.0
    laid = lay_on_plate(film.table, camera)
    np.testing.assert_array_equal(laid.columns["kept"], camera.known)
    assert set(laid.columns["reason"][~camera.known]) == {NO_CAMERA}
    assert np.isfinite(laid.keypoints).all()


def test_a_camera_that_is_lost_most_of_the_time_is_not_solved(tmp_path):
    film = film_room(tmp_path, FRAMES, pan, change=cover(30, 100))
    with pytest.raises(CameraError, match=r"lost in 5.% of the frames"):
        solve(film)


def test_hands_and_face_are_laid_on_the_plate_and_absent_ones_stay_absent(tmp_path):
    film = film_room(tmp_path, FRAMES, pan)
    camera = solve(film)
    face = np.zeros((FRAMES, 468, 3), np.float32)
    face[::2] = (100, 50, 0.9)
    hands = np.full((FRAMES, 2, 21, 3), (30, 40, 0.0), np.float32)
    world = np.ones((FRAMES, 25, 3), np.float32)
    table = replace(film.table, columns=film.table.columns | {"face": face, "hands": hands, "world": world})
    laid = lay_on_plate(table, camera)
    np.testing.assert_array_equal(laid.columns["hands"], hands)
    np.testing.assert_array_equal(laid.columns["world"], world)
    np.testing.assert_array_equal(laid.columns["face"][1::2], 0)
    expected = transform(camera.homographies[60], [[99.5, 49.5]])[0] + 0.5
    np.testing.assert_allclose(laid.columns["face"][60, 7, :2], expected, atol=1e-3)


def test_exposure_goes_along(tmp_path):
    film = film_room(tmp_path, 24, lambda _: look(*MIDDLE))
    gains = np.full((24, 3), 1.25, np.float32)
    np.testing.assert_array_equal(lay_on_plate(film.table, None, exposure=gains).columns["exposure"], gains)


def test_files_that_do_not_belong_together(tmp_path):
    film = film_room(tmp_path, 24, lambda _: look(*MIDDLE))
    longer = replace(film.table, keypoints=np.concatenate([film.table.keypoints] * 2), columns={})
    with pytest.raises(MediaError, match="has 24 masks of 320 x 240, but its video has 48 frames"):
        solve_camera(film.frames_path, film.masks_path, longer)
    larger = replace(film.table, metadata=film.table.metadata | {"width": 640})
    with pytest.raises(ImaginationError, match="has frames of 320 x 240, but its keypoint table is for 640 x 240"):
        solve_camera(film.frames_path, None, larger)


@pytest.mark.parametrize("frames", [1, 2])
def test_a_video_of_a_frame_or_two_stands_still(tmp_path, frames):
    assert solve(film_room(tmp_path, frames, pan)) is None


def test_fps_of_the_films_is_that_of_the_stores():
    assert FPS == 24.0
