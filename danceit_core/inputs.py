"""What a user edits - config.yaml and the three tables - read and checked against the schemas.

Every fault is a ConfigError of one line: the file, the key or the line and column, the value, what is allowed, and
the nearest valid name where a typo is likely. Nothing is computed before all of it has been checked.
"""

import csv
import difflib
import os
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

import pandas as pd
import yaml
from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError, best_match

from danceit_core.choreography.edits import Edit, read_edits
from danceit_core.config import SECTIONS, make_settings
from danceit_core.errors import ConfigError

TABLES = ("videos", "songs", "targets")


@dataclass(frozen=True)
class Project:
    """The checked input: one settings dictionary a section, the tables indexed by their IDs, and edits."""

    settings: dict[str, dict[str, Any]]
    strict: bool
    videos: pd.DataFrame
    songs: pd.DataFrame
    targets: pd.DataFrame
    edits: list[Edit]

    def clips(self) -> pd.DataFrame:
        """Dance and target videos in one table: both go through the same media and pose rules."""
        return pd.concat([self.videos, self.targets]).fillna("")

    def sound_of(self, video: str) -> str:
        """The file that holds a dance's sound: one of its own, or the video itself; "" for keypoints alone."""
        return str(self.videos.at[video, "audio"] or self.videos.at[video, "path"])


def load_project(config: Mapping[str, Any], *, schemas: str | Path, config_files: str) -> Project:
    """Check config and tables against the schemas in `schemas`. `config_files` names the files in messages.

    Raises ConfigError with one line on the first fault.
    """
    config = parse_scalars(config)
    check_config(config, load_schema(schemas, "config"), config_files=config_files)
    settings = {name: asdict(make_settings(kind, config.get(name) or {})) for name, kind in SECTIONS.items()}
    tables = {name: load_table(config[name], load_schema(schemas, name)) for name in TABLES}
    owner: dict[str, str] = {}
    for name in TABLES:
        for row_id in tables[name].index:
            if row_id in owner:
                raise ConfigError(
                    f"{config[name]}: the ID {row_id!r} is also used in {config[owner[row_id]]}; "
                    "results are filed by ID: rename one of them"
                )
            owner[row_id] = name
        check_files(tables[name], table_path=config[name], made_in=settings["demo"]["folder"])
    styles = {str(video): str(style) for video, style in tables["videos"]["style"].items()}
    path = config.get("edits", "")
    edits = read_edits(path, songs=list(tables["songs"].index), styles=styles) if path else []
    return Project(settings, strict=config.get("strict", False), **tables, edits=edits)


def parse_scalars(config: Mapping[str, Any]) -> dict[str, Any]:
    """The config with numbers and switches as such.

    snakemake hands on what stands inside braces on its command line (--config matcher='{epochs: 3}'), and a lower-case
    `true`, as text.
    """

    def parse(value: Any) -> Any:
        if isinstance(value, list):
            return [parse(item) for item in value]
        return yaml.safe_load(value) if isinstance(value, str) else value

    parsed = {key: parse(value) if key == "strict" else value for key, value in config.items()}
    for section, kind in SECTIONS.items():
        values = config.get(section)
        if isinstance(values, Mapping):
            text = {f.name for f in fields(kind) if f.type == "str" or f.type is str}
            parsed[section] = {key: value if key in text else parse(value) for key, value in values.items()}
    return parsed


def load_schema(folder: str | Path, name: str) -> dict[str, Any]:
    """The JSON schema `<name>.schema.yaml` of a folder."""
    schema: dict[str, Any] = yaml.safe_load((Path(folder) / f"{name}.schema.yaml").read_text())
    return schema


def check_config(config: Mapping[str, Any], schema: Mapping[str, Any], *, config_files: str) -> None:
    """Raise ConfigError for the first key of `config` that the schema does not allow."""
    error = best_match(Draft202012Validator(schema).iter_errors(config))
    if error is not None:
        raise ConfigError(f"{config_files}: {describe(error)}")


