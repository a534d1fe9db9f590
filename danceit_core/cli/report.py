"""`danceit report`: all pictures, scores and videos of a project in one page."""

from pathlib import Path

import click

from danceit_core.cli.project import enter, project_argument
from danceit_core.cli.running import cores_option, run, shown


@click.command()
@project_argument
@cores_option
def report(folder: Path | None, cores: str) -> None:
    """Write one page with all pictures, scores and videos.

    The page can be looked at offline. Makes first what `danceit make` makes; other videos and comparisons that are
    there already are taken in.

    \b
    Examples:
      danceit report
      danceit report my
    """
    from danceit_core.engine import report_command, snakemake_command

    started_in = Path.cwd()
    place = enter(folder)
    project = place.load()
    page = place.results / "report.html"
    run(place, snakemake_command(place, ["all"], cores=cores), started_in=started_in)
    run(place, report_command(place, project, page, cores=cores), started_in=started_in)
    click.echo(shown(page, started_in=started_in))
