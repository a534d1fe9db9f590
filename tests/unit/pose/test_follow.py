import numpy as np
import pytest

from danceit_core.errors import PoseError
from danceit_core.pose.follow import MOST_ACCELERATION, MOST_SPEED, follow_camera

PLATE, PICTURE, FPS = (2000, 720), (360, 20, 1280, 700), 24.0


def walk(seconds=20.0, fps=FPS, low=500.0, high=1500.0):
    """A dancer who crosses the plate and comes back, with steps to and fro."""
    t = np.arange(round(seconds * fps)) / fps
    return low + (high - low) * (0.5 - 0.5 * np.cos(2 * np.pi * t / seconds)) + 60 * np.sin(2 * np.pi * t / 1.1)


def quickness(corners, fps=FPS):
    x = corners[:, 0].astype(float) / PICTURE[2]
    return np.abs(np.diff(x)).max() * fps, np.abs(np.diff(x[::4], 2)).max() * (fps / 4) ** 2


@pytest.mark.parametrize("fps", [24.0, 60.0])
def test_it_follows_across_the_plate_slowly_and_keeps_the_dancer_inside(fps):
    x = walk(fps=fps)
    corners = follow_camera(x, plate=PLATE, picture=PICTURE, fps=fps)
    assert corners.shape == (len(x), 2)
    assert corners.dtype == np.float32
    speed, acceleration = quickness(corners, fps)
    assert speed <= MOST_SPEED * 1.05
    assert acceleration <= MOST_ACCELERATION * 1.1
    assert np.ptp(corners[:, 0]) > 300  # it does follow
    in_picture = (x - corners[:, 0]) / PICTURE[2]
    assert in_picture.min() > 0.15
    assert in_picture.max() < 0.85
    assert (corners[:, 1] == PICTURE[1]).all()
    # The steps are too quick to be followed.
    assert np.abs(np.diff(corners[:, 0])).max() * fps < 0.4 * np.abs(np.diff(x)).max() * fps


def test_it_begins_and_ends_at_rest():
    corners = follow_camera(walk(), plate=PLATE, picture=PICTURE, fps=FPS)[:, 0]
    assert abs(corners[3] - corners[0]) < 2
    assert abs(corners[-1] - corners[-4]) < 2


def test_it_never_leaves_the_plate_or_the_limits():
    x = walk(low=-300, high=2300)
    free = follow_camera(x, plate=PLATE, picture=PICTURE, fps=FPS)[:, 0]
    assert free.min() >= 0
    assert free.max() <= PLATE[0] - PICTURE[2]
    held = follow_camera(x, plate=PLATE, picture=PICTURE, fps=FPS, limits=(100, 500))[:, 0]
    assert held.min() >= 100
    assert held.max() <= 500


def test_a_dancer_who_stays_leaves_it_at_rest():
    x = 1000 + 40 * np.sin(np.arange(480) / FPS * 2 * np.pi / 0.9)
    corners = follow_camera(x, plate=PLATE, picture=PICTURE, fps=FPS)[:, 0]
    assert np.ptp(corners) < 15  # of the 80 of the steps
    assert corners.mean() == pytest.approx(1000 - PICTURE[2] / 2, abs=3)


def test_a_jump_is_no_reason_to_hurry():
    x = np.where(np.arange(480) < 240, 600.0, 1500.0)
    speed, acceleration = quickness(follow_camera(x, plate=PLATE, picture=PICTURE, fps=FPS))
    assert speed <= MOST_SPEED * 1.05
    assert acceleration <= MOST_ACCELERATION * 1.1


def test_gaps_are_bridged_and_nobody_at_all_gives_the_still_camera():
    x = walk()
    gaps = x.copy()
    gaps[100:112] = np.nan
    whole, bridged = (follow_camera(given, plate=PLATE, picture=PICTURE, fps=FPS) for given in (x, gaps))
    np.testing.assert_allclose(whole, bridged, atol=8)
    nobody = follow_camera(np.full(50, np.nan), plate=PLATE, picture=PICTURE, fps=FPS)
    np.testing.assert_allclose(nobody, np.tile(PICTURE[:2], (50, 1)), atol=0.01)


@pytest.mark.parametrize("frames", [0, 1, 2, 5])
def test_short_dances(frames):
    corners = follow_camera(np.full(frames, 900.0), plate=PLATE, picture=PICTURE, fps=FPS)
    np.testing.assert_allclose(corners, np.tile([[260.0, 20.0]], (frames, 1)), atol=1e-3)


def test_a_picture_as_large_as_the_plate_stands_still():
    corners = follow_camera(walk(), plate=(1280, 720), picture=(0, 0, 1280, 720), fps=FPS)
    np.testing.assert_array_equal(corners, np.zeros_like(corners))


def test_what_cannot_be():
    with pytest.raises(PoseError, match="fps is 0"):
        follow_camera([1.0], plate=PLATE, picture=PICTURE, fps=0)
    with pytest.raises(PoseError, match=r"1280 x 700 does not fit on a plate of 640 x 480"):
        follow_camera([1.0], plate=(640, 480), picture=PICTURE, fps=FPS)
