"""Atomic files, complete or absent: written to a hidden file beside their place and moved there when finished.

The hidden file belongs to one process, so a job left running by a killed snakemake cannot damage what the next run
writes. The leftovers of a killed process are removed by the next process that writes the same file.
"""

import contextlib
import filecmp
import glob
import json
import os
import socket
import zlib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any


@contextlib.contextmanager
def whole_file(path: str | Path) -> Iterator[Path]:
    """Yield a hidden path beside `path` to write to; on success it becomes `path`, on any error it is removed."""
    path, partial = Path(path), partial_file(path)
    try:
        yield partial
        put_in_place(partial, path)
    finally:
        partial.unlink(missing_ok=True)


def put_in_place(partial: Path, path: Path) -> None:
    """Move a finished partial file to `path`; a file with the same content that is already there stays.

    Such a file exists when a rule left running by a killed snakemake ends before or after the same rule of the next
    run. A job that reads the file meanwhile must not see it change.
    """
    if path.is_file() and filecmp.cmp(partial, path, shallow=False):
        partial.unlink()
    else:
        partial.replace(path)


def partial_file(path: str | Path) -> Path:
    """The hidden path beside `path` for this process; creates the folder and removes leftovers of dead processes."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    # A process number is unique on one machine only; several machines may share a folder.
    machine = f"{zlib.crc32(socket.gethostname().encode()):08x}"
    for left in path.parent.glob(f".{glob.escape(path.name)}.{machine}-*.part"):
        if not is_alive(int(left.name.removesuffix(".part").rpartition("-")[2])):
            left.unlink(missing_ok=True)
    return path.with_name(f".{path.name}.{machine}-{os.getpid()}.part")


def is_alive(process: int) -> bool:
    """Whether there is a process of that number."""
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def write_text(path: str | Path, text: str) -> None:
    """Write a UTF-8 text file."""
    with whole_file(path) as partial:
        partial.write_text(text, encoding="utf-8")


def write_history(path: str | Path, history: Iterable[Mapping[str, Any]]) -> None:
    """Write one JSON object per line: the history of a training."""
    write_text(path, "".join(json.dumps(entry) + "\n" for entry in history))
