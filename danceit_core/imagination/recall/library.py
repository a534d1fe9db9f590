"""The lending frames: which of them lend, and their pictures and outlines on the device that needs them.

In training all of them are held at the network's size (`target.crops`). For a dance, each is read from the frame store
at full size when a part of it is first needed, and kept as long as there is room.
"""

from collections import OrderedDict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from danceit_core.imagination.recall.casting import Casting, cast_dance
from danceit_core.imagination.recall.choose import Choice, Lenders
from danceit_core.imagination.recall.hidden import hidden_shares, usual_depth
from danceit_core.imagination.recall.layers import Lent, Source, map_parts
from danceit_core.imagination.target.crops import Crops
from danceit_core.imagination.target.data import TargetFrames
from danceit_core.imagination.target.held import HeldFrames
from danceit_core.imagination.target.view import View, Window
from danceit_core.pose.skeleton import Keypoints

# Limit, in bytes, of the full-size pictures that are kept.
KEPT_BYTES = 600_000_000


@dataclass(frozen=True)
class Held:
    """Lending training frames at the network's size: uint8 (M, 4, h, w), the outline last, on their device."""

    lenders: Lenders
    frames: HeldFrames
    boxes: NDArray[np.float32]
    poses: Keypoints
    depth: NDArray[np.float32]

    @classmethod
    def of(cls, target: TargetFrames, crops: Crops, frames: HeldFrames, *, body_px: float) -> "Held":
        """The training frames of a target, cut with their outlines."""
        if crops.outlines is None:
            raise ValueError("the crops have no outlines")
        chosen = np.flatnonzero(target.training)
        poses = target.keypoints[chosen]
        lenders = lenders_of(target, chosen, body_px=body_px)
        return cls(lenders, frames, boxes_of(crops.windows), poses, depth_of(target, chosen))

    def lent(self, rows: Choice) -> Lent:
        """The frames of rows (N, P), part after part."""
        flat = rows.T.reshape(-1)
        device = self.frames.device
        return Lent(
            self.frames.take(flat),
            torch.from_numpy(self.boxes[flat]).to(device),
            torch.from_numpy(self.poses[flat]).to(device),
            torch.from_numpy(self.depth[flat]).to(device),
        )


@dataclass(frozen=True)
class Whole(Source):
    """The tiles of all parts, and the frames that lend them, also at full size: uint8 (4, H, W), N for each part.

    The frames are not copied into one tensor, because a part needs little of each.
    """

    pictures: Sequence[Tensor] = ()


@dataclass(frozen=True)
class Loan:
    """What is lent to N poses: the frames as the network sees them and at full size, N for each part.

    others: the same for the second lenders where a part switches from one to the next, in `shares` (N, P).
    """

    own: tuple[Lent, Sequence[Tensor]]
    others: tuple[Lent, Sequence[Tensor]] | None = None
    shares: NDArray[np.float32] | None = None

    def sources(
        self, poses: Keypoints, boxes: NDArray[np.float32], *, size: tuple[int, int], body_px: float
    ) -> tuple[list[Source], list[Whole]]:
        """The parts of poses (N, 25, 3) in pictures of `size`: as the network sees the frames, and at full size."""
        small, full = list[Source](), list[Whole]()
        for each in (self.own, self.others):
            if each is not None:
                lent, pictures = each
                tiles = list(map_parts(poses, lent, boxes, size=size, body_px=body_px))
                small.append(Source(tiles, lent))
                full.append(Whole(tiles, lent, pictures))
        return small, full


