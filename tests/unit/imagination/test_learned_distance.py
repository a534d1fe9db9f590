"""EfficientNet-Lite0 with its weights, and the distance of pictures of a person by what it sees in them."""

import hashlib
from pathlib import Path

import cv2
import matplotlib
import numpy as np
import pytest
import torch
from torch.nn import functional

from danceit_core import assets
from danceit_core.errors import AssetError, ImaginationError
from danceit_core.imagination.networks.efficientnet import STAGE_CHANNELS, SameConv, load_efficientnet
from danceit_core.imagination.networks.learned_distance import (
    SIDE,
    LearnedDistance,
    cut_person,
    feature_distance,
    person_box,
)

# The photograph that comes with matplotlib, and its class of ImageNet.
PHOTO, MILITARY_UNIFORM = Path(matplotlib.get_data_path()) / "sample_data" / "grace_hopper.jpg", 652


@pytest.fixture(scope="module")
def distance(efficientnet_weights):
    return LearnedDistance(efficientnet_weights)


def photo(side=224):
    picture = cv2.cvtColor(cv2.imread(str(PHOTO)), cv2.COLOR_BGR2RGB)
    height, width = picture.shape[:2]
    top = (height - width) // 2
    return cv2.resize(picture[top : top + width], (side, side), interpolation=cv2.INTER_AREA)


def tensor(picture):
    return torch.from_numpy(picture).permute(2, 0, 1)[None].float() / 127.5 - 1


def test_the_network_knows_what_is_in_a_photograph(efficientnet_weights):
    """Head and classes of the file upon our stages: only the right network gives the right class."""
    path = efficientnet_weights / assets.EFFICIENTNET_FILE
    network, content = load_efficientnet(path), torch.load(path, weights_only=True)
    seen = network(tensor(photo()))
    assert [tuple(stage.shape) for stage in seen] == [
        (1, channels, 112 >> number, 112 >> number) for number, channels in enumerate(STAGE_CHANNELS)
    ]
    last = network.blocks[-1].narrow(seen[-1], seen[-1])
    x = functional.conv2d(last, content["_conv_head.weight"])
    norm = [content[f"_bn1.{name}"] for name in ("running_mean", "running_var", "weight", "bias")]
    x = functional.relu6(functional.batch_norm(x, *norm, eps=1e-3)).mean((2, 3))
    chances = functional.linear(x, content["_fc.weight"], content["_fc.bias"]).softmax(-1)[0]
    assert int(chances.argmax()) == MILITARY_UNIFORM
    assert float(chances.max()) > 0.3


def test_fewer_stages_are_the_first_of_all(efficientnet_weights):
    path = efficientnet_weights / assets.EFFICIENTNET_FILE
    all_of_them = load_efficientnet(path)(tensor(photo(64)))
    for stages in (1, 3, 4):
        first = load_efficientnet(path, stages=stages)(tensor(photo(64)))
        assert len(first) == stages
        for ours, theirs in zip(first, all_of_them, strict=False):
            torch.testing.assert_close(ours, theirs)


def test_halving_pads_below_and_to_the_right():
    convolution = SameConv(1, 1, 3, stride=2, padding=0, bias=False)
    convolution.weight.data = torch.arange(9.0).view(1, 1, 3, 3)
    x = torch.zeros(1, 1, 4, 5)
    x[0, 0, 0, 0] = 1
    # Four rows lack one, below; five columns lack two, one on either side.
    assert convolution(x)[0, 0].tolist() == [[1, 0, 0], [0, 0, 0]]


@pytest.mark.parametrize(
    ("damage", "grades"),
    [
        (lambda picture, sigma: cv2.GaussianBlur(picture, (0, 0), sigma), (0.5, 1, 2, 4)),
        (lambda picture, px: np.roll(picture, px, 1), (1, 2, 6, 16)),
        (lambda picture, levels: (picture.astype(int) + levels).clip(0, 255).astype(np.uint8), (5, 15, 40)),
    ],
    ids=["blurred", "moved", "brighter"],
)
def test_the_more_damage_the_farther(studio_frames, distance, damage, grades):
    real, poses = studio_frames
    found = [distance([damage(picture, grade) for picture in real], real, poses) for grade in grades]
    assert found[0] > 0
    assert (np.diff(found) > 0).all()
    assert found[-1] < 0.5


def test_equal_pictures_are_at_0_and_who_is_not_there_is_left_out(studio_frames, distance):
    real, poses = studio_frames
    assert distance(real, real, poses) == pytest.approx(0, abs=1e-6)
    empty = poses.copy()
    empty[1] = 0
    each = distance.each(np.roll(real, 1, axis=0), real, empty)
    assert np.isnan(each[1])
    assert distance(np.roll(real, 1, axis=0), real, empty) == pytest.approx(np.mean(each[[0, 2]]))
    assert np.isnan(distance(real, real, np.zeros_like(poses)))
    with pytest.raises(ImaginationError, match=r"shape \(9, 9, 3\) and \(256, 256, 3\) cannot be compared"):
        distance(np.zeros((1, 9, 9, 3), np.uint8), real[:1], poses[:1])


def test_the_room_does_not_count(studio_frames, distance):
    real, poses = studio_frames
    other = real.copy()
    left = int(poses[0, poses[0, :, 2] > 0, 0].min()) - 60
    assert left > 4
    other[0, :, : left - 2] = 255 - other[0, :, : left - 2]
    on_the_person = real.copy()
    x, y = poses[0, 8, :2].astype(int)
    on_the_person[0, y - 20 : y + 20, x - 20 : x + 20] = 0
    assert distance(other[:1], real[:1], poses[:1]) < 0.2 * distance(on_the_person[:1], real[:1], poses[:1])


def test_the_square_goes_on_where_the_picture_ends(studio_frames):
    (picture, *_), (pose, *_) = studio_frames
    cut, box = cut_person(picture, pose), person_box(pose)
    assert cut.shape == (SIDE, SIDE, 3)
    assert 0.1 < box.mean() < 0.9
    moved = pose.copy()
    moved[:, 0] += 150  # half of the person is beyond the right edge
    outside = cut_person(picture, moved)
    assert (outside[:, -1] == outside[:, -20]).all()


def test_the_weighted_distance_is_that_of_where_the_weight_is():
    rng = torch.Generator().manual_seed(0)
    a, b = (torch.rand(2, 5, 4, 4, generator=rng) for _ in range(2))
    left = torch.zeros(2, 1, 8, 8)
    left[..., :4] = 1
    expected = feature_distance([a[..., :2]], [b[..., :2]])
    torch.testing.assert_close(feature_distance([a], [b], weight=left), expected)
    cosine = functional.cosine_similarity(a, b, dim=1)
    torch.testing.assert_close(feature_distance([a], [b]), (1 - cosine).mean(), rtol=1e-4, atol=1e-5)


def test_weights_are_checked(tmp_path, efficientnet_weights):
    with pytest.raises(AssetError, match=r"efficientnet_lite0\.pth: the weights .* are missing; `make assets`"):
        LearnedDistance(tmp_path)
    content = bytearray((efficientnet_weights / assets.EFFICIENTNET_FILE).read_bytes())
    content[len(content) // 2] ^= 1
    (tmp_path / assets.EFFICIENTNET_FILE).write_bytes(content)
    damaged = hashlib.sha256(content).hexdigest()[:12]
    with pytest.raises(AssetError, match=rf"is damaged \(SHA-256 {damaged}.*`make assets`"):
        LearnedDistance(tmp_path)
    assert assets.fetch_efficientnet(efficientnet_weights) == efficientnet_weights / assets.EFFICIENTNET_FILE
