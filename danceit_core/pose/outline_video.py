"""The outline of the person in every frame of a frame store, as a video of masks.

It comes from the best available of three sources; the log and the file name the source:

1. `DETECTED`: the landmark network of BlazePose, in the same pass as the keypoints (`write_outlines` is the sink).
2. `AROUND`: the same network, looking where given keypoints are; nothing is detected again.
3. `CAPSULES`: without that network, capsules around the limbs of the given keypoints, also fitted to picture edges.
"""

import contextlib
import logging
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np

from danceit_core.config import PoseSettings
from danceit_core.errors import PoseError
from danceit_core.media.ahead import made_ahead
from danceit_core.media.letterbox import Picture
from danceit_core.media.mask_video import MaskWriter
from danceit_core.media.source import SourceReport
from danceit_core.media.video import decode_frames, probe
from danceit_core.pose.capsules import body_size, person_region
from danceit_core.pose.estimate import DECODED_AHEAD, Progress
from danceit_core.pose.extract import extract_keypoints
from danceit_core.pose.joint_region import region_of_joints
from danceit_core.pose.landmarks import CROP_SIDE, LandmarkNetwork, crop_transform
from danceit_core.pose.outline import Outlined, Outlines, Shape
from danceit_core.pose.skeleton import Keypoints
from danceit_core.pose.table import PoseTable
from danceit_core.pose.tracks import longest_track

log = logging.getLogger(__name__)

DETECTED = "BlazePose, with the keypoints"
AROUND = "BlazePose, around the given keypoints"
CAPSULES = "capsules around the limbs of the given keypoints"

# The capsules of `person_region` cover the person generously; narrower ones, blurred by SOFT_PX pixels of the crop,
# leave the edge to the picture's colours. IoU with the studio's silhouettes: 0.75, without both 0.60.
NARROW, SOFT_PX = 0.55, 6.0

Sink = Callable[[Picture, Outlined | None], None]
Finder = Callable[[Picture, Keypoints], Outlined | None]


@contextlib.contextmanager
def write_outlines(path: str | Path, *, fps: float, size: tuple[int, int], source: str) -> Iterator[Sink]:
    """Yield a function that takes the picture and body (None: nobody) of successive frames and writes the masks.

    path: the video of masks, which appears only on a clean exit; size: (width, height) of the pictures; source: where
    the bodies come from. Raises MediaError for what `MaskWriter` cannot write.
    """
    outlines = Outlines()
    with MaskWriter(path, fps=fps, size=size, source=source) as writer:

        def feed(picture: Picture, body: Outlined | None) -> None:
            for mask in outlines.feed(picture, body):
                writer.write(mask)

        yield feed
        for mask in outlines.finish():
            writer.write(mask)
    log.info("outlines of %d frames, from %s", writer.frames, source)


def extract_with_outline(
    frames_path: str | Path,
    path: str | Path,
    *,
    report: SourceReport,
    settings: PoseSettings,
    weights: Path,
    at_x: float | None = None,
    progress: Progress | None = None,
) -> PoseTable:
    """The keypoint table of a target's frame store as from `extract_keypoints`; writes the outlines in the same pass.

    path: the video of masks, which is not written if an error is raised. at_x, errors: as in `extract_keypoints`.
    """
    info = probe(frames_path)
    size = (info.width, info.height)
    with write_outlines(path, fps=info.fps, size=size, source=DETECTED) as feed:
        return extract_keypoints(
            frames_path,
            report=report,
            settings=settings,
            weights=weights,
            is_target=True,
            at_x=at_x,
            sink=feed,
            progress=progress,
        )


def outline_person(
    frames_path: str | Path | None,
    table: PoseTable,
    path: str | Path,
    *,
    name: str,
    settings: PoseSettings,
    weights: Path | None,
    is_target: bool = False,
    progress: Progress | None = None,
) -> None:
    """Write the outlines of a video whose keypoints are known.

    frames_path: its frame store; None, for keypoints that came without a video, is a PoseError. table: its keypoints;
    without rows, or without a person, the masks are empty; among several dancers, the one seen longest is outlined.
    name: of the video, for messages. settings, is_target: which network, and whether it also runs on mirror images.
    weights: the folder of the network, None if it is not available.
    """
    if frames_path is None:
        raise PoseError(
            f"{name} has keypoints but no video, so there is no outline; name its video in column path of the table"
        )
    info = probe(frames_path)
    size = (info.width, info.height)
    if len(table) and table.size != size:
        raise PoseError(
            f"{name}: its keypoints refer to pictures of {table.size[0]} x {table.size[1]}, but {frames_path} has "
            f"{size[0]} x {size[1]}; delete both and run again"
        )
    dancer = longest_track(table, name=name)
    find: Finder
    if weights is None:
        find, source = capsules, CAPSULES
        log.warning(
            "%s: BlazePose's network is missing, so the outline is made of capsules around the limbs, without hair and "
            "cloth; to fetch the network, run `make assets`", name,
        )  # fmt: skip
    else:
        mirror = settings.looks_twice(is_target=is_target)
        find, source = _around(LandmarkNetwork(weights, model=settings.model), mirror=mirror), AROUND
    total = max(1, round(info.duration_s * info.fps))
    pictures = decode_frames(frames_path, fps=info.fps, size=None)
    with (
        write_outlines(path, fps=info.fps, size=size, source=source) as feed,
        made_ahead(pictures, most=DECODED_AHEAD) as ahead,
    ):
        for number, picture in enumerate(ahead):
            row = number - dancer.first
            feed(picture, find(picture, dancer.pose.keypoints[row]) if 0 <= row < len(dancer.pose) else None)
            if progress is not None:
                progress(number + 1, max(total, number + 1))


def _around(network: LandmarkNetwork, *, mirror: bool) -> Finder:
    """A function that finds the person with the network where (25, 3) keypoints are."""

    def find(picture: Picture, keypoints: Keypoints) -> Outlined | None:
        region = region_of_joints(keypoints)
        return None if region is None else network.look(picture, region, mirror=mirror, outline=True)

    return find


def capsules(picture: Picture, keypoints: Keypoints) -> Shape | None:
    """Capsules around the limbs of (25, 3) keypoints as an outline; None for nobody. The picture is not used."""
    region, body_px = region_of_joints(keypoints), float(body_size(keypoints))
    if region is None or not body_px > 0:
        return None
    transform = crop_transform(region)
    in_crop = keypoints.copy()
    in_crop[:, :2] = (keypoints[:, :2] - transform[:, 2]) @ np.linalg.inv(transform[:, :2]).T
    size, body_px = (CROP_SIDE, CROP_SIDE), body_px * CROP_SIDE / float(region[2])
    covered = person_region(in_crop, size=size, body_px=body_px, widen=NARROW).astype(np.float32)
    # (256, 256)
    return Shape(region, np.asarray(cv2.GaussianBlur(covered, (0, 0), SOFT_PX), np.float32))
