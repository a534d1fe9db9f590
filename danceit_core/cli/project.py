"""Arguments that several commands share: the project, a song, a person; and their completion."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

    from danceit_core.inputs import Project
    from danceit_core.place import Place

Command = TypeVar("Command", bound=Callable[..., Any])


def project_argument(command: Command) -> Command:
    """The optional argument MY: the folder of a project."""
    path = click.Path(file_okay=False, path_type=Path)
    return click.argument("folder", metavar="[MY]", required=False, type=path)(command)


def dance_options(command: Command) -> Command:
    """The options --song and --person, completed from the tables."""
    song = click.option("--song", metavar="ID", shell_complete=_complete("songs"), help="A song (default: the first).")
    person = click.option(
        "--person", metavar="ID", shell_complete=_complete("targets"), help="A person (default: the first)."
    )
    return song(person(command))


def enter(folder: Path | None) -> "Place":
    """The project in `folder`, or the demo; from now on the process works in the workflow's folder.

    Relative paths in configurations and tables are meant from there. Raises ConfigError where there is none.
    """
    from danceit_core.engine import find_workflow
    from danceit_core.place import open_place

    place = open_place(folder, workflow=find_workflow())
    os.chdir(place.workflow)
    return place


def chosen(place: "Place", project: "Project", *, song: str | None, person: str | None) -> tuple[str, str]:
    """The person and the song that are named, the first of their tables where none is.

    Raises ConfigError for an unknown one, with the nearest name.
    """
    from danceit_core.errors import ConfigError
    from danceit_core.input_tables import nearest

    named = []
    for name, table, what, given in (
        ("targets", project.targets, "person", person),
        ("songs", project.songs, "song", song),
    ):
        known = list(map(str, table.index))
        if given is not None and given not in known:
            raise ConfigError(f"no {what} {given!r} in {place.tables[name]}; {nearest(given, known)}")
        named.append(given or known[0])
    return named[0], named[1]


def _complete(table: str) -> Callable[[click.Context, click.Parameter, str], "list[CompletionItem]"]:
    def complete(ctx: click.Context, param: click.Parameter, incomplete: str) -> "list[CompletionItem]":
        from click.shell_completion import CompletionItem

        # Click stops at the option that lacks its value; the folder before it is then among what is left.
        folder = ctx.params.get("folder") or next(iter(ctx.args), None)
        names = ids(Path(folder) if folder else None, table)
        return [CompletionItem(name) for name in names if name.startswith(incomplete)]

    return complete


def ids(folder: Path | None, table: str) -> list[str]:
    """The IDs in a table of a project as it stands, unchecked; none where it cannot be read.

    `open_place` would do, but imports for a second what nobody wants to wait for at the tabulator key.
    """
    import yaml

    from danceit_core.engine import find_workflow
    from danceit_core.errors import DanceItError
    from danceit_core.tsv import read_cells

    try:
        root = find_workflow()
        config = (folder.absolute() if folder else root / "config") / "config.yaml"
        values = yaml.safe_load(config.read_text(encoding="utf-8-sig")) or {}
        path = root / str(values.get(table) or config.with_name(f"{table}.tsv"))
        lines = [cells for _, cells in read_cells(path, remedy="create it")]
        column = lines[0].index(table.removesuffix("s"))
    except (DanceItError, OSError, IndexError, ValueError, AttributeError, yaml.YAMLError):
        return []
    return [cells[column] for cells in lines[1:] if len(cells) > column]
