"""Dances made only for scoring: songs and settings in, dances with their plans out.

A trial needs no pictures: the target is a person who fills a picture of PICTURE_PX as in the paper. The same code
serves the evaluation of a project and the benchmarks on other data.
"""

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from danceit_core.choreography.align import Aligned, Source, align
from danceit_core.choreography.candidates import ClipSong
from danceit_core.choreography.layout import lay_beats
from danceit_core.choreography.library import Library
from danceit_core.choreography.matches import Matches
from danceit_core.choreography.plan import Plan
from danceit_core.choreography.retrieve import retrieve
from danceit_core.choreography.slots import Slots
from danceit_core.config import FragmentSettings, RetrievalSettings, SpatialSettings, TemporalSettings
from danceit_core.database.counts import cut_counts
from danceit_core.database.fragments import cut_fragments
from danceit_core.database.frames import Frames
from danceit_core.database.gather import frames_in_memory
from danceit_core.evaluation.motion import BODY_PX
from danceit_core.music.table import Beats, MusicTable, Section
from danceit_core.pose.measure import Body
from danceit_core.pose.skeleton import Keypoints
from danceit_core.pose.table import PoseTable

PICTURE_PX = 512
# For a song of bare beats: the beats per bar, and the bars per section; the sections alternate.
GRID_METER, GRID_BARS = 4, 4
# Nose to ankles is 2.4 torso lengths in adults of `aistpp_pop`.
PERFORMER = Body(height_px=BODY_PX, torso_px=BODY_PX / 2.4, ground_y=450.0, centre_x=PICTURE_PX / 2)


@dataclass(frozen=True)
class Song:
    """The song of a dance. beats_s (B,) seconds; loudness (T,) decibels of each frame, empty: unknown.

    place (B,), meter, sections: see `music.table`; empty, 0 and empty if they are not known.
    """

    name: str
    frames: int
    beats_s: NDArray[np.float64]
    tempo_bpm: float
    loudness: NDArray[np.float32]
    place: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))
    meter: int = 0
    sections: tuple[Section, ...] = ()

    @property
    def beats(self) -> Beats:
        """Its beats with their places in the bars."""
        return Beats(self.beats_s, self.tempo_bpm, place=self.place, meter=self.meter)


@dataclass(frozen=True)
class Variant:
    """One row of a table: the settings of the three stages of choreography. in_counts: are its fragments in counts?"""

    name: str
    retrieval: RetrievalSettings
    spatial: SpatialSettings
    temporal: TemporalSettings
    in_counts: bool = False


@dataclass(frozen=True)
class Trial:
    """A finished dance with the song it was made for and its plan."""

    song: Song
    plan: Plan
    dance: Aligned


def beat_grid(tempo_bpm: float, *, seconds: float, fps: float) -> Song:
    """A song of only even beats, the first after half an interval, in bars and sections: A, B, A, B, ..."""
    interval_s = 60 / tempo_bpm
    beats_s = np.arange(interval_s / 2, seconds, interval_s)
    edges = [0.0, *beats_s[GRID_METER * GRID_BARS :: GRID_METER * GRID_BARS].tolist(), seconds]
    sections = tuple(Section(a, b, "AB"[number % 2]) for number, (a, b) in enumerate(pairwise(edges)))
    place = np.arange(len(beats_s)) % GRID_METER + 1
    silence = np.zeros(0, np.float32)
    name = f"{tempo_bpm:g} bpm"
    return Song(name, round(seconds * fps), beats_s, tempo_bpm, silence, place, GRID_METER, sections)


def song_of(name: str, music: MusicTable, *, seconds: float = np.inf) -> Song:
    """The first `seconds` of an analysed song."""
    length_s = min(seconds, music.duration_s)
    frames, beats = round(length_s * music.fps), cut_beats(music.beats, end_s=length_s)
    return Song(
        name, frames, beats.times_s, beats.tempo_bpm, music.loudness[:frames], beats.place, beats.meter,
        cut_sections(music.sections, end_s=length_s),
    )  # fmt: skip


def cut_beats(beats: Beats, *, start_s: float = 0.0, end_s: float) -> Beats:
    """The beats from start_s up to end_s, seconds from start_s."""
    inside = (beats.times_s >= start_s) & (beats.times_s < end_s)
    return replace(beats, times_s=beats.times_s[inside] - start_s, place=beats.place[inside])


