"""A dance that always faces the camera: left and right exchange names while the dancer faces away."""

import numpy as np
from dancers import sine_dancer

from danceit_core.pose.front import as_far_as_shown, faces_away, turned_to_front
from danceit_core.pose.skeleton import LEFT_SHOULDER, MIRROR, RIGHT_SHOULDER


def turning(frames: int) -> np.ndarray:
    """A dancer who turns once about the vertical, beginning at the front; (T, 25, 3)."""
    poses = sine_dancer(frames)
    middle = poses[:, [8], :1]
    poses[..., :1] = middle + (poses[..., :1] - middle) * np.cos(np.linspace(0, 2 * np.pi, frames))[:, None, None]
    return poses


def width(poses: np.ndarray) -> np.ndarray:
    return poses[:, LEFT_SHOULDER, 0] - poses[:, RIGHT_SHOULDER, 0]


def test_who_faces_the_camera_stays_as_they_are():
    poses = sine_dancer(24)
    assert (width(poses) > 0).all()
    np.testing.assert_array_equal(turned_to_front(poses), poses)


def test_who_faces_away_exchanges_left_and_right_and_moves_no_joint():
    poses = sine_dancer(24)[:, list(MIRROR)]
    assert faces_away(poses).all()
    front = turned_to_front(poses)
    np.testing.assert_array_equal(front, poses[:, list(MIRROR)])
    assert (width(front) > 0).all()


def test_a_turn_is_exchanged_once_each_way_while_the_body_is_narrow():
    poses = turning(96)
    away = faces_away(poses)
    assert np.count_nonzero(np.diff(away.astype(int))) == 2
    assert away.mean() == np.clip(away.mean(), 0.4, 0.6)
    front = turned_to_front(poses)
    widest = np.abs(width(poses)).max()
    assert width(front).min() > -0.2 * widest
    # The same places in the picture.
    np.testing.assert_allclose(np.sort(front[..., 0], axis=1), np.sort(poses[..., 0], axis=1))


def test_nobody_and_single_frames():
    nobody = np.zeros((3, 25, 3), np.float32)
    assert not faces_away(nobody).any()
    assert turned_to_front(nobody[:0]).shape == (0, 25, 3)
    assert faces_away(sine_dancer(1)[:, list(MIRROR)]).tolist() == [True]


def test_only_who_is_never_seen_from_behind_keeps_facing_the_camera():
    dance, front = turning(96), sine_dancer(48)
    np.testing.assert_array_equal(as_far_as_shown(dance, front), turned_to_front(dance))
    np.testing.assert_array_equal(as_far_as_shown(dance, turning(48)), dance)
    np.testing.assert_array_equal(as_far_as_shown(dance, np.zeros_like(front)), dance)
