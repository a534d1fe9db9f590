"""Convert rectangles between the shown and the stored picture, and cut them out of decoded frames.

A stored picture may lie on its side, be mirrored and have pixels that are not square (`convert.Geometry`).
"""

from typing import Any

import av
import av.filter

from danceit_core.media.convert import Geometry, lies
from danceit_core.media.part import Box, Size


def stored_box(box: Box, geometry: Geometry, stored: Size) -> Box:
    """Convert a rectangle of the shown picture to the `stored` picture (width, height), rounded."""
    left, top, width, height = _flipped(box, geometry.size, geometry)
    shown = geometry.size
    if lies(geometry.matrix):
        left, top, width, height, shown = top, left, height, width, shown[::-1]
    return _scaled((left, top, width, height), shown, stored)


def shown_box(box: Box, geometry: Geometry, stored: Size) -> Box:
    """Convert a rectangle of the `stored` picture (width, height) to the shown picture, rounded."""
    shown = geometry.size[::-1] if lies(geometry.matrix) else geometry.size
    left, top, width, height = _scaled(box, stored, shown)
    if lies(geometry.matrix):
        left, top, width, height = top, left, height, width
    return _flipped((left, top, width, height), geometry.size, geometry)


def _flipped(box: Box, shown: Size, geometry: Geometry) -> Box:
    """Mirrored as the display matrix mirrors it, which is its own inverse."""
    left, top, width, height = box
    a, b, c, d = geometry.matrix
    across, down = (c, b) if lies(geometry.matrix) else (a, d)
    return (
        shown[0] - left - width if across < 0 else left,
        shown[1] - top - height if down < 0 else top,
        width,
        height,
    )


def _scaled(box: Box, size: Size, other: Size) -> Box:
    """A rectangle of a picture of `size`, scaled to the same picture of size `other`, at least one pixel large."""
    left, top, width, height = box
    across, down = other[0] / size[0], other[1] / size[1]
    left_px, top_px = round(left * across), round(top * down)
    right, bottom = round((left + width) * across), round((top + height) * down)
    return left_px, top_px, max(1, right - left_px), max(1, bottom - top_px)


class Cropper:
    """Cuts rectangles out of decoded frames by FFmpeg's filter `crop`, which copies no pixels."""

    def __init__(self) -> None:
        self._key: tuple[Any, ...] = ()
        self._graph: Any = None

    def cut(self, frame: Any, geometry: Geometry, box: Box | None) -> tuple[Any, Geometry]:
        """A frame and its geometry, and those of the part `box` of the picture as shown; None for all of it."""
        if box is None:
            return frame, geometry
        place = stored_box(box, geometry, (frame.width, frame.height))
        if self._key != (key := (frame.format.name, frame.width, frame.height, frame.time_base, place)):
            self._graph, self._key = _make_graph(frame, place), key
        self._graph.vpush(frame)
        return self._graph.vpull(), Geometry(box[2:], geometry.matrix)


def _make_graph(frame: Any, place: Box) -> Any:
    left, top, width, height = place
    graph = av.filter.Graph()
    source = graph.add_buffer(width=frame.width, height=frame.height, format=frame.format, time_base=frame.time_base)
    # exact: accurate to the pixel even if the colours are subsampled.
    crop = graph.add("crop", f"w={width}:h={height}:x={left}:y={top}:exact=1")
    graph.link_nodes(source, crop, graph.add("buffersink"))
    graph.configure()
    return graph
