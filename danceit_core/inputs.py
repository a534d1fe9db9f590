"""Read what a user edits (config.yaml and the three tables) and check it against the schemas.

Every fault is a ConfigError of one line: the file, the key or the line and column, the value, what is allowed, and
the nearest valid name where a typo is likely. All input is checked before anything is computed.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd
import yaml
from jsonschema import Draft202012Validator
from jsonschema.exceptions import best_match

from danceit_core.choreography.edits import Edit, read_edits
from danceit_core.config import SECTIONS, make_settings
from danceit_core.errors import ConfigError
from danceit_core.input_files import check_files, check_photographs, is_text, photographs_in
from danceit_core.input_songs import check_song
from danceit_core.input_tables import TABLES, check_ids, describe, load_schema, load_table, nearest
from danceit_core.media.part import COLUMNS

# Larger numbers are a mistake, and too large for some libraries.
LARGEST = 1e12


@dataclass(frozen=True)
class Project:
    """The checked input: one settings dictionary per section, the tables indexed by their IDs, and the edits."""

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
        """The targets whose file is one photograph, not a video: they dance without a trained painter."""
        return photographs_in(self.targets)

    @property
    def groups(self) -> dict[str, str]:
        """The group of each dance that has a cell in column `group`; `database.split` explains its meaning."""
        return {str(video): str(group) for video, group in self.videos["group"].items() if group}

    def sound_of(self, video: str) -> str:
        """The file that holds a dance's sound: its sound file, or the video itself; "" for keypoints alone."""
        return str(self.videos.at[video, "audio"] or self.videos.at[video, "path"])

    def part_of(self, row_id: str, columns: Sequence[str] = COLUMNS) -> dict[str, str]:
        """The cells of a dance or target that say which part of its picture and time is used (`media.part`)."""
        table = self.videos if row_id in self.videos.index else self.targets
        return {column: str(table.at[row_id, column]) for column in columns}

    def audio_track(self, video: str) -> int | None:
        """The number of the sound track in that file, from 1; None if the table does not say."""
        return int(str(self.videos.at[video, "audio_track"]) or 0) or None

    def excerpt_of(self, song: str) -> dict[str, str]:
        """The cells that say which sound track and which part of its file's time a song is (`media.sound_source`)."""
        return self._cells(song, ("audio_track", "start_s", "end_s"))

    def hint_of(self, song: str) -> dict[str, str]:
        """The cells about the beats of a song other than the file of beats (`music.hint`)."""
        return self._cells(song, ("tempo_bpm", "meter"))

    def style_of(self, song: str) -> str:
        """The dance style that a song asks for; "" for any."""
        return self._cells(song, ("style",))["style"]

    def _cells(self, song: str, columns: Sequence[str]) -> dict[str, str]:
        return {column: str(self.songs.at[song, column]) for column in columns}


def load_project(config: Mapping[str, Any], *, schemas: str | Path, config_files: str) -> Project:
    """Check config and tables against the schemas in the folder `schemas`. config_files: the files' names for messages.

    Raises ConfigError with one line on the first fault.
    """
    config = parse_scalars(config)
    check_config(config, load_schema(schemas, "config"), config_files=config_files)
    settings = {name: asdict(make_settings(kind, config.get(name) or {})) for name, kind in SECTIONS.items()}
    tables = {name: load_table(config[name], load_schema(schemas, name)) for name in ("videos", "targets")}
    check = partial(
        check_song,
        fragment_s=settings["retrieval"]["fragment_s"],
        styles=set(tables["videos"]["style"]) - {""},
        results=config.get("results", "results"),
    )
    tables["songs"] = load_table(config["songs"], load_schema(schemas, "songs"), check=check)
    check_ids(tables, paths=config)
    for name in TABLES:
        check_files(tables[name], table_path=config[name], made_in=settings["demo"]["folder"])
    for member in settings["group"]["members"]:
        if member not in tables["targets"].index:
            hint = nearest(member, list(tables["targets"].index))
            raise ConfigError(f"{config_files}: group.members: no target {member!r} in {config['targets']}; {hint}")
    about = {"table_path": config["targets"], "config_files": config_files}
    check_photographs(tables["targets"], group=settings["group"]["members"], **about)
    check_followed(tables, settings, paths=config, config_files=config_files)
    styles = {str(video): str(style) for video, style in tables["videos"]["style"].items()}
    path = config.get("edits", "")
    edits = read_edits(path, songs=list(tables["songs"].index), styles=styles) if path else []
    return Project(settings, strict=config.get("strict", False), **tables, edits=edits)


