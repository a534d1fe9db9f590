"""How well a poseGAN paints unseen frames (paper V; our reading of "image scores").

    psnr, ssim               whole picture; most of it is the room
    person_psnr              pixels of the person's region alone
    face_psnr, face_sharp    patch round the nose of frames that show the face: PSNR, and the variance of its Laplacian
                             as a share of the real one's (1: as sharp)
    hands_sharp              the same share for the patches round both hands
    motion_error             frame-to-frame error: mean |change painted - change real|, person's region, grey levels
    warp_error, .._real      flicker of the person: mean |picture - previous picture, moved as the real video moves|,
                             painted and real, grey levels, where that movement is known (Lai et al., ECCV 2018)
    texture_flicker, .._real the same, each moved along its own movement: clothes that swim or shimmer, no matter how
                             well the person's movement is reproduced
    flicker, flicker_real    mean change of the background from frame to frame, painted and real, grey levels

Pictures uint8 (T, S, S, 3), painted and real, of consecutive frames; keypoints (T, 25, 3) in their pixels. Neighbours
that are not consecutive (`follows` false) do not count for scores of change. PCK needs a detector: `images`.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from danceit_core.evaluation.images import background_flicker, decibels, psnr, ssim
from danceit_core.imagination.check.measure import FAR_TORSOS, nearest_poses, sample_moves
from danceit_core.imagination.networks.face import faces_camera, place_patch
from danceit_core.imagination.target.region import hand_tips, person_region
from danceit_core.media.letterbox import Picture
from danceit_core.pose.measure import measure_body
from danceit_core.pose.passages import kept_frames
from danceit_core.pose.skeleton import Keypoints, present
from danceit_core.pose.table import PoseTable

# Hair, sleeves and shadows beyond the limbs belong to the person.
WIDEN = 1.5
# Side of the patch round a hand, body sizes.
HAND_SIDE = 0.44
# If the real picture differs this much from its moved predecessor, something new came into view.
UNKNOWN_LEVELS = 20


def score_painting(
    painted: list[Picture],
    real: list[Picture],
    keypoints: Keypoints,
    *,
    follows: NDArray[np.bool_],
    body_px: float,
    face_px: int,
) -> dict[str, float]:
    """The scores of the module's list. body_px: body size of the person; face_px: side of the face patch, pixels."""
    size = real[0].shape[1], real[0].shape[0]
    regions = [person_region(pose, size=size, body_px=body_px, widen=WIDEN) for pose in keypoints]
    return {
        "psnr": float(np.mean([psnr(p, q) for p, q in zip(painted, real, strict=True)])),
        "ssim": float(np.mean([ssim(p, q) for p, q in zip(painted, real, strict=True)])),
        "person_psnr": person_psnr(painted, real, keypoints, body_px=body_px),
        **score_faces(painted, real, keypoints, side=face_px),
        "hands_sharp": score_hands(painted, real, keypoints, side=max(1, round(HAND_SIDE * body_px))),
        "motion_error": motion_error(painted, real, regions, follows=follows),
        **warp_errors(painted, real, regions, follows=follows),
        "texture_flicker": texture_flicker(painted, regions, follows=follows),
        "texture_flicker_real": texture_flicker(real, regions, follows=follows),
        "flicker": background_flicker(painted, regions),
        "flicker_real": background_flicker(real, regions),
    }


def person_psnr(painted: list[Picture], real: list[Picture], keypoints: Keypoints, *, body_px: float) -> float:
    """PSNR in dB over the person's regions of all frames; every frame has the same weight."""
    size, errors = (real[0].shape[1], real[0].shape[0]), []
    for ours, theirs, pose in zip(painted, real, keypoints, strict=True):
        region = person_region(pose, size=size, body_px=body_px, widen=WIDEN)
        errors.append(np.square(ours[region].astype(float) - theirs[region]).mean())
    return decibels(float(np.mean(errors)))


def score_faces(painted: list[Picture], real: list[Picture], keypoints: Keypoints, *, side: int) -> dict[str, float]:
    """`face_psnr` and `face_sharp` over the frames that show the face; NaN if none does."""
    errors, sharp = [], []
    for number in np.flatnonzero(faces_camera(keypoints)):
        place = place_patch(keypoints[number], side=side, size=real[0].shape[1::-1])
        if place is not None:
            ours, theirs = painted[number][place.slices], real[number][place.slices]
            errors.append(np.square(ours.astype(float) - theirs).mean())
            sharp.append((_sharpness(ours), _sharpness(theirs)))
    if not errors:
        return {"face_psnr": float("nan"), "face_sharp": float("nan")}
    ours, theirs = np.mean(sharp, axis=0)
    return {"face_psnr": decibels(float(np.mean(errors))), "face_sharp": float(ours / theirs)}


