"""BlazePose: follow one person's joints through a video with the two networks of MediaPipe Pose on LiteRT.

A detector finds the square, upright region around a person's body (`blazepose_people`). The landmark network finds the
body in that region (`landmarks`), and with it the region of the next frame. So the detector runs only when the person
is lost, and a few times per second on a part of the picture, to find others (`lookout`); with others in view, the
person must not be confused with them (`identity`). Bazarevsky et al., "BlazePose: On-device Real-time Body Pose
tracking", 2020.

A video is not a live camera. Unlike MediaPipe, nothing is smoothed here, where only the past is known (cleaning looks
both ways); and where the person is found, the previous frames are searched backwards from there (`estimate`).

Confidence is BlazePose's visibility: a hidden joint is guessed with low visibility, where OpenPose leaves it out.
One person is followed, initially the largest. The result does not depend on the number of threads.
"""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from danceit_core.config import PoseSettings
from danceit_core.media.letterbox import Picture
from danceit_core.pose.blazepose_people import PeopleDetector, Person
from danceit_core.pose.estimate import Detection, Estimate, FrameSink, Hindsight, Progress, estimate_frames
from danceit_core.pose.identity import Identity
from danceit_core.pose.landmarks import (
    FINGER_POINTS,
    REGION_MARGIN,
    THREADS,
    Body,
    LandmarkNetwork,
    on_body25,
    region_around,
    to_body25,
)
from danceit_core.pose.lookout import Lookout, content_box, join_people, others
from danceit_core.pose.lookround import NOWHERE, plan_round

# Minimum share of the body's points in the picture for a person who comes into view.
MIN_INSIDE = 0.7

Array = NDArray[np.float64]


def detect_with_blazepose(
    frames_path: str | Path,
    *,
    settings: PoseSettings,
    weights: Path,
    is_target: bool = False,
    at_px: float | None = None,
    sink: FrameSink | None = None,
    outline: bool = True,
    progress: Progress | None = None,
) -> Detection:
    """Keypoints and number of persons of every frame by BlazePose; `settings.model` is lite, full or heavy.

    is_target, at_px, sink, outline: see `detect.detect_keypoints`.
    """
    mirror = settings.looks_twice(is_target=is_target)

    def make(fps: float) -> BlazePose:
        floor = settings.confidence_floor
        outlined = outline and sink is not None
        return BlazePose(
            weights,
            model=settings.model,
            fps=fps,
            confidence_floor=floor,
            at_px=at_px,
            mirror=mirror,
            outline=outlined,
        )

    return estimate_frames(frames_path, make=make, sink=sink, progress=progress)


