"""Find the place of each beat in its bar, and the number of beats per bar.

Two signs show that a beat begins a bar: the networks detect a downbeat rather than another beat, and the harmony
changes. The networks alone count the bars of slow songs from the wrong beat (docs/music.md has the figures); the
harmony rarely does. The count normally continues from beat to beat; a break, as in joined recordings, is penalised.
"""

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import uniform_filter1d

from danceit_core.music.bars import METERS, Array, Index
from danceit_core.music.columns import Features
from danceit_core.music.synchronous import mean_between

# Probabilities this near to a beat belong to it; FLOOR is added to both for beats with almost none.
NEAR_S, FLOOR = 0.06, 0.01
# The probability that the count breaks at a beat.
SLIP = 1e-6
# Nats per standard deviation of a change of harmony, and the change that counts nothing, standard deviations.
HARMONY, USUAL = 1.5, 0.5
# Maximum evidence of a beat, nats.
MOST = 9.0
# Deviations from the mean over half an octave of bands are tones, the rest is timbre.
HALF_OCTAVE = 12


@dataclass(frozen=True)
class Count:
    """place (B,) of each beat in its bar from 1, meter: beats per bar; margin: how much more likely it is than the
    other one, nats per second (0: there is none)."""

    place: Index
    meter: int
    margin: float = 0.0


def count_places(
    times_s: Array, active: Array, bands: Features, *, fps: float, bands_fps: float, meters: tuple[int, ...] = METERS
) -> Count:
    """The bars of beats (B,), the best of `meters`.

    active: (T, 2) probabilities of (beat that is not a downbeat, downbeat) at fps; bands: (S, D) log-spectrum at
    bands_fps.
    """
    if len(times_s) < 2 or len(active) == 0:
        return Count(np.zeros(len(times_s), np.int64), 0)
    told = _downbeat_odds(times_s, active, fps=fps) + HARMONY * (harmony_change(times_s, bands, fps=bands_fps) - USUAL)
    found = {meter: _count(told.clip(-MOST, MOST), meter) for meter in meters}
    meter = max(found, key=lambda meter: found[meter][0])
    scores = sorted((score for score, _ in found.values()), reverse=True)
    margin = (scores[0] - scores[1]) / (times_s[-1] - times_s[0]) if len(scores) > 1 else 0.0
    return Count(found[meter][1] + 1, meter, float(margin))


def harmony_change(times_s: Array, bands: Features, *, fps: float) -> Array:
    """Change of the tones at each beat (B,) from the previous beat: mean 0, standard deviation 1."""
    spectra = mean_between(bands, np.append(times_s, 2 * times_s[-1] - times_s[-2]), fps=fps)  # (B, D)
    tones = spectra - uniform_filter1d(spectra, HALF_OCTAVE, axis=1)
    tones /= np.maximum(np.linalg.norm(tones, axis=1, keepdims=True), 1e-9)
    change = np.append(0.0, 1 - (tones[1:] * tones[:-1]).sum(axis=1))
    return np.asarray((change - change.mean()) / max(change.std(), 1e-9))


def _downbeat_odds(times_s: Array, active: Array, *, fps: float) -> Array:
    """Logarithm of downbeat / beat at each beat, from the strongest probabilities near it; 0 without any."""
    reach = round(NEAR_S * fps)
    near = np.round(times_s * fps).astype(int)[:, None] + np.arange(-reach, reach + 1)
    best = active[near.clip(0, len(active) - 1)].max(axis=1) + FLOOR  # (B, 2)
    return np.asarray(np.log(best[:, 1] / best[:, 0]))


def _count(odds: Array, meter: int) -> tuple[float, Index]:
    """(log-likelihood, places (B,) from 0) of the most likely count, by Viterbi. odds: log odds of a downbeat."""
    places = np.arange(meter)
    told = np.where(places == 0, -np.logaddexp(0, -odds)[:, None], -np.logaddexp(0, odds)[:, None])  # (B, meter)
    step = np.full((meter, meter), np.log(SLIP / max(meter - 1, 1)))  # (from, to)
    step[places, (places + 1) % meter] = np.log(1 - SLIP)
    score = told[0] - np.log(meter)
    came_from = np.zeros((len(odds), meter), np.int64)
    for beat in range(1, len(odds)):
        arriving = score[:, None] + step
        came_from[beat] = arriving.argmax(axis=0)
        score = arriving.max(axis=0) + told[beat]
    path = np.empty(len(odds), np.int64)
    path[-1] = score.argmax()
    for beat in range(len(odds) - 1, 0, -1):
        path[beat - 1] = came_from[beat, path[beat]]
    return float(score.max()), path
