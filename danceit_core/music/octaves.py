"""Which tempo: bars can be read at half and at twice the tempo, and the tempo may change.

The octave is decided once for a song: at which tempo a song is danced hardly changes, however it is played. It is read
in either of two octaves, and at the faster one only where that is clearly likelier. A change of tempo is believed
where bars that may change their tempo through both octaves are clearly likelier than those that keep to one.
"""

from danceit_core.music.bars import METERS, Array, Bars, decode_bars

# The octaves lie to either side of it: 53.75 to 215 beats a minute.
SPLIT_BPM = 107.5
# A song is heard at the slower of two tempi, unless the faster is likelier by this much, nats a second.
FASTER_BY = 2.0
# A tempo that changes beyond an octave must be likelier by this, nats.
CHANGE_BY = 40.0
# A tempo that a user names is right within this ratio.
TOLD_WITHIN = 1.25


def follow_bars(active: Array, *, fps: float, tempo_bpm: float = 0.0, meter: int = 0) -> Bars:
    """The bars in (T, 2) probabilities of (beat that is no downbeat, downbeat) at fps, their tempo followed.

    tempo_bpm: about the tempo, 0: any; meter: beats a bar, 0: of METERS the likeliest.
    """
    meters = (meter,) if meter else METERS
    if tempo_bpm:
        limits = (tempo_bpm / TOLD_WITHIN, tempo_bpm * TOLD_WITHIN)
        return decode_bars(active, fps=fps, tempi_bpm=limits, meters=meters)
    slow = decode_bars(active, fps=fps, tempi_bpm=(SPLIT_BPM / 2, SPLIT_BPM), meters=meters)
    fast = decode_bars(active, fps=fps, tempi_bpm=(SPLIT_BPM, 2 * SPLIT_BPM), meters=meters)
    handicap = FASTER_BY * slow.heard_s
    steady = fast if fast.score - handicap > slow.score else slow
    if not steady.scores:
        return steady
    free = decode_bars(
        active,
        fps=fps,
        tempi_bpm=(SPLIT_BPM / 2, 2 * SPLIT_BPM),
        meters=(steady.meter,),
        dear_bpm=SPLIT_BPM,
        dear=FASTER_BY,
    )
    gain = free.score - max(slow.score, fast.score - handicap)
    return _with_scores(free, steady) if gain > CHANGE_BY else steady


def _with_scores(free: Bars, steady: Bars) -> Bars:
    """The bars of the one with what is known of the meter from the other."""
    return Bars(free.times_s, free.place, free.meter, steady.scores, steady.heard_s)
