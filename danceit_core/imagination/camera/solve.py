"""The camera of a target's video: whether it moves, and where each frame lies on the plate, the room behind the person.

`solve_camera` looks at a few frames first (`still`): most cameras stand still. A camera that moves is followed from
frame to frame by key views (`keys`) and its path freed from noise (`smooth`); the plate is laid out like the frame that
the others are nearest to (`extent`). One homography a frame is exact for a camera that turns
and zooms; for one that is carried it is that of the most of the room, mostly the wall, and what is nearer shifts a
little. `lay_on_plate` takes a keypoint table there. Homographies map the centres of pixels, which are whole numbers
(`cv2.warpPerspective`); keypoints, and the column `camera` of their table, count from the outer corner of the first
pixel.
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

# A camera is not believed that leaves more of the frames, or larger distances, or makes a plate of more pictures.
MOST_LOST, MOST_RESIDUAL_PX, LEAST_SHARE, LARGEST_PLATE = 0.3, 2.5, 0.2, 3.0
# Beside keypoints, columns of points in pixels of the picture with a confidence.
POINTS = ("fingers", "hands", "face")


class CameraError(ImaginationError):
    """A camera that moves and cannot be followed."""


@dataclass(frozen=True)
class CameraPath:
    """Where the frames of a moving camera lie on the plate.

    homographies (T, 3, 3): from pixels of the frame store to those of the plate. known (T,): whether the camera was
    found there, or close before and after; others hold a stand-in. size: (width, height) of the plate. picture: left,
    top, width and height of what a still camera shows of it: as large as a frame, without a frame drawn round it.

    overlay (H, W): pixels of the frame store that do not move with the room: writing, a logo, a frame drawn round the
    picture; a plate must not be made of them. None: there are none. residual_px: how far followed corners lie from
    where the homography has them, median, pixels of the store; agreeing: the share of corners that agree, median.
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
    """The path of a target's camera, from its frame store, outlines and cleaned keypoints; None: it stands still.

    masks_path: a video of masks (`media.mask_video`) of the store's size, 255 = person; None: keypoints alone say where
    the person is. Raises CameraError for a camera that moves and cannot be followed, ImaginationError or MediaError
    for frames, masks and keypoints that do not belong together. In memory: a few frames, and key views at work size.
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
    """As `solve_camera`, but a camera that cannot be followed is one warning, and then as good as still.

    name: of the target, for that warning.
    """
    try:
        camera = solve_camera(frames_path, masks_path, table, progress=progress)
    except CameraError as error:
        log.warning(
            "the camera of target %s moves and cannot be followed: %s; its room is taken as if the camera stood still, "
            "and is blurred for it: film with the camera on a tripod, or set pose_gan: background_plate: false",
            name,
            error,
        )
        return None
    if camera is not None:
        log.info(
            "the camera moves: plate of %d x %d, picture %s, %.2f pixels off, %.0f %% of what was followed agrees, "
            "lost in %d frames", *camera.size, camera.picture, camera.residual_px, 100 * camera.agreeing,
            (~camera.known).sum(),
        )  # fmt: skip
    return camera


def lay_on_plate(
    table: PoseTable, camera: CameraPath | None, *, exposure: NDArray[np.float32] | None = None
) -> PoseTable:
    """A cleaned keypoint table in pixels of the plate, with columns `camera` and `exposure` (T, 3) where there are any.

    Frames whose camera is not known are no longer kept. A camera that stands still (None) changes nothing.
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
    """Points (T, ..., 3) with a confidence, laid by homographies (T, 3, 3) of the same coordinates."""
    flat = points.reshape(len(points), -1, 3)  # (T, n, 3)
    laid = flat.astype(np.float32)
    laid[..., :2] = transform(homographies, flat[..., :2])
    return np.where(flat[..., 2:] > 0, laid, flat).reshape(points.shape).astype(np.float32)


def _lay_out(follower: Follower, views: TargetViews, overlay: Mask | None) -> CameraPath | None:
    """The plate for what a follower has found; None if it was next to nothing. Raises CameraError."""
    table, scale = views.table, views.scale
    found = follower.key >= 0
    if found.mean() < 1 - MOST_LOST:
        raise CameraError(FEW_CORNERS if not found.any() else f"it is lost in {(~found).mean():.0%} of the frames")
    residual_px, agreeing = float(np.nanmedian(follower.residual_px)) / scale, float(np.nanmedian(follower.share))
    if residual_px > MOST_RESIDUAL_PX or agreeing < LEAST_SHARE:
        raise CameraError(
            f"only {agreeing:.0%} of what is followed moves alike, to {residual_px:.1f} pixels (limits "
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
            f"it shows a room of {size[0]} x {size[1]} pixels (limit {LARGEST_PLATE:.0f} times its picture of "
            f"{box[2]} x {box[3]} each way)"
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
    """From pixels of the store to those of the work picture."""
    x, y = small[0] / size[0], small[1] / size[1]
    return np.array([(x, 0, x / 2 - 0.5), (0, y, y / 2 - 0.5), (0, 0, 1)])


def _in_store(overlay: Mask, size: tuple[int, int]) -> Mask:
    return cv2.resize(np.uint8(overlay), size, interpolation=cv2.INTER_NEAREST) > 0
