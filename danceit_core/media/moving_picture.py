"""Write the beginning of a video as an animated WebP, which web pages show without a player."""

from itertools import islice
from pathlib import Path

from PIL import Image

from danceit_core.files import whole_file
from danceit_core.media.decode import decode_frames, probe

# Pictures with a wider aspect ratio than this (several side by side) are drawn wider.
USUAL_SHAPE = 2.0
QUALITY = 60


def write_moving_picture(
    path: str | Path,
    video: str | Path,
    *,
    seconds: float = 6.0,
    fps: float = 12.0,
    width: int = 480,
) -> None:
    """Write the first `seconds` of a video atomically as an endless animation.

    It is `width` pixels wide; a video with a wider aspect ratio than USUAL_SHAPE is proportionally wider.
    """
    info = probe(video)
    width = max(width, round(width * info.width / info.height / USUAL_SHAPE))
    height = round(width * info.height / info.width)
    frames = islice(decode_frames(video, fps=fps, size=(width, height)), max(1, round(seconds * fps)))
    pictures = [Image.fromarray(frame) for frame in frames]
    with whole_file(path) as partial:
        pictures[0].save(
            partial,
            format="WEBP",
            save_all=True,
            append_images=pictures[1:],
            duration=round(1000 / fps),
            loop=0,
            quality=QUALITY,
            method=4,
        )
