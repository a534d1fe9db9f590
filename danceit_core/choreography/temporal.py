"""Temporal alignment: the dance's motion beats on the music's beats (paper IV-C, Eq. 14-16).

| variant | what it does                                                                                      |
| none    | nothing                                                                                           |
| paper   | Eq. 15-16 as printed: one cubic up to the motion beat of each window and one after it, same times |
| warp    | `warp.beat_map`, at `strength` between 0 (unchanged) and 1 (all beats); the default               |

The paper's motion beat is the greatest speed (`beat_kind: max`). Dancers move between beats and arrive on them, so
the default is the least speed (`min`). Eq. 15-16 hold no time to move to; `paper` therefore smooths each half
window but moves no beat.
"""

import logging

import numpy as np
from numpy.typing import ArrayLike

from danceit_core.choreography.curve import Array, fill_gaps, fit_curve
from danceit_core.choreography.motion_beats import BeatWindow, beat_windows
from danceit_core.choreography.warp import beat_map
from danceit_core.config import TemporalSettings
from danceit_core.errors import ChoreographyError
from danceit_core.pose.movement import step_sizes
from danceit_core.pose.skeleton import BODY

log = logging.getLogger(__name__)

VARIANTS = ("none", "paper", "warp")
BEAT_KINDS = ("min", "max")


def align_beats(keypoints: Array, beats_s: ArrayLike, *, fps: float, settings: TemporalSettings) -> tuple[Array, Array]:
    """The dance (T, 25, 3) on the beats, and for each of its frames the frame (T,) it was taken from, fractional.

    keypoints (T, 25, 3), NaN for absent joints. beats_s: increasing seconds. A song without two beats leaves the
    dance as it is, with a warning. Raises ChoreographyError on unusable settings or beats.
    """
    check_settings(settings)
    beats = np.asarray(beats_s, np.float64)
    if beats.ndim != 1 or (np.diff(beats) <= 0).any():
        raise ChoreographyError("beats must be one increasing list of seconds; analyse the song again")
    unchanged = np.arange(len(keypoints), dtype=np.float64)
    if settings.variant == "none":
        return keypoints, unchanged
    windows = beat_windows(beats, frames=len(keypoints), fps=fps)
    if not windows:
        log.warning("the song has %d beats within the dance; it is not aligned to any", len(beats))
        return keypoints, unchanged
    if settings.variant == "paper":
        return fit_cubics(keypoints, windows, kind=settings.beat_kind), unchanged
    if settings.strength == 0:
        return keypoints, unchanged
    hits = beat_map(
        keypoints, windows, kind=settings.beat_kind, min_slope=settings.min_slope, max_slope=settings.max_slope
    )
    source = unchanged + settings.strength * (hits - unchanged)
    return fit_curve(keypoints).at(source), source


def fit_cubics(keypoints: Array, windows: list[BeatWindow], *, kind: str) -> Array:
    """Eq. 15-16: both halves of each window, up to and after the motion beat mu, replaced by their cubic fits."""
    speed = step_sizes(keypoints[:, BODY, :2])
    xy = fill_gaps(keypoints[..., :2]).reshape(len(keypoints), -1)  # (T, 50)
    for window in windows:
        own = speed[window.first : window.stop]
        mu = window.first + int(own.argmax() if kind == "max" else own.argmin())
        for first, stop in ((window.first, mu + 1), (mu + 1, window.stop)):
            if stop - first > 4:  # up to four points lie on their cubic
                powers = np.vander(np.linspace(-1, 1, stop - first), 4)
                xy[first:stop] = powers @ np.linalg.lstsq(powers, xy[first:stop], rcond=None)[0]
    out = keypoints.copy()
    out[..., :2] = np.where(np.isnan(keypoints[..., :2]), np.nan, xy.reshape(len(xy), -1, 2))
    return out


def check_settings(settings: TemporalSettings) -> None:
    """Raises ChoreographyError naming the first setting of temporal_alignment that cannot be used."""
    for key, value, known in (
        ("variant", settings.variant, VARIANTS),
        ("beat_kind", settings.beat_kind, BEAT_KINDS),
    ):
        if value not in known:
            raise ChoreographyError(f"temporal_alignment.{key} is {value!r}; known are {', '.join(map(repr, known))}")
    if not 0 <= settings.strength <= 1:
        raise ChoreographyError(f"temporal_alignment.strength is {settings.strength}; it lies between 0 and 1")
    if not 0 < settings.min_slope <= 1 <= settings.max_slope:
        raise ChoreographyError(
            f"temporal_alignment slopes {settings.min_slope} to {settings.max_slope} do not hold 1, the dance's own "
            "time; choose 0 < min_slope <= 1 <= max_slope"
        )
