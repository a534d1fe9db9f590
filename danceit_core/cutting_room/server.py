"""The room's server put together: the start page, songs and dances, the fragment explorer. For this machine only."""

import asyncio
import contextlib
import signal
import threading
import webbrowser
from collections.abc import AsyncIterator, Collection
from dataclasses import dataclass
from types import FrameType
from typing import Any

from starlette.applications import Starlette
from starlette.types import ASGIApp, Receive, Scope, Send

from danceit_core.cutting_room import PAGES
from danceit_core.cutting_room.alternatives import Alternatives
from danceit_core.cutting_room.corrections import Corrections
from danceit_core.cutting_room.dances import Dances
from danceit_core.cutting_room.edits import Edits
from danceit_core.cutting_room.events import Events
from danceit_core.cutting_room.explorer import Explorer
from danceit_core.cutting_room.loaded import project_of
from danceit_core.cutting_room.making import Making
from danceit_core.cutting_room.runs import Runs
from danceit_core.cutting_room.song import Songs
from danceit_core.cutting_room.start import Start
from danceit_core.cutting_room.thumbnails import Thumbnails
from danceit_core.cutting_room.uploads import Uploads
from danceit_core.errors import DanceItError, ServerError
from danceit_core.place import Place
from danceit_core.web.answers import make_routes_app
from danceit_core.web.guard import Guard
from danceit_core.web.listening import LOOPBACK, is_loopback, listen, serve, typed_host
from danceit_core.web.pages import static_files

# A page's changes of the table of edits fit well into it.
LARGEST_BODY = 65_536
PARTS = (Songs, Dances, Alternatives, Edits, Corrections, Thumbnails, Explorer)


@dataclass(frozen=True)
class Room:
    """The server of one project as an application, and what of it outlives a request."""

    app: ASGIApp
    runs: Runs
    events: Events

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        await self.app(scope, receive, send)


def make_room(place: Place, *, hosts: Collection[str]) -> Room:
    """The server of one project. hosts: the names it answers to, lower case, without port."""
    events = Events(place)
    runs = Runs(place, events)
    parts = [Start(place, runs), Making(place, runs), Uploads(place), events, *(part(place) for part in PARTS)]
    routes = [static_files([PAGES]), *(route for part in parts for route in part.routes())]

    @contextlib.asynccontextmanager
    async def working(app: Starlette) -> AsyncIterator[None]:
        tasks = [asyncio.create_task(events.watch()), asyncio.create_task(runs.work())]
        yield
        for task in tasks:
            task.cancel()

    app = Guard(
        make_routes_app(routes, lifespan=working),
        hosts=hosts,
        public=False,
        remedy="open it at the address that `danceit open` prints",
        largest_body=LARGEST_BODY,
        uploads=("/api/uploads",),
    )
    return Room(app, runs, events)


def open_room(place: Place, *, host: str = "127.0.0.1", port: int = 8000, browser: bool = True) -> None:
    """Serve the room until Ctrl-C; show it in the browser. port 0: any free one. Raises ServerError where it cannot.

    A run that is going on is ended with the server, also where its terminal is closed; it goes on when asked again.
    """
    if not is_loopback(host):
        raise ServerError(
            f"--host {host} opens the project to a network, where anybody could change it; the room listens on this "
            "machine only: use 127.0.0.1"
        )
    listening = listen(host, port)
    # The first look at a thousand dances takes a second, which the first page need not wait for.
    threading.Thread(target=_warm, args=(place,), daemon=True).start()
    room = make_room(place, hosts={*LOOPBACK, typed_host(host)})
    address = f"http://{typed_host(host)}:{listening.getsockname()[1]}/"
    print(f"{address}  (Ctrl-C ends the server)", flush=True)
    if browser:
        webbrowser.open(address)
    try:
        with _ending_signals():
            serve(room, listening, stopping=room.events.close)
    finally:
        room.runs.close()


@contextlib.contextmanager
def _ending_signals() -> Any:
    """While it lasts, SIGTERM and a closed terminal end the server as Ctrl-C does."""

    def interrupt(number: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    def hand_on(number: int, frame: FrameType | None) -> None:
        signal.raise_signal(signal.SIGINT)

    before = {
        signal.SIGTERM: signal.signal(signal.SIGTERM, interrupt),
        signal.SIGHUP: signal.signal(signal.SIGHUP, hand_on),
    }
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _warm(place: Place) -> None:
    with contextlib.suppress(DanceItError):
        project_of(place)
