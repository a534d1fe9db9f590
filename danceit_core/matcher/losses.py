"""Losses of the cross-modal matcher (paper Eq. 10 and its readings). d is the Euclidean distance of two embeddings.

    paper           |p - a|^2 for a matching pair, |p - a - eps|^2 for another. As printed: it asks for one fixed
                    offset between all that do not match, which independent encoders cannot give
    distance_label  (d^2 - y)^2, y = 0 matching, 1 not: what makes an accuracy threshold of d = 1 mean something
    hinge           d^2 matching, max(0, eps - d)^2 not (Hadsell, Chopra and LeCun 2006)
    infonce         symmetric cross-entropy over the batch of -d^2 / temperature (van den Oord 2018), temperature learnt

Each takes B matching pairs with one non-matching sound for each dance.
"""

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

    def forward(self, poses: Tensor, sounds: Tensor, others: Tensor, related: Tensor) -> Tensor:
        """poses, sounds, others: (B, E). related (B, B) is not needed: pairs are explicit."""
        matching = (poses - sounds).square().sum(dim=1)
        apart = (poses - others).square().sum(dim=1)
        if self.name == "paper":
            return 0.5 * (matching + (poses - others - self.margin).square().sum(dim=1)).mean()
        if self.name == "distance_label":
            return 0.5 * (matching.square() + (apart - 1).square()).mean()
        # The root has no slope at 0: keep a hair's breadth away from it.
        return 0.5 * (matching + (self.margin - (apart + 1e-12).sqrt()).relu().square()).mean()


class InfoNceLoss(nn.Module):
    """Each dance must find its sound among the batch's, and each sound its dance."""

    def __init__(self) -> None:
        super().__init__()
        self.log_temperature = nn.Parameter(torch.zeros(()))

    def forward(self, poses: Tensor, sounds: Tensor, others: Tensor, related: Tensor) -> Tensor:
        """poses, sounds, others: (B, E). related (B, B): true where a pair off the diagonal is too near to tell apart.

        Among the sounds that a dance must not choose is its own other sound, beside those of the batch.
        """
        scale = (-self.log_temperature.clamp(-5.0, 5.0)).exp()
        scores = -torch.cdist(poses, sounds, compute_mode="donot_use_mm_for_euclid_dist").square() * scale
        scores = scores.masked_fill(related, float("-inf"))
        other = -(poses - others).square().sum(dim=1, keepdim=True) * scale
        target = torch.arange(len(poses), device=poses.device)
        by_pose = nn.functional.cross_entropy(torch.cat([scores, other], dim=1), target)
        return 0.5 * (by_pose + nn.functional.cross_entropy(scores.T, target))


def make_loss(name: str, *, margin: float) -> PairLoss | InfoNceLoss:
    """The loss called `name`; margin is eps of Eq. 10 and of `hinge`. MatcherError for an unknown name."""
    if name not in LOSSES:
        raise MatcherError(f"matcher.loss is {name!r}; known losses: {', '.join(LOSSES)}")
    return InfoNceLoss() if name == "infonce" else PairLoss(name, margin=margin)
