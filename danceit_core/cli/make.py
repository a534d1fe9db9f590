"""`danceit make`: make the dance as a skeleton, a draft or the finished video."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from danceit_core.cli.project import chosen, dance_options, enter, project_argument
from danceit_core.cli.running import cores_option, dry_run_option, run, shown

if TYPE_CHECKING:
    from danceit_core.place import Place


@click.command()
@project_argument
@click.option("--draft", "what", flag_value="draft", help="Make the draft: the person's own pixels, no training.")
@click.option("--preview", "what", flag_value="preview", help="Make the dance as a skeleton: seconds, no painting.")
@dance_options
@click.option("--all", "everything", is_flag=True, help="Every song with every person.")
@cores_option
@dry_run_option
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
    kinds = [what] if what else ["draft", "video"]
    # Before the finished video the draft, while networks that are not there yet are to be trained.
    if not what and all((place.results / "gan" / each / "pose_gan.safetensors").exists() for each, _ in pairs):
        kinds = ["video"]
    named = bool(song or person or everything)
    for kind in kinds:
        targets, made = _targets(place, kind, pairs, named=named)
        options = ["--dry-run"] if dry_run else []
        run(place, snakemake_command(place, targets, cores=cores, options=options), started_in=started_in)
        if not dry_run:
            for path in made:
                click.echo(shown(path, started_in=started_in))


def _targets(
    place: "Place", kind: str, pairs: list[tuple[str, str]], *, named: bool
) -> tuple[Sequence[str | Path], list[Path]]:
    """What Snakemake is asked for, and the files to show; the first dance has names of its own in the results."""
    if kind == "draft" and not named:
        return ["link_draft"], [place.results / "draft.mp4"]
    if kind == "video" and not named:
        return ["all"], [place.results / "video.mp4", place.results / "summary.md"]
    made = [getattr(place, kind)(*pair) for pair in pairs]
    return made, made
