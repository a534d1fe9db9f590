"""Single pictures: written whole or not at all, PNG or JPEG by the suffix."""

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from danceit_core.errors import MediaError
from danceit_core.files import whole_file


def write_picture(path: str | Path, picture: NDArray[np.uint8]) -> None:
    """Write a uint8 RGB picture (H, W, 3). Raises MediaError for an empty picture or a suffix OpenCV cannot write."""
    path = Path(path)
    if picture.size == 0:
        raise MediaError(f"{path}: the picture is empty; was the video without frames?")
    try:
        _, data = cv2.imencode(path.suffix, cv2.cvtColor(picture, cv2.COLOR_RGB2BGR))
    except cv2.error:
        raise MediaError(f"{path}: pictures of this kind cannot be written; choose .png or .jpg") from None
    with whole_file(path) as partial:
        partial.write_bytes(data.tobytes())
