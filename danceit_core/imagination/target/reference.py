"""The reference frame: the frame of a target's video that suits a pose-driven generator best.

Such generators are given one picture of the person and paint them in the poses of a control video. They work best with
a picture that is sharp, shows the whole person from the front with the arms apart from the body, and has a pose near
the first of the control video: they were trained with reference pictures from the same video.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from danceit_core.errors import ImaginationError
from danceit_core.imagination.target.film import Film
from danceit_core.imagination.target.region import person_span
from danceit_core.imagination.target.view import Window
from danceit_core.media.letterbox import Picture
from danceit_core.pose.control import CONTROL_JOINTS
from danceit_core.pose.plate import corners
from danceit_core.pose.silhouette import steady_size
from danceit_core.pose.skeleton import (
    BODY,
    LEFT_HIP,
    LEFT_SHOULDER,
    LEFT_WRIST,
    MID_HIP,
    NECK,
    RIGHT_HIP,
    RIGHT_SHOULDER,
    RIGHT_WRIST,
    Keypoints,
    present,
)
from danceit_core.pose.table import PoseTable

Costs = NDArray[np.float64]

# The sharpest of this many frames with the most suitable poses is taken.
LOOKED_AT = 24
# Wrists at this distance from the trunk, in body sizes, are apart from it.
APART = 0.35
# Weights of the costs, each about 0..1: a pose different from the dance's first (mean distance of the joints in body
# sizes), a different place, not from the front, arms at the body, joints unseen, blurred.
POSE, PLACE, FRONT, ARMS, UNSEEN, UNSHARP = 1.0, 0.15, 0.7, 0.5, 3.0, 0.4


@dataclass(frozen=True)
class Reference:
    """Frame `number` of the target's video, cut as the dance's first picture: (H, W, 3), keypoints (25, 3) in it."""

    number: int
    picture: Picture
    keypoints: Keypoints


def find_reference(target: PoseTable, dance: PoseTable, film: Film) -> Reference:
    """The best frame of a target's video for the control video of a dance.

    target: the target on their plate (`results/camera/{target}.parquet`), row k is frame k of `film`; dance: the
    target's dance. Raises ImaginationError if no frame shows the person.
    """
    window = first_window(dance, film.size)
    # In pixels of the picture.
    keypoints = target.keypoints - np.array([window.left, window.top, 0], np.float32)
    keypoints = np.where(present(target.keypoints)[..., None], keypoints, np.float32(0))
    usable = present(keypoints)[:, list(BODY)].any(axis=1) & np.asarray(target.columns.get("kept", True), bool)
    if not usable.any():
        raise ImaginationError(
            "no frame of the target's video shows the person, so none can be the reference of a control video; film "
            "the whole person from the front"
        )
    body_px = steady_size(keypoints, fps=target.fps)
    costs = pose_costs(keypoints, dance.keypoints[0], body_px=body_px, size=dance.size)
    costs[~usable] = np.inf
    numbers = np.sort(np.argsort(costs, kind="stable")[: min(LOOKED_AT, int(usable.sum()))])
    # Only the current picture and the best so far are held in memory.
    sharpness = np.zeros(len(numbers))
    for place, picture in enumerate(film.cuts(numbers, [window] * len(numbers))):
        number = numbers[place]
        sharpness[place] = sharpness_of(picture, keypoints[number], body_px=float(body_px[number]))
    unsharp = 1 - sharpness / max(sharpness.max(), 1e-9)
    best = int(numbers[np.argmin(costs[numbers] + UNSHARP * unsharp)])
    return Reference(best, next(iter(film.cuts([best], [window]))), keypoints[best])


def first_window(dance: PoseTable, plate: tuple[int, int]) -> Window:
    """The place of a dance's first picture on a plate of (width, height)."""
    (width, height), corner = dance.size, corners(dance)[0]
    left, top = (int(np.clip(round(float(at)), 0, max(0, most))) for at, most in zip(
        corner, (plate[0] - width, plate[1] - height), strict=True
    ))  # fmt: skip
    return Window(left, top, width, height)


