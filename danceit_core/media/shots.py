"""Find where the shots of a video begin and how its pictures are placed in the frame, which may change within a file.

A shot begins at a camera cut (`cuts`), where recordings were joined, and where the picture moves to another place in
the frame, as when a phone is turned.
"""

from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from danceit_core.config import VideoSettings
from danceit_core.media.container import one_line_errors
from danceit_core.media.cuts import CutFinder
from danceit_core.media.decode import Still
from danceit_core.media.letterbox import Letterbox, content_box
from danceit_core.media.part import Box


@dataclass(frozen=True)
class Placement:
    """How the pictures are placed from a certain frame of the store on.

    width, height: size of the whole picture, pixels as shown (upright, square pixels). letterbox: (scale, offset_x,
    offset_y), frame = source * scale + offset in pixels. crop: the part (left, top, width, height) of the picture that
    the frame shows, None for all of it; with a crop, offsets may be negative.
    """

    frame: int
    width: int
    height: int
    letterbox: tuple[float, float, float]
    crop: Box | None = None

    @property
    def content(self) -> tuple[float, float, float, float]:
        """Left, top, width and height of the shown picture in the frame; outside there is nothing."""
        scale, offset_x, offset_y = self.letterbox
        left, top, width, height = self.crop or (0, 0, self.width, self.height)
        return offset_x + scale * left, offset_y + scale * top, scale * width, scale * height


class Shots:
    """Finds where shots begin: at camera cuts, at joined recordings, and where the picture's shape changes."""

    def __init__(self, source: str | Path, *, size: tuple[int, int], settings: VideoSettings) -> None:
        self._source, self._size, self._settings = source, size, settings
        self._frames = self._first = 0
        self._shot: tuple[Any, ...] = ()
        self._finder: CutFinder | None = None
        self._cuts: list[int] = []
        self.geometries: list[Placement] = []
        self.joined = False

    def add(self, still: Still) -> None:
        """Add the next picture of the store."""
        if not self.geometries or still.size != (self.geometries[-1].width, self.geometries[-1].height):
            place = Letterbox.fit(still.size, self._size, crop=still.crop)
            placement = Placement(self._frames, *still.size, (place.scale, place.offset_x, place.offset_y), still.crop)
            self.geometries.append(placement)
        # A changed resolution in the same place is the same shot: video calls change it often.
        content = content_box(still.crop[2:] if still.crop else still.size, self._size)
        if self._shot != (shot := (content, still.passage)):
            self._begin()
            self._shot = shot
        self.joined |= still.passage > 0
        if self._finder is not None:
            with self._guarded():
                self._finder.add(still.picture[content])
        self._frames += 1

    def finish(self) -> tuple[int, ...]:
        """The frames at which a new shot begins, ascending; to be called once, after the last picture."""
        if self._finder is not None:
            with self._guarded():
                self._cuts += [self._first + cut for cut in self._finder.finish()]
        return tuple(self._cuts)

    def _begin(self) -> None:
        if self._frames:
            self.finish()
            self._cuts.append(self._frames)
        threshold, self._first = self._settings.cut_threshold, self._frames
        self._finder = CutFinder(threshold=threshold, fps=self._settings.fps) if threshold > 0 else None

    def _guarded(self) -> AbstractContextManager[None]:
        remedy = "set video.cut_threshold to 0 to turn off the detection"
        return one_line_errors(self._source, "camera cuts cannot be detected in it", remedy=remedy)
