"""The paper's sweep of the matcher's settings (Table III): one value changed at a time, beside the paper's figures.

The paper uses its own loss, data and pairs, and its distances depend on the scale of its embeddings, so its figures are
not comparable with ours; which values come out best is comparable.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd

from danceit_core.config import MatcherSettings
from danceit_core.errors import MatcherError
from danceit_core.evaluation.markdown import html_page, markdown
from danceit_core.files import write_text

# The values that every row starts from: the paper's, for the settings that it sweeps.
PAPER_VALUES: dict[str, Any] = {"learning_rate": 0.0001, "dropout": 0.1, "embedding_size": 16}
# Row: the changed setting, and the paper's train and test distance, train and test correlation accuracy.
SWEEP: dict[str, tuple[dict[str, Any], tuple[float, float, float, float]]] = {
    "paper": ({}, (2.37, 1.48, 0.77, 0.83)),
    "learning_rate_0.0005": ({"learning_rate": 0.0005}, (2.49, 1.79, 0.65, 0.73)),
    "learning_rate_0.001": ({"learning_rate": 0.001}, (4.63, 3.50, 0.60, 0.70)),
    "learning_rate_0.01": ({"learning_rate": 0.01}, (16.91, 12.46, 0.50, 0.65)),
    "dropout_0.2": ({"dropout": 0.2}, (3.79, 2.62, 0.60, 0.67)),
    "dropout_0.4": ({"dropout": 0.4}, (6.14, 4.82, 0.52, 0.59)),
    "dropout_0.5": ({"dropout": 0.5}, (8.19, 6.51, 0.46, 0.54)),
    "embedding_size_4": ({"embedding_size": 4}, (2.62, 2.12, 0.76, 0.82)),
    "embedding_size_8": ({"embedding_size": 8}, (2.43, 2.30, 0.75, 0.82)),
    "embedding_size_32": ({"embedding_size": 32}, (2.60, 1.99, 0.65, 0.70)),
    "embedding_size_64": ({"embedding_size": 64}, (3.24, 2.80, 0.57, 0.58)),
}
PAPER = ("paper: train distance", "paper: test distance", "paper: train accuracy", "paper: test accuracy")
OURS = {"distance": "distance", "accuracy_at_1": "accuracy at 1", "auc": "AUC", "recall_at_10": "R@10"}
COLUMNS = (*(f"{part} {name}" for name in OURS.values() for part in ("train", "test")), *PAPER)


def swept(settings: MatcherSettings, row: str) -> MatcherSettings:
    """`settings` with the paper's values and the change of one row of SWEEP. Raises MatcherError for an unknown row."""
    if row not in SWEEP:
        raise MatcherError(f"the sweep has no row {row!r}; use one of: {', '.join(SWEEP)}")
    return replace(settings, **PAPER_VALUES | SWEEP[row][0])


def sweep_table(scores: Mapping[str, Mapping[str, Any]]) -> pd.DataFrame:
    """Table III: scores of `evaluation.matching.score_matcher` by row, ours and the paper's; NaN for a missing part."""
    lines = {}
    for row, parts in scores.items():
        line = {
            f"{part} {name}": parts.get(part, {}).get(key, float("nan"))
            for key, name in OURS.items()
            for part in ("train", "test")
        }
        lines[row] = line | dict(zip(PAPER, SWEEP[row][1], strict=True))
    return pd.DataFrame.from_dict(lines, orient="index", columns=list(COLUMNS))


def write_sweep(path: str | Path, page: str | Path, scores: Sequence[str | Path], *, about: str) -> None:
    """The table as Markdown and as a page. scores: files of `write_scores`, one per row of SWEEP, in its order."""
    table = sweep_table({row: json.loads(Path(file).read_text()) for row, file in zip(SWEEP, scores, strict=True)})
    write_text(path, f"# The paper's sweep (Table III)\n\n{about}\n\n{markdown(table)}\n")
    write_text(page, html_page({f"The paper's sweep (Table III). {about}": table}, title="Sweep of the matcher"))
