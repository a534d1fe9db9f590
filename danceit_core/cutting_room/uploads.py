"""Files that a page adds to the project: streamed to the disk, checked by the code of `new_project`, put in its tables.

They land in PROJECT/uploads/{videos,songs,persons}/ under a name of our own, made of letters, digits, - and _ of theirs
and one of the extensions below. What is refused, broken off or left by a server that was killed is removed.
"""

import asyncio
import contextlib
import os
import secrets
import shutil
import threading
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any, BinaryIO

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from danceit_core.cutting_room.lines import locked
from danceit_core.errors import DanceItError
from danceit_core.files import is_alive
from danceit_core.input_tables import RESERVED, TAKEN
from danceit_core.new_project import KINDS, add_files, make_id, printable
from danceit_core.place import Place
from danceit_core.tsv import read_cells
from danceit_core.web.answers import one_of

# What each kind of file is called in new_project's tables.
TABLE_OF = {"videos": "videos", "songs": "songs", "persons": "targets"}
FILMS = (
    ".3gp", ".avi", ".flv", ".gif", ".m2ts", ".m4v", ".mkv", ".mov", ".mp4", ".mpeg", ".mpg", ".mts", ".ogv", ".ts",
    ".webm", ".webp", ".wmv",
)  # fmt: skip
SOUNDS = (".aac", ".aif", ".aiff", ".flac", ".m4a", ".mp3", ".oga", ".ogg", ".opus", ".wav", ".wma")
PHOTOGRAPHS = (".avif", ".heic", ".heif", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp")
EXTENSIONS = {"videos": FILMS, "songs": (*SOUNDS, *FILMS), "persons": tuple(dict.fromkeys((*FILMS, *PHOTOGRAPHS)))}
# Bytes of one file, and what stays free on the disk for the runs.
LARGEST, KEPT_FREE = 8 * 10**9, 2 * 10**9
MOST_AT_ONCE = 4
# A page that sends nothing for so long has gone, seconds; a whole file may take so long.
LONGEST_SILENCE_S, LONGEST_S = 30.0, 4 * 3600.0
WRITTEN_AT_ONCE = 2**20
# What a refused upload may still send, bytes, and how long.
MOST_DRAINED, LONGEST_DRAIN_S = 64 * 2**20, 5.0
PART = ".upload-"
NO_DEMO = (
    "the demo takes no files; create a project of your own with `danceit new my` in a terminal, open it with "
    "`danceit open my`, and add them there"
)


class Uploads:
    """Takes files for one project."""

    def __init__(self, place: Place) -> None:
        self._place, self._at_once, self._adding = place, 0, threading.Lock()
        if place.folder is not None:
            remove_leftovers(place.folder / "uploads")

    def routes(self) -> list[Route]:
        """Where a file is sent to."""
        return [Route("/api/uploads", self.upload, methods=["POST"])]

    async def upload(self, request: Request) -> Response:
        """Take one file, whose bytes are the body. Query: kind, name (the file's own), consent=yes for a person."""
        try:
            return JSONResponse(await self._upload(request))
        except HTTPException:
            # A browser that is still sending would take the end of the connection for the answer.
            await drain(request)
            raise

    async def _upload(self, request: Request) -> dict[str, Any]:
        if fault := fault_of_place(self._place):
            raise HTTPException(403, fault)
        kind = one_of(request.query_params.get("kind"), TABLE_OF, what="kind of file")
        stem, extension = split_name(request.query_params.get("name", ""), kind)
        if kind == "persons" and request.query_params.get("consent") != "yes":
            raise HTTPException(400, "confirm that this person has agreed to be shown dancing")
        size = size_of(request)
        folder = await run_in_threadpool(self._folder_for, kind, size)
        if self._at_once >= MOST_AT_ONCE:
            raise HTTPException(429, "other files are on their way; send this one when they are there")
        self._at_once += 1
        part = folder / f"{PART}{os.getpid()}-{secrets.token_hex(8)}{extension}"
        try:
            with open_new(part) as file:
                await write(file, arriving(request), size=size)
            return await run_in_threadpool(self._take, part, kind, stem, extension)
        except OSError as error:
            raise HTTPException(507, f"the file cannot be stored: {error.strerror or error}") from None
        finally:
            part.unlink(missing_ok=True)
            self._at_once -= 1

    def _folder_for(self, kind: str, size: int) -> Path:
        """The folder of a kind of files, made where there is none. Raises HTTPException where it must not be used."""
        assert self._place.folder is not None
        root = self._place.folder.resolve()
        folder = root / "uploads" / kind
        try:
            folder.mkdir(parents=True, exist_ok=True)
            free = shutil.disk_usage(folder).free
        except OSError as error:
            raise HTTPException(507, f"{folder} cannot be used: {error.strerror or error}") from None
        if folder.resolve() != folder:
            raise HTTPException(403, f"{folder} leads out of the project by a link; replace it by a folder")
        if free < size + KEPT_FREE:
            raise HTTPException(
                507, f"the disk has {free / 1e9:.1f} GB free; {KEPT_FREE / 1e9:g} GB stay free for the runs"
            )
        return folder

    def _take(self, part: Path, kind: str, stem: str, extension: str) -> dict[str, Any]:
        """Check a file that has arrived, give it its name and put it into its table; what the table calls it."""
        if fault := KINDS[TABLE_OF[kind]].fault(part):
            raise HTTPException(422, printable(" ".join(fault.replace(str(part), "the file").split())))
        assert self._place.folder is not None
        with self._adding, contextlib.ExitStack() as locks:
            for table in sorted(self._place.tables.values()):
                locks.enter_context(locked(table))
            taken = RESERVED | TAKEN | {path.stem.casefold() for path in part.parent.iterdir()}
            path = part.with_name(make_id(stem, taken, otherwise=kind.removesuffix("s")) + extension)
            part.rename(path)
            given: Any = {kind: [path]}
            try:
                add_files(self._place.folder, consent=kind == "persons", **given)
                return {
                    "kind": kind,
                    "id": id_of(self._place.tables[TABLE_OF[kind]], KINDS[TABLE_OF[kind]].columns[0], path),
                }
            except DanceItError as error:
                path.unlink(missing_ok=True)
                raise HTTPException(422, printable(" ".join(str(error).split()))) from None
            except BaseException:
                path.unlink(missing_ok=True)
                raise


def fault_of_place(place: Place) -> str:
    """Why a project takes no files, "" where it does."""
    if place.folder is None:
        return NO_DEMO
    other = [str(place.tables[name]) for name in KINDS if place.tables[name] != place.folder / f"{name}.tsv"]
    return f"this project's tables are elsewhere ({other[0]}); write the files into them" if other else ""


def split_name(name: str, kind: str) -> tuple[str, str]:
    """A file's name without its extension, and that in small letters. Raises HTTPException 415 for one not taken."""
    stem, dot, extension = name.rpartition(".")
    extension = f"{dot}{extension}".lower()
    if extension not in EXTENSIONS[kind]:
        listed = ", ".join(known.removeprefix(".") for known in EXTENSIONS[kind])
        raise HTTPException(415, f"its name does not end with one of {listed}")
    return stem, extension


def size_of(request: Request) -> int:
    """The bytes that a request says it brings. Raises HTTPException 411 or 413."""
    length = request.headers.get("content-length", "")
    if not length.isdecimal() or len(length) > 15:
        raise HTTPException(411, "the size of the file is missing")
    if int(length) > LARGEST:
        raise HTTPException(413, f"larger than {LARGEST / 1e9:g} GB", {"connection": "close"})
    return int(length)


async def arriving(request: Request) -> AsyncIterator[bytes]:
    """The pieces of the body. Raises HTTPException 408 where they stop coming, 400 where the page goes away."""
    pieces, end_s = aiter(request.stream()), asyncio.get_running_loop().time() + LONGEST_S
    while True:
        try:
            yield await asyncio.wait_for(anext(pieces), LONGEST_SILENCE_S)
        except StopAsyncIteration:
            return
        except ClientDisconnect:
            raise HTTPException(400, "the upload was broken off") from None
        except TimeoutError:
            raise HTTPException(408, "the upload came to a standstill", {"connection": "close"}) from None
        if asyncio.get_running_loop().time() > end_s:
            raise HTTPException(408, "the upload takes too long", {"connection": "close"})


async def drain(request: Request) -> None:
    """Let what is left of a refused body come in, if it is not much and comes soon."""
    with contextlib.suppress(Exception):
        async with asyncio.timeout(LONGEST_DRAIN_S):
            total = 0
            async for piece in request.stream():
                total += len(piece)
                if total > MOST_DRAINED:
                    return


async def write(file: BinaryIO, pieces: AsyncIterator[bytes], *, size: int) -> None:
    """Write what arrives. Raises HTTPException where it is not `size` bytes, or fills the disk."""
    waiting, total = bytearray(), 0
    async for piece in pieces:
        waiting += piece
        total += len(piece)
        if total > size:
            break
        if len(waiting) >= WRITTEN_AT_ONCE:
            await run_in_threadpool(file.write, bytes(waiting))
            waiting.clear()
            if shutil.disk_usage(file.name).free < KEPT_FREE:
                raise HTTPException(507, f"the disk has less than {KEPT_FREE / 1e9:g} GB left", {"connection": "close"})
    if total != size:
        raise HTTPException(400, "the upload was broken off")
    await run_in_threadpool(file.write, bytes(waiting))


@contextlib.contextmanager
def open_new(path: Path) -> Iterator[BinaryIO]:
    """A new file to write to, which was not there before; on the disk at the end."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o644)
    with os.fdopen(descriptor, "wb") as file:
        yield file
        file.flush()
        os.fsync(file.fileno())


def id_of(table: Path, key: str, path: Path) -> str:
    """What a table calls a file: column `key` of the last row with that path."""
    header, *rows = [cells for _, cells in read_cells(table, remedy="create it")]
    named = [dict(zip(header, cells, strict=False)) for cells in rows]
    return next((row[key] for row in reversed(named) if row.get("path") == str(path)), path.stem)


def remove_leftovers(folder: Path) -> None:
    """Remove what uploads to servers that are no more have left."""
    for kind in TABLE_OF:
        for path in (folder / kind).glob(f"{PART}*"):
            number = path.name.removeprefix(PART).partition("-")[0]
            with contextlib.suppress(OSError):
                if number.isdecimal() and not is_alive(int(number)):
                    path.unlink()
