"""The perceptual loss on weights of torchvision's layout, and the discriminators' spectral norm."""

import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from danceit_core.config import PoseGanSettings
from danceit_core.errors import AssetError, ImaginationError
from danceit_core.imagination.networks.discriminator import MultiScaleDiscriminator
from danceit_core.imagination.networks.generator import PoseGenerator
from danceit_core.imagination.networks.perceptual import (
    LearnedLoss,
    PerceptualLoss,
    load_perceptual_loss,
    perceptual_loss,
)
from danceit_core.imagination.training.adversarial import Duel, half_precision

CPU = torch.device("cpu")
# Where torchvision's VGG19 has its convolutions: number of the layer, inputs, outputs.
LAYOUT = (
    (0, 3, 64), (2, 64, 64), (5, 64, 128), (7, 128, 128), (10, 128, 256), (12, 256, 256), (14, 256, 256),
    (16, 256, 256), (19, 256, 512), (21, 512, 512), (23, 512, 512), (25, 512, 512), (28, 512, 512),
)  # fmt: skip


def vgg19():
    """Random weights as torchvision names them, the unused ones cut short."""
    rng = torch.Generator().manual_seed(0)
    weights = {"classifier.0.weight": torch.zeros(1), "features.30.weight": torch.zeros(1)}
    for number, inputs, outputs in LAYOUT:
        weights[f"features.{number}.weight"] = (
            torch.randn(outputs, inputs, 3, 3, generator=rng) * (2 / inputs / 9) ** 0.5
        )
        weights[f"features.{number}.bias"] = torch.zeros(outputs)
    return weights


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("vgg")
    torch.save(vgg19(), folder / "vgg19.pth")
    save_file(vgg19(), folder / "vgg19.safetensors")
    return folder


@pytest.fixture(scope="module")
def loss(files):
    return load_perceptual_loss(files / "vgg19.pth", device=CPU)


def pictures(number=2, size=32, seed=1):
    return torch.rand(number, 3, size, size, generator=torch.Generator().manual_seed(seed)) * 2 - 1


def test_equal_pictures_cost_nothing_and_others_more_the_more_they_differ(loss):
    real, noise = pictures(), pictures(seed=2)
    assert loss(real, real.clone()) == 0
    assert 0 < loss(real, real + 0.05 * noise) < loss(real, real + 0.3 * noise)


def test_gradients_reach_the_painted_picture_alone(loss):
    real, painted = pictures().requires_grad_(), pictures(seed=2).requires_grad_()
    loss(real, painted).backward()
    assert real.grad is None
    assert (painted.grad.abs().sum((1, 2, 3)) > 0).all()
    assert all(value.grad is None for value in loss.parameters())


def test_the_loss_of_a_batch_is_the_mean_of_its_parts(loss):
    real, painted = pictures(), pictures(seed=2)
    parts = [float(loss(real[[n]], painted[[n]])) for n in range(2)]
    assert float(loss(real, painted)) == pytest.approx(sum(parts) / 2, rel=1e-4)


def test_the_five_layers_are_those_of_pix2pixhd(loss):
    weights, x = vgg19(), pictures(1)
    seen = loss.see(x)
    mean, deviation = ([[[v]] for v in row] for row in ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)))
    x = ((x + 1) / 2 - torch.tensor(mean)) / torch.tensor(deviation)
    expected = []
    for number, _inputs, _outputs in LAYOUT:
        if number in (5, 10, 19, 28):
            x = nn.functional.max_pool2d(x, 2)
        x = nn.functional.conv2d(x, weights[f"features.{number}.weight"], padding=1).relu()
        if number in (0, 5, 10, 19, 28):
            expected.append(x)
    for a, b in zip(seen, expected, strict=True):
        torch.testing.assert_close(a, b, rtol=1e-4, atol=1e-5)
    total = sum(w * e.abs().mean() for w, e in zip((1 / 32, 1 / 16, 1 / 8, 1 / 4, 1), expected, strict=True))
    # Against a picture that the network sees as nothing: biases are 0, so the mean colour gives 0 everywhere.
    grey = (torch.tensor(mean) * 2 - 1).expand(1, 3, 32, 32)
    torch.testing.assert_close(loss(grey, pictures(1)), total, rtol=1e-4, atol=1e-5)


def test_both_kinds_of_file_give_the_same(files, loss):
    other = load_perceptual_loss(files / "vgg19.safetensors", device=CPU)
    assert all(torch.equal(value, other.state_dict()[name]) for name, value in loss.state_dict().items())


def test_half_precision_is_good_enough(loss):
    real, painted = pictures(), pictures(seed=2)
    with half_precision(CPU):
        half = loss(real, painted)
    assert half.dtype == torch.float32
    assert float(half) == pytest.approx(float(loss(real, painted)), rel=0.05)


def test_files_that_are_no_vgg19_are_named(tmp_path):
    remedy = r".*; give torchvision's VGG19 .* perceptual_weights: ''$"
    with pytest.raises(ImaginationError, match=r"vgg\.pth: no such file of weights" + remedy):
        load_perceptual_loss(tmp_path / "vgg.pth", device=CPU)
    for name in ("vgg.pth", "vgg.safetensors"):
        (tmp_path / name).write_bytes(b"half a file")
        with pytest.raises(ImaginationError, match=rf"{name} does not hold the weights of VGG19 \(" + remedy):
            load_perceptual_loss(tmp_path / name, device=CPU)
    wide = {**vgg19(), "features.28.weight": torch.zeros(512, 512, 1, 1)}
    lacking = {name: value for name, value in vgg19().items() if name != "features.28.weight"}
    for weights in (wide, lacking, {"conv1.weight": torch.zeros(1)}, [1, 2]):
        torch.save(weights, tmp_path / "other.pth")
        with pytest.raises(
            ImaginationError, match=r"other\.pth does not hold the weights of VGG19 \(" + remedy
        ) as caught:
            load_perceptual_loss(tmp_path / "other.pth", device=CPU)
        assert "\n" not in str(caught.value)


