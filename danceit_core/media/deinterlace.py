"""Interlaced video: the two fields of a picture were taken one after the other, so that what moves shows a comb.

FFmpeg's filter `bwdif` makes one whole picture of each; times and frames that are not flagged as interlaced stay as
they are.
"""

from collections.abc import Iterable, Iterator
from typing import Any

import av
import av.filter


def deinterlaced(frames: Iterable[Any]) -> Iterator[Any]:
    """As many frames as come in, in order; no filter runs before the first frame that is flagged as interlaced."""
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
    # send_frame: one picture a frame, not a field; interlaced: others pass unchanged.
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
