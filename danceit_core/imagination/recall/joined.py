"""Which places of a lending frame are connected to a leg: there is no gap between them and the bone.

If two legs stand side by side, the boundary need not be in the middle between their bones: a leg would bring along the
edge of the other, beyond a strip of the room. The outline decides: a place is separate if the way from it to the bone
leaves the outline.
"""

import torch
from torch import Tensor, nn

from danceit_core.imagination.recall.parts import PARTS
from danceit_core.imagination.recall.shapes import SHORTEST_PX, bones_of

# Positions on the way from the bone to the place at which the outline is checked.
STOPS = (0.2, 0.3, 0.4, 0.5, 0.6, 0.68, 0.76, 0.84, 0.92)
# Value of the outline below which there is a gap, and from which on there is none.
GAP, WHOLE = 0.3, 0.6


def joined(number: int, poses: Tensor, places: Tensor, outlines: Tensor, boxes: Tensor, *, body_px: float) -> Tensor:
    """How well places (N, 2, h, w) of the frames that lend limb `number` are connected to it, (N, h, w) in 0..1.

    poses: (N, 25, 3) of these frames; outlines: uint8 (N, 1, H, W), which show boxes (N, 4) of the plate. Units are
    pixels of the plate.
    """
    near = _nearest(places, *bones_of(PARTS[number], poses, body_px=body_px))
    way = torch.tensor(STOPS, dtype=places.dtype, device=places.device)[:, None, None]
    # -1..1 over the picture, as in `grid_sample`.
    low, side = boxes[:, :2, None, None, None], boxes[:, 2:, None, None, None]
    points = [torch.lerp(near[axis][:, None], places[:, axis, None], way) for axis in (0, 1)]  # (N, stops, h, w)
    stops = torch.stack([(point - low[:, k]) * (2 / side[:, k]) - 1 for k, point in enumerate(points)], -1)
    whole = outlines.to(places.dtype) * (1 / 255)
    seen = nn.functional.grid_sample(whole, stops.flatten(1, 2), padding_mode="border", align_corners=False)
    lowest = seen.reshape(len(seen), len(STOPS), *places.shape[2:]).amin(1)
    return ((lowest - GAP) / (WHOLE - GAP)).clamp(0, 1)


def _nearest(places: Tensor, start: Tensor, bone: Tensor, ends: Tensor) -> list[Tensor]:
    """x and y (N, h, w) of the nearest point on any of the bones (N, B, 2), each extended to `ends` (N, B) times."""
    x, y = (places[:, None, axis] - start[:, :, axis, None, None] for axis in (0, 1))
    bone_x, bone_y = (bone[:, :, axis, None, None] for axis in (0, 1))
    squared = (bone_x * bone_x + bone_y * bone_y).clamp_min(SHORTEST_PX**2)
    held = torch.minimum(((x * bone_x + y * bone_y) / squared).clamp_min(0), ends[..., None, None])
    best = torch.hypot(x - held * bone_x, y - held * bone_y).argmin(1, keepdim=True)
    points = [start[:, :, axis, None, None] + held * part for axis, part in enumerate((bone_x, bone_y))]
    return [point.gather(1, best)[:, 0] for point in points]
