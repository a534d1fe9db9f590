"""Check that a job's inputs do not change while it reads them.

Snakemake compares the times of files. It would not notice that a source was replaced while it was read, as the result
is newer than both versions.
"""

from collections.abc import Iterable
from pathlib import Path

State = tuple[int, int, int]


class Inputs:
    """The state of a job's files when it began."""

    def __init__(self, paths: Iterable[str]) -> None:
        self._before = {path: _state(path) for path in map(str, paths)}

    def changed(self) -> list[str]:
        """The files that were replaced or whose size or time has changed, in their order."""
        return [path for path, before in self._before.items() if _state(path) != before]


def _state(path: str) -> State | None:
    """A file's identity, size and time; None if there is no such file."""
    try:
        found = Path(path).stat()
    except OSError:
        return None
    return found.st_ino, found.st_size, found.st_mtime_ns
