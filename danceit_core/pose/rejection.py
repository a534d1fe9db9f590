"""Rejection of frames (paper III-A, its two rules) and the reason codes: why a frame of a dance is of no use.

Rule 1: a frame too far from the one before, `jump` (a detector that lost its way, another person, a cut that nobody
found). Rule 2: hands or feet not detected, `no_hands`, `no_feet`. Beside them: nobody or several people in view, no
torso to measure by, a shot with a turned camera (`orientation`), left and right mixed up, the moments of coming into
view and leaving it, what is left in too short pieces, and a video that never shows a head. Each dropped frame has
exactly one code, the first in the order of REASONS that holds. `REASONS` is the one list of the codes, for the report
and the docs.

Measured at 24 fps: on 11 dances of motion capture and on clean real video the mean step of the body never passes 0.3
torsos a frame, a detector that lost the body makes 0.6 to 1.3.

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

# So long before nobody is seen, and after it, a detector follows what is left of a person in the picture.
EDGE_S = 1 / 6
# Whoever was beside the dancer, and is there again before so long, was hidden meanwhile: who of the two is seen then?
HIDDEN_S = 2.0

Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class Reason:
    """A code in plain words, and what a user can do about it."""

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
        "check the video for cuts that were not found (a lower video.cut_threshold finds more) and for other people",
    ),
    PARTLY_SEEN: Reason("the dancer comes into view or leaves it", "film from farther away, with room on both sides"),
    SHORT_SEGMENT: Reason("too few good frames in a row", "mend what interrupts them, or lower cleaning.min_segment_s"),
    NO_HEAD: Reason("the head is never seen together with a foot", "film the whole body, head to feet"),
    NO_CAMERA: Reason(
        "the movement of the camera is lost",
        "put the camera on a tripod, or move it slowly before a wall with things on it (a target's camera is followed)",
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
    """Code (T,) of each frame of repaired keypoints of one shot; "" for those of use. The first that holds.

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
        # Before the jump that it makes: an exchange of sides explains more.
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
    """Frames (T,) with several people, from their number (T,): also where others are hidden for a moment."""
    several = np.asarray(people) > 1
    for start, end in find_passages(~several):
        if start > 0 and end < len(several) and end - start < HIDDEN_S * fps:
            several[start:end] = True
    return several


def count_reasons(reason: NDArray[np.str_]) -> dict[str, int]:
    """Dropped frames by code, the most frequent first, from (T,) codes."""
    return dict(Counter(str(code) for code in reason if code).most_common())


def explain_refusal(reason: NDArray[np.str_]) -> str:
    """One line for a video of which no frame is of use: the most frequent reason and its remedy.

    Short pieces are the consequence of other reasons, so they are named only where they are alone.
    """
    counts = count_reasons(reason)
    if not counts:
        return "it has no frames; is it a video?"
    causes = {code: count for code, count in counts.items() if code != SHORT_SEGMENT} or counts
    code = next(iter(causes))
    return (
        f"no frame is of use; in {counts[code]} of {len(reason)} {REASONS[code].words} (`{code}`): "
        f"{REASONS[code].remedy}"
    )
