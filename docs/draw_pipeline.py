"""The picture of the pipeline in the README, from the workflow's own rules (`pipeline_stages`).

    python docs/draw_pipeline.py        # or: make pipeline; writes docs/pictures/pipeline.svg

An SVG with a background of its own, legible on light and dark pages; it is dark where the reader's system is.
"""

import subprocess
import sys
from collections.abc import Iterator
from html import escape
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from pipeline_stages import GIVEN, STAGES, TARGETS, Given, Stage, read_workflow, stage_edges

ROOT = Path(__file__).parents[1]
PICTURE = ROOT / "docs" / "pictures" / "pipeline.svg"
# Pixels. The README shows it some 840 to 1,000 wide.
WIDTH, HEIGHT, MARGIN, CHIP, BOX, ROW, GAP, BETWEEN = 1000, 616, 22, 122, 248, 122, 30, 42
CORNER, LAST_ROW, FILE_SIZE, LETTER = 10, 84, 13, 0.602  # a letter of a monospaced font is so wide, of its size
STYLE = """
  .page { fill: #ffffff; stroke: #d0d7de; }
  .box { fill: #f3f6fa; stroke: #8aa0b8; }
  .result { fill: #e7f5ea; stroke: #3f9254; stroke-width: 2; }
  .given { fill: #fdf3df; stroke: #c9a227; }
  .way { fill: none; stroke: #66788a; stroke-width: 1.6; }
  .head { fill: #66788a; }
  text { fill: #1c2733; font-family: -apple-system, "Segoe UI", "DejaVu Sans", Helvetica, Arial, sans-serif; }
  .title { font-size: 18px; font-weight: 600; }
  .chip { font-size: 15.5px; font-weight: 600; }
  .note { font-size: 14px; fill: #4d5c6b; }
  .label { font-size: 13px; fill: #4d5c6b; }
  .file { font-size: 13px; font-family: ui-monospace, "DejaVu Sans Mono", Menlo, Consolas, monospace; }
  @media (prefers-color-scheme: dark) {
    .page { fill: #0f151c; stroke: #303a45; }
    .box { fill: #1a232d; stroke: #56697d; }
    .result { fill: #16301e; stroke: #57b870; }
    .given { fill: #322a14; stroke: #c9a227; }
    .way { stroke: #93a5b8; }
    .head { fill: #93a5b8; }
    text { fill: #e8eef4; }
    .note, .label { fill: #aebccb; }
  }
"""
Point = tuple[float, float]


def edges_of(box: Stage | Given) -> tuple[float, float, float, float]:
    """Left, top, right and bottom of a box."""
    top = MARGIN + box.row * (ROW + BETWEEN)
    if isinstance(box, Given):
        return MARGIN, top, MARGIN + CHIP, top + ROW
    left = WIDTH - MARGIN - (3 - box.column) * BOX - (2 - box.column) * GAP
    height = LAST_ROW if box.row == 3 else box.rows * ROW + (box.rows - 1) * BETWEEN
    return left, top, left + BOX, top + height


def way(earlier: str, later: str) -> list[Point]:
    """The corners of an arrow: straight to a neighbour, else through the channels between the rows."""
    left, top, right, bottom = edges_of(STAGES[earlier])
    left_2, top_2, _, bottom_2 = edges_of(STAGES[later])
    middle, height, channel = (left + right) / 2, (top + bottom) / 2, BETWEEN / 2
    around = {
        ("music", "choreography"): _through(middle + 60, top, top - 12, left_2 + 60, top_2),
        ("music", "fragments"): _through(middle, bottom, bottom + channel, left_2 + 60, top_2),
        ("fragments", "person"): _through(left + 60, bottom, bottom + channel - 9, left_2 + 150, top_2),
        ("person", "choreography"): _through(right - 40, top, top - channel + 9, left_2 + 60, bottom_2),
    }
    if (earlier, later) in around:
        return around[earlier, later]
    if STAGES[earlier].column == STAGES[later].column:
        down = STAGES[earlier].row < STAGES[later].row
        return [(middle, bottom), (middle, top_2)] if down else [(middle, top), (middle, bottom_2)]
    return [(right, height), (left_2, height)]


def _through(x: float, y: float, channel: float, x_2: float, y_2: float) -> list[Point]:
    return [(x, y), (x, channel), (x_2, channel), (x_2, y_2)]


def way_of_given(given: Given, later: str) -> list[Point]:
    """The corners of an arrow from what the user gives."""
    _, top, right, bottom = edges_of(given)
    left, _, _, bottom_2 = edges_of(STAGES[later])
    height, channel = (top + bottom) / 2, right + GAP / 2
    if given.row == STAGES[later].row:
        return [(right, height), (left, height)]
    end = bottom_2 - 24
    return [(right, top + 30), (channel, top + 30), (channel, end), (left, end)]


