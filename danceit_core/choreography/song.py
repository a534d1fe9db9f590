"""From a song's music table and the embedded database to the plan of its dance (paper Eq. 2)."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from danceit_core.choreography.candidates import ClipSong
from danceit_core.choreography.edits import Edit, edited_choices, touched_clips
from danceit_core.choreography.library import Library
from danceit_core.choreography.paintable import FrameCosts, PoseCosts, compare_plans, plan_cost
from danceit_core.choreography.plan import Plan
from danceit_core.choreography.retrieve import (
    Matches,
    choices_of,
    choose,
    choose_each,
    clip_windows,
    pool_size,
    undecided_matches,
)
from danceit_core.config import RetrievalSettings
from danceit_core.database.table import Database
from danceit_core.music.table import MusicTable

if TYPE_CHECKING:  # PyTorch and FAISS: a second, which who has no matcher need not wait for
    from danceit_core.matcher.index import FragmentIndex
    from danceit_core.matcher.model import Matcher


def plan_song(
    music: MusicTable,
    database: Database,
    *,
    matcher: "Matcher | None",
    index: "FragmentIndex",
    settings: RetrievalSettings,
    beat_kind: str,
    targets: Sequence[PoseCosts] = (),
) -> Plan:
    """Embed each clip of the song, search the database, choose fragments; the same arguments give the same plan.

    targets: what it costs to paint the dances, for each person who is to dance; how much it changed is told in `about`
    of the plan. matcher: None where none could be trained: beats, tempo, energy and seams choose alone. beat_kind:
    `min` or `max` of speed, the motion beat of temporal alignment. Raises ChoreographyError for a song shorter than one
    fragment, MatcherError for features of another kind than the matcher learnt, ConfigError for `argmin` without a
    matcher.
    """
    starts, song = clip_song(music, fragment_frames=database.length)
    count = pool_size(settings)
    if matcher is None:
        matches = undecided_matches(len(starts), len(database), count=count, rng=_chance())
    else:
        matches = search_clips(music, starts, database=database, matcher=matcher, index=index, count=count)
    library = Library.of(database, painting=FrameCosts.of(database.frames, targets))
    choices = choices_of(matches, settings=settings)
    weights = [settings.paintable_weight] if library.painting is None else [settings.paintable_weight, 0.0]
    about: Any = {"song": song, "settings": settings, "rng": _chance(), "beat_kind": beat_kind}
    plan, *without = choose_each(library, choices, weights=weights, **about)
    if without:
        return replace(plan, about={"paintable": compare_plans(plan, without[0], library)})
    return plan


def edit_plan(
    plan: Plan,
    edits: Sequence[Edit],
    music: MusicTable,
    database: Database,
    *,
    matcher: "Matcher | None",
    index: "FragmentIndex",
    settings: RetrievalSettings,
    beat_kind: str,
    styles: Mapping[str, str],
    targets: Sequence[PoseCosts] = (),
) -> Plan:
    """`plan` of a song after the edits of that song; clips that no edit touches dance what they did.

    matcher: None where none could be trained. styles: the style of each video. targets: as of `plan_song`. Raises
    ChoreographyError for edits that leave nothing to dance.
    """
    starts, song = clip_song(music, fragment_frames=database.length)
    touched = touched_clips(edits, plan, fps=music.fps)
    if matcher is None:
        values = np.full((len(touched), len(database)), np.nan, np.float32)
    else:
        wanted = embed_clips(music, starts[touched], database=database, matcher=matcher)
        values = index.all_distances(wanted)
    distance = dict(zip(touched, values, strict=True))
    library = Library.of(database, painting=FrameCosts.of(database.frames, targets))
    choices = edited_choices(edits, plan, library, distance, fps=music.fps, styles=styles)
    path = replace(settings, variant="path")  # the paper's argmin has nothing to say about neighbours
    edited = choose(library, choices, song=song, settings=path, rng=_chance(), beat_kind=beat_kind)
    about = dict(plan.about)
    if "paintable" in about and library.painting is not None:
        about["paintable"] = {**about["paintable"], "cost": plan_cost(edited, library)}
    return replace(edited, about=about)


def clip_song(music: MusicTable, *, fragment_frames: int) -> tuple[NDArray[np.int64], ClipSong]:
    """Where the music of each clip begins (C,) (`clip_windows`), and the song as the search sees it."""
    frames = round(music.duration_s * music.fps)
    starts = clip_windows(frames, fragment_frames=fragment_frames, fps=music.fps)
    loudness = music.loudness[_clip_frames(music, starts, fragment_frames)].mean(1)
    return starts, ClipSong(frames, music.fps, music.beats.times_s, music.beats.tempo_bpm, loudness)


def search_clips(
    music: MusicTable,
    starts: NDArray[np.int64],
    *,
    database: Database,
    matcher: "Matcher",
    index: "FragmentIndex",
    count: int,
) -> Matches:
    """The `count` fragments nearest to the music of each clip that begins at a frame of `starts` (C,)."""
    queries = embed_clips(music, starts, database=database, matcher=matcher)
    distance, rows = index.search(queries, k=min(count, len(index)))
    return Matches(rows, distance)


def embed_clips(
    music: MusicTable, starts: NDArray[np.int64], *, database: Database, matcher: "Matcher"
) -> NDArray[np.float32]:
    """Where in the joint space (C, E) the music of each clip lies that begins at a frame of `starts` (C,)."""
    return matcher.embed_audio(music.features[_clip_frames(music, starts, database.length)])  # of (C, F, D)


def _chance() -> np.random.Generator:
    """What is drawn where there is no matcher: always the same. Another choice is an edit `seed` (`edits`)."""
    return np.random.default_rng(0)


def _clip_frames(music: MusicTable, starts: NDArray[np.int64], count: int) -> NDArray[np.int64]:
    return np.minimum(starts[:, None] + np.arange(count), len(music) - 1)
