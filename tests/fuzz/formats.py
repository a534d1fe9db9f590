"""Every kind of file that a rule reads: how a valid one is made, and the library's function that reads it.

`make` fills a folder and returns the file in it that is to be damaged. `read` does what the rule does with the file,
and the next step where that is quick: what is read well must also be of use. `spoil` changes values inside a container
that stays whole, where bytes changed at random would mostly fail a checksum.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

Rng = np.random.Generator


@dataclass(frozen=True)
class Format:
    """family: of the report's lines. valid: False where a valid file would be too large; then only refusals are seen.

    named: files that a refusal may name instead, as they no longer go with the damaged one.
    """

    name: str
    family: str
    make: Callable[[Path], Path]
    read: Callable[[Path], object]
    spoil: Callable[[Rng, Path], None] | None = None
    valid: bool = True
    named: tuple[str, ...] = ()
