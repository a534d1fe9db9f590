"""Files that are there whole or not at all: written beside their place and moved there when finished."""

import contextlib
import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any


@contextlib.contextmanager
def whole_file(path: str | Path) -> Iterator[Path]:
    """Yield a hidden path beside `path` to write to; on success it becomes `path`, on any error it is removed."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.part")
    try:
        yield partial
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def write_text(path: str | Path, text: str) -> None:
    """Write a UTF-8 text file."""
    with whole_file(path) as partial:
        partial.write_text(text, encoding="utf-8")


def write_history(path: str | Path, history: Iterable[Mapping[str, Any]]) -> None:
    """Write one JSON object a line: the history of a training."""
    write_text(path, "".join(json.dumps(entry) + "\n" for entry in history))
