"""A slow camera that follows the dancer over the plate: where its picture lies in each frame (`rendering.camera`).

Its path is the smoothest there is that keeps the dancer near the picture's middle (Whittaker's smoother, `smooth`):
small jerk is weighed against the distance from the dancer, and more weight draws it there where the dancer would come
near the picture's edge. It begins and ends at rest, never leaves the plate, and is nowhere quicker than MOST_SPEED and
MOST_ACCELERATION: a dancer who cannot be followed so slowly is not followed.
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
# The seconds that a path looks about, from the quickest to the slowest, each by that factor slower than the last.
QUICKEST_S, SLOWEST_S, SLOWER = 1.5, 60.0, 1.3
# Places a second that a path is made of: it is so slow that few are enough.
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
        raise PoseError(f"fps is {fps}; a frame rate is positive")
    if width > plate[0] or height > plate[1]:
        raise PoseError(f"a picture of {width} x {height} does not fit on a plate of {plate[0]} x {plate[1]}")
    low, high = limits or (0.0, float(plate[0] - width))
    corner = np.clip(_known(np.asarray(x, np.float64), otherwise=picture[0] + width / 2) - width / 2, low, high)
    path = _squeezed(_slow_path(corner, width=width, fps=fps), low, high)
    return np.stack([path, np.full(len(path), top)], -1).astype(np.float32)


def _squeezed(path: Floats, low: float, high: float) -> Floats:
    """A path (T,) that swings beyond its limits with its swings made smaller: cut off it would stop at once."""
    if not len(path) or (path.min() >= low and path.max() <= high):
        return path
    ends = path.min(), path.max()
    return np.clip(np.interp(path, ends, (max(low, ends[0]), min(high, ends[1]))), low, high)


def _known(x: Floats, *, otherwise: float) -> Floats:
    """Places (T,) without gaps: between known ones on a line, all `otherwise` where none is known."""
    known = np.isfinite(x)
    if not known.any():
        return np.full(len(x), otherwise)
    return np.asarray(np.interp(np.arange(len(x)), np.flatnonzero(known), x[known]), np.float64)


def _slow_path(aim: Floats, *, width: int, fps: float) -> Floats:
    """The path (T,) nearest to an aim (T,) that is nowhere quicker than the limits; the aim's middle if there is none.

    It is worked out at a few places a second.
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
    """Whether knots (n,) are anywhere quicker than the limits allow."""
    speed, acceleration = np.diff(path) * KNOTS_PER_S / width, np.diff(path, 2) * KNOTS_PER_S**2 / width
    return bool((np.abs(speed) > MOST_SPEED).any() or (np.abs(acceleration) > MOST_ACCELERATION).any())


def _near(aim: Floats, *, width: int, samples: float) -> Floats:
    """The path of least jerk near an aim (n,), nearer where the dancer would leave the middle of the picture."""
    # At both ends time turns back, as far as the path looks about: so it is at rest there.
    rim = round(2 * samples)
    padded = np.pad(aim, rim, mode="reflect") if len(aim) > 1 else np.pad(aim, rim, mode="edge")
    weights, path = np.ones(len(padded)), padded
    for _ in range(ROUNDS):
        # Whittaker's path at AT_FPS halves a swing of 2 pi samples; here of twice as many as it looks about.
        path = whittaker(padded[:, None], weights, fps=AT_FPS * samples / np.pi)[:, 0]
        from_edge = 0.5 - np.abs(path - padded) / width
        weights = 1 + EDGE_WEIGHT * np.clip(1 - from_edge / EDGE_SHARE, 0, 1)
    return path[rim : rim + len(aim)]
