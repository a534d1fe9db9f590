"""Beats of librosa's tracker, which is what finds them without the networks, at their onsets."""

import numpy as np
import pytest

from danceit_core.music.hint import NO_HINT, Hint
from danceit_core.music.table import Beats
from danceit_core.music.tracking import find_rhythm


def track_beats(sound, *, sample_rate_hz, hint=NO_HINT):
    rhythm = find_rhythm(sound, sample_rate_hz=sample_rate_hz, networks=None, hint=hint)
    assert rhythm.sections == ()
    assert (rhythm.beats.meter, rhythm.beats.place.any()) == (0, False)  # it knows no bars
    return rhythm.beats


def pulse_train(*, bpm, rate, kind, seconds=15.0, first_s=0.21):
    """A sound with an attack at each known time: clicks, decaying tones or bursts of noise."""
    rng = np.random.default_rng(1)
    times_s = np.arange(first_s, seconds - 0.3, 60 / bpm)
    sound = np.zeros(round(seconds * rate), np.float32)
    after_s = np.arange(round(0.15 * rate)) / rate
    for time_s in times_s:
        start = int(np.ceil(time_s * rate))
        if kind == "click":
            attack = np.where(after_s < 0.002, 0.8, 0)
        elif kind == "tone":
            attack = 0.6 * np.sin(2 * np.pi * 1000 * after_s) * np.exp(-after_s / 0.02)
        else:
            attack = 0.3 * rng.standard_normal(len(after_s)) * np.exp(-after_s / 0.03)
        sound[start : start + len(attack)] += attack
    return sound, times_s


@pytest.mark.parametrize("kind", ["click", "tone", "noise"])
@pytest.mark.parametrize(("bpm", "rate"), [(90, 22050), (120, 44100), (133.7, 16000)])
def test_every_beat_is_found_within_four_milliseconds(kind, bpm, rate):
    sound, times_s = pulse_train(bpm=bpm, rate=rate, kind=kind)
    beats = track_beats(sound, sample_rate_hz=rate)
    assert len(beats.times_s) == len(times_s)
    np.testing.assert_allclose(beats.times_s, times_s, atol=0.004)
    assert abs(np.mean(beats.times_s - times_s)) < 0.002  # no constant lead or lag
    assert beats.tempo_bpm == pytest.approx(bpm, rel=0.01)


def test_beats_are_not_invented_in_silence_before_and_after_the_music():
    pulse, times_s = pulse_train(bpm=120, rate=22050, kind="tone")
    quiet = np.zeros(22050 * 4, np.float32)
    beats = track_beats(np.concatenate([quiet, pulse, quiet]), sample_rate_hz=22050)
    assert beats.times_s[0] == pytest.approx(4 + times_s[0], abs=0.01)
    assert beats.times_s[-1] == pytest.approx(4 + times_s[-1], abs=0.01)


@pytest.mark.parametrize("level", [0.0, 0.4])
def test_silence_and_a_constant_have_no_beats(level):
    beats = track_beats(np.full(3 * 22050, level, np.float32), sample_rate_hz=22050)
    assert len(beats.times_s) == 0
    assert beats.tempo_bpm == 0


def test_a_named_tempo_settles_the_octave():
    sound, _ = pulse_train(bpm=120, rate=22050, kind="tone")
    assert track_beats(sound, sample_rate_hz=22050).tempo_bpm == pytest.approx(120, rel=0.01)
    half = track_beats(sound, sample_rate_hz=22050, hint=Hint(tempo_bpm=62))
    assert half.tempo_bpm == pytest.approx(60, rel=0.01)
    assert half.doubt == ""


def test_beats_that_the_user_gives_are_taken_without_those_beyond_the_sound():
    sound, _ = pulse_train(bpm=120, rate=22050, kind="tone")
    given = Beats(np.array([0.2, 0.9, 1.8, 60.0]), 77.0)
    beats = track_beats(sound, sample_rate_hz=22050, hint=Hint(beats=given))
    np.testing.assert_array_equal(beats.times_s, [0.2, 0.9, 1.8])
    assert beats.tempo_bpm == 77.0
