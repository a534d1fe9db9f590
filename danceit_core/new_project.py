"""A project in a folder of its own: three tables and a configuration, created and added to (`danceit new`).

The same files can be written by hand (config/README.md). What is there stays as it is: called again, the functions add
what is new, so that a folder of dances may grow. Paths are written absolute.
"""

import csv
import io
import itertools
import shlex
import unicodedata
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import yaml

from danceit_core.choreography.edits import COLUMNS
from danceit_core.errors import ConfigError
from danceit_core.files import write_text
from danceit_core.folders import check_folder
from danceit_core.gather import gather, place_of
from danceit_core.input_tables import RESERVED, TAKEN
from danceit_core.media.suitable import fault_of_person, fault_of_song, fault_of_video
from danceit_core.place import CONFIG
from danceit_core.tsv import read_cells, read_table_text

ID_LENGTH = 60
# Each person has a painter of their own, trained for hours: more at once are mostly a folder of something else.
MOST_PERSONS = 10
# Of the lines on what was left out, those that an error holds.
MOST_REASONS = 3
ABOUT_CONFIG = "# What stands here replaces the defaults of config/config.yaml, which lists every key.\n"
# Written into results' file names, which Snakemake reads as patterns.
NOT_IN_FOLDERS = "{}<>" + "".join(map(chr, range(32)))


@dataclass(frozen=True)
class Kind:
    """A table: the option that fills it, its columns (the first: the ID), and why a file does not belong there."""

    option: str
    columns: tuple[str, ...]
    fault: Callable[[Path], str]
    what: str


KINDS = {
    "videos": Kind("videos", ("video", "path"), fault_of_video, "video"),
    "songs": Kind("songs", ("song", "path"), fault_of_song, "sound"),
    "targets": Kind("persons", ("target", "path", "consent"), fault_of_person, "video"),
}


@dataclass
class Table:
    """A table in the making: the text that stands there, its header and its rows, and lines to be added."""

    path: Path
    text: str
    header: Sequence[str]
    rows: list[dict[str, str]]
    added: list[str] = field(default_factory=list)

    def add(self, file: Path, **cells: str) -> None:
        """One line more."""
        line, row = io.StringIO(newline=""), {"path": str(file), **cells}
        # A cell that holds a character of the line end is quoted.
        writer = csv.writer(line, delimiter="\t", lineterminator="\r\n")
        writer.writerow([row.get(name, "") for name in self.header])
        self.added.append(line.getvalue().removesuffix("\r\n") + _line_end(self.text))
        self.rows.append(row)

    def files(self) -> set[Path]:
        """The files that it lists, by `place_of`."""
        return {place_of(Path(row["path"])) for row in self.rows if row["path"]}


def new_project(
    folder: Path,
    *,
    videos: Iterable[Path] = (),
    songs: Iterable[Path] = (),
    persons: Iterable[Path] = (),
    consent: bool = False,
) -> list[str]:
    """Create a project in `folder`, or add files to the one there; what was done, in printable lines.

    Without any files the tables of a new project hold only their headers. With files a new project must be complete:
    at least one video, one song and one person. Raises what `create_project` and `add_files` raise; then nothing is
    written.
    """
    given = {"videos": list(videos), "songs": list(songs), "persons": list(persons)}
    folder = _checked(folder)
    if not any(given.values()):
        create_project(folder)
        return [*map(printable, [f"{folder}: ready; no file was added", *_missing(folder, _open_tables(folder))])]
    return add_files(folder, **given, consent=consent, complete=not (folder / CONFIG).exists())


def create_project(folder: Path) -> Path:
    """Write a project without files: tables with only their headers, and the configuration. What is there stays.

    Returns the folder as an absolute path. Raises ConfigError for a folder whose name results cannot have.
    """
    folder = _checked(folder)
    for table in _open_tables(folder).values():
        if not table.path.exists():
            write_text(table.path, table.text)
    if not (folder / "edits.tsv").exists():
        write_text(folder / "edits.tsv", "\t".join(COLUMNS) + "\n")
    if not (folder / CONFIG).exists():
        values = {name: str(folder / f"{name}.tsv") for name in (*KINDS, "edits")}
        values["results"] = str(folder / "results")
        write_text(folder / CONFIG, ABOUT_CONFIG + yaml.safe_dump(values, sort_keys=False, allow_unicode=True))
    return folder


