"""Cost of the person's outline per frame, and how much it trembles where nothing moves.

    python benchmarks/outlines.py VIDEO... --seconds 6 --sheets FOLDER

Milliseconds of one core (medians over the frames): the landmark network on a picture, and also on its mirror image;
making the outline sharp and steady; writing and reading it. Trembling: the mean change of the mask from frame to frame
(0 to 1) within 4 pixels of its edge where the picture does not change (all colours within 3 of 255 in 7 x 7 pixels),
for the network's own outline and for the finished one. Sheets: a page for each video, to look at. Accuracy is measured
by `keypoints_accuracy.py --outlines`.
"""

import argparse
import itertools
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from danceit_core.assets import fetch_pose_weights
from danceit_core.evaluation.outline_page import draw_outline
from danceit_core.media.encode import VideoWriter
from danceit_core.media.letterbox import Picture
from danceit_core.media.mask_video import Mask, MaskWriter, read_masks
from danceit_core.media.video import STORE_GOP, decode_frames
from danceit_core.pose.blazepose_people import PeopleDetector
from danceit_core.pose.landmarks import Body, LandmarkNetwork, crop_transform, region_around
from danceit_core.pose.outline import Outlines

FPS, NEAR_PX, STILL, AROUND_PX = 24.0, 4, 3, 7


class Clock:
    """Measures calls in CPU time of this process, so that other processes do not count."""

    def __init__(self) -> None:
        self.ms: dict[str, list[float]] = {}

    def time(self, what: str, call: Callable[..., Any], *given: Any, **how: Any) -> Any:
        """Call a function and record the milliseconds."""
        start_s = time.process_time()
        result = call(*given, **how)
        self.ms.setdefault(what, []).append(1000 * (time.process_time() - start_s))
        return result


def coarse(picture: Picture, body: Body | None) -> Mask:
    """The unprocessed output of the network, at its place in the picture."""
    mask = np.zeros(picture.shape[:2], np.uint8)
    if body is None or body.outline is None:
        return mask
    transform = crop_transform(body.region)
    transform[:, 2] += transform[:, :2].sum(axis=1) / 2 - 0.5
    return cv2.convertScaleAbs(cv2.warpAffine(body.outline, transform, mask.shape[::-1]), alpha=255)


def trembling(pictures: list[Picture], masks: list[Mask]) -> float:
    """Mean change, 0..1, of (H, W) masks near their edges where the pictures do not change; NaN if there is none."""
    changes: list[NDArray[np.float64]] = []
    around, near = np.ones((AROUND_PX, AROUND_PX)), np.ones((2 * NEAR_PX + 1, 2 * NEAR_PX + 1))
    for (before, mask_before), (now, mask) in itertools.pairwise(zip(pictures, masks, strict=True)):
        still = cv2.dilate(cv2.absdiff(before, now).max(axis=-1), around) <= STILL
        inside = np.uint8(mask > 127)
        rim = cv2.dilate(inside, near) > cv2.erode(inside, near)
        changes.append(cv2.absdiff(mask_before, mask)[still & rim] / 255)
    every = np.concatenate(changes)
    return float(every.mean()) if len(every) else float("nan")


def measure(video: Path, *, seconds: float, weights: Path, sheets: Path | None) -> str:
    """A row of the table."""
    clock, outlines = Clock(), Outlines()
    detector, network = PeopleDetector(weights, threads=1), LandmarkNetwork(weights)
    pictures: list[Picture] = []
    rough: list[Mask] = []
    masks: list[Mask] = []
    region = None
    for picture in itertools.islice(decode_frames(video, fps=FPS, size=None), round(seconds * FPS)):
        if region is None:
            found = detector.find(picture)
            region = region_around(found[0].middle, found[0].outline) if found else None
        body = None
        if region is not None:
            clock.time("network", network.look, picture, region, outline=True)
            body = clock.time("with mirror", network.look, picture, region, mirror=True, outline=True)
        region = None if body is None else body.following
        pictures.append(picture)
        rough.append(coarse(picture, body))
        masks += clock.time("outline", outlines.feed, picture, body)
    masks += outlines.finish()
    height, width = masks[0].shape
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "outlines.mkv"
        with MaskWriter(path, fps=FPS, size=(width, height), source="benchmarks/outlines.py") as writer:
            for mask in masks:
                clock.time("writing", writer.write, mask)
        for number in range(0, len(masks), 5):
            clock.time("reading", read_masks, path, [number])
        kilobytes = path.stat().st_size / 1000 / len(masks)
        if sheets is not None:
            even = (width - width % 2, height - height % 2)
            store = Path(folder) / "frames.mp4"
            with VideoWriter(store, fps=FPS, size=even, crf=18, gop=STORE_GOP) as film:
                for picture in pictures:
                    film.write(picture[: even[1], : even[0]])
            draw_outline(path, sheets / f"{video.stem}.png", frames_path=store, name=video.stem)
    cells = [f"{np.median(clock.ms.get(what, [np.nan])):.1f}" for what in ("network", "with mirror", "outline")]
    cells += [f"{np.median(clock.ms[what]):.1f}" for what in ("writing", "reading")]
    steady = f"{trembling(pictures, rough):.4f} | {trembling(pictures, masks):.4f}"
    return f"| {video.stem} | {width} x {height} | {len(masks)} | {' | '.join(cells)} | {kilobytes:.1f} | {steady} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("videos", nargs="+", type=Path)
    parser.add_argument("--seconds", type=float, default=6.0, help="length used of each video, from its beginning")
    parser.add_argument("--sheets", type=Path, help="folder for pages to look at")
    parser.add_argument("--resources", type=Path, default=Path("resources"), help="folder of the weights")
    arguments = parser.parse_args()
    cv2.setNumThreads(1)
    weights = fetch_pose_weights(arguments.resources / "blazepose")
    print(
        "| video | picture | frames | network ms | with mirror | outline | writing | reading one | kB a frame | "
        "trembling before | after |"
    )
    print("|---" * 11 + "|")
    for video in arguments.videos:
        row = measure(video, seconds=arguments.seconds, weights=weights, sheets=arguments.sheets)
        print(row, flush=True)


if __name__ == "__main__":
    main()