def cut_sections(sections: Sequence[Section], *, start_s: float = 0.0, end_s: float) -> tuple[Section, ...]:
    """The sections from start_s up to end_s, cut there, seconds from start_s."""
    inside = [part for part in sections if part.start_s < end_s and part.end_s > start_s]
    return tuple(
        Section(max(0.0, part.start_s - start_s), min(part.end_s, end_s) - start_s, part.letter) for part in inside
    )


def library_of(
    sources: Mapping[str, Source], *, seconds: float, hop_s: float, fps: float, tempo_bpm: Mapping[str, float]
) -> Library:
    """The fragments of whole dances, cut as in the database. tempo_bpm: that of each dance's music."""
    heard = {name: Beats(np.zeros(0), tempo) for name, tempo in tempo_bpm.items()}
    settings = FragmentSettings(hop_s=hop_s)
    return Library.of(cut_fragments(_frames(sources, heard, fps=fps), seconds=seconds, settings=settings))


def library_in_counts(sources: Mapping[str, Source], *, fps: float, heard: Mapping[str, Beats]) -> Library:
    """The fragments in counts of whole dances. heard: the beats of each dance's music, counted from its first frame."""
    return Library.of(cut_counts(_frames(sources, heard, fps=fps), settings=FragmentSettings()))


def _frames(sources: Mapping[str, Source], heard: Mapping[str, Beats], *, fps: float) -> Frames:
    return frames_in_memory({name: _tables(source, heard[name], fps=fps) for name, source in sources.items()})


def _tables(source: Source, beats: Beats, *, fps: float) -> tuple[PoseTable, MusicTable]:
    """A dance and its music, of which only the beats are known."""
    count = len(source.keypoints)
    columns = {"kept": source.kept, "shot": source.shot, "world": source.world}
    about = {"fps": fps, "width": PICTURE_PX, "height": PICTURE_PX}
    pose = PoseTable(source.keypoints, about, {name: values for name, values in columns.items() if values is not None})
    silence = np.zeros((count, 1), np.float32)
    return pose, MusicTable(silence, silence[:, 0], beats, fps, "mfcc", count / fps, silent=True)


def lay(song: Song, library: Library, *, fps: float) -> tuple[Slots, ClipSong]:
    """The slots of a song for the fragments of a library, and the song as retrieval sees it."""
    loudness = song.loudness if len(song.loudness) else None
    return lay_beats(
        song.beats, library, frames=song.frames, fps=fps, loudness=loudness, sections=song.sections
    )  # fmt: skip


def random_matches(library: Library, song: Song, *, fps: float, seed: int) -> Matches:
    """Random matches of a song, as retrieval uses without a matcher. Songs of different names get different ones."""
    rng = song_rng(song, seed=seed)
    rows = np.stack([rng.permutation(len(library)) for _ in range(len(lay(song, library, fps=fps)[0]))])
    distance = np.sort(rng.random(rows.shape), axis=1)
    return Matches(rows, distance)


def song_rng(song: Song, *, seed: int) -> np.random.Generator:
    """A generator that differs from song to song but not from run to run."""
    return np.random.default_rng([seed, zlib.crc32(song.name.encode())])


def make_trial(
    song: Song,
    library: Library,
    sources: Mapping[str, Source],
    matches: Matches,
    *,
    variant: Variant,
    fps: float,
    seed: int,
) -> Trial:
    """A dance of one variant to a song, by PERFORMER."""
    slots, heard = lay(song, library, fps=fps)
    settings = variant.retrieval
    plan = retrieve(
        library,
        matches,
        song=heard,
        slots=slots,
        settings=replace(settings, fragment_s=library.frames / fps) if library.frames else settings,
        rng=song_rng(song, seed=seed),
        beat_kind=variant.temporal.beat_kind,
    )
    dance = align(
        plan,
        sources,
        target=PERFORMER,
        size=(PICTURE_PX, PICTURE_PX),
        beats_s=song.beats_s,
        fps=fps,
        spatial=variant.spatial,
        temporal=variant.temporal,
    )
    return Trial(song, plan, dance)


def dances_of(trials: Sequence[Trial]) -> list[Keypoints]:
    """The keypoints (T, 25, 3) of each trial."""
    return [trial.dance.keypoints for trial in trials]
