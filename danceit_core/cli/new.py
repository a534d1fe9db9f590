"""`danceit new`: create a project, or add files to one."""

from pathlib import Path
from typing import Any

import click


class ManyValues(click.Command):
    """A command whose repeatable options take several values at once: `--videos a b` is `--videos a --videos b`."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse the arguments, each value with its option before it."""
        repeatable = {
            name for param in self.params if isinstance(param, click.Option) and param.multiple for name in param.opts
        }
        return super().parse_args(ctx, with_names(args, repeatable))


def with_names(args: list[str], repeatable: set[str]) -> list[str]:
    """The arguments with the name of its option before each value, up to the next option or `--`."""
    named: list[str] = []
    current, waiting = "", False
    for number, word in enumerate(args):
        if word == "--":
            return named + args[number:]
        if word.startswith("-"):
            current, waiting = (word, True) if word in repeatable else ("", False)
            named.append(word)
        elif current and not waiting:
            named += [current, word]
        else:
            named.append(word)
            waiting = False
    return named


PATHS: dict[str, Any] = {"multiple": True, "metavar": "PATH...", "type": click.Path(path_type=Path)}


@click.command(cls=ManyValues)
@click.argument("folder", metavar="MY", type=click.Path(file_okay=False, path_type=Path))
@click.option("--videos", **PATHS, help="Dance videos, or folders of them.")
@click.option("--songs", **PATHS, help="Songs to dance to, or folders of them.")
@click.option("--persons", **PATHS, help="Videos or photographs of the persons who shall dance.")
@click.option("--consent", is_flag=True, help="All these persons agreed to be shown dancing.")
def new(
    folder: Path, videos: tuple[Path, ...], songs: tuple[Path, ...], persons: tuple[Path, ...], consent: bool
) -> None:
    """Create the project MY, or add files to it.

    Writes tables and a configuration into the folder MY. Files are checked and stay where they are. Called again, it
    adds what is new. Without files it creates an empty project, which `danceit open MY` fills.

    \b
    Examples:
      danceit new my --videos ~/dances --songs ~/summer.mp3 --persons ~/bert.mp4 --consent
      danceit new my --videos ~/more/*.mp4
      danceit new my
    """
    from danceit_core.new_project import new_project

    for line in new_project(folder, videos=videos, songs=songs, persons=persons, consent=consent):
        click.echo(line)
