"""What the README says can be done: its example runs, its first screen and its citation hold what they must."""

import io
import re
import tomllib
from contextlib import redirect_stdout
from pathlib import Path

import numpy as np
import pytest
import torch
import yaml
from dancers import wandering_dancer

from danceit_core.config import DemoSettings, FragmentSettings, MatcherSettings, MusicSettings
from danceit_core.database.counts import cut_counts
from danceit_core.database.frames import open_frames
from danceit_core.database.gather import gather_frames
from danceit_core.database.measure import measure_dance, write_measured
from danceit_core.database.table import write_fragments
from danceit_core.matcher.index import index_database
from danceit_core.matcher.model import CHECKPOINT_VERSION, load_matcher, make_encoders, save_matcher
from danceit_core.music.table import write_music_table
from danceit_core.music.track import analyse_song
from danceit_core.pose.table import read_pose_table, write_pose_table
from danceit_core.studio.record import record_song

ROOT = Path(__file__).parents[3]
README = (ROOT / "README.md").read_text(encoding="utf-8")
FPS, SECONDS = 24.0, 9.0


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A folder with the files that the example reads: a song, two dances to it, a matcher that has learnt nothing."""
    monkeypatch.chdir(tmp_path)
    for folder in ("results/music", "results/database", "results/matcher/2s/beats", "cleaned", "dances"):
        Path(folder).mkdir(parents=True)
    record_song(Path("song.flac"), settings=DemoSettings(song_s=SECONDS))
    music = analyse_song("song.flac", settings=MusicSettings(beats="tracker"), fps=FPS, fragment_s=2.0)
    write_music_table("results/music/new_song.parquet", music)
    names = ("anna", "club_night")
    for seed, name in enumerate(names):
        kept = {"kept": np.ones(len(music), bool)}
        dancer = wandering_dancer(len(music), seed=seed)
        write_pose_table(f"cleaned/{name}.parquet", dancer, fps=FPS, size=(512, 512), columns=kept)
        write_measured(
            f"dances/{name}.parquet", measure_dance(read_pose_table(f"cleaned/{name}.parquet"), music, video=name)
        )
    tables = {"cleaned": [f"cleaned/{name}.parquet" for name in names],
              "measured": [f"dances/{name}.parquet" for name in names]}  # fmt: skip
    music_tables = ["results/music/new_song.parquet"] * 2
    gather_frames("results/database", videos=names, music=music_tables, test_share=0.0, **tables)
    cut = cut_counts(open_frames("results/database"), settings=FragmentSettings())
    write_fragments("results/database/beats.parquet", cut.table, metadata=cut.metadata)
    _untrained_matcher(music)
    matcher = load_matcher("results/matcher/2s/matcher.pt", device=torch.device("cpu"))
    index_database("results/matcher/2s/beats", cut, matcher)
    return music


def _untrained_matcher(music):
    width, settings = music.features.shape[1], MatcherSettings()
    torch.manual_seed(0)
    audio, pose = make_encoders(settings, feature_width=width)
    save_matcher(
        Path("results/matcher/2s/matcher.pt"),
        {
            "version": CHECKPOINT_VERSION, "settings": vars(settings), "feature_set": "rich", "feature_width": width,
            "seconds": 2.0, "fps": FPS, "feature_mean": torch.zeros(width), "feature_deviation": torch.ones(width),
            "audio_encoder": audio.state_dict(), "pose_encoder": pose.state_dict(), "epoch": 0, "selected_on": "last",
            "threshold": 1.0,
        },
    )  # fmt: skip


def test_the_example_of_the_readme_runs(project):
    blocks = re.findall(r"^```python\n(.*?)^```", README, re.MULTILINE | re.DOTALL)
    assert len(blocks) == 1
    lines = blocks[0].splitlines()
    assert sum(1 for line in lines if line and not line.startswith("from ")) <= 10
    found, printed = {}, io.StringIO()
    with redirect_stdout(printed):
        exec(compile(blocks[0], "README.md", "exec"), found)
    plan = found["plan"]
    assert plan.song_frames == len(project) == SECONDS * FPS
    assert set(plan.source_video) <= {"anna", "club_night"}
    assert np.isfinite(plan.match_distance).all()
    assert printed.getvalue().startswith(f"{project.beats.tempo_bpm:.0f} beats per minute")
    assert len(printed.getvalue().splitlines()) == 2 + len(plan)


def test_the_readme_is_short_and_opens_with_what_it_is():
    lines = README.splitlines()
    assert len(lines) <= 150
    assert lines[0] == "# DanceIt"
    opening = README.index("![")
    assert (
        opening < README.index("## Quick start") < README.index("## Using your own videos") < README.index("## Results")
    )
    headings = set(re.findall(r"^## (.+)$", README, re.MULTILINE))
    assert {"Quick start", "How it works", "Library", "Limitations", "Citation", "Licence"} <= headings


def test_citation_is_valid_and_of_this_version():
    cff = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert cff["cff-version"] == "1.2.0"
    assert {"message", "title", "authors"} <= set(cff)
    assert (str(cff["version"]), cff["license"]) == (project["version"], project["license"])
    paper = cff["references"][0]
    names = " and ".join(f"{author['family-names']}, {author['given-names']}" for author in paper["authors"])
    for value in (paper["title"], names, paper["journal"], f"{paper['start']}--{paper['end']}", f"{{{paper['year']}}}"):
        assert value in README
    assert f"version = {{{project['version']}}}" in README
