"""A song as its page shows it: beats, bars and sections, what its row in the table says, its sound and waveform."""

import math
from pathlib import Path
from typing import Any

import numpy as np
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from danceit_core.cutting_room.lines import token_of
from danceit_core.cutting_room.loaded import project_of, styles_of
from danceit_core.cutting_room.planning import Reading
from danceit_core.cutting_room.song_beats import beats_of_excerpt, is_stale
from danceit_core.cutting_room.sound import PEAKS, PEAKS_PER_S, SOUND, ListeningCopies
from danceit_core.errors import DanceItError
from danceit_core.inputs import Project
from danceit_core.media.container import open_media
from danceit_core.music.table import Beats, MusicTable, read_music_table
from danceit_core.place import Place
from danceit_core.web.answers import one_of, serve_file

CELLS = ("start_s", "end_s", "tempo_bpm", "beats", "meter", "style")
MOST_SONGS = 16
NO_BEATS = Beats(np.zeros(0), 0.0)


class Songs:
    """Answers for one project."""

    def __init__(self, place: Place) -> None:
        self._place = place
        self._copies = ListeningCopies(place.results / "cutting_room" / "sound")
        self._tables, self._lengths = Reading(most=MOST_SONGS), Reading(most=1000)

    def routes(self) -> list[Route]:
        """What the song's page asks for."""
        return [
            Route("/api/songs/{song}", self.song, methods=["GET"]),
            Route("/songs/{song}/peaks", self.peaks, methods=["GET"]),
            Route("/songs/{song}/sound.m4a", self.sound, methods=["GET"]),
        ]

    def song(self, request: Request) -> Response:
        """All but the sound. Before the song is analysed it has no beats, and as long as its file it lasts."""
        token = token_of(self._place.tables["songs"])
        project, song = self._named(request)
        row = {column: str(project.songs.at[song, column]) for column in CELLS}
        about = {
            "song": song,
            "table": row,
            "styles": sorted(set(styles_of(project).values()) - {""}),
            "persons": [str(person) for person in project.targets.index],
            "token": token,
        }
        try:
            return JSONResponse(about | self._analysed(project, song, row))
        except DanceItError as error:
            raise HTTPException(409, " ".join(str(error).split())) from None

    def _analysed(self, project: Project, song: str, row: dict[str, str]) -> dict[str, Any]:
        """What is known of a song by its music table, and by the beats that its row gives."""
        path = self._place.music(song)
        ready = path.is_file() and not is_stale(self._place, song)
        if ready:
            told = self._tables.of(path, [path], lambda: _told(read_music_table(path)))
        else:
            length_s, fps = self._length_s(project, song, row), float(project.settings["video"]["fps"])
            told = {"duration_s": length_s, "fps": fps, "beats": _beats(NO_BEATS), "sections": []}
        given = beats_of_excerpt(self._place, song, seconds=told["duration_s"] or math.inf)
        return {"ready": ready} | told | ({} if given is None else {"beats": _beats(given)})

    def peaks(self, request: Request) -> Response:
        """The waveform: a byte for each peak, 255 for full scale."""
        found = self._copy(request)
        if isinstance(found, Response):
            return found
        answer = serve_file(found / PEAKS, media_type="application/octet-stream", tag=found.name)
        answer.headers["x-peaks-per-s"] = str(PEAKS_PER_S)
        return answer

    def sound(self, request: Request) -> Response:
        """The song's excerpt to listen to."""
        found = self._copy(request)
        return (
            found if isinstance(found, Response) else serve_file(found / SOUND, media_type="audio/mp4", tag=found.name)
        )

    def _copy(self, request: Request) -> Path | Response:
        """The folder of a song's listening copy, or the answer that it is being made."""
        project, song = self._named(request)
        try:
            found = self._copies.find(song, self._file(project, song), project.excerpt_of(song))
        except DanceItError as error:
            raise HTTPException(409, " ".join(str(error).split())) from None
        return JSONResponse({"share": round(found, 3)}, 202) if isinstance(found, float) else found

    def _named(self, request: Request) -> tuple[Project, str]:
        project = project_of(self._place)
        return project, one_of(request.path_params["song"], project.songs.index, what="song", status=404)

    def _file(self, project: Project, song: str) -> Path:
        """Where a song lies; tables name files from the workflow's folder on."""
        return self._place.workflow / str(project.songs.at[song, "path"])

    def _length_s(self, project: Project, song: str, row: dict[str, str]) -> float | None:
        """How long a song's excerpt is by its file's header, None where that does not say."""
        path = self._file(project, song)
        whole_s = self._lengths.of(path, [path], lambda: _header_s(path))
        start_s, end_s = float(row["start_s"] or 0), float(row["end_s"] or "inf")
        length_s = min(whole_s, end_s) - start_s
        return round(length_s, 3) if math.isfinite(length_s) and length_s > 0 else None


def _told(music: MusicTable) -> dict[str, Any]:
    return {
        "duration_s": round(music.duration_s, 4),
        "fps": music.fps,
        "beats": _beats(music.beats),
        "sections": [
            {"start_s": round(part.start_s, 4), "end_s": round(part.end_s, 4), "letter": part.letter}
            for part in music.sections
        ],
    }


def _beats(beats: Beats) -> dict[str, Any]:
    return {
        "times_s": [round(time_s, 4) for time_s in beats.times_s.tolist()],
        "place": beats.place.tolist(),
        "meter": beats.meter,
        "tempo_bpm": round(beats.tempo_bpm, 2),
        "doubt": beats.doubt,
    }


def _header_s(path: Path) -> float:
    """Seconds that a file says it lasts, infinite where it does not."""
    try:
        with open_media(path) as container:
            return float(container.duration) / 1e6 if container.duration else math.inf
    except DanceItError:
        return math.inf