def draw_picture(edges: set[tuple[str, str]]) -> str:
    """The SVG: boxes of all stages, and an arrow for each edge (earlier, later)."""
    summary = "; ".join(f"{stage.title}: {stage.note}" for stage in STAGES.values())
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" role="img" '
        f'aria-label="{escape(f"Stages of DanceIt and their files. {summary}")}">',
        f"<style>{STYLE}</style>",
        '<defs><marker id="head" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="7.5" markerHeight="7.5" '
        'orient="auto"><path class="head" d="M0 0 10 5 0 10z"/></marker></defs>',
        f'<rect class="page" x="1" y="1" width="{WIDTH - 2}" height="{HEIGHT - 2}" rx="12"/>',
    ]
    ways = [way(*edge) for edge in sorted(edges)]
    ways += [way_of_given(given, later) for given in GIVEN for later in given.feeds]
    lines += [f'<path class="way" d="{_rounded(corners)}" marker-end="url(#head)"/>' for corners in ways]
    lines += [line for given in GIVEN for line in _draw_given(given)]
    lines += [line for name, stage in STAGES.items() for line in _draw_stage(name, stage)]
    foot = (
        "Each box is a stage of the workflow: rules",
        "of Snakemake and the files that they write",
        "below results/.",
    )
    lines += [
        f'<text class="note" x="{MARGIN}" y="{HEIGHT - 84 + 20 * k}">{text}</text>' for k, text in enumerate(foot)
    ]
    return "\n".join([*lines, "</svg>", ""])


def _draw_stage(name: str, stage: Stage) -> Iterator[str]:
    left, top, right, bottom = edges_of(stage)
    yield _rectangle("result" if name == "video" else "box", left, top, right, bottom)
    x, y = left + 12, top + 28
    yield f'<text class="title" x="{x:g}" y="{y:g}">{escape(stage.title)}</text>'
    yield f'<text class="note" x="{x:g}" y="{y + 21:g}">{escape(stage.note)}</text>'
    y += 46
    for file, label in stage.files.items():
        if label:
            yield f'<text class="label" x="{x:g}" y="{y + 8:g}">{escape(label)}</text>'
            y += 28
        for part in _broken(file):
            yield f'<text class="file" x="{x:g}" y="{y:g}">{escape(part)}</text>'
            y += 18
        y += 8 if label else 2


def _draw_given(given: Given) -> Iterator[str]:
    left, top, right, bottom = edges_of(given)
    yield _rectangle("given", left, top, right, bottom)
    x, y = (left + right) / 2, (top + bottom) / 2
    yield f'<text class="chip" text-anchor="middle" x="{x:g}" y="{y - 4:g}">{escape(given.title)}</text>'
    yield f'<text class="note" text-anchor="middle" x="{x:g}" y="{y + 18:g}">{escape(given.note)}</text>'


def _rectangle(kind: str, left: float, top: float, right: float, bottom: float) -> str:
    size = f'width="{right - left:g}" height="{bottom - top:g}"'
    return f'<rect class="{kind}" x="{left:g}" y="{top:g}" {size} rx="{CORNER}"/>'


def _broken(file: str) -> list[str]:
    """A file name on one line, or on two where it is too long for the box."""
    if len(file) * FILE_SIZE * LETTER <= BOX - 20:
        return [file]
    folder, _, name = file.rpartition("/")
    return [f"{folder}/", f"  {name}".replace("  ", "\N{NO-BREAK SPACE}\N{NO-BREAK SPACE}")]


def _rounded(corners: list[Point]) -> str:
    """A path along the corners, which are rounded."""
    path = [f"M{corners[0][0]:g} {corners[0][1]:g}"]
    for before, here, after in zip(corners, corners[1:], corners[2:], strict=False):
        enter, leave = _towards(here, before), _towards(here, after)
        path.append(f"L{enter[0]:g} {enter[1]:g}Q{here[0]:g} {here[1]:g} {leave[0]:g} {leave[1]:g}")
    return "".join([*path, f"L{corners[-1][0]:g} {corners[-1][1]:g}"])


def _towards(here: Point, there: Point) -> Point:
    """The point CORNER pixels from here on the way there, which runs along an axis."""
    step = [max(-CORNER, min(CORNER, b - a)) for a, b in zip(here, there, strict=True)]
    return here[0] + step[0], here[1] + step[1]


def ask_workflow() -> str:
    """The graph of a run of the demo, in DOT. Raises CalledProcessError where Snakemake ends with an error."""
    command = [
        sys.executable,
        "-m",
        "snakemake",
        "--cores",
        "1",
        "--filegraph",
        "--",
        *(f"results/{t}" for t in TARGETS),
    ]
    return subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout


if __name__ == "__main__":
    PICTURE.write_text(draw_picture(stage_edges(read_workflow(ask_workflow()))), encoding="utf-8")
