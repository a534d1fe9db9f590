"""The documentation as pages (make docs): these files, the configuration's reference, the library's docstrings."""

import logging
import sys
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "docs")]

from config_reference import write_reference  # noqa: E402

# It tells which of its builds it loads.
logging.getLogger("faiss").setLevel(logging.WARNING)

project = "DanceIt"
author = "The DanceIt developers"
extensions = ["myst_parser", "sphinx.ext.apidoc", "sphinx.ext.autodoc"]
html_theme = "furo"
html_title = "DanceIt"
exclude_patterns = ["_build"]
myst_enable_extensions = ["tasklist"]
myst_heading_anchors = 3
# Docstrings write names between single backquotes.
default_role = "literal"
autodoc_default_options = {"members": True, "undoc-members": True, "member-order": "bysource"}
autodoc_typehints = "signature"
autodoc_typehints_format = "short"
autodoc_preserve_defaults = True
add_module_names = False
apidoc_modules = [
    {
        "path": str(ROOT / "danceit_core"),
        "destination": "library",
        "max_depth": 2,
        "module_first": True,
        "separate_modules": False,
        "automodule_options": {"members", "show-inheritance"},
    }
]


def keep_tables(app: Sphinx, what: str, name: str, thing: Any, options: Any, lines: list[str]) -> None:
    """Show an indented block of a docstring, mostly an aligned table, as it stands there."""
    shown, indented = [], False
    for number, line in enumerate(lines):
        begins = line.startswith("    ") and not indented and (number == 0 or not lines[number - 1])
        shown += ["::", ""] if begins else []
        indented = begins or (indented and (not line or line.startswith("    ")))
        shown.append(line)
    lines[:] = shown


def setup(app: Sphinx) -> dict[str, Any]:
    """Write the configuration's reference before anything is read."""
    app.connect("builder-inited", lambda _: write_reference(ROOT / "docs" / "config_reference.md"))
    app.connect("autodoc-process-docstring", keep_tables)
    return {"parallel_read_safe": True}
