"""The choreography's tables and figures as files: one page, one .tsv per table, three pictures.

`choreography.md` shows everything, `tables.html` its tables in a browser; `scores.tsv` has all numbers of all rows,
`tempo.tsv` and `tempo.png` are the paper's Fig. 8, `losses.png` its Fig. 11, `strength.png` the curve of alignment
against distortion.
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from danceit_core.evaluation.choreographers import REAL_FORM
from danceit_core.evaluation.choreography import STRENGTHS
from danceit_core.evaluation.markdown import html_page, markdown
from danceit_core.evaluation.paper_tables import table_1, table_2
from danceit_core.files import whole_file, write_text

RHYTHM = {
    "S_BA min 0": "s_ba_min_0", "S_BA min 1": "s_ba_min_1", "chance": "chance_s_ba_min_1", "S_BA max 0": "s_ba_max_0",
    "chance ": "chance_s_ba_max_0", "S_BA max 1": "s_ba_max_1", "chance  ": "chance_s_ba_max_1",
    "hands, min 1": "hands_s_ba_min_1", "smooth, min 1": "smooth_s_ba_min_1",
}  # fmt: skip
NATURALNESS = {
    "jerk / real": "jerk_real", "jerk / own": "jerk_own", "seams over p99": "seam_share",
    "seam jerk, median": "seam_median",
    "sliding / real": "slide_ratio", "speed / real": "speed_ratio", "diversity": "diversity", "frozen s": "frozen_s",
    "frozen share": "frozen_share", "flips": "flips", "repeats": "repeats",
}  # fmt: skip
# Form: key and factor. Each chance value follows the score that it belongs to.
FORM = {
    "seams on bars %": ("seams_on_bars", 100), "in the finished dance %": ("seams_seen_on_bars", 100),
    "movements begin on bars %": ("starts_on_bars", 100), "any beat %": ("beats_on_bars", 100),
    "any frame %": ("frames_on_bars", 100), "own downbeats on downbeats %": ("downbeats_met", 100),
    "danced before %": ("danced_before", 100), "lengths off choreographers'": ("lengths_apart", 1),
    "repeats alike": ("repeat", 1), "other places alike": ("chance_repeat", 1),
    "mirrored too": ("repeat_mirrored", 1), "other places": ("chance_repeat_mirrored", 1),
    "same moment %": ("repeat_same", 100), "at other places %": ("chance_repeat_same", 100),
}  # fmt: skip
FORM_INTERVALS = {"seams on bars": ("seams_on_bars", 100, 0), "own downbeats": ("downbeats_met", 100, 0),
                  "repeats, more alike than other places": ("repeat_more", 1, 2),
                  "mirrored too, more alike": ("repeat_mirrored_more", 1, 2)}  # fmt: skip
DISTANCES = {"FID-k": "fid_k", "FID-g": "fid_g", "Dist-k": "dist_k", "Dist-g": "dist_g", "pieces": "pieces"}
CHOREOGRAPHERS = "choreographers of 43 ballroom dances"
# Differences from the default, paired by song, with their 95 % intervals: key, factor, digits.
GAINS = {
    "S_BA max 1": ("s_ba_max_1", 100, 1),
    "S_BA min 1": ("s_ba_min_1", 100, 1),
    "BAS music": ("beat_align_music", 1, 3),
}


def write_page(
    folder: str | Path,
    scores: pd.DataFrame,
    *,
    tempo: pd.DataFrame,
    histories: Mapping[str, Sequence[Mapping[str, Any]]],
    about: str,
) -> None:
    """Write all tables and figures. scores: one line per row (`score_row`); histories: the matcher's, by name."""
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    tables = {
        **main_tables(scores),
        "Table I": table_1(scores.dropna(subset=["jerk_real"])),
        "Table II (% of steps by pixels at a body of 300 px)": table_2(scores),
        "S_BA by tempo (Fig. 8)": tempo.set_index("row"),
    }
    lines = ["# Choreography", "", about, ""]
    for title, table in tables.items():
        lines += [f"## {title}", "", markdown(table), ""]
    pictures = {"tempo": draw_tempo(tempo), "losses": draw_losses(histories), "strength": draw_strength(scores)}
    for name, figure in pictures.items():
        lines += [f"![{name}]({name}.png)", ""]
        with whole_file(folder / f"{name}.png") as partial:
            figure.savefig(partial, format="png", dpi=120)
    scores.to_csv(folder / "scores.tsv", sep="\t")
    tempo.to_csv(folder / "tempo.tsv", sep="\t", index=False)
    write_text(folder / "choreography.md", "\n".join(lines))
    write_text(folder / "tables.html", html_page(tables, title="Choreography"))


