"""Patch discriminators at several scales (paper IV-D; pix2pixHD section 3.2; PatchGAN, Isola et al., CVPR 2017).

Each judges (condition, picture) pairs, patch by patch; the second sees them at half size, the third at a quarter.
All return the features of every layer; the last is the verdict, the others are compared by feature matching.

norm: `instance` (pix2pixHD), or `spectral` (Miyato et al., ICLR 2018): every convolution's weights, as a matrix, are
divided by their largest singular value, so that the verdict cannot change faster than the picture.
"""

import torch
from torch import Tensor, nn
from torch.nn.utils.parametrizations import spectral_norm

from danceit_core.errors import ImaginationError
from danceit_core.imagination.networks.generator import normalise

Features = list[Tensor]


class PatchDiscriminator(nn.Module):
    """`layers` strided convolutions, another one of stride 1, and a verdict map (N, 1, h, w)."""

    def __init__(self, inputs: int, *, channels: int, layers: int = 3, norm: str = "instance") -> None:
        super().__init__()
        widths = [channels * min(2**level, 8) for level in range(layers + 1)]
        stages: list[nn.Module] = [nn.Sequential(nn.Conv2d(inputs, widths[0], 4, 2, 1), nn.LeakyReLU(0.2))]
        for level in range(layers):
            stride = 2 if level < layers - 1 else 1
            stages.append(
                nn.Sequential(
                    nn.Conv2d(widths[level], widths[level + 1], 4, stride, 1),
                    normalise(widths[level + 1]) if norm == "instance" else nn.Identity(),
                    nn.LeakyReLU(0.2),
                )
            )
        stages.append(nn.Conv2d(widths[-1], 1, 4, 1, 1))
        self.stages = nn.ModuleList(stages)

    def forward(self, x: Tensor) -> Features:
        """Pairs (N, C, H, W) to the features of each layer, the verdict last."""
        features = []
        for stage in self.stages:
            x = stage(x)
            features.append(x)
        return features


def smallest_side(scales: int, *, layers: int = 3) -> int:
    """The least width and height in pixels that `scales` patch discriminators can judge."""
    return 3 * 2 ** (layers + scales - 1)


class MultiScaleDiscriminator(nn.Module):
    """`scales` patch discriminators, each at half the size of the one before (three in the paper)."""

    def __init__(self, inputs: int, *, channels: int, scales: int, layers: int = 3, norm: str = "instance") -> None:
        super().__init__()
        if norm not in ("instance", "spectral"):
            raise ImaginationError(f"pose_gan: discriminator_norm is {norm!r}; use 'instance' or 'spectral'")
        self.norm = norm
        self.scales = nn.ModuleList(
            PatchDiscriminator(inputs, channels=channels, layers=layers, norm=norm) for _ in range(scales)
        )

    def constrain(self, *, seed: int) -> None:
        """Apply the spectral norm, if it is used, to the initial weights; its power iteration begins from `seed`."""
        if self.norm != "spectral":
            return
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            for part in list(self.modules()):
                if isinstance(part, nn.Conv2d):
                    spectral_norm(part)

    def forward(self, condition: Tensor, picture: Tensor) -> list[Features]:
        """Condition and picture, (N, C, H, W) each in -1..1, to the features of every scale."""
        pair = torch.cat([condition, picture], 1)
        verdicts = []
        for number, discriminator in enumerate(self.scales):
            if number:
                pair = nn.functional.avg_pool2d(pair, 3, 2, 1, count_include_pad=False)
            verdicts.append(discriminator(pair))
        return verdicts
