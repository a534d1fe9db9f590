"""`region` as fields in batched torch, on the network's device: weights of losses, and the reach of a person.

Signed distances (N, h, w) from what the person covers, pixels of the network, negative inside. They are computed at one
place in up to 4 x 4 pixels and enlarged, because they change slowly. Absent joints are ignored; without a person all
distances are FAR.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from danceit_core.imagination.target.region import GENEROUS, GONE, NEAR
from danceit_core.pose.capsules import FOOT_RADIUS, FOREARM, HAND_RADIUS, HEAD_RADIUS, LIMB_RADIUS
from danceit_core.pose.skeleton import (
    FEET,
    HANDS,
    LEFT_ELBOW,
    LEFT_HIP,
    LEFT_SHOULDER,
    LEFT_WRIST,
    LIMBS,
    NECK,
    NOSE,
    RIGHT_ELBOW,
    RIGHT_HIP,
    RIGHT_SHOULDER,
    RIGHT_WRIST,
)

# Largest spacing of the places in pixels; they are close enough that the smallest disc holds several.
STEPS, PLACES = (4, 2), 12
FAR = 1e6
# Radii of the discs of face and hands, which viewers look at first, body sizes.
FACE, HAND = 0.3, 0.22
_TRUNK = (RIGHT_SHOULDER, LEFT_SHOULDER, LEFT_HIP, RIGHT_HIP)
_TRIANGLES = ((0, 1, 2), (0, 1, 3), (0, 2, 3), (1, 2, 3))


@dataclass(frozen=True)
class Body:
    """Distances from lines and points of a body, (N, h, w) each.

    limbs: from the nearest limb; sides: from those of the trunk, 0 inside it; hands: from their middles; ends: from
    feet and wrists. shadow: signed, from the place of the feet's shadow.
    """

    limbs: Tensor
    sides: Tensor
    hands: Tensor
    ends: Tensor
    head: Tensor
    nose: Tensor
    shadow: Tensor
    body_px: float
    size: tuple[int, int]
    step: int

    @classmethod
    def of(cls, poses: Tensor, *, size: tuple[int, int], body_px: float) -> "Body":
        """The distances for poses (N, 25, 3) in pixels of pictures of `size` (width, height); body_px: in pixels."""
        device = poses.device
        step = next((step for step in STEPS if body_px >= PLACES * step), 1)
        x, y = (step * (torch.arange(-(-side // step), device=device) + 0.5) for side in size)
        y = y[:, None]
        at, seen = poses[..., :2], poses[..., 2] > 0
        limbs = _from_lines(at, seen, LIMBS, x, y)
        sides = _from_lines(at, seen, ((RIGHT_SHOULDER, RIGHT_HIP), (LEFT_SHOULDER, LEFT_HIP)), x, y)
        for triangle in _TRIANGLES:
            sides = torch.where(_inside(at, seen, [_TRUNK[k] for k in triangle], x, y), 0, sides)
        elbows, wrists = [RIGHT_ELBOW, LEFT_ELBOW], [RIGHT_WRIST, LEFT_WRIST]
        tips = at[:, wrists] + FOREARM * (at[:, wrists] - at[:, elbows])
        hands = _from_points(tips, seen[:, wrists] & seen[:, elbows], x, y)
        ends = _from_points(at[:, [*FEET, *HANDS]], seen[:, [*FEET, *HANDS]], x, y)
        up = (at[:, NOSE] - at[:, NECK]) * seen[:, NECK, None]
        both = torch.stack([at[:, NOSE], at[:, NOSE] + 0.2 * up], 1)
        head = _from_lines(both, seen[:, [NOSE, NOSE]], ((0, 1),), x, y)
        nose = _from_points(at[:, [NOSE]], seen[:, [NOSE]], x, y)
        shadow = _shadow(at, seen, x, y, body_px=body_px)
        return cls(limbs, sides, hands, ends, head, nose, shadow, body_px, size, step)

    def outline(self, widen: float) -> Tensor:
        """Signed distance from `capsules.person_region`, widened as there."""
        unit = widen * self.body_px
        near = torch.minimum(self.limbs - LIMB_RADIUS * unit, self.hands - HAND_RADIUS * unit)
        near = torch.minimum(near, torch.minimum(self.ends - FOOT_RADIUS * unit, self.head - HEAD_RADIUS * unit))
        return torch.minimum(near, self.sides)

    def detail(self) -> Tensor:
        """Signed distance from face and hands (`region.detail_region`)."""
        return torch.minimum(self.hands - HAND * self.body_px, self.nose - FACE * self.body_px)

    def reach(self) -> Tensor:
        """How far each place may belong to the person, 0..1 (`region.reach`)."""
        beyond = torch.minimum(self.outline(GENEROUS), self.shadow).clamp_min(0) / self.body_px
        return ((GONE - beyond) / (GONE - NEAR)).clamp(0, 1)

    def for_pixels(self, field: Tensor) -> Tensor:
        """A field (N, h, w) for each pixel instead of each place, (N, 1, H, W)."""
        if self.step == 1:
            return field[:, None]
        large = nn.functional.interpolate(field[:, None], scale_factor=self.step, mode="bilinear", align_corners=False)
        return large[..., : self.size[1], : self.size[0]]


def _from_lines(at: Tensor, seen: Tensor, lines: Sequence[tuple[int, int]], x: Tensor, y: Tensor) -> Tensor:
    """Distance (N, h, w) from the nearest of lines between points (N, J, 2) that are seen."""
    first, last = ([line[end] for line in lines] for end in (0, 1))
    start, bone = at[:, first], at[:, last] - at[:, first]
    there = seen[:, first] & seen[:, last]
    # An absent line counts as far away.
    start = torch.where(there[..., None], start, FAR)[..., None, None]
    bone = torch.where(there[..., None], bone, 0)[..., None, None]  # (N, B, 2, 1, 1)
    dx, dy = x - start[:, :, 0], y - start[:, :, 1]  # (N, B, 1, w), (N, B, h, 1)
    share = bone / bone.square().sum(2, keepdim=True).clamp_min(1)
    held = (dx * share[:, :, 0] + dy * share[:, :, 1]).clamp_(0, 1)  # (N, B, h, w)
    across = torch.addcmul(dx, held, bone[:, :, 0], value=-1).square_()
    down = torch.addcmul(dy, held, bone[:, :, 1], value=-1)
    return across.addcmul_(down, down).amin(1).sqrt_()


def _from_points(at: Tensor, seen: Tensor, x: Tensor, y: Tensor) -> Tensor:
    """Distance (N, h, w) from the nearest of points (N, J, 2) that are seen."""
    place = torch.where(seen[..., None], at, FAR)[..., None, None]
    return ((x - place[:, :, 0]).square() + (y - place[:, :, 1]).square()).amin(1).sqrt_()


def _inside(at: Tensor, seen: Tensor, corners: Sequence[int], x: Tensor, y: Tensor) -> Tensor:
    """Whether places lie in the triangle of three points, (N, h, w)."""
    signs = []
    for here, there in zip(corners, [*corners[1:], corners[0]], strict=True):
        a, b = at[:, here, :, None, None], at[:, there, :, None, None]
        signs.append((b[:, 0] - a[:, 0]) * (y - a[:, 1]) - (b[:, 1] - a[:, 1]) * (x - a[:, 0]))
    side = torch.stack(signs)
    return ((side >= 0).all(0) | (side <= 0).all(0)) & seen[:, list(corners)].all(1)[:, None, None]


def _shadow(at: Tensor, seen: Tensor, x: Tensor, y: Tensor, *, body_px: float) -> Tensor:
    """Approximate signed distance (N, h, w) from the ellipse around the feet that contains their shadow."""
    feet, there = at[:, list(FEET)], seen[:, list(FEET), None]
    low = torch.where(there, feet, FAR).amin(1)
    high = torch.where(there, feet, -FAR).amax(1)
    known = there.any(1)  # (N, 1)
    centre = torch.where(known, (low + high) / 2, FAR)
    spread = torch.where(known, (high - low) / 2, 0)
    axes = spread + torch.tensor([0.7, 0.3], device=at.device) * body_px
    u, v = ((place - centre[:, axis, None, None]) / axes[:, axis, None, None] for axis, place in ((0, x), (1, y)))
    level = torch.hypot(u, v)
    slope = torch.hypot(u / axes[:, 0, None, None], v / axes[:, 1, None, None])
    return level * (level - 1) / slope.clamp_min(1e-6)
