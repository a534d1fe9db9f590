"""Encoders of the cross-modal matcher (paper IV-B): music and dance into one space of D_f = 16 dimensions.

    AudioEncoder  Bi-LSTM over (B, F, D) features, mean over all frames, fc
    PoseEncoder   ST-GCN over (B, F, 25, 3) poses (Eq. 7-9; Yan, Xiong and Lin 2018), mean over all frames, fc

Both take the mean over time before `fc`, so that every frame counts and gets a gradient (taking the last hidden state,
or the tail of a flattened output, would train on the last frame alone), and both take windows of any length.
"""

import torch
from torch import Tensor, nn

from danceit_core.pose.skeleton import JOINTS, adjacency

# Widths and temporal strides of the three ST-GCN blocks; kernel in frames (9 = 3/8 s, under one beat at 120 a minute).
BLOCKS = ((32, 2), (32, 2), (64, 2))
KERNEL = 9


class AudioEncoder(nn.Module):
    """Bi-LSTM, dropout and a fully connected layer: (B, F, D) normalised features to (B, E)."""

    def __init__(self, *, feature_width: int, hidden_size: int, embedding_size: int, dropout: float) -> None:
        super().__init__()
        self.lstm = nn.LSTM(feature_width, hidden_size, batch_first=True, bidirectional=True)
        self.dropout = nn.Dropout(dropout)
        self.fc = nn.Linear(2 * hidden_size, embedding_size)

    def forward(self, features: Tensor) -> Tensor:
        """(B, F, D) to (B, E)."""
        hidden, _ = self.lstm(features)  # (B, F, 2 H)
        return self.fc(self.dropout(hidden.mean(dim=1)))


class GraphBlock(nn.Module):
    """Temporal convolution (Eq. 7), then mixing along the skeleton (Eq. 8), with a residual connection.

    Beside the paper's formulas: batch normalisation, a residual and ReLU, as in ST-GCN, and a learnt weight on each
    edge, which starts at 1 (Eq. 8 as printed).
    """

    mixing: Tensor

    def __init__(self, inputs: int, outputs: int, *, stride: int) -> None:
        super().__init__()
        padding = (KERNEL // 2, 0)
        self.temporal = nn.Conv2d(inputs, outputs, (KERNEL, 1), stride=(stride, 1), padding=padding)  # W_c, b_1
        self.spatial = nn.Conv2d(outputs, outputs, 1, bias=False)  # W_g
        self.norm = nn.BatchNorm2d(outputs)
        # The mean of the frames that a stride merges: a strided shortcut would see only every second one.
        merge = nn.AvgPool2d((stride, 1), ceil_mode=True)
        self.shortcut = nn.Sequential(merge, nn.Conv2d(inputs, outputs, 1))
        self.register_buffer("mixing", normalised_adjacency(), persistent=False)
        self.edge_weight = nn.Parameter(torch.ones(JOINTS, JOINTS))

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, F, 25) to (B, C', F / stride, 25)."""
        mixed = torch.einsum("bcfj,jk->bcfk", self.temporal(x), self.mixing * self.edge_weight)
        return torch.relu(self.norm(self.spatial(mixed)) + self.shortcut(x))


class PoseEncoder(nn.Module):
    """ST-GCN and a fully connected layer: (B, F, 25, 3) normalised poses to (B, E)."""

    def __init__(self, *, embedding_size: int, dropout: float) -> None:
        super().__init__()
        widths = [3, *(width for width, _ in BLOCKS)]
        self.blocks = nn.Sequential(
            *(GraphBlock(widths[i], width, stride=stride) for i, (width, stride) in enumerate(BLOCKS))
        )
        self.dropout = nn.Dropout(dropout)
        self.fc = nn.Linear(widths[-1] * JOINTS, embedding_size)

    def forward(self, poses: Tensor) -> Tensor:
        """(B, F, 25, 3) to (B, E)."""
        x = poses.permute(0, 3, 1, 2)  # (B, 3, F, 25)
        pooled = self.blocks(x).mean(dim=2)  # (B, C, 25): which joint moves how stays apart
        return self.fc(self.dropout(pooled.flatten(1)))


def normalised_adjacency() -> Tensor:
    """L^-1/2 (A + I) L^-1/2 of Eq. 8, (25, 25)."""
    linked = torch.from_numpy(adjacency()) + torch.eye(JOINTS)
    scale = linked.sum(dim=1).rsqrt()
    return scale[:, None] * linked * scale
