"""The fragment explorer's addresses: look through the database, play, pin and ban. For this machine only."""

import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from danceit_core.choreography.edits import Edit
from danceit_core.errors import DanceItError
from danceit_core.music.table import read_music_table
from danceit_core.user_study.edits_file import EditsFile
from danceit_core.user_study.server import page
from danceit_core.user_study.study import Study
from danceit_core.user_study.voting import read_json, serve_video

if TYPE_CHECKING:
    from danceit_core.user_study.fragments import Fragments

PAGE_ROWS = 50
KEYS = ("song", "start_s", "end_s", "action", "value")


class Explorer:
    """Answers for one project. results: its folder; edits: the table that pins and bans are written to."""

    def __init__(self, results: Path, study: Study, *, edits: Path) -> None:
        self._results, self._study = results, study
        self._edits = EditsFile(edits, songs=study.songs, styles=study.styles)
        self._fragments: Fragments | None = None
        self._lock = threading.Lock()

    def routes(self) -> list[Route]:
        """What the explorer's page asks for."""
        return [
            Route("/explorer", page("explorer.html", self._values), methods=["GET"]),
            Route("/api/fragments", self.fragments, methods=["GET"]),
            Route("/api/edits", self.edits, methods=["GET"]),
            Route("/api/edits/add", self.add, methods=["POST"]),
            Route("/api/edits/remove", self.remove, methods=["POST"]),
            Route("/dances/{video}.mp4", self.dance, methods=["GET"]),
        ]

    def _values(self) -> dict[str, Any]:
        return {
            "videos": list(self._study.styles),
            "songs": self._study.songs,
            "seconds": float(self._study.fragment_s),
            "edits": str(self._edits.path),
        }

    def _read(self) -> "Fragments":
        """Read when first asked for: seconds, which a voter need not wait for."""
        from danceit_core.user_study.fragments import read_fragments  # noqa: PLC0415 (PyTorch: seconds)

        with self._lock:
            if self._fragments is None:
                self._fragments = read_fragments(self._results, self._study)
            return self._fragments

    def fragments(self, request: Request) -> Response:
        """A page of fragments as JSON."""
        asked = request.query_params
        first = int(min(_number(asked.get("first") or "0"), 1e9))
        fragments = self._read()
        rows, total = fragments.select(
            video=_one_of(asked.get("video", ""), self._study.styles),
            song=_one_of(asked.get("song", ""), self._study.songs),
            least_bpm=_number(asked.get("least_bpm") or "0"),
            most_bpm=_number(asked.get("most_bpm") or "inf"),
            first=first,
            count=PAGE_ROWS,
        )
        about = {"first": first, "total": total, "page": PAGE_ROWS}
        return JSONResponse(about | {"fragments": rows})

    def edits(self, request: Request) -> Response:
        """The table of edits as JSON, or what is wrong with it."""
        try:
            return JSONResponse({"edits": [vars(edit) for edit in self._edits.read()]})
        except DanceItError as error:
            raise HTTPException(409, str(error)) from None

    async def add(self, request: Request) -> Response:
        """Pin or ban."""
        return await run_in_threadpool(self._add, await self._edit(request))

    async def remove(self, request: Request) -> Response:
        """Take a line of the table back."""
        return await run_in_threadpool(self._change, self._edits.remove, await self._edit(request))

    def dance(self, request: Request) -> Response:
        """A dance video, as the workflow stores its frames."""
        video = request.path_params["video"]
        path = self._results / "frames" / f"{video}.mp4"
        if video not in self._study.styles or not path.is_file():
            raise HTTPException(404, "no such dance")
        return serve_video(path, tag=f"{video}-{path.stat().st_mtime_ns:x}")

    async def _edit(self, request: Request) -> Edit:
        values = await read_json(request, KEYS)
        return Edit(
            values["song"], _number(values["start_s"]), _number(values["end_s"]), values["action"], values["value"]
        )

    def _add(self, edit: Edit) -> Response:
        if edit.action not in ("pin", "ban"):
            raise HTTPException(400, "the explorer pins and bans; write other edits into the table")
        known = self._read().database.table["fragment_id"]
        if edit.value not in self._study.styles and not (known == edit.value).any():
            raise HTTPException(400, f"the database has no fragment {edit.value!r}")
        if edit.song in self._study.songs:
            length_s = read_music_table(self._results / "music" / f"{edit.song}.parquet").duration_s
            if edit.start_s >= length_s:
                raise HTTPException(400, f"{edit.song} ends at {length_s:.2f} s; begin before that")
        return self._change(self._edits.add, edit)

    def _change(self, change: Any, edit: Edit) -> Response:
        try:
            change(edit)
            return JSONResponse({"edits": [vars(other) for other in self._edits.read()]})
        except DanceItError as error:
            raise HTTPException(400, str(error)) from None


def _one_of(name: str, known: Any) -> str:
    if name and name not in known:
        raise HTTPException(400, f"unknown name {name[:40]!r}")
    return name


def _number(text: str) -> float:
    """A number of 0 or more. Raises HTTPException 400."""
    try:
        number = float(text)
    except ValueError:
        number = np.nan
    if not number >= 0:
        raise HTTPException(400, f"{text[:20]!r} is no number of 0 or more")
    return number
