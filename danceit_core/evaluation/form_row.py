"""The form scores of one row of dances: for each song, and for all of them together."""

from collections import defaultdict
from collections.abc import Mapping, Sequence

import numpy as np

from danceit_core.evaluation.choreographers import REAL_LENGTHS
from danceit_core.evaluation.form import form_scores, lengths_apart, movement_lengths
from danceit_core.evaluation.repeats import repeat_scores
from danceit_core.evaluation.trial import Song, Trial
from danceit_core.music.table import Beats
from danceit_core.pose.movement import mean_present
from danceit_core.pose.skeleton import Keypoints


def song_forms(
    dances: Sequence[Keypoints],
    songs: Sequence[Song],
    trials: Sequence[Trial],
    *,
    heard: Mapping[str, Beats],
    fps: float,
    seed: int,
) -> list[dict[str, float]]:
    """The scores of `repeats` of each dance to its song and, if there are trials, those of `form` of its plan.

    trials: one per dance, or none (real dances have no plan). heard: the beats of each source dance by its name.
    """
    out = []
    for number, (dance, song) in enumerate(zip(dances, songs, strict=True)):
        trial = trials[number] if trials else None
        plan, rng = None if trial is None else trial.plan, np.random.default_rng(seed)
        row = repeat_scores(dance, song.beats, song.sections, fps=fps, rng=rng, plan=plan)
        if trial is not None:
            row |= form_scores(trial.plan, song.beats, fps=fps, dances=heard, seams=trial.dance.seams)
        out.append(row)
    return out


def score_forms(forms: Sequence[Mapping[str, float]], trials: Sequence[Trial], *, fps: float) -> dict[str, float]:
    """Means of the scores over songs; `repeat_pairs` is a sum, `lengths_apart` is pooled over songs by their metre."""
    keys = sorted({key for form in forms for key in form})
    table = np.array([[form.get(key, np.nan) for key in keys] for form in forms]).reshape(len(forms), len(keys))
    out = dict(zip(keys, mean_present(table, axis=0).tolist(), strict=True))
    lengths: dict[int, list[float]] = defaultdict(list)
    for trial in trials:
        lengths[trial.song.meter] += movement_lengths(trial.plan, trial.song.beats, fps=fps).tolist()
    out["lengths_apart"] = lengths_apart(lengths, REAL_LENGTHS)
    return out | {"repeat_pairs": float(sum(form["repeat_pairs"] for form in forms))}
