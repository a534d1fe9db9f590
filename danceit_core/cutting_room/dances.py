"""A person's dance to a song: what is made of it, its clips, its poses for the skeleton, its videos, kept versions."""

from pathlib import Path
from typing import Any

import numpy as np
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from danceit_core.choreography.plan import read_plan
from danceit_core.cutting_room.clips import show_clips
from danceit_core.cutting_room.edits import edited, edits_file
from danceit_core.cutting_room.kept import VIDEOS, KeptVersion, made_files, read_versions
from danceit_core.cutting_room.loaded import project_of
from danceit_core.cutting_room.planning import Reading
from danceit_core.errors import DanceItError
from danceit_core.music.table import read_music_table
from danceit_core.place import Place
from danceit_core.pose.table import read_pose_table
from danceit_core.web.answers import one_of, quote, serve_file

# Dances whose clips are kept in memory.
MOST_SHOWN = 8


class Dances:
    """Answers for one project."""

    def __init__(self, place: Place) -> None:
        self._place = place
        self._shown = Reading(most=MOST_SHOWN)

    def routes(self) -> list[Route]:
        """What the song's page asks for."""
        return [
            Route("/api/dances/{person}/{song}", self.dance, methods=["GET"]),
            Route("/dances/{person}/{song}/poses", self.poses, methods=["GET"]),
            Route("/dances/{person}/{song}/{kind}.mp4", self.video, methods=["GET"]),
        ]

    def dance(self, request: Request) -> Response:
        """What is made of a dance, its clips, the song's edits, and the versions that are kept."""
        person, song = self._named(request)
        poses = self._place.poses(person, song)
        try:
            token, edits = edits_file(self._place).state()
            of_song = [edit for edit in edits if edit.song == song]
            clips = self._clips(person, song, of_song)
            differs = edited(self._place, song)
        except DanceItError as error:
            raise HTTPException(409, " ".join(str(error).split())) from None
        return JSONResponse(
            {
                "made": _made(made_files(self._place, person, song), person, song),
                "poses": _address(poses, person, song, "poses"),
                "clips": clips,
                "edits": [vars(edit) for edit in of_song],
                "token": token,
                "edited": differs,
                "kept": [_told(version, person, song) for version in read_versions(self._place, person, song)],
            }
        )

    def poses(self, request: Request) -> Response:
        """The joints of all frames: float32, little-endian, frames x 25 x (x, y, confidence), pixels; absent is 0."""
        person, song = self._named(request)
        version = self._version(request, person, song)
        path = version.poses if version else self._place.poses(person, song)
        if not path.is_file():
            raise HTTPException(404, f"{person} has no dance to {song} yet; make its preview first")
        poses = read_pose_table(path, columns=["frame", "time_s", "keypoints"])
        width, height = poses.size
        headers = {
            "x-frames": str(len(poses)),
            "x-fps": f"{poses.fps:g}",
            "x-width": str(width),
            "x-height": str(height),
            "cache-control": "private, max-age=3600",
        }
        data = np.ascontiguousarray(poses.keypoints, "<f4").tobytes()
        return Response(data, media_type="application/octet-stream", headers=headers)

    def video(self, request: Request) -> Response:
        """The preview, the draft or the finished video."""
        person, song = self._named(request)
        kind = one_of(request.path_params["kind"], VIDEOS, what="video", status=404)
        version = self._version(request, person, song)
        path = version.video(kind) if version else made_files(self._place, person, song)[kind]
        return serve_file(path, media_type="video/mp4")

    def _named(self, request: Request) -> tuple[str, str]:
        """The person and the song of an address, which the project has."""
        project, given = project_of(self._place), request.path_params
        person = one_of(given["person"], project.targets.index, what="person", status=404)
        return person, one_of(given["song"], project.songs.index, what="song", status=404)

    def _version(self, request: Request, person: str, song: str) -> KeptVersion | None:
        """The kept version that an address names; None where it means the dance as it is now."""
        if (asked := request.query_params.get("kept")) is None:
            return None
        for version in read_versions(self._place, person, song):
            if str(version.number) == asked:
                return version
        raise HTTPException(404, f"no version {quote(asked)} of this dance is kept")

    def _clips(self, person: str, song: str, edits: list[Any]) -> list[dict[str, Any]]:
        """The clips of the song's plan; none before there is one."""
        plan, music = self._place.plan(song), self._place.music(song)
        poses = self._place.poses(person, song)
        if not plan.is_file() or not music.is_file():
            return []
        beat_kind = project_of(self._place).settings["temporal_alignment"]["beat_kind"]

        def read() -> list[dict[str, Any]]:
            made = read_pose_table(poses) if poses.is_file() else None
            return show_clips(read_plan(plan), read_music_table(music), made, edits, beat_kind=beat_kind)

        return self._shown.of((person, song), [plan, music, poses], read, also=repr(edits))


def _made(files: dict[str, Path], person: str, song: str, *, kept: int | None = None) -> dict[str, Any]:
    """Address and time of each video that is there, None for others."""
    made: dict[str, Any] = {}
    for kind, path in files.items():
        address = _address(path, person, song, f"{kind}.mp4", kept=kept)
        made[kind] = address and {"address": address, "made_at": path.stat().st_mtime}
    return made


def _address(path: Path, person: str, song: str, name: str, *, kept: int | None = None) -> str | None:
    """The address of a file that is there; another one for each state of the file, so that a browser may keep it."""
    try:
        written = path.stat().st_mtime_ns
    except OSError:
        return None
    return f"/dances/{person}/{song}/{name}?{f'kept={kept}&' if kept else ''}made={written:x}"


def _told(version: KeptVersion, person: str, song: str) -> dict[str, Any]:
    files = {kind: version.video(kind) for kind in VIDEOS}
    return {
        "id": version.number,
        "made_at": version.made_at,
        "edits": version.edits,
        "made": _made(files, person, song, kept=version.number),
        "poses": _address(version.poses, person, song, "poses", kept=version.number),
    }
