"""A small project of real files, which the tests of the workflow share."""

import contextlib
from pathlib import Path

import numpy as np
import pytest
from checkout import ROOT

from danceit_core.errors import RegistryError
from danceit_core.media.audio import write_sound
from danceit_core.media.video import VideoWriter
from danceit_core.music.weights import fetch_beat_networks


@pytest.fixture(scope="session", autouse=True)
def fetched_beat_networks():
    """Fetched before the first run: two runs at once that fetched them would stop at each other's lock."""
    with contextlib.suppress(RegistryError):
        fetch_beat_networks(ROOT / "resources" / "beats")


@pytest.fixture
def own(tmp_path: Path) -> dict[str, str]:
    """Tables of a small project of real files, with results of its own, as values for --config."""
    with VideoWriter(tmp_path / "dance.mp4", fps=24, size=(64, 64), crf=30) as writer:
        for level in range(48):
            writer.write(np.full((64, 64, 3), level, np.uint8))
    clicks = np.zeros(3 * 22050, np.float32)
    clicks[::11025] = 1
    write_sound(tmp_path / "song.flac", clicks, sample_rate_hz=22050)
    (tmp_path / "videos.tsv").write_text(f"video\tpath\taudio\nwaltz\t{tmp_path}/dance.mp4\t{tmp_path}/song.flac\n")
    (tmp_path / "songs.tsv").write_text(f"song\tpath\ntango\t{tmp_path}/song.flac\n")
    (tmp_path / "targets.tsv").write_text(f"target\tpath\tconsent\nperson\t{tmp_path}/dance.mp4\tyes\n")
    tables = {name: str(tmp_path / f"{name}.tsv") for name in ("videos", "songs", "targets")}
    return tables | {"results": str(tmp_path / "results")}
