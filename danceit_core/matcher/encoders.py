"""Encoders of the cross-modal matcher (paper IV-B): they map music and dance into one space of D_f = 16 dimensions.

    AudioEncoder  Bi-LSTM over (B, F, D) features, pooled over time, fc
    PoseEncoder   ST-GCN over (B, F, 25, 3) poses and their speeds (Eq. 7-9; Yan, Xiong and Lin 2018), pooled, fc

In addition to the paper's networks, `fc` sees plain statistics of the window itself (its mean and deviations): with few
videos a network alone memorises the videos, whereas these statistics generalise. The networks as the paper prints them
are in `paper_encoders`.

Both encoders pool over all frames before `fc`, so every frame counts and gets a gradient (the last hidden state, or the
tail of a flattened output, would train on the last frame only), and both accept windows of any length. The pool
consists of the mean and the deviation over time and, for a few channels, the means of TIME_BINS parts of the window:
the mean alone would lose the position of a beat in the window.
"""

import torch
from torch import Tensor, nn

from danceit_core.pose.skeleton import JOINTS, adjacency

# Widths and temporal strides of the three ST-GCN blocks; kernel in frames (9 = 3/8 s, less than a beat at 120 BPM).
BLOCKS = ((16, 2), (32, 2), (32, 1))
KERNEL = 9
TIME_BINS, BIN_CHANNELS = 12, 8
# Number of channels per joint that the ST-GCN passes to the pool.
KEPT = 8
# x, y, confidence, and the steps of x and y; a step of 1/8 torso per frame counts as much as a torso of distance.
CHANNELS = 5
STEP_SCALE = 8.0
# The rhythm of the whole body's speed: bins of a spectrum over 4 s, 0.5 to 5.75 Hz at 24 frames per second.
SPECTRUM_FRAMES, SPECTRUM = 96, 22
POSE_STATISTICS = 150 + SPECTRUM


class Encoder(nn.Module):
    """The common part of both encoders: a last layer `fc`, and whether its output is normalised to the unit sphere."""

    fc: nn.Linear
    unit_length: bool

    def finish(self, pooled: Tensor) -> Tensor:
        """(B, C) to embeddings (B, E), of length 1 if configured: distances are then in 0..2."""
        embeddings = self.fc(pooled)
        return nn.functional.normalize(embeddings, dim=1) if self.unit_length else embeddings


class TimePool(nn.Module):
    """Mean and deviation over time of all channels, and the time course of a few: (B, F, C) to (B, 2 C + bins)."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.course = nn.Linear(channels, BIN_CHANNELS)
        self.width = 2 * channels + TIME_BINS * BIN_CHANNELS

    def forward(self, x: Tensor) -> Tensor:
        """(B, F, C) to (B, width)."""
        mean = x.mean(dim=1)
        deviation = ((x - mean[:, None]).square().mean(dim=1) + 1e-5).sqrt()
        return torch.cat([mean, deviation, self.bins(x)], dim=1)

    def bins(self, x: Tensor) -> Tensor:
        """The time course of BIN_CHANNELS mixtures of the channels in TIME_BINS parts of the window, flattened."""
        course = self.course(x).transpose(1, 2)  # (B, 8, F)
        return nn.functional.adaptive_avg_pool1d(course, TIME_BINS).flatten(1)


class SeededDropout(nn.Module):
    """Dropout with its own generator: the dropped values depend on `reseed` only, in any thread."""

    def __init__(self, share: float) -> None:
        super().__init__()
        self.share = share
        self.generator: torch.Generator | None = None
        self.seed = 0

    def reseed(self, seed: int) -> None:
        """Start a new random sequence."""
        self.generator, self.seed = None, seed

    def forward(self, x: Tensor) -> Tensor:
        """x with each value dropped with probability `share` in training, the others scaled up."""
        if not self.training or self.share == 0:
            return x
        if self.generator is None:
            self.generator = torch.Generator(device=x.device).manual_seed(self.seed)
        return x * torch.empty_like(x).bernoulli_(1 - self.share, generator=self.generator) / (1 - self.share)


class AudioEncoder(Encoder):
    """Bi-LSTM, dropout and a fully connected layer: (B, F, D) normalised features to (B, E)."""

    def __init__(
        self, *, feature_width: int, hidden_size: int, embedding_size: int, dropout: float, unit_length: bool
    ) -> None:
        super().__init__()
        self.unit_length = unit_length
        self.lstm = nn.LSTM(feature_width, hidden_size, batch_first=True, bidirectional=True)
        self.pool = TimePool(2 * hidden_size)
        self.statistics = nn.BatchNorm1d(2 * feature_width, affine=False)
        self.dropout = SeededDropout(dropout)
        self.fc = nn.Linear(self.pool.width + 2 * feature_width, embedding_size)

    def forward(self, features: Tensor) -> Tensor:
        """(B, F, D) to (B, E)."""
        hidden, _ = self.lstm(self.dropout(features))  # (B, F, 2 H)
        pooled = torch.cat([self.pool(hidden), self.statistics(self.describe(features))], dim=1)
        return self.finish(self.dropout(pooled))

    def describe(self, features: Tensor) -> Tensor:
        """Mean and logarithm of the deviation of each feature, (B, F, D) to (B, 2 D)."""
        return torch.cat([features.mean(dim=1), _log_deviation(features)], dim=1)


class GraphBlock(nn.Module):
    """Temporal convolution (Eq. 7), then mixing along the skeleton (Eq. 8), with a residual connection.

    In addition to the paper's formulas: batch normalisation, a residual and ReLU, as in ST-GCN, and, if edges are
    learnt, a weight for each, which starts at 1 (Eq. 8 as printed).
    """

    mixing: Tensor

    def __init__(self, inputs: int, outputs: int, *, stride: int, learnt_edges: bool = True) -> None:
        super().__init__()
        padding = (KERNEL // 2, 0)
        self.temporal = nn.Conv2d(inputs, outputs, (KERNEL, 1), stride=(stride, 1), padding=padding)  # W_c, b_1
        self.spatial = nn.Conv2d(outputs, outputs, 1, bias=False)  # W_g
        self.norm = nn.BatchNorm2d(outputs)
        # The mean of the frames that a stride merges: a strided shortcut would use only every second frame.
        merge = nn.AvgPool2d((stride, 1), ceil_mode=True)
        self.shortcut = nn.Sequential(merge, nn.Conv2d(inputs, outputs, 1))
        self.register_buffer("mixing", normalised_adjacency(), persistent=False)
        self.edge_weight = nn.Parameter(torch.ones(JOINTS, JOINTS)) if learnt_edges else None

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, F, 25) to (B, C', F / stride, 25)."""
        edges = self.mixing if self.edge_weight is None else self.mixing * self.edge_weight
        mixed = torch.matmul(self.temporal(x), edges)
        return torch.relu(self.norm(self.spatial(mixed)) + self.shortcut(x))


