"""Draw the outline of a body from 25 joints: rounded limbs with the thickness of a certain person.

Each part of the body is the convex hull of discs around its joints: an upper arm has one at the shoulder and one at the
elbow, the trunk has four. The thickness of a person's parts (`Girths`) is fitted to their real outlines once: each
number is changed as long as the overlap with the outlines grows. Hair and loose clothes beyond that are unknown.

Masks are uint8 (H, W), 255 = person, with soft edges. Pixels: (0, 0) is the outer corner of the upper left one. All
lengths are in body sizes (`capsules.body_size`, about a torso).
"""

from collections.abc import Callable, Sequence
from dataclasses import astuple, dataclass, fields

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import percentile_filter

from danceit_core.pose.capsules import body_size
from danceit_core.pose.skeleton import (
    LEFT_ANKLE,
    LEFT_EAR,
    LEFT_ELBOW,
    LEFT_HIP,
    LEFT_KNEE,
    LEFT_SHOULDER,
    LEFT_WRIST,
    NECK,
    NOSE,
    RIGHT_ANKLE,
    RIGHT_EAR,
    RIGHT_ELBOW,
    RIGHT_HIP,
    RIGHT_KNEE,
    RIGHT_SHOULDER,
    RIGHT_WRIST,
    Keypoints,
    present,
)

Mask = NDArray[np.uint8]

# Points beyond the 25 joints: middle of the head, its top, the middle of either hand, the waist on either side.
HEAD, CROWN, RIGHT_HAND, LEFT_HAND, RIGHT_WAIST, LEFT_WAIST = range(25, 31)
POINTS = 31
RIGHT_TOES, LEFT_TOES = (22, 23, 24), (19, 20, 21)
# Each part of the body: the points of its discs. Unseen points are left out; a part without points is not drawn.
PARTS: tuple[tuple[int, ...], ...] = (
    (RIGHT_SHOULDER, LEFT_SHOULDER, RIGHT_WAIST, LEFT_WAIST), (RIGHT_WAIST, LEFT_WAIST, RIGHT_HIP, LEFT_HIP),
    (RIGHT_SHOULDER, RIGHT_ELBOW), (RIGHT_ELBOW, RIGHT_WRIST), (RIGHT_WRIST, RIGHT_HAND),
    (LEFT_SHOULDER, LEFT_ELBOW), (LEFT_ELBOW, LEFT_WRIST), (LEFT_WRIST, LEFT_HAND),
    (RIGHT_HIP, RIGHT_KNEE), (RIGHT_KNEE, RIGHT_ANKLE), (RIGHT_ANKLE, *RIGHT_TOES),
    (LEFT_HIP, LEFT_KNEE), (LEFT_KNEE, LEFT_ANKLE), (LEFT_ANKLE, *LEFT_TOES),
    (NECK, HEAD), (HEAD, CROWN),
)  # fmt: skip
CORNERS = 20
SUBPIXEL_BITS = 4
# OpenCV draws a soft edge around a shape, which adds this much on every side (`control`).
EDGE_PX = 0.62
FARTHEST_PX = 1e4
# The body's size in a frame: this percentile over SIZE_S seconds, since a torso that leans forward looks short.
SIZE_PERCENTILE, SIZE_S = 75, 2.0
# Where the waist is between shoulder and hip, and how far it lies inside that line, as a share of the trunk's width.
WAIST_DOWN, WAIST_IN = 0.6, 0.15
# Fitting: try these factors repeatedly until none helps, on pictures with this longer side.
FACTORS, MOST_ROUNDS, FIT_SIDE = (0.8, 0.9, 0.95, 1.05, 1.1, 1.25), 12, 256


@dataclass(frozen=True)
class Girths:
    """Radii of the discs in body sizes; hand_reach and crown: how far hands and head extend beyond wrist and ears."""

    shoulder: float = 0.16
    elbow: float = 0.11
    wrist: float = 0.08
    hand: float = 0.09
    waist: float = 0.17
    hip: float = 0.19
    knee: float = 0.13
    ankle: float = 0.09
    foot: float = 0.08
    neck: float = 0.13
    head: float = 0.2
    hand_reach: float = 0.2
    crown: float = 0.15

    def radii(self) -> NDArray[np.float64]:
        """Radii of all joints and further points, (31,); 0 for those that no part uses."""
        radii = np.zeros(POINTS)
        for joints, radius in (
            ((RIGHT_SHOULDER, LEFT_SHOULDER), self.shoulder), ((RIGHT_ELBOW, LEFT_ELBOW), self.elbow),
            ((RIGHT_WRIST, LEFT_WRIST), self.wrist), ((RIGHT_HAND, LEFT_HAND), self.hand),
            ((RIGHT_HIP, LEFT_HIP), self.hip), ((RIGHT_KNEE, LEFT_KNEE), self.knee),
            ((RIGHT_ANKLE, LEFT_ANKLE), self.ankle), (RIGHT_TOES + LEFT_TOES, self.foot), ((NECK,), self.neck),
            ((HEAD, CROWN), self.head), ((RIGHT_WAIST, LEFT_WAIST), self.waist),
        ):  # fmt: skip
            radii[list(joints)] = radius
        return radii


def steady_size(keypoints: Keypoints, *, fps: float) -> NDArray[np.float64]:
    """Size of the body around each frame, (T,) pixels, from (T, 25, 3); NaN only if nobody is ever seen."""
    sizes = body_size(keypoints)
    if np.isnan(sizes).all():
        return sizes
    filled = np.where(np.isnan(sizes), np.nanmedian(sizes), sizes)
    return percentile_filter(filled, SIZE_PERCENTILE, size=1 + 2 * round(SIZE_S * fps / 2), mode="nearest")


