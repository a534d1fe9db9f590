"""Beats of the music and of the dance over the song's waveform, before and after the alignment (paper Fig. 9, 14).

Bars are numbered lines, sections coloured bands with their letters; above, the clips with their lengths in counts.
"""

import math
from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from numpy.typing import NDArray

from danceit_core.choreography.clips import ShownClip
from danceit_core.choreography.curve import Array, show_absent
from danceit_core.choreography.motion_beats import HIT_FRAMES, BeatHits, find_hits, seen_s, step_speed
from danceit_core.evaluation.steps import Steps
from danceit_core.music.table import Beats, Section

# A line of the page shows at most this much of the song; the page shows only the first lines.
LINE_S, MOST_LINES = 12.0, 5
PEAKS_PER_S = 100
SOUND, BEAT, CURVE, HIT, MISS = "#b9cde3", "#c9a227", "#5a6673", "#1b9e77", "#d1495b"
# Seconds from and to.
Span = tuple[float, float]
# The bands from below: sound, the joined dance, the aligned one.
BANDS = {"before": 1.15, "after": 2.3}
# Heights on the page: all bands together, the clips above them, the letters below the sound.
TOP, CLIPS, LETTERS = 3.4, 3.75, -0.3


def draw_beats(
    steps: Steps,
    beats: Beats,
    peaks: NDArray[np.float32],
    *,
    kind: str,
    sections: Sequence[Section] = (),
    clips: Sequence[ShownClip] = (),
) -> Figure:
    """Waveform, speed before and after the temporal alignment, and every judged beat: met or missed.

    peaks: amplitude of each 1 / PEAKS_PER_S of a second. kind: of motion beat, `min` or `max` of speed. sections are
    those of the song, clips those of the finished dance; empty ones are not shown.
    """
    speeds, found = hits_of_steps(steps, beats, kind=kind)
    song_s = len(steps) / steps.fps
    lines = max(1, math.ceil(song_s / LINE_S))
    line_s = song_s / lines
    figure = Figure(figsize=(11.5, 0.7 + 2.2 * min(lines, MOST_LINES)), layout="constrained")
    shares = ", ".join(f"{100 * hits.share:.0f} % {name}" for name, hits in found.items() if len(hits.music_s))
    cut = f" (its first {MOST_LINES * line_s:.0f} s)" if lines > MOST_LINES else ""
    extreme = "least" if kind == "min" else "greatest"
    figure.suptitle(
        f"{beats.tempo_bpm:.0f} beats per minute{cut}. Motion beats ({extreme} speed) at most {HIT_FRAMES} frame from "
        f"the music's: {shares or 'no beats'}" + f"\nTempo unsure: {beats.doubt}" * bool(beats.doubt),
        fontsize=11,
    )
    for line, axes in enumerate(figure.subplots(min(lines, MOST_LINES), squeeze=False)[:, 0]):
        span = line * line_s, (line + 1) * line_s
        _draw_sound(axes, peaks, span)
        _draw_bars(axes, beats, span)
        _draw_sections(axes, sections, span)
        _draw_clips(axes, clips, span)
        for name, base in BANDS.items():
            times_s = seen_s(np.arange(len(steps)), fps=steps.fps, shown_fps=steps.shown_fps)
            _draw_speed(axes, speeds[name], found[name], span, base=base, times_s=times_s)
        axes.set(
            xlim=span, ylim=(LETTERS if sections else 0, CLIPS if clips else TOP), yticks=[0.5, 1.65, 2.8]
        )  # fmt: skip
        axes.set_yticklabels(["sound", "speed\nbefore", "speed\nafter"])
        axes.tick_params(axis="y", length=0)
        axes.spines[["top", "right", "left"]].set_visible(False)
    axes.set_xlabel("seconds")
    handles = [
        Line2D([], [], color=BEAT, label="beat of the music (thick, with a number: bar line)"),
        Line2D([], [], color=HIT, marker="o", ls="", label="motion beat, met"),
        Line2D([], [], color=MISS, marker="x", mew=2, ls="", label="motion beat, missed"),
    ]
    figure.legend(handles=handles, loc="outside lower center", ncols=3, frameon=False, fontsize=9)
    return figure


