"""What a listener corrects of a song: its start and end, tempo and meter (cells of songs.tsv), and its beats.

Beats go into a file of our own beside the table, `beats/{song}.beats`, in seconds of the song's whole file, and column
`beats` names it. The table is checked as a run would check it before it is replaced.
"""

import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from danceit_core.cutting_room.lines import Line, TableText, locked, make_line, read_lines, token_of, write_lines
from danceit_core.cutting_room.loaded import project_of
from danceit_core.cutting_room.song import CELLS
from danceit_core.cutting_room.song_beats import beats_of_file, is_stale, mark_stale
from danceit_core.errors import ConfigError, DanceItError, MusicError
from danceit_core.music import taps
from danceit_core.music.beat_files import write_beats
from danceit_core.music.table import Beats, read_music_table
from danceit_core.place import Place
from danceit_core.web.answers import number, one_of, read_json

CORRECTED = ("start_s", "end_s", "tempo_bpm", "meter")
ACTIONS = ("taps", "double", "halve", "shift", "first", "clear")
MOST_TAPS = 2000
LONGEST_S = 86_400.0
# Beats after a song's end are left out when it is analysed.
UNKNOWN_S = 7200.0


class ChangedError(ConfigError):
    """The table of songs is not as the token says; nothing was written."""


class Corrections:
    """Answers for one project."""

    def __init__(self, place: Place) -> None:
        self._place = place

    def routes(self) -> list[Route]:
        """What the song's page asks for."""
        return [
            Route("/api/songs/{song}/correct", self.correct, methods=["POST"]),
            Route("/api/songs/{song}/beats", self.beats, methods=["POST"]),
        ]

    async def correct(self, request: Request) -> Response:
        """Write cells of the song's row; an empty one empties it."""
        values = await read_json(request, ("token", "cells"))
        cells = values["cells"]
        if not isinstance(cells, dict) or not set(cells) <= set(CORRECTED):
            raise HTTPException(400, f"cells is an object with some of the keys {', '.join(CORRECTED)}")
        texts = {column: _cell(column, value) for column, value in cells.items()}
        return await run_in_threadpool(self._answer, request.path_params["song"], values["token"], texts)

    async def beats(self, request: Request) -> Response:
        """Change the song's beats; times are seconds of the excerpt, as the page plays it."""
        values = await _read_action(request)
        action = one_of(values["action"], ACTIONS, what="action")
        given: list[float] = []
        if action == "taps":
            tapped = values.get("taps_s")
            if not isinstance(tapped, list) or len(tapped) > MOST_TAPS:
                raise HTTPException(400, f"taps_s is a list of at most {MOST_TAPS} seconds")
            given = [number(tap, most=LONGEST_S) for tap in tapped]
        elif action in ("shift", "first"):
            given = [number(values.get("seconds"), least=-LONGEST_S, most=LONGEST_S)]
        return await run_in_threadpool(
            self._answer, request.path_params["song"], values["token"], {}, action=action, given=given
        )

    def _answer(
        self, song: str, token: Any, cells: Mapping[str, str], *, action: str = "", given: Sequence[float] = ()
    ) -> Response:
        project = project_of(self._place)
        one_of(song, project.songs.index, what="song", status=404)
        try:
            with locked(self._place.tables["songs"]):
                table = read_lines(self._place.tables["songs"])
                if token != table.token:
                    raise ChangedError(
                        f"{self._place.tables['songs']} was changed meanwhile; nothing was written: look at it and try "
                        "again"
                    )
                if action:
                    made = None if action == "clear" else self._corrected(song, action, given)
                    self._write_beats(table, song, made)
                else:
                    self._write_cells(table, song, cells)
                    if cells.keys() & {"start_s", "end_s"}:
                        mark_stale(self._place, song)
        except ChangedError as error:
            return JSONResponse({"error": str(error), "token": token_of(self._place.tables["songs"])}, 409)
        except DanceItError as error:
            raise HTTPException(400, " ".join(str(error).split())) from None
        row = project_of(self._place).songs.loc[song]
        told = {column: str(row[column]) for column in CELLS}
        return JSONResponse({"token": token_of(self._place.tables["songs"]), "table": told})

    def _corrected(self, song: str, action: str, given: Sequence[float]) -> Beats:
        """The song's beats after an action, in seconds of its file."""
        row = project_of(self._place).songs.loc[song]
        start_s, meter = float(row["start_s"] or 0), int(row["meter"] or 0)
        if action == "taps":
            return taps.tapped_beats(
                [start_s + tap for tap in given], end_s=self._end_s(song, row, start_s), meter=meter
            )
        beats = beats_of_file(self._place, song)
        if beats is None:
            raise MusicError(f"{song} has no beats yet; make its preview, or tap along")
        if action == "double":
            return taps.doubled(beats)
        if action == "halve":
            return taps.halved(beats)
        if action == "shift":
            return taps.shifted(beats, given[0])
        return taps.counted_from(beats, start_s + given[0], meter=meter)

    def _end_s(self, song: str, row: Any, start_s: float) -> float:
        """Where the song's excerpt ends in its file; of one that is not analysed yet so late that it has ended."""
        if row["end_s"]:
            return float(row["end_s"])
        analysed = self._place.music(song)
        known = analysed.is_file() and not is_stale(self._place, song)
        return start_s + (read_music_table(analysed).duration_s if known else UNKNOWN_S)

    def _write_beats(self, table: TableText, song: str, beats: Beats | None) -> None:
        """Write a song's file of beats and name it in the table; None: take its name out. All of it or nothing."""
        path = self._place.tables["songs"].parent / "beats" / f"{song}.beats"
        if beats is None:
            self._write_cells(table, song, {"beats": ""})
            path.unlink(missing_ok=True)
            mark_stale(self._place, song)
            return
        before = path.read_bytes() if path.is_file() else None
        write_beats(path, beats)
        try:
            named = path.relative_to(self._place.workflow) if path.is_relative_to(self._place.workflow) else path
            self._write_cells(table, song, {"beats": str(named)})
        except DanceItError:
            with contextlib.suppress(OSError):
                path.unlink() if before is None else path.write_bytes(before)
            raise

    def _write_cells(self, table: TableText, song: str, cells: Mapping[str, str]) -> None:
        path = self._place.tables["songs"]
        lines = with_cells(table, song, cells, path=path)
        if lines != list(table.lines):
            write_lines(path, lines, like=table, check=self._check)

    def _check(self, songs: Path) -> None:
        """Read the project with another table of songs as a run would."""
        replace(self._place, tables={**self._place.tables, "songs": songs}).load()


