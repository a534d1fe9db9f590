"""The target video check: measurements of a video of a person, before hours of training (not in the paper).

`measure_target` measures, `findings.judge` states the findings. Limits that are not self-evident were measured on real
video:

view: seen from the front, the signed width of shoulders and hips is 1.0 to 1.2 torso lengths. Where it is above 0.5,
the face is seen in 99 to 100 % of the frames; below -0.5, in none.
poses: distances are in torso lengths of the target, root mean square over the body's joints, with the hips aligned and
the dance scaled to the target's height as in the choreography. 12 % of the poses in a dance's last ten seconds are
farther than 0.3 from all earlier ones; 44 % of that dance's poses are so far from a slow dance, and 74 % from 9 s of a
person seen from the front. A limb is about 0.3 torso lengths thick. Keypoints that place neck and hips differently
(some motion capture) are far as well.
sharpness: a person blurred over 3 pixels of 512 is 0.3 to 0.45 times as sharp relative to the room. At most 4 % of the
frames of three calm videos are below half of the sharpest tenth, but 31 % of a fast dance in poor light. A person who
is always out of focus is not detected.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from danceit_core.choreography.costs import signed_width
from danceit_core.choreography.curve import Array, hide_absent
from danceit_core.imagination.check.samples import Samples, relative_sharpness
from danceit_core.imagination.plate.figures import RoomFigures
from danceit_core.imagination.target.data import MIN_JOINTS
from danceit_core.imagination.target.region import person_span
from danceit_core.pose.measure import body_heights, measure_body, standing
from danceit_core.pose.passages import kept_frames
from danceit_core.pose.plate import still_picture
from danceit_core.pose.rejection import NO_FEET, NO_HANDS
from danceit_core.pose.repair import in_torsos
from danceit_core.pose.skeleton import BODY, FEET, HANDS, HEAD, MID_HIP, NECK, Keypoints, present
from danceit_core.pose.table import PoseTable

VIEWS = {"front": "from the front", "side": "from the side", "back": "from behind"}
# Chin to crown, as a share of the height from nose to ankles.
HEAD_SHARE = 0.15
# Signed widths of shoulders and hips, torso lengths: front or back from the first on, side up to the second.
WIDE, NARROW = 0.6, 0.4
FAR_TORSOS = 0.3
# Poses sampled from the dances: one in this many seconds, at most this many in all.
POSES_S, POSES = 0.5, 2000
BLURRED = 0.5
# Share of the poses that fit into the painter's window.
HELD = 0.95


@dataclass(frozen=True)
class Figures:
    """The figures of a target video: shares of its frames, 0..1, NaN if there is nothing to measure.

    usable_s: seconds that cleaning kept. size: width and height of the picture, pixels. height: median nose to ankles,
    as a share of the picture's height; head_px: height of the painted head. cut_off: frames with a part of the body out
    of view, cut_off_part: which part in most of them. shown, asked: share of each of VIEWS in the target and in the
    dances. far_poses: share of the dances' poses; build: their torso, as a multiple of the target's at equal height.
    blurred, people: frames blurred by movement, with several people. camera_moved: how far the corners of the picture
    move on the room, as a share of its longer side, 0 if the camera is static; light_changed: change of the exposure
    before correction, 0..1, 0 if it was steady. writing_s: seconds in which writing covers the feet. room: the figures
    of the plate. still: whether it is one photograph. near_poses: share of the dances' poses that resemble one in the
    video, part by part (`choreography.paintable`).
    """

    usable_s: float
    size: tuple[int, int]
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
    camera_moved: float
    light_changed: float
    writing_s: float
    room: RoomFigures
    still: bool = False
    near_poses: float = math.nan


def measure_target(
    cleaned: PoseTable,
    raw: PoseTable,
    *,
    samples: Samples,
    dances: Iterable[PoseTable],
    image_size: int,
    room: RoomFigures,
    writing_s: float = 0.0,
    near_poses: float = math.nan,
) -> Figures:
    """Measure a target video by its keypoints after and before cleaning and by some of its pictures.

    cleaned: keypoints on the plate; raw: in pixels of the frame store. dances: the poses to be painted, as finished
    dances or cleaned dance videos, read one by one. image_size: pixels of the network for the longer side of the window
    in which it paints the person. room: figures of the plate; writing_s, near_poses: as in `Figures`.
    """
    keypoints, size = cleaned.keypoints[kept_frames(cleaned)], still_picture(cleaned)[2:]
    xy, body = hide_absent(keypoints)[..., :2], measure_body(keypoints)
    tall_px = _median(body_heights(xy))
    poses, views = sample_moves(cleaned)
    moves = [(np.zeros((0, len(BODY), 2)), np.zeros(0, int)), *(sample_moves(d, every_s=POSES_S) for d in dances)]
    asked, asked_views = (np.concatenate(parts) for parts in zip(*moves, strict=True))
    torsos = body.height_px / (body.torso_px or math.nan)
    far = nearest_poses(asked[:: max(1, math.ceil(len(asked) / POSES))], poses) * torsos
    bars = np.ceil(black_bars(cleaned)[samples.numbers] * samples.scale).astype(int)
    sharpness = relative_sharpness(samples.pictures, samples.joints, bars=bars)
    sharpness = sharpness[np.isfinite(sharpness)]
    sharpest = np.quantile(sharpness, 0.9) if len(sharpness) else 0.0
    people, parts = raw.columns.get("people", np.zeros(0)), cut_off_parts(raw, cleaned)
    return Figures(
        usable_s=len(keypoints) / cleaned.fps,
        size=size,
        height=tall_px / size[1],
        head_px=HEAD_SHARE * tall_px * painted_scale(keypoints, body_px=body.torso_px, image_size=image_size),
        cut_off=_mean(np.any(list(parts.values()), axis=0)),
        cut_off_part=max(parts, key=lambda part: int(parts[part].sum())),
        shown={view: _mean(views == number) for number, view in enumerate(VIEWS)},
        asked={view: _mean(asked_views == number) for number, view in enumerate(VIEWS)},
        far_poses=_mean(far[np.isfinite(far)] > FAR_TORSOS),
        build=standing(np.linalg.norm(asked[:, NECK], axis=-1)) * torsos,
        blurred=_mean(sharpness < BLURRED * sharpest),
        people=_mean(people[people > 0] > 1),
        camera_moved=camera_moved(cleaned),
        light_changed=light_changed(cleaned),
        writing_s=writing_s,
        room=room,
        still=bool(cleaned.metadata.get("still")),
        near_poses=near_poses,
    )


def painted_scale(keypoints: Keypoints, *, body_px: float, image_size: int) -> float:
    """Pixels that the network paints per pixel of the picture, at most 1; its window holds most (T, 25, 3) poses."""
    spans = person_span(keypoints, body_px=body_px or 1.0)
    spans = spans[np.isfinite(spans).all(-1)]
    if not len(spans):
        return 1.0
    sides = np.quantile(spans[:, 2:] - spans[:, :2], HELD, axis=0)
    return float(min(1.0, image_size / max(1.0, sides.max())))


def camera_moved(table: PoseTable) -> float:
    """How far the corners of a target's picture move on its plate, as a share of the picture's longer side."""
    if "camera" not in table.columns or not len(table):
        return 0.0
    width, height = still_picture(table)[2:]
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float64)[None]
    places = np.stack([cv2.perspectiveTransform(corners, one)[0] for one in table.columns["camera"].astype(np.float64)])
    return float((places.max(0) - places.min(0)).max() / max(width, height))


def light_changed(table: PoseTable) -> float:
    """How much the exposure of a target's video changes before correction: brightest over darkest gain, minus 1."""
    if "exposure" not in table.columns or not len(table):
        return 0.0
    gains = table.columns["exposure"].mean(-1)
    return float(gains.max() / gains.min() - 1)


