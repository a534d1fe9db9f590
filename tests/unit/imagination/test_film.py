"""The target's film on its plate: windows, homographies, exposure, random access."""

import cv2
import numpy as np
import pytest
from held_film import HeldFilm

from danceit_core.errors import ImaginationError, MediaError
from danceit_core.imagination.target.film import StoredFilm, film_of
from danceit_core.imagination.target.view import Window
from danceit_core.media.video import STORE_GOP, VideoWriter
from danceit_core.pose.table import PoseTable

FRAMES, WIDTH, HEIGHT = 40, 96, 64


def room(frame: int) -> np.ndarray:
    """A smooth room, a little brighter in each frame."""
    rows, columns = np.mgrid[:HEIGHT, :WIDTH].astype(float)
    return np.stack([columns + 60, 2 * rows + 40, np.full_like(rows, 60 + 3 * frame)], -1).astype(np.uint8)


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    path = tmp_path_factory.mktemp("film") / "store.mp4"
    with VideoWriter(path, fps=24, size=(WIDTH, HEIGHT), crf=4, gop=STORE_GOP) as writer:
        for frame in range(FRAMES):
            writer.write(room(frame))
    return path


def test_a_still_film_is_its_frames(store):
    film = StoredFilm(store, (WIDTH, HEIGHT))
    numbers = [0, 3, 3, 17, 39]
    for number, picture in zip(numbers, film.pictures(numbers), strict=True):
        assert np.abs(picture.astype(int) - room(number)).mean() < 3


def test_a_window_is_a_part_of_the_plate(store):
    window = Window(20, 10, 30, 24)
    (cut,) = StoredFilm(store, (WIDTH, HEIGHT)).cuts([5], [window])
    assert np.abs(cut.astype(int) - room(5)[window.slices]).mean() < 3


def test_a_moved_camera_is_laid_on_the_plate(store):
    camera = np.tile(np.eye(3), (FRAMES, 1, 1))
    camera[:, 0, 2], camera[:, 1, 2] = 30, 8
    film = StoredFilm(store, (WIDTH + 40, HEIGHT + 10), camera, store=(WIDTH, HEIGHT))
    (whole,) = film.pictures([7])
    assert whole.shape == (HEIGHT + 10, WIDTH + 40, 3)
    assert np.abs(whole[10 : HEIGHT + 6, 34 : WIDTH + 26].astype(int) - room(7)[2:-2, 4:-4]).mean() < 3
    assert (whole[:7] == 0).all()
    assert (whole[:, :29] == 0).all()


def test_a_turned_camera_moves_points_as_its_homography_says(store):
    """A bright spot lies where the homography takes its continuous coordinates, to a tenth of a pixel."""
    turn = cv2.getRotationMatrix2D((40, 30), 10, 1.3)
    camera = np.tile(np.vstack([turn, [0, 0, 1]]), (FRAMES, 1, 1))
    film = StoredFilm(store, (WIDTH, HEIGHT), camera, store=(WIDTH, HEIGHT))
    spot = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    cv2.circle(spot, (50, 28), 3, (255, 255, 255), -1)
    moved = film._cut(spot, 0, Window(0, 0, WIDTH, HEIGHT))[..., 0].astype(float)
    rows, columns = np.mgrid[:HEIGHT, :WIDTH] + 0.5
    centre = np.array([(moved * columns).sum(), (moved * rows).sum()]) / moved.sum()
    np.testing.assert_allclose(centre, turn @ (50.5, 28.5, 1), atol=0.1)


def test_beside_what_the_camera_shows_is_the_plate(store):
    camera = np.tile(np.eye(3), (FRAMES, 1, 1))
    camera[:, 0, 2] = 40
    plate = np.full((HEIGHT, WIDTH, 3), 200, np.uint8)
    (whole,) = StoredFilm(store, (WIDTH, HEIGHT), camera, plate=plate, store=(WIDTH, HEIGHT)).pictures([0])
    assert (whole[:, :40] == 200).all()
    assert np.abs(whole[2:-2, 44:].astype(int) - room(0)[2:-2, 4:-40]).mean() < 3


def test_a_frame_has_the_exposure_of_the_plate(store):
    gains = np.ones((FRAMES, 3), np.float32)
    gains[:, 2] = (60 + 3 * 10) / (60 + 3 * np.arange(FRAMES))
    film = StoredFilm(store, (WIDTH, HEIGHT), exposure=gains)
    for picture in film.pictures([2, 10, 30]):
        assert np.abs(picture.astype(int) - room(10)).mean() < 3


def test_a_frame_that_is_not_there(store):
    with pytest.raises(MediaError, match=f"has no frame {FRAMES}; its {FRAMES} frames are numbered from 0"):
        list(StoredFilm(store, (WIDTH, HEIGHT)).pictures([3, FRAMES]))


def test_a_plate_of_another_size_is_refused(store):
    table = PoseTable(np.zeros((FRAMES, 25, 3), np.float32), {"fps": 24.0, "width": WIDTH, "height": HEIGHT})
    with pytest.raises(ImaginationError, match="the plate has 10 x 20 pixels, but its table says 96 x 64; delete both"):
        film_of(store, table, plate=np.zeros((20, 10, 3), np.uint8))


def test_a_film_in_memory():
    frames = np.stack([room(k) for k in range(3)])
    film = HeldFilm(frames)
    assert film.size == (WIDTH, HEIGHT)
    window = Window(1, 2, 5, 4)
    (cut,) = film.cuts([2], [window])
    np.testing.assert_array_equal(cut, frames[2, 2:6, 1:6])
