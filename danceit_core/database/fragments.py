"""The fragment database (paper III-A): short windows of dance with their sound, one Parquet file a fragment length.

Columns, one row a fragment:

    fragment_id    "video:start_frame"
    video          the source video
    start_frame    frame of the source at which the fragment starts
    frames         frames in each fragment (the same in every row)
    keypoints      frames * 75 float32: (frames, 25, 3) BODY_25, raw pixels of the normalised picture
    features       frames * D float32: (frames, D) audio features, zero where the video is silent
    has_sound      false: serves retrieval, not training
    tempo_bpm      of the source's music, 0 where it has no beat
    torso_px, height_px, ground_y    size of the source's dancer and her floor (see `measure_body`)
    split          "train" or "test", by source video: neighbouring fragments overlap, so rows must not be shared out

The metadata holds fps, seconds, feature_set, width and height.
"""

import hashlib
import json
import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from danceit_core.config import FragmentSettings
from danceit_core.errors import DatabaseError
from danceit_core.music.features import Features
from danceit_core.music.table import MusicTable
from danceit_core.pose.skeleton import ANKLES, JOINTS, NOSE, Keypoints, present, torso_length
from danceit_core.pose.table import METADATA_KEY, PoseTable, write_table

log = logging.getLogger(__name__)

COMMON = ("fps", "seconds", "feature_set", "width", "height")


@dataclass(frozen=True)
class BodyMeasure:
    """Size of a video's dancer in pixels: neck to mid-hip, nose to ankle, and the y of the ankle she stands on."""

    torso_px: float
    height_px: float
    ground_y: float


@dataclass(frozen=True)
class Database:
    """Fragments of one length: keypoints (N, F, 25, 3), features (N, F, D), a frame of the other columns, metadata."""

    keypoints: Keypoints
    features: Features
    table: pd.DataFrame
    metadata: dict[str, Any]

    def __len__(self) -> int:
        return len(self.keypoints)

    @property
    def fps(self) -> float:
        """Frames per second of the fragments."""
        return float(self.metadata["fps"])

    def subset(self, rows: NDArray[np.bool_]) -> "Database":
        """The fragments where `rows` (N,) is true, in the same order."""
        return Database(
            self.keypoints[rows], self.features[rows], self.table[rows].reset_index(drop=True), self.metadata
        )


def measure_body(keypoints: Keypoints) -> BodyMeasure:
    """Robust size of the dancer in (T, 25, 3) keypoints, where the paper (V-D2) takes plain maxima.

    90th percentiles over the frames, so that neither crouches nor single wrong frames count: neck to mid-hip, lower
    ankle minus nose, and the y of the lower ankle. Ankles, not toes: every detector gives them. NaN where never seen.
    """
    seen = present(keypoints)
    ankle_y = np.where(seen[:, ANKLES], keypoints[:, ANKLES, 1], np.nan)
    lower_y = np.fmax(ankle_y[:, 0], ankle_y[:, 1])
    nose_y = np.where(seen[:, NOSE], keypoints[:, NOSE, 1], np.nan)
    return BodyMeasure(
        torso_px=_standing(torso_length(keypoints)), height_px=_standing(lower_y - nose_y), ground_y=_standing(lower_y)
    )


def cut_fragments(
    pose: PoseTable, music: MusicTable, *, video: str, seconds: float, settings: FragmentSettings
) -> pd.DataFrame:
    """Windows of `seconds` inside the runs of frames that cleaning kept, never across a cut: the columns above.

    pose: a cleaned table (column `kept`; without one every frame is kept). Windows follow each other at
    settings.hop_s, or without overlap where that is 0 (the paper). The frame may be empty. Raises DatabaseError if
    the two tables disagree about fps or a fragment would have fewer than 2 frames.
    """
    fps = pose.fps
    if abs(fps - music.fps) > 1e-6:
        raise DatabaseError(f"{video}: keypoints have {fps:g} fps, music {music.fps:g}; run both again with one fps")
    length = round(seconds * fps)
    if length < 2:
        raise DatabaseError(f"fragments of {seconds:g} s have {length} frames at {fps:g} fps; 2 or more are needed")
    hop = max(1, round(settings.hop_s * fps)) if settings.hop_s > 0 else length
    kept = kept_frames(pose)
    if not music.silent and len(music) < len(pose):
        log.warning(
            "%s: the sound ends %d frames before the picture; those are left out", video, len(pose) - len(music)
        )
        kept[len(music) :] = False
    features = np.zeros((len(pose), music.features.shape[1]), np.float32)
    shared = min(len(pose), len(music))
    features[:shared] = music.features[:shared]
    starts = [start for first, end in kept_runs(kept) for start in range(first, end - length + 1, hop)]
    body = measure_body(pose.keypoints[kept])
    table = pd.DataFrame(
        {
            "fragment_id": [f"{video}:{start}" for start in starts],
            "video": video,
            "start_frame": np.array(starts, np.int32),
            "frames": np.int32(length),
            "keypoints": [pose.keypoints[start : start + length].reshape(-1) for start in starts],
            "features": [features[start : start + length].reshape(-1) for start in starts],
            "has_sound": not music.silent,
            "tempo_bpm": music.beats.tempo_bpm,
            "torso_px": body.torso_px,
            "height_px": body.height_px,
            "ground_y": body.ground_y,
        }
    )
    width, height = pose.size
    table.attrs = {
        "fps": fps, "seconds": seconds, "feature_set": music.feature_set, "width": width, "height": height,
        "video": video, "longest_s": max((end - first for first, end in kept_runs(kept)), default=0) / fps,
    }  # fmt: skip
    return table