def sample_moves(table: PoseTable, *, every_s: float = 0.0) -> tuple[Array, NDArray[np.int64]]:
    """Kept poses (N, 15, 2) and their views (N,), one in every_s seconds: hip at (0, 0), height 1, NaN where absent."""
    keypoints, step = table.keypoints[kept_frames(table)], max(1, round(every_s * table.fps))
    xy = hide_absent(keypoints)[:, list(BODY), :2]
    poses = (xy - xy[:, MID_HIP : MID_HIP + 1]) / (measure_body(keypoints).height_px or math.nan)
    return poses[::step], find_views(keypoints, fps=table.fps)[::step]


def find_views(keypoints: Keypoints, *, fps: float) -> NDArray[np.int64]:
    """The view (T,) in which each frame of (T, 25, 3) keypoints shows the dancer: 0, 1, 2 as in VIEWS, -1 if unknown.

    With hysteresis: a frame that is not clearly one view, or lacks a joint, has the view of the previous frame.
    """
    width = signed_width(in_torsos(keypoints, fps=fps))
    view = np.select([width > WIDE, np.abs(width) < NARROW, width < -WIDE], [0, 1, 2], default=-1)
    clear = np.flatnonzero(view >= 0)
    if not len(clear):
        return view
    return view[clear[np.maximum(np.searchsorted(clear, np.arange(len(view)), side="right") - 1, 0)]]


def nearest_poses(asked: Array, shown: Array) -> Array:
    """Distance (N,) from poses (N, 15, 2) to the nearest of (M, 15, 2): root mean square over the common joints.

    In the poses' unit; NaN if no pose has MIN_JOINTS joints in common.
    """
    seen, there = (np.isfinite(poses[..., 0]).astype(np.float64) for poses in (asked, shown))  # (N, 15), (M, 15)
    a, b = np.nan_to_num(asked), np.nan_to_num(shown)
    # |a - b|^2 = |a|^2 - 2ab + |b|^2, summed over the joints that both have: (N, M)
    squares = (a**2).sum(-1) @ there.T - 2 * np.einsum("njc,mjc->nm", a, b, optimize=True) + seen @ (b**2).sum(-1).T
    joints = seen @ there.T
    mean = np.where(joints >= MIN_JOINTS, squares / np.maximum(joints, 1), np.inf).min(axis=1, initial=np.inf)
    return np.where(np.isfinite(mean), np.sqrt(np.maximum(mean, 0)), np.nan)


def cut_off_parts(raw: PoseTable, cleaned: PoseTable) -> dict[str, NDArray[np.bool_]]:
    """In which of the frames that show a person (n,) feet, hands or head are outside the picture or were not found."""
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


def black_bars(table: PoseTable) -> NDArray[np.int64]:
    """Width in pixels of the letterbox's black bars in each frame (T, 2): left and right, above and below."""
    _, *first = table.metadata.get("letterbox") or (1.0, 0, 0)
    # Tables from before a part of the picture could be chosen have no margins: they show all of it.
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
