"""Songs for the studio: drums, bass, chords and a melody, arranged in sections, with exactly known beats.

A song is made from a tempo, a length and a seed. Its sections (intro, verse, build, chorus, break) differ in their
instruments and loudness, so that movement has something to follow; `energy` gives it for each beat.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from danceit_core.errors import MusicError
from danceit_core.studio import instruments as band
from danceit_core.studio.instruments import SAMPLE_RATE_HZ, Sound

BEATS_PER_BAR = 4
# Energy of a section, and which instruments play in it.
SECTIONS: dict[str, tuple[float, frozenset[str]]] = {
    "intro": (0.3, frozenset({"kick", "hat", "pad", "pluck"})),
    "verse": (0.55, frozenset({"kick", "snare", "hat", "bass", "pad"})),
    "build": (0.7, frozenset({"kick", "clap", "hat", "bass", "stab", "pluck"})),
    "chorus": (1.0, frozenset({"kick", "snare", "clap", "hat", "open", "bass", "pad", "stab", "pluck", "crash"})),
    "break": (0.2, frozenset({"kick", "pad", "pluck", "hat"})),
}
ORDER = ("intro", "verse", "chorus", "break", "build", "chorus", "verse", "chorus")
BARS_PER_SECTION = 2
PROGRESSIONS = ((0, 5, 3, 4), (0, 3, 5, 4), (5, 3, 0, 4), (0, 4, 5, 3), (0, 0, 3, 4))
MINOR, MAJOR = (0, 2, 3, 5, 7, 8, 10), (0, 2, 4, 5, 7, 9, 11)
LEVELS = {
    "kick": 0.95, "snare": 0.42, "clap": 0.45, "hat": 0.16, "open": 0.2, "crash": 0.35, "bass": 0.42, "pad": 0.16,
    "stab": 0.10, "pluck": 0.22,
}  # fmt: skip
# Above this tempo the back beat is weaker, as in four-on-the-floor dance music; otherwise one hears half the tempo.
DRIVING_BPM = 132
DRIVING_BACK_BEAT = 0.3


@dataclass(frozen=True)
class Song:
    """samples float32 (N,) at SAMPLE_RATE_HZ; beats_s (B,) and energy (B,) in 0..1 of each beat; tempo_bpm."""

    samples: NDArray[np.float32]
    beats_s: NDArray[np.float64]
    energy: NDArray[np.float64]
    tempo_bpm: float


@dataclass(frozen=True)
class _Score:
    """The elements shared by the whole song: key, chords, rhythm of the bass, and the tune."""

    root_hz: float
    scale: tuple[int, ...]
    chords: tuple[int, ...]
    bass_steps: tuple[float, ...]
    tune: NDArray[np.int64]

    def pitch_hz(self, degree: int, *, octave: int) -> float:
        """Frequency of a step of the scale, which may run past the octave."""
        semitones = self.scale[degree % 7] + 12 * (degree // 7 + octave)
        return float(self.root_hz * 2 ** (semitones / 12))


def compose_song(*, tempo_bpm: float, seconds: float, seed: int) -> Song:
    """A song of `seconds` at a steady `tempo_bpm`, the same for the same seed. Raises MusicError for a bad tempo."""
    if not 40 <= tempo_bpm <= 220:
        raise MusicError(f"a song at {tempo_bpm:g} beats per minute cannot be made; choose a tempo of 40 to 220")
    rng = np.random.default_rng(seed)
    beat_s = 60 / tempo_bpm
    beats_s = np.arange(rng.uniform(0.1, 0.3), seconds, beat_s)
    score = _write_score(rng)
    samples = np.zeros(round(seconds * SAMPLE_RATE_HZ))
    energy = np.zeros(len(beats_s))
    for beat, start_s in enumerate(beats_s):
        section, first = _section_of(beat)
        energy[beat] = SECTIONS[section][0]
        for level, offset, sound in _play_beat(score, SECTIONS[section][1], beat, first, beat_s, rng):
            _add(samples, start_s + offset * beat_s, level * sound)
    fade = np.clip((seconds - np.arange(len(samples)) / SAMPLE_RATE_HZ) / 0.25, 0, 1)
    loud = np.tanh(0.9 * samples) * fade
    return Song((0.85 * loud).astype(np.float32), beats_s, energy, tempo_bpm)


def _section_of(beat: int) -> tuple[str, bool]:
    """The section that a beat is in, and whether the beat is its first."""
    length = BARS_PER_SECTION * BEATS_PER_BAR
    return ORDER[(beat // length) % len(ORDER)], beat % length == 0


def _write_score(rng: np.random.Generator) -> _Score:
    return _Score(
        root_hz=110 * 2 ** (int(rng.integers(-5, 4)) / 12),
        scale=MINOR if rng.random() < 0.5 else MAJOR,
        chords=PROGRESSIONS[int(rng.integers(len(PROGRESSIONS)))],
        bass_steps=((0.0,), (0.0, 0.5), (0.5,), (0.0, 0.75))[int(rng.integers(4))],
        tune=np.clip(np.cumsum(rng.integers(-2, 3, 16)) + 4, 0, 9),
    )


def _play_beat(
    score: _Score, players: frozenset[str], beat: int, first: bool, beat_s: float, rng: np.random.Generator
) -> list[tuple[float, float, Sound]]:
    """The sounds of one beat: (level, offset in beats, samples)."""
    bar, count = divmod(beat, BEATS_PER_BAR)
    chord = score.chords[bar % len(score.chords)]
    triad = [score.pitch_hz(chord + step, octave=1) for step in (0, 2, 4)]
    played: list[tuple[str, float, Sound]] = [("kick", 0.0, band.kick())]
    if count % 2 == 1:
        back_beat = DRIVING_BACK_BEAT if 60 / beat_s > DRIVING_BPM else 1.0
        played += [("snare", 0.0, back_beat * band.snare(rng)), ("clap", 0.0, back_beat * band.clap(rng))]
    played += [("hat", 0.0, band.hat(rng, seconds=0.04)), ("hat", 0.5, 0.6 * band.hat(rng, seconds=0.04))]
    played.append(("open", 0.5, band.hat(rng, seconds=0.16)))
    played += [("bass", step, band.bass(score.pitch_hz(chord, octave=-1), 0.42 * beat_s)) for step in score.bass_steps]
    if count == 0:
        played.append(("pad", 0.0, band.pad(triad, BEATS_PER_BAR * beat_s)))
    played.append(("stab", 0.5, band.stab(triad, 0.3 * beat_s)))
    note = int(score.tune[beat % len(score.tune)])
    played.append(("pluck", 0.5 * (note % 3 == 0), band.pluck(score.pitch_hz(chord + note, octave=2), 0.9 * beat_s)))
    if first:
        played.append(("crash", 0.0, band.crash(rng)))
    return [(LEVELS[name], offset, sound) for name, offset, sound in played if name in players]


def _add(samples: Sound, start_s: float, sound: Sound) -> None:
    """Mix a sound in, cut at the song's end."""
    start = round(start_s * SAMPLE_RATE_HZ)
    end = min(len(samples), start + len(sound))
    if start < end:
        samples[start:end] += sound[: end - start]
