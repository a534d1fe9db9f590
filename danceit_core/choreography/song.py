"""From a song's music table and the embedded database to the plan of its dance (paper Eq. 2)."""

import numpy as np

from danceit_core.choreography.library import make_library
from danceit_core.choreography.plan import Plan
from danceit_core.choreography.retrieve import Matches, clip_windows, retrieve
from danceit_core.config import RetrievalSettings
from danceit_core.database.table import Database
from danceit_core.matcher.index import FragmentIndex
from danceit_core.matcher.model import Matcher
from danceit_core.music.table import MusicTable


def plan_song(
    music: MusicTable,
    database: Database,
    *,
    matcher: Matcher,
    index: FragmentIndex,
    settings: RetrievalSettings,
    beat_kind: str,
    seed: int,
) -> Plan:
    """Embed each clip of the song, search the database, choose fragments.

    beat_kind: `min` or `max` of speed, the motion beat of temporal alignment. Raises ChoreographyError for a song
    shorter than one fragment, MatcherError for features of another kind than the matcher learnt.
    """
    frames = database.keypoints.shape[1]
    song_frames = round(music.duration_s * music.fps)
    starts = clip_windows(song_frames, fragment_frames=frames, fps=music.fps)
    features = music.features[np.minimum(starts[:, None] + np.arange(frames), len(music) - 1)]  # (C, F, D)
    distance, rows = index.search(matcher.embed_audio(features), k=len(index))
    table = database.table
    library = make_library(
        database.keypoints,
        fragment_id=table["fragment_id"].to_numpy(),
        video=table["video"].to_numpy(),
        start_frame=table["start_frame"].to_numpy(),
        passage_end=table["passage_end"].to_numpy(),
        tempo_bpm=table["tempo_bpm"].to_numpy(),
    )
    return retrieve(
        library,
        Matches(rows, distance),
        song_frames=song_frames,
        fps=music.fps,
        beats_s=music.beats.times_s,
        tempo_bpm=music.beats.tempo_bpm,
        settings=settings,
        rng=np.random.default_rng(seed),
        beat_kind=beat_kind,
        clip_energy=music.loudness[np.minimum(starts[:, None] + np.arange(frames), len(music) - 1)].mean(1),
    )