class PoseEncoder(Encoder):
    """ST-GCN and a fully connected layer: (B, F, 25, 3) normalised poses to (B, E)."""

    def __init__(self, *, embedding_size: int, dropout: float, unit_length: bool) -> None:
        super().__init__()
        self.unit_length = unit_length
        widths = [CHANNELS, *(width for width, _ in BLOCKS)]
        self.blocks = nn.Sequential(
            *(GraphBlock(widths[i], width, stride=stride) for i, (width, stride) in enumerate(BLOCKS))
        )
        self.narrow = nn.Conv2d(widths[-1], KEPT, 1)
        self.pool = TimePool(KEPT * JOINTS)
        self.statistics = nn.BatchNorm1d(POSE_STATISTICS, affine=False)
        self.dropout = SeededDropout(dropout)
        self.fc = nn.Linear(self.pool.width + POSE_STATISTICS, embedding_size)

    def forward(self, poses: Tensor) -> Tensor:
        """(B, F, 25, 3) to (B, E)."""
        x = self.blocks(with_steps(poses).permute(0, 3, 1, 2))  # (B, 5, F, 25) -> (B, C, F / 4, 25)
        x = self.narrow(x).permute(0, 2, 1, 3).flatten(2)  # (B, F / 4, C * 25): keeps the joints apart
        pooled = torch.cat([self.pool(x), self.statistics(self.describe(poses))], dim=1)
        return self.finish(self.dropout(pooled))

    def describe(self, poses: Tensor) -> Tensor:
        """Position, range and speed of each joint, and the rhythm: (B, F, 25, 3) to (B, 150 + SPECTRUM)."""
        places = poses[..., :2].flatten(2)  # (B, F, 50)
        speed = (with_steps(poses)[..., 3:].square().sum(dim=-1) + 1e-6).sqrt()  # (B, F, 25)
        whole = speed.mean(dim=2)
        swing = torch.fft.rfft(whole - whole.mean(dim=1, keepdim=True), n=SPECTRUM_FRAMES, dim=1)[:, 2 : 2 + SPECTRUM]
        parts = [places.mean(dim=1), _log_deviation(places), (speed.mean(dim=1) + 0.02).log(), _log_deviation(speed)]
        return torch.cat([*parts, (swing.real.square() + swing.imag.square() + 0.1).log()], dim=1)


def with_steps(poses: Tensor) -> Tensor:
    """(B, F, J, 3) to (B, F, J, 5): add the steps from the previous frame, 0 at first and where a joint is absent."""
    places = poses[..., :2]
    seen = (poses[..., 2:] > 0).to(poses.dtype)
    steps = (places[:, 1:] - places[:, :-1]) * (STEP_SCALE * seen[:, 1:] * seen[:, :-1])
    return torch.cat([poses, nn.functional.pad(steps, (0, 0, 0, 0, 1, 0))], dim=-1)


def _log_deviation(x: Tensor) -> Tensor:
    """Logarithm of the deviation over time, (B, F, C) to (B, C)."""
    return 0.5 * ((x - x.mean(dim=1, keepdim=True)).square().mean(dim=1) + 1e-4).log()


def normalised_adjacency() -> Tensor:
    """L^-1/2 (A + I) L^-1/2 of Eq. 8, (25, 25)."""
    linked = torch.from_numpy(adjacency()) + torch.eye(JOINTS)
    scale = linked.sum(dim=1).rsqrt()
    return scale[:, None] * linked * scale
