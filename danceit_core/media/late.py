"""A late start: what comes long before it in a file is read, but not decoded.

Reading a file costs a hundredth of decoding it, and its clock is followed from its beginning (`clock`), so that times
are right in a joined recording too, where a seek leads anywhere. Decoding begins at the second last key frame before
the start: some decoders show nothing of the first group of pictures that they see.
"""

import collections
from typing import Any

from danceit_core.media.container import common_start_s

# Groups of pictures that are kept until it is known where the start is, and what they may take.
GROUPS, MOST_BYTES = 2, 256 * 2**20
# FFmpeg tells the times of AVI's pictures by those before them.
COUNTED = {"avi"}


class LateStart:
    """Says which packets are to be decoded. skipped: whether packets before those were left out."""

    def __init__(self, container: Any, start_s: float) -> None:
        self._start_s = start_s + common_start_s(container)
        self._groups: collections.deque[list[Any]] = collections.deque()
        self._waiting = start_s > 0 and container.format.name not in COUNTED
        self._bytes = 0
        self.skipped = False

    def due(self, packet: Any) -> list[Any]:
        """The packets to decode, in order, now that the next of the stream has come."""
        if not self._waiting:
            return [packet]
        time_s = None if packet.pts is None else float(packet.pts * packet.time_base)
        if packet.is_keyframe and time_s is not None:
            self._groups.append([])
            while len(self._groups) > GROUPS:
                self._bytes -= sum(old.size for old in self._groups.popleft())
                self.skipped = True
        elif not self._groups:
            self._groups.append([])
        self._groups[-1].append(packet)
        self._bytes += packet.size
        # A packet without a size has the decoder give its last frames: the file is over.
        over = not packet.size or self._bytes > MOST_BYTES
        if over or (time_s is not None and time_s > self._start_s):
            self._waiting = False
            due = [packet for group in self._groups for packet in group]
            self._groups.clear()
            return due
        return []
