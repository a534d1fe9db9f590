"""Read single pictures and write them atomically, as PNG or JPEG by the suffix."""

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from danceit_core.errors import MediaError
from danceit_core.files import whole_file


def write_picture(path: str | Path, picture: NDArray[np.uint8]) -> None:
    """Write a uint8 RGB picture (H, W, 3). Raises MediaError for an empty picture or an unsupported suffix."""
    path = Path(path)
    if picture.size == 0:
        raise MediaError(f"{path}: the picture is empty; check that the video has frames")
    try:
        _, data = cv2.imencode(path.suffix, cv2.cvtColor(picture, cv2.COLOR_RGB2BGR))
    except cv2.error:
        raise MediaError(f"{path}: pictures with this suffix cannot be written; use .png or .jpg") from None
    with whole_file(path) as partial:
        partial.write_bytes(data.tobytes())


def read_picture(path: str | Path) -> NDArray[np.uint8]:
    """A picture as uint8 RGB (H, W, 3). Raises MediaError for a file that is not a picture."""
    path = Path(path)
    data = np.fromfile(path, np.uint8) if path.is_file() else np.zeros(0, np.uint8)
    picture = cv2.imdecode(data, cv2.IMREAD_COLOR) if len(data) else None
    if picture is None:
        raise MediaError(f"{path} is not a picture; delete it and run again")
    return np.ascontiguousarray(picture[..., ::-1])
