"""Fragments of a dance: short windows of its poses with their sound (paper III-A), never across a cut.

A window lies inside one passage: frames that cleaning kept, of one shot of the camera and of one dancer. What
`cut_fragments` gives is the part of the database that one video makes; `table` writes it and puts the parts of all
videos together.
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
from danceit_core.pose.tracks import Track, dance_name, split_tracks

log = logging.getLogger(__name__)


def cut_fragments(
    pose: PoseTable, music: MusicTable, *, video: str, seconds: float, settings: FragmentSettings
) -> Database:
    """Windows of `seconds` inside the passages of one video, with their sound; none of a video that was refused.

    pose: a cleaned table; the dancers of one of several (`pose.tracks`) are cut one after the other, with one sound.
    Windows follow each other at settings.hop_s, or without overlap where that is 0 (the paper). There may be no window.
    Raises DatabaseError if the two tables disagree about fps or a fragment would have fewer than 2 frames.
    """
    fps = pose.fps
    if abs(fps - music.fps) > 1e-6:
        raise DatabaseError(f"{video}: keypoints have {fps:g} fps, music {music.fps:g}; run both again with one fps")
    length = round(seconds * fps)
    if length < 2:
        raise DatabaseError(f"fragments of {seconds:g} s have {length} frames at {fps:g} fps; 2 or more are needed")
    if refused := pose.metadata.get("refused") or music.refused:
        log.warning("%s gives no fragments: %s", video, refused)
    parts = [
        _cut_dancer(track, music, video=video, length=length, settings=settings, refused=bool(refused))
        for track in split_tracks(pose)
    ]
    width, height = pose.size
    about = {
        "fps": fps, "seconds": seconds, "feature_set": music.feature_set, "width": width, "height": height,
        "test_share": settings.test_share, "video": video,
        "longest_s": max((part.metadata["longest"] for part in parts), default=0) / fps,
    }  # fmt: skip
    return Database(
        np.concatenate([part.keypoints for part in parts]),
        np.concatenate([part.features for part in parts]),
        pd.concat([part.table for part in parts], ignore_index=True),
        about,
        np.concatenate([part.facing for part in parts]),
    )


def _cut_dancer(
    track: Track, music: MusicTable, *, video: str, length: int, settings: FragmentSettings, refused: bool
) -> Database:
    """The windows of one dancer, of `length` frames; the metadata hold the `longest` passage in frames."""
    pose, fps, name = track.pose, track.pose.fps, dance_name(video, track.number)
    kept = kept_frames(pose)
    heard = max(0, len(music) - track.first)
    if refused:
        kept[:] = False
    elif not music.silent and heard < len(pose):
        log.warning("%s: the sound ends %d frames before the picture; those are left out", name, len(pose) - heard)
        kept[heard:] = False
    passages = find_passages(kept, shot_numbers(pose))
    hop = max(1, round(settings.hop_s * fps)) if settings.hop_s > 0 else length
    windows = [(start, end) for first, end in passages for start in range(first, end - length + 1, hop)]
    covered = np.zeros(len(pose), bool)
    for start, end in windows:
        covered[start:end] = True
    # What the choreography will scale the dance by must be seen in what is left of it.
    if windows and np.isnan(measure_body(pose.keypoints[covered]).height_px):
        log.warning("%s gives no fragments: in none of them is the head seen together with a foot", name)
        windows = []
    starts, ends = np.array(windows, np.int32).reshape(-1, 2).T
    frames = starts[:, None] + np.arange(length)  # (N, F)
    features = np.zeros((len(pose), music.features.shape[1]), np.float32)
    shared = min(len(pose), heard)
    features[:shared] = music.features[track.first : track.first + shared]
    body = measure_body(pose.keypoints[kept])
    source = pose.metadata.get("source") or {}
    # From here on frames are the video's.
    starts, ends = starts + np.int32(track.first), ends + np.int32(track.first)
    table = pd.DataFrame(
        {
            "fragment_id": [f"{name}:{start}" for start in starts],
            "video": video,
            "track": np.int32(track.number or 0),
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
    longest = max((end - first for first, end in passages), default=0)
    world = pose.columns.get("world")
    facing = facing_in_passages(world, kept_frames(pose), shot_numbers(pose), fps=fps)[frames].astype(np.float32)
    return Database(pose.keypoints[frames], features[frames], table, {"longest": longest}, facing)
