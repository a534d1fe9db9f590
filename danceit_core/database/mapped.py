"""Arrays larger than memory: memory-mapped files whose pages are released after use.

Mapped pages count as memory of this process until they are released, although they are only the file's cache. The files
have no name: they disappear with the array, however the process ends.
"""

import mmap
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray


def make_array(shape: tuple[int, ...], *, folder: str | Path | None, dtype: DTypeLike = np.float32) -> NDArray:
    """An array to be filled, in memory or, with a folder, memory-mapped to a nameless file on that folder's disk."""
    if folder is None or 0 in shape:
        return np.empty(shape, dtype)
    Path(folder).mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryFile(dir=folder) as file:
        return np.memmap(file, dtype, "w+", shape=shape)


def release(values: NDArray[Any]) -> None:
    """Release the pages of a mapped array, which stays usable; does nothing to an array in memory."""
    mapped = getattr(values, "_mmap", None)
    if mapped is not None and hasattr(mmap, "MADV_DONTNEED"):
        mapped.madvise(mmap.MADV_DONTNEED)
