"""Scores of pictures against values known by hand."""

import numpy as np
import pytest

from danceit_core.errors import ImaginationError
from danceit_core.evaluation.images import background_flicker, psnr, ssim

RNG = np.random.default_rng(0)
NOISE = RNG.integers(0, 256, (40, 30, 3)).astype(np.uint8)


def test_psnr_has_its_known_values():
    black, grey = np.zeros((8, 8, 3), np.uint8), np.full((8, 8, 3), 255, np.uint8)
    assert psnr(black, grey) == pytest.approx(0.0)
    assert psnr(black, black + np.uint8(1)) == pytest.approx(48.1308, abs=1e-4)
    assert psnr(black, black) == float("inf")


def test_ssim_has_its_known_values():
    assert ssim(NOISE, NOISE) == pytest.approx(1.0)
    # Constant pictures leave the luminance term: (2ab + C1) / (a^2 + b^2 + C1).
    a, b = np.full((20, 20, 3), 100, np.uint8), np.full((20, 20, 3), 120, np.uint8)
    c1 = (0.01 * 255) ** 2
    assert ssim(a, b) == pytest.approx((2 * 100 * 120 + c1) / (100**2 + 120**2 + c1), abs=1e-9)
    assert abs(ssim(NOISE, 255 - NOISE)) < 1
    assert ssim(NOISE, 255 - NOISE) < -0.5
    assert abs(ssim(NOISE, RNG.permutation(NOISE.ravel()).reshape(NOISE.shape))) < 0.1


def test_ssim_of_one_window_is_the_formula():
    a, b = NOISE[:11, :11].astype(float), NOISE[11:22, 11:22].astype(float)
    at = np.arange(11) - 5
    weight = np.exp(-(at**2) / (2 * 1.5**2))
    weight = np.outer(weight, weight)[..., None] / np.outer(weight, weight).sum()

    def mean(x):
        return (weight * x).sum((0, 1))

    c1, c2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    ma, mb = mean(a), mean(b)
    cov, va, vb = mean(a * b) - ma * mb, mean(a * a) - ma**2, mean(b * b) - mb**2
    expected = ((2 * ma * mb + c1) * (2 * cov + c2) / ((ma**2 + mb**2 + c1) * (va + vb + c2))).mean()
    assert ssim(NOISE[:11, :11], NOISE[11:22, 11:22]) == pytest.approx(expected, abs=1e-9)


def test_pictures_that_cannot_be_compared_are_refused():
    with pytest.raises(ImaginationError, match=r"\(40, 30, 3\) and \(40, 29, 3\) cannot be compared"):
        psnr(NOISE, NOISE[:, :29])
    with pytest.raises(ImaginationError, match=r"5 x 40 pixels; SSIM needs at least 11"):
        ssim(NOISE[:, :5], NOISE[:, :5])


def test_flicker_is_the_change_where_nothing_moves():
    pictures = np.full((4, 10, 10, 3), 100, np.uint8)
    pictures[1::2] += 2
    pictures[:, :5] = RNG.integers(0, 256, (4, 5, 10, 3))
    moving = np.zeros((4, 10, 10), bool)
    moving[:, :5] = True
    assert background_flicker(iter(pictures), iter(moving)) == pytest.approx(2.0)
    assert np.isnan(background_flicker(pictures, ~(moving & False)))
    assert np.isnan(background_flicker(pictures[:1], moving[:1]))
