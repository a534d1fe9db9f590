"""The files that a user names for a table, one by one or by their folder, and words on those that cannot serve.

What an operating system left in a folder (`is_stray`) is passed over. Folders inside a folder are not read, but named:
they may hold what was sorted out, or the results of a run.
"""

import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path

from danceit_core.errors import MediaError
from danceit_core.input_files import fault_of, is_stray

UNFINISHED = {".part", ".crdownload", ".download", ".partial", ".!ut", ".opdownload"}
# So many files of a folder that cannot serve for the same reason have a line each; of more, so many are named in one.
MOST_LINES, MOST_NAMES = 5, 3

Look = Callable[[Path], str]


@dataclass
class Gathered:
    """Files that serve, by `place_of`, in the order in which they were named, and lines on what was left out."""

    files: list[Path] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)


def gather(named: Iterable[Path], *, fault: Look, what: str) -> Gathered:
    """Look at each file that is named, and at those of each folder. fault: why a file cannot serve; what: it must hold.

    Raises MediaError for a file that was named itself and cannot serve, OSError for a folder that cannot be read.
    """
    gathered = Gathered()
    for path in map(place_of, named):
        if path.is_dir():
            _read_folder(path, gathered, fault=fault, what=what)
        elif found := _fault(path, fault):
            raise MediaError(f"{path}: {found}; name a file that holds {what}, or a folder of such files")
        else:
            gathered.files.append(path)
    return gathered


def place_of(path: Path) -> Path:
    """A path without `..` and without links to folders. A link to a file keeps its own name: the ID is made of it."""
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
    """Why a file cannot stand in a table; empty if it can."""
    if fault := fault_of(str(path), folder_too=False):
        return fault
    if path.suffix.lower() in UNFINISHED:
        return "a download that is not complete"
    if str(path) != str(path).strip():
        return "its name ends with white space, which a table does not keep; rename the file"
    return look(path)
