"""Find beats, bars and sections of a sound that is not silent: by the networks, or by librosa's tracker without bars.

In both cases the beats are moved to their onsets, and inaudible beats before and after the music are dropped. The
user's information about the beats takes precedence over the analysis.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from danceit_core.music.bars import METERS
from danceit_core.music.counting import count_places
from danceit_core.music.doubt import doubt_followed, doubt_tracked
from danceit_core.music.hint import NO_HINT, Hint
from danceit_core.music.octaves import SPLIT_BPM, follow_bars
from danceit_core.music.onsets import LATENCY_S, RATE_HZ, REACH, TRACKER_REACH, Onsets, find_onsets, refine, sounding
from danceit_core.music.sections import find_sections
from danceit_core.music.sound import Sound, check_sound
from danceit_core.music.table import Beats, Section
from danceit_core.music.tempo import tempo_of

# A meter that is more likely than the other by less than this, nats per second, counts as unknown.
LEAST_MARGIN = 0.1
NO_BEATS = Beats(np.zeros(0), 0.0)


@dataclass(frozen=True)
class Rhythm:
    """Beats of a sound and the sections formed by its bars; no sections if the bars are unknown."""

    beats: Beats
    sections: tuple[Section, ...] = ()


def find_rhythm(
    samples: Sound, *, sample_rate_hz: int, networks: Mapping[str, bytes] | None, hint: Hint = NO_HINT
) -> Rhythm:
    """The rhythm of (N,) mono samples, at least about 2 s long; sounds without onsets have none.

    networks: their files (`weights.read_beat_networks`); None: librosa's tracker, which finds no bars. hint: the user's
    information; given beats are used unchanged, except those beyond the sound. Raises MusicError for samples that are
    not one finite channel.
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
    times_s = track_beats(onsets, tempo_bpm=hint.tempo_bpm)
    beats = _onto_onsets(times_s, onsets, duration_s=duration_s, reach=TRACKER_REACH)
    told = hint.tempo_bpm > 0
    doubt = "" if told else doubt_tracked(beats.times_s - LATENCY_S, onsets.all, onsets.bass, rate_hz=RATE_HZ)
    return replace(beats, doubt=doubt)


def _heard(samples: Sound, *, sample_rate_hz: int, networks: Mapping[str, bytes], hint: Hint) -> Rhythm:
    """The rhythm by the networks."""
    from danceit_core.music.networks import FPS, POOLED, listen, load_networks  # noqa: PLC0415 (torch takes a second)

    duration_s = len(samples) / sample_rate_hz
    heard = listen(samples, load_networks(networks), sample_rate_hz=sample_rate_hz)
    if hint.beats is not None:
        beats = _within(hint.beats, duration_s)
    else:
        onsets = find_onsets(samples, sample_rate_hz=sample_rate_hz)
        beats = _followed(heard.active, onsets, fps=FPS, duration_s=duration_s, hint=hint)
    if not beats.place.any():
        meters = (hint.meter,) if hint.meter else METERS
        rates = {"fps": FPS, "bands_fps": FPS / POOLED}
        count = count_places(beats.times_s, heard.active, heard.bands, **rates, meters=meters)
        known = int(hint.meter > 0 or count.margin >= LEAST_MARGIN)
        beats = replace(beats, place=count.place * known, meter=count.meter * known, margin=count.margin)
    sections = find_sections(
        heard.bands, fps=FPS / POOLED, downbeats_s=beats.downbeats_s, meter=beats.meter, duration_s=duration_s
    )
    return Rhythm(beats, sections)


def _followed(active: NDArray[np.float64], onsets: Onsets, *, fps: float, duration_s: float, hint: Hint) -> Beats:
    """The beats by the networks' output, not yet counted, and why they may be wrong."""
    reading = follow_bars(active, fps=fps, onsets=onsets, tempo_bpm=hint.tempo_bpm, meter=hint.meter)
    beats = _onto_onsets(reading.bars.times_s, onsets, duration_s=duration_s)
    if reading.faster_by is None:
        return beats
    about = {"rate_hz": RATE_HZ, "split_bpm": SPLIT_BPM, "faster_by": reading.faster_by}
    return replace(beats, doubt=doubt_followed(beats.times_s - LATENCY_S, onsets.all, onsets.bass, **about))


def _onto_onsets(found_s: NDArray[np.float64], onsets: Onsets, *, duration_s: float, reach: int = REACH) -> Beats:
    """Beats (B,) at their onsets, with their tempo; none if there are fewer than two."""
    times_s = refine(found_s, onsets, reach=reach).clip(0, duration_s)
    times_s = times_s[sounding(times_s, onsets)]
    times_s = times_s[np.diff(times_s, prepend=-1) > 0]  # two may share an onset
    return Beats(times_s, tempo_of(times_s)) if len(times_s) > 1 else NO_BEATS


def _within(beats: Beats, duration_s: float) -> Beats:
    """The user's beats without those beyond the sound."""
    kept = beats.times_s < duration_s
    return replace(beats, times_s=beats.times_s[kept], place=beats.place[kept])
