"""How well the matcher matches dances that it has not seen, on real ones: five folds by dance.

    python benchmarks/matcher_tang2018.py --data tang2018 --lengths 1 2 3 4
    python benchmarks/matcher_tang2018.py --data tang2018 --lengths 2 --folds 0 --set loss=hinge epochs=5
    python benchmarks/matcher_tang2018.py --data tang2018 --ceiling

The folder holds NAME.npz (`keypoints`, BODY_25 at 24 frames a second) beside NAME.ogg; the style is the letter between
underscores (DANCE_C_2: cha-cha; R rumba, W waltz). The dances of each style are dealt to the folds in turn, by name.
A fold's dances are only tested on. Mean and deviation are over folds; chance stands in the last row.

--ceiling trains no matcher. It shows what the data hold for one that is told the genres, which the matcher is not: a
linear classifier of each side's statistics (the same as start the matcher) taught by label, a pair scored by how likely
both are of one genre; and the Recall@10 of guessing among the right genre.
"""

import argparse
import dataclasses
import tempfile
from pathlib import Path

import numpy as np
import soundfile
import torch
import yaml
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from danceit_core.config import FragmentSettings, MatcherSettings, MusicSettings, make_settings
from danceit_core.database.fragments import cut_fragments
from danceit_core.database.table import read_database, write_fragments
from danceit_core.evaluation.matching import score_part
from danceit_core.matcher.data import Pairs, make_pairs, measure_features, part_of
from danceit_core.matcher.encoders import AudioEncoder, PoseEncoder
from danceit_core.matcher.scores import roc_auc
from danceit_core.matcher.train import train_matcher
from danceit_core.music.analyse import analyse_music
from danceit_core.music.table import MusicTable
from danceit_core.pose.table import PoseTable

FPS, FOLDS = 24.0, 5
LABELLED_C = 0.003  # the labelled classifier's inverse penalty: the best of a few, to its favour
COLUMNS = {
    "accuracy_at_1": "accuracy at 1", "balanced_accuracy": "balanced accuracy", "auc_delayed": "AUC delayed",
    "auc_same_style": "AUC same genre", "auc_other_style": "AUC other genre", "recall_at_1": "R@1",
    "recall_at_5": "R@5", "recall_at_10": "R@10", "recall_times_chance": "R@10 / chance", "median_rank": "median rank",
    "candidates": "of",
}  # fmt: skip
Dances = dict[str, tuple[PoseTable, MusicTable]]


def read_dances(folder: Path, *, features: str) -> Dances:
    """Poses and analysed music of each dance."""
    dances = {}
    for path in sorted(folder.glob("*.npz")):
        with np.load(path) as archive:
            keypoints = archive["keypoints"].astype(np.float32)
        samples, rate_hz = soundfile.read(path.with_suffix(".ogg"), dtype="float32")
        music = analyse_music(
            samples, sample_rate_hz=rate_hz, fps=FPS, settings=MusicSettings(features=features), frames=len(keypoints)
        )
        dances[path.stem] = PoseTable(keypoints, {"fps": FPS, "width": 512, "height": 512}), music
    return dances


def deal(names: list[str]) -> dict[str, int]:
    """The fold of each dance, each style dealt out in turn."""
    ordered = sorted(names, key=lambda name: (style_of(name), name))
    return {name: place % FOLDS for place, name in enumerate(ordered)}


def style_of(name: str) -> str:
    """The style in a dance's name."""
    return name.split("_")[1]


def cut(dances: Dances, *, seconds: float, hop_s: float) -> Pairs:
    """The fragments of all dances."""
    settings = FragmentSettings(hop_s=hop_s)
    with tempfile.TemporaryDirectory() as folder:
        paths = [Path(folder) / f"{name}.parquet" for name in dances]
        for path, (pose, music) in zip(paths, dances.values(), strict=True):
            write_fragments(path, cut_fragments(pose, music, video=path.stem, seconds=seconds, settings=settings))
        return make_pairs(read_database(paths))


def test_fold(pairs: Pairs, names: np.ndarray, fold: int, *, settings: MatcherSettings, validate: bool) -> dict:
    """Train without the dances of a fold and score on them."""
    folds = deal(list(names))
    split = np.array(["test" if folds[name] == fold else "train" for name in names])[pairs.video]
    part = part_of(names[pairs.video], split) if validate else split
    pairs = dataclasses.replace(pairs, part=part)
    trained = train_matcher(pairs, settings=settings, seed=fold, device=torch.device("cpu"))
    styles = np.array([style_of(name) for name in names])
    tested = pairs.only(pairs.part == "test")
    rng = np.random.default_rng(0)
    scores = score_part(trained.matcher, tested, delay_s=settings.delay_s, rng=rng, styles=styles)
    return scores | {"recall_times_chance": scores["recall_at_10"] / scores["recall_at_10_chance"]}


