"""Accuracy of the beats, downbeats and metre found in a song, and their timing: composed songs with known beats.

    python benchmarks/beat_accuracy.py
    python benchmarks/beat_accuracy.py --tempi --changes 90-128 100:120 ~100 --real FOLDER --three W
    python benchmarks/beat_accuracy.py --tempi --minutes 4 120

--changes: songs whose tempo changes: 90-128 in the middle, 100:120 steadily from one to the other, ~100 up and down by
a tenth every eight seconds; the F-measure is that of the worse half of a song. --real: sound files NAME.ogg beside
NAME.npz, whose `beats_s` are the true beats and `borders_s` the times at which movements of a dance begin; --three: the
letters that the names of songs in three-four begin with; the others are in four-four. --minutes: CPU time and memory
for songs of these lengths.

Without --tracker the networks are used, with their weights from --networks.

F-measure: of beats within 70 ms, the field's tolerance; each found beat matches at most one true beat. In time: share
of the matched true beats within half a video frame. Late: the median over all of them, found minus true; spread: their
standard deviation within a song. Warned: songs whose tempo is in doubt, among those whose beats are right (F-measure of
.9 and more) and among the others.
"""

import argparse
import resource
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray

from danceit_core.media.audio import open_sound
from danceit_core.music.compiled import prepare_librosa
from danceit_core.music.sound import Sound
from danceit_core.music.table import Beats
from danceit_core.music.weights import read_beat_networks
from danceit_core.studio.instruments import SAMPLE_RATE_HZ
from danceit_core.studio.music import BEATS_PER_BAR, compose_song

TOLERANCE_S, FPS, RIGHT = 0.07, 24.0, 0.9
SAME_TEMPO = 0.04
REAL_RATE_HZ = 22050
TEMPI = [60, 70, 85, 100, 115, 128, 140, 160, 175]
SWING_S, SWING = 8.0, 0.1

Times = NDArray[np.float64]


@dataclass(frozen=True)
class Truth:
    """A song: samples at rate_hz, its true beats and downbeats (empty: not known), beats per bar."""

    samples: NDArray[np.float32]
    rate_hz: int
    beats_s: Times
    downbeats_s: Times
    meter: int = BEATS_PER_BAR


@dataclass(frozen=True)
class Judged:
    """What was found in a song, and the truth."""

    beats: Beats
    truth: Truth

    @property
    def offsets_s(self) -> Times:
        return offsets_s(self.beats.times_s, self.truth.beats_s)

    @property
    def score(self) -> float:
        return f_measure(self.beats.times_s, self.truth.beats_s)

    @property
    def worse_half(self) -> float:
        middle_s = len(self.truth.samples) / self.truth.rate_hz / 2
        halves = [
            f_measure(*(times[(times < middle_s) == first] for times in (self.beats.times_s, self.truth.beats_s)))
            for first in (True, False)
        ]
        return min(halves)

    @property
    def downbeat_score(self) -> float:
        return f_measure(self.beats.downbeats_s, self.truth.downbeats_s)

    @property
    def on_downbeats(self) -> float:
        """The share of the true downbeats, or of movement starts, that are near a found downbeat."""
        away = np.abs(self.truth.downbeats_s[:, None] - np.append(self.beats.downbeats_s, -np.inf)).min(axis=1)
        return float(np.mean(away <= TOLERANCE_S)) if len(away) else np.nan

    @property
    def ratio(self) -> float:
        """Tempo found / true."""
        return self.beats.tempo_bpm * float(np.median(np.diff(self.truth.beats_s))) / 60


def offsets_s(found: Times, true: Times) -> Times:
    """Found minus true time of each pair of nearest beats within the tolerance, seconds."""
    if len(found) == 0 or len(true) == 0:
        return np.zeros(0)
    nearest = np.abs(found[:, None] - true).argmin(axis=1)
    away = found - true[nearest]
    # If two found beats have the same nearest true one, the nearer counts.
    order = np.abs(away).argsort(kind="stable")
    first = order[np.unique(nearest[order], return_index=True)[1]]
    return away[first][np.abs(away[first]) <= TOLERANCE_S]


def f_measure(found: Times, true: Times) -> float:
    """2 hits / (found + true)."""
    return 2 * len(offsets_s(found, true)) / max(len(found) + len(true), 1)


def composed(tempo_bpm: float, *, seconds: float, seed: int) -> Truth:
    """A composed song of one tempo."""
    song = compose_song(tempo_bpm=tempo_bpm, seconds=seconds, seed=seed)
    return Truth(song.samples, SAMPLE_RATE_HZ, song.beats_s, song.beats_s[::BEATS_PER_BAR])


