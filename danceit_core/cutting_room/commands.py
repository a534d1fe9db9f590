"""What a page may ask for, as targets and commands of Snakemake. Names come from the project's tables, never paths."""

from collections.abc import Callable
from pathlib import Path

from danceit_core.cutting_room.loaded import project_of
from danceit_core.engine import report_command, snakemake_command
from danceit_core.place import Place

PREVIEW, DRAFT, VIDEO, REPORT = WHATS = ("preview", "draft", "video", "report")


def scores_file(place: Place, person: str, song: str) -> Path:
    """The scores of a finished video."""
    return place.results / "evaluation" / person / f"{song}.json"


def report_file(place: Place) -> Path:
    """The project's report."""
    return place.results / "report.html"


def targets_of(place: Place, person: str, song: str, what: str) -> list[str | Path]:
    """What is to be made: with a video its scores, which the start page shows; for a report the whole."""
    makers: dict[str, Callable[[], list[str | Path]]] = {
        PREVIEW: lambda: [place.preview(person, song)],
        DRAFT: lambda: [place.draft(person, song)],
        VIDEO: lambda: [place.video(person, song), scores_file(place, person, song)],
        REPORT: lambda: ["all"],
    }
    return makers[what]()


def commands_of(place: Place, person: str, song: str, what: str) -> list[list[str]]:
    """The commands that make it, one after the other. Raises ConfigError for a report of tables that are at fault."""
    commands = [snakemake_command(place, targets_of(place, person, song, what))]
    if what == REPORT:
        commands.append(report_command(place, project_of(place), report_file(place)))
    return commands


def unlock_command(place: Place) -> list[str]:
    """What takes away the lock that a killed Snakemake has left."""
    return snakemake_command(place, [], options=["--unlock"])
