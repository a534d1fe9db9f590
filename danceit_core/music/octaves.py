"""Which tempo: bars can be read at half and at twice the tempo, and the tempo may change.

The octave is decided once for a song: at which tempo a song is danced hardly changes, however it is played. The song is
read in either of two octaves, and what is heard half-way between the beats of the slower one says how much likelier the
faster one must be. A change of tempo is believed where bars that may move through both octaves are clearly likelier
than those that keep to one.
"""

from dataclasses import dataclass

from danceit_core.music.bars import METERS, Array, Bars, decode_bars
from danceit_core.music.doubt import beat_shares
from danceit_core.music.onsets import LATENCY_S, RATE_HZ, Onsets, refine

# The octaves lie to either side of it: 53.75 to 215 beats a minute.
SPLIT_BPM = 107.5
# A song is heard at the slower of two tempi, unless the faster is likelier by this much, nats a second;
FASTER_BY = 2.0
# by more where what sounds half-way between the slower beats is weaker than WEAK of the beats, and by less where it is
# stronger than STRONG in all sound and in the bass; so much a unit, MOST at most.
WEAK, WEAKER, MOST = 0.8, 50.0, 9.0
STRONG, STRONGER, LEAST = 0.85, 30.0, -2.5
# A tempo that changes beyond an octave must be likelier by this, nats.
CHANGE_BY = 40.0
# A tempo that a user names is right within this ratio.
TOLD_WITHIN = 1.25


@dataclass(frozen=True)
class Reading:
    """bars; faster_by: how much likelier they are at the faster of two octaves, nats a second, None where a user said
    what the tempo is."""

    bars: Bars
    faster_by: float | None = None


def follow_bars(
    active: Array, *, fps: float, onsets: Onsets | None = None, tempo_bpm: float = 0.0, meter: int = 0
) -> Reading:
    """The bars in (T, 2) probabilities of (beat that is no downbeat, downbeat) at fps, their tempo followed.

    onsets: of the same sound, for the choice between octaves. tempo_bpm: about the tempo, 0: any; meter: beats a bar,
    0: of METERS the likeliest.
    """
    meters = (meter,) if meter else METERS
    if tempo_bpm:
        limits = (tempo_bpm / TOLD_WITHIN, tempo_bpm * TOLD_WITHIN)
        return Reading(decode_bars(active, fps=fps, tempi_bpm=limits, meters=meters))
    slow = decode_bars(active, fps=fps, tempi_bpm=(SPLIT_BPM / 2, SPLIT_BPM), meters=meters)
    fast = decode_bars(active, fps=fps, tempi_bpm=(SPLIT_BPM, 2 * SPLIT_BPM), meters=meters)
    if not slow.scores:
        return Reading(slow)
    gain, least = (fast.score - slow.score) / slow.heard_s, _least_gain(slow, onsets)
    steady = fast if gain > least else slow
    limits, dear = (SPLIT_BPM / 2, 2 * SPLIT_BPM), max(least, 0.0)
    free = decode_bars(active, fps=fps, tempi_bpm=limits, meters=(steady.meter,), dear_bpm=SPLIT_BPM, dear=dear)
    if free.score - max(slow.score, fast.score - dear * slow.heard_s) > CHANGE_BY:
        return Reading(free, gain)
    return Reading(steady, gain)


def _least_gain(slow: Bars, onsets: Onsets | None) -> float:
    """By how much the faster octave must be likelier than the slower one's bars, nats a second."""
    if onsets is None or len(slow.times_s) < 2:
        return FASTER_BY
    times_s = refine(slow.times_s, onsets) - LATENCY_S
    overall, bass = (part.between for part in beat_shares(times_s, onsets.all, onsets.bass, rate_hz=RATE_HZ))
    if overall < WEAK:
        return min(FASTER_BY + WEAKER * (WEAK - overall), MOST)
    return max(FASTER_BY - STRONGER * max(min(overall, bass) - STRONG, 0.0), LEAST)
