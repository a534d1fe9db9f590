"""The room's server put together: the start page, songs and dances, the fragment explorer. For this machine only."""

import importlib
import importlib.util
import webbrowser
from collections.abc import Collection
from typing import Any

from starlette.routing import Route
from starlette.types import ASGIApp

from danceit_core.cutting_room import PAGES
from danceit_core.cutting_room.explorer import Explorer
from danceit_core.errors import ServerError
from danceit_core.place import Place
from danceit_core.web.answers import make_routes_app
from danceit_core.web.guard import Guard
from danceit_core.web.listening import LOOPBACK, is_loopback, listen, serve, typed_host
from danceit_core.web.pages import page, static_files

# A page's changes of the table of edits fit well into it.
LARGEST_BODY = 65_536
UPLOADS = "/api/uploads"
# Modules of this room and the class of routes that each holds.
PARTS = {
    "song": "Songs",
    "dances": "Dances",
    "alternatives": "Alternatives",
    "edits": "Edits",
    "corrections": "Corrections",
    "thumbnails": "Thumbnails",
}


def make_room(place: Place, *, hosts: Collection[str]) -> ASGIApp:
    """The server of one project. hosts: the names it answers to, lower case, without port."""
    parts = [Explorer(place), *_parts(place)]
    routes = [
        Route("/", page(PAGES, "start.html", lambda: {"name": place.name}), methods=["GET"]),
        static_files([PAGES]),
    ]
    routes += [route for part in parts for route in part.routes()]
    return Guard(
        make_routes_app(routes),
        hosts=hosts,
        public=False,
        remedy="open it at the address that `danceit open` prints",
        largest_body=LARGEST_BODY,
        uploads=(UPLOADS,),
    )


def open_room(place: Place, *, host: str = "127.0.0.1", port: int = 8000, browser: bool = True) -> None:
    """Serve the room until Ctrl-C; show it in the browser. port 0: any free one. Raises ServerError where it cannot."""
    if not is_loopback(host):
        raise ServerError(
            f"--host {host} opens the project to a network, where anybody could change it; the room listens on this "
            "machine only: use 127.0.0.1"
        )
    listening = listen(host, port)
    address = f"http://{typed_host(host)}:{listening.getsockname()[1]}/"
    print(f"{address}  (Ctrl-C ends the server)", flush=True)
    if browser:
        webbrowser.open(address)
    serve(make_room(place, hosts={*LOOPBACK, typed_host(host)}), listening)


def _parts(place: Place) -> list[Any]:
    """The parts of the room that are there."""
    found = []
    for name, kind in PARTS.items():
        module = f"danceit_core.cutting_room.{name}"
        if importlib.util.find_spec(module) is not None:
            found.append(getattr(importlib.import_module(module), kind)(place))
    return found
