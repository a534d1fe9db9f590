"""The person: a human base mesh with a skeleton, shaped by a mix of blend shapes.

The mesh, its skeleton and its shapes are MakeHuman's (CC0); see `danceit_core.assets`. The skeleton is that of the
"game engine" rig: 53 bones from `Root` and `pelvis` to three phalanges per finger.
"""

import gzip
import json
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from danceit_core.assets import check_body_mesh
from danceit_core.errors import AssetError
from danceit_core.studio.surface import Floats, Ints, Surface, compact, triangles

METRES_PER_UNIT = 0.1
LIPS, EYELIDS, NAILS = "lips", "eyelids", "fingernails"


@dataclass(frozen=True)
class Skeleton:
    """names (B,), parents (B,) with -1 for the root and parents before children, heads and tails (B, 3) at rest."""

    names: tuple[str, ...]
    parents: tuple[int, ...]
    heads: NDArray[np.float64]
    tails: NDArray[np.float64]

    def index(self, name: str) -> int:
        """The number of the bone called `name`."""
        return self.names.index(name)

    def head(self, name: str) -> NDArray[np.float64]:
        """Where the bone called `name` begins at rest, (3,)."""
        return self.heads[self.index(name)]

    def tail(self, name: str) -> NDArray[np.float64]:
        """Where the bone called `name` ends at rest, (3,)."""
        return self.tails[self.index(name)]


@dataclass(frozen=True)
class Body:
    """A person at rest, standing on y = 0 with lowered arms, facing z.

    skin: the whole skin. parts: eyes, eyelashes and the skirt form. masks: pictures (S, S) in 0..1 in the skin's
    texture, of the lips, eyelids and nails. brow: how much (V,) in 0..1 each point of the skin belongs to the brows.
    markers: named points of the skin, as point numbers, whose mean is a joint of the face or the feet.
    """

    skeleton: Skeleton
    skin: Surface
    parts: Mapping[str, Surface]
    masks: Mapping[str, Floats]
    brow: Floats
    markers: Mapping[str, Ints]

    @property
    def height(self) -> float:
        """Metres from the ground to the crown."""
        return float(self.skin.points[:, 1].max())


def load_body(mesh: str | Path, *, shapes: Mapping[str, float]) -> Body:
    """The body made from the base mesh in the file `mesh` by a mix of `shapes` (name of a blend shape: share).

    Raises AssetError if `mesh` is not the file of `fetch_body_mesh`, or contains no shape of that name.
    """
    check_body_mesh(Path(mesh))
    try:
        with zipfile.ZipFile(mesh) as archive:
            return _build(archive, shapes)
    except (KeyError, OSError, ValueError, zipfile.BadZipFile) as error:
        raise AssetError(f"{mesh} is not the body mesh ({error}); delete it and fetch it again") from error


def _build(archive: zipfile.ZipFile, shapes: Mapping[str, float]) -> Body:
    points, uv, groups = _read_obj(archive.read("3dobjs/base.obj").decode())
    for name, amount in shapes.items():
        points += amount * _read_shape(archive, name, len(points))
    points *= METRES_PER_UNIT
    points[:, 1] -= points[np.unique(groups["body"][:, :, 0]), 1].min()
    rig = json.loads(archive.read("rigs/standard/rig.game_engine.json"))
    skeleton = _read_skeleton(rig, points, groups)
    weights = np.zeros((len(points), len(skeleton.names)), np.float32)
    for bone, pairs in json.loads(archive.read("rigs/standard/weights.game_engine.json"))["weights"].items():
        for vertex, share in pairs:
            weights[vertex, skeleton.index(bone)] = share

    def part(*names: str) -> Surface:
        quads = np.concatenate([groups[name] for name in names])
        return compact(
            Surface(
                points.astype(np.float32),
                weights,
                uv.astype(np.float32),
                triangles(quads[:, :, 0]),
                triangles(quads[:, :, 1]),
            )
        )

    used = np.unique(groups["body"][:, :, 0])
    skin = part("body")
    brow = _read_shape(archive, "eyebrows/eyebrows-trans-up", len(points))[used, 1]
    eyes = {side: points[np.unique(groups[f"joint-{side[0]}-eye"][:, :, 0])].mean(0) for side in ("left", "right")}
    return Body(
        skeleton=skeleton,
        skin=skin,
        parts={
            "eyes": part("helper-l-eye", "helper-r-eye"),
            "lashes": part(
                "helper-l-eyelashes-1", "helper-l-eyelashes-2", "helper-r-eyelashes-1", "helper-r-eyelashes-2"
            ),
            "skirt": part("helper-skirt"),
        },
        masks={name: _read_mask(archive, name) for name in (LIPS, EYELIDS, NAILS)},
        brow=np.clip(brow / brow.max(), 0, 1).astype(np.float32),
        markers=_find_markers(skin.points, skin.weights[:, skeleton.index("head")], skeleton, eyes),
    )


