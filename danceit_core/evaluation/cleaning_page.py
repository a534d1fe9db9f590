"""A page that shows what cleaning did to one video: which frames are kept, why others are dropped, how they look.

It has a timeline of kept and dropped frames with the camera cuts, the jitter before and after, and sample frames with
skeletons, among them one of the longest stretch of each frequent reason.
"""

from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from numpy.typing import NDArray
from scipy.ndimage import uniform_filter1d

from danceit_core.evaluation.tracks_page import COLOURS, KEPT_COLOUR, draw_tracks, pictures_of
from danceit_core.files import whole_file
from danceit_core.media.letterbox import Picture
from danceit_core.pose.draw import draw_hands, draw_skeleton
from danceit_core.pose.movement import mean_present
from danceit_core.pose.passages import find_passages, kept_frames, shot_numbers
from danceit_core.pose.rejection import REASONS, count_reasons
from danceit_core.pose.repair import in_torsos
from danceit_core.pose.skeleton import BODY, Keypoints, present
from danceit_core.pose.table import PoseTable

SAMPLES, LONGEST_LOOKED_AT = 6, 3
# The jitter curve is a mean over this many seconds, so that a minute of it stays legible.
CURVE_S, LEAST_JITTER = 0.5, 1.0
# Margin that a sample shows on each side of the person, as a share of the person's larger side.
MARGIN = 0.25


def draw_cleaning(
    raw: PoseTable, cleaned: PoseTable, path: str | Path, *, name: str, frames_path: str | Path | None
) -> None:
    """The page of one video as a PNG.

    raw, cleaned: its keypoints before and after cleaning; those of a refused video may be empty. frames_path: its
    frame store, None if the keypoints came without a video (skeletons are then drawn on black). Videos with several
    dancers have a different page (`tracks_page`).
    """
    if "track" in cleaned.columns and len(cleaned):
        draw_tracks(cleaned, path, name=name, frames_path=frames_path)
        return
    figure = Figure(figsize=(13, 5.4), layout="constrained")
    grid = figure.add_gridspec(3, SAMPLES, height_ratios=(0.4, 1.3, 2.7))
    figure.suptitle(describe_cleaning(cleaned, name=name), fontsize=12)
    if len(cleaned):
        timeline = figure.add_subplot(grid[0, :])
        _draw_timeline(timeline, cleaned)
        _draw_jitter(figure.add_subplot(grid[1, :], sharex=timeline), raw, cleaned)
        samples = sample_frames(cleaned)
        for column, (frame, picture) in enumerate(
            zip(samples, pictures_of(cleaned, samples, frames_path), strict=True)
        ):
            _draw_sample(figure.add_subplot(grid[2, column]), cleaned, frame, picture)
    with whole_file(path) as partial:
        figure.savefig(partial, dpi=110, format="png")


def describe_cleaning(cleaned: PoseTable, *, name: str) -> str:
    """The result for a video in one or two lines: share of frames kept, shots, and why it is left out if it is."""
    kept, shots = kept_frames(cleaned), shot_numbers(cleaned)
    refused = str(cleaned.metadata.get("refused") or "")
    line = f"{name}: no frames"
    if len(cleaned):
        line = f"{name}: {kept.mean():.1%} of {len(cleaned)} frames kept in {len(find_passages(kept, shots))} pieces"
        line += f"; camera cuts: {int(shots.max())}"
    return f"{line}\nleft out: {refused}" if refused else line


def jitter(keypoints: Keypoints, *, fps: float) -> NDArray[np.float64]:
    """Jerk (T - 3,) of (T, 25, 3) keypoints: third difference, torsos / s^3, mean over the body's joints or NaN."""
    if len(keypoints) < 4:
        return np.zeros(0)
    xy = in_torsos(keypoints, fps=fps)[:, BODY]
    return mean_present(np.linalg.norm(np.diff(xy, 3, axis=0), axis=-1)) * fps**3


def kept_jitter(keypoints: Keypoints, cleaned: PoseTable) -> float:
    """Median jitter where four consecutive frames are kept and belong to one shot; NaN if there are none."""
    whole = np.zeros(max(0, len(cleaned) - 3), bool)
    for first, end in find_passages(kept_frames(cleaned), shot_numbers(cleaned)):
        whole[first : max(first, end - 3)] = True
    values = jitter(keypoints, fps=cleaned.fps)[whole]
    values = values[np.isfinite(values)]
    return float(np.median(values)) if len(values) else float("nan")


