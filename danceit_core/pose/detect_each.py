"""The keypoints of every dancer of a frame store, as tracks (`tracks`): `cleaning.several_people: each`."""

import logging
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from danceit_core.config import PoseSettings
from danceit_core.media.ahead import made_ahead
from danceit_core.media.video import decode_frames, probe
from danceit_core.pose.each import Dancers
from danceit_core.pose.estimate import DECODED_AHEAD, Detection, Progress, gather, row_of
from danceit_core.pose.linking import link_pieces
from danceit_core.pose.pieces import Piece

log = logging.getLogger(__name__)


def detect_each(
    frames_path: str | Path,
    *,
    settings: PoseSettings,
    weights: Path,
    cuts: Sequence[int] = (),
    progress: Progress | None = None,
) -> Detection:
    """Every dancer of a frame store by BlazePose; with fewer than two, a detection as of one person.

    cuts: frames at which a new shot begins. Raises as `detect_keypoints` does.
    """
    info = probe(frames_path)
    total = max(1, round(info.duration_s * info.fps))
    dancers = Dancers(
        weights,
        fps=info.fps,
        confidence_floor=settings.confidence_floor,
        model=settings.model,
        mirror=settings.looks_twice(is_target=False),
        cuts=cuts,
    )
    with made_ahead(decode_frames(frames_path, fps=info.fps, size=None), most=DECODED_AHEAD) as pictures:
        for done in dancers.follow(pictures):
            if progress is not None:
                progress(done, max(total, done))
    linked = link_pieces(dancers.pieces, fps=info.fps)
    log.info("%s: %d dancers, in %s frames", frames_path, len(linked), ", ".join(map(str, map(_frames, linked))))
    return gather_tracks(linked, frames=dancers.frames)


def gather_tracks(dancers: Sequence[Sequence[Piece]], *, frames: int) -> Detection:
    """The dancers of a video with this many frames, each given as pieces in the order of time.

    With two or more dancers, rows are as in `tracks`; with fewer, there is one row per frame of the video.
    """
    people = np.zeros(frames, np.int16)
    for pieces in dancers:
        for piece in pieces:
            people[piece.first : piece.end] += 1
    if len(dancers) < 2:
        return _gather(dancers[0] if dancers else (), people, 0, frames)
    bounds = [(pieces[0].first, pieces[-1].end) for pieces in dancers]
    tracks = [_gather(pieces, people, *bound) for pieces, bound in zip(dancers, bounds, strict=True)]
    known = ("keypoints", "people", "depth", "world", "fingers")
    columns = {name: [getattr(track, name) for track in tracks] for name in known}
    return Detection(
        **{name: np.concatenate(parts) for name, parts in columns.items() if parts[0] is not None},
        frame=np.concatenate([np.arange(*bound, dtype=np.int32) for bound in bounds]),
        track=np.repeat(np.arange(len(bounds), dtype=np.int32), [end - first for first, end in bounds]),
    )


def _gather(pieces: Sequence[Piece], people: NDArray[np.int16], first: int, end: int) -> Detection:
    rows: list[NDArray[np.float32] | None] = [None] * (end - first)
    for piece in pieces:
        found = [frame if isinstance(frame, np.ndarray) else row_of(frame) for frame in piece.found]
        rows[piece.first - first : piece.end - first] = found
    return gather(rows, people[first:end].tolist())


def _frames(pieces: Sequence[Piece]) -> int:
    return sum(len(piece.found) for piece in pieces)