def ceiling(pairs: Pairs, names: np.ndarray, fold: int) -> tuple[float, float]:
    """AUC against other genres with the genres told in training; Recall@10 over chance of knowing the genre."""
    folds = deal(list(names))
    tested = np.array([folds[name] == fold for name in names])[pairs.video]
    scale, rows = measure_features(pairs.only(~tested)), np.arange(len(pairs))
    audio = AudioEncoder(
        feature_width=pairs.features.shape[-1], hidden_size=1, embedding_size=1, dropout=0.0, unit_length=True
    )
    pose = PoseEncoder(embedding_size=1, dropout=0.0, unit_length=True)
    parts = np.array_split(rows, 16)
    heard = torch.cat([audio.describe(pairs.take_sounds(some, scale=scale)) for some in parts]).numpy()
    danced = torch.cat([pose.describe(pairs.take_poses(some)) for some in parts]).numpy()
    style = np.array([style_of(name) for name in names])[pairs.video]
    likely = []
    for values in (danced, heard):
        told = make_pipeline(
            StandardScaler(), LogisticRegression(C=LABELLED_C, max_iter=2000, class_weight="balanced")
        ).fit(values[~tested], style[~tested])
        likely.append(told.predict_proba(values[tested]))
    score, other = likely[0] @ likely[1].T, style[tested][:, None] != style[tested]
    chance = style[tested][:, None] == style[tested]
    recall = np.minimum(1, 10 / chance.sum(axis=1)).mean() / min(1, 10 / len(chance))
    return roc_auc(-np.diag(score), -score[other]), float(recall)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder of .npz and .ogg")
    parser.add_argument("--lengths", type=float, nargs="+", default=[1, 2, 3, 4], help="of fragments, seconds")
    parser.add_argument("--folds", type=int, nargs="+", default=list(range(FOLDS)), help="which of 0 to 4")
    parser.add_argument("--features", nargs="+", default=["rich"], choices=("mfcc", "rich"))
    parser.add_argument("--losses", nargs="+", default=["infonce"])
    parser.add_argument("--hop", type=float, default=0.5, help="between fragments, seconds")
    parser.add_argument("--validate", action="store_true", help="set training dances aside to choose the epoch")
    parser.add_argument("--ceiling", action="store_true", help="what the genres' labels would allow, no matcher")
    parser.add_argument("--set", nargs="*", default=[], metavar="KEY=VALUE", help="of the matcher's settings")
    given = parser.parse_args()
    torch.set_num_threads(1)
    settings = make_settings(MatcherSettings, dict(yaml.safe_load(item.replace("=", ": ", 1)).popitem()
                                                   for item in given.set))  # fmt: skip
    if given.ceiling:
        print("| seconds | AUC other genre, genres told | R@10 / chance, genre known |\n|---|---|---|")
        dances = read_dances(given.data, features="rich")
        for seconds in given.lengths:
            pairs = cut(dances, seconds=seconds, hop_s=given.hop)
            both = np.array([ceiling(pairs, np.array(sorted(dances)), fold) for fold in given.folds])
            print(
                f"| {seconds:g} | "
                + " | ".join(f"{m:.3f} ± {d:.2g}" for m, d in zip(both.mean(0), both.std(0), strict=True))
                + " |"
            )
        return
    print("| features | loss | seconds | " + " | ".join(COLUMNS.values()) + " |")
    print("|---" * (len(COLUMNS) + 3) + "|")
    for features in given.features:
        dances = read_dances(given.data, features=features)
        names = np.array(sorted(dances))
        for seconds in given.lengths:
            pairs = cut(dances, seconds=seconds, hop_s=given.hop)
            for loss in given.losses:
                how = dataclasses.replace(settings, loss=loss)
                folds = [test_fold(pairs, names, fold, settings=how, validate=given.validate) for fold in given.folds]
                print(f"| {features} | {loss} | {seconds:g} | " + " | ".join(summary(folds)) + " |", flush=True)
    chance = [f"{np.mean([fold.get(f'{key}_chance', np.nan) for fold in folds]):.3g}" for key in COLUMNS]
    print("| chance, of the last row | | | " + " | ".join(chance).replace("nan", "") + " |")


def summary(folds: list[dict]) -> list[str]:
    """Mean and deviation of each column over folds."""
    columns = [np.array([fold[key] for fold in folds]) for key in COLUMNS]
    return [f"{np.nanmean(values):.3g} ± {np.nanstd(values):.2g}" for values in columns]


if __name__ == "__main__":
    main()
