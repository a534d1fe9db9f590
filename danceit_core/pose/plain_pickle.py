"""Read pickles of NumPy arrays without running code from them or filling the memory.

A pickle may name any Python function and have it called. Here only the functions that construct an array are allowed,
under the names of NumPy 1 and 2; any other name stops the reading before anything is called. A few bytes may also
request gigabytes: as an index in the reader's memo, as the size of an array without contents, or as nested lists that
repeat each other. The first two are rejected, and lists are not converted to arrays. The size of the file bounds the
size of its arrays; the number of its steps bounds the time.
"""

import pickle
import pickletools
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from danceit_core.errors import PoseError
from danceit_core.tables import one_line

ADMITTED = {
    (f"numpy.{core}.{module}", name)
    for core in ("core", "_core")
    for module, name in (("multiarray", "_reconstruct"), ("multiarray", "scalar"), ("numeric", "_frombuffer"))
} | {("numpy", "ndarray"), ("numpy", "dtype"), ("_codecs", "encode")}
# Nine views of five minutes take 70 MB and a few hundred steps.
MOST_BYTES, MOST_STEPS = 2**28, 1_000_000
# An array as an argument of `_reconstruct`, and not to be called.
ARRAY = object()


class ArrayUnpickler(pickle.Unpickler):
    """Reads dictionaries, lists, numbers, text and NumPy arrays of numbers."""

    def find_class(self, module: str, name: str) -> Any:
        """The allowed function of that name. Raises UnpicklingError for any other."""
        if (module, name) not in ADMITTED:
            raise pickle.UnpicklingError(f"it calls {module}.{name}, which is not part of an array")
        replaced = {"_reconstruct": _begin_array, "ndarray": ARRAY, "encode": _encode}
        return replaced.get(name) or super().find_class(module.replace("numpy.core", "numpy._core"), name)


def read_arrays(path: str | Path) -> dict[str, NDArray[Any]]:
    """The arrays and numbers of a pickled dictionary by name. Raises PoseError if the file is something else."""
    try:
        with Path(path).open("rb") as file:
            data = file.read(MOST_BYTES + 1)
            if len(data) > MOST_BYTES:
                raise ValueError(f"it has more than {MOST_BYTES} bytes")
            _check_steps(data)
            file.seek(0)
            content = ArrayUnpickler(file).load()
        if not isinstance(content, dict):
            raise ValueError(f"it holds a {type(content).__name__}, not a dictionary")
        arrays = {
            name: np.asarray(values)
            for name, values in content.items()
            if isinstance(name, str) and isinstance(values, np.ndarray | np.generic | int | float)
        }
    except FileNotFoundError:
        raise PoseError(f"{path}: no such file; check column `keypoints`") from None
    # A damaged pickle can raise nearly any error.
    except Exception as error:
        raise PoseError(
            f"{path} is not a pickle of plain arrays ({one_line(error)}); download the annotations again"
        ) from error
    return arrays


def _check_steps(data: bytes) -> None:
    """Raise ValueError for too many steps, or for a memo index beyond the file's length, which would grow the memo."""
    for step, (opcode, argument, _) in enumerate(pickletools.genops(data)):
        if step == MOST_STEPS:
            raise ValueError(f"it has more than {MOST_STEPS} steps")
        if opcode.name in ("PUT", "BINPUT", "LONG_BINPUT") and isinstance(argument, int) and argument > len(data):
            raise ValueError(f"it numbers an object {argument}")


def _begin_array(kind: Any, shape: Any, dtype: Any) -> NDArray[Any]:
    """NumPy's `_reconstruct` as NumPy's own pickles call it: an empty array, whose state follows with its contents."""
    if kind is not ARRAY or shape != (0,):
        raise pickle.UnpicklingError("it requests an array without contents")
    return np.empty(0, np.int8)


def _encode(text: str, encoding: str) -> bytes:
    """Bytes that protocols 0 to 2 write as text."""
    if encoding != "latin1":
        raise pickle.UnpicklingError(f"it requests bytes encoded as {encoding!r}")
    return text.encode("latin1")
