"""The fragment explorer's addresses: look through the database, play, pin and ban."""

from typing import TYPE_CHECKING, Any

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from danceit_core.choreography.edits import Edit
from danceit_core.cutting_room import PAGES
from danceit_core.cutting_room.edits import check_edit
from danceit_core.cutting_room.edits_file import edits_file
from danceit_core.cutting_room.loaded import fragment_s_of, tables_of
from danceit_core.cutting_room.planning import Reading, fragments_table, matcher_folder
from danceit_core.errors import DanceItError
from danceit_core.place import Place
from danceit_core.web.answers import number, one_of, read_texts, serve_file
from danceit_core.web.pages import page

if TYPE_CHECKING:
    from danceit_core.cutting_room.fragments import Fragments

PAGE_ROWS = 50
KEYS = ("song", "start_s", "end_s", "action", "value")
MOST_FRAGMENTS = 1e9


class Explorer:
    """Answers for one project."""

    def __init__(self, place: Place) -> None:
        self._place = place
        self._fragments = Reading(most=1)

    def routes(self) -> list[Route]:
        """What the explorer's page asks for."""
        return [
            Route("/explorer", page(PAGES, "explorer.html", self._values), methods=["GET"]),
            Route("/api/fragments", self.fragments, methods=["GET"]),
            Route("/api/edits/add", self.add, methods=["POST"]),
            Route("/api/edits/remove", self.remove, methods=["POST"]),
            Route("/frames/{video}.mp4", self.frames, methods=["GET"]),
        ]

    def _values(self) -> dict[str, Any]:
        project = tables_of(self._place)
        return {
            "videos": list(project.videos.index),
            "songs": list(project.songs.index),
            "seconds": float(fragment_s_of(project)),
            "edits": str(self._place.tables["edits"]),
        }

    def _read(self) -> "Fragments":
        """Read when first asked for: seconds, which other pages need not wait for."""
        from danceit_core.cutting_room.fragments import read_fragments  # noqa: PLC0415 (FAISS)

        project = tables_of(self._place)
        table, folder = fragments_table(self._place, project), matcher_folder(self._place, project)
        files = [table, folder / "matcher.pt", *(self._place.music(song) for song in project.songs.index)]
        return self._fragments.of(table, files, lambda: read_fragments(self._place, project))

    def fragments(self, request: Request) -> Response:
        """A page of fragments as JSON."""
        asked, project = request.query_params, tables_of(self._place)
        first = int(number(asked.get("first") or "0", most=MOST_FRAGMENTS))
        rows, total = self._read().select(
            video=one_of(asked.get("video", ""), {"", *project.videos.index}, what="video"),
            song=one_of(asked.get("song", ""), {"", *project.songs.index}, what="song"),
            least_bpm=number(asked.get("least_bpm") or "0"),
            most_bpm=number(asked.get("most_bpm") or "inf"),
            first=first,
            count=PAGE_ROWS,
        )
        about = {"first": first, "total": total, "page": PAGE_ROWS}
        return JSONResponse(about | {"fragments": rows})

    async def add(self, request: Request) -> Response:
        """Pin or ban."""
        return await run_in_threadpool(self._add, await self._edit(request))

    async def remove(self, request: Request) -> Response:
        """Take a line of the table back."""
        edit = await self._edit(request)
        return await run_in_threadpool(self._change, [], [edit])

    def frames(self, request: Request) -> Response:
        """A dance video, as the workflow stores its frames."""
        video = one_of(request.path_params["video"], tables_of(self._place).videos.index, what="video", status=404)
        return serve_file(self._place.frames(video), media_type="video/mp4")

    async def _edit(self, request: Request) -> Edit:
        values = await read_texts(request, KEYS)
        return Edit(
            values["song"], number(values["start_s"]), number(values["end_s"]), values["action"], values["value"]
        )

    def _add(self, edit: Edit) -> Response:
        if edit.action not in ("pin", "ban"):
            raise HTTPException(400, "the explorer pins and bans; write other edits into the table")
        check_edit(self._place, edit)
        return self._change([edit], [])

    def _change(self, add: list[Edit], remove: list[Edit]) -> Response:
        try:
            table = edits_file(self._place)
            table.change(add=add, remove=remove)
            return JSONResponse({"edits": [vars(other) for other in table.read()]})
        except DanceItError as error:
            raise HTTPException(400, str(error)) from None
