"""Where a dance comes from: the video and frames danced in each stretch of the song, and the path through space.

The second figure (paper Fig. 10) shows joints through time: a cut is a jump of all joints at once. If the sources have
joints in space, the finished dance is also shown from above.
"""

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from danceit_core.choreography.clips import stretches
from danceit_core.choreography.curve import Array
from danceit_core.evaluation.above import draw_above
from danceit_core.evaluation.steps import Steps, roughest_seam
from danceit_core.music.table import Beats
from danceit_core.pose.bvh import Motion
from danceit_core.pose.skeleton import LEFT_WRIST, MID_HIP, RIGHT_ANKLE, RIGHT_WRIST
from danceit_core.pose.table import PoseTable
from danceit_core.pose.tracks import source_names

# A bar shorter than this share of the page has no room for a label.
LEAST_WORDS = 0.055
TALLEST_ROWS = 30
PATHS = {RIGHT_WRIST: ("right wrist", "#d1495b"), LEFT_WRIST: ("left wrist", "#2374ab"),
         RIGHT_ANKLE: ("right ankle", "#e6a817"), MID_HIP: ("hip", "#30343f")}  # fmt: skip
PATHS_S = 4.0


def draw_sources(poses: PoseTable, beats: Beats) -> Figure:
    """A timeline of the song, one row per video: which of its seconds are danced when; below, the match of each clip.

    poses: a finished dance, with columns source_video, source_frame, match_distance and metadata seams.
    """
    video, frame = source_names(poses), poses.columns["source_frame"]
    names, fps, song_s = sorted(set(video)), poses.fps, len(poses) / poses.fps
    rows = min(len(names), TALLEST_ROWS)
    figure = Figure(figsize=(11.5, 1.6 + 0.42 * rows + 1.4), layout="constrained")
    clips = stretches(poses)
    shares = {name: float((video == name).mean()) for name in names}
    figure.suptitle(f"{len(clips)} clips from {len(names)} videos, each labelled with its time there", fontsize=11)
    top, low = figure.subplots(2, sharex=True, gridspec_kw={"height_ratios": (0.42 * rows + 0.4, 1.2)})
    for first, end in clips:
        row = names.index(video[first])
        top.barh(row, (end - first) / fps, left=first / fps, height=0.78, color=f"C{row % 10}", ec="white", alpha=0.4)
        if end - first >= LEAST_WORDS * len(poses):
            words = f"{frame[first] / fps:.1f}–{(frame[end - 1] + 1) / fps:.1f} s"
            top.text((first + end) / 2 / fps, row, words, ha="center", va="center", fontsize=9)
    top.set(yticks=range(len(names)), ylim=(len(names) - 0.4, -0.6), xlim=(0, song_s))
    top.set_yticklabels([f"{name}  {shares[name]:.0%}" for name in names], fontsize=min(10, 300 / len(names)))
    _draw_matches(low, poses, clips)
    for axes in (top, low):
        for first, _ in clips[1:]:
            axes.axvline(first / fps, color="#30343f", lw=0.7, ls=":")
        axes.spines[["top", "right"]].set_visible(False)
    low.plot(beats.times_s, np.zeros(len(beats.times_s)), "|", color="#c9a227", ms=9, mew=1.5, clip_on=False)
    low.set(xlabel="seconds of the song (golden: its beats)")
    return figure


def _draw_matches(axes: Axes, poses: PoseTable, clips: list[tuple[int, int]]) -> None:
    distance = poses.columns["match_distance"]
    if np.isnan(distance).all():
        words = "no matcher: clips chosen by beats, tempo, energy and seams alone"
        axes.text(0.5, 0.5, words, transform=axes.transAxes, ha="center", va="center", fontsize=9)
        axes.set(ylabel="match\ndistance", yticks=[], ylim=(0, 1))
        return
    for first, end in clips:
        axes.hlines(distance[first], first / poses.fps, end / poses.fps, color="#1f5a92", lw=2.5)
    axes.set(ylabel="match\ndistance", ylim=(0, 1.15 * max(float(distance.max(initial=0)), 1e-3)))


def draw_paths(steps: Steps, motion: Motion | None = None) -> Figure:
    """Joints through time in the picture, four seconds round the roughest seam: hard cut, and finished dance.

    motion: the finished dance in space, if its sources are known in space; it is shown from above.
    """
    columns = 2 if motion is None else 3
    figure = Figure(figsize=(5.75 * columns, 5.2), layout="constrained")
    window = min(len(steps), round(PATHS_S * steps.fps))
    roughest = roughest_seam(steps)
    centre = int(steps.seams[roughest]) if roughest is not None else 0
    first = int(np.clip(centre - window // 2, 0, len(steps) - window))
    pictures = {
        "retrieved: fragments end to end": (steps.retrieved, steps.seams),
        "fully aligned": (steps.aligned, steps.aligned_seams),
    }
    shown = np.concatenate([dance[first : first + window, list(PATHS), :2] for dance, _ in pictures.values()])
    rim = 0.02 * max(steps.size)
    box = [np.nanmin(shown, axis=(0, 1)) - rim, np.nanmax(shown, axis=(0, 1)) + rim]
    for number, (title, (dance, seams)) in enumerate(pictures.items()):
        axes: Any = figure.add_subplot(1, columns, number + 1, projection="3d")
        inside = seams[(seams > first) & (seams < first + window)]
        _draw_path(axes, dance, np.arange(first, first + window), inside, fps=steps.fps)
        for seam in inside.tolist():
            _draw_plane(axes, (seam - 0.5) / steps.fps, box)
        axes.set(ylim=(box[0][0], box[1][0]), zlim=(-box[1][1], -box[0][1]))
        axes.set_title(title, fontsize=11, y=0.99)
    if motion is not None:
        above = figure.add_subplot(1, columns, columns)
        draw_above(above, motion, np.arange(first, first + window), inside, paths=PATHS)
        above.set_title("fully aligned, from above; arrows: the body's front", fontsize=11)
    figure.legend(*axes.get_legend_handles_labels(), loc="outside lower center", ncols=len(PATHS), frameon=False)
    return figure


def _draw_path(axes: Any, dance: Array, frames: NDArray[np.int64], seams: NDArray[np.int64], *, fps: float) -> None:
    """Draw the joints of PATHS in some frames of (T, 25, 3) keypoints; a dot on either side of each seam."""
    ends = np.concatenate([seams - 1, seams])
    for joint, (name, colour) in PATHS.items():
        x, y = dance[:, joint, 0], -dance[:, joint, 1]
        axes.plot(frames / fps, x[frames], y[frames], color=colour, lw=1.6, label=name)
        axes.plot(ends / fps, x[ends], y[ends], "o", color=colour, ms=4)
    axes.set(xlabel="seconds", ylabel="x, pixels", zticklabels=[])
    axes.set_box_aspect((2.0, 1.0, 1.35), zoom=1.22)
    axes.view_init(elev=16, azim=-68)
    axes.tick_params(labelsize=8)


def _draw_plane(axes: Any, time_s: float, box: list[Array]) -> None:
    """Draw a seam: a thin plane across the picture at its time. box: least and greatest x, y that are shown."""
    y, z = np.meshgrid([box[0][0], box[1][0]], [-box[1][1], -box[0][1]])
    axes.plot_surface(np.full_like(y, time_s), y, z, color="#8a94a0", alpha=0.2, shade=False)
