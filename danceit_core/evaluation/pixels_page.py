"""Where the pixels of a finished video come from: the moment of the person's video that each body part is taken from.

At the top, a timeline with one row per part, coloured by the time in the person's video; a gap marks a switch to
another source frame. Below, the most used source frames, with the used parts in colour and the rest faded.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from numpy.typing import NDArray

from danceit_core.errors import ImaginationError
from danceit_core.evaluation.flicker import part_masks
from danceit_core.evaluation.outlines import INSIDE
from danceit_core.imagination.recall.parts import NAMES
from danceit_core.imagination.recall.provenance import NOBODY, Origins
from danceit_core.imagination.target.film import film_of
from danceit_core.imagination.target.region import body_size, person_span
from danceit_core.imagination.target.view import Window
from danceit_core.media.letterbox import Picture
from danceit_core.pose.skeleton import Keypoints, present
from danceit_core.pose.table import PoseTable

# From head to foot.
ROWS = tuple(NAMES.index(name) for name in ("head", "trunk", "right_arm", "left_arm", "right_leg", "left_leg"))
# How many frames are shown, and how many of them per row.
SHOWN, ACROSS = 12, 6
# A bar as long as this share of the song has room for its time as a label.
LEAST_WORDS = 0.045
# Parts that are taken from a frame for at least this many seconds are named.
LEAST_S = 0.05
COLOURS, PAINTED = "viridis", "#c9ced4"
# Share of the contrast that unused parts keep.
FADED = 0.22


def in_words(part: int) -> str:
    """`right arm`."""
    return NAMES[part].replace("_", " ")


def draw_pixels(
    origins: Origins, *, frames_path: str | Path | None, outlines: str | Path | None, target: PoseTable | None
) -> Figure:
    """The page of one person. frames_path, outlines, target: their frame store, its outlines, the table on the plate.

    None of them is needed if no source frame is used. Raises ImaginationError for a table of another video.
    """
    most = most_lent(origins)
    if target is not None and max(most, default=0) >= len(target):
        raise ImaginationError(
            f"the table names source frame {max(most)}, but the person's video has {len(target)} frames; render the "
            "video again"
        )
    rows = -(-len(most) // ACROSS)
    figure = Figure(figsize=(11.5, 3.1 + 2.75 * rows), layout="constrained")
    figure.suptitle(title(origins), fontsize=11)
    parts = figure.subfigures(1 + bool(rows), 1, height_ratios=(3.1, 2.75 * rows) if rows else None, squeeze=False)
    top: Any = parts[0, 0]
    norm = _times(origins)
    axes = top.subplots()
    _draw_timeline(axes, origins, norm)
    if not rows or frames_path is None or target is None:
        return figure
    top.colorbar(ScalarMappable(norm, COLOURS), ax=axes, label="seconds of the person's video", pad=0.01, aspect=14)
    cuts = thumbnails(most, origins, frames_path=frames_path, outlines=outlines, target=target)
    tiles = np.asarray(parts[1, 0].subplots(rows, ACROSS, squeeze=False)).reshape(-1)
    for tile in tiles[len(most) :]:
        tile.set_axis_off()
    for tile, frame, picture in zip(tiles, most, cuts, strict=False):
        _show(
            tile, picture, origins, frame, colour=mpl.colormaps[COLOURS](norm(float(origins.source_s(np.array(frame)))))
        )
    return figure


def title(origins: Origins) -> str:
    """The page's title: how many source frames are used, and how often a part switches between them."""
    if not origins.recalled:
        return "No frame of the person's video is used: a network paints all of the person"
    lend = len(np.unique(origins.lender[origins.lender != NOBODY]))
    seconds = max(len(origins) / origins.fps, 1e-6)
    return (
        f"Parts come from {lend} frames of the person's video (most used: below); on average a part switches frames "
        f"{switches(origins).sum() / seconds / len(NAMES):.1f} times per second"
    )


def switches(origins: Origins) -> NDArray[np.bool_]:
    """Frames (T, P) from which on a part is taken mainly from another source frame."""
    changed = np.zeros(origins.lender.shape, bool)
    changed[1:] = origins.lender[1:] != origins.lender[:-1]
    return changed


def most_lent(origins: Origins) -> list[int]:
    """Up to SHOWN frames of the store, over all parts, the most used first."""
    counted: defaultdict[int, float] = defaultdict(float)
    for frames, weight in ((origins.lender, 1 - origins.share), (origins.second, origins.share)):
        for frame, amount in zip(frames.reshape(-1).tolist(), weight.reshape(-1).tolist(), strict=True):
            counted[frame] += amount
    counted.pop(NOBODY, None)
    ranked = sorted(counted, key=lambda frame: -counted[frame])
    return [frame for frame in ranked[:SHOWN] if counted[frame] > 0]


