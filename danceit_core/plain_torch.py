"""Files of torch.save: written whole, read without letting them run code, and only if every checksum in them is right.

torch itself checks no checksum: a flipped bit would give other weights without a word.
"""

import zipfile
from pathlib import Path
from typing import Any

import torch

from danceit_core.files import whole_file


def write_plain(path: str | Path, content: Any) -> None:
    """Write numbers, texts, tensors, lists and dictionaries of them. The same content is the same bytes."""
    # A file, no path: torch would write the name of the partial file into it.
    with whole_file(path) as partial, partial.open("wb") as file:
        torch.save(content, file)


def read_plain(path: str | Path, *, device: torch.device | str = "cpu") -> Any:
    """The numbers, texts, tensors, lists and dictionaries of a file. Raises FileNotFoundError, or ValueError."""
    try:
        # What is no zip was written by torch before 1.6 and has no checksums.
        if zipfile.is_zipfile(path):
            with zipfile.ZipFile(path) as archive:
                damaged = archive.testzip()
            if damaged is not None:
                raise ValueError(f"{damaged} in it is damaged")
        return torch.load(path, map_location=device, weights_only=True)
    except FileNotFoundError:
        raise
    except Exception as error:  # half a pickle fails in any way, IndexError and SystemError included
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0][:120]
        raise ValueError(reason) from error
