"""The bar lines of a song, found from its beats; a dance in counts is laid out on them (`slots`).

Bar lines are the downbeats if the beats' places in the bar are known; every fourth beat, counted from the first, if
they are not; and every STEP_S seconds if there are no beats. Lines continue evenly through gaps between the beats and
before the first one. A dance ends on the song's last strong beat: a line, or the half of a bar of four.
"""

from dataclasses import dataclass, replace

import numpy as np

from danceit_core.music.table import Beats

STEP_S = 2.0
# Beats per bar if the metre is not known; metres whose bars have halves.
UNKNOWN_BAR, HALVED = 4, 4
# A bar longer than this many usual bars is a gap between the beats, filled with lines.
GAP_BARS = 1.6
# The dance stands still after the last strong beat; if that would take longer than this, lines continue.
LONGEST_END_S = 8.0
# Without beats the dance ends this long before the song does, if the song is at least this many times as long.
QUIET_END_S, QUIET_SONGS = 0.5, 12
SAME_S = 1e-6


@dataclass(frozen=True)
class Line:
    """A bar from time_s on, bar_s long: its beats (0: not known), the place of its first beat (1, 0: not known).

    half_s: when the half of the bar is heard, None: it has no half.
    """

    time_s: float
    bar_s: float
    beats: int
    place: int
    half_s: float | None

    @property
    def half_place(self) -> int:
        """Place in the bar of its half, 0 unknown."""
        return HALVED // 2 + 1 if self.place else 0

    def until(self, end_s: float) -> "Line":
        """The last bar of a dance that ends at end_s: whole, half, or without a line at its end."""
        if abs(self.time_s + self.bar_s - end_s) < SAME_S:
            return self
        whole = self.half_s is not None and abs(self.half_s - end_s) < SAME_S
        return replace(self, bar_s=end_s - self.time_s, beats=HALVED // 2 if whole else 0, half_s=None)


def find_lines(beats: Beats, *, seconds: float) -> list[Line]:
    """The bars of a song of `seconds`, one after the other; at least one if it is longer than STEP_S."""
    times, place = beats.times_s, beats.place
    if len(times) < 2:
        return [Line(float(at), STEP_S, 0, 0, None) for at in np.arange(0, seconds, STEP_S)]
    at: list[int] = []
    for k in range(len(times)):
        if place[k] == 1 or (place[k] == 0 and (not at or k - at[-1] >= UNKNOWN_BAR)):
            at.append(k)
    beat_s = float(np.median(np.diff(times)))
    meter = beats.meter or UNKNOWN_BAR
    if not at:
        return find_lines(Beats(times, beats.tempo_bpm), seconds=seconds)
    spans = np.diff(times[at])
    usual_s = float(np.median(spans)) if len(spans) else meter * beat_s
    lines: list[Line] = []
    for k, index in enumerate(at):
        start = float(times[index])
        last = k + 1 == len(at)
        # The last bar is as long as its beats, or as long as a usual bar.
        span = usual_s if last else float(spans[k])
        parts = max(1, round(span / usual_s)) if span > GAP_BARS * usual_s else 1
        count = (meter if last else at[k + 1] - index) if parts == 1 else 0
        known = bool(place[index] == 1)
        half = float(times[index + 2]) if known and count == HALVED and index + 2 < len(times) else None
        lines += [Line(start, span / parts, count, int(known), half)]
        lines += [Line(start + span * n / parts, span / parts, 0, 0, None) for n in range(1, parts)]
    before = int((lines[0].time_s + SAME_S) / usual_s)
    first = lines[0]
    earlier = [Line(first.time_s - n * usual_s, usual_s, 0, first.place, None) for n in range(before, 0, -1)]
    end = lines[-1].time_s + usual_s
    rest = seconds - end
    later = int(rest / usual_s) if rest > LONGEST_END_S else 0
    after = [Line(end + n * usual_s, usual_s, 0, 0, None) for n in range(later)]
    return [*earlier, *lines, *after]


def last_strong_s(lines: list[Line], beats: Beats, *, seconds: float) -> float:
    """When the last strong beat of a song is heard, on which its dance ends: a line or the half of a bar.

    The dance of a song without beats ends QUIET_END_S before the sound; that of a very short song ends with it.
    """
    if len(beats.times_s) < 2:
        return seconds - QUIET_END_S if seconds >= QUIET_SONGS * QUIET_END_S else seconds
    strong = [line.time_s for line in lines] + [line.half_s for line in lines if line.half_s is not None]
    return max([at for at in strong if at < seconds], default=seconds)
