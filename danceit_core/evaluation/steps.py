"""A finished dance as it was after each step of its alignment, recomputed from the plan to show each step's effect.

It takes about a second, so only the finished poses need to be stored.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from danceit_core.choreography.align import Source, join, read_clips
from danceit_core.choreography.curve import Array, hide_absent
from danceit_core.choreography.floor import Floor
from danceit_core.choreography.plan import Plan
from danceit_core.choreography.seams import cut
from danceit_core.choreography.spatial import context_frames
from danceit_core.config import SpatialSettings
from danceit_core.pose.skeleton import BODY
from danceit_core.pose.table import PoseTable


@dataclass(frozen=True)
class Steps:
    """A dance of T frames after each step, keypoints (T, 25, 3) in pixels of its floor, absent joints NaN.

    retrieved: the fragments in the target's size, with hard cuts. joined: seams closed (spatial alignment). aligned: on
    the beats, the finished dance. seams (S,): first frames of the clips, without the first, in `retrieved` and
    `joined`; aligned_seams: in `aligned`, as moved by the alignment to the beats. shown_fps: frame rate of the finished
    video, in which steps are seen (`motion_beats.seen_s`).
    """

    retrieved: Array
    joined: Array
    aligned: Array
    seams: NDArray[np.int64]
    aligned_seams: NDArray[np.int64]
    fps: float
    size: tuple[int, int]
    shown_fps: float

    def __len__(self) -> int:
        return len(self.aligned)


def retrace(
    plan: Plan,
    sources: Mapping[str, Source],
    made: PoseTable,
    *,
    floor: Floor,
    spatial: SpatialSettings,
    shown_fps: float,
) -> Steps:
    """The steps that led to `made`, a finished dance as `rate.danced` gives it, by the target person on their floor.

    shown_fps: frame rate of the finished video.
    """
    target, context = floor.body, context_frames(spatial)
    lengths = floor.lengths if spatial.own_proportions else None
    clips = read_clips(plan, sources, target=target, context=context, fps=made.fps, lengths=lengths)
    retrieved = cut(clips, context=context)
    retrieved[..., 0] += target.centre_x
    aligned = hide_absent(made.keypoints)
    aligned[..., :2] -= floor.box[:2]
    return Steps(
        retrieved=retrieved,
        joined=join(plan, sources, **floor.place, fps=made.fps, spatial=spatial),
        aligned=aligned,
        seams=plan.seams,
        aligned_seams=np.array(made.metadata.get("seams", []), np.int64),
        fps=made.fps,
        size=floor.size,
        shown_fps=shown_fps,
    )


def largest_steps(keypoints: Array) -> Array:
    """The greatest step of any body joint into each frame (T,), pixels; 0 where none is seen."""
    steps = np.linalg.norm(np.diff(keypoints[:, BODY, :2], axis=0), axis=-1)
    return np.concatenate([[0.0], np.nan_to_num(steps).max(axis=1)]) if len(keypoints) else np.zeros(0)


def roughest_seam(steps: Steps) -> int | None:
    """Number of the seam whose hard cut makes the largest step; None for a dance without seams."""
    return int(largest_steps(steps.retrieved)[steps.seams].argmax()) if len(steps.seams) else None
