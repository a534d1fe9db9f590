"""Listening on a port of this machine, and serving an application there until Ctrl-C."""

import contextlib
import ipaddress
import socket
from collections.abc import Callable
from types import FrameType
from typing import Any

import uvicorn
from starlette.types import ASGIApp

from danceit_core.errors import ServerError

LOOPBACK = ("localhost", "127.0.0.1", "[::1]")
HIGHEST_PORT = 65535
# How long answers that are on their way may take after Ctrl-C, seconds.
GRACE_S = 3


def is_loopback(host: str) -> bool:
    """Whether an address is this machine's alone."""
    with contextlib.suppress(ValueError):
        return ipaddress.ip_address(host).is_loopback
    return host == "localhost"


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens; port 0: any free one. Raises ServerError where it cannot."""
    if not 0 <= port <= HIGHEST_PORT:
        raise ServerError(f"port {port}: ports are numbered up to {HIGHEST_PORT}; choose another with --port")
    try:
        family, kind, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listening = socket.socket(family, kind)
        # A server that was killed leaves its port waiting; without this it could not be started again at once.
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(address)
        listening.listen(1024)
    except OSError as error:
        raise ServerError(
            f"{host} port {port}: {error.strerror or error}; choose another with --host and --port"
        ) from None
    return listening


def typed_host(host: str) -> str:
    """An address as it is typed into a browser: one of IPv6 in brackets."""
    return f"[{host}]" if ":" in host else host


class _Server(uvicorn.Server):
    """A server that says so when it is asked to end, before it waits for the answers that are on their way."""

    stopping: Callable[[], None] = staticmethod(lambda: None)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Take a signal."""
        self.stopping()
        super().handle_exit(sig, frame)


def serve(
    app: ASGIApp, listening: socket.socket, *, stopping: Callable[[], None] | None = None, **options: Any
) -> None:
    """Serve until interrupted. stopping: called when the end begins; options: further ones of `uvicorn.Config`."""
    usual = {"log_level": "warning", "access_log": False, "server_header": False, "ws": "none", "proxy_headers": False}
    server = _Server(uvicorn.Config(app, timeout_graceful_shutdown=GRACE_S, **{**usual, **options}))
    if stopping is not None:
        server.stopping = stopping
    with contextlib.suppress(KeyboardInterrupt):
        server.run(sockets=[listening])
