"""Nested folds by song for the matcher's benchmarks: settings are chosen inside, test folds are used once.

The songs of each style are assigned to five folds in turn, by name. A setting's inner score for test fold f is the mean
of its scores on other folds g, each from a training without f and g; the same training is used with g as test fold and
f as inner fold. The setting with the best inner CHOSEN_BY is trained again without f and scored on f.
"""

import argparse
import dataclasses
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import yaml
from numpy.typing import ArrayLike, NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from danceit_core.config import MatcherSettings, make_settings
from danceit_core.evaluation.matching import score_part
from danceit_core.matcher.data import Pairs, measure_features, part_of
from danceit_core.matcher.encoders import AudioEncoder, PoseEncoder
from danceit_core.matcher.scores import roc_auc
from danceit_core.matcher.train import History, train_matcher

FOLDS = 5
CHOSEN_BY = "recall_times_chance"
LABELLED_C = 0.003  # the labelled classifier's inverse penalty: the best of a few, which favours it
COLUMNS = {
    "auc_other_style": "AUC other genre", "auc_same_style": "AUC same genre", "auc_delayed": "AUC delayed",
    "recall_times_chance": "R@10 / chance", "recall_at_1": "R@1", "recall_at_10": "R@10",
    "median_rank": "median rank", "candidates": "of", "balanced_accuracy": "balanced accuracy",
    "accuracy_at_1": "accuracy at 1", "distance": "distance", "train_loss": "loss in training",
}  # fmt: skip
Scores = dict[str, float]


@dataclass(frozen=True)
class Setting:
    """One setting: features, seconds of a fragment, the matcher's settings, and the changes as given."""

    name: str
    features: str
    seconds: float
    matcher: MatcherSettings


def read_settings(tried: Sequence[str], *, base: Sequence[str]) -> list[Setting]:
    """Settings from lists like `loss=hinge,seconds=3`, each on top of `base`; `features` and `seconds` are our own."""
    settings = []
    for item in tried or [""]:
        values = {"features": "rich", "seconds": 2.0}
        for pair in (*base, *filter(None, item.split(","))):
            values |= dict(yaml.safe_load(pair.replace("=", ": ", 1)))
        features, seconds = values.pop("features"), float(values.pop("seconds"))
        settings.append(Setting(item or "default", features, seconds, make_settings(MatcherSettings, values)))
    return settings


