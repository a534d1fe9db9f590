"""One clock for a file that has several: recordings joined into one, a counter that overflowed, a clock that stands.

Where a file's clock jumps, a new passage begins. It follows where the last one ended, and all streams that jump there
are moved by the same time, so that picture and sound stay together. `Clock` mends the packets of one stream before
they are decoded. Only in a file whose clock jumps are the packets of all streams read ahead once, without decoding, to
find the passages: picture and sound are decoded apart from each other, and come to the same result.

Times are presentation times in seconds. A stream that jumps alone, to where the others are, begins no passage: its
times are right again. Nor does a jump ahead, except in formats made for broadcasts, whose clock may change by design:
elsewhere it is a picture that stands or a pause of the sound.
"""

import bisect
import logging
import math
from dataclasses import dataclass, field
from typing import Any

import av

from danceit_core.media.container import FILE, open_media, period_s

log = logging.getLogger(__name__)

# Smaller jumps are jitter, lost packets or a late stream, and so many reordered pictures come too late.
JUMP_S, JUMP_PICTURES = 0.5, 16
# What smaller ones are looked at for: to follow another stream's jump, which may be a little longer.
STEP_S, STEP_PICTURES = 0.1, 8
# Formats whose clock may change by design have no picture that stands for longer.
LONGEST_STAND_S = 3
# AVFMT_TS_DISCONT of FFmpeg.
MAY_CHANGE = 0x200
# So many packets of the same time are no parts of one picture: the clock stands.
STANDING = 12
# A stream of which none of so many packets came has ended or pauses: where it was says nothing.
RECENT_PACKETS = 200


@dataclass(frozen=True)
class Passage:
    """From a stream's packet `first` (from 0) on, times are `shift_s` too small; with `stands` they say nothing.

    start_s: on the mended clock. joined: whether the clock jumps there.
    """

    first: int
    shift_s: float
    start_s: float
    stands: bool
    joined: bool


class Clock:
    """Mends the times of one stream's packets. It is shown those of all `streams`, in the order of the file.

    joins_s: when a passage begins behind another, seconds of the mended clock; known before its first packet is mended.
    """

    def __init__(self, container: Any, stream: Any) -> None:
        self._name = container.name.removeprefix(FILE)
        self._stream, self._index = stream, stream.index
        self.streams = timed_streams(container)
        self._watched = {other.index: _Track(other) for other in self.streams}
        self._passages: list[Passage] = []
        self.joins_s: list[float] = []

    def takes(self, packet: Any) -> bool:
        """Whether a packet is one of the stream; then its times become those of the mended clock.

        Raises MediaError if the file is gone meanwhile.
        """
        is_own, own = packet.stream_index == self._index, self._watched[self._index]
        # How far the others have come counts until the stream begins.
        if not self._passages and (is_own or not own.parts):
            track = self._watched[packet.stream_index]
            if track.looks_odd(packet):
                self._read_ahead()
            else:
                track.add(packet)
                return is_own
        if is_own and self._passages:
            self._mend(packet, number=own.packets)
            own.packets += 1
        return is_own

    def _mend(self, packet: Any, *, number: int) -> None:
        passage = self._passages[bisect.bisect_right(self._passages, number, key=lambda p: p.first) - 1]
        if passage.stands:
            packet.pts = packet.dts = None
        elif ticks := round(passage.shift_s / packet.time_base):
            packet.pts = None if packet.pts is None else packet.pts + ticks
            packet.dts = None if packet.dts is None else packet.dts + ticks

    def _read_ahead(self) -> None:
        self._passages = find_passages(self._name)[self._index]
        self.joins_s = [passage.start_s for passage in self._passages if passage.joined]
        self._tell()

    def _tell(self) -> None:
        what = "picture" if self._stream.type == "video" else "sound"
        zero_s = self._passages[0].start_s
        if self.joins_s:
            shown = ", ".join(f"{start_s - zero_s:.1f}" for start_s in self.joins_s[:5])
            log.warning(
                "%s: its clock jumps, as where recordings were joined; the %s goes on without a gap at %s s",
                self._name,
                what,
                shown + (f" and {len(self.joins_s) - 5} more times" if len(self.joins_s) > 5 else ""),
            )
        if any(passage.stands for passage in self._passages):
            log.warning("%s: its clock stands; the %s is timed by its average rate there", self._name, what)


@dataclass
class _Part:
    """Packets of one stream that belong to one passage: from packet `first` on, low_s to high_s on the file's clock."""

    first: int
    passage: int
    low_s: float
    high_s: float
    stands: bool = False


