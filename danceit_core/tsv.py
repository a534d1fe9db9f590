"""Tables that a user writes: tab-separated UTF-8, whatever program saved them.

A mark at the beginning of the file (Excel's) and any line ends are taken; a cell may be quoted as spreadsheets do it,
and may then hold tabs, line ends and, doubled, quotation marks.
"""

import csv
import io
from pathlib import Path

from danceit_core.errors import ConfigError


def read_cells(path: str | Path, *, remedy: str) -> list[tuple[int, list[str]]]:
    """The cells of each line and the number of the line it ends on; empty lines and comments (#) are left out.

    remedy: what to do if there is no such table. Raises ConfigError for a file that is missing or no such text.
    """
    if not Path(path).is_file():
        raise ConfigError(f"{path}: no such table; {remedy}")
    try:
        text = Path(path).read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise ConfigError(f"{path}: not UTF-8 text; save the table as tab-separated UTF-8") from None
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read ({error.strerror}); mend its permissions") from None
    reader = csv.reader(io.StringIO(text, newline=""), delimiter="\t", strict=True)
    try:
        return [(reader.line_num, cells) for cells in reader if any(cells) and not cells[0].startswith("#")]
    except csv.Error as error:
        where = f"{path} line {reader.line_num}"
        raise ConfigError(f"{where}: {error}; a cell that begins with a quotation mark must end with one") from None
