"""config/paper.yaml is what docs/paper.md says that the paper prints, setting by setting and network by network."""

import re

import pytest
import torch
import yaml
from checkout import ROOT
from torch import nn

from danceit_core.choreography.temporal import VARIANTS
from danceit_core.config import SECTIONS, make_settings
from danceit_core.imagination.networks.discriminator import MultiScaleDiscriminator
from danceit_core.imagination.networks.generator import POSE_CHANNELS, PoseGenerator
from danceit_core.imagination.training.losses import adversarial_loss, feature_loss
from danceit_core.matcher.losses import make_loss
from danceit_core.matcher.model import make_encoders
from danceit_core.music.columns import FEATURE_WIDTHS
from danceit_core.pose.skeleton import JOINTS, adjacency

OVERRIDES = yaml.safe_load((ROOT / "config" / "paper.yaml").read_text())
CONFIG = yaml.safe_load((ROOT / "config" / "config.yaml").read_text())
# How often a training is saved and looked at: no matter of the paper.
OURS = {("pose_gan", "checkpoint_every"), ("pose_gan", "checkpoint_minutes")}
HEAD = ["where", "the paper", "settings", "what differs, and why"]


def resolved(section):
    """The settings of a section as the workflow makes them with --configfile config/paper.yaml."""
    return make_settings(SECTIONS[section], CONFIG[section] | OVERRIDES.get(section, {}))


def listed_rows():
    """Cells of every row of the tables of docs/paper.md."""
    lines = (ROOT / "docs" / "paper.md").read_text().splitlines()
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if line.startswith("| ")]
    return [row for row in rows if row != HEAD]


def listed_settings():
    """(section, key, value) of every setting that the tables name."""
    found = []
    for row in listed_rows():
        for text in re.findall(r"`([a-z_]+\.[a-z_]+: [^`]+)`", row[2]):
            name, value = text.split(": ", 1)
            found.append((*name.split("."), yaml.safe_load(value)))
    return found


@pytest.mark.parametrize(("section", "key", "value"), listed_settings())
def test_a_setting_is_what_the_list_says(section, key, value):
    found = getattr(resolved(section), key)
    assert found == (tuple(value) if isinstance(value, list) else value)


def test_every_setting_of_the_file_is_in_the_list():
    named = {(section, key) for section, key, _ in listed_settings()}
    given = {(section, key) for section, keys in OVERRIDES.items() for key in keys}
    assert given - named - OURS == set()


def test_every_row_says_where_and_what():
    rows = listed_rows()
    assert len(rows) > 35
    for row in rows:
        assert len(row) == len(HEAD), row
        assert row[0]
        assert row[1]
        assert row[2] or row[3], f"{row[0]}: neither a setting nor what differs"


def test_the_list_names_the_figures_that_the_paper_prints():
    """Written here again, so that list and file cannot be changed together by mistake."""
    matcher, spatial, gan, face = map(resolved, ("matcher", "spatial_alignment", "pose_gan", "face_gan"))
    assert (resolved("video").fps, resolved("rendering").fps) == (24, 24)
    assert (matcher.hidden_size, matcher.dropout, matcher.embedding_size) == (100, 0.1, 16)
    assert (matcher.learning_rate, matcher.epochs) == (1e-4, 500)
    assert resolved("fragments").test_share == 0.2
    assert (spatial.window, spatial.reference, spatial.jump_px, spatial.period_px) == (8, 24, 10, 5)
    assert gan.picture_size == gan.image_size == 512
    assert round(face.patch_share * gan.image_size) == 50
    assert resolved("temporal_alignment").variant in VARIANTS


def test_nothing_is_added_to_the_training_of_the_matcher():
    settings = resolved("matcher")
    added = ("weight_decay", "augmentation", "tempo_spread", "max_shift_s", "average_decay")
    assert [getattr(settings, key) for key in added] == [0] * len(added)
    assert not any([settings.canonical_start, settings.hard_negatives, settings.unit_length])


def test_the_encoders_have_the_printed_sizes():
    settings = resolved("matcher")
    width = FEATURE_WIDTHS[resolved("music").features]
    audio, pose = make_encoders(settings, feature_width=width)
    assert width == 13
    (lstm,) = (layer for layer in audio.modules() if isinstance(layer, nn.LSTM))
    assert (lstm.input_size, lstm.hidden_size, lstm.bidirectional) == (13, 100, True)
    assert audio.fc.out_features == pose.fc.out_features == 16
    # The last layers see what the networks give and nothing else: both directions of 100, and the last block's widths.
    assert audio.fc.in_features == 200
    assert pose.fc.in_features == pose.blocks[-1].spatial.out_channels
    sounds, poses = torch.zeros(2, 96, 13), torch.zeros(2, 96, 25, 3)
    assert audio.eval()(sounds).shape == pose.eval()(poses).shape == (2, 16)


