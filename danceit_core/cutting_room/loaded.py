"""A project's checked tables as they stand now, read again only when one of the files has changed."""

import threading
from dataclasses import dataclass, field, replace
from pathlib import Path

from danceit_core.errors import DanceItError
from danceit_core.inputs import Project
from danceit_core.place import Place

# What tells that a file was written: its time of writing, its size and its number; None where there is none.
Stamp = tuple[int, int, int] | None


@dataclass
class _Kept:
    """The last reading of a project: the files' stamps, and what came of it."""

    stamps: tuple[Stamp, ...] = ()
    result: Project | DanceItError | None = None
    lock: threading.Lock = field(default_factory=threading.Lock)


_KEPT: dict[tuple[Path, Path | None, Path], _Kept] = {}
NO_EDITS = Path("no table of edits")
_LOCK = threading.Lock()


def project_of(place: Place) -> Project:
    """`Place.load`, kept until a table changes. Safe to call from several threads. Raises ConfigError as it does."""
    with _LOCK:
        kept = _KEPT.setdefault((place.workflow, place.config_file, place.tables["edits"]), _Kept())
    with kept.lock:
        stamps = tuple(stamp(path) for path in place.tables.values())
        if kept.result is None or kept.stamps != stamps:
            kept.stamps = stamps
            try:
                kept.result = place.load()
            except DanceItError as error:
                kept.result = error
        if isinstance(kept.result, DanceItError):
            raise type(kept.result)(str(kept.result))
        return kept.result


def tables_of(place: Place) -> Project:
    """As `project_of`, but without edits: what is wrong with their table, which pages change, does not matter here."""
    values = {key: value for key, value in place.values.items() if key != "edits"}
    return project_of(replace(place, values=values, tables={**place.tables, "edits": place.results / NO_EDITS}))


def stamp(path: Path) -> Stamp:
    """What changes when a file is written."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino


def styles_of(project: Project) -> dict[str, str]:
    """The style of each dance video, "" for none: what `read_edits` takes."""
    return {str(video): str(style) for video, style in project.videos["style"].items()}


def fragment_s_of(project: Project) -> str:
    """The length of fragments in seconds, as file names have it."""
    return f"{project.settings['retrieval']['fragment_s']:g}"


def in_counts(project: Project) -> bool:
    """Whether the dances are made of fragments in counts of the music (workflow/rules/common.smk says the same)."""
    return project.settings["fragments"]["unit"] == "beats" and project.settings["retrieval"]["variant"] != "argmin"
