"""The addresses by which a page makes dances: begin a run, cancel it, and how long it would take."""

import asyncio
import os
import time
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from danceit_core.cutting_room.commands import REPORT, WHATS, targets_of
from danceit_core.cutting_room.forecast import forecast
from danceit_core.cutting_room.loaded import project_of, stamp
from danceit_core.cutting_room.runs import Runs
from danceit_core.errors import DanceItError, ServerError
from danceit_core.place import Place
from danceit_core.web.answers import one_of, read_texts
from danceit_core.web.guard import too_many

# A forecast is as good as new for so many seconds, while no table changes and no run begins or ends.
FRESH_S = 60.0
MOST_KEPT, MOST_WAITING = 50, 8


class Making:
    """Answers for one project."""

    def __init__(self, place: Place, runs: Runs) -> None:
        self._place, self._runs = place, runs
        self._one_at_a_time, self._waiting = asyncio.Lock(), 0
        self._forecasts: dict[tuple[Any, ...], tuple[float, dict[str, Any]]] = {}

    def routes(self) -> list[Route]:
        """Runs and forecasts."""
        return [
            Route("/api/runs", self.begin, methods=["POST"]),
            Route("/api/runs/cancel", self.cancel, methods=["POST"]),
            Route("/api/forecast", self.forecast, methods=["GET"]),
        ]

    async def begin(self, request: Request) -> Response:
        """Put a run at the end of the queue."""
        values = await read_texts(request, ("person", "song", "what"))
        run = self._runs.add(*await self._wish(values["person"], values["song"], values["what"]))
        return JSONResponse({"id": run.id})

    async def cancel(self, request: Request) -> Response:
        """End a run. What it has finished stays: the next one goes on from there."""
        values = await read_texts(request, ("id",))
        try:
            return JSONResponse({"id": self._runs.cancel(values["id"]).id})
        except ServerError as error:
            raise HTTPException(409, str(error)) from None

    async def forecast(self, request: Request) -> Response:
        """What a run would do, and for how long; several seconds, in which Snakemake looks at every file."""
        asked = request.query_params
        wish = await self._wish(asked.get("person", ""), asked.get("song", ""), asked.get("what", ""))
        states = tuple((run.id, run.state) for run in self._runs.all())
        key = (*wish, states, *map(stamp, self._place.tables.values()))
        made_s, answer = self._forecasts.get(key, (0.0, None))
        if answer is not None and time.monotonic() - made_s < FRESH_S:
            return JSONResponse(answer)
        if self._waiting >= MOST_WAITING:
            return too_many(5.0)
        self._waiting += 1
        try:
            async with self._one_at_a_time:
                if await request.is_disconnected():  # the page asks for something else by now
                    return Response(status_code=204)
                answer = await run_in_threadpool(self._forecast, *wish)
        except DanceItError as error:
            raise HTTPException(409, str(error)) from None
        finally:
            self._waiting -= 1
        self._forecasts[key] = time.monotonic(), answer
        for old in list(self._forecasts)[:-MOST_KEPT]:
            del self._forecasts[old]
        return JSONResponse(answer)

    def _forecast(self, person: str, song: str, what: str) -> dict[str, Any]:
        targets = targets_of(self._place, person, song, what)
        return forecast(self._place, targets, cores=os.cpu_count() or 1)

    async def _wish(self, person: str, song: str, what: str) -> tuple[str, str, str]:
        """Person, song and what, looked up among those that there are; a report is of the whole project."""
        one_of(what, WHATS, what="kind of file")
        try:
            project = await run_in_threadpool(project_of, self._place)
        except DanceItError as error:
            raise HTTPException(409, str(error)) from None
        if what == REPORT:
            return "", "", REPORT
        one_of(person, project.targets.index, what="person")
        one_of(song, project.songs.index, what="song")
        return person, song, what
