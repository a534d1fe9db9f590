"""Files of torch.save, read without letting them run code, and only if every part of them has its checksum.

torch itself checks no checksum: a flipped bit would give other weights without a word.
"""

import zipfile
from pathlib import Path
from typing import Any

import torch


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
