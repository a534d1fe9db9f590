"""Files of torch.save: written atomically, and read without running code and only if all their checksums are right.

torch itself verifies no checksum: a flipped bit would silently change the weights.
"""

import zipfile
from pathlib import Path
from typing import Any

import torch

from danceit_core.files import whole_file


def write_plain(path: str | Path, content: Any) -> None:
    """Write numbers, texts, tensors, lists and dictionaries of them. The same content gives the same bytes."""
    # Pass an open file, not a path: torch would write the name of the partial file into it.
    with whole_file(path) as partial, partial.open("wb") as file:
        torch.save(content, file)


def read_plain(path: str | Path, *, device: torch.device | str = "cpu") -> Any:
    """The numbers, texts, tensors, lists and dictionaries of a file. Raises FileNotFoundError, or ValueError."""
    try:
        # A file that is not a zip was written by torch before 1.6 and has no checksums.
        if zipfile.is_zipfile(path):
            with zipfile.ZipFile(path) as archive:
                damaged = archive.testzip()
            if damaged is not None:
                raise ValueError(f"its member {damaged} is damaged")
        return torch.load(path, map_location=device, weights_only=True)
    except FileNotFoundError:
        raise
    except Exception as error:  # a truncated pickle can raise anything, including IndexError and SystemError
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0][:120]
        raise ValueError(reason) from error
