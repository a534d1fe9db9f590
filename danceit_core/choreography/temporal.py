"""Temporal alignment: the dance's motion beats on the music's beats (paper IV-C, Eq. 14-16).

| variant       | what it does                                                                                       |
| none          | nothing                                                                                            |
| paper         | Eq. 15-16 as printed: a cubic up to each window's motion beat and one after it, times unchanged    |
| paper_retimed | the same cubics, read off at other times: the motion beat of each window falls on the music's      |
| warp          | `warp.beat_map`, at `strength` between 0 (unchanged) and 1 (all beats); the default                |

The paper's motion beat is the greatest speed (`beat_kind: max`). Dancers move between beats and arrive on them, so
the default is the least speed (`min`). Eq. 15-16 contain no target time; `paper` therefore smooths each half window but
moves no beat. The paper's text says that the frames round a beat are "re-organised" into those up to the motion beat
and those after it, so that "the musical beats and abrupt pose movements can be well aligned", and reports that 76 to
79 % of the beats are met: `paper_retimed` implements that reading.

Every variant uses the time at which a step is seen (`motion_beats.seen_s`).
"""

import logging

import numpy as np
from numpy.typing import ArrayLike, NDArray

from danceit_core.choreography.curve import Array, fill_gaps, fit_curve
from danceit_core.choreography.motion_beats import BeatWindow, beat_windows, extreme_steps
from danceit_core.choreography.warp import beat_map
from danceit_core.config import TemporalSettings
from danceit_core.errors import ChoreographyError
from danceit_core.pose.movement import step_sizes
from danceit_core.pose.skeleton import BODY

log = logging.getLogger(__name__)

VARIANTS = ("none", "paper", "paper_retimed", "warp")
BEAT_KINDS = ("min", "max")


def align_beats(
    keypoints: Array,
    beats_s: ArrayLike,
    *,
    fps: float,
    settings: TemporalSettings,
    shown_fps: float | None = None,
    seams: ArrayLike = (),
) -> tuple[Array, Array]:
    """The dance (T, 25, 3) on the beats, and for each of its frames the frame (T,) it was taken from, fractional.

    keypoints (T, 25, 3), NaN for absent joints. beats_s: increasing seconds. shown_fps: frame rate of the video that
    will show the dance, None: fps. seams: first frames of the clips; `warp` leaves those that lie on a beat where they
    are. If the song has fewer than two beats, the dance is returned unchanged, with a warning.
    Raises ChoreographyError for unusable settings or beats.
    """
    check_settings(settings)
    beats = np.asarray(beats_s, np.float64)
    if beats.ndim != 1 or (np.diff(beats) <= 0).any():
        raise ChoreographyError("beats must be one increasing list of seconds; analyse the song again")
    unchanged = np.arange(len(keypoints), dtype=np.float64)
    if settings.variant == "none":
        return keypoints, unchanged
    windows = beat_windows(beats, frames=len(keypoints), fps=fps, shown_fps=shown_fps)
    if not windows:
        log.warning("the dance is not aligned to beats: the song has %d of them within it, 2 are needed", len(beats))
        return keypoints, unchanged
    if settings.variant in ("paper", "paper_retimed"):
        return fit_cubics(keypoints, windows, kind=settings.beat_kind, retime=settings.variant == "paper_retimed")
    if settings.strength == 0:
        return keypoints, unchanged
    hits = beat_map(
        keypoints,
        windows,
        kind=settings.beat_kind,
        min_slope=settings.min_slope,
        max_slope=settings.max_slope,
        seams=seams,
    )
    source = unchanged + settings.strength * (hits - unchanged)
    return fit_curve(keypoints).at(source), source


def fit_cubics(keypoints: Array, windows: list[BeatWindow], *, kind: str, retime: bool) -> tuple[Array, Array]:
    """Eq. 15-16: the halves of each window, up to and after the motion beat mu, replaced by their cubic fits.

    retime: read the fits off at the times that put the motion beat on the window's beat: linear from the beginning of
    the window to the beat and from there to its end, both of which stay. Frames up to the beat come from the first fit,
    those after it from the second. Returns the dance and the source frames (T,).
    """
    speed = step_sizes(keypoints[:, BODY, :2])
    given = fill_gaps(keypoints[..., :2]).reshape(len(keypoints), -1)  # (T, 50)
    xy, source = given.copy(), np.arange(len(keypoints), dtype=np.float64)
    for window, step in zip(windows, extreme_steps(speed, windows, kind=kind).tolist(), strict=True):
        first, stop = window.first, window.stop
        mu = first + int(speed[first:stop].argmax() if kind == "max" else speed[first:stop].argmin())
        frames, last = np.arange(first, stop), float(mu)
        if retime:
            # The movement of a step is half a frame before it; neither half window becomes empty.
            last, motion = np.clip([window.beat - 0.5, step - 0.5], first - 0.5, stop - 1.5).tolist()
            source[frames] = np.interp(frames, (first - 1, last, stop - 1), (first - 1, motion, stop - 1))
        early, after = frames <= last, min(mu + 1, stop - 1)
        xy[frames[early]] = _cubic(given, np.arange(first, mu + 1), source[frames[early]])
        xy[frames[~early]] = _cubic(given, np.arange(after, stop), source[frames[~early]])
    out = keypoints[np.round(source).astype(np.int64)]
    out[..., :2] = np.where(np.isnan(out[..., :2]), np.nan, xy.reshape(len(xy), -1, 2))
    return out, source


def _cubic(values: Array, frames: NDArray[np.int64], at: Array) -> Array:
    """The least-squares cubic through rows `frames` of (T, D) (lower degree for fewer than four), read off at `at`."""
    middle, half = frames.mean(), max(1.0, np.ptp(frames) / 2)
    degree = min(3, len(frames) - 1)
    powers = np.vander((frames - middle) / half, degree + 1)
    weights = np.linalg.lstsq(powers, values[frames], rcond=None)[0]
    return np.vander((at - middle) / half, degree + 1) @ weights


def check_settings(settings: TemporalSettings) -> None:
    """Raises ChoreographyError naming the first setting of temporal_alignment that cannot be used."""
    for key, value, known in (
        ("variant", settings.variant, VARIANTS),
        ("beat_kind", settings.beat_kind, BEAT_KINDS),
    ):
        if value not in known:
            raise ChoreographyError(f"temporal_alignment.{key} is {value!r}; use one of {', '.join(map(repr, known))}")
    if not 0 <= settings.strength <= 1:
        raise ChoreographyError(f"temporal_alignment.strength is {settings.strength}; set a value from 0 to 1")
    if not 0 < settings.min_slope <= 1 <= settings.max_slope:
        raise ChoreographyError(
            f"temporal_alignment.min_slope {settings.min_slope} and max_slope {settings.max_slope} do not enclose 1, "
            "the original speed; set 0 < min_slope <= 1 <= max_slope"
        )
