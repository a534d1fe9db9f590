"""Figures of a target video that no video of a person has: the target check ends with them instead of warning.

What merely makes a poor teacher is `findings.judge`'s to say; that stops nothing.
"""

import math

from danceit_core.errors import ImaginationError
from danceit_core.imagination.check.measure import Figures

LEAST_HEAD_PX = 1


def check_possible(f: Figures, *, name: str) -> None:
    """Raise ImaginationError where a figure is none that a person's video can have: it must not seem to serve.

    name: of the target, for that message. Figures that say nothing (NaN: no dances, nobody counted) are fine.
    """
    compared = any(math.isfinite(share) for share in f.asked.values())
    tall = f"are {f.height:.0%} of the picture's height apart" if math.isfinite(f.height) else "are never seen together"
    impossible = [
        (f.usable_s <= 0, "no frame of the video is of use: film one person alone, in full view and in good light"),
        (not f.height > 0, f"nose and ankles {tall}: film the whole body upright, head to feet, or turn the video "
         "(column `rotate`)"),
        (not f.head_px >= LEAST_HEAD_PX, f"the head gets {f.head_px:.1f} pixels of the painted picture (limit "
         f"{LEAST_HEAD_PX}): film from nearer, or raise pose_gan.image_size"),
        (compared and not f.build > 0, f"the dances' torso measures {f.build:.1f} times the target's (it must be above "
         "0): film neck and hips of both"),
    ]  # fmt: skip
    for holds, sentence in impossible:
        if holds:
            raise ImaginationError(f"target {name} cannot be learnt: {sentence}")
