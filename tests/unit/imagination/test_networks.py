"""Generator, discriminators and losses: shapes, sizes, gradients, and losses with known values."""

from dataclasses import replace

import pytest
import torch

from danceit_core.config import PoseGanSettings
from danceit_core.imagination.networks.chart import CHANNELS
from danceit_core.imagination.networks.discriminator import MultiScaleDiscriminator, smallest_side
from danceit_core.imagination.networks.face import FaceGenerator
from danceit_core.imagination.networks.generator import POSE_CHANNELS, PoseGenerator, initialise, move_layers
from danceit_core.imagination.recall.layers import CHANNELS as LAYER_CHANNELS
from danceit_core.imagination.training.adversarial import Duel
from danceit_core.imagination.training.losses import (
    adversarial_loss,
    discriminator_loss,
    feature_loss,
    pixel_loss,
    temporal_loss,
)

SMALL = replace(
    PoseGanSettings(),
    painter="paint",
    channels=8,
    downsamplings=2,
    blocks=1,
    enhancer_blocks=1,
    discriminator_channels=8,
    image_size=64,
)
PAPER = PoseGanSettings(
    painter="paint", image_size=512, channels=64, kernel=7, padding="reflect", downsamplings=4, blocks=9,
    enhancer_blocks=3, discriminator_channels=64, discriminators=3, crop=False, background_plate=False,
    body_chart=False,
)  # fmt: skip
CPU = torch.device("cpu")


