"""Features between beats or bar lines."""

import numpy as np
from numpy.typing import NDArray

from danceit_core.music.columns import Features

Rows = NDArray[np.float64]


def mean_between(features: Features, edges_s: NDArray[np.float64], *, fps: float) -> Rows:
    """The mean of features (T, D), row k over k / fps to (k + 1) / fps s, between edges (B,) in seconds: (B - 1, D).

    A row cut by an edge counts by its share; beyond the features the values are 0.
    """
    sums = np.concatenate([np.zeros((1, features.shape[1])), features.cumsum(axis=0, dtype=np.float64)])
    at = (edges_s * fps).clip(0, len(features))
    low = at.astype(int).clip(0, max(len(features) - 1, 0))
    upto = sums[low] + (at - low)[:, None] * (sums[np.minimum(low + 1, len(features))] - sums[low])
    return np.asarray(np.diff(upto, axis=0) / np.maximum(np.diff(at), 1e-9)[:, None])
