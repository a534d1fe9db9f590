"""Styles of dances and songs: the fragments that a song with a style may dance; the style a matcher finds in others."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from danceit_core.choreography.library import Library, Rows
from danceit_core.errors import ConfigError

# How many of the fragments nearest to each part of a song vote.
VOTERS = 20


def has_style(library: Library, style: str, styles: Mapping[str, str]) -> NDArray[np.bool_]:
    """Which fragments (N,) come from videos of a style. styles: the style of each video.

    Raises ConfigError if there is none.
    """
    of_dance = np.array([styles.get(str(video), "") == style for video in library.dances.video], bool)
    found = of_dance[library.dance]
    if not found.any():
        known = sorted({name for name in styles.values() if name})
        raise ConfigError(
            f"songs table: no fragment of the database has the style {style!r}; use one from column style of the "
            f"videos table: {', '.join(map(repr, known)) or 'none is given there'}"
        )
    return found


def vote(library: Library, rows: Rows, styles: Mapping[str, str]) -> dict[str, float]:
    """The share of each style among the fragments nearest to a song, the largest first.

    rows (S, K): those of each part of the song, nearest first. styles: the style of each video; {} if none has one.
    Fragments without a style do not vote.
    """
    names = np.array([styles.get(str(video), "") for video in library.dances.video], object)
    found = names[library.dance[rows[:, :VOTERS].ravel()]]
    found = found[found != ""].astype(str)
    kinds, counts = np.unique(found, return_counts=True)
    order = np.argsort(-counts, kind="stable")
    return {str(kinds[k]): round(float(counts[k] / len(found)), 4) for k in order.tolist()}
