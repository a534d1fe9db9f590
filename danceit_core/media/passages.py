"""Find the passages of a file whose clock jumps, from the times of all streams' packets, without decoding.

A jump back begins a passage. A jump ahead does so only in broadcast formats, whose clock may change by design; in other
formats it means a picture that stands still or a pause of the sound. A stream that jumps alone, to the position of the
others, begins no passage: its times are right again. A passage starts where the last stream of the previous one ended,
so that nothing is lost, and all its streams are shifted by the same time, so that they stay in sync.

Times are seconds of the file's own clock. Decoding times, which ascend even where pictures are reordered, are used to
find jumps; presentation times are used to measure passages.
"""

import math
from dataclasses import dataclass, field
from typing import Any

import av

from danceit_core.media.container import open_media, period_s

# Smaller jumps are jitter, lost packets or a late stream; up to JUMP_PICTURES reordered pictures arrive late.
JUMP_S, JUMP_PICTURES = 0.5, 16
# Smaller jumps down to this are considered only if they follow another stream's jump, which may be a little longer.
STEP_S, STEP_PICTURES = 0.1, 8
# In formats whose clock may change by design, no picture stands still for longer.
LONGEST_STAND_S = 3
# FFmpeg's flag AVFMT_TS_DISCONT.
MAY_CHANGE = 0x200
# This many packets with the same time cannot be parts of one picture: the clock stands still.
STANDING = 12
# A stream without a packet among this many has ended or pauses: its last position is meaningless.
RECENT_PACKETS = 200


@dataclass(frozen=True)
class Passage:
    """From a stream's packet `first` (from 0) on, times are `shift_s` too small; with `stands` they are meaningless.

    start_s: on the corrected clock. joined: whether the clock jumps there.
    """

    first: int
    shift_s: float
    start_s: float
    stands: bool
    joined: bool


@dataclass
class _Part:
    """The packets of one stream in one passage: from packet `first` on, shown from low_s to high_s.

    due_s: the expected time of the next packet.
    """

    first: int
    passage: int
    low_s: float = math.inf
    high_s: float = -math.inf
    due_s: float = -math.inf
    stands: bool = False


@dataclass
class Track:
    """A stream's clock up to its last packet. number: the index of that packet among the packets of all streams."""

    stream: Any
    parts: list[_Part] = field(default_factory=list)
    packets: int = 0
    repeats: int = 0
    last_s: float = -math.inf
    step_s: float = 0.0
    number: int = 0

    def __post_init__(self) -> None:
        self.is_picture = self.stream.type == "video"
        picture_s = period_s(self.stream) if self.is_picture else 0.0
        # Smaller jumps are never real; a jump that no other stream shares must exceed this.
        self.jitter_s = max(STEP_S, STEP_PICTURES * picture_s)
        self.largest_jitter_s = max(JUMP_S, JUMP_PICTURES * picture_s)
        self.step_s = picture_s
        self._tick_s = float(self.stream.time_base)

    def time_of(self, packet: Any) -> float | None:
        """The decoding time of a packet (its presentation time if only that is known); None without a time."""
        ticks = packet.pts if packet.dts is None else packet.dts
        return None if ticks is None else ticks * self._tick_s

    def jump_s(self, time_s: float) -> float:
        """The distance from the possible times of the next packet, seconds; negative for a jump back."""
        due_s = self.parts[-1].due_s
        return time_s - due_s if time_s > due_s else min(0.0, time_s - (due_s - self.step_s))

    def looks_odd(self, packet: Any) -> bool:
        """Whether the next packet jumps or has the same time as the previous one."""
        time_s = self.time_of(packet)
        if time_s is None or not self.parts:
            return False
        return time_s == self.last_s or abs(self.jump_s(time_s)) > self.jitter_s

    def add(self, packet: Any, *, passage: int | None = None) -> None:
        """Add the next packet; `passage` is given if a part begins with it."""
        first, self.packets = self.packets, self.packets + 1
        time_s = self.time_of(packet)
        if time_s is None:
            return
        if packet.duration:
            self.step_s = packet.duration * self._tick_s
        self.repeats = self.repeats + 1 if time_s == self.last_s and passage is None else 0
        self.last_s = time_s
        if passage is not None or not self.parts:
            self.parts.append(_Part(first, passage or 0))
        elif self.repeats == STANDING - 1 and not self.parts[-1].stands:
            # The first packet's time is right.
            self.parts.append(_Part(first - self.repeats + 1, self.parts[-1].passage, stands=True))
        part, length_s = self.parts[-1], self.step_s
        if part.stands:
            length_s *= 1 + self.repeats
        shown_s = time_s if packet.pts is None else packet.pts * self._tick_s
        part.due_s = max(part.due_s, time_s + length_s)
        part.low_s, part.high_s = min(part.low_s, shown_s), max(part.high_s, shown_s + length_s)