def main_tables(scores: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Rhythm and naturalness of each row, by the titles of the tables."""
    rhythm = pd.DataFrame({name: 100 * scores[key] for name, key in RHYTHM.items()})
    for form in ("music", "motion"):
        key = f"beat_align_{form}"
        rhythm[f"BAS {form}"] = scores[key]
        rhythm[f"BAS {form}, 95 %"] = between(scores, key, digits=2)
    for name, (key, times, digits) in GAINS.items():
        if f"{key}_gain" not in scores:  # the default alone, or without it
            continue
        gain = times * scores[f"{key}_gain"]
        limits = between(times * scores[[f"{key}_gain_low", f"{key}_gain_high"]], f"{key}_gain", digits=digits)
        told = [f"{g:+.{digits}f} ({pair})" for g, pair in zip(gain, limits, strict=True)]
        rhythm[f"{name}, more than the default's"] = np.where(gain.notna(), told, "")
    moved = scores.dropna(subset=["jerk_real"])
    naturalness = moved[list(NATURALNESS.values())].set_axis(list(NATURALNESS), axis=1)
    title = "Rhythm (S_BA in %, BAS with sigma 50 ms, speed smoothed by 1.5 frames)"
    distances = scores[list(DISTANCES.values())].set_axis(list(DISTANCES), axis=1)
    return {
        title: rhythm,
        "Naturalness": naturalness,
        "Form (bars, movements, sections that come back)": form_table(scores),
        "Distances from real dances (2D variants of FID and of diversity)": distances,
    }


def form_table(scores: pd.DataFrame) -> pd.DataFrame:
    """The form scores of each row, below those of choreographers; rows without any are left out."""
    real = pd.DataFrame([REAL_FORM], index=[CHOREOGRAPHERS])
    told = pd.concat([real.reindex(columns=scores.columns), scores])
    table = pd.DataFrame({name: times * told[key] for name, (key, times) in FORM.items()})
    table = table.dropna(how="all")
    for name, (key, times, digits) in FORM_INTERVALS.items():
        limits = times * told.loc[table.index, [f"{key}_low", f"{key}_high"]]
        table[f"{name}, 95 %"] = between(limits, key, digits=digits)
    return table


def between(scores: pd.DataFrame, key: str, *, digits: int) -> list[str]:
    """The interval of a score as text, one per row; empty where there is none."""
    pairs = zip(scores[f"{key}_low"], scores[f"{key}_high"], strict=True)
    return ["" if np.isnan(low) else f"{low:.{digits}f} to {high:.{digits}f}" for low, high in pairs]


def draw_tempo(tempo: pd.DataFrame) -> Figure:
    """S_BA by tempo (Fig. 8): the paper's maxima at the same frame, and minima within one frame."""
    figure = Figure(figsize=(10, 4), layout="constrained")
    groups = sorted(tempo["tempo_bpm"].unique(), key=lambda name: float(name.partition("-")[0]))
    for axes, key, title in zip(
        figure.subplots(1, 2), ("s_ba_max_0", "s_ba_min_1"), ("maxima, same frame", "minima, one frame"), strict=True
    ):
        for name, part in tempo.groupby("row", sort=False):
            axes.plot([groups.index(group) for group in part["tempo_bpm"]], 100 * part[key], "o-", label=name)
        axes.set_xticks(range(len(groups)), groups)
        axes.set(title=f"S_BA: {title}", xlabel="beats per minute", ylabel="%", ylim=(0, 102))
    figure.legend(*axes.get_legend_handles_labels(), fontsize="small", loc="outside lower center", ncols=5)
    return figure


def draw_losses(histories: Mapping[str, Sequence[Mapping[str, Any]]]) -> Figure:
    """Loss of the matcher by epoch (Fig. 11), one line per length and set of videos."""
    figure = Figure(figsize=(6, 4), layout="constrained")
    axes = figure.subplots()
    for colour, (name, history) in enumerate(histories.items()):
        for key, style in (("train_loss", "-"), ("validation_loss", ":"), ("test_loss", "--")):
            points = [(line["epoch"], line[key]) for line in history if line.get(key) is not None]
            if points:
                axes.plot(*zip(*points, strict=True), style, color=f"C{colour}", label=f"{name}, {key[:-5]}")
    axes.set(title="Loss of the matcher", xlabel="epoch", ylabel="loss")
    if axes.lines:  # a matcher that could not be trained has none
        axes.legend(fontsize="small")
    return figure


def draw_strength(scores: pd.DataFrame) -> Figure:
    """Alignment against distortion: S_BA over jerk relative to the fragments', strength 0 to 1, and the real dances."""
    figure = Figure(figsize=(6, 4.5), layout="constrained")
    axes = figure.subplots()
    line = scores.loc[[f"default, strength {s:g}" for s in STRENGTHS]]
    for tolerance in (0, 1):
        axes.plot(line["jerk_own"], 100 * line[f"s_ba_min_{tolerance}"], "o-", label=f"within {tolerance} frames")
    for strength, x, y in zip(STRENGTHS, line["jerk_own"], 100 * line["s_ba_min_1"], strict=True):
        axes.annotate(f"{strength:g}", (x, y), textcoords="offset points", xytext=(4, 5))
    axes.axhline(100 * float(scores["s_ba_min_1"]["real dances"]), color="grey", ls=":", label="real dances, 1 frame")
    axes.axvline(1.1, color="red", lw=0.8)
    axes.set(xlabel="jerk relative to the chosen fragments", ylabel="S_BA of speed minima, %", ylim=(0, 102))
    axes.set_title("Alignment against distortion, strength 0 to 1")
    axes.legend(fontsize="small", loc="lower right")
    return figure


def read_history(path: str | Path) -> list[dict[str, Any]]:
    """The epochs of a matcher's `history.jsonl`."""
    return [json.loads(line) for line in Path(path).read_text().splitlines() if line.strip()]
