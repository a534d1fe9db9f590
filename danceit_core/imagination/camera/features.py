"""What two pictures of a room have in common: corners tracked from one to the other, and the homography they share.

Pictures are compared at a size of at most WORK_SIDE, in grey and with equalised local contrast, so that neither light
nor exposure matters and a faint wall counts as much as a caption. A picture is warped by what is already known about
the camera before corners are tracked (Lucas and Kanade), so that turns and zooms cost no accuracy. What does not move
with the room (a sleeve, a shadow, a curtain, writing on the screen) is outvoted: by OpenCV's MAGSAC (Barath and others,
2020). Homographies map the centres of pixels, which are whole numbers, as in OpenCV's `warpPerspective`.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from danceit_core.imagination.camera.geometry import Floats, inverse, is_plausible, transform

Grey = NDArray[np.uint8]
Mask = NDArray[np.bool_]

WORK_SIDE = 640
# The width of the neighbourhood whose contrast is equalised, and the grey levels of noise that are not amplified.
ALIKE_PX, NOISE_LEVELS = 31, 6.0
# Cells of the picture and corners per cell; spreading them keeps any part of the room from outvoting the others.
CELL_PX, CELL_CORNERS = 32, 3
# Least eigenvalue of the gradients round a corner; pure noise of NOISE_LEVELS reaches a tenth of it.
CORNER = 1.5e-4
WINDOW_PX, MARGIN_PX = 17, 10
# Least number of corners for a homography to be trusted, and in how many of the picture's 4 x 4 parts they must lie;
# with corners in fewer parts than FULL_PARTS, only shift, turn and zoom are estimated.
LEAST_CORNERS, LEAST_PARTS, FULL_PARTS, FULL_CORNERS = 12, 3, 7, 40
OFF_PX = 1.5  # an outlier, in pixels of the work picture
FAR_PX = 2.0  # the picture is warped again if the warp was wrong by more than this


@dataclass(frozen=True)
class View:
    """One picture for comparison: grey uint8 (h, w) of equalised contrast, and where it is not the room, (h, w)."""

    picture: Grey
    hidden: Mask

    @property
    def size(self) -> tuple[int, int]:
        """(width, height)."""
        return self.picture.shape[1], self.picture.shape[0]

    @cached_property
    def corners(self) -> NDArray[np.float32]:
        """Corners of the room, (n, 2), spread over the picture."""
        return find_corners(self.picture, self.hidden)

    @cached_property
    def described(self) -> tuple[NDArray[np.float32], Any]:
        """Places (n, 2) and SIFT descriptors (n, 128), which find the view again without an initial guess."""
        found, descriptors = cv2.SIFT.create(600, contrastThreshold=0.02).detectAndCompute(
            self.picture, np.uint8(~self.hidden) * 255
        )
        return np.array([point.pt for point in found], np.float32).reshape(-1, 2), descriptors


@dataclass(frozen=True)
class Match:
    """The place of one view in another: `homography` from the first's pixels to the second's.

    here, there (n, 2): the corners that agree, in the first and in the second; share: their share of all tracked ones;
    residual_px: the median remaining distance, in pixels of the second.
    """

    homography: Floats
    here: Floats
    there: Floats
    share: float
    residual_px: float


def work_scale(size: tuple[int, int]) -> float:
    """The factor from pixels of a (width, height) picture to those of its work picture."""
    return min(1.0, WORK_SIDE / max(size))


def work_size(size: tuple[int, int]) -> tuple[int, int]:
    """(width, height) of the work picture of a (width, height) picture."""
    return max(1, round(size[0] * work_scale(size))), max(1, round(size[1] * work_scale(size)))


def even_contrast(grey: Grey) -> Grey:
    """A work picture (h, w) with equalised local contrast; uint8 (h, w)."""
    size = grey.shape[1], grey.shape[0]
    # Mean and spread of the neighbourhood are smooth, so an eighth of the resolution is enough for them.
    small = max(1, size[0] // 8), max(1, size[1] // 8)
    levels = grey.astype(np.float32)
    moments = np.stack([cv2.resize(moment, small, interpolation=cv2.INTER_AREA) for moment in (levels, levels**2)], -1)
    mean, square = cv2.split(cv2.GaussianBlur(moments, (0, 0), ALIKE_PX / 16))
    gain = 50 / (np.sqrt(np.maximum(square - mean**2, 0)) + NOISE_LEVELS)
    gain, offset = cv2.resize(gain, size), cv2.resize(128 - mean * gain, size)
    return cv2.convertScaleAbs(levels * gain + offset)


def find_corners(picture: Grey, hidden: Mask) -> NDArray[np.float32]:
    """The strongest corners (n, 2) of each cell of a picture (h, w), where it is not `hidden` (h, w)."""
    calm = cv2.GaussianBlur(picture, (0, 0), 1.0)
    strength = cv2.cornerMinEigenVal(calm, 7)
    peak = strength >= cv2.dilate(strength, np.ones((9, 9), np.uint8))
    peak[hidden | (strength < CORNER)] = False
    for edge in (np.s_[:MARGIN_PX], np.s_[-MARGIN_PX:], np.s_[:, :MARGIN_PX], np.s_[:, -MARGIN_PX:]):
        peak[edge] = False
    y, x = np.nonzero(peak)
    cell = y // CELL_PX * (picture.shape[1] // CELL_PX + 1) + x // CELL_PX
    order = np.lexsort((-strength[y, x], cell))
    first = np.searchsorted(cell[order], cell[order])
    chosen = order[np.arange(len(order)) - first < CELL_CORNERS]
    return np.stack([x[chosen], y[chosen]], -1).astype(np.float32).reshape(-1, 2)


def find_view(here: View, there: View, guess: Floats) -> Match | None:
    """The place of `here` in `there`, starting from `guess` (a homography); None if too few corners agree."""
    match: Match | None = None
    for _ in range(3):
        if not is_plausible(guess, here.size):
            return None
        match, error_px = _correct(here, there, guess)
        if match is None or error_px < FAR_PX:
            return match
        guess = match.homography
    return match


def find_again(here: View, there: View) -> Match | None:
    """The place of `here` in `there` without a guess: by SIFT descriptors first. None if too few corners agree."""
    (at, what), (other_at, other_what) = here.described, there.described
    if min(len(at), len(other_at)) < LEAST_CORNERS:
        return None
    pairs = [
        best
        for best, *second in cv2.BFMatcher().knnMatch(what, other_what, k=2)
        if second and best.distance < 0.75 * second[0].distance
    ]
    if len(pairs) < LEAST_CORNERS:
        return None
    found = at[[pair.queryIdx for pair in pairs]], other_at[[pair.trainIdx for pair in pairs]]
    guess, _ = cv2.findHomography(*found, cv2.USAC_MAGSAC, 2 * OFF_PX, maxIters=2000, confidence=0.999)
    return None if guess is None else find_view(here, there, guess)


def _correct(here: View, there: View, guess: Floats) -> tuple[Match | None, float]:
    """The match near a guess, and the guess's error in pixels at the corners that agree."""
    known = inverse(guess)
    points = there.corners
    points = points[is_room(transform(known, points), here)]
    if len(points) < LEAST_CORNERS:
        return None, 0.0
    bent = cv2.warpPerspective(here.picture, guess, there.size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    stop = (cv2.TERM_CRITERIA_COUNT | cv2.TERM_CRITERIA_EPS, 15, 0.02)
    window = (WINDOW_PX, WINDOW_PX)
    moved, found, _ = cv2.calcOpticalFlowPyrLK(
        there.picture, bent, points, None, winSize=window, maxLevel=3, criteria=stop
    )
    good = (found[:, 0] > 0) & is_room(transform(known, moved), here)
    moved, points = moved[good].astype(np.float64), points[good].astype(np.float64)
    fitted = fit_camera(moved, points, size=there.size)
    if fitted is None:
        return None, 0.0
    correction, inlier = fitted
    off = np.linalg.norm(transform(correction, moved[inlier]) - points[inlier], axis=1)
    homography = correction @ guess
    if not is_plausible(homography, here.size):
        return None, 0.0
    match = Match(
        homography / homography[2, 2],
        transform(known, moved[inlier]),
        points[inlier],
        float(inlier.mean()),
        float(np.median(off)),
    )
    return match, float(np.median(np.linalg.norm(moved[inlier] - points[inlier], axis=1)))


def fit_camera(moved: Floats, points: Floats, *, size: tuple[int, int]) -> tuple[Floats, Mask] | None:
    """The homography from `moved` to `points` (n, 2) on which most agree, and which do (n,); None if too few do.

    If they lie only in a small part of the picture, only shift, turn and zoom are estimated.
    """
    if len(points) < LEAST_CORNERS:
        return None
    homography, _ = cv2.findHomography(moved, points, cv2.USAC_MAGSAC, OFF_PX, maxIters=1000, confidence=0.999)
    if homography is None:
        return None
    inlier: Mask = np.asarray(np.linalg.norm(transform(homography, moved) - points, axis=1) < OFF_PX)
    parts = parts_of(points[inlier], size)
    if inlier.sum() < LEAST_CORNERS or parts < LEAST_PARTS:
        return None
    if parts >= FULL_PARTS and inlier.sum() >= FULL_CORNERS:
        homography, _ = cv2.findHomography(moved[inlier], points[inlier], 0)
    else:
        similar, agree = cv2.estimateAffinePartial2D(moved, points, ransacReprojThreshold=OFF_PX, confidence=0.999)
        if similar is None or agree.sum() < LEAST_CORNERS:
            return None
        homography, inlier = np.vstack([similar, (0, 0, 1)]), agree[:, 0] > 0
    return None if homography is None else (homography, inlier)


def is_room(at: Floats, view: View) -> Mask:
    """Which of the points (n, 2) lie well inside a view and on the room."""
    width, height = view.size
    with np.errstate(invalid="ignore"):
        inside = np.asarray(((at >= MARGIN_PX) & (at <= np.array((width, height)) - 1 - MARGIN_PX)).all(1), bool)
    x, y = np.where(inside[:, None], at, 0).round().astype(int).T
    return inside & ~view.hidden[y, x]


def parts_of(points: Floats, size: tuple[int, int]) -> int:
    """In how many of the 4 x 4 parts of a picture points lie."""
    if not len(points):
        return 0
    cell = np.clip((points / np.array(size) * 4).astype(int), 0, 3)
    return len(np.unique(cell @ (4, 1)))
