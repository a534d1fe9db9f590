"""What happens to files: seeded damage to their bytes, and to the values inside a container that is whole.

Each function takes a generator, so that a case is its seed; none knows a format.
"""

import re
from collections.abc import Callable
from typing import Any

import numpy as np

Rng = np.random.Generator
# Lengths and counts that headers lie with: nothing, one, the ends of signed and unsigned integers, much.
LIES = (0, 1, 2, 0x7F, 0xFF, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 2**40, 2**62, 2**63 - 1, 2**63)
NUMBERS = (b"-1", b"0", b"1e309", b"-1e38", b"NaN", b"Infinity", b"99999999999999999999", b"4294967297", b"0.5", b"")
# The first and the last bytes hold what says how the rest is to be read.
HEADER = 512

OTHERS = (
    b"this is a letter\n",
    b"PK\x03\x04" + b"\0" * 60,
    b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\x7f\xff\xff\xff\x7f\xff\xff\xff\x08\x02\0\0\0",
    b"RIFF\xff\xff\xff\xffWAVEfmt \x10\0\0\0\x01\0\x01\0",
    b"PAR1" + b"\0" * 8 + b"\xff\xff\xff\x7fPAR1",
    b"[" * 100_000,
    b'{"a":' * 100_000,
    b"\x80\x04\x95" + b"\xff" * 8,
    b"cos\nsystem\n(S'touch pwned'\ntR.",
    b"%PDF-1.7\n",
    b"\x1f\x8b\x08\0\0\0\0\0\0\x03",
    b"<!DOCTYPE html><html><body>404 Not Found</body></html>",
    b"\xef\xbb\xbf\r\n\r\n",
    b"\xff\xfe\0a\0b",
)


def cut(rng: Rng, data: bytes) -> bytes:
    """A copy that was broken off."""
    return data[: int(rng.integers(len(data)))]


def flip_bits(rng: Rng, data: bytes) -> bytes:
    """1 to 64 bits the other way round."""
    changed = bytearray(data)
    for at in rng.integers(len(data), size=int(rng.choice([1, 4, 64]))):
        changed[at] ^= 1 << int(rng.integers(8))
    return bytes(changed)


def flip_bits_of_header(rng: Rng, data: bytes) -> bytes:
    """1 to 8 bits of the first or last bytes the other way round."""
    changed = bytearray(data)
    for _ in range(int(rng.integers(1, 9))):
        changed[_in_header(rng, len(data))] ^= 1 << int(rng.integers(8))
    return bytes(changed)


def zero(rng: Rng, data: bytes) -> bytes:
    """A range of zeros, as after a power cut."""
    first, stop = _range(rng, len(data))
    return data[:first] + bytes(stop - first) + data[stop:]


def swap(rng: Rng, data: bytes) -> bytes:
    """Two neighbouring blocks in each other's place."""
    a, b, c = sorted(int(at) for at in rng.integers(len(data) + 1, size=3))
    return data[:a] + data[b:c] + data[a:b] + data[c:]


def duplicate(rng: Rng, data: bytes) -> bytes:
    """A block that is there twice."""
    first, stop = _range(rng, len(data))
    return data[:stop] + data[first:]


def drop(rng: Rng, data: bytes) -> bytes:
    """A block that is missing."""
    first, stop = _range(rng, len(data))
    return data[:first] + data[stop:]


def lie(rng: Rng, data: bytes) -> bytes:
    """A whole number somewhere, of the header rather, that says something else."""
    width = int(rng.choice([1, 2, 4, 8]))
    at = _in_header(rng, len(data)) if rng.random() < 0.7 else int(rng.integers(len(data)))
    number = int(rng.choice(np.array(LIES, np.uint64))) % 256**width
    return (data[:at] + number.to_bytes(width, str(rng.choice(["little", "big"]))) + data[at + width :])[: len(data)]


def renumber(rng: Rng, data: bytes) -> bytes:
    """Another number where one is written in digits."""
    found = list(re.finditer(rb"-?\d+(\.\d+)?", data[:100_000]))
    if not found:
        return lie(rng, data)
    place = found[int(rng.integers(len(found)))]
    return data[: place.start()] + NUMBERS[int(rng.integers(len(NUMBERS)))] + data[place.end() :]


