"""Skeletons side by side: a stretch of a dance before and after each step of its alignment (paper Fig. 12, 14, 15)."""

from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from numpy.typing import NDArray

from danceit_core.choreography.curve import Array, show_absent
from danceit_core.choreography.motion_beats import BeatHits, seen_s
from danceit_core.evaluation.beat_page import BEAT, CURVE, HIT, MISS, hits_of_steps
from danceit_core.evaluation.steps import Steps, largest_steps, roughest_seam
from danceit_core.media.letterbox import Picture
from danceit_core.music.table import Beats
from danceit_core.pose.draw import pose_picture
from danceit_core.pose.skeleton import MID_HIP

TILES, TILE_WIDTH, TILE_HEIGHT = 12, 120, 220
# Every second frame of a stretch round beats: twelve pictures last a second.
BEAT_STRIDE = 2
SEAM_COLOUR = "#d1495b"


def draw_seams(steps: Steps) -> Figure:
    """The frames round the roughest seam, one row per step of the alignment; an empty page if there are no seams."""
    figure = Figure(figsize=(11.5, 7.2), layout="constrained")
    worst = roughest_seam(steps)
    if worst is None:
        return _nothing(figure, "The dance is a single fragment: there is no seam")
    rows = {
        "retrieved: fragments\nend to end": (steps.retrieved, int(steps.seams[worst])),
        "spatially aligned:\nseam closed": (steps.joined, int(steps.seams[worst])),
        "fully aligned:\non the beats": (steps.aligned, int(np.clip(steps.aligned_seams, 1, len(steps) - 1)[worst])),
    }
    size = steps.size
    figure.suptitle(
        f"The roughest of {len(steps.seams)} seams, at {steps.seams[worst] / steps.fps:.1f} s; frame by frame, "
        f"{1000 / steps.fps:.0f} ms apart",
        fontsize=11,
    )
    for axes, (name, (dance, seam)) in zip(figure.subplots(3), rows.items(), strict=True):
        frames = np.arange(seam - TILES // 2, seam + TILES // 2)
        _show(axes, strip(dance, frames, size=size))
        axes.axvline(TILES // 2 * TILE_WIDTH, color=SEAM_COLOUR, lw=2)
        step = largest_steps(dance)[seam]
        words = f"{name}\n\nlargest step there:\n{step:.0f} px of {max(size)}"
        axes.set_ylabel(words, fontsize=9, rotation=0, ha="right", va="center")
    return figure


def draw_on_beats(steps: Steps, beats: Beats, *, kind: str) -> Figure:
    """The second in which the temporal alignment moved a missed beat most, before and after, with the speed below."""
    figure = Figure(figsize=(11.5, 6.6), layout="constrained")
    speeds, found = hits_of_steps(steps, beats, kind=kind)
    # The frame that appears nearest in time to each beat.
    music = np.round(found["after"].music_s * steps.fps).astype(np.int64)
    if not len(music):
        return _nothing(figure, "The song has no beats to align to")
    away = {name: np.abs(hits.late_frames) for name, hits in found.items()}
    beat = int(music[int((away["before"] - away["after"]).argmax())])
    first = int(np.clip(beat - TILES, 0, max(0, len(steps) - TILES * BEAT_STRIDE)))
    frames = first + BEAT_STRIDE * np.arange(TILES)
    figure.suptitle(
        f"From {first / steps.fps:.2f} to {(frames[-1] + 1) / steps.fps:.2f} s, every second frame; golden: the "
        "music's beats",
        fontsize=11,
    )
    *rows, below = figure.subplots(3, gridspec_kw={"height_ratios": (2, 2, 1)})
    for axes, (name, dance) in zip(rows, {"before": steps.joined, "after": steps.aligned}.items(), strict=True):
        _show(axes, strip(dance, frames, size=steps.size))
        axes.set_ylabel(f"{name} the\ntemporal\nalignment", fontsize=9, rotation=0, ha="right", va="center")
        near = np.round((music - first) / BEAT_STRIDE).astype(int)
        for tile in near[(near >= 0) & (near < TILES)].tolist():
            corner, extent = (tile * TILE_WIDTH + 2, 2), (TILE_WIDTH - 5, TILE_HEIGHT - 5)
            axes.add_patch(Rectangle(corner, *extent, fill=False, ec=BEAT, lw=3))
    times_s = seen_s(np.arange(len(steps)), fps=steps.fps, shown_fps=steps.shown_fps)
    _draw_speeds(below, speeds, found, times_s=times_s, first=first, fps=steps.fps)
    return figure


def strip(dance: Array, frames: NDArray[np.int64], *, size: tuple[int, int]) -> Picture:
    """Skeletons of some frames of (T, 25, 3) keypoints side by side on black; black for frames beyond the ends.

    All tiles show the same part of the picture of `size` (width, height), at full height, so that a jump sideways is
    visible.
    """
    inside = (frames >= 0) & (frames < len(dance))
    scale = TILE_HEIGHT / size[1]
    hips = dance[frames[inside], MID_HIP, 0]
    centre = float(np.nanmedian(hips)) if np.isfinite(hips).any() else size[0] / 2
    tiles = []
    for frame, known in zip(frames.tolist(), inside.tolist(), strict=True):
        keypoints = show_absent(dance[frame].copy()) if known else np.zeros((25, 3), np.float32)
        seen = keypoints[:, 2] > 0
        keypoints[seen, 0] += TILE_WIDTH / 2 / scale - centre
        keypoints[:, :2] *= scale
        tile = pose_picture(keypoints, size=(TILE_WIDTH, TILE_HEIGHT), side=TILE_HEIGHT)
        tile[:, 0] = 60
        tiles.append(tile)
    return np.hstack(tiles)


def _show(axes: Axes, picture: Picture) -> None:
    axes.imshow(picture, aspect="auto")
    axes.set(xticks=[], yticks=[])


def _draw_speeds(
    axes: Axes, speeds: Mapping[str, Array], found: Mapping[str, BeatHits], *, times_s: Array, first: int, fps: float
) -> None:
    """Draw the speed, whose steps are seen at `times_s`, over the same stretch as the strips; mark each motion beat."""
    for name, colour in (("before", "#a9b1ba"), ("after", CURVE)):
        speed, hits = speeds[name], found[name]
        axes.plot(times_s, speed, color=colour, lw=1.8, label=name)
        heights = np.interp(hits.motion_s, times_s, speed)
        for at_s, height, hit in zip(hits.motion_s.tolist(), heights.tolist(), hits.hit.tolist(), strict=True):
            axes.plot(at_s, height, "o" if hit else "x", color=HIT if hit else MISS, ms=7, mew=2, zorder=4)
    for beat_s in found["after"].music_s.tolist():
        axes.axvline(beat_s, color=BEAT, lw=2)
    reach = slice(first, first + TILES * BEAT_STRIDE)
    highest = max(float(speed[reach].max(initial=0)) for speed in speeds.values())
    # Under each picture, the time at which it appears.
    axes.set(xlim=((first - BEAT_STRIDE / 2) / fps, (first + BEAT_STRIDE * (TILES - 0.5)) / fps))
    axes.set(ylim=(-0.1 * highest - 1e-9, 1.35 * highest + 1e-9))
    axes.set(ylabel="speed", yticks=[])
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.xaxis.set_major_formatter(lambda at_s, _: f"{at_s:.2f} s")
    axes.legend(frameon=False, fontsize=9, ncols=2, loc="upper right")


def _nothing(figure: Figure, words: str) -> Figure:
    figure.text(0.5, 0.5, words, ha="center", va="center", fontsize=13)
    return figure
