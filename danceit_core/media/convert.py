"""Convert a decoded frame to a picture: RGB, upright, with square pixels, in standard range, of the requested size."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from av.video.reformatter import Colorspace

from danceit_core.media.container import check_size
from danceit_core.media.hdr import is_hdr, to_standard_range
from danceit_core.media.letterbox import Picture, content_size, letterbox, resize

UNSPECIFIED_COLORSPACE = 2
HD_HEIGHT = 720

Matrix = tuple[int, int, int, int]


@dataclass(frozen=True)
class Geometry:
    """How stored pictures are shown. size: (width, height) pixels, upright and square. matrix: see `display_matrix`."""

    size: tuple[int, int]
    matrix: Matrix


def display_matrix(frame: Any) -> Matrix:
    """a, b, c, d of the display matrix: the stored point (p, q) is shown at (a p + c q, b p + d q), y down.

    Call it for few frames only: a frame whose side data were read stays in memory until the garbage collector runs.
    """
    data = frame.side_data.get("DISPLAYMATRIX")
    if data is None:
        return 1, 0, 0, 1
    matrix = np.frombuffer(bytes(data), np.int32)
    return int(matrix[0]), int(matrix[1]), int(matrix[3]), int(matrix[4])


def turned(matrix: Matrix, degrees: int) -> Matrix:
    """A display matrix that turns the picture further, clockwise by a multiple of 90 degrees."""
    for _ in range(degrees // 90 % 4):
        # Clockwise with y down: a point shown at (x, y) moves to (-y, x).
        a, b, c, d = matrix
        matrix = -b, a, -d, c
    return matrix


class GeometryReader:
    """Reads the geometry of a stream's frames, which may change: a phone is turned, broadcasts are joined.

    Call `read` for each frame as it is decoded: the pixel aspect ratio is known for the decoder's last frame only.
    rotate: additional clockwise rotation in degrees, a multiple of 90.
    """

    def __init__(self, stream: Any, *, rotate: int = 0) -> None:
        self._stream, self._rotate = stream, rotate
        # A pixel aspect ratio of the container is more reliable than that of the pictures.
        first = stream.codec_context.sample_aspect_ratio
        self._fixed_aspect = stream.sample_aspect_ratio if stream.sample_aspect_ratio != first else None
        self._key: tuple[Any, ...] = ()
        self._geometry = Geometry((1, 1), (1, 0, 0, 1))

    def read(self, frame: Any) -> Geometry:
        """The geometry of the last decoded frame. Raises MediaError for a size that only a damaged file has."""
        aspect = self._fixed_aspect or self._stream.codec_context.sample_aspect_ratio
        key = frame.width, frame.height, frame.rotation, aspect
        if key != self._key:
            check_size(self._stream.container, frame.width, frame.height)
            matrix = turned(display_matrix(frame), self._rotate)
            width, height = max(1, round(frame.width * (aspect or 1))), frame.height
            self._key = key
            self._geometry = Geometry((height, width) if lies(matrix) else (width, height), matrix)
        return self._geometry


def lies(matrix: Matrix) -> bool:
    """Whether a display matrix rotates the stored picture by 90 or 270 degrees."""
    return abs(matrix[0]) < abs(matrix[1])


def to_picture(frame: Any, geometry: Geometry, size: tuple[int, int] | None) -> Picture:
    """uint8 RGB (H, W, 3) of a decoded frame: upright, square pixels, standard range, letterboxed into `size`.

    size: (width, height) pixels, None for the geometry's own.
    """
    picture = _upright(_to_rgb(frame, shrunk=_shrunk(frame, geometry, size)), geometry.matrix)
    shown = geometry.size
    picture = resize(picture, shown) if size is None else letterbox(picture, source=shown, size=size)
    return to_standard_range(picture, transfer=frame.color_trc) if is_hdr(frame.color_trc) else picture


def _shrunk(frame: Any, geometry: Geometry, size: tuple[int, int] | None) -> tuple[int, int] | None:
    """Width and height of the stored picture that fill `size`, None if it must not shrink in both."""
    if size is None:
        return None
    content = content_size(geometry.size, size)
    width, height = content[::-1] if lies(geometry.matrix) else content
    return (width, height) if width <= frame.width and height <= frame.height else None


def _to_rgb(frame: Any, *, shrunk: tuple[int, int] | None) -> Picture:
    """The stored picture as RGB; shrinking it during conversion is several times as fast for 4K as afterwards."""
    # For untagged video, players assume BT.601 below 720 lines and BT.709 from there on.
    guessed = Colorspace.ITU709 if frame.height >= HD_HEIGHT else Colorspace.ITU601
    is_yuv = frame.format.name.startswith(("yuv", "nv"))
    source = guessed if is_yuv and frame.colorspace == UNSPECIFIED_COLORSPACE else None
    width, height = shrunk or (frame.width, frame.height)
    return frame.to_ndarray(
        width=width,
        height=height,
        format="rgb24",
        src_colorspace=source,
        dst_color_range="JPEG",
        interpolation="AREA" if shrunk else None,
    )


def _upright(picture: Picture, matrix: Matrix) -> Picture:
    a, _, c, d = matrix
    if lies(matrix):
        picture = picture.transpose(1, 0, 2)
        a, d = c, matrix[1]
    return np.ascontiguousarray(picture[:: -1 if d < 0 else 1, :: -1 if a < 0 else 1])
