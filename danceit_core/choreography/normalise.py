"""From a source's body and camera to the target's (paper V-D2).

The paper scales each fragment by the ratio of the greatest nose-to-feet distances, equally in x and y. Here the height
is the robust one of `pose.measure`, for sources and target alike; `reshape` corrects bones that still differ.
Feet are put on the target's ground line, clip by clip, so that a moving camera of a source does not lift them. The
dancer's sideways position is carried over each seam by the supporting foot, and the whole dance is then kept inside
the picture. The dancer keeps the target's size. If raised hands or a step towards the camera leave the picture, the
whole dance moves a little nearer or farther on the floor, by one shift for all frames, so that no foot slides. Joints
that still leave the picture are reported (`evaluation.painting`).
Coordinates are pixels, x right, y down; absent joints are NaN (see `curve`).
"""

from collections.abc import Sequence

import numpy as np
from scipy.ndimage import convolve1d, maximum_filter1d, minimum_filter1d

from danceit_core.choreography.curve import Array
from danceit_core.errors import ChoreographyError
from danceit_core.pose.measure import Body, ground_contacts, measure_body, standing, why_no_size
from danceit_core.pose.skeleton import ANKLES, MID_HIP, MIRROR, Keypoints

# The hip stays this close to the target's usual place, and every joint this far inside the picture.
ROAM_TORSOS = 1.0
MARGIN_SHARE = 0.02
# A dance stands at most this far above or below the target's ground line, where the picture still shows floor.
NEARER_TORSOS = 0.25
# A shift that keeps the dancer inside fades in and out over this time, so that it is not seen as a slide.
SHIFT_S = 1.0
# What is still outside is shifted within this time; if it were shorter, feet would slide too much and beats be missed.
QUICK_SHIFT_S = 1 / 3


def whole_body(keypoints: Keypoints, *, name: str = "the person") -> Body:
    """The fully measured body of the person in (T, 25, 3) keypoints (absent = 0, 0, 0).

    Raises ChoreographyError, naming `name`, if no frame shows nose, neck, hip and an ankle.
    """
    body = measure_body(keypoints)
    if reason := why_no_size(body, frames=len(keypoints)):
        raise ChoreographyError(f"{name}: {reason}")
    return body


def ground_line(xy: Array, *, otherwise: float) -> float:
    """The ground line of a passage (T, 15 or 25, 2), or `otherwise` if no joint on the ground is seen in it."""
    y = standing(ground_contacts(xy))
    return otherwise if np.isnan(y) else y


def fit_to_target(clip: Array, *, source: Body, ground_y: float, target: Body, legs: float = 1.0) -> Array:
    """A clip (T, 25, 3) in the source's pixels, scaled to the target's size, its ankles on the target's ground line.

    ground_y: the ankle line of this clip in the source. x is relative to the source's usual place. legs: a further
    factor on the target's size (`proportions`).
    """
    ratio = legs * target.height_px / source.height_px
    out = clip.copy()
    out[..., 0] = (clip[..., 0] - source.centre_x) * ratio
    out[..., 1] = (clip[..., 1] - ground_y) * ratio + target.ground_y
    return out


def mirror(clip: Array, *, about_x: float) -> Array:
    """A clip (T, 25, 3) with left and right exchanged, mirrored at x = about_x."""
    out = clip[:, list(MIRROR)]
    out[..., 0] = 2 * about_x - out[..., 0]
    return out


def carry_place(clips: Sequence[Array], *, context: int, centre_x: float) -> list[Array]:
    """Shift each clip sideways so that the supporting foot stays where it is over every seam.

    clips: (context + frames + context, 25, 3); frame -context of one and frame `context` of the next are the same
    frame of the song. The first clip's hip is centred on centre_x.
    """
    first = clips[0].copy()
    hip = first[context : len(first) - context, MID_HIP, 0]
    first[..., 0] += centre_x - (np.nanmean(hip) if not np.isnan(hip).all() else 0.0)
    placed = [first]
    for clip in clips[1:]:
        leaving, arriving = placed[-1][-context], clip[context]
        by_foot = sorted(ANKLES, key=lambda joint: -np.nan_to_num(leaving[joint, 1], nan=-np.inf))
        shifts = leaving[[*by_foot, MID_HIP], 0] - arriving[[*by_foot, MID_HIP], 0]
        known = shifts[~np.isnan(shifts)]
        moved = clip.copy()
        moved[..., 0] += known[0] if len(known) else 0.0
        placed.append(moved)
    return placed