def make_parser(description: str | None) -> argparse.ArgumentParser:
    """The options that the benchmarks on real dances share."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder of .npz and .ogg")
    parser.add_argument(
        "--try", dest="tried", nargs="*", default=[], metavar="KEY=VALUE,...", help="settings to choose from"
    )
    parser.add_argument("--set", nargs="*", default=[], metavar="KEY=VALUE", help="changes for all settings")
    parser.add_argument("--hop", type=float, default=0.5, help="distance between fragments, seconds; 0: no overlap")
    parser.add_argument("--inner", type=int, default=2, choices=(2, 4), help="inner folds of each test fold")
    parser.add_argument(
        "--folds", type=int, nargs="*", default=list(range(FOLDS)), help="folds to test on; may be none"
    )
    parser.add_argument("--validate", action="store_true", help="let some songs choose the epoch, as in a project")
    parser.add_argument(
        "--ceiling", action="store_true", help="print the scores that labels would allow; trains no matcher"
    )
    return parser


def deal(names: Sequence[str], *, style_of: Callable[[str], str]) -> dict[str, int]:
    """The fold of each song, assigned in turn for each style."""
    ordered = sorted(names, key=lambda name: (style_of(name), name))
    return {name: place % FOLDS for place, name in enumerate(ordered)}


@dataclass(frozen=True)
class Folded:
    """Pairs with the fold of each (N,), the styles of the group numbers, and which may be used to train and to test.

    validate: some of the training songs choose the epoch, as in a project.
    """

    pairs: Pairs
    fold: NDArray[np.int64]
    styles: NDArray[np.str_]
    learn: NDArray[np.bool_]
    test: NDArray[np.bool_]
    validate: bool = False

    def trained(self, without: Sequence[int], settings: MatcherSettings) -> Callable[[int], Scores]:
        """Train without some folds; gives a function that scores on one of them."""
        learnt, begun = ~np.isin(self.fold, without) & self.learn, time.perf_counter()
        pairs = self.pairs.only(learnt)
        if self.validate:
            pairs = dataclasses.replace(pairs, part=part_of(pairs.group.astype(str), pairs.part))
        trained = train_matcher(pairs, settings=settings, seed=min(without), device=torch.device("cpu"))
        report(trained.history, f"without folds {list(without)}: {len(pairs)} fragments, "
               f"{time.perf_counter() - begun:.0f} s")  # fmt: skip

        def score(fold: int) -> Scores:
            part, rng = self.pairs.only((self.fold == fold) & self.test), np.random.default_rng(0)
            scores = score_part(trained.matcher, part, delay_s=settings.delay_s, rng=rng, styles=self.styles)
            chance = scores["recall_at_10_chance"]
            more = {"recall_times_chance": scores["recall_at_10"] / chance}
            return scores | more | {"train_loss": trained.history[-1]["train_loss"]}

        return score


def report(history: History, what: str) -> None:
    """One line of progress on stderr: the loss after 1, 2, 5, 10, ... epochs."""
    shown = sorted({min(step * 10**power, len(history)) for power in range(4) for step in (1, 2, 5)})
    course = ", ".join(f"{history[epoch - 1]['train_loss']:.3f} ({epoch})" for epoch in shown)
    print(f"{time.strftime('%H:%M:%S')} {what}; loss (after epochs) {course}", file=sys.stderr, flush=True)


def inner_scores(folded: Folded, settings: MatcherSettings, *, inner: int) -> dict[int, list[Scores]]:
    """For each test fold, the setting's scores on `inner` other folds, none of which was used for training."""
    found: dict[int, list[Scores]] = {fold: [] for fold in range(FOLDS)}
    for step in range(1, inner // 2 + 1):
        for fold in range(FOLDS):
            other = (fold + step) % FOLDS
            score = folded.trained([fold, other], settings)
            found[fold].append(score(other))
            found[other].append(score(fold))
    return found


def spread(rows: ArrayLike) -> str:
    """Mean and deviation of each column of (rows, columns), as cells of a table's row."""
    values = np.asarray(rows, np.float64)
    cells = zip(np.nanmean(values, axis=0), np.nanstd(values, axis=0), strict=True)
    return " | ".join(f"{mean:.3g} ± {deviation:.2g}" for mean, deviation in cells)


def summary(scores: Sequence[Scores]) -> str:
    """The table row of some scores."""
    return spread([[each[key] for key in COLUMNS] for each in scores])


def run_nested(
    settings: Sequence[Setting], make: Callable[[Setting], Folded], *, inner: int, folds: Sequence[int]
) -> None:
    """Print the table of inner scores (unsorted) and the row of the test folds, each scored once."""
    print("| fragments | setting | " + " | ".join(COLUMNS.values()) + " |\n" + "|---" * (len(COLUMNS) + 2) + "|")
    found: dict[Setting, dict[int, list[Scores]]] = {}
    if len(settings) > 1 or not folds:
        for setting in settings:
            found[setting] = inner_scores(make(setting), setting.matcher, inner=inner)
            row = summary([scores for each in found[setting].values() for scores in each])
            print(f"| inner | {setting.name} | {row} |", flush=True)
    if not folds:
        return
    tested = []
    for fold in folds:
        chosen = max(settings, key=lambda each: np.mean([s[CHOSEN_BY] for s in found[each][fold]]) if found else 0.0)
        tested.append(make(chosen).trained([fold], chosen.matcher)(fold))
        print(f"| test fold {fold} | {chosen.name} | {summary(tested[-1:])} |", flush=True)
    print(f"| test | as chosen | {summary(tested)} |", flush=True)
    chance = [tested[0].get(f"{key}_chance", np.nan) for key in COLUMNS]
    print(
        "| chance (first fold) | | " + " | ".join("" if np.isnan(value) else f"{value:.3g}" for value in chance) + " |",
        flush=True,
    )


def ceiling(folded: Folded, fold: int) -> tuple[float, float]:
    """AUC against other genres with genres given in training; Recall@10 over chance if the genre is known.

    A linear classifier of each side's statistics (those that initialise the matcher) is trained with labels, and a pair
    is scored by the probability that both are of one genre.
    """
    pairs, tested, learnt = folded.pairs, (folded.fold == fold) & folded.test, (folded.fold != fold) & folded.learn
    scale, rows = measure_features(pairs.only(learnt)), np.arange(len(pairs))
    size = {"embedding_size": 1, "dropout": 0.0, "unit_length": True}
    audio = AudioEncoder(feature_width=pairs.windows.feature_width, hidden_size=1, **size)
    pose = PoseEncoder(**size)
    parts = np.array_split(rows, 16)
    heard = torch.cat([audio.describe(pairs.take_sounds(some, scale=scale)) for some in parts]).numpy()
    danced = torch.cat([pose.describe(pairs.take_poses(some)) for some in parts]).numpy()
    style = folded.styles[pairs.group]
    likely = []
    for values in (danced, heard):
        told = make_pipeline(
            StandardScaler(), LogisticRegression(C=LABELLED_C, max_iter=2000, class_weight="balanced")
        ).fit(values[learnt], style[learnt])
        likely.append(told.predict_proba(values[tested]))
    score, other = likely[0] @ likely[1].T, style[tested][:, None] != style[tested]
    chance = style[tested][:, None] == style[tested]
    recall = np.minimum(1, 10 / chance.sum(axis=1)).mean() / min(1, 10 / len(chance))
    return roc_auc(-np.diag(score), -score[other]), float(recall)
