"""The passages of a file whose clock jumps: found from the times of all streams' packets, without decoding.

A jump back begins a passage. A jump ahead does so only in formats made for broadcasts, whose clock may change by
design: elsewhere it is a picture that stands or a pause of the sound. A stream that jumps alone, to where the others
are, begins none: its times are right again. A passage follows where the last of its streams ended before, so that
nothing is lost, and all of them are moved by the same time, so that they stay together.

Times are seconds of the file's own clock: of decoding, which ascend where pictures are reordered, to find jumps, and of
presentation to measure passages.
"""

import math
from dataclasses import dataclass, field
from typing import Any

import av

from danceit_core.media.container import open_media, period_s

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


@dataclass
class _Part:
    """Packets of one stream that belong to one passage: from packet `first` on, shown from low_s to high_s.

    due_s: when the next packet is expected.
    """

    first: int
    passage: int
    low_s: float = math.inf
    high_s: float = -math.inf
    due_s: float = -math.inf
    stands: bool = False


@dataclass
class Track:
    """A stream's clock as far as its packets have come. number: of all streams' packets when its last one came."""

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
        # What no jump exceeds that is none, and that none exceeds which no other stream shares.
        self.jitter_s = max(STEP_S, STEP_PICTURES * picture_s)
        self.largest_jitter_s = max(JUMP_S, JUMP_PICTURES * picture_s)
        self.step_s = picture_s
        self._tick_s = float(self.stream.time_base)

    def time_of(self, packet: Any) -> float | None:
        """When a packet of the stream is decoded (shown, if only that is known); None if it does not say."""
        ticks = packet.pts if packet.dts is None else packet.dts
        return None if ticks is None else ticks * self._tick_s

    def jump_s(self, time_s: float) -> float:
        """Seconds from where the next packet may be, less than 0 for a jump back."""
        due_s = self.parts[-1].due_s
        return time_s - due_s if time_s > due_s else min(0.0, time_s - (due_s - self.step_s))

    def looks_odd(self, packet: Any) -> bool:
        """Whether the next packet jumps, or has the time of the one before."""
        time_s = self.time_of(packet)
        if time_s is None or not self.parts:
            return False
        return time_s == self.last_s or abs(self.jump_s(time_s)) > self.jitter_s

    def add(self, packet: Any, *, passage: int | None = None) -> None:
        """Take the next packet; `passage` for a part that begins with it."""
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
        """Take the next packet of the file."""
        track = self.tracks[packet.stream.index]
        time_s = track.time_of(packet)
        self._number += 1
        track.number = self._number
        track.add(packet, passage=None if time_s is None else self._passage_of(track, time_s))

    def _passage_of(self, track: Track, time_s: float) -> int | None:
        """The passage that a new part of the track belongs to; None if the last part goes on."""
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
            # A few packets of a wrong time, and back.
            if (distance_s := abs(time_s - previous.due_s)) <= JUMP_S:
                known.append((distance_s, previous.passage))
        distance_s, passage = min(known, default=(math.inf, 0))
        if distance_s < abs(jump_s) / 2:
            return passage
        # Sound alone has nothing to keep up with, and a clock that stood is not that of reordered pictures.
        is_alone = len(self.tracks) == 1 and not track.is_picture
        if abs(jump_s) <= track.largest_jitter_s and not (part.stands or is_alone):
            return part.passage
        if jump_s > 0 and not (self._may_change and jump_s > LONGEST_STAND_S):
            return part.passage
        self._passages += 1
        return self._passages - 1

    def _others(self, track: Track, time_s: float) -> list[tuple[float, int]]:
        """How far a time is from where each other stream is now, seconds, and in which passage that one is."""
        return [
            (abs(time_s - other.last_s), other.parts[-1].passage)
            for other in self.tracks.values()
            if other is not track and other.parts and self._number - other.number < RECENT_PACKETS
        ]

    def shifts_s(self) -> list[float]:
        """By how much the times of each passage are too small: it begins where the last of its streams ended."""
        # Of each passage: when its parts begin, and the parts before them.
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
    """All streams of pictures and sound, without cover pictures."""
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
        except (av.FFmpegError, IndexError):  # as in `decode_stream`: what was read so far counts
            pass
        shifts_s = search.shifts_s()
    return {index: _passages_of(track, shifts_s) for index, track in search.tracks.items()}


def _passages_of(track: Track, shifts_s: list[float]) -> list[Passage]:
    parts = track.parts or [_Part(0, 0, low_s=0.0)]
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
