"""Snakemake as the engine: where the workflow is, and the command line that makes files of a project.

The library does not import Snakemake; it is called as a program of the same Python, in the workflow's folder.
"""

import importlib.util
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from danceit_core.errors import ConfigError

if TYPE_CHECKING:
    from danceit_core.inputs import Project
    from danceit_core.place import Place


def find_workflow() -> Path:
    """The folder of the workflow, which lies beside the library in a clone. Raises ConfigError where there is none."""
    root = Path(__file__).resolve().parents[1]
    if not (root / "workflow" / "Snakefile").is_file():
        raise ConfigError(
            f"{root} holds no workflow/Snakefile: this is the library alone; clone the repository and install it there "
            'with `pip install --editable ".[app]"`'
        )
    if importlib.util.find_spec("snakemake") is None:
        raise ConfigError('Snakemake is not installed; install it with `pip install --editable ".[workflow]"`')
    return root


def snakemake_command(
    place: "Place", targets: Sequence[str | Path], *, cores: str = "all", options: Sequence[str] = ()
) -> list[str]:
    """The arguments of the run that makes `targets`: paths, or names of rules without wildcards.

    To be called in `place.workflow`. options: further ones of snakemake, such as `--dry-run`.
    """
    project = ["--configfile", str(place.config_file)] if place.config_file else []
    # The tables of edits are named: the demo's configuration names none.
    edits = ["--config", f"edits={place.tables['edits']}"] if _needs_edits(place) else []
    return [
        sys.executable, "-m", "snakemake", "--cores", cores, *project, *edits, *options,
        "--", *(str(_relative(target, place)) for target in targets),
    ]  # fmt: skip


def report_command(place: "Place", project: "Project", page: Path, *, cores: str = "all") -> list[str]:
    """The arguments of the run that writes the report `page` of what has been made, all of `rule all` included."""
    options = ["--quiet", "all", "--report", str(page)]
    return snakemake_command(place, ["all", *made_beside(place, project)], cores=cores, options=options)


def made_beside(place: "Place", project: "Project") -> list[Path]:
    """What a report shows besides and is there already: other videos, the comparison of choreographies, the sweep."""
    dancers = [*map(str, project.targets.index), "group"]
    videos = [place.video(dancer, str(song)) for dancer in dancers for song in project.songs.index]
    others = [place.results / "evaluation" / "choreography", *sorted(place.results.glob("matcher/*/sweep.html"))]
    return [path for path in (*videos, *others) if path.exists()]


def _needs_edits(place: "Place") -> bool:
    return not place.values.get("edits") and place.tables["edits"].is_file()


def _relative(target: str | Path, place: "Place") -> str | Path:
    """A path as the workflow's Snakefile writes it: from its folder where it lies in there, else absolute."""
    if isinstance(target, str):
        return target
    written = str(place.values.get("results") or "results").removeprefix(f"{place.workflow}/")
    if target.is_relative_to(place.results):
        return Path(written) / target.relative_to(place.results)
    return target
