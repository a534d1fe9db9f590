"""Pickles of NumPy arrays, read without letting them run code.

A pickle may name any function of Python and have it called. Here only the functions that put an array together are
admitted, under the names of NumPy 1 and 2; the first other name ends the reading, before anything is called.
"""

import pickle
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from danceit_core.errors import PoseError

ADMITTED = {
    (f"numpy.{core}.{module}", name)
    for core in ("core", "_core")
    for module, name in (("multiarray", "_reconstruct"), ("multiarray", "scalar"), ("numeric", "_frombuffer"))
} | {("numpy", "ndarray"), ("numpy", "dtype"), ("_codecs", "encode")}


class ArrayUnpickler(pickle.Unpickler):
    """Reads dictionaries, lists, numbers, text and NumPy arrays of numbers."""

    def find_class(self, module: str, name: str) -> Any:
        """The admitted function of that name. Raises UnpicklingError for any other."""
        if (module, name) not in ADMITTED:
            raise pickle.UnpicklingError(f"it wants to call {module}.{name}, which is no part of an array")
        return super().find_class(module.replace("numpy.core", "numpy._core"), name)


def read_arrays(path: str | Path) -> dict[str, NDArray[Any]]:
    """The arrays of a pickled dictionary by name. Raises PoseError if the file is something else."""
    try:
        with Path(path).open("rb") as file:
            content = ArrayUnpickler(file).load()
        if not isinstance(content, dict):
            raise ValueError(f"it holds a {type(content).__name__}, no dictionary")
        arrays = {str(name): np.asarray(values) for name, values in content.items()}
    except FileNotFoundError:
        raise PoseError(f"{path}: no such file; check column `keypoints`") from None
    # A damaged pickle raises nearly anything.
    except Exception as error:
        raise PoseError(f"{path} is no pickle of plain arrays ({error}); fetch the annotations again") from error
    return arrays
