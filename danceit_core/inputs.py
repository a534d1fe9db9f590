"""What a user edits - config.yaml and the three tables - read and checked against the schemas.

Every fault is a ConfigError of one line: the file, the key or the line and column, the value, what is allowed, and
the nearest valid name where a typo is likely. Nothing is computed before all of it has been checked.
"""

import difflib
from collections.abc import Collection, Iterator, Mapping, Sequence
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
from danceit_core.input_files import check_files, check_photographs, is_text, photographs_in
from danceit_core.media.part import COLUMNS, part_of
from danceit_core.tsv import read_cells

TABLES = ("videos", "songs", "targets")
# Names of devices on Windows, and a folder of the results that stands beside those of the targets.
RESERVED = {"con", "prn", "aux", "nul", *(f"{kind}{number}" for kind in ("com", "lpt") for number in range(10))}
TAKEN = {"choreography", "group", "painted"}
# Larger numbers are a mistake, and more than some libraries take.
LARGEST = 1e12


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

    @property
    def photographs(self) -> list[str]:
        """The targets of which there is one photograph, no video: they dance without a trained painter."""
        return photographs_in(self.targets)

    @property
    def groups(self) -> dict[str, str]:
        """The songs of the dances for which column `group` names one; what it means is said in `database.split`."""
        return {str(video): str(group) for video, group in self.videos["group"].items() if group}

    def sound_of(self, video: str) -> str:
        """The file that holds a dance's sound: one of its own, or the video itself; "" for keypoints alone."""
        return str(self.videos.at[video, "audio"] or self.videos.at[video, "path"])

    def part_of(self, row_id: str, columns: Sequence[str] = COLUMNS) -> dict[str, str]:
        """The cells of a dance or target that say which part of its picture and time is used (`media.part`)."""
        table = self.videos if row_id in self.videos.index else self.targets
        return {column: str(table.at[row_id, column]) for column in columns}

    def audio_track(self, row_id: str) -> int | None:
        """Which sound track of that, or of a song's file, from 1; None where the table leaves it open."""
        table = self.songs if row_id in self.songs.index else self.videos
        return int(str(table.at[row_id, "audio_track"]) or 0) or None


def load_project(config: Mapping[str, Any], *, schemas: str | Path, config_files: str) -> Project:
    """Check config and tables against the schemas in `schemas`. `config_files` names the files in messages.

    Raises ConfigError with one line on the first fault.
    """
    config = parse_scalars(config)
    check_config(config, load_schema(schemas, "config"), config_files=config_files)
    settings = {name: asdict(make_settings(kind, config.get(name) or {})) for name, kind in SECTIONS.items()}
    tables = {name: load_table(config[name], load_schema(schemas, name)) for name in TABLES}
    check_ids(tables, paths=config)
    for name in TABLES:
        check_files(tables[name], table_path=config[name], made_in=settings["demo"]["folder"])
    for member in settings["group"]["members"]:
        if member not in tables["targets"].index:
            hint = _nearest(member, list(tables["targets"].index))
            raise ConfigError(f"{config_files}: group.members: no target {member!r} in {config['targets']}; {hint}")
    about = {"table_path": config["targets"], "config_files": config_files}
    check_photographs(tables["targets"], group=settings["group"]["members"], **about)
    check_followed(tables, settings, paths=config, config_files=config_files)
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
    """Raise ConfigError for the first key of `config` that the schema does not allow.

    NaN is less and more than nothing, so that no bound of the schema stops it. Half a character (YAML's "\\udce9", or a
    name on the command line that is not UTF-8) could be written to no report.
    """
    for key, value in _leaves(config):
        if isinstance(value, int | float) and not abs(value) <= LARGEST:
            raise ConfigError(f"{config_files}: {key} is {str(value)[:40]}; numbers reach up to {LARGEST:g}")
        if isinstance(value, str) and not is_text(value):
            raise ConfigError(f"{config_files}: {key} is {value!r}, which is no UTF-8 text; rename the file or folder")
    error = best_match(Draft202012Validator(schema).iter_errors(config))
    if error is not None:
        raise ConfigError(f"{config_files}: {describe(error)}")


def check_config_file(path: str | Path) -> None:
    """Raise ConfigError for a key that is there twice in a YAML file: of two values one would be forgotten silently."""

    class Loader(yaml.SafeLoader):
        """Reads mappings without such keys."""

    def construct(loader: yaml.SafeLoader, node: yaml.MappingNode) -> dict[Any, Any]:
        keys = [str(key.value) for key, _ in node.value if key.tag != "tag:yaml.org,2002:merge"]
        if twice := next((key for key in keys if keys.count(key) > 1), ""):
            raise ConfigError(f"{path} line {node.start_mark.line + 1}: the key {twice!r} is there twice; delete one")
        loader.flatten_mapping(node)
        return loader.construct_mapping(node, deep=True)

    Loader.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, construct)
    try:
        yaml.load(Path(path).read_text(encoding="utf-8-sig"), Loader)
    except (yaml.YAMLError, RecursionError, ValueError, OSError) as error:
        raise ConfigError(f"{path} is no YAML text ({' '.join(str(error).split())})") from None


def _leaves(value: Any, key: str = "") -> Iterator[tuple[str, Any]]:
    """All that is no mapping and no list in nested ones, with its key."""
    entries = value.items() if isinstance(value, Mapping) else enumerate(value) if isinstance(value, list) else None
    if entries is None:
        yield key, value
        return
    for name, entry in entries:
        yield from _leaves(entry, f"{key}.{name}".lstrip("."))