class BlazePose:
    """Follows one person through the pictures of a video.

    weights: folder with the .tflite files. model: of `landmarks.MODELS`. fps: rate of the pictures. confidence_floor:
    joints less visible than this (0..1) are absent. at_px: first follow the person nearest to this x in pixels; None:
    the largest person. mirror: run on each region and on its mirror image. outline: include the outline in each
    `Estimate.body`. threads: of the CPU. Raises ConfigError for an unknown model, AssetError if the weights are missing
    or damaged.
    """

    def __init__(
        self,
        weights: Path,
        *,
        fps: float,
        confidence_floor: float,
        model: str = "full",
        at_px: float | None = None,
        mirror: bool = False,
        outline: bool = False,
        threads: int = THREADS,
    ) -> None:
        self._detector = PeopleDetector(weights, threads=threads)
        self._landmarks = LandmarkNetwork(weights, model=model, threads=threads)
        self._lookout = Lookout(self._detector, fps=fps)
        self._identity = Identity(fps=fps)
        self._withdrawn = 0
        self._at_px = at_px
        self._confidence_floor, self._mirror, self._outline = confidence_floor, mirror, outline
        self._region: Array | None = None

    @property
    def people(self) -> int:
        """The number of persons seen around the last picture."""
        return self._lookout.people

    @property
    def hindsight(self) -> Hindsight:
        """What the last picture reveals about the previous ones."""
        return Hindsight(people=self._lookout.before, withdrawn=self._withdrawn)

    def estimate(self, picture: Picture) -> Estimate | None:
        """The person in the next picture, uint8 RGB (H, W, 3); None if there is none."""
        self._withdrawn = 0
        body = self._follow(picture, self._region) if self._region is not None else None
        figure = self._figure()
        if body is None or figure is None:
            body = self._find(picture)
        else:
            self._lookout.watch(picture, figure.middle, reach_px=figure.reach_px)
            body = self._check(picture, figure, body)
        return None if body is None else estimate_of(body, confidence_floor=self._confidence_floor)

    def estimate_before(self, picture: Picture, after: Estimate) -> Estimate | None:
        """The person in the picture before that of `after`, searched from there; None if not in view.

        Returns None while others are in view, as they might be mistaken for the person, and for a person mostly outside
        the picture, where the network keeps guessing.
        """
        if after.body is None or self._lookout.company:
            return None
        # The region comes from the following picture, just as it comes from the previous one when going forwards.
        body = self._landmarks.look(picture, after.body.following, mirror=self._mirror, outline=self._outline)
        if body is None or share_inside(picture, body) < MIN_INSIDE:
            return None
        return estimate_of(body, confidence_floor=self._confidence_floor)

    def forget(self) -> None:
        """Search for the person again in the next picture, as if it were the first."""
        self._region = None

    def _find(self, picture: Picture) -> Body | None:
        """The body of the followed person, found again, or of the largest person if nobody else is in view."""
        self.forget()
        company = self._lookout.company
        found = self._lookout.search(picture)
        body = None
        if company:
            self._withdrawn = self._identity.unsure
            around = self._detector.find(picture, self._lookout.tile(picture))
            chosen = self._identity.choose(picture, join_people(found, around))
        else:
            chosen = self._first(picture, found)
        if chosen is not None:
            body = self._follow(picture, region_around(chosen.middle, chosen.outline))
        figure = self._figure()
        if chosen is None or figure is None:
            self._lookout.nobody()
            return None
        self._lookout.found(picture, found, figure.middle, reach_px=figure.reach_px)
        if not company:
            self._identity.meet(picture, chosen)
        return body

    def _first(self, picture: Picture, found: list[Person]) -> Person | None:
        """The person to follow among those found (the largest first) if there was no company."""
        if self._at_px is None or not found:
            return found[0] if found else None
        if self._identity.knows_somebody and (same := self._identity.choose(picture, found)) is not None:
            return same
        content, x = content_box(picture), self._at_px
        for box in plan_round(content, found)[1:]:
            seen = self._detector.find(picture, box)
            found = join_people(found, others(seen, NOWHERE, box, content, reach_px=found[0].reach_px))
        return min(found, key=lambda person: abs(person.middle[0] - x))

    def _check(self, picture: Picture, figure: Person, body: Body) -> Body | None:
        """The body, if it is still the same person's; otherwise that person's, None if not in view."""
        company = self._lookout.company
        if not self._identity.is_due(figure, company=company):
            return body
        if not company:
            self._identity.remember(picture, figure)
            return body
        around = self._detector.find(picture, self._lookout.tile(picture))
        unsure = self._identity.unsure
        if self._identity.confirm(picture, figure, around):
            return body
        self._withdrawn = unsure
        self.forget()
        chosen = self._identity.choose(picture, around)
        return None if chosen is None else self._follow(picture, region_around(chosen.middle, chosen.outline))

    def _figure(self) -> Person | None:
        """The followed person, according to the region; None if nobody is followed."""
        if self._region is None:
            return None
        x, y, side, rotation = self._region
        middle, reach_px = np.array([x, y]), side / 2 / REGION_MARGIN
        return Person(1.0, middle, middle + reach_px * np.array([np.sin(rotation), -np.cos(rotation)]))

    def _follow(self, picture: Picture, region: Array) -> Body | None:
        """The body in a region; None if it shows no person. Moves the region of the next picture."""
        body = self._landmarks.look(picture, region, mirror=self._mirror, outline=self._outline)
        if body is not None:
            self._region = body.following
        return body


def share_inside(picture: Picture, body: Body) -> float:
    """Share of the body's points that lie in the picture."""
    return float(((body.points >= 0) & (body.points < picture.shape[1::-1])).all(axis=1).mean())


def estimate_of(body: Body, *, confidence_floor: float) -> Estimate:
    """The estimate of a person in one picture; joints less visible than the floor (0..1) are absent."""
    keypoints = to_body25(body.points, body.visibility, confidence_floor=confidence_floor)
    absent = keypoints[:, 2] == 0
    depth_px, world = on_body25(body.depth), on_body25(body.world)
    depth_px[absent] = world[absent] = np.nan
    fingers = np.concatenate([body.points, body.visibility[:, None]], axis=1)[FINGER_POINTS].astype(np.float32)
    fingers[fingers[:, 2] < confidence_floor] = 0
    return Estimate(keypoints, depth_px=depth_px, world=world, fingers=fingers, body=body)