def test_the_graph_is_eq_8():
    """Each block mixes along the skeleton by L^-1/2 (A + I) L^-1/2, which nothing learns."""
    _, pose = make_encoders(resolved("matcher"), feature_width=13)
    linked = torch.from_numpy(adjacency()) + torch.eye(JOINTS)
    scale = torch.diag(linked.sum(1) ** -0.5)
    assert len(pose.blocks) == 3
    for block in pose.blocks:
        assert torch.allclose(block.mixing, scale @ linked @ scale, atol=1e-6)
        assert not any(value.shape[-2:] == (JOINTS, JOINTS) for value in block.parameters())


def test_the_loss_is_eq_10():
    settings = resolved("matcher")
    loss = make_loss(settings.loss, margin=settings.margin, unit_length=settings.unit_length)
    poses, sounds, others = torch.full((1, 16), 2.0), torch.full((1, 16), 1.5), torch.full((1, 16), 0.5)
    # |p - a|^2 of the pair, |p - a - eps|^2 of another, eps = 1 in every dimension; the mean of both.
    assert loss(poses, sounds, others, torch.zeros(1, 1)).item() == pytest.approx((16 * 0.25 + 16 * 0.25) / 2)


@pytest.fixture(scope="module")
def networks():
    settings = resolved("pose_gan")
    with torch.device("meta"):
        pose = POSE_CHANNELS[settings.pose_input]
        discriminator = MultiScaleDiscriminator(
            pose + 3, channels=settings.discriminator_channels, scales=settings.discriminators
        )
        return PoseGenerator(settings), discriminator


def convolutions(network):
    return [layer for layer in network.modules() if isinstance(layer, nn.Conv2d)]


def test_the_generator_is_pix2pixhd_s(networks):
    generator, _ = networks
    coarse = [(c.kernel_size[0], c.stride[0], c.out_channels) for c in convolutions(generator.coarse)]
    down = [(7, 1, 64), (3, 2, 128), (3, 2, 256), (3, 2, 512), (3, 2, 1024)]
    assert coarse == down + [(3, 1, 1024)] * 18  # nine residual blocks
    up = [c.out_channels for c in generator.coarse.modules() if isinstance(c, nn.ConvTranspose2d)]
    assert up == [512, 256, 128, 64]
    front = [(c.kernel_size[0], c.stride[0], c.out_channels) for c in convolutions(generator.front)]
    assert front == [(7, 1, 32), (3, 2, 64)]
    assert len(convolutions(generator.body)) == 6  # three residual blocks
    (last,) = convolutions(generator.back)
    assert (last.kernel_size[0], last.out_channels) == (7, 3)
    assert {layer.padding_mode for layer in convolutions(generator)} == {"reflect"}
    assert not any(layer.affine for layer in generator.modules() if isinstance(layer, nn.GroupNorm))
    pose = torch.zeros(1, 3, 512, 512, device="meta")
    assert generator(pose).picture.shape == (1, 3, 512, 512)


def test_the_discriminators_are_pix2pixhd_s(networks):
    _, discriminator = networks
    assert len(discriminator.scales) == 3
    for scale in discriminator.scales:
        assert [c.out_channels for c in convolutions(scale)] == [64, 128, 256, 512, 1]
        assert {c.kernel_size[0] for c in convolutions(scale)} == {4}


def test_the_losses_weigh_as_pix2pixhd_s_sums(networks):
    """Three scales of four layers and a verdict: the means, so weighed, are a third of the paper's sums."""
    _, discriminator = networks
    rng = torch.Generator().manual_seed(0)
    layers = len(discriminator.scales[0].stages)

    def judged():
        shapes = [(1, 3, 8, 8)] * (layers - 1) + [(1, 1, 6, 6)]
        return [[torch.randn(shape, generator=rng) for shape in shapes] for _ in discriminator.scales]

    real, painted = judged(), judged()
    sums = sum((verdict - 1).square().mean() for *_, verdict in painted)
    sums += 10 * sum(
        (a - b).abs().mean() for r, p in zip(real, painted, strict=True) for a, b in zip(r[:-1], p[:-1], strict=True)
    )
    ours = adversarial_loss(painted) + resolved("pose_gan").feature_weight * feature_loss(real, painted)
    assert 3 * ours.item() == pytest.approx(float(sums), rel=1e-5)


def test_the_painter_adds_nothing_of_ours():
    gan, face = resolved("pose_gan"), resolved("face_gan")
    assert gan.painter == "paint"
    added = (gan.pixel_weight, gan.opacity_weight, gan.pose_jitter_px, gan.average_decay)
    assert (*added, face.pixel_weight, face.average_decay) == (0,) * 6
    assert face.enabled
    assert not any([gan.crop, gan.background_plate, gan.body_chart, gan.previous_frame])
