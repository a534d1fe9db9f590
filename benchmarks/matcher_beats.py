"""What the song's beats add to plain statistics, without any network: ballroom dances, nested folds by song.

    python benchmarks/matcher_beats.py --data ballroom --seconds 1 2 --beats annotated heard

Beside the statistics of `matcher_linear`, the music side sees the phase of the song's beat where the fragment begins
(cosine and sine), and the dance side sees the course of the movement: speeds of body, hands and ankles and heights of
the ankles, frame by frame. Which part of a step falls on the beat differs from dance to dance. Both are therefore
multiplied by how likely the fragment belongs to each of some clusters; a mixture of Gaussians finds these, without
labels, in the space that the statistics of both sides share. The number of clusters is chosen by inner folds.

Beats of the songs: `annotated`, or `heard` as the default settings of `music` hear them. The fragments are those of
`matcher_ballroom` with joins avoided.
"""

import argparse
from pathlib import Path

import numpy as np
import torch
from matcher_ballroom import BeatDances, describe, movement_course
from matcher_dances import FPS, read_sound
from matcher_folds import FOLDS, deal, spread
from matcher_linear import correlate, score
from matcher_linear import describe as describe_both
from numpy.typing import NDArray
from sklearn.mixture import GaussianMixture

from danceit_core.config import MusicSettings
from danceit_core.matcher.data import Pairs
from danceit_core.music.analyse import analyse_music

# 0 clusters: statistics alone. Clusters are found along the first AXES shared directions; the beat's numbers count
# WEIGHT times a statistic.
CLUSTERS, AXES, WEIGHT = (0, 1, 3, 6), 6, 2.0
RECALL = 3
Sides = tuple[NDArray, NDArray]


def heard_phase(dances: BeatDances) -> NDArray[np.float64]:
    """Phase (M,) of each frame within the beats that the music stage hears."""
    found = []
    for name, count in zip(dances.names, np.diff(dances.first).tolist(), strict=True):
        samples, rate_hz = read_sound(dances.folder / f"{name}.ogg")
        table = analyse_music(samples, sample_rate_hz=rate_hz, fps=FPS, settings=MusicSettings(), frames=count)
        times_s = table.beats.times_s
        found.append(np.interp(np.arange(count) / FPS, times_s, np.arange(len(times_s))) % 1)
    return np.concatenate(found)


def standardise(values: NDArray, learnt: NDArray[np.bool_]) -> NDArray:
    """Zero mean and unit deviation of the fragments that are learnt from."""
    return (values - values[learnt].mean(axis=0)) / (values[learnt].std(axis=0) + 1e-6)


def with_beats(statistics: Sides, beats: Sides, learnt: NDArray[np.bool_], *, clusters: int) -> Sides:
    """Standardised statistics, and beside them the course of the movement and the phase of the beat by cluster."""
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
    """Scores of one length and one kind of beats: fit without some folds, score on one of them."""

    def __init__(self, pairs: Pairs, fold: NDArray, usable: NDArray, styles: NDArray, beats: Sides) -> None:
        self.pairs, self.fold, self.usable, self.styles, self.beats = pairs, fold, usable, styles, beats
        self.statistics: Sides = describe_both(pairs)["statistics"]

    def scores(self, without: list[int], *, clusters: int) -> list[tuple[float, ...]]:
        """The scores on each of the folds that nothing is learnt from."""
        learnt = ~np.isin(self.fold, without)
        sides = with_beats(self.statistics, self.beats, learnt, clusters=clusters)
        axes = correlate(*(values[learnt] for values in sides))
        found = []
        for fold in without:
            tested = (self.fold == fold) & self.usable
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
    parser.add_argument("--seconds", type=float, nargs="+", default=[1.0], help="of a fragment")
    parser.add_argument("--hop", type=float, default=0.5, help="between fragments, seconds")
    parser.add_argument("--beats", nargs="+", default=["annotated"], choices=("annotated", "heard"))
    given = parser.parse_args()
    torch.set_num_threads(1)
    dances = BeatDances(given.data, joins="avoided")
    folds, styles = deal(dances.names, style_of=lambda name: name[0]), np.array([name[0] for name in dances.names])
    print("| seconds | beats | clusters | AUC other genre | AUC same genre | AUC delayed | R@10 / chance |")
    print("|---" * 7 + "|")
    phases = {kind: dances.phase if kind == "annotated" else heard_phase(dances) for kind in given.beats}
    for seconds in given.seconds:
        pairs = dances.cut(seconds=seconds, hop_s=given.hop, feature_set="rich")
        fold, usable = np.array([folds[name] for name in dances.names])[pairs.video], dances.without_join(pairs)
        course = describe(pairs, movement_course).astype(np.float64)
        for kind, phase in phases.items():
            turn = 2 * np.pi * phase[pairs.starts]
            trial = Trial(pairs, fold, usable, styles, (course, np.stack([np.cos(turn), np.sin(turn)], axis=1)))
            for chosen in ([0] * FOLDS, [trial.choose(number) for number in range(FOLDS)]):
                rows = [trial.scores([number], clusters=chosen[number])[0] for number in range(FOLDS)]
                shown = ", ".join(map(str, chosen)) if any(chosen) else "none"
                print(f"| {seconds:g} | {kind} | {shown} | {spread(rows)} |", flush=True)


if __name__ == "__main__":
    main()
