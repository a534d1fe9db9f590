"""Serve a prepared user study: python -m danceit_core.user_study [--results FOLDER] [--host H] [--port P] ..."""

import argparse
import sys
from pathlib import Path

from danceit_core.errors import DanceItError, StudyError
from danceit_core.user_study.server import make_app
from danceit_core.user_study.study import FOLDER, STUDY, VOTES, read_study
from danceit_core.user_study.votes import Votes
from danceit_core.web.listening import LOOPBACK, is_loopback, listen, serve, typed_host


def parse_arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m danceit_core.user_study", description=__doc__)
    parser.add_argument("--results", default="results", type=Path, help="folder of the results (default: results)")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: 127.0.0.1)")
    parser.add_argument("--port", default=8000, type=int, help="port to listen on (default: 8000)")
    parser.add_argument(
        "--public-host",
        action="append",
        default=[],
        metavar="NAME",
        help="name that voters elsewhere reach the server by; turns the results page off (may be given repeatedly)",
    )
    return parser.parse_args()


def serve_study(arguments: argparse.Namespace) -> None:
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
    app = make_app(study, votes, hosts=names or {*LOOPBACK, typed_host(host)}, public=bool(names))
    address = f"http://{typed_host(host)}:{listening.getsockname()[1]}"
    print(f"vote      {address}/" if not names else f"vote      at {', '.join(names)}, handed on to {address}")
    if not names:
        print(f"results   {address}/results")
    print(f"votes are kept in {folder / VOTES}; Ctrl-C ends the server", flush=True)
    try:
        serve(app, listening, proxy_headers=bool(names))
    finally:
        votes.close()


def main() -> None:
    """Entry point: a known fault is one line and exit status 1."""
    try:
        serve_study(parse_arguments())
    except DanceItError as error:
        sys.exit("error: " + " ".join(str(error).split()))


if __name__ == "__main__":
    main()
