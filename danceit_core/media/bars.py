"""Find constant dark bars around a picture: letterbox bars, or a frame with a caption.

A bar is a strip along a whole side of the picture. It has one dark colour in every examined picture and a sharp,
straight edge towards the moving content. A dark stage has no such edge: it ends where the dancer stands in front of it
or light falls on it. A strip in which something appears in one of the pictures (a logo, a line of text) is not a bar.
Constant text is allowed in two opposite bars, as in a frame.

Lengths are in pixels of the stored picture. Positions along a side are examined in blocks of BLOCK pixels, whose mean
is insensitive to compression noise.
"""

from dataclasses import dataclass, field

import cv2
import numpy as np
from numpy.typing import NDArray

from danceit_core.media.letterbox import Picture
from danceit_core.media.part import SMALLEST_PX, Box, Size

Array = NDArray[np.float32]

BLOCK = 8
# Of 255: limits for a dark colour, for the deviation of a bar's blocks from its colour, and between its channels.
DARK, SAME, GREY = 48, 8, 24
# By how much the picture beside a bar is lighter, along what share of the edge, in what share of the pictures.
STEP, ALONG, OFTEN, LEAST_PICTURES = 14, 0.8, 0.25, 3
# Compression blurs the edge over BLUR_PX pixels, and leaves traces within the width of a block inside the bar.
BLUR_PX, TRACES_PX = 2, 16
# Mean distance of the edge from a straight line, pixels.
STRAIGHT_PX = 1.5
# Minimum depth of a bar in pixels, maximum depth as a share of the side, and the share that is plain beside text.
THINNEST_PX, WIDEST, PLAIN = 4, 0.45, 0.5
# Maximum difference between two opposite bars, as a share of the side, and of constant text between pictures.
FACING, STILL = 0.05, 16
SIDES = ("left", "above", "right", "below")