def pose_costs(keypoints: Keypoints, first: Keypoints, *, body_px: Costs, size: tuple[int, int]) -> Costs:
    """Costs (T,) of the poses (T, 25, 3) as reference for a dance that begins with the pose `first` (25, 3).

    body_px: (T,) pixels; size: width and height of the picture.
    """
    joints = list(CONTROL_JOINTS)
    xy, seen = keypoints[:, joints, :2].astype(np.float64), present(keypoints)[:, joints]
    inside = ((xy >= 0) & (xy < size)).all(axis=-1)
    px = np.maximum(np.nan_to_num(body_px, nan=1.0), 1.0)
    cost = UNSEEN * (1 - (seen & inside).mean(axis=1))
    both = seen & present(first)[joints]
    weights = both / np.maximum(both.sum(axis=1), 1)[:, None]
    away = first[joints, :2].astype(np.float64) - xy
    shift = (away * weights[..., None]).sum(axis=1)
    distance = (np.linalg.norm(away - shift[:, None], axis=-1) * weights).sum(axis=1) / px
    cost += POSE * np.where(both.any(axis=1), np.minimum(distance, 1), 1)
    cost += PLACE * np.minimum(np.linalg.norm(shift, axis=-1) / px, 3)
    return cost + FRONT * (1 - frontal(keypoints, body_px=px)) + ARMS * (1 - arms_apart(keypoints, body_px=px))


def frontal(keypoints: Keypoints, *, body_px: Costs) -> Costs:
    """How squarely the person of (T, 25, 3) faces the camera, by their shoulders: (T,) 0..1, 0 from behind."""
    seen = present(keypoints)[:, [LEFT_SHOULDER, RIGHT_SHOULDER]].all(axis=1)
    # The dancer's left shoulder is on the right of the picture while they face the camera.
    breadth = np.where(seen, keypoints[:, LEFT_SHOULDER, 0] - keypoints[:, RIGHT_SHOULDER, 0], 0) / body_px
    broadest = np.percentile(breadth, 95)
    return np.clip(breadth / broadest, 0, 1) if broadest > 0 else np.zeros(len(breadth))


def arms_apart(keypoints: Keypoints, *, body_px: Costs) -> Costs:
    """How far the hands of (T, 25, 3) are from the trunk: (T,) 0 (at it, or unseen) .. 1 (both at least APART away)."""
    apart = np.ones(len(keypoints))
    for wrist in (RIGHT_WRIST, LEFT_WRIST):
        nearest = np.full(len(keypoints), np.inf)
        for top, end in ((RIGHT_SHOULDER, RIGHT_HIP), (LEFT_SHOULDER, LEFT_HIP), (NECK, MID_HIP)):
            nearest = np.minimum(nearest, _from_segment(keypoints, wrist, top, end))
        seen = present(keypoints)[:, wrist]
        apart = np.minimum(apart, np.where(seen, np.clip(nearest / body_px / APART, 0, 1), 0))
    return apart


def sharpness_of(picture: Picture, keypoints: Keypoints, *, body_px: float) -> float:
    """Variance of the Laplacian where the person of (25, 3) keypoints is."""
    height, width = picture.shape[:2]
    span = np.nan_to_num(person_span(keypoints, body_px=body_px), nan=0.0)
    left, top, right, bottom = np.clip(np.round(span), 0, [width, height, width, height]).astype(int)
    part = picture[top:bottom, left:right]
    return float(cv2.Laplacian(cv2.cvtColor(part, cv2.COLOR_RGB2GRAY), cv2.CV_32F).var()) if part.size else 0.0


def _from_segment(keypoints: Keypoints, joint: int, start: int, end: int) -> Costs:
    """Distance (T,) in pixels of a joint from the line between two others; inf where one of these is absent."""
    xy, seen = keypoints[..., :2].astype(np.float64), present(keypoints)
    along, to = xy[:, end] - xy[:, start], xy[:, joint] - xy[:, start]
    share = np.clip((along * to).sum(-1) / np.maximum((along**2).sum(-1), 1e-9), 0, 1)
    away = np.linalg.norm(to - share[:, None] * along, axis=-1)
    return np.where(seen[:, start] & seen[:, end], away, np.inf)