def _read_obj(text: str) -> tuple[NDArray[np.float64], NDArray[np.float64], dict[str, Ints]]:
    """Points (V, 3), texture coordinates (U, 2) and, by group, quadrilaterals (Q, 4, 2) of both indices."""
    points, uv, groups = [], [], {}  # type: ignore[var-annotated]
    group: list[Any] = []
    for line in text.splitlines():
        kind, _, rest = line.partition(" ")
        if kind == "v":
            points.append([float(x) for x in rest.split()[:3]])
        elif kind == "vt":
            uv.append([float(x) for x in rest.split()[:2]])
        elif kind == "g":
            group = groups.setdefault(rest.strip(), [])
        elif kind == "f":
            group.append([[int(x) - 1 for x in corner.split("/")[:2]] for corner in rest.split()])
    return np.array(points), np.array(uv), {name: np.array(faces, np.int32) for name, faces in groups.items()}


def _read_shape(archive: zipfile.ZipFile, name: str, count: int) -> NDArray[np.float64]:
    """The offsets (V, 3) of a blend shape."""
    offsets = np.zeros((count, 3))
    for line in gzip.decompress(archive.read(f"targets/{name}.target.gz")).decode().splitlines():
        if line and not line.startswith("#"):
            vertex, *offset = line.split()
            offsets[int(vertex)] = [float(x) for x in offset]
    return offsets


def _read_mask(archive: zipfile.ZipFile, name: str) -> Floats:
    content = np.frombuffer(archive.read(f"textures/mpfb_{name}.jpg"), np.uint8)
    picture = cv2.imdecode(content, cv2.IMREAD_GRAYSCALE)
    if picture is None:
        raise ValueError(f"mpfb_{name}.jpg is not a picture")
    return picture.astype(np.float32) / 255


def _read_skeleton(rig: Mapping[str, Any], points: NDArray[np.float64], groups: Mapping[str, Ints]) -> Skeleton:
    def place(end: Mapping[str, Any]) -> NDArray[np.float64]:
        if end["strategy"] == "CUBE":
            return points[np.unique(groups[end["cube_name"]][:, :, 0])].mean(0)
        return points[end["vertex_indices"]].mean(0)

    names: list[str] = []

    def add(name: str) -> None:
        if name not in names:
            if rig[name]["parent"]:
                add(rig[name]["parent"])
            names.append(name)

    for name in rig:
        add(name)
    parents = [names.index(rig[name]["parent"]) if rig[name]["parent"] else -1 for name in names]
    heads = np.array([place(rig[name]["head"]) for name in names])
    tails = np.array([place(rig[name]["tail"]) for name in names])
    return Skeleton(tuple(names), tuple(parents), heads, tails)


def _find_markers(
    points: Floats, head: Floats, skeleton: Skeleton, eyes: Mapping[str, NDArray[np.float64]]
) -> dict[str, Ints]:
    """Nose, eyes, ears, toes and heels as points of the skin: the extreme points of a neighbourhood."""

    def extreme(near: NDArray[np.bool_], direction: tuple[float, float, float]) -> Ints:
        found = np.flatnonzero(near)
        return found[[np.argmax(points[found] @ np.array(direction))]].astype(np.int32)

    level = np.abs(points[:, 1] - eyes["left"][1])
    on_head = head > 0.5
    markers = {"nose": extreme(on_head & (level < 0.05) & (np.abs(points[:, 0]) < 0.02), (0, 0, 1))}
    for side, sign in (("left", 1.0), ("right", -1.0)):
        distance = np.linalg.norm(points - eyes[side], axis=1)
        markers[f"{side}_eye"] = np.argsort(np.where(on_head, distance, np.inf))[:12].astype(np.int32)
        markers[f"{side}_ear"] = extreme(on_head & (level < 0.05), (sign, 0, 0))
        ankle = skeleton.head(f"foot_{side[0]}")
        foot = (points[:, 1] < ankle[1]) & (points[:, 0] * sign > 0)
        markers[f"{side}_heel"] = extreme(foot, (0, -0.3, -1))
        markers[f"{side}_big_toe"] = extreme(foot & (np.abs(points[:, 0]) < abs(ankle[0])), (0, 0, 1))
        markers[f"{side}_small_toe"] = extreme(foot, (sign, 0, 0.5))
    return markers
