"""Find the sections of a song on its bar lines: where it changes, and which parts are alike.

A change is measured by how much the bars before a bar line differ from those after it (J. Foote: "Automatic Audio
Segmentation Using a Measure of Audio Novelty", ICME 2000), over the mean spectrum of each bar. In four-four time a song
usually changes where phrases of four bars end, so the threshold is lower there. Parts whose bars are alike on average
share a letter: all verses, for example, regardless of the lyrics.
"""

import itertools
import string

import numpy as np
from numpy.typing import NDArray
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.fft import dct
from scipy.ndimage import maximum_filter1d

from danceit_core.music.columns import Features
from danceit_core.music.synchronous import Rows, mean_between
from danceit_core.music.table import Section

# A change is measured between REACH bars before and after a bar line; sections have at least PHRASE bars.
REACH, PHRASE = 4, 4
CEPSTRA = 13
# A bar line is a border if its novelty reaches this share of the song's greatest (95th percentile).
LEAST_NOVELTY = 0.3
# Weight of novelty where no phrase ends.
WITHIN_PHRASE = 0.5
# Sections with a distance below this share a letter: 1 - cosine of their features relative to the song's mean.
ALIKE = 0.5


def find_sections(
    bands: Features, *, fps: float, downbeats_s: NDArray[np.float64], meter: int, duration_s: float
) -> tuple[Section, ...]:
    """The sections of a whole sound, from 0 to duration_s.

    bands: (T, D) log-spectrum, row k over k / fps to (k + 1) / fps s; downbeats_s: (B,) where bars begin. A sound with
    few bars is one section; one without bars has none.
    """
    if len(downbeats_s) < 2:
        return ()
    bars = bar_features(bands, np.append(downbeats_s, 2 * downbeats_s[-1] - downbeats_s[-2]), fps=fps)
    borders = find_borders(novelty(bars), by_phrases=meter == 4)
    edges = [0, *borders, len(bars)]
    means = np.stack([bars[a:b].mean(axis=0) for a, b in itertools.pairwise(edges)])
    numbers = group_sections(means)
    starts_s = [0.0, *(float(downbeats_s[bar]) for bar in borders)]
    kept = [k for k in range(len(numbers)) if k == 0 or numbers[k] != numbers[k - 1]]
    ends_s = [starts_s[k] for k in kept[1:]] + [duration_s]
    names = {number: _letter(order) for order, number in enumerate(dict.fromkeys(numbers))}
    return tuple(Section(starts_s[k], end_s, names[numbers[k]]) for k, end_s in zip(kept, ends_s, strict=True))


def bar_features(bands: Features, edges_s: NDArray[np.float64], *, fps: float) -> Rows:
    """Features of each bar relative to the song: (bars, D + CEPSTRA), spectrum and cepstrum minus the song's mean, each
    of about length 1 and equally weighted."""
    tones = mean_between(bands, edges_s, fps=fps)
    timbre = dct(tones, axis=1, norm="ortho")[:, :CEPSTRA]
    parts = [part - part.mean(axis=0) for part in (tones, timbre)]
    scaled = [part / max(float(np.sqrt((part**2).sum(axis=1).mean())), 1e-9) for part in parts]
    return np.concatenate(scaled, axis=1) / np.sqrt(len(parts))


def novelty(bars: Rows) -> Rows:
    """How much the song changes at the beginning of each bar, (bars,), at least 0; 0 near the ends."""
    side = np.arange(-REACH, REACH) + 0.5
    taper = np.sign(side) * np.exp(-0.5 * (side / (0.5 * REACH)) ** 2)
    kernel = np.outer(taper, taper) / np.abs(taper).sum() ** 2
    result = np.zeros(len(bars))
    for bar in range(2, len(bars) - 1):
        low, high = max(0, bar - REACH), min(len(bars), bar + REACH)
        part = slice(low - bar + REACH, high - bar + REACH)
        result[bar] = np.sum(bars[low:high] @ bars[low:high].T * kernel[part, part])
    return result.clip(0)


def find_borders(values: Rows, *, by_phrases: bool) -> list[int]:
    """The bars at which another section begins. values: novelty; by_phrases: phrases have PHRASE bars."""
    values = values.copy()
    if by_phrases:
        at_phrase = int(np.argmax([values[first::PHRASE].sum() for first in range(PHRASE)]))
        values[np.arange(len(values)) % PHRASE != at_phrase] *= WITHIN_PHRASE
    best = maximum_filter1d(values, 2 * PHRASE - 1)
    least = LEAST_NOVELTY * np.percentile(values, 95)
    found = np.flatnonzero((values == best) & (values > max(least, 1e-9)))
    return [int(bar) for bar in found if PHRASE <= bar <= len(values) - PHRASE]


def group_sections(means: Rows) -> list[int]:
    """The group of each section, by its mean features (sections, D): similar sections share a group."""
    if len(means) < 2:
        return [0] * len(means)
    length = np.linalg.norm(means, axis=1, keepdims=True)
    tree = linkage(means / np.maximum(length, 1e-9), method="average", metric="sqeuclidean")
    return [int(group) for group in fcluster(tree, 2 * ALIKE, criterion="distance")]


def _letter(number: int) -> str:
    """A to Z, then A1 to Z1 and so on."""
    turn, letter = divmod(number, 26)
    return string.ascii_uppercase[letter] + (str(turn) if turn else "")
