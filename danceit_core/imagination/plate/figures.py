"""Figures of a plate: how much of the room was never seen, how far the frames differ from it (not in the paper)."""

import json
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from danceit_core.errors import ImaginationError
from danceit_core.imagination.plate.hides import HIDDEN
from danceit_core.imagination.plate.views import Views
from danceit_core.imagination.target.region import Mask
from danceit_core.imagination.target.view import Window
from danceit_core.media.letterbox import Picture
from danceit_core.pose.plate import Box

# Views that are compared with the plate; blocks along the longer side of a view in which light is compared.
COMPARED, BLOCKS = 24, 12
# Share of a block that must be seen.
LEAST = 0.3


@dataclass(frozen=True)
class RoomFigures:
    """The figures of a plate. Shares are 0..1, NaN if there is nothing to measure.

    width, height: pixels of the plate; frames: how many it was made of. never_seen: share of the places that the
    camera showed, but always behind the person. hole_share: the largest of these, as a share of the area that the
    person covers in a frame; hole_at: its middle, in shares of the plate. never_covered: share of the static view that
    the camera never showed. laid_over: share of a frame that captions or a border round the picture cover.
    room_levels: mean difference of frames and plate, grey levels; light_levels: the same for the light in single
    places, after all frames were brought to one exposure.
    """

    width: int
    height: int
    frames: int
    never_seen: float
    hole_share: float
    hole_at: tuple[float, float]
    never_covered: float
    laid_over: float
    room_levels: float
    light_levels: float

    def as_json(self) -> dict[str, Any]:
        """The figures as plain values, None for unknown ones."""
        plain = asdict(self)
        return {key: None if value != value else value for key, value in plain.items()}  # noqa: PLR0124 (NaN)


def read_room(path: str | Path) -> RoomFigures:
    """The figures that `plate.write_plate` wrote. Raises ImaginationError for a file without them."""
    values = _filed(path, [field.name for field in fields(RoomFigures)])
    values = {name: float("nan") if value is None else value for name, value in values.items()}
    return RoomFigures(**values | {"hole_at": tuple(values["hole_at"])})


def read_filled(path: str | Path) -> list[list[list[int]]]:
    """The outlines of the filled places that `plate.write_plate` wrote, corners [x, y]; errors as in `read_room`."""
    polygons: list[list[list[int]]] = _filed(path, ["filled"])["filled"]
    return polygons


def _filed(path: str | Path, names: list[str]) -> dict[str, Any]:
    try:
        filed = json.loads(Path(path).read_text("utf-8"))
        return {name: filed[name] for name in names}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ImaginationError(f"{path} contains no figures of a plate ({error!r}); delete it and run again") from error


def measure_room(
    views: Views, picture: Picture, seen: Mask, covered: Mask, *, box: Box, laid_over: float
) -> RoomFigures:
    """The figures of a plate (H, W, 3) made of `views`; seen, covered: (H, W); box: the static view on it."""
    left, top, width, height = box
    inside = covered[top : top + height, left : left + width]
    share, at = _largest_hole(covered & ~seen, person_px=_person_px(views))
    levels, light = _differences(views, picture, seen)
    return RoomFigures(
        *views.size,
        frames=len(views),
        never_seen=float((covered & ~seen).sum() / max(1, covered.sum())),
        hole_share=share,
        hole_at=at,
        never_covered=float(1 - inside.mean()) if inside.size else 0.0,
        laid_over=laid_over,
        room_levels=levels,
        light_levels=light,
    )


def _person_px(views: Views) -> float:
    """How many pixels of the plate the person covers, in the resolution of the grid."""
    cells = np.median((views.state == HIDDEN).sum((1, 2)))
    scale = (views.pictures.shape[2] / views.state.shape[2]) ** 2
    zoom = 1.0 if views.camera is None else float(np.median(np.abs(np.linalg.det(views.camera[:, :2, :2]))))
    return float(cells * scale * zoom)


def _largest_hole(holes: Mask, *, person_px: float) -> tuple[float, tuple[float, float]]:
    """Area of the largest hole in areas of the person, and its middle (x, y) in shares of the plate; 0 and the centre
    of the plate if there is none.
    """
    count, _, stats, middles = cv2.connectedComponentsWithStats(holes.astype(np.uint8))
    if count < 2:
        return 0.0, (0.5, 0.5)
    largest = 1 + int(stats[1:, cv2.CC_STAT_AREA].argmax())
    x, y = (float(round(at / side, 3)) for at, side in zip(middles[largest], holes.shape[::-1], strict=True))
    return float(stats[largest, cv2.CC_STAT_AREA] / max(1.0, person_px)), (x, y)


def _differences(views: Views, picture: Picture, seen: Mask) -> tuple[float, float]:
    """Median over some views of their mean difference from the plate, and of how much single places differ in light."""
    height, width = picture.shape[:2]
    whole = Window(0, 0, width, height)
    small = _blocks(views)
    levels, light = [], []
    for number in np.unique(np.linspace(0, len(views) - 1, min(COMPARED, len(views))).round().astype(int)):
        one = Views(
            views.pictures[number : number + 1], views.state[number : number + 1],
            None if views.camera is None else views.camera[number : number + 1], views.size,
            views.numbers[number : number + 1], views.body_px,
        )  # fmt: skip
        shown = (one.states(whole)[0] == 0) & seen
        if not shown.any():
            continue
        change = cv2.subtract(one.picture(0, whole), picture, dtype=cv2.CV_32F)
        levels.append(float(np.abs(change[shown]).mean()))
        weight = cv2.resize(shown.astype(np.float32), small, interpolation=cv2.INTER_AREA)
        means = cv2.resize(change.mean(-1) * shown, small, interpolation=cv2.INTER_AREA)
        blocks = means[weight > LEAST] / weight[weight > LEAST]
        if len(blocks):
            light.append(float(np.quantile(np.abs(blocks), 0.9)))
    nothing = float("nan")
    return (float(np.median(levels)), float(np.quantile(light, 0.9))) if light else (nothing, nothing)


def _blocks(views: Views) -> tuple[int, int]:
    """The number of blocks across and down the plate; a view has BLOCKS of them along its longer side."""
    side = max(views.pictures.shape[1:3]) / BLOCKS
    return max(1, round(views.size[0] / side)), max(1, round(views.size[1] / side))
