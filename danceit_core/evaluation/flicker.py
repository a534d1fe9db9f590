"""Visible flicker where a part of the body switches from one source frame (of the person's own video) to another.

    switch_ratio     difference of two consecutive finished frames beyond what the poses' movement explains, where a
                     part switches to another source frame, over the usual difference at a similar movement (1: no
                     visible switch); with
    switch_low, _high  its 95 % interval, by resampling the switches

The previous frame is carried along the bones of the two poses (`recall.bone_motion`); the remaining difference is
averaged over the pixels of each part, in grey levels. It grows with the movement, since bones explain movement only in
part, and parts switch where movement is large. A step with a switch is therefore compared with the most similar steps
of the same part without a switch: similar in the speed of its joints and in how much its look changes (bend,
foreshortening, facing: `recall.describe`). A turn faster than any without a switch still counts against the switch.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from danceit_core.errors import ImaginationError
from danceit_core.imagination.recall.bone_motion import carry
from danceit_core.imagination.recall.describe import describe
from danceit_core.imagination.recall.parts import BODY_LAYER, HEAD, HEAD_JOINTS, LIMBS, NAMES, PARTS, TRUNK, Part
from danceit_core.imagination.recall.provenance import NOBODY, Origins
from danceit_core.media.letterbox import Picture
from danceit_core.pose.capsules import body_size
from danceit_core.pose.skeleton import LEFT_HIP, LEFT_SHOULDER, RIGHT_HIP, RIGHT_SHOULDER, Keypoints, present

# How far from its surface a pixel still belongs to the part, body sizes.
NEAR = 0.05
# How far a shirt reaches beyond the lines between shoulders and hips, body sizes.
CLOTH = 0.12
SHIFT = 4
SUBPIXELS = 2**SHIFT
CORNERS = (RIGHT_SHOULDER, LEFT_SHOULDER, LEFT_HIP, RIGHT_HIP)
Place = NDArray[np.float32]
LEGS = tuple(number for number in LIMBS if PARTS[number].layer == BODY_LAYER)
# Number of steps of similar movement that a switch is compared with.
ALIKE = 5
# Body sizes per frame below which all movements count as equally slow.
STILL = 0.01
# Pictures are shrunk to this body size in pixels, so that the result does not depend on the resolution.
BODY_PX = 75.0
# A part with fewer steps without a switch is left out: too few to estimate the usual difference.
LEAST_STEPS = 5
RESAMPLED = 1000


@dataclass(frozen=True)
class Steps:
    """The difference from frame to frame that the poses do not explain, and how parts move; NaN where not known.

    residual (T, P): mean grey levels. movement (T, P, 2): logarithms of the speed of the part's joints and of how much
    its look changes.
    """

    residual: NDArray[np.float64]
    movement: NDArray[np.float64]


def measure_steps(pictures: Iterable[Picture], poses: Keypoints) -> Steps:
    """Each step of a finished video: pictures uint8 (H, W, 3), one for each of (T, 25, 3) poses in their pixels."""
    sizes = body_size(poses)
    body_px = float(np.nanquantile(sizes, 0.9)) if np.isfinite(sizes).any() else BODY_PX
    scale = min(1.0, BODY_PX / body_px)
    small = poses * np.array([scale, scale, 1], np.float32)
    residual = np.full((len(poses), len(PARTS)), np.nan)
    before: Picture | None = None
    for number, picture in enumerate(pictures):
        now = cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA) if scale < 1 else picture
        if before is not None and present(poses[number]).any() and present(poses[number - 1]).any():
            residual[number] = _unexplained(before, now, small[number - 1], small[number], body_px=scale * body_px)
        before = now
    return Steps(residual, part_movements(poses, body_px=body_px))


def part_movements(poses: Keypoints, *, body_px: float) -> NDArray[np.float64]:
    """How each part moves in a step, (T, P, 2): `Steps.movement`; NaN in the first step and for missing joints."""
    joints = np.where(present(poses)[..., None], poses[..., :2], np.nan) / body_px
    moved = np.linalg.norm(np.diff(joints, axis=0), axis=-1)  # (T - 1, 25)
    movement = np.full((len(poses), len(PARTS), 2), np.nan)
    for number, (part, look) in enumerate(zip(PARTS, describe(poses, body_px=body_px), strict=True)):
        mine = moved[:, sorted({*part.look, part.root})]
        known = ~np.isnan(mine)
        speed = np.where(known.any(1), np.nansum(mine, 1) / np.maximum(known.sum(1), 1), np.nan)
        change = np.linalg.norm(np.diff(look, axis=0), axis=-1)
        movement[1:, number] = np.log(np.stack([speed, change], -1) + STILL)
    return movement


def _unexplained(
    before: Picture, now: Picture, pose_before: Keypoints, pose: Keypoints, *, body_px: float
) -> NDArray[np.float64]:
    """Mean difference, in each part's pixels (P,), between a picture and the previous one carried along the bones."""
    height, width = now.shape[:2]
    seen = present(pose)
    margin = 0.8 * body_px
    low = np.floor(pose[seen, :2].min(0) - margin).clip(0, (width - 1, height - 1)).astype(int)
    high = np.ceil(pose[seen, :2].max(0) + margin).clip(low + 1, (width, height)).astype(int)
    cut = np.s_[low[1] : high[1], low[0] : high[0]]
    here, there = pose.copy(), pose_before.copy()
    here[:, :2] -= low
    there[:, :2] -= low
    moved = carry(np.ascontiguousarray(before[cut]), there, here, body_px=body_px)
    difference = cv2.absdiff(moved, now[cut]).mean(-1)
    owners = part_masks(here, size=(difference.shape[1], difference.shape[0]), body_px=body_px)
    return np.array(
        [difference[owners == part].mean() if (owners == part).any() else np.nan for part in range(len(PARTS))]
    )


