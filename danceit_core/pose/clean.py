"""Clean keypoints shot by shot (paper III-A): undo swaps, fill gaps, mark bad frames, smooth jitter.

Each step has its own module: `swaps`, `repair`, `rejection` (with the list of reason codes), `smooth`. A camera
cut begins a new shot: no gap is filled, nothing is smoothed and no fragment is taken across it, whether or not frames
are dropped there. Dropped frames keep their row, so that frame k stays at k / fps.
"""

import itertools
import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from danceit_core.config import CleaningSettings
from danceit_core.errors import ConfigError, PoseError
from danceit_core.pose.carry import CARRIED, Columns, exchange_sides, mend_beside, smooth_beside
from danceit_core.pose.measure import measure_body
from danceit_core.pose.orientation import share_not_upright
from danceit_core.pose.rejection import NO_HEAD, explain_refusal, rejection_reasons
from danceit_core.pose.repair import fill_unsure, in_torsos, repair_gaps
from danceit_core.pose.skeleton import JOINTS, Keypoints
from danceit_core.pose.smooth import smooth_passages
from danceit_core.pose.swaps import mend_swaps
from danceit_core.pose.table import PoseTable
from danceit_core.pose.tracks import Track, join_tracks, split_tracks

log = logging.getLogger(__name__)

CHOICES = {"smoothing": ("none", "whittaker"), "several_people": ("drop", "follow", "each")}

# If the body is upside down or lies in more than this share of a dance, the camera may have been turned.
NOTABLE_SHARE = 0.25

People = NDArray[np.integer]


@dataclass(frozen=True)
class Cleaned:
    """Cleaned keypoints of a video.

    keypoints (T, 25, 3) float32; kept (T,): usable frames; reason (T,): code of `rejection.REASONS`, "" if kept; shot
    (T,) int32: 0, 1, 2, ..., rises at each camera cut; beside: columns of `carry`, as far as they were given.
    """

    keypoints: Keypoints
    kept: NDArray[np.bool_]
    reason: NDArray[np.str_]
    shot: NDArray[np.int32]
    beside: Columns


def clean_keypoints(
    keypoints: Keypoints,
    *,
    fps: float,
    settings: CleaningSettings,
    cuts: Sequence[int] = (),
    people: People | None = None,
    beside: Columns | None = None,
) -> Cleaned:
    """Repair (T, 25, 3) keypoints in pixels at `fps` frames per second and mark the usable frames.

    cuts: frames at which a new shot begins. people: (T,) persons seen around each frame, None if not counted. beside:
    columns of `carry` (T, ...) to clean along with them.
    Raises PoseError for another shape or fps <= 0, ConfigError for an unknown choice in the settings.
    """
    if keypoints.ndim != 3 or keypoints.shape[1:] != (JOINTS, 3):
        raise PoseError(f"keypoints have shape {keypoints.shape}; (frames, 25, 3) is expected")
    if people is not None and len(people) != len(keypoints):
        raise PoseError(f"people are counted in {len(people)} frames, keypoints have {len(keypoints)}; detect again")
    if fps <= 0:
        raise PoseError(f"fps is {fps}; the frame rate must be positive")
    for key, known in CHOICES.items():
        if getattr(settings, key) not in known:
            raise ConfigError(f"cleaning.{key} is {getattr(settings, key)!r}; choose one of: {', '.join(known)}")
    frames = len(keypoints)
    bounds = [0, *sorted({int(cut) for cut in cuts if 0 < cut < frames}), frames]
    shots = [slice(start, end) for start, end in itertools.pairwise(bounds)]
    beside = beside or {}
    cleaned = [
        _clean_shot(
            keypoints[shot],
            fps=fps,
            settings=settings,
            people=None if people is None else people[shot],
            beside={name: values[shot] for name, values in beside.items()},
        )
        for shot in shots
    ]
    repaired = np.concatenate([shot_keypoints for shot_keypoints, _, _ in cleaned])
    reason = np.concatenate([codes for _, codes, _ in cleaned])
    if np.isnan(measure_body(repaired[reason == ""]).height_px):
        reason[reason == ""] = NO_HEAD
    return Cleaned(
        keypoints=repaired,
        kept=reason == "",
        reason=reason,
        shot=np.repeat(np.arange(len(shots), dtype=np.int32), np.diff(bounds)),
        beside={name: np.concatenate([columns[name] for _, _, columns in cleaned]) for name in beside},
    )


