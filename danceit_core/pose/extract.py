"""Extract the keypoint table of a video from its frame store, including the known facts about the source.

The metadata of the table: `refused` (see `refusal`), `cuts` (frames at which a new shot begins), `letterbox` (scale,
offset x and y of the source's whole picture in the frame), `letterboxes` where that changes (from which frame on, and
the same three), `margins` (from which frame on, and how wide the black left and right of what is shown is, and above
and below it, pixels), `source` (path and SHA-256) and `still` (true, of a photograph).
"""

import logging
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from danceit_core.config import PoseSettings
from danceit_core.errors import PoseError
from danceit_core.media.shots import Placement
from danceit_core.media.source import SourceReport
from danceit_core.media.video import probe
from danceit_core.pose.details import share_frames, wanted_details
from danceit_core.pose.detect import detect_keypoints
from danceit_core.pose.detect_each import detect_each
from danceit_core.pose.estimate import GUESSED, FrameSink, Progress
from danceit_core.pose.refusal import make_table, reason_to_refuse
from danceit_core.pose.skeleton import Keypoints
from danceit_core.pose.table import PoseTable

log = logging.getLogger(__name__)


def extract_keypoints(
    frames_path: str | Path,
    *,
    report: SourceReport,
    settings: PoseSettings,
    weights: Path,
    is_target: bool,
    each: bool = False,
    at_x: float | None = None,
    sink: FrameSink | None = None,
    progress: Progress | None = None,
) -> PoseTable:
    """The keypoint table of a frame store.

    report: the report of the source video. is_target, sink: see `detect_keypoints`. each: follow every dancer (a table
    of tracks, see `tracks`; `blazepose` only); otherwise follow one, first the largest or, with at_x, the one nearest
    to that share (0..1) of the source's width. A dance without a usable person gives a table without rows; a target
    without one raises PoseError with the reason. Raises what `detect_keypoints` raises.
    """
    info = probe(frames_path)
    detection, refused = None, report.refused
    if not refused:
        details = wanted_details(settings, weights=weights, is_target=is_target)
        if each:
            if details is not None:
                log.warning("%s: hands and face are not detected where every dancer is followed", report.path)
            detection = detect_each(
                frames_path, settings=settings, weights=weights, cuts=report.cuts, progress=progress
            )
        else:
            detection = detect_keypoints(
                frames_path,
                settings=settings,
                weights=weights,
                is_target=is_target,
                at_px=column_px(at_x, report),
                sink=share_frames([one for one in (sink, details) if one is not None]),
                outline=sink is not None,
                progress=progress,
            )
            detection = detection if details is None else details.add_to(detection)
        doubted = doubt_outside(detection.keypoints, report, frame=detection.frame)
        detection = replace(detection, keypoints=doubted)
        refused = reason_to_refuse(detection, report.path, rotate=report.rotate)
    if refused and is_target:
        raise PoseError(refused)
    about: dict[str, Any] = {
        "cuts": list(report.cuts),
        "letterbox": list(report.letterbox),
        "source": {"path": str(report.path), "sha256": report.sha256},
    }
    if report.still:
        about["still"] = True
    if len(report.placements) > 1:
        about["letterboxes"] = [[placement.frame, *placement.letterbox] for placement in report.placements]
    about["margins"] = [[placement.frame, *margins(placement)] for placement in report.placements]
    return make_table(detection, refused=refused, fps=info.fps, size=(info.width, info.height), about=about)


def column_px(at_x: float | None, report: SourceReport) -> float | None:
    """The x in pixels of the frame store at a share (0..1) of the width of the source's first pictures."""
    if at_x is None:
        return None
    first = report.placements[0]
    scale, left, _ = first.letterbox
    return float(left + scale * first.width * at_x)


def margins(placement: Placement) -> tuple[int, int]:
    """Widths of the black margins of the picture in the frame, pixels: left and right, above and below."""
    left, top, _, _ = placement.content
    return max(0, round(left)), max(0, round(top))


def doubt_outside(keypoints: Keypoints, report: SourceReport, *, frame: NDArray | None = None) -> Keypoints:
    """(T, 25, 3) keypoints with at most GUESSED confidence where they lie outside the shown part of the source.

    frame: the frame of each row (T,), where that is not its number.

    A detector that knows bodies also guesses joints below and beside the picture, which cannot be verified.
    """
    doubted = keypoints.copy()
    numbers = np.arange(len(keypoints)) if frame is None else frame
    ends = [placement.frame for placement in report.placements[1:]] + [int(numbers.max(initial=-1)) + 1]
    for placement, end in zip(report.placements, ends, strict=True):
        left, top, width, height = placement.content
        low, high = np.array([left, top]), np.array([left + width, top + height])
        rows = (numbers >= placement.frame) & (numbers < end)
        part = doubted[rows]
        outside = ((part[..., :2] < low) | (part[..., :2] >= high)).any(axis=-1)
        doubted[rows, :, 2] = np.where(outside, np.minimum(part[..., 2], GUESSED), part[..., 2])
    return doubted