class _Search:
    """Assigns the packets of all streams, in the order of the file, to passages 0, 1, 2, ..."""

    def __init__(self, streams: list[Any], *, may_change: bool) -> None:
        self.tracks = {stream.index: Track(stream) for stream in streams}
        self._may_change = may_change
        self._passages = 1
        self._number = 0

    def add(self, packet: Any) -> None:
        """Add the next packet of the file."""
        track = self.tracks[packet.stream.index]
        time_s = track.time_of(packet)
        self._number += 1
        track.number = self._number
        track.add(packet, passage=None if time_s is None else self._passage_of(track, time_s))

    def _passage_of(self, track: Track, time_s: float) -> int | None:
        """The passage that a new part of the track belongs to; None if the last part continues."""
        if not track.parts:
            return min(self._others(track, time_s), default=(0.0, 0))[1]
        if time_s == track.last_s:
            return None
        part, jump_s = track.parts[-1], track.jump_s(time_s)
        passage = self._after_jump(track, time_s, jump_s) if abs(jump_s) > track.jitter_s else part.passage
        return None if passage == part.passage and not part.stands else passage

    def _after_jump(self, track: Track, time_s: float, jump_s: float) -> int:
        """The passage that a jump leads to."""
        part = track.parts[-1]
        known = self._others(track, time_s)
        if len(track.parts) > 1 and track.packets - part.first < STANDING:
            previous = track.parts[-2]
            # A few packets had a wrong time, and the clock returned.
            if (distance_s := abs(time_s - previous.due_s)) <= JUMP_S:
                known.append((distance_s, previous.passage))
        distance_s, passage = min(known, default=(math.inf, 0))
        if distance_s < abs(jump_s) / 2:
            return passage
        # Sound alone has no other stream to follow, and a clock that stood still is not due to reordered pictures.
        is_alone = len(self.tracks) == 1 and not track.is_picture
        if abs(jump_s) <= track.largest_jitter_s and not (part.stands or is_alone):
            return part.passage
        if jump_s > 0 and not (self._may_change and jump_s > LONGEST_STAND_S):
            return part.passage
        self._passages += 1
        return self._passages - 1

    def _others(self, track: Track, time_s: float) -> list[tuple[float, int]]:
        """For each other stream: the distance of a time from its current position, seconds, and its passage."""
        return [
            (abs(time_s - other.last_s), other.parts[-1].passage)
            for other in self.tracks.values()
            if other is not track and other.parts and self._number - other.number < RECENT_PACKETS
        ]

    def shifts_s(self) -> list[float]:
        """The shift of the times of each passage: it begins where the last stream of the previous passage ended."""
        # For each passage: when its parts begin, and the parts before them.
        starts_s: list[list[float]] = [[] for _ in range(self._passages)]
        before: list[list[_Part]] = [[] for _ in range(self._passages)]
        for track in self.tracks.values():
            for previous, part in zip([None, *track.parts], track.parts, strict=False):
                starts_s[part.passage].append(part.low_s)
                if previous is not None and previous.passage < part.passage:
                    before[part.passage].append(previous)
        shifts_s = [0.0]
        for passage in range(1, self._passages):
            end_s = max(part.high_s + shifts_s[part.passage] for part in before[passage])
            shifts_s.append(end_s - min(starts_s[passage]))
        return shifts_s


def timed_streams(container: Any) -> list[Any]:
    """All picture and sound streams, without cover pictures."""
    return [
        stream
        for stream in (*container.streams.video, *container.streams.audio)
        if stream.codec_context is not None and not stream.disposition & av.stream.Disposition.attached_pic
    ]


def find_passages(path: str) -> dict[int, list[Passage]]:
    """The passages of each picture and sound stream, by its index, ascending: at least one each."""
    with open_media(path) as container:
        streams = timed_streams(container)
        search = _Search(streams, may_change=bool(container.format.flags & MAY_CHANGE))
        try:
            for packet in container.demux(streams):
                search.add(packet)
        except (av.FFmpegError, IndexError):  # as in `decode_stream`: use what was read so far
            pass
        shifts_s = search.shifts_s()
    return {index: _passages_of(track, shifts_s) for index, track in search.tracks.items()}


def _passages_of(track: Track, shifts_s: list[float]) -> list[Passage]:
    parts = track.parts or [_Part(0, 0, low_s=0.0)]
    # Packets before the first one with a time belong to the first passage.
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
