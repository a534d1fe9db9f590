"""The network's view of a picture: a window that follows the person, at the network's scale (not in the paper).

The paper's network paints the whole picture, most of which is wall. A network of the same cost sees more of the person
through a window around them, shrunk if necessary to the network's side, and its painting is pasted back into the
picture of the room. All windows of a person have the same size and scale, so that the painting does not change with the
pose.

A window lies on whole pixels of the picture; the network's picture of it has its own pixels. For both, (0, 0) is the
outer corner of the top left pixel.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from danceit_core.imagination.target.region import person_span
from danceit_core.media.letterbox import Picture, resize
from danceit_core.pose.skeleton import Keypoints


@dataclass(frozen=True)
class Window:
    """A rectangle of whole pixels that lies inside the picture: left, top, width, height."""

    left: int
    top: int
    width: int
    height: int

    @property
    def slices(self) -> tuple[slice, slice]:
        """Rows and columns, to index a picture (H, W, ...)."""
        return slice(self.top, self.top + self.height), slice(self.left, self.left + self.width)


@dataclass(frozen=True)
class View:
    """Windows of a picture of `size` (width, height) pixels.

    window: their width and height in pixels of the picture; network: the same in pixels of the network, multiples of
    its stride. scale: pixels of the network per pixel of the picture.
    """

    size: tuple[int, int]
    window: tuple[int, int]
    network: tuple[int, int]
    scale: float

    @classmethod
    def whole(cls, size: tuple[int, int], *, image_size: int, stride: int) -> "View":
        """The whole picture; its longer side is image_size (a multiple of stride) pixels to the network."""
        scale = image_size / max(size)
        width, height = (max(1, round(side * scale / stride)) * stride for side in size)
        return cls(size, size, (width, height), scale)

    @classmethod
    def around(
        cls,
        keypoints: Keypoints,
        *,
        body_px: float,
        size: tuple[int, int],
        image_size: int,
        stride: int,
        share: float,
        least: int = 1,
    ) -> "View":
        """The smallest windows that hold the person in a share (0..1) of (T, 25, 3) poses.

        The longer side becomes image_size (a multiple of stride) pixels of the network, unless that would enlarge
        the picture. least: the network's shortest side.
        """
        need = _need(keypoints, body_px=body_px, size=size, share=share)
        return cls.of(need, size=size, scale=min(1.0, image_size / max(need)), stride=stride, least=least)

    @classmethod
    def of(cls, need: Sequence[float], *, size: tuple[int, int], scale: float, stride: int, least: int = 1) -> "View":
        """Windows of at least `need` (width, height) pixels of the picture, if it is large enough."""

        def in_strides(pixels: float) -> int:
            return int(np.ceil(round(pixels / stride, 6))) * stride

        width, height = (
            min(in_strides(max(asked * scale, least)), in_strides(most * scale))
            for asked, most in zip(need, size, strict=True)
        )
        window = (min(round(width / scale), size[0]), min(round(height / scale), size[1]))
        return cls(size, window, (width, height), scale)

    def widened(self, keypoints: Keypoints, *, body_px: float, stride: int) -> "View":
        """The same view with windows that also hold all other poses (T, 25, 3)."""
        if self.window == self.size:
            return self
        need = _need(keypoints, body_px=body_px, size=self.size, share=1.0)
        own = [side / self.scale for side in self.network]
        sides = [max(pair) for pair in zip(own, need, strict=True)]
        return View.of(sides, size=self.size, scale=self.scale, stride=stride)

    def place(self, pose: Keypoints, *, body_px: float, move: Sequence[int] = (0, 0)) -> Window:
        """The window centred on the person of a (25, 3) pose, moved by `move` pixels, inside the picture."""
        span = person_span(pose, body_px=body_px)
        centre = np.array(self.size) / 2 if np.isnan(span).any() else (span[:2] + span[2:]) / 2
        left, top = (
            int(np.clip(round(c - side / 2) + by, 0, most - side))
            for c, side, by, most in zip(centre, self.window, move, self.size, strict=True)
        )
        return Window(left, top, *self.window)

    def to_network(self, pose: Keypoints, window: Window) -> Keypoints:
        """A (25, 3) pose in the network's pixels of a window; absent joints stay absent."""
        inside = pose.astype(np.float32)
        factors = [here / there for here, there in zip(self.network, self.window, strict=True)]
        inside[:, :2] = (pose[:, :2] - (window.left, window.top)) * factors
        return np.where(pose[:, 2:] > 0, inside, np.float32(0))

    def cut(self, picture: Picture, window: Window) -> Picture:
        """What the network sees of a picture through a window, uint8 (h, w, 3)."""
        return resize(picture[window.slices], self.network)


def rims(windows: Sequence[Window], *, view: View, fade_px: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """The largest opacity of the person across (N, w) and down (N, h) windows, pixels of the network, 0..1.

    It fades out at edges of a window that are not edges of the picture. The smaller of both values holds for a pixel.
    """
    ramps = []
    for k, name in enumerate(("left", "top")):
        starts = [getattr(window, name) for window in windows]
        ramp = [_ramp(at > 0, at + view.window[k] < view.size[k], view.network[k], fade_px) for at in starts]
        ramps.append(np.array(ramp, np.float32).reshape(-1, view.network[k]))
    return ramps[0], ramps[1]


def _need(keypoints: Keypoints, *, body_px: float, size: tuple[int, int], share: float) -> tuple[float, float]:
    """Width and height in pixels that hold the person in a share of the poses; the whole picture without any person."""
    span = person_span(keypoints, body_px=body_px)
    span = span[~np.isnan(span).any(-1)]
    if not len(span):
        return float(size[0]), float(size[1])
    # The part of a span outside the picture needs no window.
    inside = np.clip(span, 0, [*size, *size])
    width, height = np.quantile(inside[:, 2:] - inside[:, :2], share, axis=0)
    return max(float(width), 1.0), max(float(height), 1.0)


def _ramp(fade_before: bool, fade_after: bool, length: int, fade_px: int) -> NDArray[np.float32]:
    at = np.arange(length)
    ones = np.full(length, fade_px + 1)
    before = at + 1 if fade_before else ones
    after = length - at if fade_after else ones
    return np.clip(np.minimum(before, after) / (fade_px + 1), 0, 1).astype(np.float32)
