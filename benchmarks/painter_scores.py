"""One painter's held-out pictures and their figures, for `imagination_quality.py`.

Pictures are the finished ones of consecutive frames at the plate's full size, as `render_dance` makes them for a dance;
only training frames lend.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import cv2
import numpy as np
import torch

from danceit_core.assets import fetch_efficientnet, fetch_face_network
from danceit_core.config import FaceGanSettings, PoseSettings
from danceit_core.evaluation.artefacts import far_changed, near_changed
from danceit_core.evaluation.fitted import fit_joints
from danceit_core.evaluation.identity import FaceJudge
from danceit_core.evaluation.images import psnr, ssim
from danceit_core.evaluation.painting import person_psnr, score_faces, score_painting
from danceit_core.imagination.networks.checkpoint import FaceGan, PoseGan
from danceit_core.imagination.networks.face import patch_side
from danceit_core.imagination.networks.learned_distance import LearnedDistance
from danceit_core.imagination.recall.library import Lending
from danceit_core.imagination.rendering.render import render_dance
from danceit_core.imagination.target.data import TargetFrames
from danceit_core.imagination.target.view import Window
from danceit_core.imagination.training.pose_step import training_shelf
from danceit_core.media.letterbox import Picture
from danceit_core.media.video import VideoWriter
from danceit_core.pose.detect import detect_keypoints
from danceit_core.pose.redetection import detection_share, redetection
from danceit_core.pose.skeleton import Keypoints

CPU = torch.device("cpu")
PCK_SHARE = 0.1
BATCH = 4
# The longer side of pictures painted by the paper's network; small displacements count less at this size.
SMALL_PX = 512


@dataclass(frozen=True)
class Trial:
    """The material on which every row of a target is scored. truth: the target with its true joints, if known.

    fit_frames: number of held-out frames to which joints are fitted, evenly spread; 0: none. weights: folder of
    BlazePose's networks; the judging networks are fetched next to it.
    """

    target: TargetFrames
    scratch: Path
    weights: Path
    truth: TargetFrames | None = None
    fit_frames: int = 16

    @cached_property
    def tested(self) -> np.ndarray:
        """Which frames of the target are held out."""
        return np.flatnonzero(~self.target.training)

    @cached_property
    def real(self) -> list[Picture]:
        """The pictures of the held-out frames."""
        return list(self.target.pictures(self.tested))

    @cached_property
    def outlines(self) -> list[Picture]:
        """The person's outlines in them, uint8 (H, W)."""
        whole = [Window(0, 0, *self.target.size)] * len(self.tested)
        return list(self.target.film.outline_cuts(self.target.film_numbers[self.tested], whole))

    @cached_property
    def distance(self) -> LearnedDistance:
        """The distance of painted pictures from real ones."""
        return LearnedDistance(fetch_efficientnet(self.weights.parent / "efficientnet").parent)

    @cached_property
    def faces(self) -> FaceJudge:
        """The judge of faces."""
        return FaceJudge(self.weights, fetch_face_network(self.weights.parent / "face"))

    @property
    def asked(self) -> Keypoints:
        """The joints that are painted."""
        return self.target.keypoints[self.tested]

    @property
    def judged(self) -> Keypoints:
        """The joints by which pictures are scored."""
        return (self.truth or self.target).keypoints[self.tested]

    @property
    def face_px(self) -> int:
        """Side of the patch round the nose."""
        share = FaceGanSettings().patch_share
        return patch_side(self.target.keypoints, patch_share=share, size=self.target.size)

    def paint(self, gan: PoseGan, face: FaceGan | None) -> tuple[list[Picture], float]:
        """The painted held-out frames, and their number per second."""
        start_s = time.perf_counter()
        shelf = training_shelf(gan, self.target)
        lending = None if shelf is None else Lending.of(shelf, self.asked, fps=self.target.fps)
        options = {"face_gan": face, "batch_size": BATCH, "device": CPU}
        painted = list(render_dance(self.asked, pose_gan=gan, lending=lending, **options))
        return painted, len(painted) / (time.perf_counter() - start_s)

    def figures(self, painted: list[Picture]) -> dict[str, float]:
        """All figures of pictures of the held-out frames: painted ones, or the real ones themselves."""
        target, follows = self.target, self.target.after_another[self.tested]
        how = {"follows": follows, "body_px": target.body_px, "face_px": self.face_px}
        scores = score_painting(painted, self.real, self.judged, **how)
        scores |= self.small_figures(painted)
        scores |= self.found_again(painted)
        scores |= self.faces(painted, self.real, self.asked)
        scores["learned_distance"] = self.distance(painted, self.real, self.asked)
        if target.plate is not None:
            about = {"plate": target.plate, "body_px": target.body_px}
            scores["far_changed"] = far_changed(painted, self.asked, **about)
            scores["near_changed"] = near_changed(painted, self.asked, self.outlines, **about)
        return scores

    def small_figures(self, painted: list[Picture]) -> dict[str, float]:
        """PSNR and SSIM of pictures shrunk to SMALL_PX, as keys `..._512`."""
        scale = min(1.0, SMALL_PX / max(self.target.size))
        ours, real = ([_shrink(picture, scale) for picture in pictures] for pictures in (painted, self.real))
        keypoints = self.judged * np.float32([scale, scale, 1])
        faces = score_faces(ours, real, keypoints, side=round(scale * self.face_px))
        scores = {
            "psnr": float(np.mean([psnr(p, q) for p, q in zip(ours, real, strict=True)])),
            "ssim": float(np.mean([ssim(p, q) for p, q in zip(ours, real, strict=True)])),
            "person_psnr": person_psnr(ours, real, keypoints, body_px=scale * self.target.body_px),
            "face_psnr": faces["face_psnr"],
        }
        return {f"{name}_{SMALL_PX}": value for name, value in scores.items()}

    def found_again(self, pictures: Sequence[Picture]) -> dict[str, float]:
        """PCK of the tracker that found the requested joints; where it finds no person, no joint is found."""
        shown = self.scratch / "shown.mp4"
        size = pictures[0].shape[1], pictures[0].shape[0]
        with VideoWriter(shown, fps=self.target.fps, size=size, crf=10) as writer:
            for picture in pictures:
                writer.write(picture)
        found = detect_keypoints(shown, settings=PoseSettings(), weights=self.weights, is_target=True).keypoints
        again = redetection(self.judged, found, share=PCK_SHARE)
        return again | {"pck": float(np.nan_to_num(again["pck"])) * detection_share(found)}

    def fitted(self, gan: PoseGan) -> dict[str, float]:
        """PSNR of the person with joints fitted to held-out frames, and for the same frames with the requested ones."""
        if not self.fit_frames:
            return {"fitted_psnr": float("nan"), "unfitted_psnr": float("nan")}
        chosen = np.unique(np.linspace(0, len(self.tested) - 1, self.fit_frames).round().astype(int))
        asked, real = self.asked[chosen], [self.real[k] for k in chosen]
        shelf = training_shelf(gan, self.target)
        casting = None if shelf is None else Lending.of(shelf, self.asked, fps=self.target.fps).casting

        def paint(poses: Keypoints, frames: np.ndarray) -> list[Picture]:
            lending = None
            if shelf is not None and casting is not None:
                # The same lenders however the joints are moved, because only their place is fitted.
                rows = chosen[frames]
                lending = Lending(shelf, casting.part(rows))
            return list(render_dance(poses, pose_gan=gan, face_gan=None, lending=lending, batch_size=BATCH, device=CPU))

        body_px = self.target.body_px
        better = fit_joints(paint, real, asked, body_px=body_px)
        frames = np.arange(len(chosen))
        return {
            name: person_psnr(paint(poses, frames), real, self.judged[chosen], body_px=body_px)
            for name, poses in (("fitted_psnr", better), ("unfitted_psnr", asked))
        }

    def judged_by(self, truth: TargetFrames) -> "Trial":
        """The same pictures scored by true joints, without fitting."""
        return replace(self, truth=truth, fit_frames=0)


def _shrink(picture: Picture, scale: float) -> Picture:
    width, height = (max(1, round(scale * side)) for side in picture.shape[1::-1])
    return cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA)
