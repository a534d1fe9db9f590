"""Write motion capture files (BVH): a humanoid's movement for Blender and other 3D programs.

Units: metres and degrees; y is up and the floor is at y = 0; a dancer who faces the camera faces +z. Blender's importer
reads such files with its default settings (scale 1, -Z forward, Y up). Programs that use centimetres need a scale of
100. The rotation of a joint is relative to its parent's, and its Euler angles are continuous over time, without jumps
of 180 or 360 degrees. BVH is described in Meredith and Maddock, "Motion Capture File Formats Explained", 2001.
"""

import io
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.spatial.transform import Rotation

from danceit_core.files import whole_file
from danceit_core.pose.humanoid import BONES, PARENTS, Array, Humanoid

AXES = {"X": "Xrotation", "Y": "Yrotation", "Z": "Zrotation"}
ROOT_CHANNELS = "CHANNELS 6 Xposition Yposition Zposition"


@dataclass(frozen=True)
class Motion:
    """T frames of a humanoid: rotations (T, 21, 3, 3) in the room, root: path of the hips (T, 3), metres."""

    humanoid: Humanoid
    rotations: Array
    root: Array
    fps: float

    @property
    def positions(self) -> Array:
        """Heads of all bones (T, 21, 3), metres."""
        return self.humanoid.positions(self.rotations, self.root)


def write_bvh(path: str | Path, motion: Motion) -> None:
    """Write a movement atomically as BVH. The same movement gives the same bytes."""
    rows = np.concatenate([motion.root, *local_angles(motion.rotations)], axis=1)
    text = io.StringIO()
    text.write("HIERARCHY\n")
    text.writelines(_hierarchy(motion.humanoid))
    text.write(f"MOTION\nFrames: {len(rows)}\nFrame Time: {1 / motion.fps:.8f}\n")
    np.savetxt(text, rows, fmt=["%.5f"] * 3 + ["%.4f"] * (rows.shape[1] - 3))
    with whole_file(path) as partial:
        Path(partial).write_text(text.getvalue())


def local_angles(rotations: Array) -> list[Array]:
    """Euler angles (T, 3) in degrees of each bone relative to its parent, in the order of `Bone.order`."""
    angles = []
    for number, bone in enumerate(BONES):
        own = rotations[:, number]
        if bone.parent >= 0:
            own = np.swapaxes(rotations[:, bone.parent], -1, -2) @ own
        angles.append(np.rad2deg(continuous_angles(own, order=bone.order)))
    return angles


def continuous_angles(rotations: Array, *, order: str) -> Array:
    """Intrinsic Euler angles (T, 3), radians, of matrices (T, 3, 3), each nearest to those of the previous frame.

    Every rotation has two triples of angles, (a, b, c) and (a + pi, pi - b, c + pi), and full turns on top of each.
    """
    if not len(rotations):
        return np.zeros((0, 3))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # gimbal lock: one of many triples is as good as another
        first = Rotation.from_matrix(rotations).as_euler(order)
    other = np.stack([first[:, 0] + np.pi, np.pi - first[:, 1], first[:, 2] + np.pi], axis=1)
    stay, change = (np.abs(_wrapped(to[1:] - first[:-1])).sum(axis=1) for to in (first, other))
    changed = np.concatenate([[0], np.cumsum(change < stay)]) % 2 == 1
    return np.unwrap(np.where(changed[:, None], other, first), axis=0)


def _wrapped(angles: Array) -> Array:
    return (angles + np.pi) % (2 * np.pi) - np.pi


def _hierarchy(humanoid: Humanoid) -> Iterator[str]:
    """Lines of the skeleton, depth first; the bones are in that order already."""
    open_bones: list[int] = []
    for number, bone in enumerate(BONES):
        while open_bones and open_bones[-1] != PARENTS[number]:
            open_bones.pop()
            yield f"{'  ' * len(open_bones)}}}\n"
        pad = "  " * len(open_bones)
        yield f"{pad}{'JOINT' if open_bones else 'ROOT'} {bone.name}\n{pad}{{\n"
        yield f"{pad}  OFFSET {_three(humanoid.offsets[number])}\n"
        channels = "CHANNELS 3" if open_bones else ROOT_CHANNELS
        yield f"{pad}  {channels} {' '.join(AXES[axis] for axis in bone.order)}\n"
        if bone.end:
            yield f"{pad}  End Site\n{pad}  {{\n{pad}    OFFSET {_three(humanoid.ends[number])}\n{pad}  }}\n"
        open_bones.append(number)
    while open_bones:
        open_bones.pop()
        yield f"{'  ' * len(open_bones)}}}\n"


def _three(vector: Array) -> str:
    return " ".join(f"{value + 0.0:.6f}" for value in vector)
