"""One continuous clock for a file whose clock is not: joined recordings, a counter overflow, a clock that stands still.

`Clock` corrects the times of one stream's packets before they are decoded. Only if the clock of a file jumps are the
packets of all streams read ahead once to find its passages (see `passages`). So picture and sound, which are decoded
separately, arrive at the same result.
"""

import bisect
import logging
from typing import Any

from danceit_core.media.container import name_of
from danceit_core.media.passages import Passage, Track, find_passages, timed_streams

log = logging.getLogger(__name__)

# The size that an index, a cover picture or sensor data of a camera may have behind the pictures.
UNREAD_BYTES, UNREAD_SHARE = 50_000, 0.1


class Clock:
    """Corrects the times of one stream's packets. It must see the packets of all `streams`, in the order of the file.

    joins_s: when each further passage begins, in seconds of the corrected clock; known before the correction of its
    first packet.
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
        """Whether a packet belongs to the stream; if so, its times become those of the corrected clock.

        Raises MediaError if the file has been removed meanwhile.
        """
        self._end = max(self._end, (packet.pos or 0) + packet.size)
        # Not packet.stream_index, which is 0 for the packets that flush the decoder.
        index, own = packet.stream.index, self._watched[self._index]
        is_own = index == self._index
        # Until the stream begins, the position of the other streams counts.
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
        """Warn about a file of `size` bytes if `takes` has seen far less than that."""
        if (unread := size - self._end) > max(UNREAD_BYTES, UNREAD_SHARE * size):
            log.warning(
                "%s: no pictures can be read in its last %.1f MB; check that it was copied completely. If it was "
                "joined from several files, give each of them a line in the table",
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
                "%s: its clock jumps, as in joined recordings; the %s continues without a gap there (at %s s)",
                self._name,
                what,
                ", ".join(f"{start_s - zero_s:.1f}" for start_s in self.joins_s[:5])
                + (", ..." if len(self.joins_s) > 5 else ""),
            )
        if any(passage.stands for passage in self._passages):
            log.warning("%s: its clock stands still; the %s is timed by its average rate there", self._name, what)
