"""Rotations in batches: float64 arrays (..., 3, 3) that turn column vectors, angles in radians."""

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.spatial.transform import Rotation

Array = NDArray[np.float64]


def unit(vectors: ArrayLike) -> Array:
    """The vectors (..., 3) scaled to length 1."""
    vectors = np.asarray(vectors, np.float64)
    return vectors / (np.linalg.norm(vectors, axis=-1, keepdims=True) + 1e-12)


def turn(matrices: Array, vectors: ArrayLike) -> Array:
    """Vectors (..., 3) turned by matrices (..., 3, 3)."""
    return np.einsum("...ij,...j->...i", matrices, np.asarray(vectors, np.float64))


def about(axes: ArrayLike, angles: ArrayLike) -> Array:
    """Rotations by `angles` (...) about `axes` (..., 3)."""
    vectors = unit(axes) * np.asarray(angles, np.float64)[..., None]
    return Rotation.from_rotvec(vectors.reshape(-1, 3)).as_matrix().reshape(*vectors.shape, 3)


def euler(angles: ArrayLike) -> Array:
    """Rotations from (..., 3) yaw about y, then pitch about x, then roll about z, each in the turned frame."""
    angles = np.asarray(angles, np.float64)
    return Rotation.from_euler("YXZ", angles.reshape(-1, 3)).as_matrix().reshape(*angles.shape, 3)


def yaw(angles: ArrayLike) -> Array:
    """Rotations by `angles` (...) about y: positive turns z towards x."""
    angles = np.asarray(angles, np.float64)
    return about(np.broadcast_to([0.0, 1.0, 0.0], (*angles.shape, 3)), angles)


def share_of(matrices: Array, share: float) -> Array:
    """The same rotations with `share` of their angle."""
    vectors = Rotation.from_matrix(matrices.reshape(-1, 3, 3)).as_rotvec() * share
    return Rotation.from_rotvec(vectors).as_matrix().reshape(matrices.shape)


def shortest(start: ArrayLike, end: ArrayLike) -> Array:
    """The smallest rotations that turn directions `start` (..., 3) into `end` (..., 3)."""
    start, end = np.broadcast_arrays(unit(start), unit(end))
    axes = np.cross(start, end)
    angles = np.arctan2(np.linalg.norm(axes, axis=-1), (start * end).sum(-1))
    return about(axes, angles)


def frame(along: ArrayLike, hint: ArrayLike) -> Array:
    """Coordinate systems whose y axis is `along` (..., 3) and whose x axis is as near to `hint` as possible."""
    y = unit(along)
    hint = np.asarray(hint, np.float64)
    x = unit(hint - (hint * y).sum(-1, keepdims=True) * y)
    return np.stack([x, y, np.cross(x, y)], axis=-1)


def angle_about(axes: Array, start: Array, end: Array) -> Array:
    """Signed angles (...) from `start` to `end`, both seen along `axes` (..., 3)."""
    start = start - (start * axes).sum(-1, keepdims=True) * axes
    end = end - (end * axes).sum(-1, keepdims=True) * axes
    return np.arctan2((np.cross(start, end) * axes).sum(-1), (start * end).sum(-1))