def sample_frames(cleaned: PoseTable, *, samples: int = SAMPLES) -> list[int]:
    """Sample frames, ascending: the middle of the longest stretch of each frequent reason, and kept frames."""
    reason = np.asarray(cleaned.columns["reason"], str)
    frames = []
    for code in list(count_reasons(reason))[:LONGEST_LOOKED_AT]:
        first, end = max(find_passages(reason == code), key=lambda passage: passage[1] - passage[0])
        frames.append((first + end) // 2)
    kept = np.flatnonzero(reason == "")
    if len(kept):
        wanted = np.linspace(0, len(kept) - 1, samples - len(frames) + 2).round().astype(int)[1:-1]
        frames += kept[wanted].tolist()
    return sorted(set(frames))


def around_person(picture: Picture, keypoints: Keypoints) -> Picture:
    """The square part of a picture that holds the person with (25, 3) keypoints; all of it if there is no person."""
    points = keypoints[present(keypoints), :2]
    if not len(points):
        return picture
    low, high = points.min(axis=0), points.max(axis=0)
    half = min((0.5 + MARGIN) * float((high - low).max()), min(picture.shape[:2]) / 2)
    centre = np.clip((low + high) / 2, half, np.array(picture.shape[1::-1]) - half)
    (left, top), (right, bottom) = (centre - half).astype(int), (centre + half).astype(int)
    return picture[top : bottom + 1, left : right + 1]


def _draw_timeline(axes: Axes, cleaned: PoseTable) -> None:
    """Draw a band of the whole video: each frame in the colour of its reason, a black line at each camera cut."""
    fps, reason = cleaned.fps, np.asarray(cleaned.columns["reason"], str)
    axes.axvspan(0, len(cleaned) / fps, color=KEPT_COLOUR, linewidth=0)
    counts = count_reasons(reason)
    for code in counts:
        spans = [(first / fps, (end - first) / fps) for first, end in find_passages(reason == code)]
        axes.broken_barh(spans, (0, 1), color=COLOURS[code], linewidth=0.5)
    for frame in np.flatnonzero(np.diff(shot_numbers(cleaned))) + 1:
        axes.axvline(frame / fps, color="black", linewidth=1.2)
    axes.set(xlim=(0, len(cleaned) / fps), ylim=(0, 1), yticks=[])
    axes.tick_params(labelbottom=False)
    patches = [Patch(color=KEPT_COLOUR, label=f"kept {(reason == '').mean():.1%}")]
    patches += [
        Patch(color=COLOURS[code], label=f"{REASONS[code].words} ({code}) {count / len(reason):.1%}")
        for code, count in counts.items()
    ]
    axes.legend(
        handles=patches, ncols=4, fontsize=8, frameon=False, loc="lower left", bbox_to_anchor=(0, 1), borderaxespad=0.2
    )


def _draw_jitter(axes: Axes, raw: PoseTable, cleaned: PoseTable) -> None:
    """Draw the jitter over time before and after cleaning, on a logarithmic scale."""
    for table, label, colour in ((raw, "before", "#b0b4ba"), (cleaned, "after", "#1f5a92")):
        values = jitter(table.keypoints, fps=cleaned.fps)
        median = kept_jitter(table.keypoints, cleaned)
        if len(values):
            curve = uniform_filter1d(np.nan_to_num(values), max(1, round(CURVE_S * cleaned.fps)), mode="nearest")
            seconds = (np.arange(len(curve)) + 1.5) / cleaned.fps
            shown = np.where(curve > LEAST_JITTER, curve, np.nan)
            axes.semilogy(seconds, shown, color=colour, label=f"{label}: median {median:.0f} where kept")
    axes.set(xlabel="seconds", ylabel="jitter (torsos / s³)")
    axes.spines[["top", "right"]].set_visible(False)
    if axes.lines:
        axes.legend(fontsize=8, frameon=False, loc="lower right", bbox_to_anchor=(1, 1), borderaxespad=0, ncols=2)


def _draw_sample(axes: Axes, cleaned: PoseTable, frame: int, picture: Picture) -> None:
    """Draw a frame with its skeleton, and its hands if they were searched for, framed in the colour of its reason."""
    code, keypoints = str(cleaned.columns["reason"][frame]), cleaned.keypoints[frame]
    drawn = draw_skeleton(picture, keypoints)
    if "hands" in cleaned.columns:
        drawn = draw_hands(drawn, keypoints, hands=cleaned.columns["hands"][frame])
    axes.imshow(around_person(drawn, keypoints))
    axes.set(xticks=[], yticks=[])
    axes.set_title(f"{frame / cleaned.fps:.1f} s: {code or 'kept'}", fontsize=9)
    for spine in axes.spines.values():
        spine.set(color=COLOURS.get(code, KEPT_COLOUR), linewidth=4)
