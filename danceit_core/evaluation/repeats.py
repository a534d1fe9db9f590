"""Whether movements recur with the music: how similar a dance is where a section of its song recurs.

Places are the song's bars; where its bars are not known, every fourth beat. Two places correspond if they are the same
bar of two sections of one letter. For each such pair of places (a, b) the score is the similarity of the movements in
the two bars. Chance is the mean similarity of a and CHANCE_PLACES other places that do not correspond to it and are at
least APART_S away from it, so that both are measured on the same bars of the same dance.

Similarity: poses relative to the hip, in torso lengths, minus the dance's mean pose, each bar read off at PHASES even
phases of it; the correlation of these numbers, best over shifts of up to SHIFT_PHASES (the alignment moves movements a
little), 0 where it is negative. 1: the same movement in the same phase; different movements have about .2 to .3.
`mirrored`: the larger similarity with and without left and right exchanged; its chance likewise.

With a plan, `same` is the share of pairs whose places dance the same moment of the same dance (SAME_S).
"""

from dataclasses import dataclass
from itertools import combinations, pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from danceit_core.choreography.curve import Array, hide_absent
from danceit_core.choreography.normalise import whole_body
from danceit_core.choreography.plan import Plan
from danceit_core.music.table import Beats, Section
from danceit_core.pose.skeleton import BODY, MID_HIP, MIRROR, Keypoints

APART_S = 8.0
CHANCE_PLACES = 16
PHASES, SHIFT_PHASES = 24, 3
BEATS_A_PLACE = 4
SAME_S = 0.5
SCORES = ("repeat", "repeat_mirrored", "repeat_same")


@dataclass(frozen=True)
class Places:
    """The bars of a song that are danced: start_s, end_s (P,); section (P,), the number of each bar's section;
    bar (P,), its number in the section; letter (P,) of the section.
    """

    start_s: Array
    end_s: Array
    section: NDArray[np.int64]
    bar: NDArray[np.int64]
    letter: NDArray[np.str_]

    @property
    def pairs(self) -> NDArray[np.int64]:
        """Pairs of places (N, 2) that correspond, the earlier one first."""
        spots = list(zip(self.letter.tolist(), self.bar.tolist(), self.section.tolist(), strict=True))
        found = [(a, b) for a, b in combinations(range(len(spots)), 2)
                 if spots[a][:2] == spots[b][:2] and spots[a][2] != spots[b][2]]  # fmt: skip
        return np.array(found, np.int64).reshape(-1, 2)


def repeat_scores(
    keypoints: Keypoints,
    beats: Beats,
    sections: tuple[Section, ...],
    *,
    fps: float,
    rng: np.random.Generator,
    plan: Plan | None = None,
) -> dict[str, float]:
    """Scores of one dance (T, 25, 3) to a song.

    Keys: `repeat`, `repeat_mirrored`, `repeat_same` (NaN without a plan), each also with the prefix `chance_` and, for
    the difference from chance, with the suffix `_more`, all means over pairs; `repeat_pairs`, the number of pairs. All
    but the last are NaN for a song without a section that recurs.
    """
    places = find_places(beats, sections, end_s=len(keypoints) / fps)
    pairs = places.pairs
    out = {key: float("nan") for name in SCORES for key in (name, f"chance_{name}", f"{name}_more")}
    others = [_others(places, int(a), rng=rng) for a, _ in pairs]
    kept = [number for number, other in enumerate(others) if len(other)]
    if not kept:
        return {**out, "repeat_pairs": 0.0}
    bars = read_places(keypoints, places, fps=fps)
    values: dict[str, NDArray[Any]] = {"repeat": similarity(bars, bars)}
    values["repeat_mirrored"] = np.maximum(values["repeat"], similarity(bars, mirror(bars)))
    if plan is not None:
        values["repeat_same"] = same_moments(plan, places, fps=fps)
    for name, table in values.items():
        found = np.array([table[tuple(pairs[number])] for number in kept], np.float64)
        chance = np.array([table[pairs[number][0], others[number]].mean() for number in kept])
        out |= {name: float(found.mean()), f"chance_{name}": float(chance.mean())}
        out |= {f"{name}_more": float((found - chance).mean())}
    return {**out, "repeat_pairs": float(len(kept))}


