"""Hands and face in real videos: how many are found, from which size on, and the cost of the search.

    python benchmarks/hands_and_face.py VIDEO... [--frames 240] [--start 0] [--shrink 0.5 0.25] [--sheet FOLDER]

A row gives, for a video: the length of its hands (median length of the middle finger with the palm, along its bones, in
pixels), the share of the frames in which a hand is found and surely found (confidence 0.8), the same for the face, and
the CPU time per frame with hands and with the face, as a multiple of that for the body. `--shrink` repeats this with
smaller pictures and gives the distance of the points from those of the original pictures, as a share of the hand's
length (the face's height). `--sheet` writes pictures of hands, original and with the found points, to look at.
"""

import argparse
import itertools
import time
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from danceit_core.assets import fetch_pose_file, fetch_pose_weights
from danceit_core.media.letterbox import Picture, resize
from danceit_core.media.video import decode_frames
from danceit_core.pose.blazepose import BlazePose
from danceit_core.pose.crops import cut_square, square_transform
from danceit_core.pose.details import Details
from danceit_core.pose.draw import contact_sheet, draw_hands
from danceit_core.pose.estimate import Detection, estimate_pictures
from danceit_core.pose.face import FACE_FILE
from danceit_core.pose.hands import HAND_FILE
from danceit_core.pose.skeleton import HANDS, MID_HIP, NECK

FPS = 24.0
SURE = 0.8
MIDDLE_FINGER = (0, 9, 10, 11, 12)
FOREHEAD, CHIN = 10, 152
SHOWN, TILE = 30, 300


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("videos", nargs="+", type=Path)
    parser.add_argument("--frames", type=int, default=240)
    parser.add_argument("--start", type=int, default=0)
    parser.add_argument("--shrink", nargs="*", type=float, default=[])
    parser.add_argument("--sheet", type=Path)
    parser.add_argument("--weights", type=Path, default=Path("resources/blazepose"))
    given = parser.parse_args()
    weights = fetch_pose_weights(given.weights)
    for name in (HAND_FILE, FACE_FILE):
        fetch_pose_file(weights / name)
    print(
        "| video | hand px | hands found | surely | face px | face found | with hands | with face "
        "| hands away | face away |\n|---|---|---|---|---|---|---|---|---|---|"
    )
    for video in given.videos:
        frames = decode_frames(video, fps=FPS, size=None)
        pictures = list(itertools.islice(frames, given.start, given.start + given.frames))
        whole, costs = look(pictures, weights)
        print_row(video.stem, whole, whole, costs, scale=1)
        for scale in given.shrink:
            size = round(pictures[0].shape[1] * scale), round(pictures[0].shape[0] * scale)
            smaller, costs = look([resize(picture, size) for picture in pictures], weights)
            print_row(f"{video.stem} x {scale:g}", smaller, whole, costs, scale=size[0] / pictures[0].shape[1])
        if given.sheet is not None:
            given.sheet.mkdir(parents=True, exist_ok=True)
            drawn = contact_sheet(hand_pictures(pictures, whole), columns=6, width=6 * TILE)
            cv2.imwrite(str(given.sheet / f"{video.stem}.png"), drawn[..., ::-1])


def look(pictures: list[Picture], weights: Path) -> tuple[Detection, dict[str, float]]:
    """Body, hands and face in the pictures, and the CPU time with hands, with the face: multiples of the body's."""
    seconds = {}
    for name, options in (("body", (False, False)), ("hands", (True, False)), ("face", (False, True))):
        details = Details(hands=options[0], face=options[1], weights=weights)
        body = BlazePose(weights, fps=FPS, confidence_floor=0.02)
        began = time.process_time()
        detection = estimate_pictures(pictures, body, fps=FPS, sink=details)
        seconds[name] = time.process_time() - began
        if name == "hands":
            hands = details.add_to(detection).hands
        elif name == "face":
            face = details.add_to(detection).face
    found = Detection(detection.keypoints, detection.people, fingers=detection.fingers, hands=hands, face=face)
    return found, {name: seconds[name] / seconds["body"] for name in ("hands", "face")}


def hand_lengths(hands: NDArray[np.float32]) -> NDArray[np.float64]:
    """Length (T, 2) of the hands (T, 2, 21, 3) along the bones of the middle finger, NaN if there is none."""
    bones = np.diff(hands[..., list(MIDDLE_FINGER), :2].astype(np.float64), axis=-2)
    return np.where(hands[..., 0, 2] > 0, np.linalg.norm(bones, axis=-1).sum(axis=-1), np.nan)


def print_row(name: str, found: Detection, whole: Detection, costs: dict[str, float], *, scale: float) -> None:
    """One row of the table; whole: what was found in the original pictures, 1 / scale times as large."""
    hand_px = float(np.nanmedian(hand_lengths(whole.hands))) * scale
    heights = np.linalg.norm(whole.face[:, FOREHEAD, :2] - whole.face[:, CHIN, :2], axis=-1)[whole.face[:, 0, 2] > 0]
    face_px = float(np.median(heights)) * scale if len(heights) else np.nan
    hands, face = found.hands[..., 0, 2], found.face[:, 0, 2]
    away = (
        distance(found.hands, whole.hands, scale=scale, unit_px=hand_px),
        distance(found.face, whole.face, scale=scale, unit_px=face_px),
    )
    cells = [f"{hand_px:.0f}", f"{(hands > 0).mean():.0%}", f"{(hands >= SURE).mean():.0%}", f"{face_px:.0f}"]
    cells += [f"{(face > 0).mean():.0%}", f"{costs['hands']:.2f} x", f"{costs['face']:.2f} x"]
    cells += [f"{share:.3f}" for share in away] if scale < 1 else ["-", "-"]
    print(f"| {name} | {' | '.join(cells)} |", flush=True)


def distance(found: NDArray[np.float32], whole: NDArray[np.float32], *, scale: float, unit_px: float) -> float:
    """Median distance of common points, in units of `unit_px`, where those of the original pictures are sure."""
    both = (found[..., 2] > 0) & (whole[..., 2] >= SURE)
    apart = np.linalg.norm(found[..., :2] - whole[..., :2] * scale, axis=-1)[both]
    return float(np.median(apart)) / unit_px if len(apart) else float("nan")


def hand_pictures(pictures: list[Picture], found: Detection) -> list[Picture]:
    """Hands of frames spread over the video, each above its found points."""
    tiles = []
    for frame in np.linspace(0, len(pictures) - 1, SHOWN // 2).round().astype(int):
        keypoints, hands = found.keypoints[frame], found.hands[frame]
        torso_px = float(np.hypot(*(keypoints[NECK, :2] - keypoints[MID_HIP, :2])))
        for side, wrist in enumerate(HANDS):
            if keypoints[wrist, 2] == 0 or torso_px == 0:
                continue
            centre = hands[side, :, :2].mean(axis=0) if hands[side, 0, 2] > 0 else keypoints[wrist, :2]
            region = np.array([*centre, 0.9 * torso_px, 0])
            crop = cut_square(pictures[frame], region, side=TILE)
            to_crop = cv2.invertAffineTransform(square_transform(region, side=TILE))
            shown = hands.copy()
            shown[..., :2] = hands[..., :2] @ to_crop[:, :2].T + to_crop[:, 2]
            shown[1 - side] = 0
            tiles.append(np.concatenate([crop, draw_hands(crop, keypoints, hands=shown, thickness=1)]))
    return tiles


if __name__ == "__main__":
    main()
