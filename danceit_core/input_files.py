"""Check the files that the tables name: each must exist, be readable, have a name that Snakemake accepts, and not be
dated in the future.

`is_stray` recognises the files that operating systems leave in every folder that they show or copy.
"""

import os
import re
import stat
import time
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path, PurePath

import pandas as pd

from danceit_core.errors import ConfigError
from danceit_core.media.photograph_kind import is_photograph

# Files that the demo's rules make.
DEMO_FILES = re.compile(r"(dancer_[1-4]|target)\.mp4|song\.flac")

# Names that macOS and Windows put into folders and archives, in lower case. Hidden files begin with a dot (`._a.json`),
# and lock files of office programs with ~$.
STRAY_NAMES = {
    "thumbs.db", "ehthumbs.db", "desktop.ini", "icon\r", "__macosx", "$recycle.bin", "system volume information",
    "@eadir",
}  # fmt: skip


def is_stray(name: str) -> bool:
    """True for files that an operating system left beside the user's: hidden files, Thumbs.db, all in __MACOSX.

    name: the name of a file, or its path inside a folder or an archive, with / or \\ between its parts.
    """
    parts = PurePath(name.replace("\\", "/")).parts
    return any((part.startswith((".", "~$")) and part != "..") or part.lower() in STRAY_NAMES for part in parts)


def is_text(name: str) -> bool:
    """False for a name that is not UTF-8: Python represents its undecodable bytes as lone surrogates."""
    return not any("\ud800" <= mark <= "\udfff" for mark in name)


def check_files(table: pd.DataFrame, *, table_path: str, made_in: str) -> None:
    """Raise ConfigError for a path of the table that is not a file, unless the workflow makes it (folder `made_in`)."""
    for row_id, row in table.iterrows():
        if not any(row.get(column) for column in ("path", "keypoints")):
            raise ConfigError(f"{table_path}: {row_id!r} has neither a path nor keypoints; give one of them")
        if row.get("camera") and not str(row.get("keypoints")).lower().endswith(".pkl"):
            raise ConfigError(f"{table_path}: {row_id!r} has a camera but no AIST++ annotation (.pkl); empty that cell")
        if row.get("rotate") and row.get("keypoints"):
            raise ConfigError(f"{table_path}: {row_id!r} has keypoints; rotate applies to videos only: empty that cell")
        if row.get("audio_track") and not any(row.get(column) for column in ("path", "audio")):
            raise ConfigError(f"{table_path}: {row_id!r} has an audio_track but no file with sound; empty that cell")
        if bool(row.get("width")) != bool(row.get("height")):
            raise ConfigError(f"{table_path}: {row_id!r} has only one of width and height; fill in both or none")
        for column in ("path", "audio", "keypoints", "beats"):
            path = str(row.get(column) or "")
            made = Path(os.path.normpath(path)).is_relative_to(made_in) and DEMO_FILES.fullmatch(Path(path).name)
            if not path or made:
                continue
            if fault := fault_of(path, folder_too=column == "keypoints"):
                raise ConfigError(f"{table_path}: {row_id!r}: {fault}: {path!r}; correct column {column!r}")
            if (dated_s := Path(path).stat().st_mtime) > time.time():
                # Snakemake compares the times of files and rejects a result that is older than its source.
                date = f"{datetime.fromtimestamp(dated_s):%F %T}"
                raise ConfigError(
                    f"{table_path}: {row_id!r}: {path!r} is dated in the future ({date}); set this machine's clock, or "
                    "touch the file"
                )


def photographs_in(targets: pd.DataFrame) -> list[str]:
    """The IDs of the targets whose file is one photograph, not a video."""
    return [target for target in map(str, targets.index) if is_photograph(str(targets.at[target, "path"]))]


def check_photographs(targets: pd.DataFrame, *, table_path: str, group: Sequence[str], config_files: str) -> None:
    """Raise ConfigError where a photograph has a start or end time, or is a member of a group."""
    for target in photographs_in(targets):
        for column in ("start_s", "end_s"):
            if cell := str(targets.at[target, column]):
                raise ConfigError(
                    f"{table_path}: column {column} of {target!r} is {cell}, but its path is a photograph; empty it"
                )
        if target in group:
            raise ConfigError(
                f"{config_files}: group.members: {target!r} is a photograph, but each dancer of a group needs a "
                "trained painter; list targets with a video only"
            )


def fault_of(path: str, *, folder_too: bool) -> str:
    """What is wrong with a path that should be a file (or a folder); empty if nothing is."""
    if fault := _name_fault(path):
        return fault
    try:
        mode = Path(path).stat().st_mode
    except FileNotFoundError:
        return "a link to a missing file" if Path(path).is_symlink() else "no such file"
    except (OSError, ValueError) as error:
        return f"no such file ({getattr(error, 'strerror', None) or error})"
    if stat.S_ISDIR(mode) and not folder_too:
        return "a folder, not a file"
    if not (stat.S_ISDIR(mode) or stat.S_ISREG(mode)):
        return "a device or pipe, not a file"
    return "" if os.access(path, os.R_OK) else "not readable"


def _name_fault(path: str) -> str:
    if "{" in path or "}" in path:
        return "snakemake reads braces in a name as a wildcard; rename the file"
    return "" if is_text(path) else "its name is not UTF-8 text; rename the file"
