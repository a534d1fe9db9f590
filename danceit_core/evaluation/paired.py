"""Intervals of the choreography's scores, paired by song.

The intervals are of 95 %, from resampling the songs (BOOTSTRAP_DRAWS times; Efron and Tibshirani, "An Introduction to
the Bootstrap", 1993, 13.3); a single song has none. Songs differ more than variants do, and all variants dance to the
same songs. Each row is therefore also compared with a reference song by song (`_gain`: the difference from it), and
rows of the same songs draw the same songs. The real dances have other songs.
"""

from collections.abc import Collection, Mapping

import numpy as np
from numpy.typing import ArrayLike, NDArray

from danceit_core.pose.movement import mean_present

BOOTSTRAP_DRAWS = 1000
# The scores that have intervals.
INTERVALS = (
    "s_ba_max_0", "s_ba_max_1", "s_ba_min_1", "beat_align_music", "beat_align_motion", "seams_on_bars", "downbeats_met",
    "repeat_more", "repeat_mirrored_more",
)  # fmt: skip


def add_intervals(
    scores: Mapping[str, dict[str, float]],
    songs: Mapping[str, NDArray[np.float64]],
    *,
    reference: str,
    unpaired: Collection[str] = (),
    seed: int,
) -> None:
    """Add to each row of `scores` the intervals of its INTERVALS, and of its differences from the reference.

    songs: the scores of each row by song, (S, len(INTERVALS)). Adds `_low` and `_high` after each name; for rows with
    as many dances as the reference, to the same songs in the same order, also `_gain`, `_gain_low`, `_gain_high`.
    unpaired: rows with other songs, whatever their number.
    """
    usual = songs.get(reference)
    for name, own in songs.items():
        # The same seed, so that rows of the same songs draw the same ones.
        low, high = bootstrap(own, rng=np.random.default_rng(seed))
        found = {"_low": low, "_high": high}
        if usual is not None and name not in (reference, *unpaired) and len(own) == len(usual):
            low, high = bootstrap(own - usual, rng=np.random.default_rng(seed))
            found |= {"_gain": mean_present(own - usual, axis=0), "_gain_low": low, "_gain_high": high}
        for suffix, values in found.items():
            scores[name].update({f"{key}{suffix}": float(v) for key, v in zip(INTERVALS, values, strict=True)})


def bootstrap(values: ArrayLike, *, rng: np.random.Generator) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Bounds (K,) of the 95 % intervals of the means of values (S, K) over S songs, by resampling the songs.

    NaN is left out of a mean; bounds are NaN where fewer than two songs are known.
    """
    table = np.asarray(values, float)
    drawn = rng.integers(len(table), size=(BOOTSTRAP_DRAWS, len(table)))
    means = np.array([mean_present(table[songs], axis=0) for songs in drawn])  # (draws, K)
    low, high = np.full((2, table.shape[1]), np.nan)
    enough = (~np.isnan(table)).sum(0) >= 2
    if enough.any():
        low[enough], high[enough] = np.nanpercentile(means[:, enough], [2.5, 97.5], axis=0)
    return low, high
