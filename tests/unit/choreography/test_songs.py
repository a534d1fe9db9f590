"""Songs and databases at the edge: each ends in a sensible dance or one clear line."""

from dataclasses import replace

import numpy as np
import pytest
from dancers import sine_dancer, wandering_dancer

from danceit_core.choreography.align import Source
from danceit_core.config import MusicSettings, RetrievalSettings, SpatialSettings, TemporalSettings
from danceit_core.errors import ChoreographyError
from danceit_core.evaluation.motion import frozen
from danceit_core.evaluation.trial import Song, Variant, beat_grid, library_of, make_trial, random_matches, song_of
from danceit_core.music.analyse import analyse_music
from danceit_core.music.table import Beats

FPS = 24.0
DEFAULT = Variant("default", RetrievalSettings(), SpatialSettings(), TemporalSettings())
DANCES = {f"v{k}": wandering_dancer(300, seed=k, reach_px=60) for k in range(4)} | {"s": sine_dancer(300)}


def dance_to(song: Song, dances: dict, variant: Variant = DEFAULT):
    sources = {name: Source(dance, np.ones(len(dance), bool)) for name, dance in dances.items()}
    library = library_of(sources, seconds=2.0, hop_s=0.5, fps=FPS, tempo_bpm=dict.fromkeys(dances, 100.0))
    matches = random_matches(library, song, fps=FPS, seed=0)
    return make_trial(song, library, sources, matches, variant=variant, fps=FPS, seed=0)


def check(trial, song: Song) -> None:
    keypoints = trial.dance.keypoints
    assert keypoints.shape == (song.frames, 25, 3)
    assert np.isfinite(keypoints).all()
    assert set(trial.dance.source_video) <= set(DANCES)
    assert frozen(keypoints, fps=FPS)[1] < 1.0
    step = np.linalg.norm(np.diff(keypoints[..., :2], axis=0), axis=-1)
    assert step.max() < 60  # nobody jumps across the picture


@pytest.mark.parametrize("seconds", [2.0, 5.0, 5.33, 31.7])
def test_any_length_is_danced_to_the_frame(seconds: float) -> None:
    song = beat_grid(112, seconds=seconds, fps=FPS)
    assert song.frames == round(seconds * FPS)
    check(dance_to(song, DANCES), song)


def test_silence_and_sound_without_beats_are_danced() -> None:
    noise = np.random.default_rng(0).normal(0, 1e-3, 22050 * 7).astype(np.float32)
    for samples in (np.zeros(22050 * 7, np.float32), noise):
        music = analyse_music(samples, sample_rate_hz=22050, fps=FPS, settings=MusicSettings())
        song = song_of("quiet", replace(music, beats=Beats(np.zeros(0), 0.0)))
        trial = dance_to(song, DANCES)
        check(trial, song)
        np.testing.assert_array_equal(trial.plan.rate, 1.0)


def test_one_fragment_fills_a_song() -> None:
    song = beat_grid(100, seconds=9.0, fps=FPS)
    trial = dance_to(song, {"v0": DANCES["v0"][:48]})
    check(trial, song)
    assert set(trial.plan.fragment_id) == {"v0:0"}


def test_a_song_shorter_than_a_fragment_is_one_line() -> None:
    with pytest.raises(ChoreographyError, match=r"the song lasts 1\.00 s, less than one fragment of 2\.00 s"):
        dance_to(beat_grid(100, seconds=1.0, fps=FPS), DANCES)


def test_a_mix_follows_its_tempi() -> None:
    beats = np.concatenate([np.arange(0.3, 30, 60 / 90), np.arange(30.1, 60, 60 / 110)])
    song = Song("mix", round(60 * FPS), beats, 100.0, np.zeros(0, np.float32))
    rate = dance_to(song, DANCES).plan.rate
    assert rate[:12].mean() == pytest.approx(0.9, abs=0.02)
    assert rate[18:].mean() == pytest.approx(1.1, abs=0.02)


@pytest.mark.long
def test_a_two_hour_mix_is_danced_without_drift() -> None:
    song = beat_grid(128, seconds=7200.0, fps=FPS)
    trial = dance_to(song, DANCES, replace(DEFAULT, retrieval=replace(DEFAULT.retrieval, candidates=10)))
    check(trial, song)
    frames = np.round(song.beats_s[-200:] * FPS).astype(int)
    step = np.linalg.norm(np.diff(trial.dance.keypoints[:, :15, :2], axis=0), axis=-1).mean(-1)
    assert step[frames - 1].mean() < 0.8 * step[frames[:-1] + 4].mean()  # still on the beat at the end
