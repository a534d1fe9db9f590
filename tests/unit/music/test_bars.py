"""Bars out of probabilities that are made up: metre, downbeats and a tempo that changes are found again."""

import numpy as np
import pytest

from danceit_core.music.bars import decode_bars
from danceit_core.music.octaves import follow_bars

FPS = 50
TEMPI = (53.75, 215.0)


def heard(beats_s, *, meter, seconds=30.0, first=0, loud=0.8, noise=0.0):
    """(T, 2) probabilities with a peak at each beat; every meter-th from number `first` on is a downbeat."""
    active = np.full((round(seconds * FPS), 2), 0.004)
    active += noise * np.random.default_rng(0).random(active.shape)
    for number, at in enumerate(np.round(np.asarray(beats_s) * FPS).astype(int)):
        active[at, int((number - first) % meter == 0)] = loud
    return active


@pytest.mark.parametrize("meter", [3, 4])
@pytest.mark.parametrize("first", [0, 2])
@pytest.mark.parametrize("bpm", [60, 96.7, 180])
def test_beats_places_and_meter_are_found_again(meter, first, bpm):
    beats_s = np.arange(0.3, 29.9, 60 / bpm)
    bars = follow_bars(heard(beats_s, meter=meter, first=first, noise=0.02), fps=FPS).bars
    np.testing.assert_allclose(bars.times_s, beats_s, atol=0.011)
    np.testing.assert_array_equal(bars.place, (np.arange(len(beats_s)) - first) % meter + 1)
    assert bars.meter == meter
    assert bars.margin > 0.5


def test_a_beat_that_nobody_hears_is_counted():
    beats_s = np.arange(0.3, 20, 0.5)
    active = heard(beats_s, meter=4, seconds=21)
    active[round(beats_s[9] * FPS)] = 0.004
    bars = decode_bars(active, fps=FPS, tempi_bpm=TEMPI)
    np.testing.assert_allclose(bars.times_s, beats_s, atol=0.03)
    np.testing.assert_array_equal(bars.place, np.arange(len(beats_s)) % 4 + 1)


@pytest.mark.parametrize("frames", [0, 1, 9, 13, 40])
def test_nothing_heard_and_very_little_are_no_beats_or_few(frames):
    assert len(decode_bars(np.full((frames, 2), 0.01), fps=FPS, tempi_bpm=TEMPI).times_s) == 0
    bars = decode_bars(np.full((frames, 2), 0.3), fps=FPS, tempi_bpm=TEMPI)
    assert len(bars.times_s) == len(bars.place) <= 1 + frames / 10
    assert (np.diff(bars.times_s) > 0).all()


def two_tempi(first_bpm, second_bpm):
    early = np.arange(0.3, 20, 60 / first_bpm)
    return np.concatenate([early, np.arange(early[-1] + 60 / second_bpm, 39.5, 60 / second_bpm)])


@pytest.mark.parametrize(("first_bpm", "second_bpm"), [(90, 128), (128, 90), (100, 120), (70, 62)])
def test_a_tempo_that_changes_is_followed_across_octaves(first_bpm, second_bpm):
    beats_s = two_tempi(first_bpm, second_bpm)
    bars = follow_bars(heard(beats_s, meter=4, seconds=40, loud=0.95), fps=FPS).bars
    assert np.mean(np.abs(bars.times_s - beats_s) < 0.021) > 0.95  # but where it changes


def test_of_two_octaves_in_doubt_the_slower_is_taken_unless_the_user_names_a_tempo():
    """Every second beat is so much stronger that both can be meant."""
    active = heard(np.arange(0.3, 29.9, 0.4), meter=4, loud=0.04)
    active = np.maximum(active, heard(np.arange(0.3, 29.9, 0.8), meter=4))
    for told, interval_s in {0: 0.8, 150: 0.4, 70: 0.8}.items():
        bars = follow_bars(active, fps=FPS, tempo_bpm=told).bars
        assert np.median(np.diff(bars.times_s)) == pytest.approx(interval_s)


@pytest.mark.parametrize("meter", [2, 3, 5])
def test_the_meter_that_the_user_names_is_taken(meter):
    beats_s = np.arange(0.3, 29.9, 0.5)
    bars = follow_bars(heard(beats_s, meter=4), fps=FPS, meter=meter).bars
    assert bars.meter == meter
    np.testing.assert_array_equal(np.diff(bars.place) % meter, 1)
