"""The strip under a preview: a page of the song with its bars, beats and sections, and the clips danced to it.

From top to bottom: the clips, each with its movement's name and its length in counts; a dot for the motion beat of each
beat, green if the two meet and red if they do not; the waveform with a tick for each beat (for a downbeat it reaches up
to the clips and has the bar's number); the sections with their letters. What is unknown is not drawn; if the beats are
doubtful, the strip says so.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from danceit_core.choreography.clips import ShownClip
from danceit_core.choreography.motion_beats import BeatHits
from danceit_core.media.letterbox import Picture
from danceit_core.music.table import Beats, Section

GROUND, SOUND, BEAT, BAR = (18, 21, 28), (62, 92, 132), (200, 150, 60), (255, 214, 110)
HIT, MISS, WORDS = (64, 214, 140), (255, 92, 92), (236, 240, 246)
CLIPS = ((52, 62, 80), (38, 46, 60))
# One for each letter in turn.
SECTIONS = ((92, 64, 130), (40, 110, 120), (130, 84, 48), (60, 100, 60), (110, 60, 80))
# Positions of the bands from the top of the strip, as shares of its height.
CLIP_BAND, DOTS, SOUND_BAND, SECTION_BAND = (0.02, 0.2), 0.3, (0.4, 0.84), (0.86, 1.0)
# The strip is drawn this many times as large and then shrunk, for smooth edges.
FINER = 2
FONT = cv2.FONT_HERSHEY_SIMPLEX
# Height of a capital of the font at scale 1, pixels.
FONT_PX = 22


@dataclass(frozen=True)
class Shown:
    """What a strip shows of a whole song. peaks: its amplitude of each 1 / peaks_per_s of a second."""

    peaks: NDArray[np.float32]
    peaks_per_s: int
    beats: Beats
    hits: BeatHits
    sections: tuple[Section, ...] = ()
    clips: tuple[ShownClip, ...] = ()


@dataclass(frozen=True)
class _Page:
    """A strip being drawn: its pixels, and the part of the song that it shows."""

    pixels: Picture
    first_s: float
    page_s: float

    def x(self, time_s: float) -> int:
        return round((time_s - self.first_s) / self.page_s * self.pixels.shape[1])

    def y(self, share: float) -> int:
        return round(share * self.pixels.shape[0])

    def holds(self, start_s: float, end_s: float) -> bool:
        return start_s < self.first_s + self.page_s and end_s > self.first_s


def draw_strip(shown: Shown, *, first_s: float, page_s: float, size: tuple[int, int]) -> Picture:
    """The part of the song from first_s on that lasts page_s; all of it bright. size: width and height, pixels."""
    page = _Page(np.full((size[1] * FINER, size[0] * FINER, 3), GROUND, np.uint8), first_s, page_s)
    _draw_clips(page, shown)
    _draw_sound(page, shown)
    _draw_sections(page, shown)
    _draw_beats(page, shown.beats)
    _draw_hits(page, shown.hits)
    return cv2.resize(page.pixels, size, interpolation=cv2.INTER_AREA)


def _draw_clips(page: _Page, shown: Shown) -> None:
    top, bottom = (page.y(share) for share in CLIP_BAND)
    for number, clip in enumerate(shown.clips):
        if page.holds(clip.start_s, clip.end_s):
            left, right = page.x(clip.start_s), page.x(clip.end_s)
            cv2.rectangle(page.pixels, (left, top), (right - FINER, bottom), CLIPS[number % 2], -1)
            words = f"{clip.length} counts: {clip.name}" if clip.length else clip.name
            _write(page, words, (left, right), CLIP_BAND)


def _draw_sound(page: _Page, shown: Shown) -> None:
    width, peaks = page.pixels.shape[1], shown.peaks
    middle, half = page.y(sum(SOUND_BAND) / 2), page.y((SOUND_BAND[1] - SOUND_BAND[0]) / 2)
    columns = ((page.first_s + (np.arange(width) + 0.5) / width * page.page_s) * shown.peaks_per_s).astype(int)
    known = peaks[np.clip(columns, 0, max(0, len(peaks) - 1))] if len(peaks) else np.zeros(width, np.float32)
    levels = half * np.where(columns < len(peaks), known, 0) / max(float(peaks.max(initial=0)), 1e-9)
    for x, level in enumerate(levels):
        cv2.line(page.pixels, (x, round(middle - level)), (x, round(middle + level)), SOUND, 1)


def _draw_sections(page: _Page, shown: Shown) -> None:
    top, bottom = (page.y(share) for share in SECTION_BAND)
    letters = sorted({part.letter for part in shown.sections})
    for part in shown.sections:
        if page.holds(part.start_s, part.end_s):
            left, right = page.x(part.start_s), page.x(part.end_s)
            colour = SECTIONS[letters.index(part.letter) % len(SECTIONS)]
            cv2.rectangle(page.pixels, (left, top), (right - FINER, bottom), colour, -1)
            _write(page, part.letter, (max(0, left), right), SECTION_BAND)
    doubt = "beats unsure" if shown.beats.doubt else "bars unknown" if not shown.beats.meter else ""
    if doubt and len(shown.beats.times_s):
        height, width = page.pixels.shape[:2]
        left = width - round(0.75 * height)
        cv2.rectangle(page.pixels, (left, top), (width, height), GROUND, -1)
        _write(page, doubt, (left, width), SECTION_BAND, colour=MISS)


def _draw_beats(page: _Page, beats: Beats) -> None:
    bars = np.cumsum(beats.place == 1)
    for time_s, place, bar in zip(beats.times_s.tolist(), beats.place.tolist(), bars.tolist(), strict=True):
        if not page.holds(time_s, time_s + 1e-6):
            continue
        first = place == 1
        x, top, bottom = page.x(time_s), page.y(CLIP_BAND[1] if first else SOUND_BAND[0]), page.y(SOUND_BAND[1])
        cv2.line(page.pixels, (x, top), (x, bottom), BAR if first else BEAT, 2 * FINER if first else FINER)
        if first:
            _write(page, str(bar), (x + FINER, x + page.y(1.0)), (SOUND_BAND[1] - 0.13, SOUND_BAND[1]), colour=BAR)


def _draw_hits(page: _Page, hits: BeatHits) -> None:
    width, dots, radius = page.pixels.shape[1], page.y(DOTS), page.y(0.055)
    for music_s, motion_s, hit in zip(hits.music_s.tolist(), hits.motion_s.tolist(), hits.hit.tolist(), strict=True):
        music_x, motion_x = page.x(music_s), page.x(motion_s)
        if -width < motion_x < 2 * width:
            # A line to the beat that it belongs to shows the distance of a miss.
            cv2.line(page.pixels, (motion_x, dots), (music_x, page.y(SOUND_BAND[0])), BEAT, FINER, cv2.LINE_AA)
            place, colour = (motion_x, dots), HIT if hit else MISS
            cv2.circle(page.pixels, place, radius, colour, -1 if hit else FINER + 1, cv2.LINE_AA)


def _write(
    page: _Page,
    words: str,
    across: tuple[int, int],
    band: tuple[float, float],
    *,
    colour: tuple[int, int, int] = WORDS,
) -> None:
    """Write words from the left end of `across` (pixels) on, in a band of heights; cut off if there is no room."""
    high = page.y(band[1] - band[0])
    scale, thick = 0.44 * high / FONT_PX, FINER
    left = max(0, across[0]) + high // 5
    kept = words
    while kept and left + cv2.getTextSize(kept, FONT, scale, thick)[0][0] > across[1] - high // 8:
        kept = kept[:-1]
    base = page.y(sum(band) / 2) + round(0.24 * high)
    cv2.putText(page.pixels, kept, (left, base), FONT, scale, colour, thick, cv2.LINE_AA)
