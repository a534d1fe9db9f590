"""Music tables: one Parquet file a song or sound track, one row a frame.

Columns: `frame` int32, `time_s` float64 (= frame / fps), `features` fixed-size list of D float32, `loudness` float32
(decibels of full scale, -60 and less: silence). The metadata holds fps, feature_set, beats_s, tempo_bpm, duration_s,
silent and refused. A silent video has a table too, of zero features: its fragments serve retrieval, not training. The
table of a dance whose sound cannot be read has no rows, and `refused` says why.
"""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from danceit_core.config import MusicSettings
from danceit_core.errors import MusicError
from danceit_core.music.beats import SHORTEST_S, Beats, track_beats
from danceit_core.music.features import CHUNK, FEATURE_WIDTHS, Features, audio_features
from danceit_core.music.sound import Sound, frame_count, is_silent
from danceit_core.pose.table import METADATA_KEY, write_table


@dataclass(frozen=True)
class MusicTable:
    """Analysed sound: features (T, D) and loudness (T,) of each frame, beats in seconds, duration_s of the sound.

    refused: why the sound cannot be used, "" if it can.
    """

    features: Features
    loudness: NDArray[np.float32]
    beats: Beats
    fps: float
    feature_set: str
    duration_s: float
    silent: bool
    refused: str = ""

    def __len__(self) -> int:
        return len(self.features)


def analyse_music(
    samples: Sound, *, sample_rate_hz: int, fps: float, settings: MusicSettings, frames: int | None = None
) -> MusicTable:
    """Features and beats of (N,) mono samples.

    frames: the number of frames of the video that the sound belongs to; None (a song): as many as cover the sound.
    Sound that never exceeds -60 dB of full scale gives a silent table, sound under 2 s one without beats.
    """
    count = frame_count(samples, sample_rate_hz=sample_rate_hz, fps=fps) if frames is None else frames
    duration_s = len(samples) / sample_rate_hz
    silent = is_silent(samples)
    if silent:
        features = np.zeros((count, feature_width(settings.features)), np.float32)
    else:
        features = audio_features(samples, sample_rate_hz=sample_rate_hz, fps=fps, frames=count, kind=settings.features)
    has_beats = not silent and duration_s >= SHORTEST_S
    beats = track_beats(samples, sample_rate_hz=sample_rate_hz) if has_beats else Beats(np.zeros(0), 0.0)
    loudness = frame_loudness(samples, sample_rate_hz=sample_rate_hz, fps=fps, frames=count)
    return MusicTable(features, loudness, beats, fps, settings.features, duration_s, silent)


def feature_width(feature_set: str) -> int:
    """Numbers a frame of a feature set; MusicError for an unknown one."""
    if feature_set not in FEATURE_WIDTHS:
        raise MusicError(f"music.features is {feature_set!r}; known feature sets: {', '.join(FEATURE_WIDTHS)}")
    return FEATURE_WIDTHS[feature_set]


def frame_loudness(samples: Sound, *, sample_rate_hz: int, fps: float, frames: int) -> NDArray[np.float32]:
    """Root mean square of each frame's sound in decibels of full scale, (frames,), not below -60."""
    edges = np.round(np.arange(frames + 1) / fps * sample_rate_hz).astype(int).clip(0, len(samples))
    power = np.zeros(frames)
    for first in range(0, frames, CHUNK):
        some = edges[first : first + CHUNK + 1]
        squares = np.square(samples[int(some[0]) : int(some[-1])], dtype=np.float64)
        energy = np.concatenate([[0.0], np.cumsum(squares)])[some - some[0]]
        power[first : first + CHUNK] = np.diff(energy) / np.maximum(np.diff(some), 1)
    return (10 * np.log10(np.maximum(power, 1e-6))).astype(np.float32)


def write_music_table(path: str | Path, music: MusicTable) -> None:
    """Write a table; appears whole or not at all."""
    frames, width = music.features.shape
    flat = pa.array(np.ascontiguousarray(music.features, np.float32).reshape(-1))
    columns = {
        "frame": pa.array(np.arange(frames, dtype=np.int32)),
        "time_s": pa.array(np.arange(frames) / music.fps),
        "features": pa.FixedSizeListArray.from_arrays(flat, width),
        "loudness": pa.array(music.loudness),
    }
    about = {
        "fps": music.fps,
        "feature_set": music.feature_set,
        "beats_s": music.beats.times_s.tolist(),
        "tempo_bpm": music.beats.tempo_bpm,
        "duration_s": music.duration_s,
        "silent": music.silent,
        "refused": music.refused,
    }
    write_table(path, pa.table(columns), metadata=about)


def read_music_table(path: str | Path) -> MusicTable:
    """Read what `write_music_table` wrote. Raises MusicError when the file is no music table."""
    try:
        table = pq.read_table(path)
        about = json.loads((table.schema.metadata or {})[METADATA_KEY])
        flat = table["features"].combine_chunks().flatten().to_numpy(zero_copy_only=False)
        # (T * D,) -> (T, D)
        features = np.array(flat, np.float32).reshape(table.num_rows, table.schema.field("features").type.list_size)
        return MusicTable(
            features=features,
            loudness=table["loudness"].to_numpy().astype(np.float32),
            beats=Beats(np.array(about["beats_s"], np.float64), float(about["tempo_bpm"])),
            fps=float(about["fps"]),
            feature_set=str(about["feature_set"]),
            duration_s=float(about["duration_s"]),
            silent=bool(about["silent"]),
            refused=str(about.get("refused", "")),
        )
    except FileNotFoundError:
        raise MusicError(f"{path}: no such music table; run the rule that writes it") from None
    except (KeyError, ValueError, AttributeError, TypeError, pa.ArrowInvalid, OSError) as error:
        raise MusicError(f"{path} is not a music table of DanceIt ({error}); delete it and run again") from error
