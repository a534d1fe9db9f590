"""Arrays larger than memory: .npy files that are mapped, and whose pages are given back after use.

Mapped pages count as this process's memory until they are given back, though they are only the file's cache.
"""

import mmap
from pathlib import Path

import numpy as np
from numpy.lib.format import open_memmap
from numpy.typing import NDArray


def make_array(shape: tuple[int, ...], *, folder: str | Path | None, name: str) -> NDArray[np.float32]:
    """An array of float32 to be filled, in memory or, with a folder, mapped to `folder/name.npy`."""
    if folder is None:
        return np.empty(shape, np.float32)
    Path(folder).mkdir(parents=True, exist_ok=True)
    return open_memmap(Path(folder) / f"{name}.npy", mode="w+", dtype=np.float32, shape=shape)


def take(values: NDArray[np.float32], rows: NDArray[np.integer]) -> NDArray[np.float32]:
    """A copy of some rows (B, ...) of an array in memory or mapped."""
    copied = np.asarray(values[rows])
    release(values)
    return copied


def release(values: NDArray[np.float32]) -> None:
    """Give back the pages of a mapped array, which stays usable; nothing happens to one in memory."""
    mapped = getattr(values, "_mmap", None)
    if mapped is not None and hasattr(mmap, "MADV_DONTNEED"):
        mapped.madvise(mmap.MADV_DONTNEED)
