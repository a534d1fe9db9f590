"""Adding to the table of edits and taking from it, one line at a time; comments and other lines stay as they are."""

import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from danceit_core.choreography.edits import COLUMNS, Edit, read_edits
from danceit_core.errors import ConfigError, ServerError
from danceit_core.files import whole_file


class EditsFile:
    """A table of edits that is whole and valid at any moment. songs, styles: as `read_edits` takes them."""

    def __init__(self, path: str | Path, *, songs: Sequence[str], styles: Mapping[str, str]) -> None:
        self.path, self._songs, self._styles = Path(path), songs, styles
        self._lock = threading.Lock()

    def read(self) -> list[Edit]:
        """The edits; none where there is no table yet. Raises ConfigError for a table that is at fault."""
        return self._check(self.path) if self.path.exists() else []

    def add(self, edit: Edit) -> None:
        """Put an edit at the end. Raises ConfigError, and changes nothing, when it or the table is at fault."""
        line = _line(edit)
        self._change(lambda lines: [*lines, line])

    def remove(self, edit: Edit) -> None:
        """Take out the last line of that edit. Raises ServerError when there is none, ConfigError as `add`."""

        def without(lines: list[str]) -> list[str]:
            for number in reversed(range(len(lines))):
                if _same(lines[number], edit):
                    return lines[:number] + lines[number + 1 :]
            raise ServerError(f"{self.path} has no such line (any more); load the page again")

        self._change(without)

    def _change(self, change: Callable[[list[str]], list[str]]) -> None:
        with self._lock:
            self.read()
            text = self.path.read_text(encoding="utf-8-sig") if self.path.exists() else "\t".join(COLUMNS)
            lines = change(text.splitlines())
            with whole_file(self.path) as partial:
                partial.write_text("\n".join(lines) + "\n", encoding="utf-8")
                self._check(partial)

    def _check(self, path: Path) -> list[Edit]:
        try:
            return read_edits(path, songs=self._songs, styles=self._styles)
        except ConfigError as error:
            raise ConfigError(str(error).replace(str(path), str(self.path))) from None


def _line(edit: Edit) -> str:
    cells = (edit.song, f"{edit.start_s:g}", f"{edit.end_s:g}", edit.action, edit.value)
    if any(mark in "".join(cells) for mark in '\t\r\n"'):
        raise ConfigError(f"a cell of {edit.action} holds a tab, line end or quotation mark; leave it out")
    return "\t".join(cells)


def _same(line: str, edit: Edit) -> bool:
    cells = [cell.strip() for cell in line.split("\t")]
    if len(cells) != len(COLUMNS) or (cells[0], *cells[3:]) != (edit.song, edit.action, edit.value):
        return False
    try:
        return (float(cells[1]), float(cells[2])) == (edit.start_s, edit.end_s)
    except ValueError:
        return False
