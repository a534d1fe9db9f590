"""Music tables: one Parquet file per song or sound track, one row per frame.

Columns: `frame` int32, `time_s` float64 (= frame / fps), `features` fixed-size list of D float32, `loudness` float32
(decibels of full scale; -60 or less is silence). The metadata holds fps, feature_set, beats_s, beat_in_bar, meter,
meter_margin, tempo_bpm, sections, duration_s, silent, refused and doubt (why the beats may be wrong). A silent video
has a table with zero features, too: its fragments are used in retrieval, not in training. The table of a dance whose
sound cannot be read has no rows, and `refused` says why.
"""

import itertools
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from danceit_core.errors import MusicError
from danceit_core.music.columns import Features
from danceit_core.pose.table import MOST_FPS
from danceit_core.tables import DAMAGE, list_column, number_of, one_line, read_table, write_table

# Maximum number of beats per bar.
MOST_METER = 16
# The remedy if the beats may be wrong.
CHECK_BEATS = "check the beats, the ticks under the waveform of results/preview/PERSON/SONG.mp4"


@dataclass(frozen=True)
class Beats:
    """times_s: (B,) seconds, increasing, empty if the music has no beat; tempo_bpm: beats per minute, 0 without beats.

    doubt: why they may be wrong (`doubt.doubt_beats`), "" if they seem right.
    place (B,): the place of each beat in its bar, 1 the downbeat; 0 if the bars are unknown. meter: beats of most bars,
    0 unknown; margin: how much more likely it is than the second best, nats per second.
    """

    times_s: NDArray[np.float64]
    tempo_bpm: float
    doubt: str = ""
    place: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))
    meter: int = 0
    margin: float = 0.0

    def __post_init__(self) -> None:
        if len(self.place) != len(self.times_s):
            if len(self.place):
                raise MusicError(f"{len(self.times_s)} beats with {len(self.place)} places in the bar; give one each")
            object.__setattr__(self, "place", np.zeros(len(self.times_s), np.int64))

    @property
    def downbeats_s(self) -> NDArray[np.float64]:
        """The first beats of the bars, seconds; none if the bars are unknown."""
        return self.times_s[self.place == 1]


@dataclass(frozen=True)
class Section:
    """A part of a song, such as a verse: seconds from the song's start; parts with the same letter are alike."""

    start_s: float
    end_s: float
    letter: str


@dataclass(frozen=True)
class MusicTable:
    """Analysed sound: features (T, D) and loudness (T,) per frame, beats in seconds, duration_s of the sound.

    refused: why the sound cannot be used, "" if it can. sections: consecutive parts of the whole sound, from 0; none if
    they are unknown.
    """

    features: Features
    loudness: NDArray[np.float32]
    beats: Beats
    fps: float
    feature_set: str
    duration_s: float
    silent: bool
    refused: str = ""
    sections: tuple[Section, ...] = ()

    def __len__(self) -> int:
        return len(self.features)


def write_music_table(path: str | Path, music: MusicTable) -> None:
    """Write a table atomically."""
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
        "beat_in_bar": music.beats.place.tolist(),
        "meter": music.beats.meter,
        "meter_margin": music.beats.margin,
        "sections": [[part.start_s, part.end_s, part.letter] for part in music.sections],
        "tempo_bpm": music.beats.tempo_bpm,
        "duration_s": music.duration_s,
        "silent": music.silent,
        "refused": music.refused,
        "doubt": music.beats.doubt,
    }
    write_table(path, pa.table(columns), metadata=about)


def read_music_table(path: str | Path) -> MusicTable:
    """Read what `write_music_table` wrote. Raises MusicError when the file is not a music table."""
    try:
        table, about = read_table(path)
        # (T * D,) -> (T, D)
        features = list_column(table, "features").reshape(
            table.num_rows, table.schema.field("features").type.list_size
        )  # fmt: skip
        loudness = table["loudness"].to_numpy().astype(np.float32)
        times_s = np.array(about["beats_s"], np.float64).reshape(len(about["beats_s"]))
        place = np.array(about["beat_in_bar"], np.int64).reshape(len(times_s))
        meter = number_of(about, "meter", most=MOST_METER, zero=True)
        if not (np.isfinite(features).all() and np.isfinite(loudness).all()):
            raise ValueError("it holds numbers that are not finite")
        if not ((times_s >= 0) & (times_s < np.inf)).all() or (np.diff(times_s) <= 0).any():
            raise ValueError("its beats are not increasing seconds")
        if meter % 1 or not ((place >= 0) & (place <= MOST_METER)).all():
            raise ValueError("its beats have no places in bars")
        return MusicTable(
            features=features,
            loudness=loudness,
            beats=Beats(
                times_s,
                number_of(about, "tempo_bpm", zero=True),
                str(about.get("doubt", "")),
                place,
                int(meter),
                number_of(about, "meter_margin", zero=True),
            ),
            fps=number_of(about, "fps", most=MOST_FPS),
            feature_set=str(about["feature_set"]),
            duration_s=number_of(about, "duration_s", zero=True),
            silent=bool(about["silent"]),
            refused=str(about.get("refused", "")),
            sections=_read_sections(about["sections"]),
        )
    except FileNotFoundError:
        raise MusicError(f"{path}: no such music table; run the rule that writes it") from None
    except DAMAGE as error:
        raise MusicError(
            f"{path} is not a music table of DanceIt ({one_line(error)}); delete it and run again"
        ) from error


def _read_sections(rows: list[Any]) -> tuple[Section, ...]:
    """The sections of the metadata. Raises one of DAMAGE where they do not follow each other from 0."""
    sections = tuple(Section(float(start), float(end), str(letter)) for start, end, letter in rows)
    edges = [0.0, *(part.end_s for part in sections)]
    starts = [part.start_s for part in sections]
    if starts != edges[:-1] or not all(a < b < np.inf for a, b in itertools.pairwise(edges)):
        raise ValueError("its sections do not follow each other")
    return sections
