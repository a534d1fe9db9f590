"""The coarse-to-fine generator of the poseGAN (paper IV-D; pix2pixHD, Wang et al., CVPR 2018, section 3.2).

Pictures are float tensors (N, C, H, W) in -1..1, H and W multiples of `PoseGenerator.stride`. The global generator
looks at the condition at half resolution; the local enhancer works at full resolution and adds the global
generator's features to its own before its residual blocks. With a background plate (not in the paper) the generator
also paints an opacity: person over plate, so that the room stays still and costs no capacity. The network is fully
convolutional: what was trained on windows of one size runs on any other.

The paper's network: channels=64, downsamplings=4, blocks=9, enhancer_blocks=3, kernel=7, no plate (182 M parameters).
"""

import itertools
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from danceit_core.config import PoseGanSettings
from danceit_core.imagination.networks.chart import CHANNELS as CHART_CHANNELS

# Of the pose: a coloured skeleton, or a heat map a joint.
POSE_CHANNELS = {"skeleton": 3, "heatmaps": 25}


@dataclass(frozen=True)
class Painting:
    """What the generator made: `picture` (N, 3, H, W) in -1..1, and of what: the `person` and its `opacity` in 0..1.

    Without a plate the person is the picture and its opacity (N, 1, H, W) is 1.
    """

    picture: Tensor
    person: Tensor
    opacity: Tensor


def normalise(channels: int) -> nn.Module:
    """Instance normalisation, written as a group norm of one channel a group: several times faster on a CPU."""
    return nn.GroupNorm(channels, channels, affine=False)


def convolve(inputs: int, outputs: int, *, kernel: int, stride: int = 1) -> nn.Sequential:
    """Convolution that keeps the size (or divides it by the stride), instance norm, ReLU."""
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, kernel, stride, padding=kernel // 2),
        normalise(outputs),
        nn.ReLU(inplace=True),
    )


def enlarge(inputs: int, outputs: int) -> nn.Sequential:
    """Twice the size. Kernel 4 at stride 2 covers each output pixel equally often."""
    return nn.Sequential(
        nn.ConvTranspose2d(inputs, outputs, 4, 2, padding=1), normalise(outputs), nn.ReLU(inplace=True)
    )


class ResidualBlock(nn.Module):
    """Two 3 x 3 convolutions beside an identity path."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.body = nn.Sequential(
            convolve(channels, channels, kernel=3),
            nn.Conv2d(channels, channels, 3, padding=1),
            normalise(channels),
        )

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) to the same shape."""
        return x + self.body(x)


class GlobalGenerator(nn.Sequential):
    """G1: down, residual blocks at the lowest resolution, up again; gives `channels` features at its input's size."""

    def __init__(self, inputs: int, *, channels: int, kernel: int, downsamplings: int, blocks: int) -> None:
        widths = [channels * 2**level for level in range(downsamplings + 1)]
        down = [convolve(a, b, kernel=3, stride=2) for a, b in itertools.pairwise(widths)]
        up = [enlarge(b, a) for a, b in zip(widths[-2::-1], widths[:0:-1], strict=True)]
        middle = [ResidualBlock(widths[-1]) for _ in range(blocks)]
        super().__init__(convolve(inputs, channels, kernel=kernel), *down, *middle, *up)


class PoseGenerator(nn.Module):
    """Local enhancer G2 around the global generator G1: pose, chart, plate and the frame before to `Painting`."""

    def __init__(self, settings: PoseGanSettings) -> None:
        super().__init__()
        channels = settings.channels
        self.with_plate = settings.background_plate
        self.stride = 2 ** (settings.downsamplings + 1)
        inputs = POSE_CHANNELS[settings.pose_input] + 3 * self.with_plate + 3 * settings.previous_frame
        chart = CHART_CHANNELS if settings.body_chart else 0
        self.coarse = GlobalGenerator(
            inputs + chart,
            channels=channels,
            kernel=settings.kernel,
            downsamplings=settings.downsamplings,
            blocks=settings.blocks,
        )
        fine = max(1, channels // 2)
        self.front = nn.Sequential(
            convolve(inputs, fine, kernel=settings.kernel), convolve(fine, channels, kernel=3, stride=2)
        )
        self.body = nn.Sequential(*(ResidualBlock(channels) for _ in range(settings.enhancer_blocks)))
        self.back = nn.Sequential(
            enlarge(channels, fine),
            nn.Conv2d(fine, 4 if self.with_plate else 3, settings.kernel, padding=settings.kernel // 2),
        )

    def forward(
        self,
        pose: Tensor,
        *,
        chart: Tensor | None = None,
        plate: Tensor | None = None,
        previous: Tensor | None = None,
        limit: Tensor | None = None,
    ) -> Painting:
        """Paint a pose (N, 3 or 25, H, W).

        chart: (N, 14, H / 2, W / 2), the body chart, where the settings ask for it. plate: (N, 3, H, W), the empty
        room behind, for a generator with plate. previous: (N, 3, H, W), what was painted before. limit: (N, 1, H, W)
        in 0..1, the highest opacity allowed (it lets a window fade out at its rim), default 1.
        """
        condition = torch.cat([part for part in (pose, plate, previous) if part is not None], 1)
        half = nn.functional.avg_pool2d(condition, 2)  # (N, C, H / 2, W / 2)
        if chart is not None:
            half = torch.cat([half, chart], 1)
        out = self.back(self.body(self.front(condition) + self.coarse(half))).float()
        person = torch.tanh(out[:, :3])
        if plate is None:
            return Painting(person, person, torch.ones_like(person[:, :1]))
        opacity = torch.sigmoid(out[:, 3:])
        if limit is not None:
            opacity = opacity * limit
        return Painting(opacity * person + (1 - opacity) * plate, person, opacity)


def initialise(module: nn.Module, generator: torch.Generator) -> None:
    """Weights from N(0, 0.02), biases 0 (as in DCGAN and its descendants), drawn from `generator`."""
    for part in module.modules():
        if isinstance(part, nn.Conv2d | nn.ConvTranspose2d):
            nn.init.normal_(part.weight, 0.0, 0.02, generator=generator)
            if isinstance(part, nn.ConvTranspose2d):
                # The four output pixels of one input pixel start out alike: no chequerboard to unlearn.
                with torch.no_grad():
                    part.weight.copy_(part.weight[:, :, ::2, ::2].repeat_interleave(2, 2).repeat_interleave(2, 3))
            if part.bias is not None:
                nn.init.zeros_(part.bias)