def kept_frames(pose: PoseTable) -> NDArray[np.bool_]:
    """Which frames cleaning kept, (T,); all of them in a table without the column."""
    return np.array(pose.columns.get("kept", np.ones(len(pose), bool)), bool)


def kept_runs(kept: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Runs of kept frames as (first, end) with `end` excluded."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], kept, [False]]).astype(np.int8)))
    return [(int(first), int(end)) for first, end in edges.reshape(-1, 2)]


def split_videos(videos: Iterable[str], *, test_share: float) -> dict[str, str]:
    """ "train" or "test" for each video with sound (80 / 20; the paper does not say by what: here by source video).

    Videos are ordered by the SHA-256 of their name and the first round(share * count) are the test set: the same
    names always give the same split, whatever their order. Of two or more videos at least one is tested and at least
    one trained on, unless test_share is 0; a single video is trained on.
    """
    ordered = sorted(set(videos), key=lambda video: hashlib.sha256(video.encode()).hexdigest())
    tested = round(test_share * len(ordered))
    if test_share > 0:
        tested = min(max(tested, 1), len(ordered) - 1)
    return {video: "test" if place < tested else "train" for place, video in enumerate(ordered)}


def build_database(rows: Sequence[pd.DataFrame], path: str | Path, *, settings: FragmentSettings) -> None:
    """Write the database of one fragment length from what `cut_fragments` made of each video.

    Silent videos count as "train" but are never trained on. Raises DatabaseError when there is no fragment at all,
    when two videos differ in fps, feature set or picture size, or two have one name.
    """
    if not rows:
        raise DatabaseError(f"{path}: no video at all; list some in the videos table")
    about = {key: rows[0].attrs[key] for key in COMMON}
    for part in rows[1:]:
        for key in COMMON:
            if part.attrs[key] != about[key]:
                raise DatabaseError(
                    f"{key} is {about[key]} in {rows[0].attrs['video']} and {part.attrs[key]} in "
                    f"{part.attrs['video']}; run the earlier stages again so that all videos have one"
                )
    names = [part.attrs["video"] for part in rows]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise DatabaseError(f"{path}: video {twice[0]!r} is listed twice; give each video its own name")
    table = pd.concat([part for part in rows if len(part)] or [rows[0]], ignore_index=True)
    if table.empty:
        longest = max(part.attrs["longest_s"] for part in rows)
        raise DatabaseError(
            f"no fragment of {about['seconds']:g} s: the longest kept run is {longest:.1f} s in {len(rows)} videos; "
            "add longer videos, choose shorter fragments or relax `cleaning`"
        )
    split = split_videos(table.loc[table["has_sound"], "video"], test_share=settings.test_share)
    table["split"] = table["video"].map(split).fillna("train")
    write_table(path, _to_arrow(table), metadata=about)


def read_database(path: str | Path) -> Database:
    """Read what `build_database` wrote. Raises DatabaseError when the file is no fragment database."""
    try:
        data = pq.read_table(path)
        metadata = json.loads((data.schema.metadata or {})[METADATA_KEY])
        frames = int(data["frames"][0].as_py())
        keypoints = _flat(data, "keypoints").reshape(data.num_rows, frames, JOINTS, 3)
        features = _flat(data, "features").reshape(data.num_rows, frames, -1)
        missing = set(COMMON) - metadata.keys()
        if missing:
            raise ValueError(f"metadata lacks {sorted(missing)}")
    except FileNotFoundError:
        raise DatabaseError(f"{path}: no such fragment database; run build_database") from None
    except (KeyError, ValueError, IndexError, pa.ArrowInvalid, OSError) as error:
        raise DatabaseError(f"{path} is not a fragment database ({error}); delete it and run again") from error
    return Database(keypoints, features, data.drop_columns(["keypoints", "features"]).to_pandas(), metadata)


def _to_arrow(table: pd.DataFrame) -> pa.Table:
    """The table with its two array columns as fixed-size lists of float32."""
    data = pa.Table.from_pandas(table.drop(columns=["keypoints", "features"]), preserve_index=False)
    for name in ("keypoints", "features"):
        flat = np.stack(table[name].to_list()).astype(np.float32)
        lists = pa.FixedSizeListArray.from_arrays(pa.array(flat.reshape(-1)), flat.shape[1])
        data = data.append_column(name, lists)
    return data


def _flat(data: pa.Table, name: str) -> NDArray[np.float32]:
    """All numbers of a list column, one after the other."""
    chunks = [chunk.flatten().to_numpy(zero_copy_only=False) for chunk in data[name].chunks]
    return np.concatenate(chunks).astype(np.float32)


def _standing(values: NDArray[np.floating]) -> float:
    """The 90th percentile of the finite values, NaN if there are none."""
    finite = values[np.isfinite(values)]
    return float(np.percentile(finite, 90)) if len(finite) else float("nan")