def silhouette(keypoints: Keypoints, *, size: tuple[int, int], body_px: float, girths: Girths) -> Mask:
    """The outline of (25, 3) keypoints, uint8 (H, W) for a `size` (width, height); body_px: size of the body, > 0."""
    mask = np.zeros((size[1], size[0]), np.uint8)
    points, seen = _with_further_points(keypoints, girths, body_px=body_px)
    turn = np.arange(CORNERS) * (2 * np.pi / CORNERS)
    rim = np.stack([np.cos(turn), np.sin(turn)], axis=-1)
    radii = np.maximum(girths.radii() * body_px, 0.5) - EDGE_PX
    # (31, CORNERS, 2); OpenCV's whole numbers are our half numbers.
    discs = np.clip(points[:, None] + radii[:, None, None] * rim - 0.5, -FARTHEST_PX, FARTHEST_PX)
    corners = np.round(discs * (1 << SUBPIXEL_BITS)).astype(np.int32)
    for part in PARTS:
        # A limb needs both ends; trunk and foot are what is seen of them.
        known = [point for point in part if seen[point]]
        if len(known) >= min(len(part), 2):
            hull = cv2.convexHull(corners[known].reshape(-1, 2))
            cv2.fillConvexPoly(mask, hull, 255, cv2.LINE_AA, SUBPIXEL_BITS)
    return mask


def fit_girths(
    keypoints: Keypoints, masks: Sequence[Mask], *, body_px: NDArray[np.float64], start: Girths | None = None
) -> Girths:
    """Fit the thickness of a person's parts to their real outlines in some frames.

    keypoints: (N, 25, 3) pixels. masks: N outlines, of one size. body_px: (N,) size of the body. Without any frame that
    shows a person the usual ones (`start`).
    """
    best = start or Girths()
    usable = [row for row, mask in enumerate(masks) if mask.max() > 127 and body_px[row] > 0]
    if not usable:
        return best
    small, scale = _shrunk([masks[row] for row in usable])
    joints = keypoints[usable] * np.array([scale, scale, 1], np.float32)

    def loss(girths: Girths) -> float:
        drawn = zip(joints, body_px[usable] * scale, small, strict=True)
        size = (small[0].shape[1], small[0].shape[0])
        overlaps = [
            soft_overlap(silhouette(pose, size=size, body_px=float(px), girths=girths), mask)
            for pose, px, mask in drawn
        ]
        return 1 - float(np.mean(overlaps))

    return _descend(best, loss)


def soft_overlap(ours: Mask, theirs: Mask) -> float:
    """Intersection over union of two masks with soft edges, 0..1."""
    union = int(np.maximum(ours, theirs).sum(dtype=np.int64))
    return int(np.minimum(ours, theirs).sum(dtype=np.int64)) / union if union else 1.0


def _descend(girths: Girths, loss: Callable[[Girths], float]) -> Girths:
    """Coordinate descent: multiply each number by the factor that lowers the loss most, until none does."""
    names, values = [field.name for field in fields(Girths)], list(astuple(girths))
    least = loss(girths)
    for _ in range(MOST_ROUNDS):
        before = least
        for place in range(len(names)):
            tried = []
            for factor in FACTORS:
                changed = [*values]
                changed[place] *= factor
                tried.append((loss(Girths(*changed)), changed))
            lowest, changed = min(tried)
            if lowest < least:
                least, values = lowest, changed
        if before - least < 1e-4:
            break
    return Girths(*values)


def _shrunk(masks: Sequence[Mask]) -> tuple[list[Mask], float]:
    """The masks scaled to FIT_SIDE pixels on their longer side, and the factor."""
    height, width = masks[0].shape
    scale = min(1.0, FIT_SIDE / max(width, height))
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    return [np.asarray(cv2.resize(mask, size, interpolation=cv2.INTER_AREA), np.uint8) for mask in masks], scale


def _with_further_points(
    keypoints: Keypoints, girths: Girths, *, body_px: float
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """The joints and the further points, (31, 2) pixels, and which of them are known (31,)."""
    joints, seen = keypoints[:, :2].astype(np.float64), present(keypoints)
    points, known = np.zeros((POINTS, 2)), np.zeros(POINTS, bool)
    points[:25], known[:25] = joints, seen
    trunk = [RIGHT_SHOULDER, LEFT_SHOULDER, RIGHT_HIP, LEFT_HIP]
    if seen[trunk].all():
        right, left = joints[trunk[:2]] + WAIST_DOWN * (joints[trunk[2:]] - joints[trunk[:2]])
        points[RIGHT_WAIST], points[LEFT_WAIST] = right + WAIST_IN * (left - right), left - WAIST_IN * (left - right)
        known[[RIGHT_WAIST, LEFT_WAIST]] = True
    ears = [joint for joint in (RIGHT_EAR, LEFT_EAR) if seen[joint]] or [joint for joint in (NOSE,) if seen[joint]]
    if ears:
        points[HEAD] = joints[ears].mean(axis=0)
        up = points[HEAD] - joints[NECK] if seen[NECK] else np.array([0.0, -1.0])
        points[CROWN] = points[HEAD] + girths.crown * body_px * up / max(float(np.hypot(*up)), 1e-6)
        known[[HEAD, CROWN]] = True
    for elbow, wrist, hand in ((RIGHT_ELBOW, RIGHT_WRIST, RIGHT_HAND), (LEFT_ELBOW, LEFT_WRIST, LEFT_HAND)):
        if seen[elbow] and seen[wrist]:
            along = joints[wrist] - joints[elbow]
            # If a forearm points at the camera, so does its hand.
            points[hand] = joints[wrist] + girths.hand_reach * body_px * along / max(
                float(np.hypot(*along)), 0.4 * body_px
            )
            known[hand] = True
    return points, known
