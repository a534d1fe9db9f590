"""What the networks hear: beats, bars, sections, a tempo that changes; and what a user says goes first."""

from dataclasses import replace

import numpy as np
import pytest

from danceit_core.config import MusicSettings
from danceit_core.errors import AssetError
from danceit_core.media.audio import write_sound
from danceit_core.music import networks, sound
from danceit_core.music.hint import NO_HINT, Hint
from danceit_core.music.table import Beats
from danceit_core.music.track import analyse_dance, analyse_song
from danceit_core.music.tracking import find_rhythm
from danceit_core.music.weights import read_beat_networks
from danceit_core.studio import instruments, music
from danceit_core.studio.instruments import SAMPLE_RATE_HZ
from danceit_core.studio.music import compose_song


@pytest.fixture(scope="module")
def files(beat_networks):
    return read_beat_networks(beat_networks)


def rhythm(samples, files, *, hint=NO_HINT, rate_hz=SAMPLE_RATE_HZ):
    return find_rhythm(samples, sample_rate_hz=rate_hz, networks=files, hint=hint)


def share_found(found_s, true_s):
    """Of the true moments those within 70 ms of one that was found."""
    return np.mean(np.abs(np.asarray(true_s)[:, None] - found_s).min(axis=1) < 0.07)


@pytest.fixture(scope="module")
def song():
    return compose_song(tempo_bpm=104, seconds=20, seed=41)


