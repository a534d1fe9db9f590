"""The reference of config.yaml and the tables, as a page: their schemas, the defaults of danceit_core.config."""

import dataclasses
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from danceit_core.config import SECTIONS

ROOT = Path(__file__).parents[1]
HEAD = """# Reference of the configuration

Made from `workflow/schemas` and the defaults in `danceit_core/config.py`. Every key is checked before anything is
computed; one that is not known is an error with the nearest name that is.
"""


def write_reference(path: Path) -> None:
    """Write the page, if what stands there is another one: an unchanged page is not built again."""
    text = "\n".join([HEAD, *_pages()])
    if not path.exists() or path.read_text() != text:
        path.write_text(text)


def _pages() -> Iterator[str]:
    properties = _schema("config")["properties"]
    plain = {name: entry for name, entry in properties.items() if name not in SECTIONS}
    yield "## Top of config.yaml\n"
    yield _table(plain, yaml.safe_load((ROOT / "config" / "config.yaml").read_text()))
    for name, kind in SECTIONS.items():
        yield f"## `{name}`\n\n{properties[name]['description']}.\n"
        yield _table(properties[name]["properties"], {field.name: field.default for field in dataclasses.fields(kind)})
    for name in ("videos", "songs", "targets"):
        schema = _schema(name)
        yield f"## Table `{name}.tsv`\n"
        yield _table(schema["properties"], {}, required=schema.get("required", []))


def _schema(name: str) -> dict[str, Any]:
    return yaml.safe_load((ROOT / "workflow" / "schemas" / f"{name}.schema.yaml").read_text())


def _table(entries: Mapping[str, Mapping[str, Any]], defaults: Mapping[str, Any], required: Any = ()) -> str:
    lines = ["| key | default | values | meaning |", "|---|---|---|---|"]
    for name, entry in entries.items():
        default = f"`{_plain(defaults[name])}`" if name in defaults else "required" if name in required else ""
        lines.append(f"| `{name}` | {default} | {_values(entry)} | {entry.get('description', '')} |".replace("\n", " "))
    return "\n".join(lines) + "\n"


def _plain(value: Any) -> str:
    """A default as YAML writes it on one line."""
    value = list(value) if isinstance(value, tuple) else value
    return yaml.safe_dump(value, default_flow_style=True).removesuffix("...\n").strip()


def _values(entry: Mapping[str, Any]) -> str:
    """What a schema's entry allows, in words."""
    if "enum" in entry:
        return ", ".join(f"`{_plain(value)}`" for value in entry["enum"])
    if entry.get("type") == "array":
        return f"a list: {_values(entry.get('items', {}))}"
    words = {"integer": "a whole number", "number": "a number", "boolean": "`true` or `false`", "string": "text"}
    kind = words.get(str(entry.get("type")), "")
    bounds = {"minimum": "from", "exclusiveMinimum": "above", "maximum": "to", "exclusiveMaximum": "below"}
    bounds["multipleOf"] = "in steps of"
    return " ".join([kind, *(f"{word} {entry[key]}" for key, word in bounds.items() if key in entry)]).strip()
