"""The memory of the last pictures of several dancers: who was where, and where a dancer is hidden."""

from dataclasses import dataclass, field

from danceit_core.media.letterbox import Picture
from danceit_core.pose.apart import Figure, covered, doubtful_joints, far_apart, without
from danceit_core.pose.pieces import Piece

# A dancer lost this near to another (in distances from hips to outline), or covered this far, may be behind them.
HIDDEN, HIDDEN_SHARE = 0.65, 0.25


@dataclass
class Moment:
    """A recent picture and who was where in it: the figure of each piece by its number."""

    frame: int
    picture: Picture
    figures: dict[int, Figure] = field(default_factory=dict)


@dataclass
class Shadow:
    """A place where two dancers were together, one hidden: from frame `first` until both are seen again, or `end`."""

    figure: Figure
    first: int
    end: int


def leave_out(one: Piece, other: Piece, moment: Moment) -> None:
    """Remove from two neighbours, in a frame of both, the joints that may belong to the other one."""
    figures = moment.figures[one.number], moment.figures[other.number]
    first, second = one.estimate(moment.frame), other.estimate(moment.frame)
    of_first = doubtful_joints(first.keypoints, figures[0], second.keypoints, figures[1])
    of_second = doubtful_joints(second.keypoints, figures[1], first.keypoints, figures[0])
    one.found[moment.frame - one.first] = without(first, of_first)
    other.found[moment.frame - other.first] = without(second, of_second)


def hides(one: Piece, lost: Piece) -> bool:
    """Whether a lost dancer was last so near to another that they may be behind that one."""
    return far_apart(one.ends, lost.ends) < HIDDEN or covered(lost.ends, one.ends) > HIDDEN_SHARE
