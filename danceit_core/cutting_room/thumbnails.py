"""Small pictures of dances and persons at a time: from their frame stores, or from the files before there is one.

They are kept as JPEG files, one for each quarter of a second that was asked for:

    <results>/cutting_room/thumbnails/{id}/{state}/{frame}.jpg
"""

import io
import shutil
import threading
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from danceit_core.cutting_room.loaded import project_of
from danceit_core.errors import DanceItError
from danceit_core.files import partial_file
from danceit_core.media.container import decode_stream, open_media, picture_stream
from danceit_core.media.photograph import read_photograph
from danceit_core.media.photograph_kind import is_photograph
from danceit_core.place import Place
from danceit_core.web.answers import one_of, serve_file

HEIGHT_PX, QUALITY = 160, 80
# Times are rounded down to whole steps: a strip of clips asks for the same ones again.
STEP_MS = 250
LAST_MS = 86_400_000
# Videos whose pictures are kept, at some kilobytes each: two hours are 30,000 pictures.
MOST_VIDEOS = 200
# Decoders that are open at once; a strip asks for pictures of many videos, one after the other.
MOST_OPEN = 8


class Thumbnails:
    """Answers for one project."""

    def __init__(self, place: Place) -> None:
        self._place = place
        self._folder = place.results / "cutting_room" / "thumbnails"
        self._slots, self._lock = threading.BoundedSemaphore(MOST_OPEN), threading.Lock()

    def routes(self) -> list[Route]:
        """What the pages ask for."""
        return [Route("/thumbnails/{video}/{ms:int}.jpg", self.thumbnail, methods=["GET"])]

    def thumbnail(self, request: Request) -> Response:
        """One picture, 160 pixels high."""
        clips = project_of(self._place).clips()
        video = one_of(request.path_params["video"], clips.index, what="dance or person", status=404)
        ms = min(int(request.path_params["ms"]), LAST_MS) // STEP_MS * STEP_MS
        store, given = self._place.frames(video), str(clips.at[video, "path"])
        path = store if store.is_file() else self._place.workflow / given
        if not given or not path.is_file():
            raise HTTPException(404, f"{video} has no picture: it is given as keypoints, or its file is gone")
        state = path.stat()
        kept = self._folder / video / f"{state.st_mtime_ns:x}-{state.st_size:x}" / f"{ms}.jpg"
        if not kept.is_file():
            with self._slots:
                self._make(path, ms, kept)
        return serve_file(kept, media_type="image/jpeg", tag=f"{kept.parent.name}-{ms}")

    def _make(self, path: Path, ms: int, kept: Path) -> None:
        try:
            data = read_thumbnail(path, ms / 1000)
        except DanceItError as error:
            raise HTTPException(404, " ".join(str(error).split())) from None
        if not kept.parent.is_dir():
            self._make_room(kept.parent)
        # Two threads may make the same one: each writes a file of its own.
        partial = partial_file(kept.with_name(f"{ms}-{threading.get_ident()}.jpg"))
        partial.write_bytes(data)
        partial.replace(kept)

    def _make_room(self, folder: Path) -> None:
        """Leave out the pictures of another state of this video, and of the videos that were looked at longest ago."""
        with self._lock:
            for other in folder.parent.glob("*"):
                if other != folder:
                    shutil.rmtree(other, ignore_errors=True)
            folder.mkdir(parents=True, exist_ok=True)
            videos = sorted(self._folder.iterdir(), key=lambda each: each.stat().st_mtime)
            for old in videos[:-MOST_VIDEOS]:
                shutil.rmtree(old, ignore_errors=True)


def read_thumbnail(path: Path, time_s: float) -> bytes:
    """The picture of a video at time_s, its last one after its end, or a photograph, as JPEG HEIGHT_PX high.

    Raises MediaError where there is no picture.
    """
    picture = read_photograph(path) if is_photograph(path) else _frame_at(path, time_s)
    image = Image.fromarray(np.asarray(picture))
    width = max(1, round(image.width * HEIGHT_PX / image.height))
    small, data = image.resize((width, HEIGHT_PX), Image.Resampling.BILINEAR, reducing_gap=2.0), io.BytesIO()
    small.save(data, "JPEG", quality=QUALITY)
    return data.getvalue()


def _frame_at(path: Path, time_s: float) -> Any:
    """The frame that is shown at a time, uint8 RGB (H, W, 3): one group of pictures is decoded."""
    with open_media(path) as container:
        stream = picture_stream(container)
        if stream is None:
            raise HTTPException(404, f"{path.name} has no picture")
        start = stream.start_time or 0
        at = start + round(time_s / stream.time_base)
        if stream.duration:
            at = min(at, start + stream.duration - 1)
        for aim in (at, start):
            container.seek(aim, stream=stream, backward=True)
            shown = None
            for frame in decode_stream(container, stream):
                if shown is not None and (frame.pts or 0) > at:
                    break
                shown = frame
            if shown is not None:
                turned = (getattr(shown, "rotation", 0) // 90) % 4
                return np.rot90(shown.to_ndarray(format="rgb24", dst_color_range="JPEG"), turned)
    raise HTTPException(404, f"{path.name} has no picture that can be decoded")
