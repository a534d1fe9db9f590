"""The study's pages put together. Voting is for everybody; the results are for this machine only."""

from collections.abc import Collection
from pathlib import Path
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp

from danceit_core.user_study.results import preference_shares, realistic_shares, votes_csv
from danceit_core.user_study.study import Study
from danceit_core.user_study.votes import Votes
from danceit_core.user_study.voting import Voting
from danceit_core.web.answers import make_routes_app
from danceit_core.web.guard import Guard
from danceit_core.web.pages import page, static_files

PAGES = Path(__file__).parent / "pages"


def make_app(study: Study, votes: Votes, *, hosts: Collection[str], public: bool) -> ASGIApp:
    """The server. hosts: the names it answers to.

    public: to voters elsewhere, not on this machine alone; there are no results and no votes to be seen then.
    """
    routes = [
        Route("/", page(PAGES, "vote.html"), methods=["GET"]),
        static_files([PAGES]),
        *Voting(study, votes).routes(),
    ]
    if not public:
        routes += _results_routes(study, votes)
    return Guard(make_routes_app(routes), hosts=hosts, public=public, remedy="start it with --public-host NAME")


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
        Route("/results", page(PAGES, "results.html", values), methods=["GET"]),
        Route("/votes.csv", export, methods=["GET"]),
    ]
