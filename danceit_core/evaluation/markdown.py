"""Tables of numbers for pages, in Markdown and for browsers.

This module is separate from the drawing code because the workflow reads the sweep each time it starts.
"""

from collections.abc import Mapping
from html import escape

import pandas as pd

STYLE = (
    "body { font: 14px/1.4 system-ui, sans-serif; margin: 2rem; } table { border-collapse: collapse; } "
    "th, td { padding: .2rem .6rem; text-align: right; } tr { border-bottom: 1px solid #e3e6ea; }"
)


def html_page(tables: Mapping[str, pd.DataFrame], *, title: str) -> str:
    """The tables as an HTML page, each below its title."""
    parts = [
        f"<!doctype html><html lang='en'><meta charset='utf-8'><title>{escape(title)}</title><style>{STYLE}</style>"
    ]
    for name, table in tables.items():
        parts += [f"<h2>{escape(name)}</h2>", table.to_html(float_format="{:.3g}".format, na_rep="", border=0)]
    return "\n".join([*parts, "</html>\n"])


def markdown(table: pd.DataFrame) -> str:
    """A table of numbers in Markdown; a cell is empty where there is no number."""

    def cell(value: object) -> str:
        if isinstance(value, float):
            return "" if pd.isna(value) else f"{value:.3g}"
        return str(value)

    head = f"| | {' | '.join(map(str, table.columns))} |\n" + "|---" * (table.shape[1] + 1) + "|"
    rows = [
        f"| {name} | {' | '.join(map(cell, values))} |"
        for name, values in zip(table.index, table.itertuples(index=False), strict=True)
    ]
    return "\n".join([head, *rows])
