"""Convert any video to its frame store and source report, in one pass and constant memory (paper III-A, III-B).

Each picture is decoded, letterboxed, checked for a camera cut and encoded; only the bytes of the file are read twice,
for their hash. A dance that cannot be used must not stop the others: with `tolerant` its store is one black frame, and
the report's `refused` says why.
"""

import dataclasses
import hashlib
import itertools
import json
import logging
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from danceit_core.config import VideoSettings
from danceit_core.errors import MediaError
from danceit_core.files import write_text
from danceit_core.isolated import in_child
from danceit_core.media.bars import words_of_bars
from danceit_core.media.decode import VideoInfo, decode_stills, probe
from danceit_core.media.letterbox import Letterbox, letterbox, store_size
from danceit_core.media.part import SHORTEST_S, WHOLE, Box, Size, SourcePart, check_crop
from danceit_core.media.photograph import read_photograph
from danceit_core.media.photograph_kind import is_photograph, kind_of_photograph
from danceit_core.media.samples import find_bars
from danceit_core.media.shots import Placement, Shots
from danceit_core.media.video import STORE_GOP, VideoWriter

log = logging.getLogger(__name__)

REMEDY_SHORT = "leave it out of the table, or copy it again if it should be longer"
REMEDY_PART = "correct its columns start_s and end_s"
# x264's quality for a photograph's only frame: no other frame would show the details that it loses.
PHOTOGRAPH_CRF = 4


@dataclass(frozen=True)
class SourceReport:
    """Properties of a source video and of the frame store made from it.

    path, sha256 (hexadecimal), bytes: those of the source file. width, height: pixels as shown (upright, square
    pixels); fps: its average rate; duration_s: according to its container, or of the store where recordings were
    joined; codec: of the picture; has_sound; interlaced: all of the source. frames: number in the store. letterbox:
    (scale, offset_x, offset_y), frame = source * scale + offset in pixels. cuts: the frames of the store at which a new
    shot begins: at a camera cut, a joined recording or a change of shape. refused: why it cannot be used, "" if it can;
    a refused source has a store of one black frame, and unknown values are 0 or empty. rotate: clockwise rotation of
    the pictures in degrees, in addition to the file's own flag. geometries: the placement of the pictures and the frame
    from which it applies, empty in older reports (see `placements`); width, height and letterbox are those of the
    first. crop: the part (left, top, width, height) of the first picture that is used, None for all of it; bars:
    whether the crop was found from dark bars, not chosen by the user. start_s, end_s: the time range that the user
    chose, end_s None for the end. size: width and height of the store, (0, 0) in older reports. still: whether it is a
    photograph; the store then has one frame.
    """

    path: str
    sha256: str
    bytes: int
    width: int
    height: int
    fps: float
    duration_s: float
    codec: str
    has_sound: bool
    interlaced: bool
    frames: int
    letterbox: tuple[float, float, float]
    cuts: tuple[int, ...]
    refused: str
    rotate: int = 0
    geometries: tuple[Placement, ...] = ()
    crop: Box | None = None
    bars: bool = False
    start_s: float = 0.0
    end_s: float | None = None
    size: Size = (0, 0)
    still: bool = False

    @property
    def placements(self) -> tuple[Placement, ...]:
        """The geometries, at least one."""
        return self.geometries or (Placement(0, self.width, self.height, self.letterbox, self.crop),)


