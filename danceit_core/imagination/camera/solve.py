"""The camera of a target's video: whether it moves, and the place of each frame on the plate (the room behind).

`solve_camera` examines a few frames first (`still`): most cameras are static. A moving camera is tracked from frame to
frame by key views (`keys`) and noise is removed from its path (`smooth`); the plate has the perspective of the frame
nearest to the others (`extent`). One homography per frame is exact for a camera that turns and zooms. For a camera that
is carried it is that of most of the room, usually the wall, and nearer things shift a little. `lay_on_plate` transforms
a keypoint table to the plate. Homographies map the centres of pixels, which are whole numbers (`cv2.warpPerspective`);
keypoints, and the column `camera` of their table, count from the outer corner of the first pixel.
"""

import logging
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from danceit_core.errors import ImaginationError
from danceit_core.imagination.camera.extent import (
    choose_picture,
    middle_frame,
    plate_extent,
    shown_box,
)
from danceit_core.imagination.camera.features import Mask
from danceit_core.imagination.camera.geometry import Floats, transform
from danceit_core.imagination.camera.keys import Follower, even_out
from danceit_core.imagination.camera.smooth import bridge, corners_of, homographies_of, smooth
from danceit_core.imagination.camera.still import FEW_CORNERS, STILL_PX, survey_camera
from danceit_core.imagination.camera.views import TargetViews
from danceit_core.media.mask_video import check_masks
from danceit_core.pose.passages import shot_numbers
from danceit_core.pose.plate import Box
from danceit_core.pose.rejection import NO_CAMERA, REASON_TYPE
from danceit_core.pose.skeleton import MID_HIP, present
from danceit_core.pose.table import PoseTable
from danceit_core.run import Progress

log = logging.getLogger(__name__)

# Limits of a trusted camera: share of frames lost, residual, share of corners that agree, plate size in pictures.
MOST_LOST, MOST_RESIDUAL_PX, LEAST_SHARE, LARGEST_PLATE = 0.3, 2.5, 0.2, 3.0
# Further columns with points in pixels of the picture and a confidence.
POINTS = ("fingers", "hands", "face")


class CameraError(ImaginationError):
    """A camera that moves and cannot be tracked."""


@dataclass(frozen=True)
class CameraPath:
    """The places of a moving camera's frames on the plate.

    homographies (T, 3, 3): from pixels of the frame store to those of the plate. known (T,): whether the camera was
    found in the frame, or shortly before and after it; other frames have placeholders. size: (width, height) of the
    plate. picture: left, top, width and height of what a static camera shows of it: as large as a frame, without a
    border drawn round it.

    overlay (H, W): pixels of the frame store that do not move with the room (writing, a logo, a border drawn round the
    picture) and must not be used for the plate. None: there are none. residual_px: median distance of tracked corners
    from where the homography puts them, pixels of the store; agreeing: median share of corners that agree.
    """

    homographies: Floats
    known: Mask
    size: tuple[int, int]
    picture: Box
    overlay: Mask | None
    residual_px: float
    agreeing: float

    @property
    def from_corners(self) -> Floats:
        """The homographies (T, 3, 3) for coordinates that count from the outer corner of the first pixel."""
        half = np.array([[1, 0, 0.5], [0, 1, 0.5], [0, 0, 1]])
        return half @ self.homographies @ np.linalg.inv(half)


def solve_camera(
    frames_path: str | Path,
    masks_path: str | Path | None,
    table: PoseTable,
    *,
    progress: Progress | None = None,
) -> CameraPath | None:
    """The path of a target's camera, from its frame store, outlines and cleaned keypoints; None: it is static.

    masks_path: a video of masks (`media.mask_video`) of the store's size, 255 = person; None: only the keypoints show
    where the person is. Raises CameraError for a camera that moves and cannot be tracked, ImaginationError or
    MediaError for frames, masks and keypoints that do not belong together. In memory: a few frames, and key views at
    work size.
    """
    if masks_path is not None:
        check_masks(masks_path, frames=len(table), size=table.size)
    views = TargetViews(Path(frames_path), Path(masks_path) if masks_path else None, table)
    survey = survey_camera(views)
    if survey.reason:
        raise CameraError(survey.reason)
    if not survey.moves:
        return None
    follower = Follower(len(table))
    looking = replace(views, overlay=survey.overlay)
    for number, view in enumerate(looking.all()):
        follower.feed(number, view)
        if progress is not None:
            progress(number + 1, len(table))
    even_out(follower.keys, follower.links)
    overlay = None if survey.overlay is None else _in_store(survey.overlay, table.size)
    return _lay_out(follower, views, overlay)


def try_camera(
    frames_path: str | Path,
    masks_path: str | Path | None,
    table: PoseTable,
    *,
    name: str,
    progress: Progress | None = None,
) -> CameraPath | None:
    """As `solve_camera`, but a camera that cannot be tracked gives one warning and is then treated as static.

    name: the target's, for that warning.
    """
    try:
        camera = solve_camera(frames_path, masks_path, table, progress=progress)
    except CameraError as error:
        log.warning(
            "the camera of target %s moves and cannot be tracked: %s; the room is made as if the camera were static "
            "and will be blurred: film with the camera on a tripod, or set pose_gan: background_plate: false",
            name,
            error,
        )
        return None
    if camera is not None:
        log.info(
            "the camera moves: plate of %d x %d, picture %s, residual %.2f pixels, %.0f %% of the tracked corners "
            "agree, lost in %d frames", *camera.size, camera.picture, camera.residual_px, 100 * camera.agreeing,
            (~camera.known).sum(),
        )  # fmt: skip
    return camera


