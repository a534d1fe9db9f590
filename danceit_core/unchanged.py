"""Inputs that must stay as they are while a job reads them.

Snakemake goes by the times of files: that a source was replaced while it was read it would never learn, as the result
is younger than both.
"""

from collections.abc import Iterable
from pathlib import Path

State = tuple[int, int, int]


class Inputs:
    """The files of a job, as they were when it began."""

    def __init__(self, paths: Iterable[str]) -> None:
        self._before = {path: _state(path) for path in map(str, paths)}

    def changed(self) -> list[str]:
        """Those that are no longer the same file, or not of the same size or time, in their order."""
        return [path for path, before in self._before.items() if _state(path) != before]


def _state(path: str) -> State | None:
    """Which file it is, its size and its time; None where there is none."""
    try:
        found = Path(path).stat()
    except OSError:
        return None
    return found.st_ino, found.st_size, found.st_mtime_ns
