"""A contact sheet: evenly spaced pictures of a video."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from danceit_core.media.video import decode_frames, probe
from danceit_core.pose.draw import contact_sheet


def video_sheet(path: str | Path, *, pictures: int = 12, columns: int = 6, width: int = 1536) -> NDArray[np.uint8]:
    """`pictures` frames of a video from its first to its last second, `columns` per row, about `width` pixels wide."""
    info = probe(path)
    frames = max(1, round(info.duration_s * info.fps))
    wanted = set(np.linspace(0, frames - 1, pictures + 2).round().astype(int)[1:-1].tolist())
    shown = [frame for k, frame in enumerate(decode_frames(path, fps=info.fps, size=None)) if k in wanted]
    return contact_sheet(shown, columns=columns, width=width)