@dataclass
class Shelf:
    """Frames that lend to single poses or a dance, read on demand.

    members (M,): which frames of the target lend. view: its windows are what the network sees of them; full-size
    pictures are the same windows unshrunk. kept: both, uint8 (4, h, w) with the outline last, on the network's device.
    """

    target: TargetFrames
    members: NDArray[np.int64]
    lenders: Lenders
    view: View
    body_px: float
    kept: "OrderedDict[int, tuple[Tensor, Tensor, Window]]" = field(default_factory=OrderedDict)

    @classmethod
    def of(cls, target: TargetFrames, *, view: View, body_px: float, training_only: bool = False) -> "Shelf":
        """A shelf of all frames of a target, or of its training frames."""
        members = np.flatnonzero(target.training) if training_only else np.arange(len(target.training))
        return cls(target, members, lenders_of(target, members, body_px=body_px), view, body_px)

    def lend(self, casting: Casting, device: torch.device) -> "Loan":
        """What the frames of a casting lend to N poses."""
        own, others = self._lent(casting.rows, device), None
        if casting.shares.any():
            others = self._lent(casting.others, device)
        return Loan(own, others, casting.shares if others is not None else None)

    def _lent(self, rows: Choice, device: torch.device) -> tuple[Lent, Sequence[Tensor]]:
        """The frames of rows (N, P), part by part: as the network sees them, and at full size."""
        flat = self.members[rows.T.reshape(-1)].tolist()
        self._read(set(flat), device)
        small, full, windows = zip(*(self.kept[row] for row in flat), strict=True)
        boxes = torch.from_numpy(boxes_of(windows)).to(device)
        poses = torch.from_numpy(self.target.keypoints[flat]).to(device)
        depth = torch.from_numpy(depth_of(self.target, np.array(flat))).to(device)
        return Lent(torch.stack(small), boxes, poses, depth), full

    def _read(self, rows: set[int], device: torch.device) -> None:
        """Make sure that these frames of the target are kept; the least recently used ones are dropped."""
        missing = sorted(rows - self.kept.keys())
        windows = [self.view.place(self.target.keypoints[row], body_px=self.body_px) for row in missing]
        numbers = self.target.film_numbers[missing]
        pictures = self.target.film.cuts(numbers, windows)
        outlines = self.target.film.outline_cuts(numbers, windows)
        for row, window, picture, outline in zip(missing, windows, pictures, outlines, strict=True):
            full = np.dstack([picture, outline])
            small = cv2.resize(full, self.view.network, interpolation=cv2.INTER_AREA)
            seen, whole = (torch.from_numpy(channels_first(part)).to(device) for part in (small, full))
            self.kept[row] = seen, whole, window
        for row in rows:
            self.kept.move_to_end(row)
        most = max(len(rows), KEPT_BYTES // (4 * self.view.window[0] * self.view.window[1]))
        while len(self.kept) > most:
            self.kept.popitem(last=False)


@dataclass(frozen=True)
class Lending:
    """What lends to one dance: the shelf of frames, and which of them lend each part of each frame."""

    shelf: Shelf
    casting: Casting

    @classmethod
    def of(cls, shelf: Shelf, poses: Keypoints, *, fps: float) -> "Lending":
        """What lends to a dance (T, 25, 3) of `fps` frames per second."""
        return cls(shelf, cast_dance(shelf.lenders, poses, fps=fps))

    def loan(self, part: slice, device: torch.device) -> Loan:
        """What is lent to some frames of the dance."""
        return self.shelf.lend(self.casting.part(part), device)


def depth_of(target: TargetFrames, members: NDArray[np.int64]) -> NDArray[np.float32]:
    """Depth of the joints of some frames towards the camera, (M, 25) torso lengths."""
    if target.depth is None:
        return np.broadcast_to(usual_depth(), (len(members), 25)).copy()
    return np.nan_to_num(target.depth[members]).astype(np.float32)


def lenders_of(target: TargetFrames, members: NDArray[np.int64], *, body_px: float) -> Lenders:
    """The frames `members` of a target as lenders; parts that are hidden by others have a higher cost."""
    depth = None if target.depth is None else target.depth[members]
    poses = target.keypoints[members]
    return Lenders.of(
        poses,
        frames=target.film_numbers[members],
        fps=target.fps,
        body_px=body_px,
        hidden=hidden_shares(poses, depth, body_px=body_px),
    )


def boxes_of(windows: Iterable[Window]) -> NDArray[np.float32]:
    """Left, top, width and height of windows, (N, 4)."""
    sides = [(window.left, window.top, window.width, window.height) for window in windows]
    return np.array(sides, np.float32).reshape(-1, 4)


def channels_first(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """(h, w, C) as (C, h, w)."""
    return np.ascontiguousarray(picture.transpose(2, 0, 1))
