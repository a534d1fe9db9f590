"""A project of small real files, as `danceit new` writes it."""

from pathlib import Path

import numpy as np

from danceit_core.media.audio import write_sound
from danceit_core.media.video import VideoWriter
from danceit_core.new_project import new_project


def write_project(folder: Path) -> Path:
    """A dance `anna`, songs `summer` and `winter`, persons `bert` and `bella`; nobody is to be seen in any of them."""
    files = folder / "files"
    files.mkdir()
    for name in ("anna", "bert", "bella"):
        with VideoWriter(files / f"{name}.mp4", fps=24, size=(64, 64), crf=30) as writer:
            for level in range(48):
                writer.write(np.full((64, 64, 3), level, np.uint8))
    clicks = np.zeros(24_000, np.float32)
    clicks[::4000] = 1
    for name in ("summer", "winter"):
        write_sound(files / f"{name}.flac", clicks, sample_rate_hz=8000)
    songs = [files / "summer.flac", files / "winter.flac"]
    persons = [files / "bert.mp4", files / "bella.mp4"]
    new_project(folder / "my", videos=[files / "anna.mp4"], songs=songs, persons=persons, consent=True)
    return folder / "my"
