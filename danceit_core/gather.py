"""Collect the files that a user names for a table, one by one or by folder, and report those that cannot be used.

Files that an operating system left in a folder (`is_stray`) are skipped. Folders inside a folder are not read but are
reported: they may hold rejected files, or the results of a run.
"""

import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path

from danceit_core.errors import MediaError
from danceit_core.input_files import fault_of, is_stray

UNFINISHED = {".part", ".crdownload", ".download", ".partial", ".!ut", ".opdownload"}
# Up to MOST_LINES files that cannot be used for the same reason get a line each; more share one line with MOST_NAMES.
MOST_LINES, MOST_NAMES = 5, 3

Look = Callable[[Path], str]


@dataclass
class Gathered:
    """Usable files, by `place_of`, in the order in which they were named, and lines about what was left out."""

    files: list[Path] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)


def gather(named: Iterable[Path], *, fault: Look, what: str) -> Gathered:
    """Check each named file, and the files of each named folder.

    fault: returns why a file cannot be used. what: what a file must hold, for messages. Raises MediaError for a file
    that was named directly and cannot be used, OSError for a folder that cannot be read.
    """
    gathered = Gathered()
    for path in map(place_of, named):
        if path.is_dir():
            _read_folder(path, gathered, fault=fault, what=what)
        elif found := _fault(path, fault):
            raise MediaError(f"{path}: {found}; name a file with {what}, or a folder of such files")
        else:
            gathered.files.append(path)
    return gathered


def place_of(path: Path) -> Path:
    """A path without `..` and without links to folders. A link to a file keeps its own name, which becomes the ID."""
    path = path.absolute()
    return Path(os.path.realpath(path)) if path.is_dir() else Path(os.path.realpath(path.parent), path.name)


def _read_folder(folder: Path, gathered: Gathered, *, fault: Look, what: str) -> None:
    entries = sorted(entry for entry in folder.iterdir() if not is_stray(entry.name))
    faults = []
    for file in entries:
        if not file.is_dir():
            if found := _fault(file, fault):
                faults.append((found, file))
            else:
                gathered.files.append(file)
    for found, group in groupby(sorted(faults), key=lambda pair: pair[0]):
        files = [file for _, file in group]
        if len(files) > MOST_LINES:
            gathered.left_out.append(f"left out: {len(files)} files of {folder} ({found}): {_names(files)}")
        else:
            gathered.left_out += [f"left out: {file} ({found})" for file in files]
    if inner := [entry for entry in entries if entry.is_dir()]:
        gathered.left_out.append(
            f"not read: {len(inner)} folders inside {folder}: {_names(inner)}; name them as well if they hold {what}"
        )


def _names(paths: list[Path]) -> str:
    """The names of the first few."""
    return ", ".join(path.name for path in paths[:MOST_NAMES]) + (", ..." if len(paths) > MOST_NAMES else "")


def _fault(path: Path, look: Look) -> str:
    """Why a file cannot be listed in a table; empty if it can."""
    if fault := fault_of(str(path), folder_too=False):
        return fault
    if path.suffix.lower() in UNFINISHED:
        return "an incomplete download"
    if str(path) != str(path).strip():
        return "its name ends with white space, which a table drops; rename the file"
    return look(path)
