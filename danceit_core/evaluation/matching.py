"""How well the matcher matches (paper Table III and Fig. 11), with the chance level beside each score.

    distance           mean Euclidean distance of matching pairs (paper: 2.37 train, 1.48 test)
    accuracy_at_1      correlation accuracy: matching pairs nearer than 1, others not (paper: .77 train, .83 test)
    balanced_accuracy  the same at the threshold that is best on the training pairs
    auc                probability that a matching pair is nearer than another pair of any kind; by kind of the other:
                       _other_song, _delayed (same song), and, where styles are known, _same_style and _other_style
    recall_at_k        share of sounds whose own dance is among the k nearest of all fragments that do not overlap
    median_rank        of a sound's own dance among them, 1 is best

Songs are identified by their group. Another dance to the same moment of a song is not a wrong answer: it counts neither
as a pair that does not match nor among the candidates. The paper does not describe its protocol. Here there are as many
matching pairs as others, and the test songs were used neither to train the matcher nor to choose its epoch.
"""

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from danceit_core.errors import MatcherError
from danceit_core.evaluation.summary import write_scores
from danceit_core.files import whole_file, write_history
from danceit_core.matcher import scores
from danceit_core.matcher.data import Pairs
from danceit_core.matcher.model import Matcher, save_matcher, save_untrained
from danceit_core.matcher.negatives import other_dances, same_moment
from danceit_core.matcher.train import PARTS, Trained

log = logging.getLogger(__name__)

# With more fragments than this, pairs are drawn from a sample, since all pairs of 2000 are 4 million.
MOST = 2000


def score_matcher(matcher: Matcher, pairs: Pairs, *, seed: int = 0) -> dict[str, Any]:
    """Scores of a matcher: {"selected_on", "epoch", "threshold", "train": {...}, "validation": {...}, "test": {...}}.

    Parts without fragments are left out. Two moments of one video count as not matching from the trained delay_s apart.
    seed: for drawing the pairs.
    """
    rng = np.random.default_rng(seed)
    delay_s = float(matcher.checkpoint["settings"]["delay_s"])
    result: dict[str, Any] = {key: matcher.checkpoint[key] for key in ("selected_on", "epoch", "threshold")}
    for name in PARTS:
        part = pairs.only(pairs.part == name)
        if len(part):
            result[name] = score_part(matcher, part, delay_s=delay_s, rng=rng)
    return result


