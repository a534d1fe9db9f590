"""How well the beats of a song are found, and when: composed songs whose beats are known.

    python benchmarks/beat_accuracy.py

F-measure: of beats within 70 ms, the field's tolerance; each found beat serves one true one. In time: of the true
beats that were found so, those within half a video frame. Early: the median over all of them, found minus true.
"""

import argparse

import numpy as np
from numpy.typing import NDArray

from danceit_core.music.beats import track_beats
from danceit_core.studio.instruments import SAMPLE_RATE_HZ
from danceit_core.studio.music import compose_song

TOLERANCE_S, FPS = 0.07, 24.0


def offsets_s(found: NDArray[np.float64], true: NDArray[np.float64]) -> NDArray[np.float64]:
    """Found minus true of each pair of nearest beats that lie within the tolerance, seconds."""
    if len(found) == 0:
        return np.zeros(0)
    nearest = np.abs(found[:, None] - true).argmin(axis=1)
    away = found - true[nearest]
    # Of two found beats that are nearest to the same true one, the nearer.
    order = np.abs(away).argsort(kind="stable")
    first = order[np.unique(nearest[order], return_index=True)[1]]
    return away[first][np.abs(away[first]) <= TOLERANCE_S]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tempi", type=float, nargs="+", default=[70, 85, 100, 115, 128, 140, 160], metavar="BPM")
    parser.add_argument("--songs", type=int, default=10, help="a tempo (default 10)")
    parser.add_argument("--seconds", type=float, default=40.0, help="of each song (default 40)")
    given = parser.parse_args()
    print("| tempo | F-measure, mean | of the songs, tempo right | half or double | in time | late by, ms |")
    print("|---|---|---|---|---|---|")
    for tempo in given.tempi:
        scores, ratios, away = [], [], []
        for seed in range(given.songs):
            song = compose_song(tempo_bpm=tempo, seconds=given.seconds, seed=seed)
            beats = track_beats(song.samples, sample_rate_hz=SAMPLE_RATE_HZ)
            met = offsets_s(beats.times_s, song.beats_s)
            scores.append(2 * len(met) / (len(beats.times_s) + len(song.beats_s)))
            ratios.append(beats.tempo_bpm / tempo)
            away.append(met)
        ratio, pooled = np.array(ratios), np.concatenate(away)
        right, octave = np.abs(ratio - 1) < 0.04, np.minimum(np.abs(ratio - 0.5), np.abs(ratio - 2)) < 0.08
        in_time = np.mean(np.abs(pooled) <= 0.5 / FPS)
        print(
            f"| {tempo:g} | {np.mean(scores):.3f} | {np.mean(right):.0%} | {np.mean(octave):.0%} | {in_time:.1%} | "
            f"{1000 * np.median(pooled):.1f} |"
        )


if __name__ == "__main__":
    main()
