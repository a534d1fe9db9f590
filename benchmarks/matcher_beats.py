"""The contribution of the song's beats beyond plain statistics, without a network: ballroom dances, folds by song.

    python benchmarks/matcher_beats.py --data ballroom --seconds 1 2 --beats annotated tracker
    python benchmarks/matcher_beats.py --data ballroom --beats results/music results/music,bars
    python benchmarks/matcher_beats.py --data ballroom --beats results/music,bars --learn other

In addition to the statistics of `matcher_linear`, the music side sees the phase of the song's beat at the beginning of
the fragment (cosine and sine), and the dance side sees the course of the movement: speeds of body, hands and ankles and
heights of the ankles, frame by frame. The part of a step that falls on the beat differs between dances. Both are
therefore multiplied by the probability that the fragment belongs to each of several clusters, which a mixture of
Gaussians finds, without labels, in the space that the statistics of both sides share. Inner folds choose the number of
clusters.

Beats of the songs: `annotated`, those of librosa's `tracker`, or those of a folder of NAME.beats, as the music stage
writes them; with `,bars` after the folder, the music side also sees the phase of the bar. The fragments are those of
`matcher_ballroom` with joins avoided. --learn other trains on one half of the movements and tests on the other; --learn
same trains on as many fragments, but of the tested half: songs are unknown in both cases, movements only in the former.
"""

import argparse
from pathlib import Path

import numpy as np
import torch
from matcher_ballroom import MASK_S, BeatDances, describe, movement_course
from matcher_dances import FPS, read_sound
from matcher_folds import FOLDS, deal, spread
from matcher_linear import correlate, score
from matcher_linear import describe as describe_both
from numpy.typing import NDArray
from sklearn.mixture import GaussianMixture

from danceit_core.config import MusicSettings
from danceit_core.matcher.data import Pairs
from danceit_core.music.analyse import analyse_music

# 0 clusters: statistics alone. Clusters are found along the first AXES shared directions; the beat's numbers have
# WEIGHT times the weight of a statistic.
CLUSTERS, AXES, WEIGHT = (0, 1, 3, 6), 6, 2.0
RECALL = 3
Sides = tuple[NDArray, NDArray]


def turns(dances: BeatDances, kind: str) -> NDArray[np.float64]:
    """Phase of the beat, and of the bar if wanted, of each frame as cosine and sine, (M, 2) or (M, 4); 0: not known."""
    if kind == "annotated":
        return circle(dances.phase)
    folder, _, bars = kind.partition(",")
    found = []
    for name, count in zip(dances.names, np.diff(dances.first).tolist(), strict=True):
        beats_s, place = track(dances, name) if kind == "tracker" else read_beats(Path(folder) / f"{name}.beats")
        number = np.interp(np.arange(count) / FPS, beats_s, np.arange(len(beats_s)))
        parts = [circle(number % 1)]
        if bars:
            at = place[number.astype(int)]
            parts.append(np.where(at[:, None] > 0, circle((at - 1 + number % 1) / max(place.max(), 1)), 0))
        found.append(np.hstack(parts))
    return np.concatenate(found)


def track(dances: BeatDances, name: str) -> tuple[NDArray, NDArray]:
    """Beats of a song by librosa's tracker, which is used without the networks' weights; it gives no places in bars."""
    samples, rate_hz = read_sound(dances.folder / f"{name}.ogg")
    beats = analyse_music(samples, sample_rate_hz=rate_hz, fps=FPS, settings=MusicSettings()).beats
    return beats.times_s, np.zeros(len(beats.times_s), int)


def read_beats(path: Path) -> tuple[NDArray, NDArray]:
    """Times and places in the bar (0: not known) of a file with a beat per line."""
    rows = [(*line.split("\t"), "0")[:2] for line in path.read_text().splitlines()]
    return np.array([float(time_s) for time_s, _ in rows]), np.array([int(place) for _, place in rows])


def circle(phase: NDArray) -> NDArray[np.float64]:
    """Cosine and sine of a phase in turns, (M,) to (M, 2)."""
    return np.stack([np.cos(2 * np.pi * phase), np.sin(2 * np.pi * phase)], axis=1)


def standardise(values: NDArray, learnt: NDArray[np.bool_]) -> NDArray:
    """Zero mean and unit deviation over the training fragments."""
    return (values - values[learnt].mean(axis=0)) / (values[learnt].std(axis=0) + 1e-6)


