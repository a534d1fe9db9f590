"""Face descriptors of 128 numbers, near for one person and far for two: the face recognition network of dlib.

It is a residual network of 29 convolutions (after He et al., CVPR 2016) by Davis King, who has released its weights
into the public domain. A registry's package contains them, most of them as one byte each (`danceit_core.assets`). The
network was trained to place descriptors of one person within a Euclidean distance of 0.6 and those of two people
farther apart; it classifies 99.4 % of the pairs of LFW correctly.

It sees faces upright and at a fixed place, at 150 x 150 pixels: a similarity transform maps the corners of the eyes and
the base of the nose to those of the mean face. These points are found by MediaPipe's face network
(`danceit_core.pose.face`).
"""

import json
import math
from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from danceit_core.assets import FACE_NPM_FILES, check_face_network
from danceit_core.media.letterbox import Picture

CHIP = 150
# Mean colours (R, G, B) that are subtracted, and the divisor.
MEAN_COLOUR, RANGE = (122.782, 117.001, 104.298), 256.0
DESCRIPTOR = 128
# Channels of each level, and how many blocks it has besides the one that halves the size.
LEVELS = ((32, 3, False), (64, 3, True), (128, 2, True), (256, 2, True))
# Points of MediaPipe's face mesh: outer and inner corner of the left eye, of the right eye, base of the nose; and their
# places in dlib's mean face on the chip, whose margin is a quarter of the face on each side.
MESH_POINTS = (263, 362, 33, 133, 2)
MEAN_FACE = (
    (0.8595674595992, 0.2134981538014), (0.6460604764104, 0.2289674387677), (0.1205750620789, 0.2137274526848),
    (0.3340850613712, 0.2290642403242), (0.4901123135679, 0.6277975316475),
)  # fmt: skip
CHIP_MARGIN = 0.25


