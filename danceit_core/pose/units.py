"""Convert given keypoints to pixels of their picture, and reject those that cannot be converted.

Pixels: x to the right, y down, (0, 0) in the upper left corner. Normalised coordinates are shares of the picture's
width and height, 0..1, or -1..1 from its left and upper edge to its right and lower one (OpenPose's --keypoint_scale 3
and 4). Exchanged x and y, or a y that points up, cannot be detected here.
"""

import logging
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from danceit_core.errors import PoseError
from danceit_core.pose.skeleton import Keypoints, present

log = logging.getLogger(__name__)

Size = tuple[int, int]
FARTHEST_PX = 1e6
# A network's output slightly overshoots 1.
MOST_CONFIDENCE = 1.5
# A joint that is absent may have confidence -1; other negative numbers, in more than this share, are depths.
MOST_NEGATIVE = 0.01
# No body is smaller in pixels, and none is larger as a share of the picture.
SMALLEST_PX, LARGEST_SHARE = 4.0, 2.5
# Shares of the picture beyond its edges where detectors that guess at hidden joints may place them.
BEYOND = 0.25


def as_keypoints(values: Any, source: str | Path) -> Keypoints:
    """float32 keypoints with absent joints (without confidence, or nowhere near a picture) at 0, 0, 0.

    Raises PoseError if the third numbers are not confidences.
    """
    with np.errstate(over="ignore"):
        keypoints = np.array(values, np.float32)
    given = keypoints[..., 2]
    negative = (given < 0) & (given != -1)
    if negative.sum() > MOST_NEGATIVE * negative.size:
        raise PoseError(
            f"{source}: confidences, the third numbers, fall to {given.min():.2g}, but they must be 0..1; give joints "
            "in the picture, not in space"
        )
    # NaN compares false.
    keypoints[~((np.abs(keypoints) < FARTHEST_PX).all(axis=-1) & (given > 0))] = 0
    if keypoints.size and given.max() > MOST_CONFIDENCE:
        percent = "; divide per cent by 100" if given.max() <= 100 else ""
        raise PoseError(f"{source}: confidences, the third numbers, reach {given.max():.0f}, not 0..1{percent}")
    return keypoints


def body_size(keypoints: Keypoints) -> float | None:
    """Median over the frames of the larger side, in their unit, of the box around a body; None if nobody is seen."""
    seen = present(keypoints)
    keypoints, seen = keypoints[seen.sum(axis=-1) > 1], seen[seen.sum(axis=-1) > 1]
    if not len(keypoints):
        return None
    xy = keypoints[..., :2]
    high = np.where(seen[..., None], xy, -np.inf).max(axis=1)
    low = np.where(seen[..., None], xy, np.inf).min(axis=1)
    return float(np.median((high - low).max(axis=-1)))


def normalised_from(keypoints: Keypoints, source: str | Path) -> int | None:
    """0 if coordinates are 0..1, -1 if they are -1..1, None if they are pixels. PoseError if they are none of these."""
    size = body_size(keypoints)
    if size is None or size > LARGEST_SHARE:
        return None
    xy = keypoints[present(keypoints), :2]
    low, high = np.percentile(xy, (1, 99))
    if low >= -1.5 and high <= 2:
        # Dancers leave a picture at its sides rather than its top.
        return -1 if np.median(xy[:, 0]) < 0 or (xy[:, 1] < 0).mean() > 0.1 else 0
    raise PoseError(
        f"{source}: a body is {size:.3g} high, its coordinates {low:.3g} to {high:.3g}: neither pixels nor shares of a "
        "picture; give pixels (metres need a camera)"
    )


def from_normalised(keypoints: Keypoints, *, low: int, picture: Size) -> Keypoints:
    """Pixels of a picture from coordinates low..1 (see `normalised_from`); absent joints stay at 0, 0, 0."""
    pixels = keypoints.copy()
    seen = present(keypoints)
    pixels[seen, :2] = (keypoints[seen, :2] - low) / (1 - low) * np.array(picture, np.float32)
    return pixels


def farthest(keypoints: Keypoints) -> NDArray[np.floating]:
    """Limits of x and y for nearly all joints, (2,); 0, 0 if nobody is seen."""
    xy = keypoints[present(keypoints), :2]
    return np.percentile(xy, 99.5, axis=0) if len(xy) else np.zeros(2)


def within(keypoints: Keypoints, picture: Size) -> bool:
    """Whether nearly all joints lie within a picture of (width, height) pixels."""
    return bool((farthest(keypoints) <= picture).all())


def picture_around(keypoints: Keypoints, *, least: Size) -> Size:
    """The picture of at least (width, height) pixels in which nearly all joints lie."""
    width, height = np.maximum(np.ceil(farthest(keypoints)), least).astype(int)
    return int(width), int(height)


def check_pixels(keypoints: Keypoints, *, picture: Size, store: int, source: str | Path) -> None:
    """Raise PoseError for a body that is too small or mostly outside its (width, height) picture.

    store: side in pixels of the square that the picture is scaled to.
    """
    size = body_size(keypoints)
    if size is None:
        return
    if size * min(1.0, store / max(picture)) < SMALLEST_PX:
        raise PoseError(
            f"{source}: a body is {size:.3g} px high in a picture of {picture[0]} x {picture[1]}; give coordinates in "
            "pixels, and the size of their picture in columns `width` and `height`"
        )
    if _share_outside(keypoints, picture, beyond=BEYOND) > 0.5:
        raise PoseError(
            f"{_reach(keypoints, picture, source)}; give the size of their picture in columns `width` and `height`"
        )


def warn_of_doubtful(keypoints: Keypoints, *, picture: Size, source: str | Path) -> None:
    """Warn about joints that hardly fit a picture of (width, height), such as those of a larger or smaller picture."""
    x, y = farthest(keypoints)
    where = ""
    if _share_outside(keypoints, picture, beyond=0.02) > 0.1:
        where = "more than a tenth of them outside it"
    elif 0 < x < picture[0] / 2 and 0 < y < picture[1] / 2:
        where = "all in its upper left quarter"
    if where:
        log.warning("%s, %s; check columns width and height", _reach(keypoints, picture, source), where)


def _share_outside(keypoints: Keypoints, picture: Size, *, beyond: float) -> float:
    """The share of joints farther than `beyond` (in pictures) outside a picture; 0 if there are none."""
    shares = keypoints[present(keypoints), :2] / np.array(picture, np.float32)
    outside = np.any((shares < -beyond) | (shares > 1 + beyond), axis=-1)
    return float(np.mean(outside)) if len(shares) else 0.0


def _reach(keypoints: Keypoints, picture: Size, source: str | Path) -> str:
    x, y = farthest(keypoints)
    return f"{source}: joints reach {x:.0f}, {y:.0f} in a picture of {picture[0]} x {picture[1]}"
