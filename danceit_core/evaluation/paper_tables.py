"""The paper's tables and Fig. 8 for our own dances, beside the paper's figures, whose data and bins are not known."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from danceit_core.evaluation.scorecard import score_beats
from danceit_core.evaluation.trial import Song
from danceit_core.pose.skeleton import Keypoints

TEMPO_EDGES = (0, 80, 100, 120, 140, 300)
# The paper's temporal alignment, as printed and as described in its text (`choreography.temporal`): variant, row name.
PAPER_ROWS = {"paper": "paper", "paper_retimed": "paper, retimed"}
# Table I of the paper: S_BA (per cent), MDD of hands and feet, SDD of hands and feet; by length of fragments.
PAPER_TABLE_1 = {
    "2 s": (76.25, 6.23, 5.67, 6.81, 5.99),
    "3 s": (67.93, 5.84, 5.22, 6.98, 6.07),
    "4 s": (78.80, 5.63, 5.17, 6.67, 5.97),
}
# Table II of the paper: hands, the paper's method, per cent.
PAPER_TABLE_2 = (95.66, 4.25, 0.09, 0.0008, 0.0)


def tempo_table(
    rows: Sequence[tuple[str, Sequence[Keypoints], Sequence[Song]]], *, fps: float, seed: int
) -> pd.DataFrame:
    """S_BA by tempo (Fig. 8): one line per row and group of tempi, both kinds of motion beat.

    rows: the name of each row, its dances and their songs.
    """
    lines = []
    for row, dances, songs in rows:
        group = np.digitize([song.tempo_bpm for song in songs], TEMPO_EDGES)
        for number in np.unique(group):
            chosen = np.flatnonzero(group == number).tolist()
            scores = score_beats([dances[k] for k in chosen], [songs[k] for k in chosen], fps=fps, seed=seed)
            name = f"{TEMPO_EDGES[number - 1]:g}-{TEMPO_EDGES[min(number, len(TEMPO_EDGES) - 1)]:g}"
            kept = {key: scores[key] for key in ("s_ba_max_0", "s_ba_min_0", "s_ba_min_1", "beat_align_music")}
            lines.append({"row": row, "tempo_bpm": name, "songs": len(chosen), **kept})
    return pd.DataFrame(lines)


def table_1(scores: pd.DataFrame) -> pd.DataFrame:
    """Table I: S_BA and Eq. 18, ours and the paper's. Ours: nats, 1 px bins at a body of 300 px."""
    table = pd.DataFrame(index=scores.index)
    table["S_BA %"] = 100 * scores["s_ba_max_0"]
    for name, key in (("MDD-H", "mdd_hands"), ("MDD-F", "mdd_feet"), ("SDD-H", "sdd_hands"), ("SDD-F", "sdd_feet")):
        table[name] = scores[key]
    printed = {f"{name}, {length}": row for name in PAPER_ROWS.values() for length, row in PAPER_TABLE_1.items()}
    paper = pd.DataFrame.from_dict(printed, orient="index", columns=list(table)).reindex(table.index)
    return table.join(paper.add_suffix(" (paper, not comparable)"))


def table_2(scores: pd.DataFrame) -> pd.DataFrame:
    """Table II: per cent of steps of hands and feet in each bin, with the paper's figures for its own method."""
    steps = [
        name
        for name in map(str, scores)
        if name.startswith(("hands_0", "hands_2", "hands_4", "hands_6", "hands_8", "feet_"))
    ]
    table = 100 * scores[steps]
    rows = [str(name).startswith("paper") for name in table.index]
    for step, share in zip([s for s in steps if s.startswith("hands")], PAPER_TABLE_2, strict=True):
        table[f"{step} (paper, not comparable)"] = np.where(rows, share, np.nan)
    return table