class Layer(nn.Module):
    """A convolution with the scale and shift of each channel folded into it."""

    def __init__(self, inputs: int, outputs: int, kernel: int, *, stride: int = 1) -> None:
        super().__init__()
        # A convolution that halves the size is not padded.
        self.convolution = nn.Conv2d(inputs, outputs, kernel, stride=stride, padding=0 if stride > 1 else kernel // 2)

    def forward(self, x: Tensor) -> Tensor:
        """(N, in, h, w) to (N, out, h', w')."""
        return self.convolution(x)


class Residual(nn.Module):
    """Two convolutions added to the input or to its 2 x 2 means; the smaller of the two is padded with zeros."""

    def __init__(self, inputs: int, outputs: int, *, halves: bool) -> None:
        super().__init__()
        self.halves = halves
        self.conv1 = Layer(inputs, outputs, 3, stride=2 if halves else 1)
        self.conv2 = Layer(outputs, outputs, 3)

    def forward(self, x: Tensor) -> Tensor:
        """(N, in, h, w) to (N, out, h', w')."""
        inner = self.conv2(functional.relu(self.conv1(x)))
        beside = functional.avg_pool2d(x, 2) if self.halves else x
        sizes = [max(pair) for pair in zip(inner.shape[1:], beside.shape[1:], strict=True)]
        return functional.relu(_filled(inner, sizes) + _filled(beside, sizes))


def _filled(x: Tensor, sizes: list[int]) -> Tensor:
    channels, height, width = (wanted - there for wanted, there in zip(sizes, x.shape[1:], strict=True))
    return functional.pad(x, (0, width, 0, height, 0, channels))


class FaceDescriptor(nn.Module):
    """Chips of faces to descriptors, with fixed weights."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = Layer(3, 32, 7, stride=2)
        blocks: dict[str, nn.Module] = {}
        inputs = 32
        for channels, number, halves in LEVELS:
            if halves:
                blocks[f"conv{channels}_down"] = Residual(inputs, channels, halves=True)
            for block in range(1, number + 1):
                blocks[f"conv{channels}_{block}"] = Residual(channels, channels, halves=False)
            inputs = channels
        blocks["conv256_down_out"] = Residual(inputs, inputs, halves=True)
        self.blocks = nn.ModuleDict(blocks)
        self.fc = nn.Linear(inputs, DESCRIPTOR, bias=False)
        self.requires_grad_(False).eval()

    def forward(self, chips: Tensor) -> Tensor:
        """RGB (N, 3, 150, 150) in 0..255 to (N, 128)."""
        mean = torch.tensor(MEAN_COLOUR, device=chips.device).view(1, 3, 1, 1)
        x = functional.max_pool2d(functional.relu(self.stem((chips - mean) / RANGE)), 3, 2)
        for block in self.blocks.values():
            x = block(x)
        return self.fc(x.mean((2, 3)))

    @torch.inference_mode()
    def describe(self, chips: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Descriptors (N, 128) of chips (N, 150, 150, 3)."""
        if not len(chips):
            return np.zeros((0, DESCRIPTOR), np.float32)
        return self(torch.from_numpy(chips).permute(0, 3, 1, 2).float()).numpy()


def load_face_descriptor(folder: Path) -> FaceDescriptor:
    """The network with the weights of `assets.fetch_face_network`. Raises AssetError if one is missing or damaged."""
    check_face_network(folder)
    network = FaceDescriptor()
    network.load_state_dict(_read(*(folder / name for name in FACE_NPM_FILES)))
    return network


def cut_face(picture: Picture, mesh: NDArray[np.floating]) -> Picture:
    """The chip (150, 150, 3) of the face whose mesh (468, 2 or more) is in pixels of the picture."""
    found = np.asarray(mesh)[list(MESH_POINTS), :2].astype(np.float64)
    wanted = (np.array(MEAN_FACE) + CHIP_MARGIN) / (1 + 2 * CHIP_MARGIN) * CHIP
    # OpenCV's coordinates count from the middle of the first pixel.
    transform, _ = cv2.estimateAffinePartial2D(found - 0.5, wanted - 0.5, method=cv2.LMEDS)
    return cv2.warpAffine(picture, transform, (CHIP, CHIP), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)


def _read(weights: Path, manifest: Path) -> dict[str, Tensor]:
    """The weights under our names, with scales folded into the convolutions."""
    arrays = _arrays(weights.read_bytes(), json.loads(manifest.read_text()))
    state = {"fc.weight": torch.from_numpy(arrays.pop("fc").T.copy())}
    for name in {key.rpartition("/conv/")[0] for key in arrays if "/conv/" in key}:
        scale = arrays[f"{name}/scale/weights"]
        folded = arrays[f"{name}/conv/filters"].transpose(3, 2, 0, 1) * scale[:, None, None, None]
        bias = arrays[f"{name}/conv/bias"] * scale + arrays[f"{name}/scale/biases"]
        ours = "stem" if name == "conv32_down" else f"blocks.{name.replace('/', '.')}"
        state[f"{ours}.convolution.weight"] = torch.from_numpy(np.ascontiguousarray(folded))
        state[f"{ours}.convolution.bias"] = torch.from_numpy(bias)
    return state


def _arrays(content: bytes, manifest: list[dict]) -> dict[str, NDArray[np.float32]]:
    """The tensors of a TensorFlow.js file, in the order of its manifest: float32, or bytes with a scale."""
    arrays, offset = {}, 0
    for entry in (entry for group in manifest for entry in group["weights"]):
        number, packed = math.prod(entry["shape"]), entry.get("quantization")
        values = np.frombuffer(content, np.uint8 if packed else "<f4", number, offset)
        offset += values.nbytes
        if packed:
            values = values.astype(np.float32) * np.float32(packed["scale"]) + np.float32(packed["min"])
        arrays[entry["name"]] = values.astype(np.float32).reshape(entry["shape"])
    return arrays
