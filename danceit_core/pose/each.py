"""Follow every dancer of a video in parallel, in a single pass over the pictures.

A person who is found (`lookround`) and not followed yet begins a piece (`pieces`); all persons are followed by the same
landmark network. Where two come so near that it could mix them up (`apart`), or one is hidden by the other, both pieces
end just before, and neither continues until both are seen again. Where only a limb of one lies on the other, those
joints are left out. Pieces of the same dancer become a track (`linking`). The frames before a person was found are
searched backwards.
"""

import logging
from collections import deque
from collections.abc import Collection, Iterable, Iterator
from dataclasses import replace
from itertools import combinations
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from danceit_core.media.letterbox import Picture
from danceit_core.pose.apart import ONE_BODY, Figure, distance, far_apart, figure_of, may_be_mixed
from danceit_core.pose.blazepose import MIN_INSIDE, estimate_of, share_inside
from danceit_core.pose.blazepose_people import PeopleDetector, Person
from danceit_core.pose.estimate import SETTLED_S, Estimate
from danceit_core.pose.landmarks import THREADS, LandmarkNetwork, region_around
from danceit_core.pose.lookround import LookRound
from danceit_core.pose.moments import Moment, Shadow, hides, leave_out
from danceit_core.pose.pieces import CUT, LEFT, LOST, MIXED, OVER, UNLIKE, Piece, are_doubles, is_at_rim, steps_on

log = logging.getLogger(__name__)

# Maximum number of dancers; each one takes the time of its own landmarks.
MOST_PEOPLE = 12
CHECKS_PER_S = 8.0
# Two dancers may have been mixed up this long before it is detected.
WITHDRAWN_S = 0.1
# Looks are compared for dancers with a neighbour nearer than this, in distances from hips to outline.
NEIGHBOUR = 2.5
# Without anybody nearer than this, no limb can belong to another person.
ALONE = 3.5
# A dancer lost within this distance of a similar-looking person may have been taken for that person.
DOUBLE = 1.0
# How long a dancer may stay hidden, and the distance from that place within which nobody is followed meanwhile.
HIDDEN_S, SHADOW = 2.0, 1.0

Array = NDArray[np.float64]
Seen = tuple[Estimate, Figure]


