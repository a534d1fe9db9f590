"""What planning reads of a project - fragments, matcher, index, a song's plan - read once for each state of the files.

The first answer takes some seconds (PyTorch, FAISS); later ones find all of it in memory. Frames, embeddings and the
index are mapped from their files, so that a hundred hours of dances cost little of it.
"""

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from danceit_core.choreography.library import COLUMNS, Library
from danceit_core.choreography.paintable import FrameCosts, read_costs
from danceit_core.choreography.plan import read_plan
from danceit_core.cutting_room.loaded import Stamp, fragment_s_of, in_counts, project_of, stamp, styles_of
from danceit_core.database.table import Database, read_database
from danceit_core.errors import ServerError
from danceit_core.inputs import Project
from danceit_core.music.table import read_music_table
from danceit_core.place import Place

if TYPE_CHECKING:
    from danceit_core.choreography.alternatives import PlannedDance
    from danceit_core.matcher.index import FragmentIndex
    from danceit_core.matcher.model import Matcher

Value = TypeVar("Value")
# Plans of songs, each with its clips' ends and places in the joint space.
MOST_PLANS = 4


class Reading:
    """Values read from files, the last `most` of them, each as long as its files stay as they are."""

    def __init__(self, *, most: int) -> None:
        self._most, self._lock = most, threading.Lock()
        self._kept: OrderedDict[Hashable, tuple[Any, Any]] = OrderedDict()

    def of(self, key: Hashable, files: Sequence[Path], read: Callable[[], Value], *, also: Hashable = None) -> Value:
        """What `read()` returned, or returns, for `key`. also: what else the value depends on.

        One value is read at a time, so that two tabs do not read a database twice.
        """
        state: tuple[tuple[Stamp, ...], Hashable] = tuple(stamp(path) for path in files), also
        with self._lock:
            known = self._kept.pop(key, None)
            if known is None or known[0] != state:
                del known
                known = state, read()
            self._kept[key] = known
            while len(self._kept) > self._most:
                self._kept.popitem(last=False)
            return known[1]  # type: ignore[no-any-return]


_LIBRARIES, _MATCHERS, _PLANS = Reading(most=1), Reading(most=1), Reading(most=MOST_PLANS)


def fragments_table(place: Place, project: Project) -> Path:
    """The table of the fragments that the project's dances are made of."""
    name = "beats" if in_counts(project) else f"{fragment_s_of(project)}s"
    return place.results / "database" / f"{name}.parquet"


def matcher_folder(place: Place, project: Project) -> Path:
    """Where the matcher is; the index of its fragments lies there, or in `beats` where they are in counts."""
    return place.results / "matcher" / f"{fragment_s_of(project)}s"


def library_of(place: Place) -> Library | None:
    """The fragments, with what it costs to paint them; None where there is no database yet."""
    table = fragments_table(place, project_of(place))
    return _database(place)[1] if table.is_file() else None


def planned_dance(place: Place, song: str) -> "PlannedDance":
    """A song's plan as its clips may be exchanged. Raises ServerError before the song is planned."""
    from danceit_core.choreography.alternatives import PlannedDance  # noqa: PLC0415 (numbers, where they are needed)

    project, plan, music = project_of(place), place.plan(song), place.music(song)
    if not plan.is_file():
        raise ServerError(f"{song} has no dance yet; make its preview first")
    database, library = _database(place)
    matcher, index = _matcher(place, project, database)
    settings, edits = project.settings, [edit for edit in project.edits if edit.song == song]

    def read() -> PlannedDance:
        return PlannedDance(
            read_plan(plan),
            read_music_table(music),
            library,
            matcher=matcher,
            index=index,
            settings=retrieval_of(project),
            beat_kind=settings["temporal_alignment"]["beat_kind"],
            styles=styles_of(project),
            edits=edits,
        )

    # A library or matcher that was read anew is another object.
    return _PLANS.of((place.results, song), [plan, music], read, also=(id(library), id(matcher), repr(edits)))


def retrieval_of(project: Project) -> Any:
    """The settings of retrieval; a clip is exchanged by the path's costs, whatever chose the others."""
    from danceit_core.config import RetrievalSettings  # noqa: PLC0415

    return RetrievalSettings(**{**project.settings["retrieval"], "variant": "path"})


def _database(place: Place) -> tuple[Database, Library]:
    project = project_of(place)
    table = fragments_table(place, project)
    weight = project.settings["retrieval"]["paintable_weight"]
    costs = [place.results / "paintable" / f"{person}.parquet" for person in project.targets.index if weight]
    costs = [path for path in costs if path.is_file()]

    def read() -> tuple[Database, Library]:
        database = read_database(table, columns=COLUMNS)
        painting = FrameCosts.of(database.frames, [read_costs(path) for path in costs])
        return database, Library.of(database, painting=painting)

    files = [table, table.with_name("dances.parquet"), *costs]
    return _LIBRARIES.of(table, files, read)


def _matcher(place: Place, project: Project, database: Database) -> "tuple[Matcher | None, FragmentIndex]":
    folder = matcher_folder(place, project)
    weights = folder / "matcher.pt"
    about = folder / "beats" / "index.json" if in_counts(project) else folder / "index.json"

    def read() -> "tuple[Matcher | None, FragmentIndex]":
        import torch  # noqa: PLC0415 (seconds, which other pages need not wait for)

        from danceit_core.matcher.index import read_index  # noqa: PLC0415
        from danceit_core.matcher.model import load_matcher  # noqa: PLC0415

        return load_matcher(weights, device=torch.device("cpu")), read_index(about, database=database)

    return _MATCHERS.of(folder, [weights, about], read, also=id(database))
