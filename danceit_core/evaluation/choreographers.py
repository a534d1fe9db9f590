"""Scores of choreographers' dances with annotated movements: the reference for the scores of `form`.

The figures are of 43 ballroom dances (7 cha-chas, 8 rumbas, 3 tangos, 25 waltzes): Ye et al., "ChoreoNet", ACM MM 2020,
and Tang, Jia, Mao, "Dance with Melody", ACM MM 2018. `benchmarks/choreographers.py` measures them. Their annotation
says where each movement begins and what it is called, but not which beat is the first of a bar. Bars are assumed where
most movements begin. This raises the scores, so chance is also computed with the best phase.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from danceit_core.evaluation.form import on_bars
from danceit_core.music.table import Beats

CHANCE_DRAWS = 100
# Means over the dances, and the shares of their movements' lengths in beats, by metre.
REAL_FORM = {"starts_on_bars": 0.922, "beats_on_bars": 0.391, "danced_before": 0.222}
REAL_LENGTHS: dict[int, dict[int, float]] = {
    4: {2: 0.218, 4: 0.415, 6: 0.1, 8: 0.201, 12: 0.045, 16: 0.009, 17: 0.012},
    3: {3: 0.896, 6: 0.07, 12: 0.034},
}


def most_bars(times_s: ArrayLike, beats_s: ArrayLike, *, meter: int, fps: float) -> Beats:
    """The beats (B,) of a dance, in bars of `meter` beats placed so that most of `times_s` lie on first beats."""
    beats = np.asarray(beats_s, np.float64)
    tempo = 60 / float(np.median(np.diff(beats)))
    number = np.arange(len(beats))
    phases = [Beats(beats, tempo, place=(number - first) % meter + 1, meter=meter) for first in range(meter)]
    return max(phases, key=lambda one: on_bars(times_s, one, fps=fps))


def annotated_scores(
    starts_s: ArrayLike, names: Sequence[Any], beats_s: ArrayLike, *, meter: int, fps: float, rng: np.random.Generator
) -> dict[str, float]:
    """Scores of one dance whose movements begin at starts_s (M,), seconds, and are called `names` (M,).

    Keys as in `form.form_scores`: `starts_on_bars` (of all movements but the first), `beats_on_bars` (the same for as
    many beats drawn at random, with bars where most of those lie), `danced_before`.
    """
    starts, beats = np.asarray(starts_s, np.float64)[1:], np.asarray(beats_s, np.float64)

    def share(times: NDArray[np.float64]) -> float:
        return on_bars(times, most_bars(times, beats, meter=meter, fps=fps), fps=fps)

    draws = [rng.choice(beats, size=len(starts), replace=len(starts) > len(beats)) for _ in range(CHANCE_DRAWS)]
    return {
        "starts_on_bars": share(starts),
        "beats_on_bars": float(np.mean([share(drawn) for drawn in draws])),
        "danced_before": 1 - len(set(names)) / len(names),
    }
