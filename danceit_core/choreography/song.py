"""From a song's music table and the embedded database to the plan of its dance (paper Eq. 2)."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from danceit_core.choreography.edits import Edit, edited_choices, touched_clips
from danceit_core.choreography.form import without_hold
from danceit_core.choreography.layout import lay_song, plan_slots
from danceit_core.choreography.library import Library, Rows
from danceit_core.choreography.matches import Matches, pool_size, undecided_matches
from danceit_core.choreography.paintable import FrameCosts, PoseCosts, compare_plans, plan_cost
from danceit_core.choreography.plan import Plan
from danceit_core.choreography.retrieve import choices_of, choose, choose_each
from danceit_core.choreography.slots import Slots
from danceit_core.choreography.styles import has_style, vote
from danceit_core.config import RetrievalSettings
from danceit_core.database.table import Database
from danceit_core.errors import ChoreographyError
from danceit_core.music.table import MusicTable

if TYPE_CHECKING:  # PyTorch and FAISS take a second to import; without a matcher they are not needed
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
    style: str = "",
    styles: Mapping[str, str] | None = None,
) -> Plan:
    """Embed each slot of the song, search the database, choose fragments; the same arguments give the same plan.

    targets: the costs of painting the dances, for each person who will dance; their effect is reported in `about` of
    the plan. matcher: None if none could be trained: the choice is then by beats, tempo, energy and seams alone.
    beat_kind: `min` or `max` of speed, the motion beat of temporal alignment. style: the song's; only videos of that
    style are danced; "": any. styles: the style of each video; the share of each among the nearest fragments is also
    reported in `about`. Raises ChoreographyError for a song shorter than one fragment in seconds, MatcherError for
    features of another kind than the matcher was trained on, ConfigError for `argmin` without a matcher and for a style
    that no fragment has.
    """
    library = Library.of(database, painting=FrameCosts.of(database.frames, targets))
    slots, song = lay_song(music, library)
    count = pool_size(settings, in_counts=not library.frames)
    queries: NDArray[np.float32] | None = None
    if matcher is None:
        matches = undecided_matches(len(slots), len(library), count=count, rng=_chance())
    else:
        queries = embed_slots(music, slots, matcher=matcher)
        matches = search_slots(queries, index=index, count=count)
    allowed = has_style(library, style, styles or {}) if style else None
    about: dict[str, Any] = {}
    if matcher is not None and (shares := vote(library, matches.rows[slots.whole], styles or {})):
        about["styles"] = shares

    def distance_of(number: int, rows: Rows) -> NDArray[np.floating]:
        return np.full(len(rows), np.nan) if queries is None else _distances(queries[number], index, rows)

    choices = choices_of(
        library, matches, song=song, slots=slots, settings=settings, distance_of=distance_of, allowed=allowed
    )
    weights = [settings.paintable_weight] if library.painting is None else [settings.paintable_weight, 0.0]
    how: Any = {"song": song, "settings": settings, "rng": _chance(), "beat_kind": beat_kind, "slots": slots}
    plan, *without = choose_each(library, choices, weights=weights, **how)
    if without:
        about["paintable"] = compare_plans(plan, without[0], library)
    return replace(plan, about={**plan.about, **about})


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
    """`plan` of a song after the edits of that song; clips that no edit touches keep their fragments.

    The clips stay where they are. matcher: None if none could be trained. styles: the style of each video. targets: as
    for `plan_song`. Raises ChoreographyError for edits that leave nothing to dance, and for a plan of another song.
    """
    library = Library.of(database, painting=FrameCosts.of(database.frames, targets))
    danced, hold = without_hold(plan)
    slots, song = lay_song(music, library)
    if plan.song_frames != song.frames or (library.frames and len(plan) != len(slots)):
        raise ChoreographyError(
            f"the plan has {len(plan)} clips, but the song has {len(slots)}; search the index with this song"
        )
    slots = plan_slots(danced, slots, hold=hold, in_counts=not library.frames)
    song = replace(song, energy=lay_song(music, library, slots=slots)[1].energy)
    whole = replace(danced, frames=np.append(danced.frames[:-1], danced.frames[-1] + hold))
    touched = touched_clips(edits, whole, fps=music.fps)
    if matcher is None:
        values = np.full((len(touched), len(database)), np.nan, np.float32)
    else:
        wanted = embed_slots(music, slots, matcher=matcher)[touched]
        values = index.all_distances(wanted)
    distance = dict(zip(touched, values, strict=True))
    choices = edited_choices(edits, whole, library, distance, song=song, slots=slots, styles=styles)
    path = replace(settings, variant="path")  # the paper's argmin ignores neighbouring clips
    edited = choose(library, choices, song=song, slots=slots, settings=path, rng=_chance(), beat_kind=beat_kind)
    about = {**plan.about, **edited.about}
    if "paintable" in about and library.painting is not None:
        about["paintable"] = {**about["paintable"], "cost": plan_cost(edited, library)}
    same = edited.fragment_id == plan.fragment_id
    recalls = np.where(same & same[plan.recalls] & (plan.recalls >= 0), plan.recalls, -1)
    return replace(edited, recalls=recalls, about=about)


def embed_slots(music: MusicTable, slots: Slots, *, matcher: "Matcher") -> NDArray[np.float32]:
    """The embedding (S, E) of each slot's music: that of the matcher's window round its middle."""
    frames = round(matcher.checkpoint["seconds"] * music.fps)
    starts = window_starts(music, slots, frames=frames)
    return matcher.embed_audio(music.features[_window(music, starts, frames)])  # of (S, F, D)


def search_slots(queries: NDArray[np.float32], *, index: "FragmentIndex", count: int) -> Matches:
    """The `count` fragments nearest to the music of each slot, given as embeddings (S, E)."""
    distance, rows = index.search(queries, k=min(count, len(index)))
    return Matches(rows, distance)


def window_starts(music: MusicTable, slots: Slots, *, frames: int) -> NDArray[np.int64]:
    """First frames (S,) of windows of `frames` frames centred on the slots, as far as the song allows."""
    last = max(0, round(music.duration_s * music.fps) - frames)
    return np.clip(slots.start + (slots.length - frames) // 2, 0, last)


def _distances(query: NDArray[np.float32], index: "FragmentIndex", rows: Rows) -> NDArray[np.float32]:
    """Distances (K,) of some fragments from one query (E,)."""
    return np.linalg.norm(np.asarray(index.embeddings[rows]) - query, axis=1)


def _chance() -> np.random.Generator:
    """The random generator used without a matcher, always with the same seed. For another choice use an edit `seed`."""
    return np.random.default_rng(0)


def _window(music: MusicTable, starts: NDArray[np.int64], count: int) -> NDArray[np.int64]:
    return np.minimum(starts[:, None] + np.arange(count), len(music) - 1)
