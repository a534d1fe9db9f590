"""Views of the room behind a person: which frames of a video show which part of it (not in the paper).

A video is decoded once, and as many of its frames are held in memory as LIMIT_BYTES allows: the larger the pictures,
the fewer. They are chosen by what they show: first some at even distances, then those that show places which the others
hardly show, because the person stands there in most of the video. Views are mapped to the plate tile by tile, on
request; memory holds the frames as filmed.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from danceit_core.errors import ImaginationError
from danceit_core.imagination.plate.hides import OUTSIDE, floor_near, person_states, typical_size
from danceit_core.imagination.target.region import person_and_shadow
from danceit_core.imagination.target.view import Window
from danceit_core.media.letterbox import Picture
from danceit_core.media.video import each_frame, probe
from danceit_core.pose.skeleton import present
from danceit_core.pose.table import PoseTable

# Bytes of the pictures in memory, and their largest number: more do not improve the median.
LIMIT_BYTES, MOST, LEAST = 640_000_000, 240, 12
# Views that each place of the room should have, and the number of cells along the plate's longer side to count them.
ENOUGH, CELLS = 16, 48
# Number of candidate frames.
CANDIDATES = 2000
MIN_JOINTS = 8


@dataclass(frozen=True)
class Views:
    """Frames of a video that shows one room.

    pictures: (n, h, w, 3) uint8, of one exposure; state: (n, h', w') uint8, what each shows, CLEAR to OUTSIDE, on a
    coarser grid; camera: (n, 3, 3) from pixels of the frames to those of the plate, None if the camera is static;
    size: (width, height) of the plate; numbers: (n,) of the frames; body_px: typical torso length, pixels of the plate.
    """

    pictures: NDArray[np.uint8]
    state: NDArray[np.uint8]
    camera: NDArray[np.float64] | None
    size: tuple[int, int]
    numbers: NDArray[np.int64]
    body_px: float

    def __len__(self) -> int:
        return len(self.pictures)

    def states(self, window: Window) -> NDArray[np.uint8]:
        """What each view shows of a window of the plate, (n, height, width) uint8."""
        out = np.empty((len(self), window.height, window.width), np.uint8)
        height, width = self.pictures.shape[1:3]
        coarse = np.diag([self.state.shape[2] / width, self.state.shape[1] / height, 1.0])
        for number in range(len(self)):
            camera = np.eye(3) if self.camera is None else self.camera[number]
            to_grid = centred(coarse @ np.linalg.inv(moved(np.asarray(camera, np.float64), window)))
            edge = (cv2.BORDER_REPLICATE, 0) if self.camera is None else (cv2.BORDER_CONSTANT, OUTSIDE)
            out[number] = warp(self.state[number], to_grid, window, cv2.INTER_NEAREST, *edge)
        return out

    def picture(self, number: int, window: Window, *, shift: Sequence[float] = (0.0, 0.0)) -> Picture:
        """What one view shows in a window of the plate, uint8 (height, width, 3), moved by `shift` pixels."""
        if self.camera is None:
            return self.pictures[number][window.slices]
        camera = np.array([[1, 0, shift[0]], [0, 1, shift[1]], [0, 0, 1.0]]) @ moved(self.camera[number], window)
        return warp(self.pictures[number], centred(np.linalg.inv(camera)), window, cv2.INTER_CUBIC)


def moved(camera: NDArray[np.float64], window: Window) -> NDArray[np.float64]:
    """A homography to the plate, converted to one to a window of it."""
    return np.array([[1, 0, -window.left], [0, 1, -window.top], [0, 0, 1.0]]) @ camera


def centred(transform: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
    """Convert a transform whose (0, 0) is the first pixel's outer corner to OpenCV, where it is that pixel's middle."""
    half = np.array([[1, 0, 0.5], [0, 1, 0.5], [0, 0, 1.0]])
    return np.linalg.inv(half) @ transform @ half


def warp(
    picture: NDArray[np.uint8],
    to_source: NDArray[np.float64],
    window: Window,
    how: int,
    border: int = cv2.BORDER_REPLICATE,
    value: int = 0,
) -> NDArray[np.uint8]:
    """A window filled from a picture; to_source: from the window's pixels to the picture's, in OpenCV coordinates."""
    size = (window.width, window.height)
    flags = how | cv2.WARP_INVERSE_MAP
    if np.allclose(to_source[2], (0, 0, 1), atol=1e-12):
        return cv2.warpAffine(picture, to_source[:2], size, flags=flags, borderMode=border, borderValue=value)
    return cv2.warpPerspective(picture, to_source, size, flags=flags, borderMode=border, borderValue=value)


def collect_views(frames_path: str | Path, masks_path: str | Path | None, table: PoseTable) -> Views:
    """The views of the room in a frame store, decoded once.

    masks_path: the person's outlines, a mask for each frame; None: capsules around the limbs are used instead. table:
    cleaned keypoints in pixels of the plate, with `camera` and `exposure` if those change.
    Raises ImaginationError if no frame shows the person.
    """
    camera = table.columns.get("camera")
    gains = table.columns.get("exposure")
    info = probe(frames_path)
    store = (info.width, info.height)
    count = int(np.clip(LIMIT_BYTES // (3 * store[0] * store[1]), LEAST, MOST))
    numbers = choose_frames(table, count=count, store=store)
    if not len(numbers):
        raise ImaginationError(f"{frames_path}: no frame shows the person; film one person alone, in full view")
    pictures = np.empty((len(numbers), store[1], store[0], 3), np.uint8)
    for at, picture in enumerate(each_frame(frames_path, numbers)):
        pictures[at] = picture if gains is None else developed(picture, gains[numbers[at]])
    own = None if camera is None else np.asarray(camera[numbers], np.float64)
    keypoints = table.keypoints[numbers]
    body_px = typical_size(keypoints, otherwise=table.size[1] / 4)
    state = person_states(keypoints, masks_path, numbers, store=store, camera=own, body_px=body_px)
    return Views(pictures, state, own, table.size, numbers, body_px)


def choose_frames(table: PoseTable, *, count: int, store: tuple[int, int]) -> NDArray[np.int64]:
    """Numbers of at most `count` frames, ascending, that show all of the room as often as possible.

    store: (width, height) of the frames.
    """
    kept = np.asarray(table.columns.get("kept", np.ones(len(table))), bool)
    usable = np.flatnonzero(kept & (present(table.keypoints).sum(-1) >= MIN_JOINTS))
    if len(usable) <= count:
        return usable
    among = usable[np.unique(np.linspace(0, len(usable) - 1, min(len(usable), CANDIDATES)).round().astype(int))]
    clear = _coarse_views(table, among, store=store)  # (candidates, cells)
    return among[pick_views(clear, count=count, spread=count // 2)]


def pick_views(clear: NDArray[np.float32], *, count: int, spread: int) -> NDArray[np.int64]:
    """Numbers (at most `count`, ascending) of views that together show every cell as often as possible.

    clear: (n, cells), 1 where a view shows a cell clearly. `spread` of them at even distances, then what adds most to
    cells of which there are fewer than ENOUGH views, the rest at even distances again.
    """
    taken = np.zeros(len(clear), bool)
    taken[np.linspace(0, len(clear) - 1, min(spread, len(clear))).round().astype(int)] = True
    views = clear[taken].sum(0)
    while taken.sum() < min(count, len(clear)):
        gain = clear @ np.maximum(ENOUGH - views, 0)
        gain[taken] = 0
        best = int(gain.argmax())
        if gain[best] <= 0:
            break
        taken[best] = True
        views = views + clear[best]
    rest = np.flatnonzero(~taken)
    more = min(count - int(taken.sum()), len(rest))
    taken[rest[np.linspace(0, len(rest) - 1, more).round().astype(int)]] = True
    return np.flatnonzero(taken)


def _coarse_views(table: PoseTable, among: NDArray[np.int64], *, store: tuple[int, int]) -> NDArray[np.float32]:
    """Which cells of the plate each of the frames shows clearly, 0 or 1, (n, cells)."""
    scale = CELLS / max(table.size)
    size = (max(1, round(table.size[0] * scale)), max(1, round(table.size[1] * scale)))
    keypoints = table.keypoints[among].copy()
    keypoints[..., :2] *= scale
    body_px = typical_size(keypoints, otherwise=size[1] / 4)
    clear = np.empty((len(among), size[1] * size[0]), np.float32)
    corners = np.array([[0, 0], [store[0], 0], store, [0, store[1]]], np.float64)[None]
    for row, (number, joints) in enumerate(zip(among, keypoints, strict=True)):
        shown = np.ones((size[1], size[0]), np.uint8)
        if "camera" in table.columns:
            shown[:] = 0
            at = cv2.perspectiveTransform(corners, np.asarray(table.columns["camera"][number], np.float64)) * scale
            cv2.fillConvexPoly(shown, at.round().astype(np.int32), 1)
        shown[person_and_shadow(joints, size=size, body_px=body_px)] = 0
        shown[floor_near(joints, size=size, body_px=body_px)] = 0
        clear[row] = shown.ravel()
    return clear


def developed(picture: Picture, gains: NDArray[np.float32]) -> Picture:
    """A picture at the exposure of the plate; gains: (3,) for R, G, B."""
    table = np.arange(256)[:, None] * np.asarray(gains, np.float64)[None]
    return cv2.LUT(picture, np.clip(np.round(table), 0, 255).astype(np.uint8)[None])
