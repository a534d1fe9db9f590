"""What is compared: variants of the alignment, on the same stretches of song (paper V-F, Fig. 18).

| variant | spatial alignment | temporal alignment | the paper's      |
| none    | none              | none               | Fig. 18 (a)      |
| linear  | linear            | none               | Fig. 18 (b)      |
| full    | as configured     | as configured      | Fig. 18 (c)      |

The plan, which fragment is danced when, is that of the configuration in all of them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from danceit_core.config import UserStudySettings
from danceit_core.errors import StudyError

VARIANTS = ("none", "linear", "full")


@dataclass(frozen=True)
class Stretch:
    """A part of a song, and so of each dance to it: from frame start_frame on, `frames` long."""

    song: str
    start_frame: int
    frames: int


def variant_settings(settings: Mapping[str, Mapping[str, Any]], variant: str) -> dict[str, dict[str, Any]]:
    """The sections `spatial_alignment` and `temporal_alignment` of a variant, from those of the configuration.

    Raises StudyError for a variant that is not of VARIANTS.
    """
    if variant not in VARIANTS:
        raise StudyError(f"no variant {variant!r} of the user study; known: {', '.join(VARIANTS)}")
    spatial, temporal = dict(settings["spatial_alignment"]), dict(settings["temporal_alignment"])
    if variant != "full":
        # Planted feet that stay planted are an alignment too.
        spatial |= {"variant": variant, "foot_lock": False}
        temporal |= {"variant": "none"}
    return {"spatial_alignment": spatial, "temporal_alignment": temporal}


def draw_stretches(frames: Mapping[str, int], *, fps: float, settings: UserStudySettings, seed: int) -> list[Stretch]:
    """Random stretches of the songs, in order of song and time.

    frames: length of each song's dance. Stretches do not overlap while there is room for that; no two are the same.
    There are fewer than settings.clips where the songs have fewer places. Raises StudyError when no song is as long
    as a clip.
    """
    length = round(settings.clip_s * fps)
    songs = [song for song, count in frames.items() if count >= length]
    if not songs:
        longest = max(frames.values(), default=0) / fps
        raise StudyError(
            f"clips of {settings.clip_s:g} s from songs of up to {longest:.1f} s; lower user_study.clip_s or add a song"
        )
    rng = np.random.default_rng(seed)
    song_of = np.concatenate([np.full(frames[song] - length + 1, number) for number, song in enumerate(songs)])
    start_of = np.concatenate([np.arange(frames[song] - length + 1) for song in songs])
    # Frames from each place to the nearest chosen one of its song.
    room = np.full(len(start_of), np.iinfo(np.int64).max)
    chosen: list[int] = []
    for _ in range(min(settings.clips, len(start_of))):
        # Where all places overlap with a chosen one: those that do so least.
        places = np.flatnonzero(room >= min(length, max(1, room.max() // 2)))
        place = int(rng.choice(places))
        chosen.append(place)
        distance = np.abs(start_of - start_of[place])
        room = np.where(song_of == song_of[place], np.minimum(room, distance), room)
    return [Stretch(songs[song_of[place]], int(start_of[place]), length) for place in sorted(chosen)]