def waltz(*, bpm=88.0, bars=12):
    """A bass note and a chord a bar, plucked chords on two and three; samples and downbeats."""
    beat_s = 60 / bpm
    rng = np.random.default_rng(3)
    samples = np.zeros(round((3 * bars * beat_s + 2) * SAMPLE_RATE_HZ))
    for beat in range(3 * bars):
        root_hz = (130.8, 174.6, 196.0, 146.8)[(beat // 3) % 4]
        chord = [instruments.pluck(root_hz * 2 * step, beat_s) for step in (1, 5 / 4, 3 / 2)]
        played = [0.4 * part for part in chord]
        if beat % 3 == 0:
            played += [0.9 * instruments.kick(), 0.6 * instruments.bass(root_hz / 2, 2 * beat_s)]
        else:
            played.append(0.2 * instruments.hat(rng, seconds=0.05))
        start = round((0.2 + beat * beat_s) * SAMPLE_RATE_HZ)
        for part in played:
            samples[start : start + len(part)] += part[: len(samples) - start]
    return np.tanh(samples).astype(np.float32), 0.2 + 3 * beat_s * np.arange(bars)


def test_beats_and_bars_of_a_composed_song(song, files):
    beats = rhythm(song.samples, files).beats
    assert len(beats.times_s) == pytest.approx(len(song.beats_s), abs=1)
    assert share_found(beats.times_s, song.beats_s) > 0.95
    assert (beats.meter, beats.margin > 0.1, beats.doubt) == (4, True, "")
    assert share_found(beats.downbeats_s, song.beats_s[::4]) == 1
    assert len(beats.downbeats_s) == len(song.beats_s[::4])
    away = beats.times_s - song.beats_s[np.abs(beats.times_s[:, None] - song.beats_s).argmin(axis=1)]
    assert away.std() < 0.0015


def test_a_waltz_has_bars_of_three(files):
    samples, downbeats_s = waltz()
    beats = rhythm(samples, files).beats
    assert beats.meter == 3
    assert beats.tempo_bpm == pytest.approx(88, rel=0.02)
    assert share_found(beats.downbeats_s, downbeats_s) > 0.9


def test_a_tempo_that_jumps_is_followed_without_a_doubt(files):
    parts = [compose_song(tempo_bpm=tempo, seconds=16, seed=42) for tempo in (90, 128)]
    beats = rhythm(np.concatenate([part.samples for part in parts]), files).beats
    for number, part in enumerate(parts):
        assert share_found(beats.times_s, part.beats_s + 16 * number) > 0.9
        found = beats.times_s[(beats.times_s >= 16 * number) & (beats.times_s < 16 * number + 16)]
        assert len(found) <= 1.1 * len(part.beats_s)
    assert beats.doubt == ""


def test_a_user_settles_octave_and_meter(song, files):
    told = rhythm(song.samples, files, hint=Hint(tempo_bpm=55, meter=3)).beats
    assert told.tempo_bpm == pytest.approx(52, rel=0.02)
    assert told.meter == 3
    np.testing.assert_array_equal(np.diff(told.place) % 3, 1)


def test_beats_that_a_user_gives_stay_and_are_counted(song, files):
    given = Beats(song.beats_s + 0.01, 104.0)
    beats = rhythm(song.samples, files, hint=Hint(beats=given)).beats
    np.testing.assert_array_equal(beats.times_s, given.times_s)
    np.testing.assert_array_equal(beats.place, np.arange(len(song.beats_s)) % 4 + 1)
    counted = replace(given, place=np.arange(len(song.beats_s)) % 2 + 1, meter=2)
    kept = rhythm(song.samples, files, hint=Hint(beats=counted)).beats
    np.testing.assert_array_equal(kept.place, counted.place)
    assert kept.meter == 2


def test_pieces_and_another_rate_give_the_same(song, files, monkeypatch):
    whole = rhythm(song.samples, files)
    half = rhythm(np.ascontiguousarray(song.samples[::2]), files, rate_hz=SAMPLE_RATE_HZ // 2).beats
    assert share_found(half.times_s, whole.beats.times_s) > 0.95
    np.testing.assert_array_equal(half.place, whole.beats.place)
    monkeypatch.setattr(sound, "CHUNK", 37)
    pieces = rhythm(song.samples, files)
    np.testing.assert_allclose(pieces.beats.times_s, whole.beats.times_s, atol=1e-6)
    assert pieces.sections == whole.sections


def test_frames_and_pools_of_networks(files):
    heard = networks.listen(np.zeros(22050 + 1, np.float32), networks.load_networks(files), sample_rate_hz=22050)
    assert heard.active.shape == (51, 2)
    assert heard.bands.shape == (13, 136)
    np.testing.assert_allclose(heard.bands, 0)


@pytest.mark.parametrize("kind", ["noise", "tone", "silence at both ends"])
def test_no_beats_are_invented_where_nothing_is_heard(kind, files):
    rng, time_s = np.random.default_rng(0), np.arange(8 * 22050) / 22050
    samples = {
        "noise": 0.2 * rng.standard_normal(len(time_s)),
        "tone": 0.4 * np.sin(2 * np.pi * 440 * time_s),
        "silence at both ends": 0.3 * rng.standard_normal(len(time_s)) * (np.abs(time_s - 4) < 2),
    }[kind]
    beats = rhythm(samples.astype(np.float32), files, rate_hz=22050).beats
    assert (np.diff(beats.times_s) > 0).all()
    if kind == "silence at both ends":
        assert (np.abs(beats.times_s - 4) < 2.2).all()


def test_parts_of_a_song_that_come_back_share_letters(files, monkeypatch):
    monkeypatch.setattr(music, "BARS_PER_SECTION", 8)
    composed = compose_song(tempo_bpm=160, seconds=72, seed=43)
    sections = rhythm(composed.samples, files).sections
    letters = {}
    for number, name in enumerate(music.ORDER[:6]):
        middle_s = composed.beats_s[0] + (8 * number + 4) * 4 * 60 / 160
        (part,) = (part for part in sections if part.start_s <= middle_s < part.end_s)
        letters.setdefault(name, []).append(part.letter)
    assert len(letters["chorus"]) == 2
    assert len(set(letters["chorus"])) == 1
    assert letters["chorus"][0] not in letters["break"] + letters["intro"]
    assert (sections[0].start_s, sections[-1].end_s) == (0, 72)


def test_missing_weights_are_said_once_of_a_song_and_damaged_ones_are_one_line(tmp_path, caplog):
    path = tmp_path / "song.flac"
    clicks = np.zeros(6 * 22050, np.float32)
    clicks[::11025] = 0.8
    write_sound(path, clicks, sample_rate_hz=22050)
    about = {"settings": MusicSettings(), "fps": 24.0}
    heard = analyse_song(path, **about, fragment_s=2.0)
    assert (round(heard.beats.tempo_bpm), heard.beats.meter, heard.sections) == (120, 0, ())
    assert analyse_dance(path, **about).beats.meter == 0
    (record,) = [record for record in caplog.records if "bars" in record.getMessage()]
    assert "make assets" in record.getMessage()
    caplog.clear()
    analyse_song(path, settings=MusicSettings(beats="tracker"), fps=24.0, fragment_s=2.0)
    assert not caplog.records
    damaged = tmp_path / "beat_networks.zip"
    damaged.write_bytes(b"no zip")
    with pytest.raises(AssetError, match=r"beat_networks\.zip is damaged"):
        analyse_dance(path, **about, weights=damaged)
