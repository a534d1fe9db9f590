"""A dance seen from above: the paths of hands, foot and hips over the floor, and the direction that the body faces.
It needs sources whose joints are known in space. A single picture does not tell how far away the dancer stands, so
the hips stay on one line; only arms and legs move in front of it and behind it.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from danceit_core.pose.bvh import Motion
from danceit_core.pose.humanoid import AT_POINT

# How often the body's front is shown, and the length of its arrow in metres.
ARROWS_A_SECOND, ARROW_M = 2.0, 0.35
BONE_AT = {joint: bone for bone, joint in AT_POINT.items()}


def draw_above(
    axes: Any, motion: Motion, frames: NDArray[np.int64], seams: NDArray[np.int64], *, paths: dict[int, tuple[str, str]]
) -> None:
    """Draw the paths of joints in some frames of a dance, the camera below; a dot on either side of each seam.

    paths: name and colour of each joint of BODY_25. Arrows show the body's front, the darker the later.
    """
    positions = motion.positions
    ends = np.concatenate([seams - 1, seams])
    for joint, (_, colour) in paths.items():
        x, z = positions[:, BONE_AT[joint], 0], positions[:, BONE_AT[joint], 2]
        axes.plot(x[frames], z[frames], color=colour, lw=1.3)
        axes.plot(x[ends], z[ends], "o", color=colour, ms=4)
    shown = frames[:: max(1, round(motion.fps / ARROWS_A_SECOND))]
    front, hips = motion.rotations[shown, 0][:, [0, 2], 2], positions[shown, 0][:, [0, 2]]
    late = np.linspace(0.75, 0.1, len(shown))
    axes.quiver(
        *hips.T, *(ARROW_M * front).T, color=[(grey, grey, grey) for grey in late], angles="xy", scale_units="xy",
        scale=1, width=0.006, zorder=3,
    )  # fmt: skip
    axes.set_aspect("equal", adjustable="datalim")
    axes.invert_yaxis()  # z grows towards the camera
    axes.set(xlabel="x, metres (the camera is below)", ylabel="towards the camera, metres")
    axes.tick_params(labelsize=8)
    axes.spines[["top", "right"]].set_visible(False)
