"""Server-sent events: what every open page is told by itself, at `/api/events`.

    run      a run of Snakemake, whenever anything about it is new (`runs.Run.told`)
    files    {edits, songs}: tokens of these tables, when one changes on the disk (`lines.token_of`)
    project  {version}: results or tables changed; what `/api/project` says may be other than before

Only the last event of a kind counts, so each page is told the present state when it connects or connects again, and a
slow page misses nothing but what is out of date.
"""

import asyncio
import contextlib
import itertools
import json
import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from danceit_core.cutting_room.lines import token_of
from danceit_core.cutting_room.loaded import stamp
from danceit_core.place import Place

# A comment keeps proxies and sleeping laptops from taking a quiet connection for a dead one, seconds.
HEARTBEAT_S = 15.0
# How soon a browser connects again, milliseconds.
AGAIN_MS = 1000
# How often files are looked at, seconds, and how often a stream looks whether the server is to end.
LOOK_S = 1.0
MADE = ("preview", "draft", "videos", "evaluation")


class Events:
    """The present state in events, handed to any number of pages. To be used in the server's event loop only."""

    def __init__(self, place: Place) -> None:
        self._place = place
        self._versions = itertools.count(1)
        self._latest: dict[str, tuple[int, bytes]] = {}
        self._news = asyncio.Event()
        self._pages, self._closed = 0, False

    def routes(self) -> list[Route]:
        """The stream."""
        return [Route("/api/events", self.stream, methods=["GET"])]

    def put(self, kind: str, values: dict[str, Any], *, key: str = "") -> None:
        """Tell every page. key: of what, where several things have events of this kind."""
        text = f"event: {kind}\ndata: {json.dumps(values)}\n\n"
        self._latest[f"{kind} {key}"] = next(self._versions), text.encode()
        self._wake()

    def forget(self, kind: str, *, key: str) -> None:
        """What pages that connect from now on need not be told."""
        self._latest.pop(f"{kind} {key}", None)

    def close(self) -> None:
        """End all streams, so that the server can end. May be called from a signal handler."""
        self._closed = True

    async def stream(self, request: Request) -> Response:
        """Events, as long as the page is open."""
        headers = {"cache-control": "no-store", "x-accel-buffering": "no"}
        return StreamingResponse(self._events(), media_type="text/event-stream", headers=headers)

    async def _events(self) -> AsyncIterator[bytes]:
        seen, silent_s = 0, 0.0
        self._pages += 1
        try:
            yield f"retry: {AGAIN_MS}\n\n".encode()
            while not self._closed:
                # Taken before the state is looked at: what comes meanwhile wakes the wait below.
                news = self._news
                fresh = sorted(entry for entry in self._latest.values() if entry[0] > seen)
                if fresh:
                    seen, silent_s = fresh[-1][0], 0.0
                    yield b"".join(text for _, text in fresh)
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(news.wait(), LOOK_S)
                    continue
                silent_s += LOOK_S
                if silent_s >= HEARTBEAT_S:
                    silent_s = 0.0
                    yield b": the server is there\n\n"
        finally:
            self._pages -= 1

    def _wake(self) -> None:
        self._news.set()
        self._news = asyncio.Event()

    async def watch(self) -> None:
        """Look at tables and results as long as the server runs, while any page is open."""
        before: tuple[Any, ...] = ()
        version = 0
        while not self._closed:
            if self._pages:
                now = await asyncio.to_thread(self._signature)
                if now != before:
                    version += 1
                    if before[:1] != now[:1]:
                        self.put("files", await asyncio.to_thread(self._tokens))
                    self.put("project", {"version": version})
                    before = now
            await asyncio.sleep(LOOK_S)

    def _signature(self) -> tuple[Any, ...]:
        """What is other than before when a table or a result was written: whole files are moved into their folders."""
        tables = tuple(stamp(path) for path in self._place.tables.values())
        return tables, tuple(folder_stamps(self._place.results))

    def _tokens(self) -> dict[str, str]:
        return {name: token_of(self._place.tables[name]) for name in ("edits", "songs")}


def folder_stamps(results: Path) -> list[tuple[str, int]]:
    """When an entry was last put into each folder that holds dances or scores, and the report written, nanoseconds."""
    report = stamp(results / "report.html")
    found = [("report", report[0] if report else 0)]
    for kind in MADE:
        with contextlib.suppress(OSError), os.scandir(results / kind) as entries:
            found += sorted((entry.path, entry.stat().st_mtime_ns) for entry in entries if entry.is_dir())
    return found
