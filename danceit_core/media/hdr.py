"""Convert high dynamic range (PQ and HLG, as recent phones record it) to the standard range of all later stages.

References: ITU-R BT.2100 (transfer functions), BT.2408 (white at 203 cd/m2), BT.2087 (BT.2020 to BT.709).
Light up to SHOULDER of white is unchanged; highlights above are rolled off.
"""

import functools

import cv2
import numpy as np
from numpy.typing import NDArray

from danceit_core.media.letterbox import Picture

PQ, HLG = 16, 18
WHITE_NITS = 203.0
SHOULDER = 0.7
BT2020_TO_BT709 = np.array(
    [[1.6605, -0.5876, -0.0728], [-0.1246, 1.1329, -0.0083], [-0.0182, -0.1006, 1.1187]], np.float32
)
STEPS = 4096


def is_hdr(transfer: int) -> bool:
    """Whether a frame's transfer characteristic (`color_trc`) is PQ or HLG."""
    return transfer in (PQ, HLG)


def to_standard_range(picture: Picture, *, transfer: int) -> Picture:
    """Convert a uint8 RGB picture (H, W, 3) of PQ or HLG code values in BT.2020 to BT.709."""
    light = _rolled_off(transfer)[picture]
    light = cv2.transform(light, BT2020_TO_BT709)
    return _encoded()[(light * (STEPS - 1)).clip(0, STEPS - 1).astype(np.int32)]


@functools.cache
def _rolled_off(transfer: int) -> NDArray[np.float32]:
    """Light of each code value 0..255, as a share of white, rolled off towards 1."""
    code = np.arange(256) / 255
    if transfer == PQ:
        power = code ** (32 / 2523)
        nits = 10000 * (np.maximum(power - 0.8359375, 0) / (18.8515625 - 18.6875 * power)) ** (16384 / 2610)
    else:
        a, b, c = 0.17883277, 0.28466892, 0.55991073
        scene = np.where(code <= 0.5, code**2 / 3, (np.exp((code - c) / a) + b) / 12)
        nits = 1000 * scene**1.2
    light = nits / WHITE_NITS
    rolled = SHOULDER + (1 - SHOULDER) * (1 - np.exp(-(light - SHOULDER) / (1 - SHOULDER)))
    return np.where(light <= SHOULDER, light, rolled).astype(np.float32)


@functools.cache
def _encoded() -> Picture:
    """Code value 0..255 of each of STEPS equal steps of light, by BT.1886's inverse (gamma 2.4)."""
    return np.round(255 * np.linspace(0, 1, STEPS) ** (1 / 2.4)).astype(np.uint8)
