"""The evaluation of the choreography on a project's own files: its dances, its songs, and added beat grids."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from danceit_core.choreography.align import Source
from danceit_core.choreography.layout import lay_song
from danceit_core.choreography.library import COLUMNS, Library
from danceit_core.choreography.matches import Matches, pool_size
from danceit_core.choreography.movements import read_movements
from danceit_core.choreography.song import embed_slots, search_slots
from danceit_core.config import EvaluationSettings, RetrievalSettings, SpatialSettings, TemporalSettings
from danceit_core.database.frames import Frames
from danceit_core.database.table import Database, read_database
from danceit_core.errors import ConfigError
from danceit_core.evaluation.choreography import Stage, score_variants
from danceit_core.evaluation.choreography_page import read_history, write_page
from danceit_core.evaluation.trial import Song, beat_grid, cut_beats, cut_sections, song_of
from danceit_core.matcher.index import read_index
from danceit_core.matcher.model import load_matcher
from danceit_core.music.table import MusicTable, read_music_table
from danceit_core.pose.passages import find_passages
from danceit_core.pose.skeleton import Keypoints

TEMPI = (60, 75, 90, 105, 120, 135, 150, 180)
# A passage shorter than this says little about how a person dances.
SHORTEST_S = 4.0


def evaluate_project(
    folder: str | Path,
    *,
    frames: Frames,
    videos: Sequence[str],
    dance_music: Sequence[str],
    songs: Sequence[str],
    song_music: Sequence[str],
    fragments: Sequence[str],
    matchers: Sequence[str],
    indices: Sequence[str],
    histories: Sequence[str],
    counted: Sequence[str],
    retrieval: RetrievalSettings,
    spatial: SpatialSettings,
    temporal: TemporalSettings,
    settings: EvaluationSettings,
    seed: int,
    device: torch.device,
) -> None:
    """Write the page of `choreography_page` into `folder`.

    frames: those of all dances. dance_music: a file for each of `videos`; song_music: a file for each of `songs`;
    fragments, matchers, indices, histories: a file for each of `settings.lengths_s`. counted: the table of the
    fragments in counts and their index; empty if the dances are not in counts. Raises ConfigError if
    retrieval.fragment_s is not among the lengths.
    """
    lengths = settings.lengths_s
    if retrieval.fragment_s not in lengths:
        raise ConfigError(
            f"evaluation.lengths_s {list(lengths)} lacks retrieval.fragment_s = {retrieval.fragment_s:g}; add it there"
        )
    sources = read_movements(frames)
    real, heard = [], {}
    for video, path in zip(videos, dance_music, strict=True):
        music = read_music_table(path)
        for name in frames.dances.loc[frames.dances["video"] == video, "dance"]:
            heard[name] = music.beats
            real += real_passages(name, sources[name], music)
    tables = dict(zip(songs, (shorten(read_music_table(path), settings.grid_s) for path in song_music), strict=True))
    fps = next(iter(tables.values())).fps
    stages = {}
    for seconds, table, matcher, index in zip(lengths, fragments, matchers, indices, strict=True):
        database = read_database(table, frames, columns=COLUMNS)
        stages[seconds] = make_stage(database, matcher, index, tables, settings=retrieval, device=device)
    counts = None
    if counted:
        matcher = matchers[lengths.index(retrieval.fragment_s)]
        database = read_database(counted[0], frames, columns=COLUMNS)
        counts = make_stage(database, matcher, counted[1], tables, settings=retrieval, device=device)
    danced = [song_of(name, music) for name, music in tables.items()]
    danced += [beat_grid(tempo, seconds=settings.grid_s, fps=fps) for tempo in TEMPI]
    scores, tempo = score_variants(
        stages, danced, sources, real, counts=counts, heard=heard, retrieval=retrieval, spatial=spatial,
        temporal=temporal, fps=fps, seed=seed,
    )  # fmt: skip
    curves = {f"{s:g} s": read_history(path) for s, path in zip(lengths, histories, strict=True)}
    about = (
        f"{len(videos)} dances ({len(real)} passages), {len(songs)} songs and {len(TEMPI)} beat grids of up to "
        f"{settings.grid_s:g} s. The fragments come from the same dances that serve as reference."
    )
    untrained = [f"{seconds:g} s" for seconds, stage in stages.items() if not stage.matches]
    if untrained:
        about += f" No matcher could be trained for fragments of {', '.join(untrained)}: the choice there is random."
    write_page(folder, scores, tempo=tempo, histories=curves, about=about)


def make_stage(
    database: Database,
    matcher: str,
    index: str,
    songs: Mapping[str, MusicTable],
    *,
    settings: RetrievalSettings,
    device: torch.device,
) -> Stage:
    """The fragments of a database, and the matcher's choice, if there is one, for songs of at least one fragment."""
    learnt, known, library = load_matcher(matcher, device=device), read_index(index), Library.of(database)
    matches: dict[str, Matches] = {}
    if learnt is None:
        return Stage(library, matches)
    for name, music in songs.items():
        slots, _ = lay_song(music, library)
        count = pool_size(settings, in_counts=not library.frames)
        matches[name] = search_slots(embed_slots(music, slots, matcher=learnt), index=known, count=count)
    return Stage(library, matches)


def real_passages(name: str, source: Source, music: MusicTable) -> list[tuple[Keypoints, Song]]:
    """The passages of a dance that cleaning kept, each with the beats of its own music."""
    found = []
    for first, end in find_passages(source.kept, source.shot):
        if end - first >= SHORTEST_S * music.fps:
            start, stop = first + source.first, end + source.first  # in the video
            part = shorten(music, stop / music.fps, start_s=start / music.fps)
            found.append((source.keypoints[first:end], song_of(f"{name}:{start}", part)))
    return found


def shorten(music: MusicTable, end_s: float, *, start_s: float = 0.0) -> MusicTable:
    """A song from start_s up to end_s, if it lasts that long."""
    first, stop = round(start_s * music.fps), int(np.ceil(end_s * music.fps - 1e-6))
    return replace(
        music,
        features=music.features[first:stop],
        loudness=music.loudness[first:stop],
        beats=cut_beats(music.beats, start_s=start_s, end_s=end_s),
        sections=cut_sections(music.sections, start_s=start_s, end_s=end_s),
        duration_s=min(end_s, music.duration_s) - start_s,
    )
