"""Figures of a target video that no video of a person can have: the target check fails on them instead of warning.

A video that is merely poor for training is reported by `findings.judge` and does not stop the run.
"""

import math

from danceit_core.errors import ImaginationError
from danceit_core.imagination.check.measure import Figures

LEAST_HEAD_PX = 1


def check_possible(f: Figures, *, name: str) -> None:
    """Raise ImaginationError if a figure is impossible for a video of a person.

    name: the target's, for that message. Unknown figures (NaN: no dances, people not counted) are accepted.
    """
    compared = any(math.isfinite(share) for share in f.asked.values())
    tall = f"are {f.height:.0%} of the picture's height apart" if math.isfinite(f.height) else "are never seen together"
    impossible = [
        (f.usable_s <= 0, "no frame of the video is usable: film one person alone, in full view and in good light"),
        (not f.height > 0, f"nose and ankles {tall}: film the whole body upright, head to feet, or turn the video "
         "(column `rotate`)"),
        (not f.head_px >= LEAST_HEAD_PX, f"the head has {f.head_px:.1f} pixels in the painted picture (limit "
         f"{LEAST_HEAD_PX}): film from nearer, or raise pose_gan.image_size"),
        (compared and not f.build > 0, f"the dances' torso measures {f.build:.1f} times the target's (it must be above "
         "0): film neck and hips of both"),
    ]  # fmt: skip
    for holds, sentence in impossible:
        if holds:
            raise ImaginationError(f"target {name} cannot be learnt: {sentence}")
