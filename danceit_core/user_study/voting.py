"""The voting page's addresses: start, where a voter is, a vote, a clip.

A voter is a random token in a cookie, signed so that tokens cannot be made up faster than the server hands them out.
"""

import hmac
import secrets
from functools import lru_cache
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from danceit_core.user_study.study import Study
from danceit_core.user_study.tasks import ANSWERS, PAIR, SINGLE, Task, keyed, tasks_of
from danceit_core.user_study.votes import Votes
from danceit_core.web.answers import read_texts, serve_file
from danceit_core.web.guard import Rate, too_many

COOKIE, COOKIE_S = "voter", 30 * 24 * 3600
# Tasks told to the page at a time: the one to do and the next, whose clips it loads meanwhile.
AHEAD = 2


class Voting:
    """Answers for one study. public: votes come through a network, by HTTPS where the proxy says so."""

    def __init__(self, study: Study, votes: Votes) -> None:
        self._study, self._votes = study, votes
        self._tasks = lru_cache(maxsize=1000)(lambda voter: tasks_of(study, voter, secret=votes.secret))
        # A class of fifty may begin at once behind one address; nobody answers faster than clips play.
        self._starts, self._answers = Rate(per_s=0.2, burst=100), Rate(per_s=2, burst=20)

    def routes(self) -> list[Route]:
        """What the voting page asks for."""
        return [
            Route("/api/start", self.start, methods=["POST"]),
            Route("/api/state", self.state, methods=["GET"]),
            Route("/api/vote", self.vote, methods=["POST"]),
            Route("/clips/{address}.mp4", self.clip, methods=["GET"]),
        ]

    async def start(self, request: Request) -> Response:
        """Make a voter of whoever has none yet."""
        voter = self._voter(request)
        if voter is not None:
            return JSONResponse(await self._state(voter))
        if (wait_s := self._starts.wait_s(request.client.host if request.client else "")) > 0:
            return too_many(wait_s)
        voter = secrets.token_hex(16)
        response = JSONResponse(await self._state(voter))
        response.set_cookie(
            COOKIE,
            f"{voter}.{keyed(self._votes.secret, 'voter', voter)}",
            max_age=COOKIE_S,
            httponly=True,
            samesite="strict",
            secure=request.url.scheme == "https",
        )
        return response

    async def state(self, request: Request) -> Response:
        """How far the voter is."""
        voter = self._voter(request)
        return JSONResponse({"started": False} | self._sizes() if voter is None else await self._state(voter))

    async def vote(self, request: Request) -> Response:
        """Keep one answer and say what comes next; an answer that was sent twice counts once."""
        voter = self._voter(request)
        if voter is None:
            raise HTTPException(401, "start first")
        if (wait_s := self._answers.wait_s(voter)) > 0:
            return too_many(wait_s)
        answer = await read_texts(request, ("task", "answer"))
        task = next((task for task in self._tasks(voter) if task.key == answer["task"]), None)
        if task is None:
            raise HTTPException(404, "no such question; load the page again")
        if answer["answer"] not in ANSWERS[task.part]:
            raise HTTPException(400, f"an answer is one of {', '.join(ANSWERS[task.part])}")
        await run_in_threadpool(self._votes.add, self._study.key, voter, task, answer["answer"])
        return JSONResponse(await self._state(voter))

    async def clip(self, request: Request) -> Response:
        """One of the voter's own clips; nobody else's address leads to it."""
        voter, address = self._voter(request), request.path_params["address"]
        tasks = [] if voter is None else self._tasks(voter)
        for task in tasks:
            if address in task.addresses:
                clip = task.clips[task.addresses.index(address)]
                return serve_file(self._study.path_of(clip), media_type="video/mp4", tag=address)
        raise HTTPException(404, "no such clip")

    def _voter(self, request: Request) -> str | None:
        voter, _, signature = request.cookies.get(COOKIE, "").partition(".")
        expected = keyed(self._votes.secret, "voter", voter)
        return voter if hmac.compare_digest(signature.encode(), expected.encode()) else None

    def _sizes(self) -> dict[str, Any]:
        seconds = max(stretch.frames for stretch in self._study.stretches) / self._study.fps
        tasks = self._tasks("")
        totals = {part: sum(task.part == part for task in tasks) for part in (SINGLE, PAIR)}
        return {"clip_s": seconds, "totals": totals}

    async def _state(self, voter: str) -> dict[str, Any]:
        answered = await run_in_threadpool(self._votes.answered, self._study.key, voter)
        tasks = self._tasks(voter)
        left = [task for task in tasks if task.identity not in answered]
        return self._sizes() | {
            "started": True,
            "left": {part: sum(task.part == part for task in left) for part in (SINGLE, PAIR)},
            "next": {part: [_told(task) for task in left if task.part == part][:AHEAD] for part in (SINGLE, PAIR)},
        }


def _told(task: Task) -> dict[str, Any]:
    return {"task": task.key, "clips": [f"/clips/{address}.mp4" for address in task.addresses]}
