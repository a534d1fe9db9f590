"""Share of swaps of left and right that are repaired, and true turns that are mistaken for swaps, on given keypoints.

    python benchmarks/swaps.py captures/*.npz

Each .npz holds arrays (T, 25, 3) of BODY_25 keypoints at 24 frames per second without swaps (motion capture). Every
five seconds arms or legs are swapped for 2 to 20 frames, with a fixed seed; cleaning's `mend_swaps` should undo this.
"""

import argparse
from pathlib import Path

import numpy as np

from danceit_core.pose.repair import in_torsos
from danceit_core.pose.skeleton import MIRROR
from danceit_core.pose.swaps import GROUPS, mend_swaps

FPS, PERIOD = 24.0, 120


def swap_sides(keypoints: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """A copy with swaps, and which frames (T,) differ."""
    swapped = keypoints.copy()
    for period in range(len(keypoints) // PERIOD):
        first = period * PERIOD + int(rng.integers(20, 60))
        frames = np.arange(first, min(first + int(rng.integers(2, 21)), len(keypoints) - 2))[:, None]
        joints = [group for group in GROUPS if group.parts][rng.integers(0, 2)].exchanged
        swapped[frames, list(joints)] = keypoints[frames, [MIRROR[joint] for joint in joints]]
    return swapped, (swapped != keypoints).any(axis=(1, 2))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", nargs="+", type=Path, help=".npz files of keypoints")
    rng = np.random.default_rng(0)
    frames = touched = put_in = mended = damaged = 0
    for path in parser.parse_args().files:
        with np.load(path) as archive:
            dances = [archive[name].astype(np.float32) for name in archive.files if archive[name].shape[-2:] == (25, 3)]
        for dance in (dance for dance in dances if dance[..., 2].max() <= 1):
            untouched = mend_swaps(dance, in_torsos(dance, fps=FPS), fps=FPS)
            touched += int((untouched.keypoints != dance).any(axis=(1, 2)).sum() + untouched.broken.sum())
            swapped, wrong = swap_sides(dance, rng)
            right = (mend_swaps(swapped, in_torsos(swapped, fps=FPS), fps=FPS).keypoints == dance).all(axis=(1, 2))
            frames, put_in = frames + len(dance), put_in + int(wrong.sum())
            mended, damaged = mended + int((right & wrong).sum()), damaged + int((~right & ~wrong).sum())
    print("| frames | touched without a swap | frames swapped | mended | damaged beside them |")
    print("|---|---|---|---|---|")
    print(f"| {frames:,} | {touched} | {put_in:,} | {mended / max(put_in, 1):.1%} | {damaged} |")


if __name__ == "__main__":
    main()
