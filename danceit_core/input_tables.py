"""Read the tables that a user edits, check them against their schemas, and put schema errors into a user's words."""

import difflib
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import yaml
from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError, best_match

from danceit_core.errors import ConfigError
from danceit_core.media.part import part_of
from danceit_core.tsv import read_cells

# libyaml, where it is: each start of Snakemake reads the schemas.
SafeLoader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
TABLES = ("videos", "songs", "targets")
# Names of devices on Windows, and a results folder that lies beside those of the targets.
RESERVED = {"con", "prn", "aux", "nul", *(f"{kind}{number}" for kind in ("com", "lpt") for number in range(10))}
TAKEN = {"choreography", "group", "painted"}


def load_schema(folder: str | Path, name: str) -> dict[str, Any]:
    """The JSON schema `<name>.schema.yaml` of a folder."""
    schema: dict[str, Any] = yaml.load((Path(folder) / f"{name}.schema.yaml").read_text(), SafeLoader)
    return schema


def load_table(
    path: str, schema: Mapping[str, Any], *, check: Callable[[Mapping[str, str]], object] = part_of
) -> pd.DataFrame:
    """Read a tab-separated table of strings, indexed by its first required column; absent optional cells are "".

    check: raises ConfigError for a row with invalid cells. Raises ConfigError for a missing file or column, an unknown
    column, an invalid cell or a duplicate ID.
    """
    lines = read_cells(path, remedy="create it (config/README.md shows how) or correct the config key")
    if not lines:
        raise ConfigError(f"{path}: the table is empty; write the column names into its first line")
    header, key, known = lines[0][1], schema["required"][0], schema["properties"]
    _check_header(header, schema, path=path)
    rows: dict[str, dict[str, str]] = {}
    for number, cells in lines[1:]:
        if len(cells) > len(header):
            raise ConfigError(f"{path} line {number}: {len(cells)} cells for {len(header)} columns; check the tabs")
        row = dict.fromkeys(known, "") | dict(zip(header, cells, strict=False))
        # A column that was emptied in a spreadsheet has no name.
        if nameless := [cell for name, cell in zip(header, cells, strict=False) if cell and not name]:
            raise ConfigError(f"{path} line {number}: {nameless[0]!r} is in a column without a name; give it one")
        row.pop("", None)
        filled = {name: cell for name, cell in row.items() if cell}
        error = best_match(Draft202012Validator(schema).iter_errors(filled))
        if error is not None:
            raise ConfigError(f"{path} line {number}: {describe(error)}")
        try:
            check(row)
        except ConfigError as error:
            raise ConfigError(f"{path} line {number}: {error}") from None
        if row[key] in rows:
            raise ConfigError(f"{path} line {number}: the {key} {row[key]!r} is a duplicate; give each row its own ID")
        rows[row[key]] = row
    if not rows:
        raise ConfigError(f"{path}: the table has no rows; add at least one {key}")
    return pd.DataFrame.from_dict(rows, orient="index")


def _check_header(header: Sequence[str], schema: Mapping[str, Any], *, path: str) -> None:
    """Raise ConfigError for a missing required column, a duplicate column and a column that the schema lacks."""
    known = schema["properties"]
    for column in schema["required"]:
        if column not in header:
            found = ", ".join(map(repr, header))[:100]
            raise ConfigError(
                f"{path}: column {column!r} is missing; add it, or separate the columns by tabs (the first line has "
                f"{found})"
            )
    for column in filter(None, header):
        if header.count(column) > 1:
            raise ConfigError(f"{path}: column {column!r} appears twice; delete one of them")
        if column not in known:
            raise ConfigError(f"{path}: unknown column {column!r}; {nearest(column, known)}")


def check_ids(tables: Mapping[str, pd.DataFrame], *, paths: Mapping[str, str]) -> None:
    """Raise ConfigError for an ID that two rows share, or that cannot be a file name on some systems.

    Disks of macOS and Windows do not distinguish `Waltz` from `waltz`, and Windows has devices called con, nul, lpt1.
    """
    owner: dict[str, tuple[str, str]] = {}
    for name in TABLES:
        for row_id in tables[name].index:
            if row_id.casefold() in RESERVED or (name == "targets" and row_id in TAKEN):
                raise ConfigError(f"{paths[name]}: no result can be filed under the ID {row_id!r}; choose another")
            other, table = owner.get(row_id.casefold(), ("", ""))
            if table:
                alike = "" if other == row_id else f" ({other!r}: some disks ignore case)"
                raise ConfigError(
                    f"{paths[name]}: the ID {row_id!r} is also used in {paths[table]}{alike}; results are filed by ID: "
                    "rename one of them"
                )
            owner[row_id.casefold()] = row_id, name


def describe(error: ValidationError) -> str:
    """A validation error in the words of a user: key, value, what is allowed, the nearest valid name."""
    key = ".".join(str(part) for part in error.absolute_path)
    if error.validator == "additionalProperties":
        known = list(error.schema["properties"])
        unknown = next(name for name in error.instance if name not in known)
        return f"unknown key {f'{key}.{unknown}'.lstrip('.')!r}; {nearest(str(unknown), known)}"
    if error.validator == "required":
        name = next(name for name in error.validator_value if name not in error.instance)
        about = error.schema["properties"][name].get("description", "")
        return f"{name!r} is missing{f' in {key}' if key else ''}; add it" + (f" ({about})" if about else "")
    about = error.schema.get("description", "")
    return f"{key or 'the configuration'}: {error.message}" + (f" ({about})" if about else "")


def nearest(name: str, known: Collection[str]) -> str:
    """The valid name that was probably meant, or all of them."""
    near = difflib.get_close_matches(name, known, n=1)
    return f"did you mean {near[0]!r}?" if near else f"known: {', '.join(known)}"
