"""The start page: what a project holds and what has been made of it, and the report.

The tables are read leniently here, so that a project without any row, or with a fault in one, is shown all the same.
"""

import csv
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from danceit_core.config import TemporalSettings
from danceit_core.cutting_room import PAGES
from danceit_core.cutting_room.commands import DRAFT, PREVIEW, VIDEO, report_file, scores_file
from danceit_core.cutting_room.edits import edited
from danceit_core.cutting_room.loaded import project_of, stamp
from danceit_core.cutting_room.runs import DONE, FAILED, QUEUED, RUNNING, Run, Runs
from danceit_core.cutting_room.uploads import EXTENSIONS, LARGEST, fault_of_place
from danceit_core.errors import DanceItError
from danceit_core.media.photograph_kind import is_photograph
from danceit_core.place import Place
from danceit_core.tables import DAMAGE, read_metadata
from danceit_core.tsv import read_cells
from danceit_core.web.answers import one_of, serve_file
from danceit_core.web.pages import page

NONE = "none"
KEYS = {"videos": "video", "songs": "song", "targets": "target"}
FOLDERS = {PREVIEW: "preview", DRAFT: "draft", VIDEO: "videos"}
# The report is a page of Snakemake's own with scripts inside: it runs apart from this server, whose answers it cannot
# read, and may load nothing.
REPORT_POLICY = (
    "sandbox allow-scripts allow-downloads allow-popups; default-src 'none'; script-src 'unsafe-inline' 'unsafe-eval' "
    "data: blob:; style-src 'unsafe-inline' data:; img-src data: blob:; media-src data: blob:; font-src data:; "
    "connect-src data: blob:; frame-src data: blob:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


class Start:
    """Answers for one project. runs: whose states the cells show."""

    def __init__(self, place: Place, runs: Runs) -> None:
        self._place, self._runs = place, runs
        self._kept: dict[Path, tuple[Any, Any]] = {}

    def routes(self) -> list[Route]:
        """The page, what it shows, the page of a song, the report."""
        return [
            Route("/", page(PAGES, "start.html", lambda: {"name": self._place.name}), methods=["GET"]),
            Route("/songs/{song}", self.song, methods=["GET"]),
            Route("/api/project", self.project, methods=["GET"]),
            Route("/report.html", self.report, methods=["GET"]),
        ]

    def song(self, request: Request) -> Response:
        """The page of a song; its scripts read the song from the address."""
        songs = [row["song"] for row in rows_of(self._place.tables["songs"], "song")]
        one_of(request.path_params["song"], songs, what="song", status=404)
        return HTMLResponse((PAGES / "song.html").read_text(encoding="utf-8"))

    def report(self, request: Request) -> Response:
        """The report, as it was last written."""
        response = serve_file(report_file(self._place), media_type="text/html")
        response.headers["content-security-policy"] = REPORT_POLICY
        return response

    async def project(self, request: Request) -> Response:
        """All of the start page as JSON."""
        runs = latest(self._runs.all())
        return JSONResponse(await run_in_threadpool(self._project, runs))

    def _project(self, runs: Mapping[tuple[str, str], Run]) -> dict[str, Any]:
        place = self._place
        rows = {name: rows_of(place.tables[name], key) for name, key in KEYS.items()}
        songs, persons = [row["song"] for row in rows["songs"]], [row["target"] for row in rows["targets"]]
        empty = [name for name, found in rows.items() if not found]
        report = report_file(place)
        return {
            "name": place.name,
            "folder": str(place.folder or ""),
            # A table without a row is no fault to be told: the page asks for files instead.
            "fault": "" if empty else self._fault(),
            "persons": [
                {
                    "person": row["target"],
                    "consent": row.get("consent", "").lower() == "yes",
                    "photograph": is_photograph(place.workflow / row.get("path", "")),
                }
                for row in rows["targets"]
            ],
            "songs": [
                {"song": row["song"], "duration_s": self._duration_s(row["song"]), "style": row.get("style", "")}
                for row in rows["songs"]
            ],
            "videos": {"count": len(rows["videos"]), "refused": self._refused()},
            "cells": self._cells(songs, persons, runs),
            "report": self._report(report, runs.get(("", ""))),
            "uploads": {
                "fault": fault_of_place(place),
                "extensions": {kind: list(known) for kind, known in EXTENSIONS.items()},
                "largest": LARGEST,
            },
        }

    def _fault(self) -> str:
        try:
            project_of(self._place)
        except DanceItError as error:
            return " ".join(str(error).split())
        return ""

    def _cells(self, songs: list[str], persons: list[str], runs: Mapping[tuple[str, str], Run]) -> list[dict[str, Any]]:
        edited_songs = {song: self._edited(song) for song in songs}
        cells = []
        for person in persons:
            # One listing of each folder instead of a look for every file.
            made = {kind: names_in(self._place.results / name / person) for kind, name in FOLDERS.items()}
            scored = names_in(self._place.results / "evaluation" / person)
            for song in songs:
                file, run = f"{song}.mp4", runs.get((person, song))
                found = {
                    kind: f"/dances/{person}/{song}/{kind}.mp4" if file in names else None
                    for kind, names in made.items()
                }
                cells.append(
                    {
                        "person": person,
                        "song": song,
                        "state": state_of(run, any(found.values())),
                        "line": run.line if run is not None and run.state == FAILED else "",
                        "made": found,
                        "scores": self._scores(person, song) if f"{song}.json" in scored else None,
                        "edited": edited_songs[song] and any(found.values()),
                    }
                )
        return cells

    def _report(self, path: Path, run: Run | None) -> dict[str, Any]:
        made = path.is_file()
        line = run.line if run is not None and run.state == FAILED else ""
        return {"address": "/report.html" if made else None, "state": state_of(run, made), "line": line}

    def _scores(self, person: str, song: str) -> dict[str, Any] | None:
        path = scores_file(self._place, person, song)
        return self._keep(path, stamp(path), lambda: read_scores(path, kind=self._beat_kind()))

    def _beat_kind(self) -> str:
        section = self._place.values.get("temporal_alignment") or {}
        return str(section.get("beat_kind") or TemporalSettings().beat_kind)

    def _duration_s(self, song: str) -> float | None:
        path = self._place.music(song)
        return self._keep(path, stamp(path), lambda: read_duration(path))

    def _refused(self) -> int:
        path = self._place.results / "database" / "statistics.tsv"
        return self._keep(path, stamp(path), lambda: count_refused(path))

    def _edited(self, song: str) -> bool:
        """Whether a song's edits are not in its dances yet."""
        plan = self._place.plan(song)

        def look() -> bool:
            try:
                return edited(self._place, song)
            except DanceItError:
                return False

        return self._keep(plan, (stamp(plan), stamp(self._place.tables["edits"])), look)

    def _keep(self, path: Path, state: Any, read: Any) -> Any:
        """What `read` gives, read again only when the state of the file is another."""
        kept = self._kept.get(path)
        if kept is None or kept[0] != state:
            self._kept[path] = kept = (state, read())
        return kept[1]


def latest(runs: list[Run]) -> dict[tuple[str, str], Run]:
    """Of each person and song the run that counts: one that is going on or waits, else the last one."""
    found: dict[tuple[str, str], Run] = {}
    for run in runs:
        before = found.get((run.person, run.song))
        if before is None or before.state not in (RUNNING, QUEUED) or run.state == RUNNING:
            found[run.person, run.song] = run
    return found


def state_of(run: Run | None, made: bool) -> str:
    """The state of a cell."""
    if run is not None and run.state in (QUEUED, RUNNING, FAILED):
        return run.state
    return DONE if made else NONE


def rows_of(table: Path, key: str) -> list[dict[str, str]]:
    """The rows of a table that have an ID (column `key`), by their columns; none where it cannot be read."""
    try:
        lines = [cells for _, cells in read_cells(table, remedy="create it")]
    except DanceItError:
        return []
    if not lines:
        return []
    named = [dict.fromkeys(lines[0], "") | dict(zip(lines[0], cells, strict=False)) for cells in lines[1:]]
    return [row for row in named if row.get(key)]


def names_in(folder: Path) -> frozenset[str]:
    """The names in a folder, none where there is no such folder."""
    try:
        with os.scandir(folder) as entries:
            return frozenset(entry.name for entry in entries)
    except OSError:
        return frozenset()


def read_scores(path: Path, *, kind: str) -> dict[str, Any] | None:
    """The scores that the start page shows: beats met within a frame, joints found again, both 0..1; None without.

    kind: the dance's beats that are meant to meet the music's (`temporal_alignment.beat_kind`).
    """
    try:
        scores = json.loads(path.read_text(encoding="utf-8"))
        return {"s_ba": scores["beats"].get(f"s_ba_{kind}_1"), "pck": scores["pose"].get("pck")}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def read_duration(path: Path) -> float | None:
    """The seconds of an analysed song, None before it is analysed."""
    try:
        return float(read_metadata(path)[0]["duration_s"])
    except (FileNotFoundError, *DAMAGE):
        return None


def count_refused(path: Path) -> int:
    """How many dances cannot be used, by the table of statistics; 0 before there is one."""
    try:
        with path.open(encoding="utf-8", newline="") as file:
            return sum(bool(row.get("refused")) for row in csv.DictReader(file, delimiter="\t"))
    except OSError:
        return 0