def find_places(beats: Beats, sections: tuple[Section, ...], *, end_s: float) -> Places:
    """The whole bars of each section, up to end_s; a bar belongs to the section that holds its middle."""
    lines = beats.downbeats_s if len(beats.downbeats_s) else beats.times_s[::BEATS_A_PLACE]
    spans = [(a, b) for a, b in pairwise(lines.tolist()) if b <= end_s]
    edges = np.array([part.end_s for part in sections])
    section = np.searchsorted(edges, [(a + b) / 2 for a, b in spans], side="right").astype(np.int64)
    inside = section < len(sections)
    spans, section = [span for span, held in zip(spans, inside, strict=True) if held], section[inside]
    bar = np.arange(len(section)) - np.searchsorted(section, section)
    return Places(
        start_s=np.array([a for a, _ in spans]),
        end_s=np.array([b for _, b in spans]),
        section=section,
        bar=bar,
        letter=np.array([sections[number].letter for number in section.tolist()], str),
    )


def read_places(keypoints: Keypoints, places: Places, *, fps: float) -> Array:
    """The movement at each place: poses (P, PHASES, 15, 2) minus the dance's mean pose, absent joints 0."""
    xy = hide_absent(keypoints)[..., :2]
    body = (xy - xy[:, MID_HIP : MID_HIP + 1])[:, BODY] / whole_body(keypoints).torso_px
    body = np.nan_to_num(body - np.nanmean(body, axis=0))
    phases = (np.arange(PHASES) + 0.5) / PHASES
    at = (places.start_s[:, None] + phases * (places.end_s - places.start_s)[:, None]) * fps  # (P, PHASES)
    return body[np.clip(np.round(at), 0, len(body) - 1).astype(np.int64)]


def mirror(bars: Array) -> Array:
    """Poses (..., 15, 2) relative to the hip, with left and right exchanged."""
    return bars[..., np.array(MIRROR)[list(BODY)], :] * np.array([-1.0, 1.0])


def similarity(bars: Array, others: Array) -> Array:
    """Similarity (P, Q) of bars (P, PHASES, 15, 2) and others (Q, PHASES, 15, 2), 0 to 1, as the module defines it."""
    best = np.zeros((len(bars), len(others)))
    for shift in range(-SHIFT_PHASES, SHIFT_PHASES + 1):
        first, second = max(0, shift), max(0, -shift)
        count = PHASES - abs(shift)
        one = bars[:, first : first + count].reshape(len(bars), -1)
        two = others[:, second : second + count].reshape(len(others), -1)
        size = np.linalg.norm(one, axis=1)[:, None] * np.linalg.norm(two, axis=1)
        best = np.maximum(best, (one @ two.T) / np.maximum(size, 1e-9))
    return best


def same_moments(plan: Plan, places: Places, *, fps: float) -> NDArray[np.bool_]:
    """Whether (P, P) the middles of two places show moments of one source dance at most SAME_S apart."""
    frame = np.round((places.start_s + places.end_s) / 2 * fps).astype(np.int64)
    clip = np.searchsorted(plan.start_frame, frame, side="right") - 1
    source = plan.source_start_frame[clip] + plan.rate[clip] * (frame - plan.start_frame[clip])
    video, track = plan.source_video[clip], plan.source_track[clip]
    near = np.abs(source[:, None] - source) <= SAME_S * fps
    return near & (video[:, None] == video) & (track[:, None] == track)


def _others(places: Places, place: int, *, rng: np.random.Generator) -> NDArray[np.int64]:
    """Places drawn from those that do not correspond to `place` and are not near it; empty if there are none."""
    like = (places.letter == places.letter[place]) & (places.bar == places.bar[place])
    far = np.abs(places.start_s - places.start_s[place]) >= APART_S
    found = np.flatnonzero(far & ~like)
    return rng.choice(found, size=min(CHANCE_PLACES, len(found)), replace=False) if len(found) else found
