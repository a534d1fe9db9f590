"""The server's pages put together. Voting is for everybody; results and explorer are for this machine only."""

from collections.abc import Callable, Collection, Sequence
from pathlib import Path
from typing import Any

import jinja2
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from danceit_core.errors import DanceItError
from danceit_core.user_study.guard import Guard
from danceit_core.user_study.results import preference_shares, realistic_shares, votes_csv
from danceit_core.user_study.study import Study
from danceit_core.user_study.votes import Votes
from danceit_core.user_study.voting import Voting

PAGES = Path(__file__).parent / "pages"
FILES = {
    "style.css": "text/css",
    "vote.js": "text/javascript",
    "explorer.js": "text/javascript",
    "icon.svg": "image/svg+xml",
}
LOOPBACK = ("localhost", "127.0.0.1", "[::1]")


def make_app(
    study: Study, votes: Votes, *, hosts: Collection[str], public: bool, private_routes: Sequence[Route] = ()
) -> ASGIApp:
    """The server. hosts: the names it answers to. public: to voters elsewhere, not on this machine alone.

    private_routes: the explorer's; they, the results and the votes are there only where it is not public.
    """
    routes = [
        Route("/", page("vote.html"), methods=["GET"]),
        Route("/pages/{name}", static_file, methods=["GET"]),
        *Voting(study, votes).routes(),
    ]
    if not public:
        routes += [*_results_routes(study, votes), *private_routes]
    app = Starlette(routes=routes, exception_handlers={DanceItError: _failed, HTTPException: _refused})
    return Guard(app, hosts=hosts, public=public)


def page(name: str, values: Callable[[], dict[str, Any]] = dict) -> Callable[[Request], Response]:
    """An endpoint that fills in and sends one of the package's pages."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(PAGES), autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True
    )

    def endpoint(request: Request) -> Response:
        return Response(environment.get_template(name).render(values()), media_type="text/html")

    return endpoint


def static_file(request: Request) -> Response:
    """A stylesheet or script of the package, by its very name."""
    name = request.path_params["name"]
    if name not in FILES:
        raise HTTPException(404, "no such file")
    return FileResponse(PAGES / name, media_type=FILES[name], headers={"cache-control": "no-cache"})


def _results_routes(study: Study, votes: Votes) -> list[Route]:
    def values() -> dict[str, Any]:
        given = votes.read(study.key)
        return {
            "voters": len({vote.voter for vote in given}),
            "realistic": realistic_shares(given, study.variants),
            "preferred": preference_shares(given, study.variants),
        }

    def export(request: Request) -> Response:
        headers = {"content-disposition": 'attachment; filename="votes.csv"'}
        return Response(votes_csv(votes.read(study.key), study), media_type="text/csv", headers=headers)

    return [
        Route("/results", page("results.html", values), methods=["GET"]),
        Route("/votes.csv", export, methods=["GET"]),
    ]


def _failed(request: Request, error: Exception) -> Response:
    """A fault that the operator can mend, in one line."""
    return PlainTextResponse(" ".join(str(error).split()), 503)


def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return PlainTextResponse(error.detail, error.status_code, headers=error.headers)
