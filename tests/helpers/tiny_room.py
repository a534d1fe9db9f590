"""A project of tiny dances with its results, and the cutting room's server over it as a process of its own."""

import contextlib
import sys
from collections.abc import Iterator
from pathlib import Path

import yaml
from tiny_study import Server, make_project, make_videos

from danceit_core.place import Place, open_place

ROOT = Path(__file__).parents[2]
NO_EDITS = "song\tstart_s\tend_s\taction\tvalue\n"
PERSON, SONG = "performer", "song"
# Fragments of one second, as `make_project` cuts them.
CONFIG = {"fragments": {"unit": "seconds"}, "retrieval": {"fragment_s": 1}}
SERVE = """
import sys
from danceit_core.cutting_room.server import open_room
from danceit_core.place import open_place
open_room(open_place(sys.argv[1], workflow=sys.argv[2]), port=int(sys.argv[3]), browser=False)
"""


def make_room_project(folder: Path, *, results: bool = True) -> Place:
    """A project in `folder`: two dances (dance_1 of style pop, dance_2), `song`, `performer`; with their results."""
    videos, songs = make_videos(folder / "made")
    dance = videos["full"]["song"]
    tables = {
        "videos": f"video\tpath\tstyle\ndance_1\t{dance}\tpop\ndance_2\t{dance}\t\n",
        "songs": f"song\tpath\n{SONG}\t{songs['song']}\n",
        "targets": f"target\tpath\tconsent\n{PERSON}\t{dance}\tyes\n",
    }
    return write_project(folder, tables, results=results)


def write_project(folder: Path, tables: dict[str, str], *, results: bool = False) -> Place:
    """A project of given tables (name -> text); with `results` those of `make_room_project`."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in {"edits": NO_EDITS, **tables}.items():
        (folder / f"{name}.tsv").write_text(text)
    paths = {name: str(folder / f"{name}.tsv") for name in ("videos", "songs", "targets", "edits")}
    (folder / "config.yaml").write_text(yaml.safe_dump({**paths, "results": str(folder / "results"), **CONFIG}))
    if results:
        make_project(folder / "results")
    return open_place(folder, workflow=ROOT)


class Room(Server):
    """The room of the project in a folder. workflow: the folder of the workflow, by default that of this checkout."""

    def __init__(self, folder: Path, *, workflow: Path = ROOT) -> None:
        self._workflow = workflow
        super().__init__(folder)

    def command(self) -> list[str]:
        """What is run; port 0 the first time, then the one that it was given."""
        return [sys.executable, "-c", SERVE, str(self.results), str(self._workflow), str(self.port)]


@contextlib.contextmanager
def serving_room(folder: Path) -> Iterator[Room]:
    """The server of the project in `folder`."""
    room = Room(folder)
    try:
        yield room
    finally:
        room.stop()
