"""Losses of the poseGAN and the FaceGAN (paper IV-D; pix2pixHD section 3.1).

Least-squares GAN (Mao et al., ICCV 2017): the discriminator pushes its score of real pairs towards 1 and that of
painted ones towards 0; the generator pushes its own score towards 1. Feature matching compares the discriminator's
inner layers. The pixel loss is not in the paper: it lets a short training start from the right colours.
`networks.perceptual` compares both pictures by the features of a network trained on ImageNet. All return scalars in
float32, means over the samples: the loss of a batch is the mean of the losses of its parts.
"""

import torch
from torch import Tensor

from danceit_core.imagination.networks.discriminator import Features

# A change of the real picture (2: black to white) beyond which the painted one is hardly constrained.
STEADY = 0.1


def discriminator_loss(real: list[Features], painted: list[Features]) -> Tensor:
    """LSGAN, mean over scales: 0 when every real patch is judged 1 and every painted one 0."""
    parts = [
        (r[-1].float() - 1).square().mean() + p[-1].float().square().mean() for r, p in zip(real, painted, strict=True)
    ]
    return torch.stack(parts).mean() / 2


def adversarial_loss(painted: list[Features]) -> Tensor:
    """LSGAN for the generator, mean over scales: 0 when every painted patch is judged real."""
    return torch.stack([(p[-1].float() - 1).square().mean() for p in painted]).mean()


def feature_loss(real: list[Features], painted: list[Features]) -> Tensor:
    """Mean absolute difference of the inner layers, mean over layers and scales; `real` is a constant here."""
    parts = [
        (a.detach().float() - b.float()).abs().mean()
        for r, p in zip(real, painted, strict=True)
        for a, b in zip(r[:-1], p[:-1], strict=True)
    ]
    return torch.stack(parts).mean()


def pixel_loss(real: Tensor, painted: Tensor, weight: Tensor) -> Tensor:
    """Weighted mean absolute difference of each picture, mean over pictures (N, 3, H, W).

    weight: (N, 1, H, W) >= 0; a picture without any weight counts as equal. All pictures count alike, whatever their
    total weight.
    """
    difference = (real - painted).abs().mean(1, keepdim=True)  # (N, 1, H, W)
    return ((difference * weight).sum((1, 2, 3)) / weight.sum((1, 2, 3)).clamp_min(1e-6)).mean()


def temporal_loss(painted: Tensor, before: Tensor, real: Tensor, real_before: Tensor, *, weight: Tensor) -> Tensor:
    """Weighted mean change of painted pictures from previous ones where the real ones hardly change, (N, 3, H, W) each.

    before, real_before: warped to the current pose. Where that does not explain the real picture (something turned into
    view, or a bone moved what it should not) the painted one is not constrained. weight: as for the pixel loss.
    """
    steady = (-(real - real_before).abs().mean(1, keepdim=True) / STEADY).exp()
    return pixel_loss(before, painted, steady * weight)


def outline_loss(opacity: Tensor, outline: Tensor, *, left: Tensor) -> Tensor:
    """Mean absolute difference of the person's opacity and their outline, (N, 1, H, W) each, 0..1.

    left: where the painter may paint beyond the outline, in 0..1 (the shadow near the feet).
    """
    difference = opacity.float() - outline
    return torch.where(difference > 0, difference * (1 - left), -difference).mean()
