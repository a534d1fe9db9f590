"""The table of edits as the pages read and change it: every action is a line, and nobody's change is lost.

A change names the state that it was made for (`token`). Where the table is another one by now, because somebody wrote
it by hand or in another tab, nothing is written and the answer (409) holds the table as it is.
"""

from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from danceit_core.choreography.edits import COLUMNS, Edit
from danceit_core.cutting_room.edits_file import ChangedError, EditsFile
from danceit_core.cutting_room.lines import token_of
from danceit_core.cutting_room.loaded import project_of, styles_of
from danceit_core.cutting_room.planning import library_of
from danceit_core.errors import DanceItError
from danceit_core.music.table import read_music_table
from danceit_core.place import Place
from danceit_core.tables import DAMAGE, read_metadata
from danceit_core.web.answers import number, read_json

# One action of a page changes some lines; a table of a two-hour mix may be undone at once.
MOST_LINES = 1000


class Edits:
    """Answers for one project."""

    def __init__(self, place: Place) -> None:
        self._place = place

    def routes(self) -> list[Route]:
        """What the pages ask for."""
        return [
            Route("/api/edits", self.read, methods=["GET"]),
            Route("/api/edits", self.change, methods=["POST"]),
        ]

    def read(self, request: Request) -> Response:
        """The table's token and edits, or what is wrong with it."""
        try:
            token, edits = edits_file(self._place).state()
        except DanceItError as error:
            raise HTTPException(409, str(error)) from None
        return JSONResponse({"token": token, "edits": [vars(edit) for edit in edits]})

    async def change(self, request: Request) -> Response:
        """Take lines out and put others in, as one change."""
        values = await read_json(request, ("token", "add", "remove"))
        add, remove = (_edits(values[name], name=name) for name in ("add", "remove"))
        if not isinstance(values["token"], str):
            raise HTTPException(400, "token is the text that came with the edits")
        return await run_in_threadpool(self._change, values["token"], add, remove)

    def _change(self, token: str, add: list[Edit], remove: list[Edit]) -> Response:
        for edit in add:
            check_edit(self._place, edit)
        try:
            table = edits_file(self._place)
            table.change(add=add, remove=remove, token=token)
            token, edits = table.state()
        except ChangedError as error:
            return self._as_it_is(str(error))
        except DanceItError as error:
            raise HTTPException(400, str(error)) from None
        return JSONResponse({"token": token, "edits": [vars(edit) for edit in edits]})

    def _as_it_is(self, said: str) -> Response:
        """The table for who thought that it is another one; without edits where it is at fault."""
        try:
            token, edits = edits_file(self._place).state()
            now: list[Any] | None = [vars(edit) for edit in edits]
        except DanceItError as error:
            said, token, now = str(error), token_of(self._place.tables["edits"]), None
        return JSONResponse({"error": said, "token": token, "edits": now}, 409)


def edits_file(place: Place) -> EditsFile:
    """The project's table of edits. Raises ConfigError where its tables are at fault."""
    project = project_of(place)
    return EditsFile(place.tables["edits"], songs=list(project.songs.index), styles=styles_of(project))


def check_edit(place: Place, edit: Edit) -> None:
    """Raise HTTPException 400 for an edit that planning would refuse: after the song's end, of an unknown fragment."""
    if edit.song in project_of(place).songs.index and (table := place.music(edit.song)).is_file():
        length_s = read_music_table(table).duration_s
        if edit.start_s >= length_s:
            raise HTTPException(400, f"{edit.song} ends at {length_s:.2f} s; begin before that")
    if edit.action in ("pin", "ban") and ":" in edit.value:
        library = library_of(place)
        if library is not None and not len(library.rows_named(edit.value)):
            raise HTTPException(400, f"the database has no fragment {edit.value!r}")


def edited(place: Place, song: str) -> bool:
    """Whether the edits of a song are others than those its plan was made with; not where it has no plan yet.

    Raises ConfigError where the table is at fault.
    """
    made_with = planned_edits(place, song)
    if made_with is None:
        return False
    now = [vars(edit) for edit in edits_file(place).read() if edit.song == song]
    return now != made_with


def planned_edits(place: Place, song: str) -> list[dict[str, Any]] | None:
    """The edits that a song's plan was made with, as plain values; None without a plan."""
    try:
        return list(read_metadata(place.plan(song))[0].get("edits", []))
    except (FileNotFoundError, *DAMAGE):
        return None


def _edits(values: Any, *, name: str) -> list[Edit]:
    if not isinstance(values, list) or len(values) > MOST_LINES:
        raise HTTPException(400, f"{name} is a list of at most {MOST_LINES} edits")
    return [_edit(value) for value in values]


def _edit(value: Any) -> Edit:
    if not isinstance(value, dict) or set(value) != set(COLUMNS):
        raise HTTPException(400, f"an edit has the keys {', '.join(COLUMNS)}")
    song, action, text = value["song"], value["action"], value["value"]
    if not all(isinstance(cell, str) for cell in (song, action, text)):
        raise HTTPException(400, "song, action and value of an edit are texts")
    return Edit(song, number(value["start_s"]), number(value["end_s"]), action, text)