def lends_s(origins: Origins, frame: int) -> NDArray[np.float64]:
    """For how many seconds of the dance each part is taken from a frame, (P,)."""
    first = np.where(origins.lender == frame, 1 - origins.share, 0)
    second = np.where(origins.second == frame, origins.share, 0)
    return np.asarray((first + second).sum(0) / origins.fps, np.float64)


def _times(origins: Origins) -> Normalize:
    known = origins.source_s(origins.lender[origins.lender != NOBODY])
    return (
        Normalize(float(known.min(initial=np.inf)), float(known.max(initial=-np.inf)))
        if len(known)
        else Normalize(0, 1)
    )


def _draw_timeline(axes: Axes, origins: Origins, norm: Normalize) -> None:
    """Draw one row per part; a bar runs from the first to the last frame for which a source frame is used."""
    song_s = len(origins) / origins.fps
    colours = mpl.colormaps[COLOURS]
    for row, part in enumerate(ROWS):
        lender = origins.lender[:, part]
        edges = [0, *(np.flatnonzero(np.diff(lender)) + 1).tolist(), len(lender)]
        for first, end in pairwise(edges):
            frame = int(lender[first]) if end > first else NOBODY
            source_s = float(origins.source_s(np.array(frame)))
            colour = PAINTED if frame == NOBODY else colours(norm(source_s))
            at, length = first / origins.fps, (end - first) / origins.fps
            hatch = "////" if frame == NOBODY else None
            axes.barh(row, length, left=at, height=0.82, color=colour, edgecolor="white", lw=0.9, hatch=hatch)
            if frame != NOBODY and length >= LEAST_WORDS * song_s:
                light = norm(source_s) > 0.6
                words = f"{source_s:.1f} s"
                ink = "#20252b" if light else "white"
                axes.text(at + length / 2, row, words, ha="center", va="center", fontsize=8.5, color=ink)
    axes.set(yticks=range(len(ROWS)), ylim=(len(ROWS) - 0.4, -0.6), xlim=(0, song_s), xlabel="seconds of the song")
    axes.set_yticklabels([in_words(part) for part in ROWS], fontsize=10)
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.tick_params(axis="y", length=0)


def thumbnails(
    frames: Sequence[int],
    origins: Origins,
    *,
    frames_path: str | Path,
    outlines: str | Path | None,
    target: PoseTable,
) -> list[Picture]:
    """The person in frames of the store, uint8 (h, w, 3): used parts unchanged, the rest faded."""
    film, order = film_of(frames_path, target, outlines=outlines), np.argsort(frames)
    sorted_frames = [frames[number] for number in order]
    body_px = float(np.nanquantile(body_size(target.keypoints), 0.9))
    windows = [_window(target.keypoints[frame], size=target.size, body_px=body_px) for frame in sorted_frames]
    found: dict[int, Picture] = {}
    masks: Iterable[Any] = film.outline_cuts(sorted_frames, windows) if film.has_outlines else [None] * len(windows)
    pictures = film.cuts(sorted_frames, windows)
    for frame, window, cut, mask in zip(sorted_frames, windows, pictures, masks, strict=True):
        pose = target.keypoints[frame].copy()
        pose[:, :2] -= (window.left, window.top)
        owner = part_masks(pose, size=(window.width, window.height), body_px=body_px)
        lent = np.isin(owner, np.flatnonzero(lends_s(origins, frame) >= LEAST_S))
        if mask is not None:
            lent &= mask >= INSIDE
        faded = 255 - FADED * (255 - cut.mean(-1, keepdims=True))
        found[frame] = np.where(lent[..., None], cut, faded).astype(np.uint8)
    return [found[frame] for frame in frames]


def _window(pose: Keypoints, *, size: tuple[int, int], body_px: float) -> Window:
    """The part of a frame that is shown: the person, in one shape for all frames, limited by the picture."""
    width, height = (min(round(factor * body_px), side // 2 * 2) for factor, side in zip((2.6, 3.8), size, strict=True))
    span = person_span(pose, body_px=body_px)
    middle = (span[:2] + span[2:]) / 2 if present(pose).any() else np.array(size) / 2
    left, top = (
        int(np.clip(round(at - side / 2), 0, whole - side))
        for at, side, whole in zip(middle, (width, height), size, strict=True)
    )
    return Window(left, top, width, height)


def _show(axes: Axes, picture: Picture, origins: Origins, frame: int, *, colour: Any) -> None:
    axes.imshow(picture)
    axes.set(xticks=[], yticks=[])
    for spine in axes.spines.values():
        spine.set(color=colour, lw=3)
    lent = lends_s(origins, frame)
    named = [f"{in_words(part)} {lent[part]:.1f} s" for part in np.argsort(-lent) if lent[part] >= LEAST_S]
    lines = [", ".join(named[k : k + 2]) for k in range(0, len(named), 2)]
    axes.set_title(f"at {float(origins.source_s(np.array(frame))):.2f} s", fontsize=9.5, pad=3)
    axes.set_xlabel("\n".join(lines), fontsize=8)
