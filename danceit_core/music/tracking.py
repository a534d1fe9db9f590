"""Beats, bars and sections of a sound that is not silent: by the networks, or by librosa's tracker without bars.

Either way the beats are moved to the onsets they belong to, and those are dropped at which nothing is heard before the
music begins and after it ends. What the user says of the beats goes before what is heard.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from danceit_core.music.doubt import doubt_beats
from danceit_core.music.hint import NO_HINT, Hint
from danceit_core.music.octaves import follow_bars
from danceit_core.music.onsets import LATENCY_S, RATE_HZ, Onsets, find_onsets, refine, sounding
from danceit_core.music.sections import find_sections
from danceit_core.music.sound import Sound, check_sound
from danceit_core.music.table import Beats, Section

# A meter that is likelier than the other by less than this, nats a second, is not known.
LEAST_MARGIN = 0.1
NO_BEATS = Beats(np.zeros(0), 0.0)


@dataclass(frozen=True)
class Rhythm:
    """Beats of a sound and the sections that its bars make up, none where the bars are not known."""

    beats: Beats
    sections: tuple[Section, ...] = ()


def find_rhythm(
    samples: Sound, *, sample_rate_hz: int, networks: Mapping[str, bytes] | None, hint: Hint = NO_HINT
) -> Rhythm:
    """The rhythm of (N,) mono samples, at least some 2 s of them; sounds without onsets have none.

    networks: their files (`weights.read_beat_networks`); None: librosa's tracker, which knows no bars. hint: what a
    user says; beats are taken as they are, but for those beyond the sound. Raises MusicError for samples that are not
    one finite channel.
    """
    check_sound(samples, sample_rate_hz=sample_rate_hz)
    if networks is not None:
        return _heard(samples, sample_rate_hz=sample_rate_hz, networks=networks, hint=hint)
    return Rhythm(_tracked(samples, sample_rate_hz=sample_rate_hz, hint=hint))


def _tracked(samples: Sound, *, sample_rate_hz: int, hint: Hint) -> Beats:
    """The beats of librosa's tracker."""
    from danceit_core.music.beats import track_beats  # noqa: PLC0415 (see `compiled`)

    duration_s = len(samples) / sample_rate_hz
    if hint.beats is not None:
        return _within(hint.beats, duration_s)
    onsets = find_onsets(samples, sample_rate_hz=sample_rate_hz)
    found = Beats(track_beats(onsets, tempo_bpm=hint.tempo_bpm), 0.0)
    return _onto_onsets(found, onsets, duration_s=duration_s, told=hint.tempo_bpm > 0)


def _heard(samples: Sound, *, sample_rate_hz: int, networks: Mapping[str, bytes], hint: Hint) -> Rhythm:
    """What the networks hear."""
    from danceit_core.music.networks import FPS, POOLED, listen, load_networks  # noqa: PLC0415 (torch takes a second)

    duration_s = len(samples) / sample_rate_hz
    heard = listen(samples, load_networks(networks), sample_rate_hz=sample_rate_hz)
    if hint.beats is not None:
        beats = _within(hint.beats, duration_s)
    else:
        bars = follow_bars(heard.active, fps=FPS, tempo_bpm=hint.tempo_bpm, meter=hint.meter)
        known = int(hint.meter > 0 or bars.margin >= LEAST_MARGIN)
        found = Beats(bars.times_s, 0.0, place=bars.place * known, meter=bars.meter * known, margin=bars.margin)
        onsets = find_onsets(samples, sample_rate_hz=sample_rate_hz)
        beats = _onto_onsets(found, onsets, duration_s=duration_s, told=hint.tempo_bpm > 0, follows=True)
    bars_of = {"downbeats_s": beats.downbeats_s, "meter": beats.meter}
    return Rhythm(beats, find_sections(heard.bands, fps=FPS / POOLED, **bars_of, duration_s=duration_s))


def _onto_onsets(found: Beats, onsets: Onsets, *, duration_s: float, told: bool, follows: bool = False) -> Beats:
    """The beats at their onsets, with their tempo and why they may be wrong.

    told: by the user, who says what the tempo is; follows: what found them follows a tempo that changes.
    """
    times_s = refine(found.times_s, onsets).clip(0, duration_s)
    kept = sounding(times_s, onsets)
    times_s, place = times_s[kept], found.place[kept]
    later = np.diff(times_s, prepend=-1) > 0  # two may share an onset
    times_s, place = times_s[later], place[later]
    if len(times_s) < 2:
        return NO_BEATS
    on_windows_s, tempo_bpm = times_s - LATENCY_S, 60.0 / float(np.median(np.diff(times_s)))
    doubt = "" if told else doubt_beats(on_windows_s, onsets.all, onsets.bass, rate_hz=RATE_HZ, follows=follows)
    return replace(found, times_s=times_s, place=place, tempo_bpm=tempo_bpm, doubt=doubt)


def _within(beats: Beats, duration_s: float) -> Beats:
    """Beats that the user gave, without those that lie beyond the sound."""
    kept = beats.times_s < duration_s
    return replace(beats, times_s=beats.times_s[kept], place=beats.place[kept])
