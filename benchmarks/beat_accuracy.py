"""How well the beats of a song are found, and when: composed songs whose beats are known.

    python benchmarks/beat_accuracy.py
    python benchmarks/beat_accuracy.py --tempi --changes 90-128 128-90 --real FOLDER

--changes: songs whose tempo changes in the middle; --real: sound files NAME.ogg beside NAME.npz, whose `beats_s` are
the true beats. Warned: of the songs whose beats are right (F-measure of .9 and more) and of the others, those whose
tempo is doubted.

F-measure: of beats within 70 ms, the field's tolerance; each found beat serves one true one. In time: of the true
beats that were found so, those within half a video frame. Early: the median over all of them, found minus true.
"""

import argparse
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from danceit_core.media.audio import open_sound
from danceit_core.music.beats import track_beats
from danceit_core.music.table import Beats
from danceit_core.studio.instruments import SAMPLE_RATE_HZ
from danceit_core.studio.music import compose_song

TOLERANCE_S, FPS, RIGHT = 0.07, 24.0, 0.9
REAL_RATE_HZ = 22050


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


def judge(samples: NDArray[np.float32], true_s: NDArray[np.float64], *, rate_hz: int) -> tuple[Beats, NDArray, float]:
    """The beats found in a song, how far they are from the true ones, and their F-measure."""
    beats = track_beats(samples, sample_rate_hz=rate_hz)
    met = offsets_s(beats.times_s, true_s)
    return beats, met, 2 * len(met) / (len(beats.times_s) + len(true_s))


def count_warned(judged: list[tuple[float, str]]) -> str:
    """Warned of right and of wrong, as two cells. judged: F-measure and doubt of each song."""
    parts = [[bool(doubt) for score, doubt in judged if (score >= RIGHT) == right] for right in (True, False)]
    return " | ".join(f"{sum(part)} of {len(part)}" for part in parts)


def changing_song(change: str, *, seconds: float, seed: int) -> tuple[NDArray[np.float32], NDArray[np.float64]]:
    """Samples and true beats of two songs, one after the other. change: both tempi, such as 90-128."""
    halves = [
        compose_song(tempo_bpm=float(tempo), seconds=seconds / 2, seed=seed + number)
        for number, tempo in enumerate(change.split("-"))
    ]
    return np.concatenate([h.samples for h in halves]), np.concatenate(
        [halves[0].beats_s, halves[1].beats_s + seconds / 2]
    )


def judge_others(given: argparse.Namespace) -> None:
    """A line for each change of tempo, and one for the real songs."""
    lines: dict[str, list[tuple[float, str]]] = {}
    for change in given.changes:
        for seed in range(given.first_seed, given.first_seed + given.songs):
            samples, true_s = changing_song(change, seconds=given.seconds, seed=seed)
            beats, _, score = judge(samples, true_s, rate_hz=SAMPLE_RATE_HZ)
            lines.setdefault(change, []).append((score, beats.doubt))
    for path in sorted(given.real.glob("*.ogg")) if given.real else ():
        with open_sound(path, sample_rate_hz=REAL_RATE_HZ) as sound:
            samples = sound[: round(given.seconds * REAL_RATE_HZ)]
        true_s = np.load(path.with_suffix(".npz"))["beats_s"]
        beats, _, score = judge(samples, true_s[true_s < given.seconds], rate_hz=REAL_RATE_HZ)
        lines.setdefault("real", []).append((score, beats.doubt))
    print("\n| songs | F-measure, mean | warned of right | warned of wrong |\n|---|---|---|---|")
    for name, judged in lines.items():
        print(f"| {name} | {np.mean([score for score, _ in judged]):.3f} | {count_warned(judged)} |")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tempi", type=float, nargs="*", default=[70, 85, 100, 115, 128, 140, 160], metavar="BPM")
    parser.add_argument("--songs", type=int, default=10, help="a tempo (default 10)")
    parser.add_argument("--seconds", type=float, default=40.0, help="of each song (default 40)")
    parser.add_argument("--first-seed", type=int, default=0, help="of the composed songs (default 0)")
    parser.add_argument("--changes", nargs="*", default=[], metavar="BPM-BPM", help="of tempo, such as 90-128")
    parser.add_argument("--real", type=Path, help="folder of real songs with their beats")
    given = parser.parse_args()
    print(
        "| tempo | F-measure, mean | of the songs, tempo right | half or double | in time | late by, ms "
        "| warned of right | warned of wrong |\n|---|---|---|---|---|---|---|---|"
    )
    for tempo in given.tempi:
        judged, ratios, away = [], [], []
        for seed in range(given.first_seed, given.first_seed + given.songs):
            song = compose_song(tempo_bpm=tempo, seconds=given.seconds, seed=seed)
            beats, met, score = judge(song.samples, song.beats_s, rate_hz=SAMPLE_RATE_HZ)
            judged.append((score, beats.doubt))
            ratios.append(beats.tempo_bpm / tempo)
            away.append(met)
        ratio, pooled = np.array(ratios), np.concatenate(away)
        right, octave = np.abs(ratio - 1) < 0.04, np.minimum(np.abs(ratio - 0.5), np.abs(ratio - 2)) < 0.08
        mean = np.mean([score for score, _ in judged])
        in_time = np.mean(np.abs(pooled) <= 0.5 / FPS)
        print(
            f"| {tempo:g} | {mean:.3f} | {np.mean(right):.0%} | {np.mean(octave):.0%} | {in_time:.1%} | "
            f"{1000 * np.median(pooled):.1f} | {count_warned(judged)} |",
            flush=True,
        )
    if given.changes or given.real:
        judge_others(given)


if __name__ == "__main__":
    main()