def with_cells(table: TableText, row_id: str, cells: Mapping[str, str], *, path: Path) -> list[Line]:
    """The lines of a table with other cells in one row; a column that is missing is added at the end of the header.

    Raises ConfigError where the table has no such row. path: of the table, for the message.
    """
    lines = list(table.lines)
    if table.header < 0:
        raise ConfigError(f"{path}: the table is empty; its first line holds the column names")
    header = list(lines[table.header].cells)
    while header and not header[-1]:
        header.pop()
    missing = [column for column, cell in cells.items() if column not in header and cell]
    if missing:
        header += missing
        lines[table.header] = make_line(header, end=_end(lines[table.header], table))
    key = lines[table.header].cells[0]
    for number_, line in enumerate(lines):
        if number_ > table.header and line.is_row and line.cells[0] == row_id:
            values = {header.index(column): cell for column, cell in cells.items() if column in header}
            changed = {k: cell for k, cell in values.items() if (line.cells[k] if k < len(line.cells) else "") != cell}
            lines[number_] = line.with_cells(changed) if changed else line
            return lines
    raise ConfigError(f"{path}: no row has the {key} {row_id!r} (any more); load the page again")


def _end(line: Line, table: TableText) -> str:
    return table.line_end if line.text.endswith(("\n", "\r")) else ""


def _cell(column: str, value: Any) -> str:
    """A cell of what a page sends: a number of 0 or more, or nothing."""
    if value is None or value == "":
        return ""
    read = number(value, most=LONGEST_S)
    if column == "meter" and read % 1:
        raise HTTPException(400, f"meter is a whole number of beats, not {read:g}")
    return f"{read:.3f}".rstrip("0").rstrip(".")


async def _read_action(request: Request) -> dict[str, Any]:
    """The object of a request about beats: token and action, and what the action needs."""
    for keys in (("token", "action"), ("token", "action", "taps_s"), ("token", "action", "seconds")):
        try:
            return await read_json(request, keys)
        except HTTPException as error:
            fault = error
    raise fault
