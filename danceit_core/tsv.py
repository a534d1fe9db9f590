"""Tables that a user writes: tab-separated UTF-8, saved by any program.

A byte order mark at the beginning of the file, Excel's UTF-16 ("Unicode text") and any line endings are accepted. A
cell may be quoted as spreadsheets do it, and may then hold tabs, line endings and doubled quotation marks. White space
around a cell, and empty cells at the end of a line, which spreadsheets leave behind, are ignored.
"""

import codecs
import csv
import io
from pathlib import Path

from danceit_core.errors import ConfigError

MARK = "\ufeff"
UTF16_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
OTHER_SEPARATORS = {";": "semicolons", ",": "commas", "|": "bars"}


def read_table_text(path: str | Path, *, remedy: str) -> str:
    """The text of a table with its original line endings, including the byte order mark (U+FEFF) if it has one.

    remedy: what to do if there is no such table. Raises ConfigError for a file that is missing or not such text.
    """
    if not Path(path).is_file():
        raise ConfigError(f"{path}: no such table; {remedy}")
    try:
        data = Path(path).read_bytes()
        return MARK + data.decode("utf-16") if data.startswith(UTF16_MARKS) else data.decode("utf-8")
    except UnicodeDecodeError:
        raise ConfigError(f"{path}: not UTF-8 text; save the table as tab-separated UTF-8") from None
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read ({error.strerror}); correct its permissions") from None


def read_cells(path: str | Path, *, remedy: str) -> list[tuple[int, list[str]]]:
    """The cells of each row and the number of the line it ends on; empty lines and comments (#) are left out.

    remedy: what to do if there is no such table. Raises ConfigError for a file that is missing or not such text.
    """
    text = read_table_text(path, remedy=remedy).removeprefix(MARK)
    _check_separator(text, path=path)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter="\t", strict=True)
    try:
        lines = [(reader.line_num, [cell.strip() for cell in cells]) for cells in reader]
    except csv.Error as error:
        where = f"{path} line {reader.line_num}"
        raise ConfigError(f"{where}: {error}; a cell that begins with a quotation mark must end with one") from None
    lines = [(number, cells) for number, cells in lines if any(cells) and not cells[0].startswith("#")]
    columns = len(_trimmed(lines[0][1], to=0)) if lines else 0
    return [(number, _trimmed(cells, to=columns)) for number, cells in lines]


def _trimmed(cells: list[str], *, to: int) -> list[str]:
    """Cells without the empty ones at the end, but at least the first `to` of them if there are that many."""
    while len(cells) > to and not cells[-1]:
        cells = cells[:-1]
    return cells


def _check_separator(text: str, *, path: str | Path) -> None:
    """Raise ConfigError if the columns of the header are separated by anything but tabs."""
    lines = (line.strip() for line in io.StringIO(text, newline=None))
    header = next((line for line in lines if line and not line.startswith("#")), "")
    if "\t" not in header and (mark := next((mark for mark in OTHER_SEPARATORS if mark in header), "")):
        raise ConfigError(
            f"{path}: its columns are separated by {OTHER_SEPARATORS[mark]}; save the table as tab-separated text"
        )
