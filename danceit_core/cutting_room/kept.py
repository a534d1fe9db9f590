"""Versions of a dance that are kept before a run overwrites them, to be compared with the new one.

    <results>/cutting_room/kept/{person}/{song}/{n}/   preview.mp4, draft.mp4, video.mp4, poses.parquet, about.json

The workflow writes each file beside its place and moves it there, never into it, so that a kept version is a hard link
where the file system has them: it costs no space until the run writes the new file.
"""

import contextlib
import json
import os
import shutil
import tempfile
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from danceit_core.cutting_room.edits import planned_edits
from danceit_core.place import Place
from danceit_core.tables import DAMAGE

MOST = 10
ABOUT, POSES = "about.json", "poses.parquet"
VIDEOS = ("preview", "draft", "video")
_LOCK = threading.Lock()


@dataclass(frozen=True)
class KeptVersion:
    """A version: its number, from 1 on; when its poses were made, seconds since 1970; the edits it was made with."""

    number: int
    made_at: float
    edits: list[dict[str, Any]]
    folder: Path

    def video(self, kind: str) -> Path:
        """Its preview, draft or video, which may not be there."""
        return self.folder / f"{kind}.mp4"

    @property
    def poses(self) -> Path:
        """Its dance."""
        return self.folder / POSES


def made_files(place: Place, person: str, song: str) -> dict[str, Path]:
    """The files of a dance as it is now, by kind, whether or not they are there; without its poses."""
    return {"preview": place.preview(person, song), "draft": place.draft(person, song),
            "video": place.video(person, song)}  # fmt: skip


def keep(place: Place, person: str, song: str) -> int | None:
    """Keep the dance as it is now, its number; None where there is none, or where the last one kept is that.

    The oldest of more than MOST go.
    """
    poses = place.poses(person, song)
    with _LOCK:
        if not poses.is_file():
            return None
        versions = read_versions(place, person, song)
        found = {kind: path for kind, path in made_files(place, person, song).items() if path.is_file()}
        state = {kind: _state(path) for kind, path in {"poses": poses, **found}.items()}
        if versions and _state_of(versions[0]) == state:
            return None
        number = 1 + max((version.number for version in versions), default=0)
        folder = _folder(place, person, song)
        folder.mkdir(parents=True, exist_ok=True)
        partial = Path(tempfile.mkdtemp(prefix=f".{number}-", dir=folder))
        for kind, path in found.items():
            _link(path, partial / f"{kind}.mp4")
        _link(poses, partial / POSES)
        about = {"made_at": poses.stat().st_mtime, "edits": planned_edits(place, song) or [], "state": state}
        (partial / ABOUT).write_text(json.dumps(about), encoding="utf-8")
        partial.rename(folder / f"{number}")
        for old in read_versions(place, person, song)[MOST:]:
            shutil.rmtree(old.folder, ignore_errors=True)
        return number


def read_versions(place: Place, person: str, song: str) -> list[KeptVersion]:
    """The kept versions of a dance, the newest first; what is damaged is left out."""
    folder, found = _folder(place, person, song), []
    with contextlib.suppress(FileNotFoundError, NotADirectoryError):
        for path in folder.iterdir():
            if path.name.isdecimal() and (about := _about(path)) is not None:
                found.append(KeptVersion(int(path.name), float(about["made_at"]), list(about["edits"]), path))
    return sorted(found, key=lambda version: -version.number)


def _folder(place: Place, person: str, song: str) -> Path:
    return place.results / "cutting_room" / "kept" / person / song


def _about(folder: Path) -> dict[str, Any] | None:
    try:
        about = json.loads((folder / ABOUT).read_text(encoding="utf-8"))
        float(about["made_at"]), list(about["edits"])
        return dict(about)
    except DAMAGE:
        return None


def _state_of(version: KeptVersion) -> Any:
    return (_about(version.folder) or {}).get("state")


def _state(path: Path) -> list[int]:
    """What a new file in the same place does not have."""
    found = path.stat()
    return [found.st_mtime_ns, found.st_size]


def _link(path: Path, to: Path) -> None:
    try:
        os.link(path, to)
    except OSError:
        shutil.copy2(path, to)
