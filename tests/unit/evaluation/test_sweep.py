import json

import pytest

from danceit_core.config import MatcherSettings
from danceit_core.errors import MatcherError
from danceit_core.evaluation.sweep import SWEEP, swept, write_sweep


def test_each_row_changes_one_setting():
    settings = MatcherSettings(loss="hinge")
    paper = swept(settings, "paper")
    assert (paper.learning_rate, paper.dropout, paper.embedding_size) == (1e-4, 0.1, 16)
    assert paper.loss == "hinge"
    for row, (changed, _) in SWEEP.items():
        if row != "paper":
            (key, value), after = next(iter(changed.items())), swept(settings, row)
            assert len(changed) == 1
            assert getattr(after, key) == value
            assert after != paper
    with pytest.raises(MatcherError, match="no row 'dropout_9'"):
        swept(settings, "dropout_9")


def test_the_table_has_ours_beside_the_papers(tmp_path):
    files = []
    for number, row in enumerate(SWEEP):
        scores = {"distance": 0.5, "accuracy_at_1": 0.6, "auc": 0.7, "recall_at_10": 0.01 * number}
        files.append(tmp_path / f"{row}.json")
        files[-1].write_text(json.dumps({"train": scores} | ({"test": scores} if number else {})))
    write_sweep(tmp_path / "sweep.md", tmp_path / "sweep.html", files, about="")
    lines = [line.split("|") for line in (tmp_path / "sweep.md").read_text().splitlines() if line.startswith("| ")]
    head = [cell.strip() for cell in lines[0]]
    rows = {line[1].strip(): dict(zip(head, map(str.strip, line), strict=True)) for line in lines[1:]}
    assert list(rows) == list(SWEEP)
    assert rows["dropout_0.2"]["test R@10"] == "0.04"
    assert rows["dropout_0.2"]["paper: test accuracy"] == "0.67"
    assert rows["paper"]["test AUC"] == ""  # no test video: no score
    page = (tmp_path / "sweep.html").read_text()
    assert page.count("<tr>") == len(SWEEP)
    assert "<th>dropout_0.2</th>" in page