def clean_table(table: PoseTable, *, settings: CleaningSettings, name: str, tolerant: bool) -> PoseTable:
    """The cleaned table of a video, with columns `kept`, `reason` and `shot` and all metadata of the given one.

    In a table of several dancers, each is cleaned separately.

    A video that was refused before, and one of which no frame is of use, is passed on with the reason as metadata
    `refused` if `tolerant`; else it raises PoseError. name: of the video, for that message.
    """
    metadata = dict(table.metadata)
    if metadata.get("still"):
        # The only frame of a photograph must not be dropped as too short: it has no movement to learn from.
        settings = replace(settings, min_segment_s=0.0)
    tracks = long_tracks(split_tracks(table), settings=settings)
    cleaned = join_tracks([_clean_track(track, settings=settings, cuts=metadata.get("cuts") or ()) for track in tracks],
                          metadata=metadata)  # fmt: skip
    kept, reason = cleaned.columns["kept"], cleaned.columns["reason"]
    if not metadata.get("refused") and not kept.any():
        metadata["refused"] = f"{name}: {explain_refusal(reason)}"
    if metadata.get("refused"):
        if not tolerant:
            raise PoseError(metadata["refused"])
        log.warning("left out: %s", metadata["refused"])
    elif (share := share_not_upright(cleaned.keypoints[kept])) > NOTABLE_SHARE:
        log.warning(
            "%s: the body is upside down or lies in %.0f %% of the frames, kept as handstands and floor work; if the "
            "camera was turned there, cut the video and set column rotate of that part", name, 100 * share,
        )  # fmt: skip
    return cleaned


def long_tracks(tracks: Sequence[Track], *, settings: CleaningSettings) -> list[Track]:
    """The dancers of a video without those in view too briefly for a fragment; all of them if that applies to all."""
    long = [track for track in tracks if len(track.pose) >= settings.min_segment_s * track.pose.fps]
    if 0 < len(long) < len(tracks):
        log.info("dancers in view for less than %g s: %d, left out", settings.min_segment_s, len(tracks) - len(long))
    return long or list(tracks)


def _clean_track(track: Track, *, settings: CleaningSettings, cuts: Sequence[int]) -> Track:
    """Clean one dancer; cuts: those of the video."""
    pose = track.pose
    cleaned = clean_keypoints(
        pose.keypoints,
        fps=pose.fps,
        settings=settings,
        cuts=pose.metadata.get("cuts", ()),
        people=pose.columns.get("people"),
        beside={name: pose.columns[name] for name in CARRIED if name in pose.columns},
    )
    # Shots are numbered over the whole video, not only those with this dancer.
    shot = cleaned.shot + np.int32(sum(0 < cut <= track.first for cut in cuts))
    columns = {**pose.columns, **cleaned.beside, "kept": cleaned.kept, "reason": cleaned.reason, "shot": shot}
    return replace(track, pose=PoseTable(cleaned.keypoints, pose.metadata, columns))


def _clean_shot(
    keypoints: Keypoints, *, fps: float, settings: CleaningSettings, people: People | None, beside: Columns
) -> tuple[Keypoints, NDArray[np.str_], Columns]:
    """Repaired keypoints, the reason code of each frame of one shot, and the carried columns."""
    broken = None
    if settings.repair_swaps:
        filled = fill_unsure(keypoints, fps=fps, settings=settings)
        mended = mend_swaps(keypoints, in_torsos(filled, fps=fps), fps=fps)
        keypoints, broken = mended.keypoints, mended.broken
        beside = exchange_sides(beside, mended.exchanged)
    repaired = repair_gaps(keypoints, fps=fps, settings=settings).astype(np.float32)
    max_gap = round(settings.max_gap_s * fps)
    beside = mend_beside(beside, keypoints, repaired, floor=settings.confidence_floor, max_gap=max_gap)
    reason = rejection_reasons(repaired, fps=fps, settings=settings, broken=broken, people=people)
    if settings.smoothing == "whittaker":
        beside = smooth_beside(beside, repaired, reason == "", fps=fps)
        repaired = smooth_passages(repaired, reason == "", fps=fps)
    return repaired, reason, beside
