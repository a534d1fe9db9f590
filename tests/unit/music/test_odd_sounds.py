"""Odd but valid sounds, from nothing to a few seconds: finite features and increasing beats, or one line."""

import numpy as np
import pytest

from danceit_core.config import MusicSettings
from danceit_core.errors import MusicError
from danceit_core.music.analyse import analyse_music

RATE_HZ = 11025


def odd_sounds(count: int) -> dict[str, np.ndarray]:
    time_s, nothing = np.arange(count) / RATE_HZ, np.zeros(count, np.float32)
    noise = np.random.default_rng(0).standard_normal(count)
    sounds = {
        "silence": nothing,
        "constant": nothing + 0.4,
        "tone": 0.5 * np.sin(2 * np.pi * 440 * time_s),
        "infrasound": 0.5 * np.sin(2 * np.pi * 5 * time_s),
        "noise": 0.3 * noise,
        "integers as floats": 2.0**31 * noise / 5,
        "barely heard": 1.1e-3 * np.sin(2 * np.pi * 440 * time_s),
        "half silent": np.where(time_s > time_s[-1] / 2, noise, 0) if count else nothing,
    }
    for name, at in {"first": 0, "middle": count // 2, "last": -1}.items():
        click = nothing.copy()
        click[at : count if at == -1 else at + 1] = 0.9
        sounds[f"a click {name}"] = click
    return {name: sound.astype(np.float32) for name, sound in sounds.items()}


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("finder", ["networks", "tracker"])
@pytest.mark.parametrize("seconds", [0.0, 1 / RATE_HZ, 0.5, 1.999, 2.0, 2.0 + 1 / RATE_HZ, 5.0])
def test_odd_sounds_give_finite_features_and_increasing_beats(seconds, finder, beat_networks):
    settings = MusicSettings(beats=finder, features="rich" if finder == "networks" else "mfcc")
    for name, sound in odd_sounds(round(seconds * RATE_HZ)).items():
        music = analyse_music(sound, sample_rate_hz=RATE_HZ, fps=24, settings=settings, weights=beat_networks)
        assert np.isfinite(music.features).all(), name
        assert np.isfinite(music.loudness).all(), name
        assert (np.diff(music.beats.times_s) > 0).all(), name
        assert np.isfinite(music.beats.tempo_bpm), name
        assert np.isfinite(music.beats.margin), name


@pytest.mark.parametrize("level", [np.nan, np.inf, 1e30])
def test_samples_that_no_spectrum_can_be_made_of_are_refused(level):
    with pytest.raises(MusicError, match=r"NaN or samples of at least 1e\+12 times full scale; decode it again"):
        analyse_music(np.full(3 * RATE_HZ, level, np.float32), sample_rate_hz=RATE_HZ, fps=24, settings=MusicSettings())
