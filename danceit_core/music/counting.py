"""Which beat of its bar each beat is, where the beats are known: given by a user, or of a song whose tempo changes.

A beat is a downbeat by how much likelier the networks hear one near it than a beat that is none. The count runs on from
beat to beat; where it does not, as where two recordings are joined, that is dear.
"""

import numpy as np

from danceit_core.music.bars import METERS, Array, Bars, Index

# What is heard this near to a beat belongs to it; where next to nothing is, this much of either is heard.
NEAR_S, FLOOR = 0.06, 0.01
# The chance that the count does not run on at a beat.
SLIP = 1e-4


def count_places(times_s: Array, active: Array, *, fps: float, meters: tuple[int, ...] = METERS) -> Bars:
    """The bars of beats (B,) that are known, by (T, 2) probabilities of (beat that is no downbeat, downbeat) at fps."""
    if len(times_s) == 0 or len(active) == 0:
        return Bars(times_s, np.zeros(len(times_s), np.int64), 0, {}, 0.0)
    share = _downbeat_share(times_s, active, fps=fps)
    found = {meter: _count(share, meter) for meter in meters}
    scores = {meter: score for meter, (score, _) in found.items()}
    meter = max(scores, key=scores.__getitem__)
    return Bars(times_s, found[meter][1] + 1, meter, scores, len(active) / fps)


def _downbeat_share(times_s: Array, active: Array, *, fps: float) -> Array:
    """Downbeat / (beat + downbeat) of each beat, from the strongest probabilities near it; 0.5 where there is none."""
    reach = round(NEAR_S * fps)
    near = np.round(times_s * fps).astype(int)[:, None] + np.arange(-reach, reach + 1)
    best = active[near.clip(0, len(active) - 1)].max(axis=1) + FLOOR  # (B, 2)
    return np.asarray(best[:, 1] / best.sum(axis=1))


def _count(share: Array, meter: int) -> tuple[float, Index]:
    """(log-likelihood, places (B,) from 0) of the likeliest count, by Viterbi."""
    places = np.arange(meter)
    told = np.where(places == 0, np.log(share)[:, None], np.log(1 - share)[:, None])  # (B, meter)
    step = np.full((meter, meter), np.log(SLIP / max(meter - 1, 1)))  # (from, to)
    step[places, (places + 1) % meter] = np.log(1 - SLIP)
    score = told[0] - np.log(meter)
    came_from = np.zeros((len(share), meter), np.int64)
    for beat in range(1, len(share)):
        arriving = score[:, None] + step
        came_from[beat] = arriving.argmax(axis=0)
        score = arriving.max(axis=0) + told[beat]
    path = np.empty(len(share), np.int64)
    path[-1] = score.argmax()
    for beat in range(len(share) - 1, 0, -1):
        path[beat - 1] = came_from[beat, path[beat]]
    return float(score.max()), path
