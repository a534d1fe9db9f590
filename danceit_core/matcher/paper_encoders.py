"""Encoders as the paper prints them (IV-B, Eq. 4-9), the variant `matcher.encoder: paper`.

    PaperAudioEncoder  Bi-LSTM (hidden state 100, dropout 0.1) -> fc, D_f = 16 (Eq. 4-6)
    PaperPoseEncoder   ST-GCN: temporal convolution (Eq. 7), fixed skeleton (Eq. 8) -> fc (Eq. 9)

The paper leaves open how a window becomes one vector, how many blocks and channels the ST-GCN has, and what is between
them. Here both encoders average over all frames before `fc`, and the ST-GCN also over all joints, like the original
(Yan, Xiong and Lin 2018), from which batch normalisation, residuals and ReLU are taken, too; blocks and channels are
those of `encoders`. There are no handcrafted statistics, no steps between frames and no learnt edges.
"""

from torch import Tensor, nn

from danceit_core.matcher.encoders import BLOCKS, Encoder, GraphBlock, SeededDropout

# x, y and confidence of a joint.
CHANNELS = 3


class PaperAudioEncoder(Encoder):
    """Bi-LSTM -> fc: (B, F, D) normalised features to (B, E)."""

    def __init__(
        self, *, feature_width: int, hidden_size: int, embedding_size: int, dropout: float, unit_length: bool
    ) -> None:
        super().__init__()
        self.unit_length = unit_length
        self.lstm = nn.LSTM(feature_width, hidden_size, batch_first=True, bidirectional=True)
        self.dropout = SeededDropout(dropout)
        self.fc = nn.Linear(2 * hidden_size, embedding_size)

    def forward(self, features: Tensor) -> Tensor:
        """(B, F, D) to (B, E)."""
        hidden, _ = self.lstm(features)  # (B, F, 2 H)
        # fc is linear: applied to the mean, it gives the mean of Eq. 6 over the frames.
        return self.finish(self.dropout(hidden).mean(dim=1))


class PaperPoseEncoder(Encoder):
    """ST-GCN -> fc: (B, F, 25, 3) normalised poses to (B, E)."""

    def __init__(self, *, embedding_size: int, unit_length: bool) -> None:
        super().__init__()
        self.unit_length = unit_length
        widths = [CHANNELS, *(width for width, _ in BLOCKS)]
        self.blocks = nn.Sequential(
            *(
                GraphBlock(widths[i], width, stride=stride, learnt_edges=False)
                for i, (width, stride) in enumerate(BLOCKS)
            )
        )
        self.fc = nn.Linear(widths[-1], embedding_size)

    def forward(self, poses: Tensor) -> Tensor:
        """(B, F, 25, 3) to (B, E)."""
        return self.finish(self.blocks(poses.permute(0, 3, 1, 2)).mean(dim=(2, 3)))  # (B, C, F / 4, 25) -> (B, C)
