"""Beats by ear: taps with the faults of a hand give the tempo and the phase; bars stay counted."""

import numpy as np
import pytest

from danceit_core.errors import MusicError
from danceit_core.music.table import Beats
from danceit_core.music.taps import counted_from, doubled, halved, shifted, tapped_beats


def grid(tempo_bpm=120.0, count=33, start_s=0.5, meter=4):
    times = start_s + 60 / tempo_bpm * np.arange(count)
    return Beats(times, tempo_bpm, place=np.arange(count) % meter + 1, meter=meter)


@pytest.mark.parametrize("tempo_bpm", [61.0, 93.7, 128.0, 174.0])
def test_taps_of_a_hand_give_tempo_and_phase(tempo_bpm):
    rng, beat_s = np.random.default_rng(round(tempo_bpm)), 60 / tempo_bpm
    true = 10.3 + beat_s * np.arange(24)
    taps = true + rng.normal(0, 0.015, 24)
    taps = np.delete(taps, [5, 6, 14])  # missed
    taps = np.sort(np.append(taps, [taps[3] + 0.04, taps[9] + 0.4 * beat_s]))  # twice, and a slip
    beats = tapped_beats(taps, end_s=60.0)
    assert abs(beats.tempo_bpm / tempo_bpm - 1) < 0.003
    inside = beats.times_s[(beats.times_s > 10) & (beats.times_s < true[-1] + 0.1)]
    assert len(inside) == 24
    assert np.abs(inside - true).max() < 0.02
    assert beats.times_s[0] < beat_s
    assert 60 - beats.times_s[-1] < beat_s
    first = np.abs(beats.times_s - taps[0]).argmin()
    assert beats.place[first] == 1
    assert (np.diff(beats.place) % 4 == 1).all()


def test_four_taps_are_enough_and_three_are_not():
    beats = tapped_beats([1.0, 1.5, 2.0, 2.5], end_s=4.0, meter=3)
    np.testing.assert_allclose(beats.times_s, np.arange(0, 4.01, 0.5), atol=1e-9)
    assert beats.place.tolist() == [2, 3, 1, 2, 3, 1, 2, 3, 1][: len(beats.place)]
    assert beats.meter == 3
    for taps in ([], [1.0], [1.0, 1.5, 2.0], [1.0, 1.0, 1.5, 2.0], [1.0, 1.02, 1.5, 2.0]):
        with pytest.raises(MusicError, match="tell no tempo; tap at least 4"):
            tapped_beats(taps, end_s=4.0)
    with pytest.raises(MusicError, match=r"6\.0 s apart"):
        tapped_beats([0, 6, 12, 18], end_s=60.0)
    with pytest.raises(MusicError, match="the taps last 5000 s"):
        tapped_beats([0, 0.5, 1, 1.5, 5000], end_s=60.0)
    with pytest.raises(MusicError, match="no steady beat"):
        tapped_beats([0.0, 0.31, 1.25, 1.95, 3.55, 4.1, 5.9], end_s=60.0)


def test_double_and_halve_are_inverse():
    beats = grid()
    twice = doubled(beats)
    assert twice.tempo_bpm == pytest.approx(240)
    assert len(twice.times_s) == 65
    assert twice.place[:9].tolist() == [1, 2, 3, 4, 1, 2, 3, 4, 1]
    back = halved(twice)
    np.testing.assert_allclose(back.times_s, beats.times_s)
    np.testing.assert_array_equal(back.place, beats.place)
    late = Beats(beats.times_s[1:], 120.0, place=beats.place[1:], meter=4)
    half = halved(late)
    assert set(late.times_s[late.place == 1]) <= set(half.times_s)
    unknown = halved(Beats(beats.times_s, 120.0))
    assert (unknown.place == 0).all()
    with pytest.raises(MusicError, match="cannot be halved"):
        halved(grid(count=2))
    with pytest.raises(MusicError, match=r"0\.125 s apart are none"):
        doubled(doubled(grid(120.0)))


def test_shift_and_count_from():
    beats = grid(meter=3)
    later = shifted(beats, 0.25)
    np.testing.assert_allclose(later.times_s, beats.times_s + 0.25)
    earlier = shifted(beats, -1.1)
    assert earlier.times_s[0] == pytest.approx(0.4)
    assert earlier.place[0] == 3
    with pytest.raises(MusicError, match="fewer than two"):
        shifted(beats, -100)
    again = counted_from(beats, 1.6)
    assert again.place[2] == 1
    assert again.place[:2].tolist() == [2, 3]
    assert counted_from(beats, 1.6, meter=4).meter == 4
    assert counted_from(Beats(beats.times_s, 120.0), 0.5).place[:5].tolist() == [1, 2, 3, 4, 1]
