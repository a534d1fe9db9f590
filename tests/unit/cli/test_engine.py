"""The command lines of Snakemake for a project: targets as the workflow writes them, and what a report takes in."""

from pathlib import Path

from checkout import ROOT

from danceit_core.engine import made_beside, snakemake_command
from danceit_core.new_project import create_project
from danceit_core.place import open_place


def tail(command: list[str]) -> list[str]:
    """Without the call of Snakemake itself."""
    return command[command.index("snakemake") + 1 :]


def test_targets_are_written_as_the_workflow_writes_them(tmp_path):
    (tmp_path / "clone").mkdir()
    for name in ("config", "workflow"):
        (tmp_path / "clone" / name).symlink_to(ROOT / name)
    clone = (tmp_path / "clone").resolve()
    inside, outside = create_project(clone / "my dances"), create_project(tmp_path / "my")
    for folder, target in (
        (inside, "my dances/results/preview/bert/summer.mp4"),
        (outside, f"{outside}/results/preview/bert/summer.mp4"),
    ):
        place = open_place(folder, workflow=clone)
        command = snakemake_command(place, [place.preview("bert", "summer"), "all"], cores="3", options=["--dry-run"])
        configured = ["--configfile", f"{folder}/config.yaml"]
        assert tail(command) == ["--cores", "3", *configured, "--dry-run", "--", target, "all"]
    demo = open_place(None, workflow=ROOT)
    assert tail(snakemake_command(demo, [demo.results / "video.mp4"]))[-2:] == ["--", "results/video.mp4"]


def test_a_report_takes_in_what_was_made_of_songs_and_persons_there_are(tmp_path, own_project):
    place = open_place(own_project, workflow=ROOT)
    for name in (
        "videos/bert/summer.mp4", "videos/group/summer.mp4", "videos/gone/summer.mp4", "videos/bert/gone.mp4",
        "matcher/2s/sweep.html", "evaluation/choreography/x",
    ):  # fmt: skip
        (place.results / name).parent.mkdir(parents=True, exist_ok=True)
        (place.results / name).touch()
    made = [path.relative_to(place.results) for path in made_beside(place, place.load())]
    assert made == [
        Path(name)
        for name in (
            "videos/bert/summer.mp4", "videos/group/summer.mp4", "evaluation/choreography", "matcher/2s/sweep.html",
        )
    ]  # fmt: skip