def parse_scalars(config: Mapping[str, Any]) -> dict[str, Any]:
    """The config with text that means a number or a boolean converted to it.

    Snakemake passes the contents of braces on its command line (--config matcher='{epochs: 3}'), and a lower-case
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


def check_config(config: Mapping[str, Any], schema: Mapping[str, Any], *, config_files: str) -> None:
    """Raise ConfigError for the first key of `config` that the schema does not allow.

    Comparisons with NaN are all false, so no bound of the schema rejects it. A lone surrogate (YAML's "\\udce9", or a
    name on the command line that is not UTF-8) cannot be written to a report.
    """
    for key, value in _leaves(config):
        if isinstance(value, int | float) and not abs(value) <= LARGEST:
            raise ConfigError(f"{config_files}: {key} is {str(value)[:40]}; write a number up to {LARGEST:g}")
        if isinstance(value, str) and not is_text(value):
            raise ConfigError(f"{config_files}: {key} is {value!r}, which is not UTF-8 text; rename the file or folder")
    error = best_match(Draft202012Validator(schema).iter_errors(config))
    if error is not None:
        raise ConfigError(f"{config_files}: {describe(error)}")


def check_config_file(path: str | Path) -> None:
    """Raise ConfigError for a duplicate key in a YAML file: YAML would silently drop one of the two values."""

    class Loader(yaml.SafeLoader):
        """A loader that rejects mappings with duplicate keys."""

    def construct(loader: yaml.SafeLoader, node: yaml.MappingNode) -> dict[Any, Any]:
        keys = [str(key.value) for key, _ in node.value if key.tag != "tag:yaml.org,2002:merge"]
        if twice := next((key for key in keys if keys.count(key) > 1), ""):
            raise ConfigError(f"{path} line {node.start_mark.line + 1}: the key {twice!r} appears twice; delete one")
        loader.flatten_mapping(node)
        return loader.construct_mapping(node, deep=True)

    Loader.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, construct)
    try:
        yaml.load(Path(path).read_text(encoding="utf-8-sig"), Loader)
    except (yaml.YAMLError, RecursionError, ValueError, OSError) as error:
        raise ConfigError(f"{path} is not valid YAML ({' '.join(str(error).split())})") from None


def _leaves(value: Any, key: str = "") -> Iterator[tuple[str, Any]]:
    """The values inside nested mappings and lists, with their keys."""
    entries = value.items() if isinstance(value, Mapping) else enumerate(value) if isinstance(value, list) else None
    if entries is None:
        yield key, value
        return
    for name, entry in entries:
        yield from _leaves(entry, f"{key}.{name}".lstrip("."))


def check_followed(
    tables: Mapping[str, pd.DataFrame],
    settings: Mapping[str, Mapping[str, Any]],
    *,
    paths: Mapping[str, str],
    config_files: str,
) -> None:
    """Raise ConfigError where the tables or the config ask to follow one or each of several people, but cannot."""
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
                    f"{where}, but cleaning.several_people is 'drop', which drops all frames with several people; set "
                    "it to 'follow' or 'each', or empty the cell"
                )
            if detector != "blazepose":
                raise ConfigError(
                    f"{where}, but pose.detector: {detector} follows the largest person; set it to blazepose or empty "
                    "the cell"
                )
