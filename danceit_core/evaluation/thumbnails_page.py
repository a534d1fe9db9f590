"""All dance videos on one page: a picture of each, how much of it cleaning kept, and why the rest was dropped.

The page is for projects with too many videos to look at the page of each (`cleaning_page`). Videos that need attention
come first. The page is self-contained HTML, and its pictures take at most PICTURES_BYTES, however many videos there
are, so that a report that contains it stays small.
"""

from base64 import b64encode
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from danceit_core.evaluation.cleaning_page import around_person
from danceit_core.evaluation.tracks_page import COLOURS, KEPT_COLOUR, colour_of
from danceit_core.files import whole_file
from danceit_core.media.letterbox import Picture
from danceit_core.media.video import read_frames
from danceit_core.pose.draw import Colour, draw_skeleton
from danceit_core.pose.passages import find_passages, kept_frames
from danceit_core.pose.rejection import REASONS, count_reasons
from danceit_core.pose.skeleton import Keypoints, present
from danceit_core.pose.table import PoseTable
from danceit_core.pose.tracks import Track, split_tracks

SIDE, BAND, GAP = 144, 8, 2
# Size of all pictures together, before they are encoded as text (a third more), and once more in a report.
PICTURES_BYTES, MOST_BYTES = 9_000_000, 12_000
# If there are more videos than this, the others get one line each.
MOST_PICTURES = 1200
QUALITIES = (80, 60, 40, 20)
FEW_KEPT = 0.5
STYLE = """
body { font: 13px/1.4 system-ui, sans-serif; margin: 1.5em; color: #222; background: #fff }
h1 { font-size: 20px } h2 { font-size: 16px; margin-top: 1.6em } code { background: #eee; padding: 0 3px }
div.all { display: grid; grid-template-columns: repeat(auto-fill, minmax(150px, 1fr)); gap: 14px 10px }
figure { margin: 0; overflow-wrap: anywhere } img { width: 144px; display: block } b { font-size: 13px }
figcaption { max-width: 150px } .out { color: #b00020 } .legend span { margin-right: 1.2em; white-space: nowrap }
i { display: inline-block; width: 11px; height: 11px; margin-right: 4px }
"""


@dataclass(frozen=True)
class Summary:
    """What cleaning kept of one video.

    kept: share of the frames of all its dancers, 0..1; dropped: reason code -> share. looked_at: the frame that is
    shown. poses (K, 25, 3): the people in it, in the order of their colours. band: the whole video as a strip
    (BAND, SIDE, 3). size: width and height of its frames.
    """

    name: str
    frames: int
    seconds: float
    dancers: int
    kept: float
    dropped: dict[str, float]
    refused: str
    looked_at: int
    poses: Keypoints
    colours: list[Colour | None]
    band: NDArray[np.uint8]
    size: tuple[int, int]

    @property
    def rank(self) -> tuple[bool, float, str]:
        """Sort key; videos that need attention come first: those left out, then by the share kept."""
        return not self.refused, self.kept, self.name


def summarise(cleaned: PoseTable, *, name: str) -> Summary:
    """The summary of a cleaned table, which may be empty (a video that was refused)."""
    tracks = split_tracks(cleaned)
    reason = np.asarray(cleaned.columns.get("reason", np.full(len(cleaned), "")), str)
    kept = kept_frames(cleaned)
    looked_at, poses, colours = 0, np.zeros((0, 25, 3), np.float32), list[Colour | None]()
    if len(cleaned):
        longest = max(tracks, key=lambda track: int(kept_frames(track.pose).sum()))
        looked_at = longest.first + _middle(kept_frames(longest.pose))
        there = [track for track in tracks if track.first <= looked_at < track.end]
        poses = np.stack([track.pose.keypoints[looked_at - track.first] for track in there])
        colours = [None if track.number is None else colour_of(track) for track in there]
    frames = max((track.end for track in tracks), default=0) if len(cleaned) else 0
    return Summary(
        name=name,
        frames=frames,
        seconds=frames / cleaned.fps,
        dancers=len(tracks),
        kept=float(kept.mean()) if len(kept) else 0.0,
        dropped={code: count / len(reason) for code, count in count_reasons(reason).items()},
        refused=str(cleaned.metadata.get("refused") or ""),
        looked_at=looked_at,
        poses=poses,
        colours=colours,
        band=_band(tracks, frames),
        size=cleaned.size,
    )


