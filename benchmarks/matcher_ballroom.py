"""Accuracy of the matcher for dances on their songs' beats: 43 ballroom dances, nested folds by song.

    python benchmarks/matcher_ballroom.py --data ballroom --try loss=infonce loss=hinge seconds=3 features=mfcc
    python benchmarks/matcher_ballroom.py --data ballroom --span 4 --try seconds=1 seconds=2 seconds=4
    python benchmarks/matcher_ballroom.py --data ballroom --split-movements
    python benchmarks/matcher_ballroom.py --data ballroom --joins masked
    python benchmarks/matcher_ballroom.py --data ballroom --joins alone      # information in the masks
    python benchmarks/matcher_ballroom.py --data ballroom --ceiling

The folder holds NAME.npz (`keypoints`, BODY_25 at 24 frames per second, `borders_s`, `movements`, `beats_s`) beside
NAME.ogg; the genre is the name's first letter. The movements of these dances are placed end to end on the beats, so a
join is always on a beat. To keep a matcher from scoring by seeing joins, fragments begin at random within each hop, and
those with a join, or less than MASK_S from one, are used for training but not for testing (--joins avoided). `masked`:
joints within MASK_S of a join are absent; a mask still shows where a join is, and `alone` shows how a matcher scores
that sees nothing else: a still body, with masks. `seen`: all fragments unchanged.

Longer fragments without a join come from longer movements. To compare lengths on the same moments, --span 4 takes the
middle of the same spans of 4 s for each length.

The same captured movement occurs in several dances. --split-movements trains only on fragments of one half of the
movements and tests on fragments of the other half.

--ceiling trains no matcher. Genres told: see `matcher_folds`. Beats told: the song's annotated beats are given; a
linear regression, trained on the annotated beats of other dances, predicts the phase of the beat from a fragment's
speeds, and a pair is scored by the agreement of the two phases. Tempo told: the same with the tempo, from the
statistics that the pose encoder sees. The genre is given in both; of several penalties, the best one on the tested
folds is shown.
"""

import dataclasses
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from matcher_dances import FPS, Dances
from matcher_folds import FOLDS, Folded, Setting, ceiling, deal, make_parser, read_settings, run_nested, spread
from numpy.typing import NDArray
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from danceit_core.matcher.data import Pairs
from danceit_core.matcher.encoders import PoseEncoder, with_steps
from danceit_core.matcher.scores import roc_auc

MASK_S, DELAY_S = 0.25, 3.0
PENALTIES = (10.0, 100.0, 1000.0, 10000.0)
MIXED = -1


