"""Reading requests and answering them: JSON objects, numbers, names, files in ranges, and faults of one line of text.

Every fault is a `starlette.exceptions.HTTPException` with a status of 4xx, or a `DanceItError`, which the user mends.
"""

import json
import math
import stat
from collections.abc import Callable, Collection, Sequence
from contextlib import AbstractAsyncContextManager
from http import HTTPStatus
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, Response
from starlette.routing import Route

from danceit_core.errors import DanceItError

# A change of the file changes the tag; the fixed date tells nobody when it was made.
FIXED_DATE = "Thu, 01 Jan 1970 00:00:00 GMT"
LONGEST_QUOTE = 40


Lifespan = Callable[[Starlette], AbstractAsyncContextManager[None]]


def make_routes_app(routes: Sequence[Route], *, lifespan: Lifespan | None = None) -> Starlette:
    """The application of some routes, whose faults are one line of plain text each. lifespan: around its serving."""
    handlers = {DanceItError: _failed, HTTPException: _refused}
    return Starlette(routes=routes, exception_handlers=handlers, lifespan=lifespan)


async def read_json(request: Request, keys: Sequence[str]) -> dict[str, Any]:
    """The JSON object of a request with exactly these keys. Raises HTTPException 400 for anything else."""
    try:
        values = json.loads(await request.body(), parse_constant=_refuse_constant)
    except (ValueError, RecursionError):
        raise HTTPException(400, "the body is not JSON") from None
    if not isinstance(values, dict) or set(values) != set(keys):
        raise HTTPException(400, f"expected a JSON object with the keys {', '.join(keys)}")
    return values


async def read_texts(request: Request, keys: Sequence[str]) -> dict[str, str]:
    """As `read_json`, where every value is a text."""
    values = await read_json(request, keys)
    if not all(isinstance(value, str) for value in values.values()):
        raise HTTPException(400, f"expected texts under the keys {', '.join(keys)}")
    return values


def number(value: Any, *, least: float = 0.0, most: float = math.inf) -> float:
    """A number, or the text of one, of least to most. Raises HTTPException 400."""
    try:
        read = math.nan if isinstance(value, bool) else float(value)
    except (TypeError, ValueError, OverflowError):
        read = math.nan
    if not least <= read <= most:
        limit = f"of {least:g} or more" if most == math.inf else f"from {least:g} to {most:g}"
        raise HTTPException(400, f"{quote(value)} is not a number {limit}")
    return read


def one_of(value: Any, known: Collection[str], *, what: str, status: int = 400) -> str:
    """A name that is among the `known` ones. what: of what, in words. Raises HTTPException of `status`."""
    if not isinstance(value, str) or value not in known:
        raise HTTPException(status, f"unknown {what} {quote(value)}")
    return value


def quote(value: Any) -> str:
    """What was sent, short and printable, to be shown in a message."""
    return ascii(value)[:LONGEST_QUOTE]


def serve_file(path: str | Path, *, media_type: str, tag: str = "") -> FileResponse:
    """A file in ranges, kept by the browser for an hour. Raises HTTPException 404 where there is none.

    A link is not followed: in a project from elsewhere it could lead to any file. tag: stands for the file in the
    browser's cache; by default its size and its time of writing.
    """
    try:
        found = Path(path).lstat()
    except OSError:
        raise HTTPException(404, "this file is not there (any more); load the page again") from None
    if not stat.S_ISREG(found.st_mode):
        raise HTTPException(404, "this is a link or a folder; only files that the workflow wrote are shown")
    tag = tag or f"{found.st_mtime_ns:x}-{found.st_size:x}"
    headers = {"etag": f'"{tag}"', "last-modified": FIXED_DATE, "cache-control": "private, max-age=3600"}
    return FileResponse(path, media_type=media_type, headers=headers)


def _refuse_constant(name: str) -> float:
    raise ValueError(f"{name} is not JSON")


def _failed(request: Request, error: Exception) -> Response:
    return PlainTextResponse(" ".join(str(error).split()), HTTPStatus.SERVICE_UNAVAILABLE)


def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return PlainTextResponse(error.detail, error.status_code, headers=error.headers)