def score_part(
    matcher: Matcher,
    part: Pairs,
    *,
    delay_s: float,
    rng: np.random.Generator,
    styles: NDArray[np.str_] | None = None,
) -> dict[str, float]:
    """The scores of the module's list for some pairs; each chance level is under `<score>_chance`.

    styles: (G,) style of each group number, to tell songs of the same style from others.
    """
    if not len(part):
        raise MatcherError("no fragment with sound to score the matcher on; add videos with sound")
    part = part.only(np.sort(rng.permutation(len(part))[:MOST]))
    every, group = np.arange(len(part)), part.group
    poses, sounds = matcher.embed_pairs(part)
    squared = (poses**2).sum(axis=1)[:, None] - 2 * poses @ sounds.T + (sounds**2).sum(axis=1)
    distances = np.sqrt(np.maximum(squared, 0)).astype(np.float64)  # (dances, sounds)
    matching = scores.pair_distances(poses, sounds)
    same = group[:, None] == group
    foreign = distances[~same]
    delayed = distances[same & ~same_moment(part, every, delay_s=delay_s)]
    # As many of one kind as of the other, so that a long video does not decide what "not matching" means.
    kinds = [values for values in (foreign, delayed) if len(values)]
    size = min((len(values) for values in kinds), default=0)
    others = np.concatenate([rng.choice(values, size, replace=False) for values in kinds]) if kinds else np.zeros(0)
    alone = np.flatnonzero(scores.apart(part.video, part.start_s, seconds=part.seconds))
    ignored = other_dances(part, alone, delay_s=delay_s)
    ranks = scores.match_ranks(poses[alone], sounds[alone], ignored=ignored)
    candidates = len(ranks) - ignored.sum(axis=1)
    threshold = float(matcher.checkpoint["threshold"])
    result = {
        "fragments": len(part),
        "videos": len(set(part.video.tolist())),
        "songs": len(set(group.tolist())),
        "distance": float(matching.mean()),
        # What an untrained matcher would give: the mean distance of pairs that do not match.
        "distance_chance": float(others.mean()) if len(others) else float("nan"),
        "accuracy_at_1": scores.balanced_accuracy(matching, others, threshold=scores.PAPER_THRESHOLD),
        "balanced_accuracy": scores.balanced_accuracy(matching, others, threshold=threshold),
        "auc": scores.roc_auc(matching, others),
        "auc_other_song": scores.roc_auc(matching, foreign),
        "auc_delayed": scores.roc_auc(matching, delayed),
        "candidates": float(candidates.mean()),
        "median_rank": float(np.median(ranks)),
        "median_rank_chance": float((candidates.mean() + 1) / 2),
    }
    if styles is not None:
        alike = styles[group][:, None] == styles[group]
        result["auc_same_style"] = scores.roc_auc(matching, distances[alike & ~same])
        result["auc_other_style"] = scores.roc_auc(matching, distances[~alike])
    for key in [key for key in result if key.startswith(("acc", "bal", "auc"))]:
        result[f"{key}_chance"] = 0.5
    for k in scores.RECALL_AT:
        result[f"recall_at_{k}"] = scores.recall_at(ranks, k)
        result[f"recall_at_{k}_chance"] = float(np.minimum(1, k / candidates).mean())
    return result


def write_training(trained: Trained, pairs: Pairs, files: Any, *, seed: int) -> None:
    """Write the outputs of a training: `files.matcher` (the checkpoint), `.scores`, `.history` and `.curves`."""
    save_matcher(files.matcher, trained.checkpoint)
    write_scores(files.scores, score_matcher(trained.matcher, pairs, seed=seed))
    write_history(files.history, trained.history)
    draw_curves(trained.history, files.curves)


def write_untrained(lack: str, files: Any) -> None:
    """Write the same files if there is too little training data, as `lack` says: warn, and let the run go on."""
    log.warning(
        "no matcher is trained: %s; fragments are chosen by beats, tempo, energy and seams alone. Add dances with "
        "sound, or name their sound files in column `audio` of videos.tsv",
        lack,
    )
    save_untrained(files.matcher, lack)
    write_scores(files.scores, {"untrained": lack})
    write_history(files.history, [])
    draw_curves([], files.curves)


def draw_curves(history: Sequence[Mapping[str, Any]], path: str | Path) -> None:
    """Loss and AUC by epoch as a PNG (Fig. 11); dashed for videos not trained on. No epochs: there is no matcher."""
    figure = Figure(figsize=(9, 3.6), layout="constrained")
    left, right = figure.subplots(1, 2)
    styles = {"train": "-", "validation": ":", "test": "--"}
    for number, (part, style) in enumerate(styles.items()):
        for axes, score in ((left, "loss"), (right, "auc")):
            if history and f"{part}_{score}" in history[0]:
                values = [row[f"{part}_{score}"] for row in history]
                axes.plot([row["epoch"] for row in history], values, style, color=f"C{number}", label=part)
    right.axhline(0.5, color="grey", linewidth=0.8, label="chance")
    left.set(xlabel="epoch", ylabel="loss", title="Loss")
    right.set(xlabel="epoch", ylabel="ROC AUC", title="Matching pairs nearer than others", ylim=(0.3, 1.02))
    for axes in (left, right):
        axes.spines[["top", "right"]].set_visible(False)
    right.legend(frameon=False, fontsize=8)
    if not history:
        left.text(0.5, 0.5, "no matcher: too little sound", transform=left.transAxes, ha="center", va="center")
    with whole_file(path) as partial:
        figure.savefig(partial, dpi=130, format="png")
