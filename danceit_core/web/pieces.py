"""Media files in short pieces, so that a page may hold many players.

A browser opens at most six connections to a server. A player asks for all of a long file from some byte on and stops
reading as soon as it has enough, which keeps its connection busy: six of them, and no other request of any page gets
through. An answer may hold less than the range that was asked for (RFC 9110, section 15.3.7); the player asks again.
"""

import re

from starlette.responses import FileResponse
from starlette.types import Receive, Scope, Send

# Small enough for what lies between server and player, so that the connection is free again at once.
PIECE_BYTES = 512 * 1024
OPEN_END = re.compile(rb"bytes=(\d{1,15})-")


class PiecesResponse(FileResponse):
    """A file, of which a range without an end is answered by its first PIECE_BYTES."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        headers = [(name, _with_end(value) if name == b"range" else value) for name, value in scope["headers"]]
        await super().__call__({**scope, "headers": headers}, receive, send)


def _with_end(value: bytes) -> bytes:
    """`bytes=a-` with the end of a piece; every other range as it is."""
    found = OPEN_END.fullmatch(value.strip())
    return value if found is None else b"bytes=%s-%d" % (found[1], int(found[1]) + PIECE_BYTES - 1)
