"""Where a project lies: its configuration, its tables and its results, and what the files of a dance are called.

A project is a folder with a `config.yaml` (`new_project`); the demo is the one that the workflow's own `config/` holds.
Relative paths in a configuration are meant from the workflow's folder, where Snakemake runs.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from danceit_core.errors import ConfigError
from danceit_core.inputs import Project, check_config_file, load_project

CONFIG = "config.yaml"
TABLES = ("videos", "songs", "targets", "edits")


@dataclass(frozen=True)
class Place:
    """A project's files. All paths are absolute.

    workflow: the folder that holds `workflow/Snakefile` and `config/`. folder: the project's own, None for the demo.
    config_file: what is added to the workflow's configuration, None for the demo. values: the configuration with it.
    tables: the paths of TABLES; `edits` is where edits are written, whether or not there are any yet.
    """

    workflow: Path
    folder: Path | None
    config_file: Path | None
    values: Mapping[str, Any]
    results: Path
    tables: Mapping[str, Path]

    @property
    def name(self) -> str:
        """What the project is called on a page."""
        return self.folder.name if self.folder else "demo"

    def load(self) -> Project:
        """The checked configuration and tables as they stand now. Raises ConfigError of one line."""
        given = {key: str(path) for key, path in self.tables.items() if key != "edits" or path.exists()}
        schemas = self.workflow / "workflow" / "schemas"
        named = str(self.config_file or self.workflow / "config" / CONFIG)
        return load_project({**self.values, **given}, schemas=schemas, config_files=named)

    def preview(self, person: str, song: str) -> Path:
        """The dance as a skeleton."""
        return self.results / "preview" / person / f"{song}.mp4"

    def draft(self, person: str, song: str) -> Path:
        """The person's own pixels carried to the dance, without training."""
        return self.results / "draft" / person / f"{song}.mp4"

    def video(self, person: str, song: str) -> Path:
        """The finished video."""
        return self.results / "videos" / person / f"{song}.mp4"

    def poses(self, person: str, song: str) -> Path:
        """The aligned dance (`pose.table`)."""
        return self.results / "poses" / person / f"{song}.parquet"

    def plan(self, song: str) -> Path:
        """Which fragment is danced when, after the edits (`choreography.plan`)."""
        return self.results / "choreography" / f"{song}.parquet"

    def music(self, song: str) -> Path:
        """The music table of a song or dance (`music.table`)."""
        return self.results / "music" / f"{song}.parquet"

    def frames(self, video: str) -> Path:
        """The frame store of a dance or person."""
        return self.results / "frames" / f"{video}.mp4"


def open_place(folder: str | Path | None, *, workflow: str | Path) -> Place:
    """The project in `folder`, or the demo of the workflow. Raises ConfigError where there is none."""
    root = Path(workflow).resolve()
    values = _read(root / "config" / CONFIG)
    config_file: Path | None = None
    if folder is not None:
        config_file = Path(folder).resolve() / CONFIG
        if not config_file.is_file():
            raise ConfigError(f"{folder} holds no {CONFIG}; create the project with `danceit new {folder}`")
        values = _merged(values, _read(config_file))
    tables = {name: root / str(values.get(name) or _usual(name, config_file, root)) for name in TABLES}
    return Place(
        workflow=root,
        folder=config_file.parent if config_file else None,
        config_file=config_file,
        values=values,
        results=root / str(values.get("results") or "results"),
        tables=tables,
    )


def _usual(table: str, config_file: Path | None, root: Path) -> Path:
    return (config_file.parent if config_file else root / "config") / f"{table}.tsv"


def _read(path: Path) -> dict[str, Any]:
    check_config_file(path)
    values = yaml.safe_load(path.read_text(encoding="utf-8-sig")) or {}
    if not isinstance(values, dict):
        raise ConfigError(f"{path} holds no keys; write them as `key: value` (config/README.md)")
    return values


def _merged(values: Mapping[str, Any], added: Mapping[str, Any]) -> dict[str, Any]:
    """Both, what is added first; sections are merged key by key, as Snakemake does it."""
    merged = dict(values)
    for key, value in added.items():
        own = merged.get(key)
        both = isinstance(own, Mapping) and isinstance(value, Mapping)
        merged[key] = _merged(own, value) if both else value  # type: ignore[arg-type]
    return merged
