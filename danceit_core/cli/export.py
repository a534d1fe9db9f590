"""`danceit export`: a dance in the formats of other programs."""

import re
import shutil
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

import click

from danceit_core.cli.project import chosen, dance_options, enter, project_argument
from danceit_core.cli.running import cores_option, dry_run_option, run, shown

if TYPE_CHECKING:
    from danceit_core.place import Place

FORMATS = ("openpose", "control", "bvh")
# What rule `control_video` writes.
CONTROL = (".mp4", "_outline.mp4", "_reference.png", "_reference_pose.png", ".wav")


@click.command()
@project_argument
@click.option("--format", "kind", required=True, type=click.Choice(FORMATS), help="Which files.")
@dance_options
@click.option(
    "--to", metavar="DIR", type=click.Path(file_okay=False, path_type=Path), help="Where to (default: MY's results)."
)
@cores_option
@dry_run_option
def export(
    folder: Path | None,
    kind: str,
    song: str | None,
    person: str | None,
    to: Path | None,
    cores: str,
    dry_run: bool,
) -> None:
    """Write a dance in a format of other programs.

    \b
    openpose  a folder of OpenPose's JSON (BODY_25), one file per frame
    control   skeleton and outline video, reference picture and sound for video generators
    bvh       motion capture for Blender and others

    \b
    Examples:
      danceit export --format bvh
      danceit export my --format openpose --song summer --person bert --to ~/bert_summer
    """
    from danceit_core.engine import snakemake_command

    started_in = Path.cwd()
    to = to.absolute() if to else None
    place = enter(folder)
    dancer, name = chosen(place, place.load(), song=song, person=person)
    made = files_of(place, kind, dancer, name)
    options = ["--dry-run"] if dry_run else []
    run(place, snakemake_command(place, made[:1], cores=cores, options=options), started_in=started_in)
    if dry_run:
        return
    if kind == "openpose":
        result = to or made[0].with_suffix("")
        unpack_frames(made[0], result, name=name)
        click.echo(shown(result, started_in=started_in))
        return
    if to:
        to.mkdir(parents=True, exist_ok=True)
        made = [Path(shutil.copyfile(path, to / path.name)) for path in made]
    for path in made:
        click.echo(shown(path, started_in=started_in))


def files_of(place: "Place", kind: str, person: str, song: str) -> list[Path]:
    """The files of a dance in a format, as the workflow makes them; the first stands for all."""
    folder = place.results / kind / person
    if kind == "control":
        return [folder / f"{song}{end}" for end in CONTROL]
    return [folder / f"{song}.{'zip' if kind == 'openpose' else kind}"]


def unpack_frames(archive: Path, folder: Path, *, name: str) -> None:
    """Write the files of a zip of OpenPose's JSON into a folder; frames of an earlier, longer dance are removed."""
    folder.mkdir(parents=True, exist_ok=True)
    frame = re.compile(re.escape(name) + r"_[0-9]{12}_keypoints\.json")
    with zipfile.ZipFile(archive) as frames:
        names = frames.namelist()
        for path in folder.iterdir():
            if frame.fullmatch(path.name) and path.name not in set(names):
                path.unlink()
        frames.extractall(folder)
