import numpy as np
import pytest
import python_speech_features as psf

from danceit_core.errors import MusicError
from danceit_core.music.columns import FEATURE_WIDTHS, RHYTHM_S
from danceit_core.music.features import audio_features
from danceit_core.music.sound import frame_count, is_silent

FPS = 24.0


def noise(count, seed=0):
    return (0.1 * np.random.default_rng(seed).standard_normal(count)).astype(np.float32)


def test_mfcc_is_that_of_python_speech_features_where_a_frame_is_a_whole_number_of_samples():
    sound = noise(5 * 24000)
    ours = audio_features(sound, sample_rate_hz=24000, fps=FPS, frames=120, kind="mfcc")
    theirs = psf.mfcc(sound, 24000, 1 / 24, 1 / 24, nfft=1024)
    np.testing.assert_allclose(ours, theirs, atol=1e-5)


@pytest.mark.parametrize(
    ("kind", "rate"), [("mfcc", 16000), ("mfcc", 22050), ("mfcc", 44100), ("rich", 16000), ("rich", 22050)]
)
def test_a_click_late_in_a_long_sound_is_heard_in_its_own_frame(kind, rate):
    frame = 4000  # 167 s: a hop rounded to 919 samples would be off by more than a frame at 22050 Hz
    sound = np.zeros(round(168 * rate), np.float32)
    sound[round((frame + 0.5) / FPS * rate)] = 0.9
    features = audio_features(sound, sample_rate_hz=rate, fps=FPS, frames=4020, kind=kind)
    loudness = features[:, 0] if kind == "mfcc" else features[:, :40].sum(axis=1)
    assert loudness.argmax() == frame
    if kind == "rich":
        assert features[:, 40].argmax() == frame


@pytest.mark.parametrize("kind", FEATURE_WIDTHS)
def test_each_vector_describes_its_own_frame_alone(kind):
    sound = noise(4 * 22050)
    changed = sound.copy()
    start, end = round(60 / FPS * 22050) + 2, round(61 / FPS * 22050) - 2
    changed[start:end] *= 3
    before, after = (
        audio_features(s, sample_rate_hz=22050, fps=FPS, frames=96, kind=kind)[:, :13] for s in (sound, changed)
    )
    differs = np.flatnonzero(np.abs(after - before).max(axis=1) > 1e-3)
    reach = 0 if kind == "mfcc" else 1  # the windows of `rich` are one frame long but taken twice a frame
    assert 60 in differs
    assert differs.min() >= 60 - reach
    assert differs.max() <= 60 + reach


@pytest.mark.parametrize("kind", FEATURE_WIDTHS)
@pytest.mark.parametrize(("count", "frames"), [(0, 0), (0, 3), (1, 1), (100, 5), (22050, 0), (22050, 10), (22050, 40)])
def test_any_length_gives_exactly_the_frames_asked_for(kind, count, frames):
    features = audio_features(noise(count), sample_rate_hz=22050, fps=FPS, frames=frames, kind=kind)
    assert features.shape == (frames, FEATURE_WIDTHS[kind])
    assert features.dtype == np.float32
    assert np.isfinite(features).all()


def test_long_sound_in_chunks_equals_its_parts():
    sound = noise(24000 * 200)
    whole = audio_features(sound, sample_rate_hz=24000, fps=FPS, frames=4800, kind="mfcc")
    part = audio_features(sound[24000 * 150 :], sample_rate_hz=24000, fps=FPS, frames=1200, kind="mfcc")
    np.testing.assert_allclose(whole[3601:], part[1:], atol=1e-4)  # its first frame lacks a sample before


def test_chroma_hears_the_pitch_class():
    time_s = np.arange(3 * 22050) / 22050
    sound = (0.3 * np.sin(2 * np.pi * 440 * time_s)).astype(np.float32)
    chroma = audio_features(sound, sample_rate_hz=22050, fps=FPS, frames=72, kind="rich")[36, 44:56]
    assert chroma.argmax() == 9  # A, counted from C


def test_the_rhythm_peaks_at_the_beat():
    sound = np.zeros(22050 * 20, np.float32)
    beat = 14
    for beat_s in np.arange(0.2, 19.9, RHYTHM_S[beat]):
        at = round(beat_s * 22050)
        sound[at : at + 200] = noise(200)[: len(sound) - at]
    rhythm = audio_features(sound, sample_rate_hz=22050, fps=FPS, frames=480, kind="rich")[240, 56:]
    for part in range(3):
        assert rhythm[32 * part : 32 * part + 32].argmax() in (beat, 0) or rhythm[32 * part + beat] > 0.5


def test_frame_count_covers_the_sound_and_no_more():
    assert frame_count(np.zeros(22050), sample_rate_hz=22050, fps=24.0) == 24
    assert frame_count(np.zeros(22051), sample_rate_hz=22050, fps=24.0) == 25
    assert frame_count(np.zeros(0), sample_rate_hz=22050, fps=24.0) == 0


def test_silence():
    assert is_silent(np.zeros(0, np.float32))
    assert is_silent(np.full(10, 9e-4, np.float32))
    assert not is_silent(np.array([0, -0.5], np.float32))


def test_errors_say_what_is_wrong():
    sound = noise(1000)
    with pytest.raises(MusicError, match="'chroma'; known feature sets: mfcc, rich"):
        audio_features(sound, sample_rate_hz=22050, fps=FPS, frames=3, kind="chroma")
    with pytest.raises(MusicError, match=r"shape \(2, 500\).*mono"):
        audio_features(sound.reshape(2, 500), sample_rate_hz=22050, fps=FPS, frames=3, kind="mfcc")
    with pytest.raises(MusicError, match="3 frames at 0 fps"):
        audio_features(sound, sample_rate_hz=22050, fps=0, frames=3, kind="mfcc")
    with pytest.raises(MusicError, match="sample rate is 22 Hz"):
        audio_features(sound, sample_rate_hz=22, fps=FPS, frames=3, kind="mfcc")
    with pytest.raises(MusicError, match="NaN"):
        audio_features(np.full(10, np.nan, np.float32), sample_rate_hz=22050, fps=FPS, frames=3, kind="mfcc")
