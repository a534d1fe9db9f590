"""What stands before every page: only the hosts, methods, origins, sizes and rates that the server needs get through.

An ASGI application around another. It also puts the headers on each answer that keep a browser from running, framing,
sending or guessing anything but the server's own files.
"""

import re
import time
from collections import OrderedDict
from collections.abc import Collection

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

LARGEST_BODY = 2048
UPLOAD_TYPE = "application/octet-stream"
HEADERS = {
    "content-security-policy": "default-src 'none'; script-src 'self'; style-src 'self'; media-src 'self'; "
    "img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
}
HOST = re.compile(r"(?P<name>\[[0-9a-f:.]+\]|[a-z0-9.-]+)(:[0-9]+)?")
FORWARDED = ("forwarded", "x-forwarded-for", "x-forwarded-host")


class Rate:
    """At most `burst` events at once and `per_s` a second in the long run, for each key; a token bucket."""

    def __init__(self, *, per_s: float, burst: float, keys: int = 20_000) -> None:
        self._per_s, self._burst, self._keys = per_s, burst, keys
        self._level: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def wait_s(self, key: str) -> float:
        """0 where one more is allowed (it is counted), else the seconds until it will be."""
        now = time.monotonic()
        level, at = self._level.pop(key, (self._burst, now))
        level = min(self._burst, level + (now - at) * self._per_s)
        allowed = level >= 1
        self._level[key] = (level - 1 if allowed else level, now)
        # The longest unused are forgotten, so that many addresses cannot fill the memory.
        while len(self._level) > self._keys:
            self._level.popitem(last=False)
        return 0.0 if allowed else (1 - level) / self._per_s


class Guard:
    """Refuses what no page of the server sends; hands the rest on.

    hosts: names that the Host header may give, lower case, without port. public: behind a proxy or open to a network;
    otherwise requests that a proxy forwarded are refused. remedy: what to do about another name, for the message.
    largest_body: bytes of a POST. uploads: paths that take files instead of JSON; they bound what they read themselves.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        hosts: Collection[str],
        public: bool,
        remedy: str,
        largest_body: int = LARGEST_BODY,
        uploads: Collection[str] = (),
    ) -> None:
        self._app, self._hosts, self._public, self._remedy = app, frozenset(hosts), public, remedy
        self._largest_body, self._uploads = largest_body, frozenset(uploads)
        # A class behind one address: fifty voters, each with some requests a clip.
        self._rate = Rate(per_s=200, burst=2000)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            if scope["type"] == "lifespan":
                await self._app(scope, receive, send)
            return

        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in {**HEADERS, "cache-control": "no-store"}.items():
                    headers.setdefault(name, value)
            await send(message)

        refusal = self._refusal(scope)
        if refusal is None and scope["method"] == "POST" and scope["path"] not in self._uploads:
            body = await _read_body(receive, most=self._largest_body)
            if body is None:
                refusal = self._too_large()
            else:
                receive = _replay(body, receive)
        await (refusal or self._app)(scope, receive, send_guarded)

    def _refusal(self, scope: Scope) -> PlainTextResponse | None:
        headers, method = Headers(scope=scope), scope["method"]
        host = HOST.fullmatch(headers.get("host", "").lower())
        if len(headers.getlist("host")) != 1 or host is None or host["name"] not in self._hosts:
            return PlainTextResponse(f"this server does not answer to that name; {self._remedy}", 421)
        if not self._public and any(name in headers for name in FORWARDED):
            return PlainTextResponse(f"this server does not answer through a proxy; {self._remedy}", 403)
        # Pages elsewhere may link to this server, but neither load nor show anything of it.
        elsewhere = headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none")
        if not self._public and elsewhere and headers.get("sec-fetch-mode") != "navigate":
            return PlainTextResponse("this server answers to its own pages only", 403)
        if method not in ("GET", "HEAD", "POST"):
            return PlainTextResponse("method not allowed", 405, {"allow": "GET, HEAD, POST"})
        client = scope.get("client") or ("",)
        if (wait_s := self._rate.wait_s(client[0])) > 0:
            return too_many(wait_s)
        return self._refused_post(headers, scope["path"]) if method == "POST" else None

    def _refused_post(self, headers: Headers, path: str) -> PlainTextResponse | None:
        origin = headers.get("origin", "").lower().removeprefix("https://").removeprefix("http://")
        if origin != headers["host"].lower() or headers.get("sec-fetch-site", "same-origin") != "same-origin":
            return PlainTextResponse("requests that change something are taken from this server's own pages only", 403)
        expected = UPLOAD_TYPE if path in self._uploads else "application/json"
        if headers.get("content-type", "").partition(";")[0].strip().lower() != expected:
            return PlainTextResponse(f"expected a body of the type {expected}", 415)
        length = headers.get("content-length", "0")
        if path not in self._uploads and (
            not length.isdecimal() or len(length) > 9 or int(length) > self._largest_body
        ):
            return self._too_large()
        return None

    def _too_large(self) -> PlainTextResponse:
        return PlainTextResponse(f"the body has more than {self._largest_body} bytes", 413, {"connection": "close"})


def too_many(wait_s: float) -> PlainTextResponse:
    """The answer to whoever asks too often."""
    return PlainTextResponse("too many requests; wait a moment", 429, {"retry-after": str(int(wait_s) + 1)})


async def _read_body(receive: Receive, *, most: int) -> bytes | None:
    """The whole body of a request, None as soon as it is too large."""
    body, more = b"", True
    while more:
        message = await receive()
        if message["type"] != "http.request":
            return body
        body += message.get("body", b"")
        more = message.get("more_body", False)
        if len(body) > most:
            return None
    return body


def _replay(body: bytes, receive: Receive) -> Receive:
    """A `receive` that gives the body which was read, then what follows."""
    given = False

    async def replay() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return replay