def score_hands(painted: list[Picture], real: list[Picture], keypoints: Keypoints, *, side: int) -> float:
    """`hands_sharp`: variance of the Laplacian in patches of `side` pixels round the hands, relative to the real ones.

    Patches cut by the edge of the picture are left out; NaN without any.
    """
    sharp = []
    for ours, theirs, pose in zip(painted, real, keypoints, strict=True):
        for tip in hand_tips(pose):
            left, top = (round(float(at) - side / 2) for at in tip)
            if 0 <= left <= ours.shape[1] - side and 0 <= top <= ours.shape[0] - side:
                where = slice(top, top + side), slice(left, left + side)
                sharp.append((_sharpness(ours[where]), _sharpness(theirs[where])))
    if not sharp:
        return float("nan")
    mine, real_ones = np.mean(sharp, axis=0)
    return float(mine / real_ones) if real_ones else float("nan")


def motion_error(
    painted: list[Picture],
    real: list[Picture],
    regions: list[NDArray[np.bool_]],
    *,
    follows: NDArray[np.bool_],
) -> float:
    """Mean absolute difference of the changes from frame to frame, grey levels, where the person is in either frame."""
    errors = []
    for number in np.flatnonzero(follows[1:]) + 1:
        where = regions[number] | regions[number - 1]
        ours, theirs = (p[number][where].astype(np.int16) - p[number - 1][where] for p in (painted, real))
        errors.append(np.abs(ours - theirs).mean())
    return float(np.mean(errors)) if errors else float("nan")


def warp_errors(
    painted: list[Picture],
    real: list[Picture],
    regions: list[NDArray[np.bool_]],
    *,
    follows: NDArray[np.bool_],
) -> dict[str, float]:
    """`warp_error` and `warp_error_real` of the module. Real movement is dense optical flow (DIS)."""
    errors = []
    for number in np.flatnonzero(follows[1:]) + 1:
        flow = _flow_back(real[number - 1], real[number])
        both = [_unexplained(pictures[number - 1], pictures[number], flow) for pictures in (painted, real)]
        known = regions[number] & (both[1] < UNKNOWN_LEVELS)
        if known.any():
            errors.append([error[known].mean() for error in both])
    ours, theirs = np.mean(errors, axis=0) if errors else (np.nan, np.nan)
    return {"warp_error": float(ours), "warp_error_real": float(theirs)}


def texture_flicker(pictures: list[Picture], regions: list[NDArray[np.bool_]], *, follows: NDArray[np.bool_]) -> float:
    """`texture_flicker` of the module; NaN without two consecutive frames."""
    errors = []
    for number in np.flatnonzero(follows[1:]) + 1:
        before, now = pictures[number - 1], pictures[number]
        if regions[number].any():
            errors.append(_unexplained(before, now, _flow_back(before, now))[regions[number]].mean())
    return float(np.mean(errors)) if errors else float("nan")


def _flow_back(before: Picture, now: Picture) -> NDArray[np.float32]:
    """Where each pixel of `now` was in `before`, as a displacement (H, W, 2)."""
    flow_of = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    here, there = (cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY) for picture in (now, before))
    return flow_of.calc(here, there, None)


def _unexplained(before: Picture, now: Picture, flow: NDArray[np.float32]) -> NDArray[np.float64]:
    """Absolute difference (H, W) of a picture from the previous one moved along a flow; mean over colours."""
    rows, columns = np.indices(now.shape[:2], np.float32)
    moved = cv2.remap(before, columns + flow[..., 0], rows + flow[..., 1], cv2.INTER_LINEAR)
    return np.abs(now.astype(np.int16) - moved).mean(-1)


def flag_poses(dance: PoseTable, target: PoseTable) -> dict[str, float]:
    """How much of a dance the painter has to guess, as shares of its frames; NaN where it cannot be measured.

    `unseen_poses`: farther than FAR_TORSOS from every pose of the target's cleaned table; `outside_picture`: a joint
    outside the picture, `outside_joints`: share of joints; `missing_joints`: fewer joints than usual for the target.
    """
    asked, shown = sample_moves(dance)[0], sample_moves(target)[0]
    body = measure_body(target.keypoints[kept_frames(target)])
    far = nearest_poses(asked, shown) * (body.height_px / body.torso_px)
    seen = present(dance.keypoints)
    xy, size = dance.keypoints[..., :2], np.array(dance.size)
    outside = seen & ((xy < 0) | (xy >= size)).any(-1)
    usual = np.median(present(target.keypoints[kept_frames(target)]).sum(-1))
    return {
        "unseen_poses": float((far[np.isfinite(far)] > FAR_TORSOS).mean()) if np.isfinite(far).any() else float("nan"),
        "outside_picture": float(outside.any(-1).mean()),
        "outside_joints": float(outside.sum() / max(1, seen.sum())),
        "missing_joints": float((seen.sum(-1) < usual).mean()),
    }


def _sharpness(picture: Picture) -> float:
    return float(cv2.Laplacian(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), cv2.CV_64F).var())
