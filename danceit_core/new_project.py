"""Begin a project of one's own: python -m danceit_core.new_project FOLDER --videos ... --songs ... --persons ...

Writes into FOLDER the three tables and the configuration that can as well be written by hand (config/README.md). What
stands there stays as it is: called again it adds what is new, so that a folder of dances may grow.
"""

import argparse
import csv
import io
import itertools
import shlex
import sys
import unicodedata
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from danceit_core.choreography.edits import COLUMNS
from danceit_core.errors import ConfigError, DanceItError
from danceit_core.files import write_text
from danceit_core.folders import check_folder
from danceit_core.gather import gather, place_of
from danceit_core.input_tables import RESERVED, TAKEN
from danceit_core.media.suitable import fault_of_person, fault_of_song, fault_of_video
from danceit_core.tsv import read_cells, read_table_text

ID_LENGTH = 60
# Each person has a painter of their own, trained for hours: more at once are mostly a folder of something else.
MOST_PERSONS = 10
# Of the lines on what was left out, those that an error holds.
MOST_REASONS = 3
CONFIG = "# What stands here replaces the defaults of config/config.yaml, which lists every key.\n"
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


def parse_arguments(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        prog="python -m danceit_core.new_project", description="Begin a project of your own, or add to one."
    )
    parser.add_argument("folder", type=Path, help="where its tables and its configuration go")
    several: dict[str, Any] = {"nargs": "+", "type": Path, "default": [], "metavar": "PATH"}
    parser.add_argument("--videos", help="dance videos, or folders of them", **several)
    parser.add_argument("--songs", help="songs to dance to, or folders of them", **several)
    parser.add_argument("--persons", help="videos or photographs of the persons who shall dance", **several)
    parser.add_argument("--consent", action="store_true", help="all these persons agreed to be shown dancing")
    return parser.parse_args(arguments)


def new_project(
    folder: Path, *, videos: Iterable[Path], songs: Iterable[Path], persons: Iterable[Path], consent: bool
) -> list[str]:
    """Write or extend the tables and the configuration in `folder`; what was done, in printable lines to be shown.

    Raises ConfigError for a table that is at fault, or would stay empty, for a folder whose name results cannot have,
    and for a file that is given as a dance and as a person; MediaError for a file that was named and holds no picture
    or sound. Nothing is written then.
    """
    if ".." in folder.parts:
        folder = folder.resolve()
    check_folder(folder, what="the folder of the project", refused=NOT_IN_FOLDERS)
    paths = {"videos": videos, "songs": songs, "targets": persons}
    tables = {name: _open_table(folder / f"{name}.tsv", kind) for name, kind in KINDS.items()}
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
        if not table.rows:
            about = "; ".join(given[name].left_out[:MOST_REASONS])
            raise ConfigError(
                f"{folder} has no {key} yet; name one with --{kind.option} PATH" + (about and f" ({about})")
            )
    report = [line for gathered in given.values() for line in gathered.left_out]
    for table in tables.values():
        write_text(table.path, "".join([table.text, *table.added]))
        report.append(f"{table.path}: {len(table.rows)}, {len(table.added)} of them new")
    _write_rest(folder)
    for row in tables["targets"].rows:
        if not row.get("consent"):
            report.append(f"then: write yes into the column consent of {folder}/targets.tsv if {row['target']} agrees")
    return list(map(printable, [*report, f"then: snakemake --configfile {shlex.quote(str(folder / 'config.yaml'))}"]))


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


def _write_rest(folder: Path) -> None:
    """The configuration, and a table for wishes, where there are none."""
    config, edits = folder / "config.yaml", folder / "edits.tsv"
    if not edits.exists():
        write_text(edits, "\t".join(COLUMNS) + "\n")
    if not config.exists():
        values = {name: str(folder / f"{name}.tsv") for name in (*KINDS, "edits")} | {
            "results": str(folder / "results")
        }
        write_text(config, CONFIG + yaml.safe_dump(values, sort_keys=False, allow_unicode=True))


def main() -> None:
    """Entry point: a known fault, or a folder that cannot be read or written, is one line and exit status 1."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a terminal that knows no more than ASCII
    try:
        print(*new_project(**vars(parse_arguments())), sep="\n")
    except (DanceItError, OSError) as error:
        sys.exit("error: " + printable(" ".join(str(error).split())))


if __name__ == "__main__":
    main()
