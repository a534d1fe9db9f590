"""The target video check: will this video of a person serve? Said before hours of training (not in the paper).

`measure_target` measures, `judge` says in words what follows, `write_check` files both, `draw_check` makes a page of
it. Where limits are not plain sense, they were measured on real video:

view: the signed width of shoulders and hips is 1.0 to 1.2 torso lengths seen from the front. Where it is above 0.5 the
face is seen in 99 to 100 % of the frames, below -0.5 in none.
poses: distances are torso lengths of the target, root mean square over the body's joints, hips on hips, the dance
brought to the target's height as the choreography does. Of a dance's last ten seconds 12 % are farther than 0.3 from
all before, of the same dance 44 % are from a slow one and 74 % from 9 s of a person seen from the front; a limb is
about 0.3 torso lengths thick. Keypoints that place neck and hips elsewhere (some motion capture) are far, too.
sharpness: smeared over 3 pixels of 512, a person is 0.3 to 0.45 times as sharp beside the room. Of three calm videos
at most 4 % of the frames are below half of the sharpest tenth, of a fast dance in poor light 31 %. Who is out of focus
all the time is not noticed.
"""

import json
import logging
import math
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from danceit_core.choreography.costs import signed_width
from danceit_core.choreography.curve import Array, hide_absent
from danceit_core.files import write_text
from danceit_core.imagination.target.background import MOVING_LEVELS, relative_sharpness, room_unrest
from danceit_core.imagination.target.data import MIN_JOINTS
from danceit_core.pose.measure import body_heights, measure_body, standing
from danceit_core.pose.passages import kept_frames
from danceit_core.pose.rejection import NO_FEET, NO_HANDS
from danceit_core.pose.repair import in_torsos
from danceit_core.pose.skeleton import BODY, FEET, HANDS, HEAD, MID_HIP, NECK, Keypoints, present
from danceit_core.pose.table import PoseTable

log = logging.getLogger(__name__)

Frames = NDArray[np.int64]
VIEWS = {"front": "from the front", "side": "from the side", "back": "from behind"}
# Frames that are looked at.
SAMPLES = 48
SHORT_S, LONG_S = 30, 100
# Of the height of the (square) picture that the GAN paints; a wide video (16:9) that the person fills gives 0.44.
SMALL_SHARE = 0.4
# Chin to crown, of the height from nose to ankles.
HEAD_SHARE = 0.15
# Signed widths of shoulders and hips, torso lengths: front or back from here on, side up to there.
WIDE, NARROW = 0.6, 0.4
ASKED_SHARE, RARE_SHARE = 0.1, 0.02
FAR_TORSOS, FAR_SHARE = 0.3, 0.25
# Torsos of real people, by one detector: 0.34 to 0.41 of the height from nose to ankles; of that motion capture, 0.21.
OTHER_BUILD = 1.33
# Poses of the dances: one in so many seconds, not more than so many in all.
POSES_S, POSES = 0.5, 2000
BLURRED, BLURRED_SHARE = 0.5, 0.2
CUT_OFF_SHARE, PEOPLE_SHARE = 0.1, 0.05


@dataclass(frozen=True)
class Figures:
    """What was measured of a target video: shares of its frames, 0..1, NaN where there is nothing to measure.

    usable_s: seconds that cleaning kept. height: median nose to ankles, of the picture's height; head_px: of the head,
    as painted. cut_off: frames with a part of the body out of view, cut_off_part: which mostly. shown, asked: each of
    VIEWS in the target and in the dances. far_poses: of the dances' poses; build: their torso, as
    a multiple of the target's at one height. blurred, people: frames blurred by movement,
    with several persons. room_levels: grey levels by which the background differs from frame to frame.
    """

    usable_s: float
    height: float
    head_px: float
    cut_off: float
    cut_off_part: str
    shown: dict[str, float]
    asked: dict[str, float]
    far_poses: float
    build: float
    blurred: float
    people: float
    room_levels: float


@dataclass(frozen=True)
class Finding:
    """What there is to say on one check: `warning` or `note`, and a sentence with figure, limit and remedy."""

    check: str
    severity: str
    sentence: str


