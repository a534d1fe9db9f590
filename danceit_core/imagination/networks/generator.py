"""The coarse-to-fine generator of the poseGAN (paper IV-D; pix2pixHD, Wang et al., CVPR 2018, section 3.2).

Pictures are float tensors (N, C, H, W) in -1..1, H and W multiples of `PoseGenerator.stride`. The global generator
sees the condition at half resolution; the local enhancer works at full resolution and adds the global generator's
features to its own before its residual blocks. With a background plate (not in the paper) the generator also paints an
opacity: the person is composed over the plate, so that the room stays still and needs no capacity. A generator that
recalls (not in the paper either) is given the person's own pixels, in layers (`recall`). It moves each layer a little,
since joints are a few pixels off, and decides at each place how much of the person is painted and how much comes from
each layer. The network is fully convolutional: trained on windows of one size, it runs on any other.

The paper's network: channels=64, downsamplings=4, blocks=9, enhancer_blocks=3, kernel=7, padding=reflect, no plate (182
M parameters). padding: `zeros` or `reflect`, of all convolutions but those that enlarge.
"""

import itertools
from dataclasses import dataclass
from typing import Literal, cast

import torch
from torch import Tensor, nn

from danceit_core.config import PoseGanSettings
from danceit_core.imagination.networks.chart import CHANNELS as CHART_CHANNELS
from danceit_core.imagination.recall.layers import CHANNELS as LAYER_CHANNELS
from danceit_core.imagination.recall.parts import LAYERS

Padding = Literal["zeros", "reflect"]
# Channels of the pose: a coloured skeleton, or a heat map per joint.
POSE_CHANNELS = {"skeleton": 3, "heatmaps": 25}
# How far a layer may be moved, pixels of the network; initial logits of the shares of paint, body and arms; and the
# weight of the layers' cover in the person's opacity.
MOST_FLOW = 6.0
FIRST_SHARES = (-2.0, 0.0, 2.0)
COVER_SAYS = 8.0


@dataclass(frozen=True)
class Painting:
    """The generator's output: `picture` (N, 3, H, W) in -1..1, composed of the `person` and its `opacity` in 0..1.

    Without a plate the person is the picture and its opacity (N, 1, H, W) is 1. A generator that recalls also gives the
    `paint` (N, 3, H, W) alone, the logits of the paint's and each layer's `shares` (N, 1 + L, H, W), the `flow`
    (N, L, 2, H, W) by which each layer is moved, pixels, and the `cover` (N, L, H, W) of the moved layers.
    """

    picture: Tensor
    person: Tensor
    opacity: Tensor
    paint: Tensor | None = None
    shares: Tensor | None = None
    flow: Tensor | None = None
    cover: Tensor | None = None


def normalise(channels: int) -> nn.Module:
    """Instance normalisation, written as a group norm with one channel per group: several times faster on a CPU."""
    return nn.GroupNorm(channels, channels, affine=False)


def convolve(inputs: int, outputs: int, *, kernel: int, stride: int = 1, padding: Padding = "zeros") -> nn.Sequential:
    """Convolution that keeps the size (or divides it by the stride), instance norm, ReLU."""
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, kernel, stride, padding=kernel // 2, padding_mode=padding),
        normalise(outputs),
        nn.ReLU(inplace=True),
    )


def enlarge(inputs: int, outputs: int) -> nn.Sequential:
    """Doubles the size. Kernel 4 at stride 2 covers each output pixel equally often."""
    return nn.Sequential(
        nn.ConvTranspose2d(inputs, outputs, 4, 2, padding=1), normalise(outputs), nn.ReLU(inplace=True)
    )


class ResidualBlock(nn.Module):
    """Two 3 x 3 convolutions added to an identity path."""

    def __init__(self, channels: int, *, padding: Padding = "zeros") -> None:
        super().__init__()
        self.body = nn.Sequential(
            convolve(channels, channels, kernel=3, padding=padding),
            nn.Conv2d(channels, channels, 3, padding=1, padding_mode=padding),
            normalise(channels),
        )

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) to the same shape."""
        return x + self.body(x)


class GlobalGenerator(nn.Sequential):
    """G1: down, residual blocks at the lowest resolution, up again; gives `channels` features at its input's size."""

    def __init__(
        self, inputs: int, *, channels: int, kernel: int, downsamplings: int, blocks: int, padding: Padding
    ) -> None:
        widths = [channels * 2**level for level in range(downsamplings + 1)]
        down = [convolve(a, b, kernel=3, stride=2, padding=padding) for a, b in itertools.pairwise(widths)]
        up = [enlarge(b, a) for a, b in zip(widths[-2::-1], widths[:0:-1], strict=True)]
        middle = [ResidualBlock(widths[-1], padding=padding) for _ in range(blocks)]
        super().__init__(convolve(inputs, channels, kernel=kernel, padding=padding), *down, *middle, *up)


