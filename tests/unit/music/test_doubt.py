"""A tempo that is likely wrong is doubted, one that is right is not; the song's user hears of it once."""

import numpy as np
import pytest

from danceit_core.config import MusicSettings
from danceit_core.media.audio import write_sound
from danceit_core.music.doubt import FEWEST, doubt_tracked
from danceit_core.music.table import read_music_table, write_music_table
from danceit_core.music.track import analyse_dance, analyse_song
from danceit_core.music.tracking import find_rhythm
from danceit_core.studio.instruments import SAMPLE_RATE_HZ
from danceit_core.studio.music import compose_song


def composed(*tempi: float, seconds: float = 32.0, seed: int = 7) -> np.ndarray:
    """Songs of as many seconds together, one after the other."""
    parts = [compose_song(tempo_bpm=tempo, seconds=seconds / len(tempi), seed=seed).samples for tempo in tempi]
    return np.concatenate(parts)


@pytest.mark.parametrize(
    ("tempi", "said"),
    [
        ((90.0,), ""),
        ((120.0,), ""),
        ((140.0,), ""),
        ((58.0,), "116 beats per minute may be twice the tempo, 58"),
        ((200.0,), "100 beats per minute may be half the tempo, 200"),
        ((174.0,), "116 beats per minute may be two thirds or three halves of the tempo, 174 or 77"),
        ((90.0, 128.0), "at 128 beats per minute many beats fall where almost nothing is heard"),
        ((90.0, 105.0, 120.0, 150.0), "the tempo changes between about "),
    ],
)
def test_a_tempo_is_doubted_where_it_is_wrong_or_changes(tempi, said):
    """As librosa's tracker finds it."""
    doubt = find_rhythm(composed(*tempi), sample_rate_hz=SAMPLE_RATE_HZ, networks=None).beats.doubt
    assert doubt.startswith(said)
    assert bool(doubt) == bool(said)


def onsets_at(strengths: list[float], *, count: int = 40, step: int = 20) -> np.ndarray:
    """Onsets of these strengths in turn, `step` frames apart, from frame 10 on."""
    curve = np.zeros(count * step + 20, np.float32)
    for number in range(count):
        curve[10 + number * step] = strengths[number % len(strengths)]
    return curve


@pytest.mark.parametrize(
    ("strengths", "said"),
    [
        ([1.0], ""),
        ([1.0, 0.5, 0.5], "three halves of the tempo, 60 or 27"),
        ([1.0, 0.9], "half the tempo, 120"),
        ([1.0, 0.4], ""),
    ],
)
def test_what_sounds_between_the_beats_decides(strengths, said):
    """Beats at each strongest onset of 20 frames at 40 a second: every second or third onset, or all of them."""
    curve, every = onsets_at(strengths), len(strengths)
    times_s = (10 + 20 * np.arange(0, 40, every)) / 40
    doubt = doubt_tracked(times_s, curve, np.zeros_like(curve), rate_hz=40.0)
    assert (said in doubt) if said else doubt == ""


def test_few_beats_and_beats_without_any_onset_say_something_finite():
    nothing = np.zeros(400, np.float32)
    assert doubt_tracked(np.arange(FEWEST - 1) / 2, nothing, nothing, rate_hz=40.0) == ""
    assert doubt_tracked(np.arange(12) / 2, nothing, nothing, rate_hz=40.0) == ""


def test_a_doubted_song_is_named_once_and_its_table_keeps_why(tmp_path, caplog):
    path = tmp_path / "slow.flac"
    write_sound(path, composed(58.0), sample_rate_hz=SAMPLE_RATE_HZ)
    settings = MusicSettings(beats="tracker")
    music = analyse_song(path, settings=settings, fps=24, fragment_s=2.0)
    (record,) = caplog.records
    assert record.getMessage().startswith(
        f"{path}: the tempo is uncertain: 116 beats per minute may be twice the tempo, 58"
    )
    assert "results/preview/PERSON/SONG.mp4" in record.getMessage()
    write_music_table(tmp_path / "m.parquet", music)
    assert read_music_table(tmp_path / "m.parquet").beats.doubt == music.beats.doubt != ""
    # A dance's tempo is folded to the nearest octave: no warning for each of a hundred dances.
    caplog.clear()
    assert analyse_dance(path, settings=settings, fps=24).beats.doubt == music.beats.doubt
    assert not caplog.records
