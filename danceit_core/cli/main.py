"""The command `danceit` and its commands.

Exit status: 0 done; 1 a fault, told in one line `error: ...`; 2 a command line that cannot be read; 130 interrupted.

The modules of this room import what computes inside their functions, so that help and completion start quickly.
"""

import io
import sys
from typing import Any, ClassVar

import click

from danceit_core import __version__
from danceit_core.cli.check import check
from danceit_core.cli.completion import completion
from danceit_core.cli.export import export
from danceit_core.cli.make import make
from danceit_core.cli.new import new
from danceit_core.cli.open_page import open_page
from danceit_core.cli.report import report
from danceit_core.errors import DanceItError

FAULT, INTERRUPTED = 1, 130


class Fault(click.ClickException):
    """A fault that the user can mend, in one line."""

    exit_code = FAULT

    def show(self, file: Any = None) -> None:
        """Write the line to standard error."""
        click.echo(f"error: {self.message}", file=file, err=file is None)


class Commands(click.Group):
    """The group of commands; their known faults become one line."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command. A known fault, or a file that cannot be read or written, is one line and exit status 1."""
        try:
            return super().invoke(ctx)
        except BrokenPipeError:
            raise
        except (DanceItError, OSError) as error:
            from danceit_core.new_project import printable

            raise Fault(printable(" ".join(str(error).split()))) from error
        except KeyboardInterrupt:
            click.echo("interrupted", err=True)
            ctx.exit(INTERRUPTED)


class InOrder(Commands):
    """The commands in the order in which they are used."""

    order: ClassVar[list[click.Command]] = [new, make, open_page, report, check, export, completion]

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Their names."""
        return [str(command.name) for command in self.order]


@click.group(cls=InOrder, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 120})
@click.version_option(__version__, prog_name="danceit")
def cli() -> None:
    """Make a person dance to a song.

    \b
    danceit make                      the demo
    danceit new my --videos DIR --songs FILE --persons FILE --consent
    danceit make my                   your own project
    danceit open my                   choose and edit dances in the browser

    MY is the folder of a project; without it a command works on the demo.
    """


for _command in InOrder.order:
    cli.add_command(_command)


def main() -> None:
    """Entry point of the console script."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # for a terminal that knows only ASCII
    cli(prog_name="danceit")