class Dancers:
    """Follows everybody through the pictures of one video.

    weights: folder with the .tflite files. fps: rate of the pictures. confidence_floor: joints less visible than this
    (0..1) are absent. mirror: as for `BlazePose`. most: maximum number of persons at once. cuts: frames at which a new
    shot begins: nobody is followed across a cut. Raises ConfigError and AssetError as `BlazePose` does.
    """

    def __init__(
        self,
        weights: Path,
        *,
        fps: float,
        confidence_floor: float,
        model: str = "full",
        mirror: bool = False,
        threads: int = THREADS,
        most: int = MOST_PEOPLE,
        cuts: Collection[int] = (),
    ) -> None:
        self._round = LookRound(PeopleDetector(weights, threads=threads), fps=fps)
        self._landmarks = LandmarkNetwork(weights, model=model, threads=threads)
        self._fps, self._floor, self._mirror, self._most = fps, confidence_floor, mirror, most
        self._cuts = frozenset(cuts)
        self._withdrawn = 1 + round(WITHDRAWN_S * fps)
        self.frames = 0
        self.pieces: list[Piece] = []
        self._open: list[Piece] = []
        self._moments: deque[Moment] = deque(maxlen=max(2, round(SETTLED_S * fps)))
        self._shadows: list[Shadow] = []
        self._crowded = False

    def follow(self, pictures: Iterable[Picture]) -> Iterator[int]:
        """Process all pictures, uint8 RGB (H, W, 3); yields the number processed so far."""
        for picture in pictures:
            self._look(picture)
            yield self.frames
        self._close(self._open, OVER)

    def _look(self, picture: Picture) -> None:
        if self.frames in self._cuts:
            self._close(self._open, CUT)
            for moment in self._moments:
                self._settle(moment)
            self._moments.clear()
            self._shadows.clear()
        moment = Moment(self.frames, picture)
        if len(self._moments) == self._moments.maxlen:
            self._settle(self._moments[0])
        self._moments.append(moment)
        self._step(moment)
        self._part(moment)
        self._compare(moment)
        known = [moment.figures[piece.number] for piece in self._open]
        self._begin_all(self._round.find(picture, known), moment)
        self.frames += 1

    def _settle(self, moment: Moment) -> None:
        for number in moment.figures:
            self.pieces[number].settle(moment.frame)

    def _step(self, moment: Moment) -> None:
        """Follow all dancers into the next frame."""
        lost: list[Piece] = []
        for piece in list(self._open):
            alone = not any(far_apart(piece.ends, other.ends) < ALONE for other in self._open if other is not piece)
            seen = self._see(moment.picture, piece.ends.following, alone=alone)
            if seen is None or not steps_on(piece.ends, seen[1], fps=self._fps):
                lost.append(piece)
            else:
                piece.add(*seen)
                moment.figures[piece.number] = seen[1]
        for piece in lost:
            self._lose(piece, [one for one in self._open if one not in lost], moment)

    def _lose(self, piece: Piece, others: list[Piece], moment: Moment) -> None:
        """End a dancer who is out of sight: gone, or hidden behind another one, whose piece then ends, too."""
        self._round.miss(piece.ends)
        before = [one for one in others if one in self._open and hides(one, piece)]
        doubles = [one for one in others if one in self._open and are_doubles(one, piece, nearer=DOUBLE)]
        if before or doubles:
            self._mix([piece, *{one.number: one for one in before + doubles}.values()], moment)
        else:
            self._close([piece], LEFT if is_at_rim(piece.ends, moment.picture) else LOST)

    def _see(self, picture: Picture, region: Array, *, alone: bool = False, inside: bool = False) -> Seen | None:
        """The person in a region; None if there is nobody, or if they are not mostly `inside` the picture as required.

        alone: nobody else is near; the outline, which takes time, is not needed then.
        """
        body = self._landmarks.look(picture, region, mirror=self._mirror, outline=not alone)
        if body is None or (inside and share_inside(picture, body) < MIN_INSIDE):
            return None
        # Drop the body, which holds the outline: it is not needed any more.
        return replace(estimate_of(body, confidence_floor=self._floor), body=None), figure_of(body)

    def _part(self, moment: Moment) -> None:
        """End the pieces that may be mixed up; remove the joints that lie on a neighbour from the others."""
        mixed: dict[int, Piece] = {}
        for one, other in combinations(self._open, 2):
            if may_be_mixed(moment.figures[one.number], moment.figures[other.number]):
                mixed |= {one.number: one, other.number: other}
        if mixed:
            self._mix(list(mixed.values()), moment)
        for one, other in combinations(self._open, 2):
            leave_out(one, other, moment)

    def _mix(self, pieces: list[Piece], moment: Moment) -> None:
        """End these pieces here; nobody is followed at their place until two persons are seen again."""
        until = moment.frame + round(HIDDEN_S * self._fps)
        self._shadows += [Shadow(piece.ends, moment.frame, until) for piece in pieces]
        self._close(pieces, MIXED, withdrawn=self._withdrawn)

    def _compare(self, moment: Moment) -> None:
        """Check that dancers with neighbours are still the same; remember the looks of those without."""
        for piece in list(self._open):
            figure = moment.figures[piece.number]
            if piece.unsure < self._fps / CHECKS_PER_S or not figure.shows_clothes:
                continue
            others = [other for number, other in moment.figures.items() if number != piece.number]
            near = any(far_apart(figure, other) < NEIGHBOUR for other in others)
            if not near or piece.is_like(moment.picture, figure):
                piece.remember(moment.picture, figure)
            else:
                self._close([piece], UNLIKE, withdrawn=piece.unsure)

    def _close(self, pieces: list[Piece], why: str, *, withdrawn: int = 0) -> None:
        for piece in list(pieces):
            piece.close(why, withdrawn=withdrawn)
            self._open.remove(piece)
            # Mixed-up dancers are still there; a lost or exchanged one is not.
            for moment in self._moments if why != MIXED else ():
                if moment.frame >= piece.end:
                    moment.figures.pop(piece.number, None)

    def _begin_all(self, persons: list[Person], moment: Moment) -> None:
        """Follow the persons found from here on, unless one of two who were together is still hidden."""
        alone = not self._open and len(persons) == 1
        looked = [self._see(moment.picture, region_around(p.middle, p.outline), alone=alone) for p in persons]
        new: list[Seen] = []
        for seen in filter(None, looked):
            if not any(may_be_mixed(seen[1], other) for _, other in new):
                new.append(seen)
        here = [moment.figures[piece.number] for piece in self._open] + [figure for _, figure in new]
        for shadow in self._shadows:
            if shadow.end > moment.frame and sum(far_apart(one, shadow.figure) < 2 * SHADOW for one in here) > 1:
                shadow.end = moment.frame
        for estimate, figure in new:
            in_shadow = any(far_apart(figure, shadow.figure) < SHADOW for shadow in self._shadows_at(moment.frame))
            if not in_shadow and not any(may_be_mixed(figure, moment.figures[one.number]) for one in self._open):
                self._begin(estimate, figure, moment)

    def _shadows_at(self, frame: int) -> list[Shadow]:
        return [shadow for shadow in self._shadows if shadow.first <= frame < shadow.end]

    def _begin(self, estimate: Estimate, figure: Figure, moment: Moment) -> None:
        """Follow a person from here on, and backwards from here."""
        if len(self._open) >= self._most:
            if not self._crowded:
                log.warning("frame %d: more than %d people; the others are not followed", moment.frame, self._most)
            self._crowded = True
            return
        piece = Piece(len(self.pieces), moment.frame, figure, figure, [estimate])
        piece.remember(moment.picture, figure)
        self.pieces.append(piece)
        self._open.append(piece)
        self._enter(piece, moment, figure)
        for earlier in list(self._moments)[-2::-1]:
            if not self._go_back(piece, earlier):
                break

    def _go_back(self, piece: Piece, moment: Moment) -> bool:
        """Go back one frame; False if the person is not in view, or may be mixed up with another."""
        alone = not moment.figures and not self._shadows
        seen = self._see(moment.picture, piece.starts.following, alone=alone, inside=True)
        if seen is None or not steps_on(piece.starts, seen[1], fps=self._fps):
            return False
        if any(far_apart(seen[1], shadow.figure) < SHADOW for shadow in self._shadows_at(moment.frame)):
            return False
        for number, other in moment.figures.items():
            if may_be_mixed(seen[1], other):
                if self.pieces[number].ended == LOST and distance(seen[1], other) < ONE_BODY:
                    piece.continues = number
                return False
        piece.add_before(*seen)
        self._enter(piece, moment, seen[1])
        return True

    def _enter(self, piece: Piece, moment: Moment, figure: Figure) -> None:
        moment.figures[piece.number] = figure
        for number in moment.figures:
            other = self.pieces[number]
            if number != piece.number and other.first <= moment.frame < other.end:
                leave_out(piece, other, moment)
