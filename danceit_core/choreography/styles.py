"""Styles of dances and songs: what a song that names one may dance, and what the matcher takes the others for."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from danceit_core.choreography.library import Library, Rows
from danceit_core.errors import ConfigError

# Of the nearest fragments to each part of a song so many vote.
VOTERS = 20


def has_style(library: Library, style: str, styles: Mapping[str, str]) -> NDArray[np.bool_]:
    """Which fragments (N,) are of videos of a style. styles: of each video.

    Raises ConfigError where there is none.
    """
    of_dance = np.array([styles.get(str(video), "") == style for video in library.dances.video], bool)
    found = of_dance[library.dance]
    if not found.any():
        known = sorted({name for name in styles.values() if name})
        raise ConfigError(
            f"songs table: no fragment of the database has the style {style!r}; column style of the videos table knows "
            f"{', '.join(map(repr, known)) or 'none'}"
        )
    return found


def vote(library: Library, rows: Rows, styles: Mapping[str, str]) -> dict[str, float]:
    """Which share of the fragments nearest to a song has which style, the largest first.

    rows (S, K): of each part of the song, nearest first. styles: of each video; none has one: {}. Fragments without a
    style do not vote.
    """
    names = np.array([styles.get(str(video), "") for video in library.dances.video], object)
    found = names[library.dance[rows[:, :VOTERS].ravel()]]
    found = found[found != ""].astype(str)
    kinds, counts = np.unique(found, return_counts=True)
    order = np.argsort(-counts, kind="stable")
    return {str(kinds[k]): round(float(counts[k] / len(found)), 4) for k in order.tolist()}