def keep_inside(
    keypoints: Array, *, target: Body, size: tuple[int, int], fps: float, roam_torsos: float = ROAM_TORSOS
) -> Array:
    """A dance (T, 25, 3) shifted so that it stays in a picture of `size` (width, height), near the target's place.

    The sideways shift changes smoothly over time; the vertical one is the same for all frames. roam_torsos: how far the
    hip may be from the target's usual place.
    """
    out = keypoints.copy()
    shift = shift_sideways(keypoints, target=target, width=size[0], fps=fps, roam_torsos=roam_torsos)
    out[..., 0] += shift[:, None]
    out[..., 1] += shift_down(keypoints, target=target, height=size[1])
    return out


def shift_sideways(
    keypoints: Array, *, target: Body, width: int, fps: float, roam_torsos: float = ROAM_TORSOS
) -> Array:
    """The shifts in x (T,) that keep a dance (T, 25, 3) in a picture of `width` and near the target's place.

    If a dance needs more room within SHIFT_S than a narrow picture has (such as a step to one side and an arm stretched
    out to the other), the shift follows within QUICK_SHIFT_S. A body wider than the picture is centred in it.
    """
    x = keypoints[..., 0]
    seen = ~np.isnan(x)
    margin = MARGIN_SHARE * width
    lowest = margin - np.where(seen, x, np.inf).min(1)
    highest = width - margin - np.where(seen, x, -np.inf).max(1)
    hip = np.nan_to_num(x[:, MID_HIP], nan=target.centre_x)
    roam = roam_torsos * target.torso_px
    near = target.centre_x - roam - hip, target.centre_x + roam - hip
    shift = _smooth_shift([near, (lowest, highest)], reach=max(1, round(SHIFT_S * fps)))
    return shift + _smooth_shift([(lowest - shift, highest - shift)], reach=max(1, round(QUICK_SHIFT_S * fps)))


def _smooth_shift(limits: Sequence[tuple[Array, Array]], *, reach: int) -> Array:
    """The smallest smooth shift (T,) within limits (lowest, highest); the last of them have priority.

    The limits are widened over +-reach frames before the shift is smoothed over the same span, so that it still obeys
    them. If they leave no room, the shift is in their middle.
    """
    shift = np.zeros(len(limits[0][0]))
    for low, high in limits:
        low_wide = maximum_filter1d(np.nan_to_num(low, neginf=-1e6), 2 * reach + 1, mode="nearest")
        high_wide = minimum_filter1d(np.nan_to_num(high, posinf=1e6), 2 * reach + 1, mode="nearest")
        middle = (low_wide + high_wide) / 2
        shift = np.clip(shift, np.minimum(low_wide, middle), np.maximum(high_wide, middle))
    kernel = np.hanning(2 * reach + 1)
    return convolve1d(shift, kernel / kernel.sum(), mode="nearest")


def shift_down(keypoints: Array, *, target: Body, height: int) -> float:
    """How much lower a dance (T, 25, 3) stands in a picture of `height` than the target does, pixels; 0 if it fits.

    At most NEARER_TORSOS either way. Feet have priority: a dance is not lowered so far that a foot leaves the picture.
    """
    y = keypoints[..., 1][~np.isnan(keypoints[..., 1])]
    if not len(y):
        return 0.0
    margin, most = MARGIN_SHARE * height, NEARER_TORSOS * target.torso_px
    above, room = margin - float(y.min()), height - margin - float(y.max())
    return float(np.clip(min(max(above, 0.0), room), -most, most))
