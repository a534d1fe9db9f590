"""One clock for a file that has several: recordings joined into one, a counter that overflowed, a clock that stands.

`Clock` mends the times of one stream's packets before they are decoded. Only in a file whose clock jumps are the
packets of all streams read ahead once, to find its passages (see `passages`): picture and sound are decoded apart from
each other and come to the same result.
"""

import bisect
import logging
from typing import Any

from danceit_core.media.container import name_of
from danceit_core.media.passages import Passage, Track, find_passages, timed_streams

log = logging.getLogger(__name__)

# What an index, a cover picture or the data of a camera's sensors may take behind the pictures.
UNREAD_BYTES, UNREAD_SHARE = 50_000, 0.1


class Clock:
    """Mends the times of one stream's packets. It is shown those of all `streams`, in the order of the file.

    joins_s: when a passage begins behind another, seconds of the mended clock; known before its first packet is mended.
    """

    def __init__(self, container: Any, stream: Any) -> None:
        self._name = name_of(container)
        self._stream, self._index = stream, stream.index
        self.streams = timed_streams(container)
        self._watched = {other.index: Track(other) for other in self.streams}
        self._passages: list[Passage] = []
        self.joins_s: list[float] = []
        self._end = 0

    def takes(self, packet: Any) -> bool:
        """Whether a packet is one of the stream; then its times become those of the mended clock.

        Raises MediaError if the file is gone meanwhile.
        """
        self._end = max(self._end, (packet.pos or 0) + packet.size)
        # Not packet.stream_index, which is 0 for those that have the decoder give its last frames.
        index, own = packet.stream.index, self._watched[self._index]
        is_own = index == self._index
        # How far the others have come counts until the stream begins.
        if not self._passages and (is_own or not own.parts):
            track = self._watched[index]
            if track.looks_odd(packet):
                self._read_ahead()
            else:
                track.add(packet)
                return is_own
        if is_own and self._passages:
            self._mend(packet, number=own.packets)
            own.packets += 1
        return is_own

    def tell_unread(self, size: int) -> None:
        """Warn of a file of `size` bytes if far less than that were given to `takes`."""
        if (unread := size - self._end) > max(UNREAD_BYTES, UNREAD_SHARE * size):
            log.warning(
                "%s: no pictures can be read in its last %.1f MB; is it copied whole? If files were joined in it, give "
                "each of them a line of the table",
                self._name,
                unread / 1e6,
            )

    def _mend(self, packet: Any, *, number: int) -> None:
        passage = self._passages[bisect.bisect_right(self._passages, number, key=lambda p: p.first) - 1]
        if passage.stands:
            packet.pts = packet.dts = None
        elif ticks := round(passage.shift_s / self._stream.time_base):
            packet.pts = None if packet.pts is None else packet.pts + ticks
            packet.dts = None if packet.dts is None else packet.dts + ticks

    def _read_ahead(self) -> None:
        self._passages = find_passages(self._name).get(self._index) or [
            Passage(0, 0.0, 0.0, stands=False, joined=False)
        ]
        self.joins_s = sorted(passage.start_s for passage in self._passages if passage.joined)
        self._tell()

    def _tell(self) -> None:
        what, zero_s = "picture" if self._stream.type == "video" else "sound", self._passages[0].start_s
        if self.joins_s:
            log.warning(
                "%s: its clock jumps, as where recordings were joined; the %s goes on without a gap there (at %s s)",
                self._name,
                what,
                ", ".join(f"{start_s - zero_s:.1f}" for start_s in self.joins_s[:5])
                + (", ..." if len(self.joins_s) > 5 else ""),
            )
        if any(passage.stands for passage in self._passages):
            log.warning("%s: its clock stands; the %s is timed by its average rate there", self._name, what)
