"""Operations are those counted by hand, whatever device and precision the network has."""

import pytest
import torch
import yaml
from checkout import ROOT
from torch import nn

from danceit_core.config import PoseGanSettings
from danceit_core.imagination.networks.complexity import count_flops
from danceit_core.imagination.networks.generator import PoseGenerator

PAPER = yaml.safe_load((ROOT / "config" / "paper.yaml").read_text())["pose_gan"]


def test_a_convolution_takes_two_operations_a_weight_and_pixel():
    network = nn.Sequential(nn.Conv2d(3, 8, 3, padding=1), nn.ReLU(), nn.Conv2d(8, 4, 4, 2, padding=1))
    picture = torch.rand(2, 3, 10, 12)
    first, second = 3 * 8 * 9 * 10 * 12, 8 * 4 * 16 * 5 * 6
    assert count_flops(network, picture) == 2 * 2 * (first + second)
    assert network(picture).device.type == "cpu"  # the network itself stays where it was


def test_a_transposed_convolution_takes_them_at_the_size_of_its_input():
    assert count_flops(nn.ConvTranspose2d(8, 4, 4, 2, padding=1), torch.rand(1, 8, 5, 6)) == 2 * 8 * 4 * 16 * 5 * 6


class WithChart(nn.Module):
    """Adds what a second convolution makes of a chart, if there is one."""

    def __init__(self):
        super().__init__()
        self.first, self.second = nn.Conv2d(3, 4, 1), nn.Conv2d(5, 4, 1)

    def forward(self, picture, *, chart=None):
        return self.first(picture) + (0 if chart is None else self.second(chart))


def test_inputs_may_have_names_or_be_left_out():
    network, picture, chart = WithChart(), torch.rand(1, 3, 6, 6), torch.rand(1, 5, 6, 6)
    assert count_flops(network, picture, chart=None) == 2 * 3 * 4 * 36
    assert count_flops(network, picture, chart=chart) == 2 * (3 + 5) * 4 * 36


@pytest.mark.parametrize(("settings", "size", "billions"), [(PoseGanSettings(**PAPER), 512, 155.7)])
def test_the_papers_network_takes_what_is_documented(settings, size, billions):
    with torch.device("meta"):
        flops = count_flops(PoseGenerator(settings), torch.empty(1, 3, size, size))
    assert flops / 1e9 == pytest.approx(billions, rel=0.05)
