"""The part of a video to use: a rectangle of its picture and a time range, chosen by the user.

The tables of videos and targets have the columns `crop` (left, top, width and height in pixels of the upright picture,
as a player shows it), `start_s` and `end_s` (seconds of the video, as a player shows them). The times also apply to the
sound and to given keypoints.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from danceit_core.errors import ConfigError, MediaError

Size = tuple[int, int]  # width, height
Box = tuple[int, int, int, int]  # left, top, width, height

COLUMNS = ("crop", "start_s", "end_s")
# A person cannot be recognised in a smaller picture.
SMALLEST_PX = 64
# Minimum length of a video, or of a part of one, that holds a fragment.
SHORTEST_S = 1.0
# Tolerance for the same aspect ratio in another size, as sides are rounded to whole pixels.
SAME_SHAPE = 0.01


@dataclass(frozen=True)
class SourcePart:
    """crop: the rectangle in pixels of the upright picture, None for all of it. start_s, end_s: None for the end."""

    crop: Box | None = None
    start_s: float = 0.0
    end_s: float | None = None

    def length_s(self, duration_s: float) -> float:
        """Length of this part in a video of `duration_s` seconds, seconds."""
        end_s = duration_s if self.end_s is None else min(self.end_s, duration_s)
        return max(0.0, end_s - self.start_s)


WHOLE = SourcePart()


def part_of(row: Mapping[str, str]) -> SourcePart:
    """The part that a row of a table requests; empty cells mean all. Raises ConfigError for invalid cells.

    Whether the video has such a part is checked when it is read: `check_crop`, `media.hold.between`.
    """
    crop = None
    if cell := row.get("crop"):
        left, top, width, height = map(int, cell.split(","))
        crop = left, top, width, height
        if min(width, height) < SMALLEST_PX:
            raise ConfigError(
                f"column crop is {cell} (left, top, width, height in pixels); width and height must be at least "
                f"{SMALLEST_PX} pixels: choose a larger part of the picture"
            )
    start_s = float(row.get("start_s") or 0)
    end_s = float(row["end_s"]) if row.get("end_s") else None
    if end_s is not None and end_s - start_s < SHORTEST_S:
        raise ConfigError(
            f"column start_s is {start_s:g} and column end_s {end_s:g}; the end must come at least {SHORTEST_S:g} s "
            "after the start: correct one of them"
        )
    return SourcePart(crop, start_s, end_s)


def check_crop(crop: Box, picture: Size, *, source: object) -> None:
    """Raise MediaError for a rectangle that is not inside a picture (width, height)."""
    left, top, width, height = crop
    if left + width > picture[0] or top + height > picture[1]:
        raise MediaError(
            f"{source}: column crop is {','.join(map(str, crop))} (left, top, width, height), but its picture has "
            f"{picture[0]} x {picture[1]} pixels; choose a part inside the picture"
        )


def crop_in(picture: Size, crop: Box | None, *, first: Size) -> Box | None:
    """The rectangle `crop` of pictures of size `first`, in a picture of another size; None if all of that is shown.

    With the same aspect ratio it is the same part; a picture with another one (a phone was turned) is shown whole.
    """
    if crop is None or picture == first:
        return crop
    across, down = picture[0] / first[0], picture[1] / first[1]
    if abs(across / down - 1) > SAME_SHAPE:
        return None
    left, top, width, height = crop
    left, top = round(left * across), round(top * down)
    return left, top, min(round(width * across), picture[0] - left), min(round(height * down), picture[1] - top)