class BeatDances(Dances):
    """Dances with marks per frame: mask (M,), half of the movements (M,), phase of the beat (M,), tempo (M,) in bpm."""

    def __init__(self, folder: Path, *, joins: str, span_s: float = 0.0, mask_s: float = MASK_S) -> None:
        super().__init__(folder)
        self.joins, self.span, self.mask_s = joins, round(span_s * FPS), mask_s
        marks = [self._mark(name, self.first[number]) for number, name in enumerate(self.names)]
        self.mask, self.half, self.phase, self.tempo = (np.concatenate(part) for part in zip(*marks, strict=True))

    def _mark(self, name: str, first: int) -> tuple[NDArray, ...]:
        """The marks of a dance; its keypoints are masked at its joins if requested."""
        archive = self.archive(name)
        borders_s, beats_s, keypoints = archive["borders_s"], archive["beats_s"], self.keypoints[first:]
        time_s = np.arange(len(archive["keypoints"])) / FPS
        mask = (np.abs(time_s[:, None] - borders_s) < self.mask_s).any(axis=1)
        # C-4-1 and C-4-2 are one movement danced in two ways.
        movements = [str(movement).rpartition("-")[0] for movement in archive["movements"]]
        halves = np.array([zlib.crc32(movement.encode()) % 2 for movement in movements])
        half = halves[np.clip(np.searchsorted(borders_s, time_s, side="right") - 1, 0, None)]
        phase = np.interp(time_s, beats_s, np.arange(len(beats_s))) % 1
        tempo = np.full(len(time_s), 60 / np.median(np.diff(beats_s)))
        if self.joins == "alone":
            part = keypoints[: len(time_s)]
            part[:] = part[np.flatnonzero((part[..., 2] > 0).sum(axis=1) >= 15)[0]]
        if self.joins in ("masked", "alone"):
            keypoints[: len(time_s)][mask] = 0
        return mask, half, phase, tempo

    def cut(self, *, seconds: float, hop_s: float, feature_set: str) -> Pairs:
        """Fragments in the middle of spans that begin at random within each hop and show a body in most frames.

        A span is as long as its fragment, or `span_s` if that is longer.
        """
        length, hop, rng = round(seconds * FPS), round(hop_s * FPS), np.random.default_rng(0)
        span = max(length, self.span)
        starts = []
        for first, end in zip(self.first[:-1], self.first[1:], strict=True):
            at = np.arange(first, end - span - hop, hop)
            starts.append(at + rng.integers(0, hop, len(at)))
        begin = np.concatenate(starts)
        inside = begin[:, None] + np.arange(span)
        seen = (self.keypoints[inside, :, 2] > 0).any(axis=2)
        keep = (seen | self.mask[inside]).all(axis=1) & (seen.sum(axis=1) >= span / 2)
        pairs = self.pairs(begin[keep] + (span - length) // 2, seconds=seconds, feature_set=feature_set)
        return dataclasses.replace(pairs, tempo_bpm=self.tempo[pairs.starts])

    def without_join(self, pairs: Pairs) -> NDArray[np.bool_]:
        """Which fragments' spans keep `mask_s` away from all joins."""
        length = pairs.windows.length
        span = max(length, self.span)
        first = pairs.starts - (span - length) // 2
        return ~self.mask[first[:, None] + np.arange(span)].any(axis=1)

    def halves(self, pairs: Pairs) -> NDArray[np.int64]:
        """Which half of the movements each fragment shows, MIXED for both."""
        shown = self.half[pairs.starts[:, None] + np.arange(pairs.windows.length)]
        return np.where((shown == shown[:, :1]).all(axis=1), shown[:, 0], MIXED)


def movement_course(poses: torch.Tensor) -> torch.Tensor:
    """The course of a movement, (B, F, 25, 3) to (B, 7 F): speeds of body, hands and ankles, heights of the ankles."""
    steps = with_steps(poses)[..., 3:].square().sum(dim=-1).sqrt()  # (B, F, 25)
    ankles = poses[:, :, [11, 14], 1]
    heights = ankles - ankles.mean(dim=1, keepdim=True)
    return torch.cat([steps.mean(dim=2, keepdim=True), steps[:, :, [4, 7, 11, 14]], heights], dim=2).flatten(1)


def describe(pairs: Pairs, how: Callable[[torch.Tensor], torch.Tensor]) -> NDArray[np.float32]:
    """Descriptors (N, C) of all dances."""
    parts = np.array_split(np.arange(len(pairs)), 16)
    return torch.cat([how(pairs.take_poses(some)) for some in parts]).numpy()


def agreement_told(
    folded: Folded, fold: int, numbers: NDArray, target: NDArray, agree: Callable[[NDArray, NDArray], NDArray]
) -> list[tuple[float, float]]:
    """AUC delayed and AUC same genre, for each penalty, of pairs scored by predicting `target` (N, C) from dances."""
    pairs, tested, learnt = folded.pairs, (folded.fold == fold) & folded.test, (folded.fold != fold) & folded.learn
    styles = folded.styles[pairs.group]
    group, start_s = pairs.group[tested], pairs.start_s[tested]
    same = group[:, None] == group
    delayed = same & (np.abs(start_s[:, None] - start_s) >= DELAY_S)
    alike = (styles[tested][:, None] == styles[tested]) & ~same
    found = []
    for penalty in PENALTIES:
        told = np.zeros_like(target)
        for style in sorted(set(styles[tested].tolist())):
            learn, use = learnt & (styles == style), tested & (styles == style)
            model = make_pipeline(StandardScaler(), Ridge(alpha=penalty)).fit(numbers[learn], target[learn])
            told[use] = model.predict(numbers[use]).reshape(-1, target.shape[1])
        score = agree(told[tested], target[tested])
        found.append(tuple(roc_auc(-np.diag(score), -score[other]) for other in (delayed, alike)))
    return found


def print_ceilings(dances: BeatDances, make: Callable[[Setting], Folded], settings: list[Setting]) -> None:
    """Print the scores that labels, annotated beats and annotated tempi allow."""
    columns = (
        "seconds", "tested on", "AUC other genre, genres told", "R@10 / chance, genre known", "AUC delayed, beats told",
        "AUC same genre, beats told", "AUC same genre, tempo told",
    )  # fmt: skip
    print("| " + " | ".join(columns) + " |\n" + "|---" * len(columns) + "|")
    pose = PoseEncoder(embedding_size=1, dropout=0.0, unit_length=True)
    for setting in settings:
        folded = make(setting)
        turn, tempo = 2 * np.pi * dances.phase[folded.pairs.starts], np.log(dances.tempo[folded.pairs.starts])
        phase = np.stack([np.cos(turn), np.sin(turn)], axis=1)
        course, statistics = (describe(folded.pairs, how) for how in (movement_course, pose.describe))
        labels, beats, tempi = [], [], []
        for fold in range(FOLDS):
            labels.append(ceiling(folded, fold))
            beats.append(agreement_told(folded, fold, course, phase, lambda told, true: told @ true.T))
            tempi.append(
                agreement_told(folded, fold, statistics, tempo[:, None], lambda told, true: -np.abs(told - true.T))
            )
        best = [
            max((np.array(found)[:, number, column] for number in range(len(PENALTIES))), key=np.mean)
            for found, column in ((beats, 0), (beats, 1), (tempi, 1))
        ]
        cells = spread(np.column_stack([labels, *best]))
        print(f"| {setting.seconds:g} | {folded.test.sum()} | {cells} |", flush=True)


def main() -> None:
    parser = make_parser(__doc__)
    parser.add_argument("--joins", default="avoided", choices=("avoided", "masked", "alone", "seen"))
    parser.add_argument("--span", type=float, default=0.0, help="seconds of the spans whose middles the fragments are")
    parser.add_argument("--split-movements", action="store_true")
    given = parser.parse_args()
    torch.set_num_threads(1)
    settings = read_settings(given.tried, base=given.set)
    dances = BeatDances(given.data, joins=given.joins, span_s=given.span)
    folds, styles = deal(dances.names, style_of=lambda name: name[0]), np.array([name[0] for name in dances.names])

    def make(setting: Setting) -> Folded:
        pairs = dances.cut(seconds=setting.seconds, hop_s=given.hop, feature_set=setting.features)
        fold = np.array([folds[name] for name in dances.names])[pairs.video]
        learn = test = np.ones(len(pairs), bool)
        if given.joins == "avoided":
            test = dances.without_join(pairs)
        if given.split_movements:
            half = dances.halves(pairs)
            learn, test = half == 0, test & (half == 1)
        return Folded(pairs, fold, styles, learn=learn, test=test, validate=given.validate)

    if given.ceiling:
        return print_ceilings(dances, make, settings)
    for setting in settings:
        made = make(setting)
        print(f"{setting.name}: {made.learn.sum()} fragments for training, {made.test.sum()} for testing", flush=True)
    return run_nested(settings, make, inner=given.inner, folds=given.folds)


if __name__ == "__main__":
    main()
