"""A finished tiny run as a project of its own, opened by the command line in a copy of the run's whole folder.

Snakemake knows the copied results as its own: their paths are written from the workflow's folder, and its records of
them are copied, too. So a run of the project makes what a change reaches, and nothing else.
"""

import re
import shutil
import sys
from pathlib import Path

import yaml
from tiny_room import NO_EDITS
from tiny_study import Server

from danceit_core.place import Place, open_place

PERSON, SONG, BROKEN = "performer", "new_song", "broken"


def copy_run(run: Path, folder: Path) -> Place:
    """The run in `folder`/engine and a project over its results in `folder`/my, with a song more whose file is damaged.

    run: the folder that `tests/workflow/smoke.sh` leaves.
    """
    engine, project = folder / "engine", folder / "my"
    # What the other tests of the run have left, and the lock of a run that was killed, stay behind.
    left = shutil.ignore_patterns("bumped", "changed", "locks")
    shutil.copytree(run, engine, symlinks=True, ignore=left)
    project.mkdir()
    # The beginning of a song: a header, and nothing that could be decoded.
    (project / "broken.flac").write_bytes((engine / "data" / "demo_tiny" / "song.flac").read_bytes()[:400])
    tiny = engine / "config" / "tiny"
    songs = (tiny / "songs.tsv").read_text().rstrip("\n")
    (project / "songs.tsv").write_text(f"{songs}\n{BROKEN}\t{project / 'broken.flac'}\n")
    (project / "edits.tsv").write_text(NO_EDITS)
    for name in ("videos", "targets"):
        shutil.copyfile(tiny / f"{name}.tsv", project / f"{name}.tsv")
    tables = {name: str(project / f"{name}.tsv") for name in ("videos", "songs", "targets", "edits")}
    values = yaml.safe_load((engine / "config" / "tiny.yaml").read_text())
    (project / "config.yaml").write_text(yaml.safe_dump({**values, **tables}))
    return open_place(project, workflow=engine)


class OpenedRun(Server):
    """`danceit open` of a project, by the code in its workflow's folder."""

    def __init__(self, place: Place) -> None:
        self.place, self.root = place, place.workflow
        super().__init__(place.results)

    def command(self) -> list[str]:
        """What is run; port 0 the first time, then the one that it was given."""
        command = [sys.executable, "-m", "danceit_core.cli", "open", str(self.place.folder)]
        return [*command, "--no-browser", "--port", str(self.port)]

    def jobs(self) -> list[str]:
        """The rules of the jobs that the last run began, in alphabetical order."""
        log = (self.place.results / "cutting_room" / "run.log").read_text()
        return sorted(re.findall(r"^(?:local)?rule (\w+):", log, re.MULTILINE))