def begin(norm, seed=1):
    settings = PoseGanSettings(
        painter="paint", image_size=32, crop=False, channels=8, kernel=3, downsamplings=1, blocks=1, enhancer_blocks=1,
        background_plate=False, body_chart=False,
    )  # fmt: skip
    return Duel.begin(
        PoseGenerator(settings),
        MultiScaleDiscriminator(6, channels=8, scales=1, norm=norm),
        learning_rate=1e-3,
        average_decay=0.9,
        seed=seed,
        device=CPU,
    )


def step(duel):
    pose, real = pictures(), pictures(seed=2)
    with half_precision(CPU):
        painted = duel.generator(pose).picture
    own_loss = (painted - real).abs().mean()
    return duel.step(pose, real=real, painted=painted, own_loss=own_loss, feature_weight=1.0, progress=0.0)


def test_under_the_spectral_norm_no_convolution_stretches():
    duel = begin("spectral")
    convolutions = [part for part in duel.discriminator.modules() if isinstance(part, nn.Conv2d)]
    assert not any(isinstance(part, nn.GroupNorm) for part in duel.discriminator.modules())
    for _ in range(8):
        step(duel)
    for part in convolutions:
        assert float(torch.linalg.matrix_norm(part.weight.detach().flatten(1), 2)) == pytest.approx(1, rel=0.1)
    # Without it they do, and with it a seed still means one network.
    free = next(part for part in begin("instance").discriminator.modules() if isinstance(part, nn.Conv2d))
    assert float(torch.linalg.matrix_norm(free.weight.detach().flatten(1), 2)) != pytest.approx(1, rel=0.1)
    again, other = begin("spectral").discriminator.state_dict(), begin("spectral", seed=2).discriminator.state_dict()
    start = begin("spectral").discriminator.state_dict()
    assert all(torch.equal(value, again[name]) for name, value in start.items())
    assert any(not torch.equal(value, other[name]) for name, value in start.items())
    fresh, state = MultiScaleDiscriminator(6, channels=8, scales=1, norm="spectral"), torch.get_rng_state()
    fresh.constrain(seed=3)
    assert torch.equal(torch.get_rng_state(), state)


def test_the_spectral_norm_is_part_of_what_a_training_resumes():
    whole, halves = begin("spectral"), begin("spectral")
    for _ in range(4):
        step(whole)
    for _ in range(2):
        step(halves)
    resumed = begin("spectral", seed=7)
    resumed.restore(halves.state())
    for _ in range(2):
        step(resumed)
    for name in ("generator", "discriminator"):
        a, b = whole.state()[name], resumed.state()[name]
        assert all(torch.equal(value, b[key]) for key, value in a.items())


def test_an_unknown_norm_is_refused():
    with pytest.raises(ImaginationError, match=r"discriminator_norm is 'batch'; it must be 'instance' or 'spectral'"):
        MultiScaleDiscriminator(6, channels=8, scales=1, norm="batch")


@pytest.fixture(scope="module")
def learned(efficientnet_weights):
    return LearnedLoss(efficientnet_weights)


def test_the_learned_loss_grows_with_the_difference_and_pulls_the_painted_picture_alone(learned):
    real, painted = pictures(size=64).requires_grad_(), pictures(size=64, seed=2).requires_grad_()
    assert float(learned(real, real.detach().clone())) == pytest.approx(0, abs=1e-6)
    noise = pictures(size=64, seed=3)
    assert 0 < learned(real, real.detach() + 0.05 * noise) < learned(real, real.detach() + 0.3 * noise) < 2
    learned(real, painted).backward()
    assert real.grad is None
    assert (painted.grad.abs().sum((1, 2, 3)) > 0).all()
    assert all(value.grad is None for value in learned.parameters())
    parts = [float(learned(real[[n]], painted[[n]]).detach()) for n in range(2)]
    assert float(learned(real, painted).detach()) == pytest.approx(sum(parts) / 2, rel=1e-4)


def test_following_its_gradient_brings_a_blurred_photograph_nearer(learned):
    real = torch.nn.functional.interpolate(pictures(1, size=16), size=64, mode="bilinear")
    blurred = torch.nn.functional.avg_pool2d(real, 9, stride=1, padding=4)
    painted = blurred.clone().requires_grad_()
    optimiser = torch.optim.Adam([painted], lr=0.02)
    for _ in range(30):
        optimiser.zero_grad()
        learned(real, painted).backward()
        optimiser.step()
    assert float(learned(real, painted).detach()) < 0.5 * float(learned(real, blurred))


def test_the_learned_loss_in_half_precision_is_good_enough(learned):
    real, painted = pictures(size=64), pictures(size=64, seed=2)
    with half_precision(CPU):
        half = learned(real, painted)
    assert half.dtype == torch.float32
    assert float(half) == pytest.approx(float(learned(real, painted)), rel=0.05)


def test_settings_say_which_loss_there_is(files, tmp_path, efficientnet_weights):
    def kind(**given):
        return type(perceptual_loss(PoseGanSettings(**given), learned_weights=efficientnet_weights, device=CPU))

    assert kind() is type(None)
    assert kind(perceptual="efficientnet") is LearnedLoss
    assert kind(perceptual="efficientnet", perceptual_weights=str(files / "vgg19.pth")) is PerceptualLoss
    with pytest.raises(AssetError, match="`make assets` fetches them"):
        perceptual_loss(PoseGanSettings(perceptual="efficientnet"), learned_weights=tmp_path, device=CPU)
