"""A page that shows the outline of the person in one video.

It shows how much of the picture the person covers over time, and sample frames with the outline drawn in.
"""

from pathlib import Path

import cv2
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from danceit_core.files import whole_file
from danceit_core.media.letterbox import Picture
from danceit_core.media.mask_video import Mask, MaskInfo, check_masks, decode_masks, probe_masks, read_masks
from danceit_core.media.video import probe, read_frames

ROWS, COLUMNS = 2, 6
TILE_PX = 360
# Margin that a sample shows on each side of the person, as a share of the person's larger side.
MARGIN = 0.12
INSIDE = 127
OUTLINE_COLOUR = (255, 0, 90)


def draw_outline(masks_path: str | Path, path: str | Path, *, frames_path: str | Path, name: str) -> None:
    """The page of one video as a PNG.

    masks_path: its outlines; frames_path: its frame store. Raises MediaError if the two do not belong together.
    """
    info, store = probe_masks(masks_path), probe(frames_path)
    check_masks(masks_path, frames=round(store.duration_s * store.fps), size=(store.width, store.height))
    covered = covered_share(masks_path)
    figure = Figure(figsize=(13, 6.4), layout="constrained")
    grid = figure.add_gridspec(ROWS + 1, COLUMNS, height_ratios=(0.9, *[2.3] * ROWS))
    figure.suptitle(describe_outline(info, covered, name=name), fontsize=12)
    _draw_covered(figure.add_subplot(grid[0, :]), covered, fps=info.fps)
    frames = np.linspace(0, info.frames - 1, ROWS * COLUMNS + 2).round().astype(int)[1:-1].tolist()
    pictures, masks = read_frames(frames_path, frames), read_masks(masks_path, frames)
    for place, (frame, picture, mask) in enumerate(zip(frames, pictures, masks, strict=True)):
        axes = figure.add_subplot(grid[1 + place // COLUMNS, place % COLUMNS])
        axes.imshow(outlined_tile(picture, mask))
        axes.set(xticks=[], yticks=[])
        axes.set_title(f"{frame / info.fps:.1f} s" + ("" if mask.any() else ": no person"), fontsize=9)
    with whole_file(path) as partial:
        figure.savefig(partial, dpi=110, format="png")


def describe_outline(info: MaskInfo, covered: NDArray[np.float64], *, name: str) -> str:
    """One line: the share of frames that show a person, and the origin of the outline."""
    seen = float((covered > 0).mean())
    return f"{name}: an outline in {seen:.1%} of {info.frames} frames; from {info.source or 'an unknown source'}"


def covered_share(masks_path: str | Path) -> NDArray[np.float64]:
    """The share of the picture that the person covers in each frame, (T,)."""
    return np.array([cv2.countNonZero(np.uint8(mask > INSIDE)) / mask.size for mask in decode_masks(masks_path)])


def outlined_tile(picture: Picture, mask: Mask) -> Picture:
    """The part of a picture with the person and the outline, as a square of TILE_PX; all of it without a person."""
    height, width = mask.shape
    x, y, across, down = cv2.boundingRect(mask) if mask.any() else (0, 0, width, height)
    side = (1 + 2 * MARGIN) * max(across, down)
    left, right = _span(x + across / 2, side, width)
    top, bottom = _span(y + down / 2, side, height)
    scale = TILE_PX / max(right - left, bottom - top)
    size = max(1, round((right - left) * scale)), max(1, round((bottom - top) * scale))
    shrink = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    tile = cv2.resize(picture[top:bottom, left:right], size, interpolation=shrink)
    inside = np.uint8(cv2.resize(mask[top:bottom, left:right], size, interpolation=cv2.INTER_LINEAR) > INSIDE)
    edges, _ = cv2.findContours(inside, cv2.RETR_LIST, cv2.CHAIN_APPROX_NONE)
    square = np.zeros((TILE_PX, TILE_PX, 3), np.uint8)
    off_x, off_y = (TILE_PX - size[0]) // 2, (TILE_PX - size[1]) // 2
    square[off_y : off_y + size[1], off_x : off_x + size[0]] = cv2.drawContours(
        tile, edges, -1, OUTLINE_COLOUR, 1, cv2.LINE_AA
    )
    return square


def _span(middle: float, side: float, length: int) -> tuple[int, int]:
    """A range of length `side` around a middle, within a picture's `length`."""
    first = int(np.clip(middle - side / 2, 0, max(0, length - side)))
    return first, min(length, first + max(1, round(side)))


def _draw_covered(axes: Axes, covered: NDArray[np.float64], *, fps: float) -> None:
    """Draw how much of the picture the person covers; grey where no person is seen."""
    seconds = np.arange(len(covered)) / fps
    axes.plot(seconds, covered * 100, color="#1f5a92", linewidth=1.2)
    axes.fill_between(seconds, 0, 1, where=covered == 0, transform=axes.get_xaxis_transform(), color="#c9ced6", lw=0)
    axes.set(xlim=(0, len(covered) / fps), xlabel="seconds", ylabel="% covered")
    axes.set_ylim(bottom=0)
    axes.spines[["top", "right"]].set_visible(False)