def add_files(
    folder: Path,
    *,
    videos: Iterable[Path] = (),
    songs: Iterable[Path] = (),
    persons: Iterable[Path] = (),
    consent: bool = False,
    complete: bool = False,
) -> list[str]:
    """Add files to the tables of a project, which is created if there is none; what was done, in printable lines.

    consent: all these persons agreed to be shown dancing. complete: no table may stay empty. Raises ConfigError for a
    table that is at fault or that would stay empty although files were named for it, and for a file that is given as
    a dance and as a person; MediaError for a file that was named and holds no picture or sound. Then nothing is
    written.
    """
    folder = _checked(folder)
    paths = {"videos": list(videos), "songs": list(songs), "targets": list(persons)}
    tables = _open_tables(folder)
    given = {name: gather(paths[name], fault=kind.fault, what=kind.what) for name, kind in KINDS.items()}
    _check_persons(tables, dances=given["videos"].files, persons=given["targets"].files)
    taken = RESERVED | TAKEN
    for name, table in tables.items():
        taken |= {row[KINDS[name].columns[0]].casefold() for row in table.rows}
    for name, kind in KINDS.items():
        table, key, listed = tables[name], kind.columns[0], tables[name].files()
        for file in given[name].files:
            if file not in listed:
                row_id = make_id(file.stem, taken, otherwise=key)
                taken.add(row_id.casefold())
                listed.add(file)
                table.add(file, **{key: row_id, "consent": "yes" if consent else ""})
        if not table.rows and (complete or paths[name]):
            about = "; ".join(given[name].left_out[:MOST_REASONS])
            raise ConfigError(
                f"{folder} has no {key} yet; name one with --{kind.option} PATH" + (about and f" ({about})")
            )
    create_project(folder)
    report = [line for gathered in given.values() for line in gathered.left_out]
    for table in tables.values():
        write_text(table.path, "".join([table.text, *table.added]))
        report.append(f"{table.path}: {len(table.rows)}, {len(table.added)} of them new")
    for row in tables["targets"].rows:
        if not row.get("consent"):
            report.append(f"then: write yes into the column consent of {folder}/targets.tsv if {row['target']} agrees")
    return [*map(printable, [*report, *_missing(folder, tables)])]


def _missing(folder: Path, tables: Mapping[str, Table]) -> list[str]:
    """What to do next: add what is missing, or make the dance."""
    name = shlex.quote(str(folder))
    empty = [kind for table, kind in KINDS.items() if not tables[table].rows]
    if not empty:
        return [f"then: danceit make {name}"]
    return [
        f"then: danceit new {name} {' '.join(f'--{kind.option} PATH' for kind in empty)}",
        f"or add files in the browser: danceit open {name}",
    ]


def _checked(folder: Path) -> Path:
    """The folder as an absolute path. Raises ConfigError for a name that results cannot have."""
    folder = folder.resolve()
    check_folder(folder, what="the folder of the project", refused=NOT_IN_FOLDERS)
    return folder


def _open_tables(folder: Path) -> dict[str, Table]:
    """The tables of a project; one that is missing holds only its header."""
    return {name: _open_table(folder / f"{name}.tsv", kind) for name, kind in KINDS.items()}


def printable(line: str) -> str:
    """A line with escapes for what a terminal would obey, hide or turn round, or could not show: a name may hold it."""
    return "".join(mark if mark.isprintable() else mark.encode("unicode_escape").decode() for mark in line)


def make_id(name: str, taken: Collection[str], *, otherwise: str) -> str:
    """An ID like a file's name: letters, digits, - and _; numbered where it is `taken` (casefolded)."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    words = "".join(mark if mark.isalnum() or mark in "-_" else " " for mark in plain).split()
    stem = "_".join(words).lstrip("-_")[:ID_LENGTH] or otherwise
    numbered = (f"{stem}_{number}" for number in itertools.count(2))
    return next(row_id for row_id in itertools.chain([stem], numbered) if row_id.casefold() not in taken)


def _open_table(path: Path, kind: Kind) -> Table:
    """The table that stands there, or one of nothing but a header."""
    if not path.exists():
        return Table(path, "\t".join(kind.columns) + "\n", kind.columns, [])
    lines = read_cells(path, remedy="create it") or [(0, [])]
    header = lines[0][1]
    if missing := [name for name in kind.columns if name not in header]:
        raise ConfigError(f"{path}: column {missing[0]!r} is missing; the columns are separated by tabs")
    rows = [dict.fromkeys(header, "") | dict(zip(header, cells, strict=False)) for _, cells in lines[1:]]
    text = read_table_text(path, remedy="create it")
    return Table(path, text if text.endswith(("\n", "\r")) else text + _line_end(text), header, rows)


def _line_end(text: str) -> str:
    """How the lines of a table end, on the system where it was saved."""
    return next((end for end in ("\r\n", "\n", "\r") if end in text), "\n")


def _check_persons(tables: Mapping[str, Table], *, dances: Sequence[Path], persons: Sequence[Path]) -> None:
    """Raise ConfigError for a new file that is a dance and a person, and for too many new persons."""
    known = tables["targets"].files()
    both = set(dances) & (known | set(persons)) | set(persons) & tables["videos"].files()
    if both:
        raise ConfigError(
            f"{min(both)} is given as a dance and as a person; --persons takes the videos of the persons who shall "
            "dance, which are no dances to learn from: name it once, or move it out of the folder"
        )
    if len(new := set(persons) - known) > MOST_PERSONS:
        raise ConfigError(
            f"--persons holds {len(new)} new videos (the first: {min(new)}), and a painter is trained for each, for "
            f"hours; name up to {MOST_PERSONS} at a time. Dances to learn from go to --videos"
        )