@dataclass
class _Track:
    """A stream's clock as far as its packets have come. number: of all streams' packets when its last one came."""

    stream: Any
    parts: list[_Part] = field(default_factory=list)
    packets: int = 0
    repeats: int = 0
    last_s: float = -math.inf
    step_s: float = 0.0
    number: int = 0

    def __post_init__(self) -> None:
        self._pictures = int(self.stream.type == "video")
        self.step_s = period_s(self.stream) if self._pictures else 0.0

    @property
    def jitter_s(self) -> float:
        """What no jump exceeds that is none."""
        return max(STEP_S, STEP_PICTURES * self._pictures * self.step_s)

    @property
    def largest_jitter_s(self) -> float:
        """What a jump that no other stream shares exceeds; a clock that stood cannot have been reordered."""
        if self.parts[-1].stands:
            return self.jitter_s
        return max(JUMP_S, JUMP_PICTURES * self._pictures * self.step_s)

    def jump_s(self, time_s: float) -> float:
        """Seconds from where the next packet may be, less than 0 for a jump back."""
        end_s = self.parts[-1].high_s
        return time_s - end_s if time_s > end_s else min(0.0, time_s - (end_s - self.step_s))

    def looks_odd(self, packet: Any) -> bool:
        """Whether the next packet jumps, or has the time of the one before."""
        time_s = time_of(packet)
        if time_s is None or not self.parts:
            return False
        return time_s == self.last_s or abs(self.jump_s(time_s)) > self.jitter_s

    def add(self, packet: Any, *, passage: int | None = None) -> None:
        """Take the next packet; `passage` for a part that begins with it."""
        first, self.packets = self.packets, self.packets + 1
        time_s = time_of(packet)
        if time_s is None:
            return
        if packet.duration:
            self.step_s = float(packet.duration * packet.time_base)
        self.repeats = self.repeats + 1 if time_s == self.last_s and passage is None else 0
        self.last_s = time_s
        if passage is not None or not self.parts:
            self.parts.append(_Part(first, passage or 0, time_s, time_s))
        elif self.repeats == STANDING - 1 and not self.parts[-1].stands:
            # The first packet's time is right.
            self.parts.append(_Part(first - self.repeats + 1, self.parts[-1].passage, time_s, time_s, stands=True))
        part = self.parts[-1]
        part.low_s = min(part.low_s, time_s)
        part.high_s = max(part.high_s, time_s + (1 + part.stands * self.repeats) * self.step_s)


class _Search:
    """Assigns the packets of all streams, in the order of the file, to passages 0, 1, 2, ..."""

    def __init__(self, streams: list[Any], *, may_change: bool) -> None:
        self.tracks = {stream.index: _Track(stream) for stream in streams}
        self._may_change = may_change
        self._passages = 1
        self._number = 0

    def add(self, packet: Any) -> None:
        """Take the next packet of the file."""
        track, time_s = self.tracks[packet.stream.index], time_of(packet)
        self._number += 1
        track.number = self._number
        track.add(packet, passage=None if time_s is None else self._passage_of(track, time_s))

    def _passage_of(self, track: _Track, time_s: float) -> int | None:
        """The passage that a new part of the track belongs to; None if the last part goes on."""
        if not track.parts:
            return min(self._others(track, time_s), default=(0.0, 0))[1]
        if time_s == track.last_s:
            return None
        part, jump_s = track.parts[-1], track.jump_s(time_s)
        passage = self._after_jump(track, time_s, jump_s) if abs(jump_s) > track.jitter_s else part.passage
        return None if passage == part.passage and not part.stands else passage

    def _after_jump(self, track: _Track, time_s: float, jump_s: float) -> int:
        """The passage that a jump leads to."""
        part = track.parts[-1]
        known = self._others(track, time_s)
        if len(track.parts) > 1 and track.packets - part.first < STANDING:
            # A few packets of a wrong time, and back.
            known.append((abs(time_s - track.parts[-2].high_s), track.parts[-2].passage))
        distance_s, passage = min(known, default=(math.inf, 0))
        if distance_s < abs(jump_s) / 2:
            return passage
        if abs(jump_s) <= track.largest_jitter_s:
            return part.passage
        if jump_s > 0 and not (self._may_change and jump_s > LONGEST_STAND_S):
            return part.passage
        self._passages += 1
        return self._passages - 1

    def _others(self, track: _Track, time_s: float) -> list[tuple[float, int]]:
        """How far a time is from where each other stream is now, seconds, and in which passage that one is."""
        return [
            (abs(time_s - other.last_s), other.parts[-1].passage)
            for other in self.tracks.values()
            if other is not track and other.parts and self._number - other.number < RECENT_PACKETS
        ]

    def shifts_s(self) -> list[float]:
        """By how much the times of each passage are too small: it begins where the last of its streams ended."""
        shifts_s = [0.0]
        for passage in range(1, self._passages):
            starts_s, ends_s = [], []
            for track in self.tracks.values():
                for index, part in enumerate(track.parts):
                    if part.passage != passage:
                        continue
                    starts_s.append(part.low_s)
                    if index and (before := track.parts[index - 1]).passage < passage:
                        ends_s.append(before.high_s + shifts_s[before.passage])
            shifts_s.append(max(ends_s) - min(starts_s))
        return shifts_s


def timed_streams(container: Any) -> list[Any]:
    """All streams of pictures and sound, without cover pictures."""
    return [
        stream
        for stream in (*container.streams.video, *container.streams.audio)
        if stream.codec_context is not None and not stream.disposition & av.stream.Disposition.attached_pic
    ]


def time_of(packet: Any) -> float | None:
    """When a packet is shown, seconds of the file's clock; None if it does not say."""
    ticks = packet.dts if packet.pts is None else packet.pts
    return None if ticks is None else float(ticks * packet.time_base)


def find_passages(path: str) -> dict[int, list[Passage]]:
    """The passages of each picture and sound stream, by its index, ascending: at least one each."""
    with open_media(path) as container:
        streams = timed_streams(container)
        search = _Search(streams, may_change=bool(container.format.flags & MAY_CHANGE))
        try:
            for packet in container.demux(streams):
                search.add(packet)
        except (av.FFmpegError, IndexError):  # as in `decode_stream`: what was read so far counts
            pass
        shifts_s = search.shifts_s()
    return {index: _passages_of(track, shifts_s) for index, track in search.tracks.items()}


def _passages_of(track: _Track, shifts_s: list[float]) -> list[Passage]:
    parts = track.parts or [_Part(0, 0, 0.0, 0.0)]
    # Packets before the first that has a time belong to it.
    firsts = [0, *(part.first for part in parts[1:])]
    before = [parts[0], *parts]
    return [
        Passage(
            first,
            shifts_s[part.passage],
            part.low_s + shifts_s[part.passage],
            stands=part.stands,
            joined=part.passage != previous.passage,
        )
        for first, part, previous in zip(firsts, parts, before, strict=False)
    ]
