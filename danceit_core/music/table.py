"""Music tables: one Parquet file a song or sound track, one row a frame.

Columns: `frame` int32, `time_s` float64 (= frame / fps), `features` fixed-size list of D float32, `loudness` float32
(decibels of full scale, -60 and less: silence). The metadata holds fps, feature_set, beats_s, tempo_bpm, duration_s,
silent, refused and doubt (why the beats may be wrong). A silent video has a table too, of zero features: its fragments
serve retrieval, not training. The table of a dance whose sound cannot be read has no rows, and `refused` says why.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from danceit_core.errors import MusicError
from danceit_core.music.columns import Features
from danceit_core.pose.table import MOST_FPS
from danceit_core.tables import DAMAGE, list_column, number_of, one_line, read_table, write_table

# What to do where the beats may be wrong.
CHECK_BEATS = "check the beats, the ticks under the waveform of results/preview/PERSON/SONG.mp4"


@dataclass(frozen=True)
class Beats:
    """times_s: (B,) seconds, increasing, empty where the music has no beat; tempo_bpm: beats a minute, 0 likewise.

    doubt: why they may be wrong (`doubt.doubt_beats`), "" if they seem sure.
    """

    times_s: NDArray[np.float64]
    tempo_bpm: float
    doubt: str = ""


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
        "doubt": music.beats.doubt,
    }
    write_table(path, pa.table(columns), metadata=about)


def read_music_table(path: str | Path) -> MusicTable:
    """Read what `write_music_table` wrote. Raises MusicError when the file is no music table."""
    try:
        table, about = read_table(path)
        # (T * D,) -> (T, D)
        features = list_column(table, "features").reshape(
            table.num_rows, table.schema.field("features").type.list_size
        )  # fmt: skip
        loudness = table["loudness"].to_numpy().astype(np.float32)
        times_s = np.array(about["beats_s"], np.float64).reshape(len(about["beats_s"]))
        if not (np.isfinite(features).all() and np.isfinite(loudness).all()):
            raise ValueError("it holds numbers that are not finite")
        if not ((times_s >= 0) & (times_s < np.inf)).all() or (np.diff(times_s) <= 0).any():
            raise ValueError("its beats are no increasing seconds")
        return MusicTable(
            features=features,
            loudness=loudness,
            beats=Beats(times_s, number_of(about, "tempo_bpm", zero=True), str(about.get("doubt", ""))),
            fps=number_of(about, "fps", most=MOST_FPS),
            feature_set=str(about["feature_set"]),
            duration_s=number_of(about, "duration_s", zero=True),
            silent=bool(about["silent"]),
            refused=str(about.get("refused", "")),
        )
    except FileNotFoundError:
        raise MusicError(f"{path}: no such music table; run the rule that writes it") from None
    except DAMAGE as error:
        raise MusicError(
            f"{path} is not a music table of DanceIt ({one_line(error)}); delete it and run again"
        ) from error