@dataclass
class BarFinder:
    """Gathers pictures of a video, all of one size; `find` returns the part inside the bars."""

    size: tuple[int, int] = (0, 0)
    # For each picture and each of SIDES, uint8: rows from the side inwards, in blocks along it (depth, blocks).
    _views: list[list[Picture]] = field(default_factory=list)
    _colours: list[Picture] = field(default_factory=list)

    def add(self, grey: Picture, colours: Picture) -> None:
        """Add a picture: its brightness (H, W), 0 to 255, and a small colour version (h, w, 3)."""
        height, width = grey.shape
        self.size = width, height
        rows = cv2.resize(grey, (max(1, width // BLOCK), height), interpolation=cv2.INTER_AREA)
        columns = cv2.resize(grey, (width, max(1, height // BLOCK)), interpolation=cv2.INTER_AREA).T
        self._views.append([columns, rows, columns[::-1], rows[::-1]])
        self._colours.append(colours)

    @property
    def possible(self) -> bool:
        """Whether any side has been plain and dark in all pictures so far."""
        return any(all(_is_plain(view[side][:THINNEST_PX]) for view in self._views) for side in range(len(SIDES)))

    def find(self) -> Box | None:
        """The part of the stored picture inside the bars; None without bars."""
        if len(self._views) < LEAST_PICTURES:
            return None
        views = [np.stack([view[side] for view in self._views]) for side in range(len(SIDES))]
        strips = [_Strip(view) for view in views]
        # The maximum depths of the bars: edges are searched between these.
        depths = [max(strip.ends, default=0) for strip in strips]
        for _ in range(2):
            depths = [strip.depth(self._beside(side, depths)) for side, strip in enumerate(strips)]
        self._drop_writing(strips, depths)
        if not any(depths):
            return None
        depths = [
            depth and strip.inner(depth, self._beside(side, depths))
            for side, (strip, depth) in enumerate(zip(strips, depths, strict=True))
        ]
        left, top, right, bottom = depths
        width, height = self.size[0] - left - right, self.size[1] - top - bottom
        if min(width, height) < SMALLEST_PX or not self._is_grey(depths):
            return None
        return left, top, width, height

    def _beside(self, side: int, depths: list[int]) -> slice:
        """The blocks along a side that lie between the bars at its ends."""
        low, high = (1, 3) if side % 2 == 0 else (0, 2)
        length = self.size[1] if side % 2 == 0 else self.size[0]
        blocks = max(1, length // BLOCK)
        first, last = -(-depths[low] * blocks // length), (length - depths[high]) * blocks // length
        return slice(first, last) if last - first > 2 else slice(0, blocks)

    def _drop_writing(self, strips: list["_Strip"], depths: list[int]) -> None:
        """Reject a strip that contains text, unless the opposite side has a bar, too."""
        before = list(depths)
        for side, strip in enumerate(strips):
            facing = before[(side + 2) % 4]
            length = self.size[side % 2]
            if strip.has_writing(before[side]) and not (facing and abs(facing - before[side]) <= FACING * length):
                depths[side] = 0

    def _is_grey(self, depths: list[int]) -> bool:
        """Whether the bars have no colour."""
        spread = np.max([np.ptp(colours.astype(np.int16), axis=2) for colours in self._colours], axis=0)
        height, width = spread.shape
        left, top, right, bottom = (
            depth * (width if side % 2 == 0 else height) // self.size[side % 2] for side, depth in enumerate(depths)
        )
        strips = (spread[:, :left], spread[:top], spread[:, width - right :], spread[height - bottom :])
        return all(strip.size == 0 or np.median(strip) <= GREY for strip in strips)


def words_of_bars(inside: Box, picture: Size) -> str:
    """A log line on what was cut off and how to keep it: `inside` is what remains of a picture (width, height)."""
    left, top, width, height = inside
    cut = (("left", left), ("right", picture[0] - left - width), ("above", top), ("below", picture[1] - top - height))
    words = ", ".join(f"{pixels} {where}" for where, pixels in cut if pixels)
    return (
        f"constant dark bars are cut off ({words}, of {picture[0]} x {picture[1]} pixels); to keep them, set "
        "video.keep_bars to true, or choose the part to use in column crop"
    )


def _is_plain(strip: Picture) -> bool:
    return bool(strip.max() <= DARK and strip.max() - strip.min() <= 2 * SAME)


class _Strip:
    """One side of all pictures, from the side inwards: view (pictures, depth, blocks along it)."""

    def __init__(self, view: NDArray[np.uint8]) -> None:
        self._view = view.astype(np.int16)
        self._level = float(np.median(self._view[:, :2]))
        depth = view.shape[1]
        plain = (np.abs(self._view - self._level) <= SAME).all(axis=(0, 2)) & (self._level <= DARK)
        still = np.ptp(self._view, axis=0).max(axis=1) <= STILL
        bar = np.cumprod(plain | still).astype(bool) & bool(plain[0])
        self._plain = plain
        # Depths at which plain colour ends, with no change before them.
        depths = range(THINNEST_PX, min(round(WIDEST * depth), depth - TRACES_PX - 2 * BLUR_PX) + 1)
        self.ends = [row for row in depths if bar[row - 1] and plain[row - 1] and not plain[row]]

    def has_writing(self, depth: int) -> bool:
        """Whether a strip of this depth is not plain throughout, apart from the traces beside its edge."""
        return not self._plain[: max(0, depth - TRACES_PX)].all()

    def depth(self, along: slice) -> int:
        """Depth of the bar, up to the deepest sharp, straight edge between these blocks; 0 without a bar."""
        for end in reversed(self.ends):
            if self._plain[:end].mean() >= PLAIN and (depth := self._edge_behind(end, along)):
                return depth
        return 0

    def _edge_behind(self, end: int, along: slice) -> int:
        """The depth of an edge a few pixels behind the end of plain colour, 0 if there is none."""
        near = np.abs(self._view[:, end - BLUR_PX : end + TRACES_PX + BLUR_PX, along] - self._level)
        lighter = near[:, BLUR_PX:-BLUR_PX] >= STEP  # (pictures, depth, blocks)
        first = lighter.argmax(axis=1)
        across = [np.take_along_axis(near, first[:, None] + shift, axis=1)[:, 0] for shift in (0, 2 * BLUR_PX)]
        sharp = lighter.any(axis=1) & (across[1] - across[0] >= STEP)
        edges = [
            float(np.median(rows[found]))
            for found, rows in zip(sharp, first, strict=True)
            if found.mean() >= ALONG and np.abs(rows[found] - np.median(rows[found])).mean() <= STRAIGHT_PX
        ]
        return end + round(np.median(edges)) if len(edges) >= max(LEAST_PICTURES, OFTEN * len(first)) else 0

    def inner(self, edge: int, along: slice) -> int:
        """Where the picture itself begins, behind the compression artefacts at the edge."""
        near = np.abs(self._view[:, edge : edge + 4 * BLUR_PX, along] - self._level).mean(axis=(0, 2))
        return edge + int(np.argmax(near[: 2 * BLUR_PX] >= 0.8 * near[BLUR_PX:].mean()))
