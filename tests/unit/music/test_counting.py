"""Beats that are known are counted by the downbeats that are heard and by the harmony."""

import numpy as np
import pytest

from danceit_core.music.counting import count_places

FPS, BANDS_FPS, BEAT_S = 50, 12.5, 0.5
BEATS_S = np.arange(0.3, 29.5, BEAT_S)
NUMBERS = np.arange(len(BEATS_S))


def heard(downbeats, *, told=0.5):
    """(T, 2) probabilities of beats and downbeats, where a downbeat is told from a beat by so much."""
    active = np.full((1500, 2), 0.004)
    for at, is_downbeat in zip(np.round(BEATS_S * FPS).astype(int), downbeats, strict=True):
        active[at] = 0.4 * (1 - told), 0.4 * (1 - told)
        active[at, int(is_downbeat)] = 0.4 * (1 + told)
    return active


def chords(downbeats, *, seed=0):
    """(T, 136) log-spectra of a chord a bar, with noise."""
    rng = np.random.default_rng(seed)
    chord = np.cumsum(downbeats)
    tones = rng.random((chord.max() + 1, 136)) < 0.1
    at = np.searchsorted(BEATS_S, np.arange(375) / BANDS_FPS, side="right") - 1
    return (tones[chord[at.clip(0)]] + 0.1 * rng.standard_normal((375, 136))).astype(np.float32)


def count(downbeats, harmony, *, told=0.5, **how):
    return count_places(BEATS_S, heard(downbeats, told=told), harmony, fps=FPS, bands_fps=BANDS_FPS, **how)


@pytest.mark.parametrize("meter", [3, 4])
@pytest.mark.parametrize("first", [0, 1, 2])
@pytest.mark.parametrize("by", ["networks", "harmony"])
def test_bars_are_counted_by_either_sign(meter, first, by):
    downbeats = (NUMBERS - first) % meter == 0
    same = np.ones((375, 136), np.float32)
    found = count(downbeats, chords(downbeats), told=0.0) if by == "harmony" else count(downbeats, same)
    assert (found.meter, found.margin > 0.1) == (meter, True)
    np.testing.assert_array_equal(found.place, (NUMBERS - first) % meter + 1)


def test_harmony_outweighs_networks_that_are_not_sure():
    downbeats = NUMBERS % 4 == 0
    found = count(np.roll(downbeats, 2), chords(downbeats), told=0.1)
    np.testing.assert_array_equal(found.place, NUMBERS % 4 + 1)


def test_the_count_begins_anew_where_two_recordings_are_joined():
    downbeats = np.where(NUMBERS < 30, NUMBERS % 4 == 0, (NUMBERS - 32) % 4 == 3)
    found = count(downbeats, chords(downbeats))
    np.testing.assert_array_equal(found.place == 1, downbeats)


def test_without_any_sign_no_meter_is_likelier_and_without_beats_there_is_none():
    nothing = np.zeros((375, 136), np.float32)
    assert count(NUMBERS < 0, nothing, told=0.0).margin < 0.1
    assert count_places(np.zeros(0), heard(NUMBERS < 0), nothing, fps=FPS, bands_fps=BANDS_FPS).meter == 0


def test_the_meter_that_is_asked_for_is_the_only_one_tried():
    downbeats = NUMBERS % 4 == 0
    found = count(downbeats, chords(downbeats), meters=(3,))
    assert (found.meter, found.margin) == (3, 0.0)