def lay_on_plate(
    table: PoseTable, camera: CameraPath | None, *, exposure: NDArray[np.float32] | None = None
) -> PoseTable:
    """A cleaned keypoint table in pixels of the plate, with columns `camera` and `exposure` (T, 3) if there are any.

    Frames whose camera is unknown are no longer kept. A static camera (None) changes nothing.
    """
    columns: dict[str, Any] = dict(table.columns)
    if exposure is not None:
        columns["exposure"] = exposure
    if camera is None:
        return replace(table, columns=columns)
    columns["camera"] = camera.from_corners.astype(np.float32)
    for name in POINTS:
        if name in columns:
            columns[name] = _laid(columns[name], camera.from_corners)
    if "kept" in columns and not camera.known.all():
        kept, reason = np.array(columns["kept"], bool), np.array(columns["reason"]).astype(REASON_TYPE)
        reason[kept & ~camera.known] = NO_CAMERA
        columns |= {"kept": kept & camera.known, "reason": reason}
    metadata = dict(table.metadata) | {"picture": list(camera.picture), "store": list(table.size)}
    metadata |= {"width": camera.size[0], "height": camera.size[1]}
    return PoseTable(_laid(table.keypoints, camera.from_corners), metadata, columns)


def _laid(points: NDArray[np.float32], homographies: Floats) -> NDArray[np.float32]:
    """Points (T, ..., 3) with a confidence, mapped by homographies (T, 3, 3) of the same coordinates."""
    flat = points.reshape(len(points), -1, 3)  # (T, n, 3)
    laid = flat.astype(np.float32)
    laid[..., :2] = transform(homographies, flat[..., :2])
    return np.where(flat[..., 2:] > 0, laid, flat).reshape(points.shape).astype(np.float32)


def _lay_out(follower: Follower, views: TargetViews, overlay: Mask | None) -> CameraPath | None:
    """The plate for the path that a follower has found; None if the camera hardly moved. Raises CameraError."""
    table, scale = views.table, views.scale
    found = follower.key >= 0
    if found.mean() < 1 - MOST_LOST:
        raise CameraError(FEW_CORNERS if not found.any() else f"it is lost in {(~found).mean():.0%} of the frames")
    residual_px, agreeing = float(np.nanmedian(follower.residual_px)) / scale, float(np.nanmedian(follower.share))
    if residual_px > MOST_RESIDUAL_PX or agreeing < LEAST_SHARE:
        raise CameraError(
            f"only {agreeing:.0%} of the tracked corners agree, with a residual of {residual_px:.1f} pixels (limits "
            f"{LEAST_SHARE:.0%} and {MOST_RESIDUAL_PX})"
        )
    shot = shot_numbers(table)
    to_work = _to_work(table.size, views.size)
    corners = corners_of(np.linalg.inv(to_work) @ follower.places() @ to_work, table.size)
    corners, known = bridge(corners, found, shot, fps=table.fps)
    noise = follower.residual_px / np.sqrt(np.maximum(follower.corners, 1)) / scale
    noise = np.where(np.isfinite(noise), noise, np.nanmax(noise))
    corners = smooth(corners, noise, known, shot, fps=table.fps)
    homographies = homographies_of(corners, table.size)
    homographies = np.linalg.inv(homographies[middle_frame(corners, known)]) @ homographies
    homographies /= homographies[:, 2:, 2:]
    moved = np.linalg.norm(corners_of(homographies, table.size) - corners_of(np.eye(3)[None], table.size), axis=-1)
    if np.quantile(moved[known].max(1), 0.98) < STILL_PX:
        return None
    box = shown_box(overlay, table.size)
    low, size = plate_extent(homographies, known, box)
    if max(size[0] / box[2], size[1] / box[3]) > LARGEST_PLATE:
        raise CameraError(
            f"it shows a room of {size[0]} x {size[1]} pixels (limit {LARGEST_PLATE:.0f} times the width and height of "
            f"its picture, {box[2]} x {box[3]})"
        )
    shift = np.eye(3)
    shift[:2, 2] = -low
    homographies = shift @ homographies
    return CameraPath(
        homographies,
        known,
        size,
        choose_picture(homographies, known, box, size=size, dancer=_dancer(table, homographies, known)),
        overlay,
        residual_px,
        agreeing,
    )


def _dancer(table: PoseTable, homographies: Floats, known: Mask) -> Floats:
    """Where the dancer's hips are on the plate, (n, 2)."""
    seen = known & present(table.keypoints)[:, MID_HIP]
    return _laid(table.keypoints[seen][:, MID_HIP : MID_HIP + 1], homographies[seen])[:, 0, :2].astype(np.float64)


def _to_work(size: tuple[int, int], small: tuple[int, int]) -> Floats:
    """The homography from pixels of the store to those of the work picture."""
    x, y = small[0] / size[0], small[1] / size[1]
    return np.array([(x, 0, x / 2 - 0.5), (0, y, y / 2 - 0.5), (0, 0, 1)])


def _in_store(overlay: Mask, size: tuple[int, int]) -> Mask:
    return cv2.resize(np.uint8(overlay), size, interpolation=cv2.INTER_NEAREST) > 0
