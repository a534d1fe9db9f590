"""Constant arrays, such as the empty room, on the painting device: copied there once."""

import weakref
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

# Keyed by the array's identity and the device; an entry is removed with its array.
_copies: dict[tuple[int, str], Tensor] = {}


def on_device(array: NDArray[Any], device: torch.device) -> Tensor:
    """A tensor of an array that is never changed; on a CPU it shares the memory, elsewhere one copy is kept with it."""
    if device.type == "cpu":
        return torch.from_numpy(np.ascontiguousarray(array))
    key = id(array), str(device)
    if key not in _copies:
        _copies[key] = torch.from_numpy(np.ascontiguousarray(array)).to(device)
        weakref.finalize(array, _copies.pop, key, None)
    return _copies[key]