class PoseGenerator(nn.Module):
    """Local enhancer G2 around the global generator G1: pose, chart, plate and previous frame to `Painting`."""

    def __init__(self, settings: PoseGanSettings) -> None:
        super().__init__()
        channels, kernel, padding = settings.channels, settings.kernel, cast(Padding, settings.padding)
        self.with_plate = settings.background_plate
        self.stride = 2 ** (settings.downsamplings + 1)
        self.recalls = settings.painter == "recall"
        inputs = POSE_CHANNELS[settings.pose_input] + 3 * self.with_plate + 3 * settings.previous_frame
        inputs += LAYER_CHANNELS * self.recalls
        outputs = 3 + self.with_plate + (1 + 3 * LAYERS) * self.recalls
        chart = CHART_CHANNELS if settings.body_chart else 0
        self.coarse = GlobalGenerator(
            inputs + chart,
            channels=channels,
            kernel=kernel,
            downsamplings=settings.downsamplings,
            blocks=settings.blocks,
            padding=padding,
        )
        fine = max(1, channels // 2)
        self.front = nn.Sequential(
            convolve(inputs, fine, kernel=kernel, padding=padding),
            convolve(fine, channels, kernel=3, stride=2, padding=padding),
        )
        blocks = (ResidualBlock(channels, padding=padding) for _ in range(settings.enhancer_blocks))
        self.body = nn.Sequential(*blocks)
        self.back = nn.Sequential(
            enlarge(channels, fine),
            nn.Conv2d(fine, outputs, kernel, padding=kernel // 2, padding_mode=padding),
        )

    def forward(
        self,
        pose: Tensor,
        *,
        chart: Tensor | None = None,
        plate: Tensor | None = None,
        previous: Tensor | None = None,
        limit: Tensor | None = None,
        recalled: Tensor | None = None,
    ) -> Painting:
        """Paint a pose (N, 3 or 25, H, W).

        chart: (N, 14, H / 2, W / 2), the body chart, if the settings use it. plate: (N, 3, H, W), the empty room
        behind, for a generator with plate. previous: (N, 3, H, W), the previous painting. limit: (N, 1, H, W) in 0..1,
        the highest opacity allowed (it lets a window fade out at its edge), default 1. recalled: (N, 8, H, W), layers
        as in `recall.layers`, for a generator that recalls.
        """
        condition = torch.cat([part for part in (pose, plate, previous, recalled) if part is not None], 1)
        half = nn.functional.avg_pool2d(condition, 2)  # (N, C, H / 2, W / 2)
        if chart is not None:
            half = torch.cat([half, chart], 1)
        out = self.back(self.body(self.front(condition) + self.coarse(half))).float()
        paint, said = torch.tanh(out[:, :3]), out[:, 3 + self.with_plate :]
        person, opacity = paint, torch.ones_like(paint[:, :1])
        shares = flow = cover = None
        if recalled is not None:
            shares = said[:, : 1 + LAYERS]
            flow = MOST_FLOW * torch.tanh(said[:, 1 + LAYERS :].reshape(len(said), LAYERS, 2, *said.shape[2:]))
            layers = move_layers(recalled, flow)
            person, cover = blend(paint, layers, shares), cover_of(layers)
        if plate is not None:
            # Initially the person is what the layers cover; the network learns to correct this.
            known = 0.0 if cover is None else COVER_SAYS * (cover.amax(1, keepdim=True) - 0.5)
            opacity = torch.sigmoid(out[:, 3:4] + known)
            opacity = opacity if limit is None else opacity * limit
        picture = person if plate is None else opacity * person + (1 - opacity) * plate
        return Painting(picture, person, opacity, paint if recalled is not None else None, shares, flow, cover)


def move_layers(recalled: Tensor, flow: Tensor) -> Tensor:
    """Layers (N, 4 L, H, W), each displaced by `flow` (N, L, 2, H, W) pixels."""
    height, width = recalled.shape[2:]
    x = torch.arange(width, device=flow.device, dtype=flow.dtype) + 0.5
    y = torch.arange(height, device=flow.device, dtype=flow.dtype)[:, None] + 0.5
    moved = []
    for layer in range(LAYERS):
        at = torch.stack([(x + flow[:, layer, 0]) * (2 / width) - 1, (y + flow[:, layer, 1]) * (2 / height) - 1], -1)
        whole = torch.cat([recalled[:, 3 * layer : 3 * layer + 3], recalled[:, 3 * LAYERS + layer, None]], 1)
        moved.append(nn.functional.grid_sample(whole, at, padding_mode="border", align_corners=False))
    return torch.cat([*(part[:, :3] for part in moved), *(part[:, 3:] for part in moved)], 1)


def cover_of(layers: Tensor) -> Tensor:
    """The cover of each layer, (N, L, H, W), from (N, 4 L, H, W)."""
    return layers[:, 3 * LAYERS :]


def blend(paint: Tensor, layers: Tensor, shares: Tensor) -> Tensor:
    """The person (N, 3, H, W): paint and layers (N, 4 L, H, W) in the shares given by logits (N, 1 + L, H, W).

    A layer has no share where it covers nothing. Initially layers are preferred to paint, and front layers to those
    behind.
    """
    bias = torch.tensor(FIRST_SHARES, device=shares.device, dtype=shares.dtype)[:, None, None]
    cover = torch.cat([torch.ones_like(paint[:, :1]), cover_of(layers)], 1)
    share = torch.softmax(shares + bias, 1) * cover
    share = share / share.sum(1, keepdim=True).clamp_min(1e-4)
    parts = [paint, *torch.split(layers[:, : 3 * LAYERS], 3, 1)]
    return torch.stack([share[:, k, None] * part for k, part in enumerate(parts)]).sum(0)


def initialise(module: nn.Module, generator: torch.Generator) -> None:
    """Weights from N(0, 0.02), biases 0 (as in DCGAN and its descendants), drawn from `generator`."""
    for part in module.modules():
        if isinstance(part, nn.Conv2d | nn.ConvTranspose2d):
            nn.init.normal_(part.weight, 0.0, 0.02, generator=generator)
            if isinstance(part, nn.ConvTranspose2d):
                # The four output pixels of one input pixel start equal, so that there is no chequerboard to unlearn.
                with torch.no_grad():
                    part.weight.copy_(part.weight[:, :, ::2, ::2].repeat_interleave(2, 2).repeat_interleave(2, 3))
            if part.bias is not None:
                nn.init.zeros_(part.bias)
