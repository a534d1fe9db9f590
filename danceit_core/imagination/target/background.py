"""The empty room behind the target person, from a video with a still camera (not in the paper).

Each pixel is the median over those frames in which the person's region is elsewhere, so that no ghost of the person
stays (a plain median over all frames keeps one where the person stands most of the time). Pixels that the person
never leaves are filled in from the rest of the room (`fill`). Soft shadows on the floor beside the feet are kept out
by a wider region there. What the room says of the video besides: whether the camera moves (`room_unrest`), and how
sharp the person is beside it (`relative_sharpness`).
"""

import logging

import cv2
import numpy as np
from numpy.typing import ArrayLike, NDArray

from danceit_core.imagination.target.fill import fill_holes
from danceit_core.imagination.target.region import Mask, body_size, person_and_shadow, person_region
from danceit_core.pose.skeleton import Keypoints

log = logging.getLogger(__name__)

FRAMES = 240  # sampled evenly: more make no better median
ROWS = 32  # of all sampled frames at a time: 240 x 32 x 512 x 3 x 2 bytes = 24 MB
MIN_VIEWS = 6  # a pixel seen less often may show the rim of the person only
MAX_UNREST = 40  # grey levels between the quartiles of a seldom seen pixel; above, sleeves and hair are among them
RIM_PX = 4  # of the picture beside the black bars: their edge is no sharpness of the room
BARE_WALL = 25.0  # variance of the Laplacian below which a room has no edges to speak of; four real ones: 200 to 2000
MOVING_LEVELS = 6.0  # grey levels between plate and frames above which the camera is held to move


def background_plate(pictures: NDArray[np.uint8], keypoints: Keypoints) -> tuple[NDArray[np.uint8], Mask]:
    """The room without the person, uint8 (H, W, 3), and which of its pixels were seen, (H, W).

    pictures: (T, H, W, 3), may lie on disk; keypoints: (T, 25, 3) pixels of them. A pixel never seen is filled in.
    Logs a warning if the room itself moves: then settings should say background_plate: false.
    """
    chosen, hidden = _sample(pictures, keypoints)
    plate, unrest, views = _median_room(pictures, chosen, hidden)
    enough = views >= min(MIN_VIEWS, max(1, len(chosen) // 4))
    seen = enough & ((unrest < MAX_UNREST) | (views > len(chosen) // 2))
    levels = _levels(pictures, chosen, hidden, plate)
    if levels > MOVING_LEVELS:
        log.warning(
            "the background differs by %.1f grey levels from frame to frame (still: below %.0f); does the camera move? "
            "Then set pose_gan: background_plate: false",
            levels,
            MOVING_LEVELS,
        )
    return fill_holes(plate, seen), seen


def room_unrest(pictures: NDArray[np.uint8], keypoints: Keypoints) -> float:
    """Grey levels by which the room differs from frame to frame; above MOVING_LEVELS the camera is held to move.

    pictures: (T, H, W, 3); keypoints: (T, 25, 3) pixels of them. NaN where no frame shows the room.
    """
    if not len(pictures):
        return float("nan")
    chosen, hidden = _sample(pictures, keypoints)
    return _levels(pictures, chosen, hidden, _median_room(pictures, chosen, hidden)[0])


def relative_sharpness(
    pictures: NDArray[np.uint8], keypoints: Keypoints, *, bars: ArrayLike = (0, 0)
) -> NDArray[np.float64]:
    """How sharp the person is beside the room behind, (T,): variance of the Laplacian in one over that in the other.

    pictures: (T, H, W, 3); keypoints: (T, 25, 3) pixels of them; bars: width of the black bars left and right, and
    above and below, (2,) or (T, 2). Resolution, noise and codec take from both and cancel; a bare wall has nothing to
    compare with, there the person's own edges count. NaN where either is not in view.
    """
    height, width = pictures.shape[1:3]
    body_px = _typical_size(keypoints, otherwise=height / 4)
    rims = RIM_PX + np.broadcast_to(np.asarray(bars, int), (len(pictures), 2))
    ratios = np.full(len(pictures), np.nan)
    for frame, (picture, joints, (left, top)) in enumerate(zip(pictures, keypoints, rims, strict=True)):
        inside = np.zeros((height, width), bool)
        inside[top : height - top, left : width - left] = True
        edges = cv2.Laplacian(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), cv2.CV_32F)
        person = inside & person_region(joints, size=(width, height), body_px=body_px)
        room = inside & ~person_and_shadow(joints, size=(width, height), body_px=body_px)
        if person.any() and room.any():
            ratios[frame] = edges[person].var(dtype=np.float64) / (BARE_WALL + edges[room].var(dtype=np.float64))
    return ratios


def _sample(pictures: NDArray[np.uint8], keypoints: Keypoints) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Numbers (n,) of the frames to look at, and where the person hides the room in each, (n, H, W)."""
    frames, height, width = pictures.shape[:3]
    chosen = np.unique(np.linspace(0, frames - 1, min(frames, FRAMES)).round().astype(int))
    sizes = body_size(keypoints[chosen])
    typical = _typical_size(keypoints[chosen], otherwise=height / 4)
    hidden = np.stack(
        [
            person_and_shadow(keypoints[i], size=(width, height), body_px=float(np.nanmax([s, typical])))
            for i, s in zip(chosen, sizes, strict=True)
        ]
    )
    return chosen, hidden


def _typical_size(keypoints: Keypoints, *, otherwise: float) -> float:
    sizes = body_size(keypoints)
    return otherwise if np.isnan(sizes).all() else float(np.nanmedian(sizes))


def _median_room(
    pictures: NDArray[np.uint8], chosen: NDArray[np.int64], hidden: NDArray[np.bool_]
) -> tuple[NDArray[np.uint8], NDArray[np.int32], NDArray[np.int64]]:
    """The room (H, W, 3), grey levels between the quartiles of each pixel (H, W), and its views (H, W)."""
    height, width = pictures.shape[1:3]
    plate = np.zeros((height, width, 3), np.uint8)
    unrest = np.zeros((height, width), np.int32)
    views = (~hidden).sum(0)  # (H, W)
    for top in range(0, height, ROWS):
        rows = slice(top, top + ROWS)
        band = np.stack([pictures[i, rows] for i in chosen]).astype(np.uint16)  # (n, rows, W, 3)
        band[hidden[:, rows]] = 999  # sorts behind every grey level
        band.sort(axis=0)
        plate[rows] = _at_share(band, views[rows], 0.5).clip(0, 255)
        unrest[rows] = (_at_share(band, views[rows], 0.75) - _at_share(band, views[rows], 0.25)).max(-1)
    return plate, unrest, views


def _at_share(band: NDArray[np.uint16], views: NDArray[np.int64], share: float) -> NDArray[np.int32]:
    """The grey level below which a share of the views of each pixel lies, (rows, W, 3) from sorted (n, rows, W, 3)."""
    index = (np.maximum(views - 1, 0) * share).astype(np.int64)
    return np.take_along_axis(band, index[None, :, :, None], axis=0)[0].astype(np.int32)


def _levels(
    pictures: NDArray[np.uint8], chosen: NDArray[np.int64], hidden: NDArray[np.bool_], plate: NDArray[np.uint8]
) -> float:
    """Mean difference of frame and plate where the room is seen, grey levels: the median of 24 frames, or NaN."""
    sample = range(0, len(chosen), max(1, len(chosen) // 24))
    levels = [
        float(np.abs(pictures[chosen[i]].astype(np.int16) - plate)[~hidden[i]].mean())
        for i in sample
        if not hidden[i].all()
    ]
    return float(np.median(levels)) if levels else float("nan")
