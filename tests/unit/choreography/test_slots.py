"""Where clips may lie: bar lines of songs whose beats are known, lead-in and end, songs without bars or beats."""

import numpy as np
import pytest

from danceit_core.choreography.bar_lines import find_lines
from danceit_core.choreography.slots import HALF, OVER_PHRASE, OVER_SECTION, WITHIN, count_slots
from danceit_core.errors import ChoreographyError
from danceit_core.music.table import Beats, Section

FPS = 24.0


def beats_of(tempo_bpm=120.0, *, first_s=0.5, seconds=20.0, meter=4, pickup=0, known=True):
    """Even beats up to the song's end, the first downbeat after `pickup` beats."""
    times = np.arange(first_s, seconds - 0.01, 60 / tempo_bpm)
    place = (np.arange(len(times)) - pickup) % meter + 1 if known else np.zeros(len(times), np.int64)
    return Beats(times, tempo_bpm, place=place, meter=meter if known else 0)


def lay(seconds=20.0, *, sections=(), **about):
    return count_slots(beats_of(seconds=seconds, **about), frames=round(seconds * FPS), fps=FPS, sections=sections)


def check(slots, seconds):
    """Whole slots follow each other through the song; all lie between edges, in order."""
    whole = np.flatnonzero(slots.whole)
    np.testing.assert_array_equal(slots.first[whole[1:]], slots.last[whole[:-1]])
    assert slots.first[whole[0]] == 0
    assert slots.last[whole[-1]] == len(slots.edges) - 1
    assert (np.diff(slots.edges) > 0).all()
    assert slots.edges[0] == 0
    assert slots.edges[-1] + slots.hold == round(seconds * FPS)
    assert (slots.frames > 0).all()
    assert (np.diff(slots.first) >= 0).all()


def test_slots_are_half_bars_bars_and_pairs_of_bars_on_the_lines():
    slots = lay(first_s=0.0)
    check(slots, 20.0)
    np.testing.assert_array_equal(slots.edges % 24, 0)  # halves of bars of two seconds
    kinds = {(b, p) for b, p in zip(slots.beats.tolist(), slots.place.tolist(), strict=True)}
    assert kinds == {(2, 1), (2, 3), (4, 1), (8, 1)}
    np.testing.assert_array_equal(slots.frames, 12 * slots.beats)
    assert (slots.start[slots.place == 1] % 48 == 0).all()
    assert (slots.start[slots.place == 3] % 48 == 24).all()


def test_the_dance_ends_on_the_last_strong_beat():
    slots = lay(first_s=0.0)  # the last beat is heard at 19.5 s, the last half of a bar at 19 s
    assert slots.edges[-1] == 19 * 24
    assert slots.hold == 24
    assert lay(first_s=0.0, seconds=18.5).edges[-1] == 18 * 24
    waltz = lay(first_s=0.0, meter=3)  # bars of 1.5 s
    assert waltz.edges[-1] == 19.5 * 24
    assert set(waltz.beats.tolist()) == {3, 6}


def test_a_short_lead_in_belongs_to_the_first_bar_and_a_long_one_is_its_own():
    short = lay(first_s=0.5)
    assert set(short.lead[short.first == 0].tolist()) == {12}
    assert (short.lead[short.first > 0] == 0).all()
    assert set(short.beats[short.first == 0].tolist()) == {2, 4, 8}
    long = lay(first_s=0.2, pickup=3)
    check(long, 20.0)
    assert (long.lead == 0).all()
    assert long.edges[1] == round(1.7 * 24)
    assert (long.beats[long.first == 0] == 0).all()
    # An intro without beats has lines at the bar's distance.
    quiet = lay(first_s=5.0)
    check(quiet, 20.0)
    np.testing.assert_array_equal(quiet.start[quiet.whole][:3], [0, 24, 72])


def test_phrases_of_two_bars_begin_with_each_section():
    sections = (Section(0.0, 6.1, "A"), Section(6.1, 20.0, "B"))  # three bars, then seven
    slots = lay(first_s=0.0, sections=sections)
    np.testing.assert_array_equal(slots.edges[slots.phrase] / 48, [0, 2, 3, 5, 7, 9, 9.5])
    assert slots.section[slots.edges == 2 * 48] == 0
    assert slots.section[slots.edges == 3 * 48] == 1
    cost = {
        (a / 48, b / 48): c
        for a, b, c in zip(slots.start, slots.start + slots.frames, slots.cost.tolist(), strict=True)
    }
    assert cost[0, 2] == 0
    assert cost[0, 1] == WITHIN
    assert cost[2, 3] == 0
    assert cost[1, 3] == OVER_PHRASE
    assert cost[2, 4] == OVER_SECTION
    assert cost[3, 3.5] == HALF + WITHIN


def test_without_known_bars_every_fourth_beat_is_a_line_and_without_beats_every_other_second():
    slots = lay(known=False)
    check(slots, 20.0)
    assert set(slots.place.tolist()) == {0}
    np.testing.assert_array_equal(np.diff(slots.edges[1:-1]), 48)
    assert not slots.cost.any()
    silent = count_slots(Beats(np.zeros(0), 0.0), frames=480, fps=FPS)
    check(silent, 20.0)
    np.testing.assert_array_equal(np.diff(silent.edges[:-1]), 48)
    assert silent.hold == 12


def test_a_gap_between_beats_is_filled():
    beats = beats_of(first_s=0.0)
    keep = (beats.times_s < 6) | (beats.times_s >= 12)
    holed = Beats(beats.times_s[keep], 120.0, place=beats.place[keep], meter=4)
    slots = count_slots(holed, frames=480, fps=FPS)
    check(slots, 20.0)
    assert (slots.start[slots.whole] % 48 == 0).all()
    inside = (slots.start >= 4 * 24) & (slots.start + slots.frames <= 12 * 24) & slots.whole
    assert inside.sum() == 4
    assert (slots.beats[inside & (slots.start >= 6 * 24)] == 0).all()


@pytest.mark.parametrize("seconds", [0.05, 0.6, 1.2, 2.0, 3.3])
@pytest.mark.parametrize("known", [True, False])
def test_songs_of_a_bar_or_less_are_laid_out(seconds, known):
    check(lay(seconds, known=known, first_s=0.1), seconds)
    with pytest.raises(ChoreographyError, match="no frame to dance in"):
        count_slots(Beats(np.zeros(0), 0.0), frames=0, fps=FPS)


def test_bars_of_many_metres_and_tempi_cover_their_songs():
    for tempo in (45.0, 90.0, 174.0, 210.0):
        for meter in (2, 3, 4, 6):
            for pickup in (0, 1, 2):
                check(lay(31.7, tempo_bpm=tempo, meter=meter, pickup=pickup, first_s=0.31), 31.7)


def test_lines_of_a_change_of_metre():
    place = [1, 2, 3, 4, 1, 2, 3, 4, 1, 2, 3, 1, 2, 3, 1]
    lines = find_lines(Beats(np.arange(15) * 0.5, 120.0, place=np.array(place), meter=4), seconds=7.5)
    assert [line.beats for line in lines] == [4, 4, 3, 3, 4]
    assert [line.half_s for line in lines] == [1.0, 3.0, None, None, None]
