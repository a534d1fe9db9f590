"""The thickness of a target person's limbs, from the outlines of their own video."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from danceit_core.media.mask_video import probe_masks, read_masks
from danceit_core.pose.silhouette import Girths, fit_girths, steady_size
from danceit_core.pose.skeleton import BODY, Keypoints, present
from danceit_core.pose.table import PoseTable

# Number of outlines used for the fit, spread over the video.
FITTED = 24


def own_girths(target: PoseTable, outlines: str | Path) -> Girths:
    """The girths of a target's person.

    target: the target on their plate (`results/camera/{target}.parquet`); row k belongs to mask k of the video
    `outlines`. Raises MediaError if that cannot be read.
    """
    keypoints = in_store(target)[: probe_masks(outlines).frames]
    kept = np.asarray(target.columns.get("kept", np.ones(len(keypoints), bool)), bool)[: len(keypoints)]
    shown = np.flatnonzero(kept & np.all(present(keypoints)[:, list(BODY)], axis=1))
    if not len(shown):
        return Girths()
    chosen = shown[np.unique(np.linspace(0, len(shown) - 1, FITTED).astype(int))]
    body_px = steady_size(keypoints, fps=target.fps)
    return fit_girths(keypoints[chosen], list(read_masks(outlines, chosen)), body_px=body_px[chosen])


def in_store(target: PoseTable) -> Keypoints:
    """Keypoints of a target (T, 25, 3) in pixels of the frame store, to which the outlines belong."""
    if "camera" not in target.columns:
        return target.keypoints
    back: NDArray[np.float64] = np.linalg.inv(target.columns["camera"].astype(np.float64))
    places = np.concatenate([target.keypoints[..., :2], np.ones_like(target.keypoints[..., :1])], axis=-1)
    # (T, 3, 3) times (T, 25, 3)
    moved = np.einsum("tij,tkj->tki", back, places.astype(np.float64))
    keypoints = target.keypoints.copy()
    keypoints[..., :2] = moved[..., :2] / moved[..., 2:]
    return np.where(present(target.keypoints)[..., None], keypoints, np.float32(0))
