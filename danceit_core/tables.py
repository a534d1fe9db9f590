"""The project's tables as Parquet files: written atomically with a checksum per page; damaged files are rejected.

The file's key-value metadata holds one JSON object under "danceit". A damaged file raises one of DAMAGE; the modules
that know what a table means turn that into one line that names the file.
"""

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from danceit_core.files import whole_file

METADATA_KEY = b"danceit"
# The errors that pyarrow and the code that unpacks its tables raise on a damaged file, or one of another kind.
DAMAGE = (
    pa.ArrowException, ArithmeticError, AttributeError, LookupError, MemoryError, OSError, RecursionError, TypeError,
    ValueError,
)  # fmt: skip


def write_table(path: str | Path, table: pa.Table, *, metadata: dict[str, Any]) -> None:
    """Write an Arrow table atomically as Parquet with a JSON metadata object."""
    about = {METADATA_KEY: json.dumps(metadata)}
    with whole_file(path) as partial:
        pq.write_table(
            table.replace_schema_metadata(about), partial, compression="zstd", write_page_checksum=True
        )  # fmt: skip


def read_table(path: str | Path, *, columns: list[str] | None = None) -> tuple[pa.Table, dict[str, Any]]:
    """Read what `write_table` wrote: the table (only `columns` if given) and its metadata.

    Raises FileNotFoundError, or one of DAMAGE.
    """
    table = pq.read_table(path, columns=columns, partitioning=None, page_checksum_verification=True)
    return table, _metadata_of(table.schema)


def read_metadata(path: str | Path) -> tuple[dict[str, Any], int]:
    """The metadata and the number of rows of what `write_table` wrote, without reading the rows.

    Raises FileNotFoundError, or one of DAMAGE.
    """
    with pq.ParquetFile(path) as file:
        return _metadata_of(file.schema_arrow), int(file.metadata.num_rows)


def _metadata_of(schema: pa.Schema) -> dict[str, Any]:
    metadata = json.loads((schema.metadata or {})[METADATA_KEY])
    if not isinstance(metadata, dict):
        raise TypeError(f"its metadata is of type {type(metadata).__name__}")
    return metadata


def list_column(table: pa.Table, name: str) -> NDArray[np.float32]:
    """The numbers of a column of lists, all in one array (rows * numbers per row,). Raises one of DAMAGE."""
    chunks = [chunk.flatten().to_numpy(zero_copy_only=False) for chunk in table[name].chunks]
    numbers = np.concatenate(chunks) if chunks else np.zeros(0)
    if numbers.dtype.kind not in "fiu":
        raise TypeError(f"column {name} holds {numbers.dtype}")
    with np.errstate(over="ignore"):
        return numbers.astype(np.float32)


def number_of(metadata: Mapping[str, Any], key: str, *, most: float = sys.float_info.max, zero: bool = False) -> float:
    """A number from the metadata: positive (or zero, if `zero`), at most `most`. Raises KeyError or ValueError."""
    value = metadata[key]
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if not is_number or not ((zero and value == 0) or 0 < value <= most):
        raise ValueError(f"{key} is {str(value)[:40]!r} in its metadata")
    return float(value)


def one_line(error: BaseException) -> str:
    """The first line of another library's error message."""
    return " ".join(str(error).split())[:160] or type(error).__name__