def part_masks(pose: Keypoints, *, size: tuple[int, int], body_px: float) -> NDArray[np.int16]:
    """Which of PARTS each pixel (H, W) of a picture of `size` belongs to, by the pose (25, 3); -1: none.

    Arms are in front of the head, the head in front of the trunk, the trunk in front of the legs.
    """
    owner = np.full(size[::-1], -1, np.int16)
    seen, points = present(pose), np.round(pose[:, :2] * SUBPIXELS).astype(int)
    for number in sorted(range(len(PARTS)), key=_drawn_when):
        part = PARTS[number]
        thick = max(1, round(2 * (part.radius + NEAR) * body_px))
        if number == TRUNK and seen[list(CORNERS)].all():
            hull = cv2.convexHull(points[list(CORNERS)])
            cv2.fillConvexPoly(owner, hull, number, cv2.LINE_8, SHIFT)
            cv2.polylines(owner, [hull], True, number, max(1, round(2 * CLOTH * body_px)), cv2.LINE_8, SHIFT)
        elif number == HEAD and seen[list(HEAD_JOINTS)].any():
            centre = points[[joint for joint in HEAD_JOINTS if seen[joint]]].mean(0).astype(int)
            cv2.circle(owner, centre.tolist(), thick * SUBPIXELS // 2, number, -1, cv2.LINE_8, SHIFT)
        elif part.bones and seen[[joint for bone in part.bones for joint in bone]].all():
            for start, end in _lines(part, pose, seen, body_px=body_px):
                one, other = (np.round(point * SUBPIXELS).astype(int).tolist() for point in (start, end))
                cv2.line(owner, one, other, number, thick, cv2.LINE_8, SHIFT)
    return owner


def _lines(part: Part, pose: Keypoints, seen: NDArray[np.bool_], *, body_px: float) -> list[tuple[Place, Place]]:
    """The bones of a limb, with its hand, which continues beyond the wrist, or its foot."""
    xy, (_, (upper, tip)) = pose[:, :2], part.bones
    lines = [(xy[a], xy[b]) for a, b in part.bones]
    foot = [joint for joint in part.look if joint not in (upper, tip) and seen[joint]]
    if foot:
        return [*lines, *((xy[tip], xy[joint]) for joint in foot)]
    bone = xy[tip] - xy[upper]
    beyond = part.beyond * body_px / max(float(np.linalg.norm(bone)), 1.0)
    return [*lines, (xy[tip], xy[tip] + beyond * bone)]


def _drawn_when(number: int) -> tuple[int, int]:
    return PARTS[number].layer, (*LEGS, TRUNK, HEAD).index(number) if PARTS[number].layer == BODY_LAYER else number


@dataclass(frozen=True)
class Switches:
    """The steps at which a part switches to another source frame: frame and part (S,), and ratio to the usual (S,).

    over: the unexplained difference there over the usual one at a similar movement without a switch.
    """

    frame: NDArray[np.int64]
    part: NDArray[np.int64]
    found: NDArray[np.float64]
    usual: NDArray[np.float64]

    @property
    def over(self) -> NDArray[np.float64]:
        """The ratio of each switch (S,)."""
        return self.found / self.usual

    def of_part(self, part: int) -> "Switches":
        """The switches of one part."""
        mine = self.part == part
        return Switches(self.frame[mine], self.part[mine], self.found[mine], self.usual[mine])

    def ratio(self) -> float:
        """The difference found at the switches over the usual one, both summed; NaN without a switch."""
        return float(self.found.sum() / self.usual.sum()) if len(self.found) else float("nan")

    def interval(self, rng: np.random.Generator) -> tuple[float, float]:
        """95 % interval of the ratio. The switches of one frame are resampled together: they are seen as one event."""
        if not len(self.found):
            return float("nan"), float("nan")
        _, event = np.unique(self.frame, return_inverse=True)
        found, usual = (np.bincount(event, values) for values in (self.found, self.usual))
        drawn = rng.integers(0, len(found), (RESAMPLED, len(found)))
        low, high = np.quantile(found[drawn].sum(1) / usual[drawn].sum(1), (0.025, 0.975))
        return float(low), float(high)


def find_switches(steps: Steps, origins: Origins) -> Switches:
    """The steps of a video at which parts switch to other source frames, with the usual difference at similar movement.

    Parts with fewer than LEAST_STEPS steps without a switch are left out. Raises ImaginationError if video and origins
    do not belong to the same dance.
    """
    if len(origins) != len(steps.residual):
        raise ImaginationError(
            f"the video has {len(steps.residual)} frames, the table of its pixels' origins {len(origins)}; delete both "
            "files and run again"
        )
    passing = origins.passing()
    rows = []
    for part in range(len(PARTS)):
        residual, movement = steps.residual[:, part], steps.movement[:, part]
        known = np.isfinite(residual) & np.isfinite(movement).all(-1) & (origins.lender[:, part] != NOBODY)
        calm = np.flatnonzero(known & (passing[:, part] == 0))
        if len(calm) < LEAST_STEPS:
            continue
        spread = np.maximum(movement[known].std(0), 1e-6)
        for frame in np.flatnonzero(known & (passing[:, part] > 0)):
            apart = np.square((movement[calm] - movement[frame]) / spread).sum(-1)
            alike = calm[np.argsort(apart, kind="stable")[:ALIKE]]
            rows.append((frame, part, residual[frame], residual[alike].mean()))
    table = np.array(rows, float).reshape(-1, 4)
    whole = table[:, :2].astype(np.int64)
    return Switches(whole[:, 0], whole[:, 1], table[:, 2], np.maximum(table[:, 3], 1e-6))


def switch_scores(switches: Switches, *, rng: np.random.Generator) -> dict[str, float]:
    """`switches` (their number), `switch_ratio`, `switch_low`, `switch_high`, and `switch_<part>` of each part."""
    low, high = switches.interval(rng)
    return {
        "switches": float(len(switches.found)),
        "switch_ratio": switches.ratio(),
        "switch_low": low,
        "switch_high": high,
        **{f"switch_{name}": switches.of_part(number).ratio() for number, name in enumerate(NAMES)},
    }
