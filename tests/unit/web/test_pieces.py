"""Media in pieces: a range without an end is answered in part, and the parts put together are the file."""

import asyncio
import re

import pytest
from starlette.requests import Request

from danceit_core.web.answers import serve_file
from danceit_core.web.pieces import PIECE_BYTES

SIZE = 2 * PIECE_BYTES + 1234


class Answer:
    """What a file answers to one request."""

    def __init__(self, path, asked=None):
        scope = {"type": "http", "method": "GET", "path": "/", "query_string": b"", "extensions": {}}
        scope["headers"] = [] if asked is None else [(b"range", asked.encode())]
        sent = []

        async def receive():
            await asyncio.Event().wait()  # the client stays

        async def send(message):
            sent.append(message)

        response = serve_file(path, media_type="video/mp4")
        asyncio.run(response(Request(scope).scope, receive, send))
        self.status = sent[0]["status"]
        self.headers = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
        self.content = b"".join(message.get("body", b"") for message in sent[1:])


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "video.mp4"
    path.write_bytes(bytes(number % 251 for number in range(SIZE)))
    return path


def test_a_player_gets_the_whole_file_in_pieces(path):
    found = b""
    while len(found) < SIZE:
        answer = Answer(path, f"bytes={len(found)}-")
        assert answer.status == 206
        assert len(answer.content) <= PIECE_BYTES
        assert re.fullmatch(rf"bytes {len(found)}-\d+/{SIZE}", answer.headers["content-range"])
        found += answer.content
    assert found == path.read_bytes()


@pytest.mark.parametrize(("asked", "first", "last"), [("bytes=0-9", 0, 9), (f"bytes=5-{SIZE}", 5, SIZE - 1),
                                                      ("bytes=-100", SIZE - 100, SIZE - 1)])  # fmt: skip
def test_other_ranges_are_answered_as_asked(path, asked, first, last):
    answer = Answer(path, asked)
    assert answer.status == 206
    assert answer.content == path.read_bytes()[first : last + 1]


def test_without_a_range_and_beyond_the_end(path):
    assert Answer(path).content == path.read_bytes()
    assert Answer(path, f"bytes={SIZE}-").status == 416
