"""Serve a prepared user study: python -m danceit_core.user_study [--results FOLDER] [--host H] [--port P] ..."""

import argparse
import contextlib
import ipaddress
import socket
import sys
from pathlib import Path

import uvicorn

from danceit_core.errors import DanceItError, StudyError
from danceit_core.user_study.explorer import Explorer
from danceit_core.user_study.server import LOOPBACK, make_app
from danceit_core.user_study.study import FOLDER, STUDY, VOTES, read_study
from danceit_core.user_study.votes import Votes


def parse_arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m danceit_core.user_study", description=__doc__)
    parser.add_argument("--results", default="results", type=Path, help="folder of the results (default: results)")
    parser.add_argument(
        "--edits", default="config/edits.tsv", type=Path, help="table the explorer writes (default: config/edits.tsv)"
    )
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: 127.0.0.1)")
    parser.add_argument("--port", default=8000, type=int, help="port to listen on (default: 8000)")
    parser.add_argument(
        "--public-host",
        action="append",
        default=[],
        metavar="NAME",
        help="name that voters elsewhere reach the server by; turns results and explorer off (may be given repeatedly)",
    )
    return parser.parse_args()


def is_loopback(host: str) -> bool:
    """Whether an address is this machine's alone."""
    with contextlib.suppress(ValueError):
        return ipaddress.ip_address(host).is_loopback
    return host == "localhost"


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens. Raises StudyError where the port is in use or the address is not this machine's."""
    if not 0 <= port < 65536:
        raise StudyError(f"port {port}: ports are numbered up to 65535; choose another with --port")
    try:
        family, kind, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listening = socket.socket(family, kind)
        # A server that was killed leaves its port waiting; without this it could not be started again at once.
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(address)
        listening.listen(1024)
    except OSError as error:
        raise StudyError(
            f"{host} port {port}: {error.strerror or error}; choose another with --host and --port"
        ) from None
    return listening


def serve(arguments: argparse.Namespace) -> None:
    """Run until interrupted. Raises DanceItError for what the user can mend."""
    host, names = arguments.host, [name.lower() for name in arguments.public_host]
    if not is_loopback(host) and not names:
        raise StudyError(
            f"--host {host} opens the study to a network; add --public-host with the name that voters will type"
        )
    folder = arguments.results / FOLDER
    study = read_study(folder / STUDY)
    listening = listen(host, arguments.port)
    votes = Votes(folder / VOTES)
    explorer = [] if names else Explorer(arguments.results, study, edits=arguments.edits).routes()
    typed = f"[{host}]" if ":" in host else host
    app = make_app(study, votes, hosts=names or {*LOOPBACK, typed}, public=bool(names), private_routes=explorer)
    address = f"http://{typed}:{listening.getsockname()[1]}"
    print(f"vote      {address}/" if not names else f"vote      at {', '.join(names)}, handed on to {address}")
    if not names:
        print(f"results   {address}/results\nexplorer  {address}/explorer")
    print(f"votes are kept in {folder / VOTES}; Ctrl-C ends the server", flush=True)
    config = uvicorn.Config(
        app, log_level="warning", access_log=False, server_header=False, ws="none", proxy_headers=bool(names),
        timeout_graceful_shutdown=3,
    )  # fmt: skip
    try:
        uvicorn.Server(config).run(sockets=[listening])
    except KeyboardInterrupt:
        pass
    finally:
        votes.close()


def main() -> None:
    """Entry point: a known fault is one line and exit status 1."""
    try:
        serve(parse_arguments())
    except DanceItError as error:
        sys.exit("error: " + " ".join(str(error).split()))


if __name__ == "__main__":
    main()
