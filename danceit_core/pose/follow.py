"""The path of a slow virtual camera that follows the dancer over the plate (`rendering.camera`).

It is the smoothest path that keeps the dancer near the picture's middle (Whittaker's smoother, `smooth`). Small jerk is
weighed against the distance from the dancer, with more weight where the dancer would come near the picture's edge. The
path begins and ends at rest, never leaves the plate, and never exceeds MOST_SPEED and MOST_ACCELERATION: a dancer who
cannot be followed that slowly is not followed.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.interpolate import CubicSpline

from danceit_core.errors import PoseError
from danceit_core.pose.plate import Box
from danceit_core.pose.smooth import AT_FPS, whittaker

# In widths of the picture per second, and per second twice.
MOST_SPEED, MOST_ACCELERATION = 0.25, 0.25
# How near to the picture's edge the dancer may come before more weight draws the camera, in widths, and how much.
EDGE_SHARE, EDGE_WEIGHT, ROUNDS = 0.28, 30.0, 6
# Time scales of the paths that are tried, seconds, from the fastest to the slowest, each slower by the factor SLOWER.
QUICKEST_S, SLOWEST_S, SLOWER = 1.5, 60.0, 1.3
# Knots of a path per second: the camera is so slow that few are enough.
KNOTS_PER_S = 5.0

Floats = NDArray[np.float64]


def follow_camera(
    x: ArrayLike,
    *,
    plate: tuple[int, int],
    picture: Box,
    fps: float,
    limits: tuple[float, float] | None = None,
) -> NDArray[np.float32]:
    """Upper left corners (T, 2), plate pixels, of the picture of a camera that follows a dancer slowly.

    x (T,): the dancer's middle, plate pixels, NaN where it is not known. plate: (width, height). picture: what a still
    camera shows (`plate.still_picture`); its size and its top are kept. fps: frames per second. limits: least and
    greatest x of a corner, where the plate was not seen all over; None: the plate's own edges. Raises PoseError if fps
    is not positive or the picture does not fit.
    """
    _, top, width, height = picture
    if fps <= 0:
        raise PoseError(f"fps is {fps}; the frame rate must be positive")
    if width > plate[0] or height > plate[1]:
        raise PoseError(f"a picture of {width} x {height} does not fit on a plate of {plate[0]} x {plate[1]}")
    low, high = limits or (0.0, float(plate[0] - width))
    corner = np.clip(_known(np.asarray(x, np.float64), otherwise=picture[0] + width / 2) - width / 2, low, high)
    path = _squeezed(_slow_path(corner, width=width, fps=fps), low, high)
    return np.stack([path, np.full(len(path), top)], -1).astype(np.float32)


def _squeezed(path: Floats, low: float, high: float) -> Floats:
    """A path (T,) whose swings are reduced to fit its limits; clipping would stop the camera abruptly."""
    if not len(path) or (path.min() >= low and path.max() <= high):
        return path
    ends = path.min(), path.max()
    return np.clip(np.interp(path, ends, (max(low, ends[0]), min(high, ends[1]))), low, high)


def _known(x: Floats, *, otherwise: float) -> Floats:
    """Positions (T,) without gaps: interpolated between known ones, or all `otherwise` if none is known."""
    known = np.isfinite(x)
    if not known.any():
        return np.full(len(x), otherwise)
    return np.asarray(np.interp(np.arange(len(x)), np.flatnonzero(known), x[known]), np.float64)


def _slow_path(aim: Floats, *, width: int, fps: float) -> Floats:
    """The path (T,) nearest to an aim (T,) that keeps the speed limits; the aim's middle if there is none.

    It is computed at a few knots per second.
    """
    if not len(aim):
        return aim
    knots_s = np.arange(np.ceil((len(aim) - 1) / fps * KNOTS_PER_S) + 1) / KNOTS_PER_S
    times_s = np.arange(len(aim)) / fps
    knots = np.interp(knots_s, times_s, aim)
    seconds = QUICKEST_S
    while seconds <= SLOWEST_S:
        path = _near(knots, width=width, samples=seconds * KNOTS_PER_S)
        if not _is_quick(path, width=width):
            slopes = ((1, 0.0), (1, 0.0))  # at rest at both ends
            return CubicSpline(knots_s, path, bc_type=slopes)(times_s) if len(path) > 1 else path[: len(aim)]
        seconds *= SLOWER
    return np.full(len(aim), np.median(aim))


def _is_quick(path: Floats, *, width: int) -> bool:
    """Whether knots (n,) exceed the limits of speed or acceleration anywhere."""
    speed, acceleration = np.diff(path) * KNOTS_PER_S / width, np.diff(path, 2) * KNOTS_PER_S**2 / width
    return bool((np.abs(speed) > MOST_SPEED).any() or (np.abs(acceleration) > MOST_ACCELERATION).any())


def _near(aim: Floats, *, width: int, samples: float) -> Floats:
    """The path of least jerk near an aim (n,), nearer where the dancer would leave the middle of the picture."""
    # Mirror the aim at both ends over the time scale of the path, so that the path is at rest there.
    rim = round(2 * samples)
    padded = np.pad(aim, rim, mode="reflect") if len(aim) > 1 else np.pad(aim, rim, mode="edge")
    weights, path = np.ones(len(padded)), padded
    for _ in range(ROUNDS):
        # Whittaker's path at AT_FPS halves a swing of 2 pi samples; here of twice as many as it looks about.
        path = whittaker(padded[:, None], weights, fps=AT_FPS * samples / np.pi)[:, 0]
        from_edge = 0.5 - np.abs(path - padded) / width
        weights = 1 + EDGE_WEIGHT * np.clip(1 - from_edge / EDGE_SHARE, 0, 1)
    return path[rim : rim + len(aim)]
