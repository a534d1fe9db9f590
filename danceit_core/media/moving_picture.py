"""Moving pictures for pages: a part of a video as an animated WebP, which every browser plays without a player."""

from pathlib import Path

from PIL import Image

from danceit_core.errors import MediaError
from danceit_core.files import whole_file
from danceit_core.media.decode import decode_frames, probe

QUALITY = 60


def write_moving_picture(
    path: str | Path,
    video: str | Path,
    *,
    start_s: float = 0.0,
    seconds: float = 6.0,
    fps: float = 12.0,
    width: int = 480,
) -> None:
    """`seconds` of a video from `start_s` on, `width` pixels wide, as an endless animation; whole or not at all.

    Raises MediaError if the video ends before `start_s`.
    """
    info = probe(video)
    height = round(width * info.height / info.width)
    last = round((start_s + seconds) * fps)
    pictures = []
    for number, frame in enumerate(decode_frames(video, fps=fps, size=(width, height))):
        if number >= last:
            break
        if number >= round(start_s * fps):
            pictures.append(Image.fromarray(frame))
    if not pictures:
        raise MediaError(
            f"{video} lasts {info.duration_s:.1f} s, no longer than start_s = {start_s:g} s; begin earlier"
        )
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
