import librosa
import numpy as np
import pytest

from danceit_core.errors import MusicError
from danceit_core.studio.instruments import SAMPLE_RATE_HZ
from danceit_core.studio.music import compose_song


def test_same_seed_same_song():
    first, second = (compose_song(tempo_bpm=120, seconds=4, seed=3) for _ in range(2))
    assert np.array_equal(first.samples, second.samples)
    assert not np.array_equal(first.samples, compose_song(tempo_bpm=120, seconds=4, seed=4).samples)


@pytest.mark.parametrize("tempo_bpm", [84, 112, 148])
def test_librosa_finds_tempo_and_beats(tempo_bpm):
    song = compose_song(tempo_bpm=tempo_bpm, seconds=18, seed=5)
    samples = librosa.resample(song.samples, orig_sr=SAMPLE_RATE_HZ, target_sr=22050)
    found_bpm, found_s = librosa.beat.beat_track(y=samples, sr=22050, units="time")
    assert np.isclose(np.ravel(found_bpm)[0], tempo_bpm, rtol=0.04)
    offset_s = np.abs(song.beats_s[:, None] - found_s[None]).min(0)
    assert np.median(offset_s) < 0.05
    assert len(found_s) > 0.9 * len(song.beats_s)


def test_beats_are_even_and_the_song_is_as_long_as_asked():
    song = compose_song(tempo_bpm=100, seconds=7.3, seed=1)
    assert len(song.samples) == round(7.3 * SAMPLE_RATE_HZ)
    assert np.allclose(np.diff(song.beats_s), 0.6)
    assert song.samples.dtype == np.float32
    assert 0.3 < np.abs(song.samples).max() <= 1


def test_energy_can_be_heard():
    song = compose_song(tempo_bpm=120, seconds=40, seed=2)
    loudness = [
        np.sqrt(np.mean(song.samples[int(t * SAMPLE_RATE_HZ) : int((t + 0.5) * SAMPLE_RATE_HZ)] ** 2))
        for t in song.beats_s[:-2]
    ]
    assert len(set(song.energy)) >= 4
    assert np.corrcoef(loudness, song.energy[:-2])[0, 1] > 0.5


def test_no_song_without_length():
    assert len(compose_song(tempo_bpm=120, seconds=0, seed=1).samples) == 0


@pytest.mark.parametrize("tempo_bpm", [0, 39, 1000])
def test_impossible_tempo_is_refused(tempo_bpm):
    with pytest.raises(MusicError, match=f"{tempo_bpm} beats per minute.*40 to 220"):
        compose_song(tempo_bpm=tempo_bpm, seconds=1, seed=1)
