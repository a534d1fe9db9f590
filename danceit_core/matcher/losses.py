"""Losses of the cross-modal matcher (paper Eq. 10 and its readings). d is the Euclidean distance of two embeddings.

    paper           |p - a|^2 for a matching pair, |p - a - eps|^2 for another. As printed, it requires one fixed offset
                    between all pairs that do not match, which independent encoders cannot produce
    distance_label  (d^2 - y)^2, y = 0 matching, 1 not: this makes an accuracy threshold of d = 1 meaningful
    hinge           d^2 matching, max(0, eps - d)^2 not (Hadsell, Chopra and LeCun 2006)
    infonce         symmetric cross-entropy over the batch of -d^2 / temperature (van den Oord 2018), temperature learnt

Each takes B matching pairs with one non-matching sound for each dance, which is also in the batch.
"""

import math

import torch
from torch import Tensor, nn

from danceit_core.errors import MatcherError

LOSSES = ("paper", "distance_label", "hinge", "infonce")


class PairLoss(nn.Module):
    """Mean over B matching and B non-matching pairs of `paper`, `distance_label` or `hinge`."""

    def __init__(self, name: str, *, margin: float) -> None:
        super().__init__()
        self.name = name
        self.margin = margin

    def forward(self, poses: Tensor, sounds: Tensor, others: Tensor, weights: Tensor) -> Tensor:
        """poses, sounds, others: (B, E). weights (B, B) is not needed: pairs are explicit."""
        matching = (poses - sounds).square().sum(dim=1)
        apart = (poses - others).square().sum(dim=1)
        if self.name == "paper":
            return 0.5 * (matching + (poses - others - self.margin).square().sum(dim=1)).mean()
        if self.name == "distance_label":
            return 0.5 * (matching.square() + (apart - 1).square()).mean()
        # The square root has no gradient at 0: add a small number.
        return 0.5 * (matching + (self.margin - (apart + 1e-12).sqrt()).relu().square()).mean()


class InfoNceLoss(nn.Module):
    """Cross-entropy of each dance finding its sound in the batch, and each sound its dance."""

    def __init__(self, *, temperature: float) -> None:
        super().__init__()
        self.log_temperature = nn.Parameter(torch.tensor(math.log(temperature)))

    def forward(self, poses: Tensor, sounds: Tensor, others: Tensor, weights: Tensor) -> Tensor:
        """poses, sounds: (B, E). weights (B, B): logarithm of how much a sound counts as not matching a dance.

        others is not needed: they are among the sounds.
        """
        scale = (-self.log_temperature.clamp(-5.0, 5.0)).exp()
        scores = -torch.cdist(poses, sounds, compute_mode="donot_use_mm_for_euclid_dist").square() * scale
        scores = scores + weights
        target = torch.arange(len(poses), device=poses.device)
        return 0.5 * (nn.functional.cross_entropy(scores, target) + nn.functional.cross_entropy(scores.T, target))


def make_loss(name: str, *, margin: float, unit_length: bool) -> PairLoss | InfoNceLoss:
    """The loss called `name`; margin is eps of Eq. 10 and of `hinge`. MatcherError for an unknown name.

    unit_length: whether embeddings are on the unit sphere, where distances are at most 2 and InfoNCE starts with a
    lower temperature.
    """
    if name not in LOSSES:
        raise MatcherError(f"matcher.loss is {name!r}; known losses: {', '.join(LOSSES)}")
    return InfoNceLoss(temperature=0.2 if unit_length else 1.0) if name == "infonce" else PairLoss(name, margin=margin)
