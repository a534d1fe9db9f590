"""A run of Snakemake: its command is printed, it writes to the same terminal, one interrupt ends all of its jobs."""

import os
import shlex
import signal
import subprocess
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any, TypeVar

import click

from danceit_core.errors import DanceItError

if TYPE_CHECKING:
    from danceit_core.place import Place


Command = TypeVar("Command", bound=Callable[..., Any])


class RunError(DanceItError):
    """A run of Snakemake that failed; its own lines say why."""


def cores_option(command: Command) -> Command:
    """The option --cores."""
    how = click.option("--cores", default="all", metavar="N", show_default=True, callback=_cores, help="Cores to use.")
    return how(command)


def dry_run_option(command: Command) -> Command:
    """The option --dry-run."""
    return click.option("--dry-run", is_flag=True, help="Say what would be done, and do nothing.")(command)


def _cores(ctx: click.Context, param: click.Parameter, value: str) -> str:
    if value != "all" and not (value.isascii() and value.isdigit() and int(value) > 0):
        raise click.BadParameter(f"{value!r} is neither a number of cores nor 'all'", ctx, param)
    return value


def run(place: "Place", command: Sequence[str], *, started_in: Path) -> None:
    """Print a command of Snakemake and run it in the workflow's folder.

    started_in: the folder of the shell, for the printed line. Raises RunError where the run fails, KeyboardInterrupt
    where it was interrupted: Snakemake has then ended its jobs, and the next run goes on from there.
    """
    line = shlex.join(map(str, command))
    click.echo(line if started_in == place.workflow else f"cd {shlex.quote(str(place.workflow))} && {line}", err=True)
    # A group of its own: a terminal would interrupt its processes and we would interrupt them again, and a signal
    # that is sent to this process alone must reach the jobs, too, which Snakemake otherwise waits for.
    process = subprocess.Popen(list(command), cwd=place.workflow, process_group=0)
    with _handed_on(process) as received:
        status = process.wait()
    if received:
        raise KeyboardInterrupt
    if status:
        raise RunError(
            f"Snakemake ended with status {status}; its lines above name the cause, and the newest file in "
            f"{place.workflow / '.snakemake' / 'log'} holds them all"
        )


@contextmanager
def _handed_on(process: "subprocess.Popen[bytes]") -> Iterator[list[int]]:
    """Hand signals that end this process on to all processes of a run, each once; which have come is listed."""
    received: list[int] = []

    def hand_on(number: int, frame: FrameType | None) -> None:
        if number not in received:
            received.append(number)
            if process.poll() is None:
                os.killpg(process.pid, number)

    ending = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    # One that the shell made this process ignore, as for a job in the background, stays ignored.
    before = {number: signal.getsignal(number) for number in ending}
    heeded = [number for number, handler in before.items() if handler != signal.SIG_IGN]
    for number in heeded:
        signal.signal(number, hand_on)
    try:
        yield received
    finally:
        for number in heeded:
            signal.signal(number, before[number])


def shown(path: Path, *, started_in: Path) -> str:
    """A path as it is typed in the folder of the shell."""
    return str(path.relative_to(started_in) if path.is_relative_to(started_in) else path)
