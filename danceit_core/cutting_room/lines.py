"""A table of tab-separated text changed line by line: comments, order, other cells, line ends and encoding stay.

UTF-8 with or without a mark at the beginning; a quoted cell may hold line ends. A table is changed under a lock that
all processes of this machine share, and replaced as a whole by one that has been checked.
"""

import codecs
import contextlib
import csv
import hashlib
import io
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock, Timeout

from danceit_core.errors import ConfigError, ServerError
from danceit_core.files import whole_file
from danceit_core.tsv import MARK, UTF16_MARKS

# So long one change waits for another, which takes milliseconds.
LONGEST_WAIT_S = 10.0


@dataclass(frozen=True)
class Line:
    """A line of a table, with its line end. cells: without white space around them; none of an empty line."""

    text: str
    cells: tuple[str, ...]

    @property
    def is_row(self) -> bool:
        """Whether it is a header or a row, no comment and not empty."""
        return any(self.cells) and not self.cells[0].startswith("#")

    def with_cells(self, values: Mapping[int, str]) -> "Line":
        """The same line with other cells, by their number; cells between are added empty."""
        end = _end_of(self.text)
        cells = list(_cells_of(self.text))
        cells += [""] * (max(values, default=-1) + 1 - len(cells))
        for number, value in values.items():
            cells[number] = value
        return make_line(cells, end=end)


@dataclass(frozen=True)
class TableText:
    """A table as it stands in its file. mark: whether it begins with one. token: tells this very state from others."""

    lines: tuple[Line, ...]
    mark: bool
    token: str

    @property
    def line_end(self) -> str:
        """The line end of most tables: that of the first line, a line feed where there is none."""
        return next((end for line in self.lines if (end := _end_of(line.text))), "\n")

    @property
    def header(self) -> int:
        """The number of the line that names the columns, -1 where there is none."""
        return next((number for number, line in enumerate(self.lines) if line.is_row), -1)


def make_line(cells: Sequence[str], *, end: str) -> Line:
    """A line of cells, quoted where they need it."""
    text = io.StringIO(newline="")
    csv.writer(text, delimiter="\t", lineterminator="\r\n").writerow(cells)
    return Line(text.getvalue().removesuffix("\r\n") + end, tuple(cell.strip() for cell in cells))


def token_of(path: Path) -> str:
    """Tells the state of a file from others, also whether there is one."""
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()[:20]
    except FileNotFoundError:
        return "none"


def read_lines(path: Path) -> TableText:
    """A table, without a line where there is no file. Raises ConfigError for what is no UTF-8 text or badly quoted."""
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return TableText((), False, "none")
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read ({error.strerror}); correct its permissions") from None
    token = hashlib.sha256(data).hexdigest()[:20]
    if data.startswith(UTF16_MARKS):
        raise ConfigError(f"{path}: the table is UTF-16 text, which this page does not write; save it as UTF-8 text")
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        raise ConfigError(f"{path}: not UTF-8 text; save the table as tab-separated UTF-8") from None
    physical = list(io.StringIO(text.removeprefix(MARK), newline=""))
    reader = csv.reader(physical, delimiter="\t", strict=True)
    lines, before = [], 0
    try:
        for cells in reader:
            lines.append(Line("".join(physical[before : reader.line_num]), tuple(cell.strip() for cell in cells)))
            before = reader.line_num
    except csv.Error as error:
        raise ConfigError(f"{path} line {reader.line_num}: {error}; correct the quotation marks") from None
    return TableText(tuple(lines), data.startswith(codecs.BOM_UTF8), token)


def write_lines(path: Path, lines: Sequence[Line], *, like: TableText, check: Callable[[Path], object]) -> str:
    """Replace a table by other lines, in the encoding of `like`, once `check` has let the new file pass; its token.

    check: raises for a table that is at fault, whose path it may name; the old one stays then.
    """
    ends = like.line_end
    whole = [line if number == len(lines) - 1 or _end_of(line.text) else Line(line.text + ends, line.cells)
             for number, line in enumerate(lines)]  # fmt: skip
    data = ((MARK if like.mark else "") + "".join(line.text for line in whole)).encode()
    try:
        with whole_file(path) as partial:
            partial.write_bytes(data)
            check(partial)
    except ConfigError as error:
        # The file that was checked is gone: what is wrong would be wrong in the table.
        raise ConfigError(str(error).replace(str(partial), str(path))) from None
    except OSError as error:
        raise ServerError(f"{path} cannot be written ({error.strerror}); nothing was changed") from None
    return hashlib.sha256(data).hexdigest()[:20]


@contextlib.contextmanager
def locked(path: Path) -> Iterator[None]:
    """While it lasts, no other thread or process that asks for it changes the file. Raises ServerError after a while.

    The lock is a file in the folder of temporary files: nothing is left beside the table.
    """
    name = hashlib.sha256(str(path.resolve()).encode()).hexdigest()[:20]
    lock = FileLock(Path(tempfile.gettempdir()) / f"danceit-{name}.lock", timeout=LONGEST_WAIT_S)
    try:
        lock.acquire()
    except Timeout:
        raise ServerError(f"{path} is being changed by another program; try again in a moment") from None
    except OSError as error:
        raise ServerError(f"{path} cannot be locked ({lock.lock_file}: {error.strerror}); delete that file") from None
    try:
        yield
    finally:
        lock.release()


def _cells_of(text: str) -> list[str]:
    return next(csv.reader([text], delimiter="\t"), [])


def _end_of(text: str) -> str:
    return next((end for end in ("\r\n", "\n", "\r") if text.endswith(end)), "")
