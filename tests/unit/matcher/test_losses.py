import math

import pytest
import torch

from danceit_core.errors import MatcherError
from danceit_core.matcher.losses import LOSSES, InfoNceLoss, make_loss

# Two pairs in two dimensions: squared distances 4 and 0 matching, 1 and 9 not.
POSES = torch.tensor([[0.0, 0.0], [1.0, 1.0]])
SOUNDS = torch.tensor([[2.0, 0.0], [1.0, 1.0]])
OTHERS = torch.tensor([[0.0, 1.0], [1.0, 4.0]])
NONE = torch.zeros(2, 2)


@pytest.mark.parametrize(
    ("name", "margin", "expected"),
    [
        # others minus eps = 0.5: (-.5, -1.5) and (-.5, -3.5), squares 2.5 and 12.5
        ("paper", 0.5, ((4 + 2.5) / 2 + (0 + 12.5) / 2) / 2),
        ("distance_label", 0.5, ((16 + 0) / 2 + (0 + 64) / 2) / 2),
        ("hinge", 2.0, ((4 + 1) / 2 + (0 + 0) / 2) / 2),
    ],
)
def test_pair_losses_by_hand(name, margin, expected):
    loss = make_loss(name, margin=margin, unit_length=False)(POSES, SOUNDS, OTHERS, NONE)
    assert loss.item() == pytest.approx(expected, abs=1e-5)


def test_infonce_by_hand():
    # scores of the two dances with sounds 1 and 2: minus the squared distances
    by_pose = [[-4, -2], [-2, 0]]
    rows = [-s[i] + math.log(sum(map(math.exp, s))) for i, s in enumerate(by_pose)]
    columns = [[-4, -2], [-2, 0]]
    cols = [-s[i] + math.log(sum(map(math.exp, s))) for i, s in enumerate(columns)]
    loss = make_loss("infonce", margin=1.0, unit_length=False)(POSES, SOUNDS, OTHERS, NONE)
    assert loss.item() == pytest.approx((sum(rows) / 2 + sum(cols) / 2) / 2, abs=1e-5)


def test_infonce_does_not_push_pairs_without_weight_apart():
    weights = torch.tensor([[0, -torch.inf], [-torch.inf, 0]])
    poses = POSES.clone().requires_grad_()
    far = torch.full_like(OTHERS, 50.0)
    loss = InfoNceLoss(temperature=1.0)(poses, SOUNDS, far, weights)
    assert loss.item() == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize("name", LOSSES)
def test_gradients_are_finite_even_where_embeddings_coincide(name):
    loss = make_loss(name, margin=1.0, unit_length=False)
    poses, sounds = torch.zeros(3, 4, requires_grad=True), torch.zeros(3, 4, requires_grad=True)
    loss(poses, sounds, torch.zeros(3, 4), torch.zeros(3, 3)).backward()
    assert torch.isfinite(poses.grad).all()
    assert torch.isfinite(sounds.grad).all()


@pytest.mark.parametrize("name", [name for name in LOSSES if name not in ("paper", "infonce")])
def test_matching_pairs_that_are_near_cost_less(name):
    loss = make_loss(name, margin=1.0, unit_length=False)
    right = loss(POSES, POSES, POSES + 0.9, NONE)
    wrong = loss(POSES, POSES + 0.9, POSES, NONE)
    assert right.item() < wrong.item()


def test_the_temperature_is_learnt():
    loss = InfoNceLoss(temperature=1.0)
    loss(POSES, SOUNDS, OTHERS, NONE).backward()
    assert float(loss.log_temperature.grad.abs()) > 1e-3


def test_unknown_loss():
    with pytest.raises(MatcherError, match="'triplet'; known losses: paper, distance_label, hinge, infonce"):
        make_loss("triplet", margin=1.0, unit_length=False)


def test_equation_10_as_printed_is_lowest_where_all_dances_are_at_one_place_and_all_sounds_at_another():
    generator = torch.Generator().manual_seed(0)
    loss, others = make_loss("paper", margin=1.0, unit_length=False), torch.roll(torch.arange(64), 1)
    collapsed = loss(torch.full((64, 16), 0.5), torch.zeros(64, 16), torch.zeros(64, 16), torch.zeros(64, 64))
    torch.testing.assert_close(collapsed, torch.tensor(16 / 4.0))
    for spread in (0.01, 0.1, 1.0):
        # Sounds that match their dances exactly, but for the offset of the means.
        poses = spread * torch.randn(64, 16, generator=generator)
        sounds = poses - 0.5
        assert loss(poses, sounds, sounds[others], torch.zeros(64, 64)) > collapsed
