"""Files that are there whole or not at all: written beside their place and moved there when finished.

The hidden file that is written to belongs to one process: whoever was left running by a killed snakemake cannot spoil
what the next run writes. What a process that was killed has left is removed by the next one that writes the same file.
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
    """Let a finished partial file become `path`; one of the same content that stands there already stays.

    The other is there when a rule that a killed snakemake left running ends after, or before, the one that was started
    anew: what reads it meanwhile must not see it change.
    """
    if path.is_file() and filecmp.cmp(partial, path, shallow=False):
        partial.unlink()
    else:
        partial.replace(path)


def partial_file(path: str | Path) -> Path:
    """The hidden path beside `path` that this process may write to, its folder made, leftovers of dead ones removed."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    # Processes are numbered by their machine; a folder may be shared by many.
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
    """Write one JSON object a line: the history of a training."""
    write_text(path, "".join(json.dumps(entry) + "\n" for entry in history))