def measure_target(
    cleaned: PoseTable,
    raw: PoseTable,
    *,
    pictures: NDArray[np.uint8],
    frames: Frames,
    dances: Iterable[PoseTable],
    picture_size: int,
) -> Figures:
    """Measure a target video by its keypoints after and before cleaning and by some of its pictures.

    pictures (n, H, W, 3) of the numbers `frames`, as of `spread_frames`. dances: what will be asked for, finished
    dances or cleaned dance videos, looked at one by one. picture_size: of the pictures that the GAN will paint.
    """
    keypoints, height = cleaned.keypoints[kept_frames(cleaned)], cleaned.size[1]
    xy, body, joints = hide_absent(keypoints)[..., :2], measure_body(keypoints), cleaned.keypoints[frames]
    tall = _median(body_heights(xy)) / height
    poses, views = sample_moves(cleaned)
    moves = [(np.zeros((0, len(BODY), 2)), np.zeros(0, int)), *(sample_moves(d, every_s=POSES_S) for d in dances)]
    asked, asked_views = (np.concatenate(parts) for parts in zip(*moves, strict=True))
    torsos = body.height_px / (body.torso_px or math.nan)
    far = nearest_poses(asked[:: max(1, math.ceil(len(asked) / POSES))], poses) * torsos
    sharpness = relative_sharpness(pictures, joints, bars=black_bars(cleaned)[frames])
    sharpness = sharpness[np.isfinite(sharpness)]
    sharpest = np.quantile(sharpness, 0.9) if len(sharpness) else 0.0
    people, parts = raw.columns.get("people", np.zeros(0)), cut_off_parts(raw, cleaned)
    return Figures(
        usable_s=len(keypoints) / cleaned.fps,
        height=tall,
        head_px=HEAD_SHARE * tall * picture_size,
        cut_off=_mean(np.any(list(parts.values()), axis=0)),
        cut_off_part=max(parts, key=lambda part: int(parts[part].sum())),
        shown={view: _mean(views == number) for number, view in enumerate(VIEWS)},
        asked={view: _mean(asked_views == number) for number, view in enumerate(VIEWS)},
        far_poses=_mean(far[np.isfinite(far)] > FAR_TORSOS),
        build=standing(np.linalg.norm(asked[:, NECK], axis=-1)) * torsos,
        blurred=_mean(sharpness < BLURRED * sharpest),
        people=_mean(people[people > 0] > 1),
        room_levels=room_unrest(pictures, joints),
    )


def spread_frames(cleaned: PoseTable, *, count: int = SAMPLES) -> Frames:
    """Numbers of at most `count` kept frames, from the first to the last at even distances."""
    kept = np.flatnonzero(kept_frames(cleaned))
    return kept[np.unique(np.linspace(0, len(kept) - 1, min(count, len(kept))).round().astype(int))]


def sample_moves(table: PoseTable, *, every_s: float = 0.0) -> tuple[Array, NDArray[np.int64]]:
    """Kept poses (N, 15, 2) and their views (N,), one in every_s seconds: hip at (0, 0), height 1, NaN where absent."""
    keypoints, step = table.keypoints[kept_frames(table)], max(1, round(every_s * table.fps))
    xy = hide_absent(keypoints)[:, list(BODY), :2]
    poses = (xy - xy[:, MID_HIP : MID_HIP + 1]) / (measure_body(keypoints).height_px or math.nan)
    return poses[::step], find_views(keypoints, fps=table.fps)[::step]


def find_views(keypoints: Keypoints, *, fps: float) -> NDArray[np.int64]:
    """From where each frame (T,) of (T, 25, 3) keypoints shows the dancer: 0, 1, 2 as in VIEWS, -1 if none tells.

    With hysteresis: a frame that is neither clearly the one nor the other, or lacks a joint, is as the one before.
    """
    width = signed_width(in_torsos(keypoints, fps=fps))
    view = np.select([width > WIDE, np.abs(width) < NARROW, width < -WIDE], [0, 1, 2], default=-1)
    clear = np.flatnonzero(view >= 0)
    if not len(clear):
        return view
    return view[clear[np.maximum(np.searchsorted(clear, np.arange(len(view)), side="right") - 1, 0)]]


def nearest_poses(asked: Array, shown: Array) -> Array:
    """Distance (N,) of poses (N, 15, 2) to the nearest of (M, 15, 2): root mean square over the joints of both.

    In the poses' unit; NaN where no pose has MIN_JOINTS joints in common with it.
    """
    seen, there = (np.isfinite(poses[..., 0]).astype(np.float64) for poses in (asked, shown))  # (N, 15), (M, 15)
    a, b = np.nan_to_num(asked), np.nan_to_num(shown)
    # |a - b|^2 = |a|^2 - 2ab + |b|^2, summed over the joints that both have: (N, M)
    squares = (a**2).sum(-1) @ there.T - 2 * np.einsum("njc,mjc->nm", a, b, optimize=True) + seen @ (b**2).sum(-1).T
    joints = seen @ there.T
    mean = np.where(joints >= MIN_JOINTS, squares / np.maximum(joints, 1), np.inf).min(axis=1, initial=np.inf)
    return np.where(np.isfinite(mean), np.sqrt(np.maximum(mean, 0)), np.nan)