def thumbnail(summary: Summary, picture: Picture) -> Picture:
    """A square of SIDE pixels with the people of the frame, and below it the whole video, each frame in its colour."""
    drawn = picture
    thick = max(2, round(min(picture.shape[:2]) / 128))
    for pose, colour in zip(summary.poses, summary.colours, strict=True):
        drawn = draw_skeleton(drawn, pose, thickness=thick, one_colour=colour)
    everybody = summary.poses[present(summary.poses)]  # (joints of all, 3)
    cut = around_person(drawn, everybody) if len(everybody) else drawn
    scale = SIDE / max(cut.shape[:2])
    size = max(1, round(cut.shape[1] * scale)), max(1, round(cut.shape[0] * scale))
    shown = np.full((SIDE + GAP + BAND, SIDE, 3), 255, np.uint8)
    small = cv2.resize(cut, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
    top, left = (SIDE - size[1]) // 2, (SIDE - size[0]) // 2
    shown[top : top + size[1], left : left + size[0]] = small
    shown[SIDE + GAP :] = summary.band
    return shown


def write_thumbnails(path: str | Path, videos: Iterable[tuple[str, PoseTable]], *, stores: dict[str, Path]) -> None:
    """The page as HTML.

    videos: name and cleaned table of each; only one table is held in memory at a time. stores: frame stores by name; a
    video without one came as keypoints and is shown on black. Raises MediaError for a store that cannot be read.
    """
    summaries = sorted((summarise(cleaned, name=name) for name, cleaned in videos), key=lambda each: each.rank)
    limit = min(MOST_BYTES, PICTURES_BYTES // max(1, min(len(summaries), MOST_PICTURES)))
    with whole_file(path) as partial, partial.open("w", encoding="utf-8", errors="backslashreplace") as file:
        file.write(_head(summaries))
        for at, (summary, title) in enumerate(zip(summaries, _titles(summaries), strict=True)):
            if title:
                file.write(f"{'</div>' if at else ''}<h2>{title}</h2><div class='all'>\n")
            shown = ""
            if at < MOST_PICTURES and len(summary.poses):
                shown = encode(thumbnail(summary, _picture(summary, stores.get(summary.name))), limit=limit)
            file.write(_figure(summary, shown))
        file.write("</div></html>\n")


def encode(picture: Picture, *, limit: int) -> str:
    """A picture as a data URL: a JPEG of at most `limit` bytes, with lower quality if necessary."""
    while True:
        for quality in QUALITIES:
            data = cv2.imencode(".jpg", picture[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])[1].tobytes()
            if len(data) <= limit or max(picture.shape[:2]) < 16:
                return "data:image/jpeg;base64," + b64encode(data).decode()
        picture = cv2.resize(picture, None, fx=0.7, fy=0.7, interpolation=cv2.INTER_AREA)


def _middle(kept: NDArray[np.bool_]) -> int:
    """The middle of the longest stretch of kept frames, or of all frames if none is kept."""
    passages = find_passages(kept) or [(0, len(kept))]
    first, end = max(passages, key=lambda passage: passage[1] - passage[0])
    return (first + end) // 2


def _band(tracks: Sequence[Track], frames: int) -> NDArray[np.uint8]:
    """A strip (BAND, SIDE, 3) of a video of `frames` frames, in the colours of their reasons, one row per dancer."""
    band = np.full((BAND, SIDE, 3), 255, np.uint8)
    numbers = np.linspace(0, max(0, frames - 1), SIDE).round().astype(int)
    for rows, track in zip(np.array_split(np.arange(BAND), min(BAND, len(tracks))), tracks, strict=False):
        inside = (numbers >= track.first) & (numbers < track.end)
        reason = np.asarray(track.pose.columns.get("reason", np.full(len(track.pose), "")), str)
        for place in np.flatnonzero(inside):
            colour = COLOURS.get(str(reason[numbers[place] - track.first]), KEPT_COLOUR)
            band[rows, place] = [int(colour[at : at + 2], 16) for at in (1, 3, 5)]
    return band


def _picture(summary: Summary, store: Path | None) -> Picture:
    """The frame that is shown."""
    if store is None:
        return np.zeros((summary.size[1], summary.size[0], 3), np.uint8)
    return read_frames(store, [summary.looked_at])[0]


def _titles(summaries: Sequence[Summary]) -> Iterator[str]:
    """The heading before each video; empty if it is the same as that of the previous video."""
    groups = [
        "Left out" if each.refused else "Less than half kept" if each.kept < FEW_KEPT else "Used" for each in summaries
    ]
    for at, group in enumerate(groups):
        yield f"{group} ({groups.count(group):,})" if not at or groups[at - 1] != group else ""


def _head(summaries: Sequence[Summary]) -> str:
    used = list(dict.fromkeys(code for each in summaries for code in each.dropped))
    legend = [f"<span><i style='background:{KEPT_COLOUR}'></i>kept</span>"]
    legend += [f"<span><i style='background:{COLOURS[code]}'></i>{escape(REASONS[code].words)}</span>" for code in used]
    hours = sum(each.seconds for each in summaries) / 3600
    without = len(summaries) - MOST_PICTURES
    more = f" The last {without:,} have no picture." if without > 0 else ""
    return (
        "<!doctype html><html lang='en'><meta charset='utf-8'><title>Dance videos</title>"
        f"<style>{STYLE}</style><h1>{len(summaries):,} dance videos, {hours:.1f} hours</h1>"
        "<p>One frame of each video, and below it the whole video: which frames are kept, and why others are dropped. "
        f"Videos that need attention come first.{more} To make the page of one video, with its jitter and more frames: "
        "<code>snakemake -- results/cleaned/NAME.png</code></p>"
        f"<p class='legend'>{''.join(legend)}</p>\n"
    )


def _figure(summary: Summary, shown: str) -> str:
    """One video: its picture, if there is one, and one or two lines of text."""
    image = f"<img alt='' src='{shown}'>" if shown else ""
    if summary.refused:
        words = f"<span class='out'>{escape(summary.refused)}</span>"
    else:
        words = f"{summary.kept:.0%} of {summary.seconds:.0f} s kept"
        words += f", {summary.dancers} dancers" if summary.dancers > 1 else ""
        if summary.dropped:
            code, share = max(summary.dropped.items(), key=lambda item: item[1])
            words += f"; {escape(REASONS[code].words)}: {share:.0%}" if share >= 0.01 else ""
    return f"<figure>{image}<figcaption><b>{escape(summary.name)}</b><br>{words}</figcaption></figure>\n"
