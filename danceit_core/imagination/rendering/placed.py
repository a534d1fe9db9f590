"""Arrays that stay the same, such as the empty room, on the device that paints: copied there once."""

import weakref
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

# By the array's identity and the device; an entry goes when the array does.
_copies: dict[tuple[int, str], Tensor] = {}


def on_device(array: NDArray[Any], device: torch.device) -> Tensor:
    """A tensor of an array that nobody changes; on a CPU its own memory, elsewhere one copy as long as it lives."""
    if device.type == "cpu":
        return torch.from_numpy(np.ascontiguousarray(array))
    key = id(array), str(device)
    if key not in _copies:
        _copies[key] = torch.from_numpy(np.ascontiguousarray(array)).to(device)
        weakref.finalize(array, _copies.pop, key, None)
    return _copies[key]
