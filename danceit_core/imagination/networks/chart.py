"""Where on the body each pixel lies: a chart that helps the generator to place clothes (not in the paper).

A stick figure says where the joints are; how far down the shirt a pixel lies, the network must work out over long
distances. The chart tells it: for trunk, head, each arm and each leg, every pixel near that part gets its place
along the part and across it, in body sizes, and trunk and head also which way they face. 0 elsewhere.
"""

import numpy as np
from numpy.typing import NDArray

from danceit_core.pose.skeleton import (
    LEFT_ANKLE,
    LEFT_EAR,
    LEFT_ELBOW,
    LEFT_HIP,
    LEFT_KNEE,
    LEFT_SHOULDER,
    LEFT_WRIST,
    MID_HIP,
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

# Chains of joints, how far the part reaches beyond the last one (share of the last bone) and sideways (body sizes),
# and the pair (right, left) whose order tells front from back.
_PARTS: tuple[tuple[tuple[int, ...], float, float, tuple[int, int] | None], ...] = (
    ((NECK, MID_HIP), 0.25, 0.6, (RIGHT_SHOULDER, LEFT_SHOULDER)),
    ((NECK, NOSE), 1.0, 0.5, (RIGHT_EAR, LEFT_EAR)),
    ((RIGHT_SHOULDER, RIGHT_ELBOW, RIGHT_WRIST), 1.0, 0.3, None),
    ((LEFT_SHOULDER, LEFT_ELBOW, LEFT_WRIST), 1.0, 0.3, None),
    ((RIGHT_HIP, RIGHT_KNEE, RIGHT_ANKLE), 0.5, 0.35, None),
    ((LEFT_HIP, LEFT_KNEE, LEFT_ANKLE), 0.5, 0.35, None),
)
CHANNELS = sum(2 + (pair is not None) for *_, pair in _PARTS)
# One picture pixel in two: places change slowly.
STEP = 2


def body_chart(
    keypoints: Keypoints, *, left: int, top: int, size: tuple[int, int], body_px: float
) -> NDArray[np.float32]:
    """Chart (CHANNELS, H / 2, W / 2), about -1..2, of the `size` (width, height) window at left, top.

    keypoints: (25, 3) pixels of the picture; body_px: body size in them, > 0. A part without its joints is 0.
    """
    width, height = size[0] // STEP, size[1] // STEP
    x = (left + STEP * (np.arange(width, dtype=np.float32) + 0.5))[None, :]
    y = (top + STEP * (np.arange(height, dtype=np.float32) + 0.5))[:, None]
    chart = np.zeros((CHANNELS, height, width), np.float32)
    seen = present(keypoints)
    channel = 0
    for chain, beyond, reach, pair in _PARTS:
        points = keypoints[[joint for joint in chain if seen[joint]], :2]
        inside = _place_on_chain(chart[channel : channel + 2], points, x=x, y=y, beyond=beyond, reach=reach * body_px)
        if pair is not None:
            if seen[list(pair)].all():
                facing = (keypoints[pair[1], 0] - keypoints[pair[0], 0]) / body_px
                chart[channel + 2] = np.where(inside, facing, 0)
            channel += 1
        channel += 2
    return chart


def _place_on_chain(
    out: NDArray[np.float32], points: NDArray[np.float32], *, x: NDArray, y: NDArray, beyond: float, reach: float
) -> NDArray[np.bool_]:
    """Write along and across (2, h, w) for a chain of points (n, 2); returns which pixels are within reach (h, w)."""
    nearest = np.full(out.shape[1:], reach * reach, np.float32)
    bones = len(points) - 1
    for number in range(bones):
        start, bone = points[number], points[number + 1] - points[number]
        length2 = max(float(bone @ bone), 1.0)
        dx, dy = x - start[0], y - start[1]
        along = (dx * bone[0] + dy * bone[1]) / length2
        held = along.clip(0, 1 + beyond if number == bones - 1 else 1)
        distance2 = (dx - held * bone[0]) ** 2 + (dy - held * bone[1]) ** 2
        # Half a bone is added, so that a place along the part is seldom 0, which means "not here".
        across = (dx * -bone[1] + dy * bone[0]) / (np.sqrt(length2) * reach)
        closer = distance2 < nearest
        nearest = np.where(closer, distance2, nearest)
        out[0] = np.where(closer, (number + along + 0.5) / (bones + 0.5), out[0])
        out[1] = np.where(closer, across, out[1])
    return nearest < reach * reach