def changing(change: str, *, seconds: float, seed: int) -> Truth:
    """A song whose tempo changes: two songs in sequence, or one that is played faster and slower."""
    if "-" in change:
        first, second = (
            composed(float(tempo), seconds=seconds / 2, seed=seed + n) for n, tempo in enumerate(change.split("-"))
        )
        samples = np.concatenate([first.samples, second.samples])
        later = [
            np.concatenate([getattr(first, name), getattr(second, name) + seconds / 2])
            for name in ("beats_s", "downbeats_s")
        ]
        return Truth(samples, SAMPLE_RATE_HZ, *later)
    at_s = np.arange(0, seconds, 1 / SAMPLE_RATE_HZ)
    if change.startswith("~"):
        tempi = float(change[1:]) * (1 + SWING * np.sin(2 * np.pi * at_s / SWING_S))
    else:
        begin, end = map(float, change.split(":"))
        tempi = begin + (end - begin) * at_s / seconds
    usual = float(tempi.mean())
    played_s = np.cumsum(tempi / usual) / SAMPLE_RATE_HZ  # of the steady song, at each moment
    song = composed(usual, seconds=float(played_s[-1]) + 0.1, seed=seed)
    samples = np.interp(played_s, np.arange(len(song.samples)) / SAMPLE_RATE_HZ, song.samples).astype(np.float32)
    moved = [np.interp(times[times < played_s[-1]], played_s, at_s) for times in (song.beats_s, song.downbeats_s)]
    return Truth(samples, SAMPLE_RATE_HZ, *moved)


def real(path: Path, *, seconds: float, three: tuple[str, ...]) -> Truth:
    """The first seconds of a real song."""
    with open_sound(path, sample_rate_hz=REAL_RATE_HZ) as sound:
        samples = sound[: round(seconds * REAL_RATE_HZ)]
    with np.load(path.with_suffix(".npz")) as known:
        true_s, begun_s = known["beats_s"], known["borders_s"] if "borders_s" in known else np.zeros(0)
    meter = 3 if three and path.name.startswith(three) else 4
    return Truth(samples, REAL_RATE_HZ, true_s[true_s < seconds], begun_s[begun_s < seconds], meter)


class Finder:
    """Finds beats with the networks, or with the tracker."""

    def __init__(self, given: argparse.Namespace) -> None:
        self._networks = None if given.tracker else read_beat_networks(given.networks)
        if not given.tracker and self._networks is None:
            raise SystemExit(f"{given.networks} does not exist; run `make assets` to fetch it, or give --tracker")
        prepare_librosa(tracker=given.tracker)

    def rhythm(self, samples: Sound, *, rate_hz: int) -> Beats:
        from danceit_core.music.tracking import find_rhythm  # noqa: PLC0415

        return find_rhythm(samples, sample_rate_hz=rate_hz, networks=self._networks).beats

    def __call__(self, truth: Truth) -> Judged:
        return Judged(self.rhythm(truth.samples, rate_hz=truth.rate_hz), truth)


def warned(judged: list[Judged], *, by: str = "score") -> str:
    """Warnings for right and for wrong tempi, as two cells."""
    parts = [
        [bool(one.beats.doubt) for one in judged if (getattr(one, by) >= RIGHT) == right] for right in (True, False)
    ]
    return " | ".join(f"{sum(part)} of {len(part)}" for part in parts)


def judge_tempi(find: Finder, given: argparse.Namespace) -> None:
    """A line for each tempo."""
    print(
        "| tempo | F-measure, mean | downbeats | of the songs, tempo right | half or double | in time | late by, ms "
        "| spread, ms | warned of right | warned of wrong |\n|---|---|---|---|---|---|---|---|---|---|"
    )
    for tempo in given.tempi:
        seeds = range(given.first_seed, given.first_seed + given.songs)
        judged = [find(composed(tempo, seconds=given.seconds, seed=seed)) for seed in seeds]
        ratio, away = np.array([one.ratio for one in judged]), [one.offsets_s for one in judged]
        right, octave = np.abs(ratio - 1) < SAME_TEMPO, np.minimum(np.abs(ratio - 0.5), np.abs(ratio - 2)) < 0.08
        pooled = np.concatenate(away)
        print(
            f"| {tempo:g} | {np.mean([one.score for one in judged]):.3f} "
            f"| {np.mean([one.downbeat_score for one in judged]):.3f} | {np.mean(right):.0%} | {np.mean(octave):.0%} "
            f"| {np.mean(np.abs(pooled) <= 0.5 / FPS):.1%} | {1000 * np.median(pooled):.1f} "
            f"| {1000 * np.mean([part.std() for part in away if len(part)]):.1f} | {warned(judged)} |",
            flush=True,
        )


