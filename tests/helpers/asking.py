"""Asking a server's application in the same process: no socket, no other thread but its own."""

import asyncio
import json
from typing import Any, NamedTuple


class Answer(NamedTuple):
    """Status, headers (lower case) and body of an answer."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def text(self) -> str:
        return self.body.decode()


def ask(app, method: str, address: str, body: Any = None, *, headers=None) -> Answer:
    """One request of a page of the server itself. body: sent as JSON."""
    return asyncio.run(_ask(app, method, address, body, headers or {}))


async def _ask(app, method, address, body, headers) -> Answer:
    path, _, query = address.partition("?")
    data = b"" if body is None else json.dumps(body).encode()
    sent = {"host": "localhost", **headers}
    if body is not None:
        sent |= {"content-type": "application/json", "origin": "http://localhost", "content-length": str(len(data))}
    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": method, "scheme": "http",
        "path": path, "raw_path": path.encode(), "query_string": query.encode(), "root_path": "",
        "headers": [(name.encode(), value.encode()) for name, value in sent.items()],
        "client": ("127.0.0.1", 1), "server": ("localhost", 80),
    }  # fmt: skip
    received: list[dict] = [{"type": "http.request", "body": data, "more_body": False}]
    start: dict = {}
    parts: list[bytes] = []

    async def receive():
        if received:
            return received.pop()
        await asyncio.sleep(3600)
        return {"type": "http.disconnect"}

    async def send(message):
        if message["type"] == "http.response.start":
            start.update(message)
        else:
            parts.append(message.get("body", b""))

    await app(scope, receive, send)
    given = {name.decode().lower(): value.decode() for name, value in start["headers"]}
    return Answer(start["status"], given, b"".join(parts))
