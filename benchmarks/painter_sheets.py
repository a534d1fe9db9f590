"""Sheets to look at: held-out frames of one target, real and from each painter, at the picture's full size.

`people.png`: whole people, one row per frame, the real one first. `details.png`: face and hands, enlarged. `feet.png`:
the floor round the feet. The painters are in the order of the given names.
"""

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from danceit_core.imagination.networks.face import place_patch
from danceit_core.imagination.target.region import hand_tips, person_span
from danceit_core.media.letterbox import Picture
from danceit_core.media.picture import write_picture
from danceit_core.pose.skeleton import FEET, Keypoints, present

# Enlargement of faces and hands; sides of their patches and of the floor, body sizes.
ENLARGED, FACE, HAND, FLOOR = 3, 0.7, 0.6, (2.4, 1.4)
GAP = 6


def write_sheets(folder: Path, pictures: dict[str, Sequence[Picture]], poses: Keypoints, *, body_px: float) -> None:
    """Write the three sheets of frames with poses (N, 25, 3); pictures: N for each painter's name."""
    folder.mkdir(parents=True, exist_ok=True)
    size = next(iter(pictures.values()))[0].shape[1::-1]
    spans = person_span(poses, body_px=body_px)
    middles = (spans[:, :2] + spans[:, 2:]) / 2
    sides = np.nanmax(spans[:, 2:] - spans[:, :2], axis=0)
    people, details, feet = [], [], []
    for number, pose in enumerate(poses):
        shown = [one[number] for one in pictures.values()]
        people.append(_row(shown, middles[number], sides, size))
        floor = [joint for joint in FEET if present(pose)[joint]]
        if floor:
            feet.append(_row(shown, pose[floor, :2].mean(0), np.array(FLOOR) * body_px, size))
        details.append([_details(picture, pose, body_px=body_px) for picture in shown])
    for name, rows in (("people", people), ("details", details), ("feet", feet)):
        if rows:
            write_picture(folder / f"{name}.png", _table(rows))
    (folder / "columns.txt").write_text("from the left: " + ", ".join(pictures) + "\n")


def tile_rows(
    rows: Sequence[Sequence[Picture]], middles: Sequence[np.ndarray], *, sides: tuple[float, float]
) -> Picture:
    """A sheet of rows of whole pictures, each cut to `sides` (width, height) about the middle of its column, pixels."""
    cut = [
        [_row([p], at, np.array(sides), p.shape[1::-1])[0] for p, at in zip(row, middles, strict=True)] for row in rows
    ]
    return _table(cut)


def _row(shown: Sequence[Picture], middle: np.ndarray, sides: np.ndarray, size: tuple[int, int]) -> list[Picture]:
    width, height = (int(min(side, most)) for side, most in zip(sides, size, strict=True))
    left, top = (
        int(np.clip(at - side / 2, 0, most - side))
        for at, side, most in zip(middle, (width, height), size, strict=True)
    )
    return [picture[top : top + height, left : left + width] for picture in shown]


def _details(picture: Picture, pose: Keypoints, *, body_px: float) -> Picture:
    """The face and up to two hands side by side, enlarged; grey if there is none."""
    size, tiles = (picture.shape[1], picture.shape[0]), []
    face_px, hand_px = (max(8, round(share * body_px)) for share in (FACE, HAND))
    face = place_patch(pose, side=min(face_px, *size), size=size)
    tiles.append(None if face is None else picture[face.slices])
    for tip in [*hand_tips(pose), None, None][:2]:
        at = None if tip is None or not all(0 <= x < most for x, most in zip(tip, size, strict=True)) else tip
        tiles.append(None if at is None else _row([picture], at, np.array([hand_px, hand_px]), size)[0])
    side = round(ENLARGED * face_px)
    grey = np.full((side, side, 3), 128, np.uint8)
    large = [grey if one is None else cv2.resize(one, (side, side), interpolation=cv2.INTER_NEAREST) for one in tiles]
    return np.hstack(large)


def _table(rows: Sequence[Sequence[Picture]]) -> Picture:
    """Rows of pictures of one size, with a white line between them."""
    height, width = rows[0][0].shape[:2]
    sheet = np.full((len(rows) * (height + GAP) - GAP, len(rows[0]) * (width + GAP) - GAP, 3), 255, np.uint8)
    for down, row in enumerate(rows):
        for across, picture in enumerate(row):
            top, left = down * (height + GAP), across * (width + GAP)
            sheet[top : top + height, left : left + width] = picture
    return sheet
