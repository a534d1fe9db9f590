"""`danceit report`: all pictures, scores and videos of a project in one page."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from danceit_core.cli.project import enter, project_argument
from danceit_core.cli.running import cores_option, run, shown

if TYPE_CHECKING:
    from danceit_core.inputs import Project
    from danceit_core.place import Place


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
    from danceit_core.engine import snakemake_command

    started_in = Path.cwd()
    place = enter(folder)
    page = place.results / "report.html"
    more = made_beside(place, place.load())
    run(place, snakemake_command(place, ["all"], cores=cores), started_in=started_in)
    options = ["--quiet", "all", "--report", str(page)]
    run(place, snakemake_command(place, ["all", *more], cores=cores, options=options), started_in=started_in)
    click.echo(shown(page, started_in=started_in))


def made_beside(place: "Place", project: "Project") -> list[Path]:
    """What a report shows besides and is there already: other videos, the comparison of choreographies, the sweep."""
    dancers = [*map(str, project.targets.index), "group"]
    videos = [place.video(dancer, str(song)) for dancer in dancers for song in project.songs.index]
    others = [place.results / "evaluation" / "choreography", *sorted(place.results.glob("matcher/*/sweep.html"))]
    return [path for path in (*videos, *others) if path.exists()]
