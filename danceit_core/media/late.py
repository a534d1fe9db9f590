"""Start decoding late in a file: packets long before the start are read but not decoded.

Reading a file costs a hundredth of decoding it. It follows the clock from the beginning (`clock`), so times are also
right in a joined recording, in which a seek is unreliable. Decoding begins at the second last key frame before the
start, because some decoders show nothing of the first group of pictures that they see.
"""

import collections
from typing import Any

from danceit_core.media.container import common_start_s

# Number of groups of pictures that are kept until the start is found, and their maximum size.
GROUPS, MOST_BYTES = 2, 256 * 2**20
# Formats whose picture times FFmpeg derives from the previous pictures.
COUNTED = {"avi"}


class LateStart:
    """Selects the packets to decode. skipped: whether earlier packets were left out."""

    def __init__(self, container: Any, start_s: float) -> None:
        self._start_s = start_s + common_start_s(container)
        self._groups: collections.deque[list[Any]] = collections.deque()
        self._waiting = start_s > 0 and container.format.name not in COUNTED
        self._bytes = 0
        self.skipped = False

    def due(self, packet: Any) -> list[Any]:
        """The packets to decode, in order, after the stream's next packet has arrived."""
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
        # A packet without a size flushes the decoder: the file has ended.
        over = not packet.size or self._bytes > MOST_BYTES
        if over or (time_s is not None and time_s > self._start_s):
            self._waiting = False
            due = [packet for group in self._groups for packet in group]
            self._groups.clear()
            return due
        return []
