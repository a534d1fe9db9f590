"""Changes of light and exposure in a video of a person, and the gains that correct them (not in the paper).

They are measured on the room, in small pictures, without clipped and dark pixels and without the surroundings of the
person. The gain of a frame and colour is the middle, over the pixels of the room, of the ratio of their usual value to
that in this frame; a lamp in a corner or an open door does not change it. Key frames are examined first (twice per
second in a frame store). Only if these differ by more than STEADY_LEVELS are all frames examined.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from danceit_core.imagination.plate.hides import person_hides
from danceit_core.imagination.plate.middle import middle
from danceit_core.media.container import decode_stream, open_media, picture_stream
from danceit_core.pose.table import PoseTable

# Longer side of the measured pictures, and how many of them give the room's usual light.
SMALL_PX, USUAL = 128, 96
# Grey levels by which the light may differ and still counts as steady, at the room's usual brightness.
STEADY_LEVELS = 1.5
# Grey levels between which a pixel is used, and how many pixels are needed.
LOW, HIGH, LEAST_PIXELS = 24, 232, 60
# Frames over which a median removes noise; it preserves steps.
SMOOTHED = 5
# The largest difference from the usual light that gains may leave; a larger one is a change of the picture, not of
# exposure.
EXPLAINED = 0.8
# How often gains and usual light are estimated from each other; views that a pixel of the usual light needs.
ROUNDS, LEAST_VIEWS = 6, 4
# Gains beyond this are not a change of exposure but a different picture: black, a flash, a cut.
MOST_GAIN = 4.0


def measure_exposure(
    frames_path: str | Path,
    masks_path: str | Path | None,
    table: PoseTable,
    camera: NDArray[np.floating[Any]] | None = None,
) -> NDArray[np.float32] | None:
    """Gains of R, G and B (T, 3) that bring each frame of a frame store to one exposure, None if the light is steady.

    masks_path: not read, because the joints show well enough where the person is; table: cleaned keypoints in pixels of
    the frame store; camera: (T, 3, 3) homographies from its pixels to those of the plate, if the camera moves. Multiply
    a frame by its gains and clip to 0..255. Raises MediaError for a file that is not a frame store.
    """
    del masks_path
    room = _Room(table, camera)
    keys = [
        room.laid(number, small)
        for number, small in small_frames(frames_path, side_px=SMALL_PX, key_frames=True, of=len(table))
    ]
    if len(keys) < 2:
        return None
    keys = keys[:: max(1, len(keys) // USUAL)]
    before = after = usual_of(keys)
    gains = np.ones((len(keys), 3))
    for _ in range(ROUNDS):
        gains = np.stack([gains_of(key, after) for key in keys])
        after = usual_of([key.evened(some) for key, some in zip(keys, gains, strict=True)])
    bright = float(np.median(after[after > 0])) if (after > 0).any() else 0.0
    changed = np.flatnonzero(np.abs(1 / gains - 1).max(1) * bright >= STEADY_LEVELS)
    if not len(changed):
        return None
    left = [difference(keys[k].evened(gains[k]), after) / max(difference(keys[k], before), 0.5) for k in changed]
    if np.median(left) > EXPLAINED:
        return None
    every = np.full((len(table), 3), np.nan)
    for number, small in small_frames(frames_path, side_px=SMALL_PX, key_frames=False, of=len(table)):
        every[number] = gains_of(room.laid(number, small), after)
    return _steadied(every)


@dataclass(frozen=True)
class _Laid:
    """A small frame on the plate, (h, w, 3) uint8, and which pixels of it show the room, (h, w)."""

    picture: NDArray[np.uint8]
    shown: NDArray[np.bool_]

    def evened(self, gains: NDArray[np.float64]) -> "_Laid":
        """The same with these gains (3,), unchanged if they are unknown. Clipped pixels count as hidden."""
        if not np.isfinite(gains).all():
            return self
        clear = (self.picture > LOW) & (self.picture < HIGH)
        even = np.clip(np.round(self.picture * gains), 0, 255).astype(np.uint8)
        return _Laid(even, self.shown & clear.all(-1))


class _Room:
    def __init__(self, table: PoseTable, camera: NDArray[np.floating[Any]] | None) -> None:
        self._table, self._camera = table, camera
        self._shrink = max(1.0, max(table.size) / SMALL_PX)
        self._size: tuple[int, int] = (0, 0)
        self._to_plate: NDArray[np.float64] | None = None
        if camera is not None and len(camera):
            corners = np.array([[0, 0], [table.size[0], 0], table.size, [0, table.size[1]]], np.float64)[None]
            places = np.concatenate([cv2.perspectiveTransform(corners, one)[0] for one in camera.astype(np.float64)])
            low, high = places.min(0), places.max(0)
            self._size = tuple(int(np.ceil(side / self._shrink)) for side in high - low)  # type: ignore[assignment]
            self._to_plate = np.diag([1 / self._shrink, 1 / self._shrink, 1.0]) @ np.array(
                [[1, 0, -low[0]], [0, 1, -low[1]], [0, 0, 1.0]]
            )

    def laid(self, number: int, small: NDArray[np.uint8]) -> _Laid:
        """A small frame (h, w, 3) of the video on the plate."""
        height, width = small.shape[:2]
        scale = width / self._table.size[0]
        joints = self._table.keypoints[number].copy()
        joints[:, :2] *= scale
        shown = ~person_hides(joints, size=(width, height))
        if self._camera is None or self._to_plate is None:
            return _Laid(small, shown)
        transform = self._to_plate @ self._camera[number] @ np.diag([1 / scale, 1 / scale, 1.0])
        laid = cv2.warpPerspective(small, transform, self._size)
        return _Laid(laid, cv2.warpPerspective(shown.astype(np.uint8), transform, self._size).astype(bool))


def usual_of(frames: list[_Laid]) -> NDArray[np.uint8]:
    """The room as it looks in most of the frames, uint8 (h, w, 3), 0 where nothing is known."""
    shown = np.stack([frame.shown for frame in frames])
    picture, _ = middle(np.stack([frame.picture for frame in frames]), shown)
    picture[shown.sum(0) < min(LEAST_VIEWS, max(1, len(frames) // 4))] = 0
    return picture


def gains_of(frame: _Laid, usual: NDArray[np.uint8]) -> NDArray[np.float64]:
    """The gains (3,) that bring one frame to the usual light, NaN if too little of the room is seen."""
    picture, out = frame.picture, np.full(3, np.nan)
    tells = frame.shown[..., None] & (picture > LOW) & (picture < HIGH) & (usual > LOW) & (usual < HIGH)
    for colour in range(3):
        here = tells[..., colour]
        if here.sum() < LEAST_PIXELS:
            continue
        ratios = np.sort(usual[..., colour][here] / picture[..., colour][here])
        # The mean of the middle half, because a median of ratios of whole grey levels would be coarse.
        ratio = float(ratios[len(ratios) // 4 : max(1, 3 * len(ratios) // 4)].mean())
        out[colour] = ratio if 1 / MOST_GAIN < ratio < MOST_GAIN else np.nan
    return out


def difference(frame: _Laid, usual: NDArray[np.uint8]) -> float:
    """Mean difference of one frame from the usual light, grey levels."""
    tells = frame.shown & (frame.picture > LOW).all(-1) & (usual > LOW).all(-1) & (usual < HIGH).all(-1)
    change = np.abs(frame.picture[tells].astype(np.int16) - usual[tells])
    return float(change.mean()) if change.size else 0.0


def small_frames(
    frames_path: str | Path, *, side_px: int, key_frames: bool, of: int
) -> Iterator[tuple[int, NDArray[np.uint8]]]:
    """Number and small picture (h, w, 3) of the first `of` frames; key_frames: only those that are key frames."""
    with open_media(frames_path) as container:
        stream: Any = picture_stream(container)
        ticks, start = 1 / (stream.average_rate * stream.time_base), stream.start_time or 0
        shrink = max(1.0, max(stream.width, stream.height) / side_px)
        size = {"width": max(2, round(stream.width / shrink)), "height": max(2, round(stream.height / shrink))}
        if key_frames:
            stream.codec_context.skip_frame = "NONKEY"
        for frame in decode_stream(container, stream):
            number = round((frame.pts - start) / ticks)
            if number < of:
                yield number, frame.reformat(**size, format="rgb24", interpolation="AREA").to_ndarray()


def _steadied(gains: NDArray[np.float64]) -> NDArray[np.float32]:
    """Gains (T, 3) without gaps and noise."""
    out = np.ones_like(gains)
    at = np.arange(len(gains))
    for colour in range(3):
        known = np.isfinite(gains[:, colour])
        if known.any():
            out[:, colour] = np.interp(at, at[known], gains[known, colour])
    half = SMOOTHED // 2
    wide = np.pad(out, ((half, half), (0, 0)), mode="edge")
    return np.median([wide[k : k + len(out)] for k in range(SMOOTHED)], axis=0).astype(np.float32)
