"""Perceptual losses (pix2pixHD section 3.3; Johnson et al., ECCV 2016): two pictures compared by a network's features.

`LearnedLoss`: the form of LPIPS, without learnt weights, on EfficientNet-Lite0. It is twice the distance of
`learned_distance`, so that pix2pixHD's weight of 10 gives it about as much weight as feature matching. It sees the
pictures at half their size: on one core, full size makes a step of the quick setting 1.8 times as long, half size 1.26
times. It complements the pixel loss, which sees the rest.

`PerceptualLoss`: that of pix2pixHD, for users who have the weights of VGG19 (Simonyan and Zisserman, ICLR 2015): the
mean absolute difference at five depths, relu1_1 to relu5_1, weighted 1/32, 1/16, 1/8, 1/4 and 1. The weights are the
user's own file in torchvision's layout (`features.0.weight` and so on); layers beyond relu5_1 are not read. Colours are
normalised as in its training, by mean and deviation of ImageNet.
"""

from pathlib import Path
from typing import cast

import torch
from safetensors.torch import load_file
from torch import Tensor, nn

from danceit_core.assets import EFFICIENTNET_FILE
from danceit_core.config import PoseGanSettings
from danceit_core.errors import ImaginationError
from danceit_core.imagination.networks.efficientnet import load_efficientnet
from danceit_core.imagination.networks.learned_distance import feature_distance
from danceit_core.plain_torch import read_plain

# Widths of the convolutions of 3 x 3, and the halvings between them.
LAYERS = (64, 64, 0, 128, 128, 0, 256, 256, 256, 256, 0, 512, 512, 512, 512, 0, 512)
DEPTH_WEIGHTS = {1: 1 / 32, 6: 1 / 16, 11: 1 / 8, 20: 1 / 4, 29: 1.0}
IMAGENET_MEAN, IMAGENET_DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
BACKBONES = ("none", "efficientnet")
# How many stages are used, and by which factor the pictures are shrunk.
SEEN_STAGES, SEEN_SHRINK = 5, 2
REMEDY = "give torchvision's VGG19 (a .pth or .safetensors file), or set pose_gan: perceptual_weights: ''"


class LearnedLoss(nn.Module):
    """Distance, 0..2, of two batches of pictures by the first stages of EfficientNet-Lite0, seen at a smaller size.

    weights: folder with `efficientnet_lite0.pth`. Raises AssetError if it is missing or damaged.
    """

    def __init__(self, weights: str | Path, *, stages: int = SEEN_STAGES, shrink: int = SEEN_SHRINK) -> None:
        super().__init__()
        self.network = load_efficientnet(Path(weights) / EFFICIENTNET_FILE, stages=stages)
        self.shrink = shrink

    def forward(self, real: Tensor, painted: Tensor) -> Tensor:
        """Pictures (N, 3, H, W) in -1..1 to a float32 scalar, their mean; `real` is a constant."""
        with torch.no_grad():
            wanted = self.network(self._smaller(real))
        return 2 * feature_distance(self.network(self._smaller(painted)), wanted)

    def _smaller(self, pictures: Tensor) -> Tensor:
        return nn.functional.avg_pool2d(pictures, self.shrink) if self.shrink > 1 else pictures


class PerceptualLoss(nn.Module):
    """A loss with fixed weights; called with two pictures, it gives a scalar."""

    def __init__(self, weights: dict[str, Tensor]) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        inputs = 3
        for width in LAYERS:
            if width:
                layers += [nn.Conv2d(inputs, width, 3, padding=1), nn.ReLU(inplace=True)]
                inputs = width
            else:
                layers.append(nn.MaxPool2d(2))
        self.features = nn.Sequential(*layers)
        self.load_state_dict(weights)
        self.register_buffer("mean", torch.tensor(IMAGENET_MEAN).view(1, 3, 1, 1), persistent=False)
        self.register_buffer("deviation", torch.tensor(IMAGENET_DEVIATION).view(1, 3, 1, 1), persistent=False)
        self.requires_grad_(False).eval()

    def forward(self, real: Tensor, painted: Tensor) -> Tensor:
        """Pictures (N, 3, H, W) in -1..1, at least 16 x 16, to a float32 scalar, their mean; `real` is a constant."""
        with torch.no_grad():
            wanted = self.see(real)
        parts = zip(DEPTH_WEIGHTS.values(), wanted, self.see(painted), strict=True)
        return torch.stack([weight * (a.float() - b.float()).abs().mean() for weight, a, b in parts]).sum()

    def see(self, pictures: Tensor) -> list[Tensor]:
        """The five features of pictures (N, 3, H, W) in -1..1."""
        x = ((pictures + 1) / 2 - cast(Tensor, self.mean)) / cast(Tensor, self.deviation)
        seen = []
        for number, layer in enumerate(self.features):
            x = layer(x)
            if number in DEPTH_WEIGHTS:
                seen.append(x)
        return seen


def perceptual_loss(
    settings: PoseGanSettings, *, learned_weights: str | Path, device: torch.device
) -> PerceptualLoss | LearnedLoss | None:
    """The loss of the settings: VGG19 if they name its file, EfficientNet-Lite0 (in a folder), or none."""
    if settings.perceptual_weights:
        return load_perceptual_loss(settings.perceptual_weights, device=device)
    return LearnedLoss(learned_weights).to(device) if settings.perceptual == "efficientnet" else None


def load_perceptual_loss(path: str | Path, *, device: torch.device) -> PerceptualLoss:
    """The loss with the weights of a file. Raises ImaginationError for a file that does not contain VGG19."""
    if not Path(path).is_file():
        raise ImaginationError(f"weights file {path} does not exist; {REMEDY}")
    try:
        content = load_file(path) if Path(path).suffix == ".safetensors" else read_plain(path)
        used = range(max(DEPTH_WEIGHTS) + 1)
        weights = {
            name: value
            for name, value in content.items()
            if name.startswith("features.") and int(name.split(".")[1]) in used
        }
        return PerceptualLoss(weights).to(device)
    except Exception as error:  # a truncated pickle can raise any error
        reason = " ".join(str(error).split())[:120] or type(error).__name__
        raise ImaginationError(f"{path} does not contain the weights of VGG19 ({reason}); {REMEDY}") from error