def noise(rng: Rng, data: bytes) -> bytes:
    """Random bytes instead."""
    return rng.bytes(int(rng.integers(1, min(len(data), 4096) + 1)))


def other(rng: Rng, data: bytes) -> bytes:
    """Another kind of file under this name, or nothing."""
    return (b"", *OTHERS)[int(rng.integers(1 + len(OTHERS)))]


DAMAGES: tuple[Callable[[Rng, bytes], bytes], ...] = (
    cut, flip_bits, flip_bits_of_header, zero, swap, duplicate, drop, lie, lie, renumber, noise, other,
)  # fmt: skip


def damage_bytes(rng: Rng, data: bytes) -> tuple[str, bytes]:
    """One of DAMAGES, seldom two of them: its name and the damaged file."""
    names = []
    for _ in range(1 + (rng.random() < 0.15)):
        chosen = DAMAGES[int(rng.integers(len(DAMAGES)))]
        names.append(chosen.__name__)
        data = chosen(rng, data) if data else data
    return " + ".join(names), data


def strange_array(rng: Rng, values: np.ndarray) -> np.ndarray:
    """An array with other values, of another kind or another shape."""
    values = np.array(values)
    number = values.astype(np.float64) if values.dtype.kind in "biuf" else np.zeros(values.shape)
    spoilt = number.copy()
    if spoilt.size:
        chosen = rng.random(spoilt.shape) < rng.choice([0.01, 0.5, 1])
        spoilt[chosen] = rng.choice([np.nan, np.inf, -np.inf, 1e300, -1e30, -1, 0, 1e9, 1e-300])
    with np.errstate(all="ignore"):
        kept = spoilt.astype(values.dtype) if values.dtype.kind in "iuf" else spoilt
        changes = (
            kept, kept, spoilt, number.astype(np.int8), number.astype(str), number.astype(np.complex64), number > 0,
            values[..., None], values.reshape(-1), values[:0], values[..., :-1] if values.ndim else values, values.T,
            np.zeros((2,) * 12),
        )  # fmt: skip
    return changes[int(rng.integers(len(changes)))]


def strange_value(rng: Rng, value: Any) -> Any:
    """Something else in the place of a number, a text, a list or a mapping of JSON."""
    deep: Any = []
    for _ in range(50):
        deep = [deep]
    changes = (
        None, "", "x" * 10_000, "\0\n\u202e", -1, 0, 1, 2**31, 2**63, 10**30, -0.5, 1e308, float("nan"), float("inf"),
        [], {}, [value], {"a": value}, True, deep,
    )  # fmt: skip
    return changes[int(rng.integers(len(changes)))]


def spoil_tree(rng: Rng, tree: Any, *, leaf: Callable[[Rng, Any], Any] = strange_value) -> Any:
    """A copy of nested mappings and lists with one entry, at any depth, changed, missing or called otherwise."""
    if isinstance(tree, dict) and tree and rng.random() < 0.9:
        key = list(tree)[int(rng.integers(len(tree)))]
        rest = {name: value for name, value in tree.items() if name != key}
        chance = rng.random()
        if chance < 0.1:
            return rest
        if chance < 0.15:
            return rest | {f"{key}_": tree[key]}
        return {name: spoil_tree(rng, value, leaf=leaf) if name == key else value for name, value in tree.items()}
    if isinstance(tree, list) and tree and rng.random() < 0.9:
        at = int(rng.integers(len(tree)))
        changed = [] if rng.random() < 0.1 else [spoil_tree(rng, tree[at], leaf=leaf)]
        return [*tree[:at], *changed, *tree[at + 1 :]]
    if isinstance(tree, np.ndarray):
        return strange_array(rng, tree)
    return leaf(rng, tree)


def _in_header(rng: Rng, length: int) -> int:
    at = int(rng.integers(min(HEADER, length)))
    return at if rng.random() < 0.6 else length - 1 - at


def _range(rng: Rng, length: int) -> tuple[int, int]:
    """A stretch of at least a byte, of any order of length."""
    size = max(1, min(length, int(length ** rng.random())))
    first = int(rng.integers(length - size + 1))
    return first, first + size
