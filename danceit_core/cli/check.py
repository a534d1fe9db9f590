"""`danceit check`: what is wrong with a project or with this machine, before anything is computed."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from danceit_core.cli.project import enter, project_argument
from danceit_core.errors import ConfigError

if TYPE_CHECKING:
    from danceit_core.inputs import Project
    from danceit_core.place import Place


@click.command()
@project_argument
def check(folder: Path | None) -> None:
    """Check a project and this machine.

    Checks the configuration and the tables, looks into each file that they name, and says what is installed. Says
    what was found out about each person, where that was looked at already. Nothing is changed.

    \b
    Examples:
      danceit check
      danceit check my
    """
    from danceit_core.cli.installed import machine_lines
    from danceit_core.new_project import printable

    place = enter(folder)
    faults = 0
    for line, fault in machine_lines(place.results):
        click.echo(f"fault: {fault}" if fault else line)
        faults += bool(fault)
    project = place.load()
    counts = {"dance videos": project.videos, "songs": project.songs, "persons": project.targets}
    listed = ", ".join(f"{len(table)} {what}" for what, table in counts.items())
    click.echo(f"project {place.name}: {listed}, {len(project.edits)} edits")
    for fault in file_faults(place, project):
        click.echo(f"fault: {printable(fault)}")
        faults += 1
    for line in person_lines(place, project):
        click.echo(printable(line))
    if faults:
        raise ConfigError(f"{faults} fault{'s' * (faults > 1)}; the lines above name each with its remedy")
    click.echo("no fault was found")


def file_faults(place: "Place", project: "Project") -> Iterator[str]:
    """What is wrong with the files that the tables name, file by file; those that the demo makes may be missing."""
    from danceit_core.media.suitable import fault_of_person, fault_of_song, fault_of_video

    looks = {
        "videos": (project.videos, fault_of_video),
        "songs": (project.songs, fault_of_song),
        "targets": (project.targets, fault_of_person),
    }
    for name, (table, look) in looks.items():
        for row_id, row in table.iterrows():
            path = Path(row["path"])
            if row["path"] and path.exists() and (fault := look(path)):
                yield f"{place.tables[name]}: {row_id}: {path}: {fault}; name another file, or delete the line"


def person_lines(place: "Place", project: "Project") -> Iterator[str]:
    """What `check_target` found out about each person's video; where it was not looked at yet, how that is done."""
    for person in map(str, project.targets.index):
        found = place.results / "gan" / person / "check.json"
        try:
            findings = json.loads(found.read_text(encoding="utf-8"))["findings"]
        except FileNotFoundError:
            yield f"person {person}: the video was not looked at yet; a draft does that"
            continue
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise ConfigError(f"{found} cannot be read ({error}); delete it, the next run makes it anew") from None
        yield f"person {person}: {len(findings) or 'nothing'} to say" + (":" if findings else "")
        for finding in findings:
            yield f"  {finding['severity']}: {finding['sentence']}"
