"""A page that shows what cleaning kept of each dancer of a group video: a band per track, frames with all skeletons.

Each track has its colour, in the bands' labels and in the frames, so that one can see whether it stays one person.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from numpy.typing import NDArray

from danceit_core.files import whole_file
from danceit_core.media.letterbox import Picture
from danceit_core.media.video import read_frames
from danceit_core.pose.draw import Colour, draw_skeleton
from danceit_core.pose.passages import find_passages, kept_frames
from danceit_core.pose.rejection import REASONS, count_reasons
from danceit_core.pose.skeleton import present
from danceit_core.pose.table import PoseTable
from danceit_core.pose.tracks import Track, split_tracks

COLUMNS, ROWS = 6, 3
# Margin that a frame shows on each side of the dancers, as a share of the size of all of them together.
MARGIN = 0.06
# Colours that stand out on skin and clothes; they repeat from the eleventh track on.
TRACK_COLOURS: tuple[Colour, ...] = (
    (230, 25, 75), (60, 180, 75), (40, 110, 255), (255, 215, 0), (240, 50, 230),
    (0, 220, 220), (245, 130, 48), (145, 30, 180), (170, 255, 195), (255, 190, 212),
)  # fmt: skip
KEPT_COLOUR = "#8fbf9f"
REASON_COLOURS = (
    "#30343f", "#7b52ab", "#a0522d", "#4f772d", "#e6a817", "#d9642b", "#2374ab", "#c9184a", "#5e7486", "#a9aeb5",
    "#d4a5c9", "#1b998b",
)  # fmt: skip
COLOURS = dict(zip(REASONS, REASON_COLOURS, strict=True))


def draw_tracks(cleaned: PoseTable, path: str | Path, *, name: str, frames_path: str | Path | None) -> None:
    """The page of a cleaned table of several dancers as a PNG.

    frames_path: its frame store, None if the keypoints came without a video (skeletons are then drawn on black).
    """
    tracks = split_tracks(cleaned)
    low, high = min(track.first for track in tracks), max(track.end for track in tracks)
    box = around_all(cleaned)
    shape = (box[3] - box[1]) / (box[2] - box[0])
    figure = Figure(figsize=(13, 1.6 + 0.24 * len(tracks) + ROWS * 13 / COLUMNS * shape), layout="constrained")
    heights = (0.4 + 0.24 * len(tracks), *[13 / COLUMNS * shape] * ROWS)
    grid = figure.add_gridspec(1 + ROWS, COLUMNS, height_ratios=heights)
    figure.suptitle(describe_tracks(tracks, name=name), fontsize=12)
    _draw_bands(figure.add_subplot(grid[0, :]), tracks)
    samples = np.linspace(low, high - 1, COLUMNS * ROWS + 2).round().astype(int)[1:-1].tolist()
    for place, (frame, picture) in enumerate(zip(samples, pictures_of(cleaned, samples, frames_path), strict=True)):
        axes = figure.add_subplot(grid[1 + place // COLUMNS, place % COLUMNS])
        drawn = with_skeletons(picture, tracks, frame)
        axes.imshow(drawn[box[1] : box[3], box[0] : box[2]])
        axes.set(xticks=[], yticks=[])
        axes.set_title(f"{frame / cleaned.fps:.1f} s", fontsize=8, pad=2)
    with whole_file(path) as partial:
        figure.savefig(partial, dpi=110, format="png")


def describe_tracks(tracks: Sequence[Track], *, name: str) -> str:
    """The result for a video of several dancers, in one line."""
    kept = [int(kept_frames(track.pose).sum()) for track in tracks]
    frames = sum(len(track.pose) for track in tracks)
    return f"{name}: {len(tracks)} dancers; {sum(kept) / frames:.1%} of their {frames} frames kept"


def with_skeletons(picture: Picture, tracks: Sequence[Track], frame: int) -> Picture:
    """A picture with the dancers of a frame, each in the colour of their track, with thin lines where dropped."""
    thick = max(2, round(min(picture.shape[:2]) / 256))
    for track in tracks:
        if track.first <= frame < track.end:
            row = frame - track.first
            thickness = thick if kept_frames(track.pose)[row] else 1
            keypoints = track.pose.keypoints[row]
            picture = draw_skeleton(picture, keypoints, thickness=thickness, one_colour=colour_of(track))
    return picture


def colour_of(track: Track) -> Colour:
    """The colour of a track's skeletons."""
    return TRACK_COLOURS[(track.number or 0) % len(TRACK_COLOURS)]


def around_all(cleaned: PoseTable) -> tuple[int, int, int, int]:
    """The part of the picture (left, top, right, bottom) that contains all dancers in all frames."""
    width, height = cleaned.size
    points = cleaned.keypoints[present(cleaned.keypoints)][:, :2]
    if not len(points):
        return 0, 0, width, height
    low, high = np.percentile(points, 0.1, axis=0), np.percentile(points, 99.9, axis=0)
    edge = MARGIN * float((high - low).max()) + 1
    left, top = np.clip(low - edge, 0, [width - 2, height - 2]).astype(int).tolist()
    right, bottom = np.clip(high + edge, [left + 2, top + 2], [width, height]).astype(int).tolist()
    return left, top, right, bottom


def pictures_of(
    cleaned: PoseTable, samples: Sequence[int], frames_path: str | Path | None
) -> Sequence[Picture] | NDArray[np.uint8]:
    """Frames of the store; black ones where there is none."""
    if frames_path is not None:
        return read_frames(frames_path, samples)
    width, height = cleaned.size
    return [np.zeros((height, width, 3), np.uint8)] * len(samples)


def _draw_bands(axes: Axes, tracks: Sequence[Track]) -> None:
    """Draw a band per track over the whole video, each frame in the colour of its reason."""
    fps = tracks[0].pose.fps
    counts = count_reasons(np.concatenate([np.asarray(track.pose.columns["reason"], str) for track in tracks]))
    for place, track in enumerate(tracks):
        reason = np.asarray(track.pose.columns["reason"], str)
        for code in ("", *counts):
            spans = [((a + track.first) / fps, (b - a) / fps) for a, b in find_passages(reason == code)]
            axes.broken_barh(spans, (place - 0.4, 0.8), color=COLOURS.get(code, KEPT_COLOUR), linewidth=0)
    labels = [f"track {track.number}: {kept_frames(track.pose).mean():.0%}" for track in tracks]
    axes.set_yticks(range(len(tracks)), labels)
    for label, track in zip(axes.get_yticklabels(), tracks, strict=True):
        label.set_bbox({"facecolor": [part / 255 for part in colour_of(track)], "alpha": 0.55, "pad": 1.5, "lw": 0})
    axes.set(ylim=(len(tracks) - 0.5, -0.5), xlim=(0, max(track.end for track in tracks) / fps), xlabel="seconds")
    axes.spines[["top", "right"]].set_visible(False)
    patches = [Patch(color=KEPT_COLOUR, label="kept")]
    patches += [Patch(color=COLOURS[code], label=f"{REASONS[code].words} ({code})") for code in counts]
    axes.legend(
        handles=patches, ncols=4, fontsize=8, frameon=False, loc="lower left", bbox_to_anchor=(0, 1), borderaxespad=0.2
    )
