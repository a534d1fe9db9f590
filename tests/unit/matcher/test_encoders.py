import numpy as np
import pytest
import torch

from danceit_core.config import MatcherSettings
from danceit_core.matcher.encoders import AudioEncoder, PoseEncoder, normalised_adjacency
from danceit_core.matcher.model import make_encoders
from danceit_core.pose.skeleton import LIMBS


def make(seed=0, *, encoder="hybrid"):
    torch.manual_seed(seed)
    if encoder == "paper":
        audio, pose = make_encoders(MatcherSettings(encoder="paper", unit_length=False), feature_width=13)
        return audio.eval(), pose.eval()
    audio = AudioEncoder(feature_width=13, hidden_size=20, embedding_size=16, dropout=0.1, unit_length=True)
    return audio.eval(), PoseEncoder(embedding_size=16, dropout=0.1, unit_length=True).eval()


@pytest.mark.parametrize("encoder", ["hybrid", "paper"])
@pytest.mark.parametrize("frames", [1, 2, 24, 48, 97])
def test_windows_of_any_length_give_one_embedding_each(frames, encoder):
    audio, pose = make(encoder=encoder)
    assert audio(torch.randn(3, frames, 13)).shape == (3, 16)
    assert pose(torch.randn(3, frames, 25, 3)).shape == (3, 16)


@pytest.mark.parametrize("encoder", ["hybrid", "paper"])
def test_every_frame_of_the_sound_gets_a_gradient(encoder):
    audio, _ = make(encoder=encoder)
    sound = torch.randn(2, 48, 13, requires_grad=True)
    (audio(sound) * torch.randn(2, 16)).sum().backward()
    per_frame = sound.grad.abs().sum(dim=(0, 2))
    assert (per_frame > 0.05 * per_frame.max()).all()  # the bug would leave all but the last at nearly nothing


@pytest.mark.parametrize("encoder", ["hybrid", "paper"])
def test_every_frame_and_every_joint_of_the_dance_gets_a_gradient(encoder):
    _, pose = make(encoder=encoder)
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


def layers_of(encoder):
    """Name, kind and sizes of each layer that has weights."""
    return [
        (name, type(layer).__name__, *(tuple(weight.shape) for weight in layer.parameters(recurse=False)))
        for name, layer in encoder.named_modules()
        if list(layer.parameters(recurse=False))
    ]


def test_the_papers_audio_encoder_is_a_bi_lstm_and_a_fully_connected_layer():
    audio, _ = make_encoders(MatcherSettings(encoder="paper"), feature_width=13)
    # IV-B: 13 MFCC, Bi-LSTM with a hidden state of 100, dropout of 0.1, fc to 16 dimensions (Eq. 4-6).
    gates = ((400, 13), (400, 100), (400,), (400,))
    assert layers_of(audio) == [("lstm", "LSTM", *gates, *gates), ("fc", "Linear", (16, 200), (16,))]
    assert audio.lstm.bidirectional
    assert audio.lstm.num_layers == 1
    assert audio.dropout.share == 0.1


def test_the_papers_pose_encoder_is_an_st_gcn_with_a_fixed_skeleton_and_a_fully_connected_layer():
    _, pose = make_encoders(MatcherSettings(encoder="paper"), feature_width=13)
    # Eq. 7: W_c and b_1, over frames alone; Eq. 8: W_g without a bias, on (A + I) as normalised; Eq. 9: fc and b_2.
    expected = []
    for number, (inputs, outputs) in enumerate(((3, 16), (16, 32), (32, 32))):
        expected += [
            (f"blocks.{number}.temporal", "Conv2d", (outputs, inputs, 9, 1), (outputs,)),
            (f"blocks.{number}.spatial", "Conv2d", (outputs, outputs, 1, 1)),
            (f"blocks.{number}.norm", "BatchNorm2d", (outputs,), (outputs,)),
            (f"blocks.{number}.shortcut.1", "Conv2d", (outputs, inputs, 1, 1), (outputs,)),
        ]
    assert layers_of(pose) == [*expected, ("fc", "Linear", (16, 32), (16,))]
    for block in pose.blocks:
        torch.testing.assert_close(block.mixing, normalised_adjacency())


def test_the_papers_embeddings_are_the_mean_of_equation_6_over_the_frames():
    audio, _ = make(encoder="paper")
    sound = torch.randn(2, 24, 13)
    by_frame = audio.fc(audio.lstm(sound)[0])  # (2, 24, 16)
    torch.testing.assert_close(audio(sound), by_frame.mean(dim=1))