def judge_changes(find: Finder, given: argparse.Namespace) -> None:
    """A line for each change of tempo."""
    print("\n| change | F-measure of the worse half | least | warned of right | of wrong |\n|---|---|---|---|---|")
    for change in given.changes:
        seeds = range(given.first_seed, given.first_seed + given.songs)
        judged = [find(changing(change, seconds=given.seconds, seed=seed)) for seed in seeds]
        worse = [one.worse_half for one in judged]
        print(f"| {change} | {np.mean(worse):.3f} | {min(worse):.2f} | {warned(judged, by='worse_half')} |", flush=True)


def judge_real(find: Finder, given: argparse.Namespace) -> None:
    """A line for the songs of each kind, by the letters that their names begin with."""
    kinds: dict[str, list[Judged]] = {}
    for path in sorted(given.real.glob("*.ogg")):
        one = find(real(path, seconds=given.seconds, three=tuple(given.three)))
        kinds.setdefault(path.stem.split("_")[0], []).append(one)
        if given.each:
            tempi = f"{one.beats.tempo_bpm:.1f} of {one.beats.tempo_bpm / one.ratio:.1f} beats per minute"
            bar = f"{one.beats.meter} per bar ({one.beats.margin:+.2f})"
            print(f"{path.stem}: F {one.score:.2f}, {tempi}, {bar}; {one.beats.doubt}", flush=True)
    print(
        "\n| songs | F-measure, mean | tempo right | meter right | meter unknown | movements on downbeats "
        "| warned of right tempo | of wrong |\n|---|---|---|---|---|---|---|---|"
    )
    for kind, judged in kinds.items():
        tempo = [abs(one.ratio - 1) < SAME_TEMPO for one in judged]
        meter = [one.beats.meter == one.truth.meter for one in judged]
        doubts = [[bool(one.beats.doubt) for one, right in zip(judged, tempo, strict=True) if right == which]
                  for which in (True, False)]  # fmt: skip
        cells = " | ".join(f"{sum(part)} of {len(part)}" for part in doubts)
        print(
            f"| {kind} | {np.mean([one.score for one in judged]):.3f} | {sum(tempo)} of {len(tempo)} "
            f"| {sum(meter)} of {len(meter)} | {sum(one.beats.meter == 0 for one in judged)} "
            f"| {np.nanmean([one.on_downbeats for one in judged]):.0%} | {cells} |"
        )


def time_minutes(find: Finder, given: argparse.Namespace) -> None:
    """Time and additional memory to find the beats of a song in a file."""
    for minutes in given.minutes:
        # Composed once and repeated, so that the song itself need not be held in memory.
        minute = composed(120, seconds=60, seed=given.first_seed)
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "song.wav"
            with soundfile.SoundFile(path, "w", minute.rate_hz, 1) as file:
                for _ in range(round(minutes)):
                    file.write(minute.samples)
            with open_sound(path, sample_rate_hz=REAL_RATE_HZ) as sound:
                before_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000
                begun_s = time.process_time()
                find.rhythm(sound, rate_hz=REAL_RATE_HZ)
                took_s = time.process_time() - begun_s
        more_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000 - before_mb
        print(f"beats of {minutes:g} minutes: {took_s:.1f} CPU s, {before_mb:.0f} + {more_mb:.0f} MB", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tempi", type=float, nargs="*", default=TEMPI, metavar="BPM")
    parser.add_argument("--songs", type=int, default=10, help="number of songs per tempo (default 10)")
    parser.add_argument("--seconds", type=float, default=40.0, help="length of each song (default 40)")
    parser.add_argument("--first-seed", type=int, default=0, help="first seed of the composed songs (default 0)")
    parser.add_argument(
        "--changes", nargs="*", default=[], metavar="CHANGE", help="changes of tempo: 90-128, 100:120, ~100"
    )
    parser.add_argument("--real", type=Path, help="folder of real songs with their beats")
    parser.add_argument(
        "--three", nargs="*", default=[], metavar="LETTERS", help="first letters of songs in three-four"
    )
    parser.add_argument("--each", action="store_true", help="also print a line for each real song")
    parser.add_argument("--minutes", type=float, nargs="*", default=[], help="lengths of songs whose analysis is timed")
    parser.add_argument("--tracker", action="store_true", help="use librosa's tracker instead of the networks")
    parser.add_argument("--networks", type=Path, default=Path("resources/beats/beat_networks.zip"))
    given = parser.parse_args()
    find = Finder(given)
    if given.tempi:
        judge_tempi(find, given)
    if given.changes:
        judge_changes(find, given)
    if given.real:
        judge_real(find, given)
    time_minutes(find, given)


if __name__ == "__main__":
    main()
