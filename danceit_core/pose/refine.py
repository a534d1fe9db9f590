"""Refine a coarse outline in three steps.

1. Steady: average with the outlines of the previous and the next picture, each weighted by how similar the pictures are
   at that place. Where something moves, only the picture itself counts.
2. Coloured: near the edge, the probability rises where the colour is closer to the person nearby than to the
   surroundings, and falls in the opposite case.
3. Sharp: a guided filter. Around each place the outline is a linear function of the picture's colours, found on the
   coarse grid and applied to every pixel. He, Sun and Tang, "Guided Image Filtering", 2013; He and Sun, "Fast Guided
   Filter", 2015.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from danceit_core.media.letterbox import Picture

Values = NDArray[np.float32]

# A neighbouring picture has weight 1 / e where the mean colours within ALIKE_REACH cells differ by ALIKE (of 0..1).
ALIKE, ALIKE_REACH = 0.03, 1
# Radius of the comparison of colours in cells, its weight, and its maximum evidence (log odds).
COLOUR_REACH, COLOUR_WEIGHT, MOST_EVIDENCE = 12, 0.2, 6.0
# Colour differences below COLOUR_NOISE are noise; below the share LITTLE, person or background are too small to judge.
COLOUR_NOISE, LITTLE = 0.02, 0.02
# The guided filter: cells each way, and the variance of colours (of 0..1) that makes an edge.
REACH, EDGE = 3, 1e-4
# Slope with which the outline is made 0 and 1 away from its edge.
SLOPE = 2.0
SURE = 1e-4


@dataclass(frozen=True)
class Grid:
    """picture: red, green and blue, float32 (3, h, w) of 0..1; outline: probability of the person, float32 (h, w), -1
    where it is unknown.
    """

    picture: Values
    outline: Values


def steadied(now: Grid, neighbours: Sequence[Grid]) -> Values:
    """The outline (h, w), 0..1, averaged with those of neighbouring pictures where these are similar."""
    total = np.maximum(now.outline, np.float32(0))
    weights = np.ones_like(now.outline)
    for other in neighbours:
        apart = _mean(_squares(other.picture - now.picture), ALIKE_REACH)
        weight = cv2.exp(apart * np.float32(-1 / ALIKE**2)) * (other.outline >= 0)
        total += weight * other.outline
        weights += weight
    return np.asarray(total / weights, np.float32)


def coloured(outline: Values, picture: Values) -> Values:
    """The outline (h, w) of 0..1, corrected where the colours of a picture (3, h, w) contradict it."""
    sure = 2 * outline - 1
    squares = _squares(picture)
    # Those of the person and of what is around them, each counted where it is likely.
    person = _Colours.near(picture, squares, np.square(np.maximum(sure, 0)))
    ground = _Colours.near(picture, squares, np.square(np.minimum(sure, 0)))
    evidence = np.clip(ground.distance(picture) - person.distance(picture), -MOST_EVIDENCE, MOST_EVIDENCE)
    known = np.minimum(person.share, ground.share)
    evidence *= known / (known + np.float32(LITTLE))
    likely = np.clip(outline, SURE, 1 - SURE)
    return np.asarray(likely / (likely + (1 - likely) * cv2.exp(evidence * np.float32(-COLOUR_WEIGHT))), np.float32)


def sharpened(outline: Values, picture: Values, full: Picture) -> Values:
    """The outline (H, W) of 0..1, aligned to the edges of `full`, uint8 (H, W, 3); `picture` is its coarse version."""
    factors = guided_factors(outline, picture)
    factors *= np.float32(SLOPE)
    factors[:3] *= np.float32(1 / 255)
    factors[3] += np.float32(0.5 - 0.5 * SLOPE)
    *colours, sharp = (cv2.resize(values, full.shape[1::-1]) for values in factors)
    for factor, colour in zip(colours, cv2.split(full), strict=True):
        sharp += factor * np.float32(colour)
    return np.clip(sharp, 0, 1, out=sharp)


def guided_factors(outline: Values, picture: Values) -> Values:
    """The local linear factors (4, h, w), for red, green, blue and a constant, from the picture to the outline."""
    means, mean = _mean(picture, REACH), _mean(outline, REACH)
    shared = _mean(picture * outline, REACH) - means * mean
    pairs = ((0, 0), (0, 1), (0, 2), (1, 1), (1, 2), (2, 2))
    rr, rg, rb, gg, gb, bb = (_mean(picture[a] * picture[b], REACH) - means[a] * means[b] for a, b in pairs)
    rr, gg, bb = (variance + np.float32(EDGE) for variance in (rr, gg, bb))
    # The symmetric 3 x 3 matrix of covariances is inverted by its cofactors.
    red, green, blue = gg * bb - gb * gb, gb * rb - rg * bb, rg * gb - gg * rb
    inverse = 1 / (rr * red + rg * green + rb * blue)
    factors = np.empty((4, *outline.shape), np.float32)
    factors[0] = (red * shared[0] + green * shared[1] + blue * shared[2]) * inverse
    mixed = rb * rg - rr * gb
    factors[1] = (green * shared[0] + (rr * bb - rb * rb) * shared[1] + mixed * shared[2]) * inverse
    factors[2] = (blue * shared[0] + mixed * shared[1] + (rr * gg - rg * rg) * shared[2]) * inverse
    factors[3] = mean - (factors[:3] * means).sum(axis=0)
    return _mean(factors, REACH)


@dataclass(frozen=True)
class _Colours:
    """Mean colour (3, h, w), its variance (h, w), and the share (h, w) of counted places around."""

    mean: Values
    variance: Values
    share: Values

    @classmethod
    def near(cls, picture: Values, squares: Values, weight: Values) -> "_Colours":
        share = _mean(weight, COLOUR_REACH)
        inverse = np.reciprocal(share + np.float32(SURE))
        mean = _mean(picture * weight, COLOUR_REACH) * inverse
        variance = _mean(squares * weight, COLOUR_REACH) * inverse - _squares(mean)
        return cls(mean, np.maximum(variance, np.float32(0)), share)

    def distance(self, picture: Values) -> Values:
        """Distance of the colours of a picture (3, h, w) from these, in variances, (h, w)."""
        return _squares(picture - self.mean) / (self.variance + np.float32(COLOUR_NOISE**2))


def _squares(colours: Values) -> Values:
    """Sum of squares (h, w) of (3, h, w)."""
    return colours[0] * colours[0] + colours[1] * colours[1] + colours[2] * colours[2]


def _mean(values: Values, reach: int) -> Values:
    """Mean of all within `reach` rows and columns of each place of (h, w) or (n, h, w)."""
    side = 2 * reach + 1, 2 * reach + 1
    if values.ndim == 2:
        return cv2.boxFilter(values, -1, side, borderType=cv2.BORDER_REFLECT)
    means = np.empty_like(values)
    for layer, mean in zip(values, means, strict=True):
        cv2.boxFilter(layer, -1, side, dst=mean, borderType=cv2.BORDER_REFLECT)
    return means
