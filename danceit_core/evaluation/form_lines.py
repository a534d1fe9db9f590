"""What a run reports about its song's bars, sections and style, and how the dance fits them: one line each."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from danceit_core.choreography.form import without_hold
from danceit_core.choreography.plan import Plan
from danceit_core.evaluation.form import on_bars
from danceit_core.music.table import MusicTable

# How many styles of the matcher's vote are named.
STYLES = 3
# If a song has more sections than this, only their number is reported.
MOST_SECTIONS = 16


def describe_form(plan: Plan, music: MusicTable, *, seams_s: ArrayLike | None = None) -> dict[str, Any]:
    """What `form_lines` reports about a plan and its song, as plain numbers and words.

    seams_s (S,): when the clips, without the first, begin in the finished dance, seconds; None: as planned. Keys:
    `meter` (0: bars unknown), `sections` (their letters), `doubt` (whether the beats are in doubt), `seams` (how many,
    without that of a held end), `seams_on_bars` and `beats_on_bars` (0..1, NaN unknown).
    """
    seams = plan.seams / music.fps if seams_s is None else np.asarray(seams_s, np.float64)
    seams = seams[: len(without_hold(plan)[0].seams)]
    return {
        "meter": music.beats.meter if len(music.beats.downbeats_s) else 0,
        "sections": " ".join(part.letter for part in music.sections),
        "doubt": bool(music.beats.doubt),
        "seams": len(seams),
        "seams_on_bars": on_bars(seams, music.beats, fps=music.fps),
        "beats_on_bars": on_bars(music.beats.times_s, music.beats, fps=music.fps),
    }


def form_lines(scores: Mapping[str, Any]) -> list[str]:
    """The lines of a finished video's scores: of `form` (`describe_form`), and of `styles`, the share of each."""
    lines = []
    if form := scores.get("form"):
        lines.append(_bars(form) + _sections(form["sections"]))
    if styles := scores.get("styles"):
        named = [f"{name} {share:.0%}" for name, share in list(styles.items())[:STYLES]]
        lines.append(f"style, by the nearest fragments: {', '.join(named)}")
    return lines


def _bars(form: Mapping[str, Any]) -> str:
    if not form["meter"]:
        return "bars unknown: the dance follows the beats alone"
    words = f"bars of {form['meter']} beats" + " (beats unsure)" * bool(form["doubt"])
    if form["seams"]:
        words += f"; {form['seams_on_bars']:.0%} of {form['seams']} seams on bar lines"
        words += f" (of all beats: {form['beats_on_bars']:.0%})"
    return words


def _sections(letters: str) -> str:
    count = len(letters.split())
    if not count:
        return ""
    return f"; sections {letters}" if count <= MOST_SECTIONS else f"; {count} sections"
