"""Begin a project of one's own: python -m danceit_core.new_project FOLDER --videos ... --songs ... --persons ...

Writes into FOLDER the three tables and the configuration that can as well be written by hand (config/README.md). What
stands there stays as it is: called again it adds what is new, so that a folder of dances may grow.
"""

import argparse
import csv
import io
import itertools
import sys
import unicodedata
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from danceit_core.choreography.edits import COLUMNS
from danceit_core.errors import ConfigError, DanceItError, MediaError
from danceit_core.files import write_text
from danceit_core.input_files import fault_of
from danceit_core.inputs import RESERVED, TAKEN
from danceit_core.media.container import open_media, picture_stream, sound_stream
from danceit_core.tsv import read_cells

ID_LENGTH = 60
CONFIG = "# What stands here replaces the defaults of config/config.yaml, which lists every key.\n"


@dataclass(frozen=True)
class Kind:
    """A table: the option that fills it, its columns (the first: the ID), and how to tell a file that belongs there."""

    option: str
    columns: tuple[str, ...]
    stream: Callable[[Any], Any]
    what: str


KINDS = {
    "videos": Kind("videos", ("video", "path"), picture_stream, "video"),
    "songs": Kind("songs", ("song", "path"), sound_stream, "sound"),
    "targets": Kind("persons", ("target", "path", "consent"), picture_stream, "video"),
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
        line, row = io.StringIO(), {"path": str(file), **cells}
        csv.writer(line, delimiter="\t", lineterminator="\n").writerow([row.get(name, "") for name in self.header])
        self.added.append(line.getvalue())
        self.rows.append(row)


def parse_arguments(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        prog="python -m danceit_core.new_project", description="Begin a project of your own, or add to one."
    )
    parser.add_argument("folder", type=Path, help="where its tables and its configuration go")
    several: dict[str, Any] = {"nargs": "+", "type": Path, "default": [], "metavar": "PATH"}
    parser.add_argument("--videos", help="dance videos, or folders of them", **several)
    parser.add_argument("--songs", help="songs to dance to, or folders of them", **several)
    parser.add_argument("--persons", help="videos of the persons who shall dance", **several)
    parser.add_argument("--consent", action="store_true", help="all these persons agreed to be shown dancing")
    return parser.parse_args(arguments)


def new_project(
    folder: Path, *, videos: Iterable[Path], songs: Iterable[Path], persons: Iterable[Path], consent: bool
) -> list[str]:
    """Write or extend the tables and the configuration in `folder`; what was done, in lines to be shown.

    Raises ConfigError for a table that is at fault, or would stay empty, and MediaError for a file that was named and
    holds no picture or sound; nothing is written then.
    """
    paths = {"videos": videos, "songs": songs, "targets": persons}
    tables = {name: _open_table(folder / f"{name}.tsv", kind) for name, kind in KINDS.items()}
    taken = RESERVED | TAKEN
    for name, table in tables.items():
        taken |= {row[KINDS[name].columns[0]].casefold() for row in table.rows}
    report = []
    for name, kind in KINDS.items():
        table, key = tables[name], kind.columns[0]
        listed = {Path(row["path"]).absolute() for row in table.rows if row["path"]}
        for file, fault in (found for path in paths[name] for found in _files_in(path.absolute(), kind)):
            if fault:
                report.append(f"left out: {file} ({fault})")
            elif file not in listed:
                row_id = make_id(file.stem, taken, otherwise=key)
                taken.add(row_id.casefold())
                listed.add(file)
                table.add(file, **{key: row_id, "consent": "yes" if consent else ""})
        if not table.rows:
            raise ConfigError(f"{folder} has no {key} yet; name one with --{kind.option} PATH")
    for table in tables.values():
        write_text(table.path, "".join([table.text, *table.added]))
        report.append(f"{table.path}: {len(table.rows)}, {len(table.added)} of them new")
    _write_rest(folder)
    for row in tables["targets"].rows:
        if not row.get("consent"):
            report.append(f"then: write yes into the column consent of {folder}/targets.tsv if {row['target']} agrees")
    return [*report, f"then: snakemake --configfile {folder / 'config.yaml'}"]


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
    rows = [
        dict.fromkeys(header, "") | dict(zip(header, map(str.strip, cells), strict=False)) for _, cells in lines[1:]
    ]
    text = path.read_text(encoding="utf-8-sig")
    return Table(path, text if text.endswith("\n") else f"{text}\n", header, rows)


def _files_in(path: Path, kind: Kind) -> Iterator[tuple[Path, str]]:
    """The files of a folder, or the file itself, each with what is wrong with it. A file that was named must serve."""
    if path.is_dir():
        for file in sorted(path.iterdir()):
            if file.is_file() and not file.name.startswith("."):
                yield file, _fault(file, kind)
    else:
        if fault := _fault(path, kind):
            raise MediaError(f"{path}: {fault}; name a file that holds {kind.what}, or a folder of such files")
        yield path, ""


def _fault(path: Path, kind: Kind) -> str:
    """Why a file cannot stand in a table of this kind; empty if it can. A picture is no video."""
    if fault := fault_of(str(path), folder_too=False):
        return fault
    try:
        with open_media(path) as container:
            still = "image2" in container.format.name or container.format.name.endswith("_pipe")
            return "" if not still and kind.stream(container) is not None else f"no {kind.what}"
    except MediaError:
        return f"no {kind.what}"


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
    try:
        print(*new_project(**vars(parse_arguments())), sep="\n")
    except (DanceItError, OSError) as error:
        sys.exit("error: " + " ".join(str(error).split()))


if __name__ == "__main__":
    main()
