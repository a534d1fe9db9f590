"""Defaults live in the dataclasses; the schema and config.yaml must agree with them."""

import dataclasses
import sys

import pytest
import yaml
from checkout import ROOT

from danceit_core.config import SECTIONS, CleaningSettings, make_settings
from danceit_core.errors import ConfigError
from danceit_core.input_tables import load_schema
from danceit_core.inputs import check_config

SCHEMA = load_schema(ROOT / "workflow" / "schemas", "config")
CONFIG = yaml.safe_load((ROOT / "config" / "config.yaml").read_text())


@pytest.mark.parametrize("section", SECTIONS)
def test_schema_and_config_have_the_keys_of_the_dataclass(section):
    fields = {f.name: f.default for f in dataclasses.fields(SECTIONS[section])}
    described = SCHEMA["properties"][section]["properties"]
    assert set(described) == set(fields)
    assert all(len(entry.get("description", "")) > 1 for entry in described.values())
    assert CONFIG[section] == {k: list(v) if isinstance(v, tuple) else v for k, v in fields.items()}


@pytest.mark.parametrize("name", ["config", "paper", "tiny"])
def test_the_config_files_are_valid(name):
    overrides = yaml.safe_load((ROOT / "config" / f"{name}.yaml").read_text())
    merged = CONFIG | {k: CONFIG[k] | v if isinstance(v, dict) else v for k, v in overrides.items()}
    check_config(merged, SCHEMA, config_files=f"{name}.yaml")


def test_an_unknown_setting_gets_the_nearest_name():
    with pytest.raises(ConfigError, match=r"no key 'max_gap'; did you mean 'max_gap_s'\?"):
        make_settings(CleaningSettings, {"max_gap": 1})


def test_the_reference_is_what_the_schemas_say(tmp_path):
    sys.path.insert(0, str(ROOT / "docs"))
    from config_reference import write_reference

    write_reference(tmp_path / "page.md")
    assert (tmp_path / "page.md").read_text() == (ROOT / "docs" / "config_reference.md").read_text(), "run: make docs"
