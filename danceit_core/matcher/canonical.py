"""Initialise training with the directions in which plain statistics of dance and music correlate most.

Regularised canonical correlation (Hotelling 1936) has a closed form, needs no epochs and does not memorise videos; the
networks start near zero beside it and add what it cannot express. Not in the paper.
"""

import numpy as np
import torch
from torch import Tensor

from danceit_core.matcher.augment import Augmentation, augment
from danceit_core.matcher.data import Pairs
from danceit_core.matcher.encoders import AudioEncoder, PoseEncoder
from danceit_core.matcher.windows import FeatureScale

# Ridge: share of a statistic's variance that is added like noise.
RIDGE = 1.0
ROUNDS, MOST, CHUNK = 4, 10_000, 128
# Initial scale of the networks' columns of `fc`, as a share of the usual initialisation.
NETWORK_SHARE = 0.1


@torch.no_grad()
def start_canonical(
    audio: AudioEncoder,
    pose: PoseEncoder,
    pairs: Pairs,
    how: Augmentation,
    *,
    scale: FeatureScale,
    rng: np.random.Generator,
) -> None:
    """Set both `fc` from ROUNDS changed copies of at most MOST of the pairs (on the CPU)."""
    danced_parts, heard_parts = [], []
    for _ in range(ROUNDS):
        rows = rng.permutation(len(pairs))[:MOST]
        for some in np.array_split(rows, -(-len(rows) // CHUNK)):
            poses, sounds = pairs.take_poses(some).cpu(), pairs.take_sounds(some, scale=scale).cpu()
            poses, sounds = augment(poses, sounds, how, rng=rng)
            danced_parts.append(pose.describe(poses))
            heard_parts.append(audio.describe(sounds))
    danced, heard = _standardise(pose, torch.cat(danced_parts)), _standardise(audio, torch.cat(heard_parts))
    white_danced, white_heard = _whitener(danced), _whitener(heard)
    between = white_danced @ (danced.T @ heard / len(danced)) @ white_heard
    left, strength, right = torch.linalg.svd(between, full_matrices=False)
    for encoder, axes, values in ((pose, white_danced @ left, danced), (audio, white_heard @ right.T, heard)):
        size = encoder.fc.out_features
        directions = axes[:, :size]
        spread = (values @ directions).std(dim=0, correction=0).clamp(min=1e-6)
        weight = (directions / spread * strength[:size]).T.float()
        encoder.fc.weight.mul_(NETWORK_SHARE)
        encoder.fc.bias.zero_()
        encoder.fc.weight[: len(weight), -values.shape[1] :] = weight


def _standardise(encoder: AudioEncoder | PoseEncoder, values: Tensor) -> Tensor:
    """Standardise to zero mean and unit variance as `encoder.statistics` does, and set its running statistics."""
    norm = encoder.statistics
    norm.running_mean, norm.running_var = values.mean(dim=0), values.var(dim=0, correction=0)
    return ((values - norm.running_mean) / (norm.running_var + norm.eps).sqrt()).double()


def _whitener(values: Tensor) -> Tensor:
    """Inverse root of the ridged covariance of standardised values (N, C): (C, C)."""
    covariance = values.T @ values / len(values) + RIDGE * torch.eye(values.shape[1], dtype=values.dtype)
    power, axes = torch.linalg.eigh(covariance)
    return axes / power.sqrt() @ axes.T
