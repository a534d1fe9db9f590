"""Conversion of frames and keypoints to the generator's tensors, and back to pictures.

The generator sees the person through a window of the picture (`view`), in its own pixels. The room outside the window,
and where the generator leaves it transparent, is the plate at the picture's full size.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from danceit_core.config import PoseGanSettings
from danceit_core.imagination.networks.chart import body_charts
from danceit_core.imagination.networks.drawing import draw_heat_maps, draw_skeletons
from danceit_core.imagination.recall.bone_motion import carry
from danceit_core.imagination.rendering.placed import on_device
from danceit_core.imagination.rendering.shrink import cut_windows
from danceit_core.imagination.target.fields import Body
from danceit_core.imagination.target.region import GENEROUS
from danceit_core.imagination.target.view import View, Window, rims
from danceit_core.media.letterbox import Picture
from danceit_core.pose.skeleton import Keypoints

FADE_PX = 6
# Weights of the pixel loss: the room (already on the plate), the person, face and hands.
ROOM, PERSON, DETAIL = 0.3, 1.0, 2.0


@dataclass(frozen=True)
class Past:
    """The previous frame: its whole picture (H, W, 3) and pose (25, 3); a pose without joints: the dance begins."""

    picture: Picture
    pose: Keypoints


@dataclass(frozen=True)
class Condition:
    """The generator's inputs, float32 tensors, and the windows that they show.

    pose: (N, 3 or 25, h, w) in -1..1; chart: (N, 14, h / 2, w / 2); plate, previous: (N, 3, h, w) in -1..1; limit:
    (N, 1, h, w) in 0..1. All except the pose may be None.
    """

    pose: Tensor
    chart: Tensor | None
    plate: Tensor | None
    previous: Tensor | None
    limit: Tensor | None
    windows: list[Window]
    recalled: Tensor | None = None

    @property
    def inputs(self) -> dict[str, Tensor | None]:
        """Arguments of the generator besides the pose."""
        return {
            "chart": self.chart,
            "plate": self.plate,
            "previous": self.previous,
            "limit": self.limit,
            "recalled": self.recalled,
        }


def make_condition(
    poses: Keypoints,
    *,
    settings: PoseGanSettings,
    view: View,
    plate: NDArray[np.uint8] | None,
    body_px: float,
    device: torch.device,
    windows: list[Window] | None = None,
    previous: Sequence[Past] | None = None,
    recalled: Tensor | None = None,
    near_body: bool = False,
) -> Condition:
    """Condition for (N, 25, 3) poses in pixels of the picture.

    windows: through which they are seen; None: those around the people. previous: the previous painting of each, if the
    settings use it. recalled: layers (N, 8, h, w) of the same poses in the same windows. near_body: limit the painting
    to some distance from the body. Use it for finished pictures only: in a trial of training with it, a person filmed
    by a moving camera came out worse (docs/imagination.md).
    """
    if windows is None:
        windows = [view.place(pose, body_px=body_px) for pose in poses]
    inside = to_network(poses, windows, view=view)
    size, side, body = view.network, settings.image_size, body_px * view.scale
    if settings.pose_input == "skeleton":
        pose_tensor = draw_skeletons(inside, size=size, side=side, device=device)
    else:
        pose_tensor = 2 * draw_heat_maps(torch.from_numpy(inside).to(device), size=size, side=side) - 1
    chart = before = rooms = limit = None
    if settings.body_chart:
        chart = body_charts(inside, size=size, body_px=body, device=device)
    if previous is not None:
        seen = [view.cut(past.picture, window) for past, window in zip(previous, windows, strict=True)]
        past_poses = np.stack([past.pose for past in previous])
        before = to_tensor(carried(seen, past_poses, poses, windows, view=view, body_px=body_px), device)
    if plate is not None:
        rooms = cut_windows(on_device(plate, device), windows, view=view)
        across, down = (torch.from_numpy(ramp).to(device) for ramp in rims(windows, view=view, fade_px=FADE_PX))
        limit = torch.minimum(across[:, None, None, :], down[:, None, :, None])  # (N, 1, h, w)
        if near_body:
            body_of = Body.of(torch.from_numpy(inside).to(device), size=size, body_px=body)
            limit = torch.minimum(limit, body_of.for_pixels(body_of.reach()))
    return Condition(pose_tensor, chart, rooms, before, limit, windows, recalled)


def to_network(poses: Keypoints, windows: list[Window], *, view: View) -> Keypoints:
    """Poses (N, 25, 3) in the network's pixels of their windows."""
    return np.stack([view.to_network(pose, window) for pose, window in zip(poses, windows, strict=True)])


def carried(
    pictures: Sequence[Picture],
    before: Keypoints,
    poses: Keypoints,
    windows: list[Window],
    *,
    view: View,
    body_px: float,
) -> NDArray[np.uint8]:
    """Pictures of poses `before` in the windows (N, h, w, 3), warped by the bones to poses (N, 25, 3)."""
    moved = []
    for picture, past, pose, window in zip(pictures, before, poses, windows, strict=True):
        start, end = (view.to_network(keypoints, window) for keypoints in (past, pose))
        moved.append(carry(picture, start, end, body_px=body_px * view.scale))
    return np.stack(moved)


@dataclass(frozen=True)
class Weights:
    """The weight of each pixel in the losses, and where the painter may paint beyond the outline.

    pixels: (N, 1, h, w), little in the room, more on the person, most on face and hands. shadow: (N, 1, h, w), 1 where
    a shadow or a mirror image of the feet may lie, 0 elsewhere.
    """

    pixels: Tensor
    shadow: Tensor

    @classmethod
    def of(
        cls, poses: Keypoints, windows: list[Window], *, view: View, body_px: float, device: torch.device
    ) -> "Weights":
        """The weights for poses (N, 25, 3) in pixels of the picture, seen through windows."""
        inside = torch.from_numpy(to_network(poses, windows, view=view)).to(device)
        body = Body.of(inside, size=view.network, body_px=body_px * view.scale)
        fields = (body.outline(1.2), body.detail(), body.shadow, body.outline(GENEROUS))
        person, detail, shadow, generous = (body.for_pixels(field) <= 0 for field in fields)
        pixels = torch.where(person, PERSON, ROOM).masked_fill_(detail, DETAIL)
        return cls(pixels, (shadow & ~generous).to(pixels.dtype))


def to_tensor(pictures: NDArray[np.uint8], device: torch.device) -> Tensor:
    """uint8 (N, H, W, 3) to float32 (N, 3, H, W) in -1..1."""
    tensor = torch.from_numpy(np.ascontiguousarray(pictures)).to(device)
    return tensor.permute(0, 3, 1, 2).contiguous().float().div_(127.5).sub_(1)


def to_pictures(tensor: Tensor) -> NDArray[np.uint8]:
    """Float (N, 3, H, W) in -1..1 to uint8 (N, H, W, 3)."""
    scaled = tensor.detach().float().add(1).mul(127.5).round().clamp(0, 255).to(torch.uint8)
    return scaled.permute(0, 2, 3, 1).contiguous().cpu().numpy()
