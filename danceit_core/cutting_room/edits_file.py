"""Changing the table of edits, some lines at a time; comments and other lines stay as they are."""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path

from danceit_core.choreography.edits import COLUMNS, Edit, read_edits
from danceit_core.cutting_room.lines import Line, locked, make_line, read_lines, token_of, write_lines
from danceit_core.errors import ConfigError, ServerError

# Times are written with nine digits.
SAME = 1e-8


class ChangedError(ServerError):
    """The table is not as the token says: somebody changed it meanwhile, and nothing was written."""


class EditsFile:
    """A table of edits that is whole and valid at any moment. songs, styles: as `read_edits` takes them."""

    def __init__(self, path: str | Path, *, songs: Sequence[str], styles: Mapping[str, str]) -> None:
        self.path, self._songs, self._styles = Path(path), songs, styles

    def read(self) -> list[Edit]:
        """The edits; none where there is no table yet. Raises ConfigError for a table that is at fault."""
        return self._check(self.path) if self.path.exists() else []

    def state(self) -> tuple[str, list[Edit]]:
        """The token of the table and its edits, of one and the same state. Raises ConfigError as `read`."""
        while True:
            token = token_of(self.path)
            edits = self.read()
            if token_of(self.path) == token:
                return token, edits

    def change(self, *, add: Sequence[Edit] = (), remove: Sequence[Edit] = (), token: str | None = None) -> str:
        """Take lines out, the last ones of these edits, and put others at the end; all of it or nothing. The new token.

        token: of the state that is to be changed, None: of any. Raises ChangedError where the table is in another one,
        ServerError where it has no such line, and ConfigError when an edit or the table is at fault.
        """
        with locked(self.path):
            table = read_lines(self.path)
            if token is not None and token != table.token:
                raise ChangedError(f"{self.path} was changed meanwhile; nothing was written: look at it and try again")
            self.read()
            lines = list(table.lines) or [make_line(COLUMNS, end=table.line_end)]
            for edit in remove:
                del lines[self._last(lines, edit)]
            lines += [make_line(_cells(edit), end=table.line_end) for edit in add]
            return write_lines(self.path, lines, like=table, check=self._check)

    def _last(self, lines: Sequence[Line], edit: Edit) -> int:
        """The number of the last line of an edit."""
        for number in reversed(range(len(lines))):
            if _is_same(lines[number], edit):
                return number
        raise ServerError(f"{self.path} has no such line (any more); load the page again")

    def _check(self, path: Path) -> list[Edit]:
        return read_edits(path, songs=self._songs, styles=self._styles)


def _cells(edit: Edit) -> tuple[str, ...]:
    cells = (edit.song, f"{edit.start_s:.9g}", f"{edit.end_s:.9g}", edit.action, edit.value)
    if any(mark in "".join(cells) for mark in '\t\r\n"'):
        raise ConfigError(f"a cell of {edit.action} holds a tab, line end or quotation mark; leave it out")
    return cells


def _is_same(line: Line, edit: Edit) -> bool:
    cells = line.cells
    if len(cells) != len(COLUMNS) or (cells[0], *cells[3:]) != (edit.song, edit.action, edit.value):
        return False
    try:
        times = zip((float(cells[1]), float(cells[2])), (edit.start_s, edit.end_s), strict=True)
    except ValueError:
        return False
    return all(math.isclose(there, asked, rel_tol=SAME, abs_tol=SAME) for there, asked in times)
