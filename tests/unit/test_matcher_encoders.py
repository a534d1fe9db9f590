import numpy as np
import pytest
import torch

from danceit_core.matcher.encoders import AudioEncoder, PoseEncoder, normalised_adjacency
from danceit_core.pose.skeleton import LIMBS


def make(seed=0):
    torch.manual_seed(seed)
    audio = AudioEncoder(feature_width=13, hidden_size=20, embedding_size=16, dropout=0.1, unit_length=True)
    return audio.eval(), PoseEncoder(embedding_size=16, dropout=0.1, unit_length=True).eval()


@pytest.mark.parametrize("frames", [1, 2, 24, 48, 97])
def test_windows_of_any_length_give_one_embedding_each(frames):
    audio, pose = make()
    assert audio(torch.randn(3, frames, 13)).shape == (3, 16)
    assert pose(torch.randn(3, frames, 25, 3)).shape == (3, 16)


def test_every_frame_of_the_sound_gets_a_gradient():
    audio, _ = make()
    sound = torch.randn(2, 48, 13, requires_grad=True)
    (audio(sound) * torch.randn(2, 16)).sum().backward()
    per_frame = sound.grad.abs().sum(dim=(0, 2))
    assert (per_frame > 0.05 * per_frame.max()).all()  # the bug would leave all but the last at nearly nothing


def test_every_frame_and_every_joint_of_the_dance_gets_a_gradient():
    _, pose = make()
    dance = torch.randn(4, 48, 25, 3, requires_grad=True)
    (pose(dance) * torch.randn(4, 16)).sum().backward()
    per_frame, per_joint = dance.grad.abs().sum(dim=(0, 2, 3)), dance.grad.abs().sum(dim=(0, 1, 3))
    assert (per_frame > 0.05 * per_frame.max()).all()
    assert (per_joint > 0.05 * per_joint.max()).all()
    assert (dance.grad.abs().sum(dim=(0, 1, 2)) > 0).all()  # x, y and confidence


def test_adjacency_is_that_of_equation_8():
    linked = np.eye(25)
    for a, b in LIMBS:
        linked[a, b] = linked[b, a] = 1
    degree = np.diag(linked.sum(axis=1) ** -0.5)
    np.testing.assert_allclose(normalised_adjacency().numpy(), degree @ linked @ degree, atol=1e-6)


def test_a_joint_reaches_another_only_along_the_skeleton():
    _, pose = make()
    block = pose.blocks[0]
    dance = torch.randn(1, 5, 24, 25, requires_grad=True)
    block(dance)[..., 4].sum().backward()  # the right wrist after one step
    reached = set(torch.nonzero(dance.grad.abs().sum(dim=(0, 1, 2))).flatten().tolist())
    assert reached == {3, 4}