def describe(error: ValidationError) -> str:
    """A validation error in the words of a user: key, value, what is allowed, the nearest valid name."""
    key = ".".join(str(part) for part in error.absolute_path)
    if error.validator == "additionalProperties":
        known = list(error.schema["properties"])
        unknown = next(name for name in error.instance if name not in known)
        return f"unknown key {f'{key}.{unknown}'.lstrip('.')!r}; {_nearest(str(unknown), known)}"
    if error.validator == "required":
        name = next(name for name in error.validator_value if name not in error.instance)
        about = error.schema["properties"][name].get("description", "")
        return f"{name!r} is missing{f' in {key}' if key else ''}; add it" + (f" ({about})" if about else "")
    about = error.schema.get("description", "")
    return f"{key or 'the configuration'}: {error.message}" + (f" ({about})" if about else "")


def load_table(path: str, schema: Mapping[str, Any]) -> pd.DataFrame:
    """Read a tab-separated table of strings, indexed by its first required column; absent optional cells are "".

    Raises ConfigError for a missing file or column, an unknown column, a bad cell or an ID that is there twice.
    """
    lines = read_cells(path, remedy="create it (config/README.md shows how) or correct the config key")
    if not lines:
        raise ConfigError(f"{path}: the table is empty; its first line holds the column names")
    header, key, known = lines[0][1], schema["required"][0], schema["properties"]
    _check_header(header, schema, path=path)
    rows: dict[str, dict[str, str]] = {}
    for number, cells in lines[1:]:
        if len(cells) > len(header):
            raise ConfigError(f"{path} line {number}: {len(cells)} cells for {len(header)} columns; check the tabs")
        row = dict.fromkeys(known, "") | dict(zip(header, cells, strict=False))
        # A spreadsheet's columns that were emptied have no name.
        if nameless := [cell for name, cell in zip(header, cells, strict=False) if cell and not name]:
            raise ConfigError(f"{path} line {number}: {nameless[0]!r} is in a column without a name; give it one")
        row.pop("", None)
        filled = {name: cell for name, cell in row.items() if cell}
        error = best_match(Draft202012Validator(schema).iter_errors(filled))
        if error is not None:
            raise ConfigError(f"{path} line {number}: {describe(error)}")
        try:
            part_of(row)
        except ConfigError as error:
            raise ConfigError(f"{path} line {number}: {error}") from None
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
            found = ", ".join(map(repr, header))[:100]
            raise ConfigError(
                f"{path}: column {column!r} is missing; the columns are separated by tabs (the first line has {found})"
            )
    for column in filter(None, header):
        if header.count(column) > 1:
            raise ConfigError(f"{path}: column {column!r} is there twice; delete one of them")
        if column not in known:
            raise ConfigError(f"{path}: unknown column {column!r}; {_nearest(column, known)}")


def check_ids(tables: Mapping[str, pd.DataFrame], *, paths: Mapping[str, str]) -> None:
    """Raise ConfigError for an ID that two rows share, or that no file can be called on some disk.

    Disks of macOS and Windows do not tell `Waltz` from `waltz`, and Windows has devices called con, nul, lpt1.
    """
    owner: dict[str, tuple[str, str]] = {}
    for name in TABLES:
        for row_id in tables[name].index:
            if row_id.casefold() in RESERVED or (name == "targets" and row_id in TAKEN):
                raise ConfigError(f"{paths[name]}: no result can be filed under the ID {row_id!r}; choose another")
            other, table = owner.get(row_id.casefold(), ("", ""))
            if table:
                alike = "" if other == row_id else f" ({other!r}: some disks do not tell capitals apart)"
                raise ConfigError(
                    f"{paths[name]}: the ID {row_id!r} is also used in {paths[table]}{alike}; results are filed by ID: "
                    "rename one of them"
                )
            owner[row_id.casefold()] = row_id, name


def check_followed(
    tables: Mapping[str, pd.DataFrame],
    settings: Mapping[str, Mapping[str, Any]],
    *,
    paths: Mapping[str, str],
    config_files: str,
) -> None:
    """Raise ConfigError where the tables or the config ask for one or each of several people and would not get it."""
    several, detector = settings["cleaning"]["several_people"], settings["pose"]["detector"]
    if several == "each" and detector != "blazepose":
        raise ConfigError(
            f"{config_files}: cleaning.several_people is 'each', which pose.detector: {detector} cannot do; "
            "set one of them to another value (each needs blazepose)"
        )
    for name in ("videos", "targets"):
        for row_id, row in tables[name][tables[name]["x"] != ""].iterrows():
            where = f"{paths[name]}: column x of {row_id} is {row['x']}"
            if row.get("keypoints"):
                raise ConfigError(f"{where}, but its joints are given in column keypoints; empty one of the two")
            if several == "drop":
                raise ConfigError(
                    f"{where}, but cleaning.several_people is 'drop': frames with several people are dropped, whoever "
                    "is followed; set it to 'follow' or 'each', or empty the cell"
                )
            if detector != "blazepose":
                raise ConfigError(
                    f"{where}, but pose.detector: {detector} follows the largest; set blazepose or empty the cell"
                )


def _nearest(name: str, known: Collection[str]) -> str:
    """The valid name that was probably meant, or all of them."""
    near = difflib.get_close_matches(name, known, n=1)
    return f"did you mean {near[0]!r}?" if near else f"known: {', '.join(known)}"
