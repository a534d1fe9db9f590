"""Distance of a set of dances from another, and how much its pieces differ: 2D FID-k, FID-g, Dist-k and Dist-g.

FID (Heusel et al., NIPS 2017): squared Frechet distance between the Gaussians of two sets of features, of means m1, m2
and covariances C1, C2: (m1 - m2)^2 + tr(C1 + C2 - 2 (C1 C2)^(1/2)). Features are kinetic (k) and geometric (g),
computed in the picture: see `features`. They are first scaled by mean and standard deviation of the reference, as in
the evaluation of Bailando (Siyao et al., CVPR 2022), which others adopted. Dist, its "diversity", is the mean distance
between the scaled features of all pairs of pieces. Those papers measure bodies in space on AIST++: figures of 2D
variants are not comparable with theirs, nor with one another unless camera, frame rate and piece length are the same.

Both sets are cut into pieces of PIECE_S seconds, because a feature is a mean over its piece. The FID of few pieces is
too large: with two samples of N pieces from one distribution, with D features, the means alone add 2 D / N to it.
Every row therefore uses the same number of pieces if there are enough (`most`), the number is reported, and the row to
compare with is the distance of real dances from other real dances.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from danceit_core.choreography.curve import Array
from danceit_core.choreography.normalise import whole_body
from danceit_core.evaluation.features import GEOMETRIC, KINETIC, cut_pieces, geometric_features, kinetic_features
from danceit_core.pose.skeleton import Keypoints

PIECE_S = 5.0
# Least standard deviation used for scaling: a feature that hardly varies in the reference is not scaled up further.
LEAST_SPREAD = 1e-3


@dataclass(frozen=True)
class Features:
    """Features of N pieces: kinetic (N, 45), geometric (N, 27)."""

    kinetic: Array
    geometric: Array

    def __len__(self) -> int:
        return len(self.kinetic)


def measure_features(
    dances: Sequence[Keypoints], *, fps: float, most: int | None = None, rng: np.random.Generator | None = None
) -> Features:
    """The features of all pieces of the dances (T, 25, 3), or of `most` of them drawn by `rng`."""
    torsos = [whole_body(dance).torso_px for dance in dances]
    frames = round(PIECE_S * fps)
    pieces = [(piece, torso) for dance, torso in zip(dances, torsos, strict=True)
              for piece in cut_pieces([dance], frames=frames)]  # fmt: skip
    if most is not None and rng is not None and len(pieces) > most:
        pieces = [pieces[number] for number in np.sort(rng.choice(len(pieces), size=most, replace=False))]
    kinetic = [kinetic_features(piece, fps=fps, torso_px=torso) for piece, torso in pieces]
    geometric = [geometric_features(piece, fps=fps, torso_px=torso) for piece, torso in pieces]
    return Features(np.array(kinetic).reshape(-1, KINETIC), np.array(geometric).reshape(-1, GEOMETRIC))


def distance_scores(found: Features, reference: Features) -> dict[str, float]:
    """Keys: `fid_k`, `fid_g` (>= 0), `dist_k`, `dist_g`, `pieces`; NaN if either side has fewer than two pieces."""
    out: dict[str, float] = {"pieces": float(len(found))}
    for letter, own, others in (("k", found.kinetic, reference.kinetic), ("g", found.geometric, reference.geometric)):
        enough = min(len(own), len(others)) >= 2
        ours, theirs = _scaled(own, others) if enough else (own, others)
        out[f"fid_{letter}"] = frechet_distance(ours, theirs) if enough else float("nan")
        out[f"dist_{letter}"] = mean_distance(ours) if enough else float("nan")
    return out


def frechet_distance(a: ArrayLike, b: ArrayLike) -> float:
    """Squared Frechet distance between the Gaussians of samples a (N, D) and b (M, D), N and M at least 2."""
    one, two = np.asarray(a, np.float64), np.asarray(b, np.float64)
    cov_one, cov_two = (np.atleast_2d(np.cov(sample, rowvar=False)) for sample in (one, two))
    # tr (C1 C2)^(1/2) equals that of the symmetric (C1^(1/2) C2 C1^(1/2))^(1/2), whose eigenvalues are real.
    values, vectors = np.linalg.eigh(cov_one)
    root = (vectors * np.sqrt(np.maximum(values, 0))) @ vectors.T
    shared = np.sqrt(np.maximum(np.linalg.eigvalsh(root @ cov_two @ root), 0)).sum()
    away = ((one.mean(0) - two.mean(0)) ** 2).sum()
    return float(max(0.0, away + np.trace(cov_one) + np.trace(cov_two) - 2 * shared))


def mean_distance(features: Array) -> float:
    """Mean distance between all pairs of features (N, D), N at least 2."""
    squares = (features**2).sum(1)
    gaps = np.sqrt(np.maximum(squares[:, None] + squares - 2 * features @ features.T, 0))
    return float(gaps.sum() / (len(features) * (len(features) - 1)))


def _scaled(found: Array, reference: Array) -> tuple[Array, Array]:
    """Both scaled by mean and standard deviation of the reference; a feature unknown in a piece becomes 0, the mean."""
    mean, spread = np.nanmean(reference, axis=0), np.maximum(np.nanstd(reference, axis=0), LEAST_SPREAD)
    ours, theirs = (np.nan_to_num((sample - mean) / spread) for sample in (found, reference))
    return ours, theirs
