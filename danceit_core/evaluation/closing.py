"""What a run reports at its end, in a terminal and as HTML: the video's path, its quality, the time it took."""

import math
import textwrap
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import PurePath
from typing import Any

import pandas as pd

from danceit_core.database.statistics import describe_total
from danceit_core.evaluation.form_lines import form_lines
from danceit_core.evaluation.summary import off_by, score_rows

# Rules whose jobs make up a stage; the rules not named here take seconds.
STAGES = {
    "demo": ("render_demo", "synthesise_song"),
    "frames": ("normalise_video",),
    "keypoints": ("extract_keypoints", "extract_target", "import_keypoints", "clean_keypoints"),
    "music": ("analyse_song", "analyse_dance"),
    "matcher": ("measure_dance", "gather_frames", "cut_fragments", "cut_counts", "train_matcher", "index_fragments"),
    "choreography": ("retrieve_fragments", "edit_plan", "align_poses"),
    "training the person": ("train_pose_gan", "train_face_gan"),
    "painting": ("render_video",),
}
WIDTH = 96
STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; color: #20252b; max-width: 860px; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.4rem; } h2 { font-size: 1.1rem; margin-top: 2rem; }
.cards { display: flex; flex-wrap: wrap; gap: 1rem; }
.card { background: #f2f5f8; border-radius: 8px; padding: .8rem 1.1rem; flex: 1 1 160px; }
.card b { display: block; font-size: 1.6rem; color: #1f5a92; }
table { border-collapse: collapse; width: 100%; } td, th { text-align: left; padding: .25rem .5rem; }
tr { border-bottom: 1px solid #e3e6ea; } td.number, th.number { text-align: right; white-space: nowrap; }
.bar { background: #b9cde3; height: .8rem; border-radius: 3px; min-width: 1px; }
"""


def stage_seconds(benchmarks: Mapping[str, float]) -> dict[str, float]:
    """Seconds of each stage that ran, in the order of the workflow, summed from the seconds of each rule."""
    summed = {name: sum(benchmarks.get(rule, 0.0) for rule in rules) for name, rules in STAGES.items()}
    return {name: seconds for name, seconds in summed.items() if seconds}


def in_words(seconds: float) -> str:
    """`4 min 18 s`, `2 h 05 min`, `7 s`."""
    minutes, rest = divmod(round(seconds), 60)
    if minutes >= 60:
        return f"{minutes // 60} h {minutes % 60:02d} min"
    return f"{minutes} min {rest:02d} s" if minutes else f"{rest} s"


def key_scores(scores: Mapping[str, Any], *, kind: str) -> list[tuple[str, str]]:
    """The most important figures: a value and its meaning. kind: the requested kind of motion beat.

    The beats as the finished video shows them come first, those of the planned poses second.
    """
    made, pose, beats, asked = scores["video"], scores["pose"], scores["beats"], scores["beats_asked"]
    tolerances = sorted(int(key.rsplit("_", 1)[1]) for key in beats if key.startswith(f"s_ba_{kind}_"))
    near = max((t for t in tolerances if t <= 1), default=tolerances[0] if tolerances else 0)
    key = f"s_ba_{kind}_{near}"
    met = []
    for of, words in ((beats, f"of the beats met in the video, {off_by(near, beats['frame_ms'])}"),
                      (asked, "of the beats met by the planned poses")):  # fmt: skip
        if key in of and not math.isnan(of[key]):
            met.append((f"{of[key]:.0%}", f"{words}; by chance {of[f'chance_{key}']:.0%}"))
    off = f"mean error {pose['mean_error_px']:.1f} px of {max(made['width'], made['height'])}"
    found = (f"{pose['pck']:.0%}", f"of the joints found at their planned places, {off}")
    if math.isnan(pose["pck"]):
        found = (f"{pose['detected_share']:.0%}", "of the frames show a detectable person")
    return [
        *met,
        found,
        (f"{pose['unseen_poses']:.0%}", "of the frames are in poses that the person's own video never shows"),
    ]


def closing_lines(
    scores: Mapping[str, Any], *, video: str, summary: str, benchmarks: Mapping[str, float], kind: str
) -> list[str]:
    """A few lines for a terminal. video, summary: the paths that the lines name."""
    times = ", ".join(f"{name} {in_words(seconds)}" for name, seconds in stage_seconds(benchmarks).items())
    made = scores["video"]
    shape = f"{made['width']} x {made['height']}, {made['fps']:g} frames per second"
    return [
        f"{video}: {made['seconds']:.1f} s, {shape}",
        *(f"  {value:>5} {words}" for value, words in key_scores(scores, kind=kind)),
        *(line for told in form_lines(scores) for line in _wrapped(told)),
        *(line for remark in scores.get("remarks", []) for line in _wrapped(f"note: {remark}")),
        *textwrap.wrap(f"time: {times}", WIDTH, initial_indent="  ", subsequent_indent="        "),
        f"  more: {summary}; {_report_command(summary)} collects all pictures on one page",
    ]


def _wrapped(words: str) -> list[str]:
    return textwrap.wrap(words, WIDTH, initial_indent="  ", subsequent_indent="        ")


def _report_command(summary: str) -> str:
    """The command that makes the report of these results, whether of the demo, of a project, or in another folder."""
    results = PurePath(summary).parent
    if results.name != "results":
        return "`snakemake --report`"
    return "`make report`" if results == PurePath("results") else f"`make report PROJECT={results.parent}`"


def summary_html(
    scores: Mapping[str, Any], *, video: str, dances: pd.DataFrame, benchmarks: Mapping[str, float], kind: str
) -> str:
    """The same lines and all scores as a self-contained HTML page."""
    made, times = scores["video"], stage_seconds(benchmarks)
    shape = f"{made['width']} x {made['height']} pixels, {made['fps']:g} frames per second"
    cards = [(f"{made['seconds']:.1f} s", f"of video, {shape}; the song lasts {made['song_seconds']:.1f} s")]
    longest = max(times.values(), default=1.0)
    left_out = "".join(f"<li>left out: {escape(str(reason))}</li>" for reason in dances["refused"] if reason)
    parts = [
        f"<!doctype html><html lang='en'><meta charset='utf-8'><title>{escape(video)}</title><style>{STYLE}</style>",
        f"<h1>{escape(video)}</h1><div class='cards'>",
        *(f"<div class='card'><b>{escape(value)}</b>{escape(words)}</div>"
          for value, words in [*cards, *key_scores(scores, kind=kind)]),
        "</div>",
        *(f"<p>{escape(line[0].upper() + line[1:])}.</p>" for line in form_lines(scores)),
        *(f"<p>Note: {escape(remark)}.</p>" for remark in scores.get("remarks", [])),
        "<h2>Scores</h2>",
        _table(("what", "value", "chance"), score_rows(scores)),
        f"<h2>Source dances</h2><p>{escape(describe_total(dances))}</p><ul>{left_out}</ul>",
        "<h2>Time of each stage</h2><table>",
        *(f"<tr><td>{name}</td><td class='number'>{in_words(seconds)}</td>"
          f"<td style='width: 60%'><div class='bar' style='width: {100 * seconds / longest:.1f}%'></div></td></tr>"
          for name, seconds in times.items()),
        "</table></html>\n",
    ]  # fmt: skip
    return "\n".join(parts)


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """An HTML table whose columns, except the first, hold numbers."""

    def line(cells: Sequence[str], tag: str) -> str:
        named = zip(cells, ("", *[" class='number'"] * (len(cells) - 1)), strict=True)
        return "<tr>" + "".join(f"<{tag}{kind}>{escape(cell)}</{tag}>" for cell, kind in named) + "</tr>"

    return "<table>" + line(head, "th") + "".join(line(row, "td") for row in rows) + "</table>"
