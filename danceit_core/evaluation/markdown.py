"""Tables of numbers for pages, in Markdown. Apart from the drawing: the workflow reads the sweep whenever it starts."""

import pandas as pd


def markdown(table: pd.DataFrame) -> str:
    """A table of numbers in Markdown; nothing where there is no number."""

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