def inputs(settings, *, height, width, device=CPU):
    pose = torch.rand(2, POSE_CHANNELS[settings.pose_input], height, width, device=device) * 2 - 1
    chart = torch.rand(2, CHANNELS, height // 2, width // 2, device=device) if settings.body_chart else None
    plate = torch.rand(2, 3, height, width, device=device) * 2 - 1 if settings.background_plate else None
    previous = torch.rand(2, 3, height, width, device=device) * 2 - 1 if settings.previous_frame else None
    recalled = torch.rand(2, LAYER_CHANNELS, height, width, device=device) if settings.painter == "recall" else None
    return {"pose": pose, "chart": chart, "plate": plate, "previous": previous, "recalled": recalled}


@pytest.mark.parametrize("settings", [PoseGanSettings(), PAPER], ids=["quick", "paper"])
@pytest.mark.parametrize("size", [64, 128, 256, 512])
def test_every_size_keeps_its_shape(settings, size):
    with torch.device("meta"):
        generator = PoseGenerator(settings)
        painting = generator(**inputs(settings, height=size, width=size, device=torch.device("meta")))
    assert painting.picture.shape == (2, 3, size, size)
    assert painting.opacity.shape == (2, 1, size, size)


def test_the_networks_have_the_stated_numbers_of_parameters():
    with torch.device("meta"):
        counts = [sum(p.numel() for p in PoseGenerator(s).parameters()) / 1e6 for s in (PoseGanSettings(), PAPER)]
    assert 1.9 < counts[0] < 2.1
    assert 180 < counts[1] < 190


def test_a_window_of_another_shape_is_painted():
    painting = PoseGenerator(SMALL)(**inputs(SMALL, height=40, width=24))
    assert painting.picture.shape == (2, 3, 40, 24)
    assert painting.picture.abs().max() <= 1


def test_where_the_limit_is_zero_the_plate_shows():
    given = inputs(SMALL, height=32, width=32)
    limit = torch.ones(2, 1, 32, 32)
    limit[..., :16] = 0
    painting = PoseGenerator(SMALL)(**given, limit=limit)
    assert torch.equal(painting.picture[..., :16], given["plate"][..., :16])
    assert not torch.allclose(painting.picture[..., 16:], given["plate"][..., 16:], atol=1e-3)


@pytest.mark.parametrize("plate", [True, False])
@pytest.mark.parametrize(("pose_input", "previous_frame"), [("skeleton", False), ("heatmaps", True)])
def test_gradients_reach_every_weight_of_the_generator(plate, pose_input, previous_frame):
    settings = replace(
        SMALL, background_plate=plate, body_chart=plate, pose_input=pose_input, previous_frame=previous_frame
    )
    generator = PoseGenerator(settings)
    initialise(generator, torch.Generator().manual_seed(1))
    painting = generator(**inputs(settings, height=32, width=32))
    (painting.picture.square().mean() + painting.opacity.mean()).backward()
    # A bias before a normalisation is taken away again: weights are what must learn.
    idle = [n for n, p in generator.named_parameters() if n.endswith("weight") and not p.grad.abs().max() > 0]
    assert idle == []


def test_gradients_reach_every_scale_of_the_discriminator_and_the_face():
    discriminator = MultiScaleDiscriminator(6, channels=8, scales=3)
    face = FaceGenerator(channels=4)
    side = smallest_side(3)
    painted = face(torch.rand(2, 3, side, side), torch.rand(2, 3, side, side))
    seen = discriminator(torch.rand(2, 3, side, side), painted)
    assert [len(features) for features in seen] == [5, 5, 5]
    adversarial_loss(seen).backward()
    for network in (discriminator, face):
        assert [n for n, p in network.named_parameters() if n.endswith("weight") and not p.grad.abs().max() > 0] == []


@pytest.mark.parametrize("scales", [1, 2, 3])
def test_the_smallest_side_is_the_smallest(scales):
    discriminator, side = MultiScaleDiscriminator(6, channels=4, scales=scales), smallest_side(scales)
    discriminator(torch.rand(1, 3, side, side), torch.rand(1, 3, side, side))
    with pytest.raises((RuntimeError, ValueError)):
        discriminator(torch.rand(1, 3, side // 2, side // 2), torch.rand(1, 3, side // 2, side // 2))


def test_losses_have_their_known_values():
    real, painted = [[torch.zeros(2, 2), torch.ones(2, 1)]], [[torch.full((2, 2), 3.0), torch.zeros(2, 1)]]
    assert discriminator_loss(real, painted) == 0
    assert discriminator_loss(painted, real) == 1
    assert adversarial_loss(real) == 0
    assert adversarial_loss(painted) == 1
    assert feature_loss(real, painted) == 3
    weight = torch.tensor([[[[1.0, 0.0]]]])
    a, b = torch.zeros(1, 3, 1, 2), torch.tensor([0.5, 100.0]).expand(1, 3, 1, 2)
    assert pixel_loss(a, b, weight) == 0.5
    assert pixel_loss(a, b, 0 * weight) == 0


def test_a_seed_gives_the_same_networks():
    def begin(seed):
        return Duel.begin(
            PoseGenerator(SMALL),
            MultiScaleDiscriminator(6, channels=8, scales=1),
            learning_rate=1e-3,
            average_decay=0.9,
            seed=seed,
            device=CPU,
        )

    first, again, other = (torch.cat([p.flatten() for p in begin(s).generator.parameters()]) for s in (1, 1, 2))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


def test_a_change_counts_only_where_the_real_picture_does_not_change():
    still, ones = torch.zeros(1, 3, 4, 4), torch.ones(1, 1, 4, 4)
    flicker = still + 0.5
    assert temporal_loss(flicker, still, still, still, weight=ones) == 0.5
    assert temporal_loss(still, still, still, flicker, weight=ones) == 0
    half = still.clone()
    half[..., :2] = 1  # the left half turned into view
    changed = still.clone()
    changed[..., :2] = 0.8
    assert temporal_loss(changed, still, half, still, weight=ones) < 1e-3


RECALLING = replace(SMALL, painter="recall")


def layers(body, arms, *, cover=(1.0, 1.0), size=32):
    """Layers of one colour each, (1, 8, size, size), that cover the same everywhere."""
    flat = [*body, *arms, *cover]
    return torch.tensor(flat, dtype=torch.float32)[None, :, None, None].expand(1, 8, size, size).contiguous()


def test_at_the_start_the_layers_are_seen_and_arms_before_the_body():
    generator = PoseGenerator(RECALLING)
    initialise(generator, torch.Generator().manual_seed(0))
    given = {**inputs(RECALLING, height=32, width=32)}
    given = {key: value[:1] if value is not None else None for key, value in given.items()}
    given["recalled"] = layers((0.9, -0.9, 0.9), (-0.8, 0.8, -0.8))
    painting = generator(**given)
    near = painting.person.mean((2, 3))[0]
    assert (near - torch.tensor([-0.8, 0.8, -0.8])).abs().max() < 0.4
    assert painting.opacity.mean() > 0.9
    given["recalled"] = layers((0.9, -0.9, 0.9), (0, 0, 0), cover=(1.0, 0.0))
    body = generator(**given).person.mean((2, 3))[0]
    assert (body - torch.tensor([0.9, -0.9, 0.9])).abs().max() < 0.3
    given["recalled"] = layers((0, 0, 0), (0, 0, 0), cover=(0.0, 0.0))
    painting = generator(**given)
    assert painting.opacity.mean() < 0.1
    torch.testing.assert_close(painting.person, painting.paint)


def test_a_layer_is_moved_by_its_flow():
    picture = torch.zeros(1, 8, 16, 16)
    picture[0, 0, 8, 8] = picture[0, 6, 8, 8] = 1
    flow = torch.zeros(1, 2, 2, 16, 16)
    flow[:, 0, 0], flow[:, 0, 1] = 3, -2
    moved = move_layers(picture, flow)
    assert moved[0, 0, 10, 5] == pytest.approx(1, abs=1e-4)
    assert moved[0, 6, 10, 5] == pytest.approx(1, abs=1e-4)
    assert moved[0, 0].sum() == pytest.approx(1, abs=1e-3)