def with_beats(statistics: Sides, beats: Sides, learnt: NDArray[np.bool_], *, clusters: int) -> Sides:
    """Standardised statistics, with the course of the movement and the phase of the beat by cluster appended."""
    danced, heard = (standardise(values, learnt) for values in statistics)
    if clusters == 0:
        return danced, heard
    axes = correlate(danced[learnt], heard[learnt])
    shared = [values @ axis[:, :AXES] for values, axis in zip((danced, heard), axes, strict=True)]
    mixture = GaussianMixture(clusters, random_state=0, reg_covar=1e-3).fit((shared[0] + shared[1])[learnt] / 2)
    course, phase = (
        standardise((values[:, :, None] * mixture.predict_proba(place)[:, None]).reshape(len(values), -1), learnt)
        for values, place in zip((standardise(beats[0], learnt), beats[1]), shared, strict=True)
    )
    return np.hstack([danced, course]), np.hstack([heard, WEIGHT * phase])


class Trial:
    """Scores of one length and one kind of beats: fit without some folds, score on one of them.

    learn, test (N,): which fragments may be used for training and for testing.
    """

    def __init__(
        self, pairs: Pairs, fold: NDArray, learn: NDArray, test: NDArray, styles: NDArray, beats: Sides
    ) -> None:
        self.pairs, self.fold, self.learn, self.test, self.styles, self.beats = pairs, fold, learn, test, styles, beats
        self.statistics: Sides = describe_both(pairs)["statistics"]

    def scores(self, without: list[int], *, clusters: int) -> list[tuple[float, ...]]:
        """The scores on each of the folds that are not used for training."""
        learnt = ~np.isin(self.fold, without) & self.learn
        sides = with_beats(self.statistics, self.beats, learnt, clusters=clusters)
        axes = correlate(*(values[learnt] for values in sides))
        found = []
        for fold in without:
            tested = (self.fold == fold) & self.test
            projected = (values[tested] @ axis for values, axis in zip(sides, axes, strict=True))
            found.append(score(*projected, self.pairs.only(tested), self.styles))
        return found

    def choose(self, fold: int) -> int:
        """The number of clusters with the best Recall@10 on two other folds."""
        inner = {
            clusters: np.mean(
                [self.scores([fold, (fold + step) % FOLDS], clusters=clusters)[1][RECALL] for step in (1, 4)]
            )
            for clusters in CLUSTERS[1:]
        }
        return max(inner, key=lambda clusters: inner[clusters])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder of .npz and .ogg")
    parser.add_argument("--seconds", type=float, nargs="+", default=[1.0], help="lengths of a fragment")
    parser.add_argument("--hop", type=float, default=0.5, help="distance between fragments, seconds")
    parser.add_argument("--beats", nargs="+", default=["annotated"], help="annotated, tracker, FOLDER or FOLDER,bars")
    parser.add_argument(
        "--learn", default="all", choices=("all", "other", "same"), help="halves of the movements to train on"
    )
    parser.add_argument(
        "--mask", type=float, default=MASK_S, help="least distance of tested fragments from joins, seconds"
    )
    given = parser.parse_args()
    torch.set_num_threads(1)
    dances = BeatDances(given.data, joins="avoided", mask_s=given.mask)
    folds, styles = deal(dances.names, style_of=lambda name: name[0]), np.array([name[0] for name in dances.names])
    print("| seconds | beats | clusters | AUC other genre | AUC same genre | AUC delayed | R@10 / chance |")
    print("|---" * 7 + "|")
    phases = {kind: turns(dances, kind) for kind in given.beats}
    for seconds in given.seconds:
        pairs = dances.cut(seconds=seconds, hop_s=given.hop, feature_set="rich")
        fold = np.array([folds[name] for name in dances.names])[pairs.video]
        learn, test = np.ones(len(pairs), bool), dances.without_join(pairs)
        if given.learn != "all":
            half = dances.halves(pairs)
            learn, test = half == (1 if given.learn == "same" else 0), test & (half == 1)
        course = describe(pairs, movement_course).astype(np.float64)
        for kind, phase in phases.items():
            trial = Trial(pairs, fold, learn, test, styles, (course, phase[pairs.starts]))
            for chosen in ([0] * FOLDS, [trial.choose(number) for number in range(FOLDS)]):
                rows = [trial.scores([number], clusters=chosen[number])[0] for number in range(FOLDS)]
                shown = ", ".join(map(str, chosen)) if any(chosen) else "none"
                print(f"| {seconds:g} | {kind} | {shown} | {spread(rows)} |", flush=True)


if __name__ == "__main__":
    main()
