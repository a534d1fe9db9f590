"""Direction of bodies in real videos turned by quarters, and in motion capture: is the limit for turned videos safe?

    python benchmarks/orientation.py VIDEO... [--captures CAPTURES.npz ...]

Each video is turned by 0, 90, 180 and 270 degrees clockwise and its dancer detected again; captures are files with an
array `keypoints` (T, 25, 3), or with only such arrays, whose keypoints are turned directly. A row gives the share of
the frames in which the body points up, right, down and left, and the turn that the video needs. The last lines are the
margins.
"""

import argparse
from pathlib import Path

import numpy as np

from danceit_core.assets import fetch_pose_weights
from danceit_core.config import PoseSettings, VideoSettings
from danceit_core.media.video import decode_frames
from danceit_core.pose.blazepose import BlazePose
from danceit_core.pose.orientation import TURNED_SHARE, UNKNOWN, directions, find_turn, joint_places
from danceit_core.pose.skeleton import JOINTS, Keypoints

# Numbers of quarter turns of the picture, clockwise.
TURNS = range(4)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("videos", nargs="*", type=Path)
    parser.add_argument("--captures", nargs="*", type=Path, default=[])
    parser.add_argument("--weights", type=Path, default=Path("resources/blazepose"))
    given = parser.parse_args()
    print("| what | turned | frames | up | right | down | left | remedy |\n|---|---|---|---|---|---|---|---|")
    right = [share for video in given.videos for share in look_at(video.stem, turned_detections(video, given.weights))]
    captured = [share for path in given.captures for share in look_at_captures(path)]
    for name, shares in (("detected", right), ("captured", captured)):
        if shares:
            print(f"\n{name}: right direction in {min(shares):.1%} of the frames or more (limit {TURNED_SHARE:.0%})")


def look_at(name: str, turned: list[Keypoints]) -> list[float]:
    """Print a row for each of the four turns; returns the share of frames with the right direction in each."""
    right = []
    for quarters, keypoints in enumerate(turned):
        known = directions(joint_places(keypoints))
        shares = np.bincount(known[known != UNKNOWN], minlength=4) / max(1, (known != UNKNOWN).sum())
        turn = find_turn(keypoints)
        cells = [f"{share:.1%}" for share in shares]
        remedy = turn.remedy_deg if turn else 0
        print(f"| {name} | {90 * quarters} | {len(keypoints)} | {' | '.join(cells)} | {remedy} |", flush=True)
        right.append(float(shares[quarters]))
    return right


def look_at_captures(path: Path) -> list[float]:
    """The share of frames that point up in each dance of a file; prints the turns that get a wrong remedy."""
    with np.load(path) as arrays:
        names = ["keypoints"] if "keypoints" in arrays.files else arrays.files
        dances = [arrays[name] for name in names]
    shares = []
    for dance in dances:
        known = directions(joint_places(dance))
        shares.append(float((known[known != UNKNOWN] == 0).mean()))
        wrong = [quarters for quarters in TURNS if remedy_of(turn_keypoints(dance, quarters)) != -90 * quarters % 360]
        if wrong:
            print(f"{path.stem}: wrong remedy when turned by {wrong} quarters")
    return shares


def remedy_of(keypoints: Keypoints) -> int:
    """Degrees clockwise, 0 for an upright dance."""
    turn = find_turn(keypoints)
    return turn.remedy_deg if turn else 0


def turn_keypoints(keypoints: Keypoints, quarters: int) -> Keypoints:
    """Keypoints turned clockwise about (0, 0)."""
    out = keypoints.copy()
    for _ in range(quarters):
        out[..., 0], out[..., 1] = -out[..., 1], out[..., 0].copy()
    return out


def turned_detections(video: Path, weights: Path) -> list[Keypoints]:
    """Keypoints of the pictures of a frame store, turned by each of TURNS."""
    settings, store = PoseSettings(), VideoSettings()
    folder = fetch_pose_weights(weights, model=settings.model)
    about = {"model": settings.model, "confidence_floor": settings.confidence_floor}
    detectors = [BlazePose(folder, fps=store.fps, **about) for _ in TURNS]
    found: list[list[Keypoints]] = [[] for _ in TURNS]
    size = (store.size, store.size)
    for picture in decode_frames(video, fps=store.fps, size=size):
        for quarters in TURNS:
            turned = np.ascontiguousarray(np.rot90(picture, -quarters))
            estimate = detectors[quarters].estimate(turned)
            found[quarters].append(np.zeros((JOINTS, 3), np.float32) if estimate is None else estimate.keypoints)
    return [np.stack(keypoints) for keypoints in found]


if __name__ == "__main__":
    main()
