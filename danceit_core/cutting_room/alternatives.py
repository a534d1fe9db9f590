"""The ten best other fragments for a clip of a song's dance, with what each would cost there."""

import contextlib
import math
import threading
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from danceit_core.cutting_room.edits_file import edits_file
from danceit_core.cutting_room.loaded import tables_of
from danceit_core.cutting_room.planning import planned_dance
from danceit_core.errors import DanceItError
from danceit_core.place import Place
from danceit_core.web.answers import one_of

if TYPE_CHECKING:
    from danceit_core.choreography.alternatives import Alternative

MOST_WAITING = 8


class Alternatives:
    """Answers for one project."""

    def __init__(self, place: Place) -> None:
        self._place = place
        # Of a large database one answer takes a second and some hundred megabytes: one is made after the other. Threads
        # that wait for their turn are not there for other requests.
        self._one, self._waiting = threading.Lock(), threading.BoundedSemaphore(MOST_WAITING)

    def routes(self) -> list[Route]:
        """What the song's page asks for."""
        return [Route("/api/songs/{song}/clips/{number}/alternatives", self.alternatives, methods=["GET"])]

    def alternatives(self, request: Request) -> Response:
        """Those of one clip, and the fragment that it dances."""
        project = tables_of(self._place)
        song = one_of(request.path_params["song"], project.songs.index, what="song", status=404)
        text = request.path_params["number"]
        with self._turn():
            try:
                dance = planned_dance(self._place, song)
                if not (text.isascii() and text.isdigit()) or len(text) > 6 or int(text) >= len(dance):
                    raise HTTPException(404, f"{song} has {len(dance)} clips, numbered from 0")
                edits = [edit for edit in edits_file(self._place).read() if edit.song == song]
                found = dance.alternatives(int(text), edits=edits)
            except DanceItError as error:
                raise HTTPException(409, " ".join(str(error).split())) from None
        about: dict[str, Any] = {"fps": dance.fps, "frames": found.frames, "total": found.chosen.total}
        return JSONResponse(
            {
                "clip": int(text),
                "chosen": _plain(found.chosen, **about),
                "alternatives": [_plain(other, **about) for other in found.others],
            }
        )

    @contextlib.contextmanager
    def _turn(self) -> Iterator[None]:
        """One request after the other. Raises HTTPException 429 where too many wait already."""
        if not self._waiting.acquire(blocking=False):
            raise HTTPException(429, "alternatives of other clips are being looked for; try again in a moment")
        try:
            with self._one:
                yield
        finally:
            self._waiting.release()


def _plain(one: "Alternative", *, fps: float, frames: int, total: float) -> dict[str, Any]:
    """One of them as JSON has it. frames: of the song that the clip lasts. total: of the one that is danced."""
    start_s = one.source_start_frame / fps
    return {
        "fragment": one.fragment,
        "video": one.video,
        "track": one.track,
        "source_s": round(start_s, 4),
        "source_end_s": round(start_s + one.rate * frames / fps, 4),
        "rate": round(one.rate, 4),
        "mirrored": one.mirrored,
        "costs": {name: None if math.isnan(cost) else round(cost, 4) for name, cost in one.costs.items()},
        "total": round(one.total, 4),
        "more": round(one.total - total, 4),
    }
