"""Films of a textured room by a camera that moves as one likes, with the truth: for the tests of `solve_camera`."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from puppet import puppet_keypoints

from danceit_core.imagination.camera.geometry import Floats
from danceit_core.media.encode import VideoWriter
from danceit_core.media.mask_video import MaskWriter
from danceit_core.media.video import STORE_GOP
from danceit_core.pose.table import PoseTable

FPS, SIZE, ROOM = 24.0, (320, 240), (960, 720)

Picture = NDArray[np.uint8]


@dataclass(frozen=True)
class Film:
    """truth (T, 3, 3): from pixels of a frame to those of the room (960 x 720)."""

    frames_path: Path
    masks_path: Path
    table: PoseTable
    truth: Floats


def textured_room(seed: int = 0) -> Picture:
    """A wall with pictures, boards and stains: corners everywhere, none of them alike."""
    rng = np.random.default_rng(seed)
    width, height = ROOM
    stains = cv2.GaussianBlur(rng.normal(0, 1, (height, width)).astype(np.float32), (0, 0), 4)
    room = np.repeat((120 + 160 * stains)[..., None], 3, axis=2)
    for _ in range(180):
        x, y = rng.integers(0, (width, height))
        w, h = rng.integers(10, 60, 2)
        cv2.rectangle(room, (int(x), int(y)), (int(x + w), int(y + h)), rng.uniform(40, 220, 3).tolist(), -1)
    return room.clip(0, 255).astype(np.uint8)


def bare_room() -> Picture:
    """A wall on which there is nothing but a slow shade."""
    x, y = np.meshgrid(np.linspace(0, 2.2 * np.pi, ROOM[0]), np.linspace(0, 1.7 * np.pi, ROOM[1]))
    return np.repeat((128 + 70 * np.sin(x) * np.cos(y))[..., None], 3, axis=2).astype(np.uint8)


def look(x: float, y: float, *, zoom: float = 1.0, turn: float = 0.0, tilt: float = 0.0) -> Floats:
    """From a frame whose middle shows (x, y) of the room to the room. zoom: > 1 shows less; turn: radians."""
    middle = np.array([[1, 0, -(SIZE[0] - 1) / 2], [0, 1, -(SIZE[1] - 1) / 2], [0, 0, 1.0]])
    c, s = np.cos(turn) / zoom, np.sin(turn) / zoom
    back = np.array([[c, -s, x], [s, c, y], [0, 0, 1.0]])
    return back @ np.array([[1, 0, 0], [0, 1, 0], [tilt, 0, 1.0]]) @ middle


def dancer(number: int, *, height: float = 0.7) -> tuple[NDArray[np.float32], NDArray[np.uint8]]:
    """Joints (25, 3) and outline of a puppet who is so large a part of a frame, dancing to and fro."""
    side = height * SIZE[1]
    joints = puppet_keypoints(number / FPS, size=int(side)).astype(np.float32)
    joints[:, 0] += SIZE[0] / 2 - side / 2 + 30 * np.sin(number / 20)
    joints[:, 1] += SIZE[1] - side
    outline = np.zeros(SIZE[::-1], np.uint8)
    hull = cv2.convexHull(joints[joints[:, 2] > 0, :2].astype(np.int32))
    cv2.fillConvexPoly(outline, hull, 255)
    return joints, outline


def film_room(
    folder: Path,
    frames: int,
    camera: Callable[[int], Floats],
    *,
    room: Picture | None = None,
    height: float = 0.7,
    change: Callable[[int, Picture], Picture] = lambda _number, picture: picture,
    noise: float = 2.0,
) -> Film:
    """Film a room; `change` may do to each picture what it likes, after the dancer is in it."""
    room = textured_room() if room is None else room
    rng = np.random.default_rng(1)
    clothes = rng.integers(0, 255, (*SIZE[::-1], 3)).astype(np.uint8)
    clothes = cv2.resize(cv2.resize(clothes, (40, 30)), SIZE, interpolation=cv2.INTER_NEAREST)
    truth = np.stack([camera(number) for number in range(frames)])
    joints = np.zeros((frames, 25, 3), np.float32)
    folder.mkdir(parents=True, exist_ok=True)
    frames_path, masks_path = folder / "film.mp4", folder / "film.mkv"
    with (
        VideoWriter(frames_path, fps=FPS, size=SIZE, crf=16, gop=STORE_GOP) as pictures,
        MaskWriter(masks_path, fps=FPS, size=SIZE) as masks,
    ):
        for number in range(frames):
            way = cv2.WARP_INVERSE_MAP | cv2.INTER_LINEAR
            picture = cv2.warpPerspective(room, truth[number], SIZE, flags=way, borderMode=cv2.BORDER_REFLECT)
            joints[number], outline = dancer(number, height=height)
            shift = np.float32([[1, 0, 30 * np.sin(number / 20)], [0, 1, 8 * np.sin(number / 5)]])
            moving = cv2.warpAffine(clothes, shift, SIZE, borderMode=cv2.BORDER_REFLECT)
            picture[outline > 0] = moving[outline > 0]
            picture = picture + rng.normal(0, noise, picture.shape)
            pictures.write(change(number, picture.clip(0, 255).astype(np.uint8)))
            masks.write(outline)
    columns = {"kept": np.ones(frames, bool), "reason": np.full(frames, "", "<U16"), "shot": np.zeros(frames, np.int32)}
    table = PoseTable(joints, {"fps": FPS, "width": SIZE[0], "height": SIZE[1]}, columns)
    return Film(frames_path, masks_path, table, truth)
