"""Reject unusable frames of a dance (the two rules of paper III-A and further ones), with a reason code for each.

Rule 1: a frame too far from the previous one, `jump` (a detector error, another person, an undetected cut). Rule 2:
hands or feet not detected, `no_hands`, `no_feet`. Further rules: nobody or several people in view, no torso to measure,
a shot with a turned camera (`orientation`), left and right mixed up, the moments of entering and leaving the picture,
pieces that are too short, and a video that never shows a head. Each dropped frame has exactly one code, the first in
the order of REASONS that applies. `REASONS` is the single list of the codes, for the report and the docs.

Measured at 24 fps: on 11 motion capture dances and on clean real video the mean step of the body never exceeds 0.3
torsos per frame; a detector that lost the body makes 0.6 to 1.3.

Deviation from the paper: hands (feet) count as not detected if neither of the two is, since in a side view one is
hidden behind the body.
"""

from collections import Counter
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import binary_dilation

from danceit_core.config import CleaningSettings
from danceit_core.pose.orientation import is_turned_shot
from danceit_core.pose.passages import find_passages
from danceit_core.pose.repair import body_mean, in_torsos
from danceit_core.pose.skeleton import ANKLES, HANDS, Keypoints, present, torso_length

NO_PERSON, SEVERAL_PEOPLE, NO_TORSO, NO_HANDS = "no_person", "several_people", "no_torso", "no_hands"
NO_FEET, JUMP, SWAP, PARTLY_SEEN, SHORT_SEGMENT = "no_feet", "jump", "swap", "partly_seen", "short_segment"
TURNED, NO_HEAD, NO_CAMERA = "turned", "no_head", "no_camera"
REASON_TYPE = "<U16"

# This long before and after an empty picture, a detector follows the remaining parts of a person in the picture.
EDGE_S = 1 / 6
# A second person who disappears for less than this was hidden meanwhile, so it is unclear which of the two is seen.
HIDDEN_S = 2.0

Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class Reason:
    """A reason code in plain words, and its remedy for the user."""

    words: str
    remedy: str


REASONS: dict[str, Reason] = {
    NO_PERSON: Reason("nobody is seen", "film the dancer large and in full view, in good light"),
    SEVERAL_PEOPLE: Reason(
        "several people are in view", "film one dancer alone, or set cleaning.several_people to follow or each"
    ),
    NO_TORSO: Reason("neck or hips are not seen", "film the whole body, not a part of it"),
    TURNED: Reason(
        "the camera is upside down or on its side",
        "cut the video where the camera was turned and give the turned part its own row, with its column rotate",
    ),
    NO_HANDS: Reason("neither hand is seen", "keep the hands in the picture, from farther away"),
    NO_FEET: Reason(
        "neither foot is seen",
        "keep the feet in the picture; if clothes hide them, lower cleaning.confidence_floor",
    ),
    SWAP: Reason(
        "left and right change places for good", "try pose.model: heavy, or a video with fewer and slower turns"
    ),
    JUMP: Reason(
        "the whole body jumps",
        "check the video for undetected cuts (a lower video.cut_threshold finds more) and for other people",
    ),
    PARTLY_SEEN: Reason("the dancer comes into view or leaves it", "film from farther away, with room on both sides"),
    SHORT_SEGMENT: Reason("too few good frames in a row", "fix what interrupts them, or lower cleaning.min_segment_s"),
    NO_HEAD: Reason("the head is never seen together with a foot", "film the whole body, head to feet"),
    NO_CAMERA: Reason(
        "the movement of the camera is lost",
        "put the camera on a tripod, or move it slowly in front of a wall with texture (a target's camera is followed)",
    ),
}


def rejection_reasons(
    keypoints: Keypoints,
    *,
    fps: float,
    settings: CleaningSettings,
    broken: Flags | None = None,
    people: NDArray[np.integer] | None = None,
) -> NDArray[np.str_]:
    """Code (T,) of each frame of repaired keypoints of one shot, the first that applies; "" for usable frames.

    broken: (T,) frames at which left and right change places; people: (T,) persons in view, None if not counted.
    """
    seen, sure = present(keypoints), keypoints[..., 2] >= settings.confidence_floor
    xy = in_torsos(keypoints, fps=fps)
    step = body_mean(np.linalg.norm(np.diff(xy, axis=0, prepend=xy[:1]), axis=-1))
    never = np.zeros(len(keypoints), bool)
    checks = {
        NO_PERSON: ~seen.any(axis=1),
        SEVERAL_PEOPLE: never if people is None or settings.several_people != "drop" else in_company(people, fps=fps),
        NO_TORSO: ~(torso_length(keypoints) > 0),
        TURNED: np.full(len(keypoints), is_turned_shot(keypoints, fps=fps)),
        NO_HANDS: ~sure[:, HANDS].any(axis=1),
        NO_FEET: ~sure[:, ANKLES].any(axis=1),
        # Before the jump that it causes: an exchange of sides is the better explanation.
        SWAP: never if broken is None else broken,
        JUMP: step > settings.max_body_step_torsos,
        PARTLY_SEEN: binary_dilation(~seen.any(axis=1), iterations=max(1, round(EDGE_S * fps))),
    }
    reasons = np.select(list(checks.values()), list(checks), default="").astype(REASON_TYPE)
    for start, end in find_passages(reasons == ""):
        if end - start < settings.min_segment_s * fps:
            reasons[start:end] = SHORT_SEGMENT
    return reasons


def in_company(people: NDArray[np.integer], *, fps: float) -> Flags:
    """Frames (T,) with several people, from their number (T,), including those with others briefly hidden."""
    several = np.asarray(people) > 1
    for start, end in find_passages(~several):
        if start > 0 and end < len(several) and end - start < HIDDEN_S * fps:
            several[start:end] = True
    return several


def count_reasons(reason: NDArray[np.str_]) -> dict[str, int]:
    """Dropped frames by code, the most frequent first, from (T,) codes."""
    return dict(Counter(str(code) for code in reason if code).most_common())


def explain_refusal(reason: NDArray[np.str_]) -> str:
    """One line for a video without usable frames: the most frequent reason and its remedy.

    Short pieces are the consequence of other reasons, so they are named only if they are the only reason.
    """
    counts = count_reasons(reason)
    if not counts:
        return "it has no frames; check that it is a video"
    causes = {code: count for code, count in counts.items() if code != SHORT_SEGMENT} or counts
    code = next(iter(causes))
    return (
        f"no frame is usable; in {counts[code]} of {len(reason)} {REASONS[code].words} (`{code}`): "
        f"{REASONS[code].remedy}"
    )
