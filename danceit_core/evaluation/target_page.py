"""A page that shows whether the target's video is suitable: frames, the room, views of target and dances, findings."""

import textwrap
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure, SubFigure
from matplotlib.patches import Polygon
from numpy.typing import NDArray

from danceit_core.files import whole_file
from danceit_core.imagination.check.findings import judge
from danceit_core.imagination.check.measure import VIEWS, Figures, black_bars
from danceit_core.imagination.check.samples import Samples
from danceit_core.media.letterbox import resize
from danceit_core.pose.draw import draw_skeleton
from danceit_core.pose.table import PoseTable

COLOURS = {"warning": "#c9184a", "note": "#e6a817", "fine": "#8fbf9f"}
SHOWN = 6
# Longer side of the room as it is drawn.
PLATE_PX = 900


def describe(f: Figures) -> str:
    """The figures in two lines; a question mark stands for what could not be measured."""
    use = "one photograph" if f.still else f"{f.usable_s:.0f} s usable"
    line = (
        f"{use}, nose to ankles {f.height:.0%} of the picture's height, partly out of view "
        f"{f.cut_off:.0%}, several people {f.people:.0%},\nblurred {f.blurred:.0%}, background differs by "
        f"{f.room.room_levels:.1f} grey levels, poses of the dances far from the target's {f.far_poses:.0%}"
    )
    return line.replace("nan%", "?").replace("nan", "?")


def draw_check(
    path: str | Path,
    figures: Figures,
    *,
    name: str,
    cleaned: PoseTable,
    samples: Samples,
    plate: NDArray[np.uint8],
    filled: Sequence[Sequence[Sequence[int]]] = (),
) -> None:
    """The page as a PNG: frames with skeletons, the room, views of target and dances, and the findings as text.

    name: the target's; plate: the room (H, W, 3); filled: outlines of its filled places, corners [x, y] in its pixels;
    the others as for `measure_target`.
    """
    rows = [(COLOURS[f.severity], textwrap.wrap(f.sentence, 100)) for f in judge(figures)]
    rows = rows or [(COLOURS["fine"], ["no problems found"])]
    lines = max(8.0, sum(len(text) + 0.6 for _, text in rows))
    figure = Figure(figsize=(13, 5.9 + 0.24 * lines), layout="constrained")
    grid = figure.add_gridspec(3, 1, height_ratios=(2.9, 3.0, 0.24 * lines))
    strip, room, below = (figure.add_subfigure(grid[row]) for row in range(3))
    strip.suptitle(f"{name}: {describe(figures)}", fontsize=11)
    rims = np.ceil(black_bars(cleaned)[samples.numbers] * samples.scale).astype(int)
    count, height, width = samples.pictures.shape[:3]
    shown = np.unique(np.linspace(0, count - 1, min(SHOWN, count)).round().astype(int))
    for column, number in enumerate(shown, start=1):
        drawn, (left, top) = draw_skeleton(samples.pictures[number], samples.joints[number]), rims[number]
        seconds = samples.numbers[number] / cleaned.fps
        axes = strip.add_subplot(1, SHOWN, column, xticks=[], yticks=[], xlabel=f"{seconds:.0f} s")
        axes.imshow(drawn[top : height - top, left : width - left])
    _draw_room(room, plate, filled, figures)
    bars, words = below.subplots(1, 2, width_ratios=(1, 2.6))
    for offset, shares, colour in ((-0.2, figures.shown, "#1f5a92"), (0.2, figures.asked, "#c9803a")):
        drawn = bars.barh(np.arange(3) + offset, np.nan_to_num(list(shares.values())), 0.36, color=colour)
        bars.bar_label(drawn, [f"{share:.0%}".replace("nan%", "") for share in shares.values()], padding=3, fontsize=9)
    bars.legend(["target", "dances"], frameon=False, fontsize=9, loc="lower right")
    bars.set(yticks=range(3), yticklabels=list(VIEWS.values()), xticks=[], xlim=(0, 1.15), ylim=(2.6, -0.6))
    bars.spines[["top", "right", "bottom"]].set_visible(False)
    words.set(xlim=(0, 1), ylim=(lines, 0))
    words.set_axis_off()
    at = 0.0
    for colour, text in rows:
        words.text(0.0, at, "●", color=colour, va="top", fontsize=11)
        words.text(0.025, at, "\n".join(text), va="top", fontsize=11)
        at += len(text) + 0.6
    with whole_file(path) as partial:
        figure.savefig(partial, dpi=110, format="png")


def _draw_room(
    part: SubFigure, plate: NDArray[np.uint8], filled: Sequence[Sequence[Sequence[int]]], figures: Figures
) -> None:
    """Draw the room without the person; places that were filled in are hatched."""
    room = figures.room
    axes = part.add_subplot(1, 1, 1, xticks=[], yticks=[])
    shrink = max(1.0, max(plate.shape[:2]) / PLATE_PX)
    small = resize(plate, (max(1, round(plate.shape[1] / shrink)), max(1, round(plate.shape[0] / shrink))))
    axes.imshow(small)
    for polygon in filled:
        at = np.array(polygon) / shrink
        axes.add_patch(Polygon(at, closed=True, fill=False, hatch="////", edgecolor="white", linewidth=0.8))
    axes.set_xlabel(
        f"the room, {room.width} x {room.height} pixels, from {room.frames} frames; hatched: filled in "
        f"({room.never_seen:.1%} of it never seen without the person)".replace("nan%", "?")
    )
