"""Deinterlace video whose pictures consist of two fields taken one after the other, which makes moving edges comb.

FFmpeg's filter `bwdif` makes one whole picture of each pair. It changes neither times nor frames that are not flagged
as interlaced.
"""

from collections.abc import Iterable, Iterator
from typing import Any

import av
import av.filter


def deinterlaced(frames: Iterable[Any]) -> Iterator[Any]:
    """The same number of frames, in order; no filter runs before the first frame that is flagged as interlaced."""
    graph: Any = None
    kind: tuple[Any, ...] = ()
    for frame in frames:
        if graph is None and not frame.interlaced_frame:
            yield frame
            continue
        if kind != (kind := (frame.format.name, frame.width, frame.height, frame.time_base)):
            yield from _flush(graph)
            graph = _make_graph(frame)
        graph.vpush(frame)
        yield from _pull(graph)
    yield from _flush(graph)


def _make_graph(frame: Any) -> Any:
    graph = av.filter.Graph()
    source = graph.add_buffer(width=frame.width, height=frame.height, format=frame.format, time_base=frame.time_base)
    # send_frame: one picture per frame, not per field. interlaced: other frames pass unchanged.
    graph.link_nodes(source, graph.add("bwdif", "mode=send_frame:deint=interlaced"), graph.add("buffersink"))
    graph.configure()
    return graph


def _flush(graph: Any) -> Iterator[Any]:
    if graph is not None:
        graph.vpush(None)
        yield from _pull(graph)


def _pull(graph: Any) -> Iterator[Any]:
    while True:
        try:
            yield graph.vpull()
        except (av.BlockingIOError, av.EOFError):
            return
