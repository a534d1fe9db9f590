"""Made-up dances cut into fragments as the workflow cuts them: frames of the database in memory, and what is over them.

A dance is keypoints (T, 25, 3) by its video's name, or the columns of its cleaned table with them.
"""

import numpy as np
import pandas as pd

from danceit_core.choreography.library import Library
from danceit_core.config import FragmentSettings
from danceit_core.database.fragments import cut_fragments
from danceit_core.database.frames import FACING, Frames
from danceit_core.database.gather import frames_in_memory
from danceit_core.database.table import Database
from danceit_core.music.table import Beats, MusicTable
from danceit_core.pose.table import PoseTable

FPS = 24.0


def pose_of(keypoints, **columns) -> PoseTable:
    """A cleaned table, all of it kept unless column `kept` says otherwise."""
    about = {"fps": FPS, "width": 512, "height": 512}
    return PoseTable(np.asarray(keypoints, np.float32), about, {"kept": np.ones(len(keypoints), bool), **columns})


def music_of(frames: int, *, tempo_bpm: float = 120.0, features=None) -> MusicTable:
    """Sound as long as so many frames; without features it is silent."""
    given = np.zeros((frames, 4), np.float32) if features is None else np.asarray(features, np.float32)
    beats = Beats(np.zeros(0), tempo_bpm)
    return MusicTable(given, given[:, 0], beats, FPS, "mfcc", frames / FPS, silent=features is None)


def frames_of(dances, *, tempo_bpm=120.0, facing_deg=None, features=None) -> Frames:
    """tempo_bpm: of all, or by video. facing_deg: of each video, the same all the time. features: by video."""
    tables = {}
    for video, dance in dances.items():
        pose = dance if isinstance(dance, PoseTable) else pose_of(dance)
        last = int(pose.columns["frame"].max()) + 1 if "frame" in pose.columns else len(pose)
        tempo = tempo_bpm[video] if isinstance(tempo_bpm, dict) else tempo_bpm
        tables[video] = pose, music_of(last, tempo_bpm=tempo, features=None if features is None else features[video])
    frames = frames_in_memory(tables)
    for video, degrees in (facing_deg or {}).items():
        frames.moves[frames.rows_of(video), FACING] = degrees
    return frames


def cut(frames: Frames, *, seconds: float = 1.0, hop_s: float = 1.0) -> Database:
    """The fragments of all dances."""
    return cut_fragments(frames, seconds=seconds, settings=FragmentSettings(hop_s=hop_s))


def library_of(dances, *, seconds: float = 1.0, hop_s: float = 1.0, painting=None, **about) -> Library:
    """The fragments of all dances as retrieval reads them. about: of `frames_of`."""
    return Library.of(cut(frames_of(dances, **about), seconds=seconds, hop_s=hop_s), painting=painting)


def without_fragments(database: Database) -> Database:
    """A database of the same frames from which nothing was cut."""
    return Database(database.frames, pd.DataFrame(database.table.iloc[:0]), database.metadata)