def ingest_video(
    source: str | Path,
    frames_path: str | Path,
    *,
    settings: VideoSettings,
    long_side: int | None = None,
    square: bool = False,
    tolerant: bool,
    rotate: int = 0,
    part: SourcePart = WHOLE,
) -> SourceReport:
    """Write the frame store of `source` (without sound) to `frames_path`; a truncated file gives what it still holds.

    A photograph of a target (not `tolerant`) gives a store of one frame; a photograph cannot be used as a dance.

    The store's pictures have the shape of the first picture, with a longer side of at most long_side pixels
    (`letterbox.store_size`); None means that of dances (settings.size). square: letterbox them into a square of that
    side instead. part: the part of the picture and the time range to use; constant dark bars of a whole picture are cut
    off (unless settings.keep_bars).

    Decoding runs in a child process, so a source that crashes the decoder counts as unusable. rotate: clockwise
    rotation in degrees, a multiple of 90, in addition to the file's own flag. tolerant: an unusable source gives a
    black frame and a report that says why; otherwise it raises MediaError. A store that cannot be written always raises
    MediaError.
    """
    side = settings.size if long_side is None else long_side
    how: dict[str, Any] = {"settings": settings, "long_side": side, "square": square, "rotate": rotate, "part": part}
    try:
        if is_photograph(source):
            if tolerant:
                raise MediaError(
                    f"{source} is a photograph, but a dance to learn from must be a video: leave it out of the table"
                )
            return in_child(lambda: _ingest_photograph(source, frames_path, **how), reading=source)
        return in_child(lambda: _ingest(source, frames_path, **how), reading=source)
    except MediaError as error:
        if not tolerant:
            raise
        refused = str(error)
    log.warning("left out: %s", refused)
    side = max(2, side // 2 * 2)
    with VideoWriter(frames_path, fps=settings.fps, size=(side, side), crf=settings.crf, gop=STORE_GOP) as writer:
        writer.write(np.zeros((side, side, 3), np.uint8))
    sha256, length = _hash(source)
    return SourceReport(
        str(source), sha256, length, 0, 0, 0.0, 0.0, "", False, False, 1, (1.0, 0.0, 0.0), (), refused, rotate,
        crop=part.crop, start_s=part.start_s, end_s=part.end_s, size=(side, side),
    )  # fmt: skip


def write_report(path: str | Path, report: SourceReport) -> None:
    """Write a report atomically as JSON."""
    write_text(path, json.dumps(dataclasses.asdict(report), indent=1) + "\n")


def read_report(path: str | Path) -> SourceReport:
    """Read what `write_report` wrote. Raises MediaError when the file is not a source report."""
    try:
        values = json.loads(Path(path).read_text(encoding="utf-8"))
        # Older reports have no geometries.
        geometries = tuple(Placement(**_with_tuples(placement)) for placement in values.get("geometries", ()))
        return SourceReport(**{**_with_tuples(values), "geometries": geometries})
    except FileNotFoundError:
        raise MediaError(f"{path}: no such source report; run the rule normalise_video") from None
    except (ValueError, TypeError, KeyError) as error:
        raise MediaError(f"{path} is not a source report ({error}); delete it and run again") from error


def _with_tuples(values: dict[str, Any]) -> dict[str, Any]:
    return {key: tuple(value) if isinstance(value, list) else value for key, value in values.items()}


def _ingest(
    source: str | Path,
    frames_path: str | Path,
    *,
    settings: VideoSettings,
    long_side: int,
    square: bool,
    rotate: int,
    part: SourcePart,
) -> SourceReport:
    info = probe(source, rotate=rotate)
    if not info.has_video:
        raise MediaError(f"{source} has no picture; name a video")
    bars = None if settings.keep_bars else find_bars(source, duration_s=info.duration_s, rotate=rotate, part=part)
    part = part if bars is None else replace(part, crop=bars)

    def size_of(shown: Size) -> Size:
        return (long_side, long_side) if square else store_size(shown, long_side=long_side)

    stills = decode_stills(source, fps=settings.fps, size=size_of, rotate=rotate, part=part)
    first = next(stills)
    size = first.picture.shape[1], first.picture.shape[0]
    shots = Shots(source, size=size, settings=settings)
    with VideoWriter(frames_path, fps=settings.fps, size=size, crf=settings.crf, gop=STORE_GOP) as writer:
        for still in itertools.chain([first], stills):
            writer.write(still.picture)
            shots.add(still)
        held_s = writer.frames / settings.fps
        if held_s < SHORTEST_S:
            raise MediaError(
                f"{source} shows {held_s:.2f} s of pictures, less than the shortest fragment ({SHORTEST_S:g} s); "
                + (REMEDY_PART if part.start_s or part.end_s else REMEDY_SHORT)
            )
    cuts = shots.finish()
    # If the clock jumps, the container's duration is that of one part, or of the jump.
    info = replace(info, duration_s=part.start_s + held_s) if shots.joined else info
    _warn(source, info, held_s=held_s, part=part)
    if bars is not None:
        log.warning("%s: %s", source, words_of_bars(bars, first.size))
    if changes := shots.geometries[1:]:
        times = ", ".join(f"{placement.frame / settings.fps:.1f}" for placement in changes[:5])
        log.warning(
            "%s: the size of its picture changes (at %s s); each part is fitted into the frame separately",
            source,
            times + (", ..." if len(changes) > 5 else ""),
        )
    sha256, length = _hash(source)
    return SourceReport(
        path=str(source),
        sha256=sha256,
        bytes=length,
        width=first.size[0],
        height=first.size[1],
        fps=info.fps,
        duration_s=info.duration_s,
        codec=info.codec,
        has_sound=info.has_sound,
        interlaced=info.interlaced,
        frames=writer.frames,
        letterbox=shots.geometries[0].letterbox,
        cuts=cuts,
        refused="",
        rotate=rotate,
        geometries=tuple(shots.geometries),
        crop=part.crop,
        bars=bars is not None,
        start_s=part.start_s,
        end_s=part.end_s,
        size=size,
    )


def _ingest_photograph(
    source: str | Path,
    frames_path: str | Path,
    *,
    settings: VideoSettings,
    long_side: int,
    square: bool,
    rotate: int,
    part: SourcePart,
) -> SourceReport:
    """Write the store of one frame. Dark bars stay, as one picture cannot distinguish them from a dark room."""
    picture = read_photograph(source, rotate=rotate)
    whole = picture.shape[1], picture.shape[0]
    if part.crop is not None:
        check_crop(part.crop, whole, source=source)
        left, top, width, height = part.crop
        picture = picture[top : top + height, left : left + width]
    shown = picture.shape[1], picture.shape[0]
    size = (long_side, long_side) if square else store_size(shown, long_side=long_side)
    place = Letterbox.fit(whole, size, crop=part.crop)
    lies = (place.scale, place.offset_x, place.offset_y)
    crf = min(settings.crf, PHOTOGRAPH_CRF)
    with VideoWriter(frames_path, fps=settings.fps, size=size, crf=crf, gop=STORE_GOP) as writer:
        writer.write(letterbox(picture, source=shown, size=size))
    sha256, length = _hash(source)
    return SourceReport(
        str(source), sha256, length, *whole, settings.fps, 0.0, kind_of_photograph(source).lower(), has_sound=False,
        interlaced=False, frames=1, letterbox=lies, cuts=(), refused="", rotate=rotate,
        geometries=(Placement(0, *whole, lies, part.crop),), crop=part.crop, size=size, still=True,
    )  # fmt: skip


def _warn(source: str | Path, info: VideoInfo, *, held_s: float, part: SourcePart) -> None:
    if held_s < part.length_s(info.duration_s) - SHORTEST_S:
        log.warning(
            "%s holds %.1f s of pictures, not the %.1f s that it announces; check that it was copied completely",
            source,
            held_s,
            part.length_s(info.duration_s),
        )
    if part.end_s is not None and part.end_s > part.start_s + held_s + SHORTEST_S:
        log.warning(
            "%s: column end_s is %g, but its pictures end at %.1f s; they are used up to their end",
            source,
            part.end_s,
            part.start_s + held_s,
        )
    if info.hdr:
        log.info("%s has high dynamic range; its highlights are rolled off to the standard range", source)


def _hash(source: str | Path) -> tuple[str, int]:
    """SHA-256 and length of a file, read as a stream; ("", 0) if it cannot be read."""
    try:
        with Path(source).open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest(), file.tell()
    except OSError:
        return "", 0
