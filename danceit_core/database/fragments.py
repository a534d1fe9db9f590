"""Fragments of a dance: short windows of its poses with their sound (paper III-A), never across a cut.

A window lies inside one passage: frames that cleaning kept, of one shot of the camera. What `cut_fragments` gives is
the part of the database that one video makes; `table` writes it and puts the parts of all videos together.
"""

import logging

import numpy as np
import pandas as pd

from danceit_core.config import FragmentSettings
from danceit_core.database.split import split_of
from danceit_core.database.table import Database
from danceit_core.errors import DatabaseError
from danceit_core.music.table import MusicTable
from danceit_core.pose.facing import facing_in_passages
from danceit_core.pose.measure import measure_body
from danceit_core.pose.passages import find_passages, kept_frames, shot_numbers
from danceit_core.pose.table import PoseTable

log = logging.getLogger(__name__)


def cut_fragments(
    pose: PoseTable, music: MusicTable, *, video: str, seconds: float, settings: FragmentSettings
) -> Database:
    """Windows of `seconds` inside the passages of one video, with their sound; none of a video that was refused.

    pose: a cleaned table. Windows follow each other at settings.hop_s, or without overlap where that is 0 (the
    paper). There may be no window. Raises DatabaseError if the two tables disagree about fps or a fragment would have
    fewer than 2 frames.
    """
    fps = pose.fps
    if abs(fps - music.fps) > 1e-6:
        raise DatabaseError(f"{video}: keypoints have {fps:g} fps, music {music.fps:g}; run both again with one fps")
    length = round(seconds * fps)
    if length < 2:
        raise DatabaseError(f"fragments of {seconds:g} s have {length} frames at {fps:g} fps; 2 or more are needed")
    kept = kept_frames(pose)
    refused = pose.metadata.get("refused") or music.refused
    if refused:
        log.warning("%s gives no fragments: %s", video, refused)
        kept[:] = False
    elif not music.silent and len(music) < len(pose):
        log.warning(
            "%s: the sound ends %d frames before the picture; those are left out", video, len(pose) - len(music)
        )
        kept[len(music) :] = False
    passages = find_passages(kept, shot_numbers(pose))
    hop = max(1, round(settings.hop_s * fps)) if settings.hop_s > 0 else length
    windows = [(start, end) for first, end in passages for start in range(first, end - length + 1, hop)]
    covered = np.zeros(len(pose), bool)
    for start, end in windows:
        covered[start:end] = True
    # What the choreography will scale the dance by must be seen in what is left of it.
    if windows and np.isnan(measure_body(pose.keypoints[covered]).height_px):
        log.warning("%s gives no fragments: in none of them is the head seen together with a foot", video)
        windows = []
    starts, ends = np.array(windows, np.int32).reshape(-1, 2).T
    frames = starts[:, None] + np.arange(length)  # (N, F)
    features = np.zeros((len(pose), music.features.shape[1]), np.float32)
    shared = min(len(pose), len(music))
    features[:shared] = music.features[:shared]
    body = measure_body(pose.keypoints[kept])
    source = pose.metadata.get("source") or {}
    table = pd.DataFrame(
        {
            "fragment_id": [f"{video}:{start}" for start in starts],
            "video": video,
            "source_path": str(source.get("path", "")),
            "source_sha256": str(source.get("sha256", "")),
            "start_frame": starts,
            "frames": np.int32(length),
            "passage_end": ends,
            "has_sound": not music.silent,
            "tempo_bpm": music.beats.tempo_bpm,
            "torso_px": body.torso_px,
            "height_px": body.height_px,
            "ground_y": body.ground_y,
            "split": split_of(video, test_share=settings.test_share),
        }
    )
    width, height = pose.size
    about = {
        "fps": fps, "seconds": seconds, "feature_set": music.feature_set, "width": width, "height": height,
        "test_share": settings.test_share, "video": video,
        "longest_s": max((end - first for first, end in passages), default=0) / fps,
    }  # fmt: skip
    world = pose.columns.get("world")
    facing = facing_in_passages(world, kept_frames(pose), shot_numbers(pose), fps=fps)
    return Database(pose.keypoints[frames], features[frames], table, about, facing[frames].astype(np.float32))