def cut_off_parts(raw: PoseTable, cleaned: PoseTable) -> dict[str, NDArray[np.bool_]]:
    """In which of the frames that show somebody (n,) feet, hands or head lie outside the picture or were not found."""
    seen, (width, height) = present(raw.keypoints), raw.size
    left, top = black_bars(raw).T[..., None]  # (T, 1) each
    x, y = raw.keypoints[..., 0], raw.keypoints[..., 1]
    outside = seen & ((x < left) | (x >= width - left) | (y < top) | (y >= height - top))
    reason, somebody = np.asarray(cleaned.columns.get("reason", np.full(len(raw), "")), str), seen.any(axis=1)
    parts = {"feet": (FEET, NO_FEET), "hands": (HANDS, NO_HANDS), "head": (HEAD, None)}
    return {
        part: (outside[:, list(joints)].any(axis=1) | (reason == code))[somebody]
        for part, (joints, code) in parts.items()
    }


def judge(f: Figures) -> tuple[Finding, ...]:
    """The findings that follow from the figures; what could not be measured gives none."""
    use = f"{f.usable_s:.0f} s of the video are of use,"
    levels = f"the background differs by {f.room_levels:.1f} grey levels from frame to frame"
    move = "let the person move as the dancers do"
    if f.build > OTHER_BUILD or f.build < 1 / OTHER_BUILD:
        move = f"their torso is {f.build:.1f} times the target's, detect the joints of both in the same way"
    found = [
        ("length", f.usable_s < SHORT_S, f"{use} less than {SHORT_S} s teach little: film about 120 s"),
        ("size", f.height < SMALL_SHARE, f"nose to ankles take {f.height:.0%} of the picture's height (limit "
         f"{SMALL_SHARE:.0%}), the head gets {f.head_px:.0f} pixels: film from nearer, with the phone upright"),
        ("body", f.cut_off > CUT_OFF_SHARE, f"a part of the body is out of view in {f.cut_off:.0%} of the frames, "
         f"mostly the {f.cut_off_part} (limit {CUT_OFF_SHARE:.0%}): leave room on all sides"),
        *(("views", f.asked[view] >= ASKED_SHARE and f.shown[view] < RARE_SHARE, f"the dances show the dancer {words} "
           f"{f.asked[view]:.0%} of the time, the target {f.shown[view]:.0%} (limit {RARE_SHARE:.0%}), what is not "
           "shown will be guessed: let the person turn") for view, words in VIEWS.items()),
        ("poses", f.far_poses > FAR_SHARE, f"{f.far_poses:.0%} of the dances' poses are more than {FAR_TORSOS} torso "
         f"lengths from each of the target's (limit {FAR_SHARE:.0%}): {move}"),
        ("sharpness", f.blurred > BLURRED_SHARE, f"{f.blurred:.0%} of the frames are blurred by movement (limit "
         f"{BLURRED_SHARE:.0%}): film in more light, or let the person move more slowly"),
        ("people", f.people > PEOPLE_SHARE, f"{f.people:.0%} of the frames show several people (limit "
         f"{PEOPLE_SHARE:.0%}): film the person alone"),
        ("camera", f.room_levels > MOVING_LEVELS, f"{levels} (limit {MOVING_LEVELS:.0f}): put the camera "
         "on a stand, or set pose_gan: background_plate: false"),
    ]  # fmt: skip
    warnings = [Finding(check, "warning", sentence) for check, holds, sentence in found if holds]
    notes = [Finding("length", "note", f"{use} about 120 are recommended: film longer")]
    return (*warnings, *(notes if SHORT_S <= f.usable_s < LONG_S else ()))


def write_check(path: str | Path, figures: Figures) -> None:
    """Write figures (NaN: null) and findings as JSON; the findings are logged, too."""
    for finding in judge(figures):
        log.log(logging.WARNING if finding.severity == "warning" else logging.INFO, "%s", finding.sentence)
    plain = json.loads(json.dumps(asdict(figures)), parse_constant=lambda _: None)
    write_text(path, json.dumps({"figures": plain, "findings": [asdict(f) for f in judge(figures)]}, indent=2) + "\n")


def black_bars(table: PoseTable) -> NDArray[np.int64]:
    """Width in pixels of the letterbox's black bars in each frame (T, 2): left and right, above and below."""
    _, *first = table.metadata.get("letterbox") or (1.0, 0, 0)
    # Tables made before a part of the picture could be chosen have no margins: the whole of it is shown.
    older = [(frame, left, top) for frame, _, left, top in table.metadata.get("letterboxes") or [(0, 0, *first)]]
    bars = np.empty((len(table), 2), np.int64)
    for frame, left, top in table.metadata.get("margins") or older:
        bars[frame:] = int(left), int(top)
    return bars


def _mean(flags: NDArray[np.bool_]) -> float:
    return float(flags.mean()) if len(flags) else float("nan")


def _median(values: Array) -> float:
    finite = values[np.isfinite(values)]
    return float(np.median(finite)) if len(finite) else float("nan")
