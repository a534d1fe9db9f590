"""From frames and keypoints to the tensors that the generator is trained on, and back to pictures.

The generator sees the person through a window of the picture (`view`), in its own pixels. The room outside the window,
and under what the generator leaves transparent, stays the plate's own, at the picture's full size.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from danceit_core.config import PoseGanSettings
from danceit_core.imagination.chart import body_chart
from danceit_core.imagination.generator import Painting
from danceit_core.imagination.region import detail_region, person_region
from danceit_core.imagination.view import View, Window, rim
from danceit_core.pose.draw import heat_maps, pose_picture
from danceit_core.pose.skeleton import Keypoints

FADE_PX = 6
# Weights of the pixel loss: the room (already on the plate), the person, face and hands.
ROOM, PERSON, DETAIL = 0.3, 1.0, 2.0


@dataclass(frozen=True)
class Condition:
    """What the generator is given, float32 tensors, and the windows it is seen through.

    pose: (N, 3 or 25, h, w) in -1..1; chart: (N, 14, h / 2, w / 2); plate, previous: (N, 3, h, w) in -1..1; limit:
    (N, 1, h, w) in 0..1. All but the pose may be None.
    """

    pose: Tensor
    chart: Tensor | None
    plate: Tensor | None
    previous: Tensor | None
    limit: Tensor | None
    windows: list[Window]

    @property
    def inputs(self) -> dict[str, Tensor | None]:
        """Arguments of the generator beside the pose."""
        return {"chart": self.chart, "plate": self.plate, "previous": self.previous, "limit": self.limit}


def make_condition(
    poses: Keypoints,
    *,
    settings: PoseGanSettings,
    view: View,
    plate: NDArray[np.uint8] | None,
    body_px: float,
    device: torch.device,
    moves: NDArray[np.int64] | None = None,
    previous: Sequence[NDArray[np.uint8]] | None = None,
) -> Condition:
    """Condition for (N, 25, 3) poses in pixels of the picture.

    moves: (N, 2) pixels by which the windows are moved. previous: the whole pictures painted before, if the settings
    want them.
    """
    moves = np.zeros((len(poses), 2), np.int64) if moves is None else moves
    windows = [view.place(pose, body_px=body_px, move=move) for pose, move in zip(poses, moves.tolist(), strict=True)]
    inside = [view.to_network(pose, window) for pose, window in zip(poses, windows, strict=True)]
    size, side = view.network, settings.image_size
    if settings.pose_input == "skeleton":
        pose_tensor = to_tensor(np.stack([pose_picture(pose, size=size, side=side) for pose in inside]), device)
    else:
        maps = np.stack([heat_maps(pose, size=size, side=side) for pose in inside])
        pose_tensor = torch.from_numpy(2 * maps - 1).to(device)
    chart = before = rooms = limit = None
    if settings.body_chart:
        charts = [body_chart(pose, left=0, top=0, size=size, body_px=body_px * view.scale) for pose in inside]
        chart = torch.from_numpy(np.stack(charts)).to(device)
    if previous is not None:
        seen = [view.cut(picture, window) for picture, window in zip(previous, windows, strict=True)]
        before = to_tensor(np.stack(seen), device)
    if plate is not None:
        rooms = to_tensor(np.stack([view.cut(plate, window) for window in windows]), device)
        rims = np.stack([rim(window, view=view, fade_px=FADE_PX) for window in windows])
        limit = torch.from_numpy(rims[:, None]).to(device)
    return Condition(pose_tensor, chart, rooms, before, limit, windows)


def loss_weights(poses: Keypoints, windows: list[Window], *, view: View, body_px: float) -> NDArray[np.float32]:
    """How much each pixel counts, (N, 1, h, w): little in the room, more on the person, most on face and hands."""
    weights, inside_px = [], body_px * view.scale
    for pose, window in zip(poses, windows, strict=True):
        inside = view.to_network(pose, window)
        person = person_region(inside, size=view.network, body_px=inside_px, widen=1.2)
        detail = detail_region(inside, size=view.network, body_px=inside_px)
        weights.append(np.where(detail, DETAIL, np.where(person, PERSON, ROOM)))
    return np.stack(weights)[:, None].astype(np.float32)


def to_tensor(pictures: NDArray[np.uint8], device: torch.device) -> Tensor:
    """uint8 (N, H, W, 3) to float32 (N, 3, H, W) in -1..1."""
    tensor = torch.from_numpy(np.ascontiguousarray(pictures)).to(device)
    return tensor.permute(0, 3, 1, 2).float().div(127.5).sub(1).contiguous()


def to_pictures(tensor: Tensor) -> NDArray[np.uint8]:
    """Float (N, 3, H, W) in -1..1 to uint8 (N, H, W, 3)."""
    scaled = tensor.detach().float().add(1).mul(127.5).round().clamp(0, 255).to(torch.uint8)
    return scaled.permute(0, 2, 3, 1).contiguous().cpu().numpy()


def compose(
    painting: Painting, windows: list[Window], *, view: View, plate: NDArray[np.uint8] | None
) -> NDArray[np.uint8]:
    """Whole pictures (N, S, S, 3): what was painted in the windows, enlarged, over the plate at its full size."""
    if plate is None:
        return to_pictures(_enlarge(painting.picture, view))
    person, opacity = (
        _enlarge(part, view).permute(0, 2, 3, 1).cpu().numpy() for part in (painting.person, painting.opacity)
    )
    person = (person + 1) * 127.5
    pictures = np.repeat(plate[None], len(person), axis=0)
    for picture, paint, share, window in zip(pictures, person, opacity.clip(0, 1), windows, strict=True):
        room = plate[window.slices]
        picture[window.slices] = (room + share * (paint - room)).round().clip(0, 255).astype(np.uint8)
    return pictures


def _enlarge(part: Tensor, view: View) -> Tensor:
    """(N, C, h, w) of the network at the size of the windows."""
    size = (view.window[1], view.window[0])
    if part.shape[-2:] == size:
        return part
    return torch.nn.functional.interpolate(part, size, mode="bicubic", align_corners=False)