def hits_of_steps(steps: Steps, beats: Beats, *, kind: str) -> tuple[dict[str, Array], dict[str, BeatHits]]:
    """Speed (T,) of a dance `before` and `after` the temporal alignment, and the motion beats of both."""
    speeds = {"before": step_speed(show_absent(steps.joined)), "after": step_speed(show_absent(steps.aligned))}
    rates = {"fps": steps.fps, "shown_fps": steps.shown_fps}
    return speeds, {name: find_hits(speed, beats.times_s, kind=kind, **rates) for name, speed in speeds.items()}


def _within(times_s: Array, span: Span) -> NDArray[np.bool_]:
    """Which times a line of the page shows, with a small margin; drawing more would only make the file larger."""
    return (times_s >= span[0] - 0.1) & (times_s <= span[1] + 0.1)


def _draw_bars(axes: Axes, beats: Beats, span: Span) -> None:
    """Draw the beats; those that begin a bar are thick and carry the bar's number."""
    shown, first = _within(beats.times_s, span), beats.place == 1
    axes.vlines(beats.times_s[shown & ~first], 0, TOP, color=BEAT, lw=0.9, alpha=0.6)
    axes.vlines(beats.times_s[shown & first], 0, TOP, color=BEAT, lw=2.2)
    bars = np.cumsum(first)
    for number in np.flatnonzero((beats.times_s >= span[0]) & (beats.times_s < span[1]) & first).tolist():
        words = axes.annotate(
            str(bars[number]), (beats.times_s[number], 0.03), textcoords="offset points", xytext=(3, 0)
        )  # fmt: skip
        words.set(fontsize=7, color="#8a6d12")


def _draw_sections(axes: Axes, sections: Sequence[Section], span: Span) -> None:
    letters = sorted({part.letter for part in sections})
    for part in sections:
        left, right = max(part.start_s, span[0]), min(part.end_s, span[1])
        if left < right:
            colour = f"C{letters.index(part.letter) % 10}"
            axes.fill_between([left, right], LETTERS, 0, color=colour, alpha=0.3, lw=0)
            axes.text((left + right) / 2, LETTERS / 2, part.letter, ha="center", va="center", fontsize=8)


def _draw_clips(axes: Axes, clips: Sequence[ShownClip], span: Span) -> None:
    """Draw the clips' names and lengths over their stretch of the page, with an edge at each seam."""
    room = span[1] - span[0]
    for clip in clips:
        left, right = max(clip.start_s, span[0]), min(clip.end_s, span[1])
        if right - left < 0.02 * room:
            continue
        axes.vlines(left, TOP, CLIPS, color="#30343f", lw=0.8)
        words = clip.name + (f" ({clip.length})" if clip.length else "")
        # About this many letters of this size fit into the page's width.
        kept = words[: max(1, int(150 * (right - left) / room))]
        axes.text(left + 0.003 * room, (TOP + CLIPS) / 2, kept, va="center", fontsize=7, clip_on=True)


def _draw_sound(axes: Axes, peaks: NDArray[np.float32], span: Span) -> None:
    times_s = np.arange(len(peaks)) / PEAKS_PER_S
    shown = _within(times_s, span)
    level = 0.5 * peaks[shown] / max(float(peaks.max(initial=0)), 1e-9)
    axes.fill_between(times_s[shown], 0.5 - level, 0.5 + level, color=SOUND, lw=0)


def _draw_speed(axes: Axes, speed: Array, found: BeatHits, span: Span, *, base: float, times_s: Array) -> None:
    """Draw one band: the curve of speed, seen at `times_s`, with a mark for each judged beat."""
    height = base + np.minimum(speed / max(float(np.percentile(speed, 99)), 1e-9), 1.05)
    shown = _within(times_s, span)
    axes.axhline(base, color="#e3e6ea", lw=0.8, zorder=0)
    axes.plot(times_s[shown], height[shown], color=CURVE, lw=1.1)
    for chosen, colour, mark in ((found.hit, HIT, "o"), (~found.hit, MISS, "x")):
        at_s = found.motion_s[chosen & _within(found.motion_s, span)]
        marked = np.interp(at_s, times_s, height)
        axes.plot(at_s, marked, mark, color=colour, ms=6, mew=2 if mark == "x" else 0.5, zorder=3)
