"""The draft: the person's own pixels over the empty room, without any training; and the lenders of a dance.

A user sees the person dance minutes after a run begins. Parts that no frame can lend are missing, and so are shadows.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from danceit_core.config import PoseGanSettings
from danceit_core.imagination.networks.checkpoint import PoseGan
from danceit_core.imagination.networks.generator import cover_of
from danceit_core.imagination.recall.layers import gather_layers
from danceit_core.imagination.recall.library import Lending, Loan, Shelf, boxes_of
from danceit_core.imagination.recall.parts import LAYERS
from danceit_core.imagination.rendering.compose import to_host
from danceit_core.imagination.rendering.full_size import Recall
from danceit_core.imagination.rendering.pieces import pieces_of
from danceit_core.imagination.rendering.placed import on_device
from danceit_core.imagination.rendering.render import cut_picture
from danceit_core.imagination.target.data import TargetFrames, read_target
from danceit_core.imagination.target.view import View
from danceit_core.media.letterbox import Picture
from danceit_core.pose.skeleton import Keypoints, present

# Places are computed as for a network that sees a window of this many pixels.
IMAGE_SIZE, STRIDE = PoseGanSettings().image_size, 2
BATCH = 4


@dataclass(frozen=True)
class TargetFiles:
    """The paths of a target's frame store, table on the plate, plate and outlines."""

    frames: str | Path
    poses: str | Path
    plate: str | Path | None
    outlines: str | Path

    def read(self, settings: PoseGanSettings) -> TargetFrames:
        """The target's frames. Raises as `target.data.read_target`."""
        return read_target(self.frames, self.poses, self.plate, settings=settings, outlines=self.outlines)


def lending_for(gan: PoseGan, files: TargetFiles, poses: Keypoints, *, fps: float) -> Lending | None:
    """What lends to a dance (T, 25, 3) that a poseGAN paints; None for one that recalls nothing."""
    if not gan.generator.recalls:
        return None
    shelf = Shelf.of(files.read(gan.settings), view=gan.view, body_px=gan.body_px)
    return Lending.of(shelf, poses, fps=fps)


def draft_lending(target: TargetFrames, poses: Keypoints, *, fps: float) -> Lending:
    """What lends to the draft of a dance (T, 25, 3): all frames of a target with outlines."""
    body_px = target.body_px
    view = View.around(
        target.keypoints, body_px=body_px, size=target.size, image_size=IMAGE_SIZE, stride=STRIDE, share=1.0
    )
    return Lending.of(Shelf.of(target, view=view, body_px=body_px), poses, fps=fps)


def draft_dance(
    poses: Keypoints,
    lending: Lending,
    *,
    size: tuple[int, int],
    corners: NDArray[np.float32],
    device: torch.device,
) -> Iterator[Picture]:
    """Yield one uint8 picture (h, w, 3) for each of (T, 25, 3) poses on the plate of the target that lends.

    size, corners (T, 2): those of the pictures, as in `render_dance`.
    """
    shelf = lending.shelf
    wide = shelf.view.widened(poses, body_px=shelf.body_px, stride=STRIDE)
    for start in range(0, len(poses), BATCH):
        part = slice(start, start + BATCH)
        pictures = _draft(poses[part], lending.loan(part, device), shelf, view=wide, device=device)
        for picture, corner in zip(pictures, corners[part], strict=True):
            yield cut_picture(picture, corner, size=size)


@torch.inference_mode()
def _draft(poses: Keypoints, loan: Loan, shelf: Shelf, *, view: View, device: torch.device) -> NDArray[np.uint8]:
    """Whole plates (N, H, W, 3) with the person in front."""
    windows = [view.place(pose, body_px=shelf.body_px) for pose in poses]
    target = shelf.target
    small, full = loan.sources(poses, boxes_of(windows), size=view.network, body_px=shelf.body_px)
    covers = cover_of(gather_layers(small, loan.shares, size=view.network)).amax(1)  # (N, h, w)
    recall = Recall.of(full, loan.shares, view=view)
    room = np.zeros((*target.size[::-1], 3), np.uint8) if target.plate is None else target.plate
    plate = on_device(room, device)
    pictures = plate.expand(len(poses), *plate.shape).clone()
    for number, window in enumerate(windows):
        if present(poses[number]).any():
            seen = pictures[number][window.slices]
            for piece in pieces_of(covers[number], view):
                _lay_over(seen[piece.rows, piece.columns], recall.layers(number, piece)[0])
    return to_host(pictures)


def _lay_over(room: Tensor, layers: Tensor) -> None:
    """Write the layers (8, h, w), one over the other, over a room, uint8 (h, w, 3)."""
    seen = room.permute(2, 0, 1).to(layers.dtype)
    for number in range(LAYERS):
        cover = layers[3 * LAYERS + number]
        seen = torch.lerp(seen, (layers[3 * number : 3 * number + 3] + 1) * 127.5, cover)
    room.copy_(seen.round_().clamp_(0, 255).permute(1, 2, 0))