def describe(error: ValidationError) -> str:
    """A validation error in the words of a user: key, value, what is allowed, the nearest valid name."""
    key = ".".join(str(part) for part in error.absolute_path)
    if error.validator == "additionalProperties":
        known = list(error.schema["properties"])
        unknown = next(name for name in error.instance if name not in known)
        return f"unknown key {f'{key}.{unknown}'.lstrip('.')!r}; {_nearest(str(unknown), known)}"
    if error.validator == "required":
        return f"{error.message.replace('is a required property', 'is missing')}{f' in {key}' if key else ''}; add it"
    about = error.schema.get("description", "")
    return f"{key or 'the configuration'}: {error.message}" + (f" ({about})" if about else "")


def load_table(path: str, schema: Mapping[str, Any]) -> pd.DataFrame:
    """Read a tab-separated table of strings, indexed by its first required column; absent optional cells are "".

    Raises ConfigError for a missing file or column, an unknown column, a bad cell or an ID that is there twice.
    """
    if not Path(path).is_file():
        raise ConfigError(f"{path}: no such table; create it (config/README.md shows how) or correct the config key")
    try:
        lines = list(csv.reader(Path(path).read_text(encoding="utf-8").splitlines(), delimiter="\t"))
    except UnicodeDecodeError:
        raise ConfigError(f"{path}: not UTF-8 text; save the table as tab-separated UTF-8") from None
    if not lines:
        raise ConfigError(f"{path}: the table is empty; its first line holds the column names")
    header, key, known = lines[0], schema["required"][0], schema["properties"]
    _check_header(header, schema, path=path)
    rows: dict[str, dict[str, str]] = {}
    for number, cells in enumerate(lines[1:], start=2):
        if not any(cells) or cells[0].startswith("#"):
            continue
        if len(cells) > len(header):
            raise ConfigError(f"{path} line {number}: {len(cells)} cells for {len(header)} columns; check the tabs")
        row = dict.fromkeys(known, "") | dict(zip(header, (cell.strip() for cell in cells), strict=False))
        filled = {name: cell for name, cell in row.items() if cell}
        error = best_match(Draft202012Validator(schema).iter_errors(filled))
        if error is not None:
            raise ConfigError(f"{path} line {number}: {describe(error)}")
        if row[key] in rows:
            raise ConfigError(f"{path} line {number}: the {key} {row[key]!r} is there twice; IDs are unique")
        rows[row[key]] = row
    if not rows:
        raise ConfigError(f"{path}: no row; add at least one {key}")
    return pd.DataFrame.from_dict(rows, orient="index")


def _check_header(header: Sequence[str], schema: Mapping[str, Any], *, path: str) -> None:
    """Raise ConfigError for a required column that is missing and for one that the schema does not know."""
    known = schema["properties"]
    for column in schema["required"]:
        if column not in header:
            raise ConfigError(f"{path}: column {column!r} is missing; the columns are separated by tabs")
    for column in header:
        if column not in known:
            raise ConfigError(f"{path}: unknown column {column!r}; {_nearest(column, known)}")


def check_files(table: pd.DataFrame, *, table_path: str, made_in: str) -> None:
    """Raise ConfigError for a path of the table that is no file, unless the workflow makes it (folder `made_in`)."""
    for row_id, row in table.iterrows():
        if not any(row.get(column) for column in ("path", "keypoints")):
            raise ConfigError(f"{table_path}: {row_id!r} has neither a path nor keypoints; give one of them")
        if row.get("camera") and not str(row.get("keypoints")).lower().endswith(".pkl"):
            raise ConfigError(f"{table_path}: {row_id!r} has a camera but no AIST++ annotation (.pkl); empty that cell")
        for column in ("path", "audio", "keypoints"):
            path = row.get(column)
            made = path and Path(os.path.normpath(path)).is_relative_to(made_in)
            if path and not made and not Path(path).exists():
                raise ConfigError(f"{table_path}: {row_id!r}: no such file: {path}; correct column {column!r}")


def _nearest(name: str, known: Collection[str]) -> str:
    """The valid name that was probably meant, or all of them."""
    near = difflib.get_close_matches(name, known, n=1)
    return f"did you mean {near[0]!r}?" if near else f"known: {', '.join(known)}"
