"""Spatial alignment: clips joined into one continuous dance (paper IV-C, Alg. 1).

| variant       | at a seam                                                                            |
| none          | nothing: a hard cut                                                                  |
| linear        | the paper's baseline in its user study: a straight line over the window              |
| tsd           | the paper: trend and period of the frames before (`tsd`)                             |
| crossfade     | both sources' own movement blended (`seams`); the default: least jerk, least distortion |
| inertialize   | the jump in pose and velocity dies out (`seams`)                                     |

`linear` and `tsd` are also applied wherever a joint moves by more than `jump_px` per frame, as the paper prints. At
24 fps quick hands do so in about a quarter of the frames of real dances, so this rule destroys real movement. jump_px 0
restricts them to the seams.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from danceit_core.choreography import seams, tsd
from danceit_core.choreography.curve import Array
from danceit_core.config import SpatialSettings
from danceit_core.errors import ChoreographyError

VARIANTS = ("none", "linear", "tsd", "crossfade", "inertialize")
# Side of the picture that pixel settings refer to.
PICTURE_PX = 512


def context_frames(settings: SpatialSettings) -> int:
    """Frames that a clip needs beyond its ends: those of the seam, and two for velocities."""
    return max(2, settings.half_width)


def join_clips(clips: Sequence[Array], *, picture_px: float, settings: SpatialSettings) -> Array:
    """One dance (T, 25, 3) from clips (context + frames + context, 25, 3) with `context_frames` of context.

    picture_px: side of the picture whose pixels the clips are in. Raises ChoreographyError for unusable settings.
    """
    check_settings(settings)
    context = context_frames(settings)
    if settings.variant == "crossfade":
        return seams.crossfade(clips, context=context, half_width=settings.half_width)
    if settings.variant == "inertialize":
        return seams.inertialize(clips, context=context, half_width=settings.half_width)
    dance = seams.cut(clips, context=context)
    if settings.variant == "none":
        return dance
    at = np.cumsum([len(clip) - 2 * context for clip in clips])[:-1]
    scale = picture_px / PICTURE_PX
    centres = at if settings.jump_px == 0 else treated_frames(dance, at, settings=settings, scale=scale)
    reference = settings.reference if settings.variant == "tsd" else 0
    return tsd.repair_windows(
        dance, centres, window=settings.window, reference=reference, period_px=settings.period_px * scale
    )


def treated_frames(dance: Array, at: NDArray, *, settings: SpatialSettings, scale: float) -> NDArray[np.int64]:
    """The seams `at` and all discontinuous frames without an earlier one in their half window, increasing."""
    jumps = tsd.find_discontinuities(dance, jump_px=settings.jump_px * scale)
    half, chosen = settings.window // 2, [int(s) for s in at]
    latest = -settings.window
    for frame in jumps.tolist():
        if frame - latest > half and not (np.abs(at - frame) <= half).any():
            chosen.append(frame)
            latest = frame
    return np.array(sorted(chosen), np.int64)


def check_settings(settings: SpatialSettings) -> None:
    """Raises ChoreographyError naming the first setting of spatial_alignment that cannot be used."""
    if settings.variant not in VARIANTS:
        raise ChoreographyError(
            f"spatial_alignment.variant is {settings.variant!r}; use one of {', '.join(map(repr, VARIANTS))}"
        )
    if settings.window < 2 or settings.reference < settings.window:
        raise ChoreographyError(
            f"spatial_alignment.window is {settings.window} and reference {settings.reference} frames; "
            "set window to at least 2 and reference to at least window"
        )
    if min(settings.half_width, settings.jump_px, settings.period_px) < 0:
        raise ChoreographyError("spatial_alignment.half_width, jump_px and period_px must not be negative")
