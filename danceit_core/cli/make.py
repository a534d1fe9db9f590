"""`danceit make`: make the dance as a skeleton, a draft or the finished video."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from danceit_core.cli.project import chosen, dance_options, enter, project_argument
from danceit_core.cli.running import cores_option, run, shown

if TYPE_CHECKING:
    from danceit_core.place import Place


@click.command()
@project_argument
@click.option("--draft", "what", flag_value="draft", help="Make the draft: the person's own pixels, no training.")
@click.option("--preview", "what", flag_value="preview", help="Make the dance as a skeleton: seconds, no painting.")
@dance_options
@click.option("--all", "everything", is_flag=True, help="Every song with every person.")
@cores_option
@click.option("--dry-run", is_flag=True, help="Say what would be done, and do nothing.")
def make(
    folder: Path | None,
    what: str | None,
    song: str | None,
    person: str | None,
    everything: bool,
    dry_run: bool,
    cores: str,
) -> None:
    """Make the dance.

    Without options: the first song with the first person of the tables, first the draft, then the finished video
    with its scores and figures. Ctrl-C stops a run; called again it goes on from there. A second call with nothing
    changed does nothing.

    \b
    Examples:
      danceit make
      danceit make my --draft
      danceit make my --song summer --person bert
      danceit make my --all --cores 8
    """
    from danceit_core.engine import snakemake_command

    if everything and (song or person):
        raise click.UsageError("--all makes every song with every person; leave out --song and --person")
    started_in = Path.cwd()
    place = enter(folder)
    project = place.load()
    pairs = [chosen(place, project, song=song, person=person)]
    if everything:
        pairs = [(str(each), str(one)) for each in project.targets.index for one in project.songs.index]
    steps = [[getattr(place, what)(*pair) for pair in pairs]] if what else _draft_and_video(place, pairs)
    with_figures = not (what or song or person or everything)
    options = ["--dry-run"] if dry_run else []
    # What a dry run says of the last step takes in those before it.
    for made in steps[-1:] if dry_run else steps:
        targets = ["all"] if with_figures and made is steps[-1] else made
        run(place, snakemake_command(place, targets, cores=cores, options=options), started_in=started_in)
        if not dry_run:
            for path in made:
                click.echo(shown(path, started_in=started_in))


def _draft_and_video(place: "Place", pairs: list[tuple[str, str]]) -> list[list[Path]]:
    """The finished videos; before them the drafts of those persons whose network must be trained first."""
    untrained = [pair for pair in pairs if not (place.results / "gan" / pair[0] / "pose_gan.safetensors").exists()]
    drafts = [place.draft(*pair) for pair in untrained]
    return [*([drafts] if drafts else []), [place.video(*pair) for pair in pairs]]
