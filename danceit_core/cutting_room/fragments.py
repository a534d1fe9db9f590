"""The database's fragments to look through: by video, tempo, and the matcher's distance to a song."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from danceit_core.choreography.layout import lay_song
from danceit_core.choreography.library import Library
from danceit_core.choreography.song import embed_slots
from danceit_core.cutting_room.loaded import in_counts
from danceit_core.cutting_room.planning import fragments_table, matcher_folder
from danceit_core.database.table import Database, read_database
from danceit_core.errors import ServerError
from danceit_core.inputs import Project
from danceit_core.matcher.index import FragmentIndex, read_index
from danceit_core.music.table import read_music_table
from danceit_core.place import Place


@dataclass(frozen=True)
class Nearness:
    """Of each fragment (N,): distance to the nearest part of a song, and where that part begins, seconds."""

    distance: NDArray[np.floating]
    start_s: NDArray[np.floating]


@dataclass(frozen=True)
class Fragments:
    """All fragments that are danced. index: the matcher's, None where there is none."""

    database: Database
    index: FragmentIndex | None
    music: Path
    matcher: Path
    _near: dict[str, Nearness] = field(default_factory=dict)

    def near(self, song: str) -> Nearness:
        """How near each fragment is to a song; computed once. Raises ServerError without an index or a matcher."""
        if self.index is None:
            raise ServerError("there is no index of the matcher; run index_fragments to sort by distance")
        if song not in self._near:
            import torch  # noqa: PLC0415 (seconds, which nobody waits for who asks for no distances)

            from danceit_core.matcher.model import load_matcher  # noqa: PLC0415

            music = read_music_table(self.music / f"{song}.parquet")
            slots, _ = lay_song(music, Library.of(self.database))
            matcher = load_matcher(self.matcher, device=torch.device("cpu"))
            if matcher is None:
                raise ServerError("no matcher could be trained on these dances: there is no distance to sort by")
            clips = embed_slots(music, slots, matcher=matcher)
            near = Nearness(np.empty(len(self.index), np.float32), np.empty(len(self.index)))
            for some, distance in self.index.distances(clips):  # (C, n)
                clip = distance.argmin(axis=0)
                near.distance[some] = distance[clip, np.arange(len(clip))]
                near.start_s[some] = slots.start[clip] / music.fps
            self._near[song] = near
        return self._near[song]

    def select(
        self, *, video: str, song: str, least_bpm: float, most_bpm: float, first: int, count: int
    ) -> tuple[list[dict[str, Any]], int]:
        """Fragments number first.. that pass, as plain values, and how many pass; nearest first where a song is given.

        video, song: "" for any. With a bound of the tempo (0, inf: none), fragments of unknown tempo do not pass.
        """
        table = self.database.table
        tempo = table["tempo_bpm"].to_numpy(float)
        keep = np.ones(len(table), bool)
        if video:
            keep &= (table["video"] == video).to_numpy()
        if least_bpm > 0 or np.isfinite(most_bpm):
            keep &= (tempo >= max(least_bpm, np.finfo(float).tiny)) & (tempo <= most_bpm)
        rows = np.flatnonzero(keep)
        near = self.near(song) if song else None
        if near is not None:
            rows = rows[np.argsort(near.distance[rows], kind="stable")]
        lengths_s, beats = table["seconds"].to_numpy(float), table["beats"].to_numpy(int)
        starts_s = table["start_frame"].to_numpy(float) / self.database.fps
        shown = [
            {
                "fragment": str(table["fragment_id"].iat[row]),
                "video": str(table["video"].iat[row]),
                "start_s": round(float(starts_s[row]), 3),
                "seconds": round(float(lengths_s[row]), 3),
                "beats": int(beats[row]),
                "tempo_bpm": round(float(tempo[row]), 1) if tempo[row] > 0 else None,
                "distance": None if near is None else round(float(near.distance[row]), 3),
                "song_s": None if near is None else round(float(near.start_s[row]), 2),
            }
            for row in rows[first : first + count].tolist()
        ]
        return shown, len(rows)


def read_fragments(place: Place, project: Project) -> Fragments:
    """The fragments of a project's results; frames stay on the disk. Raises DatabaseError or MatcherError."""
    database, folder = read_database(fragments_table(place, project)), matcher_folder(place, project)
    path = folder / "beats" / "index.json" if in_counts(project) else folder / "index.json"
    index = read_index(path, database=database) if path.is_file() else None
    return Fragments(database, index, place.results / "music", folder / "matcher.pt")
