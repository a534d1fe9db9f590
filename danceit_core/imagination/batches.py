"""From frames and keypoints to the tensors that the generator is trained on, and back to pictures.

A batch shows the person through a window that follows the pose (where there is a plate; else the whole picture).
Windows are cut at whole pixels, so that pasting back loses nothing.
"""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from danceit_core.imagination.chart import body_chart
from danceit_core.imagination.region import Window, detail_region, person_region, place_window, rim
from danceit_core.pose.draw import pose_picture
from danceit_core.pose.skeleton import Keypoints

FADE_PX = 6
# Weights of the pixel loss: the room (already on the plate), the person, face and hands.
ROOM, PERSON, DETAIL = 0.3, 1.0, 2.0


@dataclass(frozen=True)
class Condition:
    """What the generator is given, float32 tensors, and the windows it is seen through.

    pose, plate: (N, 3, h, w) in -1..1; chart: (N, 14, h / 2, w / 2); limit: (N, 1, h, w) in 0..1. All but the pose
    may be None.
    """

    pose: Tensor
    chart: Tensor | None
    plate: Tensor | None
    limit: Tensor | None
    windows: list[Window]


def make_condition(
    poses: Keypoints,
    *,
    image_size: int,
    plate: NDArray[np.uint8] | None,
    window: tuple[int, int],
    charted: bool,
    body_px: float,
    device: torch.device,
    offsets: NDArray[np.int64] | None = None,
) -> Condition:
    """Condition for (N, 25, 3) poses in pixels of the picture.

    charted: with body chart. offsets: (N, 2) pixels by which the windows are moved.
    """
    windows = []
    for number, pose in enumerate(poses):
        place = place_window(pose, window=window, body_px=body_px, image_size=image_size)
        if offsets is not None:
            left, top = (
                int(np.clip(start + move, 0, image_size - side))
                for start, move, side in zip((place.left, place.top), offsets[number], window, strict=True)
            )
            place = Window(left, top, *window)
        windows.append(place)
    drawn = [
        pose_picture(pose, size=(image_size, image_size))[place.slices]
        for pose, place in zip(poses, windows, strict=True)
    ]
    pose_tensor = to_tensor(np.stack(drawn), device)
    chart = None
    if charted:
        charts = [
            body_chart(pose, left=place.left, top=place.top, size=window, body_px=body_px)
            for pose, place in zip(poses, windows, strict=True)
        ]
        chart = torch.from_numpy(np.stack(charts)).to(device)
    if plate is None:
        return Condition(pose_tensor, chart, None, None, windows)
    rooms = to_tensor(np.stack([plate[place.slices] for place in windows]), device)
    rims = np.stack([rim(place, image_size=image_size, fade_px=FADE_PX) for place in windows])
    return Condition(pose_tensor, chart, rooms, torch.from_numpy(rims[:, None]).to(device), windows)


def loss_weights(poses: Keypoints, windows: list[Window], *, image_size: int, body_px: float) -> NDArray[np.float32]:
    """How much each pixel counts, (N, 1, h, w): little in the room, more on the person, most on face and hands."""
    weights = []
    for pose, place in zip(poses, windows, strict=True):
        size = (image_size, image_size)
        person = person_region(pose, size=size, body_px=body_px, widen=1.2)[place.slices]
        detail = detail_region(pose, size=size, body_px=body_px)[place.slices]
        weights.append(np.where(detail, DETAIL, np.where(person, PERSON, ROOM)))
    return np.stack(weights)[:, None].astype(np.float32)


def to_tensor(pictures: NDArray[np.uint8], device: torch.device) -> Tensor:
    """uint8 (N, H, W, 3) to float32 (N, 3, H, W) in -1..1."""
    tensor = torch.from_numpy(np.ascontiguousarray(pictures)).to(device)
    return tensor.permute(0, 3, 1, 2).float().div(127.5).sub(1).contiguous()


def to_pictures(tensor: Tensor) -> NDArray[np.uint8]:
    """Float (N, 3, H, W) in -1..1 to uint8 (N, H, W, 3)."""
    scaled = tensor.detach().float().add(1).mul(127.5).round().clamp(0, 255).to(torch.uint8)
    return scaled.permute(0, 2, 3, 1).cpu().numpy()


def paste(painted: NDArray[np.uint8], windows: list[Window], *, plate: NDArray[np.uint8] | None) -> NDArray[np.uint8]:
    """Whole pictures (N, S, S, 3) from what was painted in the windows, the plate around them."""
    if plate is None:
        return painted
    pictures = np.repeat(plate[None], len(painted), axis=0)
    for picture, part, place in zip(pictures, painted, windows, strict=True):
        picture[place.slices] = part
    return pictures
